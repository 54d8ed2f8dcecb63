#pragma once
/*
 * Traces on disk: a store of their own, so that cache writes do not queue behind them, with the crash rules of the
 * cache (lib/store): what was committed survives the end of the process, a damaged file is looked through by a child,
 * without a disk it is memory.
 *
 *   key     H | start, us (8) | span (8)            value   check | rows (4) | reasons (2) | length (4) | summary
 *           T | start, us (8) | span (8) | part (1)         check | at most VAULT_PART bytes of the trace
 *           I | id (16) | start, us (8) | span (8)          check
 *
 * H in key order is the order of time: it is what a list walks through and where room is made. The check is a keyed
 * hash over key and value. `rows` is trace_rows(): what another version of cairnd wrote is passed over, never misread.
 *
 * Writing is the archive thread's alone; each other thread reads with a reader of its own.
 */
#include "base/err.h"
#include "store/store.h"
#include "watch/summary.h"
#include <stdbool.h>
#include <stdint.h>

/* Which traces are wanted. All zero: any. */
struct vault_filter {
        bool failed, slow;
        bool below;          /* only names at or below `suffix` */
        struct name suffix;
        uint64_t since_us;   /* wall clock; 0: since ever */
};

/* One that is there. */
struct vault_item {
        struct summary summary;
        unsigned reasons;    /* enum keep_reason */
        uint32_t len;        /* of the whole trace */
};

bool vault_wants(const struct vault_filter *filter, const struct vault_item *item);

/** For store_open(): is this value as it was written? */
bool vault_intact(const uint8_t secret[SIPHASH_KEY_LEN], struct store_bytes key, struct store_bytes value);

/* Reading, with a view of the store. */

/** False: no more, please. */
typedef bool vault_visit(void *context, const struct vault_item *item);

/** The traces that are wanted, the newest first. ERR_MEMORY, ERR_IO. */
MUST_USE enum err vault_list(const struct store *store, struct store_view *view, const struct vault_filter *filter,
                             vault_visit *visit, void *context);

/**
 * The newest trace whose ID begins with these hex digits (at least one). The bytes are the caller's to free.
 * ERR_MISSING, ERR_MEMORY, ERR_IO; ERR_LIMIT: no hex digits, or more than there can be.
 */
MUST_USE enum err vault_find(const struct store *store, struct store_view *view, const char *hex, uint8_t **bytes,
                             size_t *len);

/** The trace of an item. ERR_MISSING: it went meanwhile; ERR_MEMORY, ERR_IO. */
MUST_USE enum err vault_fetch(const struct store *store, struct store_view *view, const struct vault_item *item,
                              uint8_t **bytes, size_t *len);

/** Do the first digits of the ID in hex read like this? */
bool vault_id_matches(const struct trace_id *id, const char *hex);

/* Writing, in a transaction of the store. */

/** Put a trace; one of the same start and span is replaced. ERR_FULL, ERR_IO, ERR_LIMIT. */
MUST_USE enum err vault_put(const struct store *store, struct store_view *view, const struct vault_item *item,
                            const uint8_t *bytes);

/**
 * Delete the oldest, at most `max`, and no younger ones than `before_us`. Returns how many went; an error ends it.
 */
unsigned vault_prune(struct store_view *view, uint64_t before_us, unsigned max);
