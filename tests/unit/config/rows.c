/*
 * The rows of config.def and limits.def: what each of them must hold, and what is made from them.
 */
#include "config/config.h"
#include "config/option.h"
#include "config/tree.h"
#include "config/value.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char page[1 << 20];

static uint64_t number_of(const struct settings *settings, const struct option *option)
{
        const char *field = (const char *)settings + option->offset;

        switch (option->kind) {
        case OPTION_BOOL: return *(const bool *)field;
        case OPTION_NUMBER:
        case OPTION_SECONDS: return *(const uint32_t *)field;
        case OPTION_BYTES: return *(const uint64_t *)field;
        case OPTION_TEXT:
        case OPTION_PATH: return strlen(*(const char *const *)field);
        case OPTION_WORD: return *(const unsigned *)field;
        case OPTION_ENDPOINTS:
        case OPTION_ADDRESSES:
        case OPTION_PREFIXES:
        case OPTION_NAMES:
        case OPTION_HINTS:
        case OPTION_RECORDS:
        case OPTION_ZONES: return *(const unsigned *)field;
        }
        return UINT64_MAX;
}

static void test_defaults_lie_within_bounds(void **state)
{
        struct settings *settings = config_defaults();

        (void)state;
        assert_non_null(settings);
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                const struct option *option = option_row(id);

                assert_true(option->min <= option->max);
                assert_in_range(number_of(settings, option), option->min, option->max);
                assert_false(settings->given[id]);
        }
        settings_free(settings);
}

static void assert_is_sentence(const char *text)
{
        size_t len = strlen(text);

        assert_true(len > 10);
        assert_true(text[0] >= 'A' && text[0] <= 'Z');
        assert_int_equal(text[len - 1], '.');
}

static void test_each_help_is_a_sentence(void **state)
{
        (void)state;
        for (unsigned id = 0; id < OPTION_COUNT; id++)
                assert_is_sentence(option_row(id)->help);
}

static void test_keys_are_found_and_differ(void **state)
{
        char key[OPTION_KEY_MAX];
        enum option_id found;

        (void)state;
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                option_key(id, key);
                assert_int_equal(strlen(key), strlen(option_row(id)->field));
                assert_true(option_find(key, strlen(key), &found));
                assert_int_equal(found, id);
                assert_true(option_nearest(key, strlen(key) - 1, &found));
                assert_null(strchr(key, '_'));
        }
}

static void test_word_settings_have_words(void **state)
{
        (void)state;
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                unsigned count = 0;

                while (option_word(id, count))
                        count++;
                assert_int_equal(count, option_row(id)->kind == OPTION_WORD ? option_row(id)->max + 1 : 0);
        }
        assert_string_equal(option_word(OPTION_trace_log_format, TRACE_LOG_TEXT)->word, "text");
        assert_string_equal(option_word(OPTION_trace_log_format, TRACE_LOG_JSON)->word, "json");
}

/* The text that a printer wrote into `page`. */
static const char *printed(void (*print)(struct writer *out))
{
        struct writer out = writer_over(page, sizeof(page) - 1);

        print(&out);
        assert_false(out.failed);
        page[writer_len(&out)] = '\0';
        return page;
}

static void test_manual_names_each_setting_and_limit(void **state)
{
        const char *manual = printed(config_man);

        (void)state;
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                char key[OPTION_KEY_MAX], line[2 * OPTION_KEY_MAX + 8] = ".B ";
                char *at = line + 3;

                for (const char *from = option_key(id, key); *from; from++) {
                        if (*from == '-')
                                *at++ = '\\';
                        *at++ = *from;
                }
                strcpy(at, "\n");
                assert_non_null(strstr(manual, line));
        }
        for (unsigned i = 0; i < limit_count; i++)
                assert_non_null(strstr(manual, limit_table[i].name));
}

static void test_manual_has_no_stray_requests(void **state)
{
        static const char *const known[] = {".TH ", ".SH ", ".TP\n", ".B ", ".BR ", ".PP\n", ".br\n"};

        (void)state;
        for (const char *line = printed(config_man); *line; line = strchr(line, '\n') + 1) {
                bool good = *line != '.' && *line != '\'';

                for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                        good |= strncmp(line, known[i], strlen(known[i])) == 0;
                assert_true(good);
        }
}

static void test_markdown_has_a_row_for_each_setting(void **state)
{
        const char *table = printed(config_markdown);

        (void)state;
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                char key[OPTION_KEY_MAX], cell[OPTION_KEY_MAX + 8] = "\n| `";
                const char *row, *end;
                unsigned bars = 0;

                strcat(strcat(cell, option_key(id, key)), "` |");
                row = strstr(table, cell);
                assert_non_null(row);
                end = strchr(++row, '\n');
                for (; row < end; row++)
                        bars += *row == '|';
                assert_int_equal(bars, 5);
        }
}

static void test_what_is_not_built_says_so(void **state)
{
        struct settings *settings = config_defaults();
        struct writer out = writer_over(page, sizeof(page) - 1);

        (void)state;
        config_print(settings, &out);
        page[writer_len(&out)] = '\0';
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                char key[OPTION_KEY_MAX], line[OPTION_KEY_MAX + 8] = "\n#";
                const char *at;

                if (option_row(id)->when != OPTION_LATER)
                        continue;
                strcat(strcat(line, option_key(id, key)), ":");
                at = strstr(page, line);
                assert_non_null(at);
                at -= strlen("is not built.");
                assert_memory_equal(at, "is not built.", strlen("is not built."));
        }
        settings_free(settings);
}

static void test_limits_are_told_apart_and_explained(void **state)
{
        (void)state;
        assert_true(limit_count > 50);
        for (unsigned i = 0; i < limit_count; i++) {
                const struct limit *limit = &limit_table[i];

                assert_true(limit->value > 0);
                assert_true(limit->scope < LIMIT_SCOPE_COUNT);
                assert_string_not_equal(limit_scope_text(limit->scope), "UNKNOWN");
                assert_true(strlen(limit->what) > 4 && strlen(limit->why) > 4);
                for (unsigned k = 0; k < i; k++)
                        assert_string_not_equal(limit_table[k].name, limit->name);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults_lie_within_bounds),
                cmocka_unit_test(test_each_help_is_a_sentence),
                cmocka_unit_test(test_keys_are_found_and_differ),
                cmocka_unit_test(test_word_settings_have_words),
                cmocka_unit_test(test_manual_names_each_setting_and_limit),
                cmocka_unit_test(test_manual_has_no_stray_requests),
                cmocka_unit_test(test_markdown_has_a_row_for_each_setting),
                cmocka_unit_test(test_what_is_not_built_says_so),
                cmocka_unit_test(test_limits_are_told_apart_and_explained),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
