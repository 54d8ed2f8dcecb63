/* Traces in words. */
#include "trace_log.h"
#include "log.h"
#include "tree.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

enum { SYSLOG_LINE_MAX = 8192, INK_MAX = 32 << 10 };

struct trace_log {
        char *where;
        FILE *file;     /* NULL: off, or syslog */
        bool to_syslog, json;
        bool cut;                   /* it was too long */
        char line[SYSLOG_LINE_MAX]; /* of syslog, until its end comes */
        size_t line_len;
        char ink[INK_MAX]; /* text on its way to the file */
        size_t ink_len;
};

static bool is_stdout(const char *where)
{
        return strcmp(where, "stdout") == 0;
}

static FILE *open_file(const char *where)
{
        errno = 0;
        return is_stdout(where) ? stdout : log_open_file(where);
}

static void close_file(FILE *file)
{
        if (file != stdout)
                log_close_file(file);
}

enum err trace_log_open(const char *where, struct trace_log **out)
{
        struct trace_log *log = calloc(1, sizeof *log);

        if (log)
                log->where = strdup(where);
        if (!log || !log->where) {
                free(log);
                return ERR_MEMORY;
        }
        log->to_syslog = strcmp(where, "syslog") == 0;
        if (log->to_syslog)
                openlog("cairnd", LOG_PID, LOG_DAEMON);
        else
                log->file = open_file(where);
        if (!log->to_syslog && !log->file && errno) {
                trace_log_close(log);
                return ERR_IO;
        }
        *out = log;
        return ERR_OK;
}

void trace_log_close(struct trace_log *log)
{
        if (!log)
                return;
        int why = errno; /* of the open that failed */

        if (log->to_syslog)
                closelog();
        close_file(log->file);
        free(log->where);
        free(log);
        errno = why;
}

void trace_log_reopen(struct trace_log *log)
{
        FILE *file = log->to_syslog ? NULL : open_file(log->where);

        if (log->to_syslog)
                return;
        if (!file && errno) {
                log_line(LOG_TRACE, "the trace log %s cannot be opened again: %s", log->where, strerror(errno));
                return;
        }
        close_file(log->file);
        log->file = file;
}

void trace_log_format(struct trace_log *log, bool json)
{
        log->json = json;
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

/* Half an object is none. */
static void end_line(struct trace_log *log)
{
        if (log->line_len && !(log->json && log->cut))
                syslog(LOG_INFO, "%.*s", (int)log->line_len, log->line);
        log->line_len = 0;
}

/* Pieces of text become lines of syslog; what is too long for one is cut. */
static void sink_to_syslog(struct trace_log *log, const char *text, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                if (text[i] == '\n')
                        end_line(log);
                else if (log->line_len < sizeof log->line)
                        log->line[log->line_len++] = text[i];
                else
                        log->cut = true;
        }
}

/*
 * Text for a file is gathered and leaves in large pieces: standard error has no buffer, and a trace has hundreds of
 * words.
 */
static void ink_spill(struct trace_log *log)
{
        if (log->file && log->ink_len) {
                fwrite(log->ink, 1, log->ink_len, log->file);
                fflush(log->file);
        }
        log->ink_len = 0;
}

static void sink_to_file(struct trace_log *log, const char *text, size_t len)
{
        while (len) {
                size_t room = sizeof log->ink - log->ink_len;
                size_t part = len < room ? len : room;

                memcpy(log->ink + log->ink_len, text, part);
                log->ink_len += part;
                text += part;
                len -= part;
                if (log->ink_len == sizeof log->ink)
                        ink_spill(log);
        }
}

static void sink(void *context, const char *text, size_t len)
{
        struct trace_log *log = context;

        if (log->to_syslog)
                sink_to_syslog(log, text, len);
        else
                sink_to_file(log, text, len);
}

void trace_log_write(struct trace_log *log, const struct trace_view *trace, unsigned reasons, bool brief)
{
        struct tree_options options = { .date = true, .json = log->json, .brief = brief, .reasons = reasons };

        if (!log->to_syslog && !log->file)
                return;
        log->cut = false;
        (void)tree_print(trace, &options, sink, log);
        if (log->json && log->cut) { /* syslog takes no object as long: then without the steps */
                log->cut = false;
                options.brief = true;
                (void)tree_print(trace, &options, sink, log);
        }
}

void trace_log_left_out(struct trace_log *log, uint64_t count)
{
        char text[80];
        int len = snprintf(text, sizeof text, log->json ? "{\"v\":1,\"left_out\":%" PRIu64 "}\n"
                                                        : "(%" PRIu64 " traces left out)\n", count);

        if (count && (log->to_syslog || log->file))
                sink(log, text, (size_t)len);
}

void trace_log_flush(struct trace_log *log)
{
        ink_spill(log);
}
