/*
 * A proof by NSEC3 is about hashes, so each name that it speaks of costs a hash, and the one who asks chooses how many
 * names that are (CVE-2023-50868). All hashes here are of the name in question and its ancestors, each made at most
 * once a proof, and of one wildcard; the price is known, and charged, before each.
 */
#include "dnssec/nsec3.h"

#include "config/limits.h"
#include "dnssec/crypto.h"
#include "dnssec/denial.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <string.h>

enum { HASH_LEN = NSEC3_HASH_LEN, HASH_TEXT_LEN = 32, HASH_SHA1 = 1, FLAG_OPT_OUT = 1 };

/* SHA-1 works on blocks of 64 bytes: 20 of the hash before, the salt, and at least 9 of padding. */
enum { SHA1_BLOCK = 64, SHA1_FRAME = 29 };

struct parameters {
        unsigned iterations;
        const uint8_t *salt;
        size_t salt_len;
};

/* One NSEC3 record, read. */
struct nsec3 {
        struct parameters parameters;
        uint8_t owner[HASH_LEN], next[HASH_LEN];
        bool opt_out;
        struct denial_types types;
};

/* The records of one proof that go together, and what has been hashed for it. */
struct chain {
        const struct denial_context *context;
        struct nsec3 item[LIMIT_NSEC3_RECORDS];
        unsigned count;
        struct parameters parameters;
        bool too_dear;                              /* some records want more work than we do for a zone... */
        struct parameters dear;                     /* ...with these parameters */
        bool spent;                                 /* the question's blocks are used up */
        bool is_hashed[NAME_LABEL_MAX + 1];         /* by label count */
        uint8_t hash[NAME_LABEL_MAX + 1][HASH_LEN]; /* of the name in question and its ancestors */
};

/* --- Reading ------------------------------------------------------------------------------------------------------ */

/* RFC 4648 7: a letter of base32 with the extended hex alphabet; over 31: none. */
static unsigned decode_letter(uint8_t c)
{
        if (c >= '0' && c <= '9')
                return c - (unsigned)'0';
        c |= 0x20;
        return c >= 'a' && c <= 'v' ? c - (unsigned)'a' + 10 : 32;
}

/* 32 letters of 5 bits for 20 bytes. */
static bool decode_hash(const uint8_t *text, uint8_t out[HASH_LEN])
{
        unsigned bits = 0, have = 0, at = 0;

        for (unsigned i = 0; i < HASH_TEXT_LEN; i++) {
                unsigned value = decode_letter(text[i]);

                if (value > 31)
                        return false;
                bits = (bits << 5 | value) & 0xfff;
                have += 5;
                if (have >= 8) {
                        have -= 8;
                        out[at++] = (uint8_t)(bits >> have);
                }
        }
        return true;
}

/* The owner is one label of 32 letters below the zone (RFC 5155 3). */
static bool owner_read(const struct denial_context *context, const struct name *owner, uint8_t out[HASH_LEN])
{
        if (owner->label_count != context->zone->label_count + 1u || owner->wire[0] != HASH_TEXT_LEN)
                return false;
        return name_is_below(owner, context->zone) && decode_hash(owner->wire + 1, out);
}

/* RFC 5155 3.2; records with another hash algorithm or unknown flags are passed over (8.1, 8.2). */
static bool nsec3_read(const struct denial_context *context, const struct rrset *set, struct nsec3 *out)
{
        if (set->type != TYPE_NSEC3 || set->count != 1 || !owner_read(context, &set->owner, out->owner))
                return false;
        struct reader reader = reader_over(set->rdata[0].bytes, set->rdata[0].len);
        uint8_t algorithm = read_u8(&reader);
        uint8_t flags = read_u8(&reader);
        out->parameters.iterations = read_u16(&reader);
        out->parameters.salt_len = read_u8(&reader);
        out->parameters.salt = read_bytes(&reader, out->parameters.salt_len);
        uint8_t hash_len = read_u8(&reader);
        const uint8_t *next = read_bytes(&reader, hash_len);
        if (reader.failed || algorithm != HASH_SHA1 || flags > FLAG_OPT_OUT || hash_len != HASH_LEN)
                return false;
        memcpy(out->next, next, HASH_LEN);
        out->opt_out = flags & FLAG_OPT_OUT;
        out->types.len = reader_left(&reader);
        out->types.bytes = read_bytes(&reader, out->types.len);
        return true;
}

static bool same_parameters(const struct parameters *a, const struct parameters *b)
{
        return a->iterations == b->iterations && a->salt_len == b->salt_len && !memcmp(a->salt, b->salt, a->salt_len);
}

/* SHA-1 blocks of one hash. */
static unsigned price(const struct parameters *p)
{
        return (p->iterations + 1) * (unsigned)((p->salt_len + SHA1_FRAME + SHA1_BLOCK - 1) / SHA1_BLOCK);
}

/* The highest price that is paid for a hash; a setting that accepts more iterations pays more. */
static unsigned price_allowed(const struct denial_context *context)
{
        unsigned wanted = context->max_iterations + 1;

        return wanted > LIMIT_NSEC3_PRICE ? wanted : LIMIT_NSEC3_PRICE;
}

/* How many of the records have these parameters. */
static unsigned count_of(const struct chain *chain, const struct parameters *parameters)
{
        unsigned count = 0;

        for (unsigned i = 0; i < chain->count; i++)
                count += same_parameters(&chain->item[i].parameters, parameters);
        return count;
}

/*
 * A zone that changes its parameters has two chains for a while, and either proves (RFC 5155 10.3). What was meant is
 * the one with the most records, the first of several.
 */
static void keep_one_chain(struct chain *chain)
{
        unsigned kept = 0, most = 0;

        for (unsigned i = 0; i < chain->count; i++) {
                unsigned count = count_of(chain, &chain->item[i].parameters);

                if (count > most) {
                        most = count;
                        chain->parameters = chain->item[i].parameters;
                }
        }
        for (unsigned i = 0; i < chain->count; i++)
                if (same_parameters(&chain->item[i].parameters, &chain->parameters))
                        chain->item[kept++] = chain->item[i];
        chain->count = kept;
}

/* The records that can be used: those of one chain that is not too dear. */
static void chain_init(struct chain *chain, const struct denial_context *context)
{
        memset(chain, 0, offsetof(struct chain, hash));
        chain->context = context;
        for (unsigned i = 0; i < context->count && chain->count < LIMIT_NSEC3_RECORDS; i++) {
                struct nsec3 *nsec3 = &chain->item[chain->count];

                if (!nsec3_read(context, &context->set[i], nsec3))
                        continue;
                if (nsec3->parameters.iterations > context->max_iterations ||
                    price(&nsec3->parameters) > price_allowed(context)) {
                        chain->too_dear = true;
                        chain->dear = nsec3->parameters;
                        continue;
                }
                chain->count++;
        }
        keep_one_chain(chain);
}

/* RFC 9276 3.2: a zone that wants more work than we accept counts as unsigned. RFC 5155 8.1: with an unknown hash
 * algorithm nothing is proven. */
static bool is_insecure(const struct chain *chain, struct reason *why)
{
        char zone[NAME_TEXT_MAX];

        if (chain->count || !chain->too_dear)
                return false;
        if (!why)
                return true;
        why->ede = EDE_NSEC3_ITERATIONS;
        snprintf(why->text, sizeof why->text,
                 "the NSEC3 records of %.80s want %u iterations with a salt of %u bytes; at most %u are done",
                 name_text(chain->context->zone, zone), chain->dear.iterations, (unsigned)chain->dear.salt_len,
                 chain->context->max_iterations);
        return true;
}

/* --- Hashes ------------------------------------------------------------------------------------------------------- */

static unsigned blocks_allowed(const struct denial_context *context)
{
        return LIMIT_NSEC3_BLOCKS / LIMIT_NSEC3_PRICE * price_allowed(context) + LIMIT_NSEC3_BLOCKS % LIMIT_NSEC3_PRICE;
}

static bool hash_name(struct chain *chain, const struct name *name, uint8_t out[HASH_LEN])
{
        const struct parameters *p = &chain->parameters;
        uint8_t canonical[NAME_WIRE_MAX];
        unsigned *blocks = chain->context->nsec3_blocks;

        if (!chain->count)
                return false; /* nothing to compare with */
        if (*blocks + price(p) > blocks_allowed(chain->context)) {
                chain->spent = true;
                return false;
        }
        *blocks += price(p);
        return crypto_nsec3_hash(canonical, name_canonical(name, canonical), p->salt, p->salt_len, p->iterations, out);
}

/* The hash of the ancestor with so many labels of the name in question; NULL when it cannot be paid for. */
static const uint8_t *hash_of(struct chain *chain, const struct name *name, unsigned labels)
{
        if (!chain->is_hashed[labels]) {
                struct name ancestor = name_ancestor(name, labels);

                if (!hash_name(chain, &ancestor, chain->hash[labels]))
                        return NULL;
                chain->is_hashed[labels] = true;
        }
        return chain->hash[labels];
}

static const struct nsec3 *match(const struct chain *chain, const uint8_t *hash)
{
        for (unsigned i = 0; hash && i < chain->count; i++)
                if (!memcmp(chain->item[i].owner, hash, HASH_LEN))
                        return &chain->item[i];
        return NULL;
}

/* Strictly between owner and next; the last record points back to the first (RFC 5155 3.1.7). */
static const struct nsec3 *cover(const struct chain *chain, const uint8_t *hash)
{
        for (unsigned i = 0; hash && i < chain->count; i++) {
                const struct nsec3 *nsec3 = &chain->item[i];
                bool after_owner = memcmp(nsec3->owner, hash, HASH_LEN) < 0;
                bool before_next = memcmp(hash, nsec3->next, HASH_LEN) < 0;
                bool is_last = memcmp(nsec3->next, nsec3->owner, HASH_LEN) <= 0;

                if (is_last ? after_owner || before_next : after_owner && before_next)
                        return nsec3;
        }
        return NULL;
}

/* When the blocks ran out, that is why the proof is missing. */
static enum denial missing(const struct chain *chain, struct reason *why, const char *before, const struct name *name,
                           const char *after)
{
        (void)denial_missing(why, before, name, after);
        if (why && chain->spent) {
                why->ede = EDE_NSEC3_ITERATIONS;
                snprintf(why->text, sizeof why->text, "the NSEC3 proof takes more hashing than one question may cost");
        }
        return DENIAL_MISSING;
}

/* --- Closest encloser, RFC 5155 8.3 ------------------------------------------------------------------------------- */

struct encloser {
        struct name closest;
        const struct nsec3 *next_closer; /* covers the name one label longer */
        bool is_implied;                 /* the apex, which no record shows */
};

/*
 * The closest ancestor that exists, and the proof that the name below it does not. The name itself is no candidate.
 *
 * The apex exists, or nobody had signed these records, so a proof may do without its own. NSD leaves it out where names
 * are denied below one that has no record either, being empty but for unsigned delegations. That is believed for an
 * opt-out span alone, which proves no more than that nothing signed is there, and never of a delegation.
 */
static bool find_encloser(struct chain *chain, const struct name *name, struct encloser *out)
{
        const unsigned apex = chain->context->zone->label_count;

        for (unsigned labels = name->label_count; labels-- > apex;) {
                const struct nsec3 *found = match(chain, hash_of(chain, name, labels));

                if (chain->spent)
                        return false;
                if (!found && labels > apex)
                        continue;
                /* RFC 5155 8.3: the parent's side of a cut, or a DNAME, encloses nothing. */
                if (found && denial_is_silent_below(&found->types))
                        return false;
                out->closest = name_ancestor(name, labels);
                out->next_closer = cover(chain, hash_of(chain, name, labels + 1));
                out->is_implied = !found;
                return out->next_closer && (found || out->next_closer->opt_out);
        }
        return false;
}

static enum denial proven_by(const struct nsec3 *covering)
{
        return covering->opt_out ? DENIAL_OPT_OUT : DENIAL_PROVEN;
}

/* --- The questions ------------------------------------------------------------------------------------------------ */

enum denial nsec3_denies_name(const struct denial_context *context, const struct name *qname, struct reason *why)
{
        uint8_t room[NAME_WIRE_MAX], hash[HASH_LEN];
        struct encloser encloser;
        struct name wildcard;
        struct chain chain;

        chain_init(&chain, context);
        if (is_insecure(&chain, why))
                return DENIAL_INSECURE;
        const struct nsec3 *found = match(&chain, hash_of(&chain, qname, qname->label_count));
        if (found && denial_has(&found->types, TYPE_NXNAME))
                return DENIAL_PROVEN; /* RFC 9824 3.1 */
        if (found || !find_encloser(&chain, qname, &encloser))
                return missing(&chain, why, "no NSEC3 records show that ", qname, " does not exist");
        if (!denial_wildcard(&encloser.closest, room, &wildcard) ||
            (hash_name(&chain, &wildcard, hash) && cover(&chain, hash)))
                return proven_by(encloser.next_closer);
        return missing(&chain, why, "no NSEC3 record shows that there is no wildcard ", &wildcard, "");
}

enum denial nsec3_denies_type(const struct denial_context *context, const struct name *qname, uint16_t type,
                              struct reason *why)
{
        uint8_t room[NAME_WIRE_MAX], hash[HASH_LEN];
        struct encloser encloser;
        struct name wildcard;
        struct chain chain;

        chain_init(&chain, context);
        if (is_insecure(&chain, why))
                return DENIAL_INSECURE;
        const struct nsec3 *found = match(&chain, hash_of(&chain, qname, qname->label_count));
        if (found)
                return denial_by_types(context, &found->types, qname, type, why); /* RFC 5155 8.5, 8.6 */
        if (!find_encloser(&chain, qname, &encloser) || (encloser.is_implied && type == TYPE_DS))
                return missing(&chain, why, "no NSEC3 record is about ", qname, "");
        if (denial_wildcard(&encloser.closest, room, &wildcard) && hash_name(&chain, &wildcard, hash))
                found = match(&chain, hash);
        if (found) { /* RFC 5155 8.7 */
                enum denial denial = denial_by_types(context, &found->types, &wildcard, type, why);

                return denial == DENIAL_PROVEN ? proven_by(encloser.next_closer) : denial;
        }
        /*
         * RFC 5155 8.6; and an empty non-terminal above unsigned delegations has no record of its own (erratum 3441).
         */
        if (encloser.next_closer->opt_out)
                return DENIAL_OPT_OUT;
        return missing(&chain, why, "no NSEC3 record is about ", qname, " or its wildcard");
}

enum denial nsec3_denies_closer(const struct denial_context *context, const struct name *qname, unsigned labels,
                                struct reason *why)
{
        struct chain chain;

        chain_init(&chain, context);
        if (is_insecure(&chain, why))
                return DENIAL_INSECURE;
        const struct nsec3 *covering = cover(&chain, hash_of(&chain, qname, labels + 1));
        if (covering)
                return proven_by(covering);
        return missing(&chain, why, "no NSEC3 record shows that nothing is closer to ", qname, " than the wildcard");
}

enum denial nsec3_denies_ds(const struct denial_context *context, const struct name *cut, struct reason *why)
{
        struct encloser encloser;
        struct chain chain;

        chain_init(&chain, context);
        if (is_insecure(&chain, why))
                return DENIAL_INSECURE;
        const struct nsec3 *found = match(&chain, hash_of(&chain, cut, cut->label_count));
        if (found && denial_is_of_parent(&found->types) && !denial_has(&found->types, TYPE_DS))
                return DENIAL_PROVEN;
        if (!found && find_encloser(&chain, cut, &encloser) && !encloser.is_implied && encloser.next_closer->opt_out)
                return DENIAL_OPT_OUT;
        return missing(&chain, why, "no NSEC3 record shows that the delegation of ", cut, " is unsigned");
}

bool nsec3_shows_no_cut(const struct denial_context *context, const struct name *name)
{
        struct encloser encloser;
        struct chain chain;

        chain_init(&chain, context);
        if (!chain.count)
                return false;
        const struct nsec3 *found = match(&chain, hash_of(&chain, name, name->label_count));
        if (found)
                return !denial_has(&found->types, TYPE_NS);
        return find_encloser(&chain, name, &encloser) && !encloser.next_closer->opt_out;
}
