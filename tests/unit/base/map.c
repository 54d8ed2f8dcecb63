/* The hash table: SipHash by its reference vectors, the maximum, the order of eviction, failing allocations. */
#include "failing.h"
#include "base/map.c"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const uint8_t secret[SIPHASH_KEY_LEN] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

struct item {
        char key[16];
        bool evicted;
};

/* The authors' vectors: key 00..0f, input 00, 01, ... of this length. */
static void siphash_gives_the_reference_values(void **state)
{
        static const struct {
                size_t len;
                uint64_t hash;
        } vectors[] = {
                { 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd }, { 2, 0x0d6c8009d9a94f5a },
                { 3, 0x85676696d7fb7e2d }, { 4, 0xcf2794e0277187b7 }, { 5, 0x18765564cd99a68d },
                { 6, 0xcbc9466e58fee3ce }, { 7, 0xab0200f58b01d137 }, { 8, 0x93f5f5799a932462 },
                { 9, 0x9e0082df0ba9e4b0 }, { 15, 0xa129ca6149be45e5 }, { 63, 0x958a324ceb064572 },
        };
        uint8_t input[64];

        (void)state;
        for (unsigned i = 0; i < sizeof input; i++)
                input[i] = (uint8_t)i;
        for (unsigned i = 0; i < sizeof vectors / sizeof *vectors; i++)
                assert_true(siphash24(secret, input, vectors[i].len) == vectors[i].hash);
        assert_true(siphash(secret, input, 0) == 0xabac0158050fc4dc);
        assert_true(siphash(secret, input, 7) == 0xd3927d989bb11140);
        assert_true(siphash(secret, input, 8) == 0x369095118d299a8e);
        assert_true(siphash(secret, input, 63) == 0x9d199062b7bbb3a8);
}

static void note_eviction(void *context, void *value)
{
        struct item *item = value;

        assert_false(item->evicted);
        item->evicted = true;
        ++*(unsigned *)context;
}

static struct item *items_make(struct item *items, unsigned count)
{
        for (unsigned i = 0; i < count; i++) {
                snprintf(items[i].key, sizeof items[i].key, "key%u", i);
                items[i].evicted = false;
        }
        return items;
}

static enum err put(struct map *map, struct item *item)
{
        return map_put(map, item->key, strlen(item->key), item);
}

static struct item *get(struct map *map, const char *key)
{
        return map_get(map, key, strlen(key));
}

static void what_is_put_is_found_and_taken(void **state)
{
        struct item items[100];
        struct map map;

        (void)state;
        items_make(items, 100);
        assert_int_equal(map_init(&map, 1000, secret, NULL, NULL), ERR_OK);
        for (unsigned i = 0; i < 100; i++)
                assert_int_equal(put(&map, &items[i]), ERR_OK);
        assert_int_equal(map.count, 100);
        for (unsigned i = 0; i < 100; i++)
                assert_ptr_equal(get(&map, items[i].key), &items[i]);
        assert_null(get(&map, "key100"));
        assert_null(get(&map, ""));
        assert_ptr_equal(map_take(&map, "key50", 5), &items[50]);
        assert_null(map_take(&map, "key50", 5));
        assert_null(get(&map, "key50"));
        assert_int_equal(put(&map, &items[50]), ERR_OK);
        map_fini(&map);
}

static void a_key_may_be_empty(void **state)
{
        struct map map;
        int value = 0;

        (void)state;
        assert_int_equal(map_init(&map, 4, secret, NULL, NULL), ERR_OK);
        assert_int_equal(map_put(&map, NULL, 0, &value), ERR_OK);
        assert_ptr_equal(map_get(&map, NULL, 0), &value);
        map_fini(&map);
}

static void without_a_hook_a_full_map_refuses(void **state)
{
        struct item items[5];
        struct map map;

        (void)state;
        items_make(items, 5);
        assert_int_equal(map_init(&map, 4, secret, NULL, NULL), ERR_OK);
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(put(&map, &items[i]), ERR_OK);
        assert_int_equal(put(&map, &items[4]), ERR_FULL);
        assert_ptr_equal(get(&map, "key0"), &items[0]);
        map_fini(&map);

        assert_int_equal(map_init(&map, 0, secret, note_eviction, NULL), ERR_OK);
        assert_int_equal(put(&map, &items[0]), ERR_FULL);
        map_fini(&map);
}

static void the_least_recently_used_goes_first(void **state)
{
        struct item items[6];
        unsigned evictions = 0;
        struct map map;

        (void)state;
        items_make(items, 6);
        assert_int_equal(map_init(&map, 3, secret, note_eviction, &evictions), ERR_OK);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(put(&map, &items[i]), ERR_OK);
        assert_non_null(get(&map, "key0")); /* order of use is now 1 2 0 */
        assert_int_equal(put(&map, &items[3]), ERR_OK);
        assert_true(items[1].evicted && !items[2].evicted && !items[0].evicted);
        assert_int_equal(put(&map, &items[4]), ERR_OK);
        assert_true(items[2].evicted && !items[0].evicted);
        assert_non_null(map_take(&map, "key0", 4)); /* taking calls no hook */
        assert_int_equal(put(&map, &items[5]), ERR_OK);
        assert_int_equal(evictions, 2);
        assert_int_equal(map.count, 3);
        map_fini(&map); /* the end does */
        assert_int_equal(evictions, 5);
        assert_false(items[0].evicted);
}

struct visit {
        struct map *map;
        unsigned seen, stop_after;
        bool take;
        struct item *order[10];
};

static bool visit(void *context, void *value)
{
        struct visit *v = context;
        struct item *item = value;

        v->order[v->seen++] = item;
        if (v->take)
                assert_ptr_equal(map_take(v->map, item->key, strlen(item->key)), item);
        return v->seen < v->stop_after;
}

static void each_goes_from_old_to_new_and_may_take(void **state)
{
        struct item items[4];
        struct map map;

        (void)state;
        items_make(items, 4);
        assert_int_equal(map_init(&map, 4, secret, NULL, NULL), ERR_OK);
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(put(&map, &items[i]), ERR_OK);
        assert_non_null(get(&map, "key1"));

        struct visit all = { .map = &map, .stop_after = 10 };
        map_each(&map, visit, &all);
        assert_int_equal(all.seen, 4);
        assert_ptr_equal(all.order[0], &items[0]);
        assert_ptr_equal(all.order[1], &items[2]);
        assert_ptr_equal(all.order[3], &items[1]);

        struct visit two = { .map = &map, .stop_after = 2, .take = true };
        map_each(&map, visit, &two);
        assert_int_equal(two.seen, 2);
        assert_int_equal(map.count, 2);
        struct visit rest = { .map = &map, .stop_after = 10, .take = true };
        map_each(&map, visit, &rest);
        assert_int_equal(rest.seen, 2);
        assert_int_equal(map.count, 0);
        map_fini(&map);
}

static void any_allocation_may_fail(void **state)
{
        struct item items[8];

        (void)state;
        items_make(items, 8);
        for (size_t n = 0; n < 9; n++) {
                struct map map;
                unsigned got = 0;
                allocations_left = n;
                enum err err = map_init(&map, 8, secret, NULL, NULL);
                assert_int_equal(err, n == 0 ? ERR_MEMORY : ERR_OK);
                while (!err && got < 8 && put(&map, &items[got]) == ERR_OK)
                        got++;
                allocations_left = SIZE_MAX;
                if (err)
                        continue;
                assert_int_equal(got, n - 1);
                for (unsigned i = 0; i < 8; i++)
                        assert_ptr_equal(get(&map, items[i].key), i < got ? &items[i] : NULL);
                map_fini(&map);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(siphash_gives_the_reference_values),
                cmocka_unit_test(what_is_put_is_found_and_taken),
                cmocka_unit_test(a_key_may_be_empty),
                cmocka_unit_test(without_a_hook_a_full_map_refuses),
                cmocka_unit_test(the_least_recently_used_goes_first),
                cmocka_unit_test(each_goes_from_old_to_new_and_may_take),
                cmocka_unit_test(any_allocation_may_fail),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
