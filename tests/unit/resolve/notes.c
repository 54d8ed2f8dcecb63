/*
 * The notebook: what a request found out is found again, by name in any case, by type and by route; the last note
 * counts.
 */
#include "resolve/notes.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct bench {
        struct arena arena;
        struct notes notes;
};

static int bench_up(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        arena_init(&bench->arena, 1 << 20);
        *state = bench;
        return 0;
}

static int bench_down(void **state)
{
        struct bench *bench = *state;

        arena_fini(&bench->arena);
        free(bench);
        return 0;
}

static struct name name_of(struct bench *bench, const char *text)
{
        struct name name;

        assert_int_equal(name_from_text(text, arena_alloc(&bench->arena, NAME_WIRE_MAX), &name), ERR_OK);
        return name;
}

static void put(struct bench *bench, cache_partition partition, const char *text, uint16_t type,
                const struct finding *finding)
{
        struct name name = name_of(bench, text);

        assert_true(notes_put(&bench->notes, &bench->arena, partition, &name, type, finding));
}

static const struct finding *get(struct bench *bench, cache_partition partition, const char *text, uint16_t type)
{
        struct name name = name_of(bench, text);

        return notes_get(&bench->notes, partition, &name, type);
}

static void test_findings(void **state)
{
        static const struct finding set = { .kind = FINDING_SET }, none = { .kind = FINDING_NODATA };
        struct bench *bench = *state;

        assert_null(get(bench, 0, "a.test.", TYPE_A));
        put(bench, 0, "a.test.", TYPE_A, &set);
        put(bench, 0, "a.test.", TYPE_AAAA, &none);
        assert_ptr_equal(get(bench, 0, "a.test.", TYPE_A), &set);
        assert_ptr_equal(get(bench, 0, "A.tEsT.", TYPE_A), &set);
        assert_ptr_equal(get(bench, 0, "a.test.", TYPE_AAAA), &none);
        assert_null(get(bench, 0, "a.test.", TYPE_MX));
        assert_null(get(bench, 0, "b.a.test.", TYPE_A));
        assert_null(get(bench, 0, "test.", TYPE_A));
        assert_int_equal(bench->notes.count, 2);
}

static void test_routes_are_apart(void **state)
{
        static const struct finding set = { .kind = FINDING_SET };
        struct bench *bench = *state;

        put(bench, 7, "a.test.", TYPE_A, &set);
        assert_null(get(bench, 0, "a.test.", TYPE_A));
        assert_null(get(bench, 8, "a.test.", TYPE_A));
        assert_ptr_equal(get(bench, 7, "a.test.", TYPE_A), &set);
}

/* A name that does not exist has no type at all. */
static void test_nxdomain_counts_for_every_type(void **state)
{
        static const struct finding nxdomain = { .kind = FINDING_NXDOMAIN };
        struct bench *bench = *state;

        put(bench, 0, "gone.test.", TYPE_A, &nxdomain);
        assert_ptr_equal(get(bench, 0, "gone.test.", TYPE_A), &nxdomain);
        assert_ptr_equal(get(bench, 0, "gone.test.", TYPE_MX), &nxdomain);
        assert_null(get(bench, 0, "x.gone.test.", TYPE_A));
}

static void test_the_newest_counts(void **state)
{
        static const struct finding failure = { .kind = FINDING_FAILURE }, set = { .kind = FINDING_SET };
        struct bench *bench = *state;

        put(bench, 0, "a.test.", TYPE_A, &failure);
        put(bench, 0, "a.test.", TYPE_A, &set);
        assert_ptr_equal(get(bench, 0, "a.test.", TYPE_A), &set);
}

static void test_delegations(void **state)
{
        struct bench *bench = *state;
        struct delegation first = { .cut = name_of(bench, "zone.test.") }, second = first;
        struct name below = name_of(bench, "www.zone.test."), cut = name_of(bench, "ZONE.test.");

        assert_null(notes_get_delegation(&bench->notes, 0, &cut));
        assert_true(notes_put_delegation(&bench->notes, &bench->arena, 0, &first));
        assert_ptr_equal(notes_get_delegation(&bench->notes, 0, &cut), &first);
        assert_true(notes_put_delegation(&bench->notes, &bench->arena, 0, &second));
        assert_ptr_equal(notes_get_delegation(&bench->notes, 0, &cut), &second);
        assert_null(notes_get_delegation(&bench->notes, 0, &below));
        assert_null(notes_get_delegation(&bench->notes, 1, &cut));
        assert_null(get(bench, 0, "zone.test.", TYPE_NS)); /* never an answer to a question for NS */
}

static void test_names_that_are_no_cuts(void **state)
{
        struct bench *bench = *state;
        struct name name = name_of(bench, "b.zone.test."), same = name_of(bench, "B.zone.test."),
                    other = name_of(bench, "c.zone.test.");

        assert_false(notes_no_cut(&bench->notes, 0, &name));
        assert_true(notes_put_no_cut(&bench->notes, &bench->arena, 0, &name));
        assert_true(notes_no_cut(&bench->notes, 0, &same));
        assert_false(notes_no_cut(&bench->notes, 0, &other));
        assert_false(notes_no_cut(&bench->notes, 1, &name));
        assert_null(notes_get_delegation(&bench->notes, 0, &name));
}

static void test_a_full_arena(void **state)
{
        static const struct finding set = { .kind = FINDING_SET };
        struct bench *bench = *state;
        struct delegation delegation = { .cut = name_of(bench, "zone.test.") };
        struct name name = name_of(bench, "a.test.");
        struct arena full;

        arena_init(&full, 0);
        assert_false(notes_put(&bench->notes, &full, 0, &name, TYPE_A, &set));
        assert_false(notes_put_delegation(&bench->notes, &full, 0, &delegation));
        assert_false(notes_put_no_cut(&bench->notes, &full, 0, &name));
        assert_int_equal(bench->notes.count, 0);
        assert_null(get(bench, 0, "a.test.", TYPE_A));
        arena_fini(&full);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, bench_up, bench_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_findings),          TEST(test_routes_are_apart), TEST(test_nxdomain_counts_for_every_type),
                TEST(test_the_newest_counts), TEST(test_delegations),      TEST(test_names_that_are_no_cuts),
                TEST(test_a_full_arena),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
