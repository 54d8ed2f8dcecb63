/* Times and sizes as people write them. */
#include "base/unit.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { KEPT = 7 };

static const uint64_t kib = 1024, mib = 1024 * 1024;

static const struct {
        const char *text;
        uint64_t bytes;
} sizes[] = {
        { "0", 0 },
        { "4096", 4096 },
        { "4096B", 4096 },
        { "4096b", 4096 },
        { "1K", kib },
        { "1k", kib },
        { "1KB", kib },
        { "1kB", kib },
        { "1KiB", kib },
        { "1kib", kib },
        { "1Ki", kib },
        { "768M", 768 * mib },
        { "768m", 768 * mib },
        { "768MB", 768 * mib },
        { "768MiB", 768 * mib },
        { "768mib", 768 * mib },
        { "2G", 2048 * mib },
        { "2GB", 2048 * mib },
        { "3T", 3 * mib * mib },
        { "18446744073709551615", UINT64_MAX },
        { "16777215TiB", UINT64_MAX - mib * mib + 1 },
};

static const char *const no_sizes[] = {
        "", "G", "1 G", "1Gii", "1GBi", "1GiBs", "1BB", "1s", "1x", "-1", "+1", "01", "00", "1.5G", "0x10", "16777216T",
        "18446744073709551616", "99999999999999999999999999",
};

static void test_sizes(void **state)
{
        (void)state;
        for (size_t i = 0; i < COUNT(sizes); i++) {
                uint64_t bytes = KEPT;

                assert_true(unit_read_size(sizes[i].text, UINT64_MAX, &bytes));
                assert_int_equal(bytes, sizes[i].bytes);
        }
        for (size_t i = 0; i < COUNT(no_sizes); i++) {
                uint64_t bytes = KEPT;

                assert_false(unit_read_size(no_sizes[i], UINT64_MAX, &bytes));
                assert_int_equal(bytes, KEPT);
        }
}

static void test_times(void **state)
{
        static const char *const no_times[] = { "", "s", "1w", "1 d", "1D", "1S", "1M", "1ms", "1hour", "01" };
        uint64_t seconds = KEPT;

        (void)state;
        for (size_t i = 0; i < COUNT(no_times); i++)
                assert_false(unit_read_time(no_times[i], UINT64_MAX, &seconds));
        assert_int_equal(seconds, KEPT);
        assert_true(unit_read_time("90", 90, &seconds) && seconds == 90);
        assert_true(unit_read_time("90s", 90, &seconds) && seconds == 90);
        assert_true(unit_read_time("15m", 900, &seconds) && seconds == 900);
        assert_true(unit_read_time("2h", 7200, &seconds) && seconds == 7200);
        assert_true(unit_read_time("1d", 86400, &seconds) && seconds == 86400);
        assert_false(unit_read_time("1d", 86399, &seconds));
}

static void test_numbers(void **state)
{
        uint64_t number = KEPT;

        (void)state;
        assert_false(unit_read_number("1s", UINT64_MAX, &number));
        assert_false(unit_read_number("54", 53, &number));
        assert_int_equal(number, KEPT);
        assert_true(unit_read_number("53", 53, &number) && number == 53);
}

static void test_sizes_have_the_largest_whole_unit(void **state)
{
        static const struct {
                uint64_t bytes;
                const char *text;
        } rows[] = {
                { 0, "0B" },
                { 1, "1B" },
                { 1023, "1023B" },
                { 1024, "1KiB" },
                { 1025, "1025B" },
                { 1048576, "1MiB" },
                { 268435456, "256MiB" },
                { UINT64_C(1) << 40, "1TiB" },
                { UINT64_MAX, "18446744073709551615B" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                char room[SIZE_TEXT_MAX];

                assert_string_equal(unit_size_text(rows[i].bytes, room), rows[i].text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_times),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_sizes_have_the_largest_whole_unit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
