#pragma once
/*
 * Questions about traces: class CH, type TXT, names like 7f3a9c21.trace, last.trace, fail.trace and slow.trace.
 *
 * Traces are the host's, so it is asked by an EXPLAIN and says what it found with an EXPLAINED, the very next event.
 * Who may ask is the setting trace-allow; over UDP only with a cookie of ours, as the answers are long. Nothing of it
 * is ever sent to a server.
 */
#include "resolve/request.h"

struct desk;

enum { ENQUIRY_WORD_MAX = 33 }; /* 32 hex digits, or one of the words, and NUL */

/* The one that the host is looking up. */
struct enquiry {
        bool open;
        struct listener to;
        struct question question;
        struct name_store room;      /* of its name */
        char word[ENQUIRY_WORD_MAX]; /* lower case */
};

/** Is it about a trace? Then it is dealt with. `to` is trusted or not already. */
bool enquiry_take(struct desk *desk, const struct listener *to, const struct question *question);

/** What the host found: lines; NULL: nothing. */
void enquiry_answer(struct desk *desk, const char *text, size_t len);
