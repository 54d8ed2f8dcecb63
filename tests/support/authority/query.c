#include "query.h"
#include "rdata.h"
#include <string.h>

enum { OPTION_NSID = 3, OPTION_COOKIE = 10 };

static uint16_t load16(const uint8_t *p)
{
        return (uint16_t)(p[0] << 8 | p[1]);
}

static bool options_read(struct query *query, const uint8_t *at, size_t len)
{
        while (len >= 4) {
                uint16_t code = load16(at), size = load16(at + 2);
                if (size > len - 4)
                        return false;
                if (code == OPTION_NSID)
                        query->want_nsid = true;
                if (code == OPTION_COOKIE) {
                        if (size != 8 && (size < 16 || size > 40)) /* RFC 7873 section 5.2.2 */
                                return false;
                        query->cookie_len = (uint8_t)size;
                        memcpy(query->cookie, at + 4, size);
                }
                at += 4 + size;
                len -= 4u + size;
        }
        return len == 0;
}

/* Layout: 00, type 41, UDP size, extended rcode, version, flags, length, options (RFC 6891 section 6.1.2). */
static bool opt_read(struct query *query, const uint8_t *at, size_t len)
{
        if (len < 11 || at[0] != 0 || load16(at + 1) != TYPE_OPT || load16(at + 9) != len - 11)
                return false;
        query->edns = true;
        query->udp_size = load16(at + 3) < 512 ? 512 : load16(at + 3);
        query->edns_version = at[6];
        query->want_dnssec = at[7] & 0x80;
        return options_read(query, at + 11, len - 11);
}

enum rcode lab_query_read(struct query *query, const uint8_t *bytes, size_t len, bool *answerable)
{
        size_t at = HEADER_LEN;

        *answerable = len >= HEADER_LEN && !(bytes[2] & 0x80);
        if (!*answerable)
                return RCODE_FORMERR;
        *query = (struct query){ .id = load16(bytes), .flags = load16(bytes + 2), .udp_size = 512 };
        if (query_opcode(query) != OPCODE_QUERY)
                return RCODE_NOTIMP;
        if (load16(bytes + 4) != 1 || load16(bytes + 6) || load16(bytes + 8) || load16(bytes + 10) > 1)
                return RCODE_FORMERR;
        if (!dname_read(bytes, len, &at, query->name) || len - at < 4)
                return RCODE_FORMERR;
        query->type = load16(bytes + at);
        query->class = load16(bytes + at + 2);
        at += 4;
        if (load16(bytes + 10) == 1 ? !opt_read(query, bytes + at, len - at) : at != len)
                return RCODE_FORMERR;
        return query->edns_version > 0 ? RCODE_BADVERS : RCODE_NOERROR;
}
