#pragma once
/*
 * The chain of trust in a trace as a graph in the language of Graphviz: record sets are boxes, keys are ellipses; a key
 * points to what it signed, a DS set to the keys it vouches for. What did not hold is red, with the reason.
 */
#include "tree.h"
#include "watch/trace.h"

/** Write it. A trace without signatures makes a graph that says so. */
void chain_print(const struct trace_view *trace, tree_sink *sink, void *context);
