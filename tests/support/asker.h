#pragma once
/*
 * A client on loopback: questions over UDP and TCP, each told apart by its ID.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ASKER_PATIENCE_MS = 8000, NOTHING = -1, CLOSED = -2 };

/** A query for A with RD. Returns its length, at most 512. */
size_t make_query(uint8_t *out, uint16_t id, const char *name);

/** A connected socket to an address (IPv4 or IPv6 text); from: our address, or NULL. */
int udp_to(const char *to, uint16_t port);
int tcp_to(const char *from, const char *to, uint16_t port);

void udp_ask(int fd, uint16_t id, const char *name);
void tcp_ask(int fd, uint16_t id, const char *name);

/** The ID of the next answer; NOTHING after this time, CLOSED when the connection ended. *rcode may be NULL. */
int udp_hear(int fd, int patience_ms, unsigned *rcode);
int tcp_hear(int fd, int patience_ms);

/** Ask on 127.0.0.1, from a port of its own: the rcode. Fails the test where nothing is heard. */
unsigned udp_rcode(uint16_t port, const char *name);

/** Ask and hear: is there an answer with NOERROR? */
bool udp_works(int fd, uint16_t id, const char *name);
bool tcp_works(int fd, uint16_t id, const char *name);
