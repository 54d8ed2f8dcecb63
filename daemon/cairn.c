/*
 * cairn, the client: it says one command to a running cairnd and shows what comes back.
 *
 * The commands and flags are rows of commands.def. cairn_call.c reads the command line by them, cairn_channel.c carries
 * the request, cairn_trace.c draws a trace while it grows. All else that the daemon says is printed as it is.
 */
#include "cairn_call.h"
#include "cairn_channel.h"
#include "cairn_complete.h"
#include "cairn_health.h"
#include "cairn_diff.h"
#include "cairn_help.h"
#include "cairn_kept.h"
#include "cairn_trace.h"
#include "config/builtin.h"
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, WIDTH_MAX = 10000 };

/* The flag, else the environment, else where cairnd listens when nobody says otherwise. */
static const char *socket_path(const struct call *call)
{
        static char path[4096];
        const char *given = call->flag[CALL_SOCKET] ? call->flag[CALL_SOCKET] : getenv("CAIRN_SOCKET");

        if (given)
                return given;
        struct settings *settings = config_defaults();

        if (settings)
                snprintf(path, sizeof path, "%s", settings->control_socket);
        settings_free(settings);
        return path;
}

static bool wants_colours(void)
{
        const char *terminal = getenv("TERM");

        return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && terminal && strcmp(terminal, "dumb") != 0;
}

/* 0, which wraps nothing, where there is no terminal. */
static unsigned terminal_width(void)
{
        struct winsize size;

        return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* False if --width is no number of columns. */
static bool read_width(const char *text, unsigned *out)
{
        char *end;

        errno = 0;
        unsigned long width = strtoul(text, &end, 10);

        if (errno || *end || end == text || *text == '-' || width > WIDTH_MAX)
                return false;
        *out = (unsigned)width;
        return true;
}

static bool show_trace(const struct call *call, const struct tree_options *options)
{
        struct channel channel;

        if (kept_is_meant(call))
                return kept_show(call, socket_path(call), options);
        if (call->flag[CALL_DIFF])
                return diff_show(call, socket_path(call), options);
        bool done = channel_ask(&channel, socket_path(call), call->word_count, call->words) &&
                    trace_show(&channel, call, socket_path(call), options);

        channel_close(&channel);
        return done;
}

static int do_trace(const struct call *call)
{
        struct tree_options options = {
                .width = terminal_width(),
                .colour = wants_colours(),
                .json = call->flag[CALL_JSON] != NULL,
                .messages = call->flag[CALL_MESSAGES] != NULL,
        };

        if (call->flag[CALL_WIDTH] && !read_width(call->flag[CALL_WIDTH], &options.width)) {
                fprintf(stderr, "cairn: --width is a number of columns up to %d\n", WIDTH_MAX);
                return EXIT_USAGE;
        }
        if (call->word_count == 1 && !kept_is_meant(call)) {
                fputs("cairn: trace needs a name, an ID, or a flag that says which traces (see cairn --help)\n",
                      stderr);
                return EXIT_USAGE;
        }
        return show_trace(call, &options) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int do_health(const struct call *call)
{
        const char *where = call->flag[CALL_UDP];
        bool well = where ? health_by_udp(where) : health_by_socket(socket_path(call));

        return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int do_plain(const struct call *call)
{
        struct channel channel;
        bool done = channel_ask(&channel, socket_path(call), call->word_count, call->words) &&
                    channel_copy(&channel, stdout);

        channel_close(&channel);
        return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int do_command(const struct call *call)
{
        if (call->command == CAIRN_TRACE)
                return do_trace(call);
        if (call->command == CAIRN_HEALTH)
                return do_health(call);
        return do_plain(call);
}

int main(int argc, char **argv)
{
        struct call call;

        if (argc == 2 && strcmp(argv[1], "--print-man") == 0) {
                help_print_man(stdout);
                return EXIT_SUCCESS;
        }
        if (argc == 3 && strcmp(argv[1], "--print-completion") == 0)
                return complete_print(argv[2], stdout) ? EXIT_SUCCESS : EXIT_USAGE;
        if (!call_read(argc, argv, &call))
                return EXIT_USAGE;
        if (call.flag[CALL_VERSION]) {
                printf("cairn %s\n", builtin_version);
                return EXIT_SUCCESS;
        }
        if (call.flag[CALL_HELP]) {
                help_print(stdout);
                return EXIT_SUCCESS;
        }
        int status = do_command(&call);

        return fflush(stdout) == 0 && !ferror(stdout) ? status : EXIT_FAILURE;
}
