#pragma once
/*
 * Keys as the library wants them, by the RDATA of their DNSKEY records: those that were used last. One a worker.
 *
 * To make one takes a tenth of the time of a check, and two kilobytes; a zone's keys stay known for as long as their
 * TTL lets them, most of that time unused. So zones keep the bytes (dnssec/keys.h), and the objects are kept here.
 */
#include "base/map.h"
#include "dnssec/crypto.h"

struct key_shelf {
        struct map table; /* struct shelf_key, by RDATA */
};

/** Room for so many keys; when they are more, the one that was not used for longest goes. ERR_MEMORY. */
MUST_USE enum err key_shelf_init(struct key_shelf *shelf, size_t max, const uint8_t secret[SIPHASH_KEY_LEN]);
void key_shelf_fini(struct key_shelf *shelf);

/** What may be used as a key has changed: forget them all. */
void key_shelf_forget(struct key_shelf *shelf);

/**
 * The key of a DNSKEY record, made when it is first wanted; NULL when it is malformed, out of the limits, or no memory
 * is left. It stays the shelf's: whoever needs it beyond the event at hand takes a hold of their own.
 */
struct crypto_key *key_shelf_get(struct key_shelf *shelf, const struct crypto_policy *policy,
                                 const struct rdata *dnskey);
