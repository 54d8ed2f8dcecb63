#pragma once
/*
 * Write a DNS message: header, question, record sets by section, OPT. Names are compressed against at most 120 earlier
 * names (RFC 1035 4.1.4; only in owner names and the RDATA of RFC 1035's types). A set goes in whole or not at all.
 */
#include "base/err.h"
#include "wire/edns.h"
#include "wire/message.h"
#include "wire/rrset.h"
#include <stddef.h>
#include <stdint.h>

enum { COMPOSE_NAMES = 120, COMPOSE_TTLS = 64 };

struct compose {
        uint8_t *out;
        size_t max;      /* bytes that the message may have */
        size_t len;      /* bytes written */
        size_t reserved; /* kept free for the OPT record */
        enum section section;
        uint16_t name_count;
        struct {
                uint16_t offset;
                uint16_t parent;
                uint16_t pointers;
        } names[COMPOSE_NAMES]; /* a tree, see compose.c */
        uint16_t ttl_count;              /* may exceed COMPOSE_TTLS: then not all offsets are known */
        uint16_t ttl_offset[COMPOSE_TTLS]; /* where the TTLs of the records written stand */
};

/** Begin a message of at most max bytes (at least 12). */
void compose_begin(struct compose *c, uint8_t *out, size_t max, uint16_t id, uint16_t flags);

/** The question; its name is written as it is, in the case given. ERR_SPACE. */
MUST_USE enum err compose_question(struct compose *c, const struct question *question);

/** Keep len bytes free for compose_opt. */
void compose_reserve(struct compose *c, size_t len);

/** Which records of a set to write. */
enum compose_what { COMPOSE_DATA = 1, COMPOSE_SIGS = 2, COMPOSE_BOTH = 3 };

/**
 * Append a set to a section (sections in order). `ttl` replaces the set's own; `first` rotates: record number `first`
 * comes first. ERR_SPACE: nothing was written; whether TC is set is the caller's decision.
 */
MUST_USE enum err compose_rrset(struct compose *c, enum section section, const struct rrset *set, uint32_t ttl,
                                enum compose_what what, unsigned first);

/** Append the OPT record; uses the reserved room. ERR_SPACE. */
MUST_USE enum err compose_opt(struct compose *c, const struct edns *edns);

/** Set flag bits in the header, for example FLAG_TC. */
void compose_set_flags(struct compose *c, uint16_t flags);

/** Set the lower four bits of the rcode. */
void compose_set_rcode(struct compose *c, unsigned rcode);
