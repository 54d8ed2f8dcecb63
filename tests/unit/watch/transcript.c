/* lib/watch/transcript.c: messages in words, for people and machines. */
#include "watch/transcript.h"
#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char text[TRANSCRIPT_MAX];

/* www.example.com A: NOERROR, qr rd ra; one A and one TXT record; an OPT with EDE 22 and a text that bites. */
static const uint8_t message[] =
        "\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x01"
        "\3www\7example\3com\0\x00\x01\x00\x01"
        "\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x01"
        "\xc0\x0c\x00\x10\x00\x01\x00\x00\x01\x2c\x00\x09\x08" "a\"b\\<\x1b\xff" "c"
        "\0\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x0d\x00\x0f\x00\x09\x00\x16" "<b>\"\x1b" "]0";
enum { MESSAGE_LEN = sizeof message - 1 };

static size_t as_text(const uint8_t *bytes, size_t len)
{
        struct writer w = writer_over(text, sizeof text - 1);

        assert_int_equal(transcript_text(&w, bytes, len), ERR_OK);
        assert_false(w.failed);
        *w.at = 0;
        return writer_len(&w);
}

static void test_text(void **state)
{
        (void)state;
        as_text(message, MESSAGE_LEN);
        assert_string_equal(text, ";; NOERROR, flags qr rd ra, 94 bytes\n"
                                  ";; because: No Reachable Authority: \\060b\\062\\034\\027]0\n"
                                  ";; answer\n"
                                  "www.example.com. 300 IN A 192.0.2.1\n"
                                  "www.example.com. 300 IN TXT \"a\\\"b\\\\\\060\\027\\255c\"\n");
}

static void test_json(void **state)
{
        struct writer w = writer_over(text, sizeof text - 1);

        (void)state;
        assert_int_equal(transcript_json(&w, message, MESSAGE_LEN), ERR_OK);
        *w.at = 0;
        assert_true(json_is_valid(text, writer_len(&w)));
        assert_string_equal(text, "{\"rcode\":\"NOERROR\",\"flags\":\"qr rd ra\",\"bytes\":94,"
                                  "\"answer\":[\"www.example.com. 300 IN A 192.0.2.1\","
                                  "\"www.example.com. 300 IN TXT \\\"a\\\\\\\"b\\\\\\\\\\\\060\\\\027\\\\255c\\\"\"],"
                                  "\"authority\":[],\"additional\":[],"
                                  "\"ede\":[\"No Reachable Authority: \\\\060b\\\\062\\\\034\\\\027]0\"]}");
}

static void test_what_is_no_message_is_not_written(void **state)
{
        (void)state;
        for (size_t len = 0; len < MESSAGE_LEN; len++) {
                struct writer w = writer_over(text, sizeof text);

                assert_int_not_equal(transcript_text(&w, message, len), ERR_OK);
                assert_int_not_equal(transcript_json(&w, message, len), ERR_OK);
                assert_int_equal(writer_len(&w), 0);
        }
}

static void test_too_little_room_fails_the_writer(void **state)
{
        size_t whole = as_text(message, MESSAGE_LEN);

        (void)state;
        for (size_t size = 0; size < whole; size++) {
                struct writer w = writer_over(text, size);

                assert_int_equal(transcript_text(&w, message, MESSAGE_LEN), ERR_OK);
                assert_true(w.failed);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_what_is_no_message_is_not_written),
                cmocka_unit_test(test_too_little_room_fails_the_writer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
