/*
 * Negative trust anchors made at run time: when each has ended, and that what remains stays whole.
 */
#include "dnssec/negative.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DAY = 86400, BUILT = 20000 * DAY, NOW = BUILT + 100 * DAY };

static struct negatives negatives;

static struct negative *add(const char *text, uint64_t ends_s, const char *reason)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        assert_int_equal(name_from_text(text, room, &name), ERR_OK);
        return negatives_add(&negatives, &name, NOW, ends_s, reason);
}

static int none(void **state)
{
        (void)state;
        negatives.count = 0;
        return 0;
}

static void test_the_end(void **state)
{
        static const struct {
                const char *what;
                uint64_t ends_s, now_s;
                bool ended;
        } rows[] = {
                { "it has a second to go", NOW + 1, NOW, false },
                { "its time is over", NOW, NOW, true },
                { "a week to go", NOW + 7 * DAY, NOW, false },
                { "made by a clock that was ahead", NOW + 7 * DAY + 1, NOW, true },
                { "the clock begins in 1970", NOW + DAY, 60, false },
                { "the clock stands on the day before the build", NOW + DAY, BUILT - 1, false },
                { "made in 1970, and over", 60 + DAY, 60 + DAY, true },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                none(state);
                struct negative *negative = add("example", rows[i].ends_s, "");
                if (negatives_ended(&negatives, rows[i].now_s, BUILT) != (rows[i].ended ? negative : NULL))
                        fail_msg("%s", rows[i].what);
        }
}

/* Names lie in their own item: what takes the place of one that is dropped must not point to where it was. */
static void test_what_remains_stays_whole(void **state)
{
        char text[NAME_TEXT_MAX];

        (void)state;
        struct negative *first = add("first.example", NOW + DAY, "one");
        add("second.example", NOW + DAY, "two");
        struct negative *last = add("last.example", NOW + DAY, "three");
        negatives_drop(&negatives, first);
        memset(last, 0xff, sizeof *last);
        assert_int_equal(negatives.count, 2);
        assert_string_equal(name_text(&negatives.item[0].name, text), "last.example.");
        assert_string_equal(negatives.item[0].reason, "three");
        assert_string_equal(name_text(&negatives.item[1].name, text), "second.example.");
}

static void test_there_is_a_most(void **state)
{
        char text[40];

        (void)state;
        for (unsigned i = 0; i < NEGATIVES_MAX; i++) {
                snprintf(text, sizeof text, "n%u.example", i);
                assert_non_null(add(text, NOW + DAY, ""));
        }
        assert_null(add("more.example", NOW + DAY, ""));
        assert_non_null(add("N7.example", NOW + 2 * DAY, "renewed \"by\" hand\n"));
        assert_int_equal(negatives.count, NEGATIVES_MAX);
        assert_string_equal(negatives.item[7].reason, "renewed by hand");
        assert_int_equal(negatives.item[7].ends_s, NOW + 2 * DAY);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_the_end, none),
                cmocka_unit_test_setup(test_what_remains_stays_whole, none),
                cmocka_unit_test_setup(test_there_is_a_most, none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
