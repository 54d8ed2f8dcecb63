/*
 * The files beside the data file.
 *
 * The mark, all numbers in network byte order:
 *
 *    0  hash     8  SipHash of what follows, under the secret
 *    8  schema   4  of keys, values and this mark
 *   12  library  4
 *   16  wanted   8
 *   24  size     8
 *   32  inode    8
 *   40  mtime    8  nanoseconds
 *   48  cache    8  seconds
 *   56  clean    4  0 or 1
 *   60  deaths   4
 *   64  boot    36
 */
#include "store/side.h"
#include "base/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCHEMA = 2, MARK_LEN = 100 };

/* A directory that others may write to could hand us any file. */
static enum err enter_dir(const char *dir, const char **why)
{
        struct stat stat;

        if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
                *why = strerror(errno);
                return ERR_IO;
        }
        int fd = open(dir, O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &stat) != 0) {
                *why = strerror(errno);
                if (fd >= 0)
                        close(fd);
                return ERR_IO;
        }
        close(fd);
        if (stat.st_uid != geteuid() || (stat.st_mode & (S_IWGRP | S_IWOTH))) {
                *why = "its directory is not ours alone to write to";
                return ERR_IO;
        }
        return ERR_OK;
}

static int open_file(const char *dir, const char *name, int flags)
{
        char path[SIDE_PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static enum err lock_dir(struct side *side, const char *dir, const char **why)
{
        side->lock_fd = open_file(dir, "cache.lock", O_RDWR | O_CREAT);
        if (side->lock_fd < 0) {
                *why = strerror(errno);
                return ERR_IO;
        }
        if (flock(side->lock_fd, LOCK_EX | LOCK_NB) == 0)
                return ERR_OK;
        *why = errno == EWOULDBLOCK ? "another process uses it" : strerror(errno);
        return errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
}

/* A key file that is short or gone is made anew: then no old value is whole any more, and all is forgotten. */
static enum err get_secret(struct side *side, const char *dir, const uint8_t *secret, bool impose, const char **why)
{
        int fd = open_file(dir, "cache.key", O_RDWR | O_CREAT);
        ssize_t len = fd < 0 ? -1 : pread(fd, side->secret, SIPHASH_KEY_LEN, 0);

        if (len >= 0 && (len < SIPHASH_KEY_LEN || impose)) {
                memcpy(side->secret, secret, SIPHASH_KEY_LEN);
                len = pwrite(fd, secret, SIPHASH_KEY_LEN, 0);
                if (len == SIPHASH_KEY_LEN && fsync(fd) != 0)
                        len = -1;
        }
        if (len != SIPHASH_KEY_LEN)
                *why = len < 0 ? strerror(errno) : "the disk is full";
        if (fd >= 0)
                close(fd);
        return len == SIPHASH_KEY_LEN ? ERR_OK : ERR_IO;
}

static void get_boot(struct side *side)
{
        int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return;
        if (read(fd, side->boot, BOOT_ID_LEN) != BOOT_ID_LEN)
                memset(side->boot, 0, BOOT_ID_LEN);
        close(fd);
}

enum err side_open(const char *dir, const uint8_t secret[SIPHASH_KEY_LEN], bool impose, struct side *out,
                   const char **why)
{
        *out = (struct side){ .lock_fd = -1, .mark_fd = -1 };
        if (strlen(dir) > SIDE_PATH_MAX - 32) {
                *why = "the name of its directory is too long";
                return ERR_IO;
        }
        snprintf(out->data, sizeof(out->data), "%s/cache.mdb", dir);
        snprintf(out->fresh, sizeof(out->fresh), "%s/cache.new", dir);
        snprintf(out->mark, sizeof(out->mark), "%s/cache.mark", dir);
        get_boot(out);

        enum err err = enter_dir(dir, why);
        if (!err)
                err = lock_dir(out, dir, why);
        if (!err)
                err = get_secret(out, dir, secret, impose, why);
        if (err)
                return err;
        out->mark_fd = open_file(dir, "cache.mark", O_RDWR | O_CREAT);
        if (out->mark_fd >= 0)
                return ERR_OK;
        *why = strerror(errno);
        return ERR_IO;
}

void side_close(struct side *side)
{
        if (side->mark_fd >= 0)
                close(side->mark_fd);
        if (side->lock_fd >= 0)
                close(side->lock_fd); /* unlocks */
        side->mark_fd = side->lock_fd = -1;
}

enum err side_read_mark(const struct side *side, struct mark *out)
{
        uint8_t bytes[MARK_LEN];
        ssize_t len = pread(side->mark_fd, bytes, sizeof(bytes), 0);
        struct reader reader = reader_over(bytes, sizeof(bytes));

        if (len == 0)
                return ERR_MISSING;
        if (len != MARK_LEN || read_u64(&reader) != siphash(side->secret, bytes + 8, MARK_LEN - 8))
                return ERR_DAMAGED;
        if (read_u32(&reader) != SCHEMA)
                return ERR_FORM;
        out->library = read_u32(&reader);
        out->wanted = read_u64(&reader);
        out->size = read_u64(&reader);
        out->inode = read_u64(&reader);
        out->mtime_ns = read_u64(&reader);
        out->cache_s = read_u64(&reader);
        out->clean = read_u32(&reader) == 1;
        out->deaths = read_u32(&reader);
        memcpy(out->boot, read_bytes(&reader, BOOT_ID_LEN), BOOT_ID_LEN);
        return ERR_OK;
}

enum err side_look(const struct side *side, struct mark *out)
{
        struct stat file;

        if (stat(side->data, &file) != 0 || !S_ISREG(file.st_mode))
                return ERR_IO;
        *out = (struct mark){
                .size = (uint64_t)file.st_size,
                .inode = (uint64_t)file.st_ino,
                .mtime_ns = (uint64_t)file.st_mtim.tv_sec * 1000000000U + (uint64_t)file.st_mtim.tv_nsec,
        };
        memcpy(out->boot, side->boot, BOOT_ID_LEN);
        return ERR_OK;
}

void side_write_mark(struct side *side, const struct mark *mark, bool sync)
{
        uint8_t bytes[MARK_LEN];
        struct writer writer = writer_over(bytes, sizeof(bytes));

        write_u64(&writer, 0);
        write_u32(&writer, SCHEMA);
        write_u32(&writer, mark->library);
        write_u64(&writer, mark->wanted);
        write_u64(&writer, mark->size);
        write_u64(&writer, mark->inode);
        write_u64(&writer, mark->mtime_ns);
        write_u64(&writer, mark->cache_s);
        write_u32(&writer, mark->clean);
        write_u32(&writer, mark->deaths);
        write_bytes(&writer, mark->boot, BOOT_ID_LEN);
        store_u64(bytes, siphash(side->secret, bytes + 8, MARK_LEN - 8));
        if (pwrite(side->mark_fd, bytes, sizeof(bytes), 0) != MARK_LEN)
                (void)!ftruncate(side->mark_fd, 0);
        if (sync)
                (void)fsync(side->mark_fd);
}

static bool is_same_boot(const struct mark *left, const struct mark *found)
{
        return found->boot[0] != '\0' && memcmp(left->boot, found->boot, BOOT_ID_LEN) == 0;
}

bool mark_matches(const struct mark *left, const struct mark *found, const char **why)
{
        if (!left->clean && !is_same_boot(left, found))
                *why = "the machine went down while it was in use";
        else if (left->library != found->library)
                *why = "another version of LMDB wrote it";
        else if (left->wanted != found->wanted)
                *why = "its size was changed in the settings";
        else if (left->size != found->size || left->inode != found->inode)
                *why = "its file was changed";
        else if (left->mtime_ns != found->mtime_ns)
                *why = "its file was written to after it was marked";
        else if (!left->clean && left->deaths >= MARK_DEATHS_MAX)
                *why = "who uses it dies";
        else
                return true;
        return false;
}
