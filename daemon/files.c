/* Reading settings, hints and anchors. */
#include "files.h"
#include "wholefile.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool complain(struct config_complaints *out, const char *path, int error)
{
        *out = (struct config_complaints){ .count = 1 };
        (void)snprintf(out->item[0].text, sizeof out->item[0].text, "%s: %s", path, strerror(error));
        return false;
}

/* What config_load_hints and config_load_anchors have in common. */
typedef bool load_file(struct settings *settings, const char *file_name, const char *text, size_t len,
                       struct config_complaints *out);

/* Read a file that a setting names, if it names one. */
static bool load(struct settings *settings, const char *path, load_file *take, struct config_complaints *complaints)
{
        struct wholefile text;

        if (!path[0])
                return true;
        int failed = wholefile_read(path, FILES_BYTES_MAX, &text);
        if (failed)
                return complain(complaints, path, failed);
        bool good = take(settings, path, text.bytes, text.len, complaints);
        free(text.bytes);
        return good;
}

struct settings *files_settings(const struct files *files, struct config_complaints *complaints)
{
        struct wholefile text = { 0 };
        int failed = wholefile_read(files->path, FILES_BYTES_MAX, &text);

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
