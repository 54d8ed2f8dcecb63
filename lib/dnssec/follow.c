#include "dnssec/follow.h"

#include "base/err.h"
#include "dnssec/crypto.h"
#include "dnssec/keys.h"
#include "wire/rrtype.h"
#include <string.h>

/* --- Words -------------------------------------------------------------------------------------------------------- */

static const struct {
        const char *word, *help;
        bool trusted;
} states[ANCHOR_STATES] = {
#define ANCHOR_STATE(constant, word, trusted, help) {word, help, trusted},
#include "dnssec/anchor_states.def"
};

static const struct {
        enum anchor_state from, to;
        const char *why;
} ways[] = {
#define ANCHOR_WAY(from, to, why) {ANCHOR_##from, ANCHOR_##to, why},
#include "dnssec/anchor_states.def"
};

const char *anchor_state_word(enum anchor_state state)
{
        return states[state].word;
}

const char *anchor_state_help(enum anchor_state state)
{
        return states[state].help;
}

bool anchor_state_trusted(enum anchor_state state)
{
        return states[state].trusted;
}

bool anchor_state_from_word(const char *word, enum anchor_state *out)
{
        for (unsigned i = 0; i < ANCHOR_STATES; i++)
                if (!strcmp(states[i].word, word)) {
                        *out = (enum anchor_state)i;
                        return true;
                }
        return false;
}

/* --- Zones and keys ----------------------------------------------------------------------------------------------- */

static struct followed_zone *zone_find(struct follower *follower, const struct name *name)
{
        for (unsigned i = 0; i < follower->zone_count; i++)
                if (name_equal(&follower->zone[i].name, name))
                        return &follower->zone[i];
        return NULL;
}

struct followed_zone *follow_zone(struct follower *follower, const struct name *name)
{
        struct followed_zone *zone = zone_find(follower, name);

        if (zone || follower->zone_count == FOLLOW_ZONES_MAX)
                return zone;
        zone = &follower->zone[follower->zone_count++];
        *zone = (struct followed_zone){ .active = false };
        zone->name = name_hold(&zone->store, name);
        return zone;
}

static struct rdata given_ds(const struct followed_key *key)
{
        return (struct rdata){ .bytes = key->ds, .len = key->ds_len };
}

static struct rdata seen_dnskey(const struct followed_key *key)
{
        return (struct rdata){ .bytes = key->dnskey, .len = key->dnskey_len };
}

uint16_t followed_key_tag(const struct followed_key *key)
{
        struct rdata dnskey = seen_dnskey(key);

        return dnskey.len ? crypto_key_tag(&dnskey) : key->ds_len ? load_u16(key->ds) : 0;
}

/* Is it this DNSKEY, in its form without REVOKE? One that is known by its DS alone is recognised by that. */
static bool is_key(const struct followed_zone *zone, const struct followed_key *key, const struct rdata *dnskey)
{
        const struct crypto_policy any = { .sha1 = true, .rsa_min_bits = 512 };
        struct rdata ds = given_ds(key);

        if (key->dnskey_len)
                return key->dnskey_len == dnskey->len && !memcmp(key->dnskey, dnskey->bytes, dnskey->len);
        return load_u16(key->ds) == crypto_key_tag(dnskey) && crypto_ds_matches(&any, &zone->name, &ds, dnskey);
}

static struct followed_key *key_find(struct followed_zone *zone, const struct rdata *dnskey)
{
        for (unsigned i = 0; i < zone->key_count; i++)
                if (is_key(zone, &zone->key[i], dnskey))
                        return &zone->key[i];
        return NULL;
}

static void key_drop(struct followed_zone *zone, unsigned i)
{
        memmove(&zone->key[i], &zone->key[i + 1], (--zone->key_count - i) * sizeof zone->key[0]);
}

/* When all places are taken, the key that was removed longest ago is forgotten, unless the settings may name it. */
static void make_room(struct followed_zone *zone)
{
        unsigned oldest = FOLLOW_KEYS_MAX;

        if (zone->key_count < FOLLOW_KEYS_MAX)
                return;
        for (unsigned i = 0; i < zone->key_count; i++)
                if (zone->key[i].state == ANCHOR_REMOVED && !zone->key[i].ds_len &&
                    (oldest == FOLLOW_KEYS_MAX || zone->key[i].since_s < zone->key[oldest].since_s))
                        oldest = i;
        if (oldest < FOLLOW_KEYS_MAX)
                key_drop(zone, oldest);
}

struct followed_key *follow_key(struct followed_zone *zone, enum anchor_state state, uint64_t since_s)
{
        if (zone->key_count == FOLLOW_KEYS_MAX)
                return NULL;
        struct followed_key *key = &zone->key[zone->key_count++];
        *key = (struct followed_key){ .state = state, .since_s = since_s };
        return key;
}

bool follow_key_ds(struct followed_key *key, const struct rdata *ds)
{
        if (ds->len <= 4 || ds->len > FOLLOW_DS_MAX)
                return false;
        memcpy(key->ds, ds->bytes, ds->len);
        key->ds_len = ds->len;
        return true;
}

bool follow_key_dnskey(struct followed_key *key, const struct rdata *dnskey)
{
        if (dnskey->len <= DNSKEY_HEAD_LEN || dnskey->len > FOLLOW_DNSKEY_MAX)
                return false;
        memcpy(key->dnskey, dnskey->bytes, dnskey->len);
        key->dnskey_len = dnskey->len;
        return true;
}

/* --- The settings ------------------------------------------------------------------------------------------------- */

bool follow_wanted(const struct settings *settings)
{
        bool own = settings->given[OPTION_trust_anchors] || settings->trust_anchor_file[0];

        if (settings->validation == VALIDATION_NO || settings->trust_anchor_update == ANCHOR_UPDATE_NO)
                return false;
        return !own || settings->trust_anchor_update == ANCHOR_UPDATE_ALL;
}

/* The key that a DS of the settings names. */
static struct followed_key *key_named(struct followed_zone *zone, const struct rdata *ds)
{
        const struct crypto_policy any = { .sha1 = true, .rsa_min_bits = 512 };

        for (unsigned i = 0; i < zone->key_count; i++) {
                struct followed_key *key = &zone->key[i];
                struct rdata dnskey = seen_dnskey(key);

                if (key->ds_len == ds->len && !memcmp(key->ds, ds->bytes, ds->len))
                        return key;
                if (key->dnskey_len && crypto_ds_matches(&any, &zone->name, ds, &dnskey))
                        return key;
        }
        return NULL;
}

/* What the settings name is trusted; only the zone's own revocation is stronger. */
static void adopt_record(struct followed_zone *zone, const struct rr *rr, uint64_t now_s)
{
        bool by_ds = rr->type == TYPE_DS;
        struct followed_key *key = by_ds ? key_named(zone, &rr->rdata) : key_find(zone, &rr->rdata);

        if (key && key->state == ANCHOR_PENDING) {
                key->state = ANCHOR_VALID;
                key->since_s = now_s;
        }
        if (!key) {
                make_room(zone);
                key = follow_key(zone, ANCHOR_VALID, now_s);
        }
        if (key && !(by_ds ? follow_key_ds(key, &rr->rdata) : follow_key_dnskey(key, &rr->rdata)) && !key->ds_len &&
            !key->dnskey_len)
                zone->key_count--; /* of no use: it was the last one */
}

void follow_adopt(struct follower *follower, const struct settings *settings, uint64_t now_s)
{
        for (unsigned i = 0; i < follower->zone_count; i++)
                follower->zone[i].active = false;
        for (unsigned i = 0; follow_wanted(settings) && i < settings->anchors.count; i++) {
                const struct rr *rr = &settings->anchors.item[i].rr;
                struct followed_zone *zone = follow_zone(follower, &rr->owner);

                if (!zone || (rr->type == TYPE_DNSKEY && dnskey_is_revoked(&rr->rdata)))
                        continue;
                zone->active = true;
                adopt_record(zone, rr, now_s);
        }
}

/* --- Looking ------------------------------------------------------------------------------------------------------ */

/* One look at a zone's keys. */
struct look {
        struct followed_zone *zone;
        uint64_t now_s;
        uint64_t gap_s; /* since the look before, as far as it counts */
        follow_tell *tell;
        void *context;
        enum follow_change change;
        bool present[FOLLOW_KEYS_MAX];
        bool fresh[FOLLOW_KEYS_MAX];
};

static void note(struct look *look, enum follow_change change)
{
        if (look->change < change)
                look->change = change;
}

static void say(struct look *look, const struct followed_key *key, enum anchor_state to, const char *why)
{
        const struct follow_news news = {
                .zone = &look->zone->name, .tag = followed_key_tag(key), .to = to, .why = why
        };

        note(look, FOLLOW_NOTED);
        if (look->tell)
                look->tell(look->context, &news);
}

/* Along a row of the table, and along nothing else. */
static void move(struct look *look, struct followed_key *key, enum anchor_state to)
{
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
                if (ways[i].from != key->state || ways[i].to != to)
                        continue;
                if (states[key->state].trusted != states[to].trusted)
                        note(look, FOLLOW_TRUST);
                key->state = to;
                key->since_s = look->now_s;
                key->held_s = 0;
                say(look, key, to, ways[i].why);
                return;
        }
        (void)EXPECT(key->state == to); /* there is no other way to it in RFC 5011 4.2 */
}

/* RFC 5011 2.1: a key that signs its own revocation is revoked, whoever else signs. */
static void see_revoked(struct look *look, struct followed_key *key, bool self_signed)
{
        if (!key || !self_signed || !anchor_state_trusted(key->state))
                return;
        move(look, key, ANCHOR_REVOKED);
        look->fresh[key - look->zone->key] = true;
}

/* RFC 5011 5: secure entry points become anchors; not those that we could not use, as all would be insecure then. */
static bool is_candidate(const struct rdata *dnskey)
{
        const struct crypto_policy usual = { .sha1 = false, .rsa_min_bits = 1024 };
        uint16_t flags = load_u16(dnskey->bytes);

        return (flags & DNSKEY_ZONE) && (flags & DNSKEY_SEP) && dnskey->len <= FOLLOW_DNSKEY_MAX &&
               crypto_algorithm_supported(&usual, dnskey->bytes[3]);
}

static void see_new(struct look *look, const struct rdata *dnskey)
{
        struct followed_key *key = is_candidate(dnskey) ? follow_key(look->zone, ANCHOR_PENDING, look->now_s) : NULL;

        if (!key)
                return;
        (void)follow_key_dnskey(key, dnskey);
        look->present[key - look->zone->key] = look->fresh[key - look->zone->key] = true;
        say(look, key, ANCHOR_PENDING, "it is new among the zone's keys");
}

static void see_known(struct look *look, struct followed_key *key, const struct rdata *dnskey)
{
        look->present[key - look->zone->key] = true;
        if (!key->dnskey_len && follow_key_dnskey(key, dnskey))
                note(look, FOLLOW_NOTED);
}

static void see_key(struct look *look, const struct sighted_key *sighted, bool proven)
{
        uint8_t plain[FOLLOW_DNSKEY_MAX];
        struct rdata dnskey = { .bytes = plain, .len = sighted->dnskey.len };

        if (dnskey.len > sizeof plain)
                return;
        memcpy(plain, sighted->dnskey.bytes, dnskey.len);
        store_u16(plain, (uint16_t)(load_u16(plain) & ~DNSKEY_REVOKE));
        struct followed_key *key = key_find(look->zone, &dnskey);
        if (dnskey_is_revoked(&sighted->dnskey))
                see_revoked(look, key, sighted->self_signed);
        else if (proven && key)
                see_known(look, key, &dnskey);
        else if (proven)
                see_new(look, &dnskey);
}

/* RFC 5011 2.2: 30 days, or as long as the first set with the key may be cached, if that is longer. */
static uint64_t hold_s(const struct followed_zone *zone)
{
        return zone->ttl_s > FOLLOW_HOLD_S ? zone->ttl_s : FOLLOW_HOLD_S;
}

/* What becomes of a key now that all keys have been seen? False: nothing is kept of it. */
static bool conclude(struct look *look, struct followed_key *key, bool present, bool fresh)
{
        uint64_t gap_s = fresh ? 0 : look->gap_s;

        switch (key->state) {
        case ANCHOR_PENDING:
                if (!present)
                        return false;
                key->held_s += gap_s;
                if (key->held_s >= hold_s(look->zone))
                        move(look, key, ANCHOR_VALID);
                break;
        case ANCHOR_VALID:
                if (!present)
                        move(look, key, ANCHOR_MISSING);
                break;
        case ANCHOR_MISSING:
                if (present)
                        move(look, key, ANCHOR_VALID);
                break;
        case ANCHOR_REVOKED:
                key->held_s += gap_s;
                if (key->held_s >= FOLLOW_HOLD_S)
                        move(look, key, ANCHOR_REMOVED);
                break;
        case ANCHOR_REMOVED:
        case ANCHOR_STATES:
                break;
        }
        return true;
}

/* From the last key to the first, as keys may be dropped on the way. */
static void conclude_all(struct look *look)
{
        for (unsigned i = look->zone->key_count; i-- > 0;) {
                struct followed_key *key = &look->zone->key[i];

                if (conclude(look, key, look->present[i], look->fresh[i]))
                        continue;
                say(look, key, ANCHOR_STATES, "it was gone before it was trusted");
                key_drop(look->zone, i);
        }
}

static uint64_t clamp(uint64_t s, uint64_t most)
{
        return s > most ? most : s < FOLLOW_LOOK_MIN_S ? FOLLOW_LOOK_MIN_S : s;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

static void schedule(struct followed_zone *zone, uint64_t now_s)
{
        zone->checked_s = now_s;
        zone->next_s = now_s + clamp(smaller(zone->ttl_s, zone->validity_s) / 2, FOLLOW_LOOK_MAX_S);
}

enum follow_change follow_see(struct follower *follower, const struct sighting *sighting, uint64_t now_s,
                              follow_tell *tell, void *context)
{
        struct followed_zone *zone = zone_find(follower, &sighting->zone);
        struct look look = { .zone = zone, .now_s = now_s, .tell = tell, .context = context };

        if (!zone || !zone->active)
                return FOLLOW_SAME;
        if (zone->checked_s && zone->checked_s < now_s)
                look.gap_s = smaller(now_s - zone->checked_s, FOLLOW_LOOK_MAX_S);
        make_room(zone);
        for (unsigned i = 0; i < sighting->count; i++)
                see_key(&look, &sighting->key[i], sighting->proven);
        if (!sighting->proven)
                return look.change;
        zone->ttl_s = sighting->ttl_s;
        zone->validity_s = sighting->validity_s;
        conclude_all(&look);
        schedule(zone, now_s);
        return look.change;
}

/* --- When --------------------------------------------------------------------------------------------------------- */

void follow_failed(struct followed_zone *zone, uint64_t now_s)
{
        zone->next_s = now_s + clamp(smaller(zone->ttl_s, zone->validity_s) / 10, 86400);
}

/* A date that lies further ahead than any can was made by a clock that was wrong. */
static uint64_t due(const struct followed_zone *zone, uint64_t now_s)
{
        return zone->next_s > now_s + FOLLOW_LOOK_MAX_S ? now_s : zone->next_s;
}

struct followed_zone *follow_next(struct follower *follower, uint64_t now_s, uint64_t *due_s)
{
        struct followed_zone *next = NULL;

        for (unsigned i = 0; i < follower->zone_count; i++) {
                struct followed_zone *zone = &follower->zone[i];

                if (zone->active && (!next || due(zone, now_s) < *due_s)) {
                        next = zone;
                        *due_s = due(zone, now_s);
                }
        }
        return next;
}

/* --- What is trusted ---------------------------------------------------------------------------------------------- */

static bool learn_zone(const struct followed_zone *zone, struct arena *arena, struct followed_point *out)
{
        struct rdata *ds = arena_alloc(arena, sizeof *ds * FOLLOW_KEYS_MAX);

        *out = (struct followed_point){ .name = zone->name, .ds = ds };
        for (unsigned i = 0; ds && i < zone->key_count; i++) {
                const struct followed_key *key = &zone->key[i];
                struct rdata dnskey = seen_dnskey(key);

                if (!anchor_state_trusted(key->state))
                        continue;
                if (key->ds_len)
                        ds[out->count++] = given_ds(key);
                else if (anchor_ds_of(&zone->name, &dnskey, arena, &ds[out->count]))
                        out->count++;
                else
                        return false;
        }
        return ds != NULL;
}

bool follow_learned(const struct follower *follower, struct arena *arena, struct learned *out)
{
        struct followed_point *point = arena_alloc(arena, sizeof *point * FOLLOW_ZONES_MAX);

        *out = (struct learned){ .point = point };
        for (unsigned i = 0; point && i < follower->zone_count; i++)
                if (follower->zone[i].active && !learn_zone(&follower->zone[i], arena, &point[out->point_count++]))
                        return false;
        return point != NULL;
}
