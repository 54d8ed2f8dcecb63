#pragma once
/*
 * Numbers by hash: finds the candidates, the caller compares. Open addressing; grows; nothing is ever taken out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lab_index {
        struct lab_slot *slots;
        size_t size; /* a power of two, or 0 */
        size_t count;
};

struct lab_slot {
        uint64_t hash;
        uint32_t number_plus_one; /* 0: free */
};

void lab_index_put(struct lab_index *index, uint64_t hash, uint32_t number);

/** The next number under this hash; *cursor starts at 0. Returns false when there are no more. */
bool lab_index_next(const struct lab_index *index, uint64_t hash, size_t *cursor, uint32_t *number);

void lab_index_fini(struct lab_index *index);
