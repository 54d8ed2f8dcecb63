/* Numbers with names, and those without. */
#include "wire/codes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void known_codes_have_names(void **state)
{
        char room[12];

        (void)state;
#define RCODE(name, number) assert_string_equal(rcode_text(number, room), #name);
#define OPCODE(name, number) assert_string_equal(opcode_text(number, room), #name);
#define EDE(name, number, text) assert_string_equal(ede_text(number), text);
#include "wire/codes.def"
#undef RCODE
#undef OPCODE
#undef EDE
}

static void others_have_numbers(void **state)
{
        char room[12];

        (void)state;
        assert_string_equal(rcode_text(24, room), "RCODE24");
        assert_string_equal(rcode_text(4095, room), "RCODE4095");
        assert_string_equal(opcode_text(15, room), "OPCODE15");
        assert_null(ede_text(30000));
        assert_null(ede_text(EDE_NONE));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(known_codes_have_names),
                cmocka_unit_test(others_have_numbers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
