#pragma once
/*
 * One record set against one zone's keys: the cheap checks first, then the canonical data, then the job that the worker
 * does, whose result is remembered by content.
 *
 * Verification is an action like sending: verify_set() says which checks it lacks; the resolver hands each out as an
 * ACTION_CHECK, and the result comes back as an EVENT_CHECKED and is noted in the memo. Equal checks (same data,
 * signature and key) are one job, whoever asks.
 */
#include "base/arena.h"
#include "config/limits.h"
#include "dnssec/check.h"
#include "dnssec/keys.h"
#include "dnssec/memo.h"
#include "dnssec/shelf.h"
#include "dnssec/verdict.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stdint.h>

struct trace;

enum { VERIFY_TOLD = 64 };

/* What one question has spent on signatures; part of the request's budget, never reset. */
struct verify_budget {
        unsigned checks;                  /* begun so far, of LIMIT_CHECKS; what the memo knows costs nothing */
        unsigned failed;                  /* of LIMIT_CHECKS_FAILED; the caller counts, when a result comes */
        const uint8_t *told[VERIFY_TOLD]; /* signatures whose verdict is in the trace: each is looked at in many runs */
        unsigned told_count;
};

enum verify_result {
        VERIFY_GOOD,   /* a signature holds; see struct verified */
        VERIFY_BAD,    /* none does; the reason says why of the most telling one */
        VERIFY_WAIT,   /* checks are needed, see `jobs` */
        VERIFY_BUDGET, /* the budget is spent */
};

struct verified {
        struct rrsig sig; /* the signature that holds, */
        unsigned which;   /* and its place among those of the set */
        uint32_t ttl;     /* at most original TTL and time left (RFC 4035 5.3.3) */
        bool wildcard;    /* expanded from a wildcard: sig.labels < labels of the owner */
};

struct verify_jobs {
        unsigned count; /* new jobs, to be handed out as actions; running ones are not repeated */
        struct check *job[8];
        uint64_t awaited; /* the number of the check whose result is awaited; 0: none */
};

struct verify_context {
        const struct crypto_policy *policy;
        struct key_shelf *shelf;
        struct check_memo *memo;
        struct verify_budget *budget;
        unsigned *in_message; /* checks begun for the message at hand, of LIMIT_CHECKS_PER_MESSAGE */
        struct arena *arena; /* scratch for canonical forms */
        uint64_t wall_s;     /* for inception and expiration */
        struct trace *trace; /* each signature looked at is told (STEP_SIGNATURE); may be NULL */
        uint16_t task;
        uint64_t now_us;
};

/**
 * Is this set signed by the zone?
 *
 * Cheap checks first, for each RRSIG: covers the set's type; signer = keys->zone; owner at or below the signer; signer
 * labels <= Labels <= owner labels ("*" not counted, RFC 4034 3.1.3); times by serial arithmetic (RFC 4034 3.1.5), with
 * a skew of 10 % of the validity within 1 h..24 h; a key with that tag and algorithm (at most LIMIT_KEYS_PER_TAG
 * tried). Signatures of stronger algorithms are not required beside others (RFC 6840 5.11): one that holds is enough.
 * LIMIT_CHECKS_FAILED_PER_SET failed checks end it.
 */
enum verify_result verify_set(const struct verify_context *context, const struct rrset *set,
                              const struct zone_keys *keys, struct verified *out, struct verify_jobs *jobs,
                              struct reason *why);

/**
 * Is this DNSKEY set signed by a key that one of the DS records names? (RFC 4035 5.2.) Considers LIMIT_DS_TRIED DS
 * records, those with SHA-1 only where there is nothing better (RFC 4509 3), and gives up after LIMIT_DS_MISMATCHES.
 *
 *   VERIFY_GOOD    the whole set is proven
 *   unsupported    set when no DS has a supported algorithm and digest, or all that have name RSA keys out of the
 * limits:
 *                  the zone is insecure (RFC 6840 5.2); *why says which
 */
enum verify_result verify_keys(const struct verify_context *context, const struct rrset *dnskey, const struct rrset *ds,
                               struct verified *out, struct verify_jobs *jobs, bool *unsupported, struct reason *why);
