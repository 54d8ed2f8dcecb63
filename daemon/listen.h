#pragma once
/*
 * Clients: from sockets to questions, from answers to sockets. One for each worker; the only place that knows who sits
 * behind a token.
 */
#include "base/address.h"
#include "clients.h"
#include "doors.h"
#include "intake.h"
#include "quota.h"
#include "resolver.h"
#include "stream.h"
#include "udp.h"
#include <uv.h>

struct worker;

/* A door that is open: the loop watches its sockets. */
struct open_door {
        struct door door;
        struct listen *listen;
        uv_poll_t udp, tcp;
        struct udp_path path; /* of what comes in by UDP: all but the peer */
        unsigned taken;       /* how many datagrams there were when the loop came here last */
};

struct listen {
        struct worker *worker;
        struct clients clients;
        struct intake intake;
        struct udp_in *in;
        struct udp_out *out;
        struct streams streams;
        struct quota *quota;       /* the process's */
        int spare;                 /* a descriptor kept for when there is no other */
        bool stamped;              /* the kernel says when datagrams arrived */
        unsigned connection_count;
        struct link *connections;
        struct open_door *doors;
        unsigned door_count;
};

/**
 * Serve at these doors, whose descriptors are taken over. ERR_MEMORY, ERR_IO; listen_fini() is to be called in any
 * case.
 */
MUST_USE enum err listen_init(struct listen *listen, struct worker *worker, const struct door *doors,
                              unsigned door_count, struct quota *quota, const uint8_t secret[SIPHASH_KEY_LEN]);

/** Take no more questions: stop watching and close the doors. The loop has to run once more before listen_fini(). */
void listen_close(struct listen *listen);
void listen_fini(struct listen *listen);

/** An answer, or that there will be none. An unknown token is one whose client hung up meanwhile. */
void listen_answer(struct listen *listen, uint64_t token, const uint8_t *bytes, size_t len);
void listen_drop(struct listen *listen, uint64_t token);

/** Who waits for an answer, where he asked, and how. False: he is gone, or he asked through the control channel. */
bool listen_asker(const struct listen *listen, uint64_t token, struct endpoint *asker, struct address *asked,
                  enum transport *transport);

/** End of a loop turn: everything queued leaves. */
void listen_turn(struct listen *listen);
