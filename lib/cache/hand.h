#pragma once
/*
 * Eviction: a CLOCK hand that walks the store in key order.
 *
 * Each entry has a "used" bit in memory, found by the keyed hash of its key: a look-up sets it, the hand clears it
 * when it passes, and what it finds unused it deletes. So a hit writes nothing to the store, neighbours are deleted
 * together (which LMDB can do in a nearly full map), and a scan of names that nobody asks again leaves no mark. There
 * are five to ten bits for each entry that may be expected, so that few entries share one; sharing only lets an entry
 * live longer.
 *
 * Workers call hand_use(), at any time; the rest belongs to the writer. The hand brings along the sieve, whose bits are
 * found in the same way.
 */
#include "cache/sieve.h"
#include "store/store.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hand;

enum {
        HAND_START_PERCENT = 85, /* the hand moves from here ... */
        HAND_STOP_PERCENT = 75,  /* ... to here */
        HAND_DELETES_MAX = 100,  /* in one transaction: deleting needs free pages too */
        HAND_VISITS_MAX = 1000,  /* the same, entries that are looked at */
};

/**
 *   store_size  in  bytes, as in struct store_settings
 *   stale_s     in  how long an expired entry may still serve (RFC 8767); older ones go first
 *
 * NULL: out of memory.
 */
struct hand *hand_new(size_t store_size, uint32_t stale_s);
void hand_free(struct hand *hand);
struct sieve *hand_sieve(const struct hand *hand);

/** The entry with this keyed hash of its key was of use. Tests before it sets: a popular bit stays in every cache. */
void hand_use(struct hand *hand, uint64_t key_hash);

/* What one sweep did. */
struct hand_sweep {
        uint32_t visited;
        uint32_t evicted; /* unused */
        uint32_t expired; /* past their stale window */
};

/** Is the store full enough to move? Remembers that it began, until the store is empty enough again. */
bool hand_wants_to_move(struct hand *hand, const struct store_stat *stat);

/**
 * Walk on from where the hand stands, within a write transaction, until HAND_VISITS_MAX entries were looked at or
 * deletes_max were deleted. ERR_FULL, ERR_IO: abort it.
 */
MUST_USE enum err hand_move(struct hand *hand, struct store_view *view, const uint8_t secret[SIPHASH_KEY_LEN],
                            uint64_t now_s, unsigned deletes_max, struct hand_sweep *out);
