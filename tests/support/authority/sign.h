#pragma once
/*
 * How a zone is signed: its keys, the DS that its parent gets, and signatures, which are made when first asked for, so
 * that a lab of ten thousand zones starts at once.
 */
#include "authority.h"
#include "flaws.h"
#include "keys.h"

enum denial_kind { DENIAL_NSEC, DENIAL_NSEC3, DENIAL_OPTOUT };

struct lab_signing {
        uint8_t algorithm;
        enum denial_kind denial;
        uint16_t iterations;
        uint8_t salt_len;
        uint8_t salt[32];
        enum flaw flaw;
        uint32_t inception_s, expiration_s; /* seconds since 1970 */
        struct lab_key key_key;             /* signs the keys; the parent's DS is of it */
        struct lab_key zone_key;            /* signs the rest */
};

/** Take a zone option of lab.conf ("sign=13", "denial=nsec3", "flaw=bogus"); false when it is none. */
bool sign_option(struct lab_zone *zone, const char *text);

/** Make the keys of a signed, unfinished zone and add its DNSKEY and NSEC3PARAM records. false: unknown algorithm. */
bool sign_prepare(struct lab_zone *zone, const struct authority_settings *settings);

/** Add the DS of a prepared child to its unfinished parent. */
void sign_delegate(struct lab_zone *parent, const struct lab_zone *child);

/** The RRSIG set over this set as owned by owner, kept in the set; NULL when the zone does not sign. */
struct lab_set *lab_sign(struct lab_zone *zone, const uint8_t *owner, struct lab_set *set);

/** Free the keys. */
void sign_fini(struct lab_zone *zone);
