/*
 * Stored values: what is written is read back; what was changed since is no value; what was changed and sealed again is
 * still read within its bounds; and which value takes another's place.
 */
#include "cache/entry.h"
#include "base/buf.h"
#include "samples.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct store_bytes view(const struct sample_value *value)
{
        return (struct store_bytes){ .bytes = value->bytes, .len = value->len };
}

/* Read as what the head says it is. */
static enum err read_any(struct store_bytes value)
{
        struct entry_head head;
        struct arena arena;
        struct finding finding;
        struct delegation delegation;
        struct server_note note;
        struct denying_zone zone;
        enum err err = ERR_FORM;

        if (!entry_peek(value, &head))
                return ERR_FORM;
        arena_init(&arena, 1 << 16);
        if (head.kind == ENTRY_DELEGATION)
                err = entry_read_delegation(value, &sample_name, &arena, &delegation);
        else if (head.kind == ENTRY_SERVER)
                err = entry_read_server(value, &note);
        else if (head.kind == ENTRY_ZONE)
                err = entry_read_zone(value, &sample_name, &arena, &zone);
        else
                err = entry_read_finding(value, &sample_name, &arena, &finding);
        arena_fini(&arena);
        return err;
}

static void test_each_kind_is_whole_and_read(void **state)
{
        struct sample_value value;

        (void)state;
        for (unsigned i = 0; i < SAMPLE_COUNT; i++) {
                sample_write(i, &value);
                assert_true(value.len > 0);
                assert_true(entry_intact(sample_secret, sample_key, view(&value)));
                assert_int_equal(read_any(view(&value)), ERR_OK);
        }
}

static void test_a_set_comes_back(void **state)
{
        struct sample_value value;
        struct arena arena;
        struct finding finding;

        (void)state;
        arena_init(&arena, 1 << 16);
        sample_write(1, &value);
        assert_int_equal(entry_read_finding(view(&value), &sample_name, &arena, &finding), ERR_OK);
        assert_int_equal(finding.kind, FINDING_SET);
        assert_int_equal(finding.verdict, VERDICT_SECURE);
        assert_int_equal(finding.rank, RANK_SECURE);
        assert_int_equal(finding.stored_at, SAMPLE_STORED_AT);
        assert_int_equal(finding.ends_at, SAMPLE_ENDS_AT);
        assert_int_equal(finding.set.type, TYPE_A);
        assert_int_equal(finding.set.count, 2);
        assert_int_equal(finding.set.sig_count, 1);
        assert_memory_equal(finding.set.owner.wire, "\3wWw\7Example", 13); /* letter case is kept */
        assert_memory_equal(finding.set.rdata[1].bytes, "\xc0\0\2\2", 4);
        assert_int_equal(finding.proof_count, 1);
        assert_int_equal(finding.proof[0].type, TYPE_NSEC);
        assert_memory_equal(finding.trace.bytes, "sixteen bytes id", 16);
        assert_int_equal(finding.server.family, 4);
        arena_fini(&arena);
}

static void test_another_key_is_no_value(void **state)
{
        const struct store_bytes other = { .bytes = (const uint8_t *)"R........exampla", .len = 16 };
        const uint8_t other_secret[SIPHASH_KEY_LEN] = "another secret.";
        struct sample_value value;

        (void)state;
        sample_write(0, &value);
        assert_false(entry_intact(sample_secret, other, view(&value)));
        assert_false(entry_intact(other_secret, sample_key, view(&value)));
}

/* The hash covers every byte. */
static void test_every_changed_byte_is_noticed(void **state)
{
        static const uint8_t masks[] = { 0x01, 0x80, 0xff };
        struct sample_value value;

        (void)state;
        for (unsigned i = 0; i < SAMPLE_COUNT; i++) {
                sample_write(i, &value);
                for (size_t at = 0; at < value.len; at++) {
                        for (size_t mask = 0; mask < sizeof(masks); mask++) {
                                value.bytes[at] ^= masks[mask];
                                assert_false(entry_intact(sample_secret, sample_key, view(&value)));
                                value.bytes[at] ^= masks[mask];
                        }
                }
        }
}

static void test_every_prefix_is_noticed(void **state)
{
        struct sample_value value;

        (void)state;
        for (unsigned i = 0; i < SAMPLE_COUNT; i++) {
                sample_write(i, &value);
                for (size_t len = 0; len < value.len; len++) {
                        uint8_t *copy = malloc(len ? len : 1); /* so that a sanitizer sees the end */
                        struct store_bytes cut = { .bytes = copy, .len = len };

                        memcpy(copy, value.bytes, len);
                        assert_false(entry_intact(sample_secret, sample_key, cut));
                        assert_int_not_equal(read_any(cut), ERR_OK);
                        free(copy);
                }
        }
}

/* As a liar with our secret would: every byte set to every value. Nothing is read out of bounds, whatever comes out. */
static void test_every_byte_may_lie(void **state)
{
        struct sample_value value;

        (void)state;
        for (unsigned i = 0; i < SAMPLE_COUNT; i++) {
                sample_write(i, &value);
                uint8_t *copy = malloc(value.len);

                for (size_t at = 16; at < value.len; at++) {
                        memcpy(copy, value.bytes, value.len);
                        for (unsigned byte = 0; byte < 256; byte++) {
                                copy[at] = (uint8_t)byte;
                                (void)!read_any((struct store_bytes){ .bytes = copy, .len = value.len });
                        }
                }
                free(copy);
        }
}

static void test_too_long_does_not_fit(void **state)
{
        static uint8_t bytes[4000];
        static uint8_t out[STORE_VALUE_MAX];
        const struct entry_seal seal = { .secret = sample_secret };
        struct rdata rdata[300];
        struct finding finding = {
                .kind = FINDING_SET,
                .set = { .owner = name_root, .type = 65280, .class = 1, .count = 4, .rdata = rdata },
        };

        (void)state;
        for (unsigned i = 0; i < 300; i++)
                rdata[i] = (struct rdata){ .bytes = bytes, .len = sizeof(bytes) };
        assert_true(entry_write_finding(&seal, sample_key, &name_root, &finding, out) > 16000);
        finding.set.count = 5;
        assert_int_equal(entry_write_finding(&seal, sample_key, &name_root, &finding, out), 0);
        for (unsigned i = 0; i < 300; i++)
                rdata[i].len = 1;
        finding.set.count = 256;
        assert_true(entry_write_finding(&seal, sample_key, &name_root, &finding, out) > 0);
        finding.set.count = 257;
        assert_int_equal(entry_write_finding(&seal, sample_key, &name_root, &finding, out), 0);
        finding.set.count = 1;
        finding.set.sigs = rdata;
        finding.set.sig_count = 9;
        assert_int_equal(entry_write_finding(&seal, sample_key, &name_root, &finding, out), 0);
        finding.kind = FINDING_NONE;
        assert_int_equal(entry_write_finding(&seal, sample_key, &name_root, &finding, out), 0);
}

/* --- What takes whose place -------------------------------------------------------------------------------------- */

struct weight {
        enum finding_kind kind;
        uint16_t type;
        enum verdict verdict;
        enum rank rank;
        uint32_t anchors;
        uint64_t stored_at, ends_at;
};

static struct sample_value weigh(const struct weight *weight)
{
        static const struct rdata rdata = { .bytes = (const uint8_t *)"", .len = 1 }; /* as NS: the root */
        const struct entry_seal seal = { .secret = sample_secret, .anchors = weight->anchors };
        struct finding finding = {
                .kind = weight->kind, .verdict = weight->verdict, .rank = weight->rank,
                .set = { .owner = name_root, .type = weight->type, .class = 1, .ttl = 9, .count = 1, .rdata = &rdata },
                .stored_at = weight->stored_at, .ends_at = weight->ends_at,
        };
        struct sample_value value;

        value.len = entry_write_finding(&seal, sample_key, &name_root, &finding, value.bytes);
        assert_true(value.len > 0);
        return value;
}

static void test_replaces(void **state)
{
#define SET(type, verdict, rank, stored, ends) { FINDING_SET, type, VERDICT_##verdict, RANK_##rank, 1, stored, ends }
        static const struct {
                const char *what;
                struct weight old, new;
                bool replaces;
        } rows[] = {
                { "younger of equal rank",
                  SET(1, INSECURE, ANSWER, 100, 400), SET(1, INSECURE, ANSWER, 101, 401), true },
                { "of the same second",
                  SET(1, INSECURE, ANSWER, 100, 400), SET(1, INSECURE, ANSWER, 100, 300), true },
                { "older than what is there",
                  SET(1, INSECURE, ANSWER, 100, 400), SET(1, INSECURE, ANSWER, 99, 999), false },
                { "higher rank, even older",
                  SET(1, INSECURE, GLUE, 100, 400), SET(1, INSECURE, ANSWER, 90, 400), true },
                { "lower rank",
                  SET(1, INSECURE, ANSWER, 100, 400), SET(1, INSECURE, GLUE, 150, 900), false },
                { "lower rank, but old has expired",
                  SET(1, INSECURE, ANSWER, 100, 150), SET(1, INSECURE, GLUE, 200, 900), true },
                { "secure over insecure",
                  SET(1, INSECURE, AUTHORITY, 100, 400), SET(1, SECURE, SECURE, 150, 450), true },
                { "insecure over secure",
                  SET(1, SECURE, SECURE, 100, 400), SET(1, INSECURE, SECURE, 150, 450), false },
                { "unchecked over expired secure",
                  SET(1, SECURE, SECURE, 100, 150), SET(1, UNCHECKED, ANSWER, 200, 450), true },
                { "the child's NS extends nothing",
                  SET(2, INSECURE, AUTHORITY, 100, 400), SET(2, INSECURE, AUTHORITY, 150, 900), false },
                { "NS after the old one's end",
                  SET(2, INSECURE, AUTHORITY, 100, 150), SET(2, INSECURE, AUTHORITY, 200, 900), true },
                { "NS of higher rank",
                  SET(2, INSECURE, REFERRAL, 100, 400), SET(2, INSECURE, AUTHORITY, 150, 900), true },
                { "NS now proven",
                  SET(2, INSECURE, AUTHORITY, 100, 400), SET(2, SECURE, SECURE, 150, 900), true },
                { "failure over live data", SET(1, INSECURE, ANSWER, 100, 400),
                  { FINDING_FAILURE, 0, VERDICT_UNCHECKED, RANK_SECURE, 1, 150, 155 }, false },
                { "failure over failure", { FINDING_FAILURE, 0, VERDICT_UNCHECKED, RANK_NONE, 1, 100, 400 },
                  { FINDING_FAILURE, 0, VERDICT_UNCHECKED, RANK_NONE, 1, 150, 155 }, true },
                { "data over failure", { FINDING_FAILURE, 0, VERDICT_UNCHECKED, RANK_NONE, 1, 100, 400 },
                  SET(1, INSECURE, ANSWER, 150, 450), true },
                { "absence over a set", SET(1, INSECURE, ANSWER, 100, 400),
                  { FINDING_NODATA, 0, VERDICT_INSECURE, RANK_ANSWER, 1, 150, 450 }, true },
                { "judged by other anchors", SET(1, SECURE, SECURE, 100, 400),
                  { FINDING_SET, 1, VERDICT_INSECURE, RANK_ANSWER, 2, 150, 450 }, true },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct sample_value old = weigh(&rows[i].old), new = weigh(&rows[i].new);

                if (entry_replaces(view(&old), view(&new), 180) != rows[i].replaces)
                        fail_msg("%s", rows[i].what);
        }
}

static void test_garbage_gives_way_and_never_takes_a_place(void **state)
{
        const struct store_bytes garbage = { .bytes = (const uint8_t *)"T", .len = 1 };
        struct sample_value value;

        (void)state;
        sample_write(0, &value);
        assert_true(entry_replaces(garbage, view(&value), SAMPLE_STORED_AT));
        assert_false(entry_replaces(view(&value), garbage, SAMPLE_STORED_AT));
        assert_false(entry_replaces(garbage, garbage, SAMPLE_STORED_AT));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_kind_is_whole_and_read),
                cmocka_unit_test(test_a_set_comes_back),
                cmocka_unit_test(test_another_key_is_no_value),
                cmocka_unit_test(test_every_changed_byte_is_noticed),
                cmocka_unit_test(test_every_prefix_is_noticed),
                cmocka_unit_test(test_every_byte_may_lie),
                cmocka_unit_test(test_too_long_does_not_fit),
                cmocka_unit_test(test_replaces),
                cmocka_unit_test(test_garbage_gives_way_and_never_takes_a_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
