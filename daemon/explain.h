#pragma once
/*
 * A kept trace as lines of text that fit a terminal of 80 columns within quotes: what dig shows of WORD.trace.
 */
#include "archive.h"
#include <stddef.h>

enum { EXPLAIN_COLUMNS = 78, EXPLAIN_MAX = 60000 }; /* bytes; a DNS message has hardly more */

/** The lines, to be freed; NULL: no such trace is kept, or there is no memory. `word` as for archive_find(). */
char *explain_trace(struct archive_reader *reader, const char *word, size_t *len);
