#pragma once
/*
 * The trace: what happened to one request, step by step.
 *
 * trace (16-byte ID, W3C compatible) -> task (the question, or a sub-question) -> step. A step is a fixed header and a
 * packed payload; its fields and its sentence are a row of trace.def. Recording is a store and a branch; words are made
 * when somebody reads. Bytes are kept in one growing block of the request's arena, so that a finished trace is flat:
 * it can be handed to another thread, stored and read back by trace_open().
 *
 *   trace   magic 'CTR2' (4) | length (4) | id (16) | span (8) | parent span (8) | wall start, us (8) | steps...
 *   step    length of payload (2) | kind (1) | flags (1) | task (2) | reserved (2) | us since start (4) | payload
 *
 * All numbers in network byte order. The span names this one walk; a load balancer in front may share the ID, and is
 * then the parent (W3C Trace Context). Kinds are numbered by the rows of trace.def, so flat bytes are only for those
 * who have the same rows: who stores them keeps trace_rows() beside them.
 */
#include "base/address.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/moment.h"
#include "wire/name.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        TRACE_ID_LEN = 16,
        TRACE_SHORT_TEXT = 9,
        TRACE_MAX = 131072,
        TRACE_MESSAGES_MAX = 65536, /* of them whole messages */
        TRACE_HEADER_LEN = 48,
        STEP_HEADER_LEN = 12,
};

struct trace_id {
        uint8_t bytes[TRACE_ID_LEN];
};

enum step_kind {
#define STEP(name, kinds, fields, text) STEP_##name,
#include "watch/trace.def"
#undef STEP
        STEP_COUNT
};

struct trace {
        struct trace_id id;
        uint64_t span;
        uint64_t start_us;  /* monotonic */
        struct arena *arena;
        uint8_t *bytes;     /* flat, as drawn above; NULL when nothing could be recorded */
        uint32_t len;
        uint32_t room;
        uint32_t lost;      /* steps that found no room */
        uint32_t messages;  /* bytes of whole messages in it */
        uint64_t kinds;     /* a bit for each kind of step that was made */
        uint64_t *counts;   /* the steps metric, counted up by kind; may be NULL (watch/metrics.h) */
};

/** Begin: write the header. */
void trace_begin(struct trace *trace, struct arena *arena, const struct trace_id *id, uint64_t span,
                 const struct moment *now);

/** It belongs to somebody else's trace: take that ID, and the span that ours is a part of. */
void trace_adopt(struct trace *trace, const struct trace_id *id, uint64_t parent);

/**
 * Record one step. The arguments follow the kinds column of the step's row:
 *
 *   n  const struct name *         a  const struct address *
 *   e  const struct endpoint *     i  const struct trace_id *
 *   t  unsigned, a record type     r  unsigned, an rcode
 *   f  unsigned, header flags      x  unsigned, an extended error code or EDE_NONE
 *   u  uint64_t, a count           d  uint64_t, microseconds
 *   s  uint64_t, seconds           w  const char *, a word, of which at most 255 bytes are kept
 *   q  const char *, any text, of which at most 240 bytes are kept
 *
 * A trace may be NULL: then nothing happens. MESSAGE has a function of its own, below.
 */
void trace_step(struct trace *trace, uint16_t task, uint64_t now_us, enum step_kind kind, ...);

/** Record a whole message as MESSAGE, for replay; left out when TRACE_MESSAGES_MAX is used up. */
void trace_message(struct trace *trace, uint16_t task, uint64_t now_us, const struct endpoint *server,
                   const uint8_t *bytes, size_t len);

/* Reading. */

struct trace_view {
        const uint8_t *bytes;
        size_t len;
        struct trace_id id;
        uint64_t span, parent;
        uint64_t wall_us; /* UTC since 1970 */
};

struct step_view {
        enum step_kind kind;
        uint16_t task;
        uint32_t at_us;
        const uint8_t *payload;
        uint16_t payload_len;
};

/** Look at flat bytes, from a struct trace or a store. Everything is bounds-checked. ERR_FORM. */
MUST_USE enum err trace_open(const void *bytes, size_t len, struct trace_view *out);

/** A number that changes with the rows of trace.def: traces of other rows cannot be read. */
uint32_t trace_rows(void);

/** Copy a trace without its whole messages. Returns the length; out has room for trace->len bytes. */
size_t trace_strip(const struct trace_view *trace, uint8_t *out);

/** The step at offset *at (0: the first), moving *at; false at the end or at damage. */
bool trace_next(const struct trace_view *trace, size_t *at, struct step_view *out);

/** One field of a step, by its name in trace.def. */
struct step_field {
        char kind; /* letter as above */
        struct name name;
        struct address address;
        uint16_t port;
        struct trace_id id;
        uint64_t number;
        const char *text; /* w, q; and the bytes of b */
        size_t text_len;
};
bool step_field(const struct step_view *step, const char *field, struct step_field *out);

/** The names of the fields of a kind, in their order: "qname,qtype,...". */
const char *step_fields(enum step_kind kind);

/** What a field's name ends in where machines read it: "_us" and "_s" for times, otherwise "". */
const char *step_field_unit(char kind);

/** The value of a field in words, escaped: "www.example.com.", "12.3 ms", "qr rd". */
void step_field_text(struct writer *w, const struct step_field *field);

/** The value of a field in JSON: a bare number for counts and times, else a string. */
void step_field_json(struct writer *w, const struct step_field *field);

/* Room enough for any step; a single field becomes at most WORDS_FIELD_MAX bytes of text (watch/words.h). */
enum { STEP_TEXT_MAX = 5120, STEP_JSON_MAX = 9216 };

/** The step's sentence, escaped, NUL-terminated, cut to size; returns the length. */
size_t step_text(const struct step_view *step, char *out, size_t size);

/** The step as one JSON object: {"at_us":..,"task":..,"step":"send",fields...}; 0 if it does not fit. */
size_t step_json(const struct step_view *step, char *out, size_t size);

/** "send", the lower-case name of a kind. */
const char *step_word(enum step_kind kind);

/** The first eight hex digits, as quoted in extended errors. Returns out. */
char *trace_id_short(const struct trace_id *id, char out[TRACE_SHORT_TEXT]);
