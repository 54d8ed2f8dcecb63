#pragma once
/*
 * Doubt about the wall clock: when it stands wrong, nothing validates, not even the names of the time servers that
 * would put it right.
 *
 * There is doubt when the root's keys fail for nothing but their time, and have not yet held by this clock; or when
 * something is not valid yet, and the clock stands before the day of this build, or far before a time that we have
 * seen. While there is, the names in `ntp-names` resolve without validation, and nothing of it is kept. It ends when
 * the root's keys hold, or when the clock is set: then the failures of its time are forgotten.
 *
 * Who replays old keys of the root can raise it only before the root's keys have held once, and gains what he could
 * forge for those names then, which tell the time without secrets anyway.
 */
#include "dnssec/verdict.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stdint.h>

struct desk;
struct finding;
struct request;
struct task;

/* What one worker thinks of its clock. */
struct doubt {
        bool raised;
        bool held;          /* the root's keys were valid by this clock since it was set */
        bool known;         /* below: */
        int64_t lead_s;     /* by how much the wall clock was ahead of the monotonic one */
        uint64_t set_at;    /* cache time at which it was last found to have been set, or first looked at: what others
                             * left in the cache before that may be of another clock */
        uint64_t built_s;   /* wall clock: the day of this build */
};

/** At birth. */
void doubt_init(struct doubt *doubt);

/** An event begins: was the clock set since the last one? */
void doubt_begin(struct desk *desk);

/** The root's keys have just been judged: good, or out of their time. The reason may become a better one. */
void doubt_root_keys(struct task *task, const struct rrset *dnskey, bool good, struct reason *why);

/** The same for a failure that is remembered: its reason says all. */
void doubt_cached_root_keys(struct task *task, const struct reason *why);

/** Something failed for its time: it may be the clock. The reason may become a better one. */
void doubt_failure(struct task *task, struct reason *why);

/** Is this request for a name that helps to put the clock right, while that is in doubt? */
bool doubt_excuses(const struct request *request);

/** Does this failure, remembered from before, count no more because the clock has been set? */
bool doubt_forgets(const struct task *task, const struct finding *found);
