#pragma once
/*
 * What can be said over the control channel, one function for each row of commands.def. The channel itself is
 * control.c's.
 */
#include <stddef.h>
#include <stdint.h>

struct caller; /* who waits for the reply; see control.c */
struct server;

enum { COMMAND_WORDS_MAX = 8 };

/* One request, cut into words. */
struct command {
        struct server *server;
        struct caller *caller;
        unsigned count;                      /* arguments */
        const char *argument[COMMAND_WORDS_MAX];
};

/**
 * Carry out the request in a line (which is cut up); every reply, also "there is no such command", goes to the caller.
 */
void command_run(struct server *server, struct caller *caller, char *line);

/* The caller's end, in control.c. */

/** "error: " and this sentence, and hang up. */
__attribute__((format(printf, 2, 3))) void caller_refuse(struct caller *caller, const char *format, ...);

/** "ok". */
void caller_accept(struct caller *caller);

/** More of the reply. Bytes are copied. */
void caller_say(struct caller *caller, const void *bytes, size_t len);

/** That was all. */
void caller_end(struct caller *caller);

/** The number that this caller is known by in other threads. */
uint64_t caller_number(const struct caller *caller);

/** A worker has been asked a question for this caller: if the caller hangs up, that worker is told. */
void caller_waits_for(struct caller *caller, unsigned worker);

/** The caller of that number, or NULL if he has hung up. In the main thread. */
struct caller *caller_find(struct server *server, uint64_t number);
