#pragma once
/*
 * What a signature signs: the canonical form of a record set with its RRSIG (RFC 4034 3.1.8.1, 6).
 */
#include "base/arena.h"
#include "wire/rrset.h"
#include <stddef.h>
#include <stdint.h>

/**
 * Labels of an owner as the Labels field of an RRSIG counts them: without the root and a leading "*" (RFC 4034 3.1.3).
 */
unsigned signed_labels(const struct name *owner);

/**
 * RRSIG RDATA without the signature, then each record with the original TTL, sorted, duplicates left out. An owner with
 * more labels than the signature's was made from a wildcard, and that is what was signed.
 *
 *   sig, rdata  the same RRSIG, read and as it came; its labels are not below its signer's
 *   len         out: bytes
 *
 * In the arena; NULL when that is full.
 */
const uint8_t *signed_data(const struct rrset *set, const struct rrsig *sig, const struct rdata *rdata,
                           struct arena *arena, size_t *len);
