#pragma once
/*
 * A trace as spans of OpenTelemetry, in the JSON of OTLP (that of protobuf: 64-bit numbers are strings; IDs are hex):
 *
 *      the question        SERVER    from the question to the last step; its parent is the load balancer's, if any
 *        sub-question      INTERNAL  from its first step to its last
 *          message         CLIENT    from the sending to the reply, or to the moment nobody waited any more
 *
 * Every other step is an event of the span of its task. Attributes have the names of the semantic conventions where
 * those have one (dns.question.name, server.address, network.transport...); the fields of steps are called cairn.FIELD.
 * Values are escaped like all words here.
 */
#include "watch/trace.h"

enum { OTLP_TRACE_MAX = 4 << 20 }; /* room enough for any trace */

/** What stands before the spans of a request, and behind them. */
void otlp_begin(struct writer *w, const char *version);
void otlp_end(struct writer *w);

/** The spans of one trace with commas between; before the first stands `separator`. Fails the writer at its end. */
void otlp_spans(struct writer *w, const struct trace_view *trace, const char *separator);
