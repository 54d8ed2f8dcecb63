#pragma once
/*
 * Made-up zones that deny: NSEC and NSEC3 records with signatures that nobody checks, put into a cache over the store
 * in memory and asked for what follows. For the tests of lib/cache/absence.c.
 */
#include "cache/absence.h"
#include "cache/range.h"
#include "cache/settle.h"
#include "config/settings.h"

enum { DENY_TTL = 600, DENY_TYPES_MAX = 8 };

/* Two workers, and what the tests make up. */
struct deny {
        struct store *store;
        struct cache *cache, *other;
        struct arena arena;
        struct moment now;
};

extern const struct settings deny_settings;

/** Set-up and tear-down of a cmocka test; the state is a struct deny. */
int deny_up(void **state);
int deny_down(void **state);

/** A new moment for both workers. */
void deny_pass(struct deny *bench, uint64_t seconds);

/** Hand over what the first worker has put. */
struct settled deny_settle(struct deny *bench);

/* --- Records ---------------------------------------------------------------------------------------------------- */

struct deny_nsec {
        const char *owner, *next;
        uint16_t types[DENY_TYPES_MAX]; /* up to 255; 0 ends them */
};

/* What may be special about an NSEC3 record. */
struct deny_manner {
        uint8_t algorithm, flags;
        uint16_t iterations;
        uint8_t salt_len;
};

struct name deny_name(struct deny *bench, const char *text);

/** Sign anew: by the zone, for `life` seconds, over as many labels as the owner has, less `missing`. */
void deny_sign(struct deny *bench, const char *zone, struct rrset *set, uint32_t life, unsigned missing);
/** The same signature with another original TTL (RFC 4034 3.1.4). */
void deny_sign_for(struct deny *bench, struct rrset *set, uint32_t ttl);

/* Signed sets with a TTL of DENY_TTL. */
struct rrset deny_soa(struct deny *bench, const char *zone, uint32_t minimum);
struct rrset deny_nsec(struct deny *bench, const char *zone, const struct deny_nsec *row);
struct rrset deny_nsec3(struct deny *bench, const char *zone, const struct deny_manner *manner,
                        const uint8_t from[NSEC3_HASH_LEN], const uint8_t next[NSEC3_HASH_LEN],
                        const uint16_t types[DENY_TYPES_MAX]);

void deny_hash(struct deny *bench, const char *text, uint8_t salt_len, uint8_t out[NSEC3_HASH_LEN]);

/* --- Putting and getting ---------------------------------------------------------------------------------------- */

/** Put one set, with a SOA beside it unless that is NULL, and settle. Returns how many were kept. */
unsigned deny_put_set(struct deny *bench, cache_partition partition, const char *zone, const struct rrset *set,
                      const struct rrset *soa);
unsigned deny_put_nsec(struct deny *bench, const char *zone, const struct deny_nsec *row);

bool deny_get(struct deny *bench, struct cache *cache, cache_partition partition, const char *zone, const char *qname,
              uint16_t qtype, struct finding *out);

/** What the first worker knows: FINDING_NONE, NODATA, NXDOMAIN, or SET: from a wildcard. */
enum finding_kind deny_kind(struct deny *bench, const char *zone, const char *qname, uint16_t qtype);

struct deny_question {
        const char *qname;
        uint16_t qtype;
        enum finding_kind kind;
};

void deny_ask(struct deny *bench, const char *zone, const struct deny_question *rows, size_t count);
#define DENY_ASK(bench, zone, rows) deny_ask(bench, zone, rows, sizeof(rows) / sizeof(rows[0]))
