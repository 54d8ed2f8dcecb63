#pragma once
/*
 * Datagrams in batches, both directions.
 *
 * One system call takes up to 64 datagrams off a socket (recvmmsg), one sends up to 64 (sendmmsg). Each datagram comes
 * with the address it was sent to, so that its answer can leave from there, also when the socket is bound to all
 * addresses; and with the kernel's word on when it arrived, where the socket asks for that, so that the time a question
 * waits for us is seen.
 */
#include "base/address.h"
#include "clock.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
        UDP_BATCH = 64,
        UDP_OUT_ROOM = 4096, /* the longest datagram that can wait in a batch; longer ones leave alone */
};

/* The way of an answer back to who asked. */
struct udp_path {
        int fd;
        uint32_t scope;         /* interface of a link-local peer, else 0 */
        struct endpoint peer;
        struct address local;   /* the address that was asked */
        bool of_many;           /* the socket has all addresses: the answer has to say that it leaves from local */
};

struct datagram {
        struct udp_path path;
        uint64_t arrived_us;    /* monotonic */
        const uint8_t *bytes;
        size_t len;
};

struct udp_in;  /* buffers of one batch in */
struct udp_out; /* buffers of one batch out */

/** NULL when out of memory. */
struct udp_in *udp_in_new(void);
void udp_in_free(struct udp_in *in);

/**
 * Take what has arrived on a socket. Datagrams that are longer than a query may be, from port 0, or from addresses of
 * no known family are left out.
 *
 *   at     in   the socket, and the address it is bound to; nobody is the peer
 *   max    in   how many to take; UDP_BATCH at most
 *   more   out  true: so many there were, more may be waiting
 *
 * Returns how many there are in *list, which stays valid until the next call.
 */
size_t udp_receive(struct udp_in *in, const struct udp_path *at, unsigned max, const struct clock *clock,
                   const struct datagram **list, bool *more);

/** NULL when out of memory. */
struct udp_out *udp_out_new(void);
void udp_out_free(struct udp_out *out);

/** Queue a datagram; the bytes are copied. It leaves with udp_flush(), or now when the batch is full. */
void udp_send(struct udp_out *out, const struct udp_path *path, const uint8_t *bytes, size_t len);

/** Send what is queued. What the kernel does not take is lost, as datagrams may be. */
void udp_flush(struct udp_out *out);

/**
 * Take one datagram off a connected socket, with its sender and arrival time. Returns its length; -1: there is none.
 * An ICMP error that waits in the socket is taken and ignored: anyone could have sent it (security: side channels).
 */
ssize_t udp_receive_one(int fd, const struct clock *clock, uint8_t *room, size_t size, struct endpoint *from,
                        uint64_t *arrived_us);
