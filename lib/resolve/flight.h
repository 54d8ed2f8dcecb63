#pragma once
/*
 * Messages under way: identity, letter case, deadline, and who waits for the reply.
 *
 * Equal messages to the same server join one flight. A reply that does not match its flight is no reply: it is counted
 * and the waiting goes on. A flight has a patience, after which its waiters are told to try elsewhere while it keeps
 * listening, and an end. One that everybody has left is an orphan: what becomes of it is noted of the server.
 */
#include "base/address.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/timers.h"
#include "resolve/border.h"
#include "resolve/traffic.h"
#include "wire/message.h"
#include <stdbool.h>
#include <stdint.h>

struct desk;
struct task;

/* What a message asks, and how. */
struct outgoing {
        struct endpoint server;
        enum transport transport;
        struct name qname; /* any case; the case sent is drawn anew */
        uint16_t qtype;
        bool recursion; /* RD, for forwarders */
        bool edns;
        bool no_cookie; /* in the OPT record, whatever the settings say */
        bool hedge;
        unsigned sends;  /* how often this server was tried with it before */
        const char *why; /* a word for the trace */
        struct name zone; /* the cut that the server is asked for; borrowed until the message is sent */
};

/* Why a flight brings no reply: the host's failures, and our own findings. */
enum loss {
        LOSS_UNREACHABLE = FAILURE_UNREACHABLE,
        LOSS_REFUSED = FAILURE_REFUSED,
        LOSS_CLOSED = FAILURE_CLOSED,
        LOSS_CONNECT = FAILURE_CONNECT,
        LOSS_LOCAL = FAILURE_LOCAL,
        LOSS_SILENT, /* nothing came to the very end */
        LOSS_CASE,   /* the letter case of the name was not echoed: to be asked by TCP */
        LOSS_FORGED, /* replies that nearly match: to be asked by TCP */
};

enum flight_phase { FLIGHT_FRESH, FLIGHT_HEDGED, FLIGHT_LATE };

/* A task's seat in a flight; the seat is part of the task. */
struct seat {
        struct seat *next; /* in the same flight */
        struct task *task;
        struct flight *flight; /* NULL: free */
};

struct flight {
        uint32_t number;
        struct timer timer;
        struct outgoing out;
        struct name_store name; /* as sent, in the case sent */
        uint16_t name_len;
        uint16_t len; /* of the message sent */
        uint16_t id;
        bool case_drawn;
        bool cookie_sent;
        uint8_t cookie[COOKIE_CLIENT_LEN];
        enum flight_phase phase;
        uint64_t sent_us, hedge_us, patience_us, end_us;
        uint64_t rtt_us; /* once the reply is there */
        struct traffic_zone *zone; /* where it is counted */
        struct seat *seats;
        unsigned seat_count;
        bool excused; /* its time was up, but the worker was late itself */
        bool orphan; /* all who waited have left; what comes is learned from, and told nobody */
        uint8_t key[NAME_WIRE_MAX + 32]; /* what makes messages equal */
        size_t key_len;
        struct flight *spare_next;
};

struct flights {
        struct map by_key;
        struct map by_number;
        struct traffic traffic;
        struct flight *spare;
        uint32_t last_number;
        uint64_t sent;   /* messages, ever */
        uint64_t hedges; /* of them hedges */
        unsigned orphans; /* under way for nobody */
};

MUST_USE enum err flights_init(struct flights *flights, const uint8_t secret[SIPHASH_KEY_LEN]);
void flights_fini(struct flights *flights);

/** Draw id and letter case, send, and take the seat. NULL when nothing more can be sent (memory, too many under way).
 */
struct flight *flight_launch(struct desk *desk, struct seat *seat, const struct outgoing *out);

/** An equal message that is under way and not late, or NULL. */
struct flight *flight_equal(struct desk *desk, const struct outgoing *out);

/** Wait for it too. False when it is full. */
bool flight_board(struct desk *desk, struct flight *flight, struct seat *seat);

/** Leave the seat. A datagram that the last one leaves keeps listening for a while, to learn about the server. */
void flight_leave(struct desk *desk, struct seat *seat);

/** Events of the host. */
void flight_reply(struct desk *desk, uint32_t number, const uint8_t *bytes, size_t len, uint64_t arrived_us);
void flight_failure(struct desk *desk, uint32_t number, enum failure why);
/** A flight's timer fired. */
void flight_on_time(struct desk *desk, struct flight *flight);

/** May another hedge be sent? At most one message in ten of a worker's. */
bool flight_may_hedge(const struct desk *desk);

/** "the connection was refused"... */
const char *loss_word(enum loss loss);
/** "udp", "tcp". */
const char *transport_word(enum transport transport);
