/*
 * A hash table with chains, and a list through all nodes in the order of use.
 *
 * The table is allocated whole at birth: its maximum is known, untouched pages cost nothing, and no growth ever stops a
 * loop for a rehash. Nodes are allocated one by one and never given back before the end: a node that lost its value
 * waits in `spare` for the next.
 */
#include "base/map.h"
#include <endian.h>
#include <stdlib.h>
#include <string.h>

static uint64_t load_le64(const uint8_t *p)
{
        uint64_t v;

        memcpy(&v, p, sizeof v);
        return le64toh(v);
}

/* The last bytes of len as a little-endian number: those behind the last whole word. */
static uint64_t load_rest(const uint8_t *bytes, size_t len)
{
        size_t rest = len % 8;
        uint64_t v = 0;

        if (!rest)
                return 0;
        if (len > 8) /* a word of known length is read at once, and what was seen before is shifted out */
                return load_le64(bytes + len - 8) >> 8 * (8 - rest);
        memcpy(&v, bytes, rest);
        return le64toh(v);
}

static uint64_t rotate_left(uint64_t v, unsigned bits)
{
        return v << bits | v >> (64 - bits);
}

static inline __attribute__((always_inline)) void sip_rounds(uint64_t v[4], unsigned rounds)
{
        while (rounds-- > 0) {
                v[0] += v[1];
                v[2] += v[3];
                v[1] = rotate_left(v[1], 13) ^ v[0];
                v[3] = rotate_left(v[3], 16) ^ v[2];
                v[0] = rotate_left(v[0], 32);
                v[2] += v[1];
                v[0] += v[3];
                v[1] = rotate_left(v[1], 17) ^ v[2];
                v[3] = rotate_left(v[3], 21) ^ v[0];
                v[2] = rotate_left(v[2], 32);
        }
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. Inline, so that the rounds are counted at compile
 * time: each question is hashed. */
static inline __attribute__((always_inline)) uint64_t sip(const uint8_t key[SIPHASH_KEY_LEN], const void *bytes,
                                                          size_t len, unsigned rounds, unsigned last_rounds)
{
        const uint8_t *p = bytes, *end = p + len / 8 * 8;
        uint64_t k0 = load_le64(key), k1 = load_le64(key + 8);
        uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, /* "somepseu", "dorandom" */
                          k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 }; /* "lygenera", "tedbytes" */

        for (; p < end; p += 8) {
                uint64_t word = load_le64(p);
                v[3] ^= word;
                sip_rounds(v, rounds);
                v[0] ^= word;
        }
        uint64_t last = (uint64_t)len << 56 | load_rest(bytes, len);
        v[3] ^= last;
        sip_rounds(v, rounds);
        v[0] ^= last;
        v[2] ^= 0xff;
        sip_rounds(v, last_rounds);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], const void *bytes, size_t len)
{
        return sip(key, bytes, len, 1, 3);
}

uint64_t siphash24(const uint8_t key[SIPHASH_KEY_LEN], const void *bytes, size_t len)
{
        return sip(key, bytes, len, 2, 4);
}

enum err map_init(struct map *map, size_t max, const uint8_t secret[SIPHASH_KEY_LEN], map_evict *evict, void *context)
{
        size_t bucket_count = 1;

        while (bucket_count < max)
                bucket_count *= 2;
        struct map_node **bucket = calloc(bucket_count, sizeof *bucket);
        if (!bucket)
                return ERR_MEMORY;
        *map = (struct map){ .bucket = bucket, .bucket_count = bucket_count, .max = max, .evict = evict,
                             .context = context };
        memcpy(map->secret, secret, SIPHASH_KEY_LEN);
        return ERR_OK;
}

static struct map_node **bucket_of(const struct map *map, uint64_t hash)
{
        return &map->bucket[hash & (map->bucket_count - 1)];
}

/* The link that leads to the node of this key, or to the NULL at the end of its chain. */
static struct map_node **find(const struct map *map, uint64_t hash, const void *key, size_t len)
{
        struct map_node **link = bucket_of(map, hash);

        while (*link) {
                const struct map_node *node = *link;
                if (node->hash == hash && node->key_len == len && (len == 0 || memcmp(node->key, key, len) == 0))
                        break;
                link = &(*link)->chain;
        }
        return link;
}

static void list_add_newest(struct map *map, struct map_node *node)
{
        node->newer = NULL;
        node->older = map->newest;
        if (map->newest)
                map->newest->newer = node;
        else
                map->oldest = node;
        map->newest = node;
}

static void list_remove(struct map *map, struct map_node *node)
{
        if (node->newer)
                node->newer->older = node->older;
        else
                map->newest = node->older;
        if (node->older)
                node->older->newer = node->newer;
        else
                map->oldest = node->newer;
}

/* Unhook the node that this link leads to; its value is the caller's now. */
static void *unlink_node(struct map *map, struct map_node **link)
{
        struct map_node *node = *link;

        *link = node->chain;
        list_remove(map, node);
        node->chain = map->spare;
        map->spare = node;
        map->count--;
        return node->value;
}

/* The hook runs when the node is gone already, so that it finds a consistent map. */
static void drop_oldest(struct map *map)
{
        struct map_node **link = bucket_of(map, map->oldest->hash);

        while (*link != map->oldest)
                link = &(*link)->chain;
        void *value = unlink_node(map, link);
        if (map->evict)
                map->evict(map->context, value);
}

void map_fini(struct map *map)
{
        while (map->oldest)
                drop_oldest(map);
        while (map->spare) {
                struct map_node *node = map->spare;
                map->spare = node->chain;
                free(node);
        }
        free(map->bucket);
        *map = (struct map){ 0 };
}

void *map_get(struct map *map, const void *key, size_t len)
{
        if (map->count == 0)
                return NULL;
        struct map_node *node = *find(map, siphash(map->secret, key, len), key, len);
        if (!node)
                return NULL;
        if (node != map->newest) {
                list_remove(map, node);
                list_add_newest(map, node);
        }
        return node->value;
}

static struct map_node *node_new(struct map *map)
{
        struct map_node *node = map->spare;

        if (!node)
                return malloc(sizeof *node);
        map->spare = node->chain;
        return node;
}

enum err map_put(struct map *map, const void *key, size_t len, void *value)
{
        uint64_t hash = siphash(map->secret, key, len);

        if (!EXPECT(!*find(map, hash, key, len)))
                return ERR_FULL;
        if (map->count >= map->max && (!map->evict || map->max == 0))
                return ERR_FULL;
        if (map->count >= map->max)
                drop_oldest(map);
        struct map_node *node = node_new(map);
        if (!node)
                return ERR_MEMORY;

        struct map_node **bucket = bucket_of(map, hash);
        *node = (struct map_node){ .chain = *bucket, .hash = hash, .key = key, .key_len = len, .value = value };
        *bucket = node;
        list_add_newest(map, node);
        map->count++;
        return ERR_OK;
}

void *map_take(struct map *map, const void *key, size_t len)
{
        if (map->count == 0)
                return NULL;
        struct map_node **link = find(map, siphash(map->secret, key, len), key, len);
        return *link ? unlink_node(map, link) : NULL;
}

void map_each(struct map *map, bool (*visit)(void *context, void *value), void *context)
{
        struct map_node *next = NULL;

        for (struct map_node *node = map->oldest; node; node = next) {
                next = node->newer;
                if (!visit(context, node->value))
                        return;
        }
}
