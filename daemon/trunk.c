/* Connections to servers. */
#include "trunk.h"
#include "base/buf.h"
#include "config/limits.h"
#include "socket.h"
#include "worker.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct trunk {
        struct stream stream;
        struct upstream *upstream;
        struct endpoint to;
        struct link *exchanges;
        bool proven;  /* a reply has come over it */
        bool suspect; /* something was given up waiting for; nothing new is sent over it until it speaks again */
        struct link link; /* among the worker's */
};

/* --- Which connection --------------------------------------------------------------------------------------------- */

static struct exchange *exchange_by_id(const struct trunk *trunk, uint16_t id)
{
        for (struct link *at = trunk->exchanges; at; at = at->next) {
                struct exchange *exchange = holder_of(at, struct exchange, link);

                if (exchange->id == id)
                        return exchange;
        }
        return NULL;
}

static bool can_carry(const struct trunk *trunk, const struct endpoint *to, uint16_t id)
{
        const struct stream *stream = &trunk->stream;

        return endpoint_equal(&trunk->to, to) && !trunk->suspect && !stream->doomed && !stream->peer_done &&
               stream->under_way < TRUNK_EXCHANGES && !exchange_by_id(trunk, id);
}

/* A connection that can carry the exchange's message, or NULL. */
static struct trunk *trunk_find(const struct exchange *exchange)
{
        for (struct link *at = exchange->upstream->trunks; at; at = at->next) {
                struct trunk *trunk = holder_of(at, struct trunk, link);

                if (can_carry(trunk, &exchange->to, exchange->id))
                        return trunk;
        }
        return NULL;
}

static void trunk_unlink(struct trunk *trunk)
{
        list_remove(&trunk->link);
        trunk->upstream->trunk_count--;
}

void trunks_close(struct upstream *upstream)
{
        while (upstream->trunks) {
                struct trunk *trunk = holder_of(upstream->trunks, struct trunk, link);

                stream_fini(&trunk->stream);
                trunk_unlink(trunk);
                free(trunk);
        }
}

/* Open a connection. 0, or an errno. */
static int trunk_open(struct upstream *upstream, const struct endpoint *to, struct trunk **out)
{
        struct address source = ports_source(&upstream->ports, to->address.family);

        if (upstream->trunk_count >= TRUNKS_MAX && !streams_evict(&upstream->streams))
                return ENOBUFS;
        struct trunk *trunk = calloc(1, sizeof *trunk);
        if (!trunk)
                return ENOMEM;
        int fd = socket_connect_tcp(to, &source);
        if (fd < 0) {
                free(trunk);
                return -fd;
        }
        if (stream_init(&trunk->stream, &upstream->streams, fd, true)) {
                close(fd);
                free(trunk);
                return ENOMEM;
        }
        trunk->upstream = upstream;
        trunk->to = *to;
        list_add(&upstream->trunks, &trunk->link);
        upstream->trunk_count++;
        *out = trunk;
        return 0;
}

/* --- Exchanges ---------------------------------------------------------------------------------------------------- */

static void trunk_carry(struct trunk *trunk, struct exchange *exchange, const uint8_t *bytes, size_t len)
{
        exchange->trunk = trunk;
        list_add(&trunk->exchanges, &exchange->link);
        trunk->stream.under_way++;
        stream_send(&trunk->stream, bytes, len);
}

/* Send over a connection that can carry the message, or over a new one. 0, or an errno. */
static int send_somehow(struct exchange *exchange, const uint8_t *bytes, size_t len)
{
        struct trunk *trunk = trunk_find(exchange);
        int failed = 0;

        if (!trunk)
                failed = trunk_open(exchange->upstream, &exchange->to, &trunk);
        if (!failed)
                trunk_carry(trunk, exchange, bytes, len);
        return failed;
}

int trunk_send(struct exchange *exchange, const uint8_t *bytes, size_t len)
{
        if (!EXPECT(len >= 2))
                return EINVAL;
        exchange->id = load_u16(bytes);
        int failed = send_somehow(exchange, bytes, len);
        if (!failed && exchange->trunk->proven) {
                exchange->copy = malloc(len); /* without memory there is no second try */
                exchange->copy_len = len;
                if (exchange->copy)
                        memcpy(exchange->copy, bytes, len);
        }
        return failed;
}

void trunk_leave(struct exchange *exchange)
{
        struct trunk *trunk = exchange->trunk;

        list_remove(&exchange->link);
        exchange->trunk = NULL;
        if (!exchange->replied)
                trunk->suspect = true;
        stream_done(&trunk->stream);
}

static void trunk_message(struct stream *stream, const uint8_t *bytes, size_t len)
{
        struct trunk *trunk = holder_of(stream, struct trunk, stream);
        struct worker *worker = trunk->upstream->worker;
        struct exchange *exchange = len >= 2 ? exchange_by_id(trunk, load_u16(bytes)) : NULL;

        trunk->suspect = false;
        if (!exchange) {
                metrics_inc(worker->metrics.unexpected_replies);
                return;
        }
        exchange->replied = trunk->proven = true;
        exchange_reply(exchange, bytes, len, worker->clock.now.mono_us);
}

/* --- The end of a connection -------------------------------------------------------------------------------------- */

static enum failure failure_of(enum stream_end why, bool was_connecting)
{
        switch (why) {
        case STREAM_REFUSED:
                return FAILURE_REFUSED;
        case STREAM_UNREACHABLE:
                return FAILURE_UNREACHABLE;
        case STREAM_CLOSED:
        case STREAM_SLOW:
        case STREAM_ABUSE:
                break;
        }
        return was_connecting ? FAILURE_CONNECT : FAILURE_CLOSED;
}

/*
 * Servers close connections that rest, and one may do so while a message is on its way to it. That is no failure of the
 * server: the message goes out once more, over a new connection (RFC 7766 section 6.2.4).
 */
static bool send_again(struct exchange *exchange)
{
        uint8_t *copy = exchange->copy;

        exchange->copy = NULL;
        bool sent = copy && !exchange->replied && send_somehow(exchange, copy, exchange->copy_len) == 0;
        free(copy);
        return sent;
}

static void trunk_ended(struct stream *stream, enum stream_end why)
{
        struct trunk *trunk = holder_of(stream, struct trunk, stream);
        enum failure failure = failure_of(why, stream->connecting);

        trunk_unlink(trunk);
        while (trunk->exchanges) {
                struct exchange *exchange = holder_of(trunk->exchanges, struct exchange, link);

                list_remove(&exchange->link);
                exchange->trunk = NULL;
                if (failure != FAILURE_CLOSED || !send_again(exchange))
                        exchange_fail(exchange, failure);
        }
        free(trunk);
}

const struct stream_manners trunk_manners = {
        .message_max = UINT16_MAX,
        .under_way_max = UINT_MAX,
        .connect_ms = TRUNK_CONNECT_MS,
        .partial_ms = LIMIT_PARTIAL_MESSAGE_MS,
        .idle_ms = LIMIT_IDLE_MS,
        .peer_answers = true,
        .message = trunk_message,
        .ended = trunk_ended,
};
