#pragma once
/*
 * Settings in the making, and the steps of config_parse_flags that make them: defaults, the file (config.c), flags, and
 * what can only be done when all is read.
 */
#include "config/complain.h"
#include "config/option.h"
#include "config/settings.h"

struct reading {
        struct settings *settings;
        struct config_complaints *out;
        struct arena *scratch;            /* for what ends with the reading: the tree */
        struct place place[OPTION_COUNT]; /* where a setting was given; all zero for one that is at its default */
};

/** The setting of this key; false after a complaint that there is none, with the nearest one. */
bool setting_find(struct reading *reading, struct place place, const char *key, size_t len, enum option_id *out);

/** Put each setting to its default. */
bool defaults_read(struct reading *reading);

/** Read flags over what the file said. */
bool flags_read(struct reading *reading, const char *const *flags, unsigned flag_count);

/** What can only be judged or filled in when all is read: ports, contradictions, root hints and anchors. */
bool settings_finish(struct reading *reading);

/** Fill settings->hints and settings->anchors from the settings, else from what is built in. */
bool roots_finish(struct reading *reading);
