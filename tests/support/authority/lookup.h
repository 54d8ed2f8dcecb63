#pragma once
/*
 * The algorithm of RFC 1034 section 4.3.2 in one zone, as later RFCs made it: wildcards (4592), DNAME (6672), negative
 * answers (2308), DNSSEC proofs (4035, 5155), ANY (8482).
 */
#include "response.h"

/** Fill the response with what the zone says to the query. The qname must be within the zone. */
void lookup_answer(struct lab_zone *zone, const struct query *query, struct response *response);
