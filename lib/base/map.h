#pragma once
/*
 * A bounded hash table of pointers by byte-string keys. The hash is keyed (SipHash-2-4), so that nobody outside can
 * aim at one bucket. The key's bytes belong to the value and live as long as it is in the map.
 *
 * When the map is full, the value that was least recently found or put is handed to the eviction hook and dropped; a
 * map without a hook refuses instead.
 */
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY_LEN = 16 };

/**
 * SipHash-1-3 with a 64-bit result: for tables, where nobody sees a hash, and for checksums of what only we write. The
 * hash tables of Linux, Rust and Python have come down to so many rounds as well.
 */
uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], const void *bytes, size_t len);

/** SipHash-2-4, for what others see or make as well (cookies, RFC 9018). */
uint64_t siphash24(const uint8_t key[SIPHASH_KEY_LEN], const void *bytes, size_t len);

struct map_node {
        struct map_node *chain;        /* same bucket */
        struct map_node *newer, *older; /* order of use */
        uint64_t hash;
        const void *key;
        size_t key_len;
        void *value;
};

typedef void map_evict(void *context, void *value);

struct map {
        struct map_node **bucket;
        size_t bucket_count;
        struct map_node *newest, *oldest;
        struct map_node *spare;
        size_t count, max;
        uint8_t secret[SIPHASH_KEY_LEN];
        map_evict *evict;
        void *context;
};

/** An empty map for at most max values; evict may be NULL. ERR_MEMORY. */
MUST_USE enum err map_init(struct map *map, size_t max, const uint8_t secret[SIPHASH_KEY_LEN], map_evict *evict,
                           void *context);

/** Drop the table. Values still in it are handed to the hook first. */
void map_fini(struct map *map);

/** The value under this key, or NULL. A value found becomes the most recently used. */
void *map_get(struct map *map, const void *key, size_t len);

/** Put a value under a key that is not in the map yet. ERR_FULL without a hook at the maximum, ERR_MEMORY. */
MUST_USE enum err map_put(struct map *map, const void *key, size_t len, void *value);

/** Take a value out without calling the hook; NULL if it is not there. */
void *map_take(struct map *map, const void *key, size_t len);

/** Each value from the least to the most recently used, until visit returns false; it may take its value out. */
void map_each(struct map *map, bool (*visit)(void *context, void *value), void *context);
