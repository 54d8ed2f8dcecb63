#include "fake.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DNS_PORT = 53, POLL_MAX = 2 * FAKE_SERVERS_MAX + FAKE_CONNECTIONS_MAX + FAKE_ASKS_MAX, TEXT_MAX = 2000 };

uint64_t fake_now_ms(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

socklen_t fake_sockaddr(const struct address *address, uint16_t port, struct sockaddr_storage *out)
{
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

        memset(out, 0, sizeof *out);
        if (address->family == 4) {
                in->sin_family = AF_INET;
                in->sin_port = htons(port);
                memcpy(&in->sin_addr, address->bytes, 4);
                return sizeof *in;
        }
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        memcpy(&in6->sin6_addr, address->bytes, 16);
        return sizeof *in6;
}

/* A socket bound to an address; -1 and errno. */
static int open_socket(const struct address *address, uint16_t port, int type)
{
        struct sockaddr_storage name;
        socklen_t len = fake_sockaddr(address, port, &name);
        int on = 1, fd = socket(name.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (name.ss_family == AF_INET6)
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        if (!bind(fd, (struct sockaddr *)&name, len))
                return fd;
        close(fd);
        return -1;
}

bool fake_open(struct fake *fake, struct rpl *rpl, bool verbose)
{
        struct address address[FAKE_SERVERS_MAX];
        unsigned count = rpl_addresses(rpl, address, FAKE_SERVERS_MAX);

        memset(fake, 0, sizeof *fake);
        fake->rpl = rpl;
        fake->verbose = verbose;
        for (unsigned i = 0; i < FAKE_CONNECTIONS_MAX; i++)
                fake->connection[i].fd = -1;
        for (unsigned i = 0; i < count; i++) {
                struct fake_server *server = &fake->server[fake->server_count++];

                server->address = address[i];
                server->udp = open_socket(&address[i], DNS_PORT, SOCK_DGRAM);
                server->tcp = open_socket(&address[i], DNS_PORT, SOCK_STREAM);
                if (server->udp < 0 || server->tcp < 0 || listen(server->tcp, 16))
                        return false;
        }
        return true;
}

void fake_close(struct fake *fake)
{
        fake_forget(fake);
        for (unsigned i = 0; i < fake->server_count; i++) {
                close(fake->server[i].udp);
                close(fake->server[i].tcp);
        }
        for (unsigned i = 0; i < FAKE_CONNECTIONS_MAX; i++)
                if (fake->connection[i].fd >= 0)
                        close(fake->connection[i].fd);
        for (unsigned i = 0; i < FAKE_LATE_MAX; i++)
                free(fake->late[i].bytes);
}

/* --- Servers ------------------------------------------------------------------------------------------------------ */

static void send_now(int fd, bool tcp, const struct sockaddr_storage *to, socklen_t to_len, const uint8_t *bytes,
                     size_t len)
{
        uint8_t head[2] = { (uint8_t)(len >> 8), (uint8_t)len };
        ssize_t sent;

        if (!tcp) {
                sent = sendto(fd, bytes, len, 0, (const struct sockaddr *)to, to_len);
        } else {
                sent = send(fd, head, sizeof head, MSG_NOSIGNAL | MSG_MORE);
                sent = sent == sizeof head ? send(fd, bytes, len, MSG_NOSIGNAL) : -1;
        }
        (void)sent; /* who does not take it has gone */
}

static void send_late(struct fake *fake, unsigned delay_ms, const struct fake_late *answer)
{
        for (unsigned i = 0; i < FAKE_LATE_MAX; i++) {
                struct fake_late *late = &fake->late[i];

                if (late->bytes)
                        continue;
                *late = *answer;
                late->at_ms = fake_now_ms() + delay_ms;
                late->bytes = malloc(answer->len + 1);
                memcpy(late->bytes, answer->bytes, answer->len);
                return;
        }
}

static void send_answer(struct fake *fake, unsigned delay_ms, const struct fake_late *answer)
{
        if (delay_ms)
                send_late(fake, delay_ms, answer);
        else
                send_now(answer->fd, answer->tcp, &answer->to, answer->to_len, answer->bytes, answer->len);
}

static void tell(const struct fake *fake, const char *what, const struct rpl_received *message)
{
        char text[TEXT_MAX];

        if (!fake->verbose)
                return;
        rpl_describe(message, text, sizeof text);
        printf("    %s %s\n", what, text);
}

/* A query reached a server; fd and to say how to answer. */
static void serve(struct fake *fake, unsigned number, const struct rpl_received *query, struct fake_late *answer)
{
        struct fake_server *server = &fake->server[number];
        struct rpl_entry *entry = NULL;
        char text[ADDRESS_TEXT_MAX];
        static uint8_t out[RPL_MESSAGE_MAX];

        server->queries++;
        tell(fake, address_text(&server->address, text), query);
        answer->bytes = out;
        answer->tcp = query->tcp;
        switch (rpl_serve(fake->rpl, &server->address, fake->step, query, &entry)) {
        case RPL_SERVED:
                answer->len = rpl_write_answer(entry, query,
                                               (uint16_t)(query->bytes[0] << 8 | (query->bytes[1] ^ 0x55)), out);
                for (unsigned i = 0; answer->len && i < entry->copies; i++)
                        send_answer(fake, entry->delay_ms, answer);
                tell(fake, "   answer", &(struct rpl_received){ out, answer->len, query->tcp });
                return;
        case RPL_SILENT: return;
        case RPL_UNFORESEEN:
                if (!fake->unforeseen[0]) {
                        size_t len = (size_t)snprintf(fake->unforeseen, sizeof fake->unforeseen, "%s was asked ", text);

                        rpl_describe(query, fake->unforeseen + len, sizeof fake->unforeseen - len);
                }
                answer->len = rpl_write_servfail(query, out);
                send_answer(fake, 0, answer);
                return;
        }
}

static void serve_udp(struct fake *fake, unsigned number)
{
        struct fake_late answer = { .fd = fake->server[number].udp };
        ssize_t len;

        for (;;) {
                answer.to_len = sizeof answer.to;
                len = recvfrom(answer.fd, fake->scratch, sizeof fake->scratch, 0, (struct sockaddr *)&answer.to,
                               &answer.to_len);
                if (len < 0)
                        return;
                serve(fake, number, &(struct rpl_received){ fake->scratch, (size_t)len, false }, &answer);
        }
}

static void accept_connection(struct fake *fake, unsigned number)
{
        int fd = accept4(fake->server[number].tcp, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        for (unsigned i = 0; fd >= 0 && i < FAKE_CONNECTIONS_MAX; i++) {
                struct fake_connection *connection = &fake->connection[i];

                if (connection->fd >= 0)
                        continue;
                connection->fd = fd;
                connection->server = number;
                connection->len = 0;
                return;
        }
        if (fd >= 0)
                close(fd);
}

static void serve_tcp(struct fake *fake, struct fake_connection *connection)
{
        ssize_t len = recv(connection->fd, connection->bytes + connection->len,
                           sizeof connection->bytes - connection->len, 0);
        size_t whole;

        if (len <= 0) {
                if (len < 0 && errno == EAGAIN)
                        return;
                close(connection->fd);
                connection->fd = -1;
                return;
        }
        connection->len += (size_t)len;
        while (connection->len >= 2 &&
               connection->len >= (whole = 2u + (connection->bytes[0] << 8 | connection->bytes[1]))) {
                struct fake_late answer = { .fd = connection->fd };

                serve(fake, connection->server, &(struct rpl_received){ connection->bytes + 2, whole - 2, true },
                      &answer);
                connection->len -= whole;
                memmove(connection->bytes, connection->bytes + whole, connection->len);
        }
}

/* What is due leaves; returns how long until the next, at most ms. */
static unsigned send_due(struct fake *fake, unsigned ms)
{
        uint64_t now_ms = fake_now_ms();

        for (unsigned i = 0; i < FAKE_LATE_MAX; i++) {
                struct fake_late *late = &fake->late[i];

                if (!late->bytes)
                        continue;
                if (late->at_ms > now_ms) {
                        ms = late->at_ms - now_ms < ms ? (unsigned)(late->at_ms - now_ms) : ms;
                        continue;
                }
                send_now(late->fd, late->tcp, &late->to, late->to_len, late->bytes, late->len);
                free(late->bytes);
                late->bytes = NULL;
        }
        return ms;
}

/* --- Clients ------------------------------------------------------------------------------------------------------ */

bool fake_ask(struct fake *fake, const struct address *from, const struct address *to, bool tcp, const uint8_t *bytes,
              size_t len)
{
        struct fake_ask *ask = &fake->ask[fake->ask_count];
        struct sockaddr_storage name;
        socklen_t name_len = fake_sockaddr(to, DNS_PORT, &name);
        int fd;

        if (fake->ask_count == FAKE_ASKS_MAX)
                return false;
        fd = open_socket(from, 0, tcp ? SOCK_STREAM : SOCK_DGRAM);
        if (fd < 0 || (connect(fd, (struct sockaddr *)&name, name_len) && errno != EINPROGRESS)) {
                if (fd >= 0)
                        close(fd);
                return false;
        }
        *ask = (struct fake_ask){ .fd = fd, .tcp = tcp, .bytes = malloc(sizeof fake->scratch) };
        fake->ask_count++;
        if (len >= sizeof ask->id)
                memcpy(ask->id, bytes, sizeof ask->id);
        if (tcp) {
                struct pollfd writable = { .fd = fd, .events = POLLOUT };

                poll(&writable, 1, 1000);
                send_now(fd, true, NULL, 0, bytes, len);
                return true;
        }
        return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

void fake_forget(struct fake *fake)
{
        for (unsigned i = 0; i < fake->ask_count; i++) {
                close(fake->ask[i].fd);
                free(fake->ask[i].bytes);
        }
        fake->ask_count = 0;
        for (unsigned i = 0; i < fake->server_count; i++)
                fake->server[i].queries = 0;
}

static void receive(struct fake_ask *ask)
{
        ssize_t len = recv(ask->fd, ask->bytes + ask->len, RPL_MESSAGE_MAX + 2 - ask->len, 0);

        if (len < 0)
                return;
        if (len == 0 && ask->tcp) {
                ask->ended = true;
                return;
        }
        if (!ask->tcp && (len < (ssize_t)sizeof ask->id || memcmp(ask->bytes, ask->id, sizeof ask->id) != 0))
                return;
        ask->len += (size_t)len;
        ask->complete = !ask->tcp || (ask->len >= 2 && ask->len >= 2u + (ask->bytes[0] << 8 | ask->bytes[1]));
        if (ask->complete && ask->tcp) {
                ask->len -= 2;
                memmove(ask->bytes, ask->bytes + 2, ask->len);
        }
}

static bool all_complete(const struct fake *fake)
{
        for (unsigned i = 0; i < fake->ask_count; i++)
                if (!fake->ask[i].complete && !fake->ask[i].ended)
                        return false;
        return true;
}

/* --- The loop ----------------------------------------------------------------------------------------------------- */

static unsigned gather(const struct fake *fake, struct pollfd out[POLL_MAX])
{
        unsigned n = 0;

        for (unsigned i = 0; i < fake->server_count; i++) {
                out[n++] = (struct pollfd){ .fd = fake->server[i].udp, .events = POLLIN };
                out[n++] = (struct pollfd){ .fd = fake->server[i].tcp, .events = POLLIN };
        }
        for (unsigned i = 0; i < FAKE_CONNECTIONS_MAX; i++)
                out[n++] = (struct pollfd){ .fd = fake->connection[i].fd, .events = POLLIN };
        for (unsigned i = 0; i < fake->ask_count; i++)
                out[n++] = (struct pollfd){ .fd = fake->ask[i].complete || fake->ask[i].ended ? -1 : fake->ask[i].fd,
                                            .events = POLLIN };
        return n;
}

static void handle(struct fake *fake, const struct pollfd *ready)
{
        for (unsigned i = 0; i < fake->server_count; i++, ready += 2) {
                if (ready[0].revents)
                        serve_udp(fake, i);
                if (ready[1].revents)
                        accept_connection(fake, i);
        }
        for (unsigned i = 0; i < FAKE_CONNECTIONS_MAX; i++, ready++)
                if (ready->revents && fake->connection[i].fd >= 0)
                        serve_tcp(fake, &fake->connection[i]);
        for (unsigned i = 0; i < fake->ask_count; i++, ready++)
                if (ready->revents)
                        receive(&fake->ask[i]);
}

bool fake_run(struct fake *fake, unsigned ms, bool wait_all)
{
        uint64_t end_ms = fake_now_ms() + ms, now_ms;

        while ((now_ms = fake_now_ms()) < end_ms && !(wait_all && all_complete(fake))) {
                struct pollfd ready[POLL_MAX];
                unsigned n = gather(fake, ready);

                if (poll(ready, n, (int)send_due(fake, (unsigned)(end_ms - now_ms))) > 0)
                        handle(fake, ready);
        }
        return all_complete(fake);
}
