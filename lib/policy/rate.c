#include "policy/rate.h"
#include <stdlib.h>
#include <string.h>

struct rate_bucket {
        uint64_t network; /* keyed hash */
        uint64_t full_ns; /* when what was asked would have been asked at the rate */
};

/* Networks around a client, and how many times the rate of one address they get. */
struct level {
        uint8_t bits;
        uint16_t times;
};

enum { LEVELS_MAX = 5 };

static const struct level levels_4[] = { { 32, 1 }, { 24, 32 }, { 20, 256 }, { 18, 768 } };
static const struct level levels_6[] = { { 128, 1 }, { 64, 2 }, { 56, 3 }, { 48, 4 }, { 32, 64 } };

void rates_init(struct rates *rates, const uint8_t secret[SIPHASH_KEY_LEN])
{
        *rates = (struct rates){ .bucket = NULL };
        memcpy(rates->secret, secret, SIPHASH_KEY_LEN);
}

void rates_fini(struct rates *rates)
{
        free(rates->bucket);
        rates->bucket = NULL;
}

static uint64_t network_of(const struct rates *rates, const struct address *client, unsigned bits)
{
        uint8_t bytes[18] = { client->family, (uint8_t)bits };

        memcpy(bytes + 2, client->bytes, bits / 8);
        if (bits % 8)
                bytes[2 + bits / 8] = (uint8_t)(client->bytes[bits / 8] & (0xff00u >> bits % 8));
        return siphash(rates->secret, bytes, sizeof bytes);
}

/* The bucket of a network; where it has none, the one that was idle longest, emptied. */
static struct rate_bucket *bucket_for(struct rates *rates, uint64_t network)
{
        struct rate_bucket *set = &rates->bucket[network % RATE_SETS * RATE_WAYS];
        struct rate_bucket *idle = set;

        for (unsigned way = 0; way < RATE_WAYS; way++) {
                if (set[way].network == network)
                        return &set[way];
                if (set[way].full_ns < idle->full_ns)
                        idle = &set[way];
        }
        *idle = (struct rate_bucket){ .network = network };
        return idle;
}

/* The time that one question takes at this rate. */
static uint64_t price(uint64_t per_s, const struct level *level)
{
        return RATE_BURST_NS / (per_s * level->times);
}

bool rates_allow(struct rates *rates, const struct address *client, uint64_t per_s, uint64_t now_us)
{
        const struct level *level = client->family == 6 ? levels_6 : levels_4;
        unsigned count = client->family == 6 ? sizeof levels_6 / sizeof *level : sizeof levels_4 / sizeof *level;
        struct rate_bucket *bucket[LEVELS_MAX];
        uint64_t now_ns = now_us * 1000;

        if (!rates->bucket)
                rates->bucket = calloc(RATE_SETS * RATE_WAYS, sizeof *rates->bucket);
        if (!rates->bucket)
                return true;
        for (unsigned i = 0; i < count; i++) {
                bucket[i] = bucket_for(rates, network_of(rates, client, level[i].bits));
                if (bucket[i]->full_ns < now_ns)
                        bucket[i]->full_ns = now_ns;
                if (bucket[i]->full_ns + price(per_s, &level[i]) > now_ns + RATE_BURST_NS) {
                        rates->refused++;
                        return false;
                }
        }
        for (unsigned i = 0; i < count; i++)
                bucket[i]->full_ns += price(per_s, &level[i]);
        return true;
}
