/*
 * Pending traces, the archive thread, and looking things up.
 */
#include "archive.h"
#include "clock.h"
#include "log.h"
#include "trace_log.h"
#include "watch/keep.h"
#include "watch/privacy.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
        US_PER_S = 1000000,
        RUN_MAX = 256,        /* traces in one transaction */
        RUN_BYTES = 1 << 20,
        WAIT_US = 10000,      /* for more to join a transaction */
        PRUNE_MAX = 64,       /* deleted in one transaction */
        FULL_PERCENT = 85,    /* LMDB needs free pages to delete: so room is made long before there is none */
        LIST_PENDING_MAX = 4096, /* pending traces that one listing looks at */
        MEMORY_MAX = 16 << 20, /* where nothing is kept on disk */
};

/* A trace on its way. */
struct kept {
        struct kept *next, *older;
        bool final;             /* else it goes on: for those who ask, not for the log */
        bool brief;             /* only for the log, a line */
        struct vault_item item; /* names point into bytes */
        size_t len;
        uint8_t bytes[];
};

/* How traces are copied. */
struct manner {
        enum privacy privacy;
        unsigned messages; /* TRACE_MESSAGES_* of enum option_word_number */
        uint8_t secret[SIPHASH_KEY_LEN]; /* for hashing clients */
};

struct watcher {
        archive_watcher *see;
        void *context;
};

struct archive {
        pthread_t thread;
        pthread_mutex_t lock; /* of what follows */
        pthread_cond_t news;
        struct kept *first, **last; /* pending, in the order they came */
        struct kept *newest;
        size_t bytes;         /* of them */
        uint64_t first_us;    /* when there came to be any (monotonic) */
        struct keeper keeper;
        uint64_t left_out;    /* since the log said so last */
        bool ending, reopen, json;
        struct manner manner;
        uint64_t retention_us;
        struct exemplars exemplars;

        /* The thread's alone, once it runs: */
        struct trace_log *log;
        struct store *store;
        struct watcher watcher[ARCHIVE_WATCHERS_MAX];
        unsigned watcher_count;
        uint64_t tend_us;     /* when to look after the store */
};

struct archive_reader {
        struct archive *archive;
        struct store_reader *store;
};

static struct moment moment_now(void)
{
        struct clock clock;

        clock_tick(&clock);
        return clock.now;
}

/* --- In the workers ----------------------------------------------------------------------------------------------- */

/* A copy to be kept: with a disguised client, and with whole messages only where they are wanted. */
static struct kept *kept_new(const struct manner *manner, const struct trace_view *trace, unsigned reasons)
{
        bool whole = manner->messages == TRACE_MESSAGES_ALL ||
                     (manner->messages == TRACE_MESSAGES_FAILED && reasons & ~(unsigned)(KEEP_WALKED | KEEP_SAMPLED));
        struct kept *kept = malloc(sizeof *kept + trace->len);
        struct trace_view copy;

        if (!kept)
                return NULL;
        kept->len = trace->len;
        if (whole)
                memcpy(kept->bytes, trace->bytes, trace->len);
        else
                kept->len = trace_strip(trace, kept->bytes);
        privacy_apply(manner->privacy, manner->secret, kept->bytes, kept->len);
        if (trace_open(kept->bytes, kept->len, &copy)) {
                free(kept);
                return NULL;
        }
        summary_of(&copy, &kept->item.summary);
        kept->item.reasons = reasons;
        kept->item.len = (uint32_t)kept->len;
        return kept;
}

/* Put it at the end of what is pending; false when that is full. */
static bool pending_add(struct archive *archive, struct kept *kept, uint64_t now_us)
{
        size_t size = sizeof *kept + kept->len;

        pthread_mutex_lock(&archive->lock);
        bool room = archive->bytes + size <= ARCHIVE_PENDING_BYTES;
        if (room) {
                if (!archive->first) {
                        archive->first_us = now_us;
                        pthread_cond_signal(&archive->news);
                }
                kept->next = NULL;
                kept->older = archive->newest;
                *archive->last = kept;
                archive->last = &kept->next;
                archive->newest = kept;
                archive->bytes += size;
        }
        pthread_mutex_unlock(&archive->lock);
        return room;
}

static bool keep(struct archive *archive, const struct moment *now, const struct archive_offer *offer,
                 const struct manner *manner, const struct trace_view *trace, unsigned reasons)
{
        struct kept *kept = kept_new(manner, trace, reasons);

        if (!kept)
                return false;
        kept->final = offer->final;
        kept->brief = !reasons;
        if (pending_add(archive, kept, now->mono_us))
                return true;
        free(kept);
        return false;
}

void archive_offer(struct archive *archive, const struct moment *now, struct metrics *metrics,
                   const struct archive_offer *offer)
{
        bool plain = !offer->reasons && !offer->walked; /* one of these is only worth a line, if it is asked for */
        struct trace_view trace;
        struct summary summary = { .zone = name_root };

        if (trace_open(offer->bytes, offer->len, &trace))
                return;
        if (offer->reasons) /* else the zone does not count, and reading all steps costs more than making them */
                summary_of(&trace, &summary);
        pthread_mutex_lock(&archive->lock);
        unsigned reasons = keeper_decide(&archive->keeper, now->mono_us, offer->reasons, offer->walked, &summary.zone);
        struct manner manner = archive->manner;
        pthread_mutex_unlock(&archive->lock);
        if ((reasons || plain) && keep(archive, now, offer, &manner, &trace, reasons)) {
                metrics_inc(metrics->traces_kept);
                return;
        }
        metrics_inc(metrics->traces_dropped);
        pthread_mutex_lock(&archive->lock);
        archive->left_out++;
        pthread_mutex_unlock(&archive->lock);
}

/* --- The thread --------------------------------------------------------------------------------------------------- */

/* The first traces of what is pending, as many as one transaction takes. They stay where they are meanwhile. */
struct run {
        struct kept *first;
        unsigned count;
};

/* The one behind it. Behind the last one workers may be adding more just now: its link is not looked at. */
static const struct kept *run_next(const struct run *run, const struct kept *kept, unsigned index)
{
        return index + 1 < run->count ? kept->next : NULL;
}

/* Leave out so many of its first. */
static void run_skip(struct run *run, unsigned count)
{
        run->count -= count;
        for (unsigned i = 0; i < count && run->count; i++)
                run->first = run->first->next;
}

static struct run run_take(const struct archive *archive)
{
        struct run run = { .first = archive->first };
        size_t bytes = 0;

        for (const struct kept *kept = run.first; kept && run.count < RUN_MAX && bytes < RUN_BYTES; kept = kept->next) {
                bytes += kept->len;
                run.count++;
        }
        return run;
}

/* They are written: whoever looks for them finds them in the store. The caller holds the lock. */
static void run_drop(struct archive *archive, const struct run *run)
{
        for (unsigned i = 0; i < run->count; i++) {
                struct kept *kept = archive->first;

                archive->first = kept->next;
                archive->bytes -= sizeof *kept + kept->len;
                free(kept);
        }
        if (archive->first)
                archive->first->older = NULL;
        else {
                archive->last = &archive->first;
                archive->newest = NULL;
        }
}

static void note_exemplar(struct archive *archive, const struct trace_view *trace)
{
        pthread_mutex_lock(&archive->lock);
        exemplars_note(&archive->exemplars, trace);
        pthread_mutex_unlock(&archive->lock);
}

/* Those who hear of each trace: the log, and the watchers. */
static void run_tell(struct archive *archive, const struct run *run)
{
        const struct kept *kept = run->first;
        struct trace_view trace;

        for (unsigned i = 0; i < run->count; kept = run_next(run, kept, i++)) {
                if (!kept->final || trace_open(kept->bytes, kept->len, &trace))
                        continue;
                trace_log_write(archive->log, &trace, kept->item.reasons, kept->brief);
                if (kept->brief)
                        continue;
                note_exemplar(archive, &trace);
                for (unsigned w = 0; w < archive->watcher_count; w++)
                        archive->watcher[w].see(archive->watcher[w].context, &kept->item, kept->bytes, kept->len);
        }
}

static enum err run_put(struct archive *archive, const struct run *run)
{
        const struct kept *kept = run->first;
        struct store_view *view;
        enum err err = store_write_begin(archive->store, &view);

        if (err)
                return err;
        for (unsigned i = 0; i < run->count && !err; kept = run_next(run, kept, i++)) {
                if (!kept->brief)
                        err = vault_put(archive->store, view, &kept->item, kept->bytes);
        }
        if (!err)
                return store_commit(archive->store, view);
        store_abort(archive->store, view);
        return err;
}

static bool is_full(struct store *store, unsigned percent)
{
        struct store_stat stat;

        store_stat(store, &stat);
        return stat.bytes > stat.size / 100 * percent;
}

/* Delete so many of the oldest at most. ERR_MISSING: there are none. */
static enum err prune(struct archive *archive, uint64_t before_us, unsigned max, unsigned *count)
{
        struct store_view *view;
        enum err err = store_write_begin(archive->store, &view);

        if (err)
                return err;
        *count = vault_prune(view, before_us, max);
        if (*count)
                return store_commit(archive->store, view);
        store_abort(archive->store, view);
        return ERR_MISSING;
}

/* Delete some of the oldest, fewer where pages are scarce; false when that were all, or it could not be done. */
static bool prune_some(struct archive *archive, uint64_t before_us)
{
        unsigned count = 0;

        for (unsigned max = PRUNE_MAX; max; max /= 8)
                if (prune(archive, before_us, max, &count) == ERR_OK)
                        return count == max;
        return false;
}

/* Make room, beginning well before there is none: LMDB cannot delete without free pages. */
static void make_room(struct archive *archive)
{
        if (!is_full(archive->store, FULL_PERCENT))
                return;
        while (is_full(archive->store, FULL_PERCENT - 5) && prune_some(archive, UINT64_MAX))
                ;
}

static void forget_old(struct archive *archive, const struct moment *now, uint64_t retention_us)
{
        uint64_t wall_us = now->wall_s * US_PER_S;

        while (retention_us && wall_us > retention_us && prune_some(archive, wall_us - retention_us))
                ;
}

static void tell_store(const struct store_report *report)
{
        static const char *const words[] = {
                [STORE_MEMORY] = "traces are kept in memory",
                [STORE_WARM] = "traces are on disk",
                [STORE_REBUILDING] = "the file of kept traces is being rebuilt; memory serves meanwhile",
                [STORE_REBUILT] = "the file of kept traces was rebuilt",
                [STORE_COLD] = "kept traces begin with an empty file",
        };

        log_line(LOG_TRACE, "%s%s%s", words[report->state], report->reason[0] ? ": " : "", report->reason);
}

static void tend(struct archive *archive, const struct moment *now, uint64_t retention_us)
{
        struct store_report report;

        archive->tend_us = store_tend(archive->store, now->mono_us);
        if (store_news(archive->store, &report))
                tell_store(&report);
        forget_old(archive, now, retention_us);
}

/*
 * Without the lock: nobody waits for the disk. A transaction copies each page that it touches, so that a large one may
 * not fit where there is room for the traces: then smaller ones are tried.
 */
static void run_do(struct archive *archive, const struct run *run)
{
        struct run rest = *run;
        unsigned most = run->count;

        run_tell(archive, run);
        while (rest.count) {
                const struct run part = { .first = rest.first, .count = most < rest.count ? most : rest.count };
                enum err err = run_put(archive, &part);

                make_room(archive);
                if (err == ERR_FULL && part.count > 1) {
                        most = part.count / 2;
                        (void)prune_some(archive, UINT64_MAX);
                        continue;
                }
                if (err)
                        log_line(LOG_TRACE, "%u traces could not be kept on disk: %s", part.count, err_text(err));
                run_skip(&rest, part.count);
        }
}

/* Wait until there is something to write and no more is likely to join it, or something else is to be done. */
static void wait_for_work(struct archive *archive)
{
        uint64_t now_us = moment_now().mono_us;

        while (!archive->ending && !archive->reopen && now_us < archive->tend_us) {
                uint64_t until_us = archive->tend_us;

                if (archive->first && (archive->bytes >= RUN_BYTES || now_us >= archive->first_us + WAIT_US))
                        return;
                if (archive->first && archive->first_us + WAIT_US < until_us)
                        until_us = archive->first_us + WAIT_US;
                struct timespec until = { .tv_sec = (time_t)(until_us / US_PER_S),
                                          .tv_nsec = (long)(until_us % US_PER_S) * 1000 };
                (void)pthread_cond_timedwait(&archive->news, &archive->lock, &until);
                now_us = moment_now().mono_us;
        }
}

/* One turn of the thread, with the lock: take, let go of it to work, take it again to drop what was done. */
static void turn(struct archive *archive)
{
        struct run run = run_take(archive);
        uint64_t left_out = archive->left_out, retention_us = archive->retention_us;
        bool reopen = archive->reopen;

        archive->left_out = 0;
        archive->reopen = false;
        trace_log_format(archive->log, archive->json);
        pthread_mutex_unlock(&archive->lock);

        struct moment now = moment_now();
        if (reopen)
                trace_log_reopen(archive->log);
        run_do(archive, &run);
        trace_log_left_out(archive->log, left_out);
        trace_log_flush(archive->log);
        if (now.mono_us >= archive->tend_us)
                tend(archive, &now, retention_us);

        pthread_mutex_lock(&archive->lock);
        run_drop(archive, &run);
        archive->first_us = now.mono_us;
}

static void *archive_run(void *argument)
{
        struct archive *archive = argument;

        pthread_mutex_lock(&archive->lock);
        while (!archive->ending || archive->first) {
                wait_for_work(archive);
                turn(archive);
        }
        pthread_mutex_unlock(&archive->lock);
        return NULL;
}

/* --- Asking ------------------------------------------------------------------------------------------------------- */

struct archive_reader *archive_reader_new(struct archive *archive)
{
        struct archive_reader *reader = calloc(1, sizeof *reader);

        if (!reader)
                return NULL;
        reader->archive = archive;
        reader->store = store_reader_new(archive->store);
        if (reader->store)
                return reader;
        free(reader);
        return NULL;
}

void archive_reader_free(struct archive_reader *reader)
{
        if (!reader)
                return;
        store_reader_free(reader->store);
        free(reader);
}

/* What is pending and wanted, copied so that it can be told without the lock. */
struct pending_list {
        struct pending_item {
                struct vault_item item;
                struct name_store qname, zone;
        } *item;
        unsigned count;
};

static bool list_has(const struct pending_list *list, uint64_t span)
{
        for (unsigned i = 0; i < list->count; i++) {
                if (list->item[i].item.summary.span == span)
                        return true;
        }
        return false;
}

static void list_add(struct pending_list *list, const struct vault_item *item)
{
        struct pending_item *copy = &list->item[list->count++];

        copy->item = *item;
        copy->item.summary.qname = name_hold(&copy->qname, &item->summary.qname);
        copy->item.summary.zone = name_hold(&copy->zone, &item->summary.zone);
}

/* False when out of memory. */
static bool list_pending(struct archive *archive, const struct vault_filter *filter, unsigned max,
                         struct pending_list *out)
{
        unsigned room = max < LIST_PENDING_MAX ? max : LIST_PENDING_MAX;

        *out = (struct pending_list){ .item = calloc(room ? room : 1, sizeof *out->item) };
        if (!out->item)
                return false;
        pthread_mutex_lock(&archive->lock);
        for (const struct kept *kept = archive->newest; kept && out->count < room; kept = kept->older) {
                if (!kept->brief && vault_wants(filter, &kept->item) && !list_has(out, kept->item.summary.span))
                        list_add(out, &kept->item);
        }
        pthread_mutex_unlock(&archive->lock);
        return true;
}

/* A listing on its way through the store: what was pending has been told already. */
struct listing {
        const struct pending_list *told;
        unsigned left;
        vault_visit *visit;
        void *context;
};

static bool list_stored(void *context, const struct vault_item *item)
{
        struct listing *listing = context;

        if (list_has(listing->told, item->summary.span))
                return true;
        return listing->visit(listing->context, item) && --listing->left > 0;
}

static enum err list_all(struct archive_reader *reader, const struct vault_filter *filter, struct listing *listing)
{
        for (unsigned i = 0; i < listing->told->count; i++, listing->left--) {
                if (!listing->visit(listing->context, &listing->told->item[i].item))
                        return ERR_OK;
        }
        struct store_view *view = listing->left ? store_reader_begin(reader->store) : NULL;
        if (!view)
                return listing->left ? ERR_IO : ERR_OK;
        enum err err = vault_list(reader->archive->store, view, filter, list_stored, listing);

        store_reader_end(reader->store);
        return err;
}

enum err archive_list(struct archive_reader *reader, const struct vault_filter *filter, unsigned max,
                      vault_visit *visit, void *context)
{
        struct pending_list pending;

        if (!list_pending(reader->archive, filter, max, &pending))
                return ERR_MEMORY;
        struct listing listing = { .told = &pending, .left = max, .visit = visit, .context = context };
        enum err err = list_all(reader, filter, &listing);

        free(pending.item);
        return err;
}

/* Is this the pending trace that is asked for: by its ID, or by what it is? */
static bool is_wanted(const struct kept *kept, const char *id, const struct vault_filter *filter)
{
        if (kept->brief)
                return false;
        return filter ? vault_wants(filter, &kept->item) : vault_id_matches(&kept->item.summary.id, id);
}

/* The newest of them. ERR_MISSING, ERR_MEMORY. */
static enum err find_pending(struct archive *archive, const char *id, const struct vault_filter *filter,
                             uint8_t **bytes, size_t *len)
{
        enum err err = ERR_MISSING;

        pthread_mutex_lock(&archive->lock);
        const struct kept *kept = archive->newest;
        while (kept && !is_wanted(kept, id, filter))
                kept = kept->older;
        if (kept) {
                *bytes = malloc(kept->len);
                err = *bytes ? ERR_OK : ERR_MEMORY;
        }
        if (!err) {
                memcpy(*bytes, kept->bytes, kept->len);
                *len = kept->len;
        }
        pthread_mutex_unlock(&archive->lock);
        return err;
}

static bool take_first(void *context, const struct vault_item *item)
{
        struct vault_item *out = context;

        *out = *item;
        return false;
}

static enum err find_stored(struct archive_reader *reader, const char *id, const struct vault_filter *filter,
                            uint8_t **bytes, size_t *len)
{
        const struct store *store = reader->archive->store;
        struct store_view *view = store_reader_begin(reader->store);
        struct vault_item item = { .len = 0 };
        enum err err;

        if (!view)
                return ERR_IO;
        if (filter) {
                err = vault_list(store, view, filter, take_first, &item);
                if (!err)
                        err = item.len ? vault_fetch(store, view, &item, bytes, len) : ERR_MISSING;
        } else {
                err = vault_find(store, view, id, bytes, len);
        }
        store_reader_end(reader->store);
        return err;
}

enum err archive_find(struct archive_reader *reader, const char *id, uint8_t **bytes, size_t *len)
{
        static const struct {
                const char *word;
                struct vault_filter filter;
        } named[] = {
                { "last", { .failed = false } },
                { "fail", { .failed = true } },
                { "slow", { .slow = true } },
        };
        const struct vault_filter *filter = NULL;

        for (unsigned i = 0; i < sizeof named / sizeof named[0]; i++)
                filter = strcmp(id, named[i].word) == 0 ? &named[i].filter : filter;
        enum err err = find_pending(reader->archive, id, filter, bytes, len);

        return err == ERR_MISSING ? find_stored(reader, id, filter, bytes, len) : err;
}

void archive_exemplars(struct archive *archive, struct exemplars *out)
{
        pthread_mutex_lock(&archive->lock);
        *out = archive->exemplars;
        pthread_mutex_unlock(&archive->lock);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

_Static_assert((int)PRIVACY_FULL == (int)TRACE_CLIENTS_FULL && (int)PRIVACY_SHORT == (int)TRACE_CLIENTS_SHORT &&
               (int)PRIVACY_HASH == (int)TRACE_CLIENTS_HASH, "the setting's words are those of watch/privacy.h");

/* The caller holds the lock, or is alone. */
static void adopt(struct archive *archive, const struct settings *settings)
{
        archive->keeper.rate = settings->trace_rate;
        archive->keeper.sample = settings->trace_sample;
        archive->json = settings->trace_log_format == TRACE_LOG_JSON;
        archive->manner.privacy = settings->trace_clients;
        archive->manner.messages = settings->trace_messages;
        archive->retention_us = (uint64_t)settings->trace_retention * US_PER_S;
}

void archive_adopt(struct archive *archive, const struct settings *settings)
{
        pthread_mutex_lock(&archive->lock);
        adopt(archive, settings);
        archive->reopen = true;
        pthread_cond_signal(&archive->news);
        pthread_mutex_unlock(&archive->lock);
}

static bool draw_secrets(struct archive *archive)
{
        return getrandom(archive->keeper.secret, SIPHASH_KEY_LEN, 0) == SIPHASH_KEY_LEN &&
               getrandom(archive->manner.secret, SIPHASH_KEY_LEN, 0) == SIPHASH_KEY_LEN;
}

/* Deadlines are on the monotonic clock. */
static void init_lock(struct archive *archive)
{
        pthread_condattr_t attributes;

        pthread_mutex_init(&archive->lock, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&archive->news, &attributes);
        pthread_condattr_destroy(&attributes);
}

enum err archive_new(const struct settings *settings, struct archive **out)
{
        struct archive *archive = calloc(1, sizeof *archive);

        if (!archive)
                return ERR_MEMORY;
        archive->last = &archive->first;
        adopt(archive, settings);
        enum err err = draw_secrets(archive) ? trace_log_open(settings->trace_log, &archive->log) : ERR_IO;
        if (err) {
                free(archive);
                return err;
        }
        init_lock(archive);
        *out = archive;
        return ERR_OK;
}

enum err archive_open(struct archive *archive, const struct settings *settings, struct store_report *report,
                      char dir[ARCHIVE_DIR_MAX])
{
        struct store_settings wanted = {
                .size = settings->trace_size, .seldom_read = true, .intact = vault_intact
        };

        (void)snprintf(dir, ARCHIVE_DIR_MAX, "%s%s", settings->trace_dir[0] ? settings->trace_dir : settings->cache_dir,
                       settings->trace_dir[0] ? "" : "/traces");
        if (settings->store)
                wanted.dir = dir;
        else if (wanted.size > MEMORY_MAX)
                wanted.size = MEMORY_MAX;
        if (getrandom(wanted.fresh_secret, sizeof wanted.fresh_secret, 0) != sizeof wanted.fresh_secret)
                return ERR_IO;
        return store_open(&wanted, &archive->store, report);
}

void archive_watch(struct archive *archive, archive_watcher *see, void *context)
{
        if (EXPECT(archive->watcher_count < ARCHIVE_WATCHERS_MAX))
                archive->watcher[archive->watcher_count++] = (struct watcher){ see, context };
}

enum err archive_start(struct archive *archive)
{
        return pthread_create(&archive->thread, NULL, archive_run, archive) ? ERR_IO : ERR_OK;
}

void archive_stop(struct archive *archive)
{
        pthread_mutex_lock(&archive->lock);
        archive->ending = true;
        pthread_cond_signal(&archive->news);
        pthread_mutex_unlock(&archive->lock);
        pthread_join(archive->thread, NULL);
        trace_log_close(archive->log);
        store_close(archive->store);
        pthread_cond_destroy(&archive->news);
        pthread_mutex_destroy(&archive->lock);
        free(archive);
}
