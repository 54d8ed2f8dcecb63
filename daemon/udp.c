/* Batches of datagrams: the buffers, the headers that point into them, and the control messages beside them. */
#include "udp.h"
#include "config/limits.h"
#include "socket.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

enum {
        UDP_IN_ROOM = LIMIT_QUERY_BYTES + 1, /* one more, so that a longer one is noticed */
        CONTROL_ROOM = 128,                  /* a timestamp and a destination need 72 */
};

/* Room for control messages, aligned as the kernel writes them. */
union control {
        struct cmsghdr align;
        uint8_t bytes[CONTROL_ROOM];
};

struct udp_in {
        unsigned spent; /* headers that the kernel has written to since they were armed, from the first on */
        struct mmsghdr header[UDP_BATCH];
        struct iovec piece[UDP_BATCH];
        struct sockaddr_storage sender[UDP_BATCH];
        union control control[UDP_BATCH];
        struct datagram datagram[UDP_BATCH];
        uint8_t bytes[UDP_BATCH][UDP_IN_ROOM];
};

struct udp_out {
        unsigned count;
        size_t used; /* of bytes */
        int fd; /* of all that is queued */
        struct mmsghdr header[UDP_BATCH];
        struct iovec piece[UDP_BATCH];
        struct sockaddr_storage peer[UDP_BATCH];
        union control control[UDP_BATCH];
        uint8_t bytes[UDP_BATCH * UDP_OUT_ROOM]; /* one behind the other: short answers fill few pages */
};

/* --- In ----------------------------------------------------------------------------------------------------------- */

struct udp_in *udp_in_new(void)
{
        struct udp_in *in = calloc(1, sizeof *in);

        if (!in)
                return NULL;
        for (unsigned i = 0; i < UDP_BATCH; i++) {
                in->piece[i] = (struct iovec){ .iov_base = in->bytes[i], .iov_len = UDP_IN_ROOM };
                in->header[i].msg_hdr.msg_name = &in->sender[i];
                in->header[i].msg_hdr.msg_iov = &in->piece[i];
                in->header[i].msg_hdr.msg_iovlen = 1;
                in->header[i].msg_hdr.msg_control = in->control[i].bytes;
        }
        in->spent = UDP_BATCH;
        return in;
}

void udp_in_free(struct udp_in *in)
{
        free(in);
}

/* The kernel writes these lengths; they say again how much room there is. */
static void rearm(struct udp_in *in)
{
        for (unsigned i = 0; i < in->spent; i++) {
                in->header[i].msg_hdr.msg_namelen = sizeof in->sender[i];
                in->header[i].msg_hdr.msg_controllen = sizeof in->control[i];
        }
}

/* Where a datagram was sent to and when it arrived, as far as the kernel says so. */
static void read_control(struct msghdr *header, const struct clock *clock, struct address *local, uint64_t *arrived_us)
{
        for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
                const void *data = CMSG_DATA(c);

                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
                        struct timespec stamp;

                        memcpy(&stamp, data, sizeof stamp);
                        *arrived_us = clock_arrival_us(clock, &stamp);
                } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
                        const struct in_pktinfo *info = data;

                        *local = address_from((const uint8_t *)&info->ipi_addr, 4);
                } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
                        const struct in6_pktinfo *info = data;

                        *local = address_from((const uint8_t *)&info->ipi6_addr, 16);
                }
        }
}

/* One received datagram; false if it is not worth a look: too long, or from where no answer can go. */
static bool read_datagram(struct udp_in *in, unsigned i, const struct clock *clock, struct datagram *out)
{
        struct msghdr *header = &in->header[i].msg_hdr;
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&in->sender[i];

        if (header->msg_flags & MSG_TRUNC || in->header[i].msg_len > LIMIT_QUERY_BYTES ||
            !socket_endpoint(&in->sender[i], &out->path.peer) || out->path.peer.port == 0)
                return false;
        out->path.scope = out->path.peer.address.family == 6 ? six->sin6_scope_id : 0;
        out->arrived_us = clock->now.mono_us;
        out->bytes = in->bytes[i];
        out->len = in->header[i].msg_len;
        read_control(header, clock, &out->path.local, &out->arrived_us);
        return true;
}

size_t udp_receive(struct udp_in *in, const struct udp_path *at, unsigned max, const struct clock *clock,
                   const struct datagram **list, bool *more)
{
        size_t count = 0;

        rearm(in);
        int got = recvmmsg(at->fd, in->header, max, MSG_DONTWAIT, NULL);
        in->spent = got > 0 ? (unsigned)got : 0;
        for (unsigned i = 0; i < in->spent; i++) {
                in->datagram[count].path = *at;
                if (read_datagram(in, i, clock, &in->datagram[count]))
                        count++;
        }
        *more = in->spent == max;
        *list = in->datagram;
        return count;
}

ssize_t udp_receive_one(int fd, const struct clock *clock, uint8_t *room, size_t size, struct endpoint *from,
                        uint64_t *arrived_us)
{
        struct sockaddr_storage sender;
        union control control;
        struct address unused;
        struct iovec piece = { .iov_base = room, .iov_len = size };
        struct msghdr header = { .msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &piece, .msg_iovlen = 1,
                                 .msg_control = control.bytes, .msg_controllen = sizeof control };
        ssize_t len = recvmsg(fd, &header, MSG_DONTWAIT);

        if (len < 0 && errno == ECONNREFUSED) /* told once; a reply may still be behind it */
                len = recvmsg(fd, &header, MSG_DONTWAIT);
        if (len < 0 || !socket_endpoint(&sender, from))
                return -1;
        *arrived_us = clock->now.mono_us;
        read_control(&header, clock, &unused, arrived_us);
        return len;
}

/* --- Out ---------------------------------------------------------------------------------------------------------- */

struct udp_out *udp_out_new(void)
{
        struct udp_out *out = calloc(1, sizeof *out);

        if (!out)
                return NULL;
        for (unsigned i = 0; i < UDP_BATCH; i++) {
                out->header[i].msg_hdr.msg_name = &out->peer[i];
                out->header[i].msg_hdr.msg_iov = &out->piece[i];
                out->header[i].msg_hdr.msg_iovlen = 1;
                out->header[i].msg_hdr.msg_control = out->control[i].bytes;
        }
        return out;
}

void udp_out_free(struct udp_out *out)
{
        free(out);
}

/* Say which of our addresses the datagram shall leave from, if the socket has more than one. */
static void write_control(struct msghdr *header, const struct udp_path *path)
{
        struct cmsghdr *c = header->msg_control;
        size_t len;

        header->msg_controllen = 0;
        if (!path->of_many)
                return;
        if (path->local.family == 6) {
                struct in6_pktinfo info = { .ipi6_ifindex = path->scope };

                memcpy(&info.ipi6_addr, path->local.bytes, 16);
                len = sizeof info;
                c->cmsg_level = IPPROTO_IPV6;
                c->cmsg_type = IPV6_PKTINFO;
                memcpy(CMSG_DATA(c), &info, len);
        } else {
                struct in_pktinfo info = { .ipi_ifindex = 0 };

                memcpy(&info.ipi_spec_dst, path->local.bytes, 4);
                len = sizeof info;
                c->cmsg_level = IPPROTO_IP;
                c->cmsg_type = IP_PKTINFO;
                memcpy(CMSG_DATA(c), &info, len);
        }
        c->cmsg_len = CMSG_LEN(len);
        header->msg_controllen = CMSG_SPACE(len);
}

/* A datagram too long for the batch, now. Settings that allow such answers are rare, so it may cost a system call. */
static void send_alone(const struct udp_path *path, const uint8_t *bytes, size_t len)
{
        struct sockaddr_storage peer;
        union control control = { 0 };
        struct iovec piece = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
        struct msghdr header = { .msg_name = &peer, .msg_namelen = socket_address(&path->peer, path->scope, &peer),
                                 .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes };

        write_control(&header, path);
        (void)sendmsg(path->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void udp_send(struct udp_out *out, const struct udp_path *path, const uint8_t *bytes, size_t len)
{
        if (len > UDP_OUT_ROOM) {
                send_alone(path, bytes, len);
                return;
        }
        if (out->count == UDP_BATCH || (out->count && out->fd != path->fd))
                udp_flush(out);
        unsigned i = out->count++;
        struct msghdr *header = &out->header[i].msg_hdr;

        out->fd = path->fd;
        out->piece[i] = (struct iovec){ .iov_base = out->bytes + out->used, .iov_len = len };
        memcpy(out->piece[i].iov_base, bytes, len);
        out->used += len;
        header->msg_namelen = socket_address(&path->peer, path->scope, &out->peer[i]);
        write_control(header, path);
}

void udp_flush(struct udp_out *out)
{
        unsigned at = 0;

        while (at < out->count) {
                int sent = sendmmsg(out->fd, out->header + at, out->count - at, MSG_DONTWAIT | MSG_NOSIGNAL);

                if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
                        break;
                at += sent > 0 ? (unsigned)sent : 1; /* the one that cannot be sent must not hold up the others */
        }
        out->count = 0;
        out->used = 0;
}
