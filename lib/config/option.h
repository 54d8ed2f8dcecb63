#pragma once
/*
 * The rows of config.def as a table, for those who walk them: the parser, the printers, the tests.
 */
#include "config/settings.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
        OPTION_BOOL,
        OPTION_NUMBER,
        OPTION_SECONDS,
        OPTION_BYTES,
        OPTION_TEXT,
        OPTION_PATH,
        OPTION_WORD,
        OPTION_ENDPOINTS,
        OPTION_ADDRESSES,
        OPTION_PREFIXES,
        OPTION_NAMES,
        OPTION_HINTS,
        OPTION_RECORDS,
        OPTION_ZONES,
};

enum option_when { OPTION_LIVE, OPTION_RESTART, OPTION_LATER };

enum { OPTION_KEY_MAX = 40 };

struct option {
        const char *field; /* "cache_size"; see option_key() */
        enum option_kind kind;
        const char *dflt;  /* as in a flag */
        uint64_t min, max; /* of the number, the length or the count of items */
        enum option_when when;
        const char *help;
        size_t offset; /* of the field in struct settings */
};

/* A word of a WORD setting. Its number is its place among the rows of that setting, from 0. */
struct option_word {
        enum option_id option;
        const char *word;
        const char *help;
};

/** The row of this setting. */
const struct option *option_row(enum option_id id);

/** How the setting is called in a file: "cache-size". Returns room. */
char *option_key(enum option_id id, char room[OPTION_KEY_MAX]);

/** Find a setting by its key; false if there is none. */
bool option_find(const char *key, size_t len, enum option_id *out);

/** The setting whose key this misspelt one is nearest to; false if it is near to none. */
bool option_nearest(const char *key, size_t len, enum option_id *out);

/** Does this kind hold items? */
bool option_is_list(enum option_kind kind);

/** May several items stand in one flag or default, with commas between them? */
bool option_is_split(enum option_kind kind);

/** Word number `index` of a WORD setting; NULL behind the last. */
const struct option_word *option_word(enum option_id id, unsigned index);

/* The table of contents: chapters and settings in the order of config.def. A line is one or the other. */
struct option_line {
        const char *chapter; /* NULL for a setting */
        enum option_id id;
};

extern const struct option_line option_contents[];
extern const unsigned option_line_count;
