#pragma once
/*
 * cairn trace --diff: one question, asked in two ways.
 */
#include "cairn_call.h"
#include "tree.h"
#include <stdbool.h>

/** Ask twice and show where the traces part. False after a sentence on stderr. */
bool diff_show(const struct call *call, const char *socket, const struct tree_options *options);
