#pragma once
/*
 * From a piece of a settings file, a flag or a default to the field of a setting: one check for all three.
 */
#include "config/reading.h"
#include "config/tree.h"

enum { ALLOWED_MAX = 160 };

/** Check a value and put it into the field of its setting. False after a complaint; the field is as it was then. */
bool value_read(struct reading *reading, enum option_id id, const struct node *node);

/** What a setting, or an item of it if it is a list, may be: "a number from 1 to 65535". Returns room. */
char *value_allowed(enum option_id id, char room[ALLOWED_MAX]);

/* --- For items.c -------------------------------------------------------------------------------------------------- */

/** What stands in a node: its text in quotes, "a list", "a mapping", "nothing". */
const char *value_shown(const struct node *node, char room[QUOTED_MAX]);

/** Complain that this node is not what the setting allows. Always false. */
bool value_wrong(struct reading *reading, enum option_id id, const struct node *node);

/** Is the node text, and not a nothing? Otherwise complain. */
bool value_is_text(struct reading *reading, enum option_id id, const struct node *node);

/** "yes", "off", ...: false if it is no such word. */
bool value_bool(const char *text, bool *out);

/** The number of a word that a WORD setting knows; false if it does not, or is of another kind. */
bool value_word(enum option_id id, const char *text, unsigned *number);

/** A copy with a NUL in the snapshot's arena; NULL, and a complaint, when out of memory. */
const char *value_keep(struct reading *reading, struct place place, const char *text, size_t len);

/** The same for memory yet to be filled. */
void *value_room(struct reading *reading, struct place place, size_t size);
