#pragma once
/*
 * Names and record sets as they stand in a stored value: without what the value's key says already.
 *
 * Most of them are about the name that the value is kept under, or about its zone. So each value has a base, that name
 * in lower case, and a name that is the base or one of its ancestors takes one byte.
 *
 *   number      seven bits a byte, the highest first; the top bit says that another byte follows
 *   name        80 + n: the last n labels of the base; or uncompressed wire form, whose first byte is less than 40
 *   signature   RDATA of an RRSIG from the algorithm to the key tag (16), signer (name), length (number), signature
 *   set         type (2), owner (name), TTL (number), records (number), signatures (1),
 *               each record: length (number), RDATA; each signature
 *
 * A set is of class IN, and its signatures cover its type: what says otherwise is not written.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "wire/rrset.h"
#include <stdint.h>

/** The base of what is kept under this name; room: name->len bytes. */
struct name packed_base(const struct name *name, uint8_t *room);

/* Writing. What cannot be written makes the writer fail. */

void packed_write_number(struct writer *writer, uint32_t number);
void packed_write_name(struct writer *writer, const struct name *base, const struct name *name);

/** No more than LIMIT_RECORDS_PER_SET records and LIMIT_SIGNATURES_PER_SET signatures. */
void packed_write_set(struct writer *writer, const struct name *base, const struct rrset *set);

/*
 * Reading, as if it came from the network. What comes out borrows from the reader's bytes and from the base; arrays and
 * signatures are in the arena.
 */

/** 0 and a reader that has failed: none, or too large for 32 bits. */
uint32_t packed_read_number(struct reader *reader);

/** ERR_SHORT, ERR_FORM. */
MUST_USE enum err packed_read_name(struct reader *reader, const struct name *base, struct name *out);

/** ERR_SHORT, ERR_FORM, ERR_LIMIT, ERR_MEMORY. */
MUST_USE enum err packed_read_set(struct reader *reader, const struct name *base, struct arena *arena,
                                  struct rrset *out);
