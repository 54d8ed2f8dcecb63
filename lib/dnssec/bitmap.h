#pragma once
/*
 * Type bitmaps of NSEC and NSEC3 (RFC 4034 4.1.2).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Is the bit of this type set? A malformed rest counts as clear; the bytes have been checked when the record was read.
 */
static inline bool bitmap_has(const uint8_t *map, size_t len, uint16_t type)
{
        while (len >= 2) {
                size_t block = map[1];

                if (block + 2 > len)
                        return false;
                if (map[0] == type >> 8) {
                        size_t byte = (type & 0xffu) / 8;

                        return byte < block && (map[2 + byte] & 0x80 >> type % 8);
                }
                map += 2 + block;
                len -= 2 + block;
        }
        return false;
}
