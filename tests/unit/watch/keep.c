/* Which traces are kept, how they are summed up, and what becomes of clients' addresses. */
#include "watch/keep.h"
#include "watch/privacy.h"
#include "watch/summary.h"
#include "wire/codes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { S = 1000000 };

static const uint8_t secret[SIPHASH_KEY_LEN] = { 1, 2, 3 };

static void test_each_fact_is_a_reason(void **state)
{
        static const struct {
                struct keep_facts facts;
                unsigned reasons;
        } cases[] = {
                { { .rcode = RCODE_NOERROR }, 0 },
                { { .rcode = RCODE_NXDOMAIN }, 0 },
                { { .rcode = RCODE_SERVFAIL }, KEEP_FAILED },
                { { .explained = true }, KEEP_EXPLAINED },
                { { .rcode = RCODE_SERVFAIL, .bogus = true }, KEEP_FAILED | KEEP_BOGUS },
                { { .slow = true }, KEEP_SLOW },
                { { .retried = true }, KEEP_RETRIED },
                { { .stale = true }, KEEP_STALE },
                { { .policy = true }, KEEP_POLICY },
                { { .asked = true }, KEEP_ASKED },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                assert_int_equal(keep_reasons(&cases[i].facts), cases[i].reasons);
        for (unsigned i = 0; i < KEEP_COUNT; i++) {
                assert_true(keep_rows[i].word[0]);
                assert_true(keep_rows[i].help[0]);
        }
}

/* Walks of 1 to 100 ms, over and over: what is slower than 99 of them is slow, and it settles again after a change. */
static void test_the_pace_settles_at_the_99th_percentile(void **state)
{
        struct pace pace = { 0 };
        unsigned slow = 0;

        (void)state;
        for (unsigned i = 0; i < 20000; i++)
                slow += pace_is_slow(&pace, (uint64_t)(1 + i * 37 % 100) * 1000);
        assert_in_range(slow, 20000 / 100 / 3, 20000 / 100 * 3);
        assert_in_range(pace.p99_ns, 80000000, 110000000);
        for (unsigned i = 0; i < 20000; i++)
                (void)pace_is_slow(&pace, (uint64_t)(1 + i * 37 % 100) * 10);
        assert_in_range(pace.p99_ns, 800000, 1200000);
        assert_true(pace_is_slow(&pace, 50000));
}

static unsigned decide(struct keeper *keeper, uint64_t second, unsigned reasons, bool walked, const char *zone)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        assert_int_equal(name_from_text(zone, room, &name), ERR_OK);
        return keeper_decide(keeper, second * S, reasons, walked, &name);
}

static void test_the_keeper_counts_by_second_and_zone(void **state)
{
        struct keeper keeper = { .rate = 2, .sample = 3 };

        (void)state;
        assert_int_equal(decide(&keeper, 1, 0, false, "."), 0);
        assert_int_equal(decide(&keeper, 1, 0, true, "."), KEEP_WALKED);
        assert_int_equal(decide(&keeper, 1, KEEP_POLICY, false, "."), KEEP_POLICY);
        assert_int_equal(decide(&keeper, 1, 0, true, "."), 0);
        assert_int_equal(decide(&keeper, 1, 0, true, "."), 0);
        assert_int_equal(decide(&keeper, 1, 0, true, "."), KEEP_SAMPLED);
        for (unsigned i = 0; i < KEEP_PER_ZONE; i++)
                assert_int_equal(decide(&keeper, 1, KEEP_FAILED, true, "flood.test"), KEEP_FAILED);
        assert_int_equal(decide(&keeper, 1, KEEP_FAILED, true, "flood.test"), 0);
        assert_int_equal(decide(&keeper, 1, KEEP_FAILED, true, "other.test"), KEEP_FAILED);
        assert_int_equal(decide(&keeper, 2, 0, true, "flood.test"), KEEP_WALKED);
        (void)decide(&keeper, 2, 0, true, ".");
        assert_int_equal(decide(&keeper, 2, KEEP_FAILED, true, "flood.test"), KEEP_FAILED);
}

/* --- Summaries and clients --------------------------------------------------------------------------------------- */

static struct arena arena;
static struct trace trace;

static struct trace_view record(const struct endpoint *client)
{
        static const struct trace_id id = { { 0x7f, 0x3a } };
        static const struct moment start = { .mono_us = 100, .wall_s = 1790000000, .wall_rest_us = 250 };
        static uint8_t room[NAME_WIRE_MAX], zone_room[NAME_WIRE_MAX];
        struct name name, zone;
        struct trace_view view;

        arena_fini(&arena);
        arena_init(&arena, 1 << 20);
        assert_int_equal(name_from_text("www.example", room, &name), ERR_OK);
        assert_int_equal(name_from_text("example", zone_room, &zone), ERR_OK);
        trace_begin(&trace, &arena, &id, 77, &start);
        trace_adopt(&trace, &id, 66);
        trace_step(&trace, 0, 100, STEP_QUESTION, &name, 28U, 0U, client, "udp");
        trace_step(&trace, 0, 100, STEP_CUT, &zone, "cache", (uint64_t)2, (uint64_t)3);
        trace_step(&trace, 1, 100, STEP_CUT, &name_root, "cache", (uint64_t)2, (uint64_t)3);
        trace_message(&trace, 0, 100, client, room, name.len);
        trace_step(&trace, 0, 900, STEP_ANSWER, (unsigned)RCODE_SERVFAIL, 0U, (uint64_t)0, (uint64_t)90, (uint64_t)800,
                   (uint64_t)5, (unsigned)EDE_BOGUS);
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        return view;
}

static void check_summary(const struct summary *summary)
{
        char text[NAME_TEXT_MAX];

        assert_int_equal(summary->id.bytes[0], 0x7f);
        assert_int_equal(summary->span, 77);
        assert_int_equal(summary->parent, 66);
        assert_int_equal(summary->wall_us, UINT64_C(1790000000000250));
        assert_string_equal(name_text(&summary->qname, text), "www.example.");
        assert_string_equal(name_text(&summary->zone, text), "example.");
        assert_int_equal(summary->qtype, 28);
        assert_true(summary->answered);
        assert_int_equal(summary->rcode, RCODE_SERVFAIL);
        assert_int_equal(summary->ede, EDE_BOGUS);
        assert_int_equal(summary->total_us, 800);
        assert_int_equal(summary->sent, 5);
        assert_int_equal(summary->steps, 5);
}

static void test_a_summary_survives_packing(void **state)
{
        static const struct endpoint client = { .address = { 4, { 192, 0, 2, 7 } }, .port = 5 };
        struct trace_view view = record(&client);
        uint8_t packed[SUMMARY_MAX];
        struct summary summary, again;

        (void)state;
        summary_of(&view, &summary);
        check_summary(&summary);
        size_t len = summary_pack(&summary, packed);
        assert_int_equal(summary_unpack(packed, len, &again), ERR_OK);
        check_summary(&again);
        for (size_t i = 0; i < len; i++)
                assert_int_equal(summary_unpack(packed, i, &again), ERR_FORM);
}

static void test_a_stripped_trace_lacks_only_messages(void **state)
{
        static const struct endpoint client = { .address = { 4, { 192, 0, 2, 7 } }, .port = 5 };
        struct trace_view view = record(&client), bare;
        uint8_t out[4096];
        struct summary summary;

        (void)state;
        size_t len = trace_strip(&view, out);
        assert_int_equal(trace_open(out, len, &bare), ERR_OK);
        assert_int_equal(bare.len, len);
        summary_of(&bare, &summary);
        assert_int_equal(summary.steps, 4);
        assert_int_equal(summary.total_us, 800);
}

static void test_clients_are_disguised(void **state)
{
        static const struct {
                enum privacy how;
                const char *client, *kept; /* kept: a beginning */
        } cases[] = {
                { PRIVACY_FULL, "192.0.2.77@1234", "192.0.2.77@1234" },
                { PRIVACY_SHORT, "192.0.2.77@1234", "192.0.2.0@0" },
                { PRIVACY_SHORT, "2001:db8:1:2:3:4:5:6@1234", "2001:db8:1::@0" },
                { PRIVACY_SHORT, "127.0.0.1@1234", "127.0.0.1@1234" },
                { PRIVACY_SHORT, "::1@1234", "::1@1234" },
                { PRIVACY_HASH, "192.0.2.77@1234", "24" },
                { PRIVACY_HASH, "2001:db8::6@1234", "100::" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char text[ENDPOINT_TEXT_MAX], again[ENDPOINT_TEXT_MAX];
                struct endpoint client;

                assert_int_equal(endpoint_parse(cases[i].client, 53, &client), ERR_OK);
                for (unsigned round = 0; round < 2; round++) {
                        struct trace_view view = record(&client);
                        struct step_view step;
                        struct step_field field;
                        size_t at = 0;

                        privacy_apply(cases[i].how, secret, trace.bytes, trace.len);
                        assert_true(trace_next(&view, &at, &step));
                        assert_true(step_field(&step, "client", &field));
                        endpoint_text(&(struct endpoint){ field.address, field.port }, round ? again : text);
                        assert_true(step_field(&step, "transport", &field));
                        assert_int_equal(field.text_len, 3);
                }
                if (strncmp(text, cases[i].kept, strlen(cases[i].kept)) != 0)
                        fail_msg("%s became %s", cases[i].client, text);
                assert_string_equal(text, again);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_fact_is_a_reason),
                cmocka_unit_test(test_the_pace_settles_at_the_99th_percentile),
                cmocka_unit_test(test_the_keeper_counts_by_second_and_zone),
                cmocka_unit_test(test_a_summary_survives_packing),
                cmocka_unit_test(test_a_stripped_trace_lacks_only_messages),
                cmocka_unit_test(test_clients_are_disguised),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
