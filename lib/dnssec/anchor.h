#pragma once
/*
 * Trust anchors: where chains begin, and where they must not (RFC 4035 4.4, RFC 7646).
 */
#include "base/arena.h"
#include "config/settings.h"
#include "wire/rrset.h"
#include <stdbool.h>

/* One point of trust: DS records, DNSKEY records, or both, for one name. */
struct anchor {
        struct name name;
        struct rrset ds;     /* count 0: none */
        struct rrset dnskey; /* count 0: none */
};

struct anchors;

/** From the settings' anchors and negative anchors, in the arena. NULL when out of memory. */
struct anchors *anchors_new(const struct settings *settings, struct arena *arena);

/**
 * The nearest anchor at or above a name; NULL if there is none, or if a negative anchor lies at or above the name and
 * below the anchor (*negative is set then): nothing is validated.
 */
const struct anchor *anchor_above(const struct anchors *anchors, const struct name *name, bool *negative);

/**
 * One DS set of all that an anchor says: DNSKEYs are turned into DS by digest 2. In the arena; NULL when out of memory.
 */
const struct rrset *anchor_as_ds(const struct anchor *anchor, struct arena *arena);
