/*
 * Puts, evictions and flushes, each in transactions small enough for a nearly full map.
 */
#include "cache/settle.h"
#include "base/buf.h"
#include "cache/entry.h"
#include "cache/key.h"
#include "config/limits.h"
#include "wire/rrtype.h"
#include <string.h>

enum { SCRATCH_MAX = 256 * 1024, FLUSH_DELETES_MAX = 100 };

/* What the steps of one call share. */
struct settle {
        struct store *store;
        struct hand *hand;
        uint64_t now_s;
        struct settled sum;
        struct arena scratch;
};

/* The puts of one transaction; borrowed from their batches. */
struct chunk {
        unsigned count;
        struct store_item put[SETTLE_PUTS_MAX];
};

/* --- The hand --------------------------------------------------------------------------------------------------- */

/* One transaction of the hand. */
static enum err sweep_some(struct settle *settle, unsigned deletes_max, struct hand_sweep *sweep)
{
        struct store_view *view;
        enum err err = store_write_begin(settle->store, &view);

        if (err)
                return err;
        err = hand_move(settle->hand, view, store_secret(settle->store), settle->now_s, deletes_max, sweep);
        if (err) {
                store_abort(settle->store, view);
                return err;
        }
        return store_commit(settle->store, view);
}

/*
 * Move the hand by one transaction; in a map that is too full even for that, by a smaller one. False: it cannot move,
 * or there is nothing to move over.
 */
static bool settle_sweep(struct settle *settle)
{
        struct hand_sweep sweep = { 0 };
        unsigned deletes = HAND_DELETES_MAX;
        enum err err = sweep_some(settle, deletes, &sweep);

        for (; err == ERR_FULL && deletes > 1; deletes /= 4)
                err = sweep_some(settle, deletes / 4, &sweep);
        if (err)
                return false;
        settle->sum.evicted += sweep.evicted;
        settle->sum.expired += sweep.expired;
        return sweep.visited > 0;
}

static void settle_hand(struct settle *settle)
{
        for (unsigned i = 0; i < SETTLE_SWEEPS_MAX; i++) {
                struct store_stat stat;

                store_stat(settle->store, &stat);
                if (!settle->hand || !hand_wants_to_move(settle->hand, &stat) || !settle_sweep(settle))
                        return;
        }
}

/* --- Puts ------------------------------------------------------------------------------------------------------- */

/* The least type at or behind *type that the name of this key has. ERR_MISSING: none. */
static enum err next_type(struct settle *settle, struct store_view *view, struct store_bytes of, uint16_t *type)
{
        struct arena_mark mark = arena_mark(&settle->scratch);
        size_t name_len = of.len - sizeof *type;
        struct store_item item;
        struct key from;

        key_from(&from, of);
        store_u16(from.bytes + name_len, *type);
        enum err err = store_seek(view, SEEK_FIRST_FROM, key_view(&from), &settle->scratch, &item);
        if (!err && item.key.len == of.len && !memcmp(item.key.bytes, of.bytes, name_len))
                *type = load_u16(item.key.bytes + name_len);
        else if (!err)
                err = ERR_MISSING;
        arena_reset(&settle->scratch, mark);
        return err;
}

/*
 * CVE-2024-1737: a name may hold LIMIT_TYPES_PER_NAME types. The common ones, up to HTTPS, always have room; the others
 * are counted when one more of them is new, so that the usual put pays nothing for this.
 */
static enum err name_is_full(struct settle *settle, struct store_view *view, struct store_bytes put, bool *full)
{
        uint16_t type = TYPE_HTTPS + 1;
        unsigned count = 0;
        enum err err = ERR_OK;

        *full = false;
        if (put.bytes[0] != SPACE_RECORDS || load_u16(put.bytes + put.len - sizeof type) < type)
                return ERR_OK;
        while (!err && count < LIMIT_TYPES_PER_NAME - TYPE_HTTPS && type) {
                err = next_type(settle, view, put, &type);
                count += !err;
                type++; /* 0 behind the last */
        }
        *full = count == LIMIT_TYPES_PER_NAME - TYPE_HTTPS;
        return err == ERR_MISSING ? ERR_OK : err;
}

static enum err settle_new(struct settle *settle, struct store_view *view, const struct store_item *put,
                           struct settled *done)
{
        bool full;
        enum err err = name_is_full(settle, view, put->key, &full);

        if (!err && !full)
                err = store_put(view, put->key, put->value);
        done->put += !err && !full;
        done->crowded += !err && full;
        return err;
}

/* What is there under the key of a put; and there will be something from now on. */
static enum err find_old(struct settle *settle, struct store_view *view, struct store_bytes key,
                         struct store_bytes *old)
{
        struct sieve *sieve = settle->hand ? hand_sieve(settle->hand) : NULL;
        uint64_t hash = siphash(store_secret(settle->store), key.bytes, key.len);
        bool may_be_there = !sieve || sieve_may_hold(sieve, settle->store, hash);

        if (sieve)
                sieve_add(sieve, hash);
        return may_be_there ? store_get(view, key, &settle->scratch, old) : ERR_MISSING;
}

static enum err settle_put(struct settle *settle, struct store_view *view, const struct store_item *put,
                           struct settled *done)
{
        struct arena_mark mark = arena_mark(&settle->scratch);
        struct store_bytes old;
        enum err err = find_old(settle, view, put->key, &old);

        if (!err && !entry_replaces(old, put->value, settle->now_s)) {
                done->kept++;
        } else if (err == ERR_MISSING) {
                err = settle_new(settle, view, put, done);
        } else if (!err) {
                err = store_put(view, put->key, put->value);
                done->put += err == ERR_OK;
        }
        arena_reset(&settle->scratch, mark);
        return err;
}

/* One transaction: all puts of the chunk or none. */
static enum err settle_chunk(struct settle *settle, const struct chunk *chunk)
{
        struct settled done = settle->sum;
        struct store_view *view;
        enum err err = store_write_begin(settle->store, &view);

        if (err)
                return err;
        for (unsigned i = 0; i < chunk->count && !err; i++)
                err = settle_put(settle, view, &chunk->put[i], &done);
        if (err) {
                store_abort(settle->store, view);
                return err;
        }
        err = store_commit(settle->store, view);
        if (!err)
                settle->sum = done;
        return err;
}

/*
 * A full map: let the hand make room and try once more. A failing disk: the store has changed to memory by then. What
 * fails twice is dropped and counted; a cache may forget.
 */
static void settle_or_drop(struct settle *settle, const struct chunk *chunk)
{
        enum err err = settle_chunk(settle, chunk);

        if (err == ERR_FULL && settle->hand)
                settle_sweep(settle);
        if (err)
                err = settle_chunk(settle, chunk);
        if (err == ERR_FULL)
                settle->sum.full += chunk->count;
        else if (err)
                settle->sum.lost += chunk->count;
}

static void settle_batch(struct settle *settle, struct chunk *chunk, const struct batch *batch)
{
        if (batch_generation(batch) != store_generation(settle->store)) {
                settle->sum.flushed += batch_count(batch);
                return;
        }
        for (size_t i = 0; i < batch_count(batch); i++) {
                chunk->put[chunk->count++] = batch_item(batch, i);
                if (chunk->count == SETTLE_PUTS_MAX) {
                        settle_or_drop(settle, chunk);
                        chunk->count = 0;
                }
        }
}

struct settled settle_apply(struct store *store, struct hand *hand, struct batch *const *batch, size_t batch_count,
                            uint64_t now_s)
{
        struct settle settle = { .store = store, .hand = hand, .now_s = now_s };
        struct chunk chunk = { 0 };

        arena_init(&settle.scratch, SCRATCH_MAX);
        if (hand)
                sieve_learn(hand_sieve(hand), store);
        for (size_t i = 0; i < batch_count; i++)
                settle_batch(&settle, &chunk, batch[i]);
        if (chunk.count > 0)
                settle_or_drop(&settle, &chunk);
        for (size_t i = 0; i < batch_count; i++)
                batch_settle(batch[i]);
        settle_hand(&settle);
        arena_fini(&settle.scratch);
        return settle.sum;
}

/* --- Flushes ---------------------------------------------------------------------------------------------------- */

/* One transaction: delete up to FLUSH_DELETES_MAX entries that begin with prefix; *more: there may be others. */
static enum err flush_some(struct store *store, struct store_bytes prefix, struct arena *scratch, uint64_t *deleted,
                           bool *more)
{
        struct arena_mark mark = arena_mark(scratch);
        struct store_view *view;
        unsigned count = 0;
        enum err err = store_write_begin(store, &view);

        if (err)
                return err;
        while (!err && count < FLUSH_DELETES_MAX) {
                struct store_item item;

                err = store_seek(view, SEEK_FIRST_FROM, prefix, scratch, &item);
                if (!err && !key_has_prefix(item.key, prefix))
                        err = ERR_MISSING;
                if (!err)
                        err = store_delete(view, item.key);
                count += err == ERR_OK;
                arena_reset(scratch, mark);
        }
        *more = err == ERR_OK;
        if (err && err != ERR_MISSING) {
                store_abort(store, view);
                return err;
        }
        err = store_commit(store, view);
        *deleted += err ? 0 : count;
        return err;
}

static enum err flush_prefix(struct store *store, const struct key *prefix, struct arena *scratch, uint64_t *deleted)
{
        bool more = true;
        enum err err = ERR_OK;

        while (!err && more)
                err = flush_some(store, key_view(prefix), scratch, deleted, &more);
        return err;
}

/* The next route that has entries in this space. */
static enum err next_partition(struct store *store, enum key_space space, struct arena *scratch,
                               cache_partition *partition)
{
        struct store_view *view;
        enum err err = store_write_begin(store, &view);

        if (err)
                return err;
        err = key_next_partition(view, space, scratch, partition);
        store_abort(store, view);
        return err;
}

/* In each route. */
static enum err flush_space(struct store *store, enum key_space space, enum flush_what what, const struct name *name,
                            uint64_t *deleted)
{
        cache_partition partition = 0;
        struct arena scratch;
        enum err err;

        arena_init(&scratch, SCRATCH_MAX);
        do {
                struct key prefix;

                err = next_partition(store, space, &scratch, &partition);
                if (!err && key_name(&prefix, space, partition, name, what == FLUSH_ZONE))
                        err = flush_prefix(store, &prefix, &scratch, deleted);
        } while (!err && ++partition != 0);
        arena_fini(&scratch);
        return err == ERR_MISSING ? ERR_OK : err;
}

static enum err flush_all(struct store *store, uint64_t *deleted)
{
        struct store_stat stat;

        store_stat(store, &stat);
        enum err err = store_clear(store);
        if (!err)
                *deleted = stat.entries;
        return err;
}

/*
 * Ranges that deny (struct denying_zone) cannot be found by the names that they deny. Without their zone's entry they
 * are not found at all: so that of each zone the name may be in, and of those below it for a zone, is taken away.
 */
static enum err flush_denial(struct store *store, enum flush_what what, const struct name *name)
{
        uint64_t deleted = 0; /* no entries of the name's own, so not counted */
        enum err err = flush_space(store, SPACE_ZONES, what, name, &deleted);

        for (unsigned labels = 0; labels < name->label_count && !err; labels++) {
                struct name zone = name_ancestor(name, labels);

                err = flush_space(store, SPACE_ZONES, FLUSH_NAME, &zone, &deleted);
        }
        return err;
}

enum err settle_flush(struct store *store, enum flush_what what, const struct name *name, uint64_t *deleted)
{
        static const enum key_space spaces[] = { SPACE_RECORDS, SPACE_FAILURES, SPACE_BOGUS, SPACE_DELEGATIONS };
        enum err err = ERR_OK;

        *deleted = 0;
        if (what == FLUSH_ALL)
                return flush_all(store, deleted);
        for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]) && !err; i++)
                err = flush_space(store, spaces[i], what, name, deleted);
        return err ? err : flush_denial(store, what, name);
}
