/*
 * The store and its twin: every test runs over memory and over LMDB, and must see the same.
 */
#include "store/store.h"
#include "scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 2 << 20 };

struct bench {
        char dir[SCRATCH_PATH]; /* empty: memory */
        struct store *store;
        struct store_reader *reader;
        struct arena arena;
};

static bool believe_all(const uint8_t secret[SIPHASH_KEY_LEN], struct store_bytes key, struct store_bytes value)
{
        (void)secret;
        (void)key;
        (void)value;
        return true;
}

static void bench_open(struct bench *bench)
{
        struct store_settings settings = {
                .dir = bench->dir[0] ? bench->dir : NULL,
                .size = SIZE,
                .intact = believe_all,
                .fresh_secret = "fedcba987654321",
        };
        struct store_report report;

        assert_int_equal(store_open(&settings, &bench->store, &report), ERR_OK);
        assert_int_equal(report.state, bench->dir[0] ? STORE_COLD : STORE_MEMORY);
        bench->reader = store_reader_new(bench->store);
        assert_non_null(bench->reader);
        arena_init(&bench->arena, 4 << 20);
}

static int up_memory(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        bench_open(bench);
        *state = bench;
        return 0;
}

static int up_disk(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        scratch_make(bench->dir);
        bench_open(bench);
        *state = bench;
        return 0;
}

static int down(void **state)
{
        struct bench *bench = *state;

        store_reader_free(bench->reader);
        store_close(bench->store);
        arena_fini(&bench->arena);
        if (bench->dir[0])
                scratch_remove(bench->dir);
        free(bench);
        return 0;
}

static struct store_bytes text(const char *text)
{
        return (struct store_bytes){ .bytes = (const uint8_t *)text, .len = strlen(text) };
}

static struct store_view *write_begin(struct bench *bench)
{
        struct store_view *view;

        assert_int_equal(store_write_begin(bench->store, &view), ERR_OK);
        return view;
}

static void put_all(struct bench *bench, const char *const *key)
{
        struct store_view *view = write_begin(bench);

        for (; *key; key++)
                assert_int_equal(store_put(view, text(*key), text(*key)), ERR_OK);
        assert_int_equal(store_commit(bench->store, view), ERR_OK);
}

/* What a reader sees under a key: the value as text, or NULL. */
static const char *read_one(struct bench *bench, const char *key)
{
        struct store_view *view = store_reader_begin(bench->reader);
        struct store_bytes value;

        assert_non_null(view);
        enum err err = store_get(view, text(key), &bench->arena, &value);
        store_reader_end(bench->reader);
        if (err) {
                assert_int_equal(err, ERR_MISSING);
                return NULL;
        }
        return memcpy(arena_alloc(&bench->arena, value.len + 1), value.bytes, value.len);
}

/* The key a seek ends at, "" for none. */
static const char *seek_in(struct bench *bench, struct store_view *view, enum store_seek direction, const char *key)
{
        struct store_item item;
        enum err err = store_seek(view, direction, text(key), &bench->arena, &item);

        if (err) {
                assert_int_equal(err, ERR_MISSING);
                return "";
        }
        assert_int_equal(item.key.len, item.value.len);
        assert_memory_equal(item.key.bytes, item.value.bytes, item.key.len);
        return memcpy(arena_alloc(&bench->arena, item.key.len + 1), item.key.bytes, item.key.len);
}

static void test_put_get_replace_delete(void **state)
{
        struct bench *bench = *state;
        struct store_view *view = write_begin(bench);

        assert_int_equal(store_put(view, text("a"), text("1")), ERR_OK);
        assert_int_equal(store_put(view, text("b"), text("2")), ERR_OK);
        assert_int_equal(store_put(view, text("a"), text("three")), ERR_OK);
        assert_int_equal(store_delete(view, text("c")), ERR_MISSING);
        assert_int_equal(store_commit(bench->store, view), ERR_OK);
        assert_string_equal(read_one(bench, "a"), "three");
        assert_string_equal(read_one(bench, "b"), "2");
        assert_null(read_one(bench, "ab"));

        view = write_begin(bench);
        assert_int_equal(store_delete(view, text("a")), ERR_OK);
        assert_int_equal(store_delete(view, text("a")), ERR_MISSING);
        assert_int_equal(store_commit(bench->store, view), ERR_OK);
        assert_null(read_one(bench, "a"));
}

static void test_an_aborted_transaction_never_was(void **state)
{
        static const char *const keys[] = { "a", "b", NULL };
        struct bench *bench = *state;
        struct store_stat before, after;

        put_all(bench, keys);
        store_stat(bench->store, &before);
        struct store_view *view = write_begin(bench);
        assert_int_equal(store_put(view, text("a"), text("other")), ERR_OK);
        assert_int_equal(store_put(view, text("a"), text("another")), ERR_OK);
        assert_int_equal(store_delete(view, text("b")), ERR_OK);
        assert_int_equal(store_put(view, text("c"), text("new")), ERR_OK);
        assert_int_equal(store_delete(view, text("c")), ERR_OK);
        assert_int_equal(store_put(view, text("d"), text("new")), ERR_OK);
        store_abort(bench->store, view);
        assert_string_equal(read_one(bench, "a"), "a");
        assert_string_equal(read_one(bench, "b"), "b");
        assert_null(read_one(bench, "c"));
        assert_null(read_one(bench, "d"));
        store_stat(bench->store, &after);
        assert_int_equal(before.entries, after.entries);
        assert_int_equal(before.bytes, after.bytes);
}

static void test_a_transaction_sees_its_own_changes(void **state)
{
        static const char *const keys[] = { "b", NULL };
        struct bench *bench = *state;
        struct store_bytes value;

        put_all(bench, keys);
        struct store_view *view = write_begin(bench);
        assert_int_equal(store_put(view, text("a"), text("a")), ERR_OK);
        assert_int_equal(store_get(view, text("a"), &bench->arena, &value), ERR_OK);
        assert_string_equal(seek_in(bench, view, SEEK_FIRST_FROM, ""), "a");
        assert_int_equal(store_delete(view, text("a")), ERR_OK);
        assert_string_equal(seek_in(bench, view, SEEK_FIRST_FROM, ""), "b");
        assert_int_equal(store_put(view, text("c"), text("c")), ERR_OK);
        assert_string_equal(seek_in(bench, view, SEEK_LAST_BEFORE, "d"), "c");
        store_abort(bench->store, view);
}

static void test_seek(void **state)
{
        static const char *const keys[] = { "b", "d", "da", "f", NULL };
        static const struct { const char *key, *from, *before; } rows[] = {
                { "", "b", "" }, { "a", "b", "" }, { "b", "b", "" }, { "ba", "d", "b" }, { "c", "d", "b" },
                { "d", "d", "b" }, { "d!", "da", "d" }, { "da", "da", "d" }, { "e", "f", "da" }, { "f", "f", "da" },
                { "g", "", "f" },
        };
        struct bench *bench = *state;

        put_all(bench, keys);
        struct store_view *view = store_reader_begin(bench->reader);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_string_equal(seek_in(bench, view, SEEK_FIRST_FROM, rows[i].key), rows[i].from);
                assert_string_equal(seek_in(bench, view, SEEK_LAST_BEFORE, rows[i].key), rows[i].before);
        }
        store_reader_end(bench->reader);

        assert_int_equal(store_clear(bench->store), ERR_OK);
        view = store_reader_begin(bench->reader);
        assert_string_equal(seek_in(bench, view, SEEK_FIRST_FROM, ""), "");
        assert_string_equal(seek_in(bench, view, SEEK_LAST_BEFORE, "z"), "");
        store_reader_end(bench->reader);
}

static void test_keys_are_bytes_in_order(void **state)
{
        static const uint8_t keys[][3] = {
                { 0, 0, 0 }, { 0, 0, 1 }, { 0x7f, 0, 0 }, { 0x80, 0, 0 }, { 0xff, 0xff, 0xff },
        };
        struct bench *bench = *state;
        struct store_view *view = write_begin(bench);
        uint8_t from[4] = { 0 };
        struct store_item item;

        for (int i = 4; i >= 0; i--)
                assert_int_equal(store_put(view, (struct store_bytes){ keys[i], 3 }, text("x")), ERR_OK);
        for (int i = 0; i < 5; i++) {
                struct store_bytes at = { from, i ? 4 : 0 };

                assert_int_equal(store_seek(view, SEEK_FIRST_FROM, at, &bench->arena, &item), ERR_OK);
                assert_memory_equal(item.key.bytes, keys[i], 3);
                memcpy(from, keys[i], 3);
        }
        store_abort(bench->store, view);
}

static void test_sizes(void **state)
{
        static uint8_t bytes[STORE_VALUE_MAX + 1];
        struct bench *bench = *state;
        struct store_view *view = write_begin(bench);
        struct store_bytes key = { bytes, STORE_KEY_MAX }, value = { bytes, STORE_VALUE_MAX }, out;

        assert_int_equal(store_put(view, key, value), ERR_OK);
        assert_int_equal(store_get(view, key, &bench->arena, &out), ERR_OK);
        assert_int_equal(out.len, STORE_VALUE_MAX);
        assert_memory_equal(out.bytes, bytes, out.len);
        assert_int_equal(store_put(view, (struct store_bytes){ bytes, STORE_KEY_MAX + 1 }, value), ERR_LIMIT);
        assert_int_equal(store_put(view, key, (struct store_bytes){ bytes, STORE_VALUE_MAX + 1 }), ERR_LIMIT);
        assert_int_equal(store_put(view, (struct store_bytes){ bytes, 0 }, value), ERR_LIMIT);
        store_abort(bench->store, view);
}

static void test_a_full_store_says_so_and_goes_on(void **state)
{
        static uint8_t value[1000];
        struct bench *bench = *state;
        struct store_stat stat;
        enum err err = ERR_OK;
        char key[16];
        unsigned i = 0;

        while (!err && i < 100000) {
                struct store_view *view = write_begin(bench);

                snprintf(key, sizeof(key), "%08u", i);
                err = store_put(view, text(key), (struct store_bytes){ value, sizeof(value) });
                if (!err) {
                        err = store_commit(bench->store, view);
                        i++;
                } else {
                        store_abort(bench->store, view);
                }
        }
        assert_int_equal(err, ERR_FULL);
        assert_in_range(i, SIZE / 4000, SIZE / 1000);
        store_stat(bench->store, &stat);
        assert_true(stat.bytes > stat.size / 2 && stat.bytes <= stat.size);
        assert_in_range(stat.entries, i - 1, i);
        assert_non_null(read_one(bench, "00000000"));

        /* Neighbours can always be deleted, and then there is room again. */
        struct store_view *view = write_begin(bench);
        for (i = 0; i < 20; i++) {
                snprintf(key, sizeof(key), "%08u", i);
                assert_int_equal(store_delete(view, text(key)), ERR_OK);
        }
        assert_int_equal(store_commit(bench->store, view), ERR_OK);
        view = write_begin(bench);
        assert_int_equal(store_put(view, text("new"), (struct store_bytes){ value, sizeof(value) }), ERR_OK);
        assert_int_equal(store_commit(bench->store, view), ERR_OK);
        assert_non_null(read_one(bench, "new"));
}

/* Random changes against a simple model: 64 keys, each there or not. */
static void test_many_changes(void **state)
{
        struct bench *bench = *state;
        bool there[64] = { false };
        uint32_t dice = 12345;
        char key[16];

        for (int round = 0; round < 300; round++) {
                struct store_view *view = write_begin(bench);
                bool after[64];

                memcpy(after, there, sizeof(there));
                for (int i = 0; i < 10; i++) {
                        dice = dice * 1664525 + 1013904223;
                        unsigned which = dice >> 26;

                        snprintf(key, sizeof(key), "k%02u", which);
                        if (dice & 1 << 20) {
                                assert_int_equal(store_put(view, text(key), text(key)), ERR_OK);
                                after[which] = true;
                        } else {
                                assert_int_equal(store_delete(view, text(key)), after[which] ? ERR_OK : ERR_MISSING);
                                after[which] = false;
                        }
                }
                if (dice & 1 << 21) {
                        assert_int_equal(store_commit(bench->store, view), ERR_OK);
                        memcpy(there, after, sizeof(there));
                } else {
                        store_abort(bench->store, view);
                }
                for (unsigned i = 0; i < 64; i++) {
                        snprintf(key, sizeof(key), "k%02u", i);
                        assert_int_equal(read_one(bench, key) != NULL, there[i]);
                }
        }
}

static void test_a_full_arena_is_no_miss(void **state)
{
        static const char *const keys[] = { "a", NULL };
        struct bench *bench = *state;
        struct store_bytes value;
        struct arena small;

        put_all(bench, keys);
        arena_init(&small, 1);
        struct store_view *view = store_reader_begin(bench->reader);
        assert_int_equal(store_get(view, text("a"), &small, &value), ERR_MEMORY);
        store_reader_end(bench->reader);
        arena_fini(&small);
        assert_string_equal(read_one(bench, "a"), "a");
}

static void test_generation(void **state)
{
        struct bench *bench = *state;
        uint64_t generation = store_generation(bench->store);

        store_generation_bump(bench->store);
        assert_int_equal(store_generation(bench->store), generation + 1);
}

static void test_a_check_is_of_secret_key_and_bytes(void **state)
{
        struct bench *bench = *state;
        const uint8_t *secret = store_secret(bench->store);
        uint8_t other[SIPHASH_KEY_LEN], bytes[] = "value";
        uint64_t check = store_check(secret, text("key"), bytes, 5);

        memcpy(other, secret, sizeof other);
        other[SIPHASH_KEY_LEN - 1] ^= 1;
        assert_true(store_check(other, text("key"), bytes, 5) != check);
        assert_true(store_check(secret, text("kez"), bytes, 5) != check);
        assert_true(store_check(secret, text("key"), bytes, 4) != check);
        assert_true(store_check(secret, text("key"), bytes, 5) == check);
        bytes[4] ^= 1;
        assert_true(store_check(secret, text("key"), bytes, 5) != check);
}

#define TWINS(name)                                                                                                    \
        { #name " (memory)", name, up_memory, down, NULL }, { #name " (LMDB)", name, up_disk, down, NULL }

int main(void)
{
        const struct CMUnitTest tests[] = {
                TWINS(test_put_get_replace_delete),
                TWINS(test_an_aborted_transaction_never_was),
                TWINS(test_a_transaction_sees_its_own_changes),
                TWINS(test_seek),
                TWINS(test_keys_are_bytes_in_order),
                TWINS(test_sizes),
                TWINS(test_a_full_store_says_so_and_goes_on),
                TWINS(test_many_changes),
                TWINS(test_a_full_arena_is_no_miss),
                TWINS(test_generation),
                TWINS(test_a_check_is_of_secret_key_and_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
