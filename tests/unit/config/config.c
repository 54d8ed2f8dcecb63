/*
 * Settings files that are read: what becomes of each kind of value, and that printing and reading again changes
 * nothing.
 */
#include "config/config.h"
#include "config/option.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config_complaints complaints;

/* Read what must be good. */
static struct settings *good(const char *text)
{
        struct settings *settings = config_parse("f", text, strlen(text), &complaints);

        if (!settings)
                fail_msg("%s", complaints.count ? complaints.item[0].text : "no complaint");
        return settings;
}

static char *printed(const struct settings *settings)
{
        size_t size = 1 << 18;
        char *text = malloc(size);
        struct writer out = writer_over(text, size - 1);

        assert_non_null(text);
        config_print(settings, &out);
        assert_false(out.failed);
        text[writer_len(&out)] = '\0';
        return text;
}

/* A value for each kind that no default has. */
static const char *sample(enum option_kind kind)
{
        switch (kind) {
        case OPTION_BOOL: return NULL;
        case OPTION_NUMBER: return NULL;
        case OPTION_SECONDS: return "77";
        case OPTION_BYTES: return "77MiB";
        case OPTION_TEXT: return "\"no \\\"#: \\\\ \\u00fc\"";
        case OPTION_PATH: return "\"/a b/\\\"c\\\"\"";
        case OPTION_WORD: return NULL;
        case OPTION_ENDPOINTS: return "[\"::1@5300\", 192.0.2.7@54]";
        case OPTION_ADDRESSES: return "[\"2001:db8::7\", 192.0.2.7]";
        case OPTION_PREFIXES: return "[\"2001:db8::/32\"]";
        case OPTION_NAMES: return "[example, \"a\\\\.b.c.\", \"\\\\255.x\"]";
        case OPTION_HINTS: return "[\"x.root. 192.0.2.7\", \"y.root. 2001:db8::7\"]";
        case OPTION_RECORDS: return "[\"example. IN DS 20326 8 2 "
                                    "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\"]";
        case OPTION_ZONES: return "[{name: lab, addresses: [192.0.2.7, \"2001:db8::7@54\"]}, "
                                  "{name: \"*.x\", addresses: 192.0.2.8}]";
        }
        return NULL;
}

/* A line that gives the setting another value than its default. */
static void other_value(enum option_id id, const struct settings *defaults, char *line, size_t size)
{
        const struct option *option = option_row(id);
        const char *field = (const char *)defaults + option->offset;
        char key[OPTION_KEY_MAX];

        option_key(id, key);
        if (option->kind == OPTION_BOOL)
                snprintf(line, size, "%s: %s\n", key, *(const bool *)field ? "no" : "yes");
        else if (option->kind == OPTION_NUMBER)
                snprintf(line, size, "%s: %u\n", key, *(const uint32_t *)field + 1);
        else if (option->kind == OPTION_WORD)
                snprintf(line, size, "%s: %s\n", key, option_word(id, *(const unsigned *)field + 1)->word);
        else
                snprintf(line, size, "%s: %s\n", key, sample(option->kind));
}

static void test_each_option_survives_print_and_parse(void **state)
{
        struct settings *defaults = good("");
        char *untouched = printed(defaults);

        (void)state;
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                char line[512];
                struct settings *first, *second;
                char *once, *twice;

                other_value(id, defaults, line, sizeof(line));
                first = good(line);
                once = printed(first);
                second = good(once);
                twice = printed(second);
                assert_string_equal(once, twice);
                assert_string_not_equal(once, untouched);
                for (unsigned k = 0; k < OPTION_COUNT; k++) {
                        assert_int_equal(first->given[k], k == id);
                        assert_int_equal(second->given[k], k == id);
                }
                free(once);
                free(twice);
                settings_free(first);
                settings_free(second);
        }
        free(untouched);
        settings_free(defaults);
}

/* What is printed as a comment is what would be read: without the marks, all is given and nothing differs. */
static void test_commented_defaults_are_the_defaults(void **state)
{
        struct settings *defaults = good("");
        char *text = printed(defaults), *to = text;
        struct settings *given;

        (void)state;
        for (const char *from = text; *from; from++) {
                bool marks = *from == '#' && (from == text || from[-1] == '\n') && from[1] != ' ' && from[1] != '#';
                bool item = *from == '#' && from > text && from[-1] == '\n' && strncmp(from, "#  - ", 5) == 0;

                if (!marks && !item)
                        *to++ = *from;
        }
        *to = '\0';
        given = good(text);
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                const struct option *option = option_row(id);
                const char *a = (const char *)defaults + option->offset, *b = (const char *)given + option->offset;

                assert_true(given->given[id]);
                if (option_is_list(option->kind) || option->kind == OPTION_NUMBER || option->kind == OPTION_SECONDS)
                        assert_int_equal(*(const unsigned *)a, *(const unsigned *)b);
        }
        assert_int_equal(given->anchors.count, 0); /* given as none */
        assert_int_equal(given->hints.count, defaults->hints.count);
        settings_free(given);
        settings_free(defaults);
        free(text);
}

static void test_empty_files_are_all_defaults(void **state)
{
        static const char *const texts[] = {"", "\n", "# nothing\n", "---\n", "{}\n", "\xef\xbb\xbf# BOM\n"};

        (void)state;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct settings *settings;

                settings = good(texts[i]);
                assert_int_equal(settings->port, 53);
                settings_free(settings);
        }
}

static void test_scalars(void **state)
{
        struct settings *settings = good("port: \"5353\"\n"
                                         "store: off\n"
                                         "validation: true\n"
                                         "cache-max-ttl: 2h\n"
                                         "cache-max-negative-ttl: 90s\n"
                                         "cache-size: 3GiB\n"
                                         "nsid: >-\n  a\n  b\n"
                                         "trace-log-format: json\n"
                                         "log-file: off\n"
                                         "cache-dir: relative dir\n");

        (void)state;
        assert_int_equal(settings->port, 5353);
        assert_false(settings->store);
        assert_int_equal(settings->validation, VALIDATION_YES);
        assert_int_equal(settings->cache_max_ttl, 7200);
        assert_int_equal(settings->cache_max_negative_ttl, 90);
        assert_int_equal(settings->cache_size, UINT64_C(3) << 30);
        assert_string_equal(settings->nsid, "a b");
        assert_int_equal(settings->trace_log_format, TRACE_LOG_JSON);
        assert_true(setting_is_off(settings->log_file));
        assert_false(setting_is_off(settings->trace_log));
        assert_string_equal(settings->cache_dir, "relative dir");
        settings_free(settings);
}

static void test_words_that_are_switches(void **state)
{
        static const struct {
                const char *text;
                int validation;
        } rows[] = {
                {"validation: no\n", VALIDATION_NO},         {"validation: off\n", VALIDATION_NO},
                {"validation: yes\n", VALIDATION_YES},       {"validation: true\n", VALIDATION_YES},
                {"validation: permissive\n", VALIDATION_PERMISSIVE}, {"", VALIDATION_YES},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct settings *settings = good(rows[i].text);

                assert_int_equal(settings->validation, rows[i].validation);
                settings_free(settings);
        }
}

static void test_lists(void **state)
{
        struct settings *settings = good("allow:\n  - 192.0.2.0/24\n  - \"2001:db8::/32\"\n  - 203.0.113.9\n"
                                         "private-domain: Example.COM\n"
                                         "do-not-query: []\n"
                                         "outgoing-addresses: 2001:db8::1\n");
        char text[NAME_TEXT_MAX];

        (void)state;
        assert_int_equal(settings->allow.count, 3);
        assert_int_equal(settings->allow.item[0].len, 24);
        assert_int_equal(settings->allow.item[1].address.family, 6);
        assert_int_equal(settings->allow.item[2].len, 32);
        assert_int_equal(settings->private_domain.count, 1);
        assert_string_equal(name_text(&settings->private_domain.item[0], text), "Example.COM.");
        assert_int_equal(settings->do_not_query.count, 0);
        assert_true(settings->given[OPTION_do_not_query]);
        assert_int_equal(settings->outgoing_addresses.count, 1);
        settings_free(settings);
}

/* The port setting may stand behind the addresses that need it. */
static void test_missing_ports_are_filled_in(void **state)
{
        struct settings *settings = good("listen: [127.0.0.1, 127.0.0.2@54]\nport: 5300\n"
                                         "stub-zones: [{name: lab, addresses: [192.0.2.1, 192.0.2.2@5]}]\n"
                                         "forward-zones: [{name: ., addresses: \"2001:db8::1\", first: yes}]\n"
                                         "upstream-port: 5400\n");

        (void)state;
        assert_int_equal(settings->listen.item[0].port, 5300);
        assert_int_equal(settings->listen.item[1].port, 54);
        assert_int_equal(settings->stub_zones.item[0].addresses.item[0].port, 5400);
        assert_int_equal(settings->stub_zones.item[0].addresses.item[1].port, 5);
        assert_false(settings->stub_zones.item[0].first);
        assert_int_equal(settings->forward_zones.item[0].addresses.item[0].port, 5400);
        assert_true(settings->forward_zones.item[0].first);
        assert_true(name_is_root(&settings->forward_zones.item[0].name));
        settings_free(settings);
}

static void test_records_are_in_wire_form(void **state)
{
        struct settings *settings = good("local-data:\n  - nas.home.arpa. A 192.168.1.5\n"
                                         "  - 'x.home.arpa. 60 IN TXT \"a b\" ; said'\n"
                                         "trust-anchors: [\"lab. DNSKEY 257 3 RSASHA256 ( AwEAAaO2 )\"]\n");
        const struct rr *rr = &settings->local_data.item[0].rr;

        (void)state;
        assert_int_equal(settings->local_data.count, 2);
        assert_int_equal(rr->type, TYPE_A);
        assert_int_equal(rr->ttl, 3600);
        assert_memory_equal(rr->rdata.bytes, "\300\250\1\5", 4);
        assert_int_equal(settings->local_data.item[1].rr.ttl, 60);
        assert_memory_equal(settings->local_data.item[1].rr.rdata.bytes, "\3a b", 4);
        assert_int_equal(settings->anchors.count, 1);
        assert_int_equal(settings->anchors.item[0].rr.type, TYPE_DNSKEY);
        settings_free(settings);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_option_survives_print_and_parse),
                cmocka_unit_test(test_commented_defaults_are_the_defaults),
                cmocka_unit_test(test_empty_files_are_all_defaults),
                cmocka_unit_test(test_scalars),
                cmocka_unit_test(test_words_that_are_switches),
                cmocka_unit_test(test_lists),
                cmocka_unit_test(test_missing_ports_are_filled_in),
                cmocka_unit_test(test_records_are_in_wire_form),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
