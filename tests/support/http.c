#include "http.h"
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

int http_connect(uint16_t port)
{
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        return fd;
}

void http_send(int fd, const char *bytes, size_t len)
{
        while (len) {
                ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

                if (sent < 0) /* the server has heard enough */
                        return;
                bytes += sent;
                len -= (size_t)sent;
        }
}

size_t http_read(int fd, char *room, size_t size)
{
        size_t len = 0;
        ssize_t got;

        while (len + 1 < size && (got = recv(fd, room + len, size - 1 - len, 0)) > 0)
                len += (size_t)got;
        close(fd);
        room[len] = 0;
        return len;
}

unsigned http_ask(uint16_t port, const char *request, const char *lines, char *room, size_t size)
{
        char head[1024];
        int fd = http_connect(port);
        int len = snprintf(head, sizeof head, "%s HTTP/1.1\r\n%s\r\n", request, lines);

        http_send(fd, head, (size_t)len);
        if (http_read(fd, room, size) < 12 || memcmp(room, "HTTP/1.1 ", 9) != 0)
                return 0;
        return (unsigned)strtoul(room + 9, NULL, 10);
}

unsigned http_get(uint16_t port, const char *path, char *room, size_t size)
{
        char request[512], host[64];

        snprintf(request, sizeof request, "GET %s", path);
        snprintf(host, sizeof host, "Host: 127.0.0.1:%u\r\n", port);
        return http_ask(port, request, host, room, size);
}

const char *http_body(const char *answer)
{
        const char *end = strstr(answer, "\r\n\r\n");

        assert_non_null(end);
        return end + 4;
}
