/* Sockets and their options. */
#include "socket.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

enum {
        LISTEN_BACKLOG = 256,
        LISTEN_BUFFER = 4 << 20, /* a second of questions at full speed; the kernel may grant less */
};

socklen_t socket_address(const struct endpoint *endpoint, uint32_t scope, struct sockaddr_storage *out)
{
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
        struct sockaddr_in *four = (struct sockaddr_in *)out;

        switch (endpoint->address.family) {
        case 4:
                *four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
                memcpy(&four->sin_addr, endpoint->address.bytes, 4);
                return sizeof *four;
        case 6:
                *six = (struct sockaddr_in6){
                        .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port), .sin6_scope_id = scope,
                };
                memcpy(&six->sin6_addr, endpoint->address.bytes, 16);
                return sizeof *six;
        }
        return 0;
}

bool socket_endpoint(const struct sockaddr_storage *address, struct endpoint *out)
{
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        const struct sockaddr_in *four = (const struct sockaddr_in *)address;

        /* getifaddrs() packs addresses more tightly than a sockaddr_storage may stand. */
        switch (((const struct sockaddr *)address)->sa_family) {
        case AF_INET:
                out->address = address_from((const uint8_t *)&four->sin_addr, 4);
                out->port = ntohs(four->sin_port);
                return true;
        case AF_INET6:
                out->address = address_from((const uint8_t *)&six->sin6_addr, 16);
                out->port = ntohs(six->sin6_port);
                return true;
        }
        return false;
}

static int system_family(const struct address *address)
{
        return address->family == 6 ? AF_INET6 : AF_INET;
}

bool socket_family_works(uint8_t family)
{
        int fd = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return errno != EAFNOSUPPORT;
        close(fd);
        return true;
}

/* Set an option of int value. Best effort: an old kernel or a sandbox without one of them is no reason not to serve. */
static void option(int fd, int level, int name, int value)
{
        (void)setsockopt(fd, level, name, &value, sizeof value);
}

static int socket_new(const struct address *address, int type)
{
        int fd = socket(system_family(address), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        if (address->family == 6) /* IPv4 has sockets of its own, so that each address is what it looks like */
                option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        return fd;
}

static int socket_bind(int fd, const struct endpoint *at)
{
        struct sockaddr_storage address;
        socklen_t len = socket_address(at, 0, &address);

        return bind(fd, (struct sockaddr *)&address, len) ? -errno : 0;
}

/* Close what could not be set up, keeping the reason. */
static int give_up(int fd, int reason)
{
        close(fd);
        return reason;
}

/*
 * Do not let the path MTU be talked down by forged ICMP messages, nor send fragments that others can complete: OMIT
 * uses the interface's MTU and ignores what is claimed about the path (RFC 9715 section 3.1).
 */
static void option_no_fragments(int fd, const struct address *address)
{
        if (address->family == 6)
                option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
        else
                option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
}

/* Ask the kernel to say which of our addresses a datagram was sent to: the answer must come from there. */
static void option_say_destination(int fd, const struct address *address)
{
        if (address->family == 6)
                option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
        else
                option(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

int socket_listen_udp(const struct endpoint *at)
{
        int fd = socket_new(&at->address, SOCK_DGRAM);

        if (fd < 0)
                return fd;
        option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
        option(fd, SOL_SOCKET, SO_RCVBUF, LISTEN_BUFFER);
        option(fd, SOL_SOCKET, SO_RCVBUFFORCE, LISTEN_BUFFER); /* beyond rmem_max, for those who may */
        option(fd, SOL_SOCKET, SO_SNDBUF, LISTEN_BUFFER);
        if (address_is_any(&at->address)) /* another one is bound to the only address it can be */
                option_say_destination(fd, &at->address);
        option_no_fragments(fd, &at->address);
        int failed = socket_bind(fd, at);
        return failed ? give_up(fd, failed) : fd;
}

void socket_say_arrival(int fd, bool yes)
{
        option(fd, SOL_SOCKET, SO_TIMESTAMPNS, yes);
}

int socket_listen_tcp(const struct endpoint *at)
{
        int fd = socket_new(&at->address, SOCK_STREAM);

        if (fd < 0)
                return fd;
        option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
        option(fd, IPPROTO_TCP, TCP_FASTOPEN, LISTEN_BACKLOG);
        int failed = socket_bind(fd, at);
        if (!failed && listen(fd, LISTEN_BACKLOG))
                failed = -errno;
        return failed ? give_up(fd, failed) : fd;
}

int socket_probe(const struct endpoint *at, int type)
{
        int fd = socket_new(&at->address, type);

        if (fd < 0)
                return fd;
        if (type == SOCK_STREAM) /* connections of an earlier life may still be fading (TIME_WAIT) */
                option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        int failed = socket_bind(fd, at);
        close(fd);
        return failed;
}

int socket_source(const struct endpoint *source)
{
        int fd = socket_new(&source->address, SOCK_DGRAM);

        if (fd < 0)
                return fd;
        socket_say_arrival(fd, true);
        option_no_fragments(fd, &source->address);
        int failed = socket_bind(fd, source);
        return failed ? give_up(fd, failed) : fd;
}

int socket_connect_tcp(const struct endpoint *to, const struct address *source)
{
        struct sockaddr_storage address;
        socklen_t len = socket_address(to, 0, &address);
        int fd = socket_new(&to->address, SOCK_STREAM);
        int failed = 0;

        if (fd < 0)
                return fd;
        option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        if (source->family) {
                option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
                failed = socket_bind(fd, &(struct endpoint){ .address = *source });
        }
        if (!failed && connect(fd, (struct sockaddr *)&address, len) && errno != EINPROGRESS)
                failed = -errno;
        return failed ? give_up(fd, failed) : fd;
}
