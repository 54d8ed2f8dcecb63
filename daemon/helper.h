#pragma once
/*
 * Signature checks, one between two batches: the loop looks for datagrams before each, so that no client waits behind
 * more than one of them.
 */
#include "resolver.h"
#include <stddef.h>
#include <uv.h>

struct worker;

enum { HELPER_JOBS_MAX = 65536 };

struct helper {
        struct worker *worker;
        uv_idle_t idle;       /* runs while there are jobs, and keeps the loop from waiting */
        struct check **job;   /* a ring: count jobs from `first` on */
        size_t room, first, count;
};

void helper_init(struct helper *helper, struct worker *worker);

/** Stop; jobs that wait are forgotten. The loop has to run once more. */
void helper_close(struct helper *helper);

/** ACTION_CHECK. Takes over the job; beyond HELPER_JOBS_MAX it is forgotten, and the resolver's clock ends the wait. */
void helper_add(struct helper *helper, struct check *job);
