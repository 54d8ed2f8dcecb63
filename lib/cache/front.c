/*
 * A table of rows. A row is one kilobyte in four slots: four short answers, or a long one, or what fits in between.
 * When each answer had a kilobyte, the usual one of 150 to 250 bytes left most of it unused. An answer stands in one
 * piece, from the head of its first slot into as many behind it as it needs:
 *
 *   struct front_slot | sources | TTL offsets | key | answer
 */
#include "cache/front.h"
#include "base/buf.h"
#include <stdlib.h>
#include <string.h>

enum {
        SLOTS = 4, /* of a row */
        SLOT_BYTES = 256,
        ROW_BYTES = SLOTS * SLOT_BYTES,
};

struct front_slot {
        uint64_t hash;
        uint64_t generation; /* 0: never used */
        uint64_t written_at, ends_at, used_at;
        uint16_t key_len, len;
        uint8_t ttl_count, source_count;
        uint8_t more; /* slots behind this one that the answer reaches into */
        _Alignas(uint64_t) uint8_t bytes[];
};

enum {
        ANSWER_MAX = sizeof(struct front_slot) + FRONT_SOURCES_MAX * sizeof(uint64_t) +
                     FRONT_TTLS_MAX * sizeof(uint16_t) + FRONT_BYTES_MAX,
};

_Static_assert((int)ANSWER_MAX == (int)ROW_BYTES, "the longest answer fills a row");

struct front {
        uint8_t *rows;
        size_t mask; /* of a row's number */
        uint64_t generation;
        uint8_t secret[SIPHASH_KEY_LEN];
};

struct front *front_new(size_t size, const uint8_t secret[SIPHASH_KEY_LEN])
{
        struct front *front = calloc(1, sizeof(*front));
        size_t rows = 1;

        if (!front)
                return NULL;
        while (rows * ROW_BYTES * 2 <= size)
                rows *= 2;
        front->rows = calloc(rows, ROW_BYTES);
        if (!front->rows) {
                free(front);
                return NULL;
        }
        front->mask = rows - 1;
        front->generation = 1;
        memcpy(front->secret, secret, SIPHASH_KEY_LEN);
        return front;
}

void front_free(struct front *front)
{
        if (!front)
                return;
        free(front->rows);
        free(front);
}

void front_forget(struct front *front)
{
        front->generation++;
}

static uint8_t *front_row(const struct front *front, uint64_t hash)
{
        return front->rows + (hash & front->mask) * ROW_BYTES;
}

static struct front_slot *slot_of(uint8_t *row, unsigned number)
{
        return (struct front_slot *)(void *)(row + number * SLOT_BYTES);
}

/* The number of the slot behind this answer. */
static unsigned slot_behind(uint8_t *row, unsigned number)
{
        return number + 1U + slot_of(row, number)->more;
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

/* The slot of this question; NULL: it is not there. */
static struct front_slot *front_find(const struct front *front, uint64_t hash, const uint8_t *key, size_t key_len)
{
        uint8_t *row = front_row(front, hash);

        for (unsigned i = 0; i < SLOTS; i = slot_behind(row, i)) {
                if (is_question(front, slot_of(row, i), hash, key, key_len))
                        return slot_of(row, i);
        }
        return NULL;
}

bool front_get(struct front *front, const uint8_t *key, size_t key_len, uint64_t now_s, struct front_answer *out)
{
        struct front_slot *slot = front_find(front, siphash(front->secret, key, key_len), key, key_len);

        if (!slot || slot->ends_at <= now_s)
                return false;
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

/* When something in these slots was used last; 0: nothing in them is of use. */
static uint64_t last_use(const struct front *front, uint8_t *row, unsigned first, unsigned count, uint64_t now_s)
{
        uint64_t last = 0;

        for (unsigned i = first; i < first + count; i = slot_behind(row, i)) {
                const struct front_slot *slot = slot_of(row, i);

                if (slot->generation == front->generation && slot->ends_at > now_s && slot->used_at > last)
                        last = slot->used_at;
        }
        return last;
}

/* The first of so many slots: those whose answers were last used longest ago. */
static unsigned front_place(const struct front *front, uint8_t *row, unsigned count, uint64_t now_s)
{
        uint64_t least = UINT64_MAX;
        unsigned place = 0;

        for (unsigned i = 0; i + count <= SLOTS; i = slot_behind(row, i)) {
                uint64_t last = last_use(front, row, i, count, now_s);

                if (last < least) {
                        least = last;
                        place = i;
                }
        }
        return place;
}

/* Empty so many slots, and those behind that their answers reach into. */
static void front_clear(uint8_t *row, unsigned first, unsigned count)
{
        for (unsigned i = first, behind; i < first + count; i = behind) {
                behind = slot_behind(row, i);
                for (unsigned at = i; at < behind; at++)
                        *slot_of(row, at) = (struct front_slot){ .generation = 0 };
        }
}

static unsigned slots_for(size_t key_len, const struct front_answer *answer)
{
        size_t len = sizeof(struct front_slot) + answer->source_count * sizeof(answer->source[0]) +
                     answer->ttl_count * sizeof(answer->ttl_at[0]) + key_len + answer->len;

        return (unsigned)((len + SLOT_BYTES - 1) / SLOT_BYTES);
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
        uint8_t *row = front_row(front, hash);
        struct front_slot *slot = front_find(front, hash, key, key_len);
        if (slot)
                slot->generation = 0;
        unsigned count = slots_for(key_len, answer);
        unsigned place = front_place(front, row, count, answer->written_at);
        front_clear(row, place, count);
        slot = slot_of(row, place);
        slot->hash = hash;
        slot->generation = front->generation;
        slot->written_at = slot->used_at = answer->written_at;
        slot->more = (uint8_t)(count - 1);
        slot->ends_at = ends_at;
        fill(slot, key, key_len, answer);
        return true;
}

void front_copy(const struct front_answer *answer, uint64_t now_s, uint8_t *out)
{
        uint64_t age_s = now_s > answer->written_at ? now_s - answer->written_at : 0;

        memcpy(out, answer->bytes, answer->len);
        for (unsigned i = 0; i < answer->ttl_count; i++) { /* not from the copy, which is still on its way to memory */
                uint32_t ttl = load_u32(answer->bytes + answer->ttl_at[i]);

                store_u32(out + answer->ttl_at[i], ttl > age_s ? ttl - (uint32_t)age_s : 0);
        }
}
