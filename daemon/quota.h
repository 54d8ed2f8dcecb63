#pragma once
/*
 * Connections of clients, counted for the whole process: how many there are, and how many each client has. Workers
 * share one quota, as the kernel spreads the connections of one client over all of them. It is locked, but touched
 * only when a connection begins or ends.
 */
#include "base/address.h"
#include "base/err.h"
#include "base/map.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct quota {
        pthread_mutex_t lock;
        struct map clients; /* struct share by prefix */
        _Atomic unsigned count;
        unsigned max;
};

/** For at most max connections. ERR_MEMORY. */
MUST_USE enum err quota_init(struct quota *quota, unsigned max, const uint8_t secret[SIPHASH_KEY_LEN]);
void quota_fini(struct quota *quota);

/** Take a place. ERR_LIMIT: this client has as many as one may have; ERR_FULL: there is none left; ERR_MEMORY. */
MUST_USE enum err quota_enter(struct quota *quota, const struct address *client);

/** Give a place back. */
void quota_leave(struct quota *quota, const struct address *client);

/** Percent of the places taken. */
unsigned quota_percent(const struct quota *quota);

/** What counts as one client: an IPv4 address, or the first 56 bits of an IPv6 address. */
struct address client_prefix(const struct address *address);
