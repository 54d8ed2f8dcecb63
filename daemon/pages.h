#pragma once
/*
 * What is to be had over HTTP, by path. Everything is read-only: what changes something goes through the control
 * channel.
 */
#include <stddef.h>

struct server;

enum { PAGE_OK = 200, PAGE_MISSING = 404, PAGE_ERROR = 500 };

struct page_request {
        const char *path;
        const char *accept; /* the Accept field, "" if there is none */
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
