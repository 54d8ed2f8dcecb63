#include "forger.h"

#include "signer.h"
#include "wire/compose.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))
#define COUNT(array)  (sizeof(array) / sizeof *(array))

enum { DAY = 86400, ZONE_SETS = 32, EVIL = 66, CHILD_ZONE = 2 };

struct world_zone {
        const char *text;
        const uint8_t *address;
        bool is_signed;
        struct name apex;
        struct signer_key key;
        unsigned count;
        struct rrset set[ZONE_SETS]; /* signed where the zone has authority; NSEC among them */
};

/*
 * Whom the forger is in league with: nobody, so that he has a key of his own; or the owner of sub.example., who lies
 * about everybody else; or he has kept what zones signed long ago.
 */
enum league { NOBODY, CHILD, PAST, LEAGUES };

static struct {
        struct arena arena;
        struct signer_key evil;
        enum league league;
        char settings[2][1024]; /* from the root, from the island */
        struct arena_mark made; /* what is forged lies behind it */
        struct world_zone zone[FORGER_ZONES];
} world;

/* What is written by hand; the rest of a world_zone is made of it. */
static const struct {
        const char *text;
        uint8_t address[4];
        bool is_signed;
        const char *records[12];
} written[FORGER_ZONES] = {
        {".",
         {192, 0, 2, 1},
         true,
         {". 3600 SOA ns.root. a. 1 2 3 4 300", ". 3600 NS ns.root.", "ns.root. 3600 A 192.0.2.1",
          "example. 3600 NS ns.example."}},
        {"example.",
         {192, 0, 2, 2},
         true,
         {"example. 3600 SOA ns.example. a. 1 2 3 4 300", "example. 3600 NS ns.example.",
          "ns.example. 3600 A 192.0.2.2", "www.example. 300 A 198.51.100.1", "alias.example. 300 CNAME www.example.",
          "far.example. 300 CNAME host.sub.example.", "*.wild.example. 300 TXT wild", "real.wild.example. 300 TXT real",
          "sub.example. 3600 NS ns.sub.example.", "open.example. 3600 NS ns.open.example."}},
        {"sub.example.",
         {192, 0, 2, 3},
         true,
         {"sub.example. 3600 SOA ns.sub.example. a. 1 2 3 4 300", "sub.example. 3600 NS ns.sub.example.",
          "ns.sub.example. 3600 A 192.0.2.3", "host.sub.example. 300 A 198.51.100.2"}},
        {"open.example.",
         {192, 0, 2, 4},
         false,
         {"open.example. 3600 SOA ns.open.example. a. 1 2 3 4 300", "open.example. 3600 NS ns.open.example.",
          "ns.open.example. 3600 A 192.0.2.4", "www.open.example. 300 A 198.51.100.3"}},
};

/* --- Making the world --------------------------------------------------------------------------------------------- */

static struct rrset *find(struct world_zone *zone, const struct name *owner, uint16_t type)
{
        for (unsigned i = 0; i < zone->count; i++)
                if (zone->set[i].type == type && name_equal(&zone->set[i].owner, owner))
                        return &zone->set[i];
        return NULL;
}

/* The delegation at or above a name; NULL: the name is the zone's own. */
static struct rrset *find_cut(struct world_zone *zone, const struct name *name)
{
        for (unsigned i = 0; i < zone->count; i++)
                if (zone->set[i].type == TYPE_NS && !name_equal(&zone->set[i].owner, &zone->apex) &&
                    name_is_at_or_below(name, &zone->set[i].owner))
                        return &zone->set[i];
        return NULL;
}

static void sign(struct world_zone *zone, struct rrset *set)
{
        bool delegation = set->type == TYPE_NS && !name_equal(&set->owner, &zone->apex);

        if (zone->is_signed && !delegation)
                signer_sign_set(&world.arena, set, &zone->key, &zone->apex, FORGER_NOW - 7 * DAY, FORGER_NOW + 7 * DAY);
}

static void add_set(struct world_zone *zone, struct rrset set)
{
        REQUIRE(zone->count < ZONE_SETS);
        sign(zone, &set);
        zone->set[zone->count++] = set;
}

static int by_owner(const void *a, const void *b)
{
        return name_compare(&((const struct rrset *)a)->owner, &((const struct rrset *)b)->owner);
}

/* One NSEC for each owner; the sets stand in canonical order. */
static void add_nsec(struct world_zone *zone)
{
        unsigned plain = zone->count;
        char owner[NAME_TEXT_MAX], next[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], line[3 * NAME_TEXT_MAX];

        qsort(zone->set, plain, sizeof *zone->set, by_owner);
        for (unsigned i = 0, end; i < plain; i = end) {
                for (end = i + 1; end < plain && name_equal(&zone->set[end].owner, &zone->set[i].owner);)
                        end++;
                name_text(&zone->set[i].owner, owner);
                name_text(end < plain ? &zone->set[end].owner : &zone->apex, next);
                int len = snprintf(line, sizeof line, "%s 300 NSEC %s RRSIG NSEC", owner, next);
                for (unsigned t = i; t < end; t++)
                        len += snprintf(line + len, sizeof line - (size_t)len, " %s",
                                        rrtype_text(zone->set[t].type, type));
                add_set(zone, signer_set(&world.arena, line));
        }
}

static void zone_make(struct world_zone *zone)
{
        const char *const *records = written[zone - world.zone].records;

        for (unsigned i = 0; i < COUNT(written[0].records) && records[i]; i++)
                add_set(zone, signer_set(&world.arena, records[i]));
        if (!zone->is_signed)
                return;
        for (unsigned child = 0; child < FORGER_ZONES; child++) {
                struct world_zone *below = &world.zone[child];
                struct name cut = signer_name(&world.arena, below->text);

                if (below == zone || !below->is_signed || !find(zone, &cut, TYPE_NS))
                        continue;
                struct rdata ds = signer_ds(&world.arena, below->text, &below->key, 2);
                add_set(zone, signer_ds_set(&world.arena, below->text, &ds, 1));
        }
        const struct signer_key *const keys[] = {&zone->key};
        add_set(zone, signer_dnskey(&world.arena, zone->text, keys, 1));
        add_nsec(zone);
}

/* Who shows the root the whole name may be referred from there to any place below the anchor. */
static void write_settings(char out[1024], const struct world_zone *anchor)
{
        struct rdata ds = signer_ds(&world.arena, anchor->text, &anchor->key, 2);
        int len = snprintf(out, 1024,
                           "root-hints: [\"ns.root 192.0.2.1\"]\nspecial-use-zones: no\nquery-minimization: %s\n"
                           "trust-anchors: [\"%s DS %u %u %u ",
                           name_is_root(&anchor->apex) ? "yes" : "no", anchor->text, (unsigned)load_u16(ds.bytes),
                           (unsigned)ds.bytes[2], (unsigned)ds.bytes[3]);

        for (unsigned i = 4; i < ds.len; i++)
                len += snprintf(out + len, 1024 - (size_t)len, "%02x", ds.bytes[i]);
        snprintf(out + len, 1024 - (size_t)len, "\"]\n");
}

void forger_open(void)
{
        if (world.arena.max)
                return;
        arena_init(&world.arena, 256 << 20);
        signer_key_make(&world.evil, SIGNER_ED25519, 0, EVIL);
        for (uint8_t i = 0; i < FORGER_ZONES; i++) {
                struct world_zone *zone = &world.zone[i];

                zone->text = written[i].text;
                zone->address = written[i].address;
                zone->is_signed = written[i].is_signed;
                zone->apex = signer_name(&world.arena, zone->text);
                signer_key_make(&zone->key, SIGNER_ED25519, 0, (uint8_t)(i + 1));
        }
        for (uint8_t i = 0; i < FORGER_ZONES; i++)
                zone_make(&world.zone[i]);
        write_settings(world.settings[0], &world.zone[0]);
        write_settings(world.settings[1], &world.zone[CHILD_ZONE]);
        world.made = arena_mark(&world.arena);
}

void forger_forget(void)
{
        arena_reset(&world.arena, world.made);
}

void forger_close(void)
{
        for (unsigned i = 0; i < FORGER_ZONES; i++) {
                signer_key_fini(&world.zone[i].key);
                world.zone[i].count = 0;
        }
        signer_key_fini(&world.evil);
        arena_fini(&world.arena);
        world.arena.max = 0;
}

const char *forger_settings(bool island)
{
        return world.settings[island];
}

/* --- Honest answers ----------------------------------------------------------------------------------------------- */

static void put(struct forger_reply *reply, enum section section, const struct rrset *set)
{
        if (set && reply->count[section] < FORGER_SETS)
                reply->set[section][reply->count[section]++] = *set;
}

/* Does the name exist, perhaps as an empty non-terminal? */
static bool exists(const struct world_zone *zone, const struct name *name)
{
        for (unsigned i = 0; i < zone->count; i++)
                if (name_is_at_or_below(&zone->set[i].owner, name))
                        return true;
        return false;
}

/* The NSEC at a name, or the one that covers it: the last that is not behind it. */
static const struct rrset *nsec_for(const struct world_zone *zone, const struct name *name)
{
        const struct rrset *best = NULL;

        for (unsigned i = 0; i < zone->count; i++)
                if (zone->set[i].type == TYPE_NSEC && name_compare(&zone->set[i].owner, name) <= 0)
                        best = &zone->set[i];
        return best;
}

static void refer(struct world_zone *zone, const struct rrset *cut, struct forger_reply *out)
{
        const struct rrset *ds = find(zone, &cut->owner, TYPE_DS);

        out->authoritative = false;
        put(out, SECTION_AUTHORITY, cut);
        put(out, SECTION_AUTHORITY, ds ? ds : find(zone, &cut->owner, TYPE_NSEC));
        for (unsigned i = 0; i < FORGER_ZONES; i++) {
                struct name server;

                if (name_equal(&world.zone[i].apex, &cut->owner) && rrset_target(cut, 0, &server)) {
                        struct rrset *glue = find(&world.zone[i], &server, TYPE_A);
                        struct rrset bare = *glue;

                        bare.sig_count = 0;
                        put(out, SECTION_ADDITIONAL, &bare);
                }
        }
}

static void deny(struct world_zone *zone, const struct name *name, const struct name *wildcard,
                 struct forger_reply *out)
{
        const struct rrset *first = nsec_for(zone, name), *second = wildcard ? nsec_for(zone, wildcard) : NULL;

        put(out, SECTION_AUTHORITY, find(zone, &zone->apex, TYPE_SOA));
        put(out, SECTION_AUTHORITY, first);
        if (second != first)
                put(out, SECTION_AUTHORITY, second);
}

/* The name is not there: a wildcard may answer for it. */
static void answer_missing(struct world_zone *zone, const struct question *question, struct forger_reply *out)
{
        static const uint8_t star[] = {'*'};
        struct name closest = name_strip(&question->name, 1), wildcard;
        uint8_t *room = arena_alloc(&world.arena, NAME_WIRE_MAX);

        while (!exists(zone, &closest))
                closest = name_strip(&closest, 1);
        REQUIRE(room && name_prepend(star, 1, &closest, room, &wildcard) == ERR_OK);
        const struct rrset *set = find(zone, &wildcard, question->type);
        if (set) {
                struct rrset expanded = *set;

                expanded.owner = name_copy(&world.arena, &question->name);
                put(out, SECTION_ANSWER, &expanded);
                put(out, SECTION_AUTHORITY, nsec_for(zone, &question->name));
                return;
        }
        out->rcode = exists(zone, &wildcard) ? RCODE_NOERROR : RCODE_NXDOMAIN;
        deny(zone, &question->name, &wildcard, out);
}

static void answer_from(struct world_zone *zone, const struct question *question, struct forger_reply *out)
{
        struct rrset *cut = find_cut(zone, &question->name);
        const struct rrset *set = find(zone, &question->name, question->type);
        const struct rrset *alias = find(zone, &question->name, TYPE_CNAME);

        if (cut && !(question->type == TYPE_DS && name_equal(&cut->owner, &question->name))) {
                refer(zone, cut, out);
        } else if (set) {
                put(out, SECTION_ANSWER, set);
        } else if (alias) {
                put(out, SECTION_ANSWER, alias);
        } else if (exists(zone, &question->name)) {
                deny(zone, &question->name, NULL, out);
        } else {
                answer_missing(zone, question, out);
        }
}

static void answer_evil(const struct question *question, struct forger_reply *out);

void forger_honest(const uint8_t address[4], const struct question *question, struct forger_reply *out)
{
        *out = (struct forger_reply){.authoritative = true};
        for (unsigned i = 0; i < FORGER_ZONES; i++)
                if (!memcmp(world.zone[i].address, address, 4) &&
                    name_is_at_or_below(&question->name, &world.zone[i].apex)) {
                        answer_from(&world.zone[i], question, out);
                        return;
                }
        answer_evil(question, out);
}

/* --- Forging ------------------------------------------------------------------------------------------------------ */

static struct rrset evil_set(const struct name *owner, uint16_t type)
{
        char name[NAME_TEXT_MAX], line[NAME_TEXT_MAX + 128];
        const char *const *data;
        static const char *const text[][2] = {
                [0] = {"A", "203.0.113.66"},
                {"TXT", "evil"},
                {"NS", "ns.evil."},
                {"CNAME", "www.evil."},
                {"DS", "1 15 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
                {"AAAA", "2001:db8::66"},
                {"SOA", "ns.evil. a. 1 2 3 4 300"},
                {"MX", "1 mx.evil."},
                {"DNAME", "evil."},
        };
        char wanted[RRTYPE_TEXT_MAX];

        if (type == TYPE_DNSKEY) {
                const struct signer_key *const keys[] = {&world.evil};

                return signer_dnskey(&world.arena, name_text(owner, name), keys, 1);
        }
        rrtype_text(type, wanted);
        data = text[0];
        for (size_t i = 0; i < COUNT(text); i++)
                if (!strcmp(text[i][0], wanted))
                        data = text[i];
        snprintf(line, sizeof line, "%s 300 %s %s", name_text(owner, name), data[0], data[1]);
        return signer_set(&world.arena, line);
}

/* The key that the forger can sign with in the name of this zone. */
static const struct signer_key *key_for(const struct world_zone *as)
{
        switch (world.league) {
        case NOBODY:
        case LEAGUES: break;
        case CHILD: return &world.zone[CHILD_ZONE].key;
        case PAST:
                if (as->is_signed)
                        return &as->key;
                break;
        }
        return &world.evil;
}

static void sign_as(struct rrset *set, const struct world_zone *as, bool with_its_tag)
{
        const struct signer_key *key = key_for(as);
        uint32_t begin = FORGER_NOW - (key == &as->key && world.league == PAST ? 30 : 1) * DAY;
        struct signer_fields fields = signer_fields(set, key, &as->apex, begin, begin + 2 * DAY);

        if (with_its_tag && as->is_signed)
                fields.key_tag = signer_key_tag(&as->key);
        struct rdata signature = signer_sign(&world.arena, set, &fields, key);
        struct rdata rrsig = signer_rrsig(&world.arena, &fields, &signature);
        set->sigs = NULL;
        set->sig_count = 0;
        signer_add(&world.arena, set, &rrsig);
}

/* The forger's own server has an address for every name, and his key for every zone. */
static void answer_evil(const struct question *question, struct forger_reply *out)
{
        struct rrset set = evil_set(&question->name, question->type);

        if (question->type == TYPE_DNSKEY)
                signer_sign_set(&world.arena, &set, &world.evil, &question->name, FORGER_NOW - DAY, FORGER_NOW + DAY);
        if (set.type == question->type)
                put(out, SECTION_ANSWER, &set);
}

static void empty(struct forger_reply *reply)
{
        *reply = (struct forger_reply){.authoritative = true};
}

static void answer_unsigned(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        struct rrset set = evil_set(&question->name, question->type);

        (void)zone;
        empty(reply);
        put(reply, SECTION_ANSWER, &set);
}

static void answer_signed(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        struct rrset set = evil_set(&question->name, question->type);

        empty(reply);
        sign_as(&set, zone, false);
        put(reply, SECTION_ANSWER, &set);
}

static void answer_signed_with_tag(const struct world_zone *zone, const struct question *question,
                                   struct forger_reply *reply)
{
        struct rrset set = evil_set(&question->name, question->type);

        empty(reply);
        sign_as(&set, zone, true);
        put(reply, SECTION_ANSWER, &set);
}

static void alias_away(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        struct rrset set = evil_set(&question->name, TYPE_CNAME);

        empty(reply);
        sign_as(&set, zone, false);
        put(reply, SECTION_ANSWER, &set);
}

static void alias_away_unsigned(const struct world_zone *zone, const struct question *question,
                                struct forger_reply *reply)
{
        alias_away(zone, question, reply);
        reply->set[SECTION_ANSWER][0].sig_count = 0;
}

/* The whole zone moves away: for the names below its apex. */
static void redirect_zone(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        struct rrset set = evil_set(&zone->apex, TYPE_DNAME);

        if (!name_is_below(&question->name, &zone->apex))
                return;
        empty(reply);
        sign_as(&set, zone, true);
        put(reply, SECTION_ANSWER, &set);
}

static void redirect_zone_unsigned(const struct world_zone *zone, const struct question *question,
                                   struct forger_reply *reply)
{
        redirect_zone(zone, question, reply);
        reply->set[SECTION_ANSWER][0].sig_count = 0;
}

/* The right signatures over other data. */
static void swap_data(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        (void)zone;
        (void)question;
        for (unsigned i = 0; i < reply->count[SECTION_ANSWER]; i++) {
                struct rrset *set = &reply->set[SECTION_ANSWER][i], other = evil_set(&set->owner, set->type);

                if (other.type != set->type)
                        continue;
                set->rdata = other.rdata;
                set->count = other.count;
        }
}

static void strip_signatures(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        (void)zone;
        (void)question;
        for (unsigned s = 0; s < SECTION_COUNT; s++)
                for (unsigned i = 0; i < reply->count[s]; i++)
                        reply->set[s][i].sig_count = 0;
}

/* Data of the zone's wildcard for whatever is asked. */
static void replay_wildcard(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        for (unsigned i = 0; i < zone->count; i++) {
                struct rrset set = zone->set[i];

                if (!name_is_wildcard(&set.owner) || set.type == TYPE_NSEC)
                        continue;
                empty(reply);
                set.owner = question->name;
                put(reply, SECTION_ANSWER, &set);
                put(reply, SECTION_AUTHORITY, nsec_for(zone, &question->name));
        }
}

/* A record that denies whatever lies behind the zone's apex, as signed as the forger can make it. */
static struct rrset evil_nsec(const struct world_zone *zone, const struct name *owner, const char *types)
{
        char name[NAME_TEXT_MAX], line[2 * NAME_TEXT_MAX + 64];

        snprintf(line, sizeof line, "%s 300 NSEC %s %s", name_text(owner, name), zone->text, types);
        struct rrset set = signer_set(&world.arena, line);
        sign_as(&set, zone, false);
        return set;
}

static void deny_with(struct world_zone *zone, struct forger_reply *reply, unsigned rcode, const struct rrset *nsec)
{
        struct rrset *soa = find(zone, &zone->apex, TYPE_SOA);

        empty(reply);
        reply->rcode = rcode;
        put(reply, SECTION_AUTHORITY, soa);
        put(reply, SECTION_AUTHORITY, nsec);
}

static struct world_zone *writable(const struct world_zone *zone)
{
        return &world.zone[zone - world.zone];
}

static void deny_name_bare(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        (void)question;
        deny_with(writable(zone), reply, RCODE_NXDOMAIN, NULL);
}

static void deny_type_bare(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        (void)question;
        deny_with(writable(zone), reply, RCODE_NOERROR, NULL);
}

static void deny_with_nothing(const struct world_zone *zone, const struct question *question,
                              struct forger_reply *reply)
{
        (void)zone;
        (void)question;
        empty(reply);
        reply->rcode = RCODE_NXDOMAIN;
}

static void deny_name_by_apex(const struct world_zone *zone, const struct question *question,
                              struct forger_reply *reply)
{
        struct rrset nsec = evil_nsec(zone, &zone->apex, "NS SOA");

        (void)question;
        deny_with(writable(zone), reply, RCODE_NXDOMAIN, &nsec);
}

static void deny_type_by_apex(const struct world_zone *zone, const struct question *question,
                              struct forger_reply *reply)
{
        deny_name_by_apex(zone, question, reply);
        reply->rcode = RCODE_NOERROR;
}

/* An NSEC of the zone alone, without an SOA that would have to lie above the name. */
static void deny_name_by_other_zone(const struct world_zone *zone, const struct question *question,
                                    struct forger_reply *reply)
{
        struct rrset nsec = evil_nsec(zone, &zone->apex, "NS SOA");

        (void)question;
        empty(reply);
        reply->rcode = RCODE_NXDOMAIN;
        put(reply, SECTION_AUTHORITY, &nsec);
}

static void deny_type_by_other_zone(const struct world_zone *zone, const struct question *question,
                                    struct forger_reply *reply)
{
        deny_name_by_other_zone(zone, question, reply);
        reply->rcode = RCODE_NOERROR;
}

/* A record at the name itself, in the zone's name. */
static void deny_type_by_match(const struct world_zone *zone, const struct question *question,
                               struct forger_reply *reply)
{
        struct rrset nsec = evil_nsec(zone, &question->name, "RRSIG");

        deny_with(writable(zone), reply, RCODE_NOERROR, &nsec);
}

/* All that the zone really signed to deny something, for what is asked. */
static void deny_by_replay(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        (void)question;
        deny_with(writable(zone), reply, RCODE_NXDOMAIN, NULL);
        for (unsigned i = 0; i < zone->count; i++)
                if (zone->set[i].type == TYPE_NSEC)
                        put(reply, SECTION_AUTHORITY, &zone->set[i]);
}

static void deny_type_by_replay(const struct world_zone *zone, const struct question *question,
                                struct forger_reply *reply)
{
        deny_by_replay(zone, question, reply);
        reply->rcode = RCODE_NOERROR;
}

/* Referrals to the forger's own server, from the name's ancestors. */
static void refer_away(const struct name *cut, struct forger_reply *reply)
{
        struct rrset ns = evil_set(cut, TYPE_NS), glue = evil_set(cut, TYPE_A);

        empty(reply);
        reply->authoritative = false;
        put(reply, SECTION_AUTHORITY, &ns);
        glue.owner = signer_name(&world.arena, "ns.evil.");
        put(reply, SECTION_ADDITIONAL, &glue);
}

static void refer_at_name(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        (void)zone;
        refer_away(&question->name, reply);
}

static void refer_at_zone(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        (void)question;
        refer_away(&zone->apex, reply);
}

static void refer_at_zone_with_ds(const struct world_zone *zone, const struct question *question,
                                  struct forger_reply *reply)
{
        char text[NAME_TEXT_MAX];
        struct rdata rdata = signer_ds(&world.arena, name_text(&zone->apex, text), &world.evil, 2);
        struct rrset ds = signer_ds_set(&world.arena, text, &rdata, 1);

        refer_at_zone(zone, question, reply);
        put(reply, SECTION_AUTHORITY, &ds);
}

/* With the proof that some other delegation is unsigned. */
static void refer_with_replayed_proof(const struct world_zone *zone, const struct question *question,
                                      struct forger_reply *reply)
{
        struct name open = signer_name(&world.arena, "open.example.");

        refer_away(name_is_root(&zone->apex) ? &question->name : &zone->apex, reply);
        put(reply, SECTION_AUTHORITY, find(&world.zone[1], &open, TYPE_NSEC));
}

static void refer_with_own_proof(const struct world_zone *zone, const struct question *question,
                                 struct forger_reply *reply)
{
        struct rrset nsec = evil_nsec(zone, &question->name, "NS");

        refer_away(&question->name, reply);
        put(reply, SECTION_AUTHORITY, &nsec);
}

/* What the zone signed for other names: DS of another child, DNSKEY of another zone, and the like. */
static void replay_other_owner(const struct world_zone *zone, const struct question *question,
                               struct forger_reply *reply)
{
        for (unsigned i = 0; i < zone->count; i++) {
                struct rrset set = zone->set[i];

                if (set.type != question->type)
                        continue;
                empty(reply);
                set.owner = question->name;
                put(reply, SECTION_ANSWER, &set);
        }
}

/* A key of the forger's beside the real one, with his signature, and what else he can sign with. */
static void add_key(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        char text[NAME_TEXT_MAX];
        const struct signer_key *const keys[] = {&zone->key, &world.evil};

        if (question->type != TYPE_DNSKEY) {
                answer_signed(zone, question, reply);
                return;
        }
        struct rrset set = signer_dnskey(&world.arena, name_text(&question->name, text), keys, 2);
        sign_as(&set, zone, false);
        signer_sign_set(&world.arena, &set, &world.evil, &question->name, FORGER_NOW - DAY, FORGER_NOW + DAY);
        empty(reply);
        put(reply, SECTION_ANSWER, &set);
}

static void fail(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        (void)zone;
        (void)question;
        empty(reply);
        reply->rcode = RCODE_SERVFAIL;
}

/* Does it matter which zone is pretended, and with whose key? */
enum { IN_ONE_WAY = 1, IN_EACH_NAME = FORGER_ZONES, WITH_EACH_KEY = LEAGUES * FORGER_ZONES };

static const struct {
        const char *name;
        void (*apply)(const struct world_zone *zone, const struct question *question, struct forger_reply *reply);
        unsigned zones;
} kinds[] = {
#define KIND(function, zones)                                                                                          \
        {                                                                                                              \
#function, function, zones                                                                             \
        }
        KIND(answer_unsigned, IN_ONE_WAY),
        KIND(answer_signed, WITH_EACH_KEY),
        KIND(answer_signed_with_tag, IN_EACH_NAME),
        KIND(alias_away, WITH_EACH_KEY),
        KIND(alias_away_unsigned, IN_ONE_WAY),
        KIND(redirect_zone, WITH_EACH_KEY),
        KIND(redirect_zone_unsigned, IN_EACH_NAME),
        KIND(swap_data, IN_ONE_WAY),
        KIND(strip_signatures, IN_ONE_WAY),
        KIND(replay_wildcard, IN_EACH_NAME),
        KIND(deny_name_bare, IN_EACH_NAME),
        KIND(deny_type_bare, IN_EACH_NAME),
        KIND(deny_with_nothing, IN_ONE_WAY),
        KIND(deny_name_by_apex, WITH_EACH_KEY),
        KIND(deny_type_by_apex, WITH_EACH_KEY),
        KIND(deny_name_by_other_zone, WITH_EACH_KEY),
        KIND(deny_type_by_other_zone, WITH_EACH_KEY),
        KIND(deny_type_by_match, WITH_EACH_KEY),
        KIND(deny_by_replay, IN_EACH_NAME),
        KIND(deny_type_by_replay, IN_EACH_NAME),
        KIND(refer_at_name, IN_ONE_WAY),
        KIND(refer_at_zone, IN_EACH_NAME),
        KIND(refer_at_zone_with_ds, IN_EACH_NAME),
        KIND(refer_with_replayed_proof, IN_EACH_NAME),
        KIND(refer_with_own_proof, WITH_EACH_KEY),
        KIND(replay_other_owner, IN_EACH_NAME),
        KIND(add_key, WITH_EACH_KEY),
        KIND(fail, IN_ONE_WAY),
};

unsigned forger_count(void)
{
        return COUNT(kinds);
}

unsigned forger_zones(unsigned kind)
{
        return kinds[kind].zones;
}

const char *forger_name(unsigned kind)
{
        return kinds[kind].name;
}

/* What is at the child's own names it may say anything about; its DS set is not. */
static bool is_its_own(const struct question *question)
{
        const struct name *child = &world.zone[CHILD_ZONE].apex;

        return question->type == TYPE_DS ? name_is_below(&question->name, child)
                                         : name_is_at_or_below(&question->name, child);
}

void forger_forge(unsigned kind, unsigned zone, const struct question *question, struct forger_reply *reply)
{
        world.league = zone / FORGER_ZONES % LEAGUES;
        if (world.league != CHILD || !is_its_own(question))
                kinds[kind % COUNT(kinds)].apply(&world.zone[zone % FORGER_ZONES], question, reply);
}

/* --- Bytes -------------------------------------------------------------------------------------------------------- */

bool forger_question(const uint8_t *query, size_t len, struct question *out)
{
        struct query read;

        if (query_read(query, len, &read) != ERR_OK)
                return false;
        *out = read.question;
        return true;
}

size_t forger_write(const uint8_t *query, size_t len, const struct forger_reply *reply, uint8_t *out, size_t room)
{
        struct edns edns = {.present = true, .udp_size = 1232, .dnssec_ok = true};
        struct compose c;
        struct query read;

        if (query_read(query, len, &read) != ERR_OK)
                return 0;
        compose_begin(&c, out, room, read.id, (uint16_t)(FLAG_QR | (reply->authoritative ? FLAG_AA : 0)));
        compose_set_rcode(&c, reply->rcode);
        compose_reserve(&c, edns_len(&edns));
        REQUIRE(compose_question(&c, &read.question) == ERR_OK);
        for (enum section s = SECTION_ANSWER; s < SECTION_COUNT; s++)
                for (unsigned i = 0; i < reply->count[s]; i++)
                        REQUIRE(compose_rrset(&c, s, &reply->set[s][i], reply->set[s][i].ttl, COMPOSE_BOTH, 0) ==
                                ERR_OK);
        REQUIRE(compose_opt(&c, &edns) == ERR_OK);
        return c.len;
}
