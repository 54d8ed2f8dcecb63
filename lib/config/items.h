#pragma once
/*
 * Settings that are lists: what value.h is for one value.
 */
#include "config/reading.h"
#include "config/tree.h"

/** Check the items of a list and put them into the field of its setting. */
bool items_read(struct reading *reading, enum option_id id, const struct node *node);

/** What an item may be: "an address or address@port, ...". */
const char *items_allowed(enum option_kind kind);
