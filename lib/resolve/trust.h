#pragma once
/*
 * The chain of trust: is a zone secure, provably insecure, bogus or indeterminate, and with which keys?
 *
 * A chain is built by ordinary tasks: a DNSKEY set is proven by the DS set above it, a DS set by the keys of the zone
 * that holds it, up to an anchor. Referrals leave their DS set, or the proof that there is none, in the notebook; it is
 * judged here when an answer needs it. What is proven stays on the worker's key ring until it ends.
 */
#include "base/map.h"
#include "cache/absence.h"
#include "dnssec/anchor.h"
#include "dnssec/nsec.h"
#include "dnssec/verify.h"
#include "resolve/task.h"

struct desk;

/* Zones whose place in a chain is known, by route and name; bounded, of one worker. */
struct key_ring {
        struct map table; /* struct ring_zone */
};

MUST_USE enum err key_ring_init(struct key_ring *ring, const uint8_t secret[SIPHASH_KEY_LEN]);
void key_ring_fini(struct key_ring *ring);
/** New anchors: forget everything. */
void key_ring_forget(struct key_ring *ring);

/* What is known of a zone. */
struct trust {
        enum verdict verdict;
        const struct zone_keys *keys; /* SECURE: the zone's keys, good until the event is over */
        uint64_t ends_at;       /* cache time */
        struct reason why;      /* BOGUS, INDETERMINATE, or an insecurity worth telling */
};

enum trust_state {
        TRUST_KNOWN,
        TRUST_WAIT, /* needs were added to the task: sub-questions or checks */
};

/** Is this task's request validated at all? */
bool trust_wanted(const struct task *task);

/** Is what does not validate good enough for this request, as its client or the settings want to see it anyhow? */
bool trust_tolerates_bogus(const struct request *request);

/** Could the keys of this zone be needed, and are they not on the ring? A hint for wishing, no promise. */
bool trust_may_need_keys(struct task *task, const struct name *zone);

/** The deepest zone at or above a name (for DS: above it) that is on the key ring as secure. False: none is. */
bool trust_deepest(struct task *task, const struct name *name, uint16_t type, struct name *zone);

/** The name whose zone holds this type at a name: the name itself, for DS the one above it (RFC 4035 2.4). */
struct name trust_holder(const struct name *name, uint16_t type);

/** Does a negative trust anchor cover this name (RFC 7646)? Then nothing at it is validated, and why says so. */
bool trust_is_waived(const struct task *task, const struct name *name, struct reason *why);

/**
 * May this set be followed from a name? Not if it is an unproven DNAME above a trust anchor that the name lies below:
 * an unsigned parent would redirect the island that somebody anchored.
 */
bool trust_may_redirect(const struct task *task, const struct finding *alias, const struct name *from);

/** The zone that signed these sets, which have been verified; the root when nothing is signed. */
struct name trust_signer(const struct rrset *set, unsigned count);

/** Those of some sets that the zone's keys prove, for a denial, as trust_set(); `proven` has room for all of them. */
enum trust_state trust_sets(struct task *task, struct rrset *set, unsigned count, const struct zone_keys *keys,
                            struct rrset *proven, unsigned *proven_count, struct reason *why);

/** What a denial by these sets is judged with. */
struct denial_context trust_denial(struct task *task, const struct name *zone, const struct rrset *set, unsigned count);

/**
 * What this zone's keys have proven absent, or a wildcard right, may prove other names absent: keep it for that
 * (RFC 8198). The origin says since when the TTLs count.
 */
void trust_keep_proof(struct task *task, const struct name *zone, const struct rrset *set, unsigned count,
                      const struct absence_origin *origin);

/** The trust in a zone. */
enum trust_state trust_of(struct task *task, const struct name *zone, struct trust *out);

/**
 * The trust in what lies at `name` in the zone although it is unsigned: INSECURE when there is a proven unsigned
 * delegation between them, else BOGUS. For DS questions the name's own cut does not count.
 */
enum trust_state trust_unsigned(struct task *task, const struct name *zone, const struct name *name, uint16_t type,
                                struct trust *out);

/**
 * The zone's keys do not hold one that something was signed with: may they be fetched anew? Then they are off the ring,
 * and trust_of() fetches them. Once a request, and only if they are known for a while.
 */
bool trust_renew_keys(struct task *task, const struct name *zone);

/** Is what the cache has of this name and type passed over, as these keys are fetched anew? */
bool trust_passes_over(const struct task *task, const struct name *name, uint16_t type);

/** Judge a DNSKEY set as it came from its zone, by the DS set above it; as trust_set(). */
enum trust_state trust_keys(struct task *task, struct rrset *dnskey, struct trust *out);

/**
 * Verify a set with a zone's keys; TRUST_WAIT when signatures are being checked. *good tells the result. Then the
 * signature that holds stands first, and what others claim to have signed is gone.
 */
enum trust_state trust_set(struct task *task, struct rrset *set, const struct zone_keys *keys,
                           struct verified *verified, bool *good, struct reason *why);
