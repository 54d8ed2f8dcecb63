/*
 * One block of bytes, a list of what lies where, and a table that finds the newest put of a key.
 */
#include "cache/batch.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 2 * BATCH_PUTS_MAX, FIRST_PUTS = 16, FIRST_BYTES = 4096 };

enum { SETTLED = 1, ABANDONED = 2 };

struct batch_entry {
        uint32_t hash;
        uint32_t at; /* offset of the key; the value follows it */
        uint16_t key_len, value_len;
};

struct batch {
        uint64_t generation;
        atomic_uint state;
        size_t count, room;
        struct batch_entry *entry;
        size_t len, size;
        uint8_t *bytes;
        uint16_t slot[SLOTS]; /* 1 + index of the newest put of a key; 0: free. Linear probing */
};

struct batch *batch_new(uint64_t generation)
{
        struct batch *batch = calloc(1, sizeof(*batch));

        if (batch)
                batch->generation = generation;
        return batch;
}

static void batch_free(struct batch *batch)
{
        free(batch->entry);
        free(batch->bytes);
        free(batch);
}

static bool is_key(const struct batch *batch, const struct batch_entry *entry, uint32_t hash, struct store_bytes key)
{
        return entry->hash == hash && entry->key_len == key.len &&
               memcmp(batch->bytes + entry->at, key.bytes, key.len) == 0;
}

/* The slot of this key, or the free one where it belongs. */
static size_t batch_slot(const struct batch *batch, uint32_t hash, struct store_bytes key)
{
        size_t slot = hash % SLOTS;

        while (batch->slot[slot] && !is_key(batch, &batch->entry[batch->slot[slot] - 1], hash, key))
                slot = (slot + 1) % SLOTS;
        return slot;
}

static bool grow_entries(struct batch *batch)
{
        if (batch->count < batch->room)
                return true;

        size_t room = batch->room ? 2 * batch->room : FIRST_PUTS;
        struct batch_entry *entry = realloc(batch->entry, room * sizeof(*entry));
        if (!entry)
                return false;
        batch->entry = entry;
        batch->room = room;
        return true;
}

static bool grow_bytes(struct batch *batch, size_t more)
{
        size_t size = batch->size ? batch->size : FIRST_BYTES;

        if (batch->len + more <= batch->size)
                return true;
        while (size < batch->len + more)
                size *= 2;
        uint8_t *bytes = realloc(batch->bytes, size);
        if (!bytes)
                return false;
        batch->bytes = bytes;
        batch->size = size;
        return true;
}

bool batch_put(struct batch *batch, uint64_t key_hash, struct store_bytes key, struct store_bytes value)
{
        const uint32_t hash = (uint32_t)key_hash;
        size_t more = key.len + value.len;

        if (key.len == 0 || key.len > STORE_KEY_MAX || value.len > STORE_VALUE_MAX)
                return false;
        if (batch->count == BATCH_PUTS_MAX || batch->len + more > BATCH_BYTES_MAX)
                return false;
        if (!grow_entries(batch) || !grow_bytes(batch, more))
                return false;

        size_t slot = batch_slot(batch, hash, key);
        batch->entry[batch->count] = (struct batch_entry){
                .hash = hash, .at = (uint32_t)batch->len,
                .key_len = (uint16_t)key.len, .value_len = (uint16_t)value.len,
        };
        memcpy(batch->bytes + batch->len, key.bytes, key.len);
        memcpy(batch->bytes + batch->len + key.len, value.bytes, value.len);
        batch->len += more;
        batch->slot[slot] = (uint16_t)++batch->count;
        return true;
}

bool batch_get(const struct batch *batch, uint64_t key_hash, struct store_bytes key, struct store_bytes *value)
{
        size_t slot = batch_slot(batch, (uint32_t)key_hash, key);

        if (!batch->slot[slot])
                return false;
        *value = batch_item(batch, batch->slot[slot] - 1U).value;
        return true;
}

size_t batch_count(const struct batch *batch)
{
        return batch->count;
}

size_t batch_bytes(const struct batch *batch)
{
        return batch->len;
}

uint64_t batch_generation(const struct batch *batch)
{
        return batch->generation;
}

struct store_item batch_item(const struct batch *batch, size_t i)
{
        const struct batch_entry *entry = &batch->entry[i];
        const uint8_t *key = batch->bytes + entry->at;

        return (struct store_item){
                .key = { .bytes = key, .len = entry->key_len },
                .value = { .bytes = key + entry->key_len, .len = entry->value_len },
        };
}

bool batch_is_settled(const struct batch *batch)
{
        return atomic_load_explicit(&batch->state, memory_order_acquire) & SETTLED;
}

static void batch_leave(struct batch *batch, unsigned mine, unsigned other)
{
        if (atomic_fetch_or_explicit(&batch->state, mine, memory_order_acq_rel) & other)
                batch_free(batch);
}

void batch_settle(struct batch *batch)
{
        batch_leave(batch, SETTLED, ABANDONED);
}

void batch_abandon(struct batch *batch)
{
        batch_leave(batch, ABANDONED, SETTLED);
}
