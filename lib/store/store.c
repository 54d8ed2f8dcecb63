/*
 * The store that everybody sees: it holds the backend in use and changes it under the readers' feet.
 *
 * Each reader is a small lock that its own thread takes from begin to end, and that nobody else ever wants but the
 * writer, to take away the view of a backend that is going:
 *
 *   writer   current = other; for each reader: try the lock, free its old view, unlock; all were free: close the old
 *   reader   lock; does my view belong to current? else make a new one; look things up; unlock
 *
 * The writer never waits: what it could not take away now, it takes away at the next store_tend().
 */
#include "store/store.h"
#include "base/buf.h"
#include "store/backend.h"
#include "store/rebuild.h"
#include "store/side.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        RETIRED_MAX = 16,
        DEATHS_MAX = 8,               /* files that may fail us before we stay in memory */
        MEMORY_MAX = 64 << 20,        /* bytes, where memory only stands in for the disk */
        POUR_PUTS = 64,               /* in one transaction */
        SYNC_US = 5 * 1000 * 1000,
        RETRY_US = 60 * 1000 * 1000,
        LIVED_US = 60 * 1000 * 1000,  /* who lives that long does not die of the file */
        POLL_US = 50 * 1000,          /* for the child that rebuilds */
};

struct store_reader {
        struct store *store;
        struct store_reader *next;
        atomic_flag lock;
        struct backend *backend;  /* that the view belongs to, or NULL */
        struct store_view *view;
};

struct store {
        struct backend *_Atomic current;
        pthread_mutex_t lock;             /* of the list of readers, and against closing a backend that is looked at */
        struct store_reader *reader;
        uint8_t secret[SIPHASH_KEY_LEN];
        atomic_uint_fast64_t generation;
        atomic_uint_fast64_t epoch;

        /* The writer's alone: */
        struct backend *memory;           /* always there: for when nothing else is */
        struct backend *disk;             /* in use, or resting because it cannot be written; or NULL */
        struct backend *retired[RETIRED_MAX];
        unsigned retired_count, deaths;
        struct store_settings settings;   /* dir is a copy */
        struct side side;
        pid_t child;                      /* rebuilding, or 0 */
        uint64_t idle_generation;         /* when the disk was set aside: a flush since then voids what is on it */
        uint32_t mark_deaths;             /* goes into the mark; 0 once we have lived for a minute */
        uint64_t mono_us, sync_us, retry_us, born_us;
        struct store_report report;
        bool news;
};

static struct backend *store_current(struct store *store)
{
        return atomic_load_explicit(&store->current, memory_order_acquire);
}

const uint8_t *store_secret(const struct store *store)
{
        return store->secret;
}

uint64_t store_check(const uint8_t secret[SIPHASH_KEY_LEN], struct store_bytes key, const uint8_t *bytes, size_t len)
{
        uint8_t under[SIPHASH_KEY_LEN];

        memcpy(under, secret, sizeof under);
        store_u64(under, load_u64(secret) ^ siphash(secret, key.bytes, key.len));
        return siphash(under, bytes, len);
}

uint64_t store_generation(const struct store *store)
{
        return atomic_load_explicit(&store->generation, memory_order_acquire);
}

void store_generation_bump(struct store *store)
{
        atomic_fetch_add_explicit(&store->generation, 1, memory_order_acq_rel);
}

uint64_t store_epoch(const struct store *store)
{
        return atomic_load_explicit(&store->epoch, memory_order_acquire);
}

static void begin_epoch(struct store *store)
{
        atomic_fetch_add_explicit(&store->epoch, 1, memory_order_acq_rel);
}

/* From now on views are made of this backend. */
static void change_to(struct store *store, struct backend *backend)
{
        atomic_store_explicit(&store->current, backend, memory_order_release);
        begin_epoch(store);
}

/* --- Readers ---------------------------------------------------------------------------------------------------- */

static void reader_lock(struct store_reader *reader)
{
        while (atomic_flag_test_and_set_explicit(&reader->lock, memory_order_acquire))
                sched_yield(); /* the writer frees a view: microseconds, and only after the backend was changed */
}

static bool reader_try_lock(struct store_reader *reader)
{
        return !atomic_flag_test_and_set_explicit(&reader->lock, memory_order_acquire);
}

static void reader_unlock(struct store_reader *reader)
{
        atomic_flag_clear_explicit(&reader->lock, memory_order_release);
}

static void reader_drop_view(struct store_reader *reader)
{
        if (reader->view)
                reader->backend->ops->view_free(reader->view);
        reader->view = NULL;
        reader->backend = NULL;
}

struct store_reader *store_reader_new(struct store *store)
{
        struct store_reader *reader = calloc(1, sizeof(*reader));

        if (!reader)
                return NULL;
        atomic_flag_clear(&reader->lock);
        reader->store = store;
        pthread_mutex_lock(&store->lock);
        reader->next = store->reader;
        store->reader = reader;
        pthread_mutex_unlock(&store->lock);
        return reader;
}

void store_reader_free(struct store_reader *reader)
{
        if (!reader)
                return;
        pthread_mutex_lock(&reader->store->lock);
        struct store_reader **link = &reader->store->reader;
        while (*link != reader)
                link = &(*link)->next;
        *link = reader->next;
        reader_drop_view(reader); /* under the lock: once off the list, nobody waits for us to let go of a backend */
        pthread_mutex_unlock(&reader->store->lock);
        free(reader);
}

/* A view of the backend in use; NULL if there is none to be had. */
static struct store_view *reader_view(struct store_reader *reader)
{
        struct backend *current = store_current(reader->store);

        if (reader->backend != current) {
                reader_drop_view(reader);
                reader->view = current->ops->view_new(current);
                reader->backend = reader->view ? current : NULL;
        }
        if (!reader->view || current->ops->view_begin(reader->view) != ERR_OK)
                return NULL;
        return reader->view;
}

struct store_view *store_reader_begin(struct store_reader *reader)
{
        reader_lock(reader);

        struct store_view *view = reader_view(reader);
        if (!view)
                reader_unlock(reader);
        return view;
}

void store_reader_end(struct store_reader *reader)
{
        reader->backend->ops->view_end(reader->view);
        reader_unlock(reader);
}

/* --- Through the view ------------------------------------------------------------------------------------------- */

enum err store_get(struct store_view *view, struct store_bytes key, struct arena *arena, struct store_bytes *value)
{
        return view->backend->ops->get(view, key, arena, value);
}

enum err store_seek(struct store_view *view, enum store_seek direction, struct store_bytes key, struct arena *arena,
                    struct store_item *out)
{
        return view->backend->ops->seek(view, direction, key, arena, out);
}

enum err store_put(struct store_view *view, struct store_bytes key, struct store_bytes value)
{
        if (key.len == 0 || key.len > STORE_KEY_MAX || value.len == 0 || value.len > STORE_VALUE_MAX)
                return ERR_LIMIT;
        return view->backend->ops->put(view, key, value);
}

enum err store_delete(struct store_view *view, struct store_bytes key)
{
        return view->backend->ops->delete(view, key);
}

/* --- Changing the backend --------------------------------------------------------------------------------------- */

static void store_tell(struct store *store, enum store_state state, const char *reason)
{
        struct store_stat stat;

        store_stat(store, &stat);
        store->report.state = state;
        store->report.size = stat.size;
        store->report.entries = stat.entries;
        snprintf(store->report.reason, sizeof(store->report.reason), "%s", reason);
        store->news = true;
}

/* Take a backend's views away from the readers that are not reading just now. True: none is left. */
static bool readers_let_go(struct store *store, const struct backend *backend)
{
        bool all = true;

        for (struct store_reader *reader = store->reader; reader; reader = reader->next) {
                if (!reader_try_lock(reader)) {
                        all = false;
                        continue;
                }
                if (reader->backend == backend)
                        reader_drop_view(reader);
                reader_unlock(reader);
        }
        return all;
}

/* Close what nobody reads any more. */
static void close_retired(struct store *store)
{
        unsigned kept = 0;

        pthread_mutex_lock(&store->lock);
        for (unsigned i = 0; i < store->retired_count; i++) {
                struct backend *backend = store->retired[i];

                if (readers_let_go(store, backend))
                        backend->ops->close(backend);
                else
                        store->retired[kept++] = backend;
        }
        store->retired_count = kept;
        pthread_mutex_unlock(&store->lock);
}

static void retire_disk(struct store *store)
{
        if (store->disk && store->retired_count < RETIRED_MAX)
                store->retired[store->retired_count++] = store->disk;
        store->disk = NULL;
}

/* Describe the data file as we leave it now. */
static void leave_mark(struct store *store, bool clean, bool sync)
{
        struct mark mark;

        if (side_look(&store->side, &mark) != ERR_OK)
                return;
        mark.clean = clean;
        mark.wanted = store->settings.size;
        mark.cache_s = store->report.cache_s;
        mark.library = lmdb_version();
        mark.deaths = store->mark_deaths;
        side_write_mark(&store->side, &mark, sync);
}

/* Memory it is. Said once, however often the disk fails again. */
static void tell_memory(struct store *store, const char *why)
{
        if (store->report.state != STORE_MEMORY || !store->report.reason[0])
                store_tell(store, STORE_MEMORY, why);
}

/* The disk is of no use for now. Its content stays, if it is whole, for the case that it can be written again. */
static void fall_back(struct store *store, enum backend_health health, const char *why)
{
        change_to(store, store->memory);
        store->idle_generation = store_generation(store);
        store->retry_us = store->mono_us + RETRY_US;
        if (health == BACKEND_DEAD) {
                store->deaths++;
                retire_disk(store);
        }
        tell_memory(store, why);
}

/* True: the disk is in use, and not well. */
static bool disk_is_ill(struct store *store, enum backend_health *health, const char **why)
{
        if (!store->disk || store_current(store) != store->disk)
                return false;
        *health = store->disk->ops->health(store->disk, why);
        return *health != BACKEND_WELL;
}

static enum err pour_entry(struct store *store, struct store_view *view, const struct store_item *item,
                           struct arena *arena)
{
        struct store_bytes old;
        enum err err = view->backend->ops->get(view, item->key, arena, &old);

        if (!err && store->settings.replaces && !store->settings.replaces(old, item->value, store->report.cache_s))
                return ERR_OK;
        return err && err != ERR_MISSING ? err : view->backend->ops->put(view, item->key, item->value);
}

/* The least key behind this one: a 00 appended. */
static enum err step_behind(struct store_bytes key, struct arena *arena, struct store_bytes *out)
{
        uint8_t *bytes = arena_alloc(arena, key.len + 1);

        if (!bytes)
                return ERR_MEMORY;
        memcpy(bytes, key.bytes, key.len);
        *out = (struct store_bytes){ .bytes = bytes, .len = key.len + 1 };
        return ERR_OK;
}

/* One transaction of what memory holds from *at on. ERR_MISSING: that was the last. */
static enum err pour_some(struct store *store, struct store_view *from, struct arena *arena, struct store_bytes *at)
{
        struct backend *disk = store->disk;
        struct store_view *view;
        enum err err = disk->ops->write_begin(disk, &view), put = ERR_OK;

        if (err)
                return err;
        for (unsigned i = 0; i < POUR_PUTS && !err && !put; i++) {
                struct store_item item;

                err = from->backend->ops->seek(from, SEEK_FIRST_FROM, *at, arena, &item);
                if (!err)
                        put = pour_entry(store, view, &item, arena);
                if (!err)
                        err = step_behind(item.key, arena, at);
        }
        if (put) {
                disk->ops->abort(view);
                return put;
        }
        put = disk->ops->commit(view);
        return put ? put : err;
}

/*
 * What was learned while memory served joins what is on the disk, as far as there is room. ERR_IO: it cannot be
 * written.
 */
static enum err pour(struct store *store)
{
        struct store_view *from = store->memory->ops->view_new(store->memory);
        uint8_t key[STORE_KEY_MAX + 1];
        struct store_bytes at = { .bytes = key };
        struct arena arena;
        enum err err = from ? ERR_OK : ERR_MEMORY;

        arena_init(&arena, 4 << 20);
        while (!err) {
                struct arena_mark mark = arena_mark(&arena);

                err = pour_some(store, from, &arena, &at);
                memmove(key, at.bytes, at.len);
                at.bytes = key;
                arena_reset(&arena, mark);
        }
        arena_fini(&arena);
        if (from)
                store->memory->ops->view_free(from);
        return err == ERR_IO ? err : ERR_OK;
}

/* Begin to use store->disk, if it stands the first writing. */
static void attach(struct store *store, enum store_state state, const char *reason)
{
        const char *why;

        if (pour(store) != ERR_OK) {
                enum backend_health health = store->disk->ops->health(store->disk, &why);

                fall_back(store, health, why);
                return;
        }
        leave_mark(store, false, true); /* before anything new can reach the disk by itself */
        change_to(store, store->disk);
        (void)store->memory->ops->clear(store->memory);
        store->sync_us = store->mono_us + SYNC_US;
        store_tell(store, state, reason);
}

/* Begin an empty file; if that cannot be, memory it is, and a minute later the next try. */
static void start_cold(struct store *store, const char *reason)
{
        const char *why;

        (void)unlink(store->side.fresh);
        if (backend_lmdb_open(store->side.data, store->settings.size, true, &store->disk, &why) == ERR_OK) {
                attach(store, STORE_COLD, reason);
                return;
        }
        store->disk = NULL;
        store->retry_us = store->mono_us + RETRY_US;
        tell_memory(store, why);
}

/* --- Birth ------------------------------------------------------------------------------------------------------ */

static struct store *store_new(size_t memory_bytes, const uint8_t secret[SIPHASH_KEY_LEN])
{
        struct store *store = calloc(1, sizeof(*store));

        if (!store)
                return NULL;
        memcpy(store->secret, secret, SIPHASH_KEY_LEN);
        store->side = (struct side){ .lock_fd = -1, .mark_fd = -1 };
        store->memory = backend_ram_new(memory_bytes, secret);
        if (!store->memory || pthread_mutex_init(&store->lock, NULL) != 0) {
                if (store->memory)
                        store->memory->ops->close(store->memory);
                free(store);
                return NULL;
        }
        change_to(store, store->memory);
        store->report = (struct store_report){ .state = STORE_MEMORY, .size = memory_bytes };
        return store;
}

struct store *store_ram_new(size_t max_bytes, const uint8_t secret[SIPHASH_KEY_LEN])
{
        return store_new(max_bytes, secret);
}

/* There is a data file: use it as it stands, or have it looked through. */
static void start_warm(struct store *store, const struct mark *found)
{
        struct mark left = { 0 };
        enum err err = side_read_mark(&store->side, &left);
        const char *why = err == ERR_FORM ? "another version of cairnd left it" : "nothing tells how it was left";

        if (!err) {
                store->report.cache_s = left.cache_s;
                if (mark_matches(&left, found, &why) &&
                    backend_lmdb_open(store->side.data, (size_t)left.size, false, &store->disk, &why) == ERR_OK) {
                        store->mark_deaths = (left.clean ? 0 : left.deaths) + 1; /* if we die now */
                        attach(store, STORE_WARM, left.clean ? "" : "it was left by a process that was killed");
                        return;
                }
        }
        store->child = rebuild_start(&store->side, &store->settings);
        if (store->child > 0) {
                store_tell(store, STORE_REBUILDING, why);
                return;
        }
        store->child = 0;
        start_cold(store, "no child process could be started to look through the old file");
}

static void start(struct store *store)
{
        struct mark found;

        store->idle_generation = store_generation(store);
        if (side_look(&store->side, &found) != ERR_OK) {
                start_cold(store, "");
                return;
        }
        found.wanted = store->settings.size;
        found.library = lmdb_version();
        start_warm(store, &found);
}

static enum err enter(struct store *store)
{
        const char *why;
        enum err err = side_open(store->settings.dir, store->secret, false, &store->side, &why);

        if (err == ERR_OK) {
                memcpy(store->secret, store->side.secret, SIPHASH_KEY_LEN); /* nobody has looked at it yet */
                start(store);
                return ERR_OK;
        }
        side_close(&store->side);
        if (err == ERR_BUSY)
                return ERR_BUSY;
        store->retry_us = RETRY_US;
        store_tell(store, STORE_MEMORY, why);
        return ERR_OK;
}

enum err store_open(const struct store_settings *settings, struct store **out, struct store_report *report)
{
        size_t memory = settings->dir && settings->size > MEMORY_MAX ? MEMORY_MAX : settings->size;
        struct store *store = store_new(memory, settings->fresh_secret);
        enum err err = ERR_OK;

        if (!store)
                return ERR_MEMORY;
        store->settings = *settings;
        if (settings->dir) {
                store->settings.dir = strdup(settings->dir);
                err = store->settings.dir ? enter(store) : ERR_MEMORY;
        }
        if (err) {
                store_close(store);
                return err;
        }
        store->news = false;
        *report = store->report;
        *out = store;
        return ERR_OK;
}

/* True: all that was put is on the disk. */
static bool close_disk(struct store *store)
{
        struct backend *disk = store->disk;
        const char *why;
        bool clean = disk == store_current(store) && disk->ops->sync(disk) == ERR_OK &&
                     disk->ops->health(disk, &why) == BACKEND_WELL;

        disk->ops->close(disk);
        return clean;
}

void store_close(struct store *store)
{
        if (!store)
                return;
        if (store->child)
                rebuild_stop(store->child);
        bool clean = store->disk && close_disk(store);
        close_retired(store);
        store->memory->ops->close(store->memory);
        if (clean) /* last: who dies before, of a heap that LMDB has spoilt, does not leave it */
                leave_mark(store, true, true);
        side_close(&store->side);
        pthread_mutex_destroy(&store->lock);
        free((void *)(uintptr_t)store->settings.dir);
        free(store);
}

/* --- Writing ---------------------------------------------------------------------------------------------------- */

enum err store_write_begin(struct store *store, struct store_view **out)
{
        enum backend_health health;
        const char *why;
        struct backend *current = store_current(store);
        enum err err = ERR_IO;

        if (!disk_is_ill(store, &health, &why))
                err = current->ops->write_begin(current, out);
        if (err != ERR_IO || !disk_is_ill(store, &health, &why))
                return err;
        fall_back(store, health, why);
        return store->memory->ops->write_begin(store->memory, out);
}

enum err store_commit(struct store *store, struct store_view *view)
{
        struct backend *backend = view->backend;
        enum err err = backend->ops->commit(view);

        if (!err && backend == store->disk)
                leave_mark(store, false, false);
        return err;
}

void store_abort(struct store *store, struct store_view *view)
{
        (void)store;
        view->backend->ops->abort(view);
}

enum err store_clear(struct store *store)
{
        struct backend *current = store_current(store);
        enum err err = current->ops->clear(current);

        if (!err)
                begin_epoch(store);
        if (!err && current == store->disk)
                leave_mark(store, false, false);
        return err;
}

void store_stamp(struct store *store, uint64_t cache_s)
{
        if (cache_s > store->report.cache_s)
                store->report.cache_s = cache_s;
}

/* --- Looking after it ------------------------------------------------------------------------------------------- */

/* The child is done: what it made takes the old file's place. */
static void attach_rebuilt(struct store *store)
{
        const char *why;

        if (store_generation(store) != store->idle_generation) {
                start_cold(store, "the cache was flushed while it was looked through");
                return;
        }
        if (rename(store->side.fresh, store->side.data) != 0) {
                start_cold(store, "the copy could not be put in its place");
                return;
        }
        if (backend_lmdb_open(store->side.data, store->settings.size, false, &store->disk, &why) == ERR_OK)
                attach(store, STORE_REBUILT, "");
        else
                start_cold(store, why);
}

static void tend_child(struct store *store)
{
        switch (rebuild_poll(store->child)) {
        case REBUILD_RUNNING:
                return;
        case REBUILD_DONE:
                store->child = 0;
                attach_rebuilt(store);
                return;
        case REBUILD_FAILED:
                store->child = 0;
                start_cold(store, "what the old file holds cannot be read");
                return;
        }
}

static void tend_disk(struct store *store)
{
        enum backend_health health;
        const char *why;

        if (store->mono_us >= store->sync_us) {
                store->sync_us = store->mono_us + SYNC_US;
                if (store->mono_us - store->born_us >= LIVED_US)
                        store->mark_deaths = 0;
                (void)store->disk->ops->sync(store->disk); /* what goes wrong is seen in its health */
                if (store->settings.seldom_read)
                        backend_lmdb_release(store->disk);
                leave_mark(store, false, false);
        }
        if (disk_is_ill(store, &health, &why))
                fall_back(store, health, why);
}

/*
 * The directory was of no use at the start. Caches know our secret by now, so what is there is of no use either and the
 * secret becomes ours.
 */
static void enter_late(struct store *store)
{
        const char *why;

        if (side_open(store->settings.dir, store->secret, true, &store->side, &why) == ERR_OK)
                start_cold(store, "its directory is of use now");
        else
                side_close(&store->side);
}

/* Memory serves because the disk was of no use a minute ago. */
static void tend_memory(struct store *store)
{
        const char *why;

        if (store->mono_us < store->retry_us || store->deaths >= DEATHS_MAX)
                return;
        store->retry_us = store->mono_us + RETRY_US;
        if (store->side.mark_fd < 0) {
                enter_late(store);
                return;
        }
        if (store->disk && store_generation(store) == store->idle_generation) {
                if (backend_lmdb_retry(store->disk)) {
                        attach(store, STORE_WARM, "it can be written again");
                        return;
                }
                if (store->disk->ops->health(store->disk, &why) != BACKEND_DEAD)
                        return;
        }
        retire_disk(store);
        start_cold(store, "the old file was of no use any more");
}

uint64_t store_tend(struct store *store, uint64_t mono_us)
{
        store->mono_us = mono_us;
        if (!store->born_us) {
                store->born_us = mono_us;
                store->retry_us += store->retry_us ? mono_us : 0; /* it was set when the time was not known */
        }
        if (store->retired_count > 0)
                close_retired(store);
        if (!store->settings.dir)
                return mono_us + SYNC_US;
        if (store->child)
                tend_child(store);
        else if (store->disk && store_current(store) == store->disk)
                tend_disk(store);
        else
                tend_memory(store);
        return mono_us + (store->child || store->retired_count > 0 ? POLL_US : SYNC_US);
}

bool store_news(struct store *store, struct store_report *out)
{
        if (!store->news)
                return false;
        store->news = false;
        *out = store->report;
        return true;
}

void store_stat(struct store *store, struct store_stat *out)
{
        pthread_mutex_lock(&store->lock); /* no backend is closed meanwhile */
        struct backend *current = store_current(store);
        current->ops->stat(current, out);
        pthread_mutex_unlock(&store->lock);
}
