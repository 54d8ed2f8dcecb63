#pragma once
/*
 * What this process may do, and giving it up: once the ports are bound, nothing of root is needed any more.
 */
#include "base/err.h"
#include <stddef.h>
#include <sys/types.h>

/* Who to become; uid 0: stay who we are. */
struct identity {
        uid_t uid;
        gid_t gid;
};

/** Look up a user by name or number; "" gives nobody to become. ERR_MISSING. */
MUST_USE enum err privilege_find(const char *user, struct identity *out);

/**
 * Become that user (if we are root), and give up all capabilities, now and for whatever is executed later. ERR_IO: the
 * system refuses, and the daemon should not go on.
 */
MUST_USE enum err privilege_drop(const struct identity *identity);

/** Make a directory for who we are going to be, if it is missing. Best effort: who needs it finds out. */
void privilege_make_directory(const char *path, mode_t mode, const struct identity *identity);

/** Take as many file descriptors as the system allows; returns how many. */
size_t privilege_raise_files(void);
