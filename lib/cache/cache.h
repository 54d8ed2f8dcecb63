#pragma once
/*
 * The cache as the resolver sees it: get and put of judged findings, delegations and server notes.
 *
 * One struct cache belongs to one worker. It looks at what the worker has put but the writer has not settled yet
 * (batch), then into the shared store; it writes into the batch alone. TTL caps are applied on the way in. Nothing
 * gets in that has not been judged; FINDING_FAILURE and verdicts are kept apart by space.
 */
#include "base/arena.h"
#include "base/moment.h"
#include "cache/entry.h"
#include "wire/name.h"
#include <stdbool.h>
#include <stdint.h>

struct anchors; /* lib/dnssec/anchor.h */
struct batch;
struct hand;
struct settings;
struct store;

struct cache; /* opaque: allocated by cache_new */

/** store and hand are borrowed and shared by all workers; hand may be NULL. NULL when out of memory. */
struct cache *cache_new(struct store *store, struct hand *hand, const struct settings *settings);
void cache_free(struct cache *cache);

/**
 * New settings (TTL caps) and anchors: what was judged by others is not found any more. The anchors are borrowed until
 * the next time; NULL: nothing is validated, as in a new cache.
 */
void cache_adopt(struct cache *cache, const struct settings *settings, const struct anchors *anchors);

/**
 * One event begins: look-ups may follow until cache_end(). The store's read transaction is opened by the first look-up
 * that needs it and closed by cache_end(), so that none is ever held while control is with the loop.
 */
void cache_begin(struct cache *cache, const struct moment *now);
void cache_end(struct cache *cache);

/**
 * Which route an entry belongs to: iteration is 0, a stub or forward zone a hash of its kind, name and servers, so that
 * what a forwarder said never reaches another route.
 */
typedef uint64_t cache_partition;

/**
 * What is known of name and type: records, absence (NODATA under the type, NXDOMAIN under the name for every type),
 * or a failure note. All bytes are copied into the arena. `stale_s` seconds past its end an entry still counts (0:
 * not at all) where nothing live is known; out->stale tells. Returns false for a miss, also when the arena is full.
 */
bool cache_get(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type, uint32_t stale_s,
               struct arena *arena, struct finding *out);

/** The same of this type alone, where it is known, or of no matter, whether the name exists at all. */
bool cache_get_type(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type,
                    uint32_t stale_s, struct arena *arena, struct finding *out);

/** The same without failure notes, for who has no use for them. */
bool cache_get_answer(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type,
                      uint32_t stale_s, struct arena *arena, struct finding *out);

/**
 * How many times in a row resolving this failed, as remembered up to within_s seconds after the note's end; 0: it did
 * not.
 */
uint32_t cache_failures(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type,
                        uint32_t within_s, struct arena *arena);

/** The store entry that the last successful look-up found, as a number for cache_use(). */
uint64_t cache_last_used(const struct cache *cache);

/** An entry was of use again, although nobody looked it up: the front shelf served what was made of it. */
void cache_use(struct cache *cache, uint64_t entry);

/** The same from the bogus space, for questions with CD. */
bool cache_get_bogus(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type,
                     struct arena *arena, struct finding *out);

/**
 * Keep a finding. Its TTL is ends_at - stored_at after caps (SET: cache-max-ttl, cache-min-ttl; absence: the smaller
 * of SOA TTL and MINIMUM, cache-max-negative-ttl; failure: its own; bogus: 60 s). TTL 0, a name over 480 bytes as a
 * key and a value over 16 KiB are not kept: returns false then. The seconds really kept are written to *ttl_s.
 */
bool cache_put(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type,
               const struct finding *finding, uint32_t *ttl_s);

/** A known delegation, in the arena; NULL if there is none, also when the arena is full. */
struct delegation *cache_get_delegation(struct cache *cache, cache_partition partition, const struct name *cut,
                                        struct arena *arena);
/** Keep a delegation until its ends_at; the caller has bounded that by the parent's. */
bool cache_put_delegation(struct cache *cache, cache_partition partition, const struct delegation *delegation);

/* Proofs of absence one by one. What goes in and what follows from it is decided in absence.c, their only caller. */

/** A zone that such proofs are kept of. False: none, so there is nothing to look for. */
bool cache_get_zone(struct cache *cache, cache_partition partition, const struct name *zone, struct arena *arena,
                    struct denying_zone *out);
bool cache_put_zone(struct cache *cache, cache_partition partition, const struct denying_zone *zone);
/** Fill in chain and since, so that no range kept before belongs to the zone. */
void cache_start_chain(const struct cache *cache, struct denying_zone *zone);

/**
 * The range that begins at a point of the chain's order or next before it (the last one before the first: hashes go
 * round), as a finding of kind SET. Only what the writer has settled is seen.
 */
bool cache_get_range(struct cache *cache, cache_partition partition, const struct denying_zone *zone,
                     struct store_bytes point, struct arena *arena, struct finding *out);
/** Keep a range until its ends_at, at most for cache-max-negative-ttl. */
bool cache_put_range(struct cache *cache, cache_partition partition, const struct denying_zone *zone,
                     struct store_bytes point, const struct finding *range);

/** The moment of this event. */
const struct moment *cache_now(const struct cache *cache);

bool cache_get_server(struct cache *cache, const struct address *address, struct server_note *out);
void cache_put_server(struct cache *cache, const struct address *address, const struct server_note *note);

/** What a flush is about. */
enum flush_what { FLUSH_NAME, FLUSH_ZONE, FLUSH_ALL };

/**
 * When the open batch is to be taken, in monotonic microseconds: at once when it holds enough, else a little after its
 * first put, for a transaction of many puts costs less than many transactions. UINT64_MAX: none is open.
 */
uint64_t cache_batch_due(const struct cache *cache);

/** The open batch, closed and handed over; NULL if there is none. */
struct batch *cache_take_batch(struct cache *cache);

/** Once a turn: put the notes of servers that are due, and free the batches that the writer has settled. */
void cache_tend(struct cache *cache);

/** Forget what is pending. After a flush cache_begin() does so by itself, by store_generation(). */
void cache_forget(struct cache *cache);
