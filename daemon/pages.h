#pragma once
/*
 * What is to be had over HTTP, by path. Everything is read-only: what changes something goes through the control
 * channel.
 *
 *      /                 the page, and beside it the files of daemon/web
 *      /metrics          for Prometheus
 *      /api/status       what the daemon is
 *      /api/history      the last hour in numbers; after=SECONDS: only what is newer
 *      /api/traces       kept traces; show=failed or slow, name=NAME: only those at or below it
 *      /api/trace/ID     one of them
 *      /api/words/ID     the sentences of its steps
 */
#include <stddef.h>

struct server;

enum { PAGE_OK = 200, PAGE_MISSING = 404, PAGE_ERROR = 500 };

/* All texts are "" where there is none. */
struct page_request {
        const char *path;
        const char *rest;              /* of the path, behind what the table of places says */
        const char *accept;            /* a field of the head */
        const char *show, *name, *after; /* behind the question mark */
};

/* An answer. The bytes are constant, or `owned` is to be freed. */
struct page {
        unsigned status;
        const char *type;
        const void *bytes;
        size_t len;
        void *owned;
};

/** A sentence as an answer; it lives as long as the process. */
struct page page_sentence(unsigned status, const char *sentence);

/** The answer to a request that was found to be allowed. In the main thread. */
struct page page_answer(struct server *server, const struct page_request *request);
