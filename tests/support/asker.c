#include "asker.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { HEADER = 12, TYPE_A = 1, ROOM = 65535 };

size_t make_query(uint8_t *out, uint16_t id, const char *name)
{
        const uint8_t header[HEADER] = { (uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1 };
        static const uint8_t end[] = { 0, 0, TYPE_A, 0, 1 };
        uint8_t *at = out + HEADER;

        memcpy(out, header, HEADER);
        while (*name) {
                size_t len = strcspn(name, ".");

                *at++ = (uint8_t)len;
                memcpy(at, name, len);
                at += len;
                name += len + (name[len] == '.');
        }
        memcpy(at, end, sizeof end);
        return (size_t)(at - out) + sizeof end;
}

static socklen_t address_of(const char *text, uint16_t port, struct sockaddr_storage *out)
{
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
        struct sockaddr_in *four = (struct sockaddr_in *)out;

        memset(out, 0, sizeof *out);
        if (strchr(text, ':')) {
                six->sin6_family = AF_INET6;
                six->sin6_port = htons(port);
                assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
                return sizeof *six;
        }
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        assert_int_equal(inet_pton(AF_INET, text, &four->sin_addr), 1);
        return sizeof *four;
}

static int connected(int type, const char *from, const char *to, uint16_t port)
{
        struct sockaddr_storage address;
        socklen_t len = address_of(to, port, &address);
        int fd = socket(address.ss_family, type | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        if (from) {
                struct sockaddr_storage source;
                socklen_t source_len = address_of(from, 0, &source);

                assert_int_equal(bind(fd, (struct sockaddr *)&source, source_len), 0);
        }
        assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
        return fd;
}

int udp_to(const char *to, uint16_t port)
{
        return connected(SOCK_DGRAM, NULL, to, port);
}

int tcp_to(const char *from, const char *to, uint16_t port)
{
        return connected(SOCK_STREAM, from, to, port);
}

void udp_ask(int fd, uint16_t id, const char *name)
{
        uint8_t query[512];

        (void)send(fd, query, make_query(query, id, name), 0);
}

void tcp_ask(int fd, uint16_t id, const char *name)
{
        uint8_t query[514];
        size_t len = make_query(query + 2, id, name);

        query[0] = (uint8_t)(len >> 8);
        query[1] = (uint8_t)len;
        (void)send(fd, query, len + 2, MSG_NOSIGNAL);
}

static bool readable(int fd, int patience_ms)
{
        struct pollfd wait = { .fd = fd, .events = POLLIN };

        return poll(&wait, 1, patience_ms) == 1;
}

int udp_hear(int fd, int patience_ms, unsigned *rcode)
{
        static uint8_t answer[ROOM];

        if (!readable(fd, patience_ms) || recv(fd, answer, sizeof answer, 0) < HEADER)
                return NOTHING;
        if (rcode)
                *rcode = answer[3] & 0xf;
        return answer[0] << 8 | answer[1];
}

/* All of it, or false at the end of the connection. */
static bool receive(int fd, uint8_t *to, size_t len)
{
        return recv(fd, to, len, MSG_WAITALL) == (ssize_t)len;
}

int tcp_hear(int fd, int patience_ms)
{
        static uint8_t answer[ROOM];
        uint8_t len[2];

        if (!readable(fd, patience_ms))
                return NOTHING;
        if (!receive(fd, len, 2) || !receive(fd, answer, (size_t)(len[0] << 8 | len[1])))
                return CLOSED;
        return answer[0] << 8 | answer[1];
}

unsigned udp_rcode(uint16_t port, const char *name)
{
        int fd = udp_to("127.0.0.1", port);
        unsigned rcode = 0;

        udp_ask(fd, 1, name);
        assert_int_equal(udp_hear(fd, ASKER_PATIENCE_MS, &rcode), 1);
        close(fd);
        return rcode;
}

bool udp_works(int fd, uint16_t id, const char *name)
{
        unsigned rcode = 0;

        udp_ask(fd, id, name);
        return udp_hear(fd, ASKER_PATIENCE_MS, &rcode) == id && rcode == 0;
}

bool tcp_works(int fd, uint16_t id, const char *name)
{
        tcp_ask(fd, id, name);
        return tcp_hear(fd, ASKER_PATIENCE_MS) == id;
}
