#pragma once
/*
 * Traces for others: each kept one goes to a collector as spans, by OTLP over HTTP with JSON (watch/otlp.h).
 *
 *      archive thread ── export_take(): a copy into a bounded queue ──▶ main thread: a POST of many, one at a time
 *
 * No worker knows of it. A collector that is slow or gone costs memory up to the queue's bound, and then traces, which
 * are counted; what was being sent is tried again, each time later, before it is given up.
 */
#include "base/err.h"
#include "config/settings.h"
#include "vault.h"
#include <stddef.h>
#include <stdint.h>

struct export; /* opaque */
struct server;

enum {
        EXPORT_QUEUE_BYTES = 8 << 20,
        EXPORT_BATCH_BYTES = 1 << 20, /* a POST is sent off when it has grown so large */
        EXPORT_GATHER_MS = 200,       /* or the first of it has waited so long */
        EXPORT_TIMEOUT_MS = 10000,    /* until the collector has answered */
        EXPORT_TRIES_MAX = 5,
        EXPORT_PAUSE_MS = 500,        /* after the first failure; doubles with each */
};

struct export_counts {
        uint64_t sent;    /* traces that the collector has taken */
        uint64_t dropped; /* those it will not get */
};

/** *out is NULL when no collector is set. Before any thread is started. ERR_MEMORY, ERR_IO. */
MUST_USE enum err export_new(const struct settings *settings, struct export **out);

/** Begin to send, on the main thread's loop, what the archive keeps from now on. ERR_IO. */
MUST_USE enum err export_start(struct export *export, struct server *server);

/** An archive_watcher, whose context is the export. From the archive's thread. */
void export_take(void *context, const struct vault_item *item, const uint8_t *bytes, size_t len);

/** From any thread. NULL: nothing. */
struct export_counts export_counts(struct export *export);

/** End what is under way. The loop has to run once more before export_free(). NULL is allowed in both. */
void export_close(struct export *export);
void export_free(struct export *export);
