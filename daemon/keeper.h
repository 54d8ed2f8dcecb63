#pragma once
/*
 * The keeper of trust: what this process has learned to trust beyond its settings, kept over its end.
 *
 *   worker   saw the keys of a zone ──── letter ──▶ keeper: follow_see(), the file, new anchors for all workers
 *   keeper   a look is due ──── a question ──▶ worker ──▶ ... and what it saw comes as above
 *   keeper   is a negative anchor still needed? ── a strict question ──▶ worker ── answer ──▶ keeper drops it
 *
 * It lives in the main thread. The rules are those of lib/dnssec/follow.h, the file is drawn in lib/dnssec/ledger.h;
 * here are the clock, the disk and the letters. Nothing is asked before the first client has asked something.
 */
#include "base/buf.h"
#include "dnssec/follow.h"
#include "dnssec/negative.h"
#include "mailbox.h"
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct action;
struct policy;
struct server;
struct settings;

enum { KEEPER_TEXT_MAX = 1 << 18 };

struct keeper {
        struct server *server;
        struct follower *follower;
        char path[4200];          /* of the file; "" when nothing can be kept */
        bool read;
        bool complained;          /* that it cannot be written */
        uint64_t written_s;       /* wall clock */
        struct mailbox mailbox;
        uv_timer_t timer;
        bool clock_in_doubt;      /* a worker said so, and the log */
        int64_t doubted_lead_s;   /* by how much the wall clock was ahead of the monotonic one then */
        uv_timer_t watch;         /* runs while the clock is in doubt */
        uint64_t errands;         /* so far; numbers them */
        uint64_t errand;          /* the one that a worker runs now; 0: none */
        struct negatives negatives;
        struct name_store checked_store;
        struct name checked;      /* in the store: the negative anchor of that errand; wire NULL: none */
        struct followed_zone *looked_at; /* by that errand; NULL once the look was a good one */
};

/** Before any thread: read the file, and learn what it says. ERR_MEMORY, ERR_IO. */
MUST_USE enum err keeper_open(struct keeper *keeper, struct server *server);

/** These settings with what has been learned: takes over the policy, one hold of the result is the caller's. */
const struct policy *keeper_learn(struct keeper *keeper, const struct policy *policy);

/** The workers run, or have new settings: look at zones from now on. */
void keeper_start(struct keeper *keeper);

/** In a worker: something that concerns the whole process (ACTION_PUBLISH). */
void keeper_publish(struct keeper *keeper, const struct action *action);

/** Which anchors there are and where they stand, in words. */
void keeper_show(const struct keeper *keeper, struct writer *writer);

/** Validate nothing at and below this name until then (RFC 7646). False: there are too many. */
bool keeper_add_negative(struct keeper *keeper, const struct name *name, uint64_t ends_s, const char *reason);

/** Validate there again. False: that was not made by keeper_add_negative(). */
bool keeper_drop_negative(struct keeper *keeper, const struct name *name);

/** The negative anchors, in words. */
void keeper_show_negatives(const struct keeper *keeper, struct writer *writer);

/** The workers have ended. The loop has to run once more before keeper_fini(). */
void keeper_close(struct keeper *keeper);
void keeper_fini(struct keeper *keeper);
