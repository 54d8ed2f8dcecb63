/* Signature checks between batches. */
#include "helper.h"
#include "worker.h"
#include <stdlib.h>

enum { FIRST_ROOM = 64 };

/* Double the room, unrolling the ring into the new one. */
static bool grow(struct helper *helper)
{
        size_t room = helper->room ? 2 * helper->room : FIRST_ROOM;
        struct check **job = room <= HELPER_JOBS_MAX ? calloc(room, sizeof *job) : NULL;

        if (!job)
                return false;
        for (size_t i = 0; i < helper->count; i++)
                job[i] = helper->job[(helper->first + i) % helper->room];
        free(helper->job);
        helper->job = job;
        helper->room = room;
        helper->first = 0;
        return true;
}

static struct check *take(struct helper *helper)
{
        struct check *job = helper->job[helper->first];

        helper->first = (helper->first + 1) % helper->room;
        helper->count--;
        return job;
}

static void do_one(uv_idle_t *idle)
{
        struct helper *helper = idle->data;
        struct worker *worker = helper->worker;
        struct check *job = take(helper);
        struct event event = { .kind = EVENT_CHECKED };

        if (!helper->count)
                uv_idle_stop(idle);
        event.checked.check = job->number;
        event.checked.good = check_run(job);
        check_free(job);
        worker_tick(worker);
        worker_take(worker, &event);
}

void helper_init(struct helper *helper, struct worker *worker)
{
        *helper = (struct helper){ .worker = worker };
        uv_idle_init(&worker->loop, &helper->idle);
        helper->idle.data = helper;
}

void helper_close(struct helper *helper)
{
        uv_close((uv_handle_t *)&helper->idle, NULL);
        while (helper->count)
                check_free(take(helper));
        free(helper->job);
}

void helper_add(struct helper *helper, struct check *job)
{
        if (helper->count == helper->room && !grow(helper)) {
                check_free(job);
                return;
        }
        helper->job[(helper->first + helper->count++) % helper->room] = job;
        uv_idle_start(&helper->idle, do_one);
}
