#include "cairn_health.h"

#include "base/address.h"
#include "cairn_trace.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 3, DNS_PORT = 53 };

bool health_by_socket(const char *path)
{
        static const char *const words[] = { "trace", "localhost.", "A" };
        struct channel channel;
        bool well = channel_ask(&channel, path, 3, words) && trace_skip(&channel);

        channel_close(&channel);
        return well;
}

static bool complain(const char *where, const char *what)
{
        fprintf(stderr, "cairn: %s: %s\n", where, what);
        return false;
}

static socklen_t socket_address(const struct endpoint *endpoint, struct sockaddr_storage *out)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port) };

        if (endpoint->address.family == 4) {
                memcpy(&v4.sin_addr, endpoint->address.bytes, sizeof v4.sin_addr);
                memcpy(out, &v4, sizeof v4);
                return sizeof v4;
        }
        memcpy(&v6.sin6_addr, endpoint->address.bytes, sizeof v6.sin6_addr);
        memcpy(out, &v6, sizeof v6);
        return sizeof v6;
}

/* Is localhost. A answered over this connected socket? Anything with our ID that is a response will do. */
static bool exchange(int fd)
{
        static const uint8_t query[] = {
                0xca, 0x1f, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, /* ID, RD, one question */
                9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0, 0, 1, 0, 1,
        };
        uint8_t reply[512];

        if (send(fd, query, sizeof query, 0) != (ssize_t)sizeof query)
                return false;
        ssize_t len = recv(fd, reply, sizeof reply, 0);

        return len >= 12 && memcmp(reply, query, 2) == 0 && (reply[2] & 0x80) != 0;
}

bool health_by_udp(const char *where)
{
        struct timeval patience = { .tv_sec = PATIENCE_S };
        struct sockaddr_storage address;
        struct endpoint endpoint;

        if (endpoint_parse(where, DNS_PORT, &endpoint) != ERR_OK)
                return complain(where, "this is not ADDRESS or ADDRESS@PORT");
        socklen_t len = socket_address(&endpoint, &address);
        int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return complain(where, strerror(errno));
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        bool well = connect(fd, (struct sockaddr *)&address, len) == 0 && exchange(fd);

        if (!well)
                complain(where, errno == EAGAIN || errno == 0 ? "no answer" : strerror(errno));
        close(fd);
        return well;
}
