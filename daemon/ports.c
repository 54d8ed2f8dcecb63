/* Random source ports. */
#include "ports.h"
#include "socket.h"
#include <errno.h>
#include <unistd.h>

enum { BIND_TRIES = 16, PORT_COUNT = 65536 - PORT_FIRST };

static void source_add(struct ports *ports, const struct address *address)
{
        ports->source[ports->source_count++] = (struct port_source){ .address = *address };
}

/* How many sources there are for a family. */
static unsigned family_count(const struct ports *ports, uint8_t family)
{
        unsigned count = 0;

        for (unsigned i = 0; i < ports->source_count; i++)
                count += ports->source[i].address.family == family;
        return count;
}

void ports_adopt(struct ports *ports, const struct address *address, unsigned count)
{
        ports_fini(ports);
        for (unsigned i = 0; i < count && i < PORTS_SOURCES; i++)
                source_add(ports, &address[i]);
        if (!family_count(ports, 4))
                source_add(ports, &(struct address){ .family = 4 });
        if (!family_count(ports, 6))
                source_add(ports, &(struct address){ .family = 6 });
}

void ports_init(struct ports *ports, struct rng *rng)
{
        *ports = (struct ports){ .rng = rng };
        ports_adopt(ports, NULL, 0);
}

void ports_fini(struct ports *ports)
{
        for (unsigned i = 0; i < ports->source_count; i++) {
                struct port_source *source = &ports->source[i];

                while (source->ready_count)
                        close(source->ready[--source->ready_count]);
        }
        ports->source_count = 0;
}

/* One of the sources of a family, by lot; NULL if there is none. */
static struct port_source *draw_source(struct ports *ports, uint8_t family)
{
        unsigned skip = rng_below(ports->rng, family_count(ports, family));

        for (unsigned i = 0; i < ports->source_count; i++) {
                if (ports->source[i].address.family == family && skip-- == 0)
                        return &ports->source[i];
        }
        return NULL;
}

/* Bind to random ports until one is free. A descriptor, or -errno. */
static int bind_random(struct ports *ports, const struct address *address)
{
        int fd = -EADDRINUSE;

        for (unsigned i = 0; i < BIND_TRIES && fd == -EADDRINUSE; i++) {
                uint16_t port = (uint16_t)(PORT_FIRST + rng_below(ports->rng, PORT_COUNT));

                fd = socket_source(&(struct endpoint){ .address = *address, .port = port });
        }
        return fd;
}

int ports_take(struct ports *ports, uint8_t family)
{
        struct port_source *source = draw_source(ports, family);

        if (!source)
                return -EAFNOSUPPORT;
        source->used = true;
        if (source->ready_count)
                return source->ready[--source->ready_count];
        return bind_random(ports, &source->address);
}

struct address ports_source(struct ports *ports, uint8_t family)
{
        const struct port_source *source = draw_source(ports, family);

        /* A source that names no address of ours leaves the choice to the system. */
        return source && !address_is_any(&source->address) ? source->address : (struct address){ 0 };
}

void ports_turn(struct ports *ports)
{
        for (unsigned i = 0; i < ports->source_count; i++) {
                struct port_source *source = &ports->source[i];

                while (source->used && source->ready_count < PORTS_READY) {
                        int fd = bind_random(ports, &source->address);

                        if (fd < 0) {
                                source->used = false; /* none to be had: the next one who needs it tries again */
                                break;
                        }
                        source->ready[source->ready_count++] = fd;
                }
        }
}
