#include "forger_world.h"

#include "wire/rrtype.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))
#define COUNT(array)  (sizeof(array) / sizeof *(array))

enum { EVIL = 66, NAMES_MAX = 16, TYPES_LEN = 128 };

static const struct signer_nsec3 hashing = {.algorithm = 1, .salt_len = 2, .salt = "s"};

struct world world;

/* What is written by hand; the rest of a world_zone is made of it. */
static const struct {
        const char *text;
        uint8_t address[4];
        bool is_signed, is_hashed;
        const char *records[12];
} written[FORGER_ZONES] = {
        {".",
         {192, 0, 2, 1},
         true,
         false,
         {". 3600 SOA ns.root. a. 1 2 3 4 300", ". 3600 NS ns.root.", "ns.root. 3600 A 192.0.2.1",
          "example. 3600 NS ns.example."}},
        {"example.",
         {192, 0, 2, 2},
         true,
         false,
         {"example. 3600 SOA ns.example. a. 1 2 3 4 300", "example. 3600 NS ns.example.",
          "ns.example. 3600 A 192.0.2.2", "www.example. 300 A 198.51.100.1", "alias.example. 300 CNAME www.example.",
          "far.example. 300 CNAME host.sub.example.", "*.wild.example. 300 TXT wild", "real.wild.example. 300 TXT real",
          "sub.example. 3600 NS ns.sub.example.", "open.example. 3600 NS ns.open.example."}},
        {"sub.example.",
         {192, 0, 2, 3},
         true,
         true,
         {"sub.example. 3600 SOA ns.sub.example. a. 1 2 3 4 300", "sub.example. 3600 NS ns.sub.example.",
          "ns.sub.example. 3600 A 192.0.2.3", "host.sub.example. 300 A 198.51.100.2",
          "*.any.sub.example. 300 TXT any", "deep.ent.sub.example. 300 A 198.51.100.4"}},
        {"open.example.",
         {192, 0, 2, 4},
         false,
         false,
         {"open.example. 3600 SOA ns.open.example. a. 1 2 3 4 300", "open.example. 3600 NS ns.open.example.",
          "ns.open.example. 3600 A 192.0.2.4", "www.open.example. 300 A 198.51.100.3"}},
};

/* --- Making the world --------------------------------------------------------------------------------------------- */

struct rrset *world_find(struct world_zone *zone, const struct name *owner, uint16_t type)
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
        REQUIRE(zone->count < WORLD_SETS);
        sign(zone, &set);
        zone->set[zone->count++] = set;
}

static int by_name(const void *a, const void *b)
{
        return name_compare(a, b);
}

/* Hashes come first in what is sorted. */
static int by_hash(const void *a, const void *b)
{
        return memcmp(a, b, SIGNER_HASH_LEN);
}

/* The types of the first so many sets that a name has. */
static void types_at(const struct world_zone *zone, unsigned plain, const struct name *name, char out[TYPES_LEN])
{
        char type[RRTYPE_TEXT_MAX];
        int len = 0;

        out[0] = '\0';
        for (unsigned i = 0; i < plain; i++)
                if (name_equal(&zone->set[i].owner, name))
                        len += snprintf(out + len, TYPES_LEN - (size_t)len, " %s",
                                        rrtype_text(zone->set[i].type, type));
        if (len)
                snprintf(out + len, TYPES_LEN - (size_t)len, " RRSIG");
}

/* Each name that a record of the zone makes exist, once: owners, and what lies between them and the apex. */
static unsigned names_of(const struct world_zone *zone, bool with_empty, struct name out[NAMES_MAX])
{
        unsigned count = 0;

        for (unsigned i = 0; i < zone->count; i++)
                for (struct name name = zone->set[i].owner;; name = name_strip(&name, 1)) {
                        unsigned known = 0;

                        while (known < count && !name_equal(&out[known], &name))
                                known++;
                        REQUIRE(known < NAMES_MAX);
                        if (known == count)
                                out[count++] = name;
                        if (!with_empty || name_equal(&name, &zone->apex))
                                break;
                }
        return count;
}

/* One NSEC for each owner; they stand in canonical order. */
static void add_nsec(struct world_zone *zone)
{
        char owner[NAME_TEXT_MAX], next[NAME_TEXT_MAX], types[TYPES_LEN], line[3 * NAME_TEXT_MAX];
        struct name name[NAMES_MAX];
        unsigned plain = zone->count, count = names_of(zone, false, name);

        qsort(name, count, sizeof *name, by_name);
        for (unsigned i = 0; i < count; i++) {
                types_at(zone, plain, &name[i], types);
                snprintf(line, sizeof line, "%s 300 NSEC %s NSEC%s", name_text(&name[i], owner),
                         name_text(&name[(i + 1) % count], next), types);
                add_set(zone, signer_set(&world.arena, line));
        }
}

struct rrset world_nsec3(const struct world_zone *zone, const struct name *name, const char *types)
{
        uint8_t hash[SIGNER_HASH_LEN];

        signer_hash(&hashing, name, hash);
        return signer_nsec3_set(&world.arena, zone->text, &hashing, hash, hash, types);
}

/* One NSEC3 for each name; they stand in the order of their hashes. */
static void add_nsec3(struct world_zone *zone)
{
        struct hashed {
                uint8_t hash[SIGNER_HASH_LEN];
                struct name name;
        } hashed[NAMES_MAX];
        struct name name[NAMES_MAX];
        unsigned plain = zone->count, count = names_of(zone, true, name);
        char types[TYPES_LEN];

        for (unsigned i = 0; i < count; i++) {
                hashed[i].name = name[i];
                signer_hash(&hashing, &name[i], hashed[i].hash);
        }
        qsort(hashed, count, sizeof *hashed, by_hash);
        for (unsigned i = 0; i < count; i++) {
                types_at(zone, plain, &hashed[i].name, types);
                add_set(zone, signer_nsec3_set(&world.arena, zone->text, &hashing, hashed[i].hash,
                                               hashed[(i + 1) % count].hash, types));
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

                if (below == zone || !below->is_signed || !world_find(zone, &cut, TYPE_NS))
                        continue;
                struct rdata ds = signer_ds(&world.arena, below->text, &below->key, 2);
                add_set(zone, signer_ds_set(&world.arena, below->text, &ds, 1));
        }
        const struct signer_key *const keys[] = {&zone->key};
        add_set(zone, signer_dnskey(&world.arena, zone->text, keys, 1));
        (zone->is_hashed ? add_nsec3 : add_nsec)(zone);
}

/* Who shows the root the whole name may be referred from there to any place below the anchor. */
static const char *const way_settings[FORGER_WAYS] = {
        [FORGER_WALK] = "root-hints: [\"ns.root 192.0.2.1\"]\n",
        [FORGER_ISLAND] = "root-hints: [\"ns.root 192.0.2.1\"]\nquery-minimization: no\n",
        [FORGER_FORWARD] = "forward-zones: [{name: ., addresses: [192.0.2.53]}]\n",
};

static void write_settings(char out[1024], enum forger_way way)
{
        const struct world_zone *anchor = &world.zone[way == FORGER_ISLAND ? WORLD_CHILD : 0];
        struct rdata ds = signer_ds(&world.arena, anchor->text, &anchor->key, 2);
        int len = snprintf(out, 1024, "%sspecial-use-zones: no\ntrust-anchors: [\"%s DS %u %u %u ", way_settings[way],
                           anchor->text, (unsigned)load_u16(ds.bytes), (unsigned)ds.bytes[2], (unsigned)ds.bytes[3]);

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
                zone->is_hashed = written[i].is_hashed;
                zone->apex = signer_name(&world.arena, zone->text);
                signer_key_make(&zone->key, SIGNER_ED25519, 0, (uint8_t)(i + 1));
        }
        for (uint8_t i = 0; i < FORGER_ZONES; i++)
                zone_make(&world.zone[i]);
        for (enum forger_way way = 0; way < FORGER_WAYS; way++)
                write_settings(world.settings[way], way);
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

const char *forger_settings(enum forger_way way)
{
        return world.settings[way];
}

/* --- Honest answers ----------------------------------------------------------------------------------------------- */

void world_put(struct forger_reply *reply, enum section section, const struct rrset *set)
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

/* The NSEC or NSEC3 at a place in the order of its zone, or the one that covers it: the last that is not behind it. */
static const struct rrset *record_at(const struct world_zone *zone, uint16_t type, const struct name *place)
{
        const struct rrset *best = NULL, *last = NULL;

        for (unsigned i = 0; i < zone->count; i++) {
                if (zone->set[i].type != type)
                        continue;
                last = &zone->set[i];
                if (name_compare(&last->owner, place) <= 0)
                        best = last;
        }
        return best ? best : last;
}

struct name world_place(const struct world_zone *zone, const struct name *name)
{
        return zone->is_hashed ? world_nsec3(zone, name, "").owner : *name;
}

static void put_record_of(const struct world_zone *zone, const struct name *name, struct forger_reply *out)
{
        struct name place = world_place(zone, name);
        const struct rrset *record = record_at(zone, zone->is_hashed ? TYPE_NSEC3 : TYPE_NSEC, &place);

        for (unsigned i = 0; record && i < out->count[SECTION_AUTHORITY]; i++)
                if (out->set[SECTION_AUTHORITY][i].rdata == record->rdata)
                        return;
        world_put(out, SECTION_AUTHORITY, record);
}

void world_prove(const struct world_zone *zone, const struct name *name, struct forger_reply *out)
{
        struct name closest = *name;

        while (zone->is_hashed && !exists(zone, &closest))
                closest = name_strip(&closest, 1);
        if (closest.label_count < name->label_count) {
                struct name next_closer = name_ancestor(name, closest.label_count + 1u);

                put_record_of(zone, &closest, out);
                put_record_of(zone, &next_closer, out);
        } else {
                put_record_of(zone, name, out);
        }
}

static void refer(struct world_zone *zone, const struct rrset *cut, struct forger_reply *out)
{
        const struct rrset *ds = world_find(zone, &cut->owner, TYPE_DS);

        out->authoritative = false;
        world_put(out, SECTION_AUTHORITY, cut);
        world_put(out, SECTION_AUTHORITY, ds ? ds : world_find(zone, &cut->owner, TYPE_NSEC));
        for (unsigned i = 0; i < FORGER_ZONES; i++) {
                struct name server;

                if (name_equal(&world.zone[i].apex, &cut->owner) && rrset_target(cut, 0, &server)) {
                        struct rrset *glue = world_find(&world.zone[i], &server, TYPE_A);
                        struct rrset bare = *glue;

                        bare.sig_count = 0;
                        world_put(out, SECTION_ADDITIONAL, &bare);
                }
        }
}

static void deny(struct world_zone *zone, const struct name *name, const struct name *wildcard,
                 struct forger_reply *out)
{
        world_put(out, SECTION_AUTHORITY, world_find(zone, &zone->apex, TYPE_SOA));
        world_prove(zone, name, out);
        if (wildcard)
                world_prove(zone, wildcard, out);
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
        const struct rrset *set = world_find(zone, &wildcard, question->type);
        if (set) {
                struct rrset expanded = *set;

                expanded.owner = name_copy(&world.arena, &question->name);
                world_put(out, SECTION_ANSWER, &expanded);
                world_prove(zone, &question->name, out);
                return;
        }
        out->rcode = exists(zone, &wildcard) ? RCODE_NOERROR : RCODE_NXDOMAIN;
        deny(zone, &question->name, &wildcard, out);
}

static void answer_from(struct world_zone *zone, const struct question *question, struct forger_reply *out)
{
        struct rrset *cut = find_cut(zone, &question->name);
        const struct rrset *set = world_find(zone, &question->name, question->type);
        const struct rrset *alias = world_find(zone, &question->name, TYPE_CNAME);

        if (cut && !(question->type == TYPE_DS && name_equal(&cut->owner, &question->name))) {
                refer(zone, cut, out);
        } else if (set) {
                world_put(out, SECTION_ANSWER, set);
        } else if (alias) {
                world_put(out, SECTION_ANSWER, alias);
        } else if (exists(zone, &question->name)) {
                deny(zone, &question->name, NULL, out);
        } else {
                answer_missing(zone, question, out);
        }
}

/* The zone that a question is for: the deepest, but that a DS set is in the zone above. */
static struct world_zone *zone_of(const struct question *question)
{
        struct world_zone *best = &world.zone[0];

        for (unsigned i = 1; i < FORGER_ZONES; i++) {
                struct world_zone *zone = &world.zone[i];
                bool is_above = question->type == TYPE_DS ? name_is_below(&question->name, &zone->apex)
                                                          : name_is_at_or_below(&question->name, &zone->apex);

                if (is_above && zone->apex.label_count > best->apex.label_count)
                        best = zone;
        }
        return best;
}

/* What a resolver says: aliases are followed. */
static void answer_for_all(const struct question *question, struct forger_reply *out)
{
        struct question asked = *question;
        unsigned count;

        out->authoritative = false;
        do {
                count = out->count[SECTION_ANSWER];
                answer_from(zone_of(&asked), &asked, out);
        } while (out->count[SECTION_ANSWER] > count && asked.type != TYPE_CNAME &&
                 out->set[SECTION_ANSWER][count].type == TYPE_CNAME &&
                 rrset_target(&out->set[SECTION_ANSWER][count], 0, &asked.name));
}

bool world_answer(const uint8_t address[4], const struct question *question, struct forger_reply *out)
{
        static const uint8_t forwarder[4] = {192, 0, 2, 53};

        if (!memcmp(address, forwarder, sizeof forwarder)) {
                answer_for_all(question, out);
                return true;
        }
        for (unsigned i = 0; i < FORGER_ZONES; i++)
                if (!memcmp(world.zone[i].address, address, 4) &&
                    name_is_at_or_below(&question->name, &world.zone[i].apex)) {
                        answer_from(&world.zone[i], question, out);
                        return true;
                }
        return false;
}
