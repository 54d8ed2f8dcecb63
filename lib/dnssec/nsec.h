#pragma once
/*
 * Proofs of absence with NSEC and NSEC3, each by its RFC; own code (ldns aborts on hostile input or believes
 * ancestors).
 *
 * The record sets given have been verified with the zone's keys before, and none is a wildcard expansion. What is left
 * to judge is what they prove. Owner and next name of each must lie in the zone; a delegation's NSEC (NS without SOA)
 * or a DNAME's says nothing of names below it (RFC 6840 4.1).
 */
#include "base/arena.h"
#include "dnssec/verdict.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stdint.h>

enum denial {
        DENIAL_PROVEN,
        DENIAL_OPT_OUT,  /* NSEC3: only up to an opt-out span: insecure (RFC 5155 6, 9.2) */
        DENIAL_INSECURE, /* NSEC3 that wants more work than we accept (RFC 9276 3.2) */
        DENIAL_MISSING,  /* not proven */
};

/* The denying sets of one answer (NSEC and NSEC3; others are passed over) and what may be spent on them. */
struct denial_context {
        const struct name *zone; /* apex, the signer */
        const struct rrset *set;
        unsigned count;
        unsigned max_iterations; /* setting */
        unsigned *nsec3_blocks;  /* SHA-1 blocks spent by this question, of LIMIT_NSEC3_BLOCKS */
        struct arena *arena;
};

/** No such name: covered, and no wildcard that could have matched (RFC 4035 5.4, RFC 5155 8.4). */
enum denial denial_of_name(const struct denial_context *context, const struct name *qname, struct reason *why);

/**
 * The name has no such type, nor a CNAME: matching NSEC(3) without the bit, an empty non-terminal, a wildcard without
 * it (RFC 4035 5.4, RFC 5155 8.5-8.7), compact denial (RFC 9824). For DS the record must be the parent's: SOA clear or
 * zone is the parent.
 */
enum denial denial_of_type(const struct denial_context *context, const struct name *qname, uint16_t type,
                           struct reason *why);

/**
 * A wildcard answer was right: nothing closer than the wildcard exists (RFC 4035 5.3.4, RFC 5155 8.8). labels: of the
 * RRSIG.
 */
enum denial denial_of_closer(const struct denial_context *context, const struct name *qname, unsigned labels,
                             struct reason *why);

/** A referral is unsigned: NS set, DS and SOA clear at the cut (RFC 4035 5.2), or covered by opt-out (RFC 5155 8.9). */
enum denial denial_of_ds(const struct denial_context *context, const struct name *cut, struct reason *why);

/**
 * Is there, at this name, a record that says it is no zone cut (NS clear, or DENIAL of the name)? Used when DS NODATA
 * is judged.
 */
bool denial_shows_no_cut(const struct denial_context *context, const struct name *name);
