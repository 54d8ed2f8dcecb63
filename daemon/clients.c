/* The table of those who wait. */
#include "clients.h"
#include <stdlib.h>

#define NO_PLACE UINT32_MAX

void clients_init(struct clients *clients, uint32_t max)
{
        const uint32_t most = CLIENTS_CHUNK * CLIENTS_CHUNKS;

        *clients = (struct clients){ .max = max < most ? max : most, .spare = NO_PLACE };
}

void clients_fini(struct clients *clients)
{
        for (unsigned i = 0; i < CLIENTS_CHUNKS; i++)
                free(clients->chunk[i]);
}

static struct client *client_at(const struct clients *clients, uint32_t place)
{
        return &clients->chunk[place / CLIENTS_CHUNK][place % CLIENTS_CHUNK];
}

/* A place that was never used, or NULL. */
static struct client *make(struct clients *clients)
{
        struct client **chunk = &clients->chunk[clients->made / CLIENTS_CHUNK];

        if (clients->made == clients->max)
                return NULL;
        if (!*chunk)
                *chunk = calloc(CLIENTS_CHUNK, sizeof **chunk);
        if (!*chunk)
                return NULL;
        struct client *client = client_at(clients, clients->made);
        client->place = clients->made++;
        return client;
}

struct client *clients_take(struct clients *clients, enum client_kind kind)
{
        struct client *client;

        if (clients->spare != NO_PLACE) { /* the one used last: it is still in the processor's cache */
                client = client_at(clients, clients->spare);
                clients->spare = client->spare;
        } else {
                client = make(clients);
                if (!client)
                        return NULL;
        }
        client->kind = kind;
        client->use++;
        return client;
}

uint64_t client_token(const struct client *client)
{
        return ((uint64_t)client->use << 32 | client->place) + 1;
}

struct client *clients_find(const struct clients *clients, uint64_t token)
{
        uint32_t place = (uint32_t)(token - 1);

        if (place >= clients->made)
                return NULL;
        struct client *client = client_at(clients, place);
        return client->kind != CLIENT_NOBODY && client_token(client) == token ? client : NULL;
}

void clients_give_back(struct clients *clients, struct client *client)
{
        client->kind = CLIENT_NOBODY;
        client->spare = clients->spare;
        clients->spare = client->place;
}
