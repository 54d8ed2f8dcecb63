#pragma once
/*
 * What a backend of the store can do: store_lmdb.c and store_ram.c fill in the table, store.c calls it.
 *
 * Views of readers are made once and begun and ended for each event. A write view exists from write_begin to commit or
 * abort. Everything that a backend hands out is a copy in the caller's arena.
 */
#include "store/store.h"

struct backend {
        const struct backend_ops *ops;
};

struct store_view {
        struct backend *backend;
};

/* What a backend is still good for. */
enum backend_health {
        BACKEND_WELL,
        BACKEND_UNWRITABLE, /* a write failed; what is stored is whole, and later it may work again */
        BACKEND_DEAD,       /* the file is damaged, cut off or gone: not to be touched any more */
};

struct backend_ops {
        struct store_view *(*view_new)(struct backend *backend);
        void (*view_free)(struct store_view *view);
        enum err (*view_begin)(struct store_view *view);
        void (*view_end)(struct store_view *view);

        enum err (*get)(struct store_view *view, struct store_bytes key, struct arena *arena,
                        struct store_bytes *value);
        enum err (*seek)(struct store_view *view, enum store_seek direction, struct store_bytes key,
                         struct arena *arena, struct store_item *out);

        enum err (*write_begin)(struct backend *backend, struct store_view **out);
        enum err (*put)(struct store_view *view, struct store_bytes key, struct store_bytes value);
        enum err (*delete)(struct store_view *view, struct store_bytes key);
        enum err (*commit)(struct store_view *view);
        void (*abort)(struct store_view *view);
        enum err (*clear)(struct backend *backend);

        enum err (*sync)(struct backend *backend);
        enum backend_health (*health)(struct backend *backend, const char **why);
        void (*stat)(struct backend *backend, struct store_stat *out);
        void (*close)(struct backend *backend); /* all views are freed, none is open */
};

/** The twin in memory. NULL: out of memory. */
struct backend *backend_ram_new(size_t max_bytes, const uint8_t secret[SIPHASH_KEY_LEN]);

/* LMDB. Whoever calls has made sure that no other process does. */

enum { LMDB_SIZE_MIN = 1 << 20 }; /* bytes; a smaller store is not worth its file */

/**
 * Open the file as it stands, or begin an empty one; all its blocks are allocated, so that a full disk is met here and
 * not later.
 *
 *   path   in   of the data file; what LMDB keeps beside it is made anew
 *   size   in   bytes of the map; out->stat tells what it came to, which may be less for want of space
 *   fresh  in   begin an empty file in place of what may be there
 *   out    out  to be closed with out->ops->close()
 *   why    out  on error: a clause
 *
 * ERR_MEMORY, ERR_IO, ERR_DAMAGED.
 */
MUST_USE enum err backend_lmdb_open(const char *path, size_t size, bool fresh, struct backend **out, const char **why);

/** Give back the memory that reading took; what is read again comes from the kernel's cache. */
void backend_lmdb_release(struct backend *backend);

/** Try to write, after BACKEND_UNWRITABLE. True: it is well again. */
bool backend_lmdb_retry(struct backend *backend);

/**
 * Copy each entry that is whole from one file into a new one, in key order. Runs in a child process: a damaged file may
 * kill it. Returns the number of entries copied, or -1.
 */
int64_t lmdb_copy(const char *from, const char *to, size_t size, const struct store_settings *settings,
                  const uint8_t secret[SIPHASH_KEY_LEN]);

/** Of the library that we run with. */
uint32_t lmdb_version(void);
