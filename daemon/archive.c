/*
 * The archive thread.
 *
 *      worker ── archive_offer() ─▶ queue ─▶ thread: words into the log ─▶ shelf: the last ones, in memory
 */
#include "archive.h"
#include "log.h"
#include "tree.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_HEX_MAX = 2 * TRACE_ID_LEN, US_PER_S = 1000000 };

struct kept {
        struct kept *next;
        size_t len;
        uint8_t bytes[];
};

/* A list with an end to add at. */
struct shelf {
        struct kept *first, **last;
        unsigned count;
        size_t bytes;
};

struct archive {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t news;
        struct shelf queue;       /* to be written */
        struct shelf shelf;       /* written */
        uint64_t second;          /* the one that in_second counts in */
        unsigned in_second, above;
        uint64_t left_out;        /* since the log said so last */
        struct exemplars exemplars;
        bool ending, reopen;
        unsigned rate, sample;
        bool json;
        char path[PATH_MAX];      /* of the log */
        FILE *log;                /* the thread's alone; NULL: off */
};

static void shelf_add(struct shelf *shelf, struct kept *kept)
{
        kept->next = NULL;
        *shelf->last = kept;
        shelf->last = &kept->next;
        shelf->count++;
        shelf->bytes += kept->len;
}

static struct kept *shelf_take(struct shelf *shelf)
{
        struct kept *kept = shelf->first;

        if (!kept)
                return NULL;
        shelf->first = kept->next;
        if (!shelf->first)
                shelf->last = &shelf->first;
        shelf->count--;
        shelf->bytes -= kept->len;
        return kept;
}

static void shelf_clear(struct shelf *shelf)
{
        struct kept *kept;

        while ((kept = shelf_take(shelf)))
                free(kept);
}

/* --- In the workers ----------------------------------------------------------------------------------------------- */

/*
 * Is this trace to be kept: within the rate, or above it because it matters or is the one in `sample`? Holds the lock.
 */
static bool wanted(struct archive *archive, const struct moment *now, bool matters)
{
        uint64_t second = now->mono_us / US_PER_S;

        if (second != archive->second) {
                archive->second = second;
                archive->in_second = 0;
        }
        if (archive->in_second < archive->rate) {
                archive->in_second++;
                return true;
        }
        return matters || (archive->sample && ++archive->above % archive->sample == 0);
}

static bool enqueue(struct archive *archive, const struct moment *now, bool matters, struct kept *kept)
{
        pthread_mutex_lock(&archive->lock);
        bool taken = wanted(archive, now, matters) && archive->queue.bytes + kept->len <= ARCHIVE_QUEUE_BYTES;
        if (taken)
                shelf_add(&archive->queue, kept);
        else
                archive->left_out++;
        pthread_cond_signal(&archive->news);
        pthread_mutex_unlock(&archive->lock);
        return taken;
}

void archive_offer(struct archive *archive, const struct moment *now, struct metrics *metrics, bool matters,
                   const uint8_t *bytes, size_t len)
{
        struct kept *kept = malloc(sizeof *kept + len);
        bool taken = false;

        if (kept) {
                kept->len = len;
                memcpy(kept->bytes, bytes, len);
                taken = enqueue(archive, now, matters, kept);
        }
        if (!taken)
                free(kept);
        metrics_inc(taken ? metrics->traces_kept : metrics->traces_dropped);
}

/* --- The thread --------------------------------------------------------------------------------------------------- */

static void sink_to_file(void *context, const char *text, size_t len)
{
        fwrite(text, 1, len, context);
}

static void write_trace(FILE *log, bool json, const struct kept *kept)
{
        struct tree_options options = { .date = true, .json = json };
        struct trace_view trace;

        if (log && !trace_open(kept->bytes, kept->len, &trace))
                (void)tree_print(&trace, &options, sink_to_file, log);
}

/* Holds the lock. */
static void note_exemplar(struct archive *archive, const struct kept *kept)
{
        struct trace_view trace;

        if (!trace_open(kept->bytes, kept->len, &trace))
                exemplars_note(&archive->exemplars, &trace);
}

static void write_left_out(FILE *log, bool json, uint64_t count)
{
        if (log && count)
                fprintf(log, json ? "{\"left_out\":%llu}\n" : "(%llu traces left out)\n", (unsigned long long)count);
}

/* Write what was queued, and put it where it can be asked for. The lock is only held to move the list. */
static void write_queue(struct archive *archive)
{
        bool json = archive->json;
        struct kept *kept;

        while ((kept = shelf_take(&archive->queue))) {
                pthread_mutex_unlock(&archive->lock);
                write_trace(archive->log, json, kept);
                pthread_mutex_lock(&archive->lock);
                shelf_add(&archive->shelf, kept);
                note_exemplar(archive, kept);
                while (archive->shelf.bytes > ARCHIVE_KEPT_BYTES || archive->shelf.count > ARCHIVE_KEPT_MAX)
                        free(shelf_take(&archive->shelf));
        }
        uint64_t left_out = archive->left_out;
        archive->left_out = 0;
        pthread_mutex_unlock(&archive->lock);
        write_left_out(archive->log, json, left_out);
        if (archive->log)
                fflush(archive->log);
        pthread_mutex_lock(&archive->lock);
}

static void log_reopen(struct archive *archive)
{
        FILE *file = log_open_file(archive->path);

        if (!file && errno) {
                log_line(LOG_TRACE, "the trace log %s cannot be opened again: %s", archive->path, strerror(errno));
                return; /* better the old one than none */
        }
        log_close_file(archive->log);
        archive->log = file;
}

static void *archive_run(void *argument)
{
        struct archive *archive = argument;

        pthread_mutex_lock(&archive->lock);
        while (!archive->ending || archive->queue.first) {
                while (!archive->queue.first && !archive->ending && !archive->reopen)
                        pthread_cond_wait(&archive->news, &archive->lock);
                if (archive->reopen)
                        log_reopen(archive);
                archive->reopen = false;
                write_queue(archive);
        }
        pthread_mutex_unlock(&archive->lock);
        return NULL;
}

/* --- Asking ------------------------------------------------------------------------------------------------------- */

static bool id_begins_with(const struct kept *kept, const char *hex)
{
        static const char digit[] = "0123456789abcdef";
        size_t len = strlen(hex);
        struct trace_view trace;

        if (len == 0 || len > ID_HEX_MAX || trace_open(kept->bytes, kept->len, &trace))
                return false;
        for (size_t i = 0; i < len; i++) {
                if (hex[i] != digit[trace.id.bytes[i / 2] >> (i % 2 ? 0 : 4) & 0xf])
                        return false;
        }
        return true;
}

/* The newest that matches. The caller holds the lock. */
static const struct kept *find_locked(const struct archive *archive, const char *id)
{
        const struct kept *found = NULL;

        for (const struct kept *kept = archive->shelf.first; kept; kept = kept->next) {
                if (strcmp(id, "last") == 0 || id_begins_with(kept, id))
                        found = kept;
        }
        return found;
}

enum err archive_find(struct archive *archive, const char *id, uint8_t **bytes, size_t *len)
{
        uint8_t *copy = NULL;

        pthread_mutex_lock(&archive->lock);
        const struct kept *kept = find_locked(archive, id);
        if (kept) {
                copy = malloc(kept->len);
                *len = copy ? kept->len : *len;
                if (copy)
                        memcpy(copy, kept->bytes, kept->len);
        }
        pthread_mutex_unlock(&archive->lock);
        if (!copy)
                return kept ? ERR_MEMORY : ERR_MISSING;
        *bytes = copy;
        return ERR_OK;
}

void archive_exemplars(struct archive *archive, struct exemplars *out)
{
        pthread_mutex_lock(&archive->lock);
        *out = archive->exemplars;
        pthread_mutex_unlock(&archive->lock);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

/* The caller holds the lock, or is alone. */
static void adopt(struct archive *archive, const struct settings *settings)
{
        archive->rate = settings->trace_rate;
        archive->sample = settings->trace_sample;
        archive->json = settings->trace_log_format == TRACE_LOG_JSON;
}

void archive_adopt(struct archive *archive, const struct settings *settings)
{
        pthread_mutex_lock(&archive->lock);
        adopt(archive, settings);
        archive->reopen = true;
        pthread_cond_signal(&archive->news);
        pthread_mutex_unlock(&archive->lock);
}

enum err archive_new(const struct settings *settings, struct archive **out)
{
        struct archive *archive = calloc(1, sizeof *archive);

        if (!archive)
                return ERR_MEMORY;
        archive->queue.last = &archive->queue.first;
        archive->shelf.last = &archive->shelf.first;
        adopt(archive, settings);
        (void)snprintf(archive->path, sizeof archive->path, "%s", settings->trace_log);
        errno = 0;
        archive->log = log_open_file(archive->path);
        if (!archive->log && errno) {
                free(archive);
                return ERR_IO;
        }
        pthread_mutex_init(&archive->lock, NULL);
        pthread_cond_init(&archive->news, NULL);
        *out = archive;
        return ERR_OK;
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
        shelf_clear(&archive->queue);
        shelf_clear(&archive->shelf);
        log_close_file(archive->log);
        pthread_cond_destroy(&archive->news);
        pthread_mutex_destroy(&archive->lock);
        free(archive);
}
