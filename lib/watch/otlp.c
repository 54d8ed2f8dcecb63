#include "watch/otlp.h"

#include "watch/words.h"
#include "wire/codes.h"
#include <stdio.h>
#include <string.h>

enum {
        TASKS_MAX = 512,    /* told apart; further ones count as the question */
        MESSAGES_MAX = 256, /* the same; the budget allows 100 */
        NS_PER_US = 1000,
        NAME_MAX = 32,      /* of a field */
};

/* The kinds of spans and their states, as numbered by OTLP. */
enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER = 2, SPAN_CLIENT = 3 };
enum { STATUS_ERROR = 2 };

/* A message to a server: the step that sent it and the one that ended the waiting. */
struct message {
        struct step_view sent, ended; /* ended.kind STEP_COUNT: nobody waited so long */
        struct step_field server;
};

struct task {
        struct step_view begin; /* kind STEP_COUNT: it never did */
        uint32_t first_us, last_us;
        bool seen;
};

/* What is gathered of a trace before it is written. */
struct walk {
        const struct trace_view *trace;
        struct task task[TASKS_MAX];
        struct message message[MESSAGES_MAX];
        unsigned messages;
        uint32_t end_us;
        bool failed; /* the client got SERVFAIL */
        struct step_view gave_up;
        struct writer *w;
        const char *separator;
};

/* --- Gathering --------------------------------------------------------------------------------------------------- */

static uint16_t task_of(const struct step_view *step)
{
        return step->task < TASKS_MAX ? step->task : 0;
}

static void see_task(struct walk *walk, const struct step_view *step)
{
        struct task *task = &walk->task[task_of(step)];

        if (!task->seen)
                *task = (struct task){ .begin.kind = STEP_COUNT, .first_us = step->at_us, .seen = true };
        if (step->kind == STEP_TASK || step->kind == STEP_QUESTION)
                task->begin = *step;
        task->last_us = step->at_us;
        walk->end_us = step->at_us;
}

static bool is_same_server(const struct step_field *a, const struct step_field *b)
{
        return a->port == b->port && address_equal(&a->address, &b->address);
}

static void see_message(struct walk *walk, const struct step_view *step)
{
        struct step_field server;

        if (!step_field(step, "server", &server))
                return;
        if (step->kind == STEP_SEND) {
                if (walk->messages < MESSAGES_MAX)
                        walk->message[walk->messages++] =
                                (struct message){ .sent = *step, .ended.kind = STEP_COUNT, .server = server };
                return;
        }
        for (struct message *message = walk->message; message < walk->message + walk->messages; message++) {
                if (message->ended.kind == STEP_COUNT && message->sent.task == step->task &&
                    is_same_server(&message->server, &server)) {
                        message->ended = *step;
                        return;
                }
        }
}

static bool ends_message(enum step_kind kind)
{
        return kind == STEP_RECEIVED || kind == STEP_TIMEOUT || kind == STEP_FAILED;
}

static void gather(struct walk *walk)
{
        struct step_field rcode;
        struct step_view step;

        for (size_t at = 0; trace_next(walk->trace, &at, &step);) {
                see_task(walk, &step);
                if (step.kind == STEP_SEND || ends_message(step.kind))
                        see_message(walk, &step);
                if (step.kind == STEP_GAVE_UP && step.task == 0)
                        walk->gave_up = step;
                if (step.kind == STEP_ANSWER && step_field(&step, "rcode", &rcode))
                        walk->failed = rcode.number == RCODE_SERVFAIL;
        }
}

/* --- Pieces ------------------------------------------------------------------------------------------------------ */

/* The ID of a part of a walk: like that of the walk, and different from all its other parts. Never 0. */
static uint64_t part_id(uint64_t span, uint64_t part)
{
        uint64_t id = span ^ (part * 0x9e3779b97f4a7c15u);

        return id ? id : 1;
}

static uint64_t task_id(const struct walk *walk, uint16_t task)
{
        return part_id(walk->trace->span, task);
}

static void write_id(struct writer *w, const char *member, uint64_t id)
{
        uint8_t bytes[8];

        store_u64(bytes, id);
        write_text(w, member);
        words_hex(w, bytes, sizeof bytes);
        write_text(w, "\"");
}

static void write_time(struct writer *w, const char *member, const struct walk *walk, uint32_t at_us)
{
        write_text(w, member);
        words_number(w, (walk->trace->wall_us + at_us) * NS_PER_US);
        write_text(w, "\"");
}

static void begin_attribute(struct writer *w, const char **separator, const char *prefix, const char *key)
{
        write_text(w, *separator);
        write_text(w, "{\"key\":\"");
        write_text(w, prefix);
        write_text(w, key);
        *separator = ",";
}

static void write_string(struct writer *w, const char **separator, const char *key, const char *value, size_t len)
{
        begin_attribute(w, separator, "", key);
        write_text(w, "\",\"value\":{\"stringValue\":\"");
        words_json(w, value, len);
        write_text(w, "\"}}");
}

static void write_word(struct writer *w, const char **separator, const char *key, const char *word)
{
        write_string(w, separator, key, word, strlen(word));
}

static void write_number(struct writer *w, const char **separator, const char *key, uint64_t value)
{
        begin_attribute(w, separator, "", key);
        write_text(w, "\",\"value\":{\"intValue\":\"");
        words_number(w, value);
        write_text(w, "\"}}");
}

/* A field of a step under a name of the conventions; nothing where it is missing. */
static void write_known(struct writer *w, const char **separator, const char *key, const struct step_view *step,
                        const char *name)
{
        char text[WORDS_FIELD_MAX + NAME_TEXT_MAX];
        struct writer words = writer_over(text, sizeof text);
        struct step_field field;

        if (step->kind == STEP_COUNT || !step_field(step, name, &field))
                return;
        if (strchr("uds", field.kind)) {
                write_number(w, separator, key, field.number);
                return;
        }
        step_field_text(&words, &field);
        write_string(w, separator, key, text, writer_len(&words));
}

/* An address and its port as the conventions want them: apart. */
static void write_endpoint(struct writer *w, const char **separator, const char *address_key, const char *port_key,
                           const struct step_field *endpoint)
{
        char text[ADDRESS_TEXT_MAX];

        address_text(&endpoint->address, text);
        write_word(w, separator, address_key, text);
        if (endpoint->port)
                write_number(w, separator, port_key, endpoint->port);
}

/* --- Events ------------------------------------------------------------------------------------------------------ */

/* All fields of a step, called cairn.NAME. */
static void write_fields(struct writer *w, const struct step_view *step)
{
        const char *separator = "", *name = step_fields(step->kind);

        for (size_t len; *name; name += len + (name[len] == ',')) {
                char key[NAME_MAX], full[sizeof "cairn." + NAME_MAX + 3];
                struct step_field field;

                len = strcspn(name, ",");
                (void)snprintf(key, sizeof key, "%.*s", (int)len, name);
                if (!step_field(step, key, &field) || (field.kind == 'x' && field.number == EDE_NONE))
                        continue;
                (void)snprintf(full, sizeof full, "cairn.%s%s", key, step_field_unit(field.kind));
                write_known(w, &separator, full, step, key);
        }
}

/* What is a span of its own, or only of use to replay. */
static bool is_event(enum step_kind kind)
{
        return kind != STEP_QUESTION && kind != STEP_TASK && kind != STEP_SEND && kind != STEP_MESSAGE &&
               !ends_message(kind);
}

static void write_events(struct walk *walk, uint16_t task)
{
        struct writer *w = walk->w;
        const char *separator = "";
        struct step_view step;

        write_text(w, ",\"events\":[");
        for (size_t at = 0; trace_next(walk->trace, &at, &step);) {
                if (task_of(&step) != task || !is_event(step.kind))
                        continue;
                write_text(w, separator);
                write_time(w, "{\"timeUnixNano\":\"", walk, step.at_us);
                write_text(w, ",\"name\":\"");
                write_text(w, step_word(step.kind));
                write_text(w, "\",\"attributes\":[");
                write_fields(w, &step);
                write_text(w, "]}");
                separator = ",";
        }
        write_text(w, "]");
}

/* --- Spans ------------------------------------------------------------------------------------------------------- */

static void begin_span(struct walk *walk, uint64_t id, uint64_t parent, enum span_kind kind, const char *name)
{
        struct writer *w = walk->w;

        write_text(w, walk->separator);
        walk->separator = ",\n";
        write_text(w, "{\"traceId\":\"");
        words_hex(w, walk->trace->id.bytes, TRACE_ID_LEN);
        write_id(w, "\",\"spanId\":\"", id);
        if (parent)
                write_id(w, ",\"parentSpanId\":\"", parent);
        write_text(w, ",\"name\":\"");
        words_json(w, name, strlen(name));
        write_text(w, "\",\"kind\":");
        words_number(w, kind);
}

static void write_span_times(struct walk *walk, uint32_t from_us, uint32_t to_us)
{
        write_time(walk->w, ",\"startTimeUnixNano\":\"", walk, from_us);
        write_time(walk->w, ",\"endTimeUnixNano\":\"", walk, to_us);
        write_text(walk->w, ",\"attributes\":[");
}

/* The end of a span whose attributes are written; why: a step that says why it failed, or NULL. */
static void end_span(struct walk *walk, const struct step_view *why)
{
        char text[STEP_TEXT_MAX];

        if (why) {
                write_text(walk->w, ",\"status\":{\"code\":");
                words_number(walk->w, STATUS_ERROR);
                write_text(walk->w, ",\"message\":\"");
                words_json(walk->w, text, step_text(why, text, sizeof text));
                write_text(walk->w, "\"}");
        }
        write_text(walk->w, "}");
}

/* "dns A", "dns task A": few names, as the conventions want it; the question is an attribute. */
static void span_name(const char *what, const struct step_view *step, char *out, size_t size)
{
        struct writer w = writer_over(out, size - 1);
        struct step_field type;

        write_text(&w, what);
        if (step->kind != STEP_COUNT && step_field(step, "qtype", &type)) {
                write_text(&w, " ");
                step_field_text(&w, &type);
        }
        *w.at = 0;
}

static void write_question(struct walk *walk)
{
        const struct task *task = &walk->task[0];
        const char *separator = "";
        struct step_field client;
        char name[64];

        span_name("dns", &task->begin, name, sizeof name);
        begin_span(walk, task_id(walk, 0), walk->trace->parent, SPAN_SERVER, name);
        write_span_times(walk, 0, walk->end_us);
        write_known(walk->w, &separator, "dns.question.name", &task->begin, "qname");
        write_known(walk->w, &separator, "dns.question.type", &task->begin, "qtype");
        if (task->begin.kind == STEP_QUESTION && step_field(&task->begin, "client", &client) && client.address.family)
                write_endpoint(walk->w, &separator, "client.address", "client.port", &client);
        write_known(walk->w, &separator, "network.transport", &task->begin, "transport");
        write_word(walk->w, &separator, "network.protocol.name", "dns");
        write_text(walk->w, "]");
        write_events(walk, 0);
        end_span(walk, walk->failed && walk->gave_up.kind == STEP_GAVE_UP ? &walk->gave_up : NULL);
}

static void write_task(struct walk *walk, uint16_t number)
{
        const struct task *task = &walk->task[number];
        struct step_field parent = { .number = 0 };
        const char *separator = "";
        char name[64];

        if (task->begin.kind == STEP_TASK && step_field(&task->begin, "parent", &parent) &&
            (parent.number >= TASKS_MAX || parent.number == number))
                parent.number = 0;
        span_name("dns task", &task->begin, name, sizeof name);
        begin_span(walk, task_id(walk, number), task_id(walk, (uint16_t)parent.number), SPAN_INTERNAL, name);
        write_span_times(walk, task->first_us, task->last_us);
        write_known(walk->w, &separator, "dns.question.name", &task->begin, "qname");
        write_known(walk->w, &separator, "dns.question.type", &task->begin, "qtype");
        write_known(walk->w, &separator, "cairn.why", &task->begin, "why");
        write_text(walk->w, "]");
        write_events(walk, number);
        end_span(walk, NULL);
}

static void write_message(struct walk *walk, unsigned number)
{
        const struct message *message = &walk->message[number];
        const struct step_view *sent = &message->sent, *ended = &message->ended;
        bool lost = ended->kind == STEP_TIMEOUT || ended->kind == STEP_FAILED;
        const char *separator = "";
        char name[64];

        span_name("dns message", sent, name, sizeof name);
        begin_span(walk, part_id(walk->trace->span, TASKS_MAX + number), task_id(walk, task_of(sent)), SPAN_CLIENT,
                   name);
        write_span_times(walk, sent->at_us, ended->kind == STEP_COUNT ? walk->end_us : ended->at_us);
        write_known(walk->w, &separator, "dns.question.name", sent, "qname");
        write_known(walk->w, &separator, "dns.question.type", sent, "qtype");
        write_endpoint(walk->w, &separator, "server.address", "server.port", &message->server);
        write_endpoint(walk->w, &separator, "network.peer.address", "network.peer.port", &message->server);
        write_known(walk->w, &separator, "network.transport", sent, "transport");
        write_word(walk->w, &separator, "network.protocol.name", "dns");
        write_known(walk->w, &separator, "cairn.sent_bytes", sent, "bytes");
        write_known(walk->w, &separator, "cairn.reason", sent, "why");
        if (ended->kind == STEP_RECEIVED) {
                write_known(walk->w, &separator, "dns.response_code", ended, "rcode");
                write_known(walk->w, &separator, "cairn.class", ended, "class");
                write_known(walk->w, &separator, "cairn.received_bytes", ended, "bytes");
        } else if (lost) {
                write_word(walk->w, &separator, "error.type", step_word(ended->kind));
        }
        write_text(walk->w, "]");
        end_span(walk, lost ? ended : NULL);
}

void otlp_spans(struct writer *w, const struct trace_view *trace, const char *separator)
{
        struct walk walk = { .trace = trace, .w = w, .separator = separator, .gave_up.kind = STEP_COUNT };

        walk.task[0].begin.kind = STEP_COUNT;
        gather(&walk);
        write_question(&walk);
        for (unsigned i = 1; i < TASKS_MAX; i++) {
                if (walk.task[i].seen)
                        write_task(&walk, (uint16_t)i);
        }
        for (unsigned i = 0; i < walk.messages; i++)
                write_message(&walk, i);
}

void otlp_begin(struct writer *w, const char *version)
{
        const char *separator = "";

        write_text(w, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
        write_word(w, &separator, "service.name", "cairn");
        write_word(w, &separator, "service.version", version);
        write_text(w, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"cairn\",\"version\":\"");
        words_json(w, version, strlen(version));
        write_text(w, "\"},\"spans\":[\n");
}

void otlp_end(struct writer *w)
{
        write_text(w, "]}]}]}\n");
}
