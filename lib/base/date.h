#pragma once
/*
 * Moments of the wall clock in words: "2026-11-22T20:31:05Z" (RFC 3339), always UTC.
 */
#include <stdbool.h>
#include <stdint.h>

enum { DATE_TEXT_MAX = 32 };

/** Seconds since 1970 as a date; beyond the year 9999 the last second of that. Returns room. */
char *date_text(uint64_t seconds, char room[DATE_TEXT_MAX]);

/** The other way; also without the time, for the first second of that day. False if it is no date. */
bool date_parse(const char *text, uint64_t *seconds);
