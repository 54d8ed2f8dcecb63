/*
 * Stores full of recognisable entries.
 */
#include "filler.h"
#include "base/buf.h"
#include "cache/batch.h"
#include "config/settings.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const struct settings settings = { .cache_max_ttl = 86400 };
static const struct moment now = { .wall_s = 1000000, .cache_s = 1000000 };

enum err filler_open(struct filler *filler, const char *dir, size_t size, struct store_report *report)
{
        struct store_settings store = {
                .dir = dir,
                .size = size,
                .intact = entry_intact,
                .replaces = entry_replaces,
                .fresh_secret = "fedcba987654321",
        };
        enum err err = store_open(&store, &filler->store, report);

        if (err)
                return err;
        filler->hand = hand_new(size, 0);
        filler->cache = cache_new(filler->store, filler->hand, &settings);
        return filler->hand && filler->cache ? ERR_OK : ERR_MEMORY;
}

void filler_close(struct filler *filler)
{
        cache_free(filler->cache);
        hand_free(filler->hand);
        store_close(filler->store);
}

void filler_join(struct filler *filler, const struct filler *first)
{
        *filler = *first;
        filler->cache = cache_new(first->store, first->hand, &settings);
        if (!filler->cache)
                abort();
}

void filler_leave(struct filler *filler)
{
        cache_free(filler->cache);
}

/* Scattered over the key space, as names are. */
static struct name name_of(uint32_t n, uint8_t room[NAME_WIRE_MAX])
{
        char text[64];
        struct name name;

        snprintf(text, sizeof(text), "%u.%07u.example.", n * 2654435761U % 1000, n);
        if (name_from_text(text, room, &name) != ERR_OK)
                return name_root;
        return name;
}

static uint32_t address_of(uint32_t n, uint32_t round)
{
        return n * 64 + round % 64;
}

static void put_one(struct filler *filler, uint32_t n, uint32_t round)
{
        uint8_t room[NAME_WIRE_MAX], address[4];
        struct rdata rdata = { .bytes = address, .len = 4 };
        struct name name = name_of(n, room);
        struct finding finding = {
                .kind = FINDING_SET, .verdict = VERDICT_INSECURE, .rank = RANK_AUTHORITY,
                .set = { .owner = name, .type = TYPE_A, .class = 1, .ttl = 3600, .count = 1, .rdata = &rdata },
                .stored_at = now.cache_s, .ends_at = now.cache_s + 3600,
        };
        uint32_t ttl;

        store_u32(address, address_of(n, round));
        (void)cache_put(filler->cache, 0, &name, TYPE_A, &finding, &ttl);
}

struct batch *filler_batch(struct filler *filler, uint32_t first, uint32_t count, uint32_t round)
{
        cache_tend(filler->cache);
        cache_begin(filler->cache, &now);
        for (uint32_t i = 0; i < count; i++)
                put_one(filler, first + i, round);
        struct batch *batch = cache_take_batch(filler->cache);
        cache_end(filler->cache);
        return batch;
}

struct settled filler_put(struct filler *filler, uint32_t first, uint32_t count, uint32_t round)
{
        struct settled settled = { 0 };
        struct batch *batch = filler_batch(filler, first, count, round);

        if (batch)
                settled = settle_apply(filler->store, filler->hand, &batch, 1, now.cache_s);
        cache_tend(filler->cache);
        return settled;
}

int filler_check(struct filler *filler, uint32_t n, uint32_t max_round)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name = name_of(n, room);
        struct finding finding;
        struct arena arena;
        int result = 0;

        arena_init(&arena, 1 << 16);
        if (cache_get(filler->cache, 0, &name, TYPE_A, 0, &arena, &finding)) {
                uint32_t address = load_u32(finding.set.rdata[0].bytes);
                bool right = finding.kind == FINDING_SET && finding.set.count == 1 && address / 64 == n % (1 << 26) &&
                             address % 64 <= max_round && name_equal(&finding.set.owner, &name);

                result = right ? 1 : -1;
        }
        arena_fini(&arena);
        return result;
}

uint32_t filler_count(struct filler *filler, uint32_t first, uint32_t count, uint32_t max_round, uint32_t *wrong)
{
        uint32_t found = 0;

        for (uint32_t i = 0; i < count; i++) {
                cache_begin(filler->cache, &now);
                int result = filler_check(filler, first + i, max_round);
                cache_end(filler->cache);
                found += result == 1;
                *wrong += result == -1;
        }
        return found;
}

enum store_state filler_settle_down(struct filler *filler, enum store_state state)
{
        struct store_report report = { .state = state };
        siginfo_t info;

        while (report.state == STORE_REBUILDING) {
                if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0)
                        break;
                store_tend(filler->store, 0);
                (void)store_news(filler->store, &report);
        }
        return report.state;
}
