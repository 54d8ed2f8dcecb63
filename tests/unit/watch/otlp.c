/* lib/watch/otlp.c: a trace as spans. tests/daemon/otlp.sh has a collector judge whole walks. */
#include "watch/otlp.h"
#include "json.h"
#include "wire/codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct trace trace;
static char text[OTLP_TRACE_MAX];
static uint8_t name_room[NAME_WIRE_MAX];
static struct name name;
static const struct endpoint server = { { .family = 4, .bytes = { 192, 0, 2, 53 } }, 53 };

static int set_up(void **state)
{
        struct trace_id id = { .bytes = { 0x7f, 0x3a, [15] = 1 } };
        struct moment now = { .wall_s = 1763800000 };

        (void)state;
        arena_init(&arena, 1 << 20);
        trace_begin(&trace, &arena, &id, 0x1122334455667788, &now);
        return name_from_text("www.example.com", name_room, &name);
}

static int tear_down(void **state)
{
        (void)state;
        arena_fini(&arena);
        return 0;
}

static void question(void)
{
        struct endpoint client = { { .family = 4, .bytes = { 198, 51, 100, 7 } }, 4242 };

        trace_step(&trace, 0, 0, STEP_QUESTION, &name, 1U, 0x0100U, &client, "udp");
}

static void send_to(uint16_t task, uint64_t at_us)
{
        trace_step(&trace, task, at_us, STEP_SEND, &name, 1U, &server, "udp", (uint64_t)40, (uint64_t)400000, "fastest known");
}

static void answer(unsigned rcode, uint64_t at_us)
{
        trace_step(&trace, 0, at_us, STEP_ANSWER, rcode, 0x8180U, (uint64_t)1, (uint64_t)50, at_us, (uint64_t)1, EDE_NONE);
}

/* The whole request, which has to be JSON. */
static void write_all(void)
{
        struct writer w = writer_over(text, sizeof text - 1);
        struct trace_view view;

        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        otlp_begin(&w, "1.2.3");
        otlp_spans(&w, &view, "");
        otlp_end(&w);
        assert_false(w.failed);
        *w.at = 0;
        assert_true(json_is_valid(text, writer_len(&w)));
}

static unsigned count_of(const char *what)
{
        unsigned count = 0;

        for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
                count++;
        return count;
}

static void test_a_walk_is_a_span_with_spans_below_it(void **state)
{
        (void)state;
        question();
        trace_step(&trace, 1, 100, STEP_TASK, (uint64_t)0, &name, 48U, "chain of trust");
        send_to(1, 150);
        trace_step(&trace, 1, 900, STEP_RECEIVED, &server, "answer", (uint64_t)750, 0U, (uint64_t)99, (uint64_t)1, (uint64_t)0, 0x8400U);
        answer(RCODE_NOERROR, 1000);
        write_all();
        assert_int_equal(count_of("\"traceId\":\"7f3a0000000000000000000000000001\""), 3);
        assert_int_equal(count_of("\"spanId\":\"1122334455667788\""), 1);
        assert_int_equal(count_of("\"parentSpanId\":\"1122334455667788\""), 1);
        assert_int_equal(count_of("\"kind\":2"), 1);
        assert_int_equal(count_of("\"kind\":1"), 1);
        assert_int_equal(count_of("\"kind\":3"), 1);
        assert_non_null(strstr(text, "\"startTimeUnixNano\":\"1763800000000150000\",\"endTimeUnixNano\":\"1763800000000900000\""));
        assert_non_null(strstr(text, "{\"key\":\"dns.question.name\",\"value\":{\"stringValue\":\"www.example.com.\"}}"));
        assert_non_null(strstr(text, "{\"key\":\"server.address\",\"value\":{\"stringValue\":\"192.0.2.53\"}}"));
        assert_non_null(strstr(text, "{\"key\":\"server.port\",\"value\":{\"intValue\":\"53\"}}"));
        assert_non_null(strstr(text, "{\"key\":\"client.address\",\"value\":{\"stringValue\":\"198.51.100.7\"}}"));
        assert_non_null(strstr(text, "{\"key\":\"dns.response_code\",\"value\":{\"stringValue\":\"NOERROR\"}}"));
        assert_non_null(strstr(text, "\"name\":\"answer\",\"attributes\":["));
        assert_null(strstr(text, "\"status\""));
}

static void test_failures_have_a_status(void **state)
{
        (void)state;
        question();
        send_to(0, 10);
        trace_step(&trace, 0, 400010, STEP_TIMEOUT, &server, (uint64_t)400000);
        trace_step(&trace, 0, 400020, STEP_GAVE_UP, &name, 1U, 22U, "192.0.2.53: no answer");
        answer(RCODE_SERVFAIL, 400030);
        write_all();
        assert_int_equal(count_of("\"status\":{\"code\":2,"), 2);
        assert_non_null(strstr(text, "{\"key\":\"error.type\",\"value\":{\"stringValue\":\"timeout\"}}"));
        assert_non_null(strstr(text, "192.0.2.53: no answer"));
}

static void test_a_load_balancer_is_the_parent(void **state)
{
        struct trace_id id = { .bytes = { 0xaa } };

        (void)state;
        question();
        trace_adopt(&trace, &id, 0x99);
        answer(RCODE_NOERROR, 5);
        write_all();
        assert_non_null(strstr(text, "\"traceId\":\"aa000000000000000000000000000000\",\"spanId\":\"1122334455667788\","
                                     "\"parentSpanId\":\"0000000000000099\""));
}

static void test_hostile_bytes_stay_inside_of_strings(void **state)
{
        uint8_t wire[] = { 9, '"', '}', '<', 0, 27, 0xe2, 0x80, 0xae, '\\', 0 };
        struct reader r = reader_over(wire, sizeof wire);

        (void)state;
        assert_int_equal(name_read(&r, &name), ERR_OK);
        question();
        trace_step(&trace, 0, 5, STEP_GAVE_UP, &name, 1U, 22U, "\"}],<script>\x1b[31m\xe2\x80\xae\n");
        answer(RCODE_SERVFAIL, 6);
        write_all();
        assert_null(strpbrk(text, "<>&\x1b"));
        for (const char *at = text; *at; at++)
                assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
}

/* Sub-questions that began each other, that nobody began, and more of everything than there can be. */
static void test_nonsense_is_written_all_the_same(void **state)
{
        (void)state;
        trace_step(&trace, 3, 5, STEP_TASK, (uint64_t)4, &name, 1U, "x");
        trace_step(&trace, 4, 6, STEP_TASK, (uint64_t)3, &name, 1U, "y");
        trace_step(&trace, 5, 6, STEP_TASK, (uint64_t)5, &name, 1U, "z");
        trace_step(&trace, 9, 7, STEP_TIMEOUT, &server, (uint64_t)1);
        for (unsigned i = 0; i < 600; i++) {
                send_to((uint16_t)(i * 100), 8);
                answer(0, 9);
        }
        write_all();
        assert_int_equal(count_of("\"kind\":3"), 256);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_walk_is_a_span_with_spans_below_it, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_failures_have_a_status, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_load_balancer_is_the_parent, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_hostile_bytes_stay_inside_of_strings, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_nonsense_is_written_all_the_same, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
