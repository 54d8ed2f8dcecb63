#pragma once
/*
 * Kept traces: written to the trace log by a thread of its own, and the last of them in memory for those who ask.
 *
 * Workers hand over copies and go on; when the thread cannot keep up, traces are left out and counted. The log says how
 * many it left out.
 */
#include "base/err.h"
#include "base/moment.h"
#include "config/settings.h"
#include "watch/metrics.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive; /* opaque */

enum {
        ARCHIVE_QUEUE_BYTES = 8 << 20,  /* waiting to be written */
        ARCHIVE_KEPT_BYTES = 16 << 20,  /* in memory */
        ARCHIVE_KEPT_MAX = 8192,        /* the same, traces */
};

/** Open the trace log. ERR_IO (it cannot be opened; errno says why), ERR_MEMORY. */
MUST_USE enum err archive_new(const struct settings *settings, struct archive **out);

/** Start the thread. ERR_IO. */
MUST_USE enum err archive_start(struct archive *archive);

/** Write what waits, end the thread, free. Nobody may call archive_offer() any more. */
void archive_stop(struct archive *archive);

/**
 * From a worker: a finished trace, flat; the bytes are copied. Above trace-rate only what matters is taken, and one in
 * trace-sample of the rest. Counted in the worker's metrics.
 */
void archive_offer(struct archive *archive, const struct moment *now, struct metrics *metrics, bool matters,
                   const uint8_t *bytes, size_t len);

/** New settings: format and rate; and the log is opened anew, as it may have been moved away. */
void archive_adopt(struct archive *archive, const struct settings *settings);

/**
 * A kept trace by the first hex digits of its ID, or the last one kept for "last". The copy is the caller's to free.
 * ERR_MISSING, ERR_MEMORY.
 */
MUST_USE enum err archive_find(struct archive *archive, const char *id, uint8_t **bytes, size_t *len);

/** The newest kept trace in each bucket of the latencies. */
void archive_exemplars(struct archive *archive, struct exemplars *out);
