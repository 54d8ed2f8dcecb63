#include "resolve/traffic.h"

#include "config/limits.h"
#include <stdlib.h>

struct traffic_zone {
        unsigned under_way;
        unsigned waiting;
        struct traffic_place *first, *last; /* of those who wait */
        uint8_t key_len;
        uint8_t key[NAME_WIRE_MAX];
};

enum err traffic_init(struct traffic *traffic, size_t max, const uint8_t secret[SIPHASH_KEY_LEN])
{
        return map_init(&traffic->table, max, secret, NULL, NULL);
}

static bool free_zone(void *context, void *value)
{
        (void)context;
        free(value);
        return true;
}

void traffic_fini(struct traffic *traffic)
{
        map_each(&traffic->table, free_zone, NULL);
        map_fini(&traffic->table);
}

static struct traffic_zone *find(struct traffic *traffic, const struct name *zone)
{
        uint8_t key[NAME_WIRE_MAX];

        return map_get(&traffic->table, key, name_canonical(zone, key));
}

static struct traffic_zone *add(struct traffic *traffic, const struct name *zone)
{
        struct traffic_zone *added = calloc(1, sizeof *added);

        if (!added)
                return NULL;
        added->key_len = (uint8_t)name_canonical(zone, added->key);
        if (map_put(&traffic->table, added->key, added->key_len, added) == ERR_OK)
                return added;
        free(added);
        return NULL;
}

struct traffic_zone *traffic_enter(struct traffic *traffic, const struct name *zone)
{
        struct traffic_zone *known = find(traffic, zone);

        if (!known)
                known = add(traffic, zone);
        if (known)
                known->under_way++;
        return known;
}

bool traffic_queue(struct traffic *traffic, const struct name *zone, struct traffic_place *place, struct task *task)
{
        struct traffic_zone *known = find(traffic, zone);

        if (!known || known->waiting >= LIMIT_ZONE_WAITING)
                return false;
        *place = (struct traffic_place){ .previous = known->last, .zone = known, .task = task };
        if (known->last)
                known->last->next = place;
        else
                known->first = place;
        known->last = place;
        known->waiting++;
        return true;
}

void traffic_unqueue(struct traffic_place *place)
{
        struct traffic_zone *zone = place->zone;

        if (!zone)
                return;
        if (place->previous)
                place->previous->next = place->next;
        else
                zone->first = place->next;
        if (place->next)
                place->next->previous = place->previous;
        else
                zone->last = place->previous;
        place->zone = NULL;
        place->next = NULL;
        zone->waiting--;
}

/*
 * Who leaves makes room for one. That one may have found another way meanwhile and send nothing, so the last to leave
 * calls all who still wait.
 */
struct traffic_place *traffic_leave(struct traffic *traffic, struct traffic_zone *zone)
{
        struct traffic_place *called = NULL, **end = &called;

        zone->under_way--;
        while (zone->first && (!called || !zone->under_way)) {
                *end = zone->first;
                traffic_unqueue(zone->first);
                end = &(*end)->next;
        }
        if (!zone->under_way) {
                map_take(&traffic->table, zone->key, zone->key_len);
                free(zone);
        }
        return called;
}

unsigned traffic_to(struct traffic *traffic, const struct name *zone)
{
        const struct traffic_zone *known = find(traffic, zone);

        return known ? known->under_way : 0;
}
