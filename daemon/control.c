/* The control channel. What the words mean is in commands.c. */
#include "control.h"
#include "asking.h"
#include "commands.h"
#include "config/settings.h"
#include "log.h"
#include "server.h"
#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
        LINE_MAX_LEN = 2048,
        CALLERS_MAX = 32,
        BACKLOG = 16,
        SENTENCE_MAX = 1024,
        MAILBOX_MAX = 4096,
        NOBODY = -1,
};

struct caller {
        struct control *control;
        struct link link;  /* among those of the channel */
        uv_pipe_t pipe;
        uint64_t number;
        int worker;        /* that works for this caller, or NOBODY */
        bool called;       /* the request has come */
        size_t len;
        char line[LINE_MAX_LEN];
};

/* --- Callers ------------------------------------------------------------------------------------------------------ */

static void caller_freed(uv_handle_t *handle)
{
        free(handle->data);
}

static void hang_up(struct caller *caller)
{
        struct control *control = caller->control;

        if (uv_is_closing((uv_handle_t *)&caller->pipe))
                return;
        if (caller->worker != NOBODY)
                asking_hang_up(control->server->worker[caller->worker], caller->number);
        list_remove(&caller->link);
        control->caller_count--;
        uv_close((uv_handle_t *)&caller->pipe, caller_freed);
}

/* A piece of a reply on its way. */
struct piece {
        uv_write_t request;
        uv_buf_t buffer;
        char bytes[];
};

static void piece_written(uv_write_t *request, int status)
{
        struct piece *piece = request->data;
        struct caller *caller = request->handle->data;

        free(piece);
        if (status < 0)
                hang_up(caller);
}

void caller_say(struct caller *caller, const void *bytes, size_t len)
{
        struct piece *piece = malloc(sizeof *piece + len);

        if (!piece) {
                hang_up(caller);
                return;
        }
        memcpy(piece->bytes, bytes, len);
        piece->request.data = piece;
        piece->buffer = uv_buf_init(piece->bytes, (unsigned)len);
        if (uv_write(&piece->request, (uv_stream_t *)&caller->pipe, &piece->buffer, 1, piece_written))
                free(piece);
}

static void all_written(uv_shutdown_t *request, int status)
{
        struct caller *caller = request->handle->data;

        (void)status;
        free(request);
        hang_up(caller);
}

void caller_end(struct caller *caller)
{
        uv_shutdown_t *request = malloc(sizeof *request);

        caller->worker = NOBODY;
        if (!request || uv_shutdown(request, (uv_stream_t *)&caller->pipe, all_written)) {
                free(request);
                hang_up(caller);
        }
}

void caller_accept(struct caller *caller)
{
        caller_say(caller, "ok\n", 3);
}

void caller_refuse(struct caller *caller, const char *format, ...)
{
        char text[SENTENCE_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        caller_say(caller, "error: ", 7);
        caller_say(caller, text, strlen(text));
        caller_say(caller, "\n", 1);
        caller_end(caller);
}

uint64_t caller_number(const struct caller *caller)
{
        return caller->number;
}

void caller_waits_for(struct caller *caller, unsigned worker)
{
        caller->worker = (int)worker;
}

struct caller *caller_find(struct server *server, uint64_t number)
{
        for (struct link *at = server->control.callers; at; at = at->next) {
                struct caller *caller = holder_of(at, struct caller, link);

                if (caller->number == number)
                        return caller;
        }
        return NULL;
}

/* --- Requests ----------------------------------------------------------------------------------------------------- */

static void line_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
        struct caller *caller = handle->data;

        (void)suggested;
        *out = uv_buf_init(caller->line + caller->len, (unsigned)(sizeof caller->line - caller->len));
}

/* Once the line is complete, what follows is of no interest but its end: the caller hung up. */
static void line_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
        struct caller *caller = stream->data;

        (void)buffer;
        if (got < 0) {
                hang_up(caller);
                return;
        }
        if (caller->called)
                return;
        caller->len += (size_t)got;
        char *end = memchr(caller->line, '\n', caller->len);
        if (end) {
                *end = 0;
                caller->called = true;
                caller->len = 0;
                command_run(caller->control->server, caller, caller->line);
        } else if (caller->len == sizeof caller->line) {
                caller->called = true;
                caller->len = 0;
                caller_refuse(caller, "the request is too long");
        }
}

static void somebody_calls(uv_stream_t *door, int status)
{
        struct control *control = door->data;
        struct caller *caller = calloc(1, sizeof *caller);

        if (status < 0 || !caller) {
                free(caller);
                return;
        }
        uv_pipe_init(&control->server->loop, &caller->pipe, 0);
        caller->pipe.data = caller;
        caller->control = control;
        caller->worker = NOBODY;
        caller->number = ++control->calls;
        list_add(&control->callers, &caller->link);
        control->caller_count++;
        if (uv_accept(door, (uv_stream_t *)&caller->pipe) || control->caller_count > CALLERS_MAX ||
            uv_read_start((uv_stream_t *)&caller->pipe, line_room, line_read))
                hang_up(caller);
}

/* --- The socket --------------------------------------------------------------------------------------------------- */

/* Does anybody answer at a socket that was there before? */
static bool is_answered(const struct sockaddr_un *address)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool answered = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;

        if (fd >= 0)
                close(fd);
        return answered;
}

/* The directory of the socket, if only that is missing. */
static void make_directory(const char *path, const struct identity *identity)
{
        char copy[sizeof((struct control *)0)->path];

        (void)snprintf(copy, sizeof copy, "%s", path);
        privilege_make_directory(dirname(copy), 0755, identity);
}

/* 0 or an errno. Whoever may write to the socket may stop the daemon: its owner and group. */
static int bind_socket(struct control *control, const struct identity *identity)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        memcpy(address.sun_path, control->path, strlen(control->path));
        control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (control->fd < 0)
                return errno;
        if (is_answered(&address))
                return EADDRINUSE;
        (void)unlink(control->path);
        mode_t before = umask(0117);
        int failed = bind(control->fd, (struct sockaddr *)&address, sizeof address) ? errno : 0;
        umask(before);
        if (!failed && identity->uid && chown(control->path, identity->uid, identity->gid))
                failed = errno;
        return failed;
}

enum err control_open(struct control *control, const struct settings *settings, const struct identity *identity)
{
        *control = (struct control){ .fd = -1 };
        if (setting_is_off(settings->control_socket))
                return ERR_OK;
        (void)snprintf(control->path, sizeof control->path, "%s", settings->control_socket);
        make_directory(control->path, identity);
        int failed = bind_socket(control, identity);
        if (!failed)
                return ERR_OK;
        log_line(LOG_START, failed == EADDRINUSE ? "another cairnd answers at %s%s" : "no control channel at %s: %s",
                 control->path, failed == EADDRINUSE ? " (setting `control-socket`)" : strerror(failed));
        if (control->fd >= 0)
                close(control->fd);
        control->fd = -1;
        if (failed == EADDRINUSE)
                return ERR_BUSY;
        return settings->given[OPTION_control_socket] ? ERR_IO : ERR_OK;
}

enum err control_start(struct control *control, struct server *server)
{
        control->server = server;
        enum err err = mailbox_init(&control->mailbox, &server->loop, server, MAILBOX_MAX);
        if (err || control->fd < 0)
                return err;
        uv_pipe_init(&server->loop, &control->door, 0);
        control->door.data = control;
        if (uv_pipe_open(&control->door, control->fd) ||
            uv_listen((uv_stream_t *)&control->door, BACKLOG, somebody_calls))
                return ERR_IO;
        return ERR_OK;
}

void control_close(struct control *control)
{
        while (control->callers) {
                struct caller *caller = holder_of(control->callers, struct caller, link);

                caller->worker = NOBODY; /* the workers have ended before */
                hang_up(caller);
        }
        if (control->fd >= 0) {
                uv_close((uv_handle_t *)&control->door, NULL);
                (void)unlink(control->path);
        }
        mailbox_close(&control->mailbox);
}

void control_fini(struct control *control)
{
        mailbox_fini(&control->mailbox);
}
