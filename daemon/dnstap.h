#pragma once
/*
 * dnstap: messages as they were, to a receiver on a Unix socket, each with the ID of its trace. https://dnstap.info
 *
 * Workers hand over frames through bounded queues, one each, and go on; a thread of libfstrm writes them. It hangs up
 * on a receiver that does not read, and comes back each second. A frame that finds its queue full is dropped and
 * counted. Without the CMake option CAIRN_DNSTAP there is dnstap_absent.c instead.
 */
#include "base/address.h"
#include "base/err.h"
#include "base/moment.h"
#include "resolver.h"
#include "watch/metrics.h"
#include <stddef.h>
#include <stdint.h>

struct dnstap; /* opaque */

/* The numbers are those of dnstap.proto, Message.Type. */
enum dnstap_kind {
        DNSTAP_RESOLVER_QUERY = 3,
        DNSTAP_RESOLVER_RESPONSE = 4,
        DNSTAP_CLIENT_QUERY = 5,
        DNSTAP_CLIENT_RESPONSE = 6,
};

struct dnstap_message {
        enum dnstap_kind kind;
        enum transport transport;
        struct endpoint asker, asked; /* family 0: not known; port 0: not known */
        const struct trace_id *trace; /* NULL: none */
        const struct moment *now;
        const uint8_t *bytes;
        size_t len;
};

enum { DNSTAP_HEAD_MAX = 192 }; /* all but the message itself */

/**
 * Tell the receiver whose socket has this path, with a queue for each worker. ERR_MEMORY; ERR_MISSING: this cairnd was
 * built without.
 */
MUST_USE enum err dnstap_new(const char *path, unsigned worker_count, struct dnstap **out);

/** Write what waits, end the thread, free. May be NULL. */
void dnstap_free(struct dnstap *dnstap);

/** From the worker of this number. */
void dnstap_tell(struct dnstap *dnstap, unsigned worker, struct metrics *metrics, const struct dnstap_message *message);
