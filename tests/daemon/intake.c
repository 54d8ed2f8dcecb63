/* Which questions are taken when there are more than can be served. */
#include "intake.h"
#include "config/limits.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_US = 100000000, OLD_US = (LIMIT_YOUNG_MS + 1) * 1000, WAITED_US = 50 * 1000 };

static struct intake intake;
static struct metrics metrics;
static struct datagram batch[UDP_BATCH];
static uint8_t chosen[UDP_BATCH];

static int set_up(void **state)
{
        static const uint8_t secret[SIPHASH_KEY_LEN] = "0123456789abcde";

        intake_init(&intake, secret);
        memset(&metrics, 0, sizeof metrics);
        (void)state;
        return 0;
}

static void question(unsigned i, uint8_t client, uint64_t age_us)
{
        batch[i] = (struct datagram){ .arrived_us = NOW_US - age_us };
        batch[i].path.peer.address = (struct address){ .family = 4, .bytes = { 10, 0, 0, client } };
}

static size_t choose(bool more)
{
        return intake_choose(&intake, batch, UDP_BATCH, more, NOW_US, &metrics, chosen);
}

static void all_are_taken_while_we_keep_up(void **state)
{
        for (unsigned i = 0; i < UDP_BATCH; i++)
                question(i, 1, OLD_US);
        assert_int_equal(choose(false), UDP_BATCH); /* old, but nothing waits behind them */
        for (unsigned i = 0; i < UDP_BATCH; i++)
                question(i, 1, 1000);
        assert_int_equal(choose(true), UDP_BATCH); /* many, but fresh */
        (void)state;
}

static void the_old_are_left_out_when_we_are_behind(void **state)
{
        for (unsigned i = 0; i < UDP_BATCH; i++)
                question(i, (uint8_t)i, i < 40 ? OLD_US : WAITED_US);
        assert_int_equal(choose(true), UDP_BATCH - 40);
        for (size_t i = 0; i < UDP_BATCH - 40; i++)
                assert_int_equal(chosen[i], 40 + i);
        assert_int_equal(metrics.drops[DROP_OVERLOAD], 40);
        (void)state;
}

/* One client asks thirty times as much as each of thirty-two others, for a while. */
static void the_greedy_are_cut_to_a_fair_share(void **state)
{
        unsigned greedy = 0, modest = 0;

        for (unsigned round = 0; round < 30; round++) {
                for (unsigned i = 0; i < UDP_BATCH; i++)
                        question(i, i % 2 ? 200 : (uint8_t)(i / 2), WAITED_US);
                size_t count = choose(true);
                for (size_t i = 0; i < count; i++)
                        *(chosen[i] % 2 ? &greedy : &modest) += 1;
        }
        assert_int_equal(modest, 30 * UDP_BATCH / 2); /* nobody else loses a thing */
        assert_in_range(greedy, 1, 30 * UDP_BATCH / 8);
        assert_int_equal(metrics.drops[DROP_CLIENT_SHARE], 30 * UDP_BATCH / 2 - greedy);
        (void)state;
}

/* However much it asks: with nobody to be unfair to, nothing is left out. */
static void a_single_client_has_it_all(void **state)
{
        for (unsigned round = 0; round < 30; round++) {
                for (unsigned i = 0; i < UDP_BATCH; i++)
                        question(i, 1, WAITED_US);
                assert_int_equal(choose(true), UDP_BATCH);
        }
        (void)state;
}

/* Stamps cost something, so they are wanted only after a full batch that took long, and for a while. */
static void stamps_are_wanted_when_batches_take_long(void **state)
{
        uint64_t now = NOW_US;

        assert_false(intake_wants_stamps(&intake, true, now));
        assert_false(intake_wants_stamps(&intake, true, now += INTAKE_SLOW_US)); /* quick enough */
        assert_false(intake_wants_stamps(&intake, false, now += 1));
        assert_false(intake_wants_stamps(&intake, false, now += 10 * INTAKE_SLOW_US)); /* nothing was there */
        assert_false(intake_wants_stamps(&intake, true, now));
        assert_true(intake_wants_stamps(&intake, false, now += INTAKE_SLOW_US + 1));
        assert_true(intake_wants_stamps(&intake, false, now += INTAKE_CALM_US - 1));
        assert_false(intake_wants_stamps(&intake, false, now += 1));
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(all_are_taken_while_we_keep_up, set_up),
                cmocka_unit_test_setup(the_old_are_left_out_when_we_are_behind, set_up),
                cmocka_unit_test_setup(the_greedy_are_cut_to_a_fair_share, set_up),
                cmocka_unit_test_setup(a_single_client_has_it_all, set_up),
                cmocka_unit_test_setup(stamps_are_wanted_when_batches_take_long, set_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
