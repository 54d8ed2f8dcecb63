#include "wholefile.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4200 };

/* --- Reading ------------------------------------------------------------------------------------------------------ */

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

int wholefile_read(const char *path, size_t max, struct wholefile *out)
{
        struct stat stat;
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return errno;
        size_t room = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) ? (size_t)stat.st_size + 1 : max + 1;
        int failed = room > max + 1 ? EFBIG : 0;
        out->bytes = failed ? NULL : malloc(room);
        if (!out->bytes && !failed)
                failed = ENOMEM;
        if (!failed)
                failed = read_all(fd, out->bytes, room, &out->len);
        if (!failed && out->len == room) /* nothing was cut off as long as there is room left */
                failed = EFBIG;
        if (failed)
                free(out->bytes);
        close(fd);
        return failed;
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static int write_all(int fd, const char *bytes, size_t len)
{
        while (len) {
                ssize_t put = write(fd, bytes, len);

                if (put < 0 && errno != EINTR)
                        return errno;
                bytes += put > 0 ? put : 0;
                len -= put > 0 ? (size_t)put : 0;
        }
        return fsync(fd) ? errno : 0;
}

/* The rename outlives a loss of power once the directory is synced. */
static void sync_directory(const char *path)
{
        char copy[PATH_BYTES_MAX];

        (void)snprintf(copy, sizeof copy, "%s", path);
        int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return;
        (void)fsync(fd);
        close(fd);
}

static bool beside(const char *path, const char *suffix, char room[PATH_BYTES_MAX])
{
        return snprintf(room, PATH_BYTES_MAX, "%s%s", path, suffix) < PATH_BYTES_MAX;
}

int wholefile_write(const char *path, const void *bytes, size_t len)
{
        char aside[PATH_BYTES_MAX];

        if (!beside(path, ".new", aside))
                return ENAMETOOLONG;
        int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
                return errno;
        int failed = write_all(fd, bytes, len);
        if (close(fd) && !failed)
                failed = errno;
        if (!failed && rename(aside, path))
                failed = errno;
        if (failed)
                (void)unlink(aside);
        else
                sync_directory(path);
        return failed;
}

int wholefile_set_aside(const char *path)
{
        char aside[PATH_BYTES_MAX];

        if (!beside(path, ".damaged", aside))
                return ENAMETOOLONG;
        return rename(path, aside) ? errno : 0;
}
