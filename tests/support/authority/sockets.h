#pragma once
/*
 * The lab on real sockets: UDP and TCP on every server's address, one port, one thread, epoll.
 */
#include "authority.h"

struct sockets;

/**
 * Bind every address of the lab. An IPv4 address that cannot be bound is a failure; an IPv6 one is left out with a line
 * on standard error, since a machine may have none. NULL, and complaint says why.
 */
struct sockets *sockets_open(struct authority *authority, uint16_t port, char complaint[AUTHORITY_COMPLAINT_MAX]);

/** Serve until this descriptor (a signalfd, say) is readable; -1 on a failure of epoll, with errno, else 0. */
int sockets_serve(struct sockets *sockets, int until_readable);

/** Put another lab in place of the one served. It must have the same addresses. */
void sockets_exchange(struct sockets *sockets, struct authority *authority);

void sockets_close(struct sockets *sockets);
