/*
 * Snapshots as a whole: root hints and trust anchors, what needs a restart.
 */
#include "config/settings.h"
#include "config/config.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config_complaints complaints;

#define DS_OF_ROOT ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
#define DS_OF_LAB "lab. IN DS 12345 13 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"

static struct settings *good(const char *text)
{
        struct settings *settings = config_parse("f", text, strlen(text), &complaints);

        if (!settings)
                fail_msg("%s", complaints.count ? complaints.item[0].text : "no complaint");
        return settings;
}

static void test_built_in_roots(void **state)
{
        struct settings *settings = config_defaults();
        unsigned ipv6 = 0;

        (void)state;
        assert_non_null(settings);
        assert_int_equal(settings->hints.count, 26);
        for (unsigned i = 0; i < settings->hints.count; i++) {
                assert_int_equal(settings->hints.item[i].name.label_count, 3);
                ipv6 += settings->hints.item[i].address.family == 6;
        }
        assert_int_equal(ipv6, 13);
        assert_true(settings->anchors.count >= 2);
        for (unsigned i = 0; i < settings->anchors.count; i++) {
                assert_true(name_is_root(&settings->anchors.item[i].rr.owner));
                assert_int_equal(settings->anchors.item[i].rr.type, TYPE_DS);
        }
        settings_free(settings);
}

static void test_given_roots_replace_the_built_in_ones(void **state)
{
        struct settings *settings = good("root-hints: [\"x.root. 192.0.2.1\"]\ntrust-anchors: [\"" DS_OF_LAB "\"]\n");

        (void)state;
        assert_int_equal(settings->hints.count, 1);
        assert_int_equal(settings->anchors.count, 1);
        settings_free(settings);
        settings = good("trust-anchors: []\n");
        assert_int_equal(settings->hints.count, 26);
        assert_int_equal(settings->anchors.count, 0);
        settings_free(settings);
}

static void test_files_of_roots(void **state)
{
        static const char hints[] = ". NS x.root.\nx.root. A 192.0.2.1\n        AAAA 2001:db8::1\n";
        static const char anchors[] = "; two\n" DS_OF_ROOT "\nlab. NS x.\n" DS_OF_LAB "\n";
        struct settings *settings = good("root-hints-file: h\ntrust-anchor-file: a\n"
                                         "root-hints: [\"y.root. 192.0.2.9\"]\n");

        (void)state;
        assert_int_equal(settings->hints.count, 1);
        assert_int_equal(settings->anchors.count, 0);
        assert_true(config_load_hints(settings, "h", hints, strlen(hints), &complaints));
        assert_true(config_load_anchors(settings, "a", anchors, strlen(anchors), &complaints));
        assert_int_equal(complaints.count, 0);
        assert_int_equal(settings->hints.count, 3);
        assert_int_equal(settings->hints.item[2].address.family, 6);
        assert_int_equal(settings->anchors.count, 2);
        settings_free(settings);
}

static void test_bad_files_of_roots(void **state)
{
        static const char nothing[] = "; nothing\n", broken[] = ". NS a.\n. A 1.2.3\n";
        struct settings *settings = good("");

        (void)state;
        assert_false(config_load_hints(settings, "h", nothing, strlen(nothing), &complaints));
        assert_string_equal(complaints.item[0].text, "h: no A or AAAA record of a root server");
        assert_false(config_load_anchors(settings, "a", nothing, strlen(nothing), &complaints));
        assert_string_equal(complaints.item[1].text, "a: no DS or DNSKEY record");
        assert_false(config_load_hints(settings, "h", broken, strlen(broken), &complaints));
        assert_int_equal(complaints.item[2].line, 2);
        assert_memory_equal(complaints.item[2].text, "h:2:1: ", 7);
        assert_int_equal(settings->hints.count, 26);
        settings_free(settings);
}

static void test_what_needs_a_restart(void **state)
{
        static const struct {
                const char *text;
                bool restart;
                enum option_id which;
        } changes[] = {
                {"", false, 0},
                {"hedging: no\nallow: []\n", false, 0},
                {"workers: 0\n", false, 0}, /* given, but the same */
                {"workers: 2\n", true, OPTION_workers},
                {"cache-size: 1GiB\n", true, OPTION_cache_size},
                {"cache-dir: /x\n", true, OPTION_cache_dir},
                {"store: no\n", true, OPTION_store},
                {"listen: [127.0.0.1, \"::1\"]\n", false, 0},
                {"listen: [127.0.0.1]\n", true, OPTION_listen},
                {"listen: [127.0.0.1, \"::2\"]\n", true, OPTION_listen},
        };
        struct settings *running = good("");

        (void)state;
        for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
                struct settings *next = good(changes[i].text);
                enum option_id which = OPTION_COUNT;

                assert_int_equal(config_restart_needed(running, next, &which), changes[i].restart);
                if (changes[i].restart)
                        assert_int_equal(which, changes[i].which);
                settings_free(next);
        }
        settings_free(running);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_built_in_roots),
                cmocka_unit_test(test_given_roots_replace_the_built_in_ones),
                cmocka_unit_test(test_files_of_roots),
                cmocka_unit_test(test_bad_files_of_roots),
                cmocka_unit_test(test_what_needs_a_restart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
