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

enum { ZONE_KEYS_MAX = 32 };

enum {
        DNSKEY_HEAD_LEN = 4,    /* flags, protocol, algorithm */
        DNSKEY_ZONE = 0x0100,   /* RFC 4034 2.1.1 */
        DNSKEY_REVOKE = 0x0080, /* RFC 5011 3 */
        DNSKEY_SEP = 0x0001,    /* RFC 4034 2.1.1 */
};

/** Is this DNSKEY RDATA with the REVOKE bit? */
bool dnskey_is_revoked(const struct rdata *dnskey);

enum { ZONE_KEYS_REFUSED_MAX = 4 };

struct zone_key {
        uint8_t algorithm;
        uint16_t tag;
        struct rdata rdata;
};

struct zone_keys {
        struct name zone;
        bool is_of_ds;          /* only what the DS records name is here */
        unsigned refused_count; /* keys that may not sign: to say so when one of them did */
        struct {
                uint16_t tag, ede;
                const char *why; /* a few words */
        } refused[ZONE_KEYS_REFUSED_MAX];
        unsigned count; /* at most ZONE_KEYS_MAX */
        struct zone_key *item;
};

/**
 * Pick the usable keys out of a DNSKEY set: zone bit set, not revoked, protocol 3, algorithm supported (RFC 4034 2.1,
 * RFC 5011 2.1). Borrows the set; the list is the arena's, and empty when out of memory.
 */
void zone_keys_init(struct zone_keys *keys, const struct crypto_policy *policy, const struct rrset *dnskey,
                    struct arena *arena);

/** One key alone, revoked or not, to see whether it signed its own revocation (RFC 5011 2.1). Borrows both. */
void zone_keys_only(struct zone_keys *keys, const struct name *zone, const struct rdata *dnskey,
                    struct zone_key *room);

/**
 * The keys of the set that the DS records name. Only these may prove the set. Borrows the set, as above.
 *
 *   unsupported  no DS names a key in a way that we could follow: the zone is insecure, and *why says which way it is
 *
 * With no key named, *why says what is wrong with those that come nearest.
 */
void zone_keys_named(struct zone_keys *keys, const struct crypto_policy *policy, const struct rrset *dnskey,
                     const struct rrset *ds, struct arena *arena, bool *unsupported, struct reason *why);

/** The bytes that a copy takes beside the struct itself. */
size_t zone_keys_size(const struct zone_keys *keys);

/** A copy that borrows nothing but the room: so many bytes, aligned for any type. */
struct zone_keys zone_keys_pack(const struct zone_keys *keys, void *room);
