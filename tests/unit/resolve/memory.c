/*
 * Running out of memory: allocation number n fails, for each n, in the whole life of a question, once or from then on.
 * The client gets an answer, SERVFAIL or nothing; nothing else is lost: when there is memory again the same question
 * is answered, and in the end everything is given back.
 *
 * malloc is replaced by one that can fail, and only while the resolver has control. A sanitizer that brings its own
 * does not allow that: there, the test is skipped.
 */
#include "authority/authority.h"
#include "lab_client.h"
#include "lone_desk.h"
#include "wire/codes.h"
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_FAIL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CAN_FAIL 0
#endif
#endif
#ifndef CAN_FAIL
#define CAN_FAIL 1
#endif

static bool armed;     /* allocations are counted, and may fail */
static long fuse = -1; /* those until one fails; negative: none does */
static bool for_good;  /* all further ones fail too */
static long held;      /* blocks that were not given back */

#if CAN_FAIL

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

static bool burns(void)
{
        if (!armed || fuse < 0)
                return false;
        if (fuse > 0) {
                fuse--;
                return false;
        }
        if (!for_good)
                fuse = -1;
        return true;
}

void *malloc(size_t size)
{
        void *block = burns() ? NULL : __libc_malloc(size);

        held += block != NULL;
        return block;
}

void *calloc(size_t count, size_t size)
{
        void *block = burns() ? NULL : __libc_calloc(count, size);

        held += block != NULL;
        return block;
}

void *realloc(void *old, size_t size)
{
        void *block = burns() ? NULL : __libc_realloc(old, size);

        held += !old && block;
        return block;
}

void free(void *block)
{
        held -= block != NULL;
        __libc_free(block);
}

#endif

/* --- A host that gives the resolver its turn ---------------------------------------------------------------------- */

enum {
        PENDING_MAX = 256,
        ZONES = 8,
        DELAY_MS = 20,
        LIFE_MS = 12000,
        RCODE_NONE = UINT16_MAX,
        ALLOCATIONS_MAX = 10000,
        SIGNED_STEP = 23
};

struct pending {
        uint32_t flight; /* 0: free */
        uint64_t at_us;
        uint8_t *bytes;
        size_t len;
};

struct world {
        struct lone_desk lone;
        struct authority *authority;
        struct pending pending[PENDING_MAX];
        struct check *check[PENDING_MAX];
        unsigned check_count;
        unsigned answers; /* that the client got */
        unsigned rcode;
        uint8_t room[AUTHORITY_MESSAGE_MAX];
};

static void forget_flight(struct world *world, uint32_t flight)
{
        for (unsigned i = 0; i < PENDING_MAX; i++)
                if (world->pending[i].flight == flight) {
                        free(world->pending[i].bytes);
                        world->pending[i].flight = 0;
                }
}

static void serve(struct world *world, const struct action *action)
{
        struct authority_address server = { .len = (uint8_t)address_len(&action->send.to.address) };
        struct authority_manner manner = { 0 };
        struct pending *pending = world->pending;

        memcpy(server.bytes, action->send.to.address.bytes, server.len);
        size_t len =
                authority_answer(world->authority, &server, action->send.transport == TRANSPORT_TCP, action->send.bytes,
                                 action->send.len, world->room, AUTHORITY_MESSAGE_MAX, &manner);
        while (pending < world->pending + PENDING_MAX && pending->flight)
                pending++;
        if (!len || pending == world->pending + PENDING_MAX)
                return;
        *pending = (struct pending){ action->send.flight, world->lone.now.mono_us + DELAY_MS * 1000, malloc(len), len };
        memcpy(pending->bytes, world->room, len);
}

static void perform(struct world *world, const struct action *action)
{
        switch (action->kind) {
        case ACTION_SEND: serve(world, action); break;
        case ACTION_RECALL: forget_flight(world, action->recall.flight); break;
        case ACTION_CHECK:
                assert_true(world->check_count < PENDING_MAX);
                world->check[world->check_count++] = action->check.job;
                break;
        case ACTION_ANSWER:
                world->answers++;
                world->rcode = load_u16(action->answer.bytes + 2) & FLAG_RCODE_MASK;
                break;
        case ACTION_DROP:
                world->answers++;
                world->rcode = RCODE_NONE;
                break;
        case ACTION_STORE:
        case ACTION_RECORD:
        case ACTION_EXPLAIN: break;
        case ACTION_PUBLISH: break;
        }
}

/* The resolver has control, and its allocations may fail. */
static void feed(struct world *world, const struct event *event)
{
        struct action action;

        armed = true;
        resolver_feed(world->lone.resolver, event, world->lone.now);
        armed = false;
        while (resolver_next(world->lone.resolver, &action))
                perform(world, &action);
        lone_settle(&world->lone);
}

static void do_checks(struct world *world)
{
        while (world->check_count) {
                struct check *check = world->check[--world->check_count];
                const struct event checked = { .kind = EVENT_CHECKED, .checked = { check->number, check_run(check) } };

                check_free(check);
                feed(world, &checked);
        }
}

static struct pending *next_pending(struct world *world)
{
        struct pending *next = NULL;

        for (unsigned i = 0; i < PENDING_MAX; i++)
                if (world->pending[i].flight && (!next || world->pending[i].at_us < next->at_us))
                        next = &world->pending[i];
        return next;
}

static void deliver(struct world *world, struct pending *pending)
{
        struct pending due = *pending;
        const struct event reply = { .kind = EVENT_REPLY,
                                     .reply = { due.flight, world->lone.now.mono_us, due.bytes, due.len } };

        pending->flight = 0;
        feed(world, &reply);
        free(due.bytes);
}

/* Let things happen until that time. */
static void run_until(struct world *world, uint64_t end_us)
{
        const struct event tick = { .kind = EVENT_TICK };

        for (;;) {
                uint64_t deadline_ms = resolver_deadline(world->lone.resolver);
                uint64_t tick_us = deadline_ms > end_us / 1000 ? end_us : deadline_ms * 1000;
                struct pending *pending = next_pending(world);
                uint64_t next_us = pending && pending->at_us < tick_us ? pending->at_us : tick_us;

                if (next_us >= end_us)
                        break;
                if (next_us > world->lone.now.mono_us)
                        world->lone.now.mono_us = next_us;
                if (pending && pending->at_us <= next_us)
                        deliver(world, pending);
                else
                        feed(world, &tick);
                do_checks(world);
        }
        world->lone.now.mono_us = end_us;
}

static void ask(struct world *world, uint64_t n)
{
        uint8_t query[LAB_QUERY_MAX];
        size_t len = lab_query(world->authority, n, query);
        const struct event question = {
                .kind = EVENT_QUESTION,
                .question = { .client = 1,
                              .from = { lone_address("127.0.0.1"), 4000 },
                              .to = lone_address("127.0.0.1"),
                              .transport = TRANSPORT_TCP,
                              .arrived_us = world->lone.now.mono_us,
                              .bytes = query,
                              .len = len },
        };

        world->answers = 0;
        world->rcode = RCODE_NONE;
        feed(world, &question);
        do_checks(world);
        run_until(world, world->lone.now.mono_us + LIFE_MS * 1000);
}

/* --- The tests ---------------------------------------------------------------------------------------------------- */

/* Ask question q while allocation n fails; then once more with memory. False: there were fewer allocations. */
static bool play(const char *yaml, struct authority *authority, uint64_t q, long n, unsigned wanted)
{
        static struct world world;
        bool burnt;

        memset(&world, 0, sizeof(world));
        world.authority = authority;
        lone_open(&world.lone, yaml, 1);
        fuse = n;
        ask(&world, q);
        burnt = fuse <= 0;
        fuse = -1;
        assert_true(world.answers <= 1);
        assert_true(world.rcode == wanted || world.rcode == RCODE_SERVFAIL || world.rcode == RCODE_NONE);
        assert_null(world.lone.desk->first);
        assert_int_equal(world.lone.desk->flights.by_number.count, 0);

        world.lone.now.cache_s += 300; /* failures are forgotten by then */
        ask(&world, q);
        assert_int_equal(world.answers, 1);
        assert_int_equal(world.rcode, wanted);
        run_until(&world, world.lone.now.mono_us + 1000000);
        lone_close(&world.lone);
        return burnt;
}

static unsigned true_rcode(struct authority *authority, uint64_t q)
{
        static uint8_t truth[AUTHORITY_MESSAGE_MAX];
        uint8_t name[255];
        uint16_t type;

        authority_question(authority, q, name, &type);
        authority_truth(authority, name, type, truth);
        return truth[3] & FLAG_RCODE_MASK;
}

/* Each step-th allocation of question q in a cold resolver fails in its turn. The library for signatures keeps texts of
 * its errors, so what is held is only compared where nothing is signed. */
static void play_all(uint64_t q, const char *more, long step)
{
        const struct authority_settings lab = { .seed = 11, .wall_s = LONE_WALL_S };
        struct authority *authority = authority_generate(&lab, ZONES);
        char *yaml = lab_settings(authority, more);
        unsigned wanted = true_rcode(authority, q);
        long n = 0, before;

        play(yaml, authority, q, LONG_MAX, wanted); /* whoever allocates something once has done so afterwards */
        before = held;
        while (play(yaml, authority, q, n, wanted) && n < ALLOCATIONS_MAX)
                n += step;
        assert_true(n > 20 && n < ALLOCATIONS_MAX);
        if (step == 1)
                assert_int_equal(held, before);
        free(yaml);
        authority_free(authority);
}

/* An alias into another zone, a name two cuts deep, a wildcard, and a name that does not exist. */
static const uint64_t questions[] = { 0, 3, 4, 9 };

static void play_questions(bool no_memory_at_all)
{
        if (!CAN_FAIL)
                skip();
        for_good = no_memory_at_all;
        for (unsigned i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
                play_all(questions[i], "validation: no\n", 1);
                play_all(questions[i], "validation: yes\n", SIGNED_STEP);
        }
}

static void test_one_allocation_fails(void **state)
{
        (void)state;
        play_questions(false);
}

static void test_all_allocations_fail_from_one_on(void **state)
{
        (void)state;
        play_questions(true);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_allocation_fails),
                cmocka_unit_test(test_all_allocations_fail_from_one_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
