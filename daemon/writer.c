/*
 * The writer's queue and its loop.
 */
#include "writer.h"
#include "clock.h"
#include <stdlib.h>
#include <uv.h>

enum { RUN_MAX = 64 }; /* batches in one call of settle_apply */

/* A message: a batch, or a flush. */
struct message {
        struct message *next;
        struct batch *batch; /* NULL: a flush */
        enum flush_what what;
        struct name_store room;
        struct name name;
        writer_flushed *done;
        void *context;
};

struct store_writer {
        struct writer_settings settings;
        uv_thread_t thread;
        uv_mutex_t lock; /* of all below */
        uv_cond_t bell;
        bool stopping;
        struct message *first, **last;
        unsigned batches;
        size_t bytes;
        struct writer_counts counts;
};

/* What the thread took out of the queue in one go: some batches, or one flush. */
struct run {
        struct batch *batch[RUN_MAX];
        size_t batch_count;
        struct message *flush;
};

static uint64_t mono_us(void)
{
        struct clock clock;

        clock_tick(&clock);
        return clock.now.mono_us;
}

/* --- The queue -------------------------------------------------------------------------------------------------- */

static void queue_put(struct store_writer *writer, struct message *message)
{
        *writer->last = message;
        writer->last = &message->next;
}

static struct message *queue_take(struct store_writer *writer)
{
        struct message *message = writer->first;

        writer->first = message->next;
        if (!writer->first)
                writer->last = &writer->first;
        return message;
}

static bool queue_has_room(const struct store_writer *writer, const struct batch *batch)
{
        return writer->batches < WRITER_BATCHES_MAX && writer->bytes + batch_bytes(batch) <= WRITER_BYTES_MAX;
}

static void queue_put_batch(struct store_writer *writer, struct message *message)
{
        writer->batches++;
        writer->bytes += batch_bytes(message->batch);
        queue_put(writer, message);
}

bool writer_take(struct store_writer *writer, struct batch *batch)
{
        struct message *message = calloc(1, sizeof(*message));

        uv_mutex_lock(&writer->lock);
        bool taken = message && queue_has_room(writer, batch);
        if (taken) {
                message->batch = batch;
                queue_put_batch(writer, message);
                uv_cond_signal(&writer->bell);
        } else {
                writer->counts.dropped += batch_count(batch);
        }
        uv_mutex_unlock(&writer->lock);

        if (!taken) {
                free(message);
                batch_settle(batch);
        }
        return taken;
}

enum err writer_flush(struct store_writer *writer, enum flush_what what, const struct name *name, writer_flushed *done,
                      void *context)
{
        struct message *message = calloc(1, sizeof(*message));

        if (!message)
                return ERR_MEMORY;
        message->what = what;
        message->name = name_hold(&message->room, what == FLUSH_ALL ? &name_root : name);
        message->done = done;
        message->context = context;

        store_generation_bump(writer->settings.store);
        uv_mutex_lock(&writer->lock);
        queue_put(writer, message);
        uv_cond_signal(&writer->bell);
        uv_mutex_unlock(&writer->lock);
        return ERR_OK;
}

/* --- The thread ------------------------------------------------------------------------------------------------- */

/* Wait until there is something to do or the store wants to be looked after. */
static void writer_wait(struct store_writer *writer, uint64_t until_us)
{
        uint64_t now_us = mono_us();

        while (!writer->first && !writer->stopping && now_us < until_us) {
                (void)uv_cond_timedwait(&writer->bell, &writer->lock, (until_us - now_us + 1) * 1000U);
                now_us = mono_us();
        }
}

/* Take the batches in front of the first flush, or that flush. False: the queue is empty. */
static bool run_take(struct store_writer *writer, struct run *run)
{
        *run = (struct run){ 0 };
        while (writer->first && writer->first->batch && run->batch_count < RUN_MAX) {
                struct message *message = queue_take(writer);

                writer->batches--;
                writer->bytes -= batch_bytes(message->batch);
                run->batch[run->batch_count++] = message->batch;
                free(message);
        }
        if (run->batch_count == 0 && writer->first)
                run->flush = queue_take(writer);
        return run->batch_count > 0 || run->flush;
}

static void settled_add(struct settled *sum, const struct settled *more)
{
        sum->put += more->put;
        sum->kept += more->kept;
        sum->full += more->full;
        sum->crowded += more->crowded;
        sum->lost += more->lost;
        sum->flushed += more->flushed;
        sum->evicted += more->evicted;
        sum->expired += more->expired;
}

static void run_count(struct store_writer *writer, const struct run *run, const struct settled *settled)
{
        uv_mutex_lock(&writer->lock);
        settled_add(&writer->counts.settled, settled);
        writer->counts.transactions += run->flush == NULL;
        writer->counts.flushes += run->flush != NULL;
        uv_mutex_unlock(&writer->lock);
}

/* Who asked for the flush is told last: they may look at the counts at once. */
static void run_flush(struct store_writer *writer, const struct run *run)
{
        struct message *flush = run->flush;
        uint64_t deleted = 0;
        enum err err = settle_flush(writer->settings.store, flush->what, &flush->name, &deleted);

        run_count(writer, run, &(struct settled){ 0 });
        if (flush->done)
                flush->done(flush->context, err, deleted);
        free(flush);
}

/* Without the lock: this is what workers must not wait for. */
static void run_do(struct store_writer *writer, struct run *run, uint64_t now_s)
{
        const struct writer_settings *settings = &writer->settings;

        if (run->flush) {
                run_flush(writer, run);
                return;
        }
        struct settled settled = settle_apply(settings->store, settings->hand, run->batch, run->batch_count, now_s);
        run_count(writer, run, &settled);
}

/* Look after the store; returns when to do so again. */
static uint64_t writer_tend(struct store_writer *writer)
{
        struct store_report report;
        struct clock clock;

        clock_tick(&clock);
        store_stamp(writer->settings.store, clock.now.cache_s);
        uint64_t until_us = store_tend(writer->settings.store, clock.now.mono_us);
        if (writer->settings.tell && store_news(writer->settings.store, &report))
                writer->settings.tell(writer->settings.context, &report);
        return until_us;
}

static void writer_main(void *context)
{
        struct store_writer *writer = context;
        struct run run;
        bool stop = false;

        while (!stop) {
                uint64_t until_us = writer_tend(writer);

                uv_mutex_lock(&writer->lock);
                writer_wait(writer, until_us);
                stop = !run_take(writer, &run) && writer->stopping;
                uv_mutex_unlock(&writer->lock);

                if (run.batch_count > 0 || run.flush) {
                        struct clock clock;

                        clock_tick(&clock);
                        run_do(writer, &run, clock.now.cache_s);
                }
        }
}

/* --- Birth and end ---------------------------------------------------------------------------------------------- */

enum err writer_new(const struct writer_settings *settings, struct store_writer **out)
{
        struct store_writer *writer = calloc(1, sizeof(*writer));

        if (!writer)
                return ERR_MEMORY;
        writer->settings = *settings;
        writer->last = &writer->first;
        if (uv_mutex_init(&writer->lock) != 0)
                goto fail;
        if (uv_cond_init(&writer->bell) != 0)
                goto fail_lock;
        if (uv_thread_create(&writer->thread, writer_main, writer) != 0)
                goto fail_bell;
        *out = writer;
        return ERR_OK;
fail_bell:
        uv_cond_destroy(&writer->bell);
fail_lock:
        uv_mutex_destroy(&writer->lock);
fail:
        free(writer);
        return ERR_IO;
}

struct writer_counts writer_counts(struct store_writer *writer)
{
        uv_mutex_lock(&writer->lock);
        struct writer_counts counts = writer->counts;
        uv_mutex_unlock(&writer->lock);
        return counts;
}

void writer_stop(struct store_writer *writer)
{
        if (!writer)
                return;
        uv_mutex_lock(&writer->lock);
        writer->stopping = true;
        uv_cond_signal(&writer->bell);
        uv_mutex_unlock(&writer->lock);
        uv_thread_join(&writer->thread);
        uv_cond_destroy(&writer->bell);
        uv_mutex_destroy(&writer->lock);
        free(writer);
}
