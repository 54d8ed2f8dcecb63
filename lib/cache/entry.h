#pragma once
/*
 * What is known about a name and type, or about a delegation; and how it is laid out in the store.
 *
 * struct finding is the one view that the cache, the request's notebook and the claim under judgement share, so that a
 * task does not care where it got one. Values in the store are read as if they came from the network.
 *
 * The layout of a stored value is drawn at the top of entry.c.
 */
#include "base/address.h"
#include "base/arena.h"
#include "base/err.h"
#include "watch/trace.h"
#include "wire/edns.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum finding_kind {
        FINDING_NONE,
        FINDING_SET,      /* records (a CNAME or DNAME too) */
        FINDING_NODATA,   /* the name exists, the type does not; or an empty non-terminal */
        FINDING_NXDOMAIN, /* the name does not exist */
        FINDING_FAILURE,  /* resolution failed (RFC 9520) */
};

enum verdict {
        VERDICT_UNCHECKED,     /* nobody validated: no anchor above, or validation is off */
        VERDICT_INSECURE,      /* provably unsigned */
        VERDICT_SECURE,
        VERDICT_BOGUS,
        VERDICT_INDETERMINATE, /* the network failed while fetching DS or DNSKEY */
};

/* Trust of unsigned data, RFC 2181 5.4.1; higher replaces lower. Only RANK_ANSWER and above serve clients. */
enum rank {
        RANK_NONE,
        RANK_GLUE,      /* additional section of a referral */
        RANK_REFERRAL,  /* NS of the parent's side */
        RANK_ANSWER,    /* answer section, or SOA of a negative answer, without AA */
        RANK_AUTHORITY, /* the same with AA */
        RANK_SECURE,    /* validated */
};

enum { PROOF_MAX = 8 };

struct finding {
        enum finding_kind kind;
        enum verdict verdict;
        enum rank rank;
        struct rrset set;            /* SET */
        uint8_t proof_count;
        struct rrset proof[PROOF_MAX]; /* absence: the SOA first, then NSEC or NSEC3; SET: the proof of a wildcard expansion */
        uint16_t rcode;              /* FAILURE: what to answer */
        struct ede ede;              /* FAILURE: why; code EDE_NONE if there is nothing to say */
        uint32_t failures;           /* FAILURE: how many times in a row, for the back-off */
        uint64_t stored_at;          /* cache time, seconds */
        uint64_t ends_at;
        struct trace_id trace;       /* which trace learned it */
        struct address server;       /* from whom; family 0 if nobody */
};

enum { DELEGATION_SERVERS = 13, DELEGATION_ADDRESSES = 26, DELEGATION_NAME_ADDRESSES = 6 };

enum ds_state { DS_UNKNOWN, DS_NONE, DS_PRESENT };

struct delegation_server {
        struct name name;
        uint8_t address_count;
        struct address address[DELEGATION_NAME_ADDRESSES]; /* glue of the referral */
};

struct delegation {
        struct name cut;
        uint64_t stored_at;
        uint64_t ends_at;            /* never beyond the parent's own end */
        enum verdict verdict;        /* of the DS state */
        enum ds_state ds_state;
        struct rrset ds;             /* DS_PRESENT; its proof of absence is in `proof` for DS_NONE */
        uint8_t proof_count;
        struct rrset proof[PROOF_MAX];
        uint8_t server_count;
        struct delegation_server server[DELEGATION_SERVERS];
        struct trace_id trace;
        struct address from;
};

/* What is known of one server address; survives restarts (design: the spaces, S). */
struct server_note {
        uint32_t srtt_us;     /* smoothed round-trip time; 0: never measured */
        uint32_t rttvar_us;
        uint64_t seen_at;     /* cache time of the last exchange */
        uint64_t epoch;       /* network epoch of the failures below */
        uint16_t timeouts;    /* in a row */
        uint64_t dead_until;  /* cache time; not asked before, except as a probe */
        uint64_t no_edns_until, tcp_only_until, lame_until;
        uint8_t cookie_len;   /* server cookie, 0 or 8..32 */
        uint8_t cookie[COOKIE_SERVER_MAX];
        uint8_t cookie_client[COOKIE_CLIENT_LEN];
};
