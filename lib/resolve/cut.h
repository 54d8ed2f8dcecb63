#pragma once
/*
 * The zone cut to ask: the deepest known delegation above a name. Stub and forward zones and the root hints are cuts
 * too.
 */
#include "cache/cache.h"
#include "cache/entry.h"
#include "config/settings.h"
#include <stdbool.h>

struct request;

enum cut_source { CUT_HINTS, CUT_CACHE, CUT_NOTES, CUT_STUB, CUT_FORWARD };

struct cut {
        const struct delegation *delegation; /* in the request's arena */
        enum cut_source source;
        cache_partition partition;
        const struct zone_setting *zone; /* the stub or forward zone it lies in, or NULL */
        bool recursive;                  /* the servers are asked to recurse (RD) */
};

/** The stub or forward zone that a name falls in (longest match; DS belongs to the parent), or NULL for iteration. */
const struct zone_setting *cut_route(const struct settings *settings, const struct name *name, uint16_t type,
                                     bool without_forwarders);

/** Which cache partition a route uses; 0 is iteration. */
cache_partition cut_partition(const struct settings *settings, const struct zone_setting *zone);

/**
 * Find the cut for a name: the question's own zone, or for DS the one above (RFC 4035 3.1.4.1). `above` (or NULL) bars
 * cuts at or below that name: they proved useless. False when out of memory.
 */
bool cut_find(struct request *request, const struct name *name, uint16_t type, const struct name *above,
              bool without_forwarders, struct cut *out);

/** What is known of the delegation at just this name, in the request's arena; NULL if nothing is. */
struct delegation *cut_delegation(struct request *request, cache_partition partition, const struct name *cut);

/**
 * The addresses that some referral gave for a server name: glue of the closest delegations above that name. They serve
 * the walk alone. Returns how many were written, at most max.
 */
unsigned cut_glue(struct request *request, cache_partition partition, const struct name *server, struct address *out,
                  unsigned max);

/** "cache", "hints"... */
const char *cut_source_word(enum cut_source source);
