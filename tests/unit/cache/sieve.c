/*
 * The sieve: what is in the store always passes, most of what is not does not, whatever has happened to the store.
 */
#include "cache/sieve.h"

#include "base/map.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { STORE_BYTES = 4 << 20, BITS = 4096 /* four for each entry */, KEYS = 2500, STRANGERS = 1000 };

static const uint8_t secret[SIPHASH_KEY_LEN] = { 9 };

struct bench {
        struct store *store;
        struct sieve *sieve;
};

static int bench_up(void **state)
{
        static struct bench bench;

        bench = (struct bench){ .store = store_ram_new(STORE_BYTES, secret), .sieve = sieve_new(BITS / 4) };
        *state = &bench;
        return bench.store && bench.sieve ? 0 : -1;
}

static int bench_down(void **state)
{
        struct bench *bench = *state;

        sieve_free(bench->sieve);
        store_close(bench->store);
        return 0;
}

static struct store_bytes key_of(char kind, unsigned i)
{
        static char text[16];

        return (struct store_bytes){ (const uint8_t *)text, (size_t)snprintf(text, sizeof text, "%c%u", kind, i) };
}

static uint64_t hash_of(struct store_bytes key)
{
        return siphash(secret, key.bytes, key.len);
}

/* Into the store; past the sieve, as an earlier process would have done, or through it. */
static void put(struct bench *bench, char kind, unsigned i, bool past)
{
        struct store_bytes key = key_of(kind, i);
        struct store_view *view;

        if (!past)
                sieve_add(bench->sieve, hash_of(key));
        assert_int_equal(store_write_begin(bench->store, &view), ERR_OK);
        assert_int_equal(store_put(view, key, key), ERR_OK);
        assert_int_equal(store_commit(bench->store, view), ERR_OK);
}

static bool passes(struct bench *bench, char kind, unsigned i)
{
        return sieve_may_hold(bench->sieve, bench->store, hash_of(key_of(kind, i)));
}

static unsigned strangers_passing(struct bench *bench)
{
        unsigned count = 0;

        for (unsigned i = 0; i < STRANGERS; i++)
                count += passes(bench, 'x', i);
        return count;
}

static void assert_all_pass(struct bench *bench, char kind, unsigned count)
{
        for (unsigned i = 0; i < count; i++)
                assert_true(passes(bench, kind, i));
}

static void test_an_empty_store_is_known_at_once(void **state)
{
        struct bench *bench = *state;

        assert_int_equal(strangers_passing(bench), STRANGERS); /* nobody has looked yet */
        sieve_learn(bench->sieve, bench->store);
        assert_int_equal(strangers_passing(bench), 0);
        put(bench, 'k', 0, false);
        assert_all_pass(bench, 'k', 1);
}

static void test_what_was_there_before_is_learned(void **state)
{
        struct bench *bench = *state;
        unsigned turns = 0;

        for (unsigned i = 0; i < KEYS; i++)
                put(bench, 'k', i, true);
        while (strangers_passing(bench) == STRANGERS) {
                assert_true(turns++ <= KEYS / SIEVE_VISITS_MAX);
                assert_all_pass(bench, 'k', KEYS);
                sieve_learn(bench->sieve, bench->store);
                put(bench, 'a', turns, false); /* where the walk has been already */
        }
        assert_int_equal(turns, KEYS / SIEVE_VISITS_MAX + 1);
        assert_all_pass(bench, 'k', KEYS);
        for (unsigned i = 1; i <= turns; i++)
                assert_true(passes(bench, 'a', i));
        assert_in_range(strangers_passing(bench), STRANGERS / 4, STRANGERS * 3 / 5); /* 1 - exp(-2500 / 4096) */
}

static void test_an_emptied_store_holds_nothing(void **state)
{
        struct bench *bench = *state;

        sieve_learn(bench->sieve, bench->store);
        for (unsigned i = 0; i < KEYS; i++)
                put(bench, 'k', i, false);
        assert_int_equal(store_clear(bench->store), ERR_OK);
        assert_int_equal(strangers_passing(bench), STRANGERS);
        sieve_learn(bench->sieve, bench->store);
        assert_int_equal(strangers_passing(bench), 0);
        assert_false(passes(bench, 'k', 0));
}

/* Entries that came and went have left their bits. */
static void test_a_worn_sieve_begins_anew(void **state)
{
        struct bench *bench = *state;

        sieve_learn(bench->sieve, bench->store);
        put(bench, 'k', 0, false);
        for (unsigned i = 0; i < BITS; i++)
                sieve_add(bench->sieve, hash_of(key_of('g', i)));
        assert_true(strangers_passing(bench) > STRANGERS / 2);
        sieve_learn(bench->sieve, bench->store);
        assert_true(strangers_passing(bench) < STRANGERS / 100);
        assert_true(passes(bench, 'k', 0));
}

/* Small entries may be more than were expected: that is no reason to begin anew each time. */
static void test_a_store_that_is_fuller_than_expected(void **state)
{
        struct bench *bench = *state;
        unsigned before;

        for (unsigned i = 0; i < BITS; i++)
                put(bench, 'k', i, true);
        for (unsigned i = 0; i <= BITS / SIEVE_VISITS_MAX; i++)
                sieve_learn(bench->sieve, bench->store);
        before = strangers_passing(bench);
        assert_true(before < STRANGERS);
        sieve_learn(bench->sieve, bench->store);
        assert_int_equal(strangers_passing(bench), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_an_empty_store_is_known_at_once),
                TEST(test_what_was_there_before_is_learned),
                TEST(test_an_emptied_store_holds_nothing),
                TEST(test_a_worn_sieve_begins_anew),
                TEST(test_a_store_that_is_fuller_than_expected),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
