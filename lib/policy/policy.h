#pragma once
/*
 * Policy: the immutable snapshot of settings and what is compiled from them, and the verdict at three points: on the
 * question (before LOOKUP), on servers (CHOOSE), on the answer (after LOOKUP or KEEP, before answer.c).
 *
 * A snapshot is built whole by whoever read the settings, held by every resolver that uses it and by every request that
 * began under it, and freed with its last hold.
 */
#include "base/address.h"
#include "base/arena.h"
#include "config/settings.h"
#include "policy/access.h"
#include "wire/message.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stdint.h>

struct anchors;     /* lib/dnssec/anchor.h */
struct learned;     /* the same */
struct local_zones; /* lib/policy/local.h */

struct policy {
        const struct settings *settings; /* owned */
        struct local_zones *local;       /* special-use names and local data */
        struct prefix_set allow;         /* with the attached networks, if they count */
        struct prefix_set do_not_query;
        struct prefix_set private_address;
        struct arena arena;  /* of these sets */
        struct anchors *anchors;         /* trust anchors, and where validation ends */
        uint64_t generation; /* grows with every snapshot of the process */
        const struct policy *base; /* held: the one that owns all but the anchors; NULL: this one does */
        _Atomic unsigned holds;
};

/**
 * Build a snapshot; takes over the settings. One hold belongs to the caller.
 *
 *   attached  in  the networks of the host's own interfaces, allowed beside `allow` when that is left at its default
 *
 * NULL when out of memory or when the built-in zones do not parse; the settings are freed then too.
 */
struct policy *policy_new(struct settings *settings, const struct prefix *attached, unsigned attached_count);

/**
 * The same settings with what has been learned since they were read: another snapshot, which shares all but its anchors
 * with the policy it was made of. One hold belongs to the caller. NULL when out of memory.
 */
struct policy *policy_learn(const struct policy *policy, const struct learned *learned);

/** The same without negative trust anchors. One hold belongs to the caller. NULL when out of memory. */
struct policy *policy_strict(const struct policy *policy);

/** One more hold; returns the policy. */
const struct policy *policy_hold(const struct policy *policy);

/** Give a hold back; the last one frees the snapshot. NULL is nothing. */
void policy_release(const struct policy *policy);

enum policy_kind {
        POLICY_PASS,
        POLICY_SET, /* answer with these records, authoritatively local; a CNAME answers for every type */
        POLICY_NODATA,
        POLICY_NXDOMAIN,
        POLICY_REFUSE,
};

struct policy_verdict {
        enum policy_kind kind;
        const char *rule;        /* a word for the trace: "local-data", "special-use" */
        struct name zone;        /* which zone's rule, or the name of the data; the root if none */
        const struct rrset *set; /* POLICY_SET; bytes live as long as the snapshot (owner: the name asked) */
        const struct rrset *soa; /* NODATA, NXDOMAIN; may be NULL */
        uint16_t ede;            /* EDE_* or EDE_NONE */
};

/** First point: does a local rule answer this question? */
struct policy_verdict policy_question(const struct policy *policy, const struct question *question);

/**
 * Second point: may this server be asked? Not if it has no server's address, nor against do-ip4, do-ip6,
 * do-not-query-localhost and do-not-query. If not, why: a word for the trace.
 */
bool policy_server(const struct policy *policy, const struct address *server, const char **why);

/** The same for a server that a stub or forward zone names: loopback and do-not-query are no reason against those. */
bool policy_named_server(const struct policy *policy, const struct address *server, const char **why);

/** Third point: may this set, learned from servers, go to a client (private-address)? False: it is to be left out. */
bool policy_answer(const struct policy *policy, const struct rrset *set);

/** May this client ask at all (allow)? */
bool policy_client(const struct policy *policy, const struct address *client);
