/*
 * Signed answers with bytes changed, through verification and denial.
 *
 *   input   number of an answer (1) | moment (1) | edits: offset (2), operation (1), value (1)
 *           or ff | moment (1) | a whole message
 *
 * What must hold, whatever the bytes: a set that is accepted is one that the zone signed; a name or type that is denied
 * is not there; a zone that signs anything at all denies nothing outside itself; no question costs more than it may.
 */
#include "config/limits.h"
#include "prover.h"
#include "signer.h"
#include "wire/compose.h"
#include "wire/message.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))
#define COUNT(array)  (sizeof(array) / sizeof *(array))

enum { NOW = 1700000000, DAY = 86400, EDITS_MAX = 64, SETS_MAX = 24, RAW = 0xff, QUESTION_FLAGS = 0x8400 };

/* --- The zone ----------------------------------------------------------------------------------------------------- */

/*
 * All that the zone ever signs. It is changing from NSEC to NSEC3, so it has both, and NSEC3 tells of NSEC.
 * NSEC3: "=" matches the name, "~" covers it, "!" covers it with opt-out.
 */
static const char *const zone_text[] = {
        "example. 3600 SOA ns.example. mail.example. 1 2 3 4 300",
        "example. 3600 NS www.example.\nexample. 3600 NS mail.example.",
        "www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.2",
        "mail.example. 300 MX 10 www.example.\nmail.example. 300 MX 20 MAIL.example.",
        "alias.example. 300 CNAME www.example.",
        "*.wild.example. 300 TXT one two",
        "sub.example. 300 DS 1 15 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "example. 300 NSEC alias.example. NS SOA RRSIG NSEC DNSKEY",
        "alias.example. 300 NSEC mail.example. CNAME RRSIG NSEC",
        "mail.example. 300 NSEC opt.example. MX RRSIG NSEC",
        "opt.example. 300 NSEC sub.example. NS RRSIG NSEC",
        "sub.example. 300 NSEC *.wild.example. NS DS RRSIG NSEC",
        "*.wild.example. 300 NSEC www.example. TXT RRSIG NSEC",
        "www.example. 300 NSEC example. A RRSIG NSEC",
        "= example. NS SOA RRSIG NSEC DNSKEY",
        "= www.example. A RRSIG NSEC",
        "= wild.example.",
        "= *.wild.example. TXT RRSIG NSEC",
        "= opt.example. NS RRSIG NSEC",
        "~ none.example. A",
        "~ *.example. A",
        "~ x.wild.example. A",
        "! none2.example. A",
};

enum { SIGNED = COUNT(zone_text) + 1 };

static struct {
        struct arena arena;
        struct prover prover;
        struct name apex;
        struct signer_key key;
        struct zone_keys keys;
        struct rrset ds;
        struct rrset set[SIGNED]; /* as in zone_text, and the DNSKEY set */
} zone;

static void step(uint8_t hash[SIGNER_HASH_LEN], int by)
{
        for (unsigned i = SIGNER_HASH_LEN; i-- > 0;) {
                hash[i] = (uint8_t)(hash[i] + by);
                if (hash[i] != (by > 0 ? 0x00 : 0xff))
                        return;
        }
}

static struct rrset nsec3_from(const char *text)
{
        struct signer_nsec3 parameters = {.algorithm = 1, .iterations = 1, .salt_len = 2, .salt = "s"};
        uint8_t owner[SIGNER_HASH_LEN], next[SIGNER_HASH_LEN];
        char name_words[128];
        int after = 0;

        REQUIRE(sscanf(text + 1, " %127s%n", name_words, &after) == 1);
        struct name name = signer_name(&zone.arena, name_words);
        parameters.flags = text[0] == '!';
        signer_hash(&parameters, &name, owner);
        memcpy(next, owner, sizeof next);
        step(next, 1);
        if (text[0] != '=')
                step(owner, -1);
        return signer_nsec3_set(&zone.arena, "example.", &parameters, owner, next, text + 1 + after);
}

static void zone_init(void)
{
        const struct signer_key *const all[] = {&zone.key};

        arena_init(&zone.arena, 1 << 20);
        prover_init(&zone.prover, NOW);
        zone.apex = signer_name(&zone.arena, "example.");
        signer_key_make(&zone.key, SIGNER_ED25519, 0, 1);
        for (size_t i = 0; i < COUNT(zone_text); i++) {
                bool hashed = strchr("=~!", zone_text[i][0]);

                zone.set[i] = hashed ? nsec3_from(zone_text[i]) : signer_set(&zone.arena, zone_text[i]);
        }
        zone.set[SIGNED - 1] = signer_dnskey(&zone.arena, "example.", all, 1);
        for (unsigned i = 0; i < SIGNED; i++)
                signer_sign_set(&zone.arena, &zone.set[i], &zone.key, &zone.apex, NOW - 7 * DAY, NOW + 7 * DAY);
        zone_keys_init(&zone.keys, &zone.prover.policy, &zone.set[SIGNED - 1], &zone.arena);
        struct rdata ds = signer_ds(&zone.arena, "example.", &zone.key, 2);
        zone.ds = signer_ds_set(&zone.arena, "example.", &ds, 1);
}

/* --- The truth ---------------------------------------------------------------------------------------------------- */

static const struct {
        const char *name;
        uint16_t types[8];
} truth[] = {
        {"example.", {TYPE_SOA, TYPE_NS, TYPE_DNSKEY, TYPE_NSEC}},
        {"alias.example.", {TYPE_CNAME, TYPE_NSEC}},
        {"mail.example.", {TYPE_MX, TYPE_NSEC}},
        {"opt.example.", {TYPE_NS, TYPE_NSEC}},
        {"sub.example.", {TYPE_NS, TYPE_DS, TYPE_NSEC}},
        {"wild.example.", {0}},
        {"*.wild.example.", {TYPE_TXT, TYPE_NSEC}},
        {"www.example.", {TYPE_A, TYPE_NSEC}},
};

static bool is_at_or_below(const struct name *name, const char *ancestor)
{
        struct name above = signer_name(&zone.prover.scratch, ancestor);

        return name_is_at_or_below(name, &above);
}

/* Names that nobody may deny: those that exist, those that the wildcard makes, those of other zones. */
static bool may_be_denied(const struct name *name)
{
        if (!is_at_or_below(name, "example.") || is_at_or_below(name, "wild.example.") ||
            is_at_or_below(name, "sub.example.") || is_at_or_below(name, "opt.example."))
                return false;
        for (size_t i = 0; i < COUNT(truth); i++)
                if (is_at_or_below(name, truth[i].name) && name->label_count == (i ? 2u : 1u))
                        return false;
        return true;
}

/* Is the type there, by a record, an alias or the wildcard? */
static bool has_type(const struct name *name, uint16_t type)
{
        for (size_t i = 0; i < COUNT(truth); i++) {
                struct name owner = signer_name(&zone.prover.scratch, truth[i].name);

                if (!name_equal(&owner, name))
                        continue;
                for (size_t t = 0; t < COUNT(truth[i].types) && truth[i].types[t]; t++)
                        if (truth[i].types[t] == type || truth[i].types[t] == TYPE_CNAME)
                                return true;
                return false;
        }
        return is_at_or_below(name, "wild.example.") && type == TYPE_TXT;
}

/* Is this what the zone signed, under its own name or, from the wildcard, under another? */
static bool is_genuine(const struct rrset *set, const struct verified *verified)
{
        for (unsigned i = 0; i < SIGNED; i++) {
                struct rrset signed_set = zone.set[i];

                if (verified->wildcard && name_is_wildcard(&signed_set.owner)) {
                        struct name closest = name_strip(&signed_set.owner, 1);

                        if (name_is_below(&set->owner, &closest))
                                signed_set.owner = set->owner;
                }
                if (rrset_equal(set, &signed_set))
                        return true;
        }
        return false;
}

/* --- Answers ------------------------------------------------------------------------------------------------------ */

/* A question, and the numbers of the sets in its answer and authority sections; -1 ends them. */
static const struct {
        const char *qname;
        uint16_t qtype;
        unsigned rcode;
        int answer[3], authority[6];
} answers[] = {
        {"www.example.", TYPE_A, 0, {2, -1}, {1, -1}},
        {"mail.example.", TYPE_MX, 0, {3, -1}, {-1}},
        {"alias.example.", TYPE_A, 0, {4, 2, -1}, {-1}},
        {"x.wild.example.", TYPE_TXT, 0, {5, -1}, {12, -1}},
        {"x.wild.example.", TYPE_A, 0, {-1}, {0, 12, -1}},
        {"none.example.", TYPE_A, 3, {-1}, {0, 9, 7, -1}},
        {"www.example.", TYPE_AAAA, 0, {-1}, {0, 13, -1}},
        {"wild.example.", TYPE_A, 0, {-1}, {0, 11, -1}},
        {"a.opt.example.", TYPE_A, 0, {-1}, {10, -1}},
        {"a.sub.example.", TYPE_A, 0, {-1}, {6, -1}},
        {"none.example.", TYPE_A, 3, {-1}, {0, 14, 19, 20, -1}},
        {"www.example.", TYPE_AAAA, 0, {-1}, {0, 15, -1}},
        {"x.wild.example.", TYPE_A, 0, {-1}, {0, 16, 17, 21, -1}},
        {"opt.example.", TYPE_DS, 0, {-1}, {0, 18, -1}},
        {"none2.example.", TYPE_DS, 0, {-1}, {0, 14, 22, -1}},
        {"example.", TYPE_DNSKEY, 0, {SIGNED - 1, -1}, {-1}},
};

static void add_sets(struct compose *c, enum section section, const int *number, const struct name *qname)
{
        for (; *number >= 0; number++) {
                struct rrset set = zone.set[*number];

                if (section == SECTION_ANSWER && name_is_wildcard(&set.owner))
                        set.owner = *qname;
                REQUIRE(compose_rrset(c, section, &set, set.ttl, COMPOSE_BOTH, 0) == ERR_OK);
        }
}

static size_t write_answer(unsigned number, uint8_t *out, size_t room)
{
        struct question question = {
                .name = signer_name(&zone.prover.scratch, answers[number].qname),
                .type = answers[number].qtype,
                .class = CLASS_IN,
        };
        struct compose c;

        compose_begin(&c, out, room, 1, QUESTION_FLAGS);
        compose_set_rcode(&c, answers[number].rcode);
        REQUIRE(compose_question(&c, &question) == ERR_OK);
        add_sets(&c, SECTION_ANSWER, answers[number].answer, &question.name);
        add_sets(&c, SECTION_AUTHORITY, answers[number].authority, &question.name);
        return c.len;
}

/* Set, flip, add; make room, close up. */
static size_t edit(uint8_t *message, size_t len, size_t room, const uint8_t *edit)
{
        size_t at = len ? load_u16(edit) % len : 0;
        uint8_t value = edit[3];

        if (!len)
                return 0;
        switch (edit[2] % 5) {
        case 0: message[at] = value; break;
        case 1: message[at] ^= value; break;
        case 2: message[at] = (uint8_t)(message[at] + value); break;
        case 3:
                if (len == room)
                        break;
                memmove(message + at + 1, message + at, len - at);
                message[at] = value;
                return len + 1;
        case 4: memmove(message + at, message + at + 1, len - at - 1); return len - 1;
        }
        return len;
}

static size_t make_message(const uint8_t *data, size_t size, uint8_t *out, size_t room)
{
        if (data[0] == RAW) {
                memcpy(out, data + 2, size - 2);
                return size - 2;
        }
        size_t len = write_answer(data[0] % COUNT(answers), out, room);
        for (size_t at = 2; at + 4 <= size && at < 2 + 4 * EDITS_MAX; at += 4)
                len = edit(out, len, room, data + at);
        return len;
}

/* --- Judging ------------------------------------------------------------------------------------------------------ */

/* The sets of a message, each once. */
static unsigned sets_of(const struct message *message, struct arena *arena, struct rrset set[SETS_MAX])
{
        unsigned count = 0;

        for (enum section s = SECTION_ANSWER; s < SECTION_COUNT; s++)
                for (unsigned i = 0; i < message->rr_count[s] && count < SETS_MAX; i++) {
                        const struct rr *rr = &message->rr[s][i];
                        const struct rrset *found =
                                rr->type == TYPE_RRSIG ? NULL : message_rrset(message, s, &rr->owner, rr->type, arena);

                        if (found)
                                set[count++] = *found;
                }
        return count;
}

static void require_within_budget(void)
{
        REQUIRE(zone.prover.budget.checks <= LIMIT_CHECKS && zone.prover.in_message <= LIMIT_CHECKS_PER_MESSAGE);
        REQUIRE(zone.prover.budget.failed <= LIMIT_CHECKS_FAILED && zone.prover.nsec3_blocks <= LIMIT_NSEC3_BLOCKS);
}

static void try_set(const struct rrset *set)
{
        unsigned before = zone.prover.checks;

        if (prover_set(&zone.prover, set, &zone.keys) == VERIFY_GOOD) {
                REQUIRE(is_genuine(set, &zone.prover.verified));
                REQUIRE(zone.prover.verified.ttl <= set->ttl && zone.prover.verified.ttl <= 7 * DAY);
        } else {
                REQUIRE(zone.prover.why.ede != EDE_NONE || zone.prover.budget.checks);
        }
        REQUIRE(zone.prover.checks - before <= LIMIT_CHECKS_FAILED_PER_SET + 1);
        if (set->type != TYPE_DNSKEY || !name_equal(&set->owner, &zone.apex))
                return;
        if (prover_keys(&zone.prover, set, &zone.ds) == VERIFY_GOOD)
                REQUIRE(is_genuine(set, &zone.prover.verified));
        REQUIRE(!zone.prover.unsupported);
}

/* Anything may be in a DS set of a hostile parent; none of it makes a genuine key set out of another. */
static void try_as_ds(const struct rrset *set)
{
        struct rrset ds = *set;

        ds.type = TYPE_DS;
        if (prover_keys(&zone.prover, &zone.set[SIGNED - 1], &ds) == VERIFY_GOOD)
                REQUIRE(!zone.prover.unsupported);
}

/* What the zone really signed, asked about any name and type, denies only what is not there. */
static void deny_by_proof(const struct rrset *set, unsigned count, const struct question *question)
{
        struct rrset proven[PROVER_SETS];
        unsigned held = prover_sets(&zone.prover, set, count, &zone.keys, proven);
        struct denial_context context = prover_denial(&zone.prover, &zone.apex, proven, held);
        const struct name *qname = &question->name;
        struct reason why = {.ede = EDE_NONE};

        if (denial_of_name(&context, qname, &why) == DENIAL_PROVEN)
                REQUIRE(may_be_denied(qname));
        enum denial denial = denial_of_type(&context, qname, question->type, &why);
        if (denial == DENIAL_PROVEN)
                REQUIRE(!has_type(qname, question->type) && is_at_or_below(qname, "example."));
        REQUIRE(denial != DENIAL_INSECURE);
        if (denial_of_ds(&context, qname, &why) == DENIAL_PROVEN)
                REQUIRE(name_equal(qname, &zone.set[10].owner));
        for (unsigned labels = 0; labels < 4; labels++)
                if (denial_of_closer(&context, qname, labels, &why) == DENIAL_PROVEN)
                        REQUIRE(!is_at_or_below(qname, "www.example.") || qname->label_count > 2);
}

/* A zone that signs whatever it likes may lie about itself, and about nobody else. */
static void deny_by_liar(const struct rrset *set, unsigned count, const struct question *question,
                         const struct name *liar)
{
        struct denial_context context = prover_denial(&zone.prover, liar, set, count);
        const struct name *qname = &question->name;
        bool outside = !name_is_at_or_below(qname, liar);
        struct reason why = {.ede = EDE_NONE};

        zone.prover.nsec3_blocks = 0;
        bool denied = denial_of_name(&context, qname, &why) != DENIAL_MISSING;
        denied |= denial_of_type(&context, qname, question->type, &why) != DENIAL_MISSING;
        denied |= denial_of_ds(&context, qname, &why) != DENIAL_MISSING;
        denied |= denial_shows_no_cut(&context, qname);
        for (unsigned labels = 0; labels <= qname->label_count + 1u; labels++)
                denied |= denial_of_closer(&context, qname, labels, &why) != DENIAL_MISSING;
        REQUIRE(!denied || !outside);
        REQUIRE(zone.prover.nsec3_blocks <= LIMIT_NSEC3_BLOCKS);
}

static void judge(const struct message *message, struct arena *arena)
{
        struct rrset set[SETS_MAX];
        unsigned count = sets_of(message, arena, set);

        prover_next_question(&zone.prover);
        for (unsigned i = 0; i < count; i++)
                try_set(&set[i]);
        require_within_budget();
        for (unsigned i = 0; i < count; i++)
                try_as_ds(&set[i]);
        if (!message->has_question)
                return;
        prover_next_question(&zone.prover);
        deny_by_proof(set, count, &message->question);
        require_within_budget();
        deny_by_liar(set, count, &message->question, &zone.apex);
        if (count)
                deny_by_liar(set, count, &message->question, &set[0].owner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static uint8_t bytes[MESSAGE_MAX];
        struct message message;
        struct arena arena;

        if (!zone.arena.max)
                zone_init();
        if (size < 2 || size - 2 > sizeof bytes)
                return 0;
        struct arena_mark mark = arena_mark(&zone.prover.scratch);
        size_t len = make_message(data, size, bytes, sizeof bytes);
        zone.prover.wall_s = (uint64_t)(NOW + ((int)data[1] - 128) * (DAY / 8));
        arena_init(&arena, 4 << 20);
        if (message_read(bytes, len, &arena, &message) == ERR_OK)
                judge(&message, &arena);
        arena_fini(&arena);
        arena_reset(&zone.prover.scratch, mark);
        return 0;
}
