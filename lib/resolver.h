#pragma once
/*
 * The door of lib/: events in, actions out, one deadline. All that daemon/worker.c sees of the resolver.
 *
 * One resolver belongs to one worker thread and is used by it alone. The host feeds an event, drains the actions, and
 * feeds a TICK when the deadline has come; at the end of each loop turn it calls resolver_settle() once. Nothing calls
 * back, so nothing re-enters. Waiting is not an action; it is the absence of one.
 *
 *      resolver_feed(r, &event, clock_now());
 *      while (resolver_next(r, &action))
 *              perform[action.kind](w, &action);
 *      arm the timer for resolver_deadline(r)
 *
 * Bytes in an event belong to the caller and are read before resolver_feed returns. Bytes in an action belong to the
 * resolver until the next resolver_feed, except those of a CHECK and a STORE, which own theirs.
 *
 * One question, followed through: lib/README.md.
 */
#include "base/address.h"
#include "base/moment.h"
#include "base/rng.h"
#include "resolve/border.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hand;    /* lib/cache/hand.h */
struct metrics; /* lib/watch/metrics.h */
struct policy;  /* lib/policy/policy.h */
struct store;   /* lib/store/store.h */
struct resolver;

/* What a resolver is given at birth. Everything but the seed is borrowed and outlives it. */
struct resolver_host {
        const struct policy *policy; /* the snapshot to begin with; held by the resolver (policy_hold) */
        struct store *store;         /* shared by all workers */
        struct hand *hand;           /* the used bits, shared; may be NULL */
        struct metrics *metrics;     /* this worker's */
        unsigned worker;             /* 0.. */
        unsigned worker_count;
        uint8_t seed[RNG_SEED_LEN]; /* another one for each worker */
        uint8_t cookie_secret[16];  /* for clients' cookies (RFC 9018); the same for all workers */
};

/** NULL when out of memory. */
struct resolver *resolver_new(const struct resolver_host *host);

/** Ends everything under way, without answers. */
void resolver_free(struct resolver *r);

void resolver_feed(struct resolver *r, const struct event *event, struct moment now);

/** The next action; false: nothing to do. */
bool resolver_next(struct resolver *r, struct action *out);

/** When a TICK is wanted: monotonic milliseconds, rounded up; UINT64_MAX: not at all. */
uint64_t resolver_deadline(const struct resolver *r);

/**
 * Once per loop turn: hand over cache writes (drain the actions afterwards), and free what the writer is done with.
 * Writes are gathered for some milliseconds, which the deadline knows of; all: hand over what there is, for the last
 * turn.
 */
void resolver_settle(struct resolver *r, bool all);

/** The trace that the last QUESTION became part of; false: it had its answer, or none, without one. */
bool resolver_asked(const struct resolver *r, struct trace_id *out);

/** New settings: questions that come from now on use them; those under way keep theirs. Takes its own hold. */
void resolver_adopt(struct resolver *r, const struct policy *policy);

/** The cache was flushed: forget the front shelf and what is pending for these names (generation). */
void resolver_forget(struct resolver *r);
