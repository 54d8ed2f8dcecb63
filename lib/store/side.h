#pragma once
/*
 * The small files beside the store's data file, in its private directory:
 *
 *   cache.mdb   the data
 *   cache.new   what a rebuild is writing
 *   cache.lock  locked (flock) by the process that uses the directory
 *   cache.key   the secret of the values' hashes, 16 bytes
 *   cache.mark  how the data file was left, see struct mark
 *
 * The mark is written after each commit, so it describes the data file exactly while nobody else has touched it. If it
 * does not, somebody has, or the power failed, or we were killed between the two: then nothing in the file is believed
 * without looking.
 */
#include "base/err.h"
#include "base/map.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIDE_PATH_MAX = 4096, BOOT_ID_LEN = 36 };

struct side {
        int lock_fd, mark_fd; /* -1: not open */
        char data[SIDE_PATH_MAX], fresh[SIDE_PATH_MAX], mark[SIDE_PATH_MAX];
        uint8_t secret[SIPHASH_KEY_LEN];
        char boot[BOOT_ID_LEN]; /* of this boot; all zero if unknown */
};

/* How the data file was left. */
struct mark {
        bool clean;        /* synced and closed: it survives a reboot */
        char boot[BOOT_ID_LEN];
        uint64_t wanted;   /* bytes asked for by the settings */
        uint64_t size;     /* bytes of the file */
        uint64_t inode;
        uint64_t mtime_ns;
        uint64_t cache_s;  /* the latest cache time stamped */
        uint32_t library;  /* lmdb_version() */
        uint32_t deaths;   /* processes in a row that died within a minute of opening the file as it stood */
};

enum { MARK_DEATHS_MAX = 2 };

/**
 * Make or enter the directory, lock it, read or make the secret.
 *
 *   secret   in   used where none is kept yet
 *   impose   in   it takes the place of one that is kept
 *   out      out  also on error fit for side_close()
 *   why      out  on error: a clause
 *
 * ERR_BUSY: another process has it. ERR_IO: it cannot be used (not ours, read-only, full).
 */
MUST_USE enum err side_open(const char *dir, const uint8_t secret[SIPHASH_KEY_LEN], bool impose, struct side *out,
                            const char **why);
void side_close(struct side *side);

/** The mark that was left. ERR_MISSING, ERR_DAMAGED (also: made with another secret), ERR_FORM: of another schema. */
MUST_USE enum err side_read_mark(const struct side *side, struct mark *out);

/**
 * Describe the data file as it is now, in this boot. The caller fills in clean, wanted, cache_s and library. ERR_IO.
 */
MUST_USE enum err side_look(const struct side *side, struct mark *out);

/**
 * Leave a mark; sync: see that it outlives the power. What cannot be written is not there, and the next start looks
 * closer.
 */
void side_write_mark(struct side *side, const struct mark *mark, bool sync);

/** May the data file be opened as it stands? No: *why is a clause. */
bool mark_matches(const struct mark *left, const struct mark *found, const char **why);
