#include "forwarder.h"
#include "cairnd.h"
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { HEADER = 12, BIG = 1000, ROOM = 4096 };

/* Where the question ends; 0 if there is none. */
static size_t question_end(const uint8_t *query, size_t len)
{
        size_t at = HEADER;

        while (at < len && query[at])
                at += 1 + query[at];
        return at + 5 <= len ? at + 5 : 0;
}

static bool begins_with(const uint8_t *query, const char *word)
{
        return strncasecmp((const char *)query + HEADER + 1, word, strlen(word)) == 0;
}

/* The answer: the question as it came, then one record, or TC. Returns its length. */
static size_t answer(const uint8_t *query, size_t len, bool datagram, uint8_t *out)
{
        static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1 };
        static const uint8_t text[] = { 0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 44 };
        size_t end = question_end(query, len);
        bool cut = datagram && begins_with(query, "cut");

        memcpy(out, query, end);
        memset(out + 6, 0, 6);
        out[2] = (uint8_t)(0x80 | (query[2] & 1) | (cut ? 2 : 0));
        out[3] = 0x80;
        if (cut)
                return end;
        out[7] = 1;
        if (!begins_with(query, "big")) {
                memcpy(out + end, record, sizeof record);
                return end + sizeof record;
        }
        memcpy(out + end, text, sizeof text); /* a TXT record: strings of 249 bytes */
        end += sizeof text;
        out[end++] = BIG >> 8;
        out[end++] = BIG & 0xff;
        for (unsigned i = 0; i < BIG; i++)
                out[end++] = i % 250 ? 'x' : 249;
        return end;
}

static void answer_datagram(struct forwarder *forwarder, const uint8_t *query, size_t len, uint16_t port)
{
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
        uint8_t out[ROOM];

        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        sendto(forwarder->udp, out, answer(query, len, true, out), 0, (struct sockaddr *)&to, sizeof to);
}

static void take_datagram(struct forwarder *forwarder)
{
        uint8_t query[512];
        struct sockaddr_in from;
        socklen_t from_len = sizeof from;
        ssize_t len = recvfrom(forwarder->udp, query, sizeof query, 0, (struct sockaddr *)&from, &from_len);

        if (len < HEADER || !question_end(query, (size_t)len))
                return;
        forwarder->questions++;
        if (!begins_with(query, "slow")) {
                answer_datagram(forwarder, query, (size_t)len, ntohs(from.sin_port));
        } else if (forwarder->held_count < FORWARDER_HELD_MAX) {
                unsigned i = forwarder->held_count;

                memcpy(forwarder->held[i].bytes, query, (size_t)len);
                forwarder->held[i].len = (uint16_t)len;
                forwarder->held[i].port = ntohs(from.sin_port);
                forwarder->held_count++;
        }
}

/* One whole message at a time: cairnd writes each in one piece. */
static void take_message(struct forwarder *forwarder, unsigned i)
{
        int *stream = &forwarder->stream[i];
        uint8_t query[512], out[ROOM];
        ssize_t len = recv(*stream, query, 2, MSG_WAITALL);
        size_t want = len == 2 ? (size_t)(query[0] << 8 | query[1]) : 0;

        bool complete = want >= HEADER && want <= sizeof query && recv(*stream, query, want, MSG_WAITALL) == (ssize_t)want;
        if (!complete || (forwarder->answered[i] && begins_with(query, "cutbye"))) {
                close(*stream);
                *stream = -1;
                return;
        }
        forwarder->questions++;
        forwarder->answered[i]++;
        size_t out_len = answer(query, want, false, out + 2);
        out[0] = (uint8_t)(out_len >> 8);
        out[1] = (uint8_t)out_len;
        send(*stream, out, out_len + 2, MSG_NOSIGNAL);
}

static void take_connection(struct forwarder *forwarder)
{
        int fd = accept(forwarder->tcp, NULL, NULL);

        forwarder->connections++;
        for (unsigned i = 0; i < FORWARDER_STREAMS; i++) {
                if (forwarder->stream[i] < 0) {
                        forwarder->stream[i] = fd;
                        forwarder->answered[i] = 0;
                        return;
                }
        }
        close(fd);
}

static bool take_order(struct forwarder *forwarder)
{
        char order = 'q';

        (void)!read(forwarder->orders[0], &order, 1);
        for (unsigned i = 0; i < forwarder->held_count; i++)
                answer_datagram(forwarder, forwarder->held[i].bytes, forwarder->held[i].len, forwarder->held[i].port);
        forwarder->held_count = 0;
        return order != 'q';
}

static void *forwarder_run(void *argument)
{
        struct forwarder *forwarder = argument;
        bool going = true;

        while (going) {
                struct pollfd wait[3 + FORWARDER_STREAMS] = { { .fd = forwarder->orders[0], .events = POLLIN },
                                                              { .fd = forwarder->udp, .events = POLLIN },
                                                              { .fd = forwarder->tcp, .events = POLLIN } };

                for (unsigned i = 0; i < FORWARDER_STREAMS; i++)
                        wait[3 + i] = (struct pollfd){ .fd = forwarder->stream[i], .events = POLLIN };
                poll(wait, 3 + FORWARDER_STREAMS, -1);
                if (wait[1].revents)
                        take_datagram(forwarder);
                for (unsigned i = 0; i < FORWARDER_STREAMS; i++) {
                        if (wait[3 + i].revents)
                                take_message(forwarder, i);
                }
                if (wait[2].revents)
                        take_connection(forwarder);
                if (wait[0].revents)
                        going = take_order(forwarder);
        }
        return NULL;
}

static int bound(int type, uint16_t port)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
        int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), yes = 1;

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        return fd;
}

void forwarder_start(struct forwarder *forwarder)
{
        memset(forwarder, 0, sizeof *forwarder);
        forwarder->port = free_port();
        forwarder->udp = bound(SOCK_DGRAM, forwarder->port);
        forwarder->tcp = bound(SOCK_STREAM, forwarder->port);
        assert_int_equal(listen(forwarder->tcp, 16), 0);
        assert_int_equal(pipe(forwarder->orders), 0);
        for (unsigned i = 0; i < FORWARDER_STREAMS; i++)
                forwarder->stream[i] = -1;
        assert_int_equal(pthread_create(&forwarder->thread, NULL, forwarder_run, forwarder), 0);
}

void forwarder_release(struct forwarder *forwarder)
{
        assert_int_equal(write(forwarder->orders[1], "r", 1), 1);
}

void forwarder_stop(struct forwarder *forwarder)
{
        assert_int_equal(write(forwarder->orders[1], "q", 1), 1);
        pthread_join(forwarder->thread, NULL);
        for (unsigned i = 0; i < FORWARDER_STREAMS; i++) {
                if (forwarder->stream[i] >= 0)
                        close(forwarder->stream[i]);
        }
        close(forwarder->udp);
        close(forwarder->tcp);
        close(forwarder->orders[0]);
        close(forwarder->orders[1]);
}
