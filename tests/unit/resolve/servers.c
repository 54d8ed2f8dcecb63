/*
 * What is known of servers: round-trip times, patience, rest for the dead, the outage that condemns nobody, and the
 * choice that explores.
 */
#include "resolve/servers.h"
#include "config/limits.h"
#include "lone_desk.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MS = 1000 };

static struct address one, two, loopback;

static int desk_up(void **state)
{
        static struct lone_desk lone;

        lone_open(&lone, "do-not-query: [198.51.100.0/24]\n", 1);
        one = lone_address("192.0.2.1");
        two = lone_address("192.0.2.2");
        loopback = lone_address("127.0.0.1");
        *state = &lone;
        return 0;
}

static int desk_down(void **state)
{
        lone_close(*state);
        return 0;
}

static struct server_note *note_of(struct lone_desk *lone, const struct address *address)
{
        return &servers_get(lone->desk, address)->note;
}

/* --- Times -------------------------------------------------------------------------------------------------------- */

/* RFC 6298 2: the first sets both; then var += (|r - srtt| - var) / 4, srtt += (r - srtt) / 8. */
static void test_smoothing(void **state)
{
        static const struct {
                uint64_t rtt_us;
                uint32_t srtt_us, rttvar_us;
        } rows[] = {
                { 80000, 80000, 40000 }, { 80000, 80000, 30000 }, { 160000, 90000, 42500 },
                { 10000, 80000, 51875 }, { 80000, 80000, 38906 },
        };
        struct lone_desk *lone = *state;

        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                servers_heard(lone->desk, &one, rows[i].rtt_us);
                assert_int_equal(note_of(lone, &one)->srtt_us, rows[i].srtt_us);
                assert_int_equal(note_of(lone, &one)->rttvar_us, rows[i].rttvar_us);
        }
        assert_int_equal(note_of(lone, &two)->srtt_us, 0);
}

/* Any time is a time: nothing makes a server unknown again, nothing overflows. */
static void test_odd_times(void **state)
{
        struct lone_desk *lone = *state;

        for (unsigned i = 0; i < 100; i++)
                servers_heard(lone->desk, &one, 0);
        assert_true(note_of(lone, &one)->srtt_us > 0);
        for (unsigned i = 0; i < 100; i++)
                servers_heard(lone->desk, &one, UINT64_MAX);
        assert_true(note_of(lone, &one)->srtt_us > 1000000000);
        assert_true(servers_patience(lone->desk, &one, 3) <= 1500 * MS);
}

static void test_patience(void **state)
{
        static const struct {
                uint64_t rtt_us; /* heard twenty times; 0: never */
                unsigned sends;
                uint64_t least_us, most_us;
        } rows[] = {
                { 0, 0, 400 * MS, 400 * MS },           { 0, 1, 800 * MS, 800 * MS },
                { 0, 2, 1500 * MS, 1500 * MS },         { 0, 9, 1500 * MS, 1500 * MS },
                { 1 * MS, 0, 60 * MS, 60 * MS },        { 1 * MS, 1, 400 * MS, 400 * MS },
                { 100 * MS, 0, 100 * MS, 102 * MS },    { 100 * MS, 1, 400 * MS, 400 * MS },
                { 3000 * MS, 0, 1500 * MS, 1500 * MS }, { 1 * MS, 2, 800 * MS, 800 * MS },
                { 300 * MS, 1, 600 * MS, 606 * MS },
        };
        struct lone_desk *lone = *state;

        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const uint8_t bytes[4] = { 192, 0, 2, (uint8_t)(100 + i) };
                struct address server = address_from(bytes, sizeof(bytes));

                for (unsigned n = 0; n < 20 && rows[i].rtt_us; n++)
                        servers_heard(lone->desk, &server, rows[i].rtt_us);
                uint64_t patience = servers_patience(lone->desk, &server, rows[i].sends);
                assert_in_range(patience, rows[i].least_us, rows[i].most_us);
        }
}

/* Of a server that nobody knows as much is expected as of others lately, within bounds. */
static void test_the_unknown_are_typical(void **state)
{
        static const struct {
                uint64_t rtt_us;
                uint64_t patience_us, hedge_us, cost_us; /* about */
        } rows[] = {
                { 1 * MS, 150 * MS, 50 * MS, 40 * MS },
                { 90 * MS, 150 * MS, 90 * MS, 90 * MS },
                { 300 * MS, 300 * MS, 150 * MS, 300 * MS },
                { 900 * MS, 400 * MS, 150 * MS, 400 * MS },
        };
        struct lone_desk *lone = *state;
        const struct task *task = lone_request(lone, "www.example.", TYPE_A)->root;

        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct endpoint unknown = { .address = two, .port = 53 };
                struct candidate candidate;
                const char *why = NULL;

                for (unsigned n = 0; n < 60; n++)
                        servers_heard(lone->desk, &one, rows[i].rtt_us);
                assert_in_range(servers_patience(lone->desk, &unknown.address, 0), rows[i].patience_us,
                                rows[i].patience_us + 10 * MS);
                assert_in_range(servers_hedge(lone->desk, &unknown.address), rows[i].hedge_us,
                                rows[i].hedge_us + 10 * MS);
                assert_true(servers_consider(lone->desk, task, &unknown, &candidate, &why));
                assert_in_range(candidate.cost_us, rows[i].cost_us, rows[i].cost_us + 20 * MS);
        }
}

static void test_hedge(void **state)
{
        struct lone_desk *lone = *state;

        assert_int_equal(servers_hedge(lone->desk, &one), LIMIT_HEDGE_MS * MS);
        servers_heard(lone->desk, &one, 80 * MS);
        assert_int_equal(servers_hedge(lone->desk, &one), 160 * MS);
        for (unsigned i = 0; i < 50; i++)
                servers_heard(lone->desk, &one, 80 * MS);
        assert_in_range(servers_hedge(lone->desk, &one), 80 * MS, 81 * MS);
        assert_true(servers_hedge(lone->desk, &one) < servers_patience(lone->desk, &one, 0) + 1);
}

/* --- Failures ----------------------------------------------------------------------------------------------------- */

/* So many timeouts; somebody else answers in between, so that it is not the network. */
static void stay_silent(struct lone_desk *lone, const struct address *server, unsigned count)
{
        while (count--) {
                servers_silent(lone->desk, server);
                servers_heard(lone->desk, &two, 20 * MS);
        }
}

static void test_the_dead_rest(void **state)
{
        static const unsigned rest_s[] = { 0, 0, 0, 5, 10, 20, 40, 60, 60 };
        struct lone_desk *lone = *state;

        for (unsigned i = 0; i < sizeof(rest_s) / sizeof(rest_s[0]); i++) {
                stay_silent(lone, &one, 1);
                assert_int_equal(note_of(lone, &one)->timeouts, i + 1);
                if (rest_s[i])
                        assert_int_equal(note_of(lone, &one)->dead_until, lone->now.cache_s + rest_s[i]);
                else
                        assert_int_equal(note_of(lone, &one)->dead_until, 0);
        }
        servers_heard(lone->desk, &one, 20 * MS);
        assert_int_equal(note_of(lone, &one)->timeouts, 0);
        assert_int_equal(note_of(lone, &one)->dead_until, 0);
}

/* When nothing answers anywhere, the network is to blame: nobody is condemned, and accusations before it are void. */
static void test_an_outage_condemns_nobody(void **state)
{
        struct lone_desk *lone = *state;
        uint64_t epoch = lone->desk->servers.epoch;
        struct address servers[40];

        for (unsigned i = 0; i < 40; i++) {
                const uint8_t bytes[4] = { 10, 0, 0, (uint8_t)(i % 10) };

                servers[i] = address_from(bytes, sizeof(bytes));
                servers_silent(lone->desk, &servers[i]);
                lone_pass(lone, 200);
        }
        assert_true(lone->desk->servers.outage);
        assert_int_equal(lone->desk->servers.epoch, epoch + 1);
        assert_int_equal(lone->metrics.outages[0], 1);
        for (unsigned i = 0; i < 10; i++) {
                struct task task = { .request = lone_request(lone, "www.test.", TYPE_A) };
                const struct endpoint at = { .address = servers[i], .port = 53 };
                struct delegation root = { .cut = name_root };
                struct candidate candidate;
                const char *why;

                task.cut.delegation = &root;
                assert_true(servers_consider(lone->desk, &task, &at, &candidate, &why));
                assert_true(candidate.cost_us < 100 * MS); /* as if nothing had happened */
                assert_true(note_of(lone, &servers[i])->dead_until <= lone->now.cache_s);
        }
        servers_heard(lone->desk, &two, 20 * MS);
        assert_false(lone->desk->servers.outage);
}

/* A run that is too short, or too fast, is no outage: a few servers may be down. */
static void test_no_outage(void **state)
{
        struct lone_desk *lone = *state;

        for (unsigned i = 0; i < 50; i++)
                servers_silent(lone->desk, &one);
        assert_false(lone->desk->servers.outage);
        servers_heard(lone->desk, &two, 20 * MS);
        for (unsigned i = 0; i < 11; i++) {
                servers_silent(lone->desk, &one);
                lone_pass(lone, 1000);
        }
        assert_false(lone->desk->servers.outage);
}

static void test_manners_are_remembered(void **state)
{
        struct lone_desk *lone = *state;
        struct edns edns = { .has_cookie = true, .cookie_server_len = 16, .cookie_server = "a server cookie" };

        servers_note_no_edns(lone->desk, &one);
        assert_int_equal(note_of(lone, &one)->no_edns_until, lone->now.cache_s + LIMIT_EDNS_REFUSED_S);
        servers_note_tcp_only(lone->desk, &one);
        assert_int_equal(note_of(lone, &one)->tcp_only_until, lone->now.cache_s + LIMIT_CASE_LOST_S);
        servers_note_cookie(lone->desk, &one, &edns);
        assert_int_equal(note_of(lone, &one)->cookie_len, 16);
        edns.cookie_server_len = 0; /* a bare client cookie takes nothing away */
        servers_note_cookie(lone->desk, &one, &edns);
        assert_int_equal(note_of(lone, &one)->cookie_len, 16);
}

/* --- Choosing ----------------------------------------------------------------------------------------------------- */

static void test_considering(void **state)
{
        struct lone_desk *lone = *state;
        struct delegation root = { .cut = name_root };
        struct task task = { .request = lone_request(lone, "www.test.", TYPE_A), .cut = { .delegation = &root } };
        struct endpoint at = { .address = one, .port = 53 };
        struct candidate candidate;
        const char *why = NULL;

        assert_true(servers_consider(lone->desk, &task, &at, &candidate, &why));
        assert_string_equal(candidate.why, "not asked before");
        assert_in_range(candidate.cost_us, 40 * MS, 50 * MS);
        servers_heard(lone->desk, &one, 10 * MS);
        assert_true(servers_consider(lone->desk, &task, &at, &candidate, &why));
        assert_string_equal(candidate.why, "fastest known");
        assert_int_equal(candidate.cost_us, 20 * MS);

        task.attempt[0] = (struct attempt){ .address = one, .udp_sends = 1 };
        task.attempt_count = 1;
        assert_true(servers_consider(lone->desk, &task, &at, &candidate, &why));
        assert_int_equal(candidate.cost_us, 420 * MS);
        task.attempt[0].udp_sends = LIMIT_SENDS_PER_SERVER;
        assert_false(servers_consider(lone->desk, &task, &at, &candidate, &why));
        assert_string_equal(why, "silent too often");
        task.attempt[0].tcp = true; /* by another way it can still be asked, once */
        assert_true(servers_consider(lone->desk, &task, &at, &candidate, &why));
        task.attempt[0].tcp_sends = LIMIT_TCP_PER_SERVER;
        assert_false(servers_consider(lone->desk, &task, &at, &candidate, &why));
        task.attempt[0] = (struct attempt){ .address = one, .useless = true };
        assert_false(servers_consider(lone->desk, &task, &at, &candidate, &why));

        task.attempt_count = 0;
        servers_get(lone->desk, &one)->under_way = LIMIT_SERVER_IN_FLIGHT;
        assert_false(servers_consider(lone->desk, &task, &at, &candidate, &why));
        at.address = loopback;
        assert_false(servers_consider(lone->desk, &task, &at, &candidate, &why));
        at.address = lone_address("198.51.100.7");
        assert_false(servers_consider(lone->desk, &task, &at, &candidate, &why));
}

/* A host with an IPv6 address and no way out: after a few servers were silent, the others are asked by IPv4 first. */
static void test_a_silent_family_comes_last(void **state)
{
        struct lone_desk *lone = *state;
        struct delegation root = { .cut = name_root };
        struct task task = { .request = lone_request(lone, "www.test.", TYPE_A), .cut = { .delegation = &root } };
        struct endpoint six = { .address = lone_address("2001:db8:53::1"), .port = 53 };
        struct endpoint four = { .address = two, .port = 53 };
        struct candidate candidate;
        const char *why;

        for (uint8_t i = 0; i < 6; i++) {
                const uint8_t bytes[16] = { 0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(100 + i) };
                struct address silent = address_from(bytes, sizeof bytes);

                assert_true(servers_consider(lone->desk, &task, &six, &candidate, &why));
                assert_in_range(candidate.cost_us, 40 * MS, 50 * MS);
                servers_silent(lone->desk, &silent);
                servers_heard(lone->desk, &one, 10 * MS);
        }
        assert_true(servers_consider(lone->desk, &task, &six, &candidate, &why));
        assert_in_range(candidate.cost_us, 440 * MS, 450 * MS);
        assert_string_equal(candidate.why, "its family is silent");
        assert_true(servers_consider(lone->desk, &task, &four, &candidate, &why));
        assert_in_range(candidate.cost_us, 40 * MS, 50 * MS);
        servers_heard(lone->desk, &six.address, 10 * MS); /* one answer shows that there is a way */
        six.address = lone_address("2001:db8:53::2");
        assert_true(servers_consider(lone->desk, &task, &six, &candidate, &why));
        assert_in_range(candidate.cost_us, 40 * MS, 50 * MS);
}

/* Mostly the cheapest; one time in twenty another that may be as good; never one that is known to be much worse. */
static void test_choice_explores(void **state)
{
        enum { ROUNDS = 20000 };
        static const struct candidate candidates[] = {
                { .cost_us = 30 * MS },
                { .cost_us = 20 * MS },
                { .cost_us = 300 * MS },
                { .cost_us = 20000 * MS },
        };
        struct lone_desk *lone = *state;
        unsigned picked[4] = { 0 };

        for (unsigned i = 0; i < ROUNDS; i++)
                picked[servers_choose(lone->desk, candidates, 4)]++;
        assert_int_equal(picked[3], 0);
        assert_in_range(picked[0], ROUNDS / 160, ROUNDS / 40); /* a quarter of a twentieth, give or take */
        assert_in_range(picked[2], ROUNDS / 160, ROUNDS / 40);
        assert_int_equal(picked[0] + picked[1] + picked[2], ROUNDS);
        assert_int_equal(servers_choose(lone->desk, candidates, 1), 0);
}

/* Among servers that nobody has asked, every one is first some time. */
static void test_unknown_servers_are_spread(void **state)
{
        struct lone_desk *lone = *state;
        struct delegation root = { .cut = name_root };
        struct task task = { .request = lone_request(lone, "www.test.", TYPE_A), .cut = { .delegation = &root } };
        unsigned first[8] = { 0 };

        for (unsigned round = 0; round < 4000; round++) {
                struct candidate candidates[8];

                for (unsigned i = 0; i < 8; i++) {
                        const uint8_t bytes[4] = { 192, 0, 2, (uint8_t)(50 + i) };
                        const struct endpoint at = { .address = address_from(bytes, sizeof(bytes)), .port = 53 };
                        const char *why;

                        assert_true(servers_consider(lone->desk, &task, &at, &candidates[i], &why));
                }
                first[servers_choose(lone->desk, candidates, 8)]++;
        }
        for (unsigned i = 0; i < 8; i++)
                assert_in_range(first[i], 400, 600);
}

/* The table is bounded, and what a server was known for comes back from the store. */
static void test_many_servers(void **state)
{
        struct lone_desk *lone = *state;

        servers_heard(lone->desk, &one, 33 * MS);
        lone_settle(lone);
        lone_pass(lone, 0);
        for (unsigned i = 0; i < 12000; i++) {
                const uint8_t bytes[4] = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i };
                struct address server = address_from(bytes, sizeof(bytes));

                assert_non_null(servers_get(lone->desk, &server));
        }
        assert_true(lone->desk->servers.table.count <= 10000);
        assert_ptr_equal(servers_get(lone->desk, &one), servers_get(lone->desk, &one));
        assert_int_equal(note_of(lone, &one)->srtt_us, 33 * MS);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, desk_up, desk_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_smoothing),
                TEST(test_odd_times),
                TEST(test_patience),
                TEST(test_the_unknown_are_typical),
                TEST(test_hedge),
                TEST(test_the_dead_rest),
                TEST(test_an_outage_condemns_nobody),
                TEST(test_no_outage),
                TEST(test_manners_are_remembered),
                TEST(test_considering),
                TEST(test_a_silent_family_comes_last),
                TEST(test_choice_explores),
                TEST(test_unknown_servers_are_spread),
                TEST(test_many_servers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
