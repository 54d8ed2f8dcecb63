#pragma once
/*
 * Messages from text: what a server might say, as lines of zone file syntax.
 */
#include "wire/message.h"
#include <stddef.h>
#include <stdint.h>

struct letter {
        uint16_t id;
        uint16_t flags; /* the second header word: FLAG_QR | FLAG_AA..., and the rcode */
        const char *qname;
        uint16_t qtype;
        const char *section[SECTION_COUNT]; /* records, one a line, "\n" between them; NULL: none */
        const struct edns *edns;            /* NULL: no OPT record */
};

/** Write it. Aborts when the text is wrong. Returns the length; out holds MESSAGE_MAX bytes. */
size_t letter_write(const struct letter *letter, uint8_t *out);

/**
 * Make a letter the reply to a query: with its ID, and with its question in the letter case sent. Both have the same
 * name.
 */
void letter_address(uint8_t *letter, const uint8_t *query);

/** A client's query: RD and what `flags` adds. Returns the length; out holds QUERY_MAX bytes. */
size_t letter_ask(const char *qname, uint16_t qtype, uint16_t id, uint16_t flags, const struct edns *edns,
                  uint8_t *out);
