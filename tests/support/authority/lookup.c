#include "lookup.h"
#include "denial.h"
#include "proof.h"
#include <string.h>

enum { CHAIN_MAX = 16 };

struct lookup {
        struct lab_zone *zone;
        const struct query *query;
        struct response *response;
        const uint8_t *name;       /* the qname, or where aliases led */
        struct lab_node *encloser; /* the deepest node that is the name or above it */
        bool signed_zone;
        bool dnssec; /* and the client wants to see it */
};

/* Walk down from the apex: stop at the first cut or DNAME, or where the tree ends. */
static void descend(struct lookup *lookup)
{
        unsigned labels = dname_labels(lookup->name), apex = dname_labels(lookup->zone->apex);

        lookup->encloser = &lookup->zone->nodes[0];
        for (unsigned depth = apex + 1; depth <= labels; depth++) {
                if (lookup->encloser->place == PLACE_CUT || lab_node_set(lookup->encloser, TYPE_DNAME))
                        return;
                struct lab_node *next = lab_zone_find(lookup->zone, dname_strip(lookup->name, labels - depth));
                if (!next)
                        return;
                lookup->encloser = next;
        }
}

static void addresses_add(struct lookup *lookup, const uint8_t *target, bool glue)
{
        struct lab_node *node = dname_within(target, lookup->zone->apex) ? lab_zone_find(lookup->zone, target) : NULL;

        if (!node || (!glue && node->place != PLACE_INSIDE))
                return;
        const uint8_t *signed_as = node->place == PLACE_INSIDE ? node->name : NULL;
        lab_response_add(lookup->response, SECTION_ADDITIONAL, node->name, signed_as, lab_node_set(node, TYPE_A));
        lab_response_add(lookup->response, SECTION_ADDITIONAL, node->name, signed_as, lab_node_set(node, TYPE_AAAA));
}

static void targets_add(struct lookup *lookup, const struct lab_set *set, bool glue)
{
        for (uint16_t i = 0; i < set->count; i++) {
                const uint8_t *target = lab_rdata_target(set->type, set->data[i].bytes);
                if (target)
                        addresses_add(lookup, target, glue);
        }
}

static void refer(struct lookup *lookup)
{
        struct response *response = lookup->response;
        struct lab_node *cut = lookup->encloser;
        struct lab_set *servers = lab_node_set(cut, TYPE_NS), *ds = lab_node_set(cut, TYPE_DS);

        response->authoritative = response->count[SECTION_ANSWER] > 0;
        response->glue_must_fit = true;
        lab_response_add(response, SECTION_AUTHORITY, cut->name, NULL, servers);
        if (lookup->dnssec && ds)
                lab_response_add(response, SECTION_AUTHORITY, cut->name, cut->name, ds);
        else if (lookup->dnssec)
                prove_no_type(response, cut);
        targets_add(lookup, servers, true);
}

/* The SOA with the TTL of an absence. */
static void soa_add(struct lookup *lookup)
{
        struct lab_node *apex = &lookup->zone->nodes[0];
        struct lab_set *soa = lab_node_set(apex, TYPE_SOA);
        struct lab_set *short_lived = lab_copy(lookup->response->scratch, soa, sizeof *soa);

        short_lived->ttl = lab_zone_negative_ttl(lookup->zone);
        short_lived->signatures = lookup->dnssec ? lab_sign(lookup->zone, apex->name, soa) : NULL;
        lab_response_add(lookup->response, SECTION_AUTHORITY, apex->name, apex->name, short_lived);
}

/* RFC 8482: one set stands for all of them. For RRSIG, the signatures of that one. */
static struct lab_set *any_set(struct lookup *lookup, struct lab_node *node)
{
        struct lab_set *set = node->sets;

        if (set && lookup->query->type == TYPE_RRSIG)
                return lab_sign(lookup->zone, node->name, set);
        return set;
}

static struct lab_set *wanted_set(struct lookup *lookup, struct lab_node *node)
{
        uint16_t type = lookup->query->type;

        if (type == TYPE_ANY || type == TYPE_RRSIG)
                return any_set(lookup, node);
        if (type == TYPE_NSEC && lookup->signed_zone && lookup->zone->signing->denial == DENIAL_NSEC)
                return denial_match(lookup->zone, node->name).set;
        return lab_node_set(node, type);
}

/* Say the set as owned by the name asked for. Returns false when the node lacks it. */
static bool set_answer(struct lookup *lookup, struct lab_node *node)
{
        struct lab_set *set = wanted_set(lookup, node);

        if (!set)
                return false;
        lab_response_add(lookup->response, SECTION_ANSWER, lookup->name, node->name, set);
        targets_add(lookup, set, set->type == TYPE_NS); /* priming wants the addresses (RFC 9609 section 4.2) */
        return true;
}

/* Say the alias and go on with where it leads. Returns false when the node has none, or it is what was asked for. */
static bool alias_answer(struct lookup *lookup, struct lab_node *node)
{
        struct lab_set *alias = lab_node_set(node, TYPE_CNAME);
        uint16_t type = lookup->query->type;

        if (!alias || type == TYPE_CNAME || type == TYPE_ANY || type == TYPE_RRSIG || type == TYPE_NSEC)
                return false;
        lab_response_add(lookup->response, SECTION_ANSWER, lookup->name, node->name, alias);
        lookup->name = alias->data[0].bytes;
        return true;
}

/* RFC 6672 section 3.2: the DNAME, and the CNAME that clients understand. Returns whether the chain goes on. */
static bool dname_answer(struct lookup *lookup)
{
        struct lab_set *set = lab_node_set(lookup->encloser, TYPE_DNAME);
        uint8_t target[DNAME_MAX];

        lab_response_add(lookup->response, SECTION_ANSWER, lookup->encloser->name, lookup->encloser->name, set);
        if (!dname_replace(lookup->name, lookup->encloser->name, set->data[0].bytes, target)) {
                lookup->response->rcode = RCODE_YXDOMAIN;
                return false;
        }
        lab_response_make(lookup->response, SECTION_ANSWER, lookup->name, TYPE_CNAME, set->ttl, target,
                          dname_len(target));
        lookup->name = lab_copy(lookup->response->scratch, target, dname_len(target));
        return lookup->query->type != TYPE_CNAME && lookup->query->type != TYPE_ANY;
}

/* The name exists. Returns whether an alias leads on. */
static bool node_answer(struct lookup *lookup, struct lab_node *node)
{
        if (alias_answer(lookup, node))
                return true;
        if (!set_answer(lookup, node)) {
                soa_add(lookup);
                if (lookup->dnssec)
                        prove_no_type(lookup->response, node);
        }
        return false;
}

/* The name does not exist, but a wildcard stands for it. Returns whether an alias leads on. */
static bool wildcard_answer(struct lookup *lookup, struct lab_node *wildcard)
{
        const uint8_t *name = lookup->name;
        bool alias = alias_answer(lookup, wildcard);

        if (alias || set_answer(lookup, wildcard)) {
                if (lookup->dnssec)
                        prove_expansion(lookup->response, name, lookup->encloser);
                return alias;
        }
        soa_add(lookup);
        if (lookup->dnssec)
                prove_no_wildcard_type(lookup->response, name, lookup->encloser, wildcard);
        return false;
}

static bool missing_answer(struct lookup *lookup)
{
        uint8_t name[DNAME_MAX];
        struct lab_node *wildcard = NULL;

        if (dname_join("*", lookup->encloser->name, name))
                wildcard = lab_zone_find(lookup->zone, name);
        if (wildcard)
                return wildcard_answer(lookup, wildcard);
        lookup->response->rcode = RCODE_NXDOMAIN;
        soa_add(lookup);
        if (lookup->dnssec)
                prove_no_name(lookup->response, lookup->name, lookup->encloser);
        return false;
}

/* Deal with one name. Returns whether an alias leads on, to lookup->name. */
static bool name_answer(struct lookup *lookup)
{
        descend(lookup);
        bool exact = dname_equal(lookup->encloser->name, lookup->name);
        /* The DS of a cut is the parent's (RFC 4035 section 3.1.4.1). */
        if (lookup->encloser->place == PLACE_CUT && !(exact && lookup->query->type == TYPE_DS)) {
                refer(lookup);
                return false;
        }
        if (exact)
                return node_answer(lookup, lookup->encloser);
        if (lab_node_set(lookup->encloser, TYPE_DNAME))
                return dname_answer(lookup);
        return missing_answer(lookup);
}

static bool was_answered(const struct response *response, const uint8_t *name)
{
        for (unsigned i = 0; i < response->count[SECTION_ANSWER]; i++)
                if (dname_equal(response->sets[SECTION_ANSWER][i].owner, name))
                        return true;
        return false;
}

void lookup_answer(struct lab_zone *zone, const struct query *query, struct response *response)
{
        struct lookup lookup = {
                .zone = zone,
                .query = query,
                .response = response,
                .name = query->name,
                .signed_zone = zone->signing && zone->signing->flaw != FLAW_STRIPPED,
        };

        lookup.dnssec = lookup.signed_zone && query->want_dnssec;
        response->zone = zone;
        response->authoritative = true;
        for (unsigned hops = 0; hops < CHAIN_MAX && name_answer(&lookup); hops++)
                if (!dname_within(lookup.name, zone->apex) || was_answered(response, lookup.name))
                        return;
}
