#pragma once
/*
 * Who listens to what clients are told about failures, and looks whether it is so: a SERVFAIL has an extended error,
 * the trace that this quotes is there when the client gets it, and a step of that trace says the same sentence.
 *
 * What must be told at the end of which scenario is in reasons.txt, a line for each:
 *
 *      FOLDER/NAME  CODE  STEP  SENTENCE
 *
 * CODE is the extended error's; STEP is the word (trace.def) of the step that decided; in SENTENCE a '*' stands for any
 * text. A scenario with several lines may end in either way (the servers asked differ with minimisation, and by lot).
 */
#include "rpl.h"
#include "watch/trace.h"
#include <stdbool.h>
#include <stddef.h>

struct action;

enum { WITNESS_WHY_MAX = 700 };

/* What the last client was told. */
struct testimony {
        bool failed;  /* SERVFAIL, or an extended error */
        int ede;
        char sentence[300]; /* without the trace that is quoted */
        const char *step;   /* the step of that trace which says so; NULL: none does */
};

struct witness {
        struct record *record; /* traces, the newest last */
        unsigned record_count;
        struct testimony last;
};

void witness_fini(struct witness *witness);

/** A trace was recorded. */
void witness_record(struct witness *witness, const struct action *record);

/** A client with EDNS, or without, got a response. False, and why: a failure is not explained. */
bool witness_response(struct witness *witness, const struct rpl_received *response, bool edns,
                      char why[WITNESS_WHY_MAX]);

/** Does the table have this end for this scenario? False, and why: a line for the table, or one too many there. */
bool witness_agrees(const struct witness *witness, const char *table, const char *name, char why[WITNESS_WHY_MAX]);
