#pragma once
/*
 * Connections to servers, kept and shared: many exchanges with a server go over one connection (RFC 7766 section
 * 6.2.1), told apart by the ID of their message, which is unique on its connection.
 */
#include "stream.h"
#include "upstream.h"

enum { TRUNKS_MAX = 256, TRUNK_EXCHANGES = 32, TRUNK_CONNECT_MS = 3000 };

extern const struct stream_manners trunk_manners;

/** Send over a connection to exchange->to, opening one if need be. 0, or an errno. */
int trunk_send(struct exchange *exchange, const uint8_t *bytes, size_t len);

/** The exchange wants nothing of its connection any more. */
void trunk_leave(struct exchange *exchange);

/** Close all connections; they carry nothing any more. */
void trunks_close(struct upstream *upstream);
