/*
 * Negative answers out of hashed proofs learned for other questions: a whole zone, parts of one, what is not kept, and
 * what happens when the parameters change. The records are made up; nothing here checks signatures.
 */
#include "deny.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TTL = DENY_TTL };

static const struct deny_manner plain = { .algorithm = 1, .salt_len = 2 };

struct nsec3_row {
        const char *name;
        uint16_t types[DENY_TYPES_MAX];
        uint8_t hash[NSEC3_HASH_LEN];
};

static int by_hash(const void *a, const void *b)
{
        const struct nsec3_row *one = a, *two = b;

        return memcmp(one->hash, two->hash, NSEC3_HASH_LEN);
}

enum { HASHED_NAMES = 7 };

/* A whole chain; but for the records of the name left out. */
static void put_hashed_example(struct deny *bench, const struct deny_manner *manner, const char *without)
{
        struct nsec3_row rows[HASHED_NAMES] = {
                { .name = "example.", .types = { TYPE_SOA, TYPE_NS } },
                { .name = "www.example.", .types = { TYPE_A } },
                { .name = "ent.example." },
                { .name = "a.ent.example.", .types = { TYPE_A } },
                { .name = "cut.example.", .types = { TYPE_NS } },
                { .name = "wild.example." },
                { .name = "*.wild.example.", .types = { TYPE_A } },
        };
        struct rrset soa = deny_soa(bench, "example.", TTL);

        for (unsigned i = 0; i < HASHED_NAMES; i++)
                deny_hash(bench, rows[i].name, manner->salt_len, rows[i].hash);
        qsort(rows, HASHED_NAMES, sizeof(rows[0]), by_hash);
        for (unsigned i = 0; i < HASHED_NAMES; i++) {
                const uint8_t *next = rows[(i + 1) % HASHED_NAMES].hash;
                struct rrset set = deny_nsec3(bench, "example.", manner, rows[i].hash, next, rows[i].types);

                if (!without || strcmp(without, rows[i].name) != 0)
                        assert_int_equal(deny_put_set(bench, 0, "example.", &set, &soa), 1);
        }
}

/* Many names, so that each range of the chain is met, the last one from both of its sides. */
static void deny_many(struct deny *bench)
{
        for (unsigned i = 0; i < 200; i++) {
                char name[32];

                snprintf(name, sizeof(name), "n%u.example.", i);
                assert_int_equal(deny_kind(bench, "example.", name, TYPE_A), FINDING_NXDOMAIN);
        }
}

static void test_a_whole_zone_by_nsec3(void **state)
{
        static const struct deny_question rows[] = {
                { "www.example.", TYPE_A, FINDING_NONE },
                { "www.example.", TYPE_TXT, FINDING_NODATA },
                { "WWW.Example.", TYPE_TXT, FINDING_NODATA },
                { "example.", TYPE_TXT, FINDING_NODATA },
                { "example.", TYPE_DS, FINDING_NONE },
                { "ent.example.", TYPE_A, FINDING_NODATA },
                { "b.ent.example.", TYPE_A, FINDING_NXDOMAIN },
                { "cut.example.", TYPE_DS, FINDING_NODATA },
                { "cut.example.", TYPE_A, FINDING_NONE },
                { "www.cut.example.", TYPE_A, FINDING_NONE },
                { "any.wild.example.", TYPE_A, FINDING_NONE },
                { "any.wild.example.", TYPE_TXT, FINDING_NODATA },
                { "a.b.c.d.e.f.g.h.i.j.example.", TYPE_A, FINDING_NXDOMAIN },
                { "www.example.", 255, FINDING_NONE },
                { "other.", TYPE_A, FINDING_NONE },
        };
        struct deny *bench = *state;

        put_hashed_example(bench, &plain, NULL);
        DENY_ASK(bench, "example.", rows);
        deny_many(bench);
}

/* A zone whose names go deeper than we look: what is there is not denied, and what is found on the way is. */
static void test_nsec3_looks_only_so_deep(void **state)
{
        static const char *const names[] = {
                ".", "1.", "2.1.", "3.2.1.", "4.3.2.1.", "5.4.3.2.1.", "6.5.4.3.2.1.", "7.6.5.4.3.2.1.",
                "8.7.6.5.4.3.2.1.", "9.8.7.6.5.4.3.2.1.",
        };
        static const uint16_t types[DENY_TYPES_MAX] = { TYPE_A };
        struct deny *bench = *state;
        struct rrset soa = deny_soa(bench, ".", TTL);

        for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                uint8_t hash[NSEC3_HASH_LEN], next[NSEC3_HASH_LEN];

                deny_hash(bench, names[i], plain.salt_len, hash);
                memcpy(next, hash, sizeof(next));
                next[10]++;
                struct rrset set = deny_nsec3(bench, ".", &plain, hash, next, types);
                assert_int_equal(deny_put_set(bench, 0, ".", &set, &soa), 1);
        }
        assert_int_equal(deny_kind(bench, ".", "7.6.5.4.3.2.1.", TYPE_TXT), FINDING_NODATA);
        assert_int_equal(deny_kind(bench, ".", "8.7.6.5.4.3.2.1.", TYPE_TXT), FINDING_NONE);
        assert_int_equal(deny_kind(bench, ".", "9.8.7.6.5.4.3.2.1.", TYPE_TXT), FINDING_NONE);
        assert_int_equal(deny_kind(bench, ".", "x.1.", TYPE_TXT), FINDING_NONE);
}

/* Each record of a proof is needed. */
static void test_nsec3_records_missing(void **state)
{
        static const char *const names[] = { "example.", "ent.example.", "www.example." };
        struct deny *bench = *state;
        unsigned known = 0;

        put_hashed_example(bench, &plain, names[0]);
        for (unsigned i = 0; i < 50; i++) {
                char name[32];

                snprintf(name, sizeof(name), "n%u.example.", i);
                assert_int_equal(deny_kind(bench, "example.", name, TYPE_A), FINDING_NONE);
                snprintf(name, sizeof(name), "n%u.ent.example.", i);
                known += deny_kind(bench, "example.", name, TYPE_A) == FINDING_NXDOMAIN;
        }
        assert_true(known > 0);
        assert_int_equal(deny_kind(bench, "example.", "example.", TYPE_TXT), FINDING_NONE);
}

static void test_nsec3_that_is_not_kept(void **state)
{
        static const struct deny_manner rows[] = {
                { .algorithm = 2 }, { .algorithm = 1, .flags = 1 }, { .algorithm = 1, .flags = 2 },
                { .algorithm = 1, .iterations = 1 }, { .algorithm = 1, .salt_len = DENYING_SALT_MAX + 1 },
        };
        static const uint16_t types[DENY_TYPES_MAX] = { TYPE_A };
        struct deny *bench = *state;
        struct rrset soa = deny_soa(bench, "example.", TTL);
        uint8_t from[NSEC3_HASH_LEN] = { 1 }, next[NSEC3_HASH_LEN] = { 2 };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct rrset set = deny_nsec3(bench, "example.", &rows[i], from, next, types);

                assert_int_equal(deny_put_set(bench, 0, "example.", &set, &soa), 0);
        }
        struct rrset deep = deny_nsec3(bench, "deep.example.", &plain, from, next, types);
        deny_sign(bench, "example.", &deep, 86400, 0);
        assert_int_equal(deny_put_set(bench, 0, "example.", &deep, &soa), 0);
        struct rrset good = deny_nsec3(bench, "example.", &plain, from, next, types);
        assert_int_equal(deny_put_set(bench, 0, "example.", &good, &soa), 1);
}

/* White lies (RFC 7129 appendix B) span from hash - 1 to hash + 1. */
static void test_narrow_ranges_are_not_kept(void **state)
{
        static const uint16_t types[DENY_TYPES_MAX] = { TYPE_A };
        static const struct {
                uint8_t from[NSEC3_HASH_LEN], next[NSEC3_HASH_LEN];
                unsigned kept;
        } rows[] = {
                { { [19] = 7 }, { [19] = 8 }, 0 },
                { { [19] = 7 }, { [19] = 9 }, 0 },
                { { [19] = 7 }, { [19] = 10 }, 1 },
                { { [18] = 3, [19] = 0xff }, { [18] = 4, [19] = 1 }, 0 },
                { { [18] = 3, [19] = 0xff }, { [18] = 4, [19] = 2 }, 1 },
                { { [18] = 3, [19] = 0xff }, { [18] = 5, [19] = 0 }, 1 },
                { { [0] = 3 }, { [0] = 3 }, 1 },
        };
        struct deny *bench = *state;
        struct rrset soa = deny_soa(bench, "example.", TTL);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct rrset set = deny_nsec3(bench, "example.", &plain, rows[i].from, rows[i].next, types);

                assert_int_equal(deny_put_set(bench, 0, "example.", &set, &soa), rows[i].kept);
        }
}

/* A zone that is signed anew with another salt begins another chain; nothing of the old one is left. */
static void test_new_parameters_begin_anew(void **state)
{
        static const struct deny_manner other = { .algorithm = 1, .salt_len = 4 };
        static const struct deny_nsec row = { "example.", "b.example.", { TYPE_SOA } };
        struct deny *bench = *state;

        put_hashed_example(bench, &plain, NULL);
        deny_pass(bench, 1);
        put_hashed_example(bench, &other, "www.example.");
        assert_int_equal(deny_kind(bench, "example.", "www.example.", TYPE_TXT), FINDING_NONE);
        assert_int_equal(deny_kind(bench, "example.", "ent.example.", TYPE_TXT), FINDING_NODATA);
        put_hashed_example(bench, &other, NULL);
        deny_many(bench); /* no record of the old chain stands in the way */
        deny_pass(bench, 1);
        deny_put_nsec(bench, "example.", &row);
        assert_int_equal(deny_kind(bench, "example.", "ent.example.", TYPE_TXT), FINDING_NONE);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_TXT), FINDING_NXDOMAIN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, deny_up, deny_down)
        const struct CMUnitTest tests[] = {
                TEST(test_a_whole_zone_by_nsec3),
                TEST(test_nsec3_looks_only_so_deep),
                TEST(test_nsec3_records_missing),
                TEST(test_nsec3_that_is_not_kept),
                TEST(test_narrow_ranges_are_not_kept),
                TEST(test_new_parameters_begin_anew),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
