/*
 * Hit ratio of the cache, with lib/cache and the store in memory as they are, against models of other caches that hold
 * as many entries: exact LRU, and the collector of Knot Resolver by its documented categories.
 *
 *     hitratio [QUESTIONS [ENTRIES]]
 *
 * The questions are drawn by Zipf's law over two million names of different types, sizes and TTLs, among them a share of
 * names that are never asked again (a scan). A thousand are asked a second, so that TTLs matter. What is not in the
 * cache, or has ended, is a miss and is put. The first half warms up and is not counted.
 */
#include "base/buf.h"
#include "cache/batch.h"
#include "cache/cache.h"
#include "cache/hand.h"
#include "cache/settle.h"
#include "config/settings.h"
#include "store/store.h"
#include "wire/rrtype.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        NAMES = 2000000,
        QUESTIONS_A_SECOND = 1000,
        STARTED_AT = 1000000,
        BATCH_PUTS = 64,
        ENTRY_BYTES = 400, /* of the store in memory; only to choose its size */
        TXT_BYTES = 350,
};

static const double skew = 0.95;

/* --- What is asked ------------------------------------------------------------------------------------------------ */

struct demand {
        uint64_t number; /* of the name */
        uint16_t type;
        uint32_t ttl;
        uint16_t size; /* of the RDATA */
};

struct source {
        uint64_t state;     /* of the dice */
        uint64_t scanned;   /* names asked once so far */
        unsigned scan_permille;
        double *cumulated; /* share of the questions that the names up to this one get */
};

static uint64_t mix(uint64_t x)
{
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
        x = (x ^ x >> 27) * 0x94d049bb133111ebu;
        return x ^ x >> 31;
}

static uint64_t roll(struct source *source)
{
        return mix(source->state += 0x9e3779b97f4a7c15u);
}

static double *zipf_make(void)
{
        double *cumulated = malloc(NAMES * sizeof *cumulated);
        double sum = 0;

        for (unsigned i = 0; cumulated && i < NAMES; i++)
                cumulated[i] = sum += pow(i + 1, -skew);
        for (unsigned i = 0; cumulated && i < NAMES; i++)
                cumulated[i] /= sum;
        return cumulated;
}

static uint64_t zipf_draw(struct source *source)
{
        double at = (double)(roll(source) >> 11) / 9007199254740992.0;
        size_t low = 0, high = NAMES - 1;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (source->cumulated[middle] < at)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* Seven of ten are addresses, one is long; half of the TTLs are five minutes or less. */
static struct demand demand_next(struct source *source)
{
        static const uint32_t ttls[] = { 30, 60, 300, 300, 900, 3600, 3600, 86400 };
        bool scan = roll(source) % 1000 < source->scan_permille;
        uint64_t number = scan ? NAMES + source->scanned++ : zipf_draw(source);
        uint64_t dice = mix(number + 77);
        unsigned kind = dice % 10;

        return (struct demand){ .number = number,
                                  .type = kind < 7 ? TYPE_A : kind < 9 ? TYPE_HTTPS : TYPE_TXT,
                                  .ttl = ttls[dice / 10 % 8],
                                  .size = kind < 7 ? 4 : kind < 9 ? 24 : TXT_BYTES };
}

/* --- Cairn -------------------------------------------------------------------------------------------------------- */

struct cairn {
        struct store *store;
        struct hand *hand;
        struct cache *cache;
        struct arena arena;
        unsigned puts;       /* in the open batch */
        uint64_t entries, looks; /* for the mean */
};

static const uint8_t secret[SIPHASH_KEY_LEN] = "hit ratio bench";

static void cairn_open(struct cairn *cairn, size_t size)
{
        static const struct settings settings = { .cache_max_ttl = 86400, .cache_max_negative_ttl = 3600 };

        *cairn = (struct cairn){ .store = store_ram_new(size, secret), .hand = hand_new(size, 0) };
        arena_init(&cairn->arena, 1 << 20);
        cairn->cache = cairn->store && cairn->hand ? cache_new(cairn->store, cairn->hand, &settings) : NULL;
        if (!cairn->cache)
                abort();
}

static void cairn_close(struct cairn *cairn)
{
        cache_free(cairn->cache);
        hand_free(cairn->hand);
        store_close(cairn->store);
        arena_fini(&cairn->arena);
}

/* Names lie in the key order as hashes do, so that neighbours are no equals. */
static struct name name_of(uint64_t number, uint8_t wire[NAME_WIRE_MAX])
{
        int len = snprintf((char *)wire, NAME_WIRE_MAX, "%c%016llx%cexample", 16, (unsigned long long)mix(number), 7);

        return (struct name){ .wire = wire, .len = (uint8_t)(len + 1), .label_count = 2 };
}

static void cairn_settle(struct cairn *cairn, uint64_t now_s)
{
        struct batch *batch = cache_take_batch(cairn->cache);
        struct store_stat stat;

        if (batch)
                settle_apply(cairn->store, cairn->hand, &batch, 1, now_s);
        cache_tend(cairn->cache);
        cairn->puts = 0;
        store_stat(cairn->store, &stat);
        cairn->entries += stat.entries;
        cairn->looks++;
}

static void cairn_put(struct cairn *cairn, const struct demand *q, const struct name *name, uint64_t now_s)
{
        static const uint8_t bytes[TXT_BYTES] = { 255 };
        struct rdata rdata = { .bytes = bytes, .len = q->size };
        struct finding finding = {
                .kind = FINDING_SET, .verdict = VERDICT_INSECURE, .rank = RANK_AUTHORITY,
                .set = { .owner = *name, .type = TYPE_A, .class = 1, .ttl = q->ttl, .count = 1, .rdata = &rdata },
                .stored_at = now_s, .ends_at = now_s + q->ttl,
        };
        uint32_t ttl;

        finding.set.type = 65280; /* no layout to keep to */
        (void)cache_put(cairn->cache, 0, name, q->type, &finding, &ttl);
        cairn->puts++;
}

static bool cairn_ask(void *cache, const struct demand *q, uint64_t now_s)
{
        struct cairn *cairn = cache;
        const struct moment now = { .wall_s = now_s, .cache_s = now_s };
        uint8_t wire[NAME_WIRE_MAX];
        struct name name = name_of(q->number, wire);
        struct finding found;

        cache_begin(cairn->cache, &now);
        bool hit = cache_get(cairn->cache, 0, &name, q->type, 0, &cairn->arena, &found);
        arena_reset(&cairn->arena, (struct arena_mark){ .block = NULL });
        if (!hit)
                cairn_put(cairn, q, &name, now_s);
        cache_end(cairn->cache);
        if (cairn->puts == BATCH_PUTS)
                cairn_settle(cairn, now_s);
        return hit;
}

/* --- The others --------------------------------------------------------------------------------------------------- */

struct slot {
        uint64_t number; /* + 1; 0: free */
        uint64_t ends_at;
        uint32_t older, newer; /* LRU: neighbours by use */
        uint16_t size, type;
        uint8_t category;
};

/* A table of slots, found by a hash of open addressing. */
struct table {
        struct slot *slot;
        uint32_t *place; /* slot + 1 */
        size_t mask;
        unsigned count, max;
        uint32_t *free;
        unsigned free_count;
        uint32_t oldest, newest; /* LRU; UINT32_MAX: none */
        uint64_t dice;
};

static void table_open(struct table *table, unsigned max)
{
        size_t room = 4;

        while (room < 4 * (size_t)max)
                room *= 2;
        *table = (struct table){ .slot = calloc(max, sizeof *table->slot), .place = calloc(room, sizeof(uint32_t)),
                                 .mask = room - 1, .max = max, .free = malloc(max * sizeof(uint32_t)),
                                 .oldest = UINT32_MAX, .newest = UINT32_MAX };
        if (!table->slot || !table->place || !table->free)
                abort();
        for (unsigned i = 0; i < max; i++)
                table->free[table->free_count++] = i;
}

static void table_close(struct table *table)
{
        free(table->slot);
        free(table->place);
        free(table->free);
}

static size_t place_of(const struct table *table, uint64_t number)
{
        size_t at = mix(number) & table->mask;

        while (table->place[at] && table->slot[table->place[at] - 1].number != number + 1)
                at = (at + 1) & table->mask;
        return at;
}

/* Those behind the gap move up, so that no search ends too early. */
static void table_drop(struct table *table, uint32_t slot)
{
        size_t gap = place_of(table, table->slot[slot].number - 1);

        table->place[gap] = 0;
        for (size_t at = (gap + 1) & table->mask; table->place[at]; at = (at + 1) & table->mask) {
                uint32_t moved = table->place[at];

                table->place[at] = 0;
                table->place[place_of(table, table->slot[moved - 1].number - 1)] = moved;
        }
        table->slot[slot].number = 0;
        table->free[table->free_count++] = slot;
        table->count--;
}

static struct slot *table_add(struct table *table, const struct demand *q)
{
        uint32_t slot = table->free[--table->free_count];
        size_t at = place_of(table, q->number);

        table->place[at] = slot + 1;
        table->slot[slot] = (struct slot){ .number = q->number + 1, .size = q->size, .type = q->type };
        table->count++;
        return &table->slot[slot];
}

static void lru_unlink(struct table *table, uint32_t slot)
{
        const struct slot *it = &table->slot[slot];

        *(it->newer == UINT32_MAX ? &table->newest : &table->slot[it->newer].older) = it->older;
        *(it->older == UINT32_MAX ? &table->oldest : &table->slot[it->older].newer) = it->newer;
}

static void lru_front(struct table *table, uint32_t slot)
{
        table->slot[slot].older = table->newest;
        table->slot[slot].newer = UINT32_MAX;
        *(table->newest == UINT32_MAX ? &table->oldest : &table->slot[table->newest].newer) = slot;
        table->newest = slot;
}

static bool lru_ask(void *cache, const struct demand *q, uint64_t now_s)
{
        struct table *table = cache;
        uint32_t found = table->place[place_of(table, q->number)];
        bool hit = found && table->slot[found - 1].ends_at > now_s;

        if (found) {
                lru_unlink(table, found - 1);
        } else {
                if (table->count == table->max) {
                        uint32_t oldest = table->oldest;

                        lru_unlink(table, oldest);
                        table_drop(table, oldest);
                }
                found = (uint32_t)(table_add(table, q) - table->slot) + 1;
        }
        lru_front(table, found - 1);
        if (!hit)
                table->slot[found - 1].ends_at = now_s + q->ttl;
        return hit;
}

/*
 * Knot Resolver's collector looks neither at use nor at age: names of two and more labels are in category 15 with the
 * types of delegations and addresses, else in 20; 30 more when larger than 300 bytes, 40 more when they have ended, and
 * 0 to 4 by chance. What is full gives up a tenth, the highest categories first.
 */
static unsigned collect_category(struct table *table, const struct slot *slot, uint64_t now_s)
{
        table->dice = mix(table->dice + 1);
        return (slot->type == TYPE_A ? 15 : 20) + (slot->size > 300 ? 30 : 0) + (slot->ends_at <= now_s ? 40 : 0) +
               (unsigned)(table->dice % 5);
}

static void collect(struct table *table, uint64_t now_s)
{
        unsigned in[256] = { 0 }, wanted = table->max / 10, limit = 255;

        for (unsigned i = 0; i < table->max; i++)
                if (table->slot[i].number) {
                        table->slot[i].category = (uint8_t)collect_category(table, &table->slot[i], now_s);
                        in[table->slot[i].category]++;
                }
        for (unsigned above = 0; limit && above + in[limit] < wanted; limit--)
                above += in[limit];
        for (unsigned category = 255; category >= limit && category; category--)
                for (unsigned i = 0; i < table->max && wanted; i++)
                        if (table->slot[i].number && table->slot[i].category == category) {
                                table_drop(table, i);
                                wanted--;
                        }
}

static bool collected_ask(void *cache, const struct demand *q, uint64_t now_s)
{
        struct table *table = cache;
        uint32_t found = table->place[place_of(table, q->number)];
        bool hit = found && table->slot[found - 1].ends_at > now_s;

        if (!found && table->count == table->max)
                collect(table, now_s);
        struct slot *slot = found ? &table->slot[found - 1] : table_add(table, q);
        if (!hit)
                slot->ends_at = now_s + q->ttl;
        return hit;
}

/* --- The table of figures ----------------------------------------------------------------------------------------- */

typedef bool ask(void *cache, const struct demand *q, uint64_t now_s);

static double ratio(ask *question, void *cache, struct source source, uint64_t questions)
{
        uint64_t hits = 0;

        for (uint64_t i = 0; i < questions; i++) {
                struct demand q = demand_next(&source);
                bool hit = question(cache, &q, STARTED_AT + i / QUESTIONS_A_SECOND);

                hits += hit && i >= questions / 2;
        }
        return (double)hits / (double)(questions - questions / 2);
}

static void compare(const struct source *source, uint64_t questions, unsigned entries)
{
        struct cairn cairn;
        struct table table;

        cairn_open(&cairn, (size_t)entries * ENTRY_BYTES);
        double ours = ratio(cairn_ask, &cairn, *source, questions);
        unsigned mean = (unsigned)(cairn.entries / (cairn.looks ? cairn.looks : 1));
        cairn_close(&cairn);
        table_open(&table, mean);
        double lru = ratio(lru_ask, &table, *source, questions);
        table_close(&table);
        table_open(&table, (unsigned)(mean / 0.95)); /* it lies between full and nine tenths */
        double collected = ratio(collected_ask, &table, *source, questions);
        table_close(&table);
        printf("| %u %% | %u | %.3f | %.3f | %.3f |\n", source->scan_permille / 10, mean, ours, lru, collected);
        fflush(stdout);
}

int main(int argc, char **argv)
{
        static const unsigned scans[] = { 0, 100, 300 };
        uint64_t questions = argc > 1 ? strtoull(argv[1], NULL, 10) : 6000000;
        unsigned entries = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 100000;
        struct source source = { .cumulated = zipf_make() };

        if (!source.cumulated)
                return 1;
        printf("| scan | entries | Cairn | LRU | categories |\n|---|---|---|---|---|\n");
        for (unsigned i = 0; i < sizeof scans / sizeof *scans; i++) {
                source.scan_permille = scans[i];
                compare(&source, questions, entries);
        }
        free(source.cumulated);
        return 0;
}
