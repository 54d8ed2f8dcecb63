#pragma once
/*
 * A resolver to forward to, in a thread of the test: it answers every question with one address, over UDP and TCP. Those
 * whose name begins with "slow" it holds until it is told to let them go, those that begin with "big" get 1,000 bytes more,
 * those that begin with "cut" are truncated over UDP, and those that begin with "cutbye" end a connection that has already
 * carried an answer, as a server may that is tired of it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { FORWARDER_HELD_MAX = 256, FORWARDER_STREAMS = 16 };

struct forwarder {
        uint16_t port;
        pthread_t thread;
        int udp, tcp, orders[2];          /* a pipe: 'r' releases, 'q' ends */
        int stream[FORWARDER_STREAMS];
        unsigned answered[FORWARDER_STREAMS];
        _Atomic unsigned questions, connections;
        struct {
                uint8_t bytes[512];
                uint16_t len, port;
        } held[FORWARDER_HELD_MAX];
        _Atomic unsigned held_count;
};

void forwarder_start(struct forwarder *forwarder);

/** Answer those that are held. */
void forwarder_release(struct forwarder *forwarder);
void forwarder_stop(struct forwarder *forwarder);
