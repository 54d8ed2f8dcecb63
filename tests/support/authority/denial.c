#include "denial.h"
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_LEN = SHA_DIGEST_LENGTH, HASH_TEXT_LEN = 32, BITMAP_MAX = 256 * 34, TYPES_MAX = 128 };

struct link {
        uint8_t hash[HASH_LEN]; /* NSEC3 */
        struct lab_node *node;
};

struct lab_denial {
        size_t count;
        struct link *links; /* in canonical order, or in order of hashes */
};

static bool is_hashed(const struct lab_zone *zone)
{
        return zone->signing->denial != DENIAL_NSEC;
}

/* RFC 5155 section 5: the hash of the name and the salt, hashed again with the salt so many times. */
static void name_hash(const struct lab_signing *signing, const uint8_t *name, uint8_t out[HASH_LEN])
{
        uint8_t data[DNAME_MAX + sizeof signing->salt];
        size_t len = dname_lower(name, data);

        for (unsigned i = 0; i <= signing->iterations; i++) {
                memcpy(data + len, signing->salt, signing->salt_len);
                SHA1(data, len + signing->salt_len, out);
                memcpy(data, out, HASH_LEN);
                len = HASH_LEN;
        }
}

/* Whether a record of the chain is for this node's own sake. */
static bool node_is_linked(const struct lab_zone *zone, const struct lab_node *node)
{
        if (node->place == PLACE_OCCLUDED || !node->sets)
                return false;
        return node->place != PLACE_CUT || zone->signing->denial != DENIAL_OPTOUT || lab_node_set(node, TYPE_DS);
}

static void link_add(struct lab_zone *zone, struct lab_node *node)
{
        struct lab_denial *denial = zone->denial;

        if (node->linked)
                return;
        node->linked = true;
        denial->links[denial->count].node = node;
        if (is_hashed(zone))
                name_hash(zone->signing, node->name, denial->links[denial->count].hash);
        denial->count++;
}

/* NSEC3 has records for empty non-terminals, too; under opt-out only for those above a name that has one. */
static void ancestors_link(struct lab_zone *zone, const struct lab_node *node)
{
        for (const uint8_t *name = node->name; !dname_equal(name, zone->apex); name += 1 + *name) {
                struct lab_node *above = lab_zone_find(zone, name + 1 + *name);
                if (above->linked)
                        return;
                link_add(zone, above);
        }
}

static int hash_order(const void *left, const void *right)
{
        const struct link *a = left, *b = right;

        return memcmp(a->hash, b->hash, HASH_LEN);
}

static struct lab_denial *denial_of(struct lab_zone *zone)
{
        if (zone->denial)
                return zone->denial;
        zone->denial = lab_alloc(zone->pool, sizeof *zone->denial);
        zone->denial->links = lab_grow(NULL, zone->node_count * sizeof *zone->denial->links);
        for (size_t i = 0; i < zone->node_count; i++) {
                if (!node_is_linked(zone, &zone->nodes[i]))
                        continue;
                link_add(zone, &zone->nodes[i]);
                if (is_hashed(zone))
                        ancestors_link(zone, &zone->nodes[i]);
        }
        if (is_hashed(zone))
                qsort(zone->denial->links, zone->denial->count, sizeof *zone->denial->links, hash_order);
        return zone->denial;
}

void denial_fini(struct lab_zone *zone)
{
        if (zone->denial)
                free(zone->denial->links);
}

static size_t types_collect(const struct lab_zone *zone, const struct lab_node *node, uint16_t types[TYPES_MAX])
{
        static const uint16_t all_types[] = { TYPE_A, TYPE_MX, TYPE_TXT, TYPE_AAAA, TYPE_SRV };
        bool cut = node->place == PLACE_CUT, is_signed = !cut;
        size_t count = 0;

        if (zone->signing->flaw == FLAW_ALL_TYPES)
                for (; count < sizeof all_types / sizeof *all_types; count++)
                        types[count] = all_types[count];
        for (const struct lab_set *set = node->sets; set && count < TYPES_MAX - 2; set = set->next) {
                if (cut && set->type != TYPE_NS && set->type != TYPE_DS)
                        continue;
                is_signed = is_signed || set->type == TYPE_DS;
                types[count++] = set->type;
        }
        if (!is_hashed(zone))
                types[count++] = TYPE_NSEC;
        if (!is_hashed(zone) || (is_signed && node->sets))
                types[count++] = TYPE_RRSIG;
        return count;
}

/* RFC 4034 section 4.1.2: for each window of 256 types its number, the length of its bitmap, the bitmap. */
static size_t bitmap_write(const uint16_t *types, size_t count, uint8_t *out)
{
        size_t len = 0;

        for (unsigned window = 0; window < 256; window++) {
                uint8_t bits[32] = { 0 }, used = 0;
                for (size_t i = 0; i < count; i++) {
                        if (types[i] >> 8 != window)
                                continue;
                        uint8_t byte = (uint8_t)((types[i] & 255) / 8);
                        bits[byte] |= (uint8_t)(0x80 >> types[i] % 8);
                        used = byte >= used ? (uint8_t)(byte + 1) : used;
                }
                if (!used)
                        continue;
                out[len++] = (uint8_t)window;
                out[len++] = used;
                memcpy(out + len, bits, used);
                len += used;
        }
        return len;
}

/* Everything before the bitmap; returns its length. */
static size_t nsec_begin(const struct lab_zone *zone, const struct link *next, uint8_t *out)
{
        static const uint8_t outside[] = "\5zzzzz\3zzz";
        const uint8_t *name = zone->signing->flaw == FLAW_NEXT_OUTSIDE ? outside : next->node->name;

        memcpy(out, name, dname_len(name));
        return dname_len(name);
}

static size_t nsec3_begin(const struct lab_signing *signing, const struct link *next, uint8_t *out)
{
        size_t len = 5u + signing->salt_len;

        out[0] = 1;
        out[1] = signing->denial == DENIAL_OPTOUT;
        out[2] = (uint8_t)(signing->iterations >> 8);
        out[3] = (uint8_t)signing->iterations;
        out[4] = signing->salt_len;
        memcpy(out + 5, signing->salt, signing->salt_len);
        out[len++] = HASH_LEN;
        memcpy(out + len, next->hash, HASH_LEN);
        return len + HASH_LEN;
}

/* The hashed owner: base32hex of RFC 4648 section 7, five bits to a letter, before the apex. */
static const uint8_t *hash_owner(const struct lab_zone *zone, const uint8_t hash[HASH_LEN])
{
        static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
        char label[HASH_TEXT_LEN + 1] = "";
        uint8_t name[DNAME_MAX];

        for (unsigned i = 0; i < HASH_TEXT_LEN; i++) {
                unsigned bit = 5 * i, pair = (unsigned)hash[bit / 8] << 8;
                if (bit / 8 + 1 < HASH_LEN)
                        pair |= hash[bit / 8 + 1];
                label[i] = digits[pair >> (11 - bit % 8) & 31];
        }
        return dname_join(label, zone->apex, name) ? lab_copy(zone->pool, name, dname_len(name)) : zone->apex;
}

/* The record of a link, made when first asked for. */
static struct denial link_record(struct lab_zone *zone, size_t number)
{
        const struct lab_denial *chain = zone->denial;
        const struct link *link = &chain->links[number], *next = &chain->links[(number + 1) % chain->count];
        struct lab_node *node = link->node;
        uint8_t rdata[DNAME_MAX + BITMAP_MAX];
        uint16_t types[TYPES_MAX];

        if (!node->denial) {
                size_t len = is_hashed(zone) ? nsec3_begin(zone->signing, next, rdata) : nsec_begin(zone, next, rdata);
                len += bitmap_write(types, types_collect(zone, node, types), rdata + len);
                node->denial = lab_set_new(zone->pool, is_hashed(zone) ? TYPE_NSEC3 : TYPE_NSEC,
                                           lab_zone_negative_ttl(zone), 1);
                node->denial->data[0].bytes = lab_copy(zone->pool, rdata, len);
                node->denial->data[0].len = (uint16_t)len;
                node->denial_owner = is_hashed(zone) ? hash_owner(zone, link->hash) : node->name;
        }
        return (struct denial){ .owner = node->denial_owner, .set = node->denial };
}

/* The last link that is not behind the name; the chain's last one if all are (it closes the circle). */
static size_t link_find(struct lab_zone *zone, const uint8_t *name, bool *exact)
{
        const struct lab_denial *denial = denial_of(zone);
        uint8_t hash[HASH_LEN];
        size_t low = 0, high = denial->count; /* links before low are not behind the name */

        if (is_hashed(zone))
                name_hash(zone->signing, name, hash);
        *exact = false;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = is_hashed(zone) ? memcmp(denial->links[middle].hash, hash, HASH_LEN)
                                            : dname_compare(denial->links[middle].node->name, name);
                *exact = *exact || order == 0;
                if (order <= 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return (low ? low : denial->count) - 1;
}

struct denial denial_match(struct lab_zone *zone, const uint8_t *name)
{
        bool exact;
        size_t number = link_find(zone, name, &exact);

        return exact ? link_record(zone, number) : (struct denial){ 0 };
}

struct denial denial_cover(struct lab_zone *zone, const uint8_t *name)
{
        bool exact;

        return link_record(zone, link_find(zone, name, &exact));
}

void denial_each(struct lab_zone *zone, void (*visit)(void *context, struct denial denial), void *context)
{
        const struct lab_denial *denial = denial_of(zone);

        for (size_t i = 0; i < denial->count; i++)
                visit(context, link_record(zone, i));
}
