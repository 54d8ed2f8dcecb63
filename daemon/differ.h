#pragma once
/*
 * Two traces of the same question side by side: where do they first do different things?
 *
 * Compared is what was done and found out, not how long it took, by which of several servers, or under which number:
 * those differ each time. Sub-questions are matched by what they ask, as they run side by side in any order.
 */
#include "watch/trace.h"
#include <stdbool.h>

/* Where they part. */
struct difference {
        bool found;
        struct step_view left, right; /* kind STEP_COUNT: that one has come to its end */
        uint16_t left_task, right_task;
};

/** The first difference: in the question's own steps, else in those of a sub-question. ERR_MEMORY. */
MUST_USE enum err differ_compare(const struct trace_view *left, const struct trace_view *right,
                                 struct difference *out);
