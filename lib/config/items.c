/* Settings that are lists: of addresses, networks, names, records, zones. */
#include "config/items.h"
#include "config/value.h"
#include "wire/rrtype.h"
#include "wire/text.h"
#include <inttypes.h>
#include <string.h>

enum { RECORD_TTL_S = 3600 }; /* of a record written without one */

/* All lists of settings.h have this shape, so that one function can fill them. */
struct any_list {
        unsigned count;
        const void *item;
};

struct item_kind {
        size_t size;
        const char *allowed;
        bool (*read)(struct reading *reading, enum option_id id, const struct node *node, void *item);
};

/* --- Addresses ---------------------------------------------------------------------------------------------------- */

/* A port that is not written stays 0 here: which one it becomes is known when all settings are read (settings.c). */
static bool endpoint_read(const struct node *node, struct endpoint *out)
{
        return node->kind == NODE_TEXT && endpoint_parse(node->text, 0, out) == ERR_OK &&
               (out->port != 0 || !strchr(node->text, '@'));
}

static bool endpoint_item(struct reading *reading, enum option_id id, const struct node *node, void *item)
{
        return endpoint_read(node, item) || value_wrong(reading, id, node);
}

static bool address_item(struct reading *reading, enum option_id id, const struct node *node, void *item)
{
        return address_parse(node->text, item) == ERR_OK || value_wrong(reading, id, node);
}

/* RFC 6052 section 2.2: where the IPv4 address goes is defined for these lengths alone. */
static bool is_dns64_length(unsigned len)
{
        return (len % 8 == 0 && len >= 32 && len <= 64) || len == 96;
}

static bool prefix_item(struct reading *reading, enum option_id id, const struct node *node, void *item)
{
        struct prefix *prefix = item;

        if (prefix_parse(node->text, prefix))
                return value_wrong(reading, id, node);
        if (id == OPTION_dns64_prefix && (prefix->address.family != 6 || !is_dns64_length(prefix->len))) {
                complain(reading->out, node->place,
                         "dns64-prefix: not an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits");
                return false;
        }
        return true;
}

/* --- Names and records -------------------------------------------------------------------------------------------- */

static bool keep_name(struct reading *reading, struct place place, const struct name *name, struct name *out)
{
        uint8_t *wire = value_room(reading, place, name->len);

        if (!wire)
                return false;
        memcpy(wire, name->wire, name->len);
        *out = (struct name){.wire = wire, .len = name->len, .label_count = name->label_count};
        return true;
}

static bool name_item(struct reading *reading, enum option_id id, const struct node *node, void *item)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        if (name_from_text(node->text, room, &name))
                return value_wrong(reading, id, node);
        return keep_name(reading, node->place, &name, item);
}

/* "a.root-servers.net 198.41.0.4" */
static bool hint_item(struct reading *reading, enum option_id id, const struct node *node, void *item)
{
        struct hint *hint = item;
        char text[NAME_TEXT_MAX];
        uint8_t room[NAME_WIRE_MAX];
        size_t name_len = strcspn(node->text, " \t");
        const char *address = node->text + name_len + strspn(node->text + name_len, " \t");
        struct name name;

        if (name_len >= sizeof(text))
                return value_wrong(reading, id, node);
        memcpy(text, node->text, name_len);
        text[name_len] = '\0';
        if (name_from_text(text, room, &name) || address_parse(address, &hint->address))
                return value_wrong(reading, id, node);
        return keep_name(reading, node->place, &name, &hint->name);
}

/* May a record of this type stand in this setting? */
static bool record_fits(struct reading *reading, enum option_id id, const struct node *node, const struct rr *rr)
{
        char key[OPTION_KEY_MAX], type[RRTYPE_TEXT_MAX];
        const char *allowed = NULL;

        if (id == OPTION_trust_anchors && rr->type != TYPE_DS && rr->type != TYPE_DNSKEY)
                allowed = "DS or DNSKEY";
        else if (rr->class != CLASS_IN)
                allowed = "of class IN";
        else if (rrtype_is_meta(rr->type) || rr->type == TYPE_RRSIG)
                allowed = "data of a zone";
        if (allowed)
                complain(reading->out, node->place, "%s: a record of type %s is not %s", option_key(id, key),
                         rrtype_text(rr->type, type), allowed);
        return !allowed;
}

static bool record_item(struct reading *reading, enum option_id id, const struct node *node, void *item)
{
        struct record *record = item;
        char key[OPTION_KEY_MAX], shown[QUOTED_MAX];
        const char *why = NULL;
        enum err err = rr_from_text(node->text, RECORD_TTL_S, &reading->settings->arena, &record->rr, &why);

        if (err) {
                complain(reading->out, node->place, "%s: %s is not %s: %s", option_key(id, key),
                         quoted(node->text, node->len, shown), items_allowed(OPTION_RECORDS),
                         why ? why : err_text(err));
                return false;
        }
        record->text = value_keep(reading, node->place, node->text, node->len);
        return record->text && record_fits(reading, id, node, &record->rr);
}

/* --- Zones -------------------------------------------------------------------------------------------------------- */

/* The keys of a zone's mapping. */
enum zone_key { ZONE_NAME, ZONE_ADDRESSES, ZONE_FIRST, ZONE_KEYS };

static const char *const zone_keys[ZONE_KEYS] = {"name", "addresses", "first"};

static bool zone_key_find(const struct node *key, enum option_id id, enum zone_key *out)
{
        unsigned known = id == OPTION_forward_zones ? ZONE_KEYS : ZONE_FIRST;

        for (unsigned i = 0; i < known; i++) {
                if (strcmp(key->text, zone_keys[i]) == 0) {
                        *out = i;
                        return true;
                }
        }
        return false;
}

/* Sort the values of the mapping by their keys. All that is wrong with the keys is told. */
static bool zone_values(struct reading *reading, enum option_id id, const struct node *map,
                        const struct node *value[ZONE_KEYS])
{
        char name[OPTION_KEY_MAX], shown[QUOTED_MAX];
        bool good = true;

        option_key(id, name);
        for (const struct node *node = map->first; node; node = node->next) {
                const struct node *key = node->key;
                enum zone_key which = ZONE_KEYS;

                if (!zone_key_find(key, id, &which)) {
                        complain(reading->out, key->place, "%s: %s is not %s", name, quoted(key->text, key->len, shown),
                                 id == OPTION_forward_zones ? "name, addresses or first" : "name or addresses");
                        good = false;
                } else if (value[which]) {
                        complain(reading->out, key->place, "%s: %s is given twice", name, zone_keys[which]);
                        good = false;
                } else {
                        value[which] = node;
                }
        }
        return good;
}

static bool zone_missing(struct reading *reading, enum option_id id, const struct node *map, enum zone_key which)
{
        char key[OPTION_KEY_MAX];

        complain(reading->out, map->place, "%s: the zone has no %s", option_key(id, key), zone_keys[which]);
        return false;
}

/* The value of a key inside a zone's mapping is not what it should be. */
static bool zone_wrong(struct reading *reading, enum option_id id, enum zone_key which, const struct node *node,
                       const char *allowed)
{
        char key[OPTION_KEY_MAX], shown[QUOTED_MAX];

        complain(reading->out, node->place, "%s: %s: %s is not %s", option_key(id, key), zone_keys[which],
                 value_shown(node, shown), allowed);
        return false;
}

static bool zone_name(struct reading *reading, enum option_id id, const struct node *node, struct zone_setting *zone)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        if (node->kind != NODE_TEXT || name_from_text(node->text, room, &name))
                return zone_wrong(reading, id, ZONE_NAME, node, items_allowed(OPTION_NAMES));
        return keep_name(reading, node->place, &name, &zone->name);
}

/* How many addresses a zone may name, as for a delegation that a server sends. */
static bool address_count_is_allowed(struct reading *reading, enum option_id id, const struct node *node,
                                     unsigned count)
{
        char key[OPTION_KEY_MAX];

        if (count >= 1 && count <= LIMIT_DELEGATION_ADDRESSES)
                return true;
        complain(reading->out, node->place, "%s: addresses: %u items, allowed are 1 to %d", option_key(id, key), count,
                 LIMIT_DELEGATION_ADDRESSES);
        return false;
}

static bool zone_addresses(struct reading *reading, enum option_id id, const struct node *node,
                           struct zone_setting *zone)
{
        unsigned count = node->kind == NODE_LIST ? node->count : 1;
        const struct node *at = node->kind == NODE_LIST ? node->first : node;
        struct endpoint *item;
        bool good = true;

        if (!address_count_is_allowed(reading, id, node, count))
                return false;
        item = value_room(reading, node->place, count * sizeof(*item));
        if (!item)
                return false;
        zone->addresses = (struct endpoint_list){count, item};
        for (unsigned i = 0; i < count && at; i++, at = at->next) {
                if (!endpoint_read(at, &item[i]))
                        good = zone_wrong(reading, id, ZONE_ADDRESSES, at, items_allowed(OPTION_ENDPOINTS));
        }
        return good;
}

static bool zone_first(struct reading *reading, enum option_id id, const struct node *node, struct zone_setting *zone)
{
        if (node->kind != NODE_TEXT || !value_bool(node->text, &zone->first))
                return zone_wrong(reading, id, ZONE_FIRST, node, "yes or no");
        return true;
}

static bool zone_item(struct reading *reading, enum option_id id, const struct node *node, void *item)
{
        const struct node *value[ZONE_KEYS] = {NULL};
        struct zone_setting *zone = item;
        bool good = zone_values(reading, id, node, value);

        if (!value[ZONE_NAME])
                good = zone_missing(reading, id, node, ZONE_NAME);
        else
                good &= zone_name(reading, id, value[ZONE_NAME], zone);
        if (!value[ZONE_ADDRESSES])
                good = zone_missing(reading, id, node, ZONE_ADDRESSES);
        else
                good &= zone_addresses(reading, id, value[ZONE_ADDRESSES], zone);
        if (value[ZONE_FIRST])
                good &= zone_first(reading, id, value[ZONE_FIRST], zone);
        return good;
}

/* --- Any list ----------------------------------------------------------------------------------------------------- */

static const struct item_kind *item_kind(enum option_kind kind)
{
        static const struct item_kind kinds[] = {
                [OPTION_ENDPOINTS] = {sizeof(struct endpoint), "an address or address@port, as in 127.0.0.1@53 or ::1",
                                      endpoint_item},
                [OPTION_ADDRESSES] = {sizeof(struct address), "an address, as in 192.0.2.1 or 2001:db8::1",
                                      address_item},
                [OPTION_PREFIXES] = {sizeof(struct prefix),
                                     "a network, as in 192.168.0.0/16, with only zero bits behind the length",
                                     prefix_item},
                [OPTION_NAMES] = {sizeof(struct name), "a domain name", name_item},
                [OPTION_HINTS] = {sizeof(struct hint), "a name and an address, as in \"a.root-servers.net 198.41.0.4\"",
                                  hint_item},
                [OPTION_RECORDS] = {sizeof(struct record), "a record in zone file syntax", record_item},
                [OPTION_ZONES] = {sizeof(struct zone_setting),
                                  "a mapping, as in { name: lab.example, addresses: [192.0.2.1] }", zone_item},
        };

        return &kinds[kind];
}

const char *items_allowed(enum option_kind kind)
{
        return item_kind(kind)->allowed;
}

static bool count_is_allowed(struct reading *reading, enum option_id id, const struct node *node, unsigned count)
{
        const struct option *option = option_row(id);
        char key[OPTION_KEY_MAX];

        if (count >= option->min && count <= option->max)
                return true;
        complain(reading->out, node->place, "%s: %u items, allowed are %" PRIu64 " to %" PRIu64, option_key(id, key),
                 count, option->min, option->max);
        return false;
}

/* Is this node of the shape that an item of the setting has? */
static bool item_has_shape(struct reading *reading, enum option_id id, const struct node *node)
{
        if (option_row(id)->kind != OPTION_ZONES)
                return value_is_text(reading, id, node);
        return node->kind == NODE_MAP || value_wrong(reading, id, node);
}

bool items_read(struct reading *reading, enum option_id id, const struct node *node)
{
        const struct item_kind *kind = item_kind(option_row(id)->kind);
        unsigned count = node->kind == NODE_LIST ? node->count : 1;
        const struct node *at = node->kind == NODE_LIST ? node->first : node;
        struct any_list list = {.count = count};
        bool good = true;
        char *item;

        if (!count_is_allowed(reading, id, node, count))
                return false;
        item = value_room(reading, node->place, count * kind->size);
        if (!item)
                return false;
        list.item = item;
        for (unsigned i = 0; i < count && at; i++, at = at->next, item += kind->size)
                good &= item_has_shape(reading, id, at) && kind->read(reading, id, at, item);
        if (good)
                memcpy((char *)reading->settings + option_row(id)->offset, &list, sizeof(list));
        return good;
}
