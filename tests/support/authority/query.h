#pragma once
/*
 * A question as it came from the network, read just far enough to answer it.
 */
#include "dname.h"

enum { FLAG_QR = 0x8000, FLAG_AA = 0x0400, FLAG_TC = 0x0200, FLAG_RD = 0x0100, FLAG_AD = 0x0020, FLAG_CD = 0x0010 };
enum { HEADER_LEN = 12, OPCODE_QUERY = 0, CLASS_IN = 1 };

enum rcode {
        RCODE_NOERROR = 0,
        RCODE_FORMERR = 1,
        RCODE_SERVFAIL = 2,
        RCODE_NXDOMAIN = 3,
        RCODE_NOTIMP = 4,
        RCODE_REFUSED = 5,
        RCODE_YXDOMAIN = 6,
        RCODE_NOTAUTH = 9,
        RCODE_BADVERS = 16,
        RCODE_BADCOOKIE = 23,
};

struct query {
        uint16_t id;
        uint16_t flags;
        uint8_t name[DNAME_MAX]; /* letters as sent */
        uint16_t type;
        uint16_t class;
        bool edns;
        bool want_dnssec; /* the DO bit */
        bool want_nsid;
        uint8_t edns_version;
        uint16_t udp_size;  /* 512 without EDNS */
        uint8_t cookie[40]; /* the cookie option as sent: 8, or 16 to 40 bytes */
        uint8_t cookie_len; /* 0: none */
};

static inline unsigned query_opcode(const struct query *query)
{
        return query->flags >> 11 & 15;
}

/**
 * Read a query. Returns what is wrong with it: RCODE_NOERROR, or RCODE_FORMERR when the header was read and the rest
 * was not. *answerable is false when there is not even a header, or when it is an answer: silence is right then.
 */
enum rcode lab_query_read(struct query *query, const uint8_t *bytes, size_t len, bool *answerable);
