/* The heap of deadlines against a list that is searched from end to end. */
#include "failing.h"
#include "base/timers.c"
#include "base/rng.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { TIMERS = 200, STEPS = 20000, SPAN_US = 500 };

static void an_empty_heap_has_nothing(void **state)
{
        struct timers timers;
        struct timer timer = { 0 };

        (void)state;
        timers_init(&timers, 4);
        assert_true(timers_next(&timers) == UINT64_MAX);
        assert_null(timers_take(&timers, UINT64_MAX));
        timers_disarm(&timers, &timer);
        timers_fini(&timers);
}

static uint64_t earliest(const struct timer *timer)
{
        uint64_t at_us = UINT64_MAX;

        for (unsigned i = 0; i < TIMERS; i++) {
                if (timer[i].place && timer[i].at_us < at_us)
                        at_us = timer[i].at_us;
        }
        return at_us;
}

static void any_order_of_arming_moving_and_taking(void **state)
{
        static const uint8_t seed[RNG_SEED_LEN] = { 1 };
        struct timer timer[TIMERS] = { 0 };
        struct timers timers;
        struct rng rng;
        uint64_t now_us = 0;

        (void)state;
        rng_init(&rng, seed);
        timers_init(&timers, TIMERS);
        for (unsigned step = 0; step < STEPS; step++) {
                struct timer *t = &timer[rng_below(&rng, TIMERS)];
                switch (rng_below(&rng, 4)) {
                case 0:
                case 1:
                        assert_int_equal(timers_arm(&timers, t, now_us + rng_below(&rng, SPAN_US)), ERR_OK);
                        assert_int_not_equal(t->place, 0);
                        break;
                case 2:
                        timers_disarm(&timers, t);
                        assert_int_equal(t->place, 0);
                        break;
                case 3:
                        now_us += rng_below(&rng, 4);
                        uint64_t due_us = earliest(timer);
                        t = timers_take(&timers, now_us);
                        assert_int_equal(t != NULL, due_us <= now_us);
                        assert_true(!t || (t->at_us == due_us && t->place == 0));
                        break;
                }
                assert_true(timers_next(&timers) == earliest(timer));
        }
        timers_fini(&timers);
}

static void the_maximum_holds(void **state)
{
        struct timer timer[3] = { 0 };
        struct timers timers;

        (void)state;
        timers_init(&timers, 2);
        assert_int_equal(timers_arm(&timers, &timer[0], 5), ERR_OK);
        assert_int_equal(timers_arm(&timers, &timer[1], 3), ERR_OK);
        assert_int_equal(timers_arm(&timers, &timer[2], 1), ERR_FULL);
        assert_int_equal(timer[2].place, 0);
        assert_int_equal(timers_arm(&timers, &timer[0], 1), ERR_OK); /* moving one needs no room */
        assert_ptr_equal(timers_take(&timers, 10), &timer[0]);
        assert_int_equal(timers_arm(&timers, &timer[2], 1), ERR_OK);
        timers_fini(&timers);
}

static void any_allocation_may_fail(void **state)
{
        (void)state;
        for (size_t n = 0; n < 4; n++) {
                struct timer timer[100] = { 0 };
                struct timers timers;
                size_t armed = 0;
                timers_init(&timers, 100);
                allocations_left = n;
                while (armed < 100 && timers_arm(&timers, &timer[armed], 100 - armed) == ERR_OK)
                        armed++;
                if (armed < 100)
                        assert_int_equal(timers_arm(&timers, &timer[armed], 1), ERR_MEMORY);
                allocations_left = SIZE_MAX;
                assert_int_equal(timers.count, armed);
                for (size_t i = armed; i-- > 0;)
                        assert_ptr_equal(timers_take(&timers, 1000), &timer[i]);
                timers_fini(&timers);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_empty_heap_has_nothing),
                cmocka_unit_test(any_order_of_arming_moving_and_taking),
                cmocka_unit_test(the_maximum_holds),
                cmocka_unit_test(any_allocation_may_fail),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
