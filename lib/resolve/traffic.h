#pragma once
/*
 * How many messages are under way to the servers of each zone, so that random names below one zone (water torture) can
 * neither bury its servers nor take all our flights.
 *
 * Only zones with something under way are in the table, so it never holds more than there are flights.
 */
#include "base/map.h"
#include "wire/name.h"
#include <stdbool.h>

struct traffic {
        struct map table; /* struct traffic_zone by canonical name */
};

struct traffic_zone;

/** max: zones, that is, flights at most. */
MUST_USE enum err traffic_init(struct traffic *traffic, size_t max, const uint8_t secret[SIPHASH_KEY_LEN]);
void traffic_fini(struct traffic *traffic);

/** One more message is under way to this zone. What is returned is given back in traffic_leave(); NULL: no memory. */
struct traffic_zone *traffic_enter(struct traffic *traffic, const struct name *zone);

/** One less. */
void traffic_leave(struct traffic *traffic, struct traffic_zone *zone);

/** How many are under way. */
unsigned traffic_to(struct traffic *traffic, const struct name *zone);
