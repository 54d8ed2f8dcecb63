/* The epoll set inside the loop. */
#include "poller.h"
#include <errno.h>
#include <unistd.h>

/*
 * One batch per turn of the loop, so that a flood of replies does not hold up clients. A watch that is closed while
 * its event still waits in the batch has been struck out of it by poller_close().
 */
static void poller_ready(uv_poll_t *handle, int status, int events)
{
        struct poller *poller = handle->data;

        (void)status;
        (void)events;
        poller->begin(poller->context);
        poller->count = epoll_wait(poller->epoll, poller->event, POLLER_BATCH, 0);
        for (poller->at = 0; poller->at < poller->count; poller->at++) {
                struct watch *watch = poller->event[poller->at].data.ptr;

                if (watch)
                        watch->ready(watch, poller->event[poller->at].events);
        }
        poller->count = 0;
}

enum err poller_init(struct poller *poller, uv_loop_t *loop, void (*begin)(void *context), void *context)
{
        *poller = (struct poller){ .begin = begin, .context = context };
        poller->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (poller->epoll < 0)
                return ERR_IO;
        if (uv_poll_init(loop, &poller->poll, poller->epoll)) {
                close(poller->epoll);
                return ERR_IO;
        }
        poller->poll.data = poller;
        uv_poll_start(&poller->poll, UV_READABLE, poller_ready);
        return ERR_OK;
}

void poller_fini(struct poller *poller)
{
        uv_close((uv_handle_t *)&poller->poll, NULL);
        close(poller->epoll);
}

enum err poller_add(struct poller *poller, struct watch *watch, uint32_t events)
{
        struct epoll_event event = { .events = events, .data.ptr = watch };

        if (epoll_ctl(poller->epoll, EPOLL_CTL_ADD, watch->fd, &event))
                return errno == ENOMEM ? ERR_MEMORY : ERR_IO;
        return ERR_OK;
}

void poller_change(struct poller *poller, struct watch *watch, uint32_t events)
{
        struct epoll_event event = { .events = events, .data.ptr = watch };

        (void)epoll_ctl(poller->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void poller_close(struct poller *poller, struct watch *watch)
{
        for (int i = poller->at; i < poller->count; i++) {
                if (poller->event[i].data.ptr == watch)
                        poller->event[i].data.ptr = NULL;
        }
        close(watch->fd); /* which also takes it out of the epoll set: there is no second descriptor of it */
        watch->fd = -1;
}
