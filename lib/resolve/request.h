#pragma once
/*
 * One question of one audience: its arena, budget, notebook, trace and tasks.
 *
 * Clients that ask the same (name, type, class, CD and settings) while it runs join its audience. A request lives until
 * its audience is answered and nothing it wished for is running, at the latest LIMIT_REQUEST_MS after its start; then
 * its arena is dropped whole.
 */
#include "base/arena.h"
#include "base/timers.h"
#include "cache/front.h"
#include "config/limits.h"
#include "dnssec/verify.h"
#include "resolve/border.h"
#include "resolve/notes.h"
#include "watch/keep.h"
#include "watch/trace.h"
#include "wire/message.h"
#include <stdbool.h>
#include <stdint.h>

struct desk;
struct policy;
struct task;
struct outcome;

/* Somebody who waits for the answer. */
struct listener {
        struct listener *next;
        uint64_t client; /* the host's token */
        const struct trace_id *trace; /* of the request that was joined; NULL: none was */
        struct endpoint from;
        enum transport transport;
        bool watched;
        bool trusted; /* its address is proven: TCP, or a cookie of ours */
        uint64_t arrived_us;
        uint16_t id, flags;
        struct name qname; /* in the client's case */
        struct edns edns;
};

/* What may still be spent; nothing refills it. Sub-questions spend from the same purse. */
enum purse {
        PURSE_MESSAGES,
        PURSE_BYTES,
        PURSE_ALIASES,
        PURSE_REFERRALS,
        PURSE_ADDRESS_LOOKUPS,
        PURSE_NAMES_FAILED,
        PURSE_TCP_CONNECTS,
        PURSE_TASKS,
        PURSE_COUNT
};

/* Messages sent to the servers of one zone for one question: a victim of NXNSAttack gets no more than these. */
struct zone_purse {
        struct zone_purse *next;
        struct name cut;
        unsigned messages;
        bool told;
};

struct request {
        struct request *next, *previous; /* all of the desk */
        struct request *older_guest, *newer_guest;
        bool guest;
        struct request *wake_next; /* in desk->awake */
        bool woken;
        struct desk *desk;
        struct arena arena;
        const struct policy *policy; /* held */
        struct question question;    /* lower case */
        bool checking_disabled;
        bool recursion;     /* RD */
        struct ways ways;
        bool prefetch;      /* nobody waits for it, see prefetch.h */
        uint8_t key[NAME_WIRE_MAX + 16];
        uint16_t key_len; /* 0: not open to others */
        struct listener *audience;
        unsigned listener_count;
        struct trace trace;
        size_t trace_shown; /* bytes that a watcher has seen */
        struct notes notes;
        uint64_t spent[PURSE_COUNT];
        struct zone_purse *zones;
        struct verify_budget verify_budget;
        unsigned nsec3_blocks;    /* SHA-1 blocks spent on proofs of absence */
        struct name renewed;      /* the zone whose keys are fetched anew; wire NULL: none */
        unsigned empty;           /* a bit for each purse that was found empty */
        const struct limit *overdrawn; /* what the last of them holds; NULL: none is empty */
        bool limit_told[LIMIT_ROWS];   /* these limits were reached, and that is in the trace */
        struct task *tasks;       /* newest first */
        struct task *root;        /* the question itself; number 0 */
        struct task *ready;       /* to be run */
        uint16_t task_count;
        uint16_t mark; /* the last one used in a search of the tasks */
        uint64_t began_us;
        struct timer timer;                 /* the next of: stale answer, last answer, end */
        uint64_t source[FRONT_SOURCES_MAX]; /* store entries that LOOKUP used, for the front shelf */
        unsigned source_count;
        bool concluded; /* the root task is done, and the audience has its answer */
        bool failure_noted; /* others may be told of its trace from now on */
        struct keep_facts facts; /* what speaks for keeping the trace */
        uint64_t heard_us; /* when a server was heard last; at first when it began */
};

/**
 * Open a request for a question; NULL when the worker is full or out of memory.
 *
 * Half of the places are safe once taken. The other half are guests': when all places are taken, the oldest guest gives
 * way if it is older than LIMIT_YOUNG_MS, so that questions which are soon answered get through while slow ones pile
 * up.
 */
struct request *request_open(struct desk *desk, const struct question *question, uint16_t flags,
                             const struct ways *ways);

/** Another client waits for this answer. False when the audience is full, or this client has its share of the work. */
bool request_join(struct request *request, const struct listener *listener);

/** The open request for an equal question, or NULL. */
struct request *request_find(struct desk *desk, const struct question *question, uint16_t flags);

/** Let equal questions join from now on. */
void request_publish(struct request *request);

/** A limit was reached: counted, and told in the trace of this task; once for each limit. */
void request_limit(struct request *request, uint16_t task, enum limit_row row, uint64_t used);

/** Spend from a purse; false (and told once) when that would overdraw it: the caller fails or goes without. */
bool request_spend(struct request *request, enum purse purse, uint64_t amount);

/** Spend one message to the servers of a zone (the name lives in the request's arena); false when it had its share. */
bool request_spend_on_zone(struct request *request, const struct name *cut);

/**
 * May what it found out enter the cache? Not when new settings or anchors came since it began, as it was judged by old
 * ones, and not what nobody judges while the clock is in doubt.
 */
bool request_may_keep(const struct request *request);

/** Something is ready in it: request_run() follows before the event is over. */
void request_wake_up(struct request *request);

/** Run every task that is ready, then answer and end what can be. The request may be gone afterwards. */
void request_run(struct request *request);

/** Its timer fired. The request may be gone afterwards. */
void request_on_time(struct request *request);

/** The audience has been answered, or is to be forgotten. */
void request_dismiss(struct request *request);

/** A client hung up: it is taken out of every audience. */
void request_gone(struct desk *desk, uint64_t client);

/** End without answers. */
void request_end(struct request *request);

/** Record a step of a task (0: the question itself). */
#define request_trace(request, task_number, ...)                                                                       \
        trace_step(&(request)->trace, (task_number), (request)->desk->now.mono_us, __VA_ARGS__)
