/*
 * Any bytes as a flat trace: each step in words and JSON, and the whole drawn for people and machines.
 */
#include "json.h"
#include "tree.h"
#include "watch/otlp.h"
#include "watch/trace.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

static void require_harmless(const char *text, size_t len, const char *forbidden)
{
        for (size_t i = 0; i < len; i++)
                REQUIRE(text[i] >= ' ' && text[i] <= '~' && !strchr(forbidden, text[i]));
}

static void require_printable(const char *text, size_t len)
{
        for (size_t i = 0; i < len; i++)
                REQUIRE(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~' && !strchr("'<>&`", text[i])));
}

static void try_steps(const struct trace_view *trace)
{
        static char text[STEP_TEXT_MAX], json[STEP_JSON_MAX];
        struct step_view step;

        for (size_t at = 0; trace_next(trace, &at, &step);) {
                size_t len = step_text(&step, text, sizeof text);

                REQUIRE(len > 0);
                require_harmless(text, len, "\"'<>&`");
                len = step_json(&step, json, sizeof json);
                REQUIRE(len > 0);
                require_harmless(json, len, "'<>&`");
                REQUIRE(json_is_valid(json, len));
        }
}

static void try_spans(const struct trace_view *trace)
{
        static char text[OTLP_TRACE_MAX];
        struct writer w = writer_over(text, sizeof text);

        otlp_begin(&w, "1");
        otlp_spans(&w, trace, "");
        otlp_end(&w);
        REQUIRE(!w.failed);
        REQUIRE(json_is_valid(text, writer_len(&w)));
        require_printable(text, writer_len(&w));
}

struct page {
        char *text;
        size_t len;
};

static void collect(void *context, const char *text, size_t len)
{
        struct page *page = context;

        page->text = realloc(page->text, page->len + len);
        REQUIRE(page->text);
        memcpy(page->text + page->len, text, len);
        page->len += len;
}

static void try_drawing(const struct trace_view *trace)
{
        struct tree_options people = { .width = 80, .date = true }, machines = { .json = true };
        struct tree_follower follower;
        struct page page = { NULL, 0 };

        tree_print(trace, &people, collect, &page);
        tree_follow_begin(&follower, &people);
        tree_follow(&follower, trace, collect, &page);
        for (size_t i = 0; i < page.len; i++)
                REQUIRE(page.text[i] == '\n' || (page.text[i] >= ' ' && page.text[i] <= '~'));
        page.len = 0;
        tree_print(trace, &machines, collect, &page);
        REQUIRE(page.len > 0 && json_is_valid(page.text, page.len - 1));
        free(page.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct trace_view trace;

        if (size > TRACE_MAX || trace_open(data, size, &trace) != ERR_OK)
                return 0;
        try_steps(&trace);
        try_drawing(&trace);
        try_spans(&trace);
        return 0;
}
