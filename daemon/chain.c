/* The chain of trust as a graph. */
#include "chain.h"
#include "base/buf.h"
#include "watch/words.h"
#include "wire/rrtype.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_ROOM = 8 * WORDS_FIELD_MAX };

struct graph {
        tree_sink *sink;
        void *context;
        unsigned count; /* of signatures */
};

/* A SIGNATURE step, read. */
struct signature {
        struct name owner, signer;
        uint16_t type;
        unsigned key_tag, algorithm;
        uint64_t expiration;
        const char *verdict;
        size_t verdict_len;
};

static bool read_signature(const struct step_view *step, struct signature *out)
{
        struct step_field owner, type, signer, tag, algorithm, expiration, verdict;

        if (step->kind != STEP_SIGNATURE || !step_field(step, "owner", &owner) || !step_field(step, "type", &type) ||
            !step_field(step, "signer", &signer) || !step_field(step, "key_tag", &tag) ||
            !step_field(step, "algorithm", &algorithm) || !step_field(step, "expiration", &expiration) ||
            !step_field(step, "verdict", &verdict))
                return false;
        *out = (struct signature){
                .owner = owner.name, .signer = signer.name, .type = (uint16_t)type.number,
                .key_tag = (unsigned)tag.number, .algorithm = (unsigned)algorithm.number,
                .expiration = expiration.number, .verdict = verdict.text, .verdict_len = verdict.text_len,
        };
        return true;
}

static bool is_good(const struct signature *signature)
{
        return signature->verdict_len == 4 && memcmp(signature->verdict, "good", 4) == 0;
}

/* Text that is safe in words is safe between quotes once its backslashes are doubled. */
static void write_quoted(struct writer *w, const char *text, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                if (text[i] == '\\')
                        write_u8(w, '\\');
                write_u8(w, (uint8_t)text[i]);
        }
}

static void write_name(struct writer *w, const struct name *name)
{
        char text[WORDS_FIELD_MAX + 1];
        struct writer words = writer_over(text, sizeof text);

        words_name(&words, name);
        write_quoted(w, text, writer_len(&words));
}

/* "www.example. A" */
static void write_set(struct writer *w, const struct name *owner, uint16_t type)
{
        char text[RRTYPE_TEXT_MAX];

        write_text(w, "\"");
        write_name(w, owner);
        write_text(w, " ");
        write_text(w, rrtype_text(type, text));
        write_text(w, "\"");
}

/* "example. key 12345, algorithm 13" */
static void write_key(struct writer *w, const struct signature *signature)
{
        char text[40];

        snprintf(text, sizeof text, " key %u, algorithm %u\"", signature->key_tag, signature->algorithm);
        write_text(w, "\"");
        write_name(w, &signature->signer);
        write_text(w, text);
}

static void put(const struct graph *graph, const struct writer *w, const char *room)
{
        if (!w->failed)
                graph->sink(graph->context, room, writer_len(w));
}

static void put_text(const struct graph *graph, const char *text)
{
        graph->sink(graph->context, text, strlen(text));
}

/* A key points to what it signed, with how long that holds, or why it does not. */
static void put_signature(const struct graph *graph, const struct signature *signature)
{
        char room[LINE_ROOM], date[32] = "?", why[WORDS_FIELD_MAX + 1];
        struct writer w = writer_over(room, sizeof room);
        struct writer words = writer_over(why, sizeof why);
        time_t until = (time_t)signature->expiration;
        struct tm tm;

        if (gmtime_r(&until, &tm))
                (void)strftime(date, sizeof date, "%Y-%m-%d %H:%M", &tm);
        words_text(&words, signature->verdict, signature->verdict_len);
        write_text(&w, "  ");
        write_key(&w, signature);
        write_text(&w, " -> ");
        write_set(&w, &signature->owner, signature->type);
        write_text(&w, is_good(signature) ? " [color=darkgreen, label=\"until "
                                          : " [color=red, fontcolor=red, label=\"");
        if (is_good(signature))
                write_text(&w, date);
        else
                write_quoted(&w, why, writer_len(&words));
        write_text(&w, "\"];\n  ");
        write_key(&w, signature);
        write_text(&w, " [shape=ellipse];\n");
        put(graph, &w, room);
}

/* The key stands in its zone's DNSKEY set, for which the parent's DS set vouches. */
static void put_place(const struct graph *graph, const struct signature *signature)
{
        char room[LINE_ROOM];
        struct writer w = writer_over(room, sizeof room);

        write_text(&w, "  ");
        write_set(&w, &signature->signer, TYPE_DNSKEY);
        write_text(&w, " -> ");
        write_key(&w, signature);
        write_text(&w, " [style=dashed];\n");
        if (signature->type == TYPE_DS) {
                write_text(&w, "  ");
                write_set(&w, &signature->owner, TYPE_DS);
                write_text(&w, " -> ");
                write_set(&w, &signature->owner, TYPE_DNSKEY);
                write_text(&w, " [style=bold];\n");
        }
        put(graph, &w, room);
}

/* A verdict is written beside what it is about: a zone or a name. */
static void put_verdict(const struct graph *graph, const struct step_view *step)
{
        char room[LINE_ROOM], text[WORDS_FIELD_MAX + 1];
        struct writer w = writer_over(room, sizeof room);
        struct writer words = writer_over(text, sizeof text);
        struct step_field name, verdict;

        if (!step_field(step, "name", &name) || !step_field(step, "verdict", &verdict))
                return;
        words_text(&words, verdict.text, verdict.text_len);
        write_text(&w, "  \"");
        write_name(&w, &name.name);
        write_text(&w, ": ");
        write_quoted(&w, text, writer_len(&words));
        write_text(&w, "\" [shape=note");
        if (verdict.text_len >= 5 && memcmp(verdict.text, "bogus", 5) == 0)
                write_text(&w, ", color=red, fontcolor=red");
        write_text(&w, "];\n");
        put(graph, &w, room);
}

void chain_print(const struct trace_view *trace, tree_sink *sink, void *context)
{
        struct graph graph = { sink, context, 0 };
        struct signature signature;
        struct step_view step;

        put_text(&graph, "strict digraph chain {\n  rankdir=TB;\n"
                         "  node [shape=box, fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\", fontsize=10];\n");
        for (size_t at = 0; trace_next(trace, &at, &step);) {
                if (step.kind == STEP_VERDICT)
                        put_verdict(&graph, &step);
                if (!read_signature(&step, &signature))
                        continue;
                put_signature(&graph, &signature);
                put_place(&graph, &signature);
                graph.count++;
        }
        if (!graph.count)
                put_text(&graph, "  \"no signature was looked at in this trace\" [shape=plaintext];\n");
        put_text(&graph, "}\n");
}
