#pragma once
/*
 * Which scenarios to play, and which of them are known to fail.
 */
#include <stdbool.h>

enum { COLLECTION_MAX = 4096, COLLECTION_NAME_MAX = 256 };

struct collection {
        char *file[COLLECTION_MAX];
        unsigned count;
        char *known; /* the text of the list, or NULL */
        bool with_traces;
};

/** Add a .rpl file, or all below a folder. False: there is no such path (told on stderr). */
bool collection_add(struct collection *collection, const char *path);

/** Sort by path. */
void collection_sort(struct collection *collection);

/**
 * Read the list of known failures: lines `NAME why`. Where traces are not looked at (with_traces is false), those whose
 * reason begins with "trace:" do not count.
 */
bool collection_expect(struct collection *collection, const char *path, bool with_traces);

/** Why this file may fail, or NULL. */
const char *collection_known(const struct collection *collection, const char *name, char reason[COLLECTION_NAME_MAX]);

/** "deckard/iter_tcbit" of ".../deckard/iter_tcbit.rpl". */
void collection_name(const char *path, char out[COLLECTION_NAME_MAX]);

void collection_free(struct collection *collection);

/* What the verdicts add up to. */
struct tally {
        unsigned passed, failed, known, skipped;
};

/** Print the line for one file, and count it. why: nothing if it passed. */
void collection_judge(const struct collection *collection, const char *path, bool passed, const char *why,
                      struct tally *tally);

/** The last lines: how many are known to fail, and `N passed, N failed`. */
void tally_print(const struct tally *tally);
