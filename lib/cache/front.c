/*
 * A two-way table of fixed slots. A slot is one kilobyte, and what a short answer needs stands in its first three lines
 * of memory:
 *
 *   struct front_slot | sources | TTL offsets | key | answer
 */
#include "cache/front.h"
#include "base/buf.h"
#include <stdlib.h>
#include <string.h>

enum {
        WAYS = 2,
        SLOT_BYTES = FRONT_SOURCES_MAX * sizeof(uint64_t) + FRONT_TTLS_MAX * sizeof(uint16_t) + FRONT_BYTES_MAX,
};

struct front_slot {
        uint64_t hash;
        uint64_t generation; /* 0: never used */
        uint64_t written_at, ends_at, used_at;
        uint16_t key_len, len;
        uint8_t ttl_count, source_count;
        _Alignas(uint64_t) uint8_t bytes[SLOT_BYTES];
};

_Static_assert(sizeof(struct front_slot) == 1024, "as long as front.h says");

struct front {
        struct front_slot *slot;
        size_t mask; /* of the first slot of a pair */
        uint64_t generation;
        uint8_t secret[SIPHASH_KEY_LEN];
};

struct front *front_new(size_t slots, const uint8_t secret[SIPHASH_KEY_LEN])
{
        struct front *front = calloc(1, sizeof(*front));
        size_t pairs = 1;

        if (!front)
                return NULL;
        while (pairs * WAYS * 2 <= slots)
                pairs *= 2;
        front->slot = calloc(pairs * WAYS, sizeof(*front->slot));
        if (!front->slot) {
                free(front);
                return NULL;
        }
        front->mask = pairs - 1;
        front->generation = 1;
        memcpy(front->secret, secret, SIPHASH_KEY_LEN);
        return front;
}

void front_free(struct front *front)
{
        if (!front)
                return;
        free(front->slot);
        free(front);
}

void front_forget(struct front *front)
{
        front->generation++;
}

static struct front_slot *front_pair(struct front *front, uint64_t hash)
{
        return &front->slot[(hash & front->mask) * WAYS];
}

static uint64_t *sources_of(struct front_slot *slot)
{
        return (uint64_t *)(void *)slot->bytes;
}

static uint16_t *ttls_of(struct front_slot *slot)
{
        return (uint16_t *)(void *)(sources_of(slot) + slot->source_count);
}

static uint8_t *key_of(struct front_slot *slot)
{
        return (uint8_t *)(ttls_of(slot) + slot->ttl_count);
}

static bool is_question(const struct front *front, struct front_slot *slot, uint64_t hash, const uint8_t *key,
                        size_t key_len)
{
        return slot->hash == hash && slot->generation == front->generation && slot->key_len == key_len &&
               memcmp(key_of(slot), key, key_len) == 0;
}

bool front_get(struct front *front, const uint8_t *key, size_t key_len, uint64_t now_s, struct front_answer *out)
{
        uint64_t hash = siphash(front->secret, key, key_len);
        struct front_slot *slot = front_pair(front, hash);

        for (unsigned way = 0; way < WAYS; way++, slot++) {
                if (!is_question(front, slot, hash, key, key_len) || slot->ends_at <= now_s)
                        continue;
                *out = (struct front_answer){
                        .bytes = key_of(slot) + slot->key_len,
                        .len = slot->len,
                        .ttl_count = slot->ttl_count,
                        .ttl_at = ttls_of(slot),
                        .source_count = slot->used_at == now_s ? 0 : slot->source_count,
                        .source = sources_of(slot),
                        .written_at = slot->written_at,
                        .ends_at = slot->ends_at,
                };
                slot->used_at = now_s;
                return true;
        }
        return false;
}

/* The smallest TTL; 0 if there is none, or an offset lies outside. */
static uint32_t smallest_ttl(const struct front_answer *answer)
{
        uint32_t smallest = UINT32_MAX;

        for (unsigned i = 0; i < answer->ttl_count; i++) {
                if (answer->ttl_at[i] + 4U > answer->len)
                        return 0;
                uint32_t ttl = load_u32(answer->bytes + answer->ttl_at[i]);
                if (ttl < smallest)
                        smallest = ttl;
        }
        return answer->ttl_count ? smallest : 0;
}

static bool is_idle(const struct front *front, const struct front_slot *slot, uint64_t now_s)
{
        return slot->generation != front->generation || slot->ends_at <= now_s;
}

/* The slot of this question; else an idle one; else the one that was used longer ago. */
static struct front_slot *front_place(struct front *front, uint64_t hash, const uint8_t *key, size_t key_len,
                                      uint64_t now_s)
{
        struct front_slot *pair = front_pair(front, hash);

        for (unsigned way = 0; way < WAYS; way++) {
                if (is_question(front, &pair[way], hash, key, key_len))
                        return &pair[way];
        }
        for (unsigned way = 0; way < WAYS; way++) {
                if (is_idle(front, &pair[way], now_s))
                        return &pair[way];
        }
        return pair[0].used_at <= pair[1].used_at ? &pair[0] : &pair[1];
}

static void fill(struct front_slot *slot, const uint8_t *key, size_t key_len, const struct front_answer *answer)
{
        slot->key_len = (uint16_t)key_len;
        slot->len = answer->len;
        slot->ttl_count = answer->ttl_count;
        slot->source_count = answer->source_count;
        if (answer->source_count)
                memcpy(sources_of(slot), answer->source, answer->source_count * sizeof(answer->source[0]));
        memcpy(ttls_of(slot), answer->ttl_at, answer->ttl_count * sizeof(answer->ttl_at[0]));
        memcpy(key_of(slot), key, key_len);
        memcpy(key_of(slot) + key_len, answer->bytes, answer->len);
}

bool front_put(struct front *front, const uint8_t *key, size_t key_len, const struct front_answer *answer)
{
        if (key_len > FRONT_KEY_MAX || key_len + answer->len > FRONT_BYTES_MAX)
                return false;
        if (answer->ttl_count > FRONT_TTLS_MAX || answer->source_count > FRONT_SOURCES_MAX)
                return false;

        uint64_t ends_at = answer->written_at + smallest_ttl(answer);
        if (answer->ends_at < ends_at)
                ends_at = answer->ends_at;
        if (ends_at <= answer->written_at)
                return false;

        uint64_t hash = siphash(front->secret, key, key_len);
        struct front_slot *slot = front_place(front, hash, key, key_len, answer->written_at);
        slot->hash = hash;
        slot->generation = front->generation;
        slot->written_at = slot->used_at = answer->written_at;
        slot->ends_at = ends_at;
        fill(slot, key, key_len, answer);
        return true;
}

void front_copy(const struct front_answer *answer, uint64_t now_s, uint8_t *out)
{
        uint64_t age_s = now_s > answer->written_at ? now_s - answer->written_at : 0;

        memcpy(out, answer->bytes, answer->len);
        for (unsigned i = 0; i < answer->ttl_count; i++) {
                uint8_t *field = out + answer->ttl_at[i];
                uint32_t ttl = load_u32(field);

                store_u32(field, ttl > age_s ? ttl - (uint32_t)age_s : 0);
        }
}
