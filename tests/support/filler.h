#pragma once
/*
 * Entries for tests of the store, each to be recognised: number n is an address record at "n.NNNNNNN.example." whose
 * address is made from n and a round.
 */
#include "cache/cache.h"
#include "cache/settle.h"
#include "store/store.h"
#include <stdint.h>

struct filler {
        struct store *store;
        struct hand *hand;
        struct cache *cache;
};

/** Open the store in dir, with hand and cache; size in bytes. Returns what store_open() does. */
enum err filler_open(struct filler *filler, const char *dir, size_t size, struct store_report *report);
void filler_close(struct filler *filler);

/** Another worker over the same store and hand, with a cache of its own. */
void filler_join(struct filler *filler, const struct filler *first);
void filler_leave(struct filler *filler);

/** A batch with `count` entries from number `first` on, to be handed over; NULL if the cache gives none. */
struct batch *filler_batch(struct filler *filler, uint32_t first, uint32_t count, uint32_t round);

/** Put `count` entries from number `first` on through a batch, and settle it. Returns what became of them. */
struct settled filler_put(struct filler *filler, uint32_t first, uint32_t count, uint32_t round);

/**
 * Look for number n. 1: found and right; 0: not there; -1: there, and wrong. An address of any round up to max_round is
 * right, as a kill may lose the last ones.
 */
int filler_check(struct filler *filler, uint32_t n, uint32_t max_round);

/** How many of count entries from first on are found; *wrong counts the wrong ones. */
uint32_t filler_count(struct filler *filler, uint32_t first, uint32_t count, uint32_t max_round, uint32_t *wrong);

/** Call store_tend() until no child is at work any more; the last state. */
enum store_state filler_settle_down(struct filler *filler, enum store_state state);
