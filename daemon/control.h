#pragma once
/*
 * The control channel: a Unix socket that the program cairn talks to, one request a connection.
 *
 *      request   one line: the words of a command (commands.def) and its arguments, separated by spaces; an argument
 *                with spaces in it stands in double quotes
 *      reply     one line, "ok" or "error: " and a sentence; after "ok", what the command says, until the end
 *
 * It lives in the main thread. Questions and flushes go on to the threads they concern, as letters; what those have to
 * say comes back as letters.
 */
#include "base/err.h"
#include "list.h"
#include "mailbox.h"
#include "privilege.h"
#include <stdint.h>
#include <uv.h>

struct server;
struct settings;

struct control {
        struct server *server;
        int fd;                 /* the socket before it is watched; -1: no control channel */
        char path[108];
        uv_pipe_t door;
        struct mailbox mailbox;
        struct link *callers;
        unsigned caller_count;
        uint64_t calls;         /* so far; numbers the callers */
};

/**
 * Bind the socket, for the group of who we are going to be. What is wrong has been logged; where the socket was not
 * asked for by name, the daemon goes on without it. ERR_BUSY: another daemon answers there; ERR_IO.
 */
MUST_USE enum err control_open(struct control *control, const struct settings *settings,
                               const struct identity *identity);

/** Take calls. ERR_IO. */
MUST_USE enum err control_start(struct control *control, struct server *server);

/** Hang up on everybody, and remove the socket. The loop has to run once more before control_fini(). */
void control_close(struct control *control);
void control_fini(struct control *control);
