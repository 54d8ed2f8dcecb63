#pragma once
/*
 * Answers out of proofs that were learned for other questions (RFC 8198).
 *
 * Each NSEC or NSEC3 record says that between two names of a zone there is nothing. Kept one by one, in the order of
 * the zone, they answer also for names that nobody has asked for yet: a flood of made-up names below a signed zone ends
 * here.
 *
 *   put   after judgement: the sets of a proof, verified with the keys of one zone
 *   get   before asking: the zone's entry, then the range that holds the name, then the one that holds the wildcard
 *
 * What follows from the records found is decided by dnssec/nsec.h, the same as for fresh answers. Where a wildcard's
 * records are known and a name is proven not to exist, they are its answer.
 *
 * A zone without such records costs one look-up. Of the zones above a name only the deepest one that is known to be
 * secure can deny it: the others have delegated it. For DS, that is the deepest one above the name.
 */
#include "cache/cache.h"
#include "cache/entry.h"
#include "wire/name.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stdint.h>

/* Where sets come from. */
struct absence_origin {
        uint64_t stored_at;     /* cache time from which their TTLs count */
        struct trace_id trace;
        struct address server;
};

/**
 * Keep the NSEC and NSEC3 sets among those of a proof, each for the smallest of its TTL, the SOA's TTL and MINIMUM
 * (RFC 9077), what its signatures allow, and cache-max-negative-ttl. See range_read() for those that are not kept.
 *
 *   zone     in   whose keys have verified all the sets, none as an expanded wildcard
 *   set      in   with the zone's SOA among them; without it (referrals have none) they are kept all the same, and
 *                 serve once the SOA has come with another proof
 *   scratch  in   is as it was afterwards
 *
 * Returns how many were kept.
 */
unsigned absence_put(struct cache *cache, cache_partition partition, const struct name *zone, const struct rrset *set,
                     unsigned count, const struct absence_origin *origin, struct arena *scratch);

/**
 * Keep what a wildcard was expanded to under the wildcard's own name: it is what the zone has there. False: it was no
 * expansion, or was not kept.
 *
 *   expanded  in  judged secure, with its signatures
 */
bool absence_put_wildcard(struct cache *cache, cache_partition partition, const struct finding *expanded);

/**
 * Is it proven that the name does not exist, or that it has no such type? out is then NXDOMAIN or NODATA, secure, with
 * the SOA and the records as its proof, until the first of these ends; trace and server are those of the record found
 * first. Or is there a wildcard whose records are known? out is then the set of the type, or the CNAME, with the name
 * as its owner (borrowed) and the proof that nothing is closer. Bytes are in the arena, which is as before if it was
 * in vain.
 *
 * cache_last_used() is the entry found last.
 */
bool absence_get(struct cache *cache, cache_partition partition, const struct name *zone, const struct name *qname,
                 uint16_t qtype, struct arena *arena, struct finding *out);
