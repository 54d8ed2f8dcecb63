/*
 * The store that everybody sees: it holds the backend in use and changes it under the readers' feet.
 *
 * Each reader is a small lock that its own thread takes from begin to end, and that nobody else ever wants but the
 * writer, to take away the view of a backend that is going:
 *
 *   writer   current = other; for each reader: try the lock, free its old view, unlock; were all free: close the old one
 *   reader   lock; does my view belong to current? else make a new one; look things up; unlock
 *
 * The writer never waits: what it could not take away now, it takes away at the next store_tend().
 */
#include "store/store.h"
#include "store/backend.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { RETIRED_MAX = 8 };

struct store_reader {
        struct store *store;
        struct store_reader *next;
        atomic_flag lock;
        struct backend *backend;  /* that the view belongs to, or NULL */
        struct store_view *view;
};

struct store {
        struct backend *_Atomic current;
        struct backend *memory;           /* always there: for when nothing else is */
        struct backend *retired[RETIRED_MAX];
        unsigned retired_count;
        pthread_mutex_t lock;             /* of the list of readers */
        struct store_reader *reader;
        uint8_t secret[SIPHASH_KEY_LEN];
        atomic_uint_fast64_t generation;
        struct store_report report;
        bool news;
};

/* --- Birth ------------------------------------------------------------------------------------------------------ */

static struct store *store_new(size_t memory_bytes, const uint8_t secret[SIPHASH_KEY_LEN])
{
        struct store *store = calloc(1, sizeof(*store));

        if (!store)
                return NULL;
        memcpy(store->secret, secret, SIPHASH_KEY_LEN);
        store->memory = backend_ram_new(memory_bytes, secret);
        if (!store->memory || pthread_mutex_init(&store->lock, NULL) != 0) {
                if (store->memory)
                        store->memory->ops->close(store->memory);
                free(store);
                return NULL;
        }
        atomic_init(&store->current, store->memory);
        store->report = (struct store_report){ .state = STORE_MEMORY, .size = memory_bytes };
        return store;
}

struct store *store_ram_new(size_t max_bytes, const uint8_t secret[SIPHASH_KEY_LEN])
{
        return store_new(max_bytes, secret);
}

void store_close(struct store *store)
{
        if (!store)
                return;
        store->memory->ops->close(store->memory);
        pthread_mutex_destroy(&store->lock);
        free(store);
}

const uint8_t *store_secret(const struct store *store)
{
        return store->secret;
}

uint64_t store_generation(const struct store *store)
{
        return atomic_load_explicit(&store->generation, memory_order_acquire);
}

void store_generation_bump(struct store *store)
{
        atomic_fetch_add_explicit(&store->generation, 1, memory_order_acq_rel);
}

/* --- Readers ---------------------------------------------------------------------------------------------------- */

static void reader_lock(struct store_reader *reader)
{
        while (atomic_flag_test_and_set_explicit(&reader->lock, memory_order_acquire))
                sched_yield(); /* the writer frees a view: microseconds, and only after the backend was changed */
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
        struct backend *current = atomic_load_explicit(&reader->store->current, memory_order_acquire);

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

/* --- Writing ---------------------------------------------------------------------------------------------------- */

enum err store_write_begin(struct store *store, struct store_view **out)
{
        struct backend *current = atomic_load_explicit(&store->current, memory_order_relaxed);

        return current->ops->write_begin(current, out);
}

enum err store_commit(struct store *store, struct store_view *view)
{
        (void)store;
        return view->backend->ops->commit(view);
}

void store_abort(struct store *store, struct store_view *view)
{
        (void)store;
        view->backend->ops->abort(view);
}

enum err store_clear(struct store *store)
{
        struct backend *current = atomic_load_explicit(&store->current, memory_order_relaxed);

        return current->ops->clear(current);
}

void store_stamp(struct store *store, uint64_t cache_s)
{
        if (cache_s > store->report.cache_s)
                store->report.cache_s = cache_s;
}

uint64_t store_tend(struct store *store, uint64_t mono_us)
{
        (void)store;
        return mono_us + 5000000;
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
        struct backend *current = atomic_load_explicit(&store->current, memory_order_acquire);
        current->ops->stat(current, out);
        pthread_mutex_unlock(&store->lock);
}
