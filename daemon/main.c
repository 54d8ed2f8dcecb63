/*
 * cairnd: the command line. Every setting is a flag, too; what is not a setting is in the table below.
 */
#include "base/buf.h"
#include "config/builtin.h"
#include "config/config.h"
#include "server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLAGS_MAX = 1024, PAGE_MAX = 1 << 20, EXIT_USAGE = 2 };

static const char default_path[] = "/etc/cairn/cairn.yaml";

/* What the command line asks for. */
enum task { TASK_RUN, TASK_CHECK, TASK_PRINT_CONFIG, TASK_VERSION, TASK_HELP, TASK_MAN, TASK_MAN_SETTINGS };

struct arguments {
        enum task task;
        struct files files;
        const char *flag[FLAGS_MAX]; /* settings, for lib/config */
        char *joined[FLAGS_MAX];     /* those made of two arguments, to be freed */
        unsigned flag_count, joined_count;
};

static const struct own_flag {
        const char *name;
        enum task task;
        const char *help;
} own_flags[] = {
        { "--check", TASK_CHECK, "Read the settings, say what is wrong with them, and end." },
        { "--print-config", TASK_PRINT_CONFIG, "Write all settings as a settings file, and end." },
        { "--version", TASK_VERSION, "Say which version this is, and end." },
        { "--help", TASK_HELP, "Say what flags there are, and end." },
        { "--print-man", TASK_MAN, "Write the manual page cairnd(8), and end." },
        { "--print-man-settings", TASK_MAN_SETTINGS, "Write the manual page cairn.yaml(5), and end." },
};

enum { OWN_FLAGS = sizeof own_flags / sizeof *own_flags };

/* --- Reading the command line ------------------------------------------------------------------------------------- */

static bool complain(const char *what, const char *about)
{
        fprintf(stderr, "cairnd: %s%s (see cairnd --help)\n", what, about);
        return false;
}

/* The flag and the argument behind it as one, "--port=5300", as lib/config reads it. */
static bool add_joined(struct arguments *out, const char *name, const char *value)
{
        size_t len = strlen(name) + 1 + strlen(value) + 1;
        char *joined = malloc(len);

        if (!joined)
                return complain("out of memory", "");
        (void)snprintf(joined, len, "%s=%s", name, value);
        out->joined[out->joined_count++] = joined;
        out->flag[out->flag_count++] = joined;
        return true;
}

/* A setting's flag at *at. */
static bool read_setting(struct arguments *out, int argc, char **argv, int *at)
{
        const char *flag = argv[*at], *name = flag + 2;
        size_t len = strcspn(name, "=");

        if (out->flag_count == FLAGS_MAX)
                return complain("too many flags: ", flag);
        if (!config_knows_flag(name, len))
                return complain("there is no such flag: ", flag);
        if (name[len] || !config_flag_takes_value(name, len)) {
                out->flag[out->flag_count++] = flag;
                return true;
        }
        if (*at + 1 == argc)
                return complain("a value is missing behind ", flag);
        return add_joined(out, flag, argv[++*at]);
}

/* --config FILE or --config=FILE at *at; false if it is neither. */
static bool is_config(int argc, char **argv, int *at, const char **path)
{
        static const char name[] = "--config";
        size_t len = sizeof name - 1;

        if (strncmp(argv[*at], name, len) != 0 || (argv[*at][len] && argv[*at][len] != '='))
                return false;
        *path = argv[*at][len] ? argv[*at] + len + 1 : *at + 1 < argc ? argv[++*at] : "";
        return true;
}

static const struct own_flag *find_own(const char *argument)
{
        for (unsigned i = 0; i < OWN_FLAGS; i++) {
                if (strcmp(own_flags[i].name, argument) == 0)
                        return &own_flags[i];
        }
        return NULL;
}

static bool read_arguments(struct arguments *out, int argc, char **argv)
{
        *out = (struct arguments){ .files.path = default_path };
        for (int i = 1; i < argc; i++) {
                const struct own_flag *own = find_own(argv[i]);

                if (own) {
                        out->task = own->task;
                } else if (is_config(argc, argv, &i, &out->files.path)) {
                        out->files.must_exist = true;
                } else if (strncmp(argv[i], "--", 2) != 0) {
                        return complain("this is no flag: ", argv[i]);
                } else if (!read_setting(out, argc, argv, &i)) {
                        return false;
                }
        }
        out->files.flags = out->flag;
        out->files.flag_count = out->flag_count;
        return true;
}

/* --- What can be asked for ---------------------------------------------------------------------------------------- */

static void print_complaints(const struct config_complaints *complaints)
{
        for (unsigned i = 0; i < complaints->count; i++)
                fprintf(stderr, "cairnd: %s\n", complaints->item[i].text);
        if (complaints->more)
                fprintf(stderr, "cairnd: and %u more\n", complaints->more);
}

static int print_help(void)
{
        printf("cairnd, a recursive DNS resolver that can say why.\n\n"
               "  --config FILE\n        Settings to read; otherwise %s, if it is there.\n", default_path);
        for (unsigned i = 0; i < OWN_FLAGS; i++)
                printf("  %s\n        %s\n", own_flags[i].name, own_flags[i].help);
        printf("\nEvery setting is a flag as well, as in --port=5300 or --no-store, and stronger than the file.\n"
               "cairn.yaml(5) and --print-config describe them. The program cairn talks to a running daemon.\n");
        return EXIT_SUCCESS;
}

/* The flags as the manual page has them: a hyphen that can be copied, and no line that begins with a dot. */
static void print_man_flag(const char *name, const char *value, const char *help)
{
        printf(".TP\n.B ");
        for (; *name; name++)
                printf(*name == '-' ? "\\-" : "%c", *name);
        printf("%s%s\n%s\n", *value ? " " : "", value, help);
}

static int print_man(void)
{
        printf(".TH CAIRND 8 \"%s\" \"cairn %s\"\n"
               ".SH NAME\ncairnd \\- a recursive DNS resolver that can say why\n"
               ".SH SYNOPSIS\n.B cairnd\n"
               "[\\fB\\-\\-config\\fR \\fIFILE\\fR] [\\fB\\-\\-\\fISETTING\\fR[=\\fIVALUE\\fR]]...\n"
               ".SH DESCRIPTION\n"
               "cairnd answers DNS questions by walking from the root, keeps what it learns in a cache on disk, and\n"
               "leaves the steps of every walk in its trace log. It runs in the foreground. With no settings it\n"
               "serves the machine that it runs on.\n"
               ".SH OPTIONS\n", builtin_date, builtin_version);
        print_man_flag("--config", "FILE", "Settings to read; otherwise /etc/cairn/cairn.yaml, if it is there.");
        for (unsigned i = 0; i < OWN_FLAGS; i++)
                print_man_flag(own_flags[i].name, "", own_flags[i].help);
        printf(".PP\nEvery setting of\n.BR cairn.yaml (5)\nis a flag as well, and stronger than the file.\n"
               ".SH SIGNALS\n"
               ".TP\n.B SIGHUP\nRead the settings again. No question is lost; a file with a mistake changes nothing.\n"
               "Log files are opened anew.\n"
               ".TP\n.BR SIGTERM \", \" SIGINT\nEnd.\n"
               ".SH EXIT STATUS\n0 after an ordinary end, 1 if the daemon could not start, 2 if the command line\n"
               "or the settings have a mistake.\n"
               ".SH SEE ALSO\n.BR cairn (1),\n.BR cairn.yaml (5)\n");
        return EXIT_SUCCESS;
}

/* What lib/config writes, to standard output. */
static int print_page(void (*page)(struct writer *out))
{
        char *text = malloc(PAGE_MAX);

        if (!text)
                return EXIT_FAILURE;
        struct writer w = writer_over(text, PAGE_MAX);
        page(&w);
        fwrite(text, 1, writer_len(&w), stdout);
        free(text);
        return w.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int print_config(const struct settings *settings)
{
        char *text = malloc(PAGE_MAX);

        if (!text)
                return EXIT_FAILURE;
        struct writer w = writer_over(text, PAGE_MAX);
        config_print(settings, &w);
        fwrite(text, 1, writer_len(&w), stdout);
        free(text);
        return w.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Tasks that need the settings. */
static int with_settings(const struct arguments *arguments)
{
        static struct config_complaints complaints;
        struct settings *settings = files_settings(&arguments->files, &complaints);
        int status = EXIT_SUCCESS;

        if (!settings) {
                print_complaints(&complaints);
                return EXIT_USAGE;
        }
        if (arguments->task == TASK_RUN)
                return server_run(&arguments->files, settings);
        if (arguments->task == TASK_PRINT_CONFIG)
                status = print_config(settings);
        settings_free(settings);
        return status;
}

static int perform(const struct arguments *arguments)
{
        switch (arguments->task) {
        case TASK_VERSION:
                printf("cairnd %s (%s)\n", builtin_version, builtin_date);
                return EXIT_SUCCESS;
        case TASK_HELP:
                return print_help();
        case TASK_MAN:
                return print_man();
        case TASK_MAN_SETTINGS:
                return print_page(config_man);
        case TASK_RUN:
        case TASK_CHECK:
        case TASK_PRINT_CONFIG:
                break;
        }
        return with_settings(arguments);
}

int main(int argc, char **argv)
{
        static struct arguments arguments;
        int status = read_arguments(&arguments, argc, argv) ? perform(&arguments) : EXIT_USAGE;

        while (arguments.joined_count)
                free(arguments.joined[--arguments.joined_count]);
        return status;
}
