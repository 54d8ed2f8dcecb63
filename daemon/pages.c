/* What is at each path. */
#include "pages.h"
#include "totals.h"
#include <stdlib.h>
#include <string.h>

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

static const struct place {
        const char *path;
        struct page (*answer)(struct server *server, const struct page_request *request);
} places[] = {
        { "/metrics", metrics },
};

struct page page_answer(struct server *server, const struct page_request *request)
{
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
                if (strcmp(places[i].path, request->path) == 0)
                        return places[i].answer(server, request);
        }
        return page_sentence(PAGE_MISSING, "There is nothing here.\n");
}
