/*
 * Requests: places and who gives way, equal questions that join, budgets that nothing refills, and the two deadlines.
 */
#include "resolve/request.h"
#include "config/limits.h"
#include "letter.h"
#include "lone_desk.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SAFE = LIMIT_REQUESTS_PER_WORKER * (100 - LIMIT_YOUNG_PERCENT) / 100 };

static int desk_up(void **state)
{
        static struct lone_desk lone;

        lone_open(&lone,
                  "validation: no\nspecial-use-zones: no\n"
                  "stub-zones: [{name: test, addresses: [192.0.2.1, 192.0.2.2]}]\n",
                  1);
        *state = &lone;
        return 0;
}

static int desk_down(void **state)
{
        lone_close(*state);
        return 0;
}

static struct listener listener_of(struct lone_desk *lone, uint64_t client)
{
        const uint8_t from[4] = { 10, (uint8_t)(client >> 16), (uint8_t)(client >> 8), (uint8_t)client };

        return (struct listener){ .client = client,
                                  .from = { address_from(from, sizeof(from)), 4000 },
                                  .qname = lone_name(lone, "www.test."),
                                  .arrived_us = lone->now.mono_us };
}

static bool join(struct lone_desk *lone, struct request *request, uint64_t client)
{
        struct listener listener = listener_of(lone, client);

        return request_join(request, &listener);
}

/* --- Places ------------------------------------------------------------------------------------------------------- */

/* A request that one client waits for. */
static struct request *seat(struct lone_desk *lone, uint64_t client)
{
        struct request *request = lone_request(lone, "www.test.", TYPE_A);

        if (request)
                assert_true(join(lone, request, client));
        return request;
}

static void fill(struct lone_desk *lone)
{
        for (uint64_t client = 1; client <= LIMIT_REQUESTS_PER_WORKER; client++)
                assert_non_null(seat(lone, client));
}

/* Half of the places are safe; of the other half the oldest gives way, if it is no longer young. */
static void test_guests_give_way(void **state)
{
        struct lone_desk *lone = *state;

        fill(lone);
        assert_null(seat(lone, 9000)); /* all guests are young */
        assert_int_equal(lone->metrics.budget_hits[LIMIT_ROW_REQUESTS_PER_WORKER], 1);
        lone_pass(lone, LIMIT_YOUNG_MS - 1);
        assert_null(seat(lone, 9001));
        lone_pass(lone, 1);
        for (uint64_t i = 0; i < LIMIT_REQUESTS_PER_WORKER - SAFE; i++) {
                assert_non_null(seat(lone, 10000 + i));
                assert_int_equal(lone_last(lone, ACTION_DROP)->drop.client, SAFE + 1 + i);
        }
        assert_int_equal(lone->desk->request_count, LIMIT_REQUESTS_PER_WORKER);
        assert_null(seat(lone, 9002)); /* now those are young that took their places */
        assert_int_equal(lone->metrics.drops[DROP_OVERLOAD], LIMIT_REQUESTS_PER_WORKER - SAFE);
}

/* The same with memory: above half of it a place is a guest's, and with an eighth left guests give way. */
static void test_memory_is_like_places(void **state)
{
        struct lone_desk *lone = *state;
        struct arena_pool *memory = &lone->desk->request_memory;

        memory->max = 256 << 10;
        assert_non_null(seat(lone, 1));
        assert_false(lone->desk->first->guest);
        assert_non_null(arena_alloc(&lone->desk->first->arena, 130 << 10));
        assert_non_null(seat(lone, 2));
        assert_true(lone->desk->first->guest);
        assert_non_null(arena_alloc(&lone->desk->first->arena, 88 << 10));
        assert_null(seat(lone, 3)); /* the guest is young */
        lone_pass(lone, LIMIT_YOUNG_MS);
        assert_non_null(seat(lone, 4));
        assert_int_equal(lone_last(lone, ACTION_DROP)->drop.client, 2);
        assert_int_equal(lone->desk->request_count, 2);
        assert_true(memory->used <= memory->max);
}

/* A place that becomes free is free, whoever had it. */
static void test_ended_requests_leave_their_places(void **state)
{
        struct lone_desk *lone = *state;

        fill(lone);
        for (unsigned i = 0; i < 10; i++)
                request_end(lone->desk->first);
        for (unsigned i = 0; i < 10; i++)
                assert_non_null(seat(lone, 9000 + i));
        assert_null(seat(lone, 9999));
        while (lone->desk->first)
                request_end(lone->desk->first);
        assert_int_equal(lone->desk->request_count, 0);
        assert_null(lone->desk->oldest_guest);
        assert_null(lone->desk->newest_guest);
        assert_int_equal(lone->desk->crowd.table.count, 0);
        fill(lone);
}

/* --- Joining ------------------------------------------------------------------------------------------------------ */

static void test_a_hundred_join(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.test.", TYPE_A);

        for (uint64_t client = 1; client <= LIMIT_CLIENTS_PER_QUESTION; client++)
                assert_true(join(lone, request, client));
        size_t used = arena_used(&request->arena);
        for (uint64_t client = 1000; client < 3000; client++)
                assert_false(join(lone, request, client));
        assert_int_equal(arena_used(&request->arena), used); /* those who are refused cost it nothing */
        assert_int_equal(request->listener_count, LIMIT_CLIENTS_PER_QUESTION);
        assert_int_equal(lone->metrics.budget_hits[LIMIT_ROW_CLIENTS_PER_QUESTION], 2000);
        assert_int_equal(lone->desk->crowd.table.count, LIMIT_CLIENTS_PER_QUESTION);

        request_gone(lone->desk, 50);
        assert_int_equal(request->listener_count, LIMIT_CLIENTS_PER_QUESTION - 1);
        request_gone(lone->desk, 50);
        request_gone(lone->desk, 4000000);
        assert_int_equal(request->listener_count, LIMIT_CLIENTS_PER_QUESTION - 1);
        assert_true(join(lone, request, 3000));
        request_dismiss(request);
        assert_int_equal(lone->desk->crowd.table.count, 0);
}

static void test_a_client_has_its_share(void **state)
{
        struct lone_desk *lone = *state;
        struct listener listener = listener_of(lone, 1);
        unsigned joined = 0;

        for (unsigned i = 0; i < 3; i++) {
                struct request *request = lone_request(lone, "www.test.", TYPE_A);

                while (request_join(request, &listener))
                        joined++;
        }
        assert_int_equal(joined, LIMIT_REQUESTS_PER_CLIENT);
        assert_int_equal(lone->metrics.budget_hits[LIMIT_ROW_REQUESTS_PER_CLIENT], 1);
}

static struct request *find(struct lone_desk *lone, const char *qname, uint16_t type, uint16_t flags)
{
        const struct question question = { .name = lone_name(lone, qname), .type = type, .class = CLASS_IN };

        return request_find(lone->desk, &question, flags);
}

static void test_which_questions_are_equal(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.test.", TYPE_A);

        assert_null(find(lone, "www.test.", TYPE_A, FLAG_RD)); /* not published yet */
        request_publish(request);
        assert_ptr_equal(find(lone, "www.test.", TYPE_A, FLAG_RD), request);
        assert_ptr_equal(find(lone, "WWW.test.", TYPE_A, FLAG_RD | FLAG_AD), request);
        assert_null(find(lone, "www.test.", TYPE_AAAA, FLAG_RD));
        assert_null(find(lone, "ww.test.", TYPE_A, FLAG_RD));
        assert_null(find(lone, "www.test.", TYPE_A, FLAG_RD | FLAG_CD));
        assert_null(find(lone, "www.test.", TYPE_A, 0));
        request_end(request);
        assert_null(find(lone, "www.test.", TYPE_A, FLAG_RD));
}

/* --- Budget ------------------------------------------------------------------------------------------------------- */

static void test_purses_never_refill(void **state)
{
        static const struct {
                enum purse purse;
                enum limit_row row;
                uint64_t content;
        } purses[] = {
                { PURSE_MESSAGES, LIMIT_ROW_UPSTREAM_MESSAGES, LIMIT_UPSTREAM_MESSAGES },
                { PURSE_BYTES, LIMIT_ROW_UPSTREAM_BYTES, LIMIT_UPSTREAM_BYTES + MESSAGE_MAX },
                { PURSE_ALIASES, LIMIT_ROW_ALIASES, LIMIT_ALIASES },
                { PURSE_REFERRALS, LIMIT_ROW_REFERRALS, LIMIT_REFERRALS },
                { PURSE_ADDRESS_LOOKUPS, LIMIT_ROW_ADDRESS_LOOKUPS, LIMIT_ADDRESS_LOOKUPS },
                { PURSE_NAMES_FAILED, LIMIT_ROW_SERVER_NAMES_FAILED, LIMIT_SERVER_NAMES_FAILED },
                { PURSE_TCP_CONNECTS, LIMIT_ROW_TCP_CONNECTS, LIMIT_TCP_CONNECTS },
                { PURSE_TASKS, LIMIT_ROW_TASKS, LIMIT_TASKS },
        };
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.test.", TYPE_A);

        assert_int_equal(sizeof(purses) / sizeof(purses[0]), PURSE_COUNT);
        for (unsigned i = 0; i < PURSE_COUNT; i++) {
                uint64_t spent = request->spent[purses[i].purse]; /* the question itself is a task */

                assert_true(request_spend(request, purses[i].purse, purses[i].content - spent));
                assert_false(request->empty & 1u << purses[i].purse);
                uint32_t told = request->trace.len;
                assert_false(request_spend(request, purses[i].purse, 1));
                assert_true(request->trace.len > told);
                told = request->trace.len;
                assert_false(request_spend(request, purses[i].purse, UINT32_MAX));
                assert_int_equal(request->trace.len, told); /* it is told once */
                assert_int_equal(request->spent[purses[i].purse], purses[i].content);
                assert_true(request_spend(request, purses[i].purse, 0));
                assert_true(request->empty & 1u << purses[i].purse);
                assert_string_equal(request->overdrawn->what, limit_table[purses[i].row].what);
                assert_int_equal(lone->metrics.budget_hits[purses[i].row], 1);
        }
}

/* What one question may send to the servers of one zone, whatever is left for others. */
static void test_zone_purses(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.test.", TYPE_A);
        struct name victim = lone_name(lone, "victim.test."), same = lone_name(lone, "VICTIM.test."),
                    other = lone_name(lone, "other.test.");

        for (unsigned i = 0; i < LIMIT_MESSAGES_PER_ZONE; i++)
                assert_true(request_spend_on_zone(request, i % 2 ? &victim : &same));
        assert_false(request_spend_on_zone(request, &victim));
        assert_false(request_spend_on_zone(request, &same));
        assert_true(request_spend_on_zone(request, &other));
        assert_int_equal(lone->metrics.budget_hits[LIMIT_ROW_MESSAGES_PER_ZONE], 1);
}

/* Sub-questions spend from the same purses, and their tree has a depth and a size. */
static void test_the_tree_of_sub_questions(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.test.", TYPE_A);
        struct task *task = request->root;
        struct name name = lone_name(lone, "x.test.");

        for (unsigned depth = 1; depth <= LIMIT_NESTING; depth++) {
                task = task_new(request, task, &name, TYPE_A, PURPOSE_KEYS);
                assert_non_null(task);
                assert_int_equal(task->depth, depth);
        }
        assert_null(task_new(request, task, &name, TYPE_A, PURPOSE_KEYS));
        assert_null(task_new(request, task, &name, TYPE_A, PURPOSE_KEYS));
        assert_int_equal(lone->metrics.budget_hits[LIMIT_ROW_NESTING], 1);
        unsigned count = request->task_count;
        while (task_new(request, request->root, &name, TYPE_A, PURPOSE_KEYS))
                count++;
        assert_int_equal(count, LIMIT_TASKS);
}

/* --- Time --------------------------------------------------------------------------------------------------------- */

static void ask(struct lone_desk *lone, uint64_t client)
{
        uint8_t query[QUERY_MAX];
        struct listener listener = listener_of(lone, client);
        const struct event event = {
                .kind = EVENT_QUESTION,
                .question = { .client = client,
                              .from = listener.from,
                              .transport = TRANSPORT_UDP,
                              .arrived_us = lone->now.mono_us,
                              .bytes = query,
                              .len = letter_ask("www.test.", TYPE_A, (uint16_t)client, 0, NULL, query) },
        };

        lone_feed(lone, &event);
}

/* One tick each 10 ms until something is answered, at most so long; how long it took. */
static unsigned wait_for_answer(struct lone_desk *lone, unsigned most_ms)
{
        const struct event tick = { .kind = EVENT_TICK };

        for (unsigned ms = 0; ms < most_ms; ms += 10) {
                if (lone_count(lone, ACTION_ANSWER))
                        return ms;
                lone_pass(lone, 10);
                lone_feed(lone, &tick);
        }
        return most_ms;
}

/* Silent servers: SERVFAIL for all who wait, at the latest 4.5 s after the first of them asked; all ends by 10 s. */
static void test_deadlines(void **state)
{
        struct lone_desk *lone = *state;

        ask(lone, 1);
        wait_for_answer(lone, 1000);
        assert_int_equal(lone_count(lone, ACTION_ANSWER), 0);
        ask(lone, 2);
        assert_int_equal(lone->metrics.joins[0], 1);
        unsigned waited = wait_for_answer(lone, 9000) + 1000;
        assert_in_range(waited, 1000, LIMIT_ANSWER_MS + 10);
        const struct action *answer = lone_last(lone, ACTION_ANSWER);
        assert_int_equal(answer->answer.bytes[3] & FLAG_RCODE_MASK, RCODE_SERVFAIL);
        wait_for_answer(lone, LIMIT_REQUEST_MS);
        lone_wait(lone, 7000);
        assert_null(lone->desk->first);
        assert_int_equal(lone->desk->flights.by_number.count, 0);
        assert_true(resolver_deadline(lone->resolver) == UINT64_MAX);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, desk_up, desk_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_guests_give_way),
                TEST(test_memory_is_like_places),
                TEST(test_ended_requests_leave_their_places),
                TEST(test_a_hundred_join),
                TEST(test_a_client_has_its_share),
                TEST(test_which_questions_are_equal),
                TEST(test_purses_never_refill),
                TEST(test_zone_purses),
                TEST(test_the_tree_of_sub_questions),
                TEST(test_deadlines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
