#pragma once
/*
 * Which denial records an absence needs: RFC 4035 section 3.1.3 for NSEC, RFC 5155 section 7.2 for NSEC3.
 *
 * Only for a response of a signed zone whose client set DO. The records go to the authority section.
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
