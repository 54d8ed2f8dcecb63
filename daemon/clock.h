#pragma once
/*
 * The only reader of clocks.
 *
 * Each thread has a struct clock and reads the time once per callback of its loop (clock_tick); all that happens in
 * that callback happens at that moment, so that a batch of 64 questions costs one reading. What cache time is, design
 * section 3 tells; how it is made, clock.c.
 */
#include "base/moment.h"
#include <stdint.h>
#include <time.h>

struct clock {
        struct moment now;
        uint64_t wall_us; /* the same reading of the wall clock, finer: kernel timestamps are compared with it */
};

/** Read the clocks. */
void clock_tick(struct clock *clock);

/**
 * When a datagram arrived, on the monotonic scale, from the kernel's timestamp (wall clock, SO_TIMESTAMPNS).
 *
 * A stamp that cannot be true (the wall clock was set meanwhile, or is faked for us but not for the kernel) counts as
 * now.
 */
uint64_t clock_arrival_us(const struct clock *clock, const struct timespec *stamp);

/**
 * Let cache time go on from where it stood in an earlier life (the store stamps it), so that a machine that boots in
 * 1970 loses nothing. Before any thread is started.
 */
void clock_resume(uint64_t cache_s);
