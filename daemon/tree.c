#include "tree.h"

#include "base/buf.h"
#include "watch/keep.h"
#include "watch/transcript.h"
#include "watch/words.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
        DEPTH_MAX = 32,        /* sub-questions within each other; the budget allows far fewer */
        GUIDES_MAX = 12,       /* deeper steps are drawn no further to the right */
        TIME_COLUMN = 10,      /* "   1234.5 " */
        US_PER_S = 1000000,
        TIME_MAX = 16,         /* the longest, and its NUL */
        TEXT_COLUMNS_MIN = 24, /* on a very narrow screen lines are rather too long than one word each */
        STEPS_MAX = (TRACE_MAX - TRACE_HEADER_LEN) / STEP_HEADER_LEN,
        STEP_LINE_MAX = STEP_JSON_MAX + 2 * UINT16_MAX + 64, /* with a whole message in hex */
};

/* --- Colours --------------------------------------------------------------------------------------------------- */

static const char colour_none[] = "\033[0m", colour_dim[] = "\033[2m";

#define BOLD "\033[1m"
#define RED "\033[31m"
#define BOLD_RED "\033[1;31m"
#define GREEN "\033[32m"
#define BOLD_GREEN "\033[1;32m"
#define YELLOW "\033[33m"
#define PURPLE "\033[35m"
#define CYAN "\033[36m"

/* How a step feels; those not named are plain. */
static const char *const step_colours[STEP_COUNT] = {
        [STEP_QUESTION] = BOLD,   [STEP_ANSWER] = BOLD_GREEN, [STEP_DROPPED] = BOLD_RED, [STEP_TASK] = PURPLE,
        [STEP_SEND] = CYAN,       [STEP_HIT] = GREEN,         [STEP_STALE] = YELLOW,     [STEP_SKIP] = YELLOW,
        [STEP_FALLBACK] = YELLOW, [STEP_SCRUBBED] = YELLOW,   [STEP_TIMEOUT] = RED,      [STEP_FAILED] = RED,
        [STEP_UNUSABLE] = RED,    [STEP_LOOP] = RED,          [STEP_BUDGET] = RED,       [STEP_OUTAGE] = RED,
        [STEP_GAVE_UP] = BOLD_RED,
};

/* --- Where text goes ------------------------------------------------------------------------------------------- */

struct page {
        const struct tree_options *options;
        tree_sink *sink;
        void *context;
        size_t written;
};

static void put(struct page *page, const char *text, size_t len)
{
        if (len)
                page->sink(page->context, text, len);
        page->written += len;
}

static void put_text(struct page *page, const char *text)
{
        put(page, text, strlen(text));
}

static void put_colour(struct page *page, const char *colour)
{
        if (page->options->colour && colour)
                put_text(page, colour);
}

/* The left margin of a line: the time, or blanks in its place, and one guide for each sub-question it is within. */
static void put_margin(struct page *page, const char *time, unsigned depth)
{
        put_colour(page, colour_dim);
        put_text(page, time);
        for (unsigned i = 0; i < depth; i++)
                put_text(page, "| ");
        put_colour(page, colour_none);
}

/* How much of the text goes on a line of so many columns: up to the last space that fits, else just as much as fits. */
static size_t line_len(const char *text, size_t columns)
{
        size_t len = strlen(text);

        if (len <= columns)
                return len;
        for (size_t i = columns; i > columns / 2; i--) {
                if (text[i] == ' ')
                        return i;
        }
        return columns;
}

/* A sentence behind its margin, wrapped; what follows the first line is indented a little more. */
static void put_sentence(struct page *page, const char *time, unsigned depth, const char *colour, const char *text)
{
        size_t guides = depth < GUIDES_MAX ? depth : GUIDES_MAX;
        size_t margin = TIME_COLUMN + 2 * guides;
        size_t width = page->options->width;
        size_t columns = !width ? SIZE_MAX : width > margin + TEXT_COLUMNS_MIN ? width - margin : TEXT_COLUMNS_MIN;
        const char *indent = "";

        do {
                size_t len = line_len(text, columns - strlen(indent));

                put_margin(page, time, (unsigned)guides);
                put_text(page, indent);
                put_colour(page, colour);
                put(page, text, len);
                put_colour(page, colour ? colour_none : NULL);
                put_text(page, "\n");
                text += len + (text[len] == ' ');
                time = "          ";
                indent = "  ";
        } while (*text);
}

/* Milliseconds and tenths, right-aligned: "   1234.5 ". Returns where it begins in the room. */
static const char *time_text(uint32_t at_us, char room[TIME_MAX])
{
        uint32_t ms = at_us / 1000;
        char *first = room + TIME_MAX - sizeof ".0 ";

        memcpy(first, ".0 ", sizeof ".0 ");
        first[1] = (char)('0' + at_us / 100 % 10);
        do {
                *--first = (char)('0' + ms % 10);
                ms /= 10;
        } while (ms);
        while (first > room + TIME_MAX - 1 - TIME_COLUMN)
                *--first = ' ';
        return first;
}

/* A message as dig would show it, below the step that brought it. */
static void put_message(struct page *page, const struct step_view *step, unsigned depth)
{
        char *text = malloc(TRANSCRIPT_MAX);
        struct step_field bytes;

        if (!text || !step_field(step, "bytes", &bytes)) {
                free(text);
                return;
        }
        struct writer w = writer_over(text, TRANSCRIPT_MAX - 1);
        if (transcript_text(&w, (const uint8_t *)bytes.text, bytes.text_len))
                write_text(&w, "it cannot be read\n");
        *w.at = 0;
        for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
                *end = 0;
                put_sentence(page, "          ", depth, colour_dim, line);
        }
        free(text);
}

/* Messages as they came are for those who look closest. */
static void put_step(struct page *page, const struct step_view *step, unsigned depth)
{
        SCRATCH char text[STEP_TEXT_MAX];
        char time[TIME_MAX];

        if (step->kind == STEP_MESSAGE && !page->options->messages)
                return;

        step_text(step, text, sizeof text);
        put_sentence(page, time_text(step->at_us, time), depth, step_colours[step->kind], text);
        if (step->kind == STEP_MESSAGE)
                put_message(page, step, depth);
}

/* --- The line at the head -------------------------------------------------------------------------------------- */

/* Why it was not answered; kind STEP_COUNT where it was, or goes on. */
static struct step_view find_drop(const struct trace_view *trace)
{
        struct step_view found = { .kind = STEP_COUNT };
        struct step_view step;

        for (size_t at = 0; trace_next(trace, &at, &step);) {
                if (step.kind == STEP_ANSWER)
                        found.kind = STEP_COUNT;
                else if (step.kind == STEP_DROPPED)
                        found = step;
        }
        return found;
}

/* One field in words, or nothing when there is no such step or field. */
static void write_field(struct writer *w, const char *before, const struct step_view *step, const char *field)
{
        struct step_field value;

        if (step->kind == STEP_COUNT || !step_field(step, field, &value))
                return;
        write_text(w, before);
        step_field_text(w, &value);
}

/* "2026-11-22T21:08:38Z", for machines with microseconds. */
static void write_date(struct writer *w, uint64_t wall_us, bool exact)
{
        time_t seconds = (time_t)(wall_us / US_PER_S);
        struct tm tm;
        char text[40], rest[12] = "";

        if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm)) {
                write_text(w, "-");
                return;
        }
        if (exact)
                snprintf(rest, sizeof rest, ".%06u", (unsigned)(wall_us % US_PER_S));
        write_text(w, text);
        write_text(w, rest);
        write_text(w, "Z");
}

static void write_ending(struct writer *w, const struct summary *summary)
{
        char rcode[12];

        if (!summary->answered) {
                write_text(w, " unfinished");
                return;
        }
        write_text(w, " ");
        write_text(w, rcode_text(summary->rcode, rcode));
        if (summary->ede != EDE_NONE) {
                write_text(w, " (");
                words_ede(w, summary->ede);
                write_text(w, ")");
        }
        write_text(w, " ");
        words_duration(w, summary->total_us);
        write_text(w, ", ");
        words_number(w, summary->sent);
        write_text(w, summary->sent == 1 ? " message" : " messages");
}

/* A line that begins at the left, wrapped. */
static void put_wrapped(struct page *page, const char *text)
{
        size_t width = page->options->width ? page->options->width : SIZE_MAX;
        const char *indent = "";

        do {
                size_t len = line_len(text, width > TEXT_COLUMNS_MIN ? width - strlen(indent) : TEXT_COLUMNS_MIN);

                put_text(page, indent);
                put(page, text, len);
                put_text(page, "\n");
                text += len + (text[len] == ' ');
                indent = "  ";
        } while (*text);
}

static void put_head(struct page *page, const struct summary *summary, const struct step_view *drop)
{
        bool date = page->options->date;
        char text[4 * WORDS_FIELD_MAX], id[TRACE_SHORT_TEXT], type[RRTYPE_TEXT_MAX];
        struct writer w = writer_over(text, sizeof text);

        if (date)
                write_date(&w, summary->wall_us, false);
        write_text(&w, date ? " " : "");
        write_text(&w, trace_id_short(&summary->id, id));
        if (summary->qtype) {
                write_text(&w, " ");
                words_name(&w, &summary->qname);
                write_text(&w, " ");
                write_text(&w, rrtype_text(summary->qtype, type));
        }
        if (drop->kind == STEP_DROPPED)
                write_field(&w, " not answered: ", drop, "why");
        else
                write_ending(&w, summary);
        write_u8(&w, 0);
        put_wrapped(page, text);
}

size_t tree_print_head(const struct trace_view *trace, const struct tree_options *options, tree_sink *sink,
                       void *context)
{
        struct page page = { options, sink, context, 0 };
        struct step_view drop = find_drop(trace);
        struct summary summary;

        summary_of(trace, &summary);
        put_head(&page, &summary, &drop);
        return page.written;
}

/* Members of the object that each line for machines is; without the closing brace. */
static void put_json_head(struct page *page, const struct summary *summary)
{
        char text[6 * WORDS_FIELD_MAX], name[NAME_TEXT_MAX], word[24];
        struct writer w = writer_over(text, sizeof text);
        struct writer words = writer_over(name, sizeof name);

        write_text(&w, "{\"v\":1,\"trace\":\"");
        words_hex(&w, summary->id.bytes, TRACE_ID_LEN);
        snprintf(word, sizeof word, "%016" PRIx64, summary->span);
        write_text(&w, "\",\"span\":\"");
        write_text(&w, word);
        write_text(&w, "\",\"time\":\"");
        write_date(&w, summary->wall_us, true);
        write_text(&w, "\"");
        if (summary->qtype) {
                write_text(&w, ",\"qname\":\"");
                words_name(&words, &summary->qname);
                words_json(&w, name, writer_len(&words));
                write_text(&w, "\",\"qtype\":\"");
                write_text(&w, rrtype_text(summary->qtype, word));
                write_text(&w, "\"");
        }
        if (summary->answered) {
                write_text(&w, ",\"rcode\":\"");
                write_text(&w, rcode_text(summary->rcode, word));
                write_text(&w, "\",\"total_us\":");
                words_number(&w, summary->total_us);
                write_text(&w, ",\"sent\":");
                words_number(&w, summary->sent);
        }
        if (summary->ede != EDE_NONE) {
                write_text(&w, ",\"ede\":\"");
                words_ede(&w, summary->ede);
                write_text(&w, "\"");
        }
        put(page, text, writer_len(&w));
}

static void put_json_reasons(struct page *page, unsigned reasons)
{
        const char *before = ",\"kept\":[\"";

        for (unsigned i = 0; i < KEEP_COUNT; i++) {
                if (!(reasons >> i & 1))
                        continue;
                put_text(page, before);
                put_text(page, keep_rows[i].word);
                before = "\",\"";
        }
        if (reasons)
                put_text(page, "\"]");
}

size_t tree_print_summary(const struct summary *summary, const struct tree_options *options, tree_sink *sink,
                          void *context)
{
        static const struct step_view none = { .kind = STEP_COUNT };
        struct page page = { options, sink, context, 0 };

        if (options->json) {
                put_json_head(&page, summary);
                put_json_reasons(&page, options->reasons);
                put_text(&page, "}\n");
                return page.written;
        }
        put_colour(&page, summary->rcode == RCODE_SERVFAIL ? BOLD_RED : NULL);
        put_head(&page, summary, &none);
        put_colour(&page, colour_none);
        return page.written;
}

/* --- A finished trace ------------------------------------------------------------------------------------------ */

/*
 * The steps in the order of drawing: by group, then as they were made. The group of a step is its task, except that the
 * step that begins a sub-question stands in the group of the task that wanted it, where the group of the new task is
 * then drawn below it.
 */
struct tree_row {
        uint32_t offset;
        uint16_t group;
        uint16_t order;
        bool drawn;
};

struct tree_rows {
        struct tree_row *row;
        size_t count;
};

static uint16_t step_group(const struct step_view *step)
{
        struct step_field parent;

        if (step->kind == STEP_TASK && step_field(step, "parent", &parent) && parent.number <= UINT16_MAX)
                return (uint16_t)parent.number;
        return step->task;
}

static int row_compare(const void *a, const void *b)
{
        const struct tree_row *x = a, *y = b;

        return x->group != y->group ? (x->group < y->group ? -1 : 1) : (x->order > y->order) - (x->order < y->order);
}

/* False when out of memory. */
static bool rows_collect(const struct trace_view *trace, struct tree_rows *out)
{
        struct step_view step;
        size_t at = 0, offset = TRACE_HEADER_LEN;

        *out = (struct tree_rows){ .row = malloc(STEPS_MAX * sizeof *out->row) };
        if (!out->row)
                return false;
        while (out->count < STEPS_MAX && trace_next(trace, &at, &step)) {
                out->row[out->count] = (struct tree_row){
                        .offset = (uint32_t)offset, .group = step_group(&step), .order = (uint16_t)out->count };
                out->count++;
                offset = at;
        }
        qsort(out->row, out->count, sizeof *out->row, row_compare);
        return true;
}

/* The first row of a group, or count if it has none. */
static size_t rows_find(const struct tree_rows *rows, uint16_t group)
{
        size_t low = 0, high = rows->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (rows->row[middle].group < group)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < rows->count && rows->row[low].group == group ? low : rows->count;
}

/* Draw the group that begins at a row, and below each step that begins a sub-question, the group of that. */
static void put_group(struct page *page, const struct trace_view *trace, struct tree_rows *rows, size_t first)
{
        size_t next[DEPTH_MAX] = { first };
        uint16_t group[DEPTH_MAX] = { rows->row[first].group };
        unsigned depth = 0;

        for (;;) {
                struct tree_row *row = &rows->row[next[depth]];

                if (next[depth] == rows->count || row->group != group[depth] || row->drawn) {
                        if (depth-- == 0)
                                return;
                        continue;
                }
                struct step_view step;
                size_t at = row->offset;

                row->drawn = true;
                next[depth]++;
                if (!trace_next(trace, &at, &step))
                        continue;
                put_step(page, &step, depth);
                if (step.kind != STEP_TASK || step.task == row->group || depth + 1 == DEPTH_MAX)
                        continue;
                depth++;
                next[depth] = rows_find(rows, step.task);
                group[depth] = step.task;
        }
}

static void put_tree(struct page *page, const struct trace_view *trace)
{
        struct tree_rows rows;

        if (!rows_collect(trace, &rows))
                return;
        /* All but the first group hang below it, unless the trace is damaged. */
        for (size_t i = 0; i < rows.count; i++) {
                if (!rows.row[i].drawn)
                        put_group(page, trace, &rows, i);
        }
        free(rows.row);
}

/* --- For machines ---------------------------------------------------------------------------------------------- */

/* A step as an object; at the closest look a message has its bytes in hex. Returns the length, 0 if it is left out. */
static size_t write_step_json(const struct tree_options *options, const struct step_view *step, char *out, size_t size)
{
        size_t len = step_json(step, out, size);
        struct step_field bytes;

        if (!len || step->kind != STEP_MESSAGE || !options->messages || !step_field(step, "bytes", &bytes))
                return len;
        struct writer w = writer_over(out + len - 1, size - len + 1); /* in place of the brace */
        write_text(&w, ",\"hex\":\"");
        words_hex(&w, (const uint8_t *)bytes.text, bytes.text_len);
        write_text(&w, "\"}");
        return w.failed ? len : len - 1 + writer_len(&w);
}

/* False when out of memory. */
static bool put_json_steps(struct page *page, const struct trace_view *trace)
{
        char *text = malloc(STEP_LINE_MAX);
        struct step_view step;
        const char *separator = "";

        for (size_t at = 0; text && trace_next(trace, &at, &step);) {
                size_t len = write_step_json(page->options, &step, text, STEP_LINE_MAX);

                if (!len)
                        continue;
                put_text(page, separator);
                put(page, text, len);
                separator = ",";
        }
        free(text);
        return text != NULL;
}

static void put_json(struct page *page, const struct trace_view *trace)
{
        struct summary summary;

        summary_of(trace, &summary);
        put_json_head(page, &summary);
        put_json_reasons(page, page->options->reasons);
        if (!page->options->brief) {
                put_text(page, ",\"steps\":[");
                (void)put_json_steps(page, trace);
                put_text(page, "]");
        }
        put_text(page, "}\n");
}

size_t tree_print(const struct trace_view *trace, const struct tree_options *options, tree_sink *sink, void *context)
{
        struct page page = { options, sink, context, 0 };

        if (options->json) {
                put_json(&page, trace);
                return page.written;
        }
        page.written += tree_print_head(trace, options, sink, context);
        if (!options->brief)
                put_tree(&page, trace);
        return page.written;
}

/* --- A trace that grows ---------------------------------------------------------------------------------------- */

void tree_follow_begin(struct tree_follower *follower, const struct tree_options *options)
{
        *follower = (struct tree_follower){ .options = *options };
}

static uint16_t parent_of(const struct tree_follower *follower, uint16_t task)
{
        return task < TREE_TASKS_MAX ? follower->parent[task] : 0;
}

/* Is `task` the ancestor of another, or that task itself? */
static bool is_within(const struct tree_follower *follower, uint16_t task, uint16_t other)
{
        for (unsigned i = 0; other != task && other != 0 && i < DEPTH_MAX; i++)
                other = parent_of(follower, other);
        return other == task;
}

static unsigned task_depth(const struct tree_follower *follower, uint16_t task)
{
        unsigned depth = 0;

        for (; task != 0 && depth < DEPTH_MAX; depth++)
                task = parent_of(follower, task);
        return depth;
}

/* "[ns2.example.net. AAAA]": whose steps follow, when that is not to be seen from the indentation. */
static void put_heading(struct page *page, const struct trace_view *trace, uint16_t task, unsigned depth)
{
        char text[2 * WORDS_FIELD_MAX];
        struct writer w = writer_over(text, sizeof text - 1);
        struct step_view step;

        for (size_t at = 0; trace_next(trace, &at, &step);) {
                if (step.kind != STEP_TASK || step.task != task)
                        continue;
                write_field(&w, "[", &step, "qname");
                write_field(&w, " ", &step, "qtype");
                write_text(&w, "]");
                *w.at = 0;
                put_sentence(page, "          ", depth, colour_dim, text);
                return;
        }
}

static void follow_step(struct page *page, struct tree_follower *follower, const struct trace_view *trace,
                        const struct step_view *step)
{
        uint16_t group = step_group(step);

        if (step->kind == STEP_TASK && step->task < TREE_TASKS_MAX)
                follower->parent[step->task] = group;
        if (!is_within(follower, group, follower->last_task))
                put_heading(page, trace, group, task_depth(follower, group));
        put_step(page, step, task_depth(follower, group));
        follower->last_task = step->task;
}

static void follow_step_json(struct page *page, const struct trace_view *trace, const struct step_view *step)
{
        char *text = malloc(STEP_LINE_MAX);
        char head[64];
        struct writer w = writer_over(head, sizeof head);
        size_t len = text ? write_step_json(page->options, step, text, STEP_LINE_MAX) : 0;

        if (!len) {
                free(text);
                return;
        }
        write_text(&w, "{\"v\":1,\"trace\":\"");
        words_hex(&w, trace->id.bytes, TRACE_ID_LEN);
        write_text(&w, "\",");
        put(page, head, writer_len(&w));
        put(page, text + 1, len - 1);
        put_text(page, "\n");
        free(text);
}

size_t tree_follow(struct tree_follower *follower, const struct trace_view *trace, tree_sink *sink, void *context)
{
        struct page page = { &follower->options, sink, context, 0 };
        struct step_view step;

        while (trace_next(trace, &follower->at, &step)) {
                if (follower->options.json)
                        follow_step_json(&page, trace, &step);
                else
                        follow_step(&page, follower, trace, &step);
        }
        return page.written;
}
