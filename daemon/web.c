/*
 * libmicrohttpd on our loop. Each endpoint has a daemon of that library, which keeps its sockets in an epoll set; the
 * loop watches that set, and MHD_run() does what is to be done. All of it shares one timer.
 */
#include "web.h"
#include "host.h"
#include "list.h"
#include "log.h"
#include "owner.h"
#include "pages.h"
#include "policy/access.h"
#include "policy/policy.h"
#include "server.h"
#include "socket.h"
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICK_MS = 500, SITES_MAX = 8 };

/* One endpoint. */
struct site {
        struct web *web;
        int fd; /* until the library has it */
        struct MHD_Daemon *daemon;
        uv_poll_t poll;
};

struct web {
        struct server *server;
        unsigned count;
        struct site site[SITES_MAX];
        unsigned missing_count; /* where something else was when we last looked: */
        struct endpoint missing[SITES_MAX];
        struct link *visits;
        bool again; /* a connection has ended: if they were all in use, the library listens anew when it runs next */
        uv_timer_t timer;
};

/* One connection. Each serves one request. */
struct visit {
        struct link link;
        int fd;
        uint64_t until_ms; /* of the loop's clock */
};

/* --- Time --------------------------------------------------------------------------------------------------------- */

static void tick(uv_timer_t *timer);

/* When the library wants to run again, in milliseconds. */
static uint64_t next_run(const struct web *web)
{
        MHD_UNSIGNED_LONG_LONG next = UINT64_MAX, wanted;

        for (unsigned i = 0; i < web->count; i++) {
                if (MHD_get_timeout(web->site[i].daemon, &wanted) == MHD_YES && wanted < next)
                        next = wanted;
        }
        return next;
}

static void arm(struct web *web)
{
        uint64_t next = next_run(web);

        if (web->visits && next > TICK_MS)
                next = TICK_MS;
        if (web->again)
                next = 0;
        web->again = false;
        if (next == UINT64_MAX)
                uv_timer_stop(&web->timer);
        else
                uv_timer_start(&web->timer, tick, next, 0);
}

static void run(struct web *web)
{
        for (unsigned i = 0; i < web->count; i++)
                MHD_run(web->site[i].daemon);
        arm(web);
}

/* Whoever takes too long is hung up on: the library sees the end of the connection, and forgets it. */
static void tick(uv_timer_t *timer)
{
        struct web *web = timer->data;

        for (struct link *at = web->visits; at; at = at->next) {
                struct visit *visit = holder_of(at, struct visit, link);

                if (uv_now(&web->server->loop) >= visit->until_ms)
                        (void)shutdown(visit->fd, SHUT_RDWR);
        }
        run(web);
}

static void ready(uv_poll_t *poll, int status, int events)
{
        struct site *site = poll->data;

        (void)status;
        (void)events;
        run(site->web);
}

/* --- Requests ----------------------------------------------------------------------------------------------------- */

static void visit_changed(void *context, struct MHD_Connection *connection, void **own,
                          enum MHD_ConnectionNotificationCode what)
{
        struct web *web = ((struct site *)context)->web;
        struct visit *visit = *own;

        if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
                web->again = true;
                if (visit)
                        list_remove(&visit->link);
                free(visit);
                return;
        }
        visit = calloc(1, sizeof *visit);
        *own = visit;
        if (!visit)
                return;
        visit->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        visit->until_ms = uv_now(&web->server->loop) + WEB_HEAD_MS;
        list_add(&web->visits, &visit->link);
}

/* The page may load its own style and script, and talk to where it came from; nothing else is allowed to happen. */
static const struct {
        const char *name, *value;
} fields[] = {
        { "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
        { "X-Frame-Options", "DENY" },
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
        { "Cache-Control", "no-store" },
        { "Connection", "close" },
};

static enum MHD_Result reply(struct MHD_Connection *connection, const struct page *page)
{
        struct MHD_Response *response = MHD_create_response_from_buffer(
                page->len, page->owned ? page->owned : (void *)(uintptr_t)page->bytes,
                page->owned ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

        if (!response) {
                free(page->owned);
                return MHD_NO;
        }
        MHD_add_response_header(response, "Content-Type", page->type);
        if (page->status == MHD_HTTP_METHOD_NOT_ALLOWED)
                MHD_add_response_header(response, "Allow", "GET, HEAD");
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
                MHD_add_response_header(response, fields[i].name, fields[i].value);
        enum MHD_Result result = MHD_queue_response(connection, page->status, response);
        MHD_destroy_response(response);
        return result;
}

static bool is_allowed(struct MHD_Connection *connection, const struct prefix_list *allowed)
{
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        struct sockaddr_storage from = { 0 };
        struct endpoint client;

        if (!info)
                return false;
        memcpy(&from, info->client_addr,
               info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        return socket_endpoint(&from, &client) && prefix_list_holds(allowed, &client.address);
}

/* What is wrong with a request, whatever it asks for; status 0: nothing. */
static struct page refuse(const struct web *web, struct MHD_Connection *connection, const char *method)
{
        const struct settings *settings = web->server->policy->settings;
        const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");

        if (!is_allowed(connection, &settings->web_allow))
                return page_sentence(MHD_HTTP_FORBIDDEN, "Your address is not among those that may read this (setting "
                                                         "`web-allow`).\n");
        if (!host_is_ours(host, settings))
                return page_sentence(MHD_HTTP_MISDIRECTED_REQUEST, "This is no name of this server (setting "
                                                                   "`web-names`); its address always works.\n");
        if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
                return page_sentence(MHD_HTTP_METHOD_NOT_ALLOWED, "Here one can only read.\n");
        return (struct page){ 0 };
}

/* A field of the head or an argument behind the question mark; "" where there is none. */
static const char *value_of(struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *name)
{
        const char *value = MHD_lookup_connection_value(connection, kind, name);

        return value ? value : "";
}

static enum MHD_Result requested(void *context, struct MHD_Connection *connection, const char *path,
                                 const char *method, const char *version, const char *upload, size_t *upload_len,
                                 void **own)
{
        struct web *web = ((struct site *)context)->web;
        struct visit *visit = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
        struct page_request request = {
                .path = path,
                .rest = "",
                .accept = value_of(connection, MHD_HEADER_KIND, "Accept"),
                .show = value_of(connection, MHD_GET_ARGUMENT_KIND, "show"),
                .name = value_of(connection, MHD_GET_ARGUMENT_KIND, "name"),
                .after = value_of(connection, MHD_GET_ARGUMENT_KIND, "after"),
        };

        (void)version;
        (void)upload;
        (void)upload_len;
        (void)own;
        if (visit)
                visit->until_ms = uv_now(&web->server->loop) + WEB_CONNECTION_MS;
        struct page page = refuse(web, connection, method);
        if (!page.status)
                page = page_answer(web->server, &request);
        return reply(connection, &page);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static void explain(const struct endpoint *at, int error, bool fatal)
{
        const char *then = fatal ? "" : "; it is left out until `cairn reload` finds the place free";
        char where[ENDPOINT_TEXT_MAX], owner[OWNER_TEXT_MAX];

        if (error == EADDRINUSE && owner_of_port(at, SOCK_STREAM, owner))
                log_line(LOG_START, "WARNING: the web page cannot be at %s, which is in use by %s (settings "
                                    "`web-listen`, `web-port`)%s", endpoint_text(at, where), owner, then);
        else
                log_line(LOG_START, "WARNING: the web page cannot be at %s: %s (settings `web-listen`, `web-port`)%s",
                         endpoint_text(at, where), strerror(error), then);
}

/* Names have to resolve also where something else is at the page's place; what no waiting mends is a mistake. */
static enum err open_site(struct web *web, const struct endpoint *at, bool wanted)
{
        int fd = socket_probe(at, SOCK_STREAM);

        if (!fd)
                fd = socket_listen_tcp(at);
        if (fd >= 0) {
                web->site[web->count++] = (struct site){ .web = web, .fd = fd };
                return ERR_OK;
        }
        bool fatal = wanted && fd != -EADDRINUSE;
        explain(at, -fd, fatal);
        web->missing[web->missing_count++] = *at;
        return fatal ? ERR_IO : ERR_OK;
}

enum err web_open(const struct settings *settings, struct web **out)
{
        bool wanted = settings->given[OPTION_web_listen] || settings->given[OPTION_web_port];
        struct web *web = calloc(1, sizeof *web);
        enum err err = ERR_OK;

        if (!web)
                return ERR_MEMORY;
        *out = web; /* if this fails, the process ends and takes what was bound along */
        for (unsigned i = 0; i < settings->web_listen.count && !err; i++)
                err = open_site(web, &settings->web_listen.item[i], wanted);
        return err;
}

static enum err start_site(struct site *site, uv_loop_t *loop)
{
        site->daemon = MHD_start_daemon(
                MHD_USE_EPOLL, 0, NULL, NULL, requested, site, MHD_OPTION_LISTEN_SOCKET, site->fd,
                MHD_OPTION_CONNECTION_LIMIT, (unsigned)WEB_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                (size_t)WEB_HEAD_BYTES_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)WEB_HEAD_MS / 1000,
                MHD_OPTION_NOTIFY_CONNECTION, visit_changed, site, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
        if (!site->daemon)
                return ERR_IO;
        int epoll = MHD_get_daemon_info(site->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
        site->poll.data = site;
        if (uv_poll_init(loop, &site->poll, epoll) || uv_poll_start(&site->poll, UV_READABLE, ready))
                return ERR_IO;
        return ERR_OK;
}

enum err web_start(struct web *web, struct server *server)
{
        enum err err = ERR_OK;

        web->server = server;
        uv_timer_init(&server->loop, &web->timer);
        web->timer.data = web;
        for (unsigned i = 0; i < web->count && !err; i++)
                err = start_site(&web->site[i], &server->loop);
        return err;
}

static void start_late(struct web *web, struct site *site, const struct endpoint *at)
{
        char where[ENDPOINT_TEXT_MAX];

        if (start_site(site, &web->server->loop) == ERR_OK) {
                log_line(LOG_START, "the web page is at %s now", endpoint_text(at, where));
                return;
        }
        log_line(LOG_START, "out of memory: the web page is not at %s", endpoint_text(at, where));
        if (site->daemon)
                MHD_stop_daemon(site->daemon);
        else
                close(site->fd);
        web->count--;
        web->missing[web->missing_count++] = *at;
}

void web_retry(struct web *web)
{
        struct endpoint missing[SITES_MAX];
        unsigned missing_count = web->missing_count;

        memcpy(missing, web->missing, sizeof missing);
        web->missing_count = 0;
        for (unsigned i = 0; i < missing_count; i++) {
                unsigned before = web->count;

                if (open_site(web, &missing[i], false) == ERR_OK && web->count > before)
                        start_late(web, &web->site[before], &missing[i]);
        }
        arm(web);
}

void web_close(struct web *web)
{
        for (unsigned i = 0; i < web->count; i++) {
                uv_poll_stop(&web->site[i].poll);
                uv_close((uv_handle_t *)&web->site[i].poll, NULL);
                MHD_stop_daemon(web->site[i].daemon);
        }
        uv_close((uv_handle_t *)&web->timer, NULL);
}

void web_free(struct web *web)
{
        free(web);
}
