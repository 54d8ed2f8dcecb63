#pragma once
/*
 * Domain names: views of uncompressed wire form, and what can be asked of them.
 *
 * A struct name is valid by construction: labels of 1..63 bytes, at most 255 bytes with the root's zero byte at the
 * end. From the moment bytes became one (name_read, name_from_text), nobody checks again. A name borrows its bytes.
 * Comparison ignores ASCII case (RFC 4343); the case of the bytes is kept.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        NAME_WIRE_MAX = 255,
        NAME_LABEL_MAX = 127,  /* labels in a name, the root's not counted */
        NAME_TEXT_MAX = 1024,  /* presentation form with every byte escaped, the final dot and NUL */
        NAME_KEY_MAX = 512,    /* see name_sort_key */
};

struct name {
        const uint8_t *wire;
        uint8_t len;         /* 1..255 bytes, the final zero included */
        uint8_t label_count; /* 0 for the root */
};

/** Owned storage for one name: name_hold copies into it. */
struct name_store {
        uint8_t bytes[NAME_WIRE_MAX];
};

extern const struct name name_root;

/** Read an uncompressed name; the view borrows the reader's bytes. ERR_SHORT, ERR_FORM (also for a pointer). */
MUST_USE enum err name_read(struct reader *reader, struct name *out);

/**
 * Read a possibly compressed name out of a message (RFC 1035 4.1.4) and write it uncompressed to room.
 *
 *   reader   in/out  stands at the name, within [message, message + len); is left behind it
 *   hops     in/out  pointers that may still be followed in this whole message; counted down
 *
 * Pointers lead strictly backwards, each below the one before, and to offset 12 or above; at most 16 a name.
 * ERR_SHORT, ERR_FORM, ERR_LIMIT.
 */
MUST_USE enum err name_read_compressed(struct reader *reader, const uint8_t *message, size_t len, size_t *hops,
                                       uint8_t room[NAME_WIRE_MAX], struct name *out);

/**
 * From presentation form ("www.example.com", "a\.b.c.", "\065.x", "."), the final dot is optional.
 * ERR_FORM, ERR_LIMIT.
 */
MUST_USE enum err name_from_text(const char *text, uint8_t room[NAME_WIRE_MAX], struct name *out);

/**
 * Presentation form with a final dot, safe for terminals, logs, JSON and HTML: every byte but letters, digits, '-',
 * '_', '*', '/', '+', '=' and '@' is written \DDD. Writes NUL; returns out.
 */
char *name_text(const struct name *name, char out[NAME_TEXT_MAX]);

/** A copy in the arena; wire is NULL when that is full. */
struct name name_copy(struct arena *arena, const struct name *name);

/** A copy in storage of the caller's. */
struct name name_hold(struct name_store *store, const struct name *name);

bool name_is_root(const struct name *name);
bool name_equal(const struct name *a, const struct name *b);
/** The same bytes, case included. */
bool name_equal_case(const struct name *a, const struct name *b);
/** Is child at or below parent? */
bool name_is_at_or_below(const struct name *child, const struct name *parent);
/** Is child strictly below parent? */
bool name_is_below(const struct name *child, const struct name *parent);
/** The name without its first count labels; count at most label_count. Borrows. */
struct name name_strip(const struct name *name, unsigned count);
/** The ancestor (or self) with just label_count labels. */
struct name name_ancestor(const struct name *name, unsigned label_count);
/** Labels that both names share, counted from the root. */
unsigned name_common_labels(const struct name *a, const struct name *b);
/** Is the first label "*"? */
bool name_is_wildcard(const struct name *name);
/** label + parent in room. ERR_LIMIT when longer than 255 bytes. */
MUST_USE enum err name_prepend(const uint8_t *label, uint8_t label_len, const struct name *parent,
                               uint8_t room[NAME_WIRE_MAX], struct name *out);
/** name with its suffix `from` replaced by `to`, as a DNAME does (RFC 6672 2.2); name is below from. ERR_LIMIT. */
MUST_USE enum err name_replace_suffix(const struct name *name, const struct name *from, const struct name *to,
                                      uint8_t room[NAME_WIRE_MAX], struct name *out);

/** Are two labels the same but for case? Each begins with its length byte. */
bool name_label_equal(const uint8_t *a, const uint8_t *b);
/** Write the offset of each label within the name, the first label first: for those who go from the root down. */
void name_label_offsets(const struct name *name, uint8_t offsets[NAME_LABEL_MAX]);

/** Lower case, uncompressed (RFC 4034 6.2). Returns the length written, 1..255. */
size_t name_canonical(const struct name *name, uint8_t *out);
/** Canonical order (RFC 4034 6.1): <0, 0, >0. */
int name_compare(const struct name *a, const struct name *b);
/**
 * A byte string whose memcmp order is canonical order: labels from the root down, lower case, 00 -> 01 01, 01 -> 01 02,
 * each label ended by 00. Returns the length, 0..NAME_KEY_MAX-1 (the root: 0).
 */
size_t name_sort_key(const struct name *name, uint8_t out[NAME_KEY_MAX]);
