#pragma once
/*
 * A task: one sub-question, driven through the states of states.def. The question itself is task 0 of its request.
 *
 * A state function looks first and acts last: it runs from its top each time something it waits for has come. It
 * returns the next state, or its own when it has to wait, and never sets it; task_run() checks the way, traces it and
 * goes on.
 */
#include "cache/entry.h"
#include "resolve/cut.h"
#include "resolve/flight.h"
#include "resolve/minimise.h"
#include "resolve/reply.h"
#include "wire/message.h"
#include <stdbool.h>
#include <stdint.h>

struct request;

enum task_state {
#define STATE(name, function, text, ways) TASK_##name,
#include "resolve/states.def"
#undef STATE
        TASK_STATES
};

/* Why a task exists. */
enum purpose {
        PURPOSE_QUESTION, /* a client asked */
        PURPOSE_ADDRESS,  /* the address of a name server is needed */
        PURPOSE_GLUE,     /* the same, once it settled for glue */
        PURPOSE_KEYS,     /* a DS or DNSKEY set is needed to prove something */
        PURPOSE_PRIME,    /* the root's own NS set (RFC 9609) */
        PURPOSE_PREFETCH, /* what was asked for ends soon; the only task without a client that is number 0 */
        PURPOSE_SIGNAL,   /* its name says which anchors are trusted; the answer does not matter (RFC 8145 5) */
        PURPOSE_STALE,    /* the question again, with leave to be late: LOOKUP alone, see stale.h */
};

enum { NEEDS_MAX = 8, TASK_FLIGHTS = 3, TASK_ATTEMPTS = 64, TASK_CLOSED = 16 };

struct need {
        struct name name;
        uint16_t type;
        enum purpose purpose;
        struct name barred; /* cuts at or below this cannot help; wire NULL: none */
};

struct needs {
        unsigned count;
        bool all; /* else any of them is enough to go on */
        struct need need[NEEDS_MAX];
};

/* What a task leaves behind: aliases in order, and what is at their end. */
struct outcome {
        unsigned alias_count;
        const struct finding *alias[CLAIM_ALIASES];
        const struct finding *final; /* never NULL once the task is done */
        unsigned beside_count;
        const struct finding *beside; /* ANY: the sets beside the final one */
        uint16_t final_type;
};

/* What the proof that there is no DS set shows of a cut at its name. */
enum cut_shown { CUT_NOT_SHOWN, CUT_LEFT_OPEN, CUT_DENIED };

/* One message that is to be sent. */
struct pick {
        struct endpoint server;
        bool tcp, hedge;
        const char *why;
};

/* What was tried with one address for what is shown now. */
struct attempt {
        struct address address;
        uint8_t udp_sends, tcp_sends;
        bool useless; /* answered, but with nothing to use */
        bool no_edns;   /* to be asked without EDNS, */
        bool no_cookie; /* or without a cookie at least */
        bool tcp;     /* to be asked by TCP */
        bool cookie_renewed;
};

struct task {
        struct task *next; /* in request->tasks */
        struct task *ready_next;
        struct request *request;
        struct task *parent; /* who started it; NULL for the question and for wishes */
        uint16_t number;
        uint8_t depth; /* of sub-questions: 0 for the question */
        bool queued;   /* stands in request->ready */
        bool done;
        enum purpose purpose;
        enum task_state state;

        struct name qname; /* as asked */
        uint16_t qtype;
        struct name sname; /* where the aliases have led */
        struct outcome outcome;
        enum cut_shown cut_shown; /* DS: once somebody has looked */

        struct task *awaits[NEEDS_MAX]; /* sub-tasks it waits for */
        unsigned await_count;
        struct task *closed[TASK_CLOSED]; /* waiting for these would be waiting in a circle */
        unsigned closed_count;
        uint16_t mark; /* see waits_for() */

        /* CUT decides: */
        struct cut cut;
        struct name barred;     /* cuts at or below this are not to be used; wire NULL: none */
        struct claim *reserve;  /* a reply that says nothing: believed when no other server says more; or NULL */
        bool refreshed;         /* a remembered delegation proved useless once: the parent was asked anew */
        bool without_forwarder; /* its forwarders failed, and the walk is to follow */
        unsigned labels_known;  /* labels of the cut, or of a name below it that is no cut */
        unsigned minimise_steps;
        struct shown shown;
        enum manner manner;

        /* CHOOSE decides: */
        struct attempt attempt[TASK_ATTEMPTS];
        unsigned attempt_count;
        struct pick pick;  /* why NULL: none; what FLIGHT is to send next */
        struct pick again; /* why NULL: none; the same server, in another way, before any other */

        /* FLIGHT waits for: */
        struct seat seat[TASK_FLIGHTS];
        struct traffic_place place; /* or, before it can send, for room: CHOOSE waits */
        unsigned near_misses;       /* replies that nearly matched */
        bool nudged;          /* a flight is late, or lost: choose again */
        bool hedge_wanted;    /* a flight is slower than usual: another server may be asked beside it */

        /* The reply at hand: */
        const uint8_t *reply;
        size_t reply_len;
        struct endpoint reply_from;
        bool reply_tcp, reply_edns_sent, reply_cookie_sent;
        uint8_t reply_cookie[COOKIE_CLIENT_LEN];
        uint64_t reply_rtt_us;
        struct message message;
        struct claim *claim;
        unsigned judged;         /* pieces of the claim that PROVE has judged */
        unsigned message_checks; /* signature checks begun for that */

        uint64_t awaited_check; /* the signature check it waits for, standing in desk->checking; 0: none */
        struct task *checking_next;
        unsigned bogus_replies;
        enum verdict last_verdict; /* of what went wrong last */
        char last_trouble[EDE_TEXT_MAX]; /* for the extended error: what went wrong last; "" if nothing did */
        struct address last_server;
        uint16_t last_ede;
};

/** A new task, ready to run; NULL when out of memory or budget. */
struct task *task_new(struct request *request, struct task *parent, const struct name *name, uint16_t type,
                      enum purpose purpose);

/** Run it until it waits or is done. */
void task_run(struct task *task);

/** Something it waits for has come: run it soon. */
void task_wake(struct task *task);

/** Stop it: flights are left, nobody is told. */
void task_cancel(struct task *task);

/** The task of this request for the same sub-question, running or done; or NULL. */
struct task *task_for(const struct request *request, const struct name *name, uint16_t type, enum purpose purpose);

/** Wait for what is needed: starts sub-tasks, closes circles. False: there is nothing left to wait for. */
bool task_wait_for(struct task *task, const struct needs *needs);

/** May addresses of this type be looked up? Nobody asks for those of a family that may not be used. */
bool task_may_look_up(const struct task *task, uint16_t type);

/** Would waiting for this sub-task be waiting in a circle? */
bool task_is_closed_to(const struct task *task, const struct task *sub);

/** From now on this is what servers are shown; whatever was tried with something else is forgotten. */
void task_show(struct task *task, const struct shown *shown);

/** What was tried with an address; NULL if nothing was. */
struct attempt *task_attempt(struct task *task, const struct address *address);

/** The same, begun if need be; NULL when too many were tried. */
struct attempt *task_begin_attempt(struct task *task, const struct address *address);

/** Wait for none of its messages any more. */
void task_leave_flights(struct task *task);

/** Is any message of it under way? */
bool task_is_in_flight(const struct task *task);

/** Have all that are under way taken longer than their servers were given? */
bool task_is_late(const struct task *task);

enum follow {
        FOLLOW_ON,       /* task->sname is the target now */
        FOLLOW_CIRCLE,   /* the aliases go round */
        FOLLOW_TOO_FAR,  /* too many of them */
        FOLLOW_TOO_LONG, /* the DNAME makes a name of over 255 bytes: YXDOMAIN (RFC 6672 2.2) */
};

/** Add an alias to the outcome and move task->sname to its target. The finding lives in the request's arena. */
enum follow task_follow(struct task *task, const struct finding *alias);

/** The same, and what comes next: TASK_LOOKUP of the target, or TASK_DONE when the chain must end. */
enum task_state task_follow_on(struct task *task, const struct finding *alias);

/** Remember what went wrong with a server, for the sentence of the extended error. */
void task_trouble(struct task *task, const struct address *server, const char *what, uint16_t ede);

/** Start a sub-task without waiting for it. */
void task_wish(struct task *task, const struct need *need);

/** The end without an answer: SERVFAIL with an extended error and a sentence. Returns TASK_DONE. */
enum task_state task_give_up(struct task *task, uint16_t ede, const char *why);

/** Remember why an answer was not believed, for the same. */
void task_blame(struct task *task, uint16_t ede, const char *why);

/** What to tell clients who have waited long enough while it still runs. */
void task_outcome_too_late(struct task *task, struct outcome *out);

/** Its request's time is over: note the failure, and be done. */
void task_out_of_time(struct task *task);

/** Events of its flights. The flight has left the seat in task_arrived and task_lost; its fields can still be read. */
void task_arrived(struct task *task, const struct flight *flight, const uint8_t *bytes, size_t len);
void task_nudge(struct task *task, const struct flight *flight, bool hedge);
void task_lost(struct task *task, const struct flight *flight, enum loss loss);

const char *task_state_word(enum task_state state);
