#pragma once
/*
 * A trace in a line: what was asked, how it ended, how long it took. Read out of the steps, so that there is nothing to
 * keep in step with them.
 */
#include "watch/trace.h"
#include "wire/name.h"
#include <stdbool.h>
#include <stdint.h>

struct summary {
        struct trace_id id;
        uint64_t span, parent;
        uint64_t wall_us;
        struct name qname; /* points into the trace; the root if there is none */
        uint16_t qtype;
        struct name zone;  /* the last zone cut of the question itself, or the root */
        bool answered;     /* else it was dropped, or goes on */
        uint16_t rcode;    /* if it was answered */
        uint16_t ede;      /* the extended error that went out with it, or EDE_NONE */
        uint64_t total_us;
        uint32_t sent;     /* messages to servers */
        uint16_t steps;
};

void summary_of(const struct trace_view *trace, struct summary *out);

/** Pack it for storing. Returns the length, at most SUMMARY_MAX. */
enum { SUMMARY_MAX = 64 + 2 * NAME_WIRE_MAX };
size_t summary_pack(const struct summary *summary, uint8_t out[SUMMARY_MAX]);

/** Read it back; names point into the bytes. ERR_FORM. */
MUST_USE enum err summary_unpack(const uint8_t *bytes, size_t len, struct summary *out);
