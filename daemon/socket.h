#pragma once
/*
 * Sockets as this daemon wants them: addresses in the kernel's form, and each kind of socket opened with its options.
 *
 * All are non-blocking and close on exec. What is done with them afterwards is the business of udp.c, stream.c,
 * ports.c.
 */
#include "base/address.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/**
 * Write the kernel's form; returns its length, 0 for no address. scope: the interface of a link-local address, or 0.
 */
socklen_t socket_address(const struct endpoint *endpoint, uint32_t scope, struct sockaddr_storage *out);

/** Read the kernel's form; false for a family that is neither IPv4 nor IPv6. */
bool socket_endpoint(const struct sockaddr_storage *address, struct endpoint *out);

/** Is this kind of address to be had here (false without IPv6)? */
bool socket_family_works(uint8_t family);

/**
 * A socket for questions over UDP or connections over TCP, bound to an endpoint that other workers share
 * (SO_REUSEPORT). Returns a descriptor, or -errno.
 */
int socket_listen_udp(const struct endpoint *at);
int socket_listen_tcp(const struct endpoint *at);

/** From now on the kernel says with each datagram when it arrived, or not any more. It costs 3 % of a cached answer. */
void socket_say_arrival(int fd, bool yes);

/** Could this endpoint be bound if it were not shared? 0, or -errno: -EADDRINUSE when somebody else has it. */
int socket_probe(const struct endpoint *at, int type);

/** An unconnected socket for one message to a server, bound to a source address and port. A descriptor, or -errno. */
int socket_source(const struct endpoint *source);

/** Begin a connection to a server from a source address (family 0: any). A descriptor that is connecting, or -errno. */
int socket_connect_tcp(const struct endpoint *to, const struct address *source);
