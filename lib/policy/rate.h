#pragma once
/*
 * How much one client may ask: token buckets for its address and for the networks around it (field notes of Knot
 * Resolver's rate limiting: a /24 gets 32 times the rate of an address, a /20 256 times, a /18 768 times).
 *
 * For questions over UDP without a cookie alone: the address of such a client may be forged, and answers to it may be
 * aimed at somebody else. A bucket is one number, the time at which what was asked so far would have been asked at just
 * the rate. Each worker has its own table of a fixed size; the bucket that was idle longest gives way.
 */
#include "base/address.h"
#include "base/map.h"
#include <stdbool.h>
#include <stdint.h>

enum { RATE_SETS = 8192, RATE_WAYS = 4, RATE_BURST_NS = 1000000000 };

struct rate_bucket;

struct rates {
        struct rate_bucket *bucket; /* RATE_SETS * RATE_WAYS of them, made when they are first wanted */
        uint8_t secret[SIPHASH_KEY_LEN];
        uint64_t refused; /* ever */
};

void rates_init(struct rates *rates, const uint8_t secret[SIPHASH_KEY_LEN]);
void rates_fini(struct rates *rates);

/**
 * May this client ask one more question? If so it is counted.
 *
 *   per_s   in  questions a second that one address may ask, at least 1; a burst of one second's worth is let through
 *   now_us  in  monotonic
 *
 * Without memory for the table everybody may.
 */
bool rates_allow(struct rates *rates, const struct address *client, uint64_t per_s, uint64_t now_us);
