/* Kept traces: how many are taken, where they are written, how they are found again. */
#include "archive.h"
#include "config/config.h"
#include "scratch.h"
#include "watch/keep.h"
#include "watch/trace.h"
#include "wire/codes.h"
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
static struct archive_reader *reader;
static struct metrics metrics;
static struct moment now = { .mono_us = 5000000, .wall_s = 1763800000, .cache_s = 1763800000 };
static char path[64], directory[64];

static int start(void)
{
        struct store_report report;
        char where[ARCHIVE_DIR_MAX];

        if (archive_new(settings, &archive) || archive_open(archive, settings, &report, where) ||
            archive_start(archive))
                return -1;
        reader = archive_reader_new(archive);
        return reader ? 0 : -1;
}

static void stop(void)
{
        archive_reader_free(reader);
        archive_stop(archive);
        archive = NULL;
}

static int set_up(void **state)
{
        (void)state;
        memset(&metrics, 0, sizeof metrics);
        strcpy(path, "/tmp/cairn-archive-XXXXXX");
        close(mkstemp(path));
        strcpy(directory, "/tmp/cairn-traces-XXXXXX");
        settings = config_defaults();
        settings->trace_log = path;
        settings->trace_dir = mkdtemp(directory);
        settings->trace_rate = 3;
        settings->trace_sample = 4;
        settings->trace_retention = 0; /* the traces here are years old */
        settings->trace_clients = TRACE_CLIENTS_SHORT;
        return start();
}

static int tear_down(void **state)
{
        (void)state;
        if (archive)
                stop();
        settings_free(settings);
        scratch_remove(directory);
        return unlink(path);
}

/* A trace of `name` whose ID begins with this byte, offered for these reasons. */
static void offer_name(uint8_t first, const char *text, unsigned reasons, bool final)
{
        static const struct endpoint client = { .address = { .family = 4, .bytes = { 192, 0, 2, 77 } }, .port = 4321 };
        struct trace_id id = { .bytes = { first, 0xbc } };
        uint8_t room[NAME_WIRE_MAX];
        struct arena arena;
        struct trace trace;
        struct name name;

        arena_init(&arena, 1 << 20);
        assert_int_equal(name_from_text(text, room, &name), ERR_OK);
        trace_begin(&trace, &arena, &id, 1000 + first, &now);
        trace_step(&trace, 0, now.mono_us, STEP_QUESTION, &name, 1u, 0u, &client, "udp");
        trace_message(&trace, 0, now.mono_us, &client, room, name.len);
        trace_step(&trace, 0, now.mono_us, STEP_ANSWER, reasons & KEEP_FAILED ? RCODE_SERVFAIL : 0u, 0u, (uint64_t)1,
                   (uint64_t)40, (uint64_t)2500, (uint64_t)3, (unsigned)EDE_NONE);
        struct archive_offer offer = { .reasons = reasons, .walked = true, .final = final, .bytes = trace.bytes,
                                       .len = trace.len };
        archive_offer(archive, &now, &metrics, &offer);
        arena_fini(&arena);
}

static void offer(uint8_t first, unsigned reasons)
{
        offer_name(first, "www.example.", reasons, true);
}

/* The first byte of the ID of what is found; -1: nothing. */
static int find(const char *id)
{
        uint8_t *bytes = NULL;
        size_t len = 0;
        int first = archive_find(reader, id, &bytes, &len) == ERR_OK ? bytes[8] : -1;

        free(bytes);
        return first;
}

static void a_trace_is_found_at_once_by_the_beginning_of_its_id(void **state)
{
        offer(0xa1, 0);
        offer(0xa2, 0);
        assert_int_equal(find("a2bc0000"), 0xa2);
        assert_int_equal(find("a2bc00000000000000000000000000000"), -1);
        assert_int_equal(find("A1"), 0xa1);
        assert_int_equal(find("last"), 0xa2);
        assert_int_equal(find("fail"), -1);
        assert_int_equal(find("a3"), -1);
        assert_int_equal(find(""), -1);
        assert_int_equal(find("xyz"), -1);
        (void)state;
}

/* Three a second; above that what matters, and each fourth of the rest. */
static void above_the_rate_what_matters_is_taken(void **state)
{
        for (uint8_t i = 0; i < 11; i++)
                offer(i, 0);
        assert_int_equal(metrics.traces_kept[0], 3 + 2);
        assert_int_equal(metrics.traces_dropped[0], 6);
        offer(20, KEEP_FAILED);
        assert_int_equal(metrics.traces_kept[0], 6);
        now.mono_us += 1000000;
        offer(21, 0);
        assert_int_equal(metrics.traces_kept[0], 7);
        (void)state;
}

static void the_log_says_what_it_left_out(void **state)
{
        char line[256];
        unsigned blocks = 0, left_out = 0;

        for (uint8_t i = 0; i < 11; i++)
                offer(i, 0);
        stop(); /* writes what waits */
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

static bool collect(void *context, const struct vault_item *item)
{
        char *text = context;
        char name[NAME_TEXT_MAX];

        snprintf(text + strlen(text), 400 - strlen(text), "%02x %s; ", item->summary.id.bytes[0],
                 name_text(&item->summary.qname, name));
        return true;
}

static const char *list(struct vault_filter filter, const char *suffix, unsigned max)
{
        static char text[400];
        static uint8_t room[NAME_WIRE_MAX];

        text[0] = 0;
        filter.below = suffix != NULL;
        if (suffix)
                assert_int_equal(name_from_text(suffix, room, &filter.suffix), ERR_OK);
        assert_int_equal(archive_list(reader, &filter, max, collect, text), ERR_OK);
        return text;
}

static void offer_four(void)
{
        settings->trace_rate = 100;
        archive_adopt(archive, settings);
        offer_name(1, "a.example.", 0, true);
        now.wall_s += 60;
        offer_name(2, "b.example.", KEEP_FAILED, true);
        now.wall_s += 60;
        offer_name(3, "b.test.", KEEP_SLOW, true);
        now.wall_s += 60;
        offer_name(4, "a.test.", KEEP_FAILED | KEEP_SLOW, true);
}

static void check_lists(void)
{
        const struct vault_filter all = { .failed = false }, failed = { .failed = true }, slow = { .slow = true };
        const struct vault_filter late = { .since_us = (now.wall_s - 90) * 1000000 };

        assert_string_equal(list(all, NULL, 10), "04 a.test.; 03 b.test.; 02 b.example.; 01 a.example.; ");
        assert_string_equal(list(failed, NULL, 10), "04 a.test.; 02 b.example.; ");
        assert_string_equal(list(slow, NULL, 10), "04 a.test.; 03 b.test.; ");
        assert_string_equal(list(late, NULL, 10), "04 a.test.; 03 b.test.; ");
        assert_string_equal(list(all, "example.", 10), "02 b.example.; 01 a.example.; ");
        assert_string_equal(list(failed, "test.", 10), "04 a.test.; ");
        assert_string_equal(list(all, NULL, 2), "04 a.test.; 03 b.test.; ");
        assert_int_equal(find("slow"), 4);
        assert_int_equal(find("03"), 3);
}

static void traces_are_listed_and_survive_a_restart(void **state)
{
        offer_four();
        check_lists();
        stop();
        assert_int_equal(start(), 0);
        check_lists();
        (void)state;
}

/* Offered while it goes on, and again at its end: there is one trace, the newer. */
static void a_trace_that_goes_on_is_replaced(void **state)
{
        settings->trace_rate = 100;
        archive_adopt(archive, settings);
        offer_name(9, "a.example.", KEEP_FAILED, false);
        assert_int_equal(find("09"), 9);
        offer_name(9, "a.example.", KEEP_FAILED, true);
        assert_string_equal(list((struct vault_filter){ .failed = true }, NULL, 10), "09 a.example.; ");
        stop();
        assert_int_equal(start(), 0);
        assert_string_equal(list((struct vault_filter){ .failed = true }, NULL, 10), "09 a.example.; ");
        (void)state;
}

static bool has_message(const uint8_t *bytes, size_t len, char client[ENDPOINT_TEXT_MAX])
{
        struct trace_view trace;
        struct step_view step;
        struct step_field field;
        bool found = false;

        assert_int_equal(trace_open(bytes, len, &trace), ERR_OK);
        for (size_t at = 0; trace_next(&trace, &at, &step);) {
                found |= step.kind == STEP_MESSAGE;
                if (step.kind == STEP_QUESTION && step_field(&step, "client", &field))
                        endpoint_text(&(struct endpoint){ field.address, field.port }, client);
        }
        return found;
}

static void clients_are_disguised_and_messages_kept_of_failures(void **state)
{
        char client[ENDPOINT_TEXT_MAX];
        uint8_t *bytes;
        size_t len;

        offer(1, 0);
        offer(2, KEEP_RETRIED);
        assert_int_equal(archive_find(reader, "01", &bytes, &len), ERR_OK);
        assert_false(has_message(bytes, len, client));
        assert_string_equal(client, "192.0.2.0@0");
        free(bytes);
        settings->trace_clients = TRACE_CLIENTS_HASH;
        archive_adopt(archive, settings);
        assert_int_equal(archive_find(reader, "02", &bytes, &len), ERR_OK);
        assert_true(has_message(bytes, len, client));
        free(bytes);
        offer(3, 0);
        assert_int_equal(archive_find(reader, "03", &bytes, &len), ERR_OK);
        (void)has_message(bytes, len, client);
        assert_in_range(atoi(client), 240, 255);
        free(bytes);
        (void)state;
}

/* The oldest make way for what comes last. */
static void a_full_disk_forgets_the_oldest(void **state)
{
        stop();
        settings->trace_size = 4 << 20;
        settings->trace_rate = 1000000;
        assert_int_equal(start(), 0);
        for (unsigned i = 0; i < 20000; i++) {
                now.wall_s++;
                offer_name((uint8_t)(i % 250), "a-rather-long-name.of-no-great-interest.example.", KEEP_FAILED, true);
                if (i % 100 == 0)
                        sched_yield();
        }
        uint64_t last_s = now.wall_s;
        stop();
        assert_int_equal(start(), 0);
        struct vault_filter late = { .since_us = last_s * 1000000 };
        assert_string_equal(list(late, NULL, 1), "f9 a-rather-long-name.of-no-great-interest.example.; ");
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_trace_is_found_at_once_by_the_beginning_of_its_id, set_up, tear_down),
                cmocka_unit_test_setup_teardown(above_the_rate_what_matters_is_taken, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_log_says_what_it_left_out, set_up, tear_down),
                cmocka_unit_test_setup_teardown(traces_are_listed_and_survive_a_restart, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_trace_that_goes_on_is_replaced, set_up, tear_down),
                cmocka_unit_test_setup_teardown(clients_are_disguised_and_messages_kept_of_failures, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_full_disk_forgets_the_oldest, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
