#pragma once
/*
 * A zone's keys: which records of a DNSKEY set may sign (RFC 4034 2.1), and which of them its DS records name (RFC 4034
 * 5).
 */
#include "dnssec/crypto.h"
#include "dnssec/verdict.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stdint.h>

enum { ZONE_KEYS_MAX = 32, KEY_TRIES = 3 };

struct zone_keys {
        struct name zone;
        unsigned count;
        struct {
                uint8_t algorithm;
                uint16_t tag;
                struct rdata rdata;
                struct crypto_key *key; /* made when first used, or NULL; see zone_keys_release */
                uint8_t refused; /* how often it could not be made; after KEY_TRIES times it is not tried again */
        } item[ZONE_KEYS_MAX];
};

/**
 * Pick the usable keys out of a DNSKEY set: zone bit set, not revoked, protocol 3, algorithm supported (RFC 4034 2.1,
 * RFC 5011 2.1). Borrows the set.
 */
void zone_keys_init(struct zone_keys *keys, const struct crypto_policy *policy, const struct rrset *dnskey);
void zone_keys_release(struct zone_keys *keys);

/** The key itself, made when it is first wanted; NULL when it is malformed, out of the limits, or no memory is left. */
struct crypto_key *zone_keys_at(struct zone_keys *keys, unsigned i, const struct crypto_policy *policy);

/**
 * The keys of the set that the DS records name. Only these may prove the set; the result is released like any other.
 *
 *   unsupported  no DS names a key in a way that we could follow: the zone is insecure, and *why says which way it is
 *
 * With no key named, *why says what is wrong with those that come nearest.
 */
void zone_keys_named(struct zone_keys *keys, const struct crypto_policy *policy, const struct rrset *dnskey,
                     const struct rrset *ds, bool *unsupported, struct reason *why);
