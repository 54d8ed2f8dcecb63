/* Binding the sockets that clients find us at. */
#include "doors.h"
#include "log.h"
#include "owner.h"
#include "socket.h"
#include "steer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What to do about a failure, as the rest of its sentence. */
static const char *advice(int error)
{
        switch (error) {
        case EADDRINUSE:
                return "; stop that program, or listen on another address or port (settings `listen`, `port`)";
        case EACCES:
                return "; start cairnd as root, give it CAP_NET_BIND_SERVICE, or choose a port above 1023 (`port`)";
        case EADDRNOTAVAIL:
                return "; no interface of this machine has that address (setting `listen`)";
        }
        return "";
}

static void explain(const struct endpoint *at, int type, int error)
{
        const char *kind = type == SOCK_STREAM ? "TCP" : "UDP";
        char where[ADDRESS_TEXT_MAX], owner[OWNER_TEXT_MAX];

        address_text(&at->address, where);
        if (error == EADDRINUSE && owner_of_port(at, type, owner))
                log_line(LOG_START, "%s, %s port %u, is in use by %s%s", where, kind, at->port, owner, advice(error));
        else
                log_line(LOG_START, "%s, %s port %u, cannot be bound: %s%s", where, kind, at->port, strerror(error),
                         advice(error));
}

/* Has this machine no IPv6, or not this address of it? Then the address is left out. */
static bool is_missing_ip6(const struct endpoint *at, int error)
{
        return at->address.family == 6 && (error == EAFNOSUPPORT || error == EADDRNOTAVAIL);
}

/*
 * Find out whether an endpoint can be had, before it is shared: two daemons of the same user that both share a port
 * would each get half of the questions, and neither would notice. 0 or an errno.
 */
static int probe(const struct endpoint *at)
{
        int failed = -socket_probe(at, SOCK_DGRAM);

        if (failed) {
                if (!is_missing_ip6(at, failed))
                        explain(at, SOCK_DGRAM, failed);
                return failed;
        }
        failed = -socket_probe(at, SOCK_STREAM);
        if (failed)
                explain(at, SOCK_STREAM, failed);
        return failed;
}

static enum err open_one(const struct endpoint *at, struct door *out)
{
        *out = (struct door){ .at = *at, .udp = socket_listen_udp(at), .tcp = -1 };
        if (out->udp < 0) {
                explain(at, SOCK_DGRAM, -out->udp);
                return ERR_IO;
        }
        out->tcp = socket_listen_tcp(at);
        if (out->tcp < 0) {
                explain(at, SOCK_STREAM, -out->tcp);
                return ERR_IO;
        }
        return ERR_OK;
}

/* Which of the endpoints can be bound; their number, or -1 if one cannot and should, or none is left. */
static int usable_endpoints(const struct endpoint_list *listen, struct endpoint *usable)
{
        int count = 0;

        for (unsigned i = 0; i < listen->count; i++) {
                int failed = probe(&listen->item[i]);

                if (!failed)
                        usable[count++] = listen->item[i];
                else if (!is_missing_ip6(&listen->item[i], failed))
                        return -1;
        }
        if (!count)
                log_line(LOG_START, "this machine has none of the IPv6 addresses to listen on (setting `listen`)");
        return count ? count : -1;
}

enum err doors_open(const struct settings *settings, unsigned worker_count, struct doors *out)
{
        const struct endpoint_list *listen = &settings->listen;
        struct endpoint *usable = calloc(listen->count, sizeof *usable);
        struct door *door = calloc((size_t)listen->count * worker_count, sizeof *door);
        int count = usable && door ? usable_endpoints(listen, usable) : -1;
        enum err err = count < 0 ? ERR_IO : ERR_OK;

        for (unsigned i = 0; !err && i < (unsigned)count * worker_count; i++)
                err = open_one(&usable[i % (unsigned)count], &door[i]);
        for (unsigned i = 0; !err && worker_count > 1 && i < (unsigned)count; i++)
                (void)steer_by_name(door[i].udp, worker_count); /* or not: then addresses decide, which is right, too */
        free(usable);
        if (err) {
                free(door); /* the process does not start: the descriptors end with it */
                return err;
        }
        *out = (struct doors){ .count = (unsigned)count, .door = door };
        return ERR_OK;
}

void doors_close(struct doors *doors, unsigned worker_count)
{
        for (unsigned i = 0; i < doors->count * worker_count; i++) {
                close(doors->door[i].udp);
                close(doors->door[i].tcp);
        }
        free(doors->door);
}
