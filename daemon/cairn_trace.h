#pragma once
/*
 * `cairn trace`: the reply to the request is the trace as it grows, then the answer.
 *
 *      frame     length (4, network order) | a flat trace as far as it has grown (watch/trace.h)
 *      ...
 *      end       length 0 (4)
 *      answer    length (4) | a DNS message; length 0: the daemon gave none
 */
#include "cairn_call.h"
#include "cairn_channel.h"
#include "tree.h"
#include <stdbool.h>

/**
 * Draw the reply on stdout, or with --rpl or --dot what is made of the whole trace. False after a sentence on stderr if
 * it ends early or makes no sense.
 */
bool trace_show(struct channel *channel, const struct call *call, const char *socket,
                const struct tree_options *options);

/** Read the reply and draw nothing: the trace, to be freed. NULL as above. */
uint8_t *trace_take(struct channel *channel, size_t *len);

/** Read the reply and draw nothing. False as above, or if there is no answer. */
bool trace_skip(struct channel *channel);
