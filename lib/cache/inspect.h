#pragma once
/*
 * Looking into the store for people: `cairn cache show NAME`.
 *
 * Reads with a reader of its own, from any thread. Values that are not whole are passed over, as the cache does.
 */
#include "cache/cache.h"
#include "cache/key.h"
#include "store/store.h"

/* One entry. Everything is borrowed for the time of the call. */
struct cache_seen {
        struct key_parts key;
        struct entry_head head;
        const struct finding *finding;       /* records, failures, bogus; else NULL */
        const struct delegation *delegation; /* delegations; else NULL */
};

/** Return false to stop. */
typedef bool cache_see(void *context, const struct cache_seen *seen);

/** Each entry of this name, in every route, expired ones too. ERR_MEMORY, ERR_IO (as far as it came). */
MUST_USE enum err cache_show(struct store *store, const struct name *name, cache_see *see, void *context);
