#pragma once
/*
 * The sockets that clients find us at, bound before anything else happens and while we may still bind port 53: one UDP
 * and one TCP socket for each address and each worker, which share it (SO_REUSEPORT).
 */
#include "base/address.h"
#include "base/err.h"
#include "config/settings.h"

/* The sockets of one endpoint that one worker listens on. */
struct door {
        struct endpoint at;
        int udp, tcp;
};

struct doors {
        unsigned count;     /* endpoints that could be bound */
        struct door *door;  /* those of worker w: door[w * count] and the following */
};

/**
 * Bind. What is wrong has been logged: who has the port, and how to mend it. An IPv6 address on a machine without IPv6
 * is left out, as long as anything remains. ERR_IO, ERR_MEMORY.
 */
MUST_USE enum err doors_open(const struct settings *settings, unsigned worker_count, struct doors *out);

/** Close what doors_open() opened, after another part of the start failed. */
void doors_close(struct doors *doors, unsigned worker_count);
