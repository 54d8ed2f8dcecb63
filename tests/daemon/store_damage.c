/*
 * Damaged files: whatever was done to them, the next process neither crashes nor gives a wrong value, and is of use.
 *
 * Each variant damages a copy of the same store in a way drawn from its number, then a child opens it, looks
 * everything up, writes, and closes. CAIRN_DAMAGED says how many (50; 1000 if CAIRN_FULL is set); a failing one can be
 * run alone with CAIRN_DAMAGED_FROM.
 *
 * One variant in three gives the file its old time back, as if the disk had rotted: nothing tells the daemon not to
 * open it, and LMDB may destroy the heap then. So such a file may kill, but never three processes in a row.
 */
#include "filler.h"
#include "scratch.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 2 << 20, PAGE = 4096, NAMES = 1500, ROUND_FIRST = 7, ROUND_LAST = 9 };

static const char *const files[] = { "cache.mdb", "cache.key", "cache.mark" };

/* What the child saw; shared with it. */
struct sight {
        enum store_state state;
        uint32_t found, wrong, rewritten;
};

struct tally {
        unsigned warm, rebuilt, cold, memory, crashed, lethal; /* lethal: hidden damage, mended after a crash */
        uint32_t wrong;
        uint64_t found;
};

/* --- Damage ----------------------------------------------------------------------------------------------------- */

struct dice {
        uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t bound)
{
        dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
        return (uint32_t)((dice->state >> 33) % bound);
}

static void scribble(int fd, struct dice *dice, off_t at, size_t len)
{
        uint8_t bytes[PAGE];

        for (size_t i = 0; i < len; i++)
                bytes[i] = (uint8_t)roll(dice, 256);
        (void)!pwrite(fd, bytes, len, at);
}

/* Pages in use lie at the front: most damage goes there. */
static off_t some_page(struct dice *dice)
{
        return (off_t)roll(dice, roll(dice, 4) ? 150 : SIZE / PAGE) * PAGE;
}

static void flip_bits(int fd, struct dice *dice)
{
        for (unsigned i = 1 + roll(dice, 16); i > 0; i--) {
                off_t at = some_page(dice) + roll(dice, PAGE);
                uint8_t byte = 0;

                (void)!pread(fd, &byte, 1, at);
                byte ^= (uint8_t)(1 << roll(dice, 8));
                (void)!pwrite(fd, &byte, 1, at);
        }
}

static void scribble_headers(int fd, struct dice *dice)
{
        for (unsigned i = 1 + roll(dice, 8); i > 0; i--)
                scribble(fd, dice, some_page(dice) + roll(dice, 24), 1 + roll(dice, 8));
}

static void scribble_pages(int fd, struct dice *dice)
{
        for (unsigned i = 1 + roll(dice, 16); i > 0; i--)
                scribble(fd, dice, some_page(dice), PAGE);
}

static void empty_page(int fd, struct dice *dice)
{
        static const uint8_t zero[PAGE];

        (void)!pwrite(fd, zero, PAGE, some_page(dice));
}

static void swap_pages(int fd, struct dice *dice)
{
        uint8_t a[PAGE], b[PAGE];
        off_t at_a = some_page(dice), at_b = some_page(dice);

        (void)!pread(fd, a, PAGE, at_a);
        (void)!pread(fd, b, PAGE, at_b);
        (void)!pwrite(fd, b, PAGE, at_a);
        (void)!pwrite(fd, a, PAGE, at_b);
}

static void scribble_meta(int fd, struct dice *dice)
{
        for (unsigned i = 1 + roll(dice, 4); i > 0; i--)
                scribble(fd, dice, roll(dice, 2) * PAGE + roll(dice, 160), 1 + roll(dice, 8));
}

static void cut_off(int fd, struct dice *dice)
{
        (void)!ftruncate(fd, roll(dice, 2) ? roll(dice, SIZE) : roll(dice, 150 * PAGE));
}

static void lengthen(int fd, struct dice *dice)
{
        (void)!ftruncate(fd, SIZE + (off_t)roll(dice, SIZE));
}

static void (*const damages[])(int fd, struct dice *dice) = {
        flip_bits, scribble_headers, scribble_pages, empty_page, swap_pages, scribble_meta, cut_off, lengthen,
};

/*
 * One in eight damages a side file; one in three hides it, as a disk that rots would: the file's time stays as it
 * was. Returns that.
 */
static bool damage(const char *dir, unsigned variant)
{
        struct dice dice = { .state = variant };
        bool side = roll(&dice, 8) == 0, hidden = roll(&dice, 3) == 0;
        char path[SCRATCH_PATH];
        struct stat before;

        scratch_path(dir, side ? files[1 + roll(&dice, 2)] : files[0], path);
        assert_int_equal(stat(path, &before), 0);
        int fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        if (side)
                roll(&dice, 2) ? scribble(fd, &dice, roll(&dice, 16), 1 + roll(&dice, 80)) : cut_off(fd, &dice);
        else
                damages[roll(&dice, sizeof(damages) / sizeof(damages[0]))](fd, &dice);
        if (hidden) {
                struct timespec times[2] = { before.st_atim, before.st_mtim };

                assert_int_equal(futimens(fd, times), 0);
        }
        close(fd);
        return hidden;
}

/* --- The store -------------------------------------------------------------------------------------------------- */

static void fill(const char *dir)
{
        struct store_report report;
        struct filler filler;

        assert_int_equal(filler_open(&filler, dir, SIZE, &report), ERR_OK);
        for (uint32_t first = 0; first < NAMES; first += 50)
                assert_int_equal(filler_put(&filler, first, 50, ROUND_FIRST).put, 50);
        filler_close(&filler);
}

static void copy_file(const char *from, const char *to, const char *name)
{
        static uint8_t bytes[SIZE];
        char path[SCRATCH_PATH];
        int in = open(scratch_path(from, name, path), O_RDONLY);
        int out = open(scratch_path(to, name, path), O_WRONLY | O_CREAT, 0600);
        ssize_t len;

        assert_true(in >= 0 && out >= 0);
        while ((len = read(in, bytes, sizeof(bytes))) > 0)
                assert_int_equal(write(out, bytes, (size_t)len), len);
        close(in);
        close(out);
}

/* A copy, opened once, as the mark has to be made for its inode and time. */
static void prepare(const char *from, const char *to)
{
        struct store_report report;
        struct filler filler;
        uint32_t wrong = 0;

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                copy_file(from, to, files[i]);
        assert_int_equal(filler_open(&filler, to, SIZE, &report), ERR_OK);
        filler_settle_down(&filler, report.state);
        assert_int_equal(filler_count(&filler, 0, NAMES, ROUND_FIRST, &wrong), NAMES);
        filler_close(&filler);
}

/* A new copy in place of the one that was damaged last. */
static void restore(const char *from, const char *to)
{
        char path[SCRATCH_PATH];

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                unlink(scratch_path(to, files[i], path));
        prepare(from, to);
}

/* What the next process does. */
static void look(const char *dir, struct sight *sight)
{
        struct store_report report;
        struct filler filler;

        (void)!freopen("/dev/null", "w", stderr); /* the C library's last words about a spoilt heap */
        if (filler_open(&filler, dir, SIZE, &report) != ERR_OK)
                _exit(2);
        sight->state = filler_settle_down(&filler, report.state);
        sight->found = filler_count(&filler, 0, NAMES, ROUND_LAST, &sight->wrong);
        for (uint32_t first = 0; first < NAMES; first += 50)
                filler_put(&filler, first, 50, ROUND_LAST);
        uint32_t rewritten = filler_count(&filler, 0, NAMES, ROUND_LAST, &sight->wrong);
        filler_close(&filler);
        sight->rewritten = rewritten;
        _exit(0);
}

/* Did the child end as it should? */
static bool try_once(const char *dir, struct sight *sight)
{
        int status;

        *sight = (struct sight){ 0 };
        pid_t child = fork();
        if (child == 0)
                look(dir, sight);
        waitpid(child, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void try_variant(const char *dir, unsigned variant, bool hidden, struct sight *sight, struct tally *tally)
{
        unsigned tries = 1;

        while (!try_once(dir, sight) && tries < (hidden ? 3 : 1)) {
                tally->wrong += sight->wrong;
                tries++;
        }
        bool good = sight->rewritten > 0;
        if (!good)
                print_message("variant %u: crashed\n", variant);
        if (sight->wrong)
                print_message("variant %u: %u wrong values\n", variant, sight->wrong);
        tally->crashed += !good;
        tally->lethal += good && tries > 1;
        tally->wrong += sight->wrong;
        tally->found += sight->found;
        tally->warm += sight->state == STORE_WARM;
        tally->rebuilt += sight->state == STORE_REBUILT;
        tally->cold += sight->state == STORE_COLD;
        tally->memory += sight->state == STORE_MEMORY;
}

static unsigned number_of(const char *name, unsigned otherwise)
{
        const char *text = getenv(name);

        return text ? (unsigned)atoi(text) : otherwise;
}

static void test_damaged_files(void **state)
{
        unsigned count = number_of("CAIRN_DAMAGED", getenv("CAIRN_FULL") ? 1000 : 50);
        unsigned from = number_of("CAIRN_DAMAGED_FROM", 0);
        struct sight *sight = mmap(NULL, sizeof(*sight), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        struct tally tally = { 0 };
        char pristine[SCRATCH_PATH], dir[SCRATCH_PATH];

        (void)state;
        assert_true(sight != MAP_FAILED);
        scratch_make(pristine);
        scratch_make(dir);
        fill(pristine);
        for (unsigned i = from; i < from + count; i++) {
                restore(pristine, dir);
                bool hidden = damage(dir, i);
                try_variant(dir, i, hidden, sight, &tally);
        }
        scratch_remove(pristine);
        scratch_remove(dir);
        munmap(sight, sizeof(*sight));
        print_message(
                "%u damaged stores: %u opened, %u rebuilt, %u cold, %u in memory; %lu %% of entries kept, %u wrong, "
                "%u crashed, %u mended after a crash\n",
                count, tally.warm, tally.rebuilt, tally.cold, tally.memory,
                (unsigned long)(tally.found * 100 / ((uint64_t)NAMES * count)), tally.wrong, tally.crashed,
                tally.lethal);
        assert_int_equal(tally.crashed, 0);
        assert_int_equal(tally.wrong, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_damaged_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
