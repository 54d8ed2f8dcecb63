#pragma once
/*
 * Messages to servers: out over a socket or a connection, and their replies back. One for each worker.
 *
 * An exchange is one message sent for the resolver (a flight, as it is called there) and the wait for what comes back.
 * It goes on listening after a reply, since the resolver may find that it was no reply, until the resolver recalls it.
 * Only a failure ends an exchange from our side. What fails at once is told at the end of the event that sent it, as
 * the resolver is not to be called while it hands out actions.
 */
#include "base/rng.h"
#include "poller.h"
#include "ports.h"
#include "resolver.h"
#include "stream.h"

struct settings;
struct trunk; /* trunk.h */
struct worker;

struct exchange {
        uint32_t flight;         /* the resolver's number */
        enum transport transport;
        struct endpoint to;
        struct trace_id trace;   /* of the first question that needs it */
        struct exchange *chain;  /* in the same bucket of the table */
        struct link link;        /* among those of its trunk, or among those that failed */
        enum failure failure;
        struct upstream *upstream;
        struct watch watch;      /* UDP */
        struct trunk *trunk;     /* TCP */
        uint16_t id;             /* TCP: of the message; replies come in any order */
        bool replied;            /* TCP: something came back */
        uint8_t *copy;           /* TCP: the message, while it may have to be sent over another connection */
        size_t copy_len;
};

enum { EXCHANGE_BUCKETS = 1024, EXCHANGES_MAX = 8192, UNSENT_MAX = 64 };

struct upstream {
        struct worker *worker;
        struct rng rng;
        struct ports ports;
        struct streams streams;
        struct link *trunks;      /* connections to servers */
        unsigned trunk_count;
        struct exchange *bucket[EXCHANGE_BUCKETS];
        unsigned count;
        struct link *failed;      /* exchanges; to be told */
        uint32_t unsent[UNSENT_MAX]; /* flights that there was no memory for; to be told, too */
        unsigned unsent_count;
        uint8_t *room;            /* a datagram is read to */
};

/** ERR_MEMORY. */
MUST_USE enum err upstream_init(struct upstream *upstream, struct worker *worker, const uint8_t seed[RNG_SEED_LEN]);

/** Close everything; nothing is told any more. */
void upstream_fini(struct upstream *upstream);

void upstream_adopt(struct upstream *upstream, const struct settings *settings);

/** ACTION_SEND. */
void upstream_send(struct upstream *upstream, const struct action *action);

/** ACTION_RECALL. */
void upstream_recall(struct upstream *upstream, uint32_t flight);

/** The next failure to tell the resolver about; false: none. */
bool upstream_next_failure(struct upstream *upstream, struct event *event);

/** End of a loop turn. */
void upstream_turn(struct upstream *upstream);

/* For trunk.c. */

/** A message came back for an exchange. */
void exchange_reply(struct exchange *exchange, const uint8_t *bytes, size_t len, uint64_t arrived_us);

/** Nothing can come back any more: the resolver will be told. */
void exchange_fail(struct exchange *exchange, enum failure why);
