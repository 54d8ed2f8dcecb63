/*
 * What happens to the store over restarts, and when its file is taken away from under it: never a wrong value, never a
 * refusal to start, and a word about what was done.
 */
#include "base/buf.h"
#include "scratch.h"
#include "store/store.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 4 << 20, ENTRIES = 500, MINUTE_US = 60 * 1000 * 1000 };

struct bench {
        char dir[SCRATCH_PATH];
        struct store *store;
        struct store_reader *reader;
        struct store_report report;
        size_t size;
        uint64_t mono_us;
};

static int up(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        scratch_make(bench->dir);
        bench->size = SIZE;
        *state = bench;
        return 0;
}

static void bench_close(struct bench *bench)
{
        store_reader_free(bench->reader);
        store_close(bench->store);
        bench->reader = NULL;
        bench->store = NULL;
}

static int down(void **state)
{
        struct bench *bench = *state;

        bench_close(bench);
        scratch_remove(bench->dir);
        free(bench);
        return 0;
}

/* Here a value is whole if it ends in its key. */
static bool ends_in_key(const uint8_t secret[SIPHASH_KEY_LEN], struct store_bytes key, struct store_bytes value)
{
        (void)secret;
        return value.len > key.len && memcmp(value.bytes + value.len - key.len, key.bytes, key.len) == 0;
}

static bool always(struct store_bytes old, struct store_bytes new, uint64_t now_s)
{
        (void)old;
        (void)new;
        (void)now_s;
        return true;
}

static enum err bench_try(struct bench *bench)
{
        struct store_settings settings = {
                .dir = bench->dir, .size = bench->size, .intact = ends_in_key, .replaces = always,
                .fresh_secret = "fedcba987654321",
        };
        enum err err = store_open(&settings, &bench->store, &bench->report);

        if (!err)
                bench->reader = store_reader_new(bench->store);
        return err;
}

static void bench_open(struct bench *bench, enum store_state state)
{
        assert_int_equal(bench_try(bench), ERR_OK);
        assert_int_equal(bench->report.state, state);
}

/* Wait for the child that rebuilds, without taking its end away from the store. */
static void await_child(struct bench *bench, enum store_state state)
{
        siginfo_t info;

        assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
        bench->mono_us += 100000;
        store_tend(bench->store, bench->mono_us);
        assert_true(store_news(bench->store, &bench->report));
        assert_int_equal(bench->report.state, state);
}

static struct store_bytes key_of(unsigned i, char room[32])
{
        int len = snprintf(room, 32, "key %06u", i);

        return (struct store_bytes){ .bytes = (uint8_t *)room, .len = (size_t)len };
}

static void put(struct bench *bench, unsigned first, unsigned count, const char *what)
{
        struct store_view *view;

        assert_int_equal(store_write_begin(bench->store, &view), ERR_OK);
        for (unsigned i = first; i < first + count; i++) {
                char key[32], value[64];
                struct store_bytes bytes = key_of(i, key);
                int len = snprintf(value, sizeof(value), "%s %s", what, key);

                assert_int_equal(store_put(view, bytes, (struct store_bytes){ (uint8_t *)value, (size_t)len }), ERR_OK);
        }
        assert_int_equal(store_commit(bench->store, view), ERR_OK);
}

/* How many of the entries are there; each that is must hold the value put last. */
static unsigned count(struct bench *bench, unsigned first, unsigned count, const char *what)
{
        struct store_view *view = store_reader_begin(bench->reader);
        struct arena arena;
        unsigned found = 0;

        if (!view)
                return 0;
        arena_init(&arena, 1 << 20);
        for (unsigned i = first; i < first + count; i++) {
                char key[32], value[64];
                struct store_bytes got;

                if (store_get(view, key_of(i, key), &arena, &got) != ERR_OK)
                        continue;
                int len = snprintf(value, sizeof(value), "%s %s", what, key);
                assert_int_equal(got.len, len);
                assert_memory_equal(got.bytes, value, got.len);
                found++;
        }
        store_reader_end(bench->reader);
        arena_fini(&arena);
        return found;
}

static void fill_and_close(struct bench *bench)
{
        bench_open(bench, STORE_COLD);
        put(bench, 0, ENTRIES, "old");
        store_stamp(bench->store, 777);
        bench_close(bench);
}

static void test_a_clean_restart_is_warm(void **state)
{
        struct bench *bench = *state;

        fill_and_close(bench);
        bench_open(bench, STORE_WARM);
        assert_int_equal(bench->report.entries, ENTRIES);
        assert_int_equal(bench->report.cache_s, 777);
        assert_string_equal(bench->report.reason, "");
        assert_int_equal(count(bench, 0, ENTRIES, "old"), ENTRIES);
}

static void test_files_are_private(void **state)
{
        static const char *const names[] = { "cache.mdb", "cache.key", "cache.mark", "cache.lock", "cache.mdb-lock" };
        struct bench *bench = *state;
        char path[SCRATCH_PATH];
        struct stat stat_;

        rmdir(bench->dir);
        bench_open(bench, STORE_COLD);
        assert_int_equal(stat(bench->dir, &stat_), 0);
        assert_int_equal(stat_.st_mode & 07777, 0700);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                assert_int_equal(stat(scratch_path(bench->dir, names[i], path), &stat_), 0);
                assert_int_equal(stat_.st_mode & 07777, 0600);
        }
        assert_int_equal(stat(scratch_path(bench->dir, "cache.mdb", path), &stat_), 0);
        assert_true(stat_.st_blocks * 512 >= SIZE);
}

static void test_a_directory_that_others_write_to_is_refused(void **state)
{
        struct bench *bench = *state;

        assert_int_equal(chmod(bench->dir, 0777), 0);
        bench_open(bench, STORE_MEMORY);
        assert_non_null(strstr(bench->report.reason, "not ours alone"));
        put(bench, 0, 10, "old");
        assert_int_equal(count(bench, 0, 10, "old"), 10);
}

static void test_a_second_opener_is_refused(void **state)
{
        struct bench *bench = *state;
        struct bench other = *bench;

        bench_open(bench, STORE_COLD);
        assert_int_equal(bench_try(&other), ERR_BUSY);
        put(bench, 0, 10, "old");
        assert_int_equal(count(bench, 0, 10, "old"), 10);
}

static void test_after_a_kill_the_file_is_opened_as_it_stands(void **state)
{
        struct bench *bench = *state;
        pid_t child = fork();

        if (child == 0) {
                bench_open(bench, STORE_COLD);
                put(bench, 0, ENTRIES, "old");
                _exit(0);
        }
        waitpid(child, NULL, 0);
        bench_open(bench, STORE_WARM);
        assert_non_null(strstr(bench->report.reason, "killed"));
        assert_int_equal(count(bench, 0, ENTRIES, "old"), ENTRIES);
}

/* Open, and die without a word. */
static void die_with_it(struct bench *bench)
{
        pid_t child = fork();

        if (child == 0) {
                bench_open(bench, STORE_WARM);
                _exit(0);
        }
        waitpid(child, NULL, 0);
}

/* A file that kills its processes, although nothing else speaks against it, must not do so for ever. */
static void test_a_file_that_kills_is_looked_through(void **state)
{
        struct bench *bench = *state;

        fill_and_close(bench);
        for (int i = 0; i < 2; i++)
                die_with_it(bench);
        bench_open(bench, STORE_REBUILDING);
        await_child(bench, STORE_REBUILT);
        assert_int_equal(count(bench, 0, ENTRIES, "old"), ENTRIES);
        bench_close(bench);
        bench_open(bench, STORE_WARM);
}

static void test_kills_far_apart_do_not_count(void **state)
{
        struct bench *bench = *state;

        fill_and_close(bench);
        for (int i = 0; i < 5; i++) {
                pid_t child = fork();

                if (child == 0) {
                        bench_open(bench, STORE_WARM);
                        store_tend(bench->store, 1000);
                        store_tend(bench->store, 2 * MINUTE_US);
                        _exit(0);
                }
                waitpid(child, NULL, 0);
        }
        bench_open(bench, STORE_WARM);
}

/* Somebody wrote to the file: the time in the mark is not the file's. */
static void touch(struct bench *bench)
{
        const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
        char path[SCRATCH_PATH];

        assert_int_equal(utimensat(AT_FDCWD, scratch_path(bench->dir, "cache.mdb", path), times, 0), 0);
}

static void test_a_doubtful_file_is_rebuilt_while_memory_serves(void **state)
{
        struct bench *bench = *state;

        fill_and_close(bench);
        touch(bench);
        bench_open(bench, STORE_REBUILDING);
        put(bench, 0, 10, "new");
        put(bench, ENTRIES, 10, "new");
        assert_int_equal(count(bench, 0, 10, "new"), 10);
        await_child(bench, STORE_REBUILT);
        assert_int_equal(bench->report.entries, ENTRIES + 10);
        assert_int_equal(count(bench, 0, 10, "new"), 10);
        assert_int_equal(count(bench, 10, ENTRIES - 10, "old"), ENTRIES - 10);
        assert_int_equal(count(bench, ENTRIES, 10, "new"), 10);
        bench_close(bench);
        bench_open(bench, STORE_WARM);
        assert_int_equal(bench->report.entries, ENTRIES + 10);
}

static void test_only_what_is_whole_survives_a_rebuild(void **state)
{
        struct bench *bench = *state;
        struct store_view *view;

        fill_and_close(bench);
        bench_open(bench, STORE_WARM);
        assert_int_equal(store_write_begin(bench->store, &view), ERR_OK);
        for (unsigned i = 0; i < 100; i++) {
                char key[32];
                struct store_bytes value = { (const uint8_t *)"damaged", 7 };

                assert_int_equal(store_put(view, key_of(i, key), value), ERR_OK);
        }
        assert_int_equal(store_commit(bench->store, view), ERR_OK);
        bench_close(bench);
        touch(bench);
        bench_open(bench, STORE_REBUILDING);
        await_child(bench, STORE_REBUILT);
        assert_int_equal(bench->report.entries, ENTRIES - 100);
        assert_int_equal(count(bench, 0, ENTRIES, "old"), ENTRIES - 100);
}

static void test_another_size_is_a_rebuild(void **state)
{
        struct bench *bench = *state;

        fill_and_close(bench);
        bench->size = 2 * SIZE;
        bench_open(bench, STORE_REBUILDING);
        await_child(bench, STORE_REBUILT);
        assert_int_equal(bench->report.size, 2 * SIZE);
        assert_int_equal(count(bench, 0, ENTRIES, "old"), ENTRIES);
}

static void test_a_flush_during_a_rebuild_is_not_undone(void **state)
{
        struct bench *bench = *state;

        fill_and_close(bench);
        touch(bench);
        bench_open(bench, STORE_REBUILDING);
        store_generation_bump(bench->store);
        await_child(bench, STORE_COLD);
        assert_int_equal(count(bench, 0, ENTRIES, "old"), 0);
}

static void write_file(struct bench *bench, const char *name, const char *bytes, size_t len)
{
        char path[SCRATCH_PATH];
        int fd = open(scratch_path(bench->dir, name, path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, len), len);
        close(fd);
}

static void test_garbage_is_a_cold_start(void **state)
{
        static char garbage[20000];
        struct bench *bench = *state;

        memset(garbage, 'x', sizeof(garbage));
        write_file(bench, "cache.mdb", garbage, sizeof(garbage));
        write_file(bench, "cache.mark", garbage, 96);
        bench_open(bench, STORE_REBUILDING);
        await_child(bench, STORE_COLD);
        put(bench, 0, 10, "new");
        assert_int_equal(count(bench, 0, 10, "new"), 10);
}

static void test_a_lost_mark_is_a_rebuild(void **state)
{
        struct bench *bench = *state;

        fill_and_close(bench);
        write_file(bench, "cache.mark", "", 0);
        bench_open(bench, STORE_REBUILDING);
        await_child(bench, STORE_REBUILT);
        assert_int_equal(count(bench, 0, ENTRIES, "old"), ENTRIES);
}

/* A mark of another layout, whole: what is still of use is kept, and people are told. */
static void test_another_version_left_it(void **state)
{
        struct bench *bench = *state;
        uint8_t secret[SIPHASH_KEY_LEN], mark[256];
        char path[SCRATCH_PATH];

        bench_open(bench, STORE_COLD);
        put(bench, 0, ENTRIES, "old");
        memcpy(secret, store_secret(bench->store), sizeof(secret));
        bench_close(bench);
        int fd = open(scratch_path(bench->dir, "cache.mark", path), O_RDWR);
        ssize_t len = read(fd, mark, sizeof(mark));
        assert_true(len > 12);
        store_u32(mark + 8, load_u32(mark + 8) - 1);
        store_u64(mark, siphash(secret, mark + 8, (size_t)len - 8));
        assert_int_equal(pwrite(fd, mark, (size_t)len, 0), len);
        close(fd);

        bench_open(bench, STORE_REBUILDING);
        assert_non_null(strstr(bench->report.reason, "another version"));
        await_child(bench, STORE_REBUILT);
        assert_int_equal(count(bench, 0, ENTRIES, "old"), ENTRIES);
}

static void test_closing_during_a_rebuild(void **state)
{
        struct bench *bench = *state;

        fill_and_close(bench);
        touch(bench);
        bench_open(bench, STORE_REBUILDING);
        bench_close(bench);
        bench_open(bench, STORE_REBUILDING);
        await_child(bench, STORE_REBUILT);
        assert_int_equal(count(bench, 0, ENTRIES, "old"), ENTRIES);
}

/* --- While running ---------------------------------------------------------------------------------------------- */

static void tend(struct bench *bench, uint64_t after_us)
{
        bench->mono_us += after_us;
        store_tend(bench->store, bench->mono_us);
}

static void expect_news(struct bench *bench, enum store_state state, const char *reason)
{
        assert_true(store_news(bench->store, &bench->report));
        assert_int_equal(bench->report.state, state);
        assert_non_null(strstr(bench->report.reason, reason));
        assert_false(store_news(bench->store, &bench->report));
}

/* From here on the store must be of use, in memory; after a minute a fresh file stands. */
static void expect_recovery(struct bench *bench, const char *reason)
{
        put(bench, 1000, 10, "new");
        expect_news(bench, STORE_MEMORY, reason);
        assert_int_equal(count(bench, 1000, 10, "new"), 10);
        tend(bench, MINUTE_US / 2);
        assert_false(store_news(bench->store, &bench->report));
        tend(bench, MINUTE_US);
        expect_news(bench, STORE_COLD, "");
        assert_int_equal(count(bench, 1000, 10, "new"), 10);
        bench_close(bench);
        bench_open(bench, STORE_WARM);
        assert_int_equal(count(bench, 1000, 10, "new"), 10);
        assert_int_equal(count(bench, 0, ENTRIES, "old"), 0);
}

static void test_cut_off_while_running_is_met_by_a_reader(void **state)
{
        struct bench *bench = *state;
        char path[SCRATCH_PATH];

        bench_open(bench, STORE_COLD);
        put(bench, 0, ENTRIES, "old");
        tend(bench, 0);
        assert_int_equal(truncate(scratch_path(bench->dir, "cache.mdb", path), 8192), 0);
        assert_true(count(bench, 0, ENTRIES, "old") < ENTRIES); /* SIGBUS, and misses */
        expect_recovery(bench, "cut off");
}

static void test_cut_off_while_running_is_met_by_the_writer(void **state)
{
        struct bench *bench = *state;
        struct store_view *view;
        char path[SCRATCH_PATH], key[32];

        bench_open(bench, STORE_COLD);
        put(bench, 0, ENTRIES, "old");
        tend(bench, 0);
        assert_int_equal(truncate(scratch_path(bench->dir, "cache.mdb", path), 0), 0);
        enum err err = store_write_begin(bench->store, &view);
        if (!err) {
                err = store_put(view, key_of(5000, key), (struct store_bytes){ (const uint8_t *)"x", 1 });
                if (err)
                        store_abort(bench->store, view);
                else
                        err = store_commit(bench->store, view);
        }
        expect_recovery(bench, "cut off");
}

static void test_cut_off_while_running_is_seen_in_time(void **state)
{
        struct bench *bench = *state;
        char path[SCRATCH_PATH];

        bench_open(bench, STORE_COLD);
        put(bench, 0, ENTRIES, "old");
        assert_int_equal(truncate(scratch_path(bench->dir, "cache.mdb", path), SIZE - 4096), 0);
        tend(bench, MINUTE_US / 10);
        expect_recovery(bench, "cut off");
}

static void test_removed_while_running(void **state)
{
        struct bench *bench = *state;
        char path[SCRATCH_PATH];

        bench_open(bench, STORE_COLD);
        put(bench, 0, ENTRIES, "old");
        assert_int_equal(unlink(scratch_path(bench->dir, "cache.mdb", path)), 0);
        assert_int_equal(count(bench, 0, ENTRIES, "old"), ENTRIES); /* the map is still there */
        tend(bench, MINUTE_US / 10);
        expect_recovery(bench, "removed");
}

static void test_an_open_view_outlives_its_backend(void **state)
{
        struct bench *bench = *state;
        struct store_reader *reader;
        char path[SCRATCH_PATH], key[32];
        struct store_bytes value;
        struct arena arena;

        arena_init(&arena, 1 << 16);
        bench_open(bench, STORE_COLD);
        put(bench, 0, ENTRIES, "old");
        reader = store_reader_new(bench->store);
        struct store_view *view = store_reader_begin(reader);
        assert_int_equal(unlink(scratch_path(bench->dir, "cache.mdb", path)), 0);
        tend(bench, MINUTE_US / 10);
        tend(bench, 2 * MINUTE_US);
        put(bench, 0, 10, "new");
        (void)!store_get(view, key_of(3, key), &arena, &value); /* an old value or a miss, but not a crash */
        store_reader_end(reader);
        tend(bench, 1000);
        view = store_reader_begin(reader);
        assert_int_equal(store_get(view, key_of(3, key), &arena, &value), ERR_OK);
        assert_memory_equal(value.bytes, "new", 3);
        store_reader_end(reader);
        store_reader_free(reader);
        arena_fini(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_a_clean_restart_is_warm),
                TEST(test_files_are_private),
                TEST(test_a_directory_that_others_write_to_is_refused),
                TEST(test_a_second_opener_is_refused),
                TEST(test_after_a_kill_the_file_is_opened_as_it_stands),
                TEST(test_a_file_that_kills_is_looked_through),
                TEST(test_kills_far_apart_do_not_count),
                TEST(test_a_doubtful_file_is_rebuilt_while_memory_serves),
                TEST(test_only_what_is_whole_survives_a_rebuild),
                TEST(test_another_size_is_a_rebuild),
                TEST(test_a_flush_during_a_rebuild_is_not_undone),
                TEST(test_garbage_is_a_cold_start),
                TEST(test_a_lost_mark_is_a_rebuild),
                TEST(test_another_version_left_it),
                TEST(test_closing_during_a_rebuild),
                TEST(test_cut_off_while_running_is_met_by_a_reader),
                TEST(test_cut_off_while_running_is_met_by_the_writer),
                TEST(test_cut_off_while_running_is_seen_in_time),
                TEST(test_removed_while_running),
                TEST(test_an_open_view_outlives_its_backend),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
