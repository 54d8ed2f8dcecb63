#pragma once
/*
 * Random numbers from a seed that the host hands in: ChaCha20 (RFC 8439) with fast key erasure, so that what was
 * handed out cannot be computed from what a later leak shows. Same seed, same numbers: a simulation repeats.
 */
#include <stddef.h>
#include <stdint.h>

enum { RNG_SEED_LEN = 32, RNG_POOL_LEN = 512 };

struct rng {
        uint8_t key[RNG_SEED_LEN];
        uint8_t pool[RNG_POOL_LEN];
        size_t used; /* bytes of the pool handed out, and wiped */
};

void rng_init(struct rng *rng, const uint8_t seed[RNG_SEED_LEN]);
void rng_bytes(struct rng *rng, void *out, size_t len);
uint32_t rng_u32(struct rng *rng);
uint64_t rng_u64(struct rng *rng);

/** A number in 0..bound-1, each equally likely; bound 0 gives 0. */
uint32_t rng_below(struct rng *rng, uint32_t bound);
