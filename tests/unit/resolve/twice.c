/*
 * A state that waits looks first and acts last: when it is run again with nothing new noted in between, it spends
 * nothing, sends nothing, traces nothing, rolls no dice and starts nothing.
 *
 * A small Internet answers, half of it signed, with some of its messages lost. After every event all tasks are woken
 * for no reason, until a round has brought no news; the next one must leave everything as it is. The test also counts
 * that it met every form of waiting.
 */
#include "authority/authority.h"
#include "lab_client.h"
#include "lone_desk.h"
#include "virtual.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
        ZONES = 60,
        QUESTIONS = 400,
        WALL_S = 1750000000,
        DELAY_US = 20000,
        SPACING_US = 30000,
        LONG_US = 12000000,
        LOST_PERCENT = 15,
        WAITING_MAX = 1024,
        ROUNDS_MAX = 20
};

/* The forms of waiting. */
enum form { WAITS_FOR_ADDRESSES, WAITS_FOR_REPLY, WAITS_FOR_KEYS, WAITS_FOR_CHECKS, FORMS };

struct world {
        struct virtual *v;
        struct authority *authority;
        struct rng dice;
        unsigned met[FORMS];
        unsigned answered;
        bool shaking;
        uint8_t answer[AUTHORITY_MESSAGE_MAX];
};

/* --- What may not change ------------------------------------------------------------------------------------------ */

struct snapshot {
        uint64_t spent[PURSE_COUNT];
        uint64_t zone_messages, sent, blocks;
        struct rng rng;
        size_t trace_len;
        unsigned tasks, notes, checks, failed, in_message, empty;
        unsigned awaits, attempts, closed, judged, labels;
        enum task_state state;
};

static struct snapshot snapshot_of(const struct task *task)
{
        const struct request *request = task->request;
        struct snapshot s;

        memset(&s, 0, sizeof(s)); /* padding too: it is compared as bytes */
        memcpy(s.spent, request->spent, sizeof(s.spent));
        for (const struct zone_purse *purse = request->zones; purse; purse = purse->next)
                s.zone_messages += purse->messages;
        s.sent = request->desk->flights.sent;
        s.blocks = request->nsec3_blocks;
        s.rng = request->desk->rng;
        s.trace_len = request->trace.len + request->trace.lost;
        s.tasks = request->task_count;
        s.notes = request->notes.count;
        s.checks = request->verify_budget.checks;
        s.failed = request->verify_budget.failed;
        s.in_message = task->message_checks;
        s.empty = request->empty;
        s.awaits = task->await_count;
        s.attempts = task->attempt_count;
        s.closed = task->closed_count;
        s.judged = task->judged;
        s.labels = task->minimise_steps;
        s.state = task->state;
        return s;
}

static enum form form_of(const struct task *task)
{
        if (task->state == TASK_CHOOSE)
                return WAITS_FOR_ADDRESSES;
        if (task->state == TASK_FLIGHT)
                return WAITS_FOR_REPLY;
        return task->awaited_check ? WAITS_FOR_CHECKS : WAITS_FOR_KEYS;
}

/* The last step of a trace, for the message of a failure. */
static const char *last_step(const struct request *request, char out[STEP_TEXT_MAX])
{
        struct trace_view trace;
        struct step_view step;
        size_t at = 0;

        *out = 0;
        if (trace_open(request->trace.bytes, request->trace.len, &trace) == ERR_OK)
                while (trace_next(&trace, &at, &step))
                        step_text(&step, out, STEP_TEXT_MAX);
        return out;
}

/* Everything that waits, each task with what may not change; they come in the same order as long as nothing is new. */
struct picture {
        unsigned count;
        uint64_t news; /* what was noted, stored or ended so far */
        const struct task *task[WAITING_MAX];
        struct snapshot snapshot[WAITING_MAX];
};

static void take_picture(const struct world *world, const struct desk *desk, struct picture *out)
{
        out->count = 0;
        out->news = desk->metrics->puts[0] + world->answered;
        for (const struct request *request = desk->first; request; request = request->next) {
                out->news += request->notes.count;
                for (const struct task *task = request->tasks; task; task = task->next) {
                        out->news += task->done;
                        if (task->done || out->count == WAITING_MAX)
                                continue;
                        out->task[out->count] = task;
                        out->snapshot[out->count++] = snapshot_of(task);
                }
        }
}

static void wake_all(struct desk *desk)
{
        for (struct request *request = desk->first; request; request = request->next)
                for (struct task *task = request->tasks; task; task = task->next)
                        task_wake(task);
}

static void expect_same(struct world *world, const struct picture *before, const struct picture *after)
{
        char name[NAME_TEXT_MAX], text[STEP_TEXT_MAX];

        assert_int_equal(before->count, after->count);
        for (unsigned i = 0; i < before->count; i++) {
                const struct task *task = before->task[i];

                assert_ptr_equal(task, after->task[i]);
                if (memcmp(&before->snapshot[i], &after->snapshot[i], sizeof(before->snapshot[i])))
                        fail_msg("%s of %s, type %u, changed something; last step: %s", task_state_word(task->state),
                                 name_text(&task->sname, name), task->qtype, last_step(task->request, text));
                world->met[form_of(task)]++;
        }
}

/* Hook: an event is over, and all that is left waits. */
static void event_is_over(void *context)
{
        static struct picture before, after;
        struct world *world = context;
        struct desk *desk = (struct desk *)(void *)virtual_resolver(world->v);
        bool news = true;

        if (world->shaking)
                return;
        world->shaking = true;
        take_picture(world, desk, &before);
        for (unsigned round = 0; round < ROUNDS_MAX; round++) {
                wake_all(desk);
                virtual_tick(world->v);
                take_picture(world, desk, &after);
                if (!news && after.news == before.news) {
                        expect_same(world, &before, &after);
                        assert_int_equal(desk->actions.count, 0);
                }
                if (!news)
                        break;
                assert_true(round + 1 < ROUNDS_MAX);
                news = after.news != before.news;
                before = after;
        }
        world->shaking = false;
}

/* --- The Internet ------------------------------------------------------------------------------------------------- */

static void server_gets(void *context, const struct action *send)
{
        struct world *world = context;
        struct authority_address server = { .len = (uint8_t)address_len(&send->send.to.address) };
        struct authority_manner manner = { 0 };
        bool tcp = send->send.transport == TRANSPORT_TCP;
        uint64_t delay_us = DELAY_US + rng_below(&world->dice, DELAY_US);

        memcpy(server.bytes, send->send.to.address.bytes, server.len);
        size_t len = authority_answer(world->authority, &server, tcp, send->send.bytes, send->send.len, world->answer,
                                      AUTHORITY_MESSAGE_MAX, &manner);
        if (len && (tcp || rng_below(&world->dice, 100) >= LOST_PERCENT))
                virtual_deliver(world->v, send->send.flight, delay_us, world->answer, len);
}

static void client_gets(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct world *world = context;

        (void)client;
        (void)len;
        world->answered += bytes != NULL;
}

static void ask(struct world *world, uint64_t n)
{
        const struct endpoint from = { .address = { .family = 4, .bytes = { 127, 0, 0, 1 } }, .port = 4000 };
        uint8_t query[LAB_QUERY_MAX];
        size_t len = lab_query(world->authority, n, query);

        virtual_ask(world->v, n + 1, &from, TRANSPORT_TCP, query, len);
}

static bool run_until_quiet(struct world *world, uint64_t us)
{
        uint64_t end_us = virtual_now(world->v).mono_us + us;

        while (virtual_step(world->v, end_us))
                ;
        return virtual_pending(world->v) == 0;
}

/* Every third server misbehaves in one of these ways, that is, where there is a resolver to be kept waiting. */
static void spoil(struct authority *authority, const char *const *ways, unsigned way_count)
{
        size_t count = authority_server_count(authority);

        for (size_t i = 0; way_count && i < count; i += 3)
                assert_true(authority_misbehave(authority, i, ways[(i / 3) % way_count]));
}

/* Ask it all in a world of its own; what was met is added up. */
static void play(struct world *world, uint64_t seed, const char *more, const char *const *ways, unsigned way_count)
{
        const struct authority_settings lab = { .seed = seed, .wall_s = WALL_S };
        const struct virtual_hooks hooks = { world, server_gets, client_gets, NULL };
        char complaint[VIRTUAL_COMPLAINT_MAX] = "", *yaml;
        uint8_t dice[RNG_SEED_LEN] = "twice";

        rng_init(&world->dice, dice);
        world->answered = 0;
        world->authority = authority_generate(&lab, ZONES);
        spoil(world->authority, ways, way_count);
        yaml = lab_settings(world->authority, more);
        world->v = virtual_new(yaml, WALL_S, seed, &hooks, complaint);
        assert_string_equal(complaint, "");
        virtual_watch(world->v, event_is_over, world);
        for (uint64_t n = 0; n < QUESTIONS; n++) {
                ask(world, n);
                run_until_quiet(world, SPACING_US);
        }
        assert_true(run_until_quiet(world, LONG_US));
        assert_int_equal(world->answered, QUESTIONS);
        virtual_free(world->v);
        authority_free(world->authority);
        free(yaml);
}

static void test_waiting_costs_nothing(void **state)
{
        static const char *const ways[] = {
                "silent", "rcode=2",   "truncate",   "slow=700",     "tcp-refuse",      "malformed",
                "upward", "lowercase", "forge-id=2", "formerr-edns", "cookie-required", "wrong-question",
        };
        static struct world world;

        (void)state;
        play(&world, 11, "", NULL, 0);
        play(&world, 12, "query-minimization: no\ndo-ip6: no\n", NULL, 0);
        play(&world, 13, "do-not-query: [fd53::/16, 10.0.0.0/24]\n", NULL, 0);
        play(&world, 14, "", ways, sizeof(ways) / sizeof(ways[0]));
        play(&world, 15, "do-ip4: no\nhedging: no\n", ways, 3);
        print_message("met: %u for addresses, %u for replies, %u for keys, %u for checks\n",
                      world.met[WAITS_FOR_ADDRESSES], world.met[WAITS_FOR_REPLY], world.met[WAITS_FOR_KEYS],
                      world.met[WAITS_FOR_CHECKS]);
        for (unsigned form = 0; form < FORMS; form++)
                assert_true(world.met[form] > 100);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_waiting_costs_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
