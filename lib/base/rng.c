/*
 * ChaCha20 (RFC 8439) as a random generator with fast key erasure.
 *
 * A refill makes eight blocks under the present key, with counters 0..7 and a zero nonce. The first 32 bytes become the
 * next key and are wiped at once; the rest is handed out and wiped as it goes. So neither the past nor, after the next
 * refill, anything handed out can be computed from what the struct holds.
 */
#include "base/rng.h"
#include <string.h>

enum { CHACHA_BLOCK = 64, CHACHA_WORDS = 16, CHACHA_DOUBLE_ROUNDS = 10 };

static uint32_t load_le32(const uint8_t *p)
{
        return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void store_le32(uint8_t *p, uint32_t v)
{
        for (unsigned i = 0; i < 4; i++)
                p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t rotate_left(uint32_t v, unsigned bits)
{
        return v << bits | v >> (32 - bits);
}

/* RFC 8439 2.1. */
static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
        *a += *b;
        *d = rotate_left(*d ^ *a, 16);
        *c += *d;
        *b = rotate_left(*b ^ *c, 12);
        *a += *b;
        *d = rotate_left(*d ^ *a, 8);
        *c += *d;
        *b = rotate_left(*b ^ *c, 7);
}

/* One block of key stream for a zero nonce. RFC 8439 2.3. */
static void chacha_block(const uint8_t key[RNG_SEED_LEN], uint32_t counter, uint8_t out[CHACHA_BLOCK])
{
        uint32_t start[CHACHA_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }; /* "expand 32-byte k" */
        uint32_t x[CHACHA_WORDS];

        for (unsigned i = 0; i < 8; i++)
                start[4 + i] = load_le32(key + 4 * i);
        start[12] = counter;
        memcpy(x, start, sizeof x);
        for (unsigned i = 0; i < CHACHA_DOUBLE_ROUNDS; i++) {
                for (unsigned j = 0; j < 4; j++) /* columns */
                        quarter_round(&x[j], &x[4 + j], &x[8 + j], &x[12 + j]);
                for (unsigned j = 0; j < 4; j++) /* diagonals */
                        quarter_round(&x[j], &x[4 + (j + 1) % 4], &x[8 + (j + 2) % 4], &x[12 + (j + 3) % 4]);
        }
        for (unsigned i = 0; i < CHACHA_WORDS; i++)
                store_le32(out + 4 * i, x[i] + start[i]);
}

static void rng_refill(struct rng *rng)
{
        for (uint32_t i = 0; i < RNG_POOL_LEN / CHACHA_BLOCK; i++)
                chacha_block(rng->key, i, rng->pool + CHACHA_BLOCK * i);
        memcpy(rng->key, rng->pool, RNG_SEED_LEN);
        explicit_bzero(rng->pool, RNG_SEED_LEN);
        rng->used = RNG_SEED_LEN;
}

void rng_init(struct rng *rng, const uint8_t seed[RNG_SEED_LEN])
{
        memcpy(rng->key, seed, RNG_SEED_LEN);
        rng_refill(rng);
}

void rng_bytes(struct rng *rng, void *out, size_t len)
{
        uint8_t *to = out;

        while (len > 0) {
                if (rng->used == RNG_POOL_LEN)
                        rng_refill(rng);
                size_t part = RNG_POOL_LEN - rng->used;
                if (part > len)
                        part = len;
                memcpy(to, rng->pool + rng->used, part);
                explicit_bzero(rng->pool + rng->used, part);
                rng->used += part;
                to += part;
                len -= part;
        }
}

uint32_t rng_u32(struct rng *rng)
{
        uint8_t bytes[4];

        rng_bytes(rng, bytes, sizeof bytes);
        return load_le32(bytes);
}

uint64_t rng_u64(struct rng *rng)
{
        uint64_t low = rng_u32(rng);
        return low | (uint64_t)rng_u32(rng) << 32;
}

uint32_t rng_below(struct rng *rng, uint32_t bound)
{
        if (bound == 0)
                return 0;

        /*
         * The upper half of a 32 x 32 bit product maps a number evenly onto 0..bound-1, but for the first 2^32 mod
         * bound values of the lower half, which some results would have in excess; those are drawn again.
         */
        uint32_t excess = -bound % bound;
        for (;;) {
                uint64_t product = (uint64_t)rng_u32(rng) * bound;
                if ((uint32_t)product >= excess)
                        return (uint32_t)(product >> 32);
        }
}
