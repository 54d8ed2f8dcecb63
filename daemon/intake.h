#pragma once
/*
 * Which questions to take when there are more than can be served (overload).
 *
 * Behind means that a batch came full and its first question has waited for a while: the socket holds more than we take
 * out. Serving in order would then answer everybody too late. So questions that are no longer young are left out until
 * the socket is caught up with, and those of clients that ask far more than the others are thinned out to what is fair.
 * When we are not behind, nothing is counted and nothing is left out.
 *
 * How long a question waited only the kernel knows, and its stamps cost something with each datagram. A full batch that
 * took us less than INTAKE_SLOW_US leaves no time for questions to grow old behind it, however long the socket's queue
 * is; so the stamps are asked for from the first one that took longer until a while after the last.
 */
#include "base/map.h"
#include "udp.h"
#include "watch/metrics.h"
#include <stdint.h>

enum {
        INTAKE_SLOTS = 1024,
        INTAKE_SLOW_US = 1000,
        INTAKE_CALM_US = 1000 * 1000,
};

struct intake {
        uint8_t secret[SIPHASH_KEY_LEN];
        uint64_t faded_us;            /* when the counts were halved last */
        uint32_t asked[INTAKE_SLOTS]; /* questions of late by client; clients may share a slot */
        uint32_t total, clients;      /* the sum of those, and how many are not 0 */
        uint32_t turn;                /* counts questions of greedy clients, to let some through */
        uint64_t full_us;             /* when the batch before was taken, if it was full; else 0 */
        uint64_t slow_us;             /* when a full batch turned out to have taken long; 0: never */
};

void intake_init(struct intake *intake, const uint8_t secret[SIPHASH_KEY_LEN]);

/**
 * Choose from a batch.
 *
 *   more    in   the batch was full
 *   chosen  out  places in the list, in the order they are to be served
 *
 * Returns how many were chosen; the others are counted as drops.
 */
size_t intake_choose(struct intake *intake, const struct datagram *list, size_t count, bool more, uint64_t now_us,
                     struct metrics *metrics, uint8_t chosen[UDP_BATCH]);

/** A batch was taken from a socket. Returns whether datagrams should be stamped with their arrival from now on. */
bool intake_wants_stamps(struct intake *intake, bool more, uint64_t now_us);
