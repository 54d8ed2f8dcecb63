/* lib/watch/words.c: values in words, never harmful, never longer than a field may be. */
#include "watch/words.h"
#include "wire/codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char text[4096];

static struct writer fresh(void)
{
        memset(text, 0, sizeof text);
        return writer_over(text, sizeof text - 1);
}

static void test_durations(void **state)
{
        static const struct {
                uint64_t us;
                const char *text;
        } table[] = {
                { 0, "0 us" }, { 1, "1 us" }, { 850, "850 us" }, { 999, "999 us" }, { 1000, "1.00 ms" },
                { 1999, "1.99 ms" }, { 12345, "12.3 ms" }, { 123456, "123 ms" }, { 999999, "999 ms" },
                { 1000000, "1.00 s" }, { 1824000, "1.82 s" }, { 12345678, "12.3 s" }, { 150000000, "150 s" },
                { UINT64_MAX, "18446744073709 s" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                struct writer w = fresh();

                words_duration(&w, table[i].us);
                assert_string_equal(text, table[i].text);
        }
}

static void test_seconds(void **state)
{
        static const struct {
                uint64_t seconds;
                const char *text;
        } table[] = {
                { 0, "0 s" }, { 45, "45 s" }, { 60, "1 m" }, { 61, "1 m 1 s" }, { 3599, "59 m 59 s" },
                { 3600, "1 h" }, { 3659, "1 h" }, { 3720, "1 h 2 m" }, { 86400, "1 d" }, { 273600, "3 d 4 h" },
                { UINT64_MAX, "213503982334601 d 7 h" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                struct writer w = fresh();

                words_seconds(&w, table[i].seconds);
                assert_string_equal(text, table[i].text);
        }
}

static void test_flags(void **state)
{
        static const struct {
                unsigned flags;
                const char *text;
        } table[] = {
                { 0, "none" }, { FLAG_RD, "rd" }, { FLAG_QR | FLAG_RD | FLAG_RA, "qr rd ra" },
                { 0xffff, "qr aa tc rd ra ad cd" }, { 0x000f, "none" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                struct writer w = fresh();

                words_flags(&w, table[i].flags);
                assert_string_equal(text, table[i].text);
        }
}

static void test_extended_errors(void **state)
{
        static const struct {
                unsigned code;
                const char *text;
        } table[] = {
                { EDE_NO_AUTHORITY, "No Reachable Authority" },
                { 99, "extended error 99" },
                { EDE_NONE, "no extended error" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                struct writer w = fresh();

                words_ede(&w, table[i].code);
                assert_string_equal(text, table[i].text);
        }
}

static void test_servers_show_unusual_ports_only(void **state)
{
        static const struct address v4 = { 4, { 192, 0, 2, 1 } };
        static const struct address v6 = { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
        static const struct address none;
        static const struct {
                const struct address *address;
                uint16_t port;
                const char *text;
        } table[] = {
                { &v4, 0, "192.0.2.1" }, { &v4, 53, "192.0.2.1" }, { &v4, 5300, "192.0.2.1@5300" },
                { &v6, 53, "2001:db8::1" }, { &v6, 65535, "2001:db8::1@65535" }, { &none, 0, "-" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                struct writer w = fresh();

                words_server(&w, table[i].address, table[i].port);
                assert_string_equal(text, table[i].text);
        }
}

static void test_every_byte_alone(void **state)
{
        (void)state;
        for (unsigned byte = 0; byte < 256; byte++) {
                struct writer w = fresh();
                char raw = (char)byte;

                words_text(&w, &raw, 1);
                if (byte < ' ' || byte > '~' || strchr("\"'`<>&\\", (int)byte)) {
                        assert_int_equal(writer_len(&w), 4);
                        assert_int_equal(text[0], '\\');
                        assert_int_equal((text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0', byte);
                } else {
                        assert_int_equal(writer_len(&w), 1);
                        assert_int_equal(text[0], byte);
                }
        }
}

static void test_long_values_end_in_dots(void **state)
{
        static char plain[2000], hostile[2000];

        (void)state;
        memset(plain, 'a', sizeof plain);
        memset(hostile, 0x1b, sizeof hostile);
        for (size_t len = 0; len < sizeof plain; len++) {
                struct writer w = fresh();

                words_text(&w, plain, len);
                assert_true(writer_len(&w) <= WORDS_FIELD_MAX);
                if (len > WORDS_FIELD_MAX)
                        assert_string_equal(text + writer_len(&w) - 4, "a...");
                w = fresh();
                words_text(&w, hostile, len);
                assert_true(writer_len(&w) <= WORDS_FIELD_MAX);
        }
}

static void test_long_names_keep_their_end(void **state)
{
        static uint8_t wire[NAME_WIRE_MAX];
        struct name name = { .wire = wire, .len = NAME_WIRE_MAX, .label_count = 5 };
        struct writer w = fresh();

        (void)state;
        memset(wire, 0xff, sizeof wire);
        wire[0] = wire[64] = wire[128] = 63;
        wire[192] = 57;
        memcpy(wire + 250, "\3com", 5);
        words_name(&w, &name);
        assert_true(writer_len(&w) <= WORDS_FIELD_MAX);
        assert_memory_equal(text, "...\\255", 7);
        assert_string_equal(text + writer_len(&w) - 5, ".com.");
}

static void test_json_escapes_backslash_and_quote(void **state)
{
        struct writer w = fresh();

        (void)state;
        words_json(&w, "a\\000b\"", 7);
        assert_string_equal(text, "a\\\\000b\\\"");
}

static void test_hex_and_numbers(void **state)
{
        static const uint8_t bytes[] = { 0x00, 0x7f, 0xa0, 0xff };
        struct writer w = fresh();

        (void)state;
        words_hex(&w, bytes, sizeof bytes);
        words_number(&w, UINT64_MAX);
        assert_string_equal(text, "007fa0ff18446744073709551615");
}

static void test_lower_case_words(void **state)
{
        static const char word[WORD_MAX] = WORD_LOWER("GAVE_UP2");

        (void)state;
        assert_string_equal(word, "gave_up2");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_durations),
                cmocka_unit_test(test_seconds),
                cmocka_unit_test(test_flags),
                cmocka_unit_test(test_extended_errors),
                cmocka_unit_test(test_servers_show_unusual_ports_only),
                cmocka_unit_test(test_every_byte_alone),
                cmocka_unit_test(test_long_values_end_in_dots),
                cmocka_unit_test(test_long_names_keep_their_end),
                cmocka_unit_test(test_json_escapes_backslash_and_quote),
                cmocka_unit_test(test_hex_and_numbers),
                cmocka_unit_test(test_lower_case_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
