#include "index.h"
#include "pool.h"
#include <stdlib.h>

enum { FIRST_SIZE = 64 };

static void slot_take(struct lab_index *index, struct lab_slot slot)
{
        size_t at = slot.hash & (index->size - 1);

        while (index->slots[at].number_plus_one)
                at = (at + 1) & (index->size - 1);
        index->slots[at] = slot;
}

static void index_grow(struct lab_index *index)
{
        struct lab_index old = *index;

        index->size = old.size ? 2 * old.size : FIRST_SIZE;
        index->slots = lab_grow(NULL, index->size * sizeof *index->slots);
        for (size_t i = 0; i < index->size; i++)
                index->slots[i] = (struct lab_slot){ 0 };
        for (size_t i = 0; i < old.size; i++)
                if (old.slots[i].number_plus_one)
                        slot_take(index, old.slots[i]);
        free(old.slots);
}

void lab_index_put(struct lab_index *index, uint64_t hash, uint32_t number)
{
        if (2 * index->count >= index->size)
                index_grow(index);
        slot_take(index, (struct lab_slot){ .hash = hash, .number_plus_one = number + 1 });
        index->count++;
}

bool lab_index_next(const struct lab_index *index, uint64_t hash, size_t *cursor, uint32_t *number)
{
        while (*cursor < index->size) {
                const struct lab_slot *slot = &index->slots[(hash + (*cursor)++) & (index->size - 1)];
                if (!slot->number_plus_one)
                        return false;
                if (slot->hash == hash) {
                        *number = slot->number_plus_one - 1;
                        return true;
                }
        }
        return false;
}

void lab_index_fini(struct lab_index *index)
{
        free(index->slots);
        *index = (struct lab_index){ 0 };
}
