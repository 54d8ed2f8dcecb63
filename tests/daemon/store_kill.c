/*
 * The writer is killed (SIGKILL) in the middle of its work, again and again, over the same files: afterwards no value
 * is wrong, at least nine entries of ten are there, and something can be looked up at once.
 *
 * CAIRN_KILLS says how often (10; 100 if CAIRN_FULL is set).
 */
#include "filler.h"
#include "scratch.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 64 << 20, NAMES = 40000, PUTS = 64 };

/* What the victim has done so far; shared with it. */
struct progress {
        atomic_uint settled;  /* entries 0 .. settled - 1 are in the store */
        atomic_uint round;
        atomic_bool is_ready; /* the first look-up was answered */
};

/* Write until killed: all names, then all again with the next round's addresses. */
static void victim(const char *dir, struct progress *progress)
{
        struct store_report report;
        struct filler filler;
        uint32_t wrong = 0;

        if (filler_open(&filler, dir, SIZE, &report) != ERR_OK)
                _exit(2);
        (void)filler_count(&filler, 0, 1, 63, &wrong);
        atomic_store(&progress->is_ready, true);
        (void)filler_settle_down(&filler, report.state);
        for (uint32_t round = atomic_load(&progress->round);; round++) {
                for (uint32_t first = 0; first < NAMES; first += PUTS) {
                        filler_put(&filler, first, PUTS, round % 64);
                        if (atomic_load(&progress->settled) < first + PUTS)
                                atomic_store(&progress->settled, first + PUTS);
                }
                atomic_store(&progress->round, round + 1);
        }
}

struct tally {
        unsigned warm, rebuilt, cold;
        uint64_t expected, found;
        uint32_t wrong;
};

/* Look at everything, as the next process would. */
static void verify(const char *dir, struct progress *progress, struct tally *tally)
{
        uint32_t expected = atomic_load(&progress->settled);
        struct store_report report;
        struct filler filler;

        assert_int_equal(filler_open(&filler, dir, SIZE, &report), ERR_OK);
        enum store_state state = filler_settle_down(&filler, report.state);
        tally->warm += state == STORE_WARM;
        tally->rebuilt += state == STORE_REBUILT;
        tally->cold += state == STORE_COLD;
        tally->expected += expected;
        tally->found += filler_count(&filler, 0, expected, 63, &tally->wrong);
        filler_close(&filler);
}

static double now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/*
 * Start a victim, let it come to a point that differs from time to time, kill it. Returns ms until it could be asked.
 */
static double kill_once(const char *dir, struct progress *progress, unsigned i)
{
        double start = now_ms();
        pid_t child = fork();

        if (child == 0)
                victim(dir, progress);
        assert_true(child > 0);
        while (!atomic_load(&progress->is_ready))
                assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
        double ready = now_ms() - start;

        unsigned wait_us = 20000 + i * 7919 % 60000;
        double end = now_ms() + wait_us / 1e3;
        while (now_ms() < end || atomic_load(&progress->settled) == 0)
                assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        atomic_store(&progress->is_ready, false);
        return ready;
}

static void test_killed_while_writing(void **state)
{
        const char *wanted = getenv("CAIRN_KILLS");
        unsigned kills = wanted ? (unsigned)atoi(wanted) : getenv("CAIRN_FULL") ? 100 : 10;
        struct progress *progress =
                mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        struct tally tally = { 0 };
        char dir[SCRATCH_PATH];
        double slowest = 0;

        (void)state;
        assert_true(progress != MAP_FAILED);
        scratch_make(dir);
        for (unsigned i = 0; i < kills; i++) {
                double ready = kill_once(dir, progress, i);

                if (ready > slowest)
                        slowest = ready;
                if (i % 2 == 0) /* every other time the next victim comes straight after a kill */
                        verify(dir, progress, &tally);
        }
        scratch_remove(dir);
        munmap(progress, sizeof(*progress));
        print_message(
                "%u kills: %u warm, %u rebuilt, %u cold; %lu of %lu entries kept, %u wrong; "
                "first look-up after %.0f ms at most\n",
                kills, tally.warm, tally.rebuilt, tally.cold, (unsigned long)tally.found, (unsigned long)tally.expected,
                tally.wrong, slowest);
        assert_int_equal(tally.wrong, 0);
        assert_true(tally.found * 10 >= tally.expected * 9);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_killed_while_writing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
