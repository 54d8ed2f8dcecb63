/*
 * Keys of the store: written, and taken apart again.
 */
#include "cache/key.h"
#include <string.h>

enum { ROUTE_WALK, ROUTE_OTHER };

void key_partition(struct key *key, enum key_space space, cache_partition partition)
{
        key->bytes[0] = (uint8_t)space;
        key->bytes[1] = partition ? ROUTE_OTHER : ROUTE_WALK;
        if (partition)
                store_u64(key->bytes + 2, partition);
        key->len = partition ? 2 + sizeof(partition) : 2;
}

/* A reader that stands behind the space. False: malformed. */
static bool partition_read(struct reader *reader, cache_partition *out)
{
        uint8_t route = read_u8(reader);

        *out = route == ROUTE_OTHER ? read_u64(reader) : 0;
        return !reader->failed && (route == ROUTE_WALK || *out != 0);
}

static bool key_append(struct key *key, const void *bytes, size_t len)
{
        if (len > sizeof(key->bytes) - key->len)
                return false;
        memcpy(key->bytes + key->len, bytes, len);
        key->len += len;
        return true;
}

bool key_name(struct key *key, enum key_space space, cache_partition partition, const struct name *name, bool and_below)
{
        uint8_t sort_key[NAME_KEY_MAX];
        size_t len = name_sort_key(name, sort_key);

        key_partition(key, space, partition);
        return key_append(key, sort_key, len) && (and_below || key_append(key, "", 1));
}

bool key_records(struct key *key, enum key_space space, cache_partition partition, const struct name *name,
                 uint16_t type)
{
        uint8_t number[2];

        store_u16(number, type);
        return key_name(key, space, partition, name, false) && key_append(key, number, sizeof(number));
}

bool key_delegation(struct key *key, cache_partition partition, const struct name *cut)
{
        return key_name(key, SPACE_DELEGATIONS, partition, cut, false);
}

void key_server(struct key *key, const struct address *address)
{
        size_t len = address_len(address);

        key->bytes[0] = SPACE_SERVERS;
        key->bytes[1] = address->family;
        memcpy(key->bytes + 2, address->bytes, len);
        key->len = 2 + len;
}

bool key_zone(struct key *key, cache_partition partition, const struct name *zone)
{
        return key_name(key, SPACE_ZONES, partition, zone, false);
}

bool key_range(struct key *key, enum key_space space, cache_partition partition, uint64_t chain, const uint8_t *point,
               size_t len)
{
        uint8_t number[8];

        store_u64(number, chain);
        key_partition(key, space, partition);
        return key_append(key, number, sizeof(number)) && key_append(key, point, len);
}

void key_from(struct key *key, struct store_bytes bytes)
{
        key->len = bytes.len < sizeof(key->bytes) ? bytes.len : sizeof(key->bytes);
        memcpy(key->bytes, bytes.bytes, key->len);
}

/* Is this key in that space? Then *partition is its own. */
static bool key_in_space(struct store_bytes key, enum key_space space, cache_partition *partition)
{
        struct reader reader = reader_over(key.bytes, key.len);
        cache_partition found;

        if (read_u8(&reader) != (uint8_t)space || !partition_read(&reader, &found))
                return false;
        *partition = found;
        return true;
}

enum err key_next_partition(struct store_view *view, enum key_space space, struct arena *scratch,
                            cache_partition *partition)
{
        struct arena_mark mark = arena_mark(scratch);
        struct store_item item;
        struct key from;

        key_partition(&from, space, *partition);
        enum err err = store_seek(view, SEEK_FIRST_FROM, key_view(&from), scratch, &item);
        if (!err && !key_in_space(item.key, space, partition))
                err = ERR_MISSING;
        arena_reset(scratch, mark);
        return err;
}

bool key_has_prefix(struct store_bytes key, struct store_bytes prefix)
{
        return key.len >= prefix.len && memcmp(key.bytes, prefix.bytes, prefix.len) == 0;
}

bool key_behind(struct key *prefix)
{
        while (prefix->len > 0 && prefix->bytes[prefix->len - 1] == 0xff)
                prefix->len--;
        if (prefix->len == 0)
                return false;
        prefix->bytes[prefix->len - 1]++;
        return true;
}

/* Undo 01 01 and 01 02 of one label, up to its 00. False: malformed. */
static bool label_read(struct reader *reader, uint8_t label[63], uint8_t *len)
{
        *len = 0;
        for (uint8_t byte = read_u8(reader); byte != 0; byte = read_u8(reader)) {
                if (byte == 1) {
                        uint8_t escaped = read_u8(reader);

                        if (escaped != 1 && escaped != 2)
                                return false;
                        byte = (uint8_t)(escaped - 1);
                }
                if (*len == 63)
                        return false;
                label[(*len)++] = byte;
        }
        return !reader->failed;
}

/* The labels come from the root down, so each is put in front of what is there already. */
static bool name_from_key(struct reader *reader, uint8_t room[NAME_WIRE_MAX], struct name *out)
{
        uint8_t wire[NAME_WIRE_MAX];
        uint8_t label[63], len;
        struct name name = name_root;

        while (reader_left(reader) > 0 && *reader->at != 0) {
                if (!label_read(reader, label, &len) || len == 0)
                        return false;
                memcpy(wire, name.wire, name.len);
                struct name parent = { .wire = wire, .len = name.len, .label_count = name.label_count };
                if (name_prepend(label, len, &parent, room, &name) != ERR_OK)
                        return false;
        }
        *out = name;
        return read_bytes(reader, 1) != NULL; /* the 00 that ends the name */
}

static enum err key_read_server(struct reader *reader, struct key_parts *out)
{
        uint8_t family = read_u8(reader);
        size_t len = reader_left(reader);

        if (!(family == 4 && len == 4) && !(family == 6 && len == 16))
                return ERR_FORM;
        *out = (struct key_parts){ .space = SPACE_SERVERS, .address = address_from(reader->at, len) };
        return ERR_OK;
}

enum err key_read(struct store_bytes key, uint8_t room[NAME_WIRE_MAX], struct key_parts *out)
{
        struct reader reader = reader_over(key.bytes, key.len);
        struct key_parts parts = { .space = (enum key_space)read_u8(&reader) };

        switch (parts.space) {
        case SPACE_SERVERS:
                return key_read_server(&reader, out);
        case SPACE_BOGUS:
        case SPACE_DELEGATIONS:
        case SPACE_FAILURES:
        case SPACE_RECORDS:
        case SPACE_ZONES:
                if (!partition_read(&reader, &parts.partition) || !name_from_key(&reader, room, &parts.name))
                        return ERR_FORM;
                if (parts.space != SPACE_DELEGATIONS && parts.space != SPACE_ZONES)
                        parts.type = read_u16(&reader);
                if (reader.failed || reader_left(&reader) > 0)
                        return ERR_FORM;
                *out = parts;
                return ERR_OK;
        case SPACE_NSEC:
        case SPACE_NSEC3:
                break; /* found by their chain's number, which only their zone tells */
        }
        return ERR_FORM;
}
