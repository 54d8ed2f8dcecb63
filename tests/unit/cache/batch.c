/*
 * Batches: the newest put of a key is found, limits hold, and whoever leaves second frees.
 */
#include "cache/batch.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct store_bytes text(const char *text)
{
        return (struct store_bytes){ .bytes = (const uint8_t *)text, .len = strlen(text) };
}

static void discard(struct batch *batch)
{
        batch_settle(batch);
        batch_abandon(batch);
}

static const uint8_t secret[SIPHASH_KEY_LEN] = { 5 };

static bool add(struct batch *batch, struct store_bytes key, struct store_bytes value)
{
        return batch_put(batch, siphash(secret, key.bytes, key.len), key, value);
}

static bool find(const struct batch *batch, struct store_bytes key, struct store_bytes *value)
{
        return batch_get(batch, siphash(secret, key.bytes, key.len), key, value);
}

static void test_newest_put_is_found_all_are_listed(void **state)
{
        struct batch *batch = batch_new(7);
        struct store_bytes value;

        (void)state;
        assert_int_equal(batch_generation(batch), 7);
        assert_false(find(batch, text("a"), &value));
        assert_true(add(batch, text("a"), text("1")));
        assert_true(add(batch, text("b"), text("22")));
        assert_true(add(batch, text("a"), text("333")));
        assert_true(find(batch, text("a"), &value));
        assert_int_equal(value.len, 3);
        assert_memory_equal(value.bytes, "333", 3);
        assert_false(find(batch, text("ab"), &value));
        assert_int_equal(batch_count(batch), 3);
        assert_int_equal(batch_bytes(batch), 9);
        assert_memory_equal(batch_item(batch, 0).value.bytes, "1", 1);
        assert_memory_equal(batch_item(batch, 1).key.bytes, "b", 1);
        discard(batch);
}

static void test_limits(void **state)
{
        static const uint8_t bytes[STORE_VALUE_MAX + 1];
        struct batch *batch = batch_new(0);
        struct store_bytes value;
        char key[16];
        unsigned put = 0;

        (void)state;
        assert_false(add(batch, text(""), text("x")));
        assert_false(add(batch, (struct store_bytes){ bytes, STORE_KEY_MAX + 1 }, text("x")));
        assert_false(add(batch, text("x"), (struct store_bytes){ bytes, STORE_VALUE_MAX + 1 }));
        for (; put < 2 * BATCH_PUTS_MAX; put++) {
                snprintf(key, sizeof(key), "%u", put);
                if (!add(batch, text(key), text(key)))
                        break;
        }
        assert_int_equal(put, BATCH_PUTS_MAX);
        for (unsigned i = 0; i < put; i++) {
                snprintf(key, sizeof(key), "%u", i);
                assert_true(find(batch, text(key), &value));
                assert_memory_equal(value.bytes, key, value.len);
        }
        assert_false(find(batch, text("none"), &value));
        discard(batch);

        batch = batch_new(0);
        for (put = 0; add(batch, text("k"), (struct store_bytes){ bytes, STORE_VALUE_MAX }); put++)
                ;
        assert_int_equal(put, BATCH_BYTES_MAX / (STORE_VALUE_MAX + 1));
        discard(batch);
}

static void *settle_in_thread(void *context)
{
        batch_settle(context);
        return NULL;
}

/* In either order; a sanitizer sees a batch freed twice or not at all. */
static void test_whoever_leaves_second_frees(void **state)
{
        (void)state;
        for (int i = 0; i < 100; i++) {
                struct batch *batch = batch_new(0);
                pthread_t thread;

                assert_true(add(batch, text("a"), text("1")));
                assert_false(batch_is_settled(batch));
                assert_int_equal(pthread_create(&thread, NULL, settle_in_thread, batch), 0);
                if (i % 2)
                        pthread_join(thread, NULL);
                batch_abandon(batch);
                if (i % 2 == 0)
                        pthread_join(thread, NULL);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_newest_put_is_found_all_are_listed),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_whoever_leaves_second_frees),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
