/*
 * Prefetch: when something is due, what is wished for then, and what keeps the load down.
 */
#include "resolve/prefetch.h"
#include "lone_desk.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int desk_up(void **state)
{
        static struct lone_desk lone;

        lone_open(&lone, "validation: no\nprefetch: yes\n", 1);
        *state = &lone;
        return 0;
}

static int desk_down(void **state)
{
        lone_close(*state);
        return 0;
}

/* Found now, with so much of its life left. */
static struct finding found_with(const struct lone_desk *lone, uint16_t type, uint64_t life_s, uint64_t left_s)
{
        return (struct finding){ .kind = FINDING_SET,
                                 .set = { .type = type },
                                 .stored_at = lone->now.cache_s + left_s - life_s,
                                 .ends_at = lone->now.cache_s + left_s };
}

static void test_when_it_is_due(void **state)
{
        static const struct {
                uint64_t life_s, due_after_s; /* 0: never */
        } rows[] = { { 10, 9 }, { 9, 0 }, { 300, 270 }, { 86400, 77760 }, { 19, 18 }, { 0, 0 } };

        (void)state;
        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct finding found = { .kind = FINDING_SET,
                                         .set = { .type = TYPE_A },
                                         .stored_at = 1000,
                                         .ends_at = 1000 + rows[i].life_s };

                uint64_t due_at = rows[i].due_after_s ? 1000 + rows[i].due_after_s : UINT64_MAX;
                assert_true(prefetch_due_at(&found) == due_at);
                found.stale = true;
                assert_true(prefetch_due_at(&found) == UINT64_MAX);
                found.stale = false;
                found.set.type = TYPE_NS;
                assert_true(prefetch_due_at(&found) == UINT64_MAX);
                found.kind = FINDING_FAILURE;
                assert_true(prefetch_due_at(&found) == UINT64_MAX);
        }
}

/* On the shelf until it is due; then for short whiles, so that the store is looked at now and then. */
static void test_on_the_shelf(void **state)
{
        struct lone_desk *lone = *state;
        struct finding early = found_with(lone, TYPE_A, 300, 200);
        struct finding late = found_with(lone, TYPE_A, 300, 20);

        assert_int_equal(prefetch_shelf_until(lone->desk, &early), lone->now.cache_s + 170);
        assert_int_equal(prefetch_shelf_until(lone->desk, &late), lone->now.cache_s + LIMIT_PREFETCH_AGAIN_S);
}

static void test_wishes(void **state)
{
        struct lone_desk *lone = *state;
        struct prefetch *prefetch = &lone->desk->prefetch;
        struct task *task = lone_request(lone, "WWW.example.", TYPE_A)->root;
        struct finding early = found_with(lone, TYPE_A, 300, 31);
        struct finding late = found_with(lone, TYPE_A, 300, 30);

        prefetch_consider(task, &early, 1);
        assert_int_equal(prefetch->wish_count, 0);
        prefetch_consider(task, &late, 1);
        prefetch_consider(task, &late, 1);
        assert_int_equal(prefetch->wish_count, 1);
        assert_int_equal(prefetch->wish[0].left_s, 30);
        assert_int_equal(prefetch->wish[0].type, TYPE_A);
        struct name lower = lone_name(lone, "www.example.");
        assert_true(name_equal_case(&prefetch->wish[0].name, &lower));
        for (uint64_t entry = 2; entry < 100; entry++)
                prefetch_consider(task, &late, entry);
        assert_int_equal(prefetch->wish_count, PREFETCH_WISHES_MAX);
        prefetch_start(lone->desk);
        assert_int_equal(prefetch->wish_count, 0);
        assert_int_equal(prefetch->under_way, PREFETCH_WISHES_MAX);
        assert_int_equal(lone->metrics.prefetches[0], PREFETCH_WISHES_MAX);
        while (lone->desk->first)
                request_end(lone->desk->first);
        assert_int_equal(prefetch->under_way, 0);
}

/* What was tried rests for a while. */
static void test_tried_again_later(void **state)
{
        struct lone_desk *lone = *state;
        struct prefetch *prefetch = &lone->desk->prefetch;
        struct finding late = found_with(lone, TYPE_A, 3000, 200);
        struct task *task = lone_request(lone, "www.example.", TYPE_A)->root;

        prefetch_consider(task, &late, 7);
        prefetch->wish_count = 0;
        lone_pass(lone, (LIMIT_PREFETCH_AGAIN_S - 1) * 1000);
        prefetch_consider(task, &late, 7);
        assert_int_equal(prefetch->wish_count, 0);
        lone_pass(lone, 1000);
        prefetch_consider(task, &late, 7);
        assert_int_equal(prefetch->wish_count, 1);
}

/* Clients come first, and there is an end to it. */
static void test_no_more_than_so_many(void **state)
{
        struct lone_desk *lone = *state;
        struct finding late = found_with(lone, TYPE_A, 300, 30);
        struct task *task = lone_request(lone, "www.example.", TYPE_A)->root;

        for (uint64_t entry = 1; entry <= LIMIT_PREFETCHES + 10; entry++) {
                prefetch_consider(task, &late, entry);
                prefetch_start(lone->desk);
        }
        assert_int_equal(lone->desk->prefetch.under_way, LIMIT_PREFETCHES);
        assert_int_equal(lone->metrics.budget_hits[LIMIT_ROW_PREFETCHES], 10);
}

/* A zone's keys with the DS set above them; the root has none. A prefetch wishes for nothing of its own chain. */
static void test_keys(void **state)
{
        struct lone_desk *lone = *state;
        struct prefetch *prefetch = &lone->desk->prefetch;
        struct task *task = lone_request(lone, "www.example.", TYPE_A)->root;
        struct name zone = lone_name(lone, "example.");
        uint64_t now_s = lone->now.cache_s;

        prefetch_consider_keys(task, &zone, now_s - 100, now_s + 800);
        assert_int_equal(prefetch->wish_count, 0);
        prefetch_consider_keys(task, &zone, now_s - 1000, now_s + 100);
        prefetch_consider_keys(task, &zone, now_s - 1000, now_s + 100);
        assert_int_equal(prefetch->wish_count, 2);
        assert_int_equal(prefetch->wish[0].type, TYPE_DNSKEY);
        assert_int_equal(prefetch->wish[1].type, TYPE_DS);
        prefetch_consider_keys(task, &name_root, now_s - 1000, now_s + 100);
        assert_int_equal(prefetch->wish_count, 3);
        assert_int_equal(prefetch->wish[2].type, TYPE_DNSKEY);
        prefetch->wish_count = 0;
        task->request->prefetch = true;
        prefetch_consider_keys(task, &name_root, now_s - 2000, now_s + 200);
        assert_int_equal(prefetch->wish_count, 0);
        task->request->prefetch = false; /* it was not opened as one */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_up, desk_down)
        const struct CMUnitTest tests[] = {
                TEST(test_when_it_is_due), TEST(test_on_the_shelf),         TEST(test_wishes),
                TEST(test_tried_again_later), TEST(test_no_more_than_so_many), TEST(test_keys),
        };
#undef TEST
        return cmocka_run_group_tests(tests, NULL, NULL);
}
