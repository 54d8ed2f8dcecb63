#pragma once
/*
 * The writes of one worker in one loop turn, on their way to the writer thread.
 *
 *   cache_put() ─▶ batch ─▶ ACTION_STORE ─▶ writer's queue ─▶ settle_apply() ─▶ settled ─▶ cache_tend()
 *                    └── read by its worker all the while, and by no other
 *
 * After it was handed over a batch is not changed any more, so that worker and writer may both read it. Only the flag
 * moves: the writer settles, the owner abandons, and whoever comes second frees.
 */
#include "store/store.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;

enum {
        BATCH_PUTS_MAX = 1024,
        BATCH_BYTES_MAX = 1 << 20,
};

/** generation: of the store when it began; a flush later on voids it. NULL: out of memory. */
struct batch *batch_new(uint64_t generation);

/** Append a put, with the keyed hash of its key. Bytes are copied. False: the batch is full, or out of memory. */
bool batch_put(struct batch *batch, uint64_t key_hash, struct store_bytes key, struct store_bytes value);

/** The value put last under this key; borrowed until the next put or the batch's end. */
bool batch_get(const struct batch *batch, uint64_t key_hash, struct store_bytes key, struct store_bytes *value);

size_t batch_count(const struct batch *batch);
/** Of keys and values. */
size_t batch_bytes(const struct batch *batch);
uint64_t batch_generation(const struct batch *batch);

/** Put number i, in order of time. Borrowed. */
struct store_item batch_item(const struct batch *batch, size_t i);

bool batch_is_settled(const struct batch *batch);

/** The writer is done with it, whether written or dropped; it must not touch the batch any more. */
void batch_settle(struct batch *batch);

/** The owner has no more use for it. A batch that was never handed over is settled first by its owner. */
void batch_abandon(struct batch *batch);
