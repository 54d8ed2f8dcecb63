#include "cairn_call.h"

#include <stdio.h>
#include <string.h>

const struct command_row command_rows[CAIRN_COMMANDS] = {
#define COMMAND(constant, words, arguments, help) { words, arguments, help },
#define LOCAL COMMAND
#include "commands.def"
#undef LOCAL
#undef COMMAND
};

const struct flag_row flag_rows[CALL_FLAGS] = {
#define FLAG(constant, name, value, who, help) { name, value, help, FLAG_OF_##who },
#include "commands.def"
#undef FLAG
};

static bool complain(const char *what, const char *about)
{
        fprintf(stderr, "cairn: %s%s (see cairn --help)\n", what, about);
        return false;
}

/* The flag that an argument names, "--json" or "--socket=PATH"; CALL_FLAGS if none. */
static enum cairn_flag flag_find(const char *argument)
{
        size_t len = strcspn(argument, "=");
        enum cairn_flag flag = 0;

        while (flag < CALL_FLAGS && (strncmp(flag_rows[flag].name, argument, len) != 0 || flag_rows[flag].name[len]))
                flag++;
        return flag;
}

static bool add_word(struct call *call, const char *word)
{
        if (call->word_count == CALL_WORDS_MAX)
                return complain("too many arguments: ", word);
        call->words[call->word_count++] = word;
        return true;
}

/* The flag at *at, with the argument behind it where that is its value. */
static bool read_flag(struct call *call, int argc, char **argv, int *at)
{
        enum cairn_flag flag = flag_find(argv[*at]);

        if (flag == CALL_FLAGS)
                return complain("there is no such flag: ", argv[*at]);
        const struct flag_row *row = &flag_rows[flag];
        const char *value = strchr(argv[*at], '=');

        if (!*row->value) {
                if (value)
                        return complain("this flag has no value: ", row->name);
                call->flag[flag] = row->name;
                return true;
        }
        if (!value && *at + 1 == argc)
                return complain("a value is missing behind ", row->name);
        call->flag[flag] = value ? value + 1 : argv[++*at];
        return true;
}

/* How many words of the call make this command: 0 if they do not. */
static int words_matching(const struct call *call, const char *words)
{
        for (int i = 0; i < call->word_count; i++) {
                size_t len = strcspn(words, " ");

                if (strlen(call->words[i]) != len || memcmp(call->words[i], words, len) != 0)
                        return 0;
                if (!words[len])
                        return i + 1;
                words += len + 1;
        }
        return 0;
}

/* The daemon's flags go behind the words, wherever they stood. */
static bool add_flags(struct call *call)
{
        for (enum cairn_flag flag = 0; flag < CALL_FLAGS; flag++) {
                if (!call->flag[flag] || flag_rows[flag].owner != FLAG_OF_DAEMON)
                        continue;
                if ((*flag_rows[flag].value && !add_word(call, flag_rows[flag].name)) ||
                    !add_word(call, call->flag[flag]))
                        return false;
        }
        return true;
}

static bool find_command(struct call *call)
{
        for (enum cairn_command command = 0; command < CAIRN_COMMANDS; command++) {
                int used = words_matching(call, command_rows[command].words);

                if (used == 0)
                        continue;
                bool wants_none = !*command_rows[command].arguments;
                bool wants_some = !wants_none && command_rows[command].arguments[0] != '[';

                call->command = command;
                if (wants_none && call->word_count > used)
                        return complain("this command has no arguments: ", command_rows[command].words);
                if (wants_some && call->word_count == used)
                        return complain("this command needs an argument: ", command_rows[command].words);
                return true;
        }
        return complain("there is no such command: ", call->words[0]);
}

bool call_read(int argc, char **argv, struct call *out)
{
        *out = (struct call){ .command = CAIRN_COMMANDS };
        for (int i = 1; i < argc; i++) {
                bool is_flag = argv[i][0] == '-' && argv[i][1] == '-';

                if (!(is_flag ? read_flag(out, argc, argv, &i) : add_word(out, argv[i])))
                        return false;
        }
        if (out->flag[CALL_HELP] || out->flag[CALL_VERSION])
                return true;
        if (out->word_count == 0)
                return complain("what is to be done?", "");
        return add_flags(out) && find_command(out);
}
