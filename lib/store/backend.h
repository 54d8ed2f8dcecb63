#pragma once
/*
 * What a backend of the store can do: store_lmdb.c and store_ram.c fill in the table, store.c calls it.
 *
 * Views of readers are made once and begun and ended for each event. A write view exists from write_begin to
 * commit or abort. Everything that a backend hands out is a copy in the caller's arena.
 */
#include "store/store.h"

struct backend {
        const struct backend_ops *ops;
};

struct store_view {
        struct backend *backend;
};

struct backend_ops {
        struct store_view *(*view_new)(struct backend *backend);
        void (*view_free)(struct store_view *view);
        enum err (*view_begin)(struct store_view *view);
        void (*view_end)(struct store_view *view);

        enum err (*get)(struct store_view *view, struct store_bytes key, struct arena *arena, struct store_bytes *value);
        enum err (*seek)(struct store_view *view, enum store_seek direction, struct store_bytes key, struct arena *arena,
                         struct store_item *out);

        enum err (*write_begin)(struct backend *backend, struct store_view **out);
        enum err (*put)(struct store_view *view, struct store_bytes key, struct store_bytes value);
        enum err (*delete)(struct store_view *view, struct store_bytes key);
        enum err (*commit)(struct store_view *view);
        void (*abort)(struct store_view *view);
        enum err (*clear)(struct backend *backend);

        enum err (*sync)(struct backend *backend);
        void (*stat)(struct backend *backend, struct store_stat *out);
        void (*close)(struct backend *backend);
};

/** The twin in memory. NULL: out of memory. */
struct backend *backend_ram_new(size_t max_bytes, const uint8_t secret[SIPHASH_KEY_LEN]);
