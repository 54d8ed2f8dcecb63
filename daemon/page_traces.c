/* Traces for the page. */
#include "page_traces.h"
#include "archive.h"
#include "base/date.h"
#include "server.h"
#include "tree.h"
#include "watch/words.h"
#include "wire/codes.h"
#include <stdlib.h>
#include <string.h>

enum { TEXT_MIN = 16384, TEXT_MAX = 8 << 20, ITEM_MAX = 4 * WORDS_FIELD_MAX, US_PER_S = 1000000 };

static const char json_type[] = "application/json; charset=utf-8";

/* --- Text that grows ---------------------------------------------------------------------------------------------- */

struct text {
        char *bytes;
        size_t len, room;
        bool failed;
};

static void text_add(void *context, const char *bytes, size_t len)
{
        struct text *text = context;

        if (text->failed)
                return;
        if (text->room - text->len < len) {
                size_t room = 2 * text->room + len + TEXT_MIN;
                char *grown = room <= TEXT_MAX ? realloc(text->bytes, room) : NULL;

                text->failed = !grown;
                if (!grown)
                        return;
                text->bytes = grown;
                text->room = room;
        }
        memcpy(text->bytes + text->len, bytes, len);
        text->len += len;
}

static void text_say(struct text *text, const char *words)
{
        text_add(text, words, strlen(words));
}

static struct page text_page(struct text *text)
{
        if (text->failed) {
                free(text->bytes);
                return page_sentence(PAGE_ERROR, "There is no memory for this.\n");
        }
        return (struct page){ .status = PAGE_OK, .type = json_type, .bytes = text->bytes, .len = text->len,
                              .owned = text->bytes };
}

/* --- The list ----------------------------------------------------------------------------------------------------- */

struct listing {
        struct text text;
        const char *separator;
};

static void write_member(struct writer *w, const char *name, const struct step_field *value)
{
        write_text(w, ",\"");
        write_text(w, name);
        write_text(w, "\":");
        step_field_json(w, value);
}

static void write_time(struct writer *w, uint64_t wall_us)
{
        char text[DATE_TEXT_MAX];

        write_text(w, ",\"time\":\"");
        write_text(w, date_text(wall_us / US_PER_S, text));
        write_text(w, "\"");
}

static void write_item(struct writer *w, const struct summary *summary)
{
        write_text(w, "{\"trace\":\"");
        words_hex(w, summary->id.bytes, TRACE_ID_LEN);
        write_text(w, "\"");
        write_time(w, summary->wall_us);
        write_member(w, "qname", &(struct step_field){ .kind = 'n', .name = summary->qname });
        write_member(w, "qtype", &(struct step_field){ .kind = 't', .number = summary->qtype });
        if (summary->answered) {
                write_member(w, "rcode", &(struct step_field){ .kind = 'r', .number = summary->rcode });
                write_member(w, "total_us", &(struct step_field){ .kind = 'd', .number = summary->total_us });
        }
        if (summary->ede != EDE_NONE)
                write_member(w, "ede", &(struct step_field){ .kind = 'x', .number = summary->ede });
        write_member(w, "sent", &(struct step_field){ .kind = 'u', .number = summary->sent });
        write_text(w, "}");
}

static bool list_item(void *context, const struct vault_item *item)
{
        struct listing *listing = context;
        char room[ITEM_MAX];
        struct writer w = writer_over(room, sizeof room);

        write_item(&w, &item->summary);
        text_say(&listing->text, listing->separator);
        text_add(&listing->text, room, writer_len(&w));
        listing->separator = ",\n";
        return true;
}

/* False: what was typed is no name, so nothing can be below it. */
static bool read_filter(const struct page_request *request, uint8_t room[NAME_WIRE_MAX], struct vault_filter *out)
{
        *out = (struct vault_filter){ .failed = strcmp(request->show, "failed") == 0,
                                      .slow = strcmp(request->show, "slow") == 0 };
        out->below = request->name[0] != 0;
        return !out->below || name_from_text(request->name, room, &out->suffix) == ERR_OK;
}

struct page page_traces(struct server *server, const struct page_request *request)
{
        struct listing listing = { .separator = "" };
        uint8_t room[NAME_WIRE_MAX];
        struct vault_filter filter;

        text_say(&listing.text, "{\"v\":1,\"traces\":[");
        if (read_filter(request, room, &filter) &&
            archive_list(server->reader, &filter, PAGE_TRACES_MAX, list_item, &listing) == ERR_MEMORY)
                listing.text.failed = true;
        text_say(&listing.text, "]}\n");
        return text_page(&listing.text);
}

/* --- One of them -------------------------------------------------------------------------------------------------- */

/* What `write` makes of the trace whose ID ends the path. */
static struct page about_trace(struct server *server, const struct page_request *request,
                               void (*write)(struct text *text, const struct trace_view *trace))
{
        struct text text = { 0 };
        struct trace_view trace;
        uint8_t *bytes = NULL;
        size_t len = 0;

        if (archive_find(server->reader, request->rest, &bytes, &len) || trace_open(bytes, len, &trace)) {
                free(bytes);
                return page_sentence(PAGE_MISSING, "There is no such trace.\n");
        }
        write(&text, &trace);
        free(bytes);
        return text_page(&text);
}

static void write_steps(struct text *text, const struct trace_view *trace)
{
        (void)tree_print(trace, &(struct tree_options){ .json = true }, text_add, text);
}

struct page page_trace(struct server *server, const struct page_request *request)
{
        return about_trace(server, request, write_steps);
}

static void write_words(struct text *text, const struct trace_view *trace)
{
        char sentence[STEP_TEXT_MAX], json[2 * STEP_TEXT_MAX];
        struct step_view step;
        const char *separator = "\"";

        text_say(text, "{\"v\":1,\"steps\":[");
        for (size_t at = 0; trace_next(trace, &at, &step);) {
                struct writer w = writer_over(json, sizeof json);

                words_json(&w, sentence, step_text(&step, sentence, sizeof sentence));
                text_say(text, separator);
                text_add(text, json, writer_len(&w));
                text_say(text, "\"");
                separator = ",\n\"";
        }
        text_say(text, "]}\n");
}

struct page page_words(struct server *server, const struct page_request *request)
{
        return about_trace(server, request, write_words);
}
