/* Counting connections. */
#include "quota.h"
#include "config/limits.h"
#include <stdlib.h>
#include <string.h>

struct share {
        struct address prefix;
        unsigned connections;
};

struct address client_prefix(const struct address *address)
{
        struct address prefix = *address;
        unsigned bytes = (address->family == 6 ? LIMIT_CLIENT_PREFIX_6_BITS : LIMIT_CLIENT_PREFIX_4_BITS) / 8;

        memset(prefix.bytes + bytes, 0, sizeof prefix.bytes - bytes);
        return prefix;
}

static void drop_share(void *context, void *value)
{
        (void)context;
        free(value);
}

enum err quota_init(struct quota *quota, unsigned max, const uint8_t secret[SIPHASH_KEY_LEN])
{
        *quota = (struct quota){ .max = max };
        /* No more clients than connections, so the hook is only called at the end. */
        enum err err = map_init(&quota->clients, max, secret, drop_share, NULL);
        if (!err)
                pthread_mutex_init(&quota->lock, NULL);
        return err;
}

void quota_fini(struct quota *quota)
{
        map_fini(&quota->clients);
        pthread_mutex_destroy(&quota->lock);
}

/* The share of a client, made if it is new. The caller holds the lock. */
static struct share *share_of(struct quota *quota, const struct address *prefix)
{
        struct share *share = map_get(&quota->clients, prefix, sizeof *prefix);

        if (share)
                return share;
        share = calloc(1, sizeof *share);
        if (!share)
                return NULL;
        share->prefix = *prefix;
        if (map_put(&quota->clients, &share->prefix, sizeof share->prefix, share)) {
                free(share);
                return NULL;
        }
        return share;
}

static enum err enter_locked(struct quota *quota, const struct address *prefix)
{
        if (quota->count >= quota->max)
                return ERR_FULL;
        struct share *share = share_of(quota, prefix);
        if (!share)
                return ERR_MEMORY;
        if (share->connections >= LIMIT_CONNECTIONS_PER_CLIENT)
                return ERR_LIMIT;
        share->connections++;
        quota->count++;
        return ERR_OK;
}

enum err quota_enter(struct quota *quota, const struct address *client)
{
        struct address prefix = client_prefix(client);

        pthread_mutex_lock(&quota->lock);
        enum err err = enter_locked(quota, &prefix);
        pthread_mutex_unlock(&quota->lock);
        return err;
}

void quota_leave(struct quota *quota, const struct address *client)
{
        struct address prefix = client_prefix(client);

        pthread_mutex_lock(&quota->lock);
        struct share *share = map_get(&quota->clients, &prefix, sizeof prefix);
        if (EXPECT(share)) {
                quota->count--;
                if (--share->connections == 0)
                        free(map_take(&quota->clients, &prefix, sizeof prefix));
        }
        pthread_mutex_unlock(&quota->lock);
}

unsigned quota_percent(const struct quota *quota)
{
        return 100 * atomic_load_explicit(&quota->count, memory_order_relaxed) / quota->max;
}
