/* Handing traces over to a collector that is not there: the queue has its bound, and what does not fit is counted. */
#include "export.h"
#include "config/config.h"
#include "server.h"
#include "watch/trace.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { TRACE_BYTES = 1000, OFFERS = 100000 };

static struct server server;
static struct export *export;
static uint8_t bytes[TRACE_BYTES];

static void open_to(const char *endpoint)
{
        struct settings *settings = config_defaults();

        settings->otlp_endpoint = endpoint;
        assert_int_equal(uv_loop_init(&server.loop), 0);
        assert_int_equal(export_new(settings, &export), ERR_OK);
        settings_free(settings);
}

static void close_all(void)
{
        export_close(export);
        uv_run(&server.loop, UV_RUN_DEFAULT);
        uv_loop_close(&server.loop);
        export_free(export);
}

static void test_no_collector_is_nothing(void **state)
{
        (void)state;
        open_to("");
        assert_null(export);
        assert_int_equal(export_counts(export).dropped, 0);
        close_all();
}

/* Nobody takes anything out, as the loop does not run: as if the collector, and the main thread too, stood still. */
static void test_a_full_queue_drops_and_counts(void **state)
{
        struct vault_item item = { .len = TRACE_BYTES };
        struct timespec before, after;

        (void)state;
        open_to("http://127.0.0.1:9");
        assert_int_equal(export_start(export, &server), ERR_OK);
        clock_gettime(CLOCK_MONOTONIC, &before);
        for (unsigned i = 0; i < OFFERS; i++)
                export_take(export, &item, bytes, sizeof bytes);
        clock_gettime(CLOCK_MONOTONIC, &after);
        assert_int_equal(export_counts(export).sent, 0);
        assert_int_equal(export_counts(export).dropped, OFFERS - EXPORT_QUEUE_BYTES / TRACE_BYTES);
        print_message("%ld ns a trace\n",
                      ((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec) / OFFERS);
        close_all();
}

/* What is offered after the end goes nowhere, and is no mistake: the archive ends later than the loop. */
static void test_the_end_is_no_trap(void **state)
{
        struct vault_item item = { .len = TRACE_BYTES };

        (void)state;
        open_to("http://127.0.0.1:9/");
        assert_int_equal(export_start(export, &server), ERR_OK);
        export_take(export, &item, bytes, sizeof bytes);
        export_close(export);
        export_take(export, &item, bytes, sizeof bytes);
        assert_int_equal(export_counts(export).dropped, 1);
        uv_run(&server.loop, UV_RUN_DEFAULT);
        uv_loop_close(&server.loop);
        export_free(export);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_no_collector_is_nothing),
                cmocka_unit_test(test_a_full_queue_drops_and_counts),
                cmocka_unit_test(test_the_end_is_no_trap),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
