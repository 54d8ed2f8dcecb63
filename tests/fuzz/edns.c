/*
 * Any bytes as the options of an OPT record: read, written, read again; and written to less room than it needs.
 */
#include "wire/edns.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIXED = 6, OPT_MAX = 70000, RDATA_AT = 11 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

static void require_same(const struct edns *a, const struct edns *b)
{
        REQUIRE(a->dnssec_ok == b->dnssec_ok && a->version == b->version && a->rcode_high == b->rcode_high);
        REQUIRE(a->udp_size == b->udp_size);
        REQUIRE(a->has_cookie == b->has_cookie && a->cookie_server_len == b->cookie_server_len);
        REQUIRE(memcmp(a->cookie_client, b->cookie_client, COOKIE_CLIENT_LEN) == 0);
        REQUIRE(memcmp(a->cookie_server, b->cookie_server, a->cookie_server_len) == 0);
        REQUIRE(a->has_nsid == b->has_nsid && a->nsid_len == b->nsid_len);
        REQUIRE(memcmp(a->nsid, b->nsid, a->nsid_len) == 0);
        REQUIRE(a->has_keepalive == b->has_keepalive && a->keepalive_100ms == b->keepalive_100ms);
        REQUIRE(a->has_padding == b->has_padding && a->padding_len == b->padding_len);
        REQUIRE(a->ede_count == b->ede_count);
        for (unsigned i = 0; i < a->ede_count; i++) {
                REQUIRE(a->ede[i].code == b->ede[i].code && a->ede[i].text_len == b->ede[i].text_len);
                REQUIRE(memcmp(a->ede[i].text, b->ede[i].text, a->ede[i].text_len) == 0);
        }
}

static struct writer write_to(const struct edns *edns, uint8_t *out, size_t size)
{
        struct writer w = writer_over(out, size);

        edns_write(&w, edns);
        return w;
}

static enum err read_back(const uint8_t *opt, size_t len, struct edns *out)
{
        struct reader r = reader_over(opt, len);

        REQUIRE(read_u8(&r) == 0 && read_u16(&r) == 41);
        uint16_t class = read_u16(&r);
        uint32_t ttl = read_u32(&r);
        uint16_t rdlen = read_u16(&r);
        REQUIRE(!r.failed && rdlen == len - RDATA_AT);
        return edns_read(class, ttl, opt + RDATA_AT, rdlen, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static uint8_t out[OPT_MAX];
        struct edns edns, again;

        if (size < FIXED || size - FIXED > UINT16_MAX)
                return 0;
        if (edns_read(load_u16(data), load_u32(data + 2), data + FIXED, (uint16_t)(size - FIXED), &edns))
                return 0;
        if (edns_len(&edns) > UINT16_MAX)
                return 0;
        struct writer w = write_to(&edns, out, sizeof out);
        REQUIRE(!w.failed && writer_len(&w) == edns_len(&edns));
        REQUIRE(read_back(out, writer_len(&w), &again) == ERR_OK);
        require_same(&edns, &again);

        size_t room = data[0] + 16U * data[1] % edns_len(&edns);
        w = write_to(&edns, out, room);
        if (!w.failed) /* extended errors may be missing now, the rest must not */
                REQUIRE(writer_len(&w) <= room && read_back(out, writer_len(&w), &again) == ERR_OK);
        return 0;
}
