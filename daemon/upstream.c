/* Messages to servers. The connections are in trunk.c, the sockets' ports in ports.c. */
#include "upstream.h"
#include "config/settings.h"
#include "socket.h"
#include "tap.h"
#include "trunk.h"
#include "udp.h"
#include "worker.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAM_MAX = 65535 };

/* --- The table ---------------------------------------------------------------------------------------------------- */

static struct exchange **bucket_of(struct upstream *upstream, uint32_t flight)
{
        return &upstream->bucket[flight % EXCHANGE_BUCKETS];
}

static struct exchange *exchange_find(struct upstream *upstream, uint32_t flight)
{
        struct exchange *exchange = *bucket_of(upstream, flight);

        while (exchange && exchange->flight != flight)
                exchange = exchange->chain;
        return exchange;
}

static struct exchange *exchange_new(struct upstream *upstream, const struct action *send)
{
        struct exchange **bucket = bucket_of(upstream, send->send.flight);
        struct exchange *exchange = upstream->count < EXCHANGES_MAX ? calloc(1, sizeof *exchange) : NULL;

        if (!exchange)
                return NULL;
        exchange->flight = send->send.flight;
        exchange->transport = send->send.transport;
        exchange->to = send->send.to;
        exchange->trace = send->send.trace;
        exchange->upstream = upstream;
        exchange->watch.fd = -1;
        exchange->chain = *bucket;
        *bucket = exchange;
        upstream->count++;
        return exchange;
}

/* Stop listening, however it did. */
static void exchange_silence(struct exchange *exchange)
{
        if (exchange->watch.fd >= 0)
                poller_close(&exchange->upstream->worker->poller, &exchange->watch);
        if (exchange->trunk)
                trunk_leave(exchange);
        list_remove(&exchange->link);
}

static void exchange_free(struct exchange *exchange)
{
        struct exchange **at = bucket_of(exchange->upstream, exchange->flight);

        exchange_silence(exchange);
        while (*at != exchange)
                at = &(*at)->chain;
        *at = exchange->chain;
        exchange->upstream->count--;
        free(exchange->copy);
        free(exchange);
}

/* --- Events ------------------------------------------------------------------------------------------------------- */

void exchange_reply(struct exchange *exchange, const uint8_t *bytes, size_t len, uint64_t arrived_us)
{
        struct event event = { .kind = EVENT_REPLY };

        event.reply.flight = exchange->flight;
        event.reply.arrived_us = arrived_us;
        event.reply.bytes = bytes;
        event.reply.len = len;
        tap_reply(exchange->upstream->worker, exchange, bytes, len);
        worker_take(exchange->upstream->worker, &event);
}

void exchange_fail(struct exchange *exchange, enum failure why)
{
        exchange_silence(exchange);
        exchange->failure = why;
        list_add(&exchange->upstream->failed, &exchange->link);
}

bool upstream_next_failure(struct upstream *upstream, struct event *event)
{
        *event = (struct event){ .kind = EVENT_FAILURE };
        if (upstream->unsent_count) {
                event->failure.flight = upstream->unsent[--upstream->unsent_count];
                event->failure.why = FAILURE_LOCAL;
                return true;
        }
        if (!upstream->failed)
                return false;
        struct exchange *exchange = holder_of(upstream->failed, struct exchange, link);
        event->failure.flight = exchange->flight;
        event->failure.why = exchange->failure;
        exchange_free(exchange);
        return true;
}

/* --- UDP ---------------------------------------------------------------------------------------------------------- */

/*
 * A datagram, or an ICMP error, which is ignored: whoever can guess a port could send one (CVE-2020-25705). The socket
 * is connected, but what came before that is still in it: so the sender is looked at here, too.
 */
static void datagram_ready(struct watch *watch, uint32_t events)
{
        struct exchange *exchange = holder_of(watch, struct exchange, watch);
        struct upstream *upstream = exchange->upstream;
        struct endpoint from;
        uint64_t arrived_us;

        (void)events;
        ssize_t len = udp_receive_one(watch->fd, &upstream->worker->clock, upstream->room, DATAGRAM_MAX, &from,
                                      &arrived_us);
        if (len < 0)
                return;
        if (endpoint_equal(&from, &exchange->to))
                exchange_reply(exchange, upstream->room, (size_t)len, arrived_us);
        else
                metrics_inc(upstream->worker->metrics.unexpected_replies);
}

/* Whom an error blames: the way there, or us. */
static enum failure failure_of(int error)
{
        switch (error) {
        case ENETUNREACH:
        case EHOSTUNREACH:
        case ENETDOWN:
        case EADDRNOTAVAIL:
        case EAFNOSUPPORT:
        case EACCES:
        case EPERM:
        case EINVAL: /* a link-local address without an interface */
                return FAILURE_UNREACHABLE;
        case ECONNREFUSED:
                return FAILURE_REFUSED;
        }
        return FAILURE_LOCAL;
}

/* Connect the socket, listen to it, send. 0 or an errno. */
static int send_datagram(struct exchange *exchange, const uint8_t *bytes, size_t len)
{
        struct upstream *upstream = exchange->upstream;
        struct sockaddr_storage address;
        socklen_t address_len = socket_address(&exchange->to, 0, &address);
        int fd = ports_take(&upstream->ports, exchange->to.address.family);

        if (fd < 0)
                return -fd;
        exchange->watch = (struct watch){ .fd = fd, .ready = datagram_ready };
        if (connect(fd, (struct sockaddr *)&address, address_len))
                return errno;
        if (poller_add(&upstream->worker->poller, &exchange->watch, EPOLLIN))
                return ENOMEM;
        if (send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN && errno != ECONNREFUSED)
                return errno; /* EAGAIN: the queue is full, the datagram is lost, as it may be */
        return 0;
}

/* --- The border --------------------------------------------------------------------------------------------------- */

void upstream_send(struct upstream *upstream, const struct action *action)
{
        struct exchange *exchange = exchange_new(upstream, action);
        const uint8_t *bytes = action->send.bytes;
        int failed;

        if (!exchange) { /* beyond the list's end a flight is lost without a word, and the resolver's clock ends it */
                if (upstream->unsent_count < UNSENT_MAX)
                        upstream->unsent[upstream->unsent_count++] = action->send.flight;
                return;
        }
        tap_send(upstream->worker, exchange, bytes, action->send.len);
        if (exchange->transport == TRANSPORT_UDP)
                failed = send_datagram(exchange, bytes, action->send.len);
        else
                failed = trunk_send(exchange, bytes, action->send.len);
        if (failed)
                exchange_fail(exchange, failure_of(failed));
}

void upstream_recall(struct upstream *upstream, uint32_t flight)
{
        struct exchange *exchange = exchange_find(upstream, flight);

        if (exchange)
                exchange_free(exchange);
}

void upstream_turn(struct upstream *upstream)
{
        streams_turn(&upstream->streams);
        ports_turn(&upstream->ports);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

enum err upstream_init(struct upstream *upstream, struct worker *worker, const uint8_t seed[RNG_SEED_LEN])
{
        *upstream = (struct upstream){ .worker = worker };
        rng_init(&upstream->rng, seed);
        ports_init(&upstream->ports, &upstream->rng);
        upstream->room = malloc(DATAGRAM_MAX);
        if (!upstream->room)
                return ERR_MEMORY;
        return streams_init(&upstream->streams, &worker->poller, &worker->clock, &trunk_manners, TRUNKS_MAX);
}

void upstream_fini(struct upstream *upstream)
{
        for (unsigned i = 0; i < EXCHANGE_BUCKETS; i++) {
                while (upstream->bucket[i])
                        exchange_free(upstream->bucket[i]);
        }
        trunks_close(upstream);
        streams_fini(&upstream->streams);
        ports_fini(&upstream->ports);
        free(upstream->room);
}

void upstream_adopt(struct upstream *upstream, const struct settings *settings)
{
        ports_adopt(&upstream->ports, settings->outgoing_addresses.item, settings->outgoing_addresses.count);
}
