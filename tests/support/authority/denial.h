#pragma once
/*
 * The chain of denial records of a signed zone: NSEC (RFC 4034 section 4) or NSEC3 (RFC 5155). The chain is linked when
 * first needed; each record is made when first asked for.
 */
#include "sign.h"

/* One record of the chain, ready to be put into a message. */
struct denial {
        const uint8_t *owner;
        struct lab_set *set;
};

/** The record whose owner is (the hash of) this name; set is NULL if there is none. */
struct denial denial_match(struct lab_zone *zone, const uint8_t *name);

/** The record whose owner is the last one not behind (the hash of) this name: it matches or covers it. */
struct denial denial_cover(struct lab_zone *zone, const uint8_t *name);

/** Call visit with each record of the chain. */
void denial_each(struct lab_zone *zone, void (*visit)(void *context, struct denial denial), void *context);

/** Free the chain. */
void denial_fini(struct lab_zone *zone);
