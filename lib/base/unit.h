#pragma once
/*
 * Amounts as people write them: a whole number, and perhaps a unit.
 *
 *      time   90  90s  15m  2h  1d                        seconds without a unit
 *      size   4096  4096B  64K  64KB  64KiB  and so on    bytes; K, M, G and T are 1024 each way up, in any letter case
 *
 * Leading zeros are refused: some readers of YAML take them for octal.
 */
#include <stdbool.h>
#include <stdint.h>

enum { SIZE_TEXT_MAX = 32 };

/** A whole number, alone. False, and *out as it was, if it is none or beyond the maximum; so below. */
bool unit_read_number(const char *text, uint64_t max, uint64_t *out);

/** A time in seconds. */
bool unit_read_time(const char *text, uint64_t max, uint64_t *seconds);

/** A size in bytes. */
bool unit_read_size(const char *text, uint64_t max, uint64_t *bytes);

/** "512MiB": the number of bytes with the largest unit that leaves it whole. Returns room. */
char *unit_size_text(uint64_t bytes, char room[SIZE_TEXT_MAX]);
