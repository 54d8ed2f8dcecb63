#include "zone.h"
#include <stdlib.h>
#include <string.h>

struct lab_zone *lab_zone_new(struct lab_pool *pool, const uint8_t *apex)
{
        struct lab_zone *zone = lab_alloc(pool, sizeof *zone);

        zone->pool = pool;
        zone->file = "";
        zone->apex = lab_copy(pool, apex, dname_len(apex));
        return zone;
}

bool lab_zone_add(struct lab_zone *zone, const uint8_t *owner, uint16_t type, uint32_t ttl, const void *rdata,
                  size_t len)
{
        size_t n = zone->record_count;

        if (!dname_within(owner, zone->apex))
                return false;
        if ((n & (n - 1)) == 0) /* full at each power of two */
                zone->records = lab_grow(zone->records, (n ? 2 * n : 1) * sizeof *zone->records);
        zone->records[zone->record_count++] = (struct lab_record){
                .owner = lab_copy(zone->pool, owner, dname_len(owner)),
                .type = type,
                .ttl = ttl,
                .rdata = { .bytes = lab_copy(zone->pool, rdata, len), .len = (uint16_t)len },
        };
        return true;
}

void lab_zone_fini(struct lab_zone *zone)
{
        free(zone->records);
        free(zone->nodes);
        free(zone->servers);
}

static int rdata_order(const struct lab_rdata *a, const struct lab_rdata *b)
{
        int difference = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

        return difference ? difference : (int)a->len - (int)b->len;
}

static int record_order(const void *left, const void *right)
{
        const struct lab_record *a = left, *b = right;
        int difference = dname_compare(a->owner, b->owner);

        if (!difference)
                difference = (int)a->type - (int)b->type;
        return difference ? difference : rdata_order(&a->rdata, &b->rdata);
}

struct lab_set *lab_set_new(struct lab_pool *pool, uint16_t type, uint32_t ttl, uint16_t count)
{
        struct lab_set *set = lab_alloc(pool, sizeof *set);

        set->type = type;
        set->ttl = ttl;
        set->count = count;
        set->data = lab_alloc(pool, count * sizeof *set->data);
        return set;
}

/* Move the records from *at on that share owner and type into one set; equal records become one. */
static struct lab_set *set_collect(struct lab_zone *zone, size_t *at)
{
        const struct lab_record *first = &zone->records[*at];
        uint16_t count = 0;
        size_t end = *at;

        while (end < zone->record_count && zone->records[end].type == first->type &&
               dname_equal(zone->records[end].owner, first->owner))
                end++;
        struct lab_set *set = lab_set_new(zone->pool, first->type, first->ttl, (uint16_t)(end - *at));
        for (size_t i = *at; i < end; i++)
                if (i == *at || rdata_order(&zone->records[i - 1].rdata, &zone->records[i].rdata) != 0)
                        set->data[count++] = zone->records[i].rdata;
        set->count = count;
        *at = end;
        return set;
}

static void node_add(struct lab_zone *zone, const uint8_t *name, struct lab_set *sets)
{
        size_t n = zone->node_count;

        if ((n & (n - 1)) == 0)
                zone->nodes = lab_grow(zone->nodes, (n ? 2 * n : 1) * sizeof *zone->nodes);
        zone->nodes[zone->node_count++] = (struct lab_node){ .name = name, .sets = sets };
}

/* Canonical order puts a name's ancestors directly before it: the missing ones go between the previous node and it. */
static void ancestors_add(struct lab_zone *zone, const uint8_t *name)
{
        const uint8_t *previous = zone->nodes[zone->node_count - 1].name;
        unsigned labels = dname_labels(name), known = labels - 1;

        while (!dname_within(previous, dname_strip(name, labels - known)))
                known--;
        for (unsigned depth = known + 1; depth < labels; depth++)
                node_add(zone, dname_strip(name, labels - depth), NULL);
}

static void nodes_make(struct lab_zone *zone)
{
        for (size_t at = 0; at < zone->record_count;) {
                const uint8_t *name = zone->records[at].owner;
                struct lab_set *sets = NULL, **tail = &sets;

                while (at < zone->record_count && dname_equal(zone->records[at].owner, name)) {
                        *tail = set_collect(zone, &at);
                        tail = &(*tail)->next;
                }
                if (zone->node_count)
                        ancestors_add(zone, name);
                node_add(zone, name, sets);
        }
}

/* What follows a cut or a DNAME in canonical order and lies below it is not this zone's to tell. */
static void places_mark(struct lab_zone *zone)
{
        const uint8_t *lid = NULL;

        for (size_t i = 0; i < zone->node_count; i++) {
                struct lab_node *node = &zone->nodes[i];
                if (lid && dname_within(node->name, lid)) {
                        node->place = PLACE_OCCLUDED;
                        continue;
                }
                bool cut = i > 0 && lab_node_set(node, TYPE_NS);
                if (cut)
                        node->place = PLACE_CUT;
                if (cut || lab_node_set(node, TYPE_DNAME))
                        lid = node->name;
        }
}

bool lab_zone_finish(struct lab_zone *zone)
{
        qsort(zone->records, zone->record_count, sizeof *zone->records, record_order);
        nodes_make(zone);
        free(zone->records);
        zone->records = NULL;
        places_mark(zone);
        return zone->node_count && lab_node_set(&zone->nodes[0], TYPE_SOA);
}

struct lab_node *lab_zone_before(const struct lab_zone *zone, const uint8_t *name)
{
        size_t low = 0, high = zone->node_count;

        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;
                if (dname_compare(zone->nodes[middle].name, name) <= 0)
                        low = middle;
                else
                        high = middle;
        }
        return &zone->nodes[low];
}

struct lab_node *lab_zone_find(const struct lab_zone *zone, const uint8_t *name)
{
        struct lab_node *node = lab_zone_before(zone, name);

        return dname_equal(node->name, name) ? node : NULL;
}

struct lab_set *lab_node_set(const struct lab_node *node, uint16_t type)
{
        struct lab_set *set = node ? node->sets : NULL;

        while (set && set->type != type)
                set = set->next;
        return set;
}

uint32_t lab_zone_negative_ttl(const struct lab_zone *zone)
{
        const struct lab_set *soa = lab_node_set(&zone->nodes[0], TYPE_SOA);
        const uint8_t *last = soa->data[0].bytes + soa->data[0].len - 4;
        uint32_t minimum = (uint32_t)last[0] << 24 | (uint32_t)last[1] << 16 | (uint32_t)last[2] << 8 | last[3];

        return minimum < soa->ttl ? minimum : soa->ttl;
}
