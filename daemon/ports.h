#pragma once
/*
 * Sockets to send questions from, each with a random port of its own, used once.
 *
 * Whoever wants to forge a reply has to guess the port (RFC 5452): so it is drawn from 1024..65535 by a generator that
 * cannot be predicted, and not from the kernel's smaller range. Some sockets are bound ahead of need, so that a
 * question does not wait for it; at the end of each turn of the loop their number is made up again. A socket is
 * connected when it is used, closed afterwards, and never used a second time.
 */
#include "base/address.h"
#include "base/err.h"
#include "base/rng.h"

enum { PORTS_READY = 16, PORTS_SOURCES = 64, PORT_FIRST = 1024 };

/* One of our addresses to send from, or any address of a family. */
struct port_source {
        struct address address;
        unsigned ready_count;
        bool used; /* sockets are only kept ready where some were needed before */
        int ready[PORTS_READY];
};

struct ports {
        struct rng *rng;
        unsigned source_count;
        struct port_source source[PORTS_SOURCES + 2];
};

/** Any address of either family, until ports_adopt() says otherwise. */
void ports_init(struct ports *ports, struct rng *rng);
void ports_fini(struct ports *ports);

/** Send from these addresses; where there is none of a family, the system chooses. */
void ports_adopt(struct ports *ports, const struct address *address, unsigned count);

/** A bound socket that can reach a server of this family: a descriptor, or -errno. */
int ports_take(struct ports *ports, uint8_t family);

/** An address to connect to a server of this family from; family 0 in it: any. */
struct address ports_source(struct ports *ports, uint8_t family);

/** End of a turn: make up the number of those kept ready. */
void ports_turn(struct ports *ports);
