#pragma once
/*
 * An ordered key-value store that all workers read and one writer thread writes.
 *
 * Behind it stands a backend: LMDB (store_lmdb.c), or its twin in memory (store_ram.c) for tests, for --no-store and
 * for as long as the disk is of no use. The backend is changed while readers are at work; they notice nothing but
 * misses.
 *
 *   worker     store_reader_begin() ─▶ view ─▶ store_get(), store_seek() ─▶ store_reader_end(), within one event
 *   writer     store_write_begin() ─▶ view ─▶ store_get(), store_seek(), store_put(), store_delete() ─▶ store_commit();
 *              store_tend() now and then: sync, look after the file, change the backend
 *
 * The store never looks into values. What is whole and what is not, it asks the function given in struct
 * store_settings. It reads no clock either: store_tend() is told the time.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;        /* opaque */
struct store_reader; /* one worker's way in */
struct store_view;   /* an open read view or write transaction */

enum {
        STORE_KEY_MAX = 480,     /* bytes; LMDB's own limit is 511 */
        STORE_VALUE_MAX = 16384, /* bytes */
};

struct store_bytes {
        const uint8_t *bytes;
        size_t len;
};

struct store_item {
        struct store_bytes key, value;
};

/** Does this value belong to this key, and is it as it was written? */
typedef bool store_intact(const uint8_t secret[SIPHASH_KEY_LEN], struct store_bytes key, struct store_bytes value);

/** Does the new value take the place of the old one? now_s is the latest time stamped. */
typedef bool store_replaces(struct store_bytes old, struct store_bytes new, uint64_t now_s);

struct store_settings {
        const char *dir;      /* private directory of the files, made if missing; NULL: memory only */
        size_t size;          /* bytes the store may take, on disk or in memory */
        bool seldom_read;     /* what is mapped of the file is given back now and then: it would only fill memory */
        store_intact *intact; /* decides what survives a rebuild */
        store_replaces *replaces; /* decides, when what was learned meanwhile joins what was on disk */
        uint8_t fresh_secret[SIPHASH_KEY_LEN]; /* random; used where no secret is kept yet */
};

/* How the store stands. Each change is told once, see store_news(). */
enum store_state {
        STORE_MEMORY,     /* nothing on disk: asked for, or the disk is of no use */
        STORE_WARM,       /* the file was opened as it stood */
        STORE_REBUILDING, /* memory serves while a child copies what is whole into a fresh file */
        STORE_REBUILT,    /* that file is in use */
        STORE_COLD,       /* an empty file is in use */
};

enum { STORE_REASON_MAX = 160 };

struct store_report {
        enum store_state state;
        size_t size;       /* bytes that there is room for; may be less than asked for */
        uint64_t entries;  /* found, or copied */
        uint64_t cache_s;  /* the latest time stamped by store_stamp() before, 0 if unknown */
        char reason[STORE_REASON_MAX]; /* why so: a clause without a full stop; may be empty */
};

struct store_stat {
        uint64_t entries;
        uint64_t bytes;    /* in use: for LMDB its branch, leaf and overflow pages */
        uint64_t size;     /* that there is room for */
        bool in_memory;
};

/**
 * Open the store. Returns at once: where the file needs a rebuild, a child process does it (so call this before any
 * thread is started) and store_tend() attaches the result. Never refuses because of what it finds on disk.
 *
 *   settings  in   copied
 *   out       out  to be closed with store_close()
 *   report    out  how it stands
 *
 * ERR_BUSY: another process has this directory. ERR_MEMORY.
 */
MUST_USE enum err store_open(const struct store_settings *settings, struct store **out, struct store_report *report);

/**
 * A store in memory with at most max_bytes of keys and values (and what it costs to order them). NULL: out of memory.
 */
struct store *store_ram_new(size_t max_bytes, const uint8_t secret[SIPHASH_KEY_LEN]);

/** Sync, leave the clean mark, close. All readers have been freed before. */
void store_close(struct store *store);

/** The secret of the values' checks; the same as long as the store is open. */
const uint8_t *store_secret(const struct store *store);

/**
 * The check for a value to carry: a hash of its other bytes under the secret and its key. It does not fit a value that
 * was damaged, or that stands under another key.
 */
uint64_t store_check(const uint8_t secret[SIPHASH_KEY_LEN], struct store_bytes key, const uint8_t *bytes, size_t len);

/**
 * Grows with every flush, at the moment it is asked for. What was learned under an older generation and is not in the
 * store yet (batches, fronts) is void.
 */
uint64_t store_generation(const struct store *store);
void store_generation_bump(struct store *store);

/** Another number whenever what is in the store has not come by puts alone: it was emptied, or is a new file. Not 0. */
uint64_t store_epoch(const struct store *store);

/* Reading: any thread, each with a reader of its own. */

struct store_reader *store_reader_new(struct store *store);
void store_reader_free(struct store_reader *reader);

/**
 * Open a view. End it before control goes back to the loop: an open view keeps old pages alive. NULL: nothing can be
 * read now.
 */
struct store_view *store_reader_begin(struct store_reader *reader);
void store_reader_end(struct store_reader *reader);

/** A copy of the value in the arena. ERR_MISSING, ERR_MEMORY, ERR_IO. */
MUST_USE enum err store_get(struct store_view *view, struct store_bytes key, struct arena *arena,
                            struct store_bytes *value);

enum store_seek {
        SEEK_FIRST_FROM,  /* the first key >= the one given */
        SEEK_LAST_BEFORE, /* the last key < the one given */
};

/** The nearest entry in one direction, copied into the arena. ERR_MISSING: there is none. ERR_MEMORY, ERR_IO. */
MUST_USE enum err store_seek(struct store_view *view, enum store_seek direction, struct store_bytes key,
                             struct arena *arena, struct store_item *out);

/* Writing: one thread alone. */

/** Begin a write transaction; one at a time. ERR_IO, ERR_MEMORY. */
MUST_USE enum err store_write_begin(struct store *store, struct store_view **out);

/**
 * Put, replacing. After ERR_FULL or ERR_IO the transaction can only be aborted. ERR_LIMIT: key or value too long or
 * empty.
 */
MUST_USE enum err store_put(struct store_view *view, struct store_bytes key, struct store_bytes value);

/** ERR_MISSING is harmless; after ERR_FULL or ERR_IO the transaction can only be aborted. */
MUST_USE enum err store_delete(struct store_view *view, struct store_bytes key);

/** Make the puts and deletions visible. The view is gone, also on error. ERR_FULL, ERR_IO: nothing was changed. */
MUST_USE enum err store_commit(struct store *store, struct store_view *view);
void store_abort(struct store *store, struct store_view *view);

/** Forget everything. ERR_FULL, ERR_IO. */
MUST_USE enum err store_clear(struct store *store);

/** Note the cache time (struct moment) with the next mark that is written; it never goes back. Writer only. */
void store_stamp(struct store *store, uint64_t cache_s);

/**
 * Look after the store: sync every five seconds, notice that the file was truncated or removed, change to memory and,
 * after a minute, back; attach what the child has rebuilt. Returns when to call again at the latest (monotonic,
 * microseconds).
 */
uint64_t store_tend(struct store *store, uint64_t mono_us);

/** True once for each change of state after store_open(), with what to tell people. Writer only. */
bool store_news(struct store *store, struct store_report *out);

void store_stat(struct store *store, struct store_stat *out);
