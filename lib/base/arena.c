/*
 * The arena: a chain of blocks, of which only the newest hands out memory.
 *
 *      arena.block ──▶ newest ──▶ older ──▶ … ──▶ NULL
 *
 * A block keeps the tail that was too small for the next allocation; marks would be ambiguous if allocation went back
 * to it. Under the address sanitizer all that is not handed out is poisoned, so that a view which outlives a reset is
 * found at its first use.
 */
#include "base/arena.h"
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#endif

#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

enum { ARENA_ALIGN = alignof(max_align_t), ARENA_FIRST = 4096 };

struct arena_block {
        struct arena_block *older;
        size_t size; /* bytes in `bytes` */
        size_t used;
        alignas(max_align_t) uint8_t bytes[];
};

void arena_init(struct arena *arena, size_t max)
{
        *arena = (struct arena){ .max = max };
}

void arena_init_in(struct arena *arena, size_t max, struct arena_pool *pool)
{
        *arena = (struct arena){ .max = max, .pool = pool };
}

static void block_free(struct arena *arena, struct arena_block *block)
{
        arena->total -= sizeof *block + block->size;
        if (arena->pool)
                arena->pool->used -= sizeof *block + block->size;
        ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->size);
        free(block);
}

void arena_fini(struct arena *arena)
{
        while (arena->block) {
                struct arena_block *block = arena->block;
                arena->block = block->older;
                block_free(arena, block);
        }
}

/* What the arena may still take, by its own maximum and by that of its pool. */
static size_t room_left(const struct arena *arena)
{
        const struct arena_pool *pool = arena->pool;
        size_t left = arena->max - arena->total;
        size_t shared = !pool ? left : pool->used < pool->max ? pool->max - pool->used : 0;

        return shared < left ? shared : left;
}

/* The size of a block for `need` bytes: twice the last one's, or what the maximum leaves; 0 if that is too little. */
static size_t block_size(const struct arena *arena, size_t need)
{
        size_t wanted = arena->block ? 2 * arena->block->size : ARENA_FIRST - sizeof(struct arena_block);
        size_t left = room_left(arena);

        if (left < sizeof(struct arena_block) || left - sizeof(struct arena_block) < need)
                return 0;
        left -= sizeof(struct arena_block);
        if (wanted < need)
                wanted = need;
        return wanted < left ? wanted : left;
}

static struct arena_block *block_add(struct arena *arena, size_t need)
{
        size_t size = block_size(arena, need);
        struct arena_block *block = size ? malloc(sizeof *block + size) : NULL;

        if (!block)
                return NULL;
        block->older = arena->block;
        block->size = size;
        block->used = 0;
        ASAN_POISON_MEMORY_REGION(block->bytes, size);
        arena->block = block;
        arena->total += sizeof *block + size;
        if (arena->pool)
                arena->pool->used += sizeof *block + size;
        return block;
}

/* size 0 takes one unit, so that every pointer is distinct and valid. */
void *arena_room(struct arena *arena, size_t size)
{
        struct arena_block *block = arena->block;

        if (size > SIZE_MAX / 2)
                return NULL;
        size_t rounded = size ? (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN : ARENA_ALIGN;

        /* The maximum may have cut a block to a size that is no multiple of the alignment: compare the room left. */
        if (!block || block->size - block->used < rounded)
                block = block_add(arena, rounded);
        if (!block)
                return NULL;
        uint8_t *room = block->bytes + block->used;
        block->used += rounded;
        ASAN_UNPOISON_MEMORY_REGION(room, size);
        return room;
}

void *arena_alloc(struct arena *arena, size_t size)
{
        void *room = arena_room(arena, size);
        return room ? memset(room, 0, size) : NULL;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t len)
{
        void *room = arena_room(arena, len);

        if (room && len)
                memcpy(room, bytes, len);
        return room;
}

size_t arena_used(const struct arena *arena)
{
        size_t used = 0;

        for (const struct arena_block *block = arena->block; block; block = block->older)
                used += block->used;
        return used;
}

struct arena_mark arena_mark(const struct arena *arena)
{
        return (struct arena_mark){ .block = arena->block, .used = arena->block ? arena->block->used : 0 };
}

void arena_reset(struct arena *arena, struct arena_mark mark)
{
        struct arena_block *kept = NULL;

        while (arena->block != mark.block) {
                struct arena_block *block = arena->block;
                arena->block = block->older;
                if (kept && kept->size >= block->size) {
                        block_free(arena, block);
                        continue;
                }
                if (kept)
                        block_free(arena, kept);
                kept = block;
        }
        if (mark.block) {
                mark.block->used = mark.used;
                ASAN_POISON_MEMORY_REGION(mark.block->bytes + mark.used, mark.block->size - mark.used);
        }
        if (!kept)
                return;
        kept->older = arena->block;
        kept->used = 0;
        ASAN_POISON_MEMORY_REGION(kept->bytes, kept->size);
        arena->block = kept;
}
