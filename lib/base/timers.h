#pragma once
/*
 * A heap of deadlines. Each timer is embedded in what it wakes; the heap knows only the earliest, and the host arms one
 * clock for all of them.
 */
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct timer {
        uint64_t at_us; /* monotonic */
        size_t place;   /* 1-based place in the heap; 0: not armed */
};

struct timers {
        struct timer **heap;
        size_t count;
        size_t room;
        size_t max;
};

/** An empty heap for at most max timers. */
void timers_init(struct timers *timers, size_t max);
/** Free the heap. The timers themselves are not touched: what they were embedded in may be gone already. */
void timers_fini(struct timers *timers);

/** Arm, or move if armed. ERR_FULL at the maximum, ERR_MEMORY. A zeroed struct timer is not armed. */
MUST_USE enum err timers_arm(struct timers *timers, struct timer *timer, uint64_t at_us);

/** Disarm; nothing happens if it is not armed. */
void timers_disarm(struct timers *timers, struct timer *timer);

/** When the earliest fires; UINT64_MAX when none is armed. */
uint64_t timers_next(const struct timers *timers);

/** Take the earliest that is due at now_us out of the heap; NULL if none is. */
struct timer *timers_take(struct timers *timers, uint64_t now_us);
