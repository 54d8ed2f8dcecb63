#include "forger.h"

#include "forger_world.h"
#include "signer.h"
#include "wire/compose.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))
#define COUNT(array)  (sizeof(array) / sizeof *(array))

/*
 * Whom the forger is in league with: nobody, so that he has a key of his own; or the owner of sub.example., who lies
 * about everybody else; or he has kept what zones signed long ago.
 */
enum league { NOBODY, CHILD, PAST, LEAGUES };

static enum league league;

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
        switch (league) {
        case NOBODY:
        case LEAGUES: break;
        case CHILD: return &world.zone[WORLD_CHILD].key;
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
        uint32_t begin = FORGER_NOW - (key == &as->key && league == PAST ? 30 : 1) * DAY;
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
                world_put(out, SECTION_ANSWER, &set);
}

void forger_honest(const uint8_t address[4], const struct question *question, struct forger_reply *out)
{
        *out = (struct forger_reply){.authoritative = true};
        if (!world_answer(address, question, out))
                answer_evil(question, out);
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
        world_put(reply, SECTION_ANSWER, &set);
}

static void answer_signed(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        struct rrset set = evil_set(&question->name, question->type);

        empty(reply);
        sign_as(&set, zone, false);
        world_put(reply, SECTION_ANSWER, &set);
}

static void answer_signed_with_tag(const struct world_zone *zone, const struct question *question,
                                   struct forger_reply *reply)
{
        struct rrset set = evil_set(&question->name, question->type);

        empty(reply);
        sign_as(&set, zone, true);
        world_put(reply, SECTION_ANSWER, &set);
}

static void alias_away(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        struct rrset set = evil_set(&question->name, TYPE_CNAME);

        empty(reply);
        sign_as(&set, zone, false);
        world_put(reply, SECTION_ANSWER, &set);
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
        world_put(reply, SECTION_ANSWER, &set);
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
                world_put(reply, SECTION_ANSWER, &set);
                world_prove(zone, &question->name, reply);
        }
}

/* A record that denies whatever lies behind the zone's apex, as signed as the forger can make it. */
static struct rrset evil_nsec(const struct world_zone *zone, const struct name *owner, const char *types)
{
        char name[NAME_TEXT_MAX], line[2 * NAME_TEXT_MAX + 64];

        snprintf(line, sizeof line, "%s 300 NSEC %s %s", name_text(owner, name), zone->text, types);
        struct rrset set = zone->is_hashed ? world_nsec3(zone, owner, types) : signer_set(&world.arena, line);
        sign_as(&set, zone, false);
        return set;
}

static void deny_with(struct world_zone *zone, struct forger_reply *reply, unsigned rcode, const struct rrset *nsec)
{
        struct rrset *soa = world_find(zone, &zone->apex, TYPE_SOA);

        empty(reply);
        reply->rcode = rcode;
        world_put(reply, SECTION_AUTHORITY, soa);
        world_put(reply, SECTION_AUTHORITY, nsec);
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
        world_put(reply, SECTION_AUTHORITY, &nsec);
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

/* What the zone really signed to deny something, for what is asked; not what is about this name, if there is one. */
static void replay_denial(const struct world_zone *zone, const struct name *but, struct forger_reply *reply)
{
        struct name place = world_place(zone, but ? but : &zone->apex);

        deny_with(writable(zone), reply, RCODE_NXDOMAIN, NULL);
        for (unsigned i = 0; i < zone->count; i++) {
                const struct rrset *set = &zone->set[i];

                if ((set->type == TYPE_NSEC || set->type == TYPE_NSEC3) && (!but || !name_equal(&set->owner, &place)))
                        world_put(reply, SECTION_AUTHORITY, set);
        }
}

static void deny_by_replay(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        (void)question;
        replay_denial(zone, NULL, reply);
}

static void deny_type_by_replay(const struct world_zone *zone, const struct question *question,
                                struct forger_reply *reply)
{
        deny_by_replay(zone, question, reply);
        reply->rcode = RCODE_NOERROR;
}

static void deny_by_others(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        replay_denial(zone, &question->name, reply);
}

static void deny_type_by_others(const struct world_zone *zone, const struct question *question,
                                struct forger_reply *reply)
{
        deny_by_others(zone, question, reply);
        reply->rcode = RCODE_NOERROR;
}

/* Referrals to the forger's own server, from the name's ancestors. */
static void refer_away(const struct name *cut, struct forger_reply *reply)
{
        struct rrset ns = evil_set(cut, TYPE_NS), glue = evil_set(cut, TYPE_A);

        empty(reply);
        reply->authoritative = false;
        world_put(reply, SECTION_AUTHORITY, &ns);
        glue.owner = signer_name(&world.arena, "ns.evil.");
        world_put(reply, SECTION_ADDITIONAL, &glue);
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
        world_put(reply, SECTION_AUTHORITY, &ds);
}

/* With the proof that some other delegation is unsigned. */
static void refer_with_replayed_proof(const struct world_zone *zone, const struct question *question,
                                      struct forger_reply *reply)
{
        struct name open = signer_name(&world.arena, "open.example.");

        refer_away(name_is_root(&zone->apex) ? &question->name : &zone->apex, reply);
        world_put(reply, SECTION_AUTHORITY, world_find(&world.zone[1], &open, TYPE_NSEC));
}

static void refer_with_own_proof(const struct world_zone *zone, const struct question *question,
                                 struct forger_reply *reply)
{
        struct rrset nsec = evil_nsec(zone, &question->name, "NS");

        refer_away(&question->name, reply);
        world_put(reply, SECTION_AUTHORITY, &nsec);
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
                world_put(reply, SECTION_ANSWER, &set);
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
        world_put(reply, SECTION_ANSWER, &set);
}

/* A signature of another zone in front of the real ones: whoever looks at one alone asks the wrong zone. */
static void sign_before(struct rrset *set, const struct world_zone *as)
{
        struct rrset forged = *set;

        sign_as(&forged, as, false);
        for (unsigned i = 0; i < set->sig_count; i++)
                signer_add(&world.arena, &forged, &set->sigs[i]);
        *set = forged;
}

static void misname_signer(const struct world_zone *zone, const struct question *question, struct forger_reply *reply)
{
        (void)question;
        for (unsigned s = 0; s < SECTION_ADDITIONAL; s++)
                for (unsigned i = 0; i < reply->count[s]; i++)
                        if (reply->set[s][i].sig_count)
                                sign_before(&reply->set[s][i], zone);
}

/* The answer is unsigned, and who asks whether it may be gets the truth with a wrong name on it. */
static void answer_without_cut(const struct world_zone *zone, const struct question *question,
                               struct forger_reply *reply)
{
        if (question->type == TYPE_DS || question->type == TYPE_DNSKEY || question->type == TYPE_NS)
                misname_signer(zone, question, reply);
        else
                answer_unsigned(zone, question, reply);
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
        KIND(deny_by_others, IN_EACH_NAME),
        KIND(deny_type_by_others, IN_EACH_NAME),
        KIND(misname_signer, IN_EACH_NAME),
        KIND(answer_without_cut, IN_EACH_NAME),
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
        const struct name *child = &world.zone[WORLD_CHILD].apex;

        return question->type == TYPE_DS ? name_is_below(&question->name, child)
                                         : name_is_at_or_below(&question->name, child);
}

void forger_forge(unsigned kind, unsigned zone, const struct question *question, struct forger_reply *reply)
{
        league = zone / FORGER_ZONES % LEAGUES;
        if (league != CHILD || !is_its_own(question))
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
