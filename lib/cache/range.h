#pragma once
/*
 * One NSEC or NSEC3 record as a range: from its owner to the next name, in the order of its zone.
 *
 * Only absence.c looks at records this way, to file and to find them. What they prove is decided by dnssec/nsec.h.
 */
#include "base/moment.h"
#include "cache/entry.h"
#include "dnssec/crypto.h"
#include "wire/name.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a name stands: its sort key, or its hash. */
struct range_point {
        size_t len;
        uint8_t bytes[NAME_KEY_MAX];
};

struct range {
        struct range_point from;
        bool nsec3;
        struct name next_name;              /* NSEC; borrowed from the set */
        uint8_t next_hash[NSEC3_HASH_LEN];  /* NSEC3 */
        const uint8_t *salt;                /* NSEC3; borrowed */
        uint8_t salt_len;
};

/**
 * Read a set that the zone's keys have verified. False if it is none to keep for other questions than its own:
 *
 * - it does not lie in the zone, or a signature is another zone's, or it comes from a wildcard
 * - NSEC3 with opt-out, iterations, an unknown hash or a salt over DENYING_SALT_MAX bytes
 * - its range was made for one answer, so that it holds no other name (RFC 4470, RFC 9824, RFC 7129 appendix B)
 */
bool range_read(const struct name *zone, const struct rrset *set, struct range *out);

/** Where a name stands in the order of this zone. False: out of memory. */
MUST_USE bool range_place(const struct denying_zone *zone, const struct name *name, struct range_point *out);

/** Does the range begin at just this point? */
bool range_begins_at(const struct range *range, const struct range_point *point);

/** NSEC3: is the point within the range, its ends excluded? The last one goes round to the first (RFC 5155 3.1.7). */
bool range_covers_hash(const struct range *range, const struct range_point *hash);

/** Was it made with the parameters that the zone's chain has? */
bool range_is_of(const struct range *range, const struct denying_zone *zone);

/**
 * How many seconds the signatures allow a set to be kept: the least of their original TTLs and, for those that have not
 * ended, the time they still hold. 0: there is none, or one is not the zone's or not the set's own.
 */
uint32_t range_signed_for(const struct name *zone, const struct rrset *set, const struct moment *now);
