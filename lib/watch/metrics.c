#include "watch/metrics.h"

#include "watch/words.h"
#include <inttypes.h>
#include <stdio.h>

const struct metric_row metric_rows[METRIC_ROWS] = {
#define METRIC(name, kind, set, help) \
        { #name, METRIC_##kind, METRIC_BY_##set, help, offsetof(struct metrics, name) / sizeof(uint64_t), \
          METRIC_SLOTS(kind, set) },
#include "watch/metrics.def"
#undef METRIC
};

/* --- Values of labels ------------------------------------------------------------------------------------------ */

static const char *word_none(unsigned index)
{
        (void)index;
        return "";
}

static const char *word_rcode(unsigned index)
{
        static const char *const words[] = {
#define RCODE(name, number) #name,
#include "wire/codes.def"
#undef RCODE
                "other",
        };
        return words[index];
}

static const char *word_transport(unsigned index)
{
        static const char *const words[] = {
#define TRANSPORT(name, text) text,
#include "watch/metrics.def"
#undef TRANSPORT
        };
        return words[index];
}

static const char *word_shelf(unsigned index)
{
        static const char *const words[] = {
#define SHELF(name, text) text,
#include "watch/metrics.def"
#undef SHELF
        };
        return words[index];
}

static const char *word_outcome(unsigned index)
{
        static const char *const words[] = {
#define OUTCOME(name, text) text,
#include "watch/metrics.def"
#undef OUTCOME
        };
        return words[index];
}

static const char *word_drop(unsigned index)
{
        static const char *const words[] = {
#define DROP(name, text) text,
#include "watch/metrics.def"
#undef DROP
        };
        return words[index];
}

static const char *word_verdict(unsigned index)
{
        static const char *const words[] = {
#define VERDICT(name, text) text,
#include "watch/metrics.def"
#undef VERDICT
        };
        return words[index];
}

static const char *word_step(unsigned index)
{
        return index == STEP_SLOT_LOST ? "lost" : step_word(index);
}

static const struct {
        const char *label;
        const char *(*word)(unsigned index);
} label_sets[] = {
#define LABELS(set, label, count, word) { label, word },
#include "watch/metrics.def"
#undef LABELS
};

unsigned metrics_rcode(unsigned rcode)
{
        switch (rcode) {
#define RCODE(name, number) \
        case number: \
                return RCODE_SLOT_##name;
#include "wire/codes.def"
#undef RCODE
        }
        return RCODE_SLOT_OTHER;
}

/* --- Sums ------------------------------------------------------------------------------------------------------ */

/* struct metrics is made of numbers alone, so it can be walked as an array of them. */
static uint64_t *slots_of(struct metrics *metrics, const struct metric_row *row)
{
        return (uint64_t *)(void *)metrics + row->first;
}

static const uint64_t *slots_view(const struct metrics *metrics, const struct metric_row *row)
{
        return (const uint64_t *)(const void *)metrics + row->first;
}

void metrics_sum(struct metrics *sum, const struct metrics *part)
{
        for (const struct metric_row *row = metric_rows; row < metric_rows + METRIC_ROWS; row++) {
                uint64_t *to = slots_of(sum, row);
                const uint64_t *from = slots_view(part, row);

                for (size_t i = 0; i < row->count; i++) {
                        uint64_t value = __atomic_load_n(&from[i], __ATOMIC_RELAXED);

                        if (row->kind != METRIC_HIGH_WATER)
                                to[i] += value;
                        else if (value > to[i])
                                to[i] = value;
                }
        }
}

uint64_t metrics_total(const uint64_t *metric, size_t slots)
{
        uint64_t total = 0;

        for (size_t i = 0; i < slots; i++)
                total += metric[i];
        return total;
}

static uint64_t histogram_count(const uint64_t *histogram)
{
        uint64_t count = 0;

        for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
                count += histogram[i];
        return count;
}

static uint64_t histogram_bound(size_t slot)
{
        return 1ULL << (slot + HISTOGRAM_FIRST_BIT);
}

uint64_t metrics_quantile(const uint64_t *histogram, double share)
{
        double wanted = (double)histogram_count(histogram) * share;
        uint64_t seen = 0;

        if (wanted <= 0)
                return 0;
        for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
                seen += histogram[i];
                if ((double)seen >= wanted)
                        return histogram_bound(i);
        }
        return histogram_bound(HISTOGRAM_BOUNDS);
}

enum { US_PER_S = 1000000 };

/* --- Exemplars ------------------------------------------------------------------------------------------------- */

void exemplars_note(struct exemplars *exemplars, const struct trace_view *trace)
{
        struct step_field total, sent;
        struct step_view step;

        for (size_t at = 0; trace_next(trace, &at, &step);) {
                if (step.kind != STEP_ANSWER || !step_field(&step, "total", &total) ||
                    !step_field(&step, "sent", &sent))
                        continue;
                struct exemplar *bucket = sent.number ? exemplars->miss_latency : exemplars->hit_latency;
                bucket[metrics_bucket(total.number)] = (struct exemplar){
                        .trace = trace->id, .us = total.number, .wall_s = trace->wall_us / US_PER_S };
        }
}

/* NULL where there is none. */
static const struct exemplar *exemplar_of(const struct exemplars *exemplars, const struct metric_row *row, size_t i)
{
        const struct exemplar *found = row == &metric_rows[METRIC_ROW_hit_latency] ? &exemplars->hit_latency[i]
                                                                                   : &exemplars->miss_latency[i];

        return found->wall_s ? found : NULL;
}

/* --- Prometheus text ------------------------------------------------------------------------------------------- */

static const char *const kind_words[] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HIGH_WATER] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
};

/* What Prometheus wants a name to end in. */
static const char *const kind_suffixes[] = {
        [METRIC_COUNTER] = "_total",
        [METRIC_GAUGE] = "",
        [METRIC_HIGH_WATER] = "",
        [METRIC_HISTOGRAM] = "_seconds",
};

static void write_name(struct writer *w, const struct metric_row *row, const char *suffix)
{
        write_text(w, "cairn_");
        write_text(w, row->name);
        write_text(w, kind_suffixes[row->kind]);
        write_text(w, suffix);
}

/* In OpenMetrics a counter's family does not have the suffix that its samples have. */
static void write_family(struct writer *w, const struct metrics_page *page, const struct metric_row *row)
{
        write_text(w, "cairn_");
        write_text(w, row->name);
        if (!page->exemplars || row->kind != METRIC_COUNTER)
                write_text(w, kind_suffixes[row->kind]);
        write_text(w, " ");
}

static void write_head(struct writer *w, const struct metrics_page *page, const struct metric_row *row)
{
        write_text(w, "# HELP ");
        write_family(w, page, row);
        write_text(w, row->help);
        write_text(w, "\n# TYPE ");
        write_family(w, page, row);
        write_text(w, kind_words[row->kind]);
        write_text(w, "\n");
}

static void write_label(struct writer *w, const char *label, const char *value)
{
        write_text(w, "{");
        write_text(w, label);
        write_text(w, "=\"");
        write_text(w, value);
        write_text(w, "\"}");
}

static void write_value(struct writer *w, uint64_t value)
{
        write_text(w, " ");
        words_number(w, value);
        write_text(w, "\n");
}

static char *seconds_text(uint64_t us, char out[32])
{
        snprintf(out, 32, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
        return out;
}

/* A bucket's line, from "_bucket" on: how many took at most `le`, and which trace was one of them. */
static void write_bucket(struct writer *w, const char *le, uint64_t count, const struct exemplar *exemplar)
{
        char seconds[32];

        write_label(w, "le", le);
        write_text(w, " ");
        words_number(w, count);
        if (exemplar) {
                write_text(w, " # {trace_id=\"");
                words_hex(w, exemplar->trace.bytes, TRACE_ID_LEN);
                write_text(w, "\"} ");
                write_text(w, seconds_text(exemplar->us, seconds));
                write_text(w, " ");
                words_number(w, exemplar->wall_s);
        }
        write_text(w, "\n");
}

static void write_histogram(struct writer *w, const struct metrics_page *page, const struct metric_row *row,
                            const uint64_t *slots)
{
        uint64_t count = 0;
        char seconds[32];

        for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
                count += slots[i];
                write_name(w, row, "_bucket");
                write_bucket(w, i < HISTOGRAM_BOUNDS ? seconds_text(histogram_bound(i), seconds) : "+Inf", count,
                             page->exemplars ? exemplar_of(page->exemplars, row, i) : NULL);
        }
        write_name(w, row, "_sum ");
        write_text(w, seconds_text(slots[HISTOGRAM_SUM], seconds));
        write_text(w, "\n");
        write_name(w, row, "_count");
        write_value(w, count);
}

static void write_numbers(struct writer *w, const struct metrics_page *page, const struct metric_row *row,
                          const uint64_t *slots)
{
        const char *label = label_sets[row->set].label;
        metrics_limit_word *word = row->set == METRIC_BY_LIMIT ? page->limit_word : label_sets[row->set].word;

        for (unsigned i = 0; i < row->count; i++) {
                const char *value = word ? word(i) : NULL;

                if (!value)
                        return;
                write_name(w, row, "");
                if (row->set != METRIC_BY_NONE)
                        write_label(w, label, value);
                write_value(w, slots[i]);
        }
}

void metrics_text(struct writer *w, const struct metrics_page *page)
{
        for (const struct metric_row *row = metric_rows; row < metric_rows + METRIC_ROWS; row++) {
                const uint64_t *slots = slots_view(page->sum, row);

                write_head(w, page, row);
                if (row->kind == METRIC_HISTOGRAM)
                        write_histogram(w, page, row, slots);
                else
                        write_numbers(w, page, row, slots);
        }
        if (page->exemplars)
                write_text(w, "# EOF\n");
}
