#pragma once
/*
 * A question asked through the control channel, and the way of its trace and answer back.
 *
 *      control thread                               worker
 *      asking_post() ─── letter ──────────────────▶ asking_begin(): EVENT_QUESTION
 *      told(TRACE) ◀──── letter ──────────────────  asking_trace(), each time the trace grew
 *      told(ANSWER) ◀─── letter ──────────────────  asking_answer(), then askings_settle(): the asking is gone
 *      asking_hang_up() ─ letter ─────────────────▶ EVENT_GONE, if it is still there
 *
 * A struct asking is the worker's once it was posted. What both sides know is its number.
 */
#include "list.h"
#include "mailbox.h"
#include "resolver.h"
#include "wire/message.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listen;
struct worker;

/* What the control thread is told. A letter of its mailbox; freed after open(). */
struct told {
        struct letter letter;
        uint64_t number;
        enum told_what { TOLD_TRACE, TOLD_ANSWER, TOLD_NOTHING } what; /* NOTHING: there will be no answer */
        size_t len;
        uint8_t bytes[]; /* a flat trace as far as it has grown, or a DNS message */
};

struct asking {
        struct letter letter;
        struct link link;                /* among the worker's */
        struct mailbox *home;            /* the control thread's */
        void (*tell)(struct letter *told, void *reader); /* what its letters do there */
        uint64_t number;
        uint64_t client;                 /* the worker's token */
        struct ways ways;
        bool answered;
        struct told *answer;             /* held back until the last steps of the trace are told */
        size_t len;
        uint8_t query[];
};

enum { ASKING_UDP_SIZE = 1232, ASKING_QUERY_MAX = HEADER_LEN + NAME_WIRE_MAX + 4 + 11 };

/** A query as a client would send it, with EDNS, so that the answer may say why. Returns its length. */
size_t asking_write_query(uint8_t room[ASKING_QUERY_MAX], const struct name *name, uint16_t type, bool check_disabled);

/** Ask a worker. ERR_MEMORY, ERR_FULL. */
MUST_USE enum err asking_post(struct worker *worker, struct mailbox *home,
                              void (*tell)(struct letter *told, void *reader), uint64_t number,
                              const struct ways *ways,
                              const uint8_t *query, size_t len);

/** Nobody wants to hear any more; a number that is gone already does not matter. */
void asking_hang_up(struct worker *worker, uint64_t number);

/* In the worker. */

/** The trace as far as it has grown. */
void asking_trace(struct asking *asking, const uint8_t *bytes, size_t len);

/** The answer, or NULL if there is none. */
void asking_answer(struct asking *asking, const uint8_t *bytes, size_t len);

/**
 * The end of an event: the answers that came with it are told, behind the steps of the trace that came after them.
 */
void askings_settle(struct worker *worker);

/** Forget those that the end of the worker has overtaken. */
void askings_forget(struct worker *worker);
