#include "dnssec/nsec3.h"

#include "config/limits.h"
#include "dnssec/bitmap.h"
#include "dnssec/crypto.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <string.h>

enum { HASH_LEN = 20, HASH_TEXT_LEN = 32, HASH_SHA1 = 1, FLAG_OPT_OUT = 1, SHA1_BLOCK = 64, SHA1_FRAME = 29 };

/* One NSEC3 record, read. */
struct nsec3 {
        uint8_t owner[HASH_LEN], next[HASH_LEN];
        bool opt_out;
        const uint8_t *types;
        size_t types_len;
};

/* The records of one proof that go together. */
struct chain {
        const struct denial_context *context;
        struct nsec3 item[LIMIT_NSEC3_RECORDS];
        unsigned count;
        unsigned iterations;
        const uint8_t *salt;
        size_t salt_len;
        bool too_dear; /* more work than we are ready to do for this zone, or for this question */
};

static void say(struct reason *why, const char *before, const struct name *name, const char *after)
{
        char text[NAME_TEXT_MAX];

        why->ede = EDE_NSEC_MISSING;
        snprintf(why->text, sizeof why->text, "%s%.100s%s", before, name_text(name, text), after);
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

/* RFC 4648 7: base32 with the extended hex alphabet, 32 letters for 20 bytes. */
static bool decode_hash(const uint8_t *text, uint8_t out[HASH_LEN])
{
        uint64_t bits = 0;
        unsigned have = 0, at = 0;

        for (unsigned i = 0; i < HASH_TEXT_LEN; i++) {
                uint8_t c = text[i] | 0x20;
                unsigned value = text[i] >= '0' && text[i] <= '9' ? (unsigned)(text[i] - '0') : (unsigned)(c - 'a') + 10;

                if (value > 31)
                        return false;
                bits = bits << 5 | value;
                have += 5;
                if (have >= 8) {
                        have -= 8;
                        out[at++] = (uint8_t)(bits >> have);
                }
        }
        return true;
}

/* RFC 5155 3.2; the owner is one label of 32 letters below the zone. */
static bool nsec3_read(const struct denial_context *context, const struct rrset *set, struct nsec3 *out, unsigned *iterations,
                       const uint8_t **salt, size_t *salt_len)
{
        struct name parent;

        if (set->type != TYPE_NSEC3 || set->count != 1 || set->owner.label_count != context->zone->label_count + 1 ||
            set->owner.wire[0] != HASH_TEXT_LEN || !decode_hash(set->owner.wire + 1, out->owner))
                return false;
        parent = name_strip(&set->owner, 1);
        struct reader reader = reader_over(set->rdata[0].bytes, set->rdata[0].len);
        uint8_t algorithm = read_u8(&reader);
        uint8_t flags = read_u8(&reader);
        *iterations = read_u16(&reader);
        *salt_len = read_u8(&reader);
        *salt = read_bytes(&reader, *salt_len);
        uint8_t hash_len = read_u8(&reader);
        const uint8_t *next = read_bytes(&reader, hash_len);
        if (reader.failed || algorithm != HASH_SHA1 || flags > FLAG_OPT_OUT || hash_len != HASH_LEN || !name_equal(&parent, context->zone))
                return false;
        memcpy(out->next, next, HASH_LEN);
        out->opt_out = flags & FLAG_OPT_OUT;
        out->types_len = reader_left(&reader);
        out->types = read_bytes(&reader, out->types_len);
        return true;
}

static unsigned price(unsigned iterations, size_t salt_len)
{
        return (iterations + 1) * (unsigned)((salt_len + SHA1_FRAME + SHA1_BLOCK - 1) / SHA1_BLOCK);
}

/* The records that can be used; all have the parameters of the first. */
static struct chain chain_of(const struct denial_context *context)
{
        struct chain chain = { .context = context };

        for (unsigned i = 0; i < context->count && chain.count < LIMIT_NSEC3_RECORDS; i++) {
                unsigned iterations;
                const uint8_t *salt;
                size_t salt_len;

                if (!nsec3_read(context, &context->set[i], &chain.item[chain.count], &iterations, &salt, &salt_len))
                        continue;
                if (!chain.count) {
                        chain.iterations = iterations;
                        chain.salt = salt;
                        chain.salt_len = salt_len;
                } else if (iterations != chain.iterations || salt_len != chain.salt_len || memcmp(salt, chain.salt, salt_len)) {
                        continue;
                }
                chain.count++;
        }
        chain.too_dear = chain.count && (chain.iterations > context->max_iterations ||
                                         price(chain.iterations, chain.salt_len) > 2 * (context->max_iterations + 1));
        return chain;
}

/* RFC 9276 3.2: with more iterations than we accept, or a hash we do not know, the zone counts as unsigned. */
static bool is_insecure(const struct chain *chain, struct reason *why)
{
        if (chain->count && !chain->too_dear)
                return false;
        why->ede = EDE_NSEC3_ITERATIONS;
        snprintf(why->text, sizeof why->text, "NSEC3 parameters beyond what is accepted (%u iterations)", chain->iterations);
        return true;
}

/* --- Hashes ------------------------------------------------------------------------------------------------------- */

/* The limit is meant for the iterations that are accepted by default; a setting that accepts more pays more. */
static unsigned blocks_allowed(const struct denial_context *context)
{
        unsigned most = context->max_iterations + 1;

        return most > LIMIT_NSEC3_PRICE ? LIMIT_NSEC3_BLOCKS / LIMIT_NSEC3_PRICE * most : LIMIT_NSEC3_BLOCKS;
}

static bool hash_name(const struct chain *chain, const struct name *name, uint8_t out[HASH_LEN])
{
        uint8_t canonical[NAME_WIRE_MAX];
        unsigned cost = price(chain->iterations, chain->salt_len);

        if (*chain->context->nsec3_blocks + cost > blocks_allowed(chain->context))
                return false;
        *chain->context->nsec3_blocks += cost;
        crypto_nsec3_hash(canonical, name_canonical(name, canonical), chain->salt, chain->salt_len, chain->iterations, out);
        return true;
}

static const struct nsec3 *match(const struct chain *chain, const struct name *name)
{
        uint8_t hash[HASH_LEN];

        if (!hash_name(chain, name, hash))
                return NULL;
        for (unsigned i = 0; i < chain->count; i++)
                if (!memcmp(chain->item[i].owner, hash, HASH_LEN))
                        return &chain->item[i];
        return NULL;
}

/* Strictly between owner and next; the last record points back to the first (RFC 5155 3.1.7). */
static const struct nsec3 *cover(const struct chain *chain, const struct name *name)
{
        uint8_t hash[HASH_LEN];

        if (!hash_name(chain, name, hash))
                return NULL;
        for (unsigned i = 0; i < chain->count; i++) {
                const struct nsec3 *nsec3 = &chain->item[i];
                bool after_owner = memcmp(nsec3->owner, hash, HASH_LEN) < 0;
                bool before_next = memcmp(hash, nsec3->next, HASH_LEN) < 0;
                bool is_last = memcmp(nsec3->next, nsec3->owner, HASH_LEN) <= 0;

                if (is_last ? after_owner || before_next : after_owner && before_next)
                        return nsec3;
        }
        return NULL;
}

static bool has(const struct nsec3 *nsec3, uint16_t type)
{
        return bitmap_has(nsec3->types, nsec3->types_len, type);
}

/* --- Closest encloser, RFC 5155 8.3 ------------------------------------------------------------------------------- */

struct encloser {
        struct name closest;
        const struct nsec3 *next_closer; /* covers the name one label longer */
};

/* The closest ancestor that exists, and the proof that the name below it does not. The name itself is no candidate. */
static bool find_encloser(const struct chain *chain, const struct name *name, struct encloser *out)
{
        for (unsigned up = 1; up <= name->label_count - (unsigned)chain->context->zone->label_count; up++) {
                struct name candidate = name_strip(name, up);
                const struct nsec3 *found = match(chain, &candidate);

                if (!found)
                        continue;
                /* RFC 5155 8.3: the parent's side of a cut, or a DNAME, encloses nothing. */
                if (has(found, TYPE_DNAME) || (has(found, TYPE_NS) && !has(found, TYPE_SOA)))
                        return false;
                struct name next_closer = name_strip(name, up - 1);
                out->closest = candidate;
                out->next_closer = cover(chain, &next_closer);
                return out->next_closer != NULL;
        }
        return false;
}

static bool wildcard_at(const struct name *closest, uint8_t room[NAME_WIRE_MAX], struct name *out)
{
        static const uint8_t star[] = { '*' };

        return name_prepend(star, 1, closest, room, out) == ERR_OK;
}

static enum denial proven_by(const struct nsec3 *covering)
{
        return covering->opt_out ? DENIAL_OPT_OUT : DENIAL_PROVEN;
}

/* --- The questions ------------------------------------------------------------------------------------------------ */

enum denial nsec3_denies_name(const struct denial_context *context, const struct name *qname, struct reason *why)
{
        struct chain chain = chain_of(context);
        uint8_t room[NAME_WIRE_MAX];
        struct encloser encloser;
        struct name wildcard;

        if (is_insecure(&chain, why))
                return DENIAL_INSECURE;
        if (!find_encloser(&chain, qname, &encloser)) {
                say(why, "no NSEC3 records show that ", qname, " does not exist");
                return DENIAL_MISSING;
        }
        if (!wildcard_at(&encloser.closest, room, &wildcard) || cover(&chain, &wildcard))
                return proven_by(encloser.next_closer);
        say(why, "no NSEC3 record shows that there is no wildcard ", &wildcard, "");
        return DENIAL_MISSING;
}

static enum denial judge_match(const struct nsec3 *nsec3, const struct name *qname, uint16_t type, struct reason *why)
{
        bool parent_side = has(nsec3, TYPE_NS) && !has(nsec3, TYPE_SOA);
        bool wrong_side = type == TYPE_DS ? has(nsec3, TYPE_SOA) && !name_is_root(qname) : parent_side;

        if (wrong_side)
                say(why, "the NSEC3 record of ", qname, " is of the wrong side of the zone cut");
        else if (has(nsec3, type) || has(nsec3, TYPE_CNAME))
                say(why, "the NSEC3 record of ", qname, " says that the type exists");
        else
                return DENIAL_PROVEN;
        return DENIAL_MISSING;
}

enum denial nsec3_denies_type(const struct denial_context *context, const struct name *qname, uint16_t type, struct reason *why)
{
        struct chain chain = chain_of(context);
        uint8_t room[NAME_WIRE_MAX];
        struct encloser encloser;
        struct name wildcard;

        if (is_insecure(&chain, why))
                return DENIAL_INSECURE;
        const struct nsec3 *found = match(&chain, qname);
        if (found)
                return judge_match(found, qname, type, why); /* RFC 5155 8.5, 8.6 */
        if (!find_encloser(&chain, qname, &encloser)) {
                say(why, "no NSEC3 record is about ", qname, "");
                return DENIAL_MISSING;
        }
        const struct nsec3 *wild = wildcard_at(&encloser.closest, room, &wildcard) ? match(&chain, &wildcard) : NULL;
        if (wild && type != TYPE_DS) {
                enum denial denial = judge_match(wild, &wildcard, type, why); /* RFC 5155 8.7 */

                return denial == DENIAL_PROVEN ? proven_by(encloser.next_closer) : denial;
        }
        /* RFC 5155 8.6; and an empty non-terminal above unsigned delegations has no record of its own (RFC 6840 4.3 erratum 3441). */
        if (encloser.next_closer->opt_out)
                return DENIAL_OPT_OUT;
        say(why, "no NSEC3 record is about ", qname, " or its wildcard");
        return DENIAL_MISSING;
}

enum denial nsec3_denies_closer(const struct denial_context *context, const struct name *qname, unsigned labels, struct reason *why)
{
        struct chain chain = chain_of(context);
        struct name next_closer = name_ancestor(qname, labels + 1);

        if (is_insecure(&chain, why))
                return DENIAL_INSECURE;
        const struct nsec3 *covering = cover(&chain, &next_closer);
        if (covering)
                return proven_by(covering);
        say(why, "no NSEC3 record shows that nothing is closer to ", qname, " than the wildcard");
        return DENIAL_MISSING;
}

enum denial nsec3_denies_ds(const struct denial_context *context, const struct name *cut, struct reason *why)
{
        struct chain chain = chain_of(context);
        struct encloser encloser;

        if (is_insecure(&chain, why))
                return DENIAL_INSECURE;
        const struct nsec3 *found = match(&chain, cut);
        if (found && has(found, TYPE_NS) && !has(found, TYPE_DS) && !has(found, TYPE_SOA))
                return DENIAL_PROVEN;
        if (!found && find_encloser(&chain, cut, &encloser) && encloser.next_closer->opt_out)
                return DENIAL_OPT_OUT;
        say(why, "no NSEC3 record shows that the delegation of ", cut, " is unsigned");
        return DENIAL_MISSING;
}

bool nsec3_shows_no_cut(const struct denial_context *context, const struct name *name)
{
        struct chain chain = chain_of(context);
        struct encloser encloser;

        if (!chain.count || chain.too_dear)
                return false;
        const struct nsec3 *found = match(&chain, name);
        if (found)
                return !has(found, TYPE_NS);
        return find_encloser(&chain, name, &encloser) && !encloser.next_closer->opt_out;
}
