/* Cache entries in words. */
#include "show.h"
#include "cache/inspect.h"
#include "watch/words.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include "wire/text.h"

/* What is being shown, and how many entries have been. */
struct showing {
        struct writer *w;
        uint64_t now_s;
        unsigned count;
};

static const char *finding_word(enum finding_kind kind)
{
        switch (kind) {
        case FINDING_NONE:
                return "nothing";
        case FINDING_SET:
                return "records";
        case FINDING_NODATA:
                return "no such record";
        case FINDING_NXDOMAIN:
                return "no such name";
        case FINDING_FAILURE:
                return "failure";
        }
        return "?";
}

static void write_type(struct writer *w, uint16_t type)
{
        char text[RRTYPE_TEXT_MAX];

        write_text(w, rrtype_text(type, text));
}

/* How long it still counts. */
static void write_time(struct showing *showing, uint64_t ends_at)
{
        struct writer *w = showing->w;

        write_text(w, ", ");
        if (ends_at > showing->now_s) {
                words_seconds(w, ends_at - showing->now_s);
                write_text(w, " left");
        } else {
                words_seconds(w, showing->now_s - ends_at);
                write_text(w, " past its end");
        }
}

/* When it was told, by whom, and in the course of which question. */
static void write_origin(struct showing *showing, uint64_t stored_at, const struct address *server,
                         const struct trace_id *trace)
{
        struct writer *w = showing->w;
        char id[TRACE_SHORT_TEXT];

        write_text(w, ", learned ");
        words_seconds(w, showing->now_s > stored_at ? showing->now_s - stored_at : 0);
        write_text(w, " ago");

        if (server->family) {
                write_text(w, ", from ");
                words_server(w, server, 0);
        }
        write_text(w, " by trace ");
        write_text(w, trace_id_short(trace, id));
        write_text(w, "\n");
}

static void write_set(struct writer *w, const struct rrset *set)
{
        static const char indent[] = "        ";
        char text[RDATA_TEXT_MAX];

        for (unsigned i = 0; i < set->count; i++) {
                write_text(w, indent);
                write_type(w, set->type);
                write_text(w, " ");
                write_text(w, rdata_text(set->type, &set->rdata[i], text, sizeof text));
                write_text(w, "\n");
        }
        if (set->sig_count) {
                write_text(w, indent);
                words_number(w, set->sig_count);
                write_text(w, set->sig_count == 1 ? " signature\n" : " signatures\n");
        }
}

static void write_finding(struct showing *showing, const struct cache_seen *seen)
{
        const struct finding *finding = seen->finding;
        struct writer *w = showing->w;

        words_name(w, &seen->key.name);
        if (finding->kind != FINDING_NXDOMAIN) {
                write_text(w, " ");
                write_type(w, seen->key.type);
        }
        write_text(w, ": ");
        write_text(w, finding_word(finding->kind));
        if (finding->kind == FINDING_FAILURE && finding->ede.code != EDE_NONE && ede_text(finding->ede.code)) {
                write_text(w, ", ");
                write_text(w, ede_text(finding->ede.code));
        }
        write_text(w, ", ");
        write_text(w, verdict_word(finding->verdict));
        write_time(showing, finding->ends_at);
        write_origin(showing, finding->stored_at, &finding->server, &finding->trace);
        if (finding->kind == FINDING_SET)
                write_set(w, &finding->set);
}

static void write_delegation(struct showing *showing, const struct cache_seen *seen)
{
        const struct delegation *delegation = seen->delegation;
        struct writer *w = showing->w;

        words_name(w, &seen->key.name);
        write_text(w, ": delegation, ");
        write_text(w, delegation->ds_state == DS_PRESENT ? "signed" : delegation->ds_state == DS_NONE ? "not signed"
                                                                                                     : "DS unknown");
        write_time(showing, delegation->ends_at);
        write_origin(showing, delegation->stored_at, &delegation->from, &delegation->trace);
        for (unsigned i = 0; i < delegation->server_count; i++) {
                const struct delegation_server *server = &delegation->server[i];

                write_text(w, "        NS ");
                words_name(w, &server->name);
                for (unsigned j = 0; j < server->address_count; j++) {
                        write_text(w, " ");
                        words_server(w, &server->address[j], 0);
                }
                write_text(w, "\n");
        }
}

static bool see(void *context, const struct cache_seen *seen)
{
        struct showing *showing = context;

        showing->count++;
        if (seen->finding)
                write_finding(showing, seen);
        else if (seen->delegation)
                write_delegation(showing, seen);
        return !showing->w->failed;
}

enum err show_name(struct store *store, const struct name *name, uint64_t now_s, struct writer *w)
{
        struct showing showing = { .w = w, .now_s = now_s };
        enum err err = cache_show(store, name, see, &showing);

        if (!err && !showing.count)
                err = ERR_MISSING;
        return err;
}
