#pragma once
/*
 * Who waits for answers here, counted by client, so that no client takes more than its share of the work.
 *
 * A client is an IPv4 address or an IPv6 /56. One that proved its address (TCP, or a cookie of ours) may have more
 * questions under way than one that may be forged.
 */
#include "base/address.h"
#include "base/map.h"
#include "resolve/border.h"
#include <stdbool.h>

struct crowd {
        struct map table; /* struct crowd_client by prefix */
};

MUST_USE enum err crowd_init(struct crowd *crowd, const uint8_t secret[SIPHASH_KEY_LEN]);
void crowd_fini(struct crowd *crowd);

/** One more question of this client is under way; false when it has its share. */
bool crowd_enter(struct crowd *crowd, const struct address *client, bool trusted);

/** One less. */
void crowd_leave(struct crowd *crowd, const struct address *client);

/** Does it have so many waiting that late answers would hit it as a burst (DNSBomb, CVE-2024-33655)? */
bool crowd_is_dense(struct crowd *crowd, const struct address *client);
