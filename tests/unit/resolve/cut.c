/*
 * Which servers are asked: stub and forward zones by the longest match, routes that share nothing, the deepest
 * delegation of the notes, the cache and the hints, and glue.
 */
#include "resolve/cut.h"
#include "cache/cache.h"
#include "lone_desk.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char settings[] = "root-hints: [\"a.root. 192.0.2.1\", \"a.root. 2001:db8::1\", \"b.root. 192.0.2.2\"]\n"
                               "stub-zones:\n"
                               "  - {name: stub.test, addresses: [192.0.2.10]}\n"
                               "  - {name: deep.forward.test, addresses: [192.0.2.11]}\n"
                               "forward-zones:\n"
                               "  - {name: forward.test, addresses: [192.0.2.20]}\n"
                               "  - {name: below.stub.test, addresses: [192.0.2.21]}\n";

static int desk_up(void **state)
{
        static struct lone_desk lone;

        lone_open(&lone, settings, 1);
        *state = &lone;
        return 0;
}

static int desk_down(void **state)
{
        lone_close(*state);
        return 0;
}

/* --- Routes ------------------------------------------------------------------------------------------------------- */

static void test_routes(void **state)
{
        static const struct {
                const char *name;
                uint16_t type;
                const char *route, *without_forwarders; /* NULL: iteration */
        } rows[] = {
                { "example.", TYPE_A, NULL, NULL },
                { "test.", TYPE_A, NULL, NULL },
                { "stub.test.", TYPE_A, "stub.test.", "stub.test." },
                { "STUB.test.", TYPE_A, "stub.test.", "stub.test." },
                { "www.stub.test.", TYPE_A, "stub.test.", "stub.test." },
                { "xstub.test.", TYPE_A, NULL, NULL },
                { "below.stub.test.", TYPE_A, "below.stub.test.", "stub.test." },
                { "a.below.stub.test.", TYPE_A, "below.stub.test.", "stub.test." },
                { "forward.test.", TYPE_MX, "forward.test.", NULL },
                { "a.forward.test.", TYPE_A, "forward.test.", NULL },
                { "deep.forward.test.", TYPE_A, "deep.forward.test.", "deep.forward.test." },
                { "a.deep.forward.test.", TYPE_A, "deep.forward.test.", "deep.forward.test." },
                /* A DS set lies above the cut: the question for it goes the way of the name above. */
                { "stub.test.", TYPE_DS, NULL, NULL },
                { "www.stub.test.", TYPE_DS, "stub.test.", "stub.test." },
                { "below.stub.test.", TYPE_DS, "stub.test.", "stub.test." },
                { "deep.forward.test.", TYPE_DS, "forward.test.", NULL },
                { ".", TYPE_DS, NULL, NULL },
        };
        struct lone_desk *lone = *state;
        const struct settings *s = lone->policy->settings;

        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct name name = lone_name(lone, rows[i].name);

                for (unsigned without = 0; without < 2; without++) {
                        const struct zone_setting *zone = cut_route(s, &name, rows[i].type, without);
                        const char *expected = without ? rows[i].without_forwarders : rows[i].route;
                        char text[NAME_TEXT_MAX] = "iteration";

                        if (zone)
                                name_text(&zone->name, text);
                        assert_string_equal(text, expected ? expected : "iteration");
                }
        }
}

/* The route of a name under other settings, as a partition. */
static cache_partition partition_under(const char *yaml, const char *text)
{
        struct lone_desk lone;

        lone_open(&lone, yaml, 1);
        struct name name = lone_name(&lone, text);
        const struct settings *s = lone.policy->settings;
        cache_partition partition = cut_partition(s, cut_route(s, &name, TYPE_A, false));
        lone_close(&lone);
        return partition;
}

static void test_partitions(void **state)
{
        static const char *const different[] = {
                "stub-zones: [{name: z.test, addresses: [192.0.2.1]}]\n",
                "forward-zones: [{name: z.test, addresses: [192.0.2.1]}]\n",
                "forward-zones: [{name: z.test, addresses: [192.0.2.2]}]\n",
                "forward-zones: [{name: z.test, addresses: [192.0.2.1@5300]}]\n",
                "forward-zones: [{name: z.test, addresses: [192.0.2.1, 192.0.2.2]}]\n",
                "forward-zones: [{name: test, addresses: [192.0.2.1]}]\n",
        };
        enum { COUNT = sizeof(different) / sizeof(different[0]) };
        cache_partition partition[COUNT];

        (void)state;
        assert_int_equal(partition_under(different[0], "other.test."), 0);
        for (unsigned i = 0; i < COUNT; i++) {
                partition[i] = partition_under(different[i], "www.z.test.");
                assert_int_not_equal(partition[i], 0);
                for (unsigned k = 0; k < i; k++)
                        assert_true(partition[i] != partition[k]);
        }
        /* A reload that only moves things around keeps what was learned. */
        assert_true(partition[1] == partition_under("forward-zones: [{name: a.test, addresses: [192.0.2.9]}, "
                                                    "{name: Z.Test, addresses: [192.0.2.1]}]\n",
                                                    "z.test."));
}

/* --- The deepest delegation --------------------------------------------------------------------------------------- */

static struct delegation *delegation_at(struct lone_desk *lone, const char *cut, const char *server, const char *glue)
{
        struct delegation *d = arena_alloc(&lone->arena, sizeof(*d));

        d->cut = lone_name(lone, cut);
        d->stored_at = lone->now.cache_s;
        d->ends_at = lone->now.cache_s + 3600;
        d->server_count = 1;
        d->server[0].name = lone_name(lone, server);
        if (glue)
                d->server[0].address[d->server[0].address_count++] = lone_address(glue);
        return d;
}

static void note(struct request *request, struct delegation *d)
{
        assert_true(notes_put_delegation(&request->notes, &request->arena, 0, d));
}

static void expect_cut(struct lone_desk *lone, struct request *request, const char *name, uint16_t type,
                       const char *above, const char *expected, enum cut_source source)
{
        struct name sname = lone_name(lone, name),
                    barred = above ? lone_name(lone, above) : (struct name){ .wire = NULL };
        char text[NAME_TEXT_MAX];
        struct cut cut;

        assert_true(cut_find(request, &sname, type, above ? &barred : NULL, false, &cut));
        assert_string_equal(name_text(&cut.delegation->cut, text), expected);
        assert_string_equal(cut_source_word(cut.source), cut_source_word(source));
        assert_int_equal(cut.recursive, source == CUT_FORWARD);
}

static void test_cuts(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.zone.test.", TYPE_A);

        expect_cut(lone, request, "www.zone.test.", TYPE_A, NULL, ".", CUT_HINTS);
        note(request, delegation_at(lone, "test.", "ns.test.", "192.0.2.30"));
        expect_cut(lone, request, "www.zone.test.", TYPE_A, NULL, "test.", CUT_NOTES);
        assert_true(
                cache_put_delegation(lone->desk->cache, 0, delegation_at(lone, "zone.test.", "ns.zone.test.", NULL)));
        expect_cut(lone, request, "www.zone.test.", TYPE_A, NULL, "zone.test.", CUT_CACHE);
        /* What was read from the cache once is noted: it cannot end in the middle of the question. */
        expect_cut(lone, request, "a.zone.test.", TYPE_A, NULL, "zone.test.", CUT_NOTES);
        expect_cut(lone, request, "zone.test.", TYPE_NS, NULL, "zone.test.", CUT_NOTES);
        expect_cut(lone, request, "zone.test.", TYPE_DS, NULL, "test.", CUT_NOTES);
        expect_cut(lone, request, "test.", TYPE_DS, NULL, ".", CUT_HINTS);
        expect_cut(lone, request, ".", TYPE_DS, NULL, ".", CUT_HINTS);
        expect_cut(lone, request, "xzone.test.", TYPE_A, NULL, "test.", CUT_NOTES);
        expect_cut(lone, request, "other.", TYPE_A, NULL, ".", CUT_HINTS);
        /* Barred: these proved useless. */
        expect_cut(lone, request, "www.zone.test.", TYPE_A, "zone.test.", "test.", CUT_NOTES);
        expect_cut(lone, request, "www.zone.test.", TYPE_A, "test.", ".", CUT_HINTS);
        expect_cut(lone, request, "www.zone.test.", TYPE_A, "www.zone.test.", "zone.test.", CUT_NOTES);
}

static void test_cuts_of_routes(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.stub.test.", TYPE_A);
        struct name stub = lone_name(lone, "www.stub.test.");
        cache_partition partition =
                cut_partition(lone->policy->settings, cut_route(lone->policy->settings, &stub, TYPE_A, false));

        /* Delegations of the iteration count for nothing here, be they ever so deep. */
        note(request, delegation_at(lone, "test.", "ns.test.", NULL));
        note(request, delegation_at(lone, "www.stub.test.", "ns.evil.example.", NULL));
        note(request, delegation_at(lone, "www.forward.test.", "ns.evil.example.", NULL));
        expect_cut(lone, request, "www.stub.test.", TYPE_A, NULL, "stub.test.", CUT_STUB);
        expect_cut(lone, request, "www.forward.test.", TYPE_A, NULL, "forward.test.", CUT_FORWARD);
        expect_cut(lone, request, "deep.forward.test.", TYPE_A, NULL, "deep.forward.test.", CUT_STUB);

        /* What the stub's own servers referred to does; but never what reaches above it. */
        assert_true(notes_put_delegation(&request->notes, &request->arena, partition,
                                         delegation_at(lone, "test.", "ns.evil.example.", NULL)));
        expect_cut(lone, request, "www.stub.test.", TYPE_A, NULL, "stub.test.", CUT_STUB);
        assert_true(notes_put_delegation(&request->notes, &request->arena, partition,
                                         delegation_at(lone, "www.stub.test.", "ns.www.stub.test.", NULL)));
        expect_cut(lone, request, "www.stub.test.", TYPE_A, NULL, "www.stub.test.", CUT_NOTES);
}

/* A question that is asked cold reads no cache. */
static void test_cold(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.zone.test.", TYPE_A);

        assert_true(
                cache_put_delegation(lone->desk->cache, 0, delegation_at(lone, "zone.test.", "ns.zone.test.", NULL)));
        request->ways.cold = true;
        expect_cut(lone, request, "www.zone.test.", TYPE_A, NULL, ".", CUT_HINTS);
}

static void test_hints(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.zone.test.", TYPE_A);
        struct name name = lone_name(lone, "example.");
        struct cut cut;

        assert_true(cut_find(request, &name, TYPE_A, NULL, false, &cut));
        assert_int_equal(cut.delegation->server_count, 2);
        assert_int_equal(cut.delegation->server[0].address_count, 2);
        assert_int_equal(cut.delegation->server[1].address_count, 1);
        assert_true(cut.delegation->ends_at == UINT64_MAX);
}

/* --- Glue --------------------------------------------------------------------------------------------------------- */

static void test_glue(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.zone.test.", TYPE_A);
        struct name server = lone_name(lone, "ns.zone.test."), unknown = lone_name(lone, "ns2.zone.test."),
                    elsewhere = lone_name(lone, "ns.other.example.");
        struct address out[DELEGATION_NAME_ADDRESSES];

        assert_int_equal(cut_glue(request, 0, &server, out, DELEGATION_NAME_ADDRESSES), 0);
        note(request, delegation_at(lone, "test.", "ns.zone.test.", "192.0.2.40"));
        note(request, delegation_at(lone, "zone.test.", "ns.zone.test.", "192.0.2.41"));
        note(request, delegation_at(lone, "third.example.", "ns.other.example.", "203.0.113.66"));
        assert_int_equal(cut_glue(request, 0, &server, out, DELEGATION_NAME_ADDRESSES), 1);
        assert_int_equal(out[0].bytes[3], 41); /* of the closest delegation */
        assert_int_equal(cut_glue(request, 0, &server, out, 0), 0);
        assert_int_equal(cut_glue(request, 1, &server, out, DELEGATION_NAME_ADDRESSES), 0);
        assert_int_equal(cut_glue(request, 0, &unknown, out, DELEGATION_NAME_ADDRESSES), 0);
        /* Not that of a delegation beside the name: a stranger said it. */
        assert_int_equal(cut_glue(request, 0, &elsewhere, out, DELEGATION_NAME_ADDRESSES), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, desk_up, desk_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_routes), TEST(test_partitions), TEST(test_cuts), TEST(test_cuts_of_routes),
                TEST(test_cold),   TEST(test_hints),      TEST(test_glue),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
