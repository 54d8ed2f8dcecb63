#pragma once
/*
 * What all threads have counted, added up: for the control channel, the metrics over HTTP and the page. In the main
 * thread.
 */
#include "watch/metrics.h"
#include <stdbool.h>

struct server;

/** All workers' counts, those of the writer and of the store. */
void totals_sum(struct server *server, struct metrics *sum);

/** The same as text for Prometheus; open: as OpenMetrics, with exemplars. Fails the writer if it does not fit. */
void totals_text(struct server *server, bool open, struct writer *w);
