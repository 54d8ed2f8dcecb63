/*
 * Cache time = max(wall clock, previous cache time + time since boot elapsed).
 *
 * Since boot, suspended time included (CLOCK_BOOTTIME), only goes forward, so cache time is that clock plus a lead
 * which may only grow. The lead is the process's: whichever thread first sees the wall clock ahead raises it for all.
 */
#include "clock.h"
#include <stdatomic.h>

enum { US_PER_S = 1000000, STAMP_BELIEVED_US = 10 * US_PER_S };

static const uint64_t CACHE_BELIEVED_S = UINT64_C(1) << 34; /* a stamp beyond the year 2500 is damage */

/* By how much cache time is ahead of CLOCK_BOOTTIME, in microseconds. */
static _Atomic int64_t cache_lead_us = INT64_MIN;

static uint64_t read_us(clockid_t id)
{
        struct timespec t;

        if (clock_gettime(id, &t) || t.tv_sec < 0)
                return 0; /* CLOCK_BOOTTIME is missing, or the wall clock stands before 1970 */
        return (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000;
}

/* Raise the lead to at least this much; returns what it is now. */
static int64_t raise_lead(int64_t lead)
{
        int64_t known = atomic_load_explicit(&cache_lead_us, memory_order_relaxed);

        while (known < lead &&
               !atomic_compare_exchange_weak_explicit(&cache_lead_us, &known, lead, memory_order_relaxed,
                                                      memory_order_relaxed))
                ; /* somebody else raised it: known holds the new value */
        return known < lead ? lead : known;
}

void clock_tick(struct clock *clock)
{
        uint64_t boot_us = read_us(CLOCK_BOOTTIME);

        clock->wall_us = read_us(CLOCK_REALTIME);
        clock->now.mono_us = read_us(CLOCK_MONOTONIC);
        clock->now.wall_s = clock->wall_us / US_PER_S;
        clock->now.wall_rest_us = (uint32_t)(clock->wall_us % US_PER_S);
        clock->now.cache_s =
                (uint64_t)((int64_t)boot_us + raise_lead((int64_t)clock->wall_us - (int64_t)boot_us)) / US_PER_S;
}

uint64_t clock_arrival_us(const struct clock *clock, const struct timespec *stamp)
{
        int64_t age = (int64_t)clock->wall_us - (int64_t)(stamp->tv_sec * US_PER_S + stamp->tv_nsec / 1000);

        if (age < 0 || age > STAMP_BELIEVED_US || (uint64_t)age > clock->now.mono_us)
                return clock->now.mono_us;
        return clock->now.mono_us - (uint64_t)age;
}

void clock_resume(uint64_t cache_s)
{
        if (cache_s < CACHE_BELIEVED_S)
                raise_lead((int64_t)cache_s * US_PER_S - (int64_t)read_us(CLOCK_BOOTTIME));
}
