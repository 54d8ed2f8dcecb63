#pragma once
/*
 * The writer's only door to the cache: apply batches, move the hand, flush.
 *
 * What is in a batch was put by one worker that could not see what the others put. Here, inside the write transaction,
 * entry_replaces() decides for each put whether it takes the place of what is stored.
 */
#include "cache/batch.h"
#include "cache/cache.h"
#include "cache/hand.h"
#include "store/store.h"
#include <stddef.h>
#include <stdint.h>

enum {
        SETTLE_PUTS_MAX = 128,  /* in one transaction: 3.5 µs each, so readers' pages are never held back for long */
        SETTLE_SWEEPS_MAX = 16, /* transactions of the hand after one call, so that batches are not kept waiting */
};

/* What became of puts and entries; the writer adds it up. */
struct settled {
        uint64_t put;      /* written */
        uint64_t kept;     /* not written: what is stored is worth more */
        uint64_t full;     /* dropped: no room */
        uint64_t crowded;  /* dropped: LIMIT_TYPES_PER_NAME */
        uint64_t lost;     /* dropped: input or output failed */
        uint64_t flushed;  /* dropped: a flush came in between */
        uint64_t evicted;  /* deleted by the hand, unused */
        uint64_t expired;  /* deleted by the hand, past its stale window */
};

/** Apply batches in their order, mark them settled, then move the hand if it is time. hand may be NULL. */
struct settled settle_apply(struct store *store, struct hand *hand, struct batch *const *batch, size_t batch_count,
                            uint64_t now_s);

/**
 * Flush a name (all its types), a zone (name and all below it) or everything, in every route. Call
 * store_generation_bump() when the flush is asked for, and this in the same order as the batches handed over.
 *
 *   name     in   not used for FLUSH_ALL
 *   deleted  out  entries; also on error, as far as it came
 *
 * ERR_FULL, ERR_IO, ERR_MEMORY.
 */
MUST_USE enum err settle_flush(struct store *store, enum flush_what what, const struct name *name, uint64_t *deleted);
