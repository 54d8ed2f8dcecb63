#pragma once
/*
 * Opcodes, rcodes, classes, EDNS options and extended errors, from codes.def.
 */
#include <stddef.h>
#include <stdint.h>

enum {
#define CLASS(name, number) CLASS_##name = number,
#define OPCODE(name, number) OPCODE_##name = number,
#define RCODE(name, number) RCODE_##name = number,
#define EDNS_OPTION(name, number, text) EDNS_##name = number,
#define EDE(name, number, text) EDE_##name = number,
#include "wire/codes.def"
#undef CLASS
#undef OPCODE
#undef RCODE
#undef EDNS_OPTION
#undef EDE
        EDE_NONE = 0xffff /* no extended error */
};

/* Bits of the second header word (RFC 1035 4.1.1, RFC 4035). */
enum {
        FLAG_QR = 0x8000, FLAG_AA = 0x0400, FLAG_TC = 0x0200, FLAG_RD = 0x0100,
        FLAG_RA = 0x0080, FLAG_AD = 0x0020, FLAG_CD = 0x0010,
        FLAG_OPCODE_SHIFT = 11, FLAG_OPCODE_MASK = 0x7800, FLAG_RCODE_MASK = 0x000f,
};

/** "NXDOMAIN", or "RCODE24" in room of at least 12 bytes. */
const char *rcode_text(unsigned rcode, char room[12]);
/** "QUERY", or "OPCODE7". */
const char *opcode_text(unsigned opcode, char room[12]);
/** "No Reachable Authority"; "Extended Error 99" is never needed: NULL for an unknown code. */
const char *ede_text(unsigned code);
