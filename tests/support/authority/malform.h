#pragma once
/*
 * Damaged messages, one kind of damage each.
 */
#include <stddef.h>
#include <stdint.h>

/** How many kinds there are. */
unsigned malform_count(void);

/** What kind this is, in words. */
const char *malform_text(unsigned kind);

/**
 * Replace all behind the question by damage of this kind. The message is a valid one of len bytes, at least 12, with
 * room for max. Returns its new length.
 */
size_t malform(unsigned kind, uint8_t *message, size_t len, size_t max);
