/*
 * The files that the build embeds: as they stand in zones/, in order, findable.
 */
#include "config/builtin.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_names_are_sorted_and_found(void **state)
{
        (void)state;
        assert_true(builtin_count > 0);
        for (size_t i = 0; i < builtin_count; i++) {
                assert_ptr_equal(builtin_find(builtin_files[i].name), &builtin_files[i]);
                if (i > 0)
                        assert_true(strcmp(builtin_files[i - 1].name, builtin_files[i].name) < 0);
        }
}

static void test_text_is_the_file(void **state)
{
        const char *source = getenv("CAIRN_SOURCE");

        (void)state;
        if (!source)
                skip();
        for (size_t i = 0; i < builtin_count; i++) {
                const struct builtin *builtin = &builtin_files[i];
                char path[4096];
                char *text = malloc(builtin->len + 1);
                FILE *file;

                snprintf(path, sizeof(path), "%s/zones/%s", source, builtin->name);
                file = fopen(path, "rb");
                assert_non_null(file);
                assert_non_null(text);
                assert_int_equal(fread(text, 1, builtin->len + 1, file), builtin->len);
                assert_memory_equal(text, builtin->text, builtin->len);
                assert_int_equal(builtin->text[builtin->len], '\0');
                fclose(file);
                free(text);
        }
}

static void test_root_hints_and_anchors_are_there(void **state)
{
        (void)state;
        assert_non_null(builtin_find("root.hints"));
        assert_non_null(builtin_find("root.anchors"));
        assert_null(builtin_find("root"));
        assert_null(builtin_find(""));
}

static void test_version_and_date(void **state)
{
        (void)state;
        assert_true(strlen(builtin_version) >= strlen("0.0.0"));
        assert_int_equal(strlen(builtin_date), strlen("2026-11-22"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names_are_sorted_and_found),
                cmocka_unit_test(test_text_is_the_file),
                cmocka_unit_test(test_root_hints_and_anchors_are_there),
                cmocka_unit_test(test_version_and_date),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
