#pragma once
/*
 * A trace drawn for people: one line a step, times in milliseconds from the start at the left, what belongs to a
 * sub-question indented under the step that began it.
 *
 *      7f3a9c21 www.example.com. A NOERROR 31.4 ms, 4 messages
 *            0.0 question www.example.com. A over udp from 127.0.0.1@40211, flags rd
 *            0.1 cache: nothing about www.example.com. A
 *            2.3 sub-question ns.example.net. A: address of a server
 *            2.4 | cache: nothing about ns.example.net. A
 *      ...
 *           31.4 answered NOERROR, flags qr rd ra, 1 record, 49 bytes, after 31.4 ms and 4 messages to servers
 *
 * tree_print() draws a finished trace, grouped by sub-question: the trace log and `cairn trace` of a past one.
 * A struct tree_follower draws a trace that still grows, each step as it comes; where sub-questions run side by side, a
 * line in brackets says whose steps follow. Both say the same words. With json set both write for machines; the manual
 * page cairn(1) describes those lines.
 *
 * A trace may have been damaged or be hostile: what is printed is always safe for a terminal and always ends.
 */
#include "watch/summary.h"
#include "watch/trace.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Where the text goes, piece by piece; a piece holds no NUL. */
typedef void tree_sink(void *context, const char *text, size_t len);

struct tree_options {
        unsigned width;  /* columns to wrap lines at; 0: lines are as long as they are */
        bool colour;     /* for a terminal that knows ANSI colours */
        bool date;       /* the head line begins with the date: for logs */
        bool json;       /* machines read this */
        bool messages;   /* with servers' messages as they came */
        bool brief;      /* only the head line; with json only what it says */
        unsigned reasons; /* why it was kept (enum keep_reason), for json; 0: not told */
};

/** How it ended, in a line: "7f3a9c21 www.example.com. A NOERROR 31.4 ms, 4 messages". Returns the bytes written. */
size_t tree_print_head(const struct trace_view *trace, const struct tree_options *options, tree_sink *sink,
                       void *context);

/** The same of a trace that is elsewhere; with json one line, an object. Returns the bytes written. */
size_t tree_print_summary(const struct summary *summary, const struct tree_options *options, tree_sink *sink,
                          void *context);

/** Draw a whole trace: its head line and all its steps; with json one line, an object. Returns the bytes written. */
size_t tree_print(const struct trace_view *trace, const struct tree_options *options, tree_sink *sink, void *context);

enum { TREE_TASKS_MAX = 512 }; /* sub-questions told apart while following; more are drawn as if begun by the first */

struct tree_follower {
        struct tree_options options;
        size_t at;                       /* offset of the first step not drawn yet */
        uint16_t last_task;              /* whose step the last line was */
        uint16_t parent[TREE_TASKS_MAX]; /* by task number */
};

void tree_follow_begin(struct tree_follower *follower, const struct tree_options *options);

/** Draw what is new in a trace since the last call; with json one line for each step. Returns the bytes written. */
size_t tree_follow(struct tree_follower *follower, const struct trace_view *trace, tree_sink *sink, void *context);
