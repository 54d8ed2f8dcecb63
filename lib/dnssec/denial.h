#pragma once
/*
 * What proofs by NSEC and by NSEC3 have in common; for nsec.c and nsec3.c alone. nsec.h is the door.
 */
#include "dnssec/nsec.h"

/* The type bitmap of a record that denies (RFC 4034 4.1.2, RFC 5155 3.2.1). */
struct denial_types {
        const uint8_t *bytes;
        size_t len;
};

bool denial_has(const struct denial_types *types, uint16_t type);

/**
 * Is this the parent's record at a delegation: NS without SOA? It speaks for DS and for nothing else (RFC 6840 4.1).
 */
bool denial_is_of_parent(const struct denial_types *types);

/** May names below the owner of this record exist without it telling? A delegation's and a DNAME's (RFC 6840 4.1). */
bool denial_is_silent_below(const struct denial_types *types);

/** Does the record at the name itself deny the type: from the right side of a cut, with neither its bit nor CNAME's? */
enum denial denial_by_types(const struct denial_context *context, const struct denial_types *types,
                            const struct name *name, uint16_t type, struct reason *why);

/** "*" + closest. False when that is too long a name, so that it cannot exist. */
bool denial_wildcard(const struct name *closest, uint8_t room[NAME_WIRE_MAX], struct name *out);

/** Why nothing is proven, for whoever wants to know (else NULL): before + name + after. Returns DENIAL_MISSING. */
enum denial denial_missing(struct reason *why, const char *before, const struct name *name, const char *after);
