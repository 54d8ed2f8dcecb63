#pragma once
/*
 * Files that travel inside the program: root hints, root anchors, special-use zones; and which build this is.
 *
 * A resolver that finds no file beside it must still answer, so the build turns the data below zones/ into byte arrays
 * (lib/config/builtin.cmake writes builtin.c). config and policy read them as they read a file given in the settings.
 */
#include <stddef.h>

struct builtin {
        const char *name; /* the path below zones/: "root.hints", "root.anchors", "special/localhost.zone" */
        const char *text; /* the file as it stands in the source tree, followed by a NUL that len does not count */
        size_t len;       /* bytes */
};

/** All files, in the byte order of their names; builtin_count of them. */
extern const struct builtin builtin_files[];
extern const size_t builtin_count;

/** The file of that name, or NULL. */
const struct builtin *builtin_find(const char *name);

/** The version of this build, as in "0.1.0". */
extern const char builtin_version[];

/** The day of this build in UTC, as in "2026-11-22"; SOURCE_DATE_EPOCH decides it where that is set. */
extern const char builtin_date[];
