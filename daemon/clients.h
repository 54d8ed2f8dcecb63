#pragma once
/*
 * Who waits for an answer: the table behind the tokens that a question carries to the resolver and back.
 *
 * A token is a place in the table and the number of times that place was used, so that a token of the past finds
 * nobody.
 */
#include "base/err.h"
#include "list.h"
#include "udp.h"
#include <stdint.h>

struct connection; /* listen.c */
struct asking;     /* asking.h */

enum client_kind { CLIENT_NOBODY, CLIENT_UDP, CLIENT_TCP, CLIENT_CONTROL };

struct client {
        enum client_kind kind;
        uint32_t use;   /* how often this place was taken */
        uint32_t place;
        uint32_t spare; /* next free place */
        union {
                struct udp_path path;
                struct {
                        struct connection *connection;
                        struct link link; /* among those of the connection */
                };
                struct asking *asking;
        };
};

enum { CLIENTS_CHUNK = 1024, CLIENTS_CHUNKS = 64 };

struct clients {
        struct client *chunk[CLIENTS_CHUNKS]; /* allocated as they are needed; never moved */
        uint32_t made;  /* places that exist */
        uint32_t max;
        uint32_t spare; /* the free place that was given back last, or UINT32_MAX */
};

/** An empty table for at most max clients (CLIENTS_CHUNK * CLIENTS_CHUNKS at most). */
void clients_init(struct clients *clients, uint32_t max);
void clients_fini(struct clients *clients);

/** A place for one more, or NULL: full, or out of memory. */
struct client *clients_take(struct clients *clients, enum client_kind kind);

/** Its token; never 0. */
uint64_t client_token(const struct client *client);

/** Who has this token; NULL if he is gone. */
struct client *clients_find(const struct clients *clients, uint64_t token);

void clients_give_back(struct clients *clients, struct client *client);
