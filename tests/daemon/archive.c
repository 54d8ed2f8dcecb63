/* Kept traces: how many are taken, where they are written, how they are found again. */
#include "archive.h"
#include "config/config.h"
#include "watch/trace.h"
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct settings *settings;
static struct archive *archive;
static struct metrics metrics;
static struct moment now = { .mono_us = 5000000, .wall_s = 1763800000, .cache_s = 1763800000 };
static char path[64];

static int set_up(void **state)
{
        (void)state;
        memset(&metrics, 0, sizeof metrics);
        strcpy(path, "/tmp/cairn-archive-XXXXXX");
        close(mkstemp(path));
        settings = config_defaults();
        settings->trace_log = path;
        settings->trace_rate = 3;
        settings->trace_sample = 4;
        return archive_new(settings, &archive) || archive_start(archive);
}

static int tear_down(void **state)
{
        (void)state;
        if (archive)
                archive_stop(archive);
        settings_free(settings);
        return unlink(path);
}

/* Offer a trace whose ID begins with this byte. */
static void offer(uint8_t first, bool matters)
{
        struct trace_id id = { .bytes = { first, 0xbc } };
        struct arena arena;
        struct trace trace;

        arena_init(&arena, 1 << 16);
        trace_begin(&trace, &arena, &id, &now);
        trace_step(&trace, 0, now.mono_us, STEP_DROPPED, "for a test");
        archive_offer(archive, &now, &metrics, matters, trace.bytes, trace.len);
        arena_fini(&arena);
}

/* The thread has to have written it first. */
static enum err find(const char *id, uint8_t *first)
{
        uint8_t *bytes = NULL;
        enum err err = ERR_MISSING;
        size_t len = 0;

        for (unsigned tries = 0; tries < 1000000 && err == ERR_MISSING; tries++) {
                err = archive_find(archive, id, &bytes, &len);
                sched_yield();
        }
        if (!err)
                *first = bytes[8];
        free(bytes);
        return err;
}

static void a_trace_is_found_by_the_beginning_of_its_id(void **state)
{
        uint8_t *bytes, first = 0;
        size_t len;

        offer(0xa1, false);
        offer(0xa2, false);
        assert_int_equal(find("a2bc0000", &first), ERR_OK);
        assert_int_equal(first, 0xa2);
        assert_int_equal(find("a1", &first), ERR_OK);
        assert_int_equal(first, 0xa1);
        assert_int_equal(find("last", &first), ERR_OK);
        assert_int_equal(first, 0xa2);
        assert_int_equal(archive_find(archive, "a3", &bytes, &len), ERR_MISSING);
        assert_int_equal(archive_find(archive, "", &bytes, &len), ERR_MISSING);
        (void)state;
}

/* Three a second; above that what matters, and each fourth of the rest. */
static void above_the_rate_what_matters_is_taken(void **state)
{
        for (uint8_t i = 0; i < 11; i++)
                offer(i, false);
        assert_int_equal(metrics.traces_kept[0], 3 + 2);
        assert_int_equal(metrics.traces_dropped[0], 6);
        offer(20, true);
        assert_int_equal(metrics.traces_kept[0], 6);
        now.mono_us += 1000000;
        offer(21, false);
        assert_int_equal(metrics.traces_kept[0], 7);
        (void)state;
}

static void the_log_says_what_it_left_out(void **state)
{
        char line[256];
        unsigned blocks = 0, left_out = 0;

        for (uint8_t i = 0; i < 11; i++)
                offer(i, false);
        archive_stop(archive); /* writes what waits */
        archive = NULL;
        FILE *file = fopen(path, "r");
        while (fgets(line, sizeof line, file)) {
                unsigned count = 0;

                blocks += strncmp(line, "2025-11-22T", 11) == 0;
                if (sscanf(line, "(%u traces left out)", &count) == 1)
                        left_out += count;
        }
        fclose(file);
        assert_int_equal(blocks, 5);
        assert_int_equal(left_out, 6);
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_trace_is_found_by_the_beginning_of_its_id, set_up, tear_down),
                cmocka_unit_test_setup_teardown(above_the_rate_what_matters_is_taken, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_log_says_what_it_left_out, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
