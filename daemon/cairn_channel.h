#pragma once
/*
 * The client's end of the control channel: a Unix socket, one request a connection (the other end: control.h).
 *
 *      request   one line, the command and its arguments separated by spaces
 *      reply     one line, "ok" or "error: " and a sentence; after "ok", what the command says, until the end
 *
 * Functions that fail print a sentence on stderr, so a caller only ends.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct channel {
        const char *path;
        int fd;
        size_t start, end; /* what was read and not used yet */
        char bytes[16384];
};

/** Connect, send a request and read the first line of the reply. False if the daemon cannot be reached or says no. */
bool channel_ask(struct channel *channel, const char *path, int word_count, const char *const *words);

/** Exactly len bytes. False if the daemon ends before. */
bool channel_read(struct channel *channel, void *out, size_t len);

/** All that follows, to a file. */
bool channel_copy(struct channel *channel, FILE *file);

void channel_close(struct channel *channel);
