#pragma once
/*
 * Play one scenario against a resolver in this process, in virtual time.
 */
#include "rpl.h"
#include <stdbool.h>
#include <stdint.h>

enum { PLAY_WHY_MAX = 800 };

struct play_options {
        bool verbose;         /* print the conversation and the traces */
        const char *settings; /* more lines for the settings file, or NULL */
        const char *reasons;  /* a table as drawn in witness.h, or NULL */
        uint64_t seed;
};

/** Play it once, with or without minimised names where the scenario leaves that open. False, and why: it failed. */
bool play(struct rpl *rpl, bool minimise, const struct play_options *options, char why[PLAY_WHY_MAX]);
