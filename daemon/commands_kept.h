#pragma once
/*
 * Requests about traces that were kept: one whole, or a list of them.
 *
 *   kept ID            frame of the trace | frame of length 0
 *   kept-list ...      a frame for each, reasons (2) | summary (watch/summary.h) | frame of length 0
 *
 * A frame is a length of four bytes and so many bytes. kept-list has the arguments --failed, --slow, --since SECONDS,
 * --name SUFFIX and --max NUMBER.
 */
#include "commands.h"

void run_kept(const struct command *command);
void run_kept_list(const struct command *command);
