/*
 * A binary heap of pointers to timers. Place i has its children at 2i and 2i + 1 (places count from 1); no timer is
 * later than its children, so the earliest stands at place 1. Each timer knows its place, so that it can be moved.
 */
#include "base/timers.h"
#include <stdlib.h>

enum { TIMERS_FIRST_ROOM = 16 };

void timers_init(struct timers *timers, size_t max)
{
        *timers = (struct timers){ .max = max };
}

void timers_fini(struct timers *timers)
{
        free(timers->heap);
        *timers = (struct timers){ .max = timers->max };
}

static void put_at(struct timers *timers, size_t place, struct timer *timer)
{
        timers->heap[place - 1] = timer;
        timer->place = place;
}

static struct timer *timer_at(const struct timers *timers, size_t place)
{
        return timers->heap[place - 1];
}

/* Let a timer that belongs to the free `place` rise or sink from there until the order holds. */
static void settle(struct timers *timers, size_t place, struct timer *timer)
{
        while (place > 1 && timer_at(timers, place / 2)->at_us > timer->at_us) {
                put_at(timers, place, timer_at(timers, place / 2));
                place /= 2;
        }
        for (;;) {
                size_t child = 2 * place;
                if (child + 1 <= timers->count && timer_at(timers, child + 1)->at_us < timer_at(timers, child)->at_us)
                        child++;
                if (child > timers->count || timer_at(timers, child)->at_us >= timer->at_us)
                        break;
                put_at(timers, place, timer_at(timers, child));
                place = child;
        }
        put_at(timers, place, timer);
}

static enum err make_room(struct timers *timers)
{
        if (timers->count >= timers->max)
                return ERR_FULL;
        if (timers->count < timers->room)
                return ERR_OK;

        size_t room = timers->room ? 2 * timers->room : TIMERS_FIRST_ROOM;
        if (room > timers->max)
                room = timers->max;
        struct timer **heap = reallocarray(timers->heap, room, sizeof *heap);
        if (!heap)
                return ERR_MEMORY;
        timers->heap = heap;
        timers->room = room;
        return ERR_OK;
}

enum err timers_arm(struct timers *timers, struct timer *timer, uint64_t at_us)
{
        if (timer->place == 0) {
                enum err err = make_room(timers);
                if (err)
                        return err;
                put_at(timers, ++timers->count, timer);
        }
        timer->at_us = at_us;
        settle(timers, timer->place, timer);
        return ERR_OK;
}

void timers_disarm(struct timers *timers, struct timer *timer)
{
        size_t place = timer->place;

        if (place == 0)
                return;
        struct timer *last = timer_at(timers, timers->count--);
        timer->place = 0;
        if (last != timer)
                settle(timers, place, last);
}

uint64_t timers_next(const struct timers *timers)
{
        return timers->count ? timers->heap[0]->at_us : UINT64_MAX;
}

struct timer *timers_take(struct timers *timers, uint64_t now_us)
{
        if (timers->count == 0 || timers->heap[0]->at_us > now_us)
                return NULL;
        struct timer *timer = timers->heap[0];
        timers_disarm(timers, timer);
        return timer;
}
