/* Names that bite, asked of a real cairnd: they leave the trace log and the client's terminal as harmless text. */
#include "asker.h"
#include "cairnd.h"
#include "forwarder.h"
#include "json.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct forwarder forwarder;
static struct cairnd cairnd;
static char folder[SCRATCH_PATH], log_path[SCRATCH_PATH];

/* Labels as a user of a web page, a terminal, a log or a shell would not like them. */
static const struct {
        const char *bytes;
        uint8_t len;
} labels[] = {
        { "<script>alert(1)</script>", 25 },
        { "\"onload=\"x\"", 11 },
        { "'; rm -rf ~;'", 13 },
        { "`id`", 4 },
        { "$(reboot)", 9 },
        { "\033]0;title\007", 10 },
        { "\033[2J\033[31m", 9 },
        { "a\0b", 3 },
        { "\r\nSet-Cookie: x", 15 },
        { "\xe2\x80\xae" "gnp.exe", 10 },
        { "\xff\xfe\x80\x9b", 4 },
        { "\\\\..\\", 5 },
        { "{\"v\":1}", 7 },
        { "%s%n%x", 6 },
        { "a b\tc", 5 },
        { "..", 2 },
};
enum { LABELS = sizeof labels / sizeof labels[0], ROUNDS = 4 };

/* A question for: the label, some more of it to fill the name in later rounds, "example". Returns its length. */
static size_t hostile_query(uint8_t *out, uint16_t id, unsigned label, unsigned repeat)
{
        static const uint8_t head[12] = { [2] = 1, [5] = 1 };
        static const uint8_t tail[] = "\7example\0\0\1\0\1";
        uint8_t *at = out + sizeof head;

        memcpy(out, head, sizeof head);
        out[0] = (uint8_t)(id >> 8);
        out[1] = (uint8_t)id;
        for (unsigned i = 0; i <= repeat; i++) {
                *at++ = labels[label].len;
                memcpy(at, labels[label].bytes, labels[label].len);
                at += labels[label].len;
        }
        memcpy(at, tail, sizeof tail - 1);
        return (size_t)(at - out) + sizeof tail - 1;
}

static void ask_all(void)
{
        int fd = udp_to("127.0.0.1", cairnd.port);
        uint16_t id = 1;

        for (unsigned repeat = 0; repeat < ROUNDS; repeat++) {
                for (unsigned label = 0; label < LABELS; label++, id++) {
                        uint8_t query[512];
                        size_t len = hostile_query(query, id, label, repeat);

                        assert_int_equal(send(fd, query, len, 0), len);
                        assert_int_equal(udp_hear(fd, ASKER_PATIENCE_MS, NULL), id);
                }
        }
        close(fd);
}

static void start(const char *format)
{
        char settings[128];

        unlink(log_path);
        snprintf(settings, sizeof settings, "trace-log-format: %s\ntrace-rate: 1000000\n", format);
        cairnd_start(&cairnd, &(struct cairnd_options){
                .forward_to = forwarder.port, .settings = settings, .trace_log = log_path });
}

static void stop(void)
{
        unsigned took_ms;

        assert_int_equal(cairnd_stop(&cairnd, &took_ms), 0);
        cairnd_clean(&cairnd);
}

/* What the trace log holds; the caller frees it. */
static char *read_log(void)
{
        FILE *file = fopen(log_path, "r");
        char *text = NULL;
        size_t room = 0;

        assert_non_null(file);
        assert_true(getdelim(&text, &room, '\0', file) > 0);
        assert_true(feof(file)); /* no NUL in it */
        fclose(file);
        return text;
}

static void expect_harmless(const char *text, const char *forbidden)
{
        for (; *text; text++) {
                if (*text != '\n' && (*text < ' ' || *text > '~' || strchr(forbidden, *text)))
                        fail_msg("byte %02x before %.40s", (unsigned char)*text, text);
        }
}

static void test_text_log(void **state)
{
        char *text;
        unsigned heads = 0;

        (void)state;
        start("text");
        ask_all();
        stop();
        text = read_log();
        expect_harmless(text, "<>&\"'`");
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
                heads += *line != ' ';
        assert_int_equal(heads, LABELS * ROUNDS);
        free(text);
}

static void test_json_log(void **state)
{
        char *text;
        unsigned lines = 0;

        (void)state;
        start("json");
        ask_all();
        stop();
        text = read_log();
        expect_harmless(text, "<>&'`");
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
                assert_true(json_has_member(line, strcspn(line, "\n"), "qname"));
                assert_true(json_has_member(line, strcspn(line, "\n"), "steps"));
                lines++;
        }
        assert_int_equal(lines, LABELS * ROUNDS);
        free(text);
}

static int set_up(void **state)
{
        (void)state;
        scratch_make(folder);
        scratch_path(folder, "traces", log_path);
        forwarder_start(&forwarder);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        forwarder_stop(&forwarder);
        scratch_remove(folder);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text_log),
                cmocka_unit_test(test_json_log),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
