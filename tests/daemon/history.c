/* The last hour in numbers. */
#include "history.h"
#include "json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct metrics before, after;
static struct history history;
static char text[HISTORY_JSON_MAX];

static void test_a_sample_is_what_changed(void **state)
{
        (void)state;
        memset(&before, 0, sizeof before);
        metrics_add(&before.questions[TRANSPORT_SLOT_UDP], 100);
        metrics_observe(before.miss_latency, 5000000); /* long ago */
        after = before;
        metrics_add(&after.questions[TRANSPORT_SLOT_UDP], 7);
        metrics_add(&after.questions[TRANSPORT_SLOT_TCP], 2);
        metrics_add(&after.hits[SHELF_FRONT], 5);
        metrics_add(after.misses, 4);
        metrics_add(&after.answers[metrics_rcode(RCODE_SERVFAIL)], 3);
        metrics_add(&after.answers[metrics_rcode(RCODE_NXDOMAIN)], 9);
        metrics_observe(after.miss_latency, 1000);
        metrics_set(after.cache_entries, 12);
        metrics_set(after.cache_used_bytes, 4096);
        struct history_sample sample = history_between(&before, &after, 1763800000);
        assert_int_equal(sample.wall_s, 1763800000);
        assert_int_equal(sample.questions, 9);
        assert_int_equal(sample.hits, 5);
        assert_int_equal(sample.misses, 4);
        assert_int_equal(sample.failures, 3);
        assert_int_equal(sample.sent, 0);
        assert_int_equal(sample.miss_p50_us, 1024);
        assert_int_equal(sample.hit_p50_us, 0);
        assert_int_equal(sample.cache_entries, 12);
        assert_int_equal(sample.cache_bytes, 4096);
}

static size_t write_json(uint64_t after_s)
{
        struct writer w = writer_over(text, sizeof text - 1);

        history_json(&history, after_s, &w);
        assert_false(w.failed);
        *w.at = 0;
        assert_true(json_is_valid(text, writer_len(&w)));
        return writer_len(&w);
}

/* Full of the largest numbers, and begun anew in the middle. */
static void test_an_hour_fits_and_is_in_order(void **state)
{
        (void)state;
        memset(&history, 0xff, sizeof history);
        history.count = HISTORY_SAMPLES;
        history.next = 2;
        write_json(0);
        for (unsigned i = 0; i < HISTORY_SAMPLES; i++)
                history.sample[(history.next + i) % HISTORY_SAMPLES].wall_s = 1000 + i;
        write_json(0);
        assert_non_null(strstr(text, "\"samples\":[[1000,"));
        write_json(1000 + HISTORY_SAMPLES - 2);
        assert_non_null(strstr(text, "\"samples\":[[1719,"));
        assert_null(strstr(text, "[1718,"));
        write_json(5000);
        assert_non_null(strstr(text, "\"samples\":[]"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_sample_is_what_changed),
                cmocka_unit_test(test_an_hour_fits_and_is_in_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
