#pragma once
/*
 * The files that settings come from: the settings file itself, root hints, trust anchors. Read whole, at the start and
 * at each reload; what is in them is lib/config's business.
 */
#include "base/err.h"
#include "config/config.h"
#include <stdbool.h>
#include <stddef.h>

/* Where the settings are. */
struct files {
        const char *path;         /* of the settings file */
        bool must_exist;          /* it was named; the default one may be missing */
        const char *const *flags; /* stronger than the file */
        unsigned flag_count;
};

enum { FILES_BYTES_MAX = 16 << 20 };

/** The settings in the files as they are now, for settings_free(); or NULL and what is wrong with them. */
struct settings *files_settings(const struct files *files, struct config_complaints *complaints);
