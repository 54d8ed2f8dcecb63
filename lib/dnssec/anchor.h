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
        bool followed;       /* its zone is asked for new keys from time to time */
};

/* A zone whose anchors are followed (RFC 5011), see follow.h. */
struct followed_point {
        struct name name;
        uint16_t count; /* 0: no key of it is trusted any more, and nothing of it is believed */
        const struct rdata *ds;
};

/* A name at and below which nothing is validated (RFC 7646). */
struct negative_anchor {
        struct name name;
        const char *reason; /* "": none was given */
};

/* What the process has learned to trust, and not to, beside its settings. */
struct learned {
        unsigned point_count;
        const struct followed_point *point; /* instead of the anchors that the settings have for these names */
        unsigned negative_count;
        const struct negative_anchor *negative; /* beside those of the settings */
};

struct anchors;

/** From the settings' anchors and negative anchors, and from what was learned (may be NULL). All is copied into the
 * arena but the settings' names and records, which are borrowed. NULL when out of memory. */
struct anchors *anchors_new(const struct settings *settings, const struct learned *learned, struct arena *arena);

/** The same anchors without any negative ones. They are borrowed. NULL when out of memory. */
struct anchors *anchors_strict(const struct anchors *anchors, struct arena *arena);

/**
 * The nearest anchor at or above a name; NULL if there is none, or if a negative anchor lies at or above the name and
 * below the anchor (*negative is set then): nothing is validated.
 */
const struct anchor *anchor_above(const struct anchors *anchors, const struct name *name, bool *negative);

/** The negative anchor by which nothing is validated at this name; NULL if there is none. */
const struct negative_anchor *anchor_negative_above(const struct anchors *anchors, const struct name *name);

/**
 * One DS set of all that an anchor says: DNSKEYs are turned into DS by digest 2. In the arena; NULL when out of memory,
 * or when nothing is trusted.
 */
const struct rrset *anchor_as_ds(const struct anchor *anchor, struct arena *arena);

/** The key tag of the key that a DS or DNSKEY record names. */
uint16_t anchor_record_tag(const struct rr *rr);

/**
 * The key tags of the anchors at just this name, in ascending order, each once, at most max of them (RFC 8145 4.1).
 * Returns how many; 0: there is no anchor here.
 */
unsigned anchor_tags(const struct anchors *anchors, const struct name *name, uint16_t *out, unsigned max);

/** Digest 2 of a DNSKEY, as DS RDATA in the arena (RFC 4034 5.1.4). False: malformed, or out of memory. */
bool anchor_ds_of(const struct name *owner, const struct rdata *dnskey, struct arena *arena, struct rdata *out);

/**
 * A number that names by what data of this name is judged: the trust anchors in any order, the negative one above the
 * name, and whether there is validation at all. What was judged under another number is not believed. Never 0.
 */
uint64_t anchors_fingerprint(const struct anchors *anchors, const struct name *name);
