/* Ten thousand hostile names and texts through every way that a trace goes out in words. Nothing raw gets through. */
#include "chain.h"
#include "config/config.h"
#include "json.h"
#include "rpl.h"
#include "scenario.h"
#include "tree.h"
#include "watch/keep.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NAMES = 10000, NAMES_SLOWLY = 1000, PAPER_MAX = 1 << 20, SCENARIO_EACH = 20 };

static const struct endpoint server = { .address = { 4, { 192, 0, 2, 1 } }, .port = 53 };

static struct {
        char text[PAPER_MAX];
        size_t len;
} paper;

static void write_down(void *context, const char *text, size_t len)
{
        (void)context;
        assert_true(paper.len + len < PAPER_MAX);
        memcpy(paper.text + paper.len, text, len);
        paper.len += len;
        paper.text[paper.len] = 0;
}

/* What has done harm elsewhere; each name is made of some of these and of random bytes. */
static const char *const poisons[] = {
        "<script>alert(1)</script>", "\" onload=\"x", "'); DROP TABLE traces;--", "\033[2J\033]0;owned\007", "\xe2\x80\xae",
        "\xe2\x80\x8f", "\r\nInjected: yes", "&amp;&#60;", "\\\\\"\\", "${jndi:ldap://x}", "`id`", "%n%s", "a.b", ";",
        ("\x9b" "31m"), "\x7f\x08\x08", "{\"v\":1}", "-->", "]]>", "\tTXT",
};

/* A name of up to 255 bytes. */
static size_t hostile_name(unsigned seed, uint8_t out[NAME_WIRE_MAX])
{
        size_t at = 0, longest = seed % 7 == 0 ? NAME_WIRE_MAX : 20 + seed % 150;
        unsigned dice = seed * 2654435761u + 1;

        while (at + 3 < longest) {
                const char *poison = poisons[dice % (sizeof poisons / sizeof poisons[0])];
                size_t room = longest - at - 2, len = 1 + (dice >> 8) % 63;

                len = len < room ? len : room;
                out[at] = (uint8_t)len;
                for (size_t i = 0; i < len; i++) {
                        dice = dice * 1103515245u + 12345u;
                        out[at + 1 + i] = i < strlen(poison) ? (uint8_t)poison[i] : (uint8_t)(dice >> 16);
                }
                at += 1 + len;
                dice = dice * 1103515245u + 12345u;
        }
        out[at] = 0;
        return at + 1;
}

/* A reply about the name: an answer whose text is as bad, and an extended error. */
static size_t hostile_reply(const struct name *name, uint8_t out[1024])
{
        struct writer w = writer_over(out, 1024);

        write_u16(&w, 7);
        write_u16(&w, FLAG_QR | FLAG_AA);
        write_u16(&w, 1);
        write_u16(&w, 1);
        write_u32(&w, 0);
        write_bytes(&w, name->wire, name->len);
        write_u16(&w, TYPE_TXT);
        write_u16(&w, CLASS_IN);
        write_u16(&w, 0xc00c);
        write_u16(&w, TYPE_TXT);
        write_u16(&w, CLASS_IN);
        write_u32(&w, 60);
        write_u16(&w, name->len);
        write_u8(&w, (uint8_t)(name->len - 1));
        write_bytes(&w, name->wire, name->len - 1u);
        assert_false(w.failed);
        return writer_len(&w);
}

static struct arena arena;
static struct trace trace;

static struct trace_view record(const struct name *name)
{
        static const struct moment start = { .mono_us = 5, .wall_s = 1790000000 };
        struct trace_id id = { .bytes = { 1, 2, 3, 4 } };
        uint8_t reply[1024];
        struct trace_view view;
        char text[NAME_WIRE_MAX + 1];

        arena_fini(&arena);
        arena_init(&arena, 1 << 20);
        for (unsigned i = 0; i < name->len; i++)
                text[i] = (char)(name->wire[i] ? name->wire[i] : 'x');
        text[name->len] = 0;
        trace_begin(&trace, &arena, &id, 9, &start);
        trace_step(&trace, 0, 5, STEP_QUESTION, name, (unsigned)TYPE_TXT, (unsigned)FLAG_RD, &server, "udp");
        trace_step(&trace, 1, 5, STEP_TASK, (uint64_t)0, name, 2u, text);
        trace_step(&trace, 0, 6, STEP_SEND, name, (unsigned)TYPE_TXT, &server, "udp", (uint64_t)40, (uint64_t)400000, text);
        trace_message(&trace, 0, 7, &server, reply, hostile_reply(name, reply));
        trace_step(&trace, 0, 8, STEP_SCRUBBED, name, 1u, text);
        trace_step(&trace, 0, 8, STEP_SIGNATURE, name, 1u, name, (uint64_t)1, (uint64_t)13, (uint64_t)1, (uint64_t)2, text);
        trace_step(&trace, 0, 8, STEP_VERDICT, name, text);
        trace_step(&trace, 0, 9, STEP_GAVE_UP, name, 1u, (unsigned)EDE_BOGUS, text);
        trace_step(&trace, 0, 9, STEP_ANSWER, (unsigned)RCODE_SERVFAIL, 0u, (uint64_t)0, (uint64_t)60, (uint64_t)9,
                   (uint64_t)1, (unsigned)EDE_BOGUS);
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        return view;
}

/* Printable ASCII and line ends; markup not at all, quotes only where the form itself has them. */
static void expect_harmless(const char *way, const char *forbidden)
{
        for (size_t i = 0; i < paper.len; i++) {
                char byte = paper.text[i];

                if (byte != '\n' && (byte < ' ' || byte > '~' || strchr(forbidden, byte)))
                        fail_msg("%s: byte %02x in %.*s", way, (unsigned char)byte, 80, paper.text + (i < 40 ? 0 : i - 40));
        }
}

/* Strings of a graph end where they should: an even number of quotes in each line. */
static void expect_closed_strings(void)
{
        unsigned quotes = 0;

        for (size_t i = 0; i < paper.len; i++) {
                if (paper.text[i] == '\\')
                        i++;
                else if (paper.text[i] == '"')
                        quotes++;
                else if (paper.text[i] == '\n')
                        assert_int_equal(quotes % 2, 0);
        }
}

static void print_all_ways(const struct trace_view *view)
{
        const struct tree_options text = { .width = 78, .date = true };
        const struct tree_options messages = { .width = 78, .messages = true };
        const struct tree_options json = { .json = true, .messages = true, .reasons = KEEP_FAILED };
        struct summary summary;

        paper.len = 0;
        (void)tree_print(view, &text, write_down, NULL);
        expect_harmless("text", "\"'`<>&");
        paper.len = 0;
        (void)tree_print(view, &messages, write_down, NULL);
        expect_harmless("messages", "<>&"); /* strings of records stand between quotes, and may hold some */
        paper.len = 0;
        (void)tree_print(view, &json, write_down, NULL);
        expect_harmless("json", "<>&");
        assert_true(json_is_valid(paper.text, paper.len));
        summary_of(view, &summary);
        paper.len = 0;
        (void)tree_print_summary(&summary, &json, write_down, NULL);
        expect_harmless("summary", "<>&");
        assert_true(json_is_valid(paper.text, paper.len));
        paper.len = 0;
        chain_print(view, write_down, NULL);
        expect_harmless("graph", "'`<&");
        expect_closed_strings();
}

/* The scenario is plain text as well, and it is one: the replayer reads it. */
static void export(const struct trace_view *view)
{
        char complaint[RPL_COMPLAINT_MAX] = "";
        const char *lacking;
        FILE *file = fmemopen(paper.text, PAPER_MAX, "w");

        assert_true(scenario_write(file, view, "stub-addr: 192.0.2.1\n", &lacking));
        paper.len = (size_t)ftell(file);
        fclose(file);
        expect_harmless("scenario", "<>&");
        struct rpl *rpl = rpl_parse("hostile", paper.text, paper.len, complaint);
        if (!rpl)
                fail_msg("%s in %s", complaint, paper.text);
        rpl_free(rpl);
}

static void nothing_raw_gets_through(void **state)
{
        const char *sanitizers = getenv("CAIRN_SANITIZE");
        unsigned names = sanitizers && *sanitizers ? NAMES_SLOWLY : NAMES; /* all of them, where it takes seconds */

        (void)state;
        for (unsigned i = 0; i < names; i++) {
                uint8_t wire[NAME_WIRE_MAX];
                struct reader r = reader_over(wire, hostile_name(i, wire));
                struct name name;

                assert_int_equal(name_read(&r, &name), ERR_OK);
                struct trace_view view = record(&name);
                print_all_ways(&view);
                if (i % SCENARIO_EACH == 0)
                        export(&view);
        }
        arena_fini(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_raw_gets_through) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
