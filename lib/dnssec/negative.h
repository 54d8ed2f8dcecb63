#pragma once
/*
 * Negative trust anchors made at run time (RFC 7646): below them nothing is validated for a while, because somebody who
 * answers for it has looked, and found a mistake and not an attack. Each has an end and a reason.
 */
#include "dnssec/anchor.h"
#include <stdbool.h>
#include <stdint.h>

enum {
        NEGATIVES_MAX = 64,
        NEGATIVE_REASON_MAX = 96,         /* bytes, with the NUL */
        NEGATIVE_LIFE_S = 86400,          /* unless something else is said */
        NEGATIVE_LIFE_MAX_S = 7 * 86400,  /* RFC 7646 2: about a week */
};

struct negative {
        struct name_store store;
        struct name name;    /* in the store */
        uint64_t since_s;    /* wall clock */
        uint64_t ends_s;
        uint64_t checked_s;  /* when it was last tried whether the zone validates; 0: never */
        char reason[NEGATIVE_REASON_MAX]; /* printable, without quotes; "" if none was given */
};

struct negatives {
        unsigned count;
        struct negative item[NEGATIVES_MAX];
};

/** The one of just this name, or NULL. */
struct negative *negatives_find(struct negatives *negatives, const struct name *name);

/** Make one, or renew it. The reason is cut, and what is not printable in it is left out. NULL: there are too many. */
struct negative *negatives_add(struct negatives *negatives, const struct name *name, uint64_t since_s, uint64_t ends_s,
                               const char *reason);

/** Take one out, given by negatives_find() or as the item of a walk from the last to the first. */
void negatives_drop(struct negatives *negatives, struct negative *negative);

/**
 * The first that has ended, or NULL. One that would live longer than any may was made by a clock that was wrong; unless
 * the clock is wrong now, for it stands before built_s, the day of this build.
 */
struct negative *negatives_ended(struct negatives *negatives, uint64_t now_s, uint64_t built_s);

/** As anchors_new() takes them; the array has room for NEGATIVES_MAX. */
void negatives_learned(const struct negatives *negatives, struct negative_anchor *room, struct learned *out);
