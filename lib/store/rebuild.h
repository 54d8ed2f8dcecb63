#pragma once
/*
 * A child process that copies what is whole from a doubtful data file into a fresh one.
 *
 * LMDB 0.9.24 trusts its pages: of sixty files with sixteen damaged pages each, none was read to the end without a
 * crash. So whatever happens, happens to the child. The daemon serves from memory meanwhile.
 */
#include "store/side.h"
#include "store/store.h"
#include <sys/types.h>

/** Start. No thread may have been started in this process. Returns the child, or -1. */
pid_t rebuild_start(const struct side *side, const struct store_settings *settings);

enum rebuild_state {
        REBUILD_RUNNING,
        REBUILD_DONE,   /* side->fresh is complete */
        REBUILD_FAILED, /* the child died, gave up or took too long */
};

/** How does it stand? After another answer than REBUILD_RUNNING the child is gone. */
enum rebuild_state rebuild_poll(pid_t child);

/** End it, and wait until it has ended. */
void rebuild_stop(pid_t child);
