#pragma once
/*
 * Kept traces: the one way from the workers to the trace log, to the traces on disk, and to whoever else wants them.
 *
 *      worker ─ archive_offer() ─▶ keep or drop ─▶ pending, in memory ─▶ thread ─▶ log, watchers, vault
 *                                                      ▲                              ▲
 *      archive_list(), archive_find() ─────────────────┴──────────────────────────────┘
 *
 * A trace can be found from any thread from the moment archive_offer() is back. Workers hand over copies and go on;
 * when the thread cannot keep up, traces are left out and counted, and the log says how many.
 */
#include "base/err.h"
#include "base/moment.h"
#include "config/settings.h"
#include "store/store.h"
#include "vault.h"
#include "watch/metrics.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive;        /* opaque */
struct archive_reader; /* one thread's way to the traces on disk */

enum {
        ARCHIVE_PENDING_BYTES = 16 << 20, /* waiting to be written */
        ARCHIVE_WATCHERS_MAX = 8,
        ARCHIVE_DIR_MAX = 4096,
};

/** Open the trace log. ERR_IO (it cannot be opened; errno says why), ERR_MEMORY. */
MUST_USE enum err archive_new(const struct settings *settings, struct archive **out);

/**
 * Open the traces on disk, before there is any thread: a child process may have to look through them. It says in
 * `report` how they stand. ERR_BUSY: another process has the directory, whose name is in `dir`; ERR_MEMORY, ERR_IO.
 */
MUST_USE enum err archive_open(struct archive *archive, const struct settings *settings, struct store_report *report,
                               char dir[ARCHIVE_DIR_MAX]);

/** Somebody who sees each trace that is kept, in the archive's thread: export, the page. */
typedef void archive_watcher(void *context, const struct vault_item *item, const uint8_t *bytes, size_t len);

/** Before archive_start(), at most ARCHIVE_WATCHERS_MAX of them. */
void archive_watch(struct archive *archive, archive_watcher *see, void *context);

/** Start the thread. ERR_IO. */
MUST_USE enum err archive_start(struct archive *archive);

/** Write what waits, end the thread, free. Nobody may call anything else any more, and all readers are gone. */
void archive_stop(struct archive *archive);

/* What a worker knows of a finished trace, or of one that others may be told of already. */
struct archive_offer {
        unsigned reasons;  /* enum keep_reason */
        bool walked;       /* servers were asked */
        bool final;        /* else it goes on, and will be offered again */
        const uint8_t *bytes;
        size_t len;
};

/**
 * From a worker, for each request that was answered: keep the trace or not, by one rule (watch/keep.h). The bytes are
 * copied. Counted in the worker's metrics. A trace that was offered before is replaced.
 */
void archive_offer(struct archive *archive, const struct moment *now, struct metrics *metrics,
                   const struct archive_offer *offer);

/** New settings: format, rate, retention; and the log is opened anew, as it may have been moved away. */
void archive_adopt(struct archive *archive, const struct settings *settings);

/* Reading, from any thread with a reader of its own. */

struct archive_reader *archive_reader_new(struct archive *archive);
void archive_reader_free(struct archive_reader *reader);

/**
 * The traces that are wanted, the newest first, until there were `max` or visit says false. The names in an item live
 * as long as the call of visit. ERR_MEMORY, ERR_IO: the disk could not be read; those in memory have been told.
 */
MUST_USE enum err archive_list(struct archive_reader *reader, const struct vault_filter *filter, unsigned max,
                               vault_visit *visit, void *context);

/**
 * One trace: by the first hex digits of its ID, or the newest of "last", "fail" (SERVFAIL) and "slow". The copy is the
 * caller's to free. ERR_MISSING, ERR_MEMORY, ERR_IO; ERR_LIMIT: that is no ID.
 */
MUST_USE enum err archive_find(struct archive_reader *reader, const char *id, uint8_t **bytes, size_t *len);

/** The newest kept trace in each bucket of the latencies. */
void archive_exemplars(struct archive *archive, struct exemplars *out);
