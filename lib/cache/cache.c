/*
 * One worker's cache: what it has put lately, then the shared store.
 *
 *   look-up   batch of this turn ─▶ batches the writer has not settled yet, youngest first ─▶ sieve ─▶ store
 *   put       into the batch of this turn, unless what is pending there is worth more
 *
 * A question is looked up under its own type; then under type 0, as a name that does not exist has no type; then among
 * the failures. What is expired counts only when the caller allows it, and only when nothing live was found.
 */
#include "cache/cache.h"
#include "base/buf.h"
#include "cache/batch.h"
#include "cache/hand.h"
#include "cache/key.h"
#include "cache/peers.h"
#include "config/limits.h"
#include "config/settings.h"
#include "dnssec/anchor.h"
#include "wire/rrtype.h"
#include <stdlib.h>
#include <string.h>

enum {
        PENDING_MAX = 256,       /* batches that may wait for the writer */
        BATCH_RIPE = 128,        /* puts that are a transaction of their own */
        BATCH_WAIT_US = 5000,    /* for so many; other workers wait as long to learn of them */
        CLOCK_SLACK_S = 60,      /* threads do not read the clock together */
        RANGE_STEPS_MAX = 3,     /* ended or broken ranges that a look-up steps over */
        RANGE_PENDING_MAX = 256, /* of the newest puts, in which it looks for ranges that are not settled yet */
};

#define FLUSHED_LATELY UINT64_MAX /* when, the next event says */

struct caps {
        uint32_t min_s, max_s, negative_s;
};

struct cache {
        struct store *store;
        struct hand *hand;
        struct store_reader *reader;
        struct store_view *view; /* open since the first look-up of this event, or NULL */
        struct moment now;
        uint64_t last_used;      /* keyed hash of the key that was found last */
        struct caps caps;
        const struct anchors *anchors; /* by which entries are judged; NULL: by none */
        const uint8_t *secret;   /* of the store: entries are sealed with it */
        uint64_t generation;
        uint64_t flushed_at;     /* cache time; chains of ranges that began by then are void */
        struct batch *batch;     /* open for puts, or NULL */
        uint64_t batch_began_us; /* monotonic */
        struct batch *pending[PENDING_MAX]; /* handed over, oldest first */
        size_t pending_count;
        struct peers peers;
        uint8_t value[STORE_VALUE_MAX]; /* scratch for one put */
};

static void put_server(void *context, const struct address *address, const struct server_note *note);

struct cache *cache_new(struct store *store, struct hand *hand, const struct settings *settings)
{
        struct cache *cache = calloc(1, sizeof(*cache));

        if (!cache)
                return NULL;
        cache->store = store;
        cache->hand = hand;
        cache->secret = store_secret(store);
        cache->generation = store_generation(store);
        cache->reader = store_reader_new(store);
        if (!cache->reader)
                goto fail;
        if (peers_init(&cache->peers, cache->secret, put_server, cache) != ERR_OK)
                goto fail;
        cache_adopt(cache, settings, NULL);
        return cache;
fail:
        store_reader_free(cache->reader);
        free(cache);
        return NULL;
}

/* Forget what is handed over. The writer may still be at work on it: whoever is last frees. */
static void pending_abandon(struct cache *cache)
{
        for (size_t i = 0; i < cache->pending_count; i++)
                batch_abandon(cache->pending[i]);
        cache->pending_count = 0;
}

/* A batch that nobody else has seen. */
static void batch_discard(struct cache *cache)
{
        if (!cache->batch)
                return;
        batch_settle(cache->batch);
        batch_abandon(cache->batch);
        cache->batch = NULL;
}

void cache_free(struct cache *cache)
{
        if (!cache)
                return;
        cache_end(cache);
        batch_discard(cache);
        pending_abandon(cache);
        peers_fini(&cache->peers);
        store_reader_free(cache->reader);
        free(cache);
}

void cache_adopt(struct cache *cache, const struct settings *settings, const struct anchors *anchors)
{
        cache->caps = (struct caps){
                .min_s = settings->cache_min_ttl,
                .max_s = settings->cache_max_ttl,
                .negative_s = settings->cache_max_negative_ttl,
        };
        cache->anchors = anchors;
}

/* By which anchors this name's entries are judged. */
static uint32_t judged_by(const struct cache *cache, const struct name *name)
{
        return cache->anchors ? (uint32_t)anchors_fingerprint(cache->anchors, name) : 1;
}

static struct entry_seal seal_for(const struct cache *cache, const struct name *name)
{
        return (struct entry_seal){ .secret = cache->secret, .anchors = judged_by(cache, name) };
}

void cache_begin(struct cache *cache, const struct moment *now)
{
        cache->now = *now;
        if (cache->generation != store_generation(cache->store))
                cache_forget(cache);
        if (cache->flushed_at == FLUSHED_LATELY)
                cache->flushed_at = now->cache_s;
}

void cache_end(struct cache *cache)
{
        if (cache->view)
                store_reader_end(cache->reader);
        cache->view = NULL;
}

/* --- Looking up ------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct cache *cache, const struct key *key)
{
        return siphash(cache->secret, key->bytes, key->len);
}

static bool pending_get(const struct cache *cache, uint64_t hash, struct store_bytes key, struct store_bytes *value)
{
        if (cache->batch && batch_get(cache->batch, hash, key, value))
                return true;
        for (size_t i = cache->pending_count; i-- > 0;) {
                if (batch_get(cache->pending[i], hash, key, value))
                        return true;
        }
        return false;
}

/* The store's view of this event; NULL: nothing can be read. */
static struct store_view *cache_view(struct cache *cache)
{
        if (!cache->view)
                cache->view = store_reader_begin(cache->reader);
        return cache->view;
}

static bool may_be_stored(const struct cache *cache, uint64_t hash)
{
        return !cache->hand || sieve_may_hold(hand_sieve(cache->hand), cache->store, hash);
}

static bool store_find(struct cache *cache, struct store_bytes key, struct arena *arena, struct store_bytes *value)
{
        struct store_view *view = cache_view(cache);

        return view && store_get(view, key, arena, value) == ERR_OK &&
               entry_intact(cache->secret, key, *value);
}

/* Is this entry of any use now? Entries from the future come from a clock that was wrong, or from another machine. */
static bool is_usable(const struct cache *cache, struct store_bytes value, uint32_t anchors, uint32_t stale_s)
{
        struct entry_head head;
        uint64_t now_s = cache->now.cache_s;

        if (!entry_peek(value, &head) || head.stored_at > now_s + CLOCK_SLACK_S)
                return false;
        if (head.anchors != anchors)
                return false;
        return head.ends_at > now_s || now_s - head.ends_at < stale_s;
}

/* The value under a key that was judged by these anchors, copied into the arena. */
static bool cache_find(struct cache *cache, const struct key *key, uint32_t anchors, uint32_t stale_s,
                       struct arena *arena, struct store_bytes *value)
{
        const uint64_t hash = hash_of(cache, key);
        struct store_bytes found;

        if (pending_get(cache, hash, key_view(key), &found)) {
                found.bytes = arena_copy(arena, found.bytes, found.len);
                if (!found.bytes)
                        return false;
        } else if (!may_be_stored(cache, hash) || !store_find(cache, key_view(key), arena, &found)) {
                return false;
        }
        if (!is_usable(cache, found, anchors, stale_s))
                return false;
        cache->last_used = hash;
        cache_use(cache, hash);
        *value = found;
        return true;
}

void cache_use(struct cache *cache, uint64_t entry)
{
        if (cache->hand)
                hand_use(cache->hand, entry);
}

uint64_t cache_last_used(const struct cache *cache)
{
        return cache->last_used;
}

static bool find_finding(struct cache *cache, enum key_space space, cache_partition partition, const struct name *name,
                         uint16_t type, uint32_t stale_s, struct arena *arena, struct finding *out)
{
        struct arena_mark mark = arena_mark(arena);
        struct key key;
        struct store_bytes value;

        if (key_records(&key, space, partition, name, type) &&
            cache_find(cache, &key, judged_by(cache, name), stale_s, arena, &value) &&
            entry_read_finding(value, name, arena, out) == ERR_OK)
                return true;
        arena_reset(arena, mark);
        return false;
}

/* Of records and the name's absence that have both ended, what was learned last is nearer to the truth. */
static bool find_stale(struct cache *cache, cache_partition partition, const struct name *name, const uint16_t types[2],
                       uint32_t stale_s, struct arena *arena, struct finding *out)
{
        struct finding other;
        bool found = find_finding(cache, SPACE_RECORDS, partition, name, types[0], stale_s, arena, out);

        if (find_finding(cache, SPACE_RECORDS, partition, name, types[1], stale_s, arena, &other) &&
            (!found || other.stored_at > out->stored_at)) {
                *out = other;
                found = true;
        }
        if (found)
                out->stale = true;
        return found;
}

bool cache_get_type(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type,
                    uint32_t stale_s, struct arena *arena, struct finding *out)
{
        if (find_finding(cache, SPACE_RECORDS, partition, name, type, 0, arena, out))
                return true;
        if (!stale_s || !find_finding(cache, SPACE_RECORDS, partition, name, type, stale_s, arena, out))
                return false;
        out->stale = true;
        return true;
}

bool cache_get_answer(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type,
                      uint32_t stale_s, struct arena *arena, struct finding *out)
{
        const uint16_t types[] = { type, KEY_TYPE_NXDOMAIN };

        for (unsigned i = 0; i < 2; i++) {
                if (find_finding(cache, SPACE_RECORDS, partition, name, types[i], 0, arena, out))
                        return true;
        }
        return stale_s > 0 && find_stale(cache, partition, name, types, stale_s, arena, out);
}

bool cache_get(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type, uint32_t stale_s,
               struct arena *arena, struct finding *out)
{
        return cache_get_answer(cache, partition, name, type, stale_s, arena, out) ||
               find_finding(cache, SPACE_FAILURES, partition, name, type, 0, arena, out);
}

uint32_t cache_failures(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type,
                        uint32_t within_s, struct arena *arena)
{
        struct finding earlier;

        if (!find_finding(cache, SPACE_FAILURES, partition, name, type, within_s, arena, &earlier))
                return 0;
        return earlier.failures;
}

bool cache_get_bogus(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type,
                     struct arena *arena, struct finding *out)
{
        return find_finding(cache, SPACE_BOGUS, partition, name, type, 0, arena, out);
}

struct delegation *cache_get_delegation(struct cache *cache, cache_partition partition, const struct name *cut,
                                        struct arena *arena)
{
        struct arena_mark mark = arena_mark(arena);
        struct key key;
        struct store_bytes value;

        if (key_delegation(&key, partition, cut) && cache_find(cache, &key, judged_by(cache, cut), 0, arena, &value)) {
                struct delegation *found = arena_room(arena, sizeof *found);

                if (found && entry_read_delegation(value, cut, arena, found) == ERR_OK)
                        return found;
        }
        arena_reset(arena, mark);
        return NULL;
}

/* --- Putting ---------------------------------------------------------------------------------------------------- */

/* Put the scratch value of len bytes; 0 is a value that did not fit. */
static bool cache_put_value(struct cache *cache, const struct key *key, size_t len)
{
        const uint64_t hash = hash_of(cache, key);
        struct store_bytes value = { .bytes = cache->value, .len = len };
        struct store_bytes pending;

        if (len == 0)
                return false;
        if (pending_get(cache, hash, key_view(key), &pending) && !entry_replaces(pending, value, cache->now.cache_s))
                return false;
        if (!cache->batch) {
                cache->batch = batch_new(cache->generation);
                cache->batch_began_us = cache->now.mono_us;
        }
        return cache->batch && batch_put(cache->batch, hash, key_view(key), value);
}

/*
 * RFC 2308 5: an absence lives as long as the smaller of the SOA's own TTL and its MINIMUM; without a SOA not at all.
 */
static uint64_t absence_ttl(const struct finding *finding)
{
        const struct rrset *proof = &finding->proof[0];
        struct soa soa;

        if (finding->proof_count == 0 || proof->type != TYPE_SOA || !soa_read(&proof->rdata[0], &soa))
                return 0;
        return proof->ttl < soa.minimum ? proof->ttl : soa.minimum;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

/*
 * A DNAME stands for every name below it: with a TTL of 0 it would be fetched again for each of them, though it is what
 * all of them have in common. Other records with such a TTL are for the question at hand alone (RFC 1035 3.2.1).
 */
static uint64_t least_ttl(const struct caps *caps, const struct finding *finding)
{
        return finding->set.type == TYPE_DNAME && caps->min_s < LIMIT_DNAME_TTL_S ? LIMIT_DNAME_TTL_S : caps->min_s;
}

static uint64_t set_ttl(const struct caps *caps, const struct finding *finding, uint64_t ttl)
{
        uint64_t least = least_ttl(caps, finding);

        return smaller(ttl < least ? least : ttl, caps->max_s);
}

/* How many seconds to keep a finding. */
static uint64_t finding_ttl(const struct caps *caps, const struct finding *finding)
{
        uint64_t ttl = finding->ends_at > finding->stored_at ? finding->ends_at - finding->stored_at : 0;

        if (finding->verdict == VERDICT_BOGUS)
                return smaller(ttl, LIMIT_BOGUS_TTL_S);
        switch (finding->kind) {
        case FINDING_SET:
                return set_ttl(caps, finding, ttl);
        case FINDING_NODATA:
        case FINDING_NXDOMAIN:
                return smaller(smaller(ttl, absence_ttl(finding)), caps->negative_s);
        case FINDING_FAILURE:
                return smaller(ttl, LIMIT_FAILURE_LAST_S);
        case FINDING_NONE:
                break;
        }
        return 0;
}

/* Where a finding belongs. A failure is none but a failure, also when it was to validate: the space of bogus data holds
 * what clients get that set CD. */
static bool finding_key(struct key *key, cache_partition partition, const struct name *name, uint16_t type,
                        const struct finding *finding)
{
        enum key_space space = SPACE_RECORDS;

        if (finding->kind == FINDING_FAILURE)
                space = SPACE_FAILURES;
        else if (finding->verdict == VERDICT_BOGUS)
                space = SPACE_BOGUS;
        else if (finding->kind == FINDING_NXDOMAIN)
                type = KEY_TYPE_NXDOMAIN;
        return key_records(key, space, partition, name, type);
}

bool cache_put(struct cache *cache, cache_partition partition, const struct name *name, uint16_t type,
               const struct finding *finding, uint32_t *ttl_s)
{
        uint64_t ttl = finding_ttl(&cache->caps, finding);
        struct finding kept = *finding;
        struct key key;

        if (ttl == 0 || !finding_key(&key, partition, name, type, finding))
                return false;
        kept.ends_at = kept.stored_at + ttl;
        kept.set.ttl = (uint32_t)ttl;
        struct entry_seal seal = seal_for(cache, name);
        if (!cache_put_value(cache, &key, entry_write_finding(&seal, key_view(&key), name, &kept, cache->value)))
                return false;
        *ttl_s = (uint32_t)ttl;
        return true;
}

bool cache_put_delegation(struct cache *cache, cache_partition partition, const struct delegation *delegation)
{
        struct delegation kept = *delegation;
        struct key key;

        kept.ends_at = smaller(kept.ends_at, kept.stored_at + cache->caps.max_s);
        if (kept.ends_at <= kept.stored_at || !key_delegation(&key, partition, &kept.cut))
                return false;
        struct entry_seal seal = seal_for(cache, &kept.cut);
        return cache_put_value(cache, &key, entry_write_delegation(&seal, key_view(&key), &kept, cache->value));
}

/* --- Proofs of absence ------------------------------------------------------------------------------------------ */

const struct moment *cache_now(const struct cache *cache)
{
        return &cache->now;
}

/*
 * After a flush the ranges below a chain's number may be still in the store, and until the writer comes to it even the
 * number. So no worker goes on with a chain that began before.
 */
bool cache_get_zone(struct cache *cache, cache_partition partition, const struct name *zone, struct arena *arena,
                    struct denying_zone *out)
{
        struct arena_mark mark = arena_mark(arena);
        struct key key;
        struct store_bytes value;

        if (key_zone(&key, partition, zone) &&
            cache_find(cache, &key, judged_by(cache, zone), 0, arena, &value) &&
            entry_read_zone(value, zone, arena, out) == ERR_OK && name_equal(&out->soa.owner, zone) &&
            out->since > cache->flushed_at)
                return true;
        arena_reset(arena, mark);
        return false;
}

bool cache_put_zone(struct cache *cache, cache_partition partition, const struct denying_zone *zone)
{
        struct denying_zone kept = *zone;
        struct key key;

        kept.ends_at = smaller(kept.ends_at, kept.stored_at + cache->caps.negative_s);
        if (kept.ends_at <= kept.stored_at || !key_zone(&key, partition, &kept.soa.owner))
                return false;
        struct entry_seal seal = seal_for(cache, &kept.soa.owner);
        return cache_put_value(cache, &key, entry_write_zone(&seal, key_view(&key), &kept, cache->value));
}

/* Workers that start a chain in the same second mean the same one. */
void cache_start_chain(const struct cache *cache, struct denying_zone *zone)
{
        uint8_t bytes[NAME_WIRE_MAX + 1 + DENYING_SALT_MAX + 8];
        size_t name_len = name_canonical(&zone->soa.owner, bytes);
        struct writer writer = writer_over(bytes + name_len, sizeof(bytes) - name_len);

        write_u8(&writer, zone->nsec3);
        write_bytes(&writer, zone->salt, zone->salt_len);
        write_u64(&writer, cache->now.cache_s);
        zone->since = cache->now.cache_s;
        zone->chain = siphash(cache->secret, bytes, name_len + writer_len(&writer));
}

static bool range_key(struct key *key, cache_partition partition, const struct denying_zone *zone,
                      struct store_bytes point)
{
        return key_range(key, zone->nsec3 ? SPACE_NSEC3 : SPACE_NSEC, partition, zone->chain, point.bytes, point.len);
}

static bool is_before(struct store_bytes a, struct store_bytes b)
{
        int order = memcmp(a.bytes, b.bytes, a.len < b.len ? a.len : b.len);

        return order < 0 || (order == 0 && a.len < b.len);
}

/* The greatest key before another one in a batch, if it is greater than what was found so far. Newest puts first. */
static void batch_before(const struct batch *batch, struct store_bytes prefix, struct store_bytes before,
                         unsigned *left, struct store_item *best)
{
        for (size_t i = batch_count(batch); i > 0 && *left > 0; i--, --*left) {
                const struct store_item item = batch_item(batch, i - 1);

                if (key_has_prefix(item.key, prefix) && is_before(item.key, before) &&
                    (!best->key.bytes || is_before(best->key, item.key)))
                        *best = item;
        }
}

/* The same among what is put but not settled. False: nothing. */
static bool pending_before(const struct cache *cache, struct store_bytes prefix, struct store_bytes before,
                           struct store_item *out)
{
        unsigned left = RANGE_PENDING_MAX;

        *out = (struct store_item){ .key = { .bytes = NULL } };
        if (cache->batch)
                batch_before(cache->batch, prefix, before, &left, out);
        for (size_t i = cache->pending_count; i > 0 && left > 0; i--)
                batch_before(cache->pending[i - 1], prefix, before, &left, out);
        return out->key.bytes != NULL;
}

/* The last range before a key, settled or not. Its bytes are in the arena. */
static bool last_before(struct cache *cache, const struct key *prefix, const struct key *before, struct arena *arena,
                        struct store_item *out)
{
        struct store_item pending;
        bool is_pending = pending_before(cache, key_view(prefix), key_view(before), &pending);
        bool is_stored = store_seek(cache->view, SEEK_LAST_BEFORE, key_view(before), arena, out) == ERR_OK &&
                         key_has_prefix(out->key, key_view(prefix));

        if (!is_pending || (is_stored && is_before(pending.key, out->key)))
                return is_stored;
        *out = pending;
        out->value.bytes = arena_copy(arena, pending.value.bytes, pending.value.len);
        return out->value.bytes != NULL;
}

/* The last live range before a key, among those that begin with prefix. */
static bool range_before(struct cache *cache, const struct key *prefix, const struct name *zone, struct key *before,
                         struct arena *arena, struct finding *out)
{
        uint32_t anchors = judged_by(cache, zone);

        for (unsigned step = 0; step < RANGE_STEPS_MAX; step++) {
                struct arena_mark mark = arena_mark(arena);
                struct store_item item;

                if (!last_before(cache, prefix, before, arena, &item))
                        return false;
                key_from(before, item.key);
                if (entry_intact(cache->secret, item.key, item.value) && is_usable(cache, item.value, anchors, 0) &&
                    entry_read_finding(item.value, zone, arena, out) == ERR_OK) {
                        cache->last_used = siphash(cache->secret, item.key.bytes, item.key.len);
                        cache_use(cache, cache->last_used);
                        return true;
                }
                arena_reset(arena, mark);
        }
        return false;
}

bool cache_get_range(struct cache *cache, cache_partition partition, const struct denying_zone *zone,
                     struct store_bytes point, struct arena *arena, struct finding *out)
{
        struct arena_mark mark = arena_mark(arena);
        const struct store_bytes beginning = { .bytes = (const uint8_t *)"", .len = 0 };
        const struct name *name = &zone->soa.owner;
        struct key prefix, before;

        if (!range_key(&prefix, partition, zone, beginning) || !cache_view(cache))
                return false;
        if (!range_key(&before, partition, zone, point) || before.len == STORE_KEY_MAX)
                return false;
        before.bytes[before.len++] = 0; /* the least key behind the point */
        if (range_before(cache, &prefix, name, &before, arena, out))
                return true;
        before = prefix;
        if (zone->nsec3 && key_behind(&before) && range_before(cache, &prefix, name, &before, arena, out))
                return true;
        arena_reset(arena, mark);
        return false;
}

bool cache_put_range(struct cache *cache, cache_partition partition, const struct denying_zone *zone,
                     struct store_bytes point, const struct finding *range)
{
        struct finding kept = *range;
        struct key key;

        kept.ends_at = smaller(kept.ends_at, kept.stored_at + cache->caps.negative_s);
        if (kept.ends_at <= kept.stored_at || !range_key(&key, partition, zone, point))
                return false;
        const struct name *name = &zone->soa.owner;
        struct entry_seal seal = seal_for(cache, name);
        return cache_put_value(cache, &key, entry_write_finding(&seal, key_view(&key), name, &kept, cache->value));
}

/* --- Servers ---------------------------------------------------------------------------------------------------- */

static void put_server(void *context, const struct address *address, const struct server_note *note)
{
        struct cache *cache = context;
        struct key key;

        key_server(&key, address);
        struct entry_seal seal = { .secret = cache->secret };
        (void)cache_put_value(cache, &key, entry_write_server(&seal, key_view(&key), note, cache->value));
}

bool cache_get_server(struct cache *cache, const struct address *address, struct server_note *out)
{
        struct arena arena;
        struct store_bytes value;
        struct key key;
        bool found;

        if (peers_get(&cache->peers, address, out))
                return true;
        key_server(&key, address);
        arena_init(&arena, STORE_VALUE_MAX + 4096);
        found = cache_find(cache, &key, 0, 0, &arena, &value) && entry_read_server(value, out) == ERR_OK;
        arena_fini(&arena);
        if (found)
                peers_put(&cache->peers, address, out, false, cache->now.cache_s);
        return found;
}

void cache_put_server(struct cache *cache, const struct address *address, const struct server_note *note)
{
        peers_put(&cache->peers, address, note, true, cache->now.cache_s);
}

/* --- Batches ---------------------------------------------------------------------------------------------------- */

uint64_t cache_batch_due(const struct cache *cache)
{
        if (!cache->batch)
                return UINT64_MAX;
        return batch_count(cache->batch) < BATCH_RIPE ? cache->batch_began_us + BATCH_WAIT_US : 0;
}

struct batch *cache_take_batch(struct cache *cache)
{
        struct batch *batch = cache->batch;

        if (!batch || cache->pending_count == PENDING_MAX)
                return NULL; /* the writer is far behind: this one stays open until it is full, then puts are dropped */
        cache->pending[cache->pending_count++] = batch;
        cache->batch = NULL;
        return batch;
}

static void reap(struct cache *cache)
{
        size_t kept = 0;

        for (size_t i = 0; i < cache->pending_count; i++) {
                if (batch_is_settled(cache->pending[i]))
                        batch_abandon(cache->pending[i]);
                else
                        cache->pending[kept++] = cache->pending[i];
        }
        cache->pending_count = kept;
}

void cache_tend(struct cache *cache)
{
        peers_flush(&cache->peers, cache->now.cache_s);
        reap(cache);
}

void cache_forget(struct cache *cache)
{
        batch_discard(cache);
        pending_abandon(cache);
        cache->generation = store_generation(cache->store);
        cache->flushed_at = FLUSHED_LATELY;
}
