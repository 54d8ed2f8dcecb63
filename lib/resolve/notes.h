#pragma once
/*
 * The notebook of a request: what its tasks found out, so that nothing is asked or charged twice and records with TTL 0
 * still serve their own request. Sub-questions that run or have run are the request's tasks themselves, see task.h.
 */
#include "base/arena.h"
#include "base/err.h"
#include "cache/cache.h"
#include "cache/entry.h"
#include <stdbool.h>

struct note {
        struct note *next;
        cache_partition partition;
        struct name name;
        uint16_t type;
        const struct finding *finding; /* one of these three */
        struct delegation *delegation; /* its DS state is judged later, see trust.h */
        bool no_cut;                   /* the name is no zone cut */
};

struct notes {
        struct note *first;
        unsigned count;
};

/** What was found about name and type; NXDOMAIN counts for every type. NULL if nothing was. */
const struct finding *notes_get(const struct notes *notes, cache_partition partition, const struct name *name,
                                uint16_t type);

/** Note a finding; its bytes live in the request's arena. A newer one hides an older. False when the arena is full. */
bool notes_put(struct notes *notes, struct arena *arena, cache_partition partition, const struct name *name,
               uint16_t type, const struct finding *finding);

struct delegation *notes_get_delegation(const struct notes *notes, cache_partition partition, const struct name *cut);
bool notes_put_delegation(struct notes *notes, struct arena *arena, cache_partition partition,
                          struct delegation *delegation);

/** Is it noted that there is no zone cut at this name? */
bool notes_no_cut(const struct notes *notes, cache_partition partition, const struct name *name);
bool notes_put_no_cut(struct notes *notes, struct arena *arena, cache_partition partition, const struct name *name);
