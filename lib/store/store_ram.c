/*
 * The store's twin in memory: a skip list under one readers-writer lock.
 *
 * A node's height comes from the keyed hash of its key, so no dice are rolled and nobody outside can build a list of
 * tall nodes alone. Each level holds a quarter of the one below:
 *
 *   head ─────────────────────▶ n3 ──────────────────▶ end
 *   head ────▶ n1 ────────────▶ n3 ────────▶ n5 ─────▶ end
 *   head ────▶ n1 ────▶ n2 ───▶ n3 ──▶ n4 ─▶ n5 ─────▶ end
 *
 * Nodes are never changed: a put links a new one and unlinks the old one. The unlinked nodes of a transaction are kept
 * until it ends, so that an abort can link them again. Readers lock for the single look-up, as they take copies.
 */
#include "store/backend.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { HEIGHT_MAX = 12 };

struct ram_node {
        size_t key_len, value_len;
        uint8_t *bytes; /* key, then value; behind next[] in the same block */
        unsigned height;
        struct ram_node *next[];
};

/* One change of the running transaction: what was linked, what was unlinked; either may be NULL. */
struct ram_change {
        struct ram_node *linked, *unlinked;
};

struct ram {
        struct backend backend;
        struct store_view write_view; /* the only one */
        pthread_rwlock_t lock;
        uint8_t secret[SIPHASH_KEY_LEN];
        struct ram_node *head[HEIGHT_MAX];
        size_t bytes, max_bytes, entries;
        struct ram_change *change;
        size_t change_count, change_room;
};

static struct ram *ram_of(struct backend *backend)
{
        return (struct ram *)backend;
}

static int key_compare(const struct ram_node *node, struct store_bytes key)
{
        size_t shared = node->key_len < key.len ? node->key_len : key.len;
        int order = memcmp(node->bytes, key.bytes, shared);

        if (order != 0)
                return order;
        return (node->key_len > key.len) - (node->key_len < key.len);
}

/* The links that lead to the first node >= key, one for each level. */
struct ram_path {
        struct ram_node **link[HEIGHT_MAX];
        struct ram_node *before; /* the last node < key, or NULL */
};

static void ram_find(struct ram *ram, struct store_bytes key, struct ram_path *path)
{
        struct ram_node **level = ram->head;

        path->before = NULL;
        for (unsigned h = HEIGHT_MAX; h-- > 0;) {
                while (level[h] && key_compare(level[h], key) < 0) {
                        path->before = level[h];
                        level = level[h]->next;
                }
                path->link[h] = &level[h];
        }
}

static size_t node_cost(const struct ram_node *node)
{
        return sizeof(*node) + node->height * sizeof(node->next[0]) + node->key_len + node->value_len;
}

static unsigned node_height(const struct ram *ram, struct store_bytes key)
{
        uint64_t hash = siphash(ram->secret, key.bytes, key.len);
        unsigned height = 1;

        while (height < HEIGHT_MAX && (hash & 3) == 0) {
                height++;
                hash >>= 2;
        }
        return height;
}

static struct ram_node *node_new(const struct ram *ram, struct store_bytes key, struct store_bytes value)
{
        unsigned height = node_height(ram, key);
        size_t links = height * sizeof(struct ram_node *);
        struct ram_node *node = malloc(sizeof(*node) + links + key.len + value.len);

        if (!node)
                return NULL;
        node->key_len = key.len;
        node->value_len = value.len;
        node->height = height;
        node->bytes = (uint8_t *)node->next + links;
        memcpy(node->bytes, key.bytes, key.len);
        memcpy(node->bytes + key.len, value.bytes, value.len);
        return node;
}

static struct store_bytes node_key(const struct ram_node *node)
{
        return (struct store_bytes){ .bytes = node->bytes, .len = node->key_len };
}

static void ram_link(struct ram *ram, struct ram_node *node)
{
        struct ram_path path;

        ram_find(ram, node_key(node), &path);
        for (unsigned h = 0; h < node->height; h++) {
                node->next[h] = *path.link[h];
                *path.link[h] = node;
        }
        ram->bytes += node_cost(node);
        ram->entries++;
}

static void ram_unlink(struct ram *ram, struct ram_node *node)
{
        struct ram_path path;

        ram_find(ram, node_key(node), &path);
        for (unsigned h = 0; h < node->height; h++)
                *path.link[h] = node->next[h];
        ram->bytes -= node_cost(node);
        ram->entries--;
}

static struct ram_node *ram_exact(struct ram *ram, struct store_bytes key)
{
        struct ram_path path;

        ram_find(ram, key, &path);
        struct ram_node *node = *path.link[0];
        return node && key_compare(node, key) == 0 ? node : NULL;
}

/* --- Views ------------------------------------------------------------------------------------------------------ */

static struct store_view *ram_view_new(struct backend *backend)
{
        struct store_view *view = malloc(sizeof(*view));

        if (view)
                view->backend = backend;
        return view;
}

static void ram_view_free(struct store_view *view)
{
        free(view);
}

static enum err ram_view_begin(struct store_view *view)
{
        (void)view;
        return ERR_OK;
}

static void ram_view_end(struct store_view *view)
{
        (void)view;
}

/* The writer holds the lock for its whole transaction, so it must not take it again. */
static void ram_lock(struct store_view *view)
{
        struct ram *ram = ram_of(view->backend);

        if (view != &ram->write_view)
                pthread_rwlock_rdlock(&ram->lock);
}

static void ram_unlock(struct store_view *view)
{
        struct ram *ram = ram_of(view->backend);

        if (view != &ram->write_view)
                pthread_rwlock_unlock(&ram->lock);
}

static enum err bytes_copy(struct arena *arena, const uint8_t *bytes, size_t len, struct store_bytes *out)
{
        uint8_t *copy = arena_copy(arena, bytes, len);

        if (!copy)
                return ERR_MEMORY;
        *out = (struct store_bytes){ .bytes = copy, .len = len };
        return ERR_OK;
}

static enum err ram_get(struct store_view *view, struct store_bytes key, struct arena *arena, struct store_bytes *value)
{
        enum err err = ERR_MISSING;

        ram_lock(view);
        const struct ram_node *node = ram_exact(ram_of(view->backend), key);
        if (node)
                err = bytes_copy(arena, node->bytes + node->key_len, node->value_len, value);
        ram_unlock(view);
        return err;
}

static enum err node_copy(const struct ram_node *node, struct arena *arena, struct store_item *out)
{
        struct store_item item;
        enum err err = bytes_copy(arena, node->bytes, node->key_len, &item.key);

        if (!err)
                err = bytes_copy(arena, node->bytes + node->key_len, node->value_len, &item.value);
        if (!err)
                *out = item;
        return err;
}

static enum err ram_seek(struct store_view *view, enum store_seek direction, struct store_bytes key,
                         struct arena *arena, struct store_item *out)
{
        struct ram_path path;

        ram_lock(view);
        ram_find(ram_of(view->backend), key, &path);
        const struct ram_node *node = direction == SEEK_FIRST_FROM ? *path.link[0] : path.before;
        enum err err = node ? node_copy(node, arena, out) : ERR_MISSING;
        ram_unlock(view);
        return err;
}

/* --- Writing ---------------------------------------------------------------------------------------------------- */

static enum err ram_write_begin(struct backend *backend, struct store_view **out)
{
        struct ram *ram = ram_of(backend);

        pthread_rwlock_wrlock(&ram->lock);
        ram->change_count = 0;
        *out = &ram->write_view;
        return ERR_OK;
}

static bool change_room(struct ram *ram)
{
        if (ram->change_count < ram->change_room)
                return true;

        size_t room = ram->change_room ? 2 * ram->change_room : 64;
        struct ram_change *change = realloc(ram->change, room * sizeof(*change));
        if (!change)
                return false;
        ram->change = change;
        ram->change_room = room;
        return true;
}

static void ram_exchange(struct ram *ram, struct ram_node *unlinked, struct ram_node *linked)
{
        if (unlinked)
                ram_unlink(ram, unlinked);
        if (linked)
                ram_link(ram, linked);
        ram->change[ram->change_count++] = (struct ram_change){ .linked = linked, .unlinked = unlinked };
}

static enum err ram_put(struct store_view *view, struct store_bytes key, struct store_bytes value)
{
        struct ram *ram = ram_of(view->backend);
        struct ram_node *old = ram_exact(ram, key);
        struct ram_node *node = node_new(ram, key, value);

        if (!node)
                return ERR_MEMORY;
        if (ram->bytes + node_cost(node) > ram->max_bytes + (old ? node_cost(old) : 0)) {
                free(node);
                return ERR_FULL;
        }
        if (!change_room(ram)) {
                free(node);
                return ERR_MEMORY;
        }
        ram_exchange(ram, old, node);
        return ERR_OK;
}

static enum err ram_delete(struct store_view *view, struct store_bytes key)
{
        struct ram *ram = ram_of(view->backend);
        struct ram_node *old = ram_exact(ram, key);

        if (!old)
                return ERR_MISSING;
        if (!change_room(ram))
                return ERR_MEMORY;
        ram_exchange(ram, old, NULL);
        return ERR_OK;
}

static enum err ram_commit(struct store_view *view)
{
        struct ram *ram = ram_of(view->backend);

        for (size_t i = 0; i < ram->change_count; i++)
                free(ram->change[i].unlinked);
        pthread_rwlock_unlock(&ram->lock);
        return ERR_OK;
}

static void ram_abort(struct store_view *view)
{
        struct ram *ram = ram_of(view->backend);

        while (ram->change_count > 0) {
                struct ram_change *change = &ram->change[--ram->change_count];

                if (change->linked) {
                        ram_unlink(ram, change->linked);
                        free(change->linked);
                }
                if (change->unlinked)
                        ram_link(ram, change->unlinked);
        }
        pthread_rwlock_unlock(&ram->lock);
}

static enum err ram_clear(struct backend *backend)
{
        struct ram *ram = ram_of(backend);

        pthread_rwlock_wrlock(&ram->lock);
        struct ram_node *node = ram->head[0];
        while (node) {
                struct ram_node *next = node->next[0];

                free(node);
                node = next;
        }
        memset(ram->head, 0, sizeof(ram->head));
        ram->bytes = 0;
        ram->entries = 0;
        pthread_rwlock_unlock(&ram->lock);
        return ERR_OK;
}

/* --- The whole -------------------------------------------------------------------------------------------------- */

static enum err ram_sync(struct backend *backend)
{
        (void)backend;
        return ERR_OK;
}

static enum backend_health ram_health(struct backend *backend, const char **why)
{
        (void)backend;
        *why = "";
        return BACKEND_WELL;
}

static void ram_stat(struct backend *backend, struct store_stat *out)
{
        struct ram *ram = ram_of(backend);

        pthread_rwlock_rdlock(&ram->lock);
        *out = (struct store_stat){
                .entries = ram->entries, .bytes = ram->bytes, .size = ram->max_bytes, .in_memory = true
        };
        pthread_rwlock_unlock(&ram->lock);
}

static void ram_close(struct backend *backend)
{
        struct ram *ram = ram_of(backend);

        (void)ram_clear(backend);
        pthread_rwlock_destroy(&ram->lock);
        free(ram->change);
        free(ram);
}

static const struct backend_ops ram_ops = {
        .view_new = ram_view_new,
        .view_free = ram_view_free,
        .view_begin = ram_view_begin,
        .view_end = ram_view_end,
        .get = ram_get,
        .seek = ram_seek,
        .write_begin = ram_write_begin,
        .put = ram_put,
        .delete = ram_delete,
        .commit = ram_commit,
        .abort = ram_abort,
        .clear = ram_clear,
        .sync = ram_sync,
        .health = ram_health,
        .stat = ram_stat,
        .close = ram_close,
};

/* Many short readers would keep a waiting writer out for good, were it not preferred. */
static bool lock_init(pthread_rwlock_t *lock)
{
        pthread_rwlockattr_t attr;

        if (pthread_rwlockattr_init(&attr) != 0)
                return false;
        pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
        bool good = pthread_rwlock_init(lock, &attr) == 0;
        pthread_rwlockattr_destroy(&attr);
        return good;
}

struct backend *backend_ram_new(size_t max_bytes, const uint8_t secret[SIPHASH_KEY_LEN])
{
        struct ram *ram = calloc(1, sizeof(*ram));

        if (!ram || !lock_init(&ram->lock)) {
                free(ram);
                return NULL;
        }
        ram->backend.ops = &ram_ops;
        ram->write_view.backend = &ram->backend;
        ram->max_bytes = max_bytes;
        memcpy(ram->secret, secret, SIPHASH_KEY_LEN);
        return &ram->backend;
}
