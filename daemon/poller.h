#pragma once
/*
 * Many short-lived descriptors behind one handle of the loop.
 *
 * A message to a server gets a socket of its own, which lives for one round trip; connections come and go. A uv_poll_t
 * for each would cost four more system calls and a second life that ends later than the descriptor's. So those
 * descriptors are in an epoll set of ours, and the loop watches that set. Sockets that live as long as the worker are
 * the loop's directly.
 */
#include "base/err.h"
#include "list.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <uv.h>

enum { POLLER_BATCH = 64 };

/* What waits for a descriptor; embedded in what it belongs to, see holder_of(). */
struct watch {
        int fd;
        void (*ready)(struct watch *watch, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR */
};

struct poller {
        int epoll;
        uv_poll_t poll;
        void (*begin)(void *context); /* before a batch of events: read the clock, for example */
        void *context;
        struct epoll_event event[POLLER_BATCH];
        int count, at;                /* of the batch that is being handed out */
};

/** ERR_IO when the system has no descriptors left. */
MUST_USE enum err poller_init(struct poller *poller, uv_loop_t *loop, void (*begin)(void *context), void *context);

/**
 * Descriptors that are still watched belong to their owners. The uv handle is closed; the loop has to run once more.
 */
void poller_fini(struct poller *poller);

/** Watch a descriptor for some events (EPOLLIN, EPOLLOUT), level-triggered. ERR_IO, ERR_MEMORY. */
MUST_USE enum err poller_add(struct poller *poller, struct watch *watch, uint32_t events);
void poller_change(struct poller *poller, struct watch *watch, uint32_t events);

/** Close the descriptor. No event is handed to the watch any more, not even one of the present batch. */
void poller_close(struct poller *poller, struct watch *watch);
