/* Every error has a text of its own; EXPECT counts what it finds. */
#include "base/err.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void each_error_has_its_text(void **state)
{
        (void)state;
        for (int a = 0; a < ERR_COUNT; a++) {
                assert_true(strlen(err_text(a)) > 0);
                assert_int_not_equal(err_text(a)[strlen(err_text(a)) - 1], '.');
                for (int b = 0; b < a; b++)
                        assert_string_not_equal(err_text(a), err_text(b));
        }
        assert_int_equal(ERR_OK, 0);
}

static void an_unknown_error_has_a_text_too(void **state)
{
        (void)state;
        assert_string_equal(err_text(ERR_COUNT), "unknown error");
        assert_string_equal(err_text((enum err)999), "unknown error");
}

static void expect_is_true_when_it_holds(void **state)
{
        (void)state;
        uint64_t before = expect_failures();
        assert_true(EXPECT(1 + 1 == 2));
        assert_int_equal(expect_failures(), before);
#ifndef CAIRN_STRICT
        assert_false(EXPECT(1 + 1 == 3));
        assert_int_equal(expect_failures(), before + 1);
#endif
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_error_has_its_text),
                cmocka_unit_test(an_unknown_error_has_a_text_too),
                cmocka_unit_test(expect_is_true_when_it_holds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
