#pragma once
/*
 * Lines about the daemon itself, for people: at the start and the end, when settings or the store change, when
 * something is wrong. Never about single questions; those have traces. From any thread; at most 100 lines a second of
 * each kind, and the next second says how many were left out.
 */
#include "base/err.h"
#include <stdio.h>

enum log_kind {
        LOG_START,   /* the daemon starts, or cannot */
        LOG_END,
        LOG_SETTINGS,
        LOG_STORE,
        LOG_TRACE,   /* the trace log */
        LOG_CONTROL,
        LOG_TRUST,   /* trust anchors */
        LOG_KINDS
};

enum { LOG_LINES_PER_S = 100 };

/** Where lines go: a file name, "stderr" or "off". Until this is called: stderr. ERR_IO with errno. */
enum err log_open(const char *path);

/** Write one line, without its end. What comes from outside has been made safe before. */
__attribute__((format(printf, 2, 3))) void log_line(enum log_kind kind, const char *format, ...);

/**
 * Open a file to append lines to, or stderr for its name; NULL with errno 0 for "off", and with another errno on
 * error.
 */
FILE *log_open_file(const char *path);

/** Close it, unless it is stderr; NULL is allowed. */
void log_close_file(FILE *file);
