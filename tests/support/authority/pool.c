#include "pool.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 256 * 1024, ALIGNMENT = 16 };

struct lab_block {
        struct lab_block *older;
        size_t size, used;
        _Alignas(ALIGNMENT) uint8_t bytes[];
};

void *lab_grow(void *old, size_t size)
{
        void *memory = realloc(old, size ? size : 1);

        if (!memory) {
                fputs("authority: out of memory\n", stderr);
                exit(1);
        }
        return memory;
}

static struct lab_block *pool_extend(struct lab_pool *pool, size_t size)
{
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        struct lab_block *block = lab_grow(NULL, sizeof *block + room);

        *block = (struct lab_block){ .older = pool->newest, .size = room };
        pool->newest = block;
        return block;
}

void *lab_alloc(struct lab_pool *pool, size_t size)
{
        struct lab_block *block = pool->newest;

        size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (!block || block->size - block->used < size)
                block = pool_extend(pool, size);
        uint8_t *memory = block->bytes + block->used;
        block->used += size;
        return memset(memory, 0, size);
}

void *lab_copy(struct lab_pool *pool, const void *bytes, size_t len)
{
        void *copy = lab_alloc(pool, len);

        return len ? memcpy(copy, bytes, len) : copy;
}

void lab_clear(struct lab_pool *pool)
{
        while (pool->newest && pool->newest->older) {
                struct lab_block *block = pool->newest;
                pool->newest = block->older;
                free(block);
        }
        if (pool->newest)
                pool->newest->used = 0;
}

void lab_pool_fini(struct lab_pool *pool)
{
        lab_clear(pool);
        free(pool->newest);
        pool->newest = NULL;
}
