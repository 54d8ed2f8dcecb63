#pragma once
/*
 * The web port: HTTP on the main thread's loop, for the page, what it reads, and Prometheus. libmicrohttpd reads the
 * requests (no type of it crosses this fence); what is answered is in pages.c.
 *
 * Who may read: clients in `web-allow`, under an address or a name of ours (host.h), with GET or HEAD. Nothing that
 * is asked here changes anything, there are no cookies, and no other site's script may read an answer.
 */
#include "base/err.h"
#include "config/settings.h"

struct server;
struct web; /* opaque */

enum {
        WEB_CONNECTIONS_MAX = 16,    /* at one endpoint */
        WEB_HEAD_BYTES_MAX = 8192,  /* of a request */
        WEB_HEAD_MS = 5000,         /* until a request is complete */
        WEB_CONNECTION_MS = 30000,  /* until its answer is gone */
};

/**
 * Bind the sockets. What is wrong has been logged. Where something else has the place, or it was not asked for by a
 * setting, the daemon goes on without. ERR_IO, ERR_MEMORY.
 */
MUST_USE enum err web_open(const struct settings *settings, struct web **out);

/** Take requests, on the loop of the main thread. ERR_IO. */
MUST_USE enum err web_start(struct web *web, struct server *server);

/** Is a place free that something else had? Take it. */
void web_retry(struct web *web);

/** Hang up. The loop has to run once more before web_free(). */
void web_close(struct web *web);
void web_free(struct web *web);
