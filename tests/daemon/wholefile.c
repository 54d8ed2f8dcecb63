/*
 * Files that are read and written whole: all of it or an error, and never half of a new one.
 */
#include "wholefile.h"
#include "scratch.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 1000 };

static char dir[SCRATCH_PATH];

static int set_up(void **state)
{
        (void)state;
        scratch_make(dir);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        scratch_remove(dir);
        return 0;
}

static void expect_text(const char *path, const char *text, size_t len)
{
        struct wholefile file;

        assert_int_equal(wholefile_read(path, MOST, &file), 0);
        assert_int_equal(file.len, len);
        assert_memory_equal(file.bytes, text, len);
        free(file.bytes);
}

/* What a pipe that holds so many bytes is read as. */
static int read_pipe(size_t len, struct wholefile *out)
{
        static const char bytes[2 * MOST];
        char path[SCRATCH_PATH];
        int ends[2];

        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], bytes, len), len);
        close(ends[1]);
        snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
        int failed = wholefile_read(path, MOST, out);
        close(ends[0]);
        return failed;
}

static void test_the_most_there_may_be(void **state)
{
        static const char bytes[MOST + 1] = "first";
        char path[SCRATCH_PATH];
        struct wholefile file;

        (void)state;
        scratch_path(dir, "file", path);
        assert_int_equal(wholefile_write(path, bytes, MOST), 0);
        expect_text(path, bytes, MOST);
        assert_int_equal(wholefile_write(path, bytes, MOST + 1), 0);
        assert_int_equal(wholefile_read(path, MOST, &file), EFBIG);

        assert_int_equal(read_pipe(MOST, &file), 0);
        assert_int_equal(file.len, MOST);
        free(file.bytes);
        assert_int_equal(read_pipe(MOST + 1, &file), EFBIG);
}

static void test_the_old_one_stands_when_the_new_one_cannot(void **state)
{
        char path[SCRATCH_PATH], aside[SCRATCH_PATH];

        (void)state;
        scratch_path(dir, "file", path);
        scratch_path(dir, "file.new", aside);
        assert_int_equal(wholefile_write(path, "old", 3), 0);
        assert_int_equal(access(aside, F_OK), -1);
        assert_int_equal(symlink("/dev/full", aside), 0);
        assert_int_equal(wholefile_write(path, "new", 3), ENOSPC);
        expect_text(path, "old", 3);
        assert_int_equal(access(aside, F_OK), -1);
        assert_int_equal(wholefile_write(path, "new", 3), 0);
        expect_text(path, "new", 3);
}

static void test_a_damaged_one_stands_aside(void **state)
{
        char path[SCRATCH_PATH], aside[SCRATCH_PATH];
        struct wholefile file;

        (void)state;
        scratch_path(dir, "file", path);
        scratch_path(dir, "file.damaged", aside);
        assert_int_equal(wholefile_write(path, "bad", 3), 0);
        assert_int_equal(wholefile_set_aside(path), 0);
        assert_int_equal(wholefile_read(path, MOST, &file), ENOENT);
        expect_text(aside, "bad", 3);
        assert_int_equal(wholefile_set_aside(path), ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_the_most_there_may_be, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_the_old_one_stands_when_the_new_one_cannot, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_damaged_one_stands_aside, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
