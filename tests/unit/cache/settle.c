/*
 * The writer's door: puts, the hand, flushes; over memory and over LMDB.
 */
#include "cache/settle.h"
#include "cache/batch.h"
#include "cache/inspect.h"
#include "cache/key.h"
#include "config/limits.h"
#include "filler.h"
#include "scratch.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 1 << 20 };

struct bench {
        char dir[SCRATCH_PATH]; /* empty: memory */
        struct filler filler;
        struct arena arena;
};

static int bench_up(void **state, bool disk)
{
        struct bench *bench = calloc(1, sizeof(*bench));
        struct store_report report;

        if (disk)
                scratch_make(bench->dir);
        assert_int_equal(filler_open(&bench->filler, disk ? bench->dir : NULL, SIZE, &report), ERR_OK);
        arena_init(&bench->arena, 1 << 20);
        *state = bench;
        return 0;
}

static int up_memory(void **state)
{
        return bench_up(state, false);
}

static int up_disk(void **state)
{
        return bench_up(state, true);
}

static int down(void **state)
{
        struct bench *bench = *state;

        filler_close(&bench->filler);
        arena_fini(&bench->arena);
        if (bench->dir[0])
                scratch_remove(bench->dir);
        free(bench);
        return 0;
}

static uint32_t count(struct bench *bench, uint32_t first, uint32_t number)
{
        uint32_t wrong = 0, found = filler_count(&bench->filler, first, number, 63, &wrong);

        assert_int_equal(wrong, 0);
        return found;
}

static struct store_stat stat_of(struct bench *bench)
{
        struct store_stat stat;

        store_stat(bench->filler.store, &stat);
        return stat;
}

static void test_many_puts_take_several_transactions(void **state)
{
        struct bench *bench = *state;

        assert_int_equal(filler_put(&bench->filler, 0, 1000, 1).put, 1000);
        assert_int_equal(count(bench, 0, 1000), 1000);
        assert_int_equal(filler_put(&bench->filler, 0, 1000, 2).put, 1000);
        assert_int_equal(stat_of(bench).entries, 1000);
}

/* False: its name has no room for the type. */
static bool put_type(struct bench *bench, const char *text, uint16_t type)
{
        struct batch *batch = batch_new(store_generation(bench->filler.store));
        uint8_t room[NAME_WIRE_MAX], value[8] = { 0 };
        struct name name;
        struct key key;

        assert_int_equal(name_from_text(text, room, &name), ERR_OK);
        assert_true(key_records(&key, SPACE_RECORDS, 0, &name, type));
        assert_true(batch_put(batch, 0, key_view(&key), (struct store_bytes){ value, sizeof(value) }));
        struct settled settled = settle_apply(bench->filler.store, NULL, &batch, 1, 1000);
        batch_abandon(batch);
        assert_int_equal(settled.lost + settled.full, 0);
        return !settled.crowded;
}

/* A hundred types at a name, of which the common ones have their place in any case (CVE-2024-1737). */
static void test_types_of_one_name(void **state)
{
        struct bench *bench = *state;
        unsigned kept = 0;

        for (unsigned type = 30000; type < 30200; type++)
                kept += put_type(bench, "many.example.", (uint16_t)type);
        assert_int_equal(kept, LIMIT_TYPES_PER_NAME - TYPE_HTTPS);
        assert_false(put_type(bench, "many.example.", 65535));
        assert_true(put_type(bench, "many.example.", 30000)); /* it is there already */
        for (uint16_t type = 1; type <= TYPE_HTTPS; type++)
                assert_true(put_type(bench, "many.example.", type));
        assert_int_equal(stat_of(bench).entries, LIMIT_TYPES_PER_NAME);
        assert_true(put_type(bench, "other.example.", 65535));
        assert_true(put_type(bench, "below.many.example.", 300));
}

static void test_the_hand_keeps_the_store_from_filling_up(void **state)
{
        struct bench *bench = *state;
        uint64_t evicted = 0, full = 0;

        for (uint32_t first = 0; first < 20000; first += 64) {
                struct settled settled = filler_put(&bench->filler, first, 64, 1);

                evicted += settled.evicted;
                full += settled.full;
                struct store_stat stat = stat_of(bench);
                assert_true(stat.bytes * 100 < stat.size * 95);
        }
        assert_true(evicted > 10000);
        assert_int_equal(full, 0);
        assert_true(stat_of(bench).bytes * 100 > stat_of(bench).size * 60);
}

/* What is asked for again and again outlives a flood of names that nobody asks for twice. */
static void test_what_is_used_stays(void **state)
{
        struct bench *bench = *state;

        filler_put(&bench->filler, 0, 200, 1);
        for (uint32_t first = 1000; first < 30000; first += 64) {
                if (count(bench, 0, 200) < 150)
                        break;
                filler_put(&bench->filler, first, 64, 1);
        }
        assert_in_range(count(bench, 0, 200), 190, 200);
        assert_true(count(bench, 1000, 1000) < 100);
}

static struct hand_sweep sweep(struct bench *bench, uint64_t now_s)
{
        struct hand_sweep sweep;
        struct store_view *view;

        assert_int_equal(store_write_begin(bench->filler.store, &view), ERR_OK);
        assert_int_equal(hand_move(bench->filler.hand, view, store_secret(bench->filler.store), now_s, 100, &sweep),
                         ERR_OK);
        assert_int_equal(store_commit(bench->filler.store, view), ERR_OK);
        return sweep;
}

/* A used entry is passed once and forgiven; unused the next time, it goes. An expired one goes in any case. */
static void test_the_hand_in_slow_motion(void **state)
{
        struct bench *bench = *state;

        filler_put(&bench->filler, 0, 50, 1);
        assert_int_equal(count(bench, 0, 20), 20); /* uses them */
        struct hand_sweep first = sweep(bench, 1000000);
        assert_int_equal(first.visited, 50);
        assert_in_range(first.evicted, 28, 30); /* two of 50 may share a bit */
        struct hand_sweep second = sweep(bench, 1000000);
        assert_int_equal(second.evicted + first.evicted, 50);
        assert_int_equal(stat_of(bench).entries, 0);

        filler_put(&bench->filler, 0, 50, 1);
        assert_int_equal(count(bench, 0, 50), 50);
        struct hand_sweep late = sweep(bench, 1000000 + 5400);
        assert_int_equal(late.expired, 50);
        assert_int_equal(late.evicted, 0);
}

/* --- Flushes ---------------------------------------------------------------------------------------------------- */

static void put_named(struct bench *bench, cache_partition partition, const char *text, uint16_t type,
                      enum verdict verdict)
{
        static const struct moment now = { .cache_s = 1000000 };
        struct rdata rdata = { .bytes = (const uint8_t *)"\xc0\0\2\1", .len = 4 };
        uint8_t room[NAME_WIRE_MAX];
        struct name name;
        uint32_t ttl;

        assert_int_equal(name_from_text(text, room, &name), ERR_OK);
        struct finding finding = {
                .kind = FINDING_SET,
                .verdict = verdict,
                .rank = RANK_ANSWER,
                .stored_at = now.cache_s,
                .ends_at = now.cache_s + 60,
                .set = { .owner = name, .type = type, .class = 1, .ttl = 60, .count = 1, .rdata = &rdata },
        };
        cache_begin(bench->filler.cache, &now);
        assert_true(cache_put(bench->filler.cache, partition, &name, type, &finding, &ttl));
        cache_end(bench->filler.cache);
}

static void settle_named(struct bench *bench)
{
        struct batch *batch = cache_take_batch(bench->filler.cache);

        assert_non_null(batch);
        (void)settle_apply(bench->filler.store, NULL, &batch, 1, 1000000);
        cache_tend(bench->filler.cache);
}

/* Seven entries of five names in two routes. */
static void put_several(struct bench *bench)
{
        put_named(bench, 0, "example.", TYPE_A, VERDICT_INSECURE);
        put_named(bench, 0, "www.example.", TYPE_A, VERDICT_INSECURE);
        put_named(bench, 0, "www.example.", 65280, VERDICT_INSECURE);
        put_named(bench, 0, "www.example.", 65281, VERDICT_BOGUS);
        put_named(bench, 99, "www.example.", TYPE_A, VERDICT_INSECURE);
        put_named(bench, UINT64_MAX, "a.www.example.", TYPE_A, VERDICT_INSECURE);
        put_named(bench, 0, "www.example1.", TYPE_A, VERDICT_INSECURE);
        settle_named(bench);
        assert_int_equal(stat_of(bench).entries, 7);
}

static void test_flush(void **state)
{
        static const struct { enum flush_what what; const char *name; unsigned deleted; } rows[] = {
                { FLUSH_NAME, "www.example.", 4 },
                { FLUSH_NAME, "WWW.Example.", 4 },
                { FLUSH_NAME, "nobody.example.", 0 },
                { FLUSH_ZONE, "www.example.", 5 },
                { FLUSH_ZONE, "example.", 6 },
                { FLUSH_ZONE, ".", 7 },
                { FLUSH_NAME, ".", 0 },
                { FLUSH_ALL, ".", 7 },
        };
        struct bench *bench = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t room[NAME_WIRE_MAX];
                struct name name;
                uint64_t deleted;

                assert_int_equal(store_clear(bench->filler.store), ERR_OK);
                put_several(bench);
                assert_int_equal(name_from_text(rows[i].name, room, &name), ERR_OK);
                store_generation_bump(bench->filler.store);
                assert_int_equal(settle_flush(bench->filler.store, rows[i].what, &name, &deleted), ERR_OK);
                assert_int_equal(deleted, rows[i].deleted);
                assert_int_equal(stat_of(bench).entries, 7 - rows[i].deleted);
        }
}

static void test_a_large_flush_takes_several_transactions(void **state)
{
        struct bench *bench = *state;
        uint8_t room[NAME_WIRE_MAX];
        struct name name;
        uint64_t deleted;

        filler_put(&bench->filler, 0, 1000, 1);
        assert_int_equal(name_from_text("example.", room, &name), ERR_OK);
        store_generation_bump(bench->filler.store);
        assert_int_equal(settle_flush(bench->filler.store, FLUSH_ZONE, &name, &deleted), ERR_OK);
        assert_int_equal(deleted, 1000);
        assert_int_equal(stat_of(bench).entries, 0);
}

/* --- Inspection ------------------------------------------------------------------------------------------------- */

struct seen {
        unsigned count, bogus, routes, stop_after;
};

static bool see(void *context, const struct cache_seen *entry)
{
        struct seen *seen = context;

        assert_non_null(entry->finding);
        assert_int_equal(entry->finding->kind, FINDING_SET);
        assert_int_equal(entry->finding->set.type, entry->key.type);
        assert_true(name_equal(&entry->finding->set.owner, &entry->key.name));
        assert_int_equal(entry->head.ends_at, 1000060);
        seen->count++;
        seen->bogus += entry->key.space == SPACE_BOGUS;
        seen->routes += entry->key.partition != 0;
        return seen->count != seen->stop_after;
}

static void test_show(void **state)
{
        struct bench *bench = *state;
        struct seen seen = { 0 };
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        put_several(bench);
        assert_int_equal(name_from_text("www.EXAMPLE.", room, &name), ERR_OK);
        assert_int_equal(cache_show(bench->filler.store, &name, see, &seen), ERR_OK);
        assert_int_equal(seen.count, 4);
        assert_int_equal(seen.bogus, 1);
        assert_int_equal(seen.routes, 1);

        seen = (struct seen){ .stop_after = 2 };
        assert_int_equal(cache_show(bench->filler.store, &name, see, &seen), ERR_OK);
        assert_int_equal(seen.count, 2);

        seen = (struct seen){ 0 };
        assert_int_equal(name_from_text("com.", room, &name), ERR_OK);
        assert_int_equal(cache_show(bench->filler.store, &name, see, &seen), ERR_OK);
        assert_int_equal(seen.count, 0);
}

#define TWINS(name)                                                                                                    \
        { #name " (memory)", name, up_memory, down, NULL }, { #name " (LMDB)", name, up_disk, down, NULL }

int main(void)
{
        const struct CMUnitTest tests[] = {
                TWINS(test_many_puts_take_several_transactions),
                TWINS(test_types_of_one_name),
                TWINS(test_the_hand_keeps_the_store_from_filling_up),
                TWINS(test_what_is_used_stays),
                TWINS(test_the_hand_in_slow_motion),
                TWINS(test_flush),
                TWINS(test_a_large_flush_takes_several_transactions),
                TWINS(test_show),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
