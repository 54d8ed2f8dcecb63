#pragma once
/*
 * Prefetch: what is asked for within the last tenth of its life is asked of the servers again, so that it never ends
 * for those who keep asking.
 *
 * A look-up that finds something due makes a wish; at the end of the event each wish becomes a request without
 * audience, which passes over what is due and walks. Clients have their answer by then. The front shelf gives an
 * answer up when a part of it becomes due, so that the look-up happens; a zone's keys are wished for when a chain of
 * trust uses them.
 *
 * It never multiplies load: a life of LIMIT_PREFETCH_TTL_S or more is shortened by a tenth at most, what was tried is
 * not tried again for LIMIT_PREFETCH_AGAIN_S, and only so many are under way, none of them while places are scarce.
 */
#include "wire/name.h"
#include <stdbool.h>
#include <stdint.h>

struct desk;
struct finding;
struct request;
struct task;

enum { PREFETCH_WISHES_MAX = 8, PREFETCH_TRIED_MAX = 4096 };

struct prefetch_wish {
        struct name_store bytes;
        struct name name; /* in bytes */
        uint16_t type;
        uint64_t left_s; /* of what was found */
};

struct prefetch {
        struct prefetch_wish wish[PREFETCH_WISHES_MAX]; /* of the event at hand */
        unsigned wish_count;
        unsigned under_way;
        struct {
                uint64_t entry;    /* keyed hash */
                uint64_t again_at; /* cache time */
        } tried[PREFETCH_TRIED_MAX]; /* by entry; who comes later takes the place */
};

/** From when on a finding is due, in cache time; UINT64_MAX: never, its life is too short or renewing is of no use. */
uint64_t prefetch_due_at(const struct finding *found);

/** Until when the front shelf may keep an answer made of this, in cache time. */
uint64_t prefetch_shelf_until(const struct desk *desk, const struct finding *found);

/** A task found this in the cache; `entry`: see cache_last_used(). A wish for the task's question, if it is due. */
void prefetch_consider(struct task *task, const struct finding *found, uint64_t entry);

/** A chain of trust uses the keys of a zone, known since then and until then. */
void prefetch_consider_keys(struct task *task, const struct name *zone, uint64_t since, uint64_t ends_at);

/** Is this task to pass over what is due? */
bool prefetch_renews(const struct task *task, const struct finding *found);

/** Open requests for the wishes of this event. */
void prefetch_start(struct desk *desk);

/** Such a request has ended. */
void prefetch_ended(struct request *request);
