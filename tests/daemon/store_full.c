/*
 * A disk that is too small, full or read-only: the store goes on in memory, says so once, and comes back.
 *
 * Each test has a small file system in memory of its own, in a mount namespace. Where that is not allowed, all are
 * skipped.
 */
#include "filler.h"
#include "scratch.h"
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SKIPPED = 77, MIB = 1 << 20, MINUTE_US = 60 * 1000 * 1000 };

struct bench {
        char mount[SCRATCH_PATH], dir[SCRATCH_PATH];
        struct filler filler;
        struct store_report report;
};

/* A file system of this many KiB. */
static void mount_small(struct bench *bench, unsigned kib, unsigned long flags)
{
        char options[64];

        snprintf(options, sizeof(options), "mode=0700,size=%uk", kib);
        assert_int_equal(mount("none", bench->mount, "tmpfs", flags, options), 0);
}

static int up(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        scratch_make(bench->mount);
        scratch_path(bench->mount, "store", bench->dir);
        *state = bench;
        return 0;
}

static int down(void **state)
{
        struct bench *bench = *state;

        filler_close(&bench->filler);
        umount2(bench->mount, MNT_DETACH);
        scratch_remove(bench->mount);
        free(bench);
        return 0;
}

static void expect_open(struct bench *bench, size_t size, enum store_state state)
{
        assert_int_equal(filler_open(&bench->filler, bench->dir, size, &bench->report), ERR_OK);
        assert_int_equal(bench->report.state, state);
}

static void expect_news(struct bench *bench, enum store_state state, const char *reason)
{
        assert_true(store_news(bench->filler.store, &bench->report));
        assert_int_equal(bench->report.state, state);
        assert_non_null(strstr(bench->report.reason, reason));
}

static uint32_t count(struct bench *bench, uint32_t first, uint32_t count_)
{
        uint32_t wrong = 0, found = filler_count(&bench->filler, first, count_, 63, &wrong);

        assert_int_equal(wrong, 0);
        return found;
}

static void test_a_small_disk_makes_a_small_store(void **state)
{
        struct bench *bench = *state;

        mount_small(bench, 8192, 0);
        expect_open(bench, 64 * MIB, STORE_COLD);
        assert_in_range(bench->report.size, MIB, 8 * MIB);
        filler_put(&bench->filler, 0, 100, 1);
        filler_close(&bench->filler);
        expect_open(bench, 64 * MIB, STORE_WARM); /* not rebuilt because of its size */
        assert_int_equal(count(bench, 0, 100), 100);
}

static void test_no_room_at_all_is_memory_until_there_is(void **state)
{
        struct bench *bench = *state;

        mount_small(bench, 256, 0);
        expect_open(bench, 4 * MIB, STORE_MEMORY);
        assert_true(bench->report.reason[0] != '\0');
        filler_put(&bench->filler, 0, 100, 1);
        assert_int_equal(count(bench, 0, 100), 100);
        store_tend(bench->filler.store, 2 * MINUTE_US);
        assert_false(store_news(bench->filler.store, &bench->report));

        mount_small(bench, 8192, MS_REMOUNT);
        store_tend(bench->filler.store, 4 * MINUTE_US);
        expect_news(bench, STORE_COLD, "");
        assert_int_equal(count(bench, 0, 100), 100);
}

static void test_read_only_is_memory_until_it_is_not(void **state)
{
        struct bench *bench = *state;

        mount_small(bench, 8192, 0);
        expect_open(bench, 4 * MIB, STORE_COLD);
        filler_put(&bench->filler, 200, 100, 1);
        filler_close(&bench->filler);
        mount_small(bench, 8192, MS_REMOUNT | MS_RDONLY);
        expect_open(bench, 4 * MIB, STORE_MEMORY);
        assert_non_null(strstr(bench->report.reason, "ead-only"));
        filler_put(&bench->filler, 0, 100, 1);
        assert_int_equal(count(bench, 0, 100), 100);
        store_tend(bench->filler.store, 5 * MINUTE_US);
        store_tend(bench->filler.store, 7 * MINUTE_US);
        assert_false(store_news(bench->filler.store, &bench->report));

        mount_small(bench, 8192, MS_REMOUNT);
        store_tend(bench->filler.store, 9 * MINUTE_US);
        expect_news(bench, STORE_COLD, "of use now");
        assert_int_equal(count(bench, 0, 100), 100);
        assert_int_equal(count(bench, 200, 100), 0);
        filler_close(&bench->filler);
        expect_open(bench, 4 * MIB, STORE_WARM);
        assert_int_equal(count(bench, 0, 100), 100);
}

/* Take the blocks behind the first `kept` bytes away from the file, as a file system without reservation would. */
static void punch(struct bench *bench, off_t kept, off_t size)
{
        char path[SCRATCH_PATH];
        int fd = open(scratch_path(bench->dir, "cache.mdb", path), O_RDWR);

        assert_true(fd >= 0);
        assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, kept, size - kept), 0);
        close(fd);
}

/* Fill the disk up; returns the file that does. */
static const char *fill_disk(struct bench *bench, char path[SCRATCH_PATH])
{
        static char bytes[4096];
        int fd = open(scratch_path(bench->mount, "ballast", path), O_WRONLY | O_CREAT, 0600);

        assert_true(fd >= 0);
        while (write(fd, bytes, sizeof(bytes)) > 0)
                ;
        close(fd);
        return path;
}

static void test_a_disk_that_fills_up_while_running(void **state)
{
        struct bench *bench = *state;
        char ballast[SCRATCH_PATH];
        uint32_t put = 0;

        mount_small(bench, 8192, 0);
        expect_open(bench, 4 * MIB, STORE_COLD);
        filler_put(&bench->filler, 0, 500, 1);
        punch(bench, 512 * 1024, 4 * MIB);
        fill_disk(bench, ballast);
        while (put < 5000 && !store_news(bench->filler.store, &bench->report)) {
                assert_int_equal(filler_put(&bench->filler, 1000 + put, 50, 1).lost, 0);
                put += 50;
        }
        assert_int_equal(bench->report.state, STORE_MEMORY);
        assert_non_null(strstr(bench->report.reason, "disk is full"));
        filler_put(&bench->filler, 10000, 100, 1);
        assert_int_equal(count(bench, 10000, 100), 100);
        store_tend(bench->filler.store, 2 * MINUTE_US);
        assert_false(store_news(bench->filler.store, &bench->report)); /* said once */
        assert_int_equal(count(bench, 10000, 100), 100);

        unlink(ballast);
        store_tend(bench->filler.store, 4 * MINUTE_US);
        expect_news(bench, STORE_WARM, "written again");
        assert_int_equal(count(bench, 10000, 100), 100);
        assert_int_equal(count(bench, 0, 500), 500);
        assert_true(count(bench, 1000, put) >= put - 50);
}

static void test_a_flush_while_the_disk_is_full_is_not_undone(void **state)
{
        struct bench *bench = *state;
        char ballast[SCRATCH_PATH];
        uint32_t put = 0;

        mount_small(bench, 8192, 0);
        expect_open(bench, 4 * MIB, STORE_COLD);
        filler_put(&bench->filler, 0, 500, 1);
        punch(bench, 512 * 1024, 4 * MIB);
        fill_disk(bench, ballast);
        while (put < 5000 && !store_news(bench->filler.store, &bench->report))
                filler_put(&bench->filler, 1000 + put++ * 50, 50, 1);
        assert_int_equal(bench->report.state, STORE_MEMORY);
        store_generation_bump(bench->filler.store);
        unlink(ballast);
        store_tend(bench->filler.store, 2 * MINUTE_US);
        store_tend(bench->filler.store, 4 * MINUTE_US);
        expect_news(bench, STORE_COLD, "");
        assert_int_equal(count(bench, 0, 500), 0);
}

/* Mounts that nobody else sees. */
static bool enter_namespace(void)
{
        if (unshare(CLONE_NEWNS) != 0)
                return false;
        return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_a_small_disk_makes_a_small_store),
                TEST(test_no_room_at_all_is_memory_until_there_is),
                TEST(test_read_only_is_memory_until_it_is_not),
                TEST(test_a_disk_that_fills_up_while_running),
                TEST(test_a_flush_while_the_disk_is_full_is_not_undone),
        };

        if (!enter_namespace()) {
                fprintf(stderr, "no mount namespace to be had here\n");
                return SKIPPED;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
