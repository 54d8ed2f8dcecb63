/*
 * What is given back of a mapping leaves our memory and nothing else.
 */
#include "store/mapping.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 4 << 20 };

/* Kilobytes of files in our memory. */
static long resident_kib(void)
{
        FILE *status = fopen("/proc/self/status", "r");
        char line[128];
        long kib = -1;

        while (fgets(line, sizeof line, status))
                (void)sscanf(line, "RssFile: %ld", &kib);
        fclose(status);
        return kib;
}

static void fill(int fd)
{
        char page[4096];

        for (int i = 0; i < SIZE / 4096; i++) {
                memset(page, i, sizeof page);
                assert_int_equal(write(fd, page, sizeof page), sizeof page);
        }
}

static void assert_whole(const unsigned char *map)
{
        for (int i = 0; i < SIZE; i += 4096)
                assert_int_equal(map[i], (unsigned char)(i / 4096));
}

static void test_a_mapping_is_given_back(void **state)
{
        char path[] = "/tmp/mapping.XXXXXX";
        int fd = mkstemp(path);
        struct stat file;

        (void)state;
        assert_true(fd >= 0);
        fill(fd);
        assert_int_equal(fstat(fd, &file), 0);
        unsigned char *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
        assert_ptr_not_equal(map, MAP_FAILED);
        assert_whole(map);
        long before = resident_kib();
        assert_int_equal(mapping_release(file.st_ino, SIZE), SIZE);
        assert_true(resident_kib() < before - SIZE / 2048);
        assert_whole(map);
        assert_int_equal(mapping_release(file.st_ino, SIZE + 1), 0);
        assert_int_equal(munmap(map, SIZE), 0);
        assert_int_equal(mapping_release(file.st_ino, SIZE), 0);
        close(fd);
        unlink(path);
}

/* What was written to a private mapping is nowhere else. */
static void test_a_private_mapping_is_kept(void **state)
{
        char path[] = "/tmp/mapping.XXXXXX";
        int fd = mkstemp(path);
        struct stat file;

        (void)state;
        assert_true(fd >= 0);
        fill(fd);
        assert_int_equal(fstat(fd, &file), 0);
        unsigned char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        assert_ptr_not_equal(map, MAP_FAILED);
        map[1] = 77;
        assert_int_equal(mapping_release(file.st_ino, SIZE), 0);
        assert_int_equal(map[1], 77);
        munmap(map, SIZE);
        close(fd);
        unlink(path);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_mapping_is_given_back),
                cmocka_unit_test(test_a_private_mapping_is_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
