/*
 * What a perfect resolver would answer. It asks each zone itself instead of servers, so neither delegations nor
 * misbehaviour can get in the way.
 */
#include "authority.h"
#include "behaviours.h"
#include "lookup.h"
#include <string.h>

enum { CHAIN_MAX = 16 };

/* Take over one section of what a zone said. */
static void section_take(struct response *whole, const struct response *part, enum section section)
{
        for (unsigned i = 0; i < part->count[section]; i++)
                response_add(whole, section, part->sets[section][i].owner, NULL, part->sets[section][i].set);
}

/* Where the answer of one zone leads: the target of its last alias, or NULL when it is complete. */
static const uint8_t *alias_target(const struct response *part, const struct query *query)
{
        unsigned count = part->count[SECTION_ANSWER];
        const struct lab_set *last = count ? part->sets[SECTION_ANSWER][count - 1].set : NULL;

        if (!last || last->type != TYPE_CNAME || query->type == TYPE_CNAME || part->count[SECTION_AUTHORITY])
                return NULL;
        return last->data[0].bytes;
}

static bool is_referral(const struct response *part)
{
        return part->count[SECTION_AUTHORITY] && part->sets[SECTION_AUTHORITY][0].set->type == TYPE_NS;
}

/* Ask zone after zone. Returns false when there is none, or the chain has no end. */
static bool chain_follow(struct authority *authority, struct query *query, struct response *whole)
{
        for (unsigned hops = 0; hops < CHAIN_MAX; hops++) {
                struct response part = { .scratch = &authority->scratch };
                struct lab_zone *zone = servers_zone_above(authority, query->name, query->type == TYPE_DS);
                if (!zone)
                        return false;
                struct query *asked = lab_copy(&authority->scratch, query, sizeof *query);
                lookup_answer(zone, asked, &part);
                section_take(whole, &part, SECTION_ANSWER);
                whole->rcode = part.rcode;
                if (is_referral(&part))
                        return false;
                const uint8_t *target = part.rcode ? NULL : alias_target(&part, query);
                if (!target) {
                        section_take(whole, &part, SECTION_AUTHORITY);
                        return true;
                }
                memcpy(query->name, target, dname_len(target));
        }
        return false;
}

size_t authority_truth(struct authority *authority, const uint8_t *name, uint16_t type, uint8_t *out)
{
        struct query query = { .type = type, .class = CLASS_IN };
        struct response response = { .scratch = &authority->scratch };

        memcpy(query.name, name, dname_len(name));
        struct query asked = query;
        if (!chain_follow(authority, &query, &response)) {
                memset(response.count, 0, sizeof response.count);
                response.rcode = RCODE_SERVFAIL;
        }
        size_t len = response_write(&response, &asked, out, AUTHORITY_MESSAGE_MAX);
        lab_clear(&authority->scratch);
        return len;
}

bool authority_misbehave(struct authority *authority, size_t server, const char *way)
{
        return behaviour_add(authority, server, way);
}

void authority_behave(struct authority *authority, size_t server)
{
        authority->servers[server].behaviour_count = 0;
}
