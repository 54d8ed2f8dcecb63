#pragma once
/*
 * Signatures and keys, made when first asked for.
 */
#include "zone.h"

/** The RRSIG set over this set as owned by owner, kept in the set; NULL when the zone does not sign it. */
struct lab_set *lab_sign(struct lab_zone *zone, const uint8_t *owner, struct lab_set *set);

/** Take a zone option of lab.conf; false when it is none. */
bool sign_option(struct lab_zone *zone, const char *text);
