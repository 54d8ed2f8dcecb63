/*
 * The store on disk: LMDB, with its sharp edges kept in this file.
 *
 * - No MDB_WRITEMAP: with it a full disk is SIGBUS and the daemon is dead; without it an error code, and readers go on.
 * - MDB_NOSYNC: what the kernel has, survives us; that it also survives the power, sync() sees to every few seconds,
 *   and the mark (side.h) tells which of the two happened.
 * - MDB_NOTLS: a read transaction belongs to its view, not to its thread. It is made once and renewed for each event.
 * - A file that is cut off while it is mapped is SIGBUS on the next read, and a damaged page makes LMDB 0.9.24 read
 *   anywhere or assert. So every call that touches the map runs under a guard, which jumps out of the signal; the
 *   environment is dead from then on. Values are copied under the guard too.
 * - MDB_MAP_FULL breaks the transaction, which can only be aborted.
 */
#include "store/backend.h"
#include "store/mapping.h"
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
        READERS_MAX = 512,
        OPEN_FLAGS = MDB_NOTLS | MDB_NOSYNC | MDB_NORDAHEAD | MDB_NOSUBDIR,
        COPY_FLAGS = MDB_NOTLS | MDB_NORDAHEAD | MDB_NOSUBDIR | MDB_NOLOCK, /* we are alone: no lock file */
        COPY_TXN_PUTS = 4096,
        COPY_SKIPS_MAX = 65536, /* so that going round in a damaged tree comes to an end */
        PATH_ROOM = 4352,
        BALLAST_PUTS = 16,
        PUTS_PERCENT = 95, /* of the map; the rest is for deletions: they copy pages too, and in a map without a free
                              page neither works any more */
};

struct lmdb_view {
        struct store_view view;
        MDB_txn *txn;
        MDB_cursor *cursor;   /* for seeks; made by the first one */
        bool cursor_is_fresh; /* belongs to the transaction as it stands */
};

struct lmdb {
        struct backend backend;
        MDB_env *env;
        MDB_dbi dbi;
        size_t size;
        char *path;
        ino_t inode;
        atomic_int health;         /* enum backend_health */
        const char *_Atomic why;   /* literal text */
        atomic_bool is_torn;       /* a jump left LMDB in the middle of a change: not even to be closed */
        struct lmdb *next_torn;
        struct lmdb_view write;    /* the one write view */
        bool is_full;              /* no more puts in this transaction */
};

static struct lmdb *lmdb_of(struct backend *backend)
{
        return (struct lmdb *)backend;
}

static struct lmdb_view *view_of(struct store_view *view)
{
        return (struct lmdb_view *)view;
}

static void lmdb_suffer(struct lmdb *lmdb, enum backend_health health, const char *why)
{
        if (atomic_load(&lmdb->health) >= (int)health)
                return;
        atomic_store(&lmdb->why, why);
        atomic_store(&lmdb->health, (int)health);
}

/* --- The guard -------------------------------------------------------------------------------------------------- */

/* Where this thread jumps to when LMDB faults; NULL outside of guarded calls. */
static _Thread_local sigjmp_buf *volatile guard_exit;

static const int guard_signals[] = { SIGBUS, SIGSEGV, SIGFPE };
static struct sigaction guard_former[sizeof(guard_signals) / sizeof(guard_signals[0])];

static void guard_caught(int number)
{
        if (guard_exit)
                siglongjmp(*guard_exit, 1);
        /* Not ours: put back what was there before. The faulting instruction runs again and meets it. */
        for (size_t i = 0; i < sizeof(guard_signals) / sizeof(guard_signals[0]); i++) {
                if (guard_signals[i] == number)
                        sigaction(number, &guard_former[i], NULL);
        }
}

/* LMDB found a page that cannot be: it would abort after this. */
static void guard_assert(MDB_env *env, const char *message)
{
        (void)env;
        (void)message;
        if (guard_exit)
                siglongjmp(*guard_exit, 1);
}

/* At each opening: a library may have taken the signals over since. */
static void guard_install(void)
{
        struct sigaction action = { .sa_handler = guard_caught };

        sigemptyset(&action.sa_mask);
        for (size_t i = 0; i < sizeof(guard_signals) / sizeof(guard_signals[0]); i++) {
                struct sigaction former;

                if (sigaction(guard_signals[i], &action, &former) == 0 && former.sa_handler != guard_caught)
                        guard_former[i] = former;
        }
}

/*
 * After a jump out of the handler: the signal is still blocked, as nobody returned from it. To save the mask beforehand
 * would cost each call a system call.
 */
static void guard_unblock(void)
{
        sigset_t signals;

        sigemptyset(&signals);
        for (size_t i = 0; i < sizeof(guard_signals) / sizeof(guard_signals[0]); i++)
                sigaddset(&signals, guard_signals[i]);
        pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

/* What a guarded call works on. */
struct call {
        struct lmdb *lmdb;
        struct lmdb_view *view;
        MDB_val key, value;
        enum store_seek direction;
        struct arena *arena;
        struct store_item *item; /* where the copy goes */
};

typedef int call_work(struct call *call);

enum call_kind {
        CALL_READS,  /* a fault leaves LMDB's own state as it was */
        CALL_WRITES, /* a fault tears it */
        CALL_ENDS,   /* the same, and it is done for a dead environment too */
        CALL_LEAVES, /* touches only what is the view's own: done even for a torn environment */
};

/* Run work; a fault in it gives MDB_PANIC and kills the environment. */
static int guard_run(struct call *call, call_work *work, enum call_kind kind)
{
        sigjmp_buf here;
        int rc;

        if (kind < CALL_LEAVES && atomic_load(&call->lmdb->is_torn))
                return MDB_PANIC;
        if (kind < CALL_ENDS && atomic_load_explicit(&call->lmdb->health, memory_order_relaxed) == BACKEND_DEAD)
                return MDB_PANIC;
        if (sigsetjmp(here, 0) != 0) {
                guard_exit = NULL;
                guard_unblock();
                if (kind == CALL_WRITES || kind == CALL_ENDS)
                        atomic_store(&call->lmdb->is_torn, true);
                lmdb_suffer(call->lmdb, BACKEND_DEAD, "its file was damaged or cut off");
                return MDB_PANIC;
        }
        guard_exit = &here;
        rc = work(call);
        guard_exit = NULL;
        return rc;
}

/* LMDB says EIO, too, of a write that ended halfway, as it does where the room ends. */
static const char *why_io(const struct lmdb *lmdb)
{
        struct statvfs system;

        return statvfs(lmdb->path, &system) == 0 && system.f_bavail == 0 ? "the disk is full" : "the disk fails";
}

/* From LMDB's codes to ours; what tells of a damaged file or a failing disk changes the health. */
static enum err lmdb_err(struct lmdb *lmdb, int rc)
{
        switch (rc) {
        case MDB_SUCCESS:
                return ERR_OK;
        case MDB_NOTFOUND:
                return ERR_MISSING;
        case MDB_MAP_FULL:
        case MDB_TXN_FULL:
                return ERR_FULL;
        case ENOMEM:
                return ERR_MEMORY;
        case MDB_READERS_FULL:
        case MDB_BAD_TXN:
                return ERR_IO;
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
                lmdb_suffer(lmdb, BACKEND_UNWRITABLE, "the disk is full");
                return ERR_IO;
        case EROFS:
                lmdb_suffer(lmdb, BACKEND_UNWRITABLE, "the file system is read-only");
                return ERR_IO;
        case EIO:
                lmdb_suffer(lmdb, BACKEND_UNWRITABLE, why_io(lmdb));
                return ERR_IO;
        default:
                lmdb_suffer(lmdb, BACKEND_DEAD, "its file is damaged");
                return ERR_IO;
        }
}

/* --- Views ------------------------------------------------------------------------------------------------------ */

static int work_view_new(struct call *call)
{
        int rc = mdb_txn_begin(call->lmdb->env, NULL, MDB_RDONLY, &call->view->txn);

        if (rc == MDB_SUCCESS)
                mdb_txn_reset(call->view->txn);
        return rc;
}

static struct store_view *lmdb_view_new(struct backend *backend)
{
        struct lmdb_view *view = calloc(1, sizeof(*view));
        struct call call = { .lmdb = lmdb_of(backend), .view = view };

        if (!view)
                return NULL;
        view->view.backend = backend;
        if (guard_run(&call, work_view_new, CALL_READS) != MDB_SUCCESS) {
                free(view);
                return NULL;
        }
        return &view->view;
}

static int work_view_free(struct call *call)
{
        if (call->view->cursor)
                mdb_cursor_close(call->view->cursor);
        mdb_txn_abort(call->view->txn);
        return MDB_SUCCESS;
}

static void lmdb_view_free(struct store_view *view)
{
        struct call call = { .lmdb = lmdb_of(view->backend), .view = view_of(view) };

        (void)guard_run(&call, work_view_free, CALL_LEAVES);
        free(call.view);
}

static int work_view_begin(struct call *call)
{
        return mdb_txn_renew(call->view->txn);
}

static enum err lmdb_view_begin(struct store_view *view)
{
        struct call call = { .lmdb = lmdb_of(view->backend), .view = view_of(view) };

        call.view->cursor_is_fresh = false;
        return lmdb_err(call.lmdb, guard_run(&call, work_view_begin, CALL_READS));
}

static int work_view_end(struct call *call)
{
        mdb_txn_reset(call->view->txn);
        return MDB_SUCCESS;
}

static void lmdb_view_end(struct store_view *view)
{
        struct call call = { .lmdb = lmdb_of(view->backend), .view = view_of(view) };

        (void)guard_run(&call, work_view_end, CALL_LEAVES);
}

static bool copy_val(struct arena *arena, const MDB_val *val, struct store_bytes *out)
{
        *out = (struct store_bytes){ .bytes = arena_copy(arena, val->mv_data, val->mv_size), .len = val->mv_size };
        return out->bytes != NULL;
}

/* A length that we never write comes from a damaged page. */
static bool is_sane(const MDB_val *key, const MDB_val *value)
{
        return key->mv_size > 0 && key->mv_size <= STORE_KEY_MAX && value->mv_size <= STORE_VALUE_MAX;
}

static int work_get(struct call *call)
{
        int rc = mdb_get(call->view->txn, call->lmdb->dbi, &call->key, &call->value);

        if (rc != MDB_SUCCESS)
                return rc;
        if (call->value.mv_size > STORE_VALUE_MAX)
                return MDB_CORRUPTED;
        return copy_val(call->arena, &call->value, &call->item->value) ? MDB_SUCCESS : ENOMEM;
}

static MDB_val val_of(struct store_bytes bytes)
{
        return (MDB_val){ .mv_data = (void *)(uintptr_t)bytes.bytes, .mv_size = bytes.len };
}

static enum err lmdb_get(struct store_view *view, struct store_bytes key, struct arena *arena,
                         struct store_bytes *value)
{
        struct store_item item;
        struct call call = {
                .lmdb = lmdb_of(view->backend),
                .view = view_of(view),
                .key = val_of(key),
                .arena = arena,
                .item = &item,
        };
        enum err err = lmdb_err(call.lmdb, guard_run(&call, work_get, CALL_READS));

        if (!err)
                *value = item.value;
        return err;
}

static int cursor_ready(struct call *call)
{
        struct lmdb_view *view = call->view;
        int rc = MDB_SUCCESS;

        if (!view->cursor)
                rc = mdb_cursor_open(view->txn, call->lmdb->dbi, &view->cursor);
        else if (!view->cursor_is_fresh)
                rc = mdb_cursor_renew(view->txn, view->cursor);
        view->cursor_is_fresh = rc == MDB_SUCCESS;
        return rc;
}

/* The first key at or behind call->key; then, if wanted, one step back. An empty key is before all others. */
static int cursor_seek(struct call *call)
{
        MDB_cursor *cursor = call->view->cursor;
        int rc = mdb_cursor_get(cursor, &call->key, &call->value, call->key.mv_size ? MDB_SET_RANGE : MDB_FIRST);

        if (call->direction == SEEK_FIRST_FROM || (rc != MDB_SUCCESS && rc != MDB_NOTFOUND))
                return rc;
        return mdb_cursor_get(cursor, &call->key, &call->value, rc == MDB_SUCCESS ? MDB_PREV : MDB_LAST);
}

static int work_seek(struct call *call)
{
        int rc = cursor_ready(call);

        if (rc == MDB_SUCCESS)
                rc = cursor_seek(call);
        if (rc != MDB_SUCCESS)
                return rc;
        if (!is_sane(&call->key, &call->value))
                return MDB_CORRUPTED;
        if (!copy_val(call->arena, &call->key, &call->item->key) ||
            !copy_val(call->arena, &call->value, &call->item->value))
                return ENOMEM;
        return MDB_SUCCESS;
}

static enum err lmdb_seek(struct store_view *view, enum store_seek direction, struct store_bytes key,
                          struct arena *arena, struct store_item *out)
{
        struct store_item item;
        struct call call = {
                .lmdb = lmdb_of(view->backend), .view = view_of(view), .key = val_of(key), .direction = direction,
                .arena = arena, .item = &item,
        };
        enum err err = lmdb_err(call.lmdb, guard_run(&call, work_seek, CALL_READS));

        if (!err)
                *out = item;
        return err;
}

/* --- Writing ---------------------------------------------------------------------------------------------------- */

static int work_stat(struct call *call)
{
        MDB_stat stat;
        int rc = mdb_env_stat(call->lmdb->env, &stat);

        call->key.mv_size = stat.ms_entries;
        call->value.mv_size = (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * stat.ms_psize;
        return rc;
}

static void lmdb_stat(struct backend *backend, struct store_stat *out)
{
        struct lmdb *lmdb = lmdb_of(backend);
        struct call call = { .lmdb = lmdb };

        *out = (struct store_stat){ .size = lmdb->size };
        if (guard_run(&call, work_stat, CALL_READS) != MDB_SUCCESS)
                return;
        if (call.value.mv_size > lmdb->size) { /* else a store that is full for ever */
                lmdb_suffer(lmdb, BACKEND_DEAD, "its file is damaged");
                return;
        }
        out->entries = call.key.mv_size;
        out->bytes = call.value.mv_size;
}

static int work_write_begin(struct call *call)
{
        return mdb_txn_begin(call->lmdb->env, NULL, 0, &call->view->txn);
}

static enum err lmdb_write_begin(struct backend *backend, struct store_view **out)
{
        struct lmdb *lmdb = lmdb_of(backend);
        struct call call = { .lmdb = lmdb, .view = &lmdb->write };

        lmdb->write = (struct lmdb_view){ .view = { .backend = backend } };
        enum err err = lmdb_err(lmdb, guard_run(&call, work_write_begin, CALL_WRITES));
        if (err)
                return err;
        struct store_stat stat;
        lmdb_stat(backend, &stat);
        lmdb->is_full = stat.bytes / PUTS_PERCENT > stat.size / 100;
        *out = &lmdb->write.view;
        return ERR_OK;
}

static int work_put(struct call *call)
{
        return mdb_put(call->view->txn, call->lmdb->dbi, &call->key, &call->value, 0);
}

static enum err lmdb_put(struct store_view *view, struct store_bytes key, struct store_bytes value)
{
        struct call call = {
                .lmdb = lmdb_of(view->backend), .view = view_of(view), .key = val_of(key), .value = val_of(value)
        };

        return call.lmdb->is_full ? ERR_FULL : lmdb_err(call.lmdb, guard_run(&call, work_put, CALL_WRITES));
}

static int work_delete(struct call *call)
{
        return mdb_del(call->view->txn, call->lmdb->dbi, &call->key, NULL);
}

static enum err lmdb_delete(struct store_view *view, struct store_bytes key)
{
        struct call call = { .lmdb = lmdb_of(view->backend), .view = view_of(view), .key = val_of(key) };

        return lmdb_err(call.lmdb, guard_run(&call, work_delete, CALL_WRITES));
}

static void cursor_drop(struct lmdb_view *view)
{
        if (view->cursor)
                mdb_cursor_close(view->cursor);
        view->cursor = NULL;
}

static int work_abort(struct call *call)
{
        cursor_drop(call->view);
        mdb_txn_abort(call->view->txn);
        return MDB_SUCCESS;
}

static void lmdb_abort(struct store_view *view)
{
        struct call call = { .lmdb = lmdb_of(view->backend), .view = view_of(view) };

        (void)guard_run(&call, work_abort, CALL_ENDS);
}

static int work_commit(struct call *call)
{
        cursor_drop(call->view);
        return mdb_txn_commit(call->view->txn);
}

static enum err lmdb_commit(struct store_view *view)
{
        struct call call = { .lmdb = lmdb_of(view->backend), .view = view_of(view) };

        if (atomic_load(&call.lmdb->health) == BACKEND_DEAD) { /* a reader met it meanwhile */
                lmdb_abort(view);
                return ERR_IO;
        }
        return lmdb_err(call.lmdb, guard_run(&call, work_commit, CALL_WRITES));
}

static int work_clear(struct call *call)
{
        return mdb_drop(call->view->txn, call->lmdb->dbi, 0);
}

static enum err lmdb_clear(struct backend *backend)
{
        struct store_view *view;
        enum err err = lmdb_write_begin(backend, &view);

        if (err)
                return err;
        struct call call = { .lmdb = lmdb_of(backend), .view = view_of(view) };
        err = lmdb_err(call.lmdb, guard_run(&call, work_clear, CALL_WRITES));
        if (err) {
                lmdb_abort(view);
                return err;
        }
        return lmdb_commit(view);
}

/* --- Looking after it ------------------------------------------------------------------------------------------- */

static int work_sync(struct call *call)
{
        return mdb_env_sync(call->lmdb->env, 1);
}

/* Is the file that we have mapped still the one under its name, in full length? */
static void lmdb_look(struct lmdb *lmdb)
{
        struct stat named;

        if (stat(lmdb->path, &named) != 0 || named.st_ino != lmdb->inode)
                lmdb_suffer(lmdb, BACKEND_DEAD, "its file was removed or replaced");
        else if ((size_t)named.st_size < lmdb->size)
                lmdb_suffer(lmdb, BACKEND_DEAD, "its file was cut off");
}

static enum err lmdb_sync(struct backend *backend)
{
        struct call call = { .lmdb = lmdb_of(backend) };

        lmdb_look(call.lmdb);
        return lmdb_err(call.lmdb, guard_run(&call, work_sync, CALL_WRITES));
}

static enum backend_health lmdb_health(struct backend *backend, const char **why)
{
        struct lmdb *lmdb = lmdb_of(backend);

        *why = atomic_load(&lmdb->why);
        return (enum backend_health)atomic_load(&lmdb->health);
}

/*
 * A torn environment is left as it is, map and all: LMDB could hang on its own lock, or free what it does not own. The
 * list is there so that this does not look like a leak.
 */
static struct lmdb *lmdb_torn;

static void lmdb_close(struct backend *backend)
{
        struct lmdb *lmdb = lmdb_of(backend);

        if (atomic_load(&lmdb->is_torn)) {
                lmdb->next_torn = lmdb_torn;
                lmdb_torn = lmdb;
                return;
        }
        mdb_env_close(lmdb->env);
        free(lmdb->path);
        free(lmdb);
}

/* One transaction that puts a quarter of a megabyte, or deletes it again. */
static enum err ballast(struct backend *backend, bool put)
{
        static const uint8_t bytes[STORE_VALUE_MAX];
        struct store_view *view;
        enum err err = lmdb_write_begin(backend, &view);

        if (err)
                return err;
        for (uint8_t i = 0; i < BALLAST_PUTS && !err; i++) {
                const uint8_t name[] = { 'T', i };
                const struct store_bytes key = { .bytes = name, .len = sizeof(name) };

                err = put ? lmdb_put(view, key, (struct store_bytes){ bytes, sizeof(bytes) }) : lmdb_delete(view, key);
        }
        if (err) {
                lmdb_abort(view);
                return err;
        }
        return lmdb_commit(view);
}

void backend_lmdb_release(struct backend *backend)
{
        (void)mapping_release(lmdb_of(backend)->inode, lmdb_of(backend)->size);
}

bool backend_lmdb_retry(struct backend *backend)
{
        struct lmdb *lmdb = lmdb_of(backend);
        enum err err = ballast(backend, true);

        if (err == ERR_OK)
                err = ballast(backend, false);
        if ((err != ERR_OK && err != ERR_FULL) || lmdb_sync(backend) != ERR_OK)
                return false;
        int unwritable = BACKEND_UNWRITABLE;
        return atomic_compare_exchange_strong(&lmdb->health, &unwritable, BACKEND_WELL);
}

static const struct backend_ops lmdb_ops = {
        .view_new = lmdb_view_new,
        .view_free = lmdb_view_free,
        .view_begin = lmdb_view_begin,
        .view_end = lmdb_view_end,
        .get = lmdb_get,
        .seek = lmdb_seek,
        .write_begin = lmdb_write_begin,
        .put = lmdb_put,
        .delete = lmdb_delete,
        .commit = lmdb_commit,
        .abort = lmdb_abort,
        .clear = lmdb_clear,
        .sync = lmdb_sync,
        .health = lmdb_health,
        .stat = lmdb_stat,
        .close = lmdb_close,
};

/* --- Opening ---------------------------------------------------------------------------------------------------- */

/* The lock file next to the data file holds nothing that outlives a process, and LMDB trusts its bytes. */
static void remove_lock_file(const char *path)
{
        char lock[PATH_ROOM];

        snprintf(lock, sizeof(lock), "%s-lock", path);
        (void)unlink(lock);
}

/* The environment, its map and its one database. */
static int work_open(struct call *call)
{
        struct lmdb *lmdb = call->lmdb;
        MDB_txn *txn;
        int rc = mdb_env_create(&lmdb->env);

        if (rc != MDB_SUCCESS)
                return rc;
        mdb_env_set_maxreaders(lmdb->env, READERS_MAX);
        mdb_env_set_assert(lmdb->env, guard_assert);
        rc = mdb_env_set_mapsize(lmdb->env, lmdb->size);
        if (rc == MDB_SUCCESS)
                rc = mdb_env_open(lmdb->env, lmdb->path, OPEN_FLAGS, 0600);
        if (rc == MDB_SUCCESS)
                rc = mdb_txn_begin(lmdb->env, NULL, 0, &txn);
        if (rc == MDB_SUCCESS) {
                rc = mdb_dbi_open(txn, NULL, 0, &lmdb->dbi);
                mdb_txn_abort(txn); /* the unnamed database is open all the same */
        }
        if (rc != MDB_SUCCESS)
                mdb_env_close(lmdb->env);
        return rc;
}

/* Give every block of the map its place on the disk. Returns 0 or an errno. */
static int lmdb_allocate(struct lmdb *lmdb)
{
        struct stat file;
        int fd, rc;

        if (mdb_env_get_fd(lmdb->env, &fd) != MDB_SUCCESS)
                return EBADF;
        do
                rc = posix_fallocate(fd, 0, (off_t)lmdb->size);
        while (rc == EINTR);
        if (rc == 0 && fstat(fd, &file) == 0)
                lmdb->inode = file.st_ino;
        return rc;
}

static void lmdb_free(struct lmdb *lmdb)
{
        free(lmdb->path);
        free(lmdb);
}

/* One try with a given size. Returns 0, an errno or a code of LMDB's. */
static int lmdb_try(const char *path, size_t size, struct lmdb **out)
{
        struct lmdb *lmdb = calloc(1, sizeof(*lmdb));
        struct call call = { .lmdb = lmdb };

        if (!lmdb)
                return ENOMEM;
        lmdb->backend.ops = &lmdb_ops;
        lmdb->size = size;
        lmdb->path = strdup(path);
        int rc = lmdb->path ? guard_run(&call, work_open, CALL_WRITES) : ENOMEM;
        if (rc == MDB_PANIC) /* torn: leave the environment where it is */
                return rc;
        if (rc == MDB_SUCCESS) {
                rc = lmdb_allocate(lmdb);
                if (rc != 0)
                        mdb_env_close(lmdb->env);
        }
        if (rc != 0)
                lmdb_free(lmdb);
        else
                *out = lmdb;
        return rc;
}

/* What the file system can give to a file at this path, the blocks of the one that is there included. */
static size_t room_for(const char *path, size_t wanted)
{
        struct statvfs system;
        struct stat file;
        char dir[PATH_ROOM];

        snprintf(dir, sizeof(dir), "%s", path);
        char *slash = strrchr(dir, '/');
        if (slash)
                *slash = '\0';
        if (statvfs(slash ? dir : ".", &system) != 0)
                return wanted;

        uint64_t room = (uint64_t)system.f_bavail * system.f_frsize / 20 * 19;
        if (stat(path, &file) == 0)
                room += (uint64_t)file.st_blocks * 512;
        return room < wanted ? (size_t)room : wanted;
}

static bool is_no_space(int rc)
{
        return rc == ENOSPC || rc == EDQUOT || rc == EFBIG;
}

enum err backend_lmdb_open(const char *path, size_t size, bool fresh, struct backend **out, const char **why)
{
        struct lmdb *lmdb = NULL;
        int rc = ENOSPC;

        guard_install();
        remove_lock_file(path);
        if (fresh && unlink(path) != 0 && errno != ENOENT) {
                *why = strerror(errno);
                return ERR_IO;
        }
        size = room_for(path, size);
        size -= size % (size_t)sysconf(_SC_PAGESIZE);
        while (is_no_space(rc) && size >= LMDB_SIZE_MIN) {
                rc = lmdb_try(path, size, &lmdb);
                if (rc == 0) {
                        *out = &lmdb->backend;
                        return ERR_OK;
                }
                if (!fresh)
                        break; /* what is in there may need every page */
                (void)unlink(path);
                size = size / 2 - size / 2 % (size_t)sysconf(_SC_PAGESIZE);
        }
        *why = rc == MDB_PANIC ? "its file is damaged" : mdb_strerror(rc);
        return rc > 0 ? ERR_IO : ERR_DAMAGED;
}

uint32_t lmdb_version(void)
{
        int major, minor, patch;

        mdb_version(&major, &minor, &patch);
        return (uint32_t)major << 16 | (uint32_t)minor << 8 | (uint32_t)patch;
}

/* --- Copying what is whole -------------------------------------------------------------------------------------- */

struct copy {
        MDB_env *from, *to;
        MDB_txn *read, *write;
        MDB_cursor *cursor;
        MDB_dbi from_dbi, to_dbi;
        size_t size;
        const struct store_settings *settings;
        const uint8_t *secret;
        int64_t copied;
        unsigned in_txn, skipped;
};

static int copy_env(const char *path, size_t size, unsigned flags, MDB_env **env)
{
        int rc = mdb_env_create(env);

        if (rc == MDB_SUCCESS && size > 0)
                rc = mdb_env_set_mapsize(*env, size);
        if (rc == MDB_SUCCESS)
                rc = mdb_env_open(*env, path, flags, 0600);
        return rc;
}

static int copy_open(struct copy *copy, const char *from, const char *to)
{
        int rc = copy_env(from, 0, COPY_FLAGS | MDB_RDONLY, &copy->from);

        if (rc == MDB_SUCCESS)
                rc = copy_env(to, copy->size, COPY_FLAGS | MDB_NOSYNC, &copy->to);
        if (rc == MDB_SUCCESS)
                rc = mdb_txn_begin(copy->from, NULL, MDB_RDONLY, &copy->read);
        if (rc == MDB_SUCCESS)
                rc = mdb_dbi_open(copy->read, NULL, 0, &copy->from_dbi);
        if (rc == MDB_SUCCESS)
                rc = mdb_cursor_open(copy->read, copy->from_dbi, &copy->cursor);
        if (rc == MDB_SUCCESS)
                rc = mdb_txn_begin(copy->to, NULL, 0, &copy->write);
        if (rc == MDB_SUCCESS)
                rc = mdb_dbi_open(copy->write, NULL, 0, &copy->to_dbi);
        return rc;
}

/* Commit what there is and begin again. MDB_MAP_FULL when the new file is as full as the hand lets a store become. */
static int copy_commit(struct copy *copy)
{
        MDB_stat stat;
        int rc = mdb_txn_commit(copy->write);

        copy->in_txn = 0;
        if (rc == MDB_SUCCESS)
                rc = mdb_txn_begin(copy->to, NULL, 0, &copy->write);
        if (rc == MDB_SUCCESS)
                rc = mdb_env_stat(copy->to, &stat);
        if (rc != MDB_SUCCESS)
                return rc;
        size_t pages = stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
        return pages * stat.ms_psize > copy->size / 100 * 75 ? MDB_MAP_FULL : MDB_SUCCESS;
}

static int copy_skip(struct copy *copy)
{
        return ++copy->skipped < COPY_SKIPS_MAX ? MDB_SUCCESS : MDB_NOTFOUND;
}

/* A key that does not follow the one before comes from a damaged tree (MDB_KEYEXIST); it is passed over. */
static int copy_entry(struct copy *copy, MDB_val *key, MDB_val *value)
{
        struct store_bytes key_bytes = { .bytes = key->mv_data, .len = key->mv_size };
        struct store_bytes value_bytes = { .bytes = value->mv_data, .len = value->mv_size };

        if (!is_sane(key, value) || !copy->settings->intact(copy->secret, key_bytes, value_bytes))
                return copy_skip(copy);
        int rc = mdb_put(copy->write, copy->to_dbi, key, value, MDB_APPEND);
        if (rc == MDB_KEYEXIST)
                return copy_skip(copy);
        copy->copied += rc == MDB_SUCCESS;
        if (rc == MDB_SUCCESS && ++copy->in_txn == COPY_TXN_PUTS)
                rc = copy_commit(copy);
        return rc;
}

int64_t lmdb_copy(const char *from, const char *to, size_t size, const struct store_settings *settings,
                  const uint8_t secret[SIPHASH_KEY_LEN])
{
        struct copy copy = {
                .size = size - size % (size_t)sysconf(_SC_PAGESIZE), .settings = settings, .secret = secret
        };
        MDB_val key, value;
        int rc = copy_open(&copy, from, to);

        if (rc != MDB_SUCCESS)
                return -1;
        while (rc == MDB_SUCCESS && mdb_cursor_get(copy.cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS)
                rc = copy_entry(&copy, &key, &value);
        if (rc != MDB_SUCCESS && rc != MDB_MAP_FULL && rc != MDB_NOTFOUND)
                return -1;
        if (mdb_txn_commit(copy.write) != MDB_SUCCESS || mdb_env_sync(copy.to, 1) != MDB_SUCCESS)
                return -1;
        return copy.copied; /* nothing is closed: the process ends */
}
