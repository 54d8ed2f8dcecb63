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
#include "dnssec/verdict.h"
#include "base/map.h"
#include "store/store.h"
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
        struct rrset proof[PROOF_MAX]; /* absence: the SOA first, then NSEC or NSEC3; SET: of a wildcard expansion */
        uint16_t rcode;              /* FAILURE: what to answer */
        struct ede ede;              /* FAILURE, bogus, insecure: why; EDE_NONE if there is nothing to say */
        uint32_t failures;           /* FAILURE: how many times in a row, for the back-off */
        uint64_t stored_at;          /* cache time, seconds */
        uint64_t ends_at;
        struct trace_id trace;       /* which trace learned it */
        struct address server;       /* from whom; family 0 if nobody */
        bool from_cache;             /* it was looked up, and not learned by this request */
        bool stale;                  /* it had ended when it was looked up (RFC 8767) */
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
        struct name parent;          /* the zone whose servers referred here; wire NULL once it came out of the store */
        enum verdict verdict;        /* of the DS state; UNCHECKED: as the referral said, to be judged when needed */
        enum ds_state ds_state;
        struct rrset ds;             /* DS_PRESENT; its proof of absence is in `proof` for DS_NONE */
        uint8_t proof_count;
        struct rrset proof[PROOF_MAX];
        uint8_t server_count;
        struct delegation_server server[DELEGATION_SERVERS];
        struct trace_id trace;
        struct address from;
};

enum { DENYING_SALT_MAX = 64 };

/*
 * A zone whose proofs of absence are kept one by one, as ranges of its order of names: see absence.h. The ranges are
 * found by the number of their chain. A zone that changes its parameters begins another chain, and so does one after a
 * flush; what belongs to the old one is not found any more and left to the hand.
 */
struct denying_zone {
        struct rrset soa;            /* with its signatures; its owner is the zone; count 0: not known yet */
        bool nsec3;                  /* the order is that of hashes; 0 iterations and this salt */
        uint8_t salt_len;
        uint8_t salt[DENYING_SALT_MAX];
        uint64_t chain;
        uint64_t since;              /* cache time of the chain's beginning */
        uint64_t stored_at;
        uint64_t ends_at;            /* by the SOA, or a range; ranges end by themselves */
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
        uint64_t no_edns_until, tcp_only_until;
        uint8_t cookie_len;   /* server cookie, 0 or 8..32 */
        uint8_t cookie[COOKIE_SERVER_MAX];
        uint8_t cookie_client[COOKIE_CLIENT_LEN];
};

/* Stored values. The cache writes and reads them, the writer weighs them against each other. */

enum entry_kind {
        ENTRY_SET = 1,
        ENTRY_NODATA,
        ENTRY_NXDOMAIN,
        ENTRY_FAILURE,
        ENTRY_DELEGATION,
        ENTRY_SERVER,
        ENTRY_ZONE,
};

/* What every value begins with; enough to weigh and to expire it. */
struct entry_head {
        enum entry_kind kind;
        enum verdict verdict;
        enum rank rank;
        uint64_t stored_at;
        uint64_t ends_at;
        uint32_t anchors; /* fingerprint of the trust anchors it was judged by; 0: it does not depend on them */
};

/** What entries are sealed with: the store's secret and the fingerprint of the anchor set. */
struct entry_seal {
        const uint8_t *secret; /* SIPHASH_KEY_LEN bytes */
        uint32_t anchors;
};

/**
 * Write a value. `name` is what the key says already: the name that a finding is about, or the zone of a range. Returns
 * the length; 0 if it does not fit into STORE_VALUE_MAX bytes, or holds a set that is not written (packed.h).
 */
size_t entry_write_finding(const struct entry_seal *seal, struct store_bytes key, const struct name *name,
                           const struct finding *finding, uint8_t out[STORE_VALUE_MAX]);
size_t entry_write_delegation(const struct entry_seal *seal, struct store_bytes key,
                              const struct delegation *delegation, uint8_t out[STORE_VALUE_MAX]);
size_t entry_write_server(const struct entry_seal *seal, struct store_bytes key, const struct server_note *note,
                          uint8_t out[STORE_VALUE_MAX]);
size_t entry_write_zone(const struct entry_seal *seal, struct store_bytes key, const struct denying_zone *zone,
                        uint8_t out[STORE_VALUE_MAX]);

/** Is the value whole, and was it written for this key? A store_intact function. */
bool entry_intact(const uint8_t secret[SIPHASH_KEY_LEN], struct store_bytes key, struct store_bytes value);

/** The head alone. False: this is no entry of ours. The hash is not checked. */
bool entry_peek(struct store_bytes value, struct entry_head *out);

/**
 * Read a value that is kept under this name: of a delegation its cut, of a zone the zone, of a finding what it was
 * written with. Everything is checked as if it came from the network; the views point into value.bytes and the arena.
 * ERR_FORM, ERR_SHORT, ERR_TRAILING, ERR_LIMIT, ERR_MEMORY.
 */
MUST_USE enum err entry_read_finding(struct store_bytes value, const struct name *name, struct arena *arena,
                                     struct finding *out);
MUST_USE enum err entry_read_delegation(struct store_bytes value, const struct name *name, struct arena *arena,
                                        struct delegation *out);
MUST_USE enum err entry_read_zone(struct store_bytes value, const struct name *name, struct arena *arena,
                                  struct denying_zone *out);
MUST_USE enum err entry_read_server(struct store_bytes value, struct server_note *out);

/**
 * Does a new value take the place of an old one under the same key? now_s is cache time. The rules, in their order:
 *
 * 1. An old value that is expired or no entry at all gives way.
 * 2. A failure never replaces live data.
 * 3. Judged by other trust anchors than the new one: the old value gives way.
 * 4. Of lower rank, or secure replaced by something unproven: the new value is dropped.
 * 5. NS sets of equal rank stay till they end: otherwise a child that is no longer delegated to could extend its own
 *    life for ever by answering (ghost domains, CVE-2012-1033).
 * 6. Else the higher rank wins, then the younger one.
 */
bool entry_replaces(struct store_bytes old, struct store_bytes new, uint64_t now_s);
