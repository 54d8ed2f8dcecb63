#pragma once
/*
 * Memory that is given back all at once.
 *
 * A laboratory lives until its program ends; what it builds for one answer lives until the next. Both draw from a
 * pool. A test helper has nothing sensible to do without memory, so running out ends the program with a sentence.
 */
#include <stddef.h>
#include <stdint.h>

struct lab_block;

struct lab_pool {
        struct lab_block *newest;
};

/** size zeroed bytes, aligned for any type. */
void *lab_alloc(struct lab_pool *pool, size_t size);

/** A copy of len bytes. */
void *lab_copy(struct lab_pool *pool, const void *bytes, size_t len);

/** Forget all that was allocated, but keep one block for what comes next. */
void lab_clear(struct lab_pool *pool);

/** Give everything back. */
void lab_pool_fini(struct lab_pool *pool);

/** malloc's realloc that never returns NULL; for arrays that grow while zones are read. */
void *lab_grow(void *old, size_t size);
