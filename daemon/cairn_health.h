#pragma once
/*
 * `cairn health`: does the daemon answer? For HEALTHCHECK in a container and its like.
 *
 * The question is for localhost, which a resolver answers by itself (RFC 6761 6.3), so that no outage of the network
 * makes a sound daemon look ill.
 */
#include <stdbool.h>

/** Over the control socket: through the control thread, a worker and its resolver. Says on stderr what is wrong. */
bool health_by_socket(const char *path);

/** Over UDP, as a client would: `where` is ADDRESS or ADDRESS@PORT. Says on stderr what is wrong. */
bool health_by_udp(const char *where);
