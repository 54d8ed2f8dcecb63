#include "sockets.h"
#include "pool.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * What epoll hands back is a pointer to one of three things, each beginning with its kind: a server's UDP socket, its
 * TCP listener, or a connection. Answers that are to come late wait in one list; it is short, so it is searched.
 */
enum { CONNECTIONS_MAX = 512, WAITING_MAX = 4096, EVENTS_MAX = 64, BATCH_MAX = 64, OUT_MAX = 1 << 20 };

enum kind { KIND_UDP, KIND_LISTENER, KIND_CONNECTION, KIND_END };

struct port {
        enum kind kind;
        int fd;
        struct authority_address address;
};

struct connection {
        enum kind kind;
        int fd;
        struct authority_address address;
        uint64_t serial; /* tells it from an earlier one in the same place */
        uint8_t *in;     /* 2 + 65535 bytes */
        size_t in_len;
        uint8_t *out;
        size_t out_len;
        bool closing; /* once out is written */
};

struct peer {
        struct sockaddr_storage name;
        socklen_t len;
};

/* An answer that waits for its time. */
struct waiting {
        uint64_t due_ms;
        int fd; /* UDP */
        struct peer peer;
        struct connection *connection; /* TCP, if its serial is still this one */
        uint64_t serial;
        size_t len, cut_after;
        uint8_t *bytes;
};

struct sockets {
        struct authority *authority;
        int epoll;
        uint16_t port;
        struct port *ports; /* two for each server: UDP, TCP */
        size_t port_count;
        struct connection connections[CONNECTIONS_MAX];
        uint64_t serial;
        struct waiting waiting[WAITING_MAX];
        size_t waiting_count;
        uint8_t message[2 + AUTHORITY_MESSAGE_MAX];
        uint8_t forged[AUTHORITY_MESSAGE_MAX];
};

static uint64_t now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct peer peer_from(const struct authority_address *address, uint16_t port)
{
        struct peer peer = { 0 };

        if (address->len == 4) {
                struct sockaddr_in *in = (struct sockaddr_in *)&peer.name;
                *in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
                memcpy(&in->sin_addr, address->bytes, 4);
                peer.len = sizeof *in;
        } else {
                struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&peer.name;
                *in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
                memcpy(&in6->sin6_addr, address->bytes, 16);
                peer.len = sizeof *in6;
        }
        return peer;
}

/* A bound socket, or -1 with errno. */
static int socket_bind(const struct authority_address *address, uint16_t port, int type)
{
        struct peer own = peer_from(address, port);
        int one = 1, fd = socket(own.name.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -1;
        if (type == SOCK_STREAM)
                setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (address->len == 16)
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
        if (bind(fd, (struct sockaddr *)&own.name, own.len) == 0 && (type == SOCK_DGRAM || listen(fd, 128) == 0))
                return fd;
        int why = errno;
        close(fd);
        errno = why;
        return -1;
}

static bool watch(struct sockets *sockets, int fd, void *what, uint32_t events, int operation)
{
        struct epoll_event event = { .events = events, .data.ptr = what };

        return epoll_ctl(sockets->epoll, operation, fd, &event) == 0;
}

/* UDP and TCP of one server. */
static bool port_open(struct sockets *sockets, const struct authority_address *address)
{
        int udp = socket_bind(address, sockets->port, SOCK_DGRAM);
        int tcp = udp < 0 ? -1 : socket_bind(address, sockets->port, SOCK_STREAM);

        if (tcp < 0) {
                int why = errno;
                if (udp >= 0)
                        close(udp);
                errno = why;
                return false;
        }
        struct port *pair = &sockets->ports[sockets->port_count];
        pair[0] = (struct port){ .kind = KIND_UDP, .fd = udp, .address = *address };
        pair[1] = (struct port){ .kind = KIND_LISTENER, .fd = tcp, .address = *address };
        sockets->port_count += 2;
        return watch(sockets, udp, &pair[0], EPOLLIN, EPOLL_CTL_ADD) &&
               watch(sockets, tcp, &pair[1], EPOLLIN, EPOLL_CTL_ADD);
}

static bool ports_open(struct sockets *sockets, char complaint[AUTHORITY_COMPLAINT_MAX])
{
        size_t count = authority_server_count(sockets->authority);
        char text[INET6_ADDRSTRLEN];

        sockets->ports = lab_grow(NULL, 2 * count * sizeof *sockets->ports);
        for (size_t i = 0; i < count; i++) {
                struct authority_address address = authority_server_address(sockets->authority, i);
                if (port_open(sockets, &address))
                        continue;
                snprintf(complaint, AUTHORITY_COMPLAINT_MAX, "%s port %u: %s",
                         inet_ntop(address.len == 4 ? AF_INET : AF_INET6, address.bytes, text, sizeof text),
                         sockets->port, strerror(errno));
                if (address.len == 4)
                        return false;
                fprintf(stderr, "authority: left out: %s\n", complaint);
        }
        return true;
}

struct sockets *sockets_open(struct authority *authority, uint16_t port, char complaint[AUTHORITY_COMPLAINT_MAX])
{
        struct sockets *sockets = calloc(1, sizeof *sockets);

        if (!sockets) {
                snprintf(complaint, AUTHORITY_COMPLAINT_MAX, "out of memory");
                return NULL;
        }
        sockets->authority = authority;
        sockets->port = port;
        sockets->epoll = epoll_create1(EPOLL_CLOEXEC);
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
                sockets->connections[i] = (struct connection){ .kind = KIND_CONNECTION, .fd = -1 };
        if (sockets->epoll >= 0 && ports_open(sockets, complaint))
                return sockets;
        sockets_close(sockets);
        return NULL;
}

static void connection_drop(struct connection *connection)
{
        close(connection->fd);
        free(connection->in);
        free(connection->out);
        *connection = (struct connection){ .kind = KIND_CONNECTION, .fd = -1 };
}

void sockets_close(struct sockets *sockets)
{
        if (!sockets)
                return;
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
                if (sockets->connections[i].fd >= 0)
                        connection_drop(&sockets->connections[i]);
        for (size_t i = 0; i < sockets->waiting_count; i++)
                free(sockets->waiting[i].bytes);
        for (size_t i = 0; i < sockets->port_count; i++)
                close(sockets->ports[i].fd);
        free(sockets->ports);
        if (sockets->epoll >= 0)
                close(sockets->epoll);
        free(sockets);
}

void sockets_exchange(struct sockets *sockets, struct authority *authority)
{
        sockets->authority = authority;
}

/* Write what the connection holds; wait for room if there is none. */
static void connection_flush(struct sockets *sockets, struct connection *connection)
{
        while (connection->out_len > 0) {
                ssize_t n = send(connection->fd, connection->out, connection->out_len, MSG_NOSIGNAL);
                if (n < 0 && errno == EAGAIN) {
                        watch(sockets, connection->fd, connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
                        return;
                }
                if (n < 0) {
                        connection_drop(connection);
                        return;
                }
                connection->out_len -= (size_t)n;
                memmove(connection->out, connection->out + n, connection->out_len);
        }
        if (connection->closing)
                connection_drop(connection);
        else
                watch(sockets, connection->fd, connection, EPOLLIN, EPOLL_CTL_MOD);
}

/* Queue a message with its length before it. Of a message that is to be cut, only the beginning, and then the end. */
static void connection_send(struct sockets *sockets, struct connection *connection, const uint8_t *bytes, size_t len,
                            size_t cut_after)
{
        size_t total = 2 + len;

        if (connection->out_len + total > OUT_MAX) {
                connection_drop(connection);
                return;
        }
        connection->out = lab_grow(connection->out, connection->out_len + total);
        uint8_t *at = connection->out + connection->out_len;
        at[0] = (uint8_t)(len >> 8);
        at[1] = (uint8_t)len;
        memcpy(at + 2, bytes, len);
        connection->closing = cut_after > 0;
        connection->out_len += cut_after && cut_after < total ? cut_after : total;
        connection_flush(sockets, connection);
}

/* Keep an answer for later. A full list loses it, as a network would. */
static void wait_for(struct sockets *sockets, struct waiting waiting, uint32_t delay_ms, const uint8_t *bytes)
{
        if (sockets->waiting_count == WAITING_MAX)
                return;
        waiting.due_ms = now_ms() + delay_ms;
        waiting.bytes = memcpy(lab_grow(NULL, waiting.len), bytes, waiting.len);
        sockets->waiting[sockets->waiting_count++] = waiting;
}

static void waiting_send(struct sockets *sockets, const struct waiting *waiting)
{
        if (!waiting->connection)
                sendto(waiting->fd, waiting->bytes, waiting->len, 0, (const struct sockaddr *)&waiting->peer.name,
                       waiting->peer.len);
        else if (waiting->connection->fd >= 0 && waiting->connection->serial == waiting->serial)
                connection_send(sockets, waiting->connection, waiting->bytes, waiting->len, waiting->cut_after);
}

/* Send what is due; returns how long epoll may sleep, -1 for ever. */
static int waiting_run(struct sockets *sockets)
{
        uint64_t now = now_ms(), next = UINT64_MAX;

        for (size_t i = 0; i < sockets->waiting_count;) {
                struct waiting *waiting = &sockets->waiting[i];
                if (waiting->due_ms > now) {
                        next = waiting->due_ms < next ? waiting->due_ms : next;
                        i++;
                        continue;
                }
                waiting_send(sockets, waiting);
                free(waiting->bytes);
                sockets->waiting[i] = sockets->waiting[--sockets->waiting_count];
        }
        return next == UINT64_MAX ? -1 : (int)(next - now);
}

/* Send the forged answers, from where a liar would send them. */
static void forge_send(struct sockets *sockets, const struct port *port, const struct peer *peer, size_t len,
                       const struct authority_manner *manner)
{
        static const struct authority_address elsewhere = { .len = 4, .bytes = { 127, 53, 255, 254 } };
        int fd = port->fd;

        if (manner->forgery == FORGERY_PORT)
                fd = socket_bind(&port->address, 0, SOCK_DGRAM);
        else if (manner->forgery == FORGERY_ADDRESS && port->address.len == 4)
                fd = socket_bind(&elsewhere, sockets->port, SOCK_DGRAM);
        for (unsigned i = 0; fd >= 0 && i < manner->forged; i++) {
                size_t forged_len = authority_forge(manner->forgery, i, sockets->message, len, sockets->forged);
                sendto(fd, sockets->forged, forged_len, 0, (const struct sockaddr *)&peer->name, peer->len);
        }
        if (fd >= 0 && fd != port->fd)
                close(fd);
}

/* One datagram. Returns false when there was none. */
static bool datagram_take(struct sockets *sockets, const struct port *port)
{
        uint8_t query[AUTHORITY_UDP_MAX];
        struct peer peer = { .len = sizeof peer.name };
        struct authority_manner manner;
        ssize_t n = recvfrom(port->fd, query, sizeof query, 0, (struct sockaddr *)&peer.name, &peer.len);

        if (n < 0)
                return false;
        size_t len = authority_answer(sockets->authority, &port->address, false, query, (size_t)n, sockets->message,
                                      AUTHORITY_MESSAGE_MAX, &manner);
        if (len == 0)
                return true;
        forge_send(sockets, port, &peer, len, &manner);
        struct waiting waiting = { .fd = port->fd, .peer = peer, .len = len };
        if (manner.delay_ms)
                wait_for(sockets, waiting, manner.delay_ms, sockets->message);
        else
                sendto(port->fd, sockets->message, len, 0, (struct sockaddr *)&peer.name, peer.len);
        return true;
}

/* Close with a reset, so that the client sees a refusal and no orderly end. */
static void refuse(int fd)
{
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
        close(fd);
}

static struct connection *connection_free(struct sockets *sockets)
{
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
                if (sockets->connections[i].fd < 0)
                        return &sockets->connections[i];
        return NULL;
}

static void connection_take(struct sockets *sockets, const struct port *port)
{
        int fd = accept4(port->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct connection *connection = connection_free(sockets);

        if (fd < 0)
                return;
        if (!connection || authority_refuses_tcp(sockets->authority, &port->address)) {
                refuse(fd);
                return;
        }
        *connection = (struct connection){
                .kind = KIND_CONNECTION, .fd = fd, .address = port->address, .serial = ++sockets->serial
        };
        connection->in = lab_grow(NULL, 2 + AUTHORITY_MESSAGE_MAX);
        watch(sockets, fd, connection, EPOLLIN, EPOLL_CTL_ADD);
}

static void question_take(struct sockets *sockets, struct connection *connection, const uint8_t *query,
                          size_t query_len)
{
        struct authority_manner manner;
        size_t len = authority_answer(sockets->authority, &connection->address, true, query, query_len,
                                      sockets->message, AUTHORITY_MESSAGE_MAX, &manner);

        if (manner.close) {
                connection_drop(connection);
                return;
        }
        if (len == 0)
                return;
        struct waiting waiting = {
                .connection = connection, .serial = connection->serial, .len = len, .cut_after = manner.cut_after
        };
        if (manner.delay_ms)
                wait_for(sockets, waiting, manner.delay_ms, sockets->message);
        else
                connection_send(sockets, connection, sockets->message, len, manner.cut_after);
}

/* Answer every whole question that was read. */
static void questions_take(struct sockets *sockets, struct connection *connection)
{
        while (connection->fd >= 0 && connection->in_len >= 2) {
                size_t len = (size_t)connection->in[0] << 8 | connection->in[1];
                if (connection->in_len < 2 + len)
                        return;
                question_take(sockets, connection, connection->in + 2, len);
                if (connection->fd < 0)
                        return;
                connection->in_len -= 2 + len;
                memmove(connection->in, connection->in + 2 + len, connection->in_len);
        }
}

static void connection_run(struct sockets *sockets, struct connection *connection, uint32_t events)
{
        if (connection->fd >= 0 && (events & EPOLLOUT))
                connection_flush(sockets, connection);
        if (connection->fd < 0 || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                return;
        ssize_t n = recv(connection->fd, connection->in + connection->in_len,
                         2 + AUTHORITY_MESSAGE_MAX - connection->in_len, 0);
        if (n < 0 && errno == EAGAIN)
                return;
        if (n <= 0) {
                connection_drop(connection);
                return;
        }
        connection->in_len += (size_t)n;
        questions_take(sockets, connection);
}

static void event_run(struct sockets *sockets, void *what, uint32_t events)
{
        struct port *port = what;

        switch (*(enum kind *)what) {
        case KIND_UDP:
                for (unsigned i = 0; i < BATCH_MAX && datagram_take(sockets, port); i++)
                        ;
                return;
        case KIND_LISTENER: connection_take(sockets, port); return;
        case KIND_CONNECTION: connection_run(sockets, what, events); return;
        case KIND_END: return;
        }
}

int sockets_serve(struct sockets *sockets, int until_readable)
{
        static enum kind end = KIND_END;
        struct epoll_event events[EVENTS_MAX];
        bool ended = false;

        watch(sockets, until_readable, &end, EPOLLIN, EPOLL_CTL_ADD);
        while (!ended) {
                int count = epoll_wait(sockets->epoll, events, EVENTS_MAX, waiting_run(sockets));
                if (count < 0 && errno != EINTR)
                        return -1;
                for (int i = 0; i < count; i++) {
                        ended = ended || *(enum kind *)events[i].data.ptr == KIND_END;
                        event_run(sockets, events[i].data.ptr, events[i].events);
                }
        }
        return 0;
}
