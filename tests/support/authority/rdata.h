#pragma once
/*
 * What the laboratory knows of record types: their numbers, and where names sit in their data.
 */
#include "dname.h"

enum type {
        TYPE_A = 1,
        TYPE_NS = 2,
        TYPE_CNAME = 5,
        TYPE_SOA = 6,
        TYPE_PTR = 12,
        TYPE_MX = 15,
        TYPE_TXT = 16,
        TYPE_RP = 17,
        TYPE_AFSDB = 18,
        TYPE_AAAA = 28,
        TYPE_SRV = 33,
        TYPE_KX = 36,
        TYPE_DNAME = 39,
        TYPE_OPT = 41,
        TYPE_DS = 43,
        TYPE_RRSIG = 46,
        TYPE_NSEC = 47,
        TYPE_DNSKEY = 48,
        TYPE_NSEC3 = 50,
        TYPE_NSEC3PARAM = 51,
        TYPE_IXFR = 251,
        TYPE_AXFR = 252,
        TYPE_ANY = 255,
};

/* Data that holds names: skip bytes of something else, then so many names, then whatever follows. */
struct rdata_layout {
        uint8_t skip;
        uint8_t names;
        bool compress; /* may be compressed on the wire: only the types of RFC 1035 (RFC 3597 section 4) */
};

/** names is 0 for types without names, and for those whose names are opaque (SVCB, RRSIG, NSEC). */
struct rdata_layout lab_rdata_layout(uint16_t type);

/** The canonical form (RFC 4034 section 6.2): embedded names in lower case. out holds len bytes. */
void lab_rdata_canonical(uint16_t type, const uint8_t *rdata, size_t len, uint8_t *out);

/** The name in the data that an additional section explains (RFC 1034 section 4.3.2), or NULL. */
const uint8_t *lab_rdata_target(uint16_t type, const uint8_t *rdata);
