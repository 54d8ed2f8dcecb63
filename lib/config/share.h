#pragma once
/*
 * How the setting `memory` is shared out.
 *
 *   memory  ├── 1/2 cache-size ──┼ 1/8 trace-size ┼ the rest: 2/3 questions under way, 1/6 front shelves, 1/6 tables ─┤
 *
 * Sizes that are given stay as they are; the rest is what they leave, in equal shares for the workers. Without `memory`
 * each worker has what is usual.
 */
#include "config/settings.h"
#include <stdint.h>

struct reading;

enum { SHARE_MEMORY_MIN = 64 << 20 };

/* What one worker may take; bytes. */
struct memory_share {
        uint64_t requests; /* arenas of questions under way */
        uint64_t front;    /* the front shelf */
};

struct memory_share memory_share_of(const struct settings *settings, unsigned worker_count);

/** The sizes that follow from `memory`; complains if it does not hold what else is given. */
void share_finish(struct reading *reading);
