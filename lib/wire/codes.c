/* Texts of protocol numbers, from codes.def. */
#include "wire/codes.h"
#include <stdio.h>

enum { CODE_ROOM = 12 };

const char *rcode_text(unsigned rcode, char room[CODE_ROOM])
{
        switch (rcode) {
#define RCODE(name, number)                                                                                            \
        case number:                                                                                                   \
                return #name;
#include "wire/codes.def"
#undef RCODE
        }
        snprintf(room, CODE_ROOM, "RCODE%u", rcode & 0xfff);
        return room;
}

const char *opcode_text(unsigned opcode, char room[CODE_ROOM])
{
        switch (opcode) {
#define OPCODE(name, number)                                                                                           \
        case number:                                                                                                   \
                return #name;
#include "wire/codes.def"
#undef OPCODE
        }
        snprintf(room, CODE_ROOM, "OPCODE%u", opcode & 0xf);
        return room;
}

const char *ede_text(unsigned code)
{
        switch (code) {
#define EDE(name, number, text)                                                                                        \
        case number:                                                                                                   \
                return text;
#include "wire/codes.def"
#undef EDE
        }
        return NULL;
}
