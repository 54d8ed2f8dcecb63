#pragma once
/*
 * Read a DNS message.
 *
 * Two readers: query_read() for what a client sends (strict, touches no memory but the bytes given), message_read() for
 * what a server sends (sections as arrays of records in an arena, names uncompressed). Both check every byte. The
 * limits of a message: one OPT, 11 CNAMEs, pointers as in name_read_compressed() with one hop for each byte of the
 * message, nothing after the last record, memory of 8 times the message's length + 4096.
 */
#include "base/arena.h"
#include "base/err.h"
#include "wire/codes.h"
#include "wire/edns.h"
#include "wire/name.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEADER_LEN = 12, MESSAGE_MAX = 65535, QUERY_MAX = 4096 };

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTION_COUNT };

struct question {
        struct name name;
        uint16_t type;
        uint16_t class;
};

struct rr {
        struct name owner;
        uint16_t type;
        uint16_t class;
        uint32_t ttl;      /* above 2^31-1 read as 0 (RFC 2181 8) */
        struct rdata rdata; /* checked, uncompressed */
};

struct message {
        uint16_t id;
        uint16_t flags;    /* the second header word, FLAG_* */
        uint16_t rcode;    /* with the EDNS part */
        bool has_question; /* QDCOUNT is 1; 0 is allowed in a response, more is ERR_FORM (RFC 9619) */
        struct question question;
        struct rr *rr[SECTION_COUNT];       /* OPT left out */
        uint16_t rr_count[SECTION_COUNT];
        struct edns edns;
};

/**
 * Read a response. Views point into `bytes` and the arena. ERR_SHORT, ERR_FORM, ERR_LIMIT, ERR_TRAILING, ERR_MEMORY.
 * On error out->id and out->flags are set if the header could be read.
 */
MUST_USE enum err message_read(const uint8_t *bytes, size_t len, struct arena *arena, struct message *out);

/**
 * Collect the records of one name and type of a section, with the RRSIGs that cover them in any section; NULL if there
 * are none.
 * Only the question's class counts, or IN where there is no question.
 * Sorted canonically, duplicates dropped, TTL the smallest (RFC 2181 5.2). What exceeds 256 records or 8 RRSIGs is
 * dropped.
 * Returns NULL also when the arena is full.
 */
const struct rrset *message_rrset(const struct message *message, enum section section, const struct name *owner,
                                  uint16_t type, struct arena *arena);

struct query {
        uint16_t id;
        uint16_t flags;
        struct question question;
        struct edns edns;
        uint16_t question_end; /* offset behind the question: what an error answer may copy */
};

/**
 * Read a client's query: exactly one question, uncompressed; no answer or authority records, at most an OPT in the
 * additional section; nothing after it; at most QUERY_MAX bytes.
 *
 * ERR_SHORT: not even a header, drop it. ERR_FORM, ERR_LIMIT, ERR_TRAILING: answer FORMERR; id and flags are set, and
 * question_end is 0 when there is no valid question to copy. ERR_SUPPORT: not OPCODE QUERY, answer NOTIMP. A response
 * (QR) is ERR_SHORT: drop it. TSIG and SIG(0) records are ERR_FORM.
 */
MUST_USE enum err query_read(const uint8_t *bytes, size_t len, struct query *out);
