#include "cairn_help.h"

#include "cairn_call.h"
#include "config/builtin.h"
#include "watch/metrics.h"
#include "watch/trace.h"
#include <string.h>

/* --- --help ---------------------------------------------------------------------------------------------------- */

enum { HELP_INDENT = 10, HELP_WIDTH = 80 };

/* A paragraph, indented and wrapped. */
static void print_paragraph(FILE *file, const char *text)
{
        int column = 0;

        while (*text) {
                int len = (int)strcspn(text, " ");

                if (column > 0 && column + 1 + len > HELP_WIDTH) {
                        fputc('\n', file);
                        column = 0;
                }
                fprintf(file, column > 0 ? " %.*s" : "          %.*s", len, text);
                column += column > 0 ? 1 + len : HELP_INDENT + len;
                text += len;
                text += strspn(text, " ");
        }
        fputc('\n', file);
}

void help_print(FILE *file)
{
        fputs("cairn talks to a running cairnd.\n\n", file);
        for (const struct command_row *row = command_rows; row < command_rows + CAIRN_COMMANDS; row++) {
                fprintf(file, "    cairn %s%s%s\n", row->words, *row->arguments ? " " : "", row->arguments);
                print_paragraph(file, row->help);
        }
        fputc('\n', file);
        for (const struct flag_row *row = flag_rows; row < flag_rows + CALL_FLAGS; row++) {
                fprintf(file, "    %s%s%s\n", row->name, *row->value ? " " : "", row->value);
                print_paragraph(file, row->help);
        }
}

/* --- cairn(1) -------------------------------------------------------------------------------------------------- */

/* Text in roff: the characters that would be read as something else are named, lines do not begin with a control. */
static void man_text(FILE *file, const char *text)
{
        if (*text == '.' || *text == '\'')
                fputs("\\&", file);
        for (; *text; text++) {
                if (*text == '\\')
                        fputs("\\e", file);
                else if (*text == '-')
                        fputs("\\-", file);
                else if (*text == '\n' && (text[1] == '.' || text[1] == '\''))
                        fputs("\n\\&", file);
                else
                        fputc(*text, file);
        }
}

/* A heading in bold, its argument in italics, and a paragraph below. */
static void man_item(FILE *file, const char *bold, const char *italics, const char *text)
{
        fputs(".TP\n\\fB", file);
        man_text(file, bold);
        fputs("\\fR", file);
        if (*italics) {
                fputs(" \\fI", file);
                man_text(file, italics);
                fputs("\\fR", file);
        }
        fputc('\n', file);
        man_text(file, text);
        fputc('\n', file);
}

static void man_section(FILE *file, const char *title, const char *text)
{
        fprintf(file, ".SH \"%s\"\n", title);
        man_text(file, text);
        if (*text)
                fputc('\n', file);
}

static void man_commands(FILE *file)
{
        man_section(file, "COMMANDS", "");
        for (const struct command_row *row = command_rows; row < command_rows + CAIRN_COMMANDS; row++)
                man_item(file, row->words, row->arguments, row->help);
        man_section(file, "FLAGS", "");
        for (const struct flag_row *row = flag_rows; row < flag_rows + CALL_FLAGS; row++)
                man_item(file, row->name, row->value, row->help);
}

/* The JSON type and unit of a field, by its letter in trace.def. */
static const char *field_type(char kind)
{
        switch (kind) {
        case 'n': return "name";
        case 'a': return "address";
        case 'e': return "address, with @port unless that is 53";
        case 'i': return "trace ID, 32 hex digits";
        case 't': return "record type";
        case 'r': return "rcode";
        case 'f': return "flags";
        case 'x': return "extended error";
        case 'u': return "number";
        case 'd': return "microseconds";
        case 's': return "seconds";
        }
        return "text";
}

static void man_step(FILE *file, enum step_kind kind, const char *kinds, const char *fields, const char *text)
{
        man_item(file, step_word(kind), "", text);
        fputs(".br\n", file);
        for (; *kinds; kinds++) {
                int len = (int)strcspn(fields, ",");

                fprintf(file, "\\fI%.*s%s\\fR (%s)%s", len, fields, *kinds == 'd' ? "_us" : *kinds == 's' ? "_s" : "",
                        field_type(*kinds), kinds[1] ? ", " : ".\n");
                fields += len + (fields[len] == ',');
        }
}

static void man_steps(FILE *file)
{
        man_section(file, "STEPS",
                    "Each kind of step: its word in JSON, its sentence in the tree, and the fields of both.");
#define STEP(name, kinds, fields, text) man_step(file, STEP_##name, kinds, fields, text);
#include "watch/trace.def"
#undef STEP
}

static void man_metrics(FILE *file)
{
        static const char *const kinds[] = {
                [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge",
                [METRIC_HIGH_WATER] = "high water", [METRIC_HISTOGRAM] = "histogram",
        };

        man_section(file, "METRICS", "What \"cairn metrics\" prints for Prometheus; names begin with cairn_.");
        for (const struct metric_row *row = metric_rows; row < metric_rows + METRIC_ROWS; row++)
                man_item(file, row->name, kinds[row->kind], row->help);
}

static const char tree_text[] =
        "\"cairn trace\" prints a line for each step, as it is made: at the left the time in milliseconds since the\n"
        "question came in, then what happened and why. What belongs to a sub\\-question (the address of a server,\n"
        "for instance) is indented below the line that says what it is for; where sub\\-questions run side by side, a\n"
        "line in brackets says whose steps follow. At the end come the ID of the trace, how long it took, how many\n"
        "messages it needed, and the answer. Bytes of names that could do harm in a terminal are written \\eDDD.\n"
        ".PP\n"
        "The trace log of cairnd shows each walked question in the same words, one block of lines each, which begins\n"
        "with the date and the ID and is grouped by sub\\-question.\n";

static const char json_text[] =
        "With \\fB\\-\\-json\\fR each step is one line, an object with these members:\n"
        ".TP\n\\fIv\\fR\nThe version of this form: 1.\n"
        ".TP\n\\fItrace\\fR\nThe ID of the trace, 32 hex digits.\n"
        ".TP\n\\fIat_us\\fR\nMicroseconds since the question came in.\n"
        ".TP\n\\fItask\\fR\nThe number of the sub\\-question that the step belongs to; 0 is the question itself.\n"
        ".TP\n\\fIstep\\fR\nThe kind of step, and further members by its kind: see STEPS.\n"
        ".PP\n"
        "A message that a server sent has \\fIbytes\\fR, how many they are, and with \\fB\\-\\-messages\\fR also\n"
        "\\fIhex\\fR, all of them in hex digits.\n"
        ".PP\n"
        "The last line has \\fIv\\fR, \\fItrace\\fR and \\fImessage\\fR: an object with \\fIrcode\\fR, \\fIflags\\fR,\n"
        "\\fIbytes\\fR, the lists \\fIanswer\\fR, \\fIauthority\\fR and \\fIadditional\\fR of records in zone file\n"
        "syntax, and \\fIede\\fR, a list of extended errors.\n"
        ".PP\n"
        "The trace log in JSON and a trace that was kept have one line for each trace: \\fIv\\fR, \\fItrace\\fR,\n"
        "\\fIspan\\fR (of this walk, 16 hex digits), \\fItime\\fR (of the question, UTC), \\fIqname\\fR,\n"
        "\\fIqtype\\fR, \\fIrcode\\fR, \\fIede\\fR, \\fItotal_us\\fR and \\fIsent\\fR as far as they are known,\n"
        "\\fIkept\\fR, the reasons for keeping it, and \\fIsteps\\fR, a list of objects as above without \\fIv\\fR\n"
        "and \\fItrace\\fR. Lists of traces have the same lines without \\fIsteps\\fR. The file\n"
        "trace.schema.json says all of this to programs.\n"
        ".PP\n"
        "New members may be added to a version; a reader passes over those it does not know.\n";

static const char end_text[] =
        ".SH ENVIRONMENT\n"
        ".TP\n\\fBCAIRN_SOCKET\\fR\nThe control socket, if there is no \\fB\\-\\-socket\\fR.\n"
        ".TP\n\\fBNO_COLOR\\fR\nIf it is set, a trace on a terminal has no colours.\n"
        ".SH \"EXIT STATUS\"\n"
        "0: done. 1: the daemon refused, failed or is not there; the reason is on standard error. 2: the command line\n"
        "makes no sense.\n"
        ".SH EXAMPLES\n"
        ".nf\n"
        "cairn trace www.example.com AAAA\n"
        "cairn trace \\-\\-cold www.example.com\n"
        "cairn trace 7f3a9c21\n"
        "cairn trace \\-\\-failed \\-\\-since 10m \\-\\-name example.com\n"
        "cairn trace \\-\\-last \\-\\-failed \\-\\-messages\n"
        "cairn trace \\-\\-diff \\-\\-no\\-qmin www.example.com\n"
        "cairn trace \\-\\-cold \\-\\-rpl failure.rpl www.example.com\n"
        "cairn cache flush example.com.\n"
        ".fi\n"
        ".SH \"SEE ALSO\"\n"
        ".BR cairnd (8),\n"
        ".BR cairn.yaml (5)\n";

void help_print_man(FILE *file)
{
        fprintf(file, ".TH CAIRN 1 \"%s\" \"Cairn %s\"\n", builtin_date, builtin_version);
        man_section(file, "NAME", "");
        fputs("cairn \\- talk to a running cairnd\n", file);
        fputs(".SH SYNOPSIS\n\\fBcairn\\fR \\fICOMMAND\\fR [\\fIARGUMENTS\\fR] [\\fIFLAGS\\fR]\n", file);
        man_section(file, "DESCRIPTION",
                    "cairn talks to a running cairnd over its control socket. The file mode of that says who may.");
        man_commands(file);
        fprintf(file, ".SH \"THE TREE\"\n%s", tree_text);
        fprintf(file, ".SH JSON\n%s", json_text);
        man_steps(file);
        man_metrics(file);
        fputs(end_text, file);
}
