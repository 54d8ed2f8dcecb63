#include "dnssec/shelf.h"

#include <stdlib.h>
#include <string.h>

enum { TRIES_MAX = 3 };

struct shelf_key {
        struct crypto_key *key; /* NULL: not made yet, or refused */
        uint8_t refused;        /* how often it could not be made; after TRIES_MAX times it is not tried again */
        uint16_t len;
        uint8_t bytes[];
};

static void drop(void *context, void *value)
{
        struct shelf_key *kept = value;

        (void)context;
        crypto_key_release(kept->key);
        free(kept);
}

enum err key_shelf_init(struct key_shelf *shelf, size_t max, const uint8_t secret[SIPHASH_KEY_LEN])
{
        return map_init(&shelf->table, max, secret, drop, NULL);
}

void key_shelf_fini(struct key_shelf *shelf)
{
        map_fini(&shelf->table);
}

static bool take_off(void *context, void *value)
{
        struct key_shelf *shelf = context;
        struct shelf_key *kept = value;

        map_take(&shelf->table, kept->bytes, kept->len);
        drop(NULL, kept);
        return true;
}

void key_shelf_forget(struct key_shelf *shelf)
{
        map_each(&shelf->table, take_off, shelf);
}

/* A place for this key; NULL when out of memory. */
static struct shelf_key *add(struct key_shelf *shelf, const struct rdata *dnskey)
{
        struct shelf_key *kept = calloc(1, sizeof *kept + dnskey->len);

        if (!kept)
                return NULL;
        kept->len = dnskey->len;
        memcpy(kept->bytes, dnskey->bytes, dnskey->len);
        if (map_put(&shelf->table, kept->bytes, kept->len, kept) == ERR_OK)
                return kept;
        free(kept);
        return NULL;
}

struct crypto_key *key_shelf_get(struct key_shelf *shelf, const struct crypto_policy *policy,
                                 const struct rdata *dnskey)
{
        struct shelf_key *kept = map_get(&shelf->table, dnskey->bytes, dnskey->len);

        if (!kept)
                kept = add(shelf, dnskey);
        if (!kept)
                return NULL;
        if (!kept->key && kept->refused < TRIES_MAX && crypto_key_new(policy, dnskey, &kept->key) == ERR_FORM)
                kept->refused++;
        return kept->key;
}
