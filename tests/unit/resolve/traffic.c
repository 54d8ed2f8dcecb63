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

enum { ASKED = LIMIT_ZONE_IN_FLIGHT + LIMIT_ZONE_WAITING + 100 };

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
        assert_null(traffic_leave(&traffic, first));
        assert_null(traffic_leave(&traffic, second));
        assert_int_equal(traffic_to(&traffic, &same), 1);
        assert_null(traffic_leave(&traffic, first));
        assert_int_equal(traffic.table.count, 0);
        traffic_fini(&traffic);
}

/* Who leaves calls the first who waits; the last to leave calls all. */
static void test_the_queue(void **state)
{
        struct traffic_place place[LIMIT_ZONE_WAITING + 1] = { { .zone = NULL } };
        uint8_t room[NAME_WIRE_MAX];
        struct traffic traffic;
        struct name zone;

        (void)state;
        assert_int_equal(name_from_text("zone.test.", room, &zone), ERR_OK);
        assert_int_equal(traffic_init(&traffic, 2, secret), ERR_OK);
        assert_false(traffic_queue(&traffic, &zone, &place[0], NULL)); /* nobody would call */
        struct traffic_zone *entered = traffic_enter(&traffic, &zone);
        assert_ptr_equal(traffic_enter(&traffic, &zone), entered);
        for (unsigned i = 0; i < LIMIT_ZONE_WAITING; i++)
                assert_true(traffic_queue(&traffic, &zone, &place[i], NULL));
        assert_false(traffic_queue(&traffic, &zone, &place[LIMIT_ZONE_WAITING], NULL));
        traffic_unqueue(&place[0]);
        traffic_unqueue(&place[0]);
        traffic_unqueue(&place[2]);
        traffic_unqueue(&place[LIMIT_ZONE_WAITING - 1]);
        assert_ptr_equal(traffic_leave(&traffic, entered), &place[1]);
        assert_null(place[1].next);
        const struct traffic_place *called = traffic_leave(&traffic, entered);
        for (unsigned i = 3; i < LIMIT_ZONE_WAITING - 1; i++, called = called->next)
                assert_ptr_equal(called, &place[i]);
        assert_null(called);
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

/* Random names (water torture): the zone gets its 200 messages; so many more wait, and those beyond are refused. */
static void test_water_torture(void **state)
{
        struct lone_desk lone;
        unsigned refused = 0;

        (void)state;
        lone_open(&lone,
                  "validation: no\nquery-minimization: no\nhedging: no\n"
                  "stub-zones: [{name: zone.test, addresses: [192.0.2.1, 192.0.2.2, 192.0.2.3]}]\n",
                  1);
        for (unsigned i = 0; i < ASKED; i++) {
                char qname[64];

                snprintf(qname, sizeof(qname), "r%u.zone.test.", i);
                ask(&lone, qname, i + 1);
                refused += lone_count(&lone, ACTION_ANSWER);
                assert_int_equal(lone_count(&lone, ACTION_SEND), i < LIMIT_ZONE_IN_FLIGHT);
        }
        assert_int_equal(refused, ASKED - LIMIT_ZONE_IN_FLIGHT - LIMIT_ZONE_WAITING);
        assert_int_equal(lone.metrics.budget_hits[LIMIT_ROW_ZONE_IN_FLIGHT], ASKED - LIMIT_ZONE_IN_FLIGHT);
        assert_int_equal(lone.desk->flights.by_number.count, LIMIT_ZONE_IN_FLIGHT);

        /* Time passes, the flights end, and the zone can be asked again. */
        lone_wait(&lone, 20000);
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
                cmocka_unit_test(test_the_queue),
                cmocka_unit_test(test_water_torture),
                cmocka_unit_test(test_equal_questions),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
