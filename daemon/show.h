#pragma once
/*
 * `cairn cache show NAME`: what the cache holds about a name, in words.
 *
 *      www.example.com. A: records, secure, 47 m 11 s left, from 192.0.2.53 by trace 7f3a9c21
 *              3600 A 192.0.2.1
 */
#include "base/buf.h"
#include "base/err.h"
#include <stdint.h>

struct name;
struct store;

enum { SHOW_MAX = 1 << 20 }; /* room enough for all types of a name */

/**
 * now_s: cache time. What does not fit is left out. ERR_MISSING: nothing is known about the name. ERR_MEMORY, ERR_IO.
 */
MUST_USE enum err show_name(struct store *store, const struct name *name, uint64_t now_s, struct writer *w);
