/* lib/watch/metrics.c: every row of metrics.def is counted, added up and written for Prometheus. */
#include "watch/metrics.h"
#include "config/limits.h"
#include "dnssec/verdict.h"
#include "resolver.h"

#include <ctype.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[METRICS_TEXT_MAX];

static const char *limit_word(unsigned index)
{
        return index < limit_count ? limit_table[index].name : NULL;
}

static void write_all(const struct metrics *sum)
{
        struct writer w = writer_over(text, sizeof text - 1);

        metrics_text(&w, &(struct metrics_page){ .sum = sum, .limit_word = limit_word });
        assert_false(w.failed);
        *w.at = 0;
}

static bool has_line(const char *line)
{
        size_t len = strlen(line);

        for (const char *at = strstr(text, line); at; at = strstr(at + 1, line)) {
                if ((at == text || at[-1] == '\n') && at[len] == '\n')
                        return true;
        }
        return false;
}

static uint64_t *slots(struct metrics *metrics, const struct metric_row *row)
{
        return (uint64_t *)(void *)metrics + row->first;
}

/* --- The table ------------------------------------------------------------------------------------------------- */

static void test_rows_are_named_and_explained(void **state)
{
        (void)state;
        for (size_t i = 0; i < METRIC_ROWS; i++) {
                const struct metric_row *row = &metric_rows[i];
                size_t len = strlen(row->help);

                assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->name));
                assert_true(len > 1 && row->help[len - 1] == '.' && isupper((unsigned char)row->help[0]));
                assert_null(strpbrk(row->help, "\n\\"));
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(row->name, metric_rows[j].name);
        }
}

static void test_rows_fill_the_struct(void **state)
{
        size_t next = 0;

        (void)state;
        for (size_t i = 0; i < METRIC_ROWS; i++) {
                assert_int_equal(metric_rows[i].first, next);
                assert_true(metric_rows[i].count > 0);
                next += metric_rows[i].count;
        }
        assert_int_equal(next * sizeof(uint64_t), sizeof(struct metrics));
}

static void test_sets_fit_the_tables_they_stand_for(void **state)
{
        (void)state;
        assert_true(limit_count <= LIMIT_SLOTS);
        assert_int_equal(TRANSPORT_SLOT_UDP, TRANSPORT_UDP);
        assert_int_equal(TRANSPORT_SLOT_TCP, TRANSPORT_TCP);
        assert_int_equal(TRANSPORT_SLOT_CONTROL, TRANSPORT_CONTROL);
        assert_int_equal(VERDICT_SLOT_UNCHECKED, VERDICT_UNCHECKED);
        assert_int_equal(VERDICT_SLOT_INSECURE, VERDICT_INSECURE);
        assert_int_equal(VERDICT_SLOT_SECURE, VERDICT_SECURE);
        assert_int_equal(VERDICT_SLOT_BOGUS, VERDICT_BOGUS);
        assert_int_equal(VERDICT_SLOT_INDETERMINATE, VERDICT_INDETERMINATE);
        assert_int_equal(VERDICT_SLOTS, VERDICT_INDETERMINATE + 1);
        assert_int_equal(TRANSPORT_SLOTS, TRANSPORT_CONTROL + 1);
        assert_int_equal(metrics_rcode(RCODE_SERVFAIL), RCODE_SLOT_SERVFAIL);
        assert_int_equal(metrics_rcode(RCODE_BADCOOKIE), RCODE_SLOT_BADCOOKIE);
        assert_int_equal(metrics_rcode(4095), RCODE_SLOT_OTHER);
}

/* --- Counting -------------------------------------------------------------------------------------------------- */

static void test_sums(void **state)
{
        struct metrics sum = { 0 }, a = { 0 }, b = { 0 };

        (void)state;
        metrics_inc(a.misses);
        metrics_add(b.misses, 4);
        metrics_level(a.requests, a.requests_high_water, 7);
        metrics_level(a.requests, a.requests_high_water, 2);
        metrics_level(b.requests, b.requests_high_water, 5);
        metrics_inc(&b.hits[SHELF_STORE]);
        metrics_sum(&sum, &a);
        metrics_sum(&sum, &b);
        assert_int_equal(sum.misses[0], 5);
        assert_int_equal(sum.requests[0], 7);
        assert_int_equal(sum.requests_high_water[0], 7);
        assert_int_equal(sum.hits[SHELF_STORE], 1);
        assert_int_equal(sum.hits[SHELF_FRONT], 0);
}

static void test_sum_takes_every_slot(void **state)
{
        struct metrics sum = { 0 }, part;

        (void)state;
        for (size_t i = 0; i < METRIC_ROWS; i++) {
                for (size_t j = 0; j < metric_rows[i].count; j++)
                        slots(&part, &metric_rows[i])[j] = i * 1000 + j + 1;
        }
        metrics_sum(&sum, &part);
        assert_memory_equal(&sum, &part, sizeof sum);
        metrics_sum(&sum, &part);
        for (size_t i = 0; i < METRIC_ROWS; i++) {
                uint64_t times = metric_rows[i].kind == METRIC_HIGH_WATER ? 1 : 2;

                for (size_t j = 0; j < metric_rows[i].count; j++)
                        assert_int_equal(slots(&sum, &metric_rows[i])[j], times * (i * 1000 + j + 1));
        }
}

static void test_histogram_bounds(void **state)
{
        static const struct {
                uint64_t us;
                unsigned slot;
        } table[] = {
                { 0, 0 }, { 1, 0 }, { 8, 0 }, { 9, 1 }, { 16, 1 }, { 17, 2 }, { 1024, 7 }, { 1025, 8 },
                { 8388608, 20 }, { 8388609, 21 }, { UINT64_MAX, 21 },
        };

        (void)state;
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                struct metrics m = { 0 };

                metrics_observe(m.hit_latency, table[i].us);
                assert_int_equal(m.hit_latency[table[i].slot], 1);
                assert_int_equal(m.hit_latency[HISTOGRAM_SUM], table[i].us);
        }
}

static void test_quantiles(void **state)
{
        struct metrics m = { 0 };

        (void)state;
        assert_int_equal(metrics_quantile(m.miss_latency, 0.99), 0);
        for (int i = 0; i < 99; i++)
                metrics_observe(m.miss_latency, 1000);
        metrics_observe(m.miss_latency, 1000000);
        assert_int_equal(metrics_quantile(m.miss_latency, 0.5), 1024);
        assert_int_equal(metrics_quantile(m.miss_latency, 0.99), 1024);
        assert_int_equal(metrics_quantile(m.miss_latency, 1), 1048576);
}

/* --- Prometheus ------------------------------------------------------------------------------------------------ */

/* A line of the exposition format: a comment, or name{label="value"} number. */
static void expect_line(const char *line, size_t len)
{
        size_t at = 0;

        if (!strncmp(line, "# HELP cairn_", 13) || !strncmp(line, "# TYPE cairn_", 13))
                return;
        assert_memory_equal(line, "cairn_", 6);
        at = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
        if (line[at] == '{') {
                at++;
                at += strspn(line + at, "abcdefghijklmnopqrstuvwxyz_");
                assert_memory_equal(line + at, "=\"", 2);
                at += 2;
                at += strspn(line + at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+");
                assert_memory_equal(line + at, "\"}", 2);
                at += 2;
        }
        assert_int_equal(line[at], ' ');
        at++;
        at += strspn(line + at, "0123456789.");
        assert_int_equal(at, len);
}

static void test_text_is_well_formed_and_fits(void **state)
{
        static struct metrics most;

        (void)state;
        memset(&most, 0xff, sizeof most);
        write_all(&most);
        for (const char *line = text; *line;) {
                size_t len = strcspn(line, "\n");

                assert_int_equal(line[len], '\n');
                expect_line(line, len);
                line += len + 1;
        }
}

static void test_each_slot_has_its_own_line(void **state)
{
        char number[32], line[256];

        (void)state;
        for (size_t i = 0; i < METRIC_ROWS; i++) {
                const struct metric_row *row = &metric_rows[i];
                size_t count = row->set == METRIC_BY_LIMIT ? limit_count : row->count;

                if (row->kind == METRIC_HISTOGRAM)
                        continue;
                for (size_t j = 0; j < count; j++) {
                        static struct metrics m;

                        memset(&m, 0, sizeof m);
                        slots(&m, row)[j] = 987654321;
                        write_all(&m);
                        snprintf(number, sizeof number, " 987654321\n");
                        char *at = strstr(text, number);

                        assert_non_null(at);
                        assert_null(strstr(at + 1, number));
                        snprintf(line, sizeof line, "\ncairn_%s", row->name);
                        while (at > text && at[-1] != '\n')
                                at--;
                        assert_memory_equal(at - 1, line, strlen(line));
                }
        }
}

static void test_text_of_known_numbers(void **state)
{
        static struct metrics m;

        (void)state;
        metrics_inc(&m.answers[metrics_rcode(RCODE_NXDOMAIN)]);
        metrics_add(&m.hits[SHELF_FRONT], 12);
        metrics_add(m.misses, 3);
        metrics_inc(&m.steps[STEP_TIMEOUT]);
        metrics_observe(m.miss_latency, 1500);
        metrics_observe(m.miss_latency, 20000000);
        m.budget_hits[0] = 2;
        write_all(&m);
        assert_true(has_line("# TYPE cairn_answers_total counter"));
        assert_true(has_line("cairn_answers_total{rcode=\"NXDOMAIN\"} 1"));
        assert_true(has_line("cairn_answers_total{rcode=\"other\"} 0"));
        assert_true(has_line("cairn_hits_total{shelf=\"front\"} 12"));
        assert_true(has_line("cairn_misses_total 3"));
        assert_true(has_line("cairn_budget_hits_total{limit=\"UPSTREAM_MESSAGES\"} 2"));
        assert_true(has_line("cairn_steps_total{step=\"timeout\"} 1"));
        assert_true(has_line("cairn_steps_total{step=\"lost\"} 0"));
        assert_true(has_line("# TYPE cairn_requests_high_water gauge"));
        assert_true(has_line("# TYPE cairn_miss_latency_seconds histogram"));
        assert_true(has_line("cairn_miss_latency_seconds_bucket{le=\"0.001024\"} 0"));
        assert_true(has_line("cairn_miss_latency_seconds_bucket{le=\"0.002048\"} 1"));
        assert_true(has_line("cairn_miss_latency_seconds_bucket{le=\"8.388608\"} 1"));
        assert_true(has_line("cairn_miss_latency_seconds_bucket{le=\"+Inf\"} 2"));
        assert_true(has_line("cairn_miss_latency_seconds_sum 20.001500"));
        assert_true(has_line("cairn_miss_latency_seconds_count 2"));
}

/* A trace that ended in an answer after so long; sent: messages to servers. */
static void note(struct exemplars *exemplars, uint8_t id, uint64_t total_us, uint64_t sent)
{
        struct moment now = { .wall_s = 1763800000 };
        struct trace_id trace_id = { .bytes = { id } };
        struct trace_view view;
        struct arena arena;
        struct trace trace;

        arena_init(&arena, 1 << 16);
        trace_begin(&trace, &arena, &trace_id, 7, &now);
        trace_step(&trace, 0, 0, STEP_ANSWER, 0U, 0U, (uint64_t)1, (uint64_t)1, total_us, sent,
                   (unsigned)EDE_NONE);
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        exemplars_note(exemplars, &view);
        arena_fini(&arena);
}

static void test_openmetrics_names_a_trace_for_each_bucket(void **state)
{
        static struct exemplars exemplars;
        static struct metrics m;
        struct writer w = writer_over(text, sizeof text - 1);

        (void)state;
        note(&exemplars, 1, 1500, 3);
        note(&exemplars, 2, 1600, 3); /* the newest counts */
        note(&exemplars, 3, 20000000, 1);
        note(&exemplars, 4, 5, 0);
        metrics_text(&w, &(struct metrics_page){ .sum = &m, .limit_word = limit_word, .exemplars = &exemplars });
        assert_false(w.failed);
        *w.at = 0;
        assert_true(has_line("# TYPE cairn_answers counter"));
        assert_true(has_line("cairn_answers_total{rcode=\"NXDOMAIN\"} 0"));
        assert_true(has_line("# TYPE cairn_miss_latency_seconds histogram"));
        assert_true(has_line("cairn_miss_latency_seconds_bucket{le=\"0.001024\"} 0"));
        assert_true(has_line("cairn_miss_latency_seconds_bucket{le=\"0.002048\"} 0 # "
                             "{trace_id=\"02000000000000000000000000000000\"} 0.001600 1763800000"));
        assert_true(has_line("cairn_miss_latency_seconds_bucket{le=\"+Inf\"} 0 # "
                             "{trace_id=\"03000000000000000000000000000000\"} 20.000000 1763800000"));
        assert_true(has_line("cairn_hit_latency_seconds_bucket{le=\"0.000008\"} 0 # "
                             "{trace_id=\"04000000000000000000000000000000\"} 0.000005 1763800000"));
        assert_string_equal(w.at - 6, "# EOF\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_openmetrics_names_a_trace_for_each_bucket),
                cmocka_unit_test(test_rows_are_named_and_explained),
                cmocka_unit_test(test_rows_fill_the_struct),
                cmocka_unit_test(test_sets_fit_the_tables_they_stand_for),
                cmocka_unit_test(test_sums),
                cmocka_unit_test(test_sum_takes_every_slot),
                cmocka_unit_test(test_histogram_bounds),
                cmocka_unit_test(test_quantiles),
                cmocka_unit_test(test_text_is_well_formed_and_fits),
                cmocka_unit_test(test_each_slot_has_its_own_line),
                cmocka_unit_test(test_text_of_known_numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
