#pragma once
/*
 * The trace log: traces in words, for people or for machines, into a file, onto a standard stream or to syslog. Used by
 * one thread.
 */
#include "base/err.h"
#include "watch/trace.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_log; /* opaque */

/**
 * Open it: "stderr", "stdout", "syslog", "off" or a file's name. ERR_IO with errno, ERR_MEMORY.
 */
MUST_USE enum err trace_log_open(const char *where, struct trace_log **out);
void trace_log_close(struct trace_log *log);

/** Open a file anew, as it may have been moved away. If that fails, the old one goes on; the other log says why. */
void trace_log_reopen(struct trace_log *log);

/** From now on as lines for people, or as JSON. */
void trace_log_format(struct trace_log *log, bool json);

/** Write a trace; `brief`: only the line that sums it up. */
void trace_log_write(struct trace_log *log, const struct trace_view *trace, unsigned reasons, bool brief);

/** So many traces were left out. */
void trace_log_left_out(struct trace_log *log, uint64_t count);

/** What was written is on its way. */
void trace_log_flush(struct trace_log *log);
