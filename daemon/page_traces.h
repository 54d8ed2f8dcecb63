#pragma once
/*
 * Kept traces as JSON, for the page: the list of them, one with all its steps (as `cairn trace --json` writes it), and
 * the sentences of its steps.
 */
#include "pages.h"

/** {"v":1,"traces":[{...}...]}: the newest first, at most PAGE_TRACES_MAX of those that are wanted. */
enum { PAGE_TRACES_MAX = 200 };
struct page page_traces(struct server *server, const struct page_request *request);

/** /api/trace/ID */
struct page page_trace(struct server *server, const struct page_request *request);

/** /api/words/ID: {"v":1,"steps":["question ...",...]}, in the order of the steps. */
struct page page_words(struct server *server, const struct page_request *request);
