#pragma once
/*
 * What a resolver and its clients need to live in a lab: settings that begin at its root, and questions about its
 * names.
 */
#include "authority/authority.h"
#include <stddef.h>
#include <stdint.h>

enum { LAB_QUERY_MAX = 12 + 255 + 4 };

/** Settings with the lab's root hints and trust anchors; `more`: further lines. To be freed. */
char *lab_settings(const struct authority *authority, const char *more);

/** The nth question about a generated lab as a query with RD, its ID n. Returns its length. */
size_t lab_query(const struct authority *authority, uint64_t n, uint8_t out[LAB_QUERY_MAX]);
