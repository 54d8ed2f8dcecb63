#pragma once
/*
 * Signature checks, one between two batches: the loop looks for datagrams before each, so that no client waits behind
 * more than one of them.
 */
#include "resolver.h"
#include <uv.h>

struct worker;

struct helper_job;

struct helper {
        struct worker *worker;
        struct helper_job *first, *last; /* jobs in line; the resolver's budgets bound how many */
        uv_idle_t idle;                  /* runs while there are jobs */
};

void helper_init(struct helper *helper, struct worker *worker);

/** Stop. The loop has to run once more. */
void helper_close(struct helper *helper);

/** ACTION_CHECK. Takes over the job. */
void helper_add(struct helper *helper, struct check *check);
