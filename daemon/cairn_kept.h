#pragma once
/*
 * Traces that the daemon kept, asked for and shown: one whole, or a line each.
 */
#include "cairn_call.h"
#include "cairn_channel.h"
#include "tree.h"
#include <stdbool.h>

/** Is the call about kept traces, and not about a question to be asked now? */
bool kept_is_meant(const struct call *call);

/** Ask, and show on stdout or in the files that the flags name. False after a sentence on stderr. */
bool kept_show(const struct call *call, const char *socket, const struct tree_options *options);

/**
 * A whole trace, on stdout or in the files that the flags name: as a tree, as JSON, as a scenario (--rpl), as a graph
 * (--dot). False after a sentence on stderr.
 */
bool kept_print(const struct call *call, const char *socket, const struct trace_view *trace,
                const struct tree_options *options);
