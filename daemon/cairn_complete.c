#include "cairn_complete.h"

#include "cairn_call.h"
#include <string.h>

/*
 * A command has one word or two ("cache show"); those with two are completed one word after the other.
 */

/* Does no command before this one begin with the same word, of len bytes? */
static bool word_is_new(enum cairn_command command, size_t len)
{
        for (enum cairn_command before = 0; before < command; before++) {
                if (strncmp(command_rows[before].words, command_rows[command].words, len) == 0 &&
                    (!command_rows[before].words[len] || command_rows[before].words[len] == ' '))
                        return false;
        }
        return true;
}

/* The second word of a command that has two, and the same first one as another; or NULL. */
static const char *second_word(enum cairn_command command, enum cairn_command first)
{
        const char *words = command_rows[command].words;
        size_t len = strcspn(command_rows[first].words, " ");

        return strncmp(words, command_rows[first].words, len) == 0 && words[len] == ' ' ? words + len + 1 : NULL;
}

static bool takes_file(enum cairn_flag flag)
{
        return flag == CALL_SOCKET || flag == CALL_RPL;
}

/* --- bash --------------------------------------------------------------------------------------------------------- */

static void print_first_words(FILE *file)
{
        for (enum cairn_command command = 0; command < CAIRN_COMMANDS; command++) {
                size_t len = strcspn(command_rows[command].words, " ");

                if (word_is_new(command, len))
                        fprintf(file, " %.*s", (int)len, command_rows[command].words);
        }
}

static void print_flags(FILE *file)
{
        for (enum cairn_flag flag = 0; flag < CALL_FLAGS; flag++)
                fprintf(file, " %s", flag_rows[flag].name);
}

/* Flags behind which something comes that only the user knows. */
static void print_flags_with_value(FILE *file)
{
        const char *separator = "";

        for (enum cairn_flag flag = 0; flag < CALL_FLAGS; flag++) {
                if (!*flag_rows[flag].value || takes_file(flag))
                        continue;
                fprintf(file, "%s%s", separator, flag_rows[flag].name);
                separator = "|";
        }
}

static void print_bash_second(FILE *file)
{
        for (enum cairn_command first = 0; first < CAIRN_COMMANDS; first++) {
                size_t len = strcspn(command_rows[first].words, " ");

                if (!command_rows[first].words[len] || !word_is_new(first, len))
                        continue;
                fprintf(file, "        %.*s) words=\"", (int)len, command_rows[first].words);
                for (enum cairn_command command = first; command < CAIRN_COMMANDS; command++) {
                        if (second_word(command, first))
                                fprintf(file, " %s", second_word(command, first));
                }
                fputs("\" ;;\n", file);
        }
}

static void print_bash(FILE *file)
{
        fputs("# Completion of cairn for bash.\n"
              "_cairn() {\n"
              "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
              "    COMPREPLY=()\n"
              "    case ${COMP_WORDS[COMP_CWORD - 1]} in\n"
              "        --socket|--rpl) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
              "        ", file);
        print_flags_with_value(file);
        fputs(") return ;;\n"
              "    esac\n"
              "    if [[ $word == -* ]]; then\n"
              "        words=\"", file);
        print_flags(file);
        fputs("\"\n"
              "    elif [ \"$COMP_CWORD\" = 1 ]; then\n"
              "        words=\"", file);
        print_first_words(file);
        fputs("\"\n"
              "    else\n"
              "        case ${COMP_WORDS[COMP_CWORD - 1]} in\n", file);
        print_bash_second(file);
        fputs("        esac\n"
              "    fi\n"
              "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
              "}\n"
              "complete -F _cairn cairn\n", file);
}

/* --- zsh ---------------------------------------------------------------------------------------------------------- */

/* The first sentence of a help, between single quotes, where colons and brackets mean something to zsh. */
static void print_zsh_help(FILE *file, const char *help)
{
        for (; *help && !(help[0] == '.' && (help[1] == ' ' || !help[1])); help++) {
                if (*help == '\'')
                        fputs("'\\''", file);
                else if (strchr("[]:\\", *help))
                        fprintf(file, "\\%c", *help);
                else
                        fputc(*help, file);
        }
}

static void print_zsh_choice(FILE *file, const char *word, size_t len, const char *help)
{
        fprintf(file, "            '%.*s", (int)len, word);
        if (*help)
                fputc(':', file);
        print_zsh_help(file, help);
        fputs("'\n", file);
}

static void print_zsh_first(FILE *file)
{
        fputs("    first)\n"
              "        choices=(\n", file);
        for (enum cairn_command command = 0; command < CAIRN_COMMANDS; command++) {
                const struct command_row *row = &command_rows[command];
                size_t len = strcspn(row->words, " ");

                if (word_is_new(command, len))
                        print_zsh_choice(file, row->words, len, row->words[len] ? "" : row->help);
        }
        fputs("        )\n"
              "        _describe command choices ;;\n", file);
}

static void print_zsh_second(FILE *file)
{
        for (enum cairn_command first = 0; first < CAIRN_COMMANDS; first++) {
                size_t len = strcspn(command_rows[first].words, " ");

                if (!command_rows[first].words[len] || !word_is_new(first, len))
                        continue;
                fprintf(file, "    %.*s)\n        choices=(\n", (int)len, command_rows[first].words);
                for (enum cairn_command command = first; command < CAIRN_COMMANDS; command++) {
                        const char *second = second_word(command, first);

                        if (second)
                                print_zsh_choice(file, second, strlen(second), command_rows[command].help);
                }
                fputs("        )\n"
                      "        _describe command choices ;;\n", file);
        }
}

static void print_zsh_flags(FILE *file)
{
        for (enum cairn_flag flag = 0; flag < CALL_FLAGS; flag++) {
                fprintf(file, "    '%s[", flag_rows[flag].name);
                print_zsh_help(file, flag_rows[flag].help);
                fputs("]", file);
                if (*flag_rows[flag].value)
                        fprintf(file, ":%s:%s", flag_rows[flag].value, takes_file(flag) ? "_files" : "");
                fputs("' \\\n", file);
        }
}

static void print_zsh(FILE *file)
{
        fputs("#compdef cairn\n"
              "# Completion of cairn for zsh.\n"
              "local context state state_descr line\n"
              "local -a choices\n"
              "typeset -A opt_args\n"
              "_arguments \\\n", file);
        print_zsh_flags(file);
        fputs("    '1: :->first' '2: :->second' '*: :'\n"
              "[[ $state == second ]] && state=$line[1]\n"
              "case $state in\n", file);
        print_zsh_first(file);
        print_zsh_second(file);
        fputs("esac\n", file);
}

bool complete_print(const char *shell, FILE *file)
{
        if (strcmp(shell, "bash") == 0)
                print_bash(file);
        else if (strcmp(shell, "zsh") == 0)
                print_zsh(file);
        else
                return false;
        return true;
}
