#pragma once
/*
 * Memory with one lifetime: allocate, mark, reset, drop whole.
 *
 * A request owns one arena; its tasks, notes, trace and answer live in it and end with it. An arena has a maximum; when
 * that is reached, allocation fails and the request answers SERVFAIL. Blocks come from malloc and double in size.
 */
#include <stddef.h>
#include <stdint.h>

struct arena_block;

/* What several arenas may take together. */
struct arena_pool {
        size_t used; /* bytes in their blocks */
        size_t max;
};

struct arena {
        struct arena_block *block; /* the newest block, linked to the older ones */
        size_t total;              /* bytes in all blocks */
        size_t max;                /* what total may not exceed */
        struct arena_pool *pool;   /* borrowed; NULL: none */
};

struct arena_mark {
        struct arena_block *block;
        size_t used;
};

/** An empty arena that may grow to max bytes. Allocates nothing yet. */
void arena_init(struct arena *arena, size_t max);

/** The same, one of several that share a pool: its maximum counts too. */
void arena_init_in(struct arena *arena, size_t max, struct arena_pool *pool);

/** Give all memory back. The arena may be used again as if just initialised. */
void arena_fini(struct arena *arena);

/** size zeroed bytes, aligned for any type; NULL at the maximum or without memory. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);

/** The same, not zeroed: for what is written before it is read. */
void *arena_room(struct arena *arena, size_t size);

/** A copy of len bytes; NULL as for arena_alloc. */
void *arena_copy(struct arena *arena, const void *bytes, size_t len);

/** Bytes handed out so far, each allocation rounded up to the alignment. */
size_t arena_used(const struct arena *arena);

/** Where the arena stands now. */
struct arena_mark arena_mark(const struct arena *arena);

/** Forget all that was allocated since the mark. The largest block is kept for the next use. */
void arena_reset(struct arena *arena, struct arena_mark mark);
