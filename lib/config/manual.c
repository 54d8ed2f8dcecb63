/* The manual of the settings, from their rows: cairn.yaml(5) in roff, and a table in Markdown. */
#include "config/builtin.h"
#include "config/config.h"
#include "config/limits.h"
#include "config/print.h"
#include "config/value.h"

/* --- roff --------------------------------------------------------------------------------------------------------- */

/* Text for roff: dashes and backslashes stay what they are, `words` in backquotes become bold. */
static void roff_text(struct writer *out, const char *text)
{
        bool bold = false;

        for (; *text; text++) {
                switch (*text) {
                case '\\': write_text(out, "\\e"); break;
                case '-': write_text(out, "\\-"); break;
                case '`':
                        bold = !bold;
                        write_text(out, bold ? "\\fB" : "\\fR");
                        break;
                default: write_bytes(out, text, 1); break;
                }
        }
}

/* A line of its own, that no letter at its beginning makes a command. */
static void roff_line(struct writer *out, const char *text)
{
        if (*text == '.' || *text == '\'')
                write_text(out, "\\&");
        roff_text(out, text);
        write_text(out, "\n");
}

static void roff_words(struct writer *out, enum option_id id)
{
        const struct option_word *word;

        for (unsigned i = 0; (word = option_word(id, i)); i++) {
                write_text(out, ".br\n\\fB");
                roff_text(out, word->word);
                write_text(out, "\\fR: ");
                roff_line(out, word->help);
        }
}

static void roff_setting(struct writer *out, enum option_id id)
{
        const struct option *option = option_row(id);
        char key[OPTION_KEY_MAX], allowed[ALLOWED_MAX];

        write_text(out, ".TP\n.B ");
        roff_line(out, option_key(id, key));
        roff_line(out, option->help);
        roff_words(out, id);
        write_text(out, ".br\n");
        write_text(out, option_is_list(option->kind) ? "A list, each item " : "Value: ");
        roff_text(out, value_allowed(id, allowed));
        write_text(out, ".\n.br\n");
        write_text(out, "Default: ");
        roff_text(out, option->dflt[0] ? option->dflt : option_is_list(option->kind) ? "an empty list" : "none");
        write_text(out, ".\n.br\n");
        roff_line(out, option_when_text(option));
}

static void roff_limits(struct writer *out)
{
        write_text(out, ".SH LIMITS\n"
                        "What one client, server or piece of data may cost is bounded by figures that are part of the "
                        "program:\n");
        for (unsigned i = 0; i < limit_count; i++) {
                const struct limit *limit = &limit_table[i];

                write_format(out, ".TP\n.B %s %u\n", limit->name, limit->value);
                roff_text(out, limit->what);
                write_format(out, ", by %s (", limit_scope_text(limit->scope));
                roff_text(out, limit->why);
                write_text(out, ").\n");
        }
}

void config_man(struct writer *out)
{
        write_format(out, ".TH CAIRN.YAML 5 %s \"cairn %s\"\n", builtin_date, builtin_version);
        write_text(out, ".SH NAME\ncairn.yaml \\- settings of the DNS resolver cairnd\n"
                        ".SH DESCRIPTION\n"
                        "The file is YAML: lines of \\fIkey\\fR: \\fIvalue\\fR, all of them optional. Lists are "
                        "written as [\\fIa\\fR, \\fIb\\fR] or with one \\- \\fIitem\\fR a line. Addresses that begin "
                        "with a colon need quotes. An unknown or doubled key and a value that is not allowed are "
                        "errors, told with line and column, and nothing is started or changed then.\n"
                        ".PP\n"
                        "A time is a number of seconds, or has s, m, h or d behind it. A size is a number of bytes, or "
                        "has K, M, G or T behind it, in any letter case, and perhaps i, B or iB: 1K, 1KB and 1KiB are "
                        "all 1024 bytes, and each of the others is 1024 of the one before.\n"
                        ".PP\n"
                        "Each setting is also a flag of cairnd: \\fB\\-\\-\\fIkey\\fB=\\fIvalue\\fR, which is stronger "
                        "than the file. Items of lists are separated by commas. \\fB\\-\\-\\fIkey\\fR and "
                        "\\fB\\-\\-no\\-\\fIkey\\fR stand for yes and no.\n");
        for (unsigned i = 0; i < option_line_count; i++) {
                if (option_contents[i].chapter)
                        write_format(out, ".SH %s\n", option_contents[i].chapter);
                else
                        roff_setting(out, option_contents[i].id);
        }
        roff_limits(out);
        write_text(out, ".SH SEE ALSO\n.BR cairnd (8),\n.BR cairn (1)\n");
}

/* --- Markdown ----------------------------------------------------------------------------------------------------- */

static void markdown_setting(struct writer *out, enum option_id id)
{
        const struct option *option = option_row(id);
        char key[OPTION_KEY_MAX], allowed[ALLOWED_MAX];

        write_format(out, "| `%s` | %s%s | ", option_key(id, key), option_is_list(option->kind) ? "list: " : "",
                     value_allowed(id, allowed));
        if (option->dflt[0])
                write_format(out, "`%s`", option->dflt);
        write_format(out, " | %s %s |\n", option->help, option_when_text(option));
}

void config_markdown(struct writer *out)
{
        for (unsigned i = 0; i < option_line_count; i++) {
                if (option_contents[i].chapter)
                        write_format(out, "%s## %s\n\n| setting | value | default | meaning |\n|---|---|---|---|\n",
                                     i ? "\n" : "", option_contents[i].chapter);
                else
                        markdown_setting(out, option_contents[i].id);
        }
}
