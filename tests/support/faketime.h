#pragma once
/*
 * A wall clock of one's own for a real cairnd, by libfaketime: an offset in seconds in a file, which may change while
 * the daemon runs. Its timers go on as if nothing had happened.
 */
#include <stdbool.h>

/** Can time be faked? Not where the library is missing, nor under the thread sanitizer, from which it hides what
 * condition variables do. */
bool faketime_works(void);

/** The offset from our clock. libfaketime reads the file each time somebody asks what time it is, so it is replaced whole. */
void faketime_set(const char *path, long long offset_s);

/** In the child, before exec: what it runs next lives by that file. */
void faketime_adopt(const char *path);
