#pragma once
/*
 * The fake servers and clients of a scenario on real sockets, in one loop.
 *
 * Servers stand on port 53, UDP and TCP, of each address that the scenario names. Clients send from sockets of their
 * own. Everything happens inside fake_run(), which returns when its time is up or all clients have their responses.
 */
#include "rpl.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum { FAKE_SERVERS_MAX = RPL_ADDRESSES_MAX, FAKE_CONNECTIONS_MAX = 64, FAKE_ASKS_MAX = 64, FAKE_LATE_MAX = 256 };

struct fake_server {
        struct address address;
        int udp, tcp;
        unsigned queries; /* since fake_forget() */
};

struct fake_connection {
        int fd; /* -1: free */
        unsigned server;
        size_t len;
        uint8_t bytes[RPL_MESSAGE_MAX + 2];
};

/* An answer that leaves later. */
struct fake_late {
        uint64_t at_ms;
        int fd;
        bool tcp;
        struct sockaddr_storage to;
        socklen_t to_len;
        uint8_t *bytes; /* NULL: free */
        size_t len;
};

struct fake_ask {
        int fd;
        bool tcp;
        bool ended;     /* the connection was closed */
        uint8_t id[2];  /* of the query: a socket before this one may have had the same port */
        size_t len;     /* of what came; with TCP's length */
        uint8_t *bytes; /* NULL: nothing yet */
        bool complete;
};

struct fake {
        struct rpl *rpl;
        uint64_t step; /* the last one begun */
        struct fake_server server[FAKE_SERVERS_MAX];
        unsigned server_count;
        struct fake_connection connection[FAKE_CONNECTIONS_MAX];
        struct fake_late late[FAKE_LATE_MAX];
        struct fake_ask ask[FAKE_ASKS_MAX];
        unsigned ask_count;
        bool verbose;
        char unforeseen[400]; /* the first thing that the file does not foresee, or "" */
        uint8_t scratch[RPL_MESSAGE_MAX + 2];
};

/** Open the servers' sockets. False, and errno: they cannot be opened. */
bool fake_open(struct fake *fake, struct rpl *rpl, bool verbose);
void fake_close(struct fake *fake);

/** A client sends bytes from one address to another, port 53. */
bool fake_ask(struct fake *fake, const struct address *from, const struct address *to, bool tcp, const uint8_t *bytes,
              size_t len);

/** Forget all clients, and count the servers' queries from zero again. */
void fake_forget(struct fake *fake);

/** Let the world turn for so long, or until every client has its response if wait_all is set. True: all have. */
bool fake_run(struct fake *fake, unsigned ms, bool wait_all);

/** Monotonic milliseconds. */
uint64_t fake_now_ms(void);

/** Fill in a socket address. */
socklen_t fake_sockaddr(const struct address *address, uint16_t port, struct sockaddr_storage *out);
