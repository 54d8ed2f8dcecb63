/*
 * The setting memory: what follows from it, what is too little, and what each worker gets.
 */
#include "config/share.h"
#include "config/config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MIB = 1 << 20 };

static void test_what_follows(void **state)
{
        static const struct {
                const char *text;
                unsigned workers;
                uint64_t cache, traces, requests, front; /* MiB */
        } rows[] = {
                { "", 2, 256, 64, 256, 8 },
                { "memory: 512MiB\n", 2, 256, 64, 64, 16 },
                { "memory: 64MiB\n", 1, 32, 8, 16, 4 },
                { "memory: 64MiB\n", 4, 32, 8, 4, 1 },
                { "memory: 16GiB\n", 8, 8192, 2048, 512, 128 },
                { "memory: 512MiB\ncache-size: 100MiB\n", 1, 100, 64, 232, 58 },
                { "cache-size: 1GiB\ntrace-size: 16MiB\nmemory: 2GiB\n", 4, 1024, 16, 168, 42 },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_complaints complaints = { 0 };
                struct settings *settings =
                        config_parse("cairn.yaml", rows[i].text, strlen(rows[i].text), &complaints);

                assert_non_null(settings);
                struct memory_share share = memory_share_of(settings, rows[i].workers);
                assert_int_equal(settings->cache_size / MIB, rows[i].cache);
                assert_int_equal(settings->trace_size / MIB, rows[i].traces);
                assert_int_equal(share.requests / MIB, rows[i].requests);
                assert_int_equal(share.front / MIB, rows[i].front);
                if (settings->memory)
                        assert_true((share.requests + share.front) * rows[i].workers + settings->cache_size +
                                            settings->trace_size <=
                                    settings->memory);
                settings_free(settings);
        }
}

static void test_too_little(void **state)
{
        static const char *const rows[][2] = {
                { "memory: 63MiB\n", "memory: 63MiB is less than the 64MiB that are needed" },
                { "memory: 128MiB\ncache-size: 100MiB\n",
                  "memory: cache-size and trace-size leave less than an eighth of 128MiB" },
                { "memory: 128MiB\ncache-size: 1GiB\n",
                  "memory: cache-size and trace-size leave less than an eighth of 128MiB" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct config_complaints complaints = { 0 };

                assert_null(config_parse("cairn.yaml", rows[i][0], strlen(rows[i][0]), &complaints));
                assert_int_equal(complaints.count, 1);
                assert_non_null(strstr(complaints.item[0].text, rows[i][1]));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_follows),
                cmocka_unit_test(test_too_little),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
