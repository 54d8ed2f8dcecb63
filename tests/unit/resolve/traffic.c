/*
 * Messages under way, counted by zone; and no question sends one above the limit.
 */
#include "resolve/traffic.h"
#include "letter.h"
#include "lone_desk.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const uint8_t secret[SIPHASH_KEY_LEN] = "0123456789abcde";

static void test_counts(void **state)
{
        uint8_t rooms[3][NAME_WIRE_MAX];
        struct name zone, same, other;
        struct traffic traffic;

        (void)state;
        assert_int_equal(name_from_text("zone.test.", rooms[0], &zone), ERR_OK);
        assert_int_equal(name_from_text("ZONE.test.", rooms[1], &same), ERR_OK);
        assert_int_equal(name_from_text("other.test.", rooms[2], &other), ERR_OK);
        assert_int_equal(traffic_init(&traffic, 2, secret), ERR_OK);
        struct traffic_zone *first = traffic_enter(&traffic, &zone);
        assert_non_null(first);
        assert_ptr_equal(traffic_enter(&traffic, &same), first);
        assert_int_equal(traffic_to(&traffic, &zone), 2);
        assert_int_equal(traffic_to(&traffic, &other), 0);
        struct traffic_zone *second = traffic_enter(&traffic, &other);
        assert_null(traffic_enter(&traffic, &name_root)); /* no room: never more zones than flights */
        traffic_leave(&traffic, first);
        traffic_leave(&traffic, second);
        assert_int_equal(traffic_to(&traffic, &same), 1);
        traffic_leave(&traffic, first);
        assert_int_equal(traffic.table.count, 0);
        traffic_fini(&traffic);
}

static void ask(struct lone_desk *lone, const char *qname, unsigned client)
{
        uint8_t query[QUERY_MAX];
        const uint8_t from[4] = { 127, 0, (uint8_t)(client >> 8), (uint8_t)client };
        const struct event event = {
                .kind = EVENT_QUESTION,
                .question = { .client = client,
                              .from = { address_from(from, sizeof(from)), 4000 },
                              .transport = TRANSPORT_UDP,
                              .arrived_us = lone->now.mono_us,
                              .bytes = query,
                              .len = letter_ask(qname, TYPE_A, 1, 0, NULL, query) },
        };

        lone_feed(lone, &event);
}

/* Random names (water torture): the zone gets its 200 messages, and the questions beyond are refused at once. */
static void test_water_torture(void **state)
{
        struct lone_desk lone;
        unsigned refused = 0;

        (void)state;
        lone_open(&lone,
                  "validation: no\nquery-minimization: no\nhedging: no\n"
                  "stub-zones: [{name: zone.test, addresses: [192.0.2.1, 192.0.2.2, 192.0.2.3]}]\n",
                  1);
        for (unsigned i = 0; i < 300; i++) {
                char qname[64];

                snprintf(qname, sizeof(qname), "r%u.zone.test.", i);
                ask(&lone, qname, i + 1);
                refused += lone_count(&lone, ACTION_ANSWER);
                assert_int_equal(lone_count(&lone, ACTION_SEND), i < LIMIT_ZONE_IN_FLIGHT);
        }
        assert_int_equal(refused, 300 - LIMIT_ZONE_IN_FLIGHT);
        assert_int_equal(lone.metrics.budget_hits[LIMIT_ROW_ZONE_IN_FLIGHT], refused);
        assert_int_equal(lone.desk->flights.by_number.count, LIMIT_ZONE_IN_FLIGHT);

        /* Time passes, the flights end, and the zone can be asked again. */
        for (unsigned i = 0; i < 200; i++) {
                const struct event tick = { .kind = EVENT_TICK };

                lone_pass(&lone, 100);
                lone_feed(&lone, &tick);
        }
        assert_int_equal(lone.desk->flights.traffic.table.count, 0);
        ask(&lone, "fresh.zone.test.", 1000);
        assert_int_equal(lone_count(&lone, ACTION_SEND), 1);
        lone_close(&lone);
}

/* Equal questions cost the zone one message, however many ask. */
static void test_equal_questions(void **state)
{
        struct lone_desk lone;

        (void)state;
        lone_open(&lone, "validation: no\nstub-zones: [{name: zone.test, addresses: [192.0.2.1]}]\n", 1);
        for (unsigned i = 0; i < 90; i++)
                ask(&lone, "www.zone.test.", i + 1);
        assert_int_equal(lone.desk->flights.by_number.count, 1);
        lone_close(&lone);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_counts),
                cmocka_unit_test(test_water_torture),
                cmocka_unit_test(test_equal_questions),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
