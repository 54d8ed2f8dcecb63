#pragma once
/*
 * From outcome to bytes, for each of the audience: rcode, flags, sections, TTLs, EDNS, extended errors, truncation.
 * Every answer that leaves is written here.
 */
#include "resolve/border.h"
#include "wire/message.h"
#include <stddef.h>
#include <stdint.h>

struct desk;
struct listener;
struct outcome;
struct request;

/** Answer everybody who waits, and empty the audience. */
void answer_all(struct request *request, const struct outcome *outcome);

/** Answer out of the front shelf: what was written before for just this question. False: it is not there, or does not
 * fit. */
bool answer_from_front(struct desk *desk, const struct listener *to, const struct question *question);

/** An answer without a request: an error or a refusal at the door. question NULL: a header alone. ede EDE_NONE: none.
 */
void answer_plain(struct desk *desk, const struct listener *to, const struct question *question, unsigned rcode,
                  uint16_t ede, const char *text);

/** Nothing but TC: whoever really asked comes back over TCP, and one whose address was forged gets little. */
void answer_come_by_tcp(struct desk *desk, const struct listener *to, const struct question *question);

/** Lines of text as TXT records, one each and in their order; cut where the longest message ends. */
void answer_lines(struct desk *desk, const struct listener *to, const struct question *question, const char *text,
                  size_t len);

/** The minimal answer to a question for ANY (RFC 8482 4.2), for whoever may not be who he says he is. */
void answer_any(struct desk *desk, const struct listener *to, const struct question *question);
