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

/* A file of pages that each hold its number, mapped. */
struct sample {
        int fd;
        ino_t inode;
        unsigned char *map;
};

static struct sample sample_open(int protection, int flags)
{
        char path[] = "/tmp/mapping.XXXXXX", page[4096];
        struct sample sample = { .fd = mkstemp(path) };
        struct stat file;

        assert_true(sample.fd >= 0);
        unlink(path);
        for (int i = 0; i < SIZE / 4096; i++) {
                memset(page, i, sizeof page);
                assert_int_equal(write(sample.fd, page, sizeof page), sizeof page);
        }
        assert_int_equal(fstat(sample.fd, &file), 0);
        sample.inode = file.st_ino;
        sample.map = mmap(NULL, SIZE, protection, flags, sample.fd, 0);
        assert_ptr_not_equal(sample.map, MAP_FAILED);
        return sample;
}

static void sample_close(struct sample *sample)
{
        assert_int_equal(munmap(sample->map, SIZE), 0);
        close(sample->fd);
}

static void assert_whole(const struct sample *sample)
{
        for (int i = 0; i < SIZE; i += 4096)
                assert_int_equal(sample->map[i], (unsigned char)(i / 4096));
}

static void test_a_mapping_is_given_back(void **state)
{
        struct sample sample = sample_open(PROT_READ, MAP_SHARED);

        (void)state;
        assert_whole(&sample);
        long before = resident_kib();
        assert_int_equal(mapping_release(sample.inode, SIZE), SIZE);
        assert_true(resident_kib() < before - SIZE / 2048);
        assert_whole(&sample);
        assert_int_equal(mapping_release(sample.inode, SIZE + 1), 0);
        sample_close(&sample);
        assert_int_equal(mapping_release(sample.inode, SIZE), 0);
}

/* What was written to a private mapping is nowhere else. */
static void test_a_private_mapping_is_kept(void **state)
{
        struct sample sample = sample_open(PROT_READ | PROT_WRITE, MAP_PRIVATE);

        (void)state;
        sample.map[1] = 77;
        assert_int_equal(mapping_release(sample.inode, SIZE), 0);
        assert_int_equal(sample.map[1], 77);
        sample_close(&sample);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_mapping_is_given_back),
                cmocka_unit_test(test_a_private_mapping_is_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
