/* daemon/tree.c: traces drawn for people and written for machines, whole or as they grow. */
#include "tree.h"
#include "json.h"
#include "wire/codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct trace_id id = { .bytes = { 0x7f, 0x3a, 0x9c, 0x21 } };
static const struct moment start = { .mono_us = 5000000, .wall_s = 1790000000 };
static const struct endpoint client = { { 4, { 127, 0, 0, 1 } }, 40211 };
static const struct endpoint server = { { 4, { 192, 0, 2, 1 } }, 53 };

enum { TYPE_A_NUMBER = 1, TYPE_AAAA_NUMBER = 28 };

/* --- Paper ----------------------------------------------------------------------------------------------------- */

struct paper {
        char text[1 << 20];
        size_t len;
};

static struct paper paper;

static void write_on_paper(void *context, const char *text, size_t len)
{
        struct paper *p = context;

        assert_true(p->len + len < sizeof p->text);
        assert_null(memchr(text, 0, len));
        memcpy(p->text + p->len, text, len);
        p->len += len;
        p->text[p->len] = 0;
}

static void print(const struct trace *trace, const struct tree_options *options)
{
        struct trace_view view;

        paper.len = 0;
        paper.text[0] = 0;
        assert_int_equal(trace_open(trace->bytes, trace->len, &view), ERR_OK);
        size_t written = tree_print(&view, options, write_on_paper, &paper);

        assert_int_equal(written, paper.len);
}

static size_t count_lines(void)
{
        size_t count = 0;

        for (size_t i = 0; i < paper.len; i++)
                count += paper.text[i] == '\n';
        return count;
}

/* --- Traces ---------------------------------------------------------------------------------------------------- */

static struct arena arena;
static struct trace trace;

static struct name name_of(const char *text)
{
        uint8_t wire[NAME_WIRE_MAX];
        struct name name;

        assert_int_equal(name_from_text(text, wire, &name), ERR_OK);
        return name_copy(&arena, &name);
}

static void begin(void)
{
        arena_fini(&arena);
        arena_init(&arena, 1 << 22);
        trace_begin(&trace, &arena, &id, 7, &start);
}

static uint64_t ms(double value)
{
        return start.mono_us + (uint64_t)(value * 1000);
}

static void add_task(uint16_t task, uint64_t parent, double at_ms, const char *name)
{
        struct name qname = name_of(name);

        trace_step(&trace, task, ms(at_ms), STEP_TASK, parent, &qname, (unsigned)TYPE_A_NUMBER, "address of a server");
}

static void add_miss(uint16_t task, double at_ms, const char *name)
{
        struct name qname = name_of(name);

        trace_step(&trace, task, ms(at_ms), STEP_MISS, &qname, (unsigned)TYPE_A_NUMBER);
}

/* A question with two sub-questions at once, whose steps alternate. */
static void add_walk(void)
{
        begin();
        struct name qname = name_of("www.example.com");

        trace_step(&trace, 0, ms(0), STEP_QUESTION, &qname, (unsigned)TYPE_A_NUMBER, (unsigned)FLAG_RD, &client, "udp");
        add_task(1, 0, 1, "ns1.example.net");
        add_task(2, 0, 1.1, "ns2.example.net");
        add_miss(1, 1.2, "ns1.example.net");
        add_miss(2, 1.3, "ns2.example.net");
        add_task(3, 2, 2, "ns.other.example");
        add_miss(3, 2.1, "ns.other.example");
        trace_step(&trace, 1, ms(12.25), STEP_TIMEOUT, &server, (uint64_t)10500);
        trace_step(&trace, 0, ms(31.4), STEP_ANSWER, (unsigned)RCODE_NOERROR, (unsigned)(FLAG_QR | FLAG_RD | FLAG_RA),
                   (uint64_t)1, (uint64_t)49, (uint64_t)31400, (uint64_t)4, (unsigned)EDE_NONE);
}

/* --- For people ------------------------------------------------------------------------------------------------ */

static void test_finished_trace_is_grouped(void **state)
{
        (void)state;
        add_walk();
        print(&trace, &(struct tree_options){ 0 });
        assert_string_equal(paper.text,
                "7f3a9c21 www.example.com. A NOERROR 31.4 ms, 4 messages\n"
                "      0.0 question www.example.com. A over udp from 127.0.0.1@40211, flags rd\n"
                "      1.0 sub-question ns1.example.net. A: address of a server\n"
                "      1.2 | cache: nothing about ns1.example.net. A\n"
                "     12.2 | 192.0.2.1 was silent for 10.5 ms\n"
                "      1.1 sub-question ns2.example.net. A: address of a server\n"
                "      1.3 | cache: nothing about ns2.example.net. A\n"
                "      2.0 | sub-question ns.other.example. A: address of a server\n"
                "      2.1 | | cache: nothing about ns.other.example. A\n"
                "     31.4 answered NOERROR, flags qr rd ra, 1 record, 49 bytes, "
                "after 31.4 ms and 4 messages to servers\n");
}

static void test_growing_trace_is_in_order_of_time(void **state)
{
        struct tree_follower follower;
        struct trace_view view;

        (void)state;
        add_walk();
        paper.len = 0;
        tree_follow_begin(&follower, &(struct tree_options){ 0 });
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        tree_follow(&follower, &view, write_on_paper, &paper);
        assert_string_equal(paper.text,
                "      0.0 question www.example.com. A over udp from 127.0.0.1@40211, flags rd\n"
                "      1.0 sub-question ns1.example.net. A: address of a server\n"
                "      1.1 sub-question ns2.example.net. A: address of a server\n"
                "          | [ns1.example.net. A]\n"
                "      1.2 | cache: nothing about ns1.example.net. A\n"
                "          | [ns2.example.net. A]\n"
                "      1.3 | cache: nothing about ns2.example.net. A\n"
                "      2.0 | sub-question ns.other.example. A: address of a server\n"
                "      2.1 | | cache: nothing about ns.other.example. A\n"
                "          | [ns1.example.net. A]\n"
                "     12.2 | 192.0.2.1 was silent for 10.5 ms\n"
                "     31.4 answered NOERROR, flags qr rd ra, 1 record, 49 bytes, "
                "after 31.4 ms and 4 messages to servers\n");
}

/* However the trace is handed over in pieces, the drawing is the same. */
static void test_growth_by_pieces(void **state)
{
        struct tree_follower follower;
        static struct paper whole;
        struct trace_view view;
        struct step_view step;

        (void)state;
        add_walk();
        whole.len = 0;
        tree_follow_begin(&follower, &(struct tree_options){ 0 });
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        tree_follow(&follower, &view, write_on_paper, &whole);
        paper.len = 0;
        tree_follow_begin(&follower, &(struct tree_options){ 0 });
        struct trace_view growing = view;

        for (size_t at = 0; trace_next(&view, &at, &step);) {
                growing.len = at;
                tree_follow(&follower, &growing, write_on_paper, &paper);
                assert_int_equal(tree_follow(&follower, &growing, write_on_paper, &paper), 0);
        }
        assert_string_equal(paper.text, whole.text);
}

static void test_head_lines(void **state)
{
        struct name qname;

        (void)state;
        begin();
        print(&trace, &(struct tree_options){ .date = true });
        assert_string_equal(paper.text, "2026-09-21T14:13:20Z 7f3a9c21 unfinished\n");
        qname = name_of("www.example.com");
        trace_step(&trace, 0, ms(0), STEP_QUESTION, &qname, (unsigned)TYPE_AAAA_NUMBER, 0U, &client, "tcp");
        print(&trace, &(struct tree_options){ 0 });
        assert_non_null(strstr(paper.text, "7f3a9c21 www.example.com. AAAA unfinished\n"));
        trace_step(&trace, 0, ms(1), STEP_GAVE_UP, &qname, (unsigned)TYPE_AAAA_NUMBER, (unsigned)EDE_NO_AUTHORITY,
                   "silence");
        trace_step(&trace, 0, ms(1), STEP_ANSWER, (unsigned)RCODE_SERVFAIL, 0U, (uint64_t)0, (uint64_t)60,
                   (uint64_t)1824000, (uint64_t)22, (unsigned)EDE_NO_AUTHORITY);
        print(&trace, &(struct tree_options){ 0 });
        assert_non_null(strstr(paper.text, "AAAA SERVFAIL (No Reachable Authority) 1.82 s, 22 messages\n"));
        trace_step(&trace, 0, ms(1), STEP_DROPPED, "the client is gone");
        print(&trace, &(struct tree_options){ 0 });
        assert_non_null(strstr(paper.text, "7f3a9c21 www.example.com. AAAA not answered: the client is gone\n"));
}

static void test_one_message_is_no_plural(void **state)
{
        (void)state;
        begin();
        trace_step(&trace, 0, ms(1), STEP_ANSWER, 0U, 0U, (uint64_t)0, (uint64_t)60, (uint64_t)9, (uint64_t)1,
                   (unsigned)EDE_NONE);
        print(&trace, &(struct tree_options){ 0 });
        assert_non_null(strstr(paper.text, "NOERROR 9 us, 1 message\n"));
}

static void test_lines_fit_their_width(void **state)
{
        static char long_text[241];
        struct name qname;

        (void)state;
        memset(long_text, 'x', sizeof long_text - 1);
        add_walk();
        qname = name_of("a-rather-long-label-of-some-length.another-quite-long-label.a-third-label-in-a-row.example");
        for (uint16_t task = 10; task < 30; task++)
                add_task(task, task == 10 ? 0 : task - 1, 50, "deeper.and.deeper.example");
        trace_step(&trace, 29, ms(60), STEP_GAVE_UP, &qname, (unsigned)TYPE_A_NUMBER, (unsigned)EDE_NONE, long_text);
        for (unsigned width = 60; width <= 120; width++) {
                print(&trace, &(struct tree_options){ .width = width });
                const char *line = paper.text;

                for (; *line; line += strcspn(line, "\n") + 1) {
                        if (strcspn(line, "\n") > width)
                                fail_msg("%u columns: %.*s", width, (int)strcspn(line, "\n"), line);
                }
        }
}

/* Without its colours the drawing is the one without colours. */
static void test_colours_are_only_colours(void **state)
{
        static char plain[sizeof paper.text];
        size_t len = 0;

        (void)state;
        add_walk();
        print(&trace, &(struct tree_options){ .colour = true });
        for (const char *at = paper.text; *at; at++) {
                if (*at == '\033')
                        at = strchr(at, 'm');
                else
                        plain[len++] = *at;
        }
        plain[len] = 0;
        assert_true(len < paper.len);
        print(&trace, &(struct tree_options){ 0 });
        assert_string_equal(plain, paper.text);
}

/* --- For machines ---------------------------------------------------------------------------------------------- */

static void test_json_of_a_whole_trace(void **state)
{
        (void)state;
        add_walk();
        print(&trace, &(struct tree_options){ .json = true });
        assert_int_equal(count_lines(), 1);
        assert_true(json_is_valid(paper.text, paper.len));
        assert_true(json_has_member(paper.text, paper.len, "steps"));
        const char head[] = "{\"v\":1,\"trace\":\"7f3a9c21000000000000000000000000\",\"span\":\"0000000000000007\","
                            "\"time\":\"2026-09-21T14:13:20.000000Z\","
                            "\"qname\":\"www.example.com.\",\"qtype\":\"A\",\"rcode\":\"NOERROR\",\"total_us\":31400,"
                            "\"sent\":4,\"steps\":[{\"at_us\":0,\"task\":0,\"step\":\"question\",";
        assert_memory_equal(paper.text, head, sizeof head - 1);
        begin();
        print(&trace, &(struct tree_options){ .json = true });
        assert_true(json_is_valid(paper.text, paper.len));
}

static void test_json_of_a_growing_trace(void **state)
{
        struct tree_follower follower;
        struct trace_view view;

        (void)state;
        add_walk();
        paper.len = 0;
        tree_follow_begin(&follower, &(struct tree_options){ .json = true });
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        tree_follow(&follower, &view, write_on_paper, &paper);
        assert_int_equal(count_lines(), 9);
        for (char *line = paper.text; *line; line += strcspn(line, "\n") + 1) {
                assert_true(json_has_member(line, strcspn(line, "\n"), "trace"));
                assert_true(json_has_member(line, strcspn(line, "\n"), "v"));
                assert_true(json_has_member(line, strcspn(line, "\n"), "step"));
        }
}

/* --- Damage ---------------------------------------------------------------------------------------------------- */

/* Every step is drawn once, however strange the family of the tasks is. */
static void expect_each_step_once(void)
{
        struct trace_view view;
        struct step_view step;
        struct tree_follower follower;
        size_t steps = 0;

        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        for (size_t at = 0; trace_next(&view, &at, &step);)
                steps++;
        print(&trace, &(struct tree_options){ 0 });
        assert_int_equal(count_lines(), steps + 1);
        tree_follow_begin(&follower, &(struct tree_options){ 0 });
        tree_follow(&follower, &view, write_on_paper, &paper);
}

static void test_strange_families(void **state)
{
        (void)state;
        begin();
        add_task(1, 1, 1, "its.own.parent");
        add_miss(1, 2, "a.example");
        expect_each_step_once();

        begin();
        add_task(1, 2, 1, "first.of.a.circle");
        add_task(2, 1, 1, "second.of.a.circle");
        add_miss(1, 2, "a.example");
        add_miss(2, 2, "b.example");
        expect_each_step_once();

        begin();
        add_task(7, 0, 1, "begun.twice");
        add_task(7, 0, 1, "begun.twice");
        add_miss(7, 2, "a.example");
        add_task(65535, 65534, 1, "no.parent.known");
        add_miss(65535, 2, "b.example");
        add_task(9, 70000, 1, "no.task.at.all");
        expect_each_step_once();

        begin();
        for (uint16_t task = 1; task < 600; task++)
                add_task(task, task - 1, 1, "deep.example");
        expect_each_step_once();
}

static void test_damaged_bytes(void **state)
{
        unsigned seed = 1;

        (void)state;
        for (int round = 0; round < 2000; round++) {
                struct tree_follower follower;
                struct trace_view view;

                add_walk();
                for (int i = 0; i < 3; i++)
                        trace.bytes[TRACE_HEADER_LEN + (size_t)rand_r(&seed) % (trace.len - TRACE_HEADER_LEN)] =
                                (uint8_t)rand_r(&seed);
                print(&trace, &(struct tree_options){ .width = 80 });
                for (size_t i = 0; i < paper.len; i++)
                        assert_true(paper.text[i] == '\n' || (paper.text[i] >= ' ' && paper.text[i] <= '~'));
                print(&trace, &(struct tree_options){ .json = true });
                assert_true(json_is_valid(paper.text, paper.len));
                assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
                tree_follow_begin(&follower, &(struct tree_options){ 0 });
                tree_follow(&follower, &view, write_on_paper, &paper);
        }
}

static int finish(void **state)
{
        (void)state;
        arena_fini(&arena);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_finished_trace_is_grouped),
                cmocka_unit_test(test_growing_trace_is_in_order_of_time),
                cmocka_unit_test(test_growth_by_pieces),
                cmocka_unit_test(test_head_lines),
                cmocka_unit_test(test_one_message_is_no_plural),
                cmocka_unit_test(test_lines_fit_their_width),
                cmocka_unit_test(test_colours_are_only_colours),
                cmocka_unit_test(test_json_of_a_whole_trace),
                cmocka_unit_test(test_json_of_a_growing_trace),
                cmocka_unit_test(test_strange_families),
                cmocka_unit_test(test_damaged_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, finish);
}
