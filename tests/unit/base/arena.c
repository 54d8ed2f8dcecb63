/* The arena: zeroed and aligned memory, marks, the maximum, and failing allocations. */
#include "failing.h"
#include "base/arena.c"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void memory_is_zeroed_aligned_and_distinct(void **state)
{
        struct arena arena;
        uint8_t *last = NULL;

        (void)state;
        arena_init(&arena, 1 << 20);
        for (size_t size = 0; size < 300; size++) {
                uint8_t *p = arena_alloc(&arena, size);
                assert_non_null(p);
                assert_ptr_not_equal(p, last);
                assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
                for (size_t i = 0; i < size; i++)
                        assert_int_equal(p[i], 0);
                memset(p, 0xff, size); /* must not show in what comes next */
                last = p;
        }
        arena_fini(&arena);
        assert_int_equal(arena.total, 0);
}

static void memory_used_again_is_zeroed_again(void **state)
{
        struct arena arena;

        (void)state;
        arena_init(&arena, 1 << 20);
        struct arena_mark mark = arena_mark(&arena);
        memset(arena_alloc(&arena, 1000), 0xff, 1000);
        arena_reset(&arena, mark);
        uint8_t *p = arena_alloc(&arena, 1000);
        for (size_t i = 0; i < 1000; i++)
                assert_int_equal(p[i], 0);
        arena_fini(&arena);
}

static void total_never_exceeds_the_maximum(void **state)
{
        (void)state;
        for (size_t max = 0; max < 40000; max += 977) {
                struct arena arena;
                size_t got = 0;
                arena_init(&arena, max);
                while (arena_alloc(&arena, 100)) {
                        got += 100;
                        assert_true(arena.total <= max);
                }
                assert_true(got <= max);
                assert_true(max < 4096 || got >= max / 2);
                assert_null(arena_alloc(&arena, SIZE_MAX));
                assert_null(arena_alloc(&arena, SIZE_MAX - 8));
                arena_fini(&arena);
        }
}

/* What one has taken the others cannot have, until it is given back. */
static void arenas_share_a_pool(void **state)
{
        struct arena_pool pool = { .max = 100000 };
        struct arena one, other;

        (void)state;
        arena_init_in(&one, 1 << 20, &pool);
        arena_init_in(&other, 1 << 20, &pool);
        assert_null(arena_alloc(&one, 100000));
        assert_non_null(arena_alloc(&one, 60000));
        assert_int_equal(pool.used, one.total);
        assert_null(arena_alloc(&other, 60000));
        assert_non_null(arena_alloc(&other, 20000));
        assert_int_equal(pool.used, one.total + other.total);
        assert_true(pool.used <= pool.max);
        arena_reset(&one, (struct arena_mark){ .block = NULL });
        assert_int_equal(pool.used, one.total + other.total);
        arena_fini(&one);
        assert_int_equal(pool.used, other.total);
        assert_non_null(arena_alloc(&other, 50000));
        arena_fini(&other);
        assert_int_equal(pool.used, 0);
}

static void a_reset_forgets_what_came_after_the_mark(void **state)
{
        struct arena arena;

        (void)state;
        arena_init(&arena, 1 << 24);
        char *kept = arena_copy(&arena, "kept", 5);
        struct arena_mark mark = arena_mark(&arena);
        size_t used = arena_used(&arena);
        for (unsigned i = 0; i < 100; i++)
                assert_non_null(arena_alloc(&arena, 10000));
        arena_reset(&arena, mark);
        assert_string_equal(kept, "kept");
        assert_int_equal(arena_used(&arena), used);
        arena_fini(&arena);
}

static void a_reset_keeps_the_largest_block(void **state)
{
        struct arena arena;

        (void)state;
        arena_init(&arena, 1 << 24);
        struct arena_mark mark = arena_mark(&arena);
        assert_non_null(arena_alloc(&arena, 100));
        assert_non_null(arena_alloc(&arena, 100000));
        arena_reset(&arena, mark);
        allocations_left = 0;
        for (unsigned i = 0; i < 1000; i++) { /* a request after the other needs no malloc */
                assert_non_null(arena_alloc(&arena, 50000));
                assert_non_null(arena_alloc(&arena, 40000));
                arena_reset(&arena, mark);
        }
        allocations_left = SIZE_MAX;
        assert_true(arena.total > 100000 && arena.total < 250000);
        arena_fini(&arena);
}

static void marks_nest(void **state)
{
        struct arena arena;

        (void)state;
        arena_init(&arena, 1 << 20);
        struct arena_mark outer = arena_mark(&arena);
        char *a = arena_copy(&arena, "a", 2);
        struct arena_mark inner = arena_mark(&arena);
        for (unsigned i = 0; i < 10; i++) {
                assert_non_null(arena_alloc(&arena, 3000));
                arena_reset(&arena, inner);
                assert_string_equal(a, "a");
        }
        arena_reset(&arena, outer);
        assert_int_equal(arena_used(&arena), 0);
        arena_fini(&arena);
}

static void used_counts_rounded_allocations(void **state)
{
        struct arena arena;

        (void)state;
        arena_init(&arena, 1 << 20);
        assert_int_equal(arena_used(&arena), 0);
        assert_non_null(arena_alloc(&arena, 1));
        assert_non_null(arena_alloc(&arena, 17));
        assert_non_null(arena_alloc(&arena, 10000));
        assert_int_equal(arena_used(&arena), 16 + 32 + 10000);
        arena_fini(&arena);
}

static void any_allocation_may_fail(void **state)
{
        (void)state;
        for (size_t n = 0; n < 5; n++) {
                struct arena arena;
                unsigned got = 0;
                arena_init(&arena, 1 << 20);
                allocations_left = n;
                while (got < 1000 && arena_copy(&arena, "0123456789abcdef", 16))
                        got++;
                allocations_left = SIZE_MAX;
                assert_int_equal(got == 0, n == 0);
                assert_non_null(arena_alloc(&arena, 5000)); /* and works again when there is memory */
                arena_fini(&arena);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(memory_is_zeroed_aligned_and_distinct),
                cmocka_unit_test(memory_used_again_is_zeroed_again),
                cmocka_unit_test(total_never_exceeds_the_maximum),
                cmocka_unit_test(arenas_share_a_pool),
                cmocka_unit_test(a_reset_forgets_what_came_after_the_mark),
                cmocka_unit_test(a_reset_keeps_the_largest_block),
                cmocka_unit_test(marks_nest),
                cmocka_unit_test(used_counts_rounded_allocations),
                cmocka_unit_test(any_allocation_may_fail),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
