#pragma once
/*
 * Connections that carry messages, both directions: framing by length (RFC 1035 4.2.2), patience, and queues with an
 * end.
 *
 * A stream cuts what arrives into messages and hands each to its owner (listen.c for clients, trunk.c for servers);
 * what the owner sends is queued and leaves once per turn of the loop, so that the answers to a burst of questions
 * share a segment. It takes no further message while too many questions are under way on it or while its peer does not
 * read; and it ends when its peer is slower than the limits allow. Answers leave in whatever order they come.
 *
 * A stream ends by itself, never inside a call of its owner: only streams_turn(), streams_expire() and the loop's
 * events call back.
 */
#include "base/timers.h"
#include "clock.h"
#include "poller.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;
struct streams;

enum stream_end {
        STREAM_CLOSED,      /* the peer, or the network, or its owner */
        STREAM_REFUSED,     /* the connection was refused */
        STREAM_UNREACHABLE, /* there is no way to the peer */
        STREAM_SLOW,        /* out of patience; while connecting: not up in time */
        STREAM_ABUSE,       /* a message longer than allowed, or a queue that is never read */
};

/* How the connections of one direction behave. */
struct stream_manners {
        size_t message_max;       /* longest message taken; a longer one ends the stream */
        unsigned under_way_max;   /* questions under way at which no more are taken */
        unsigned connect_ms;
        unsigned first_ms;        /* until the first message is complete; 0: no hurry */
        unsigned partial_ms;      /* until a message that began is complete */
        unsigned idle_ms;         /* without anything under way, or with a peer that does not read */
        bool peer_answers;        /* what is under way are answers of the peer: when it has said all, none will come */
        void (*message)(struct stream *stream, const uint8_t *bytes, size_t len);
        void (*ended)(struct stream *stream, enum stream_end why); /* the stream is closed; free it */
};

struct stream {
        struct watch watch;
        struct streams *set;
        struct timer timer;
        uint32_t events;        /* what the poller waits for */
        unsigned under_way;     /* questions; counted up by the owner, down by stream_done() */
        bool connecting;
        bool greeted;           /* a first message has come */
        bool peer_done;         /* the peer will send no more */
        bool doomed;            /* to be ended at the end of this turn, for this reason: */
        enum stream_end doom;
        uint64_t since_us;      /* when what the timer runs for began: connecting, a message, silence */
        uint8_t *in;            /* bytes that make no message yet, or may not be taken yet */
        size_t in_len;
        uint8_t *out;           /* framed messages: [out_at, out_len) is still to be sent */
        size_t out_at, out_len, out_room;
        struct link work;       /* among those with something to do at the end of the turn */
};

/* All connections of one direction of a worker. */
struct streams {
        struct poller *poller;
        const struct clock *clock;
        const struct stream_manners *manners;
        unsigned (*crowding)(void *context); /* percent of the places taken; NULL: does not matter */
        void *context;
        struct timers timers;
        struct link *work;      /* those with something to do at the end of this turn */
        uint8_t *scratch;       /* where bytes are read to and cut into messages */
};

/** A set for at most max streams. ERR_MEMORY. */
MUST_USE enum err streams_init(struct streams *set, struct poller *poller, const struct clock *clock,
                               const struct stream_manners *manners, size_t max);

/** The streams themselves are closed by their owners before. */
void streams_fini(struct streams *set);

/** End of a turn: send what is queued, take messages that had to wait, end what is to be ended. */
void streams_turn(struct streams *set);

/** When streams_expire() is wanted: monotonic microseconds; UINT64_MAX: not at all. */
uint64_t streams_deadline(const struct streams *set);
void streams_expire(struct streams *set);

/**
 * End a stream to make room for another: one that has not said anything yet, or else the one that rests longest. False:
 * all are in use.
 */
bool streams_evict(struct streams *set);

/** Begin with a descriptor, connected or connecting. On error it is not taken over. ERR_IO, ERR_MEMORY, ERR_FULL. */
MUST_USE enum err stream_init(struct stream *stream, struct streams *set, int fd, bool connecting);

/** Close at once, without a call back. */
void stream_fini(struct stream *stream);

/** Queue a message. */
void stream_send(struct stream *stream, const uint8_t *bytes, size_t len);

/** A question that was under way on this stream is settled. */
void stream_done(struct stream *stream);

/** End this stream when the turn ends. */
void stream_doom(struct stream *stream, enum stream_end why);
