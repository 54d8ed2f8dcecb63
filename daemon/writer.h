#pragma once
/*
 * The thread that alone writes to the store.
 *
 * Workers hand it batches over a bounded queue and go on; when the queue is full, a batch is dropped and counted, as
 * a cache may forget and a question may not wait. What has come is written at once, as workers gather puts for some
 * milliseconds anyway; in between the writer looks after the store (store_tend) and tells how it stands.
 *
 * A flush is a message in the same queue, behind the batches handed over before it. It is never dropped.
 */
#include "base/err.h"
#include "cache/settle.h"
#include "store/store.h"
#include <stdbool.h>
#include <stdint.h>

struct store_writer; /* opaque; struct writer is the byte cursor of base/buf.h */

enum {
        WRITER_BATCHES_MAX = 256,      /* in the queue */
        WRITER_BYTES_MAX = 32 << 20,   /* the same */
};

struct writer_settings {
        struct store *store;           /* borrowed, as is the hand; both outlive the writer */
        struct hand *hand;             /* may be NULL */

        /* The store's state has changed (or is told for the first time). Called in the writer's thread. */
        void (*tell)(void *context, const struct store_report *report);
        void *context;
};

struct writer_counts {
        struct settled settled;        /* what became of puts and entries */
        uint64_t dropped;              /* puts in batches that found the queue full */
        uint64_t flushes;
        uint64_t transactions;         /* calls of settle_apply */
};

/** Start the thread. ERR_MEMORY, ERR_IO. */
MUST_USE enum err writer_new(const struct writer_settings *settings, struct store_writer **out);

/**
 * Hand over a batch, from any thread. False: the queue is full and the batch was dropped; either way it is settled in
 * time.
 */
bool writer_take(struct store_writer *writer, struct batch *batch);

/** Called in the writer's thread when a flush is done, or failed after `deleted` entries. */
typedef void writer_flushed(void *context, enum err err, uint64_t deleted);

/**
 * Flush, from any thread. What is pending anywhere is void at once (store_generation_bump); the rest follows in order.
 *
 *   name  in  copied; not used for FLUSH_ALL
 *   done  in  may be NULL; called in any case unless this returns an error
 *
 * ERR_MEMORY.
 */
MUST_USE enum err writer_flush(struct store_writer *writer, enum flush_what what, const struct name *name,
                               writer_flushed *done, void *context);

/** What it did so far, from any thread. */
struct writer_counts writer_counts(struct store_writer *writer);

/** Write what is in the queue, end the thread, free the writer. Nobody may call writer_take() any more. */
void writer_stop(struct store_writer *writer);
