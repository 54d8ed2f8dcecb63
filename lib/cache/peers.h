#pragma once
/*
 * What this worker knows of the servers it met lately, in front of the store.
 *
 * A server's round-trip time changes with every reply; writing each change to the store would be most of its writes. So
 * notes live here, the most recent ten thousand, and go to the store when they have changed and have not been written
 * for a while, or when they are pushed out.
 */
#include "base/address.h"
#include "base/err.h"
#include "base/map.h"
#include "cache/entry.h"
#include <stdbool.h>
#include <stdint.h>

enum {
        PEERS_MAX = 10000,
        PEERS_WRITE_S = 10,   /* a changed note is written this long after the last time */
        PEERS_WRITE_MAX = 64, /* of them in one batch */
};

struct peer;

/** Where a note goes that is to be kept: the batch. */
typedef void peers_write(void *context, const struct address *address, const struct server_note *note);

struct peers {
        struct map map;
        struct peer *oldest_change, *newest_change; /* changed and not written, in the order of the change */
        peers_write *write;
        void *context;
};

/** ERR_MEMORY. */
MUST_USE enum err peers_init(struct peers *peers, const uint8_t secret[SIPHASH_KEY_LEN], peers_write *write,
                             void *context);

/** What is not written yet is lost: flush before, if it matters. */
void peers_fini(struct peers *peers);

bool peers_get(struct peers *peers, const struct address *address, struct server_note *out);

/** Remember. changed: the store has not got it yet. Out of memory: forgotten, or written at once if it is changed. */
void peers_put(struct peers *peers, const struct address *address, const struct server_note *note, bool changed,
               uint64_t now_s);

/** Write what changed before PEERS_WRITE_S seconds or earlier, at most PEERS_WRITE_MAX notes. */
void peers_flush(struct peers *peers, uint64_t now_s);

/** Forget all of them. */
void peers_clear(struct peers *peers);
