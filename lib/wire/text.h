#pragma once
/*
 * Presentation form of records, and zone files. ldns lives here, and sees only checked RDATA or trusted local text.
 */
#include "base/arena.h"
#include "base/err.h"
#include "wire/message.h"
#include "wire/rrset.h"
#include <stddef.h>
#include <stdint.h>

enum { RDATA_TEXT_MAX = 4096 };

/**
 * Checked, uncompressed RDATA in presentation form, safe for terminals: bytes outside printable ASCII, '<', '>', '&'
 * are written \DDD; cut with "..." when longer than size. Writes NUL; returns out. Falls back to RFC 3597's \# form.
 */
char *rdata_text(uint16_t type, const struct rdata *rdata, char *out, size_t size);

/**
 * One record in zone file syntax: "owner [ttl] [class] type rdata". Class and TTL may be missing (default_ttl). The
 * result lives in the arena. ERR_FORM, ERR_LIMIT, ERR_MEMORY; on ERR_FORM *complaint (if not NULL) is a sentence.
 */
MUST_USE enum err rr_from_text(const char *text, uint32_t default_ttl, struct arena *arena, struct rr *out,
                               const char **complaint);

/** Called for each record of a zone file. Return false to stop. */
typedef bool zone_take(void *context, const struct rr *rr);

/**
 * Read a whole zone file ($ORIGIN, always absolute, $TTL, parentheses; no $INCLUDE). The records' bytes live in the
 * arena.
 * ERR_FORM: *line is the line number (from 1) and *complaint a sentence. ERR_MEMORY.
 */
MUST_USE enum err zone_from_text(const char *text, size_t len, const struct name *origin, struct arena *arena,
                                 zone_take *take, void *context, unsigned *line, const char **complaint);
