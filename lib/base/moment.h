#pragma once
/*
 * A moment: what time it is, by the three clocks that matter. The host reads the clocks (daemon/clock.c, or a test) and
 * hands a moment in with each event; lib/ never reads a clock.
 */
#include <stdint.h>

struct moment {
        uint64_t mono_us; /* monotonic, microseconds: timers, round trips, trace offsets */
        uint64_t wall_s;  /* UTC, seconds since 1970: judges signatures, dates traces; may be wrong and may jump */
        uint32_t wall_rest_us; /* what wall_s leaves out: microseconds, for dating traces */
        uint64_t cache_s; /* seconds on the scale of 1970 that never go back and count suspended time: all TTLs */
};
