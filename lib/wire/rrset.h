#pragma once
/*
 * Record sets: the unit that is cached, judged and answered. Views; all bytes belong to somebody else (an arena, a
 * cache entry). RDATA is checked and uncompressed, its letter case kept.
 */
#include "base/arena.h"
#include "base/err.h"
#include "wire/name.h"
#include <stdbool.h>
#include <stdint.h>

struct rdata {
        const uint8_t *bytes;
        uint16_t len;
};

struct rrset {
        struct name owner;
        uint16_t type;
        uint16_t class;
        uint32_t ttl;       /* seconds; the smallest of its records */
        uint16_t count;     /* records, at least 1 */
        uint16_t sig_count; /* RRSIGs that cover it */
        const struct rdata *rdata;
        const struct rdata *sigs; /* RDATA of RRSIGs */
};

/** Same records, in any order, TTLs and signatures aside (both sets without duplicates). */
bool rrset_equal(const struct rrset *a, const struct rrset *b);

/** A deep copy in the arena. ERR_MEMORY. */
MUST_USE enum err rrset_copy(struct arena *arena, const struct rrset *set, struct rrset *out);

/** Sort RDATA canonically (RFC 4034 6.3) and drop duplicates, in place. */
void rdata_sort(struct rdata *rdata, uint16_t *count, uint16_t type);

/** The first name in record number index (NS, CNAME, MX...). False if there is no such name or record. */
bool rrset_target(const struct rrset *set, unsigned index, struct name *out);

/* The fields of SOA RDATA that a resolver needs (RFC 1035 3.3.13). */
struct soa {
        struct name mname, rname;
        uint32_t serial, refresh, retry, expire, minimum;
};
bool soa_read(const struct rdata *rdata, struct soa *out);

/* The fields of RRSIG RDATA (RFC 4034 3.1). */
struct rrsig {
        uint16_t covered;
        uint8_t algorithm, labels;
        uint32_t original_ttl, expiration, inception;
        uint16_t key_tag;
        struct name signer;
        const uint8_t *signature;
        uint16_t signature_len;
};
bool rrsig_read(const struct rdata *rdata, struct rrsig *out);
