#pragma once
/*
 * Metrics: what happened to all requests, as plain numbers of one worker.
 *
 * Whoever counts (a worker, the writer thread, the control thread) owns one struct metrics and alone writes it. Whoever
 * reads adds all of them up with metrics_sum(). So counting is an addition and no locked instruction, and the sum may
 * be some counts old. The rows are in metrics.def. To count is to say:
 *
 *      metrics_inc(&metrics->hits[SHELF_FRONT]);
 *      metrics_inc(&metrics->answers[metrics_rcode(rcode)]);
 *      metrics_inc(metrics->misses);
 *      metrics_observe(metrics->miss_latency, us);
 */
#include "base/buf.h"
#include "watch/trace.h"
#include "wire/codes.h"
#include <stddef.h>
#include <stdint.h>

/* --- The sets that a metric can be told apart by ---------------------------------------------------------------- */

/* Rcodes: those with names, in the order of codes.def, then one slot for the others; see metrics_rcode(). */
enum {
#define RCODE(name, number) RCODE_SLOT_##name,
#include "wire/codes.def"
#undef RCODE
        RCODE_SLOT_OTHER,
        RCODE_SLOTS
};

/* The index of a member is an enum transport. */
enum {
#define TRANSPORT(name, text) TRANSPORT_SLOT_##name,
#include "watch/metrics.def"
#undef TRANSPORT
        TRANSPORT_SLOTS
};

enum metric_shelf {
#define SHELF(name, text) SHELF_##name,
#include "watch/metrics.def"
#undef SHELF
        SHELF_SLOTS
};

enum metric_outcome {
#define OUTCOME(name, text) OUTCOME_##name,
#include "watch/metrics.def"
#undef OUTCOME
        OUTCOME_SLOTS
};

enum metric_drop {
#define DROP(name, text) DROP_##name,
#include "watch/metrics.def"
#undef DROP
        DROP_SLOTS
};

enum metric_verdict {
#define VERDICT(name, text) VERDICT_SLOT_##name,
#include "watch/metrics.def"
#undef VERDICT
        VERDICT_SLOTS
};

/* Steps: those of trace.def, and one slot for those that found no room in their trace; see struct trace. */
enum { STEP_SLOT_LOST = STEP_COUNT, STEP_SLOTS };

/* The index of a member is the number of a row of limits.def. */
enum { LIMIT_SLOTS = 128 };

/* --- The numbers ----------------------------------------------------------------------------------------------- */

/*
 * A histogram: how many times were at most 8, 16, 32... microseconds, up to 8.4 seconds; longer ones; and their sum.
 *
 *      [0] <= 8 us   [1] <= 16 us   ...   [20] <= 8388608 us   [21] more   [22] sum in microseconds
 */
enum {
        HISTOGRAM_BOUNDS = 21,
        HISTOGRAM_BUCKETS = HISTOGRAM_BOUNDS + 1,
        HISTOGRAM_FIRST_BIT = 3,
        HISTOGRAM_SUM = HISTOGRAM_BUCKETS,
        HISTOGRAM_SLOTS
};

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HIGH_WATER, METRIC_HISTOGRAM };

enum metric_set {
#define LABELS(set, label, count, word) METRIC_BY_##set,
#include "watch/metrics.def"
#undef LABELS
};

enum {
#define LABELS(set, label, count, word) METRIC_COUNT_##set = count,
#include "watch/metrics.def"
#undef LABELS
};

#define METRIC_SLOTS(kind, set) (METRIC_##kind == METRIC_HISTOGRAM ? HISTOGRAM_SLOTS : METRIC_COUNT_##set)

struct metrics {
#define METRIC(name, kind, set, help) uint64_t name[METRIC_SLOTS(kind, set)];
#include "watch/metrics.def"
#undef METRIC
};

/* --- Counting --------------------------------------------------------------------------------------------------- */

/* One thread writes and others may read: relaxed loads and stores are plain instructions, and no data race. */
static inline void metrics_set(uint64_t *metric, uint64_t value)
{
        __atomic_store_n(metric, value, __ATOMIC_RELAXED);
}

static inline void metrics_add(uint64_t *metric, uint64_t count)
{
        metrics_set(metric, *metric + count);
}

static inline void metrics_inc(uint64_t *metric)
{
        metrics_add(metric, 1);
}

/** Keep the most there ever was. */
static inline void metrics_highest(uint64_t *high_water, uint64_t value)
{
        if (value > *high_water)
                metrics_set(high_water, value);
}

/** Set a gauge and keep the most it ever was. */
static inline void metrics_level(uint64_t *gauge, uint64_t *high_water, uint64_t value)
{
        metrics_set(gauge, value);
        metrics_highest(high_water, value);
}

/** The bucket of a time in microseconds. */
static inline unsigned metrics_bucket(uint64_t us)
{
        unsigned bits = us > 1 ? 64 - (unsigned)__builtin_clzll(us - 1) : 0; /* the smallest with us <= 2^bits */
        unsigned slot = bits < HISTOGRAM_FIRST_BIT ? 0 : bits - HISTOGRAM_FIRST_BIT;

        return slot < HISTOGRAM_BOUNDS ? slot : HISTOGRAM_BOUNDS;
}

/** Note a time in a histogram. */
static inline void metrics_observe(uint64_t *histogram, uint64_t us)
{
        metrics_inc(&histogram[metrics_bucket(us)]);
        metrics_add(&histogram[HISTOGRAM_SUM], us);
}

/** The slot of an rcode. */
unsigned metrics_rcode(unsigned rcode);

/* --- Reading ---------------------------------------------------------------------------------------------------- */

/** Add what one owner counted to a sum that began as zeros; of a high water, the highest. */
void metrics_sum(struct metrics *sum, const struct metrics *part);

/** A metric of a sum over all its labels. */
uint64_t metrics_total(const uint64_t *metric, size_t slots);

/**
 * At most how many microseconds the given share (0..1) of a histogram's times took; twice the last bound stands for
 * anything beyond it. 0 when the histogram is empty.
 */
uint64_t metrics_quantile(const uint64_t *histogram, double share);

/*
 * For each bucket of the two histograms, the newest trace that is kept and took so long: from a point in a plot of
 * latencies to the steps that took the time.
 */
struct exemplar {
        struct trace_id trace;
        uint64_t us;
        uint64_t wall_s; /* when; 0: there is none */
};

struct exemplars {
        struct exemplar hit_latency[HISTOGRAM_BUCKETS];
        struct exemplar miss_latency[HISTOGRAM_BUCKETS];
};

/** Note a finished trace, if it ended in an answer. */
void exemplars_note(struct exemplars *exemplars, const struct trace_view *trace);

/** The value of a limit's label, or NULL beyond the last one. */
typedef const char *metrics_limit_word(unsigned index);

/* What metrics_text() writes. */
struct metrics_page {
        const struct metrics *sum;
        metrics_limit_word *limit_word;
        const struct exemplars *exemplars; /* OpenMetrics 1.0, which has room for them; NULL: Prometheus text 0.0.4 */
};

/** Room enough for metrics_text(). */
enum { METRICS_TEXT_MAX = 65536 };

/** All rows, names beginning with "cairn_". Fails the writer if it does not fit. */
void metrics_text(struct writer *w, const struct metrics_page *page);

/** One row of metrics.def, for those who walk them. */
struct metric_row {
        const char *name;
        enum metric_kind kind;
        enum metric_set set;
        const char *help;
        size_t first; /* slots of struct metrics, seen as an array of numbers */
        size_t count;
};

enum {
#define METRIC(name, kind, set, help) METRIC_ROW_##name,
#include "watch/metrics.def"
#undef METRIC
        METRIC_ROWS
};

extern const struct metric_row metric_rows[METRIC_ROWS];
