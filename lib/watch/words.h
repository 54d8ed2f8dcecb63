#pragma once
/*
 * Numbers, times and hostile bytes made into words: what a trace, a metric or a log line says about a value.
 *
 * All output is printable ASCII without quotes, markup or escape sequences, so that it is safe for a terminal, a log
 * line, the inside of a JSON string and HTML alike. A piece that does not fit is left out whole and fails the writer;
 * nothing is ever cut inside an escape.
 */
#include "base/address.h"
#include "base/buf.h"
#include "wire/name.h"
#include <stddef.h>
#include <stdint.h>

enum { WORDS_FIELD_MAX = 512 }; /* the longest text one value may become; longer ones end in "..." */

/** Bytes of any origin. Control bytes, quotes, '<', '>', '&', '\' and everything beyond ASCII are written \DDD. */
void words_text(struct writer *w, const char *text, size_t len);

/** A name in presentation form, escaped as name_text() does. */
void words_name(struct writer *w, const struct name *name);

/** "192.0.2.1", or "192.0.2.1@5300" for a port that is neither 0 nor 53. */
void words_server(struct writer *w, const struct address *address, uint16_t port);

void words_number(struct writer *w, uint64_t number);

/** A time in microseconds as three digits and a unit: "850 us", "12.3 ms", "1.82 s", "150 s". */
void words_duration(struct writer *w, uint64_t us);

/** A time in seconds as its two largest units: "45 s", "4 m 30 s", "1 h 2 m", "3 d 4 h". */
void words_seconds(struct writer *w, uint64_t seconds);

/** The bits of a message's second header word, as in dig: "qr aa rd ra"; "none". */
void words_flags(struct writer *w, unsigned flags);

/** "No Reachable Authority", "extended error 99", or "no extended error" for EDE_NONE. */
void words_ede(struct writer *w, unsigned code);

/** Bytes as lower-case hex digits. */
void words_hex(struct writer *w, const uint8_t *bytes, size_t len);

/**
 * Printable ASCII as the inside of a JSON string: backslash and quote are all that JSON would read otherwise (RFC 8259
 * 7). Bytes that may be anything else go through words_text() first.
 */
void words_json(struct writer *w, const char *safe, size_t len);

/* The bytes of a constant's name in lower case, as an initialiser of char[WORD_MAX]: WORD_LOWER("TIMEOUT"). */
enum { WORD_MAX = 16 };
#define WORD_BYTE(s, i) ((i) < sizeof(s) ? (s)[(i) < sizeof(s) ? (i) : 0] : '\0')
#define WORD_LOWER_BYTE(s, i) \
        ((char)(WORD_BYTE(s, i) >= 'A' && WORD_BYTE(s, i) <= 'Z' ? WORD_BYTE(s, i) | 0x20 : WORD_BYTE(s, i)))
#define WORD_LOWER_4(s, i) \
        WORD_LOWER_BYTE(s, i), WORD_LOWER_BYTE(s, i + 1), WORD_LOWER_BYTE(s, i + 2), WORD_LOWER_BYTE(s, i + 3)
#define WORD_LOWER(s) { WORD_LOWER_4(s, 0), WORD_LOWER_4(s, 4), WORD_LOWER_4(s, 8), WORD_LOWER_4(s, 12) }
