#pragma once
/*
 * Who asked, made less precise before a trace is kept.
 */
#include "base/map.h"
#include <stddef.h>
#include <stdint.h>

enum privacy {
        PRIVACY_FULL,  /* addresses stay as they are */
        PRIVACY_SHORT, /* 24 bits of IPv4, 48 of IPv6; no port */
        PRIVACY_HASH,  /* 240.0.0.0/4 or 100::/64 and a keyed hash; no port */
};

/** Change the client's address in a flat trace, in place. Loopback addresses are nobody's and stay. */
void privacy_apply(enum privacy how, const uint8_t secret[SIPHASH_KEY_LEN], uint8_t *bytes, size_t len);
