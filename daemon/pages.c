/* What is at each path. */
#include "pages.h"
#include "assets.h"
#include "config/builtin.h"
#include "page_traces.h"
#include "server.h"
#include "totals.h"
#include "watch/words.h"
#include <stdlib.h>
#include <string.h>

enum { STATUS_MAX = 8192 };

struct page page_sentence(unsigned status, const char *sentence)
{
        return (struct page){
                .status = status, .type = "text/plain; charset=utf-8", .bytes = sentence, .len = strlen(sentence)
        };
}

/* What a writer wrote over malloc'ed room. */
static struct page written(const char *type, char *room, const struct writer *w)
{
        if (!room || w->failed) {
                free(room);
                return page_sentence(PAGE_ERROR, "There is no memory for this.\n");
        }
        return (struct page){ .status = PAGE_OK, .type = type, .bytes = room, .len = writer_len(w), .owned = room };
}

/* Prometheus asks for OpenMetrics first, where it can have both. */
static struct page metrics(struct server *server, const struct page_request *request)
{
        bool open = strstr(request->accept, "application/openmetrics-text") != NULL;
        char *room = malloc(METRICS_TEXT_MAX);
        struct writer w = writer_over(room, room ? METRICS_TEXT_MAX : 0);

        totals_text(server, open, &w);
        return written(open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                            : "text/plain; version=0.0.4; charset=utf-8", room, &w);
}

/* {"v":1,"version":"0.1.0","started":1795379540,"workers":2,"listen":[{"address":"127.0.0.1","port":53}]} */
static struct page status(struct server *server, const struct page_request *request)
{
        char *room = malloc(STATUS_MAX), where[ADDRESS_TEXT_MAX];
        struct writer w = writer_over(room, room ? STATUS_MAX : 0);

        (void)request;
        write_text(&w, "{\"v\":1,\"version\":\"");
        write_text(&w, builtin_version);
        write_text(&w, "\",\"started\":");
        words_number(&w, server->started_s);
        write_text(&w, ",\"workers\":");
        words_number(&w, server->worker_count);
        write_text(&w, ",\"listen\":[");
        for (unsigned i = 0; i < server->doors.count; i++) {
                const struct endpoint *at = &server->doors.door[i].at;

                write_text(&w, i ? ",{\"address\":\"" : "{\"address\":\"");
                write_text(&w, address_text(&at->address, where));
                write_text(&w, "\",\"port\":");
                words_number(&w, at->port);
                write_text(&w, "}");
        }
        write_text(&w, "]}\n");
        return written("application/json; charset=utf-8", room, &w);
}

static struct page history(struct server *server, const struct page_request *request)
{
        char *room = malloc(HISTORY_JSON_MAX);
        struct writer w = writer_over(room, room ? HISTORY_JSON_MAX : 0);

        history_json(&server->history, strtoull(request->after, NULL, 10), &w);
        return written("application/json; charset=utf-8", room, &w);
}

/* Each path, and those that go on behind a final slash. */
static const struct place {
        const char *path;
        struct page (*answer)(struct server *server, const struct page_request *request);
} places[] = {
        { "/metrics", metrics },         { "/api/status", status },     { "/api/history", history },
        { "/api/traces", page_traces },  { "/api/trace/", page_trace }, { "/api/words/", page_words },
};

static bool is_at(const struct page_request *request, const char *path)
{
        size_t len = strlen(path);

        return path[len - 1] == '/' ? strncmp(request->path, path, len) == 0 : strcmp(request->path, path) == 0;
}

struct page page_answer(struct server *server, const struct page_request *request)
{
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
                struct page_request found = *request;

                if (!is_at(request, places[i].path))
                        continue;
                found.rest = request->path + strlen(places[i].path);
                return places[i].answer(server, &found);
        }
        for (size_t i = 0; i < asset_count; i++) {
                const struct asset *asset = &assets[i];

                if (strcmp(request->path, asset->path) == 0)
                        return (struct page){ .status = PAGE_OK, .type = asset->type, .bytes = asset->bytes,
                                              .len = asset->len };
        }
        return page_sentence(PAGE_MISSING, "There is nothing here.\n");
}
