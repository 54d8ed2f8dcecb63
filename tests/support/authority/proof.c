#include "proof.h"
#include "denial.h"

/* The flaws of proofs are here: what is added is nothing, or the record after the right one. */
static void proof_add(struct response *response, struct denial denial)
{
        struct lab_zone *zone = response->zone;
        uint8_t after[DNAME_MAX];

        if (!denial.set || zone->signing->flaw == FLAW_NO_PROOF)
                return;
        if (zone->signing->flaw == FLAW_BAD_PROOF && zone->signing->denial == DENIAL_NSEC) {
                dname_lower(denial.set->data[0].bytes, after); /* NSEC data begins with the next owner */
                denial = denial_match(zone, after);
        }
        lab_response_add(response, SECTION_AUTHORITY, denial.owner, denial.owner, denial.set);
}

static void cover(struct response *response, const uint8_t *name)
{
        proof_add(response, denial_cover(response->zone, name));
}

static void cover_wildcard(struct response *response, const struct lab_node *closest)
{
        uint8_t wildcard[DNAME_MAX];

        if (dname_join("*", closest->name, wildcard))
                cover(response, wildcard);
}

static bool is_hashed(const struct response *response)
{
        return response->zone->signing->denial != DENIAL_NSEC;
}

/*
 * RFC 5155 section 7.2.1: match the closest encloser that has a record (under opt-out it may be further up than the
 * real one), cover the name one label below it.
 */
static void prove_encloser(struct response *response, const uint8_t *name, const uint8_t *closest)
{
        struct denial match = denial_match(response->zone, closest);

        while (!match.set) {
                closest += 1 + *closest;
                match = denial_match(response->zone, closest);
        }
        proof_add(response, match);
        cover(response, dname_strip(name, dname_labels(name) - dname_labels(closest) - 1));
}

void prove_no_type(struct response *response, const struct lab_node *node)
{
        struct denial match = denial_match(response->zone, node->name);

        if (match.set)
                proof_add(response, match);
        else if (is_hashed(response)) /* left out by opt-out */
                prove_encloser(response, node->name, node->name);
        else /* an empty non-terminal: the NSEC before it has its descendant as next name */
                cover(response, node->name);
}

void prove_no_name(struct response *response, const uint8_t *name, const struct lab_node *closest)
{
        if (is_hashed(response))
                prove_encloser(response, name, closest->name);
        else
                cover(response, name);
        cover_wildcard(response, closest);
}

void prove_expansion(struct response *response, const uint8_t *name, const struct lab_node *closest)
{
        unsigned above = dname_labels(name) - dname_labels(closest->name) - 1;

        cover(response, is_hashed(response) ? dname_strip(name, above) : name);
}

void prove_no_wildcard_type(struct response *response, const uint8_t *name, const struct lab_node *closest,
                            const struct lab_node *wildcard)
{
        if (is_hashed(response))
                prove_encloser(response, name, closest->name);
        else
                cover(response, name);
        proof_add(response, denial_match(response->zone, wildcard->name));
}
