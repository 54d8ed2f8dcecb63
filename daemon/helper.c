/* Signature checks, one in each turn of the loop. */
#include "helper.h"
#include "worker.h"
#include <stdlib.h>

/* A job in line. */
struct helper_job {
        struct helper_job *next;
        struct check *check;
};

static void finish(struct helper *helper, struct check *check)
{
        struct event event = {.kind = EVENT_CHECKED, .checked = {.check = check->number, .good = check_run(check)}};

        check_free(check);
        worker_take(helper->worker, &event);
}

static struct check *take_first(struct helper *helper)
{
        struct helper_job *job = helper->first;
        struct check *check = job->check;

        helper->first = job->next;
        if (!helper->first)
                helper->last = NULL;
        free(job);
        return check;
}

static void do_one(uv_idle_t *idle)
{
        struct helper *helper = idle->data;

        if (helper->first)
                finish(helper, take_first(helper));
        if (!helper->first)
                uv_idle_stop(idle);
}

void helper_init(struct helper *helper, struct worker *worker)
{
        *helper = (struct helper){.worker = worker};
        uv_idle_init(&worker->loop, &helper->idle);
        helper->idle.data = helper;
}

void helper_close(struct helper *helper)
{
        while (helper->first)
                check_free(take_first(helper));
        uv_close((uv_handle_t *)&helper->idle, NULL);
}

/* Out of memory, the job is done at once: late is better than never. */
void helper_add(struct helper *helper, struct check *check)
{
        struct helper_job *job = malloc(sizeof(*job));

        if (!job) {
                finish(helper, check);
                return;
        }
        *job = (struct helper_job){.check = check};
        if (helper->last)
                helper->last->next = job;
        else
                helper->first = job;
        helper->last = job;
        uv_idle_start(&helper->idle, do_one);
}
