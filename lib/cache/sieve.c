#include "cache/sieve.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
        BITS_PER_ENTRY = 4,
        SCRATCH_MAX = 64 * 1024,
};

struct sieve {
        atomic_uchar *bits;
        uint64_t mask;              /* number of bits - 1 */
        atomic_uint_fast64_t knows; /* the epoch of the store of which it knows every key; 0: of none */

        /* The writer's alone: */
        uint64_t learns; /* the epoch that it has begun with */
        uint64_t set;    /* bits that are set */
        uint64_t worn;   /* so many of them mean that it is time to begin anew */
        size_t at_len;   /* of the key that the walk goes on from; 0: from the first */
        uint8_t at[STORE_KEY_MAX + 1];
        struct arena scratch;
};

struct sieve *sieve_new(uint64_t entries)
{
        struct sieve *sieve = calloc(1, sizeof(*sieve));
        uint64_t bits = 8; /* a byte */

        if (!sieve)
                return NULL;
        while (bits < BITS_PER_ENTRY * entries)
                bits *= 2;
        sieve->bits = calloc(bits / 8, sizeof(*sieve->bits));
        if (!sieve->bits) {
                free(sieve);
                return NULL;
        }
        sieve->mask = bits - 1;
        arena_init(&sieve->scratch, SCRATCH_MAX);
        return sieve;
}

void sieve_free(struct sieve *sieve)
{
        if (!sieve)
                return;
        arena_fini(&sieve->scratch);
        free(sieve->bits);
        free(sieve);
}

static atomic_uchar *byte_of(const struct sieve *sieve, uint64_t key_hash)
{
        return &sieve->bits[(key_hash & sieve->mask) / 8];
}

static unsigned char bit_of(uint64_t key_hash)
{
        return (unsigned char)(1U << (key_hash % 8));
}

bool sieve_may_hold(const struct sieve *sieve, const struct store *store, uint64_t key_hash)
{
        return atomic_load_explicit(&sieve->knows, memory_order_acquire) != store_epoch(store) ||
               (atomic_load_explicit(byte_of(sieve, key_hash), memory_order_relaxed) & bit_of(key_hash));
}

void sieve_add(struct sieve *sieve, uint64_t key_hash)
{
        unsigned char bit = bit_of(key_hash);

        sieve->set += !(atomic_fetch_or_explicit(byte_of(sieve, key_hash), bit, memory_order_release) & bit);
}

/* --- Learning ----------------------------------------------------------------------------------------------------- */

static void begin_anew(struct sieve *sieve, uint64_t epoch)
{
        atomic_store_explicit(&sieve->knows, 0, memory_order_release);
        for (uint64_t i = 0; sieve->set && i <= sieve->mask / 8; i++)
                atomic_store_explicit(&sieve->bits[i], 0, memory_order_relaxed);
        sieve->set = 0;
        sieve->at_len = 0;
        sieve->learns = epoch;
}

/* Half full by what has come and gone; fuller only if that much is there. */
static void know_all(struct sieve *sieve)
{
        sieve->worn = 2 * sieve->set > sieve->mask / 2 ? 2 * sieve->set : sieve->mask / 2;
        atomic_store_explicit(&sieve->knows, sieve->learns, memory_order_release);
}

/* The least key above one is that key with a 00 appended. */
static void stand_behind(struct sieve *sieve, struct store_bytes key)
{
        memcpy(sieve->at, key.bytes, key.len);
        sieve->at[key.len] = 0;
        sieve->at_len = key.len + 1;
}

/* ERR_MISSING: that was the last. */
static enum err walk(struct sieve *sieve, struct store *store, struct store_view *view)
{
        enum err err = ERR_OK;

        for (unsigned i = 0; i < SIEVE_VISITS_MAX && !err; i++) {
                struct arena_mark mark = arena_mark(&sieve->scratch);
                struct store_bytes from = { .bytes = sieve->at, .len = sieve->at_len };
                struct store_item item;

                err = store_seek(view, SEEK_FIRST_FROM, from, &sieve->scratch, &item);
                if (!err) {
                        sieve_add(sieve, siphash(store_secret(store), item.key.bytes, item.key.len));
                        stand_behind(sieve, item.key);
                }
                arena_reset(&sieve->scratch, mark);
        }
        return err;
}

void sieve_learn(struct sieve *sieve, struct store *store)
{
        const uint64_t epoch = store_epoch(store);
        struct store_view *view;

        if (sieve->learns != epoch || (atomic_load(&sieve->knows) && sieve->set > sieve->worn))
                begin_anew(sieve, epoch);
        if (atomic_load(&sieve->knows) || store_write_begin(store, &view) != ERR_OK)
                return;
        enum err err = walk(sieve, store, view);
        store_abort(store, view);
        if (err == ERR_MISSING && store_epoch(store) == epoch)
                know_all(sieve);
}
