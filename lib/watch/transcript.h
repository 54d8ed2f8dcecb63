#pragma once
/*
 * A DNS message in words, much as dig prints it: for the answer at the end of `cairn trace`, and for whoever looks at a
 * message that was kept. Safe for terminals, as all words here.
 */
#include "base/buf.h"
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

/** Room enough for any message that is not made to be long. */
enum { TRANSCRIPT_MAX = 1 << 20 };

/**
 * Lines for people: the rcode and flags, extended errors, the records of each section that has any. Fails the writer if
 * they do not fit.
 * ERR_SHORT, ERR_FORM, ERR_LIMIT, ERR_MEMORY: the message could not be read, nothing was written.
 */
MUST_USE enum err transcript_text(struct writer *w, const uint8_t *bytes, size_t len);

/**
 * The same as one JSON object with the members rcode, flags, bytes, the lists answer, authority and additional, whose
 * records are strings in zone file syntax, and the list ede. Fails the writer if it does not fit. Errors as above.
 */
MUST_USE enum err transcript_json(struct writer *w, const uint8_t *bytes, size_t len);
