#pragma once
/*
 * EDNS(0): the OPT record and its options (RFC 6891).
 */
#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

enum {
        COOKIE_CLIENT_LEN = 8,
        COOKIE_SERVER_MAX = 32,
        EDE_MAX = 4,
        EDE_TEXT_MAX = 240,
        EDNS_OPTION_LIMIT = 32,
        NSID_MAX = 64,
        EDNS_KEY_TAGS_MAX = 16,
};

/* An extended error that is kept (RFC 8914). */
struct ede {
        uint16_t code;             /* EDE_* */
        uint8_t text_len;
        char text[EDE_TEXT_MAX];   /* UTF-8, no NUL */
};

/* One in an OPT record. Its text is borrowed: from the message that was read, or from who added it. */
struct edns_ede {
        uint16_t code;
        uint8_t text_len;
        const char *text;
};

struct edns {
        bool present;
        bool dnssec_ok;
        uint8_t version;
        uint8_t rcode_high;        /* upper eight bits of the rcode */
        uint16_t udp_size;         /* as sent; below 512 counts as 512 (RFC 6891 6.2.3) */
        bool has_cookie;
        uint8_t cookie_client[COOKIE_CLIENT_LEN];
        uint8_t cookie_server_len; /* 0, or 8..32 */
        uint8_t cookie_server[COOKIE_SERVER_MAX];
        bool has_nsid;             /* query: wanted; response: nsid holds it */
        uint8_t nsid_len;
        uint8_t nsid[NSID_MAX];
        bool has_keepalive;
        bool keepalive_has_timeout;
        uint16_t keepalive_100ms;  /* RFC 7828: units of 100 ms */
        bool has_padding;
        uint16_t padding_len;
        uint8_t key_tag_count;     /* query: of the asker's trust anchors (RFC 8145 4.1); written only */
        uint16_t key_tag[EDNS_KEY_TAGS_MAX];
        bool has_traceparent;      /* query: it belongs to somebody's trace; read only */
        uint8_t trace_id[16];
        uint64_t trace_parent;     /* the span of it that asks */
        bool trace_sampled;        /* it is kept */
        uint8_t ede_count;
        struct edns_ede ede[EDE_MAX];
};

/** No EDNS: everything zero. */
void edns_clear(struct edns *edns);

/**
 * Read the RDATA of an OPT record with its class and TTL fields. At most 32 options; a malformed or surplus option list
 * and a cookie of wrong length are ERR_FORM (RFC 7873 5.2.2); unknown options are passed over,
 * doubled ones: the first counts. Of a version above 0 the options are not looked at: the answer is BADVERS.
 * Reads straight into *out, which is cleared on error and borrows the texts in rdata.
 */
MUST_USE enum err edns_read(uint16_t class, uint32_t ttl, const uint8_t *rdata, uint16_t rdlen, struct edns *out);

/**
 * Write a whole OPT record, root owner included. Where the writer is too small, extended errors are left out, the last
 * first; if the rest does not fit either, the writer fails.
 */
void edns_write(struct writer *writer, const struct edns *edns);

/** The length that edns_write needs. */
size_t edns_len(const struct edns *edns);

/** Fill in an extended error; the text is cut at EDE_TEXT_MAX. */
void ede_set(struct ede *ede, uint16_t code, const char *text);

/** Append an extended error, whose text is borrowed and cut at EDE_TEXT_MAX; none when there are EDE_MAX already. */
void edns_add_ede(struct edns *edns, uint16_t code, const char *text);
