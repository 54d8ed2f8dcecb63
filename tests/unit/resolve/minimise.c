/*
 * QNAME minimisation: what is shown to whom (RFC 9156). The figures are those of section 2.3: at most ten steps for any
 * name, the first four of one label each.
 */
#include "resolve/minimise.h"
#include "config/limits.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* After the single ones the labels that are left are spread over the steps that are left, longer strides first. */
static void test_strides(void **state)
{
        static const struct {
                unsigned labels; /* of a name whose servers are asked from the root on, with no cut on the way */
                unsigned shown[LIMIT_MINIMISE_STEPS + 1];
        } rows[] = {
                { 1, { 1 } },
                { 2, { 1, 2 } },
                { 4, { 1, 2, 3, 4 } },
                { 5, { 1, 2, 3, 4, 5 } },
                { 10, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 } },
                { 11, { 1, 2, 3, 4, 6, 7, 8, 9, 10, 11 } },
                { 18, { 1, 2, 3, 4, 7, 10, 12, 14, 16, 18 } },
                { 127, { 1, 2, 3, 4, 25, 46, 67, 87, 107, 127 } },
        };

        (void)state;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unsigned known = 0;

                for (unsigned step = 0; known < rows[i].labels; step++) {
                        known = minimise_next(rows[i].labels, known, step);
                        assert_int_equal(known, rows[i].shown[step]);
                }
        }
}

/* From any cut, for any name: never too many steps, always forward, one label at first, the whole name at last. */
static void test_steps_of_every_name(void **state)
{
        (void)state;
        for (unsigned labels = 1; labels <= NAME_LABEL_MAX; labels++) {
                for (unsigned cut = 0; cut < labels; cut++) {
                        unsigned known = cut, steps = 0;

                        while (known < labels) {
                                unsigned next = minimise_next(labels, known, steps);

                                assert_true(next > known && next <= labels);
                                if (steps < LIMIT_MINIMISE_SINGLE && labels > known + 1)
                                        assert_int_equal(next, known + 1);
                                known = next;
                                steps++;
                        }
                        assert_true(steps <= LIMIT_MINIMISE_STEPS);
                }
        }
}

/* Out of steps, or nothing left to hide: the whole name. */
static void test_ends(void **state)
{
        (void)state;
        assert_int_equal(minimise_next(20, 3, LIMIT_MINIMISE_STEPS), 20);
        assert_int_equal(minimise_next(20, 3, LIMIT_MINIMISE_STEPS + 5), 20);
        assert_int_equal(minimise_next(3, 3, 0), 3);
        assert_int_equal(minimise_next(3, 5, 0), 3);
        assert_int_equal(minimise_next(0, 0, 0), 0);
}

static void test_what_is_shown(void **state)
{
        static const struct {
                unsigned labels;
                enum manner manner;
                const char *name;
                uint16_t type;
                bool whole;
        } rows[] = {
                { 0, MANNER_NS, ".", TYPE_NS, false },
                { 1, MANNER_NS, "com.", TYPE_NS, false },
                { 2, MANNER_NS, "example.com.", TYPE_NS, false },
                { 2, MANNER_A, "example.com.", TYPE_A, false },
                { 3, MANNER_NS, "www.example.com.", TYPE_AAAA, true },
                { 3, MANNER_A, "www.example.com.", TYPE_AAAA, true },
                { 9, MANNER_NS, "www.example.com.", TYPE_AAAA, true },
                { 1, MANNER_FULL, "www.example.com.", TYPE_AAAA, true },
        };
        uint8_t room[NAME_WIRE_MAX], expected_room[NAME_WIRE_MAX];
        struct name qname, expected;

        (void)state;
        assert_int_equal(name_from_text("www.example.com.", room, &qname), ERR_OK);
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct shown shown = minimise_show(&qname, TYPE_AAAA, rows[i].labels, rows[i].manner);

                assert_int_equal(name_from_text(rows[i].name, expected_room, &expected), ERR_OK);
                assert_true(name_equal(&shown.name, &expected));
                assert_int_equal(shown.type, rows[i].type);
                assert_int_equal(shown.whole, rows[i].whole);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_strides),
                cmocka_unit_test(test_steps_of_every_name),
                cmocka_unit_test(test_ends),
                cmocka_unit_test(test_what_is_shown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
