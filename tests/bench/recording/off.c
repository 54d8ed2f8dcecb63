/*
 * A cairnd that records nothing, to compare with: the linker puts these in the place of what records (--wrap). A trace
 * without bytes is what the rest does without, as when there is no memory for it.
 */
#include "watch/trace.h"

void __wrap_trace_begin(struct trace *trace, struct arena *arena, const struct trace_id *id, uint64_t span,
                        const struct moment *now);
void __wrap_trace_step(struct trace *trace, uint16_t task, uint64_t now_us, enum step_kind kind, ...);
void __wrap_trace_message(struct trace *trace, uint16_t task, uint64_t now_us, const struct endpoint *server,
                          const uint8_t *bytes, size_t len);

void __wrap_trace_begin(struct trace *trace, struct arena *arena, const struct trace_id *id, uint64_t span,
                        const struct moment *now)
{
        *trace = (struct trace){ .id = *id, .span = span, .start_us = now->mono_us, .arena = arena };
}

void __wrap_trace_step(struct trace *trace, uint16_t task, uint64_t now_us, enum step_kind kind, ...)
{
        (void)trace;
        (void)task;
        (void)now_us;
        (void)kind;
}

void __wrap_trace_message(struct trace *trace, uint16_t task, uint64_t now_us, const struct endpoint *server,
                          const uint8_t *bytes, size_t len)
{
        (void)trace;
        (void)task;
        (void)now_us;
        (void)server;
        (void)bytes;
        (void)len;
}
