#pragma once
/*
 * How many messages are under way to the servers of each zone, so that random names below one zone (water torture) can
 * neither bury its servers nor take all our flights. What is beyond that waits in a queue of the zone: its servers may
 * just be far away, and many names below it be asked for, as for those of the root.
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
struct task;

/* A place in the queue of those who have something to send when there is room again; part of the task. */
struct traffic_place {
        struct traffic_place *next, *previous;
        struct traffic_zone *zone; /* NULL: not in a queue */
        struct task *task;
};

/** max: zones, that is, flights at most. */
MUST_USE enum err traffic_init(struct traffic *traffic, size_t max, const uint8_t secret[SIPHASH_KEY_LEN]);
void traffic_fini(struct traffic *traffic);

/** One more message is under way to this zone. What is returned is given back in traffic_leave(); NULL: no memory. */
struct traffic_zone *traffic_enter(struct traffic *traffic, const struct name *zone);

/** One less. Returns who may go on now: places that have left the queue, in a chain of `next`; mostly one, or none. */
struct traffic_place *traffic_leave(struct traffic *traffic, struct traffic_zone *zone);

/** How many are under way. */
unsigned traffic_to(struct traffic *traffic, const struct name *zone);

/** Wait for room in a zone with something under way. False: LIMIT_ZONE_WAITING wait already. */
bool traffic_queue(struct traffic *traffic, const struct name *zone, struct traffic_place *place, struct task *task);

/** Wait no more; nothing happens if it does not. */
void traffic_unqueue(struct traffic_place *place);
