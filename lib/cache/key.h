#pragma once
/*
 * Keys of the store: a space, then what is looked up there, so that byte order is an order of use.
 *
 *   records, failures, bogus   'R' 'F' 'B' | route | name key | 00 | type (2)
 *   delegations                'D'         | route | name key | 00
 *   servers                    'S'         | 4 or 6 (1) | address (4 or 16)
 *   zones that deny            'Z'         | route | name key | 00
 *   ranges                     'N' (NSEC)  | route | chain (8) | name key of the owner
 *                              '3' (NSEC3) | route | chain (8) | hashed owner (20)
 *
 * The route is 00 for partition 0, which nearly all entries belong to: the walk from the root. Others are 01 and the
 * partition (8).
 *
 * The name key (name_sort_key) lists labels from the root down, each ended by 00, and never holds two 00 in a row. So
 * the second 00 ends the name: entries of one name are neighbours, followed by those of the names below it, in
 * canonical order.
 *
 * A name that does not exist is stored under type 0, as it lacks every type. Failures have a space of their own: a note
 * that a question cannot be answered now must not push out an expired answer that could still be served (RFC 8767).
 */
#include "cache/cache.h"
#include "store/store.h"
#include "wire/name.h"
#include <stdbool.h>
#include <stdint.h>

enum key_space {
        SPACE_NSEC3 = '3',
        SPACE_BOGUS = 'B',
        SPACE_DELEGATIONS = 'D',
        SPACE_FAILURES = 'F',
        SPACE_NSEC = 'N',
        SPACE_RECORDS = 'R',
        SPACE_SERVERS = 'S',
        SPACE_ZONES = 'Z',
};

enum { KEY_TYPE_NXDOMAIN = 0 };

struct key {
        size_t len;
        uint8_t bytes[STORE_KEY_MAX];
};

static inline struct store_bytes key_view(const struct key *key)
{
        return (struct store_bytes){ .bytes = key->bytes, .len = key->len };
}

/** False, here and below: the name is too long for a key. */
bool key_records(struct key *key, enum key_space space, cache_partition partition, const struct name *name,
                 uint16_t type);
bool key_delegation(struct key *key, cache_partition partition, const struct name *cut);
void key_server(struct key *key, const struct address *address);
bool key_zone(struct key *key, cache_partition partition, const struct name *zone);

/** A point in a chain's order (struct denying_zone); of len 0 where the chain begins: all its keys begin so. */
bool key_range(struct key *key, enum key_space space, cache_partition partition, uint64_t chain, const uint8_t *point,
               size_t len);

/** Only space and partition: where a route's entries begin. */
void key_partition(struct key *key, enum key_space space, cache_partition partition);

/**
 * Only space, partition and name: all keys that begin so belong to this name; without the final 00 also to names
 * below it.
 */
bool key_name(struct key *key, enum key_space space, cache_partition partition, const struct name *name,
              bool and_below);

/** A copy of a stored key; cut off at STORE_KEY_MAX bytes, which no stored key has more of. */
void key_from(struct key *key, struct store_bytes bytes);

/**
 * The first partition at or behind *partition that has entries in this space. ERR_MISSING: there is none; other
 * errors as of store_seek(). The arena is as it was afterwards.
 */
MUST_USE enum err key_next_partition(struct store_view *view, enum key_space space, struct arena *scratch,
                                     cache_partition *partition);

/** Does key begin with the bytes of prefix? */
bool key_has_prefix(struct store_bytes key, struct store_bytes prefix);

/**
 * The least key behind all keys that begin with prefix, for the next seek: its last byte below FF counted up, what
 * follows dropped. False if there is none. In place.
 */
bool key_behind(struct key *prefix);

/* A key taken apart, for people. */
struct key_parts {
        enum key_space space;
        cache_partition partition;
        struct name name;       /* lower case; in the caller's room; not for servers */
        uint16_t type;          /* records, failures, bogus */
        struct address address; /* servers */
};

/** ERR_FORM: no key of ours. */
MUST_USE enum err key_read(struct store_bytes key, uint8_t room[NAME_WIRE_MAX], struct key_parts *out);
