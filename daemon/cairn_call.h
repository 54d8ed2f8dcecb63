#pragma once
/*
 * What the user wants of `cairn`: the command line, read by the rows of commands.def.
 */
#include <stdbool.h>
#include <stddef.h>

enum { CALL_WORDS_MAX = 8 }; /* what is sent: the words of the command and its arguments */

enum cairn_command {
#define COMMAND(constant, words, arguments, help) CAIRN_##constant,
#define LOCAL COMMAND
#include "commands.def"
#undef LOCAL
#undef COMMAND
        CAIRN_COMMANDS
};

enum cairn_flag {
#define FLAG(constant, name, value, who, help) CALL_##constant,
#include "commands.def"
#undef FLAG
        CALL_FLAGS
};

struct command_row {
        const char *words, *arguments, *help;
};

enum flag_owner { FLAG_OF_CLIENT, FLAG_OF_DAEMON };

struct flag_row {
        const char *name, *value, *help;
        enum flag_owner owner;
};

extern const struct command_row command_rows[CAIRN_COMMANDS];
extern const struct flag_row flag_rows[CALL_FLAGS];

struct call {
        enum cairn_command command;   /* CAIRN_COMMANDS if there is none */
        const char *flag[CALL_FLAGS]; /* NULL if not given; its value, or its name if it has none */
        int word_count;
        const char *words[CALL_WORDS_MAX];
};

/** Read the command line. False after a sentence on stderr if it makes no sense. */
bool call_read(int argc, char **argv, struct call *out);
