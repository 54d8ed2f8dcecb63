#pragma once
/*
 * Record types: mnemonics, and how the RDATA of each known type is laid out, from rrtypes.def.
 */
#include "base/arena.h"
#include "base/err.h"
#include "wire/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
#define TYPE(name, number, layout, rfc) TYPE_##name = number,
#include "wire/rrtypes.def"
#undef TYPE
};

enum { RRTYPE_TEXT_MAX = 16 };

/** "AAAA", or "TYPE65280" (RFC 3597). Writes NUL; returns out. */
char *rrtype_text(uint16_t type, char out[RRTYPE_TEXT_MAX]);
/** From a mnemonic in either case, "ANY", or TYPEnnn. ERR_FORM. */
MUST_USE enum err rrtype_parse(const char *text, uint16_t *out);
/** OPT, TSIG, and the query types 128..255 (RFC 6895 3.1): never data of a zone. */
bool rrtype_is_meta(uint16_t type);

/** May we compress names in the RDATA of this type? Only in those of RFC 1035 (RFC 3597 4). */
bool rrtype_compresses(uint16_t type);

/**
 * Check the RDATA of one record as it stands in a message, against the layout of its type, and give it uncompressed.
 *
 *   message, len   the whole message, for compression pointers (allowed only in the types of RFC 3597 4 and in DNAME)
 *   rdata, rdlen   where the RDATA lies in it; must be used up exactly
 *   hops           pointers left for this message, as in name_read_compressed
 *   out            the RDATA itself where it holds no compressed name (borrowed), else a copy in the arena
 *
 * Unknown types pass as they are. ERR_FORM, ERR_SHORT, ERR_TRAILING, ERR_LIMIT, ERR_MEMORY.
 */
MUST_USE enum err rdata_read(uint16_t type, const uint8_t *message, size_t len, const uint8_t *rdata, uint16_t rdlen,
                             size_t *hops, struct arena *arena, const uint8_t **out, uint16_t *out_len);

/** The same check for uncompressed RDATA that comes from somewhere else (the store, text). */
MUST_USE enum err rdata_check(uint16_t type, const uint8_t *rdata, size_t rdlen);

/** Into how many fields a reader would split checked RDATA; each string and name of a list counts. */
size_t rdata_field_count(uint16_t type, const uint8_t *rdata, size_t rdlen);

/** Lower-case the names in checked, uncompressed RDATA in place, for the types of RFC 4034 6.2 and RFC 6840 5.1. */
void rdata_canonical(uint16_t type, uint8_t *rdata, size_t rdlen);

/**
 * Canonical order of two checked, uncompressed RDATA of one type: <0, 0, >0. Names are compared in lower case where
 * rdata_canonical() would lower them; a missing byte sorts before a zero byte (RFC 4034 6.3).
 */
int rdata_compare(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/** The first name in checked, uncompressed RDATA (NS, CNAME, MX, SRV, SOA's MNAME, SVCB...). False if it has none. */
bool rdata_name(uint16_t type, const uint8_t *rdata, size_t rdlen, struct name *out);

/** One step over RDATA: a name that the message writer may treat specially, or plain bytes. See rdata_next(). */
struct rdata_part {
        const uint8_t *bytes;
        uint16_t len;
        bool is_name;       /* bytes are one uncompressed name */
        bool may_compress;  /* RFC 3597 4: only names in the types of RFC 1035 */
};

/** The part of checked, uncompressed RDATA that begins at offset *at; moves *at. False at the end. */
bool rdata_next(uint16_t type, const uint8_t *rdata, size_t rdlen, size_t *at, struct rdata_part *out);
