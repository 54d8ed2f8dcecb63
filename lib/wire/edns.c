/*
 * The OPT record (RFC 6891 6.1.2):
 *
 *      0 | 41 | UDP size | upper rcode, version, DO bit and flags | RDLENGTH | { code, length, bytes } ...
 *        type   (class)                  (TTL)
 */
#include "wire/edns.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <string.h>

enum {
        OPT_FIXED_LEN = 11, OPTION_HEADER_LEN = 4, UDP_SIZE_MIN = 512, COOKIE_SERVER_MIN = 8,
        FLAG_DNSSEC_OK = 0x8000,
};

/* RFC 7873 5.2.2: a client cookie alone, or with a server cookie of 8 to 32 bytes; all else is malformed. */
static enum err cookie_read(struct edns *edns, const uint8_t *bytes, size_t len)
{
        if (len < COOKIE_CLIENT_LEN)
                return ERR_FORM;
        size_t server_len = len - COOKIE_CLIENT_LEN;
        if (server_len > COOKIE_SERVER_MAX || (server_len > 0 && server_len < COOKIE_SERVER_MIN))
                return ERR_FORM;
        if (edns->has_cookie)
                return ERR_OK;
        edns->has_cookie = true;
        memcpy(edns->cookie_client, bytes, COOKIE_CLIENT_LEN);
        edns->cookie_server_len = (uint8_t)server_len;
        memcpy(edns->cookie_server, bytes + COOKIE_CLIENT_LEN, server_len);
        return ERR_OK;
}

static enum err keepalive_read(struct edns *edns, const uint8_t *bytes, size_t len)
{
        if (len != 0 && len != 2) /* RFC 7828 3.1 */
                return ERR_FORM;
        if (edns->has_keepalive)
                return ERR_OK;
        edns->has_keepalive = true;
        edns->keepalive_has_timeout = len == 2;
        edns->keepalive_100ms = len == 2 ? load_u16(bytes) : 0;
        return ERR_OK;
}

static void nsid_read(struct edns *edns, const uint8_t *bytes, size_t len)
{
        if (edns->has_nsid)
                return;
        edns->has_nsid = true;
        edns->nsid_len = (uint8_t)(len < NSID_MAX ? len : NSID_MAX);
        memcpy(edns->nsid, bytes, edns->nsid_len);
}

/* How much of a text fits: never half of a UTF-8 sequence, whose continuation bytes are 10xxxxxx. */
static size_t ede_text_fit(const uint8_t *text, size_t len)
{
        if (len <= EDE_TEXT_MAX)
                return len;
        len = EDE_TEXT_MAX;
        while (len > 0 && (text[len] & 0xc0) == 0x80)
                len--;
        return len;
}

void ede_set(struct ede *ede, uint16_t code, const char *text)
{
        ede->code = code;
        ede->text_len = (uint8_t)ede_text_fit((const uint8_t *)text, strlen(text));
        memcpy(ede->text, text, ede->text_len);
}

static void ede_put(struct edns *edns, uint16_t code, const uint8_t *text, size_t len)
{
        if (edns->ede_count < EDE_MAX)
                edns->ede[edns->ede_count++] = (struct edns_ede){
                        .code = code, .text_len = (uint8_t)ede_text_fit(text, len), .text = (const char *)text,
                };
}

void edns_add_ede(struct edns *edns, uint16_t code, const char *text)
{
        ede_put(edns, code, (const uint8_t *)text, strlen(text));
}

/* RFC 8914 2: the code, then the text; some servers end the text with a NUL, which is no part of it. */
static enum err ede_read(struct edns *edns, const uint8_t *bytes, size_t len)
{
        if (len < 2)
                return ERR_FORM;
        const uint8_t *text = bytes + 2;
        const uint8_t *nul = memchr(text, 0, len - 2);
        ede_put(edns, load_u16(bytes), text, nul ? (size_t)(nul - text) : len - 2);
        return ERR_OK;
}

/*
 * TRACEPARENT of PowerDNS: version (1, so far 0) | reserved (1) | trace ID (16) | span ID (8) | flags (1). The flags,
 * of which the lowest says that the trace is sampled, came later. What does not look like one is passed over: the
 * option is experimental. An ID of zeros is none (W3C Trace Context 3.2.2.3).
 */
static void traceparent_read(struct edns *edns, const uint8_t *bytes, uint16_t len)
{
        enum { ID = 2, SPAN = 18, FLAGS = 26, SAMPLED = 1 };
        static const uint8_t none[sizeof edns->trace_id];

        if (edns->has_traceparent || len < FLAGS || bytes[0] != 0 || memcmp(bytes + ID, none, sizeof none) == 0)
                return;
        edns->has_traceparent = true;
        memcpy(edns->trace_id, bytes + ID, sizeof none);
        edns->trace_parent = load_u64(bytes + SPAN);
        edns->trace_sampled = len == FLAGS || bytes[FLAGS] & SAMPLED;
}

static enum err option_read(struct edns *edns, uint16_t code, const uint8_t *bytes, uint16_t len)
{
        switch (code) {
        case EDNS_COOKIE:
                return cookie_read(edns, bytes, len);
        case EDNS_KEEPALIVE:
                return keepalive_read(edns, bytes, len);
        case EDNS_EDE:
                return ede_read(edns, bytes, len);
        case EDNS_NSID:
                nsid_read(edns, bytes, len);
                return ERR_OK;
        case EDNS_TRACEPARENT:
                traceparent_read(edns, bytes, len);
                return ERR_OK;
        case EDNS_PADDING:
                edns->padding_len = edns->has_padding ? edns->padding_len : len;
                edns->has_padding = true;
                return ERR_OK;
        }
        return ERR_OK;
}

static enum err options_read(struct edns *edns, const uint8_t *rdata, uint16_t rdlen)
{
        struct reader r = reader_over(rdata, rdlen);

        for (unsigned count = 0; reader_left(&r) > 0; count++) {
                uint16_t code = read_u16(&r), len = read_u16(&r);
                const uint8_t *bytes = read_bytes(&r, len);
                if (!bytes || count == EDNS_OPTION_LIMIT)
                        return ERR_FORM;
                enum err err = option_read(edns, code, bytes, len);
                if (err)
                        return err;
        }
        return ERR_OK;
}

void edns_clear(struct edns *edns)
{
        *edns = (struct edns){ 0 };
}

enum err edns_read(uint16_t class, uint32_t ttl, const uint8_t *rdata, uint16_t rdlen, struct edns *out)
{
        edns_clear(out);
        out->present = true;
        out->dnssec_ok = ttl & FLAG_DNSSEC_OK;
        out->version = (uint8_t)(ttl >> 16);
        out->rcode_high = (uint8_t)(ttl >> 24);
        out->udp_size = class < UDP_SIZE_MIN ? UDP_SIZE_MIN : class; /* RFC 6891 6.2.3 */
        if (out->version > 0) /* RFC 6891 6.1.3: answered with BADVERS; its options may mean anything */
                return ERR_OK;
        enum err err = options_read(out, rdata, rdlen);
        if (err)
                edns_clear(out);
        return err;
}

static size_t ede_len(const struct edns_ede *ede)
{
        return OPTION_HEADER_LEN + 2U + ede->text_len;
}

/* Everything but the extended errors. */
static size_t base_len(const struct edns *edns)
{
        size_t len = OPT_FIXED_LEN;

        if (edns->has_cookie)
                len += OPTION_HEADER_LEN + COOKIE_CLIENT_LEN + (size_t)edns->cookie_server_len;
        if (edns->has_nsid)
                len += OPTION_HEADER_LEN + (size_t)edns->nsid_len;
        if (edns->has_keepalive)
                len += OPTION_HEADER_LEN + (edns->keepalive_has_timeout ? 2U : 0U);
        if (edns->key_tag_count)
                len += OPTION_HEADER_LEN + 2U * edns->key_tag_count;
        if (edns->has_padding)
                len += OPTION_HEADER_LEN + (size_t)edns->padding_len;
        return len;
}

size_t edns_len(const struct edns *edns)
{
        size_t len = base_len(edns);

        for (unsigned i = 0; i < edns->ede_count; i++)
                len += ede_len(&edns->ede[i]);
        return len;
}

static void option_begin(struct writer *writer, uint16_t code, size_t len)
{
        write_u16(writer, code);
        write_u16(writer, (uint16_t)len);
}

static void ede_write(struct writer *writer, const struct edns_ede *ede)
{
        option_begin(writer, EDNS_EDE, 2U + ede->text_len);
        write_u16(writer, ede->code);
        write_bytes(writer, ede->text, ede->text_len);
}

static void options_write(struct writer *writer, const struct edns *edns)
{
        if (edns->has_cookie) {
                option_begin(writer, EDNS_COOKIE, COOKIE_CLIENT_LEN + (size_t)edns->cookie_server_len);
                write_bytes(writer, edns->cookie_client, COOKIE_CLIENT_LEN);
                write_bytes(writer, edns->cookie_server, edns->cookie_server_len);
        }
        if (edns->has_nsid) {
                option_begin(writer, EDNS_NSID, edns->nsid_len);
                write_bytes(writer, edns->nsid, edns->nsid_len);
        }
        if (edns->has_keepalive) {
                option_begin(writer, EDNS_KEEPALIVE, edns->keepalive_has_timeout ? 2 : 0);
                if (edns->keepalive_has_timeout)
                        write_u16(writer, edns->keepalive_100ms);
        }
        if (edns->key_tag_count)
                option_begin(writer, EDNS_KEY_TAG, 2U * edns->key_tag_count);
        for (unsigned i = 0; i < edns->key_tag_count; i++)
                write_u16(writer, edns->key_tag[i]);
}

static void padding_write(struct writer *writer, const struct edns *edns)
{
        option_begin(writer, EDNS_PADDING, edns->padding_len);
        uint8_t *zeros = write_room(writer, edns->padding_len);
        if (zeros)
                memset(zeros, 0, edns->padding_len);
}

void edns_write(struct writer *writer, const struct edns *edns)
{
        size_t len = base_len(edns);
        unsigned ede_count = 0;

        while (ede_count < edns->ede_count && len + ede_len(&edns->ede[ede_count]) <= writer_left(writer))
                len += ede_len(&edns->ede[ede_count++]);

        uint8_t *fixed = write_room(writer, OPT_FIXED_LEN);
        if (!fixed)
                return;
        fixed[0] = 0;
        store_u16(fixed + 1, TYPE_OPT);
        store_u16(fixed + 3, edns->udp_size);
        fixed[5] = edns->rcode_high;
        fixed[6] = edns->version;
        store_u16(fixed + 7, edns->dnssec_ok ? FLAG_DNSSEC_OK : 0);
        store_u16(fixed + 9, (uint16_t)(len - OPT_FIXED_LEN));
        if (len == OPT_FIXED_LEN)
                return;
        options_write(writer, edns);
        for (unsigned i = 0; i < ede_count; i++)
                ede_write(writer, &edns->ede[i]);
        if (edns->has_padding) /* last, so that a caller who pads to a block can compute its length from edns_len() */
                padding_write(writer, edns);
}
