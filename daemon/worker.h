#pragma once
/*
 * One thread, one loop, one resolver: the pump. Events come from listen.c (clients), upstream.c (servers), the timer
 * and the mailbox; each is fed to the resolver, and what the resolver wants done is done at once.
 *
 *      timers ─▶ end of turn: settle, send what is queued, arm the timer ─▶ wait ─▶ sockets, letters ─▶ timers...
 */
#include "base/rng.h"
#include "clock.h"
#include "helper.h"
#include "listen.h"
#include "mailbox.h"
#include "poller.h"
#include "resolver.h"
#include "upstream.h"
#include "watch/metrics.h"
#include <pthread.h>
#include <uv.h>

struct archive;
struct archive_reader;
struct dnstap;
struct keeper;
struct policy;
struct store_writer;

/* What all workers share, given by server.c. */
struct worker_host {
        const struct policy *policy; /* to begin with */
        struct store *store;
        struct hand *hand;
        struct store_writer *writer;
        struct archive *archive;
        struct dnstap *dnstap; /* NULL: nobody listens */
        struct quota *quota;
        struct keeper *keeper;
        unsigned worker_count;
        uint8_t cookie_secret[SIPHASH_KEY_LEN]; /* of clients' cookies */
};

struct worker {
        unsigned index;
        struct worker_host host;
        pthread_t thread;
        uv_loop_t loop;
        uv_prepare_t turn;
        uv_timer_t timer;
        struct poller poller;
        struct mailbox mailbox;
        struct clock clock;
        struct metrics metrics;
        struct resolver *resolver;
        struct listen listen;
        struct upstream upstream;
        struct helper helper;
        struct link *askings;
        uint64_t turn_began_us; /* when the loop stopped waiting; 0: nothing has woken it so far */
        struct archive_reader *traces;
        char explain[40];    /* which trace somebody asks about, until that is looked up; "": none */
        struct letter stop; /* the last one */
        _Atomic uint64_t turns;
        uint64_t turns_seen; /* by the main thread */
};

/** Make a worker that serves at these doors (taken over). Nothing runs yet. ERR_MEMORY, ERR_IO. */
MUST_USE enum err worker_new(const struct worker_host *host, unsigned index, const struct door *doors,
                             unsigned door_count, struct worker **out);

/** Start its thread. ERR_IO. */
MUST_USE enum err worker_start(struct worker *worker);

/** From another thread: end at the next occasion, once. */
void worker_stop(struct worker *worker);

/** Wait for that, and free. */
void worker_join(struct worker *worker);

/** From the main thread: has its loop turned since this was asked last? A second between two calls is plenty. */
bool worker_is_alive(struct worker *worker);

/** From another thread: use this policy for questions that come from now on. ERR_MEMORY. */
MUST_USE enum err worker_adopt(struct worker *worker, const struct policy *policy);

/** From another thread: the cache was flushed. */
MUST_USE enum err worker_forget(struct worker *worker);

/** Read the clocks: each callback of the loop begins with that. */
void worker_tick(struct worker *worker);

/** Feed an event and do what the resolver wants done. Not to be called while that is being done. */
void worker_take(struct worker *worker, const struct event *event);
