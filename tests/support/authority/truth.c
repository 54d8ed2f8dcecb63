/*
 * What a perfect resolver would answer. It asks each zone itself instead of servers, so neither delegations nor
 * misbehaviour can get in the way.
 */
#include "truth.h"
#include "denial.h"
#include "lookup.h"
#include <string.h>

enum { CHAIN_MAX = 16 };

/* Take over one section of what a zone said, without its denial records. */
static void section_take(struct response *whole, const struct response *part, enum section section)
{
        for (unsigned i = 0; i < part->count[section]; i++) {
                const struct response_set *item = &part->sets[section][i];
                if (section == SECTION_ANSWER || item->set->type == TYPE_SOA)
                        lab_response_add(whole, section, item->owner, NULL, item->set);
        }
}

/* Whether signatures lead from the root to this zone. What is signed wrongly is not secure. */
static bool zone_is_secure(const struct authority *authority, const struct lab_zone *zone)
{
        while (zone && zone->signing && flaw_is_harmless(zone->signing->flaw)) {
                if (!*zone->apex)
                        return true;
                zone = servers_zone_above(authority, zone->apex, true);
        }
        return false;
}

/*
 * RFC 5155 section 9.2: no AD where opt-out may hide a delegation. That is wherever NSEC3 records are needed, except
 * where the one of the name itself says that it lacks the type.
 */
static bool is_opted_out(const struct response *part, struct lab_zone *zone, const uint8_t *name)
{
        bool denied = false;

        if (!zone->signing || zone->signing->denial != DENIAL_OPTOUT)
                return false;
        for (unsigned i = 0; i < part->count[SECTION_AUTHORITY]; i++)
                denied = denied || part->sets[SECTION_AUTHORITY][i].set->type == TYPE_NSEC3;
        return denied && (part->count[SECTION_ANSWER] || !denial_match(zone, name).set);
}

static bool is_referral(const struct response *part)
{
        return part->count[SECTION_AUTHORITY] && part->sets[SECTION_AUTHORITY][0].set->type == TYPE_NS;
}

static bool has_soa(const struct response *part)
{
        for (unsigned i = 0; i < part->count[SECTION_AUTHORITY]; i++)
                if (part->sets[SECTION_AUTHORITY][i].set->type == TYPE_SOA)
                        return true;
        return false;
}

/* Where the answer of one zone leads: the target of its last alias, or NULL when it is complete. */
static const uint8_t *alias_target(const struct response *part, const struct query *query)
{
        unsigned count = part->count[SECTION_ANSWER];
        const struct lab_set *last = count ? part->sets[SECTION_ANSWER][count - 1].set : NULL;
        bool leads_on = last && last->type == TYPE_CNAME && query->type != TYPE_CNAME && !part->rcode;

        return leads_on && !has_soa(part) ? last->data[0].bytes : NULL;
}

/* Ask zone after zone, from this name on. Returns false when there is none, or the chain has no end. */
static bool chain_follow(struct authority *authority, const struct query *query, struct response *whole)
{
        struct query *asked = lab_copy(&authority->scratch, query, sizeof *query);

        for (unsigned hops = 0; hops < CHAIN_MAX; hops++) {
                struct response part = { .scratch = &authority->scratch };
                struct lab_zone *zone = servers_zone_above(authority, asked->name, asked->type == TYPE_DS);
                if (!zone)
                        return false;
                lookup_answer(zone, asked, &part);
                section_take(whole, &part, SECTION_ANSWER);
                whole->rcode = part.rcode;
                whole->authentic &= zone_is_secure(authority, zone) && !is_opted_out(&part, zone, asked->name) &&
                                    part.rcode != RCODE_YXDOMAIN;
                const uint8_t *target = alias_target(&part, asked);
                if (!target) {
                        section_take(whole, &part, SECTION_AUTHORITY);
                        return !is_referral(&part);
                }
                /* The names of the answer so far lie in this query, so the next one gets its own. */
                asked = lab_copy(&authority->scratch, asked, sizeof *asked);
                memcpy(asked->name, target, dname_len(target));
        }
        return false;
}

void truth_fill(struct authority *authority, const struct query *query, struct response *response)
{
        struct query plain = *query;

        plain.want_dnssec = true; /* for the proofs, which tell what is opted out */
        response->authentic = true;
        if (chain_follow(authority, &plain, response))
                return;
        memset(response->count, 0, sizeof response->count);
        response->authentic = false;
        response->rcode = RCODE_SERVFAIL;
}

size_t authority_truth(struct authority *authority, const uint8_t *name, uint16_t type, uint8_t *out)
{
        struct query query = { .type = type, .class = CLASS_IN };
        struct response response = { .scratch = &authority->scratch };

        memcpy(query.name, name, dname_len(name));
        truth_fill(authority, &query, &response);
        size_t len = lab_response_write(&response, &query, out, AUTHORITY_MESSAGE_MAX);
        lab_clear(&authority->scratch);
        return len;
}
