/* Clients over UDP and TCP. */
#include "listen.h"
#include "asking.h"
#include "config/limits.h"
#include "resolver.h"
#include "socket.h"
#include "worker.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
        ACCEPT_BATCH = 16,
        CALM_BATCH = 4, /* so few datagrams at a time are no reason to save system calls */
        ANSWERS_PER_REQUEST = LIMIT_WAITING_ANSWERS / LIMIT_REQUESTS_PER_WORKER,
};

/* One client's TCP connection. */
struct connection {
        struct stream stream;
        struct listen *listen;
        struct endpoint peer;
        struct address local;
        struct link *asking; /* clients, one for each question under way */
        struct link link;    /* among the worker's */
};

/* --- UDP ---------------------------------------------------------------------------------------------------------- */

static void ask(struct listen *listen, struct client *client, const struct datagram *datagram)
{
        struct event event = { .kind = EVENT_QUESTION };

        event.question.client = client_token(client);
        event.question.from = datagram->path.peer;
        event.question.to = datagram->path.local;
        event.question.transport = TRANSPORT_UDP;
        event.question.arrived_us = datagram->arrived_us;
        event.question.bytes = datagram->bytes;
        event.question.len = datagram->len;
        worker_take(listen->worker, &event);
}

static void stamp_arrivals(struct listen *listen, bool yes)
{
        if (yes == listen->stamped)
                return;
        for (unsigned i = 0; i < listen->door_count; i++)
                socket_say_arrival(listen->doors[i].door.udp, yes);
        listen->stamped = yes;
}

/* Take at most so many questions and send what can be answered at once. Returns whether there may be more. */
static bool serve_batch(struct open_door *door, unsigned max)
{
        struct listen *listen = door->listen;
        struct worker *worker = listen->worker;
        uint64_t now_us = worker->clock.now.mono_us;
        const struct datagram *list;
        uint8_t chosen[UDP_BATCH];
        bool more;

        size_t count = udp_receive(listen->in, &door->path, max, &worker->clock, &list, &more);
        bool full = more && max == UDP_BATCH;
        door->taken += (unsigned)count;
        stamp_arrivals(listen, intake_wants_stamps(&listen->intake, full, now_us));
        count = intake_choose(&listen->intake, list, count, full, now_us, &worker->metrics, chosen);
        for (size_t i = 0; i < count; i++) {
                struct client *client = clients_take(&listen->clients, CLIENT_UDP);

                if (!client) {
                        metrics_inc(&worker->metrics.drops[DROP_MEMORY]);
                        continue;
                }
                client->path = list[chosen[i]].path;
                ask(listen, client, &list[chosen[i]]);
        }
        udp_flush(listen->out);
        return more;
}

/*
 * While little comes in, the first question is answered before the others are looked at: a batch saves system calls and
 * costs time, and here nobody is short of the former.
 */
static void udp_readable(uv_poll_t *handle, int status, int events)
{
        struct open_door *door = handle->data;
        bool calm = door->taken <= CALM_BATCH;

        (void)status;
        (void)events;
        worker_tick(door->listen->worker);
        door->taken = 0;
        if (!calm || serve_batch(door, 1))
                (void)serve_batch(door, UDP_BATCH);
}

/* --- TCP ---------------------------------------------------------------------------------------------------------- */

/* A message came in on a connection. */
static void connection_message(struct stream *stream, const uint8_t *bytes, size_t len)
{
        struct connection *connection = holder_of(stream, struct connection, stream);
        struct listen *listen = connection->listen;
        struct client *client = clients_take(&listen->clients, CLIENT_TCP);
        struct event event = { .kind = EVENT_QUESTION };

        if (!client) {
                metrics_inc(&listen->worker->metrics.drops[DROP_MEMORY]);
                stream_doom(stream, STREAM_CLOSED);
                return;
        }
        client->connection = connection;
        list_add(&connection->asking, &client->link);
        stream->under_way++;

        event.question.client = client_token(client);
        event.question.from = connection->peer;
        event.question.to = connection->local;
        event.question.transport = TRANSPORT_TCP;
        event.question.arrived_us = listen->worker->clock.now.mono_us;
        event.question.bytes = bytes;
        event.question.len = len;
        worker_take(listen->worker, &event);
}

static void connection_free(struct connection *connection)
{
        struct listen *listen = connection->listen;

        list_remove(&connection->link);
        quota_leave(listen->quota, &connection->peer.address);
        metrics_set(listen->worker->metrics.connections, --listen->connection_count);
        free(connection);
}

/* Take all who wait on this connection out of the table; returns how many there were, and their tokens. */
static unsigned forget_askers(struct connection *connection, uint64_t token[LIMIT_QUERIES_PER_CONNECTION])
{
        unsigned count = 0;

        while (connection->asking && EXPECT(count < LIMIT_QUERIES_PER_CONNECTION)) {
                struct client *client = holder_of(connection->asking, struct client, link);

                token[count++] = client_token(client);
                list_remove(&client->link);
                clients_give_back(&connection->listen->clients, client);
        }
        return count;
}

/* The client hung up, or was hung up on: nobody waits for its answers any more. */
static void connection_ended(struct stream *stream, enum stream_end why)
{
        struct connection *connection = holder_of(stream, struct connection, stream);
        struct worker *worker = connection->listen->worker;
        uint64_t gone[LIMIT_QUERIES_PER_CONNECTION];
        unsigned count = forget_askers(connection, gone);

        (void)why;
        connection_free(connection); /* first: what the resolver does about it must not find it any more */
        for (unsigned i = 0; i < count; i++)
                worker_take(worker, &(struct event){ .kind = EVENT_GONE, .gone.client = gone[i] });
}

static const struct stream_manners client_manners = {
        .message_max = LIMIT_QUERY_BYTES,
        .under_way_max = LIMIT_QUERIES_PER_CONNECTION,
        .first_ms = LIMIT_FIRST_MESSAGE_MS,
        .partial_ms = LIMIT_PARTIAL_MESSAGE_MS,
        .idle_ms = LIMIT_IDLE_MS,
        .message = connection_message,
        .ended = connection_ended,
};

static unsigned crowding(void *context)
{
        return quota_percent(context);
}

/* Make a connection of an accepted descriptor. False: there is no room for it; the descriptor is still the caller's. */
static bool connection_begin(struct listen *listen, int fd, const struct endpoint *peer)
{
        struct connection *connection = calloc(1, sizeof *connection);
        struct sockaddr_storage local;
        socklen_t local_len = sizeof local;
        struct endpoint at = { 0 };

        if (!connection)
                return false;
        if (getsockname(fd, (struct sockaddr *)&local, &local_len) == 0)
                (void)socket_endpoint(&local, &at);
        if (stream_init(&connection->stream, &listen->streams, fd, false)) {
                free(connection);
                return false;
        }
        connection->listen = listen;
        connection->peer = *peer;
        connection->local = at.address;
        list_add(&listen->connections, &connection->link);
        metrics_set(listen->worker->metrics.connections, ++listen->connection_count);
        return true;
}

/* Take a place for a client. When all are taken, one of this worker's connections that is not in use has to go. */
static bool find_place(struct listen *listen, const struct address *client)
{
        enum err err = quota_enter(listen->quota, client);

        if (err == ERR_FULL && streams_evict(&listen->streams))
                err = quota_enter(listen->quota, client);
        return err == ERR_OK;
}

static void accept_one(struct listen *listen, int fd, const struct sockaddr_storage *address)
{
        struct endpoint peer;
        int yes = 1;

        if (!socket_endpoint(address, &peer) || !find_place(listen, &peer.address)) {
                close(fd);
                return;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (!connection_begin(listen, fd, &peer)) {
                quota_leave(listen->quota, &peer.address);
                close(fd);
        }
}

/*
 * No descriptor is left for this client. Without an accept() the loop would hear of it again and again, so it gets the
 * descriptor that is kept for this, and is closed with it.
 */
static void turn_away(struct listen *listen, int door)
{
        close(listen->spare);
        int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
                close(fd);
        listen->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void tcp_acceptable(uv_poll_t *handle, int status, int events)
{
        struct open_door *door = handle->data;

        (void)status;
        (void)events;
        worker_tick(door->listen->worker);
        for (unsigned i = 0; i < ACCEPT_BATCH; i++) {
                struct sockaddr_storage peer;
                socklen_t len = sizeof peer;
                int fd = accept4(door->door.tcp, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd >= 0) {
                        accept_one(door->listen, fd, &peer);
                } else if (errno == EMFILE || errno == ENFILE) {
                        if (!streams_evict(&door->listen->streams))
                                turn_away(door->listen, door->door.tcp);
                        return;
                } else if (errno != ECONNABORTED && errno != EINTR) {
                        return;
                }
        }
}

/* --- Answers ------------------------------------------------------------------------------------------------------ */

/* Take a client of a connection out of the table; its question is settled. */
static struct connection *connection_of(struct listen *listen, struct client *client)
{
        struct connection *connection = client->connection;

        list_remove(&client->link);
        clients_give_back(&listen->clients, client);
        stream_done(&connection->stream);
        return connection;
}

bool listen_asker(const struct listen *listen, uint64_t token, struct endpoint *asker, struct address *asked,
                  enum transport *transport)
{
        const struct client *client = clients_find(&listen->clients, token);

        if (!client)
                return false;
        switch (client->kind) {
        case CLIENT_UDP:
                *asker = client->path.peer;
                *asked = client->path.local;
                *transport = TRANSPORT_UDP;
                return true;
        case CLIENT_TCP:
                *asker = client->connection->peer;
                *asked = client->connection->local;
                *transport = TRANSPORT_TCP;
                return true;
        case CLIENT_NOBODY:
        case CLIENT_CONTROL:
                break;
        }
        return false;
}

void listen_answer(struct listen *listen, uint64_t token, const uint8_t *bytes, size_t len)
{
        struct client *client = clients_find(&listen->clients, token);

        if (!client)
                return;
        switch (client->kind) {
        case CLIENT_NOBODY:
                break;
        case CLIENT_UDP:
                udp_send(listen->out, &client->path, bytes, len);
                clients_give_back(&listen->clients, client);
                break;
        case CLIENT_TCP:
                stream_send(&connection_of(listen, client)->stream, bytes, len);
                break;
        case CLIENT_CONTROL:
                asking_answer(client->asking, bytes, len);
                break;
        }
}

void listen_drop(struct listen *listen, uint64_t token)
{
        struct client *client = clients_find(&listen->clients, token);

        if (!client)
                return;
        switch (client->kind) {
        case CLIENT_NOBODY:
                break;
        case CLIENT_UDP:
                clients_give_back(&listen->clients, client);
                break;
        case CLIENT_TCP: /* silence on a connection would make the client wait; its end tells */
                stream_doom(&connection_of(listen, client)->stream, STREAM_CLOSED);
                break;
        case CLIENT_CONTROL:
                asking_answer(client->asking, NULL, 0);
                break;
        }
}

void listen_turn(struct listen *listen)
{
        streams_turn(&listen->streams);
        udp_flush(listen->out);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static enum err open_doors(struct listen *listen, const struct door *doors, unsigned count)
{
        uv_loop_t *loop = &listen->worker->loop;

        listen->doors = calloc(count ? count : 1, sizeof *listen->doors);
        if (!listen->doors)
                return ERR_MEMORY;
        for (unsigned i = 0; i < count; i++) {
                struct open_door *door = &listen->doors[i];

                *door = (struct open_door){ .door = doors[i], .listen = listen };
                door->path = (struct udp_path){
                        .fd = doors[i].udp,
                        .local = doors[i].at.address,
                        .of_many = address_is_any(&doors[i].at.address),
                };
                door->udp.data = door->tcp.data = door;
                if (uv_poll_init(loop, &door->udp, door->door.udp) || uv_poll_init(loop, &door->tcp, door->door.tcp))
                        return ERR_IO;
                uv_poll_start(&door->udp, UV_READABLE, udp_readable);
                uv_poll_start(&door->tcp, UV_READABLE, tcp_acceptable);
                listen->door_count++;
        }
        return ERR_OK;
}

enum err listen_init(struct listen *listen, struct worker *worker, const struct door *doors, unsigned door_count,
                     struct quota *quota, const uint8_t secret[SIPHASH_KEY_LEN])
{
        *listen = (struct listen){ .worker = worker, .quota = quota };
        listen->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
        clients_init(&listen->clients, ANSWERS_PER_REQUEST * LIMIT_REQUESTS_PER_WORKER);
        intake_init(&listen->intake, secret);
        listen->in = udp_in_new();
        listen->out = udp_out_new();
        if (!listen->in || !listen->out)
                return ERR_MEMORY;
        enum err err = streams_init(&listen->streams, &worker->poller, &worker->clock, &client_manners,
                                    LIMIT_CONNECTIONS);
        if (err)
                return err;
        listen->streams.crowding = crowding;
        listen->streams.context = quota;
        return open_doors(listen, doors, door_count);
}

void listen_close(struct listen *listen)
{
        for (unsigned i = 0; i < listen->door_count; i++) {
                struct open_door *door = &listen->doors[i];

                uv_close((uv_handle_t *)&door->udp, NULL);
                uv_close((uv_handle_t *)&door->tcp, NULL);
                close(door->door.udp);
                close(door->door.tcp);
        }
        listen->door_count = 0;
        while (listen->connections) {
                struct connection *connection = holder_of(listen->connections, struct connection, link);

                stream_fini(&connection->stream);
                connection_free(connection);
        }
}

void listen_fini(struct listen *listen)
{
        close(listen->spare);
        streams_fini(&listen->streams);
        clients_fini(&listen->clients);
        udp_in_free(listen->in);
        udp_out_free(listen->out);
        free(listen->doors);
}
