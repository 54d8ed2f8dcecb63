/*
 * The writer thread: batches of several workers reach the store, flushes keep their order, a full queue drops and
 * counts, and the store may lose its file while workers read.
 */
#include "writer.h"
#include "filler.h"
#include "scratch.h"
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 16 << 20, WORKERS = 3, ROUNDS = 60, PUTS = 40, NAP_US = 10000 };

struct bench {
        char dir[SCRATCH_PATH];
        struct filler filler;
        struct store_writer *writer;
};

static int up(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        scratch_make(bench->dir);
        *state = bench;
        return 0;
}

/* In the test itself and not before it: cmocka takes over SIGBUS when a test begins, and the store has to be later. */
static struct bench *start(void **state)
{
        struct bench *bench = *state;
        struct store_report report;

        assert_int_equal(filler_open(&bench->filler, bench->dir, SIZE, &report), ERR_OK);
        struct writer_settings settings = { .store = bench->filler.store, .hand = bench->filler.hand };
        assert_int_equal(writer_new(&settings, &bench->writer), ERR_OK);
        return bench;
}

static int down(void **state)
{
        struct bench *bench = *state;

        writer_stop(bench->writer);
        filler_close(&bench->filler);
        scratch_remove(bench->dir);
        free(bench);
        return 0;
}

/* Lets something happen in the middle of the work: each worker has a third of its rounds left when it goes on. */
struct intermission {
        atomic_uint waiting;
        atomic_bool over;
};

/* A worker: its own cache over the common store. */
struct worker {
        struct bench *bench;
        pthread_t thread;
        uint32_t first;
        uint32_t wrong;
        struct intermission *intermission; /* NULL: none */
};

static void wait_for_end(struct intermission *intermission)
{
        atomic_fetch_add(&intermission->waiting, 1);
        while (!atomic_load(&intermission->over))
                sched_yield();
}

static void *work(void *context)
{
        struct worker *worker = context;
        struct filler mine;

        filler_join(&mine, &worker->bench->filler);
        for (uint32_t round = 0; round < ROUNDS; round++) {
                uint32_t first = worker->first + round * PUTS;
                struct batch *batch = filler_batch(&mine, first, PUTS, 1);

                (void)filler_count(&mine, first, PUTS, 63, &worker->wrong);
                if (batch)
                        (void)writer_take(worker->bench->writer, batch);
                (void)filler_count(&mine, worker->first, 100, 63, &worker->wrong);
                if (worker->intermission && round == ROUNDS * 2 / 3)
                        wait_for_end(worker->intermission);
        }
        filler_leave(&mine);
        return NULL;
}

static void start_workers(struct bench *bench, struct worker *worker, struct intermission *intermission)
{
        for (unsigned i = 0; i < WORKERS; i++) {
                worker[i] = (struct worker){ .bench = bench, .first = i * 100000, .intermission = intermission };
                assert_int_equal(pthread_create(&worker[i].thread, NULL, work, &worker[i]), 0);
        }
}

static void join_workers(struct worker *worker)
{
        for (unsigned i = 0; i < WORKERS; i++) {
                pthread_join(worker[i].thread, NULL);
                assert_int_equal(worker[i].wrong, 0);
        }
}

/* Flush nothing, and wait for it: all that was handed over before is settled then. */
struct fence {
        pthread_mutex_t lock;
        pthread_cond_t bell;
        bool done;
        uint64_t deleted;
};

static void fence_reached(void *context, enum err err, uint64_t deleted)
{
        struct fence *fence = context;

        pthread_mutex_lock(&fence->lock);
        fence->done = err == ERR_OK;
        fence->deleted = deleted;
        pthread_cond_signal(&fence->bell);
        pthread_mutex_unlock(&fence->lock);
}

static uint64_t flush_and_wait(struct bench *bench, enum flush_what what, const char *text)
{
        struct fence fence = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0 };
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        assert_int_equal(name_from_text(text, room, &name), ERR_OK);
        assert_int_equal(writer_flush(bench->writer, what, &name, fence_reached, &fence), ERR_OK);
        pthread_mutex_lock(&fence.lock);
        while (!fence.done)
                pthread_cond_wait(&fence.bell, &fence.lock);
        pthread_mutex_unlock(&fence.lock);
        return fence.deleted;
}

static void test_what_workers_put_is_there(void **state)
{
        struct bench *bench = start(state);
        struct worker worker[WORKERS];
        uint32_t wrong = 0, found = 0;

        start_workers(bench, worker, NULL);
        join_workers(worker);
        writer_stop(bench->writer); /* writes what is left */
        bench->writer = NULL;
        for (unsigned i = 0; i < WORKERS; i++)
                found += filler_count(&bench->filler, worker[i].first, ROUNDS * PUTS, 63, &wrong);
        assert_int_equal(wrong, 0);
        assert_int_equal(found, WORKERS * ROUNDS * PUTS);
}

static void test_counts_add_up(void **state)
{
        struct bench *bench = start(state);
        struct worker worker[WORKERS];

        start_workers(bench, worker, NULL);
        join_workers(worker);
        (void)flush_and_wait(bench, FLUSH_NAME, "nobody.example.");
        struct writer_counts counts = writer_counts(bench->writer);
        const struct settled *settled = &counts.settled;
        assert_int_equal(settled->put + settled->kept + settled->full + settled->lost + settled->flushed +
                                 counts.dropped,
                         WORKERS * ROUNDS * PUTS);
        assert_int_equal(counts.flushes, 1);
        assert_true(counts.transactions > 0);
}

static void test_a_flush_comes_after_what_was_handed_over_before(void **state)
{
        struct bench *bench = start(state);
        uint32_t wrong = 0;

        for (uint32_t first = 0; first < 1000; first += 100)
                assert_true(writer_take(bench->writer, filler_batch(&bench->filler, first, 100, 1)));
        (void)flush_and_wait(bench, FLUSH_ZONE, "example.");
        assert_int_equal(filler_count(&bench->filler, 0, 1000, 63, &wrong), 0);
        assert_true(writer_take(bench->writer, filler_batch(&bench->filler, 0, 100, 1)));
        assert_int_equal(filler_count(&bench->filler, 0, 100, 63, &wrong), 100);
}

/* The writer is held up by a flush whose end it has to tell; meanwhile the queue runs full. */
static void hold_up(void *context, enum err err, uint64_t deleted)
{
        pthread_mutex_t *gate = context;

        (void)err;
        (void)deleted;
        pthread_mutex_lock(gate);
        pthread_mutex_unlock(gate);
}

static void test_a_full_queue_drops_and_counts(void **state)
{
        struct bench *bench = start(state);
        pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
        unsigned taken = 0, refused = 0;

        pthread_mutex_lock(&gate);
        assert_int_equal(writer_flush(bench->writer, FLUSH_ALL, NULL, hold_up, &gate), ERR_OK);
        for (uint32_t i = 0; i < WRITER_BATCHES_MAX + 20; i++) {
                struct batch *batch = filler_batch(&bench->filler, i, 1, 1);

                if (!batch)
                        break;
                if (writer_take(bench->writer, batch))
                        taken++;
                else
                        refused++;
        }
        assert_int_equal(taken, WRITER_BATCHES_MAX);
        assert_int_equal(writer_counts(bench->writer).dropped, refused);
        pthread_mutex_unlock(&gate);
        (void)flush_and_wait(bench, FLUSH_NAME, "nobody.example.");
}

static bool is_in_memory(const struct bench *bench)
{
        struct store_stat stat;

        store_stat(bench->filler.store, &stat);
        return stat.in_memory;
}

/*
 * Workers go on reading and writing while their file is cut off: no wrong value, no crash. Where the transaction that
 * was under way writes again all that was lost, nobody meets the damage, and only a look at the file's length tells.
 */
static void test_the_file_is_cut_off_under_load(void **state)
{
        struct bench *bench = start(state);
        struct worker worker[WORKERS];
        struct intermission intermission = { 0 };
        char path[SCRATCH_PATH];

        start_workers(bench, worker, &intermission);
        while (atomic_load(&intermission.waiting) == 0)
                sched_yield();
        assert_int_equal(truncate(scratch_path(bench->dir, "cache.mdb", path), 4096 * 3), 0);
        atomic_store(&intermission.over, true);
        join_workers(worker);
        while (!is_in_memory(bench)) /* the writer notices between two turns, and looks every few seconds */
                usleep(NAP_US);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_what_workers_put_is_there),
                TEST(test_counts_add_up),
                TEST(test_a_flush_comes_after_what_was_handed_over_before),
                TEST(test_a_full_queue_drops_and_counts),
                TEST(test_the_file_is_cut_off_under_load),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
