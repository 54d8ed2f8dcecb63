#pragma once
/*
 * Text in UTF-8 (RFC 3629), as settings files are.
 */
#include <stdbool.h>
#include <stdint.h>

enum { UTF8_BAD = -1 };

/** The code point at *at, which moves behind it; UTF8_BAD, and no move, where there is none. Not for the final NUL. */
int32_t utf8_next(const char **at);

/** Is all of this text UTF-8? */
bool utf8_is_valid(const char *text);

/** Control characters: U+0000 to U+001F and U+007F to U+009F. */
bool utf8_is_control(int32_t code);
