/* ChaCha20 by the vectors of RFC 8439, and that numbers are even, repeatable and wiped. */
#include "base/rng.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/*
 * RFC 8439 appendix A.1, vectors 1 and 2: the key stream of a zero key, nonce zero, counters 0 and 1. The first 32
 * bytes are the next key, what is handed out begins behind them.
 */
static const uint8_t key_stream[128] = {
        0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28,
        0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc, 0x8b, 0x77, 0x0d, 0xc7,
        0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37,
        0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86,
        0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d,
        0xcb, 0x0f, 0x29, 0xa0, 0x48, 0xe3, 0x65, 0x69, 0x12, 0xc6, 0x53, 0x3e, 0x32, 0xee, 0x7a, 0xed,
        0x29, 0xb7, 0x21, 0x76, 0x9c, 0xe6, 0x4e, 0x43, 0xd5, 0x71, 0x33, 0xb0, 0x74, 0xd8, 0x39, 0xd5,
        0x31, 0xed, 0x1f, 0x28, 0x51, 0x0a, 0xfb, 0x45, 0xac, 0xe1, 0x0a, 0x1f, 0x4b, 0x79, 0x4d, 0x6f,
};

static const uint8_t zero_seed[RNG_SEED_LEN];

static void numbers_are_the_key_stream_of_chacha20(void **state)
{
        struct rng rng;
        uint8_t out[sizeof key_stream - RNG_SEED_LEN];

        (void)state;
        rng_init(&rng, zero_seed);
        assert_memory_equal(rng.key, key_stream, RNG_SEED_LEN);
        rng_bytes(&rng, out, sizeof out);
        assert_memory_equal(out, key_stream + RNG_SEED_LEN, sizeof out);

        rng_init(&rng, zero_seed);
        assert_int_equal(rng_u32(&rng), 0x7c5941da);
        assert_true(rng_u64(&rng) == 0x3fe024778d485751);
}

static void cutting_it_up_changes_nothing(void **state)
{
        uint8_t whole[2000], parts[2000];
        struct rng a, b;

        (void)state;
        rng_init(&a, zero_seed);
        rng_init(&b, zero_seed);
        rng_bytes(&a, whole, sizeof whole);
        for (size_t at = 0, len = 0; at < sizeof parts; at += len, len = (len + 1) % 37) {
                if (len > sizeof parts - at)
                        len = sizeof parts - at;
                rng_bytes(&b, parts + at, len);
        }
        assert_memory_equal(whole, parts, sizeof whole);
        assert_memory_not_equal(a.key, zero_seed, RNG_SEED_LEN);
}

static void what_was_handed_out_is_wiped(void **state)
{
        struct rng rng;
        uint8_t out[100];

        (void)state;
        rng_init(&rng, zero_seed);
        rng_bytes(&rng, out, sizeof out);
        for (size_t i = 0; i < rng.used; i++)
                assert_int_equal(rng.pool[i], 0);
}

static void below_is_even_and_in_bounds(void **state)
{
        enum { BOUND = 10, DRAWS = 100000 };
        unsigned seen[BOUND] = { 0 };
        struct rng rng;

        (void)state;
        rng_init(&rng, zero_seed);
        assert_int_equal(rng_below(&rng, 0), 0);
        assert_int_equal(rng_below(&rng, 1), 0);
        for (unsigned i = 0; i < DRAWS; i++) {
                uint32_t n = rng_below(&rng, BOUND);
                assert_true(n < BOUND);
                seen[n]++;
        }
        for (unsigned i = 0; i < BOUND; i++) /* 95 is one standard deviation; the seed is fixed, so this never varies */
                assert_true(seen[i] > DRAWS / BOUND - 400 && seen[i] < DRAWS / BOUND + 400);
        for (unsigned i = 0; i < 1000; i++)
                assert_true(rng_below(&rng, 0xffffffff) < 0xffffffff);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_are_the_key_stream_of_chacha20),
                cmocka_unit_test(cutting_it_up_changes_nothing),
                cmocka_unit_test(what_was_handed_out_is_wiped),
                cmocka_unit_test(below_is_even_and_in_bounds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
