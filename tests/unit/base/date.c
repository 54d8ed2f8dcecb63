/* Dates in words, there and back. */
#include "base/date.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
        uint64_t seconds;
        const char *text;
} row[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { 951827696, "2000-02-29T12:34:56Z" },
        { 2147483648, "2038-01-19T03:14:08Z" },
        { 4294967296, "2106-02-07T06:28:16Z" },
        { 253402300799, "9999-12-31T23:59:59Z" },
};

static void test_there_and_back(void **state)
{
        char text[DATE_TEXT_MAX];
        uint64_t seconds;

        (void)state;
        for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
                assert_string_equal(date_text(row[i].seconds, text), row[i].text);
                assert_true(date_parse(row[i].text, &seconds));
                assert_int_equal(seconds, row[i].seconds);
        }
        assert_string_equal(date_text(UINT64_MAX, text), "9999-12-31T23:59:59Z");
        assert_true(date_parse("2026-11-22", &seconds));
        assert_int_equal(seconds % 86400, 0);
}

static void test_what_is_no_date(void **state)
{
        static const char *const text[] = { "", "2026", "2026-02-30", "2026-11-22T20:31:05", "2026-11-22T20:31:05Zx",
                                            "1969-12-31", "2026-11-22T25:00:00Z", "tomorrow" };
        uint64_t seconds;

        (void)state;
        for (unsigned i = 0; i < sizeof text / sizeof *text; i++)
                assert_false(date_parse(text[i], &seconds));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_there_and_back),
                cmocka_unit_test(test_what_is_no_date),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
