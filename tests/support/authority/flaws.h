#pragma once
/*
 * How signing goes wrong: each function is called at one step of it and does what the zone's flaw says there, which is
 * mostly nothing.
 */
#include "zone.h"

enum flaw {
#define FLAW(constant, name, existing, help) FLAW_##constant,
#include "flaws.def"
#undef FLAW
        FLAW_COUNT
};

struct lab_signing;

/* The fields of an RRSIG before the signature (RFC 4034 section 3.1). */
struct rrsig {
        uint16_t type;
        uint8_t algorithm;
        uint8_t labels;
        uint32_t ttl;
        uint32_t expiration_s, inception_s;
        uint16_t tag;
        const uint8_t *signer;
};

/** The flaw of this name in lab.conf; false if there is none. */
bool flaw_named(const char *name, enum flaw *out);

/** Whether what exists in the zone is secure none the less. */
bool flaw_is_harmless(enum flaw flaw);

/** Keys were made, their records were not. */
void flaw_keys(struct lab_signing *signing);

/** The zone's own keys are in the DNSKEY set; add what else should be there. */
void flaw_more_keys(struct lab_zone *zone, uint64_t seed);

/** Times were set. */
void flaw_times(struct lab_signing *signing, uint32_t wall_s);

/** The right DS of the child was made. Returns false when the parent is not to have it. */
bool flaw_ds(struct lab_zone *parent, const struct lab_zone *child, uint8_t ds[36]);

/** Whether this set is not to be signed. */
bool flaw_leaves_unsigned(const struct lab_signing *signing, uint16_t type);

/** The fields were filled; what is changed here is signed as changed. */
void flaw_fields(const struct lab_signing *signing, struct rrsig *rrsig);

/** The RRSIG's data is complete; what is changed here is not what was signed. */
void flaw_signature(const struct lab_signing *signing, uint16_t type, uint8_t *rdata, size_t len);

/** How many false signatures go before the right one. */
uint16_t flaw_false_signatures(const struct lab_signing *signing);
