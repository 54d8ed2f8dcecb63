/*
 * Flags: the same settings from the command line.
 */
#include "config/config.h"
#include "config/option.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct config_complaints complaints;

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct settings *with_flags(const char *text, const char *const *flags, unsigned count)
{
        return config_parse_flags("f", text, strlen(text), flags, count, &complaints);
}

static void test_flags_are_stronger_than_the_file(void **state)
{
        static const char *const flags[] = {"--port=5300", "cache-size=1GiB", "--no-store", "--allow-no-recursion",
                                            "--nsid=a, \"b\" # c", "--cache-dir=/x=y"};
        struct settings *settings = with_flags("port: 53\nworkers: 3\nstore: yes\n", flags, COUNT(flags));

        (void)state;
        assert_non_null(settings);
        assert_int_equal(settings->port, 5300);
        assert_int_equal(settings->listen.item[0].port, 5300);
        assert_int_equal(settings->workers, 3);
        assert_int_equal(settings->cache_size, 1 << 30);
        assert_false(settings->store);
        assert_true(settings->allow_no_recursion);
        assert_string_equal(settings->nsid, "a, \"b\" # c");
        assert_string_equal(settings->cache_dir, "/x=y");
        assert_true(settings->given[OPTION_nsid]);
        assert_false(settings->given[OPTION_hedging]);
        settings_free(settings);
}

static void test_lists_in_flags(void **state)
{
        static const char *const flags[] = {"--listen=127.0.0.1 , ::1@54", "--listen=127.0.0.2",
                                            "--local-data=a.lab. TXT \"x, y\"", "--local-data=b.lab. A 192.0.2.1",
                                            "--stub-zones=[{name: lab, addresses: [192.0.2.1, \"::1\"]}]",
                                            "--private-address=", "--allow=[10.0.0.0/8, \"fd00::/8\"]"};
        struct settings *settings = with_flags("listen: 192.0.2.9\n", flags, COUNT(flags));

        (void)state;
        assert_non_null(settings);
        assert_int_equal(settings->listen.count, 3);
        assert_int_equal(settings->listen.item[1].port, 54);
        assert_int_equal(settings->local_data.count, 2);
        assert_memory_equal(settings->local_data.item[0].rr.rdata.bytes, "\4x, y", 5);
        assert_int_equal(settings->stub_zones.item[0].addresses.count, 2);
        assert_int_equal(settings->private_address.count, 0);
        assert_int_equal(settings->allow.count, 2);
        settings_free(settings);
}

static void test_bad_flags_are_told(void **state)
{
        static const struct {
                const char *flag;
                const char *complaint;
        } bad[] = {
                {"--prot=53", "there is no setting \"prot\"; is it port?"},
                {"--port=x", "port: \"x\" is not a number from 1 to 65535"},
                {"--port=", "port: \"\" is not a number from 1 to 65535"},
                {"--port", "port needs a value: a number from 1 to 65535"},
                {"--no-port", "there is no setting \"no-port\""},
                {"--no-store=yes", "no-store takes no value"},
                {"--store=", "store: \"\" is not yes or no"},
                {"--allow=10.0.0.0/8,,", "allow: \"\" is not a network, as in 192.168.0.0/16, with only zero bits "
                                         "behind the length"},
                {"--allow=[10.0.0.0/8", "not YAML: did not find expected ',' or ']'"},
                {"--listen=", "listen: 0 items, allowed are 1 to 64"},
                {"", "there is no setting \"\""},
                {"--", "there is no setting \"\""},
                {"=5", "there is no setting \"\""},
        };

        (void)state;
        for (size_t i = 0; i < COUNT(bad); i++) {
                assert_null(with_flags("", &bad[i].flag, 1));
                assert_int_equal(complaints.count, 1);
                assert_memory_equal(complaints.item[0].text, "command line: ", 14);
                assert_string_equal(complaints.item[0].text + 14, bad[i].complaint);
                assert_int_equal(complaints.item[0].line, 0);
        }
}

static void test_scalars_are_given_once(void **state)
{
        static const char *const flags[] = {"--port=53", "--port=54"};

        (void)state;
        assert_null(with_flags("", flags, COUNT(flags)));
        assert_string_equal(complaints.item[0].text, "command line: port is given twice");
}

/* A flag does not hide what is wrong in the file. */
static void test_the_file_is_checked_under_flags(void **state)
{
        static const char *const flags[] = {"--port=53"};

        (void)state;
        assert_null(with_flags("port: 0\n", flags, COUNT(flags)));
        assert_int_equal(complaints.count, 1);
        assert_int_equal(complaints.item[0].line, 1);
}

/* Also a setting of words may be switched on and off, if yes is one of them. */
static bool is_switch(enum option_id id)
{
        const struct option_word *word;

        for (unsigned i = 0; (word = option_word(id, i)); i++)
                if (strcmp(word->word, "yes") == 0)
                        return true;
        return option_row(id)->kind == OPTION_BOOL;
}

static void test_which_flags_there_are(void **state)
{
        (void)state;
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                bool is_bool = is_switch(id);
                char key[OPTION_KEY_MAX], negated[OPTION_KEY_MAX + 3] = "no-";

                option_key(id, key);
                strcat(negated, key);
                assert_true(config_knows_flag(key, strlen(key)));
                assert_int_equal(config_knows_flag(negated, strlen(negated)), is_bool);
                assert_int_equal(config_flag_takes_value(key, strlen(key)), !is_bool);
                assert_false(config_flag_takes_value(negated, strlen(negated)));
        }
        assert_false(config_knows_flag("check", 5));
        assert_false(config_knows_flag("no-", 3));
        assert_false(config_flag_takes_value("check", 5));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_flags_are_stronger_than_the_file),
                cmocka_unit_test(test_lists_in_flags),
                cmocka_unit_test(test_bad_flags_are_told),
                cmocka_unit_test(test_scalars_are_given_once),
                cmocka_unit_test(test_the_file_is_checked_under_flags),
                cmocka_unit_test(test_which_flags_there_are),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
