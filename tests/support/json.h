#pragma once
/*
 * Is this JSON? A checker after RFC 8259, stricter in one point: bytes beyond ASCII must be escaped, as ours are.
 */
#include <stdbool.h>
#include <stddef.h>

/** One JSON value with nothing but white space around it. */
bool json_is_valid(const char *text, size_t len);

/** The same, and an object that has this member at its top. */
bool json_has_member(const char *text, size_t len, const char *name);
