/* Reading settings, hints and anchors. */
#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file's text. */
struct text {
        char *bytes;
        size_t len;
};

static bool complain(struct config_complaints *out, const char *path, int error)
{
        *out = (struct config_complaints){ .count = 1 };
        (void)snprintf(out->item[0].text, sizeof out->item[0].text, "%s: %s", path, strerror(error));
        return false;
}

/* Read until the end or until the room is full. 0 or an errno. */
static int read_all(int fd, char *bytes, size_t room, size_t *len)
{
        ssize_t got;

        *len = 0;
        do {
                got = read(fd, bytes + *len, room - *len);
                if (got < 0 && errno != EINTR)
                        return errno;
                *len += got > 0 ? (size_t)got : 0;
        } while (got != 0 && *len < room);
        return 0;
}

/* 0 or an errno. A pipe or a device is as good as a file. */
static int read_text(const char *path, struct text *out)
{
        struct stat stat;
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return errno;
        size_t room = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) ? (size_t)stat.st_size + 1 : FILES_BYTES_MAX;
        int failed = room > FILES_BYTES_MAX ? EFBIG : 0;
        out->bytes = failed ? NULL : malloc(room);
        if (!out->bytes && !failed)
                failed = ENOMEM;
        if (!failed)
                failed = read_all(fd, out->bytes, room, &out->len);
        if (failed)
                free(out->bytes);
        close(fd);
        return failed;
}

/* What config_load_hints and config_load_anchors have in common. */
typedef bool load_file(struct settings *settings, const char *file_name, const char *text, size_t len,
                       struct config_complaints *out);

/* Read a file that a setting names, if it names one. */
static bool load(struct settings *settings, const char *path, load_file *take, struct config_complaints *complaints)
{
        struct text text;

        if (!path[0])
                return true;
        int failed = read_text(path, &text);
        if (failed)
                return complain(complaints, path, failed);
        bool good = take(settings, path, text.bytes, text.len, complaints);
        free(text.bytes);
        return good;
}

struct settings *files_settings(const struct files *files, struct config_complaints *complaints)
{
        struct text text = { 0 };
        int failed = read_text(files->path, &text);

        if (failed && (failed != ENOENT || files->must_exist)) {
                complain(complaints, files->path, failed);
                return NULL;
        }
        struct settings *settings = config_parse_flags(files->path, failed ? "" : text.bytes, failed ? 0 : text.len,
                                                       files->flags, files->flag_count, complaints);
        if (!failed)
                free(text.bytes);
        if (!settings)
                return NULL;
        if (load(settings, settings->root_hints_file, config_load_hints, complaints) &&
            load(settings, settings->trust_anchor_file, config_load_anchors, complaints))
                return settings;
        settings_free(settings);
        return NULL;
}
