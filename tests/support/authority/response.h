#pragma once
/*
 * What is going to be said: record sets by section, before they are bytes.
 *
 * lookup.c fills a response from a zone, behaviours.c from malice; lab_response_write() turns either into a message.
 */
#include "packet.h"
#include "query.h"

enum { RESPONSE_SETS_MAX = 64 };

struct response_set {
        const uint8_t *owner;     /* as the client sees it */
        const uint8_t *signed_as; /* the owner that the signature covers (a wildcard, say); NULL: not signed */
        struct lab_set *set;
};

struct response {
        uint16_t rcode; /* may be an extended one */
        bool authoritative;
        bool authentic; /* AD for those who asked with AD or DO: only the server of truth says that */
        bool truncated;
        bool bare;          /* without a question section */
        bool no_edns;       /* as a server that does not know EDNS */
        bool glue_must_fit; /* a referral: leaving out an address means TC (RFC 9471) */
        unsigned count[SECTION_COUNT];
        struct response_set sets[SECTION_COUNT][RESPONSE_SETS_MAX];
        struct lab_zone *zone;    /* who signs */
        struct lab_pool *scratch; /* lives as long as this response */
        uint8_t cookie[16];       /* our half and theirs */
        uint8_t cookie_len;
        const char *nsid;
};

/** Add a set unless it is there already; what does not fit the table is left out. */
void lab_response_add(struct response *response, enum section section, const uint8_t *owner, const uint8_t *signed_as,
                      struct lab_set *set);

/** Add one record made up on the spot; its bytes are copied to the scratch pool. */
void lab_response_make(struct response *response, enum section section, const uint8_t *owner, uint16_t type,
                       uint32_t ttl, const void *rdata, size_t len);

/** Write at most max bytes, with TC set when the answer or the authority section did not fit. Returns the length. */
size_t lab_response_write(struct response *response, const struct query *query, uint8_t *out, size_t max);
