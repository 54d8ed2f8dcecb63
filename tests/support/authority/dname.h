#pragma once
/*
 * Domain names of the laboratory: uncompressed wire bytes, letters as they were written.
 *
 * A name is a pointer to its first length byte and ends with the root's zero byte, so the parent of a name is a pointer
 * into it. Names reach the rest of the laboratory only through dname_read() and dname_from_text(), which check them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DNAME_MAX = 255, DNAME_LABELS_MAX = 127, DNAME_TEXT_MAX = 1020 };

/** Bytes on the wire, 1..255. */
size_t dname_len(const uint8_t *name);

/** Labels without the root, 0..127. */
unsigned dname_labels(const uint8_t *name);

/** The name without its first count labels; count must not exceed dname_labels(). */
const uint8_t *dname_strip(const uint8_t *name, unsigned count);

/** Canonical order (RFC 4034 section 6.1): <0, 0, >0. */
int dname_compare(const uint8_t *a, const uint8_t *b);

bool dname_equal(const uint8_t *a, const uint8_t *b);

/** Whether child equals parent or lies below it. */
bool dname_within(const uint8_t *child, const uint8_t *parent);

/** Whether the first label is an asterisk alone (RFC 4592). */
bool dname_is_wildcard(const uint8_t *name);

/** FNV-1a over the lower-cased bytes. */
uint64_t dname_hash(const uint8_t *name);

/** Copy in lower case; returns the length. out holds DNAME_MAX bytes. */
size_t dname_lower(const uint8_t *name, uint8_t *out);

/** Write label before the name at out; false when it does not fit 255 bytes. */
bool dname_join(const char *label, const uint8_t *name, uint8_t out[DNAME_MAX]);

/** Replace the suffix old (which name is within) by new; false when that is over 255 bytes. RFC 6672 section 2.2. */
bool dname_replace(const uint8_t *name, const uint8_t *old, const uint8_t *new, uint8_t out[DNAME_MAX]);

/** Read an uncompressed name at *at of len bytes and move *at behind it; false when malformed. */
bool dname_read(const uint8_t *bytes, size_t len, size_t *at, uint8_t out[DNAME_MAX]);

/** Absolute name from text, with or without the last dot; understands \. and \DDD. */
bool dname_from_text(const char *text, uint8_t out[DNAME_MAX]);

/** Text with the last dot; returns out. */
char *dname_to_text(const uint8_t *name, char out[DNAME_TEXT_MAX]);
