#pragma once
/*
 * What a zone whose anchors are followed has shown of its keys, on its way from the worker that saw it to the one place
 * where anchors are kept (follow.h).
 */
#include "base/buf.h"
#include "base/err.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stdint.h>

enum { SIGHTING_KEYS_MAX = 32, SIGHTING_BYTES_MAX = 65536 };

struct sighting {
        struct name zone;
        bool proven;         /* by a key that is trusted; else only what it revokes counts */
        uint32_t ttl_s;      /* as signed */
        uint32_t validity_s; /* time that is left of the signature */
        unsigned count;
        struct sighted_key {
                struct rdata dnskey;
                bool self_signed; /* a revoked key that signed the set: its word against itself (RFC 5011 2.1) */
        } key[SIGHTING_KEYS_MAX];
};

void sighting_write(struct writer *writer, const struct sighting *sighting);

/** Borrows the bytes. ERR_SHORT, ERR_FORM, ERR_LIMIT. */
MUST_USE enum err sighting_read(struct reader *reader, struct sighting *out);
