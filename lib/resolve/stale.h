#pragma once
/*
 * Serve-stale (RFC 8767): data past its end is told where the truth cannot be had in time.
 *
 * Fresh comes first: stale data is told once a client has waited for serve-expired-client-timeout, or at once when the
 * question failed or its failure is remembered. Then the work goes on unheard. A stale answer is LOOKUP once more, by a
 * task of its own with leave to be late, so that local rules and whatever is fresh count as always. What was bogus was
 * never kept among records, and a question whose fresh answer proved bogus stays unanswered.
 */
#include "resolve/task.h"

struct request;

/** Whether stale data may be told for this question: a setting, and nothing has shown yet that there is none. */
bool stale_is_hoped_for(const struct request *request);

/** When those who wait get it: monotonic microseconds. */
uint64_t stale_due_us(const struct request *request);

/** The question's answer with leave to be late; NULL: there is none. Lives in the request's arena. */
const struct outcome *stale_outcome(struct request *request);

/** What to tell instead of how the question ended: stale data in the place of a failure to reach servers. */
const struct outcome *stale_instead_of(struct request *request, const struct outcome *fresh);

/** The oldest part of an answer that is past its end; NULL: all of it is live. */
const struct finding *stale_part(const struct outcome *outcome);

/** Are the signatures of what was proven still within their time? Data that outlived them is no longer secure. */
bool stale_is_signed_still(const struct finding *finding, uint64_t wall_s);
