#pragma once
/*
 * How the parts of config say that something is wrong: one bounded list, one form of sentence.
 */
#include "config/config.h"

/* Where something was written. Line 0: not in a file; file_name then says where, as in "command line", or is NULL. */
struct place {
        const char *file_name;
        unsigned line, column; /* from 1 */
};

enum { QUOTED_MAX = 300 };

/**
 * Add a complaint: "file:line:column: " or "command line: ", then the formatted sentence. Beyond the maximum it is only
 * counted.
 */
void complain(struct config_complaints *out, struct place place, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/**
 * What somebody wrote, in quotes, for a complaint: everything but printable ASCII is written \DDD, and what is longer
 * than 64 bytes is cut with "...". Returns room.
 */
char *quoted(const char *text, size_t len, char room[QUOTED_MAX]);
