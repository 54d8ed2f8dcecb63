#pragma once
/*
 * The desk: everything one resolver works with. One a worker; its parts are handed around instead of globals.
 */
#include "base/arena.h"
#include "base/map.h"
#include "base/moment.h"
#include "base/rng.h"
#include "base/timers.h"
#include "policy/access.h"
#include "resolve/border.h"
#include "resolve/crowd.h"
#include "resolve/doubt.h"
#include "resolve/enquiry.h"
#include "resolve/flight.h"
#include "resolve/prefetch.h"
#include "resolve/servers.h"
#include "resolve/trust.h"
#include "watch/keep.h"
#include "watch/metrics.h"
#include "wire/compose.h"
#include "wire/message.h"
#include <stdint.h>

struct cache;
struct front;
struct policy;
struct request;

/* Actions that the host has not taken yet, in order. */
struct action_queue {
        struct action *item;
        size_t count, room;
        size_t taken;
};

enum { CHECKING_LISTS = 256 };

struct desk {
        struct moment now;           /* of the event at hand */
        struct trace_id asked;       /* what the last question became part of; zeros: it needed no trace */
        const struct policy *policy; /* for the questions that come now; held */
        struct cache *cache;
        struct front *front;
        struct metrics *metrics;
        struct rng rng;
        struct timers flight_timers;
        struct timers request_timers;
        struct arena outbox; /* bytes of actions; dropped when the next event comes */
        struct action_queue actions;
        struct flights flights;
        struct servers servers;
        struct map open;       /* requests that equal questions may join, by request->key */
        struct request *first; /* all requests, youngest first */
        struct request *awake; /* those with something to run, by wake_next */
        unsigned request_count;
        struct arena_pool request_memory; /* what their arenas take */
        struct request *oldest_guest, *newest_guest; /* see request.c: requests beyond the half that is safe */
        struct pace pace;                            /* of walks: what is slow */
        struct enquiry enquiry;
        struct crowd crowd;                          /* clients with questions under way */
        struct request *spare;                       /* a few ended requests, kept with their first block of memory */
        unsigned spare_count;
        unsigned worker;
        struct crypto_policy crypto;      /* of the newest settings */
        struct key_shelf key_shelf;       /* keys that signatures are checked with */
        struct check_memo memo;           /* signatures checked or being checked */
        struct doubt doubt;               /* about the wall clock */
        struct key_ring key_ring;         /* zones whose place in a chain of trust is known */
        struct task *checking[CHECKING_LISTS]; /* tasks that wait for checks, by the last bits of their numbers */
        struct cookie_secrets cookies;    /* for clients; the same in all workers */
        struct compose compose;           /* of the answer that is being written */
        char why[EDE_TEXT_MAX + 1];       /* and the text of its extended error */
        struct prefetch prefetch;
        uint8_t message[MESSAGE_MAX + 1]; /* where an answer is written before it is copied to the outbox */
        uint64_t primed_at;               /* cache time of the last priming query; 0: never */
};

/** Room for one more action at the end of the queue, its kind set; NULL when out of memory. */
struct action *desk_act(struct desk *desk, enum action_kind kind);

/** This task waits for a signature check: it is woken when that is done. */
void desk_await_check(struct desk *desk, struct task *task, uint64_t number);
/** It does not any more. */
void desk_forget_check(struct desk *desk, struct task *task);
/** A check is done. */
void desk_checked(struct desk *desk, uint64_t number, bool good);

/** A copy of bytes that lives until the next event; NULL when out of memory. */
const uint8_t *desk_outbox(struct desk *desk, const void *bytes, size_t len);
