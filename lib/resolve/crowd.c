#include "resolve/crowd.h"

#include "config/limits.h"
#include <stdlib.h>
#include <string.h>

enum { CLIENTS_MAX = LIMIT_WAITING_ANSWERS };

struct crowd_client {
        struct address prefix;
        unsigned waiting;
};

static void forget(void *context, void *value)
{
        (void)context;
        free(value);
}

enum err crowd_init(struct crowd *crowd, const uint8_t secret[SIPHASH_KEY_LEN])
{
        return map_init(&crowd->table, CLIENTS_MAX, secret, forget, NULL);
}

void crowd_fini(struct crowd *crowd)
{
        map_fini(&crowd->table);
}

/* The bits that make one client; the rest is zero. */
static struct address prefix_of(const struct address *client)
{
        unsigned bits = client->family == 6 ? LIMIT_CLIENT_PREFIX_6_BITS : LIMIT_CLIENT_PREFIX_4_BITS;
        struct address prefix = { .family = client->family };

        memcpy(prefix.bytes, client->bytes, bits / 8);
        return prefix;
}

static struct crowd_client *find(struct crowd *crowd, const struct address *client)
{
        struct address prefix = prefix_of(client);

        return map_get(&crowd->table, &prefix, sizeof prefix);
}

static struct crowd_client *add(struct crowd *crowd, const struct address *client)
{
        struct crowd_client *added = calloc(1, sizeof *added);

        if (!added)
                return NULL;
        added->prefix = prefix_of(client);
        if (map_put(&crowd->table, &added->prefix, sizeof added->prefix, added) == ERR_OK)
                return added;
        free(added);
        return NULL;
}

bool crowd_enter(struct crowd *crowd, const struct address *client, bool trusted)
{
        unsigned share = trusted ? LIMIT_REQUESTS_PER_CLIENT_TRUSTED : LIMIT_REQUESTS_PER_CLIENT;
        struct crowd_client *known = find(crowd, client);

        if (!known)
                known = add(crowd, client);
        if (!known || known->waiting >= share)
                return false;
        known->waiting++;
        return true;
}

void crowd_leave(struct crowd *crowd, const struct address *client)
{
        struct crowd_client *known = find(crowd, client);

        if (!known || --known->waiting)
                return;
        map_take(&crowd->table, &known->prefix, sizeof known->prefix);
        free(known);
}

bool crowd_is_dense(struct crowd *crowd, const struct address *client)
{
        const struct crowd_client *known = find(crowd, client);

        return known && known->waiting >= LIMIT_REQUESTS_DENSE;
}
