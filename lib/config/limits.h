#pragma once
/*
 * Every budget as a constant, from limits.def: LIMIT_UPSTREAM_MESSAGES is 100. Who counts says so where it counts.
 *
 * LIMIT_ROW_UPSTREAM_MESSAGES is the number of its row, in limit_table and among the budget_hits of struct metrics.
 */

enum {
#define LIMIT(name, value, scope, what, why) LIMIT_##name = value,
#include "config/limits.def"
#undef LIMIT
};

enum limit_row {
#define LIMIT(name, value, scope, what, why) LIMIT_ROW_##name,
#include "config/limits.def"
#undef LIMIT
        LIMIT_ROWS
};

enum limit_scope {
        LIMIT_SCOPE_REQUEST,
        LIMIT_SCOPE_MESSAGE,
        LIMIT_SCOPE_ENTRY,
        LIMIT_SCOPE_CLIENT,
        LIMIT_SCOPE_WORKER,
        LIMIT_SCOPE_PROCESS,
        LIMIT_SCOPE_CONNECTION,
        LIMIT_SCOPE_COUNT
};

struct limit {
        const char *name; /* "UPSTREAM_MESSAGES" */
        unsigned value;
        enum limit_scope scope;
        const char *what; /* "messages sent upstream" */
        const char *why;  /* the attack or RFC it answers */
};

/** All rows of limits.def in their order; limit_count of them. */
extern const struct limit limit_table[];
extern const unsigned limit_count;

/** "REQUEST". */
const char *limit_scope_text(enum limit_scope scope);
