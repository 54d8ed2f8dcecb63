#pragma once
/*
 * Which denial records an absence needs (RFC 4035 section 3.1.3, RFC 5155 section 7.2). All do nothing in an unsigned
 * zone or when the client did not ask for DNSSEC (response->zone is signed and DO is checked by the caller).
 */
#include "response.h"

/** The name exists (node), the type does not. */
void prove_no_type(struct response *response, const struct lab_node *node);

/** Neither the name nor a wildcard for it exists; closest is its closest encloser. */
void prove_no_name(struct response *response, const uint8_t *name, const struct lab_node *closest);

/** The answer came from a wildcard below closest: the name itself does not exist. */
void prove_expansion(struct response *response, const uint8_t *name, const struct lab_node *closest);

/** A wildcard matched, but it lacks the type. */
void prove_no_wildcard_type(struct response *response, const uint8_t *name, const struct lab_node *closest,
                            const struct lab_node *wildcard);

/** The cut has no DS. */
void prove_insecure(struct response *response, const struct lab_node *cut);

/** The NSEC set of a node in a zone that has them, else NULL. */
struct lab_set *proof_nsec(struct lab_zone *zone, struct lab_node *node);
