#pragma once
/*
 * A trace as a scenario (.rpl, see tests/scenario/README.md): the servers it met and what they said, the question, and
 * the rcode and extended error that came of it. The project's replayer plays it in virtual time, without any network.
 *
 * A server that was silent is silent again, one that failed fails again. Questions that were never put to a server are
 * answered as another server answered them, as the replay may pick servers in another order; what nobody was asked has
 * no answer.
 */
#include "base/buf.h"
#include "watch/trace.h"
#include <stdbool.h>
#include <stdio.h>

struct settings;

enum { REPLAY_SETTINGS_MAX = 1 << 18 };

/** The lines of the config block that stand for these settings, as far as they change answers. */
void scenario_settings(struct writer *w, const struct settings *settings);

/**
 * Write the scenario. False: it has no servers' messages, or could not be written.
 *
 *   settings  in   lines as above
 *   lacking   out  a sentence about what the scenario cannot have, or NULL
 */
bool scenario_write(FILE *file, const struct trace_view *trace, const char *settings, const char **lacking);
