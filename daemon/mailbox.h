#pragma once
/*
 * Letters between threads. A mailbox belongs to one loop; anybody may post. The loop wakes up and opens each letter, in
 * the order posted: a letter brings along the function that says what is to be done.
 */
#include "base/err.h"
#include <pthread.h>
#include <stdbool.h>
#include <uv.h>

/* Embedded in what is sent. Whoever posts hands it over; open() frees it or hands it on. */
struct letter {
        struct letter *next;
        void (*open)(struct letter *letter, void *reader);
};

struct mailbox {
        pthread_mutex_t lock;
        struct letter *first, **last;
        unsigned count, max;
        bool closed;
        uv_async_t bell;
        void *reader; /* handed to open() */
};

/** In the loop's thread, or before that thread starts. ERR_IO. */
MUST_USE enum err mailbox_init(struct mailbox *box, uv_loop_t *loop, void *reader, unsigned max);

/** From any thread. ERR_FULL: not taken (or the box is closed); the letter is still the sender's. */
MUST_USE enum err mailbox_post(struct mailbox *box, struct letter *letter);

/** The same for a letter that must arrive, however many wait. ERR_FULL only when the box is closed. */
MUST_USE enum err mailbox_post_anyway(struct mailbox *box, struct letter *letter);

/** In the loop's thread: take no more letters; those that wait are opened now. The loop has to run once more. */
void mailbox_close(struct mailbox *box);
void mailbox_fini(struct mailbox *box);
