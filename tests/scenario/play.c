#include "play.h"
#include "collection.h"
#include "virtual.h"
#include "watch/metrics.h"
#include "watch/trace.h"
#include "witness.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        SERVER_DELAY_US = 10000,       /* a good server's answer takes that long */
        CONNECT_US = 2000000,          /* a connection to nobody fails after that */
        PATIENCE_US = 5000000,         /* of a client */
        RECORD_PATIENCE_US = 11000000, /* a request may go on unheard for ten seconds */
        ASKS_MAX = 256,
        TALLIES_MAX = 64,
        TRACES_MAX = 64,
        TEXT_MAX = 2000,
};

static const uint64_t default_wall_s = 1750000000;

/* One client that waits. */
struct ask {
        uint64_t client;
        bool tcp, edns;
        bool dropped;
        uint8_t *bytes; /* NULL: no response yet */
        size_t len;
};

struct server_tally {
        struct address server;
        unsigned count;
};

struct player {
        struct rpl *rpl;
        const struct play_options *options;
        struct virtual *v;
        uint64_t step;            /* the last one begun */
        uint64_t clients;         /* how many there were */
        unsigned long sends;      /* messages to servers, from the start */
        struct ask ask[ASKS_MAX]; /* of the last QUERY, and of those before it that did not wait */
        unsigned ask_count;
        bool keep_asks; /* the last QUERY did not wait: its clients still do */
        unsigned sent;  /* messages to servers since the last QUERY */
        struct server_tally tally[TALLIES_MAX];
        unsigned tally_count;
        struct {
                uint8_t *bytes;
                size_t len;
        } trace[TRACES_MAX]; /* ended since the last QUERY */
        unsigned trace_count;
        struct witness witness;
        uint8_t message[RPL_MESSAGE_MAX];
        bool failed;
        char *why;
};

static void fail(struct player *p, unsigned line, const char *format, ...)
{
        va_list args;
        int n;

        if (p->failed)
                return;
        p->failed = true;
        n = snprintf(p->why, PLAY_WHY_MAX, "step %llu, line %u: ", (unsigned long long)p->step, line);
        va_start(args, format);
        vsnprintf(p->why + n, (size_t)(PLAY_WHY_MAX - n), format, args);
        va_end(args);
}

static void say(const struct player *p, const char *format, ...)
{
        va_list args;

        if (!p->options->verbose)
                return;
        printf("    %8.3f  ", (double)(virtual_now(p->v).mono_us % 100000000000) / 1e6);
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        putchar('\n');
}

/* --- What servers do ---------------------------------------------------------------------------------------------- */

static void count_sent(struct player *p, const struct address *server)
{
        unsigned i = 0;

        p->sent++;
        p->sends++;
        while (i < p->tally_count && !address_equal(&p->tally[i].server, server))
                i++;
        if (i == TALLIES_MAX)
                return;
        if (i == p->tally_count)
                p->tally[p->tally_count++] = (struct server_tally){ .server = *server };
        p->tally[i].count++;
}

static void answer_with(struct player *p, const struct rpl_entry *entry, const struct action *send,
                        const struct rpl_received *query)
{
        uint64_t delay_us = SERVER_DELAY_US + entry->delay_ms * UINT64_C(1000);
        uint16_t other_id = (uint16_t)((query->bytes[0] ^ 0x55) << 8 | query->bytes[1]);
        char text[TEXT_MAX];
        size_t len;

        if (entry->failure >= 0) {
                say(p, "   server fails (line %u)", entry->line);
                virtual_fail(p->v, send->send.flight, delay_us, (enum failure)entry->failure);
                return;
        }
        len = rpl_write_answer(entry, query, other_id, p->message);
        if (!len) {
                say(p, "   no answer (line %u)", entry->line);
                return;
        }
        rpl_describe(&(struct rpl_received){ p->message, len, query->tcp }, text, sizeof text);
        say(p, "   answer (line %u): %s", entry->line, text);
        for (unsigned i = 0; i < entry->copies; i++)
                virtual_deliver(p->v, send->send.flight, delay_us, p->message, len);
}

static void serve_unforeseen(struct player *p, const struct action *send, const struct rpl_received *query,
                             const char *server)
{
        char text[TEXT_MAX];

        rpl_describe(query, text, sizeof text);
        fail(p, 0, "%s was asked what the file does not foresee: %s", server, text);
        say(p, "   not foreseen: SERVFAIL");
        virtual_deliver(p->v, send->send.flight, SERVER_DELAY_US, p->message, rpl_write_servfail(query, p->message));
}

/* Hook: the resolver sends a message. */
static void server_gets(void *context, const struct action *send)
{
        struct player *p = context;
        struct rpl_received query = { send->send.bytes, send->send.len, send->send.transport == TRANSPORT_TCP };
        struct rpl_entry *entry = NULL;
        char server[ENDPOINT_TEXT_MAX], text[TEXT_MAX];

        endpoint_text(&send->send.to, server);
        rpl_describe(&query, text, sizeof text);
        say(p, "-> %s: %s (%zu bytes, flight %u)", server, text, query.len, send->send.flight);
        count_sent(p, &send->send.to.address);
        switch (rpl_serve(p->rpl, &send->send.to.address, p->step, &query, &entry)) {
        case RPL_SERVED: answer_with(p, entry, send, &query); break;
        case RPL_SILENT:
                say(p, "   nobody lives there");
                if (query.tcp)
                        virtual_fail(p->v, send->send.flight, CONNECT_US, FAILURE_CONNECT);
                break;
        case RPL_UNFORESEEN: serve_unforeseen(p, send, &query, server); break;
        }
}

/* --- What clients get --------------------------------------------------------------------------------------------- */

static void look_at_response(struct player *p, const struct ask *ask)
{
        struct rpl_received response = { ask->bytes, ask->len, ask->tcp };
        char why[WITNESS_WHY_MAX];

        if (!witness_response(&p->witness, &response, ask->edns, why))
                fail(p, 0, "client %llu: %s", (unsigned long long)ask->client, why);
}

/* Hook: a response, or the news that there will be none. */
static void client_gets(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct player *p = context;
        char text[TEXT_MAX] = "nothing: dropped";

        if (bytes)
                rpl_describe(&(struct rpl_received){ bytes, len, false }, text, sizeof text);
        say(p, "<= client %llu gets %s", (unsigned long long)client, text);
        for (unsigned i = 0; i < p->ask_count; i++) {
                struct ask *ask = &p->ask[i];

                if (ask->client != client)
                        continue;
                if (ask->bytes || ask->dropped)
                        fail(p, 0, "client %llu got two responses", (unsigned long long)client);
                ask->dropped = !bytes;
                if (bytes && !ask->bytes) {
                        ask->bytes = malloc(len + 1);
                        memcpy(ask->bytes, bytes, len);
                        ask->len = len;
                        look_at_response(p, ask);
                }
                return;
        }
}

/* Hook: a trace has ended. */
static void trace_ends(void *context, const struct action *record)
{
        struct player *p = context;

        witness_record(&p->witness, record);
        if (!record->record.final || p->trace_count == TRACES_MAX)
                return;
        p->trace[p->trace_count].bytes = malloc(record->record.len + 1);
        memcpy(p->trace[p->trace_count].bytes, record->record.bytes, record->record.len);
        p->trace[p->trace_count++].len = record->record.len;
}

static void print_traces(const struct player *p)
{
        for (unsigned i = 0; i < p->trace_count; i++) {
                struct trace_view trace;
                struct step_view step;
                size_t at = 0;
                char text[TEXT_MAX];

                if (trace_open(p->trace[i].bytes, p->trace[i].len, &trace) != ERR_OK)
                        continue;
                printf("    trace %u\n", i);
                while (trace_next(&trace, &at, &step)) {
                        step_text(&step, text, sizeof text);
                        printf("    %8.3f  [%u] %s: %s\n", (double)step.at_us / 1e6, step.task, step_word(step.kind),
                               text);
                }
        }
}

static void print_metrics(const struct metrics *metrics)
{
        const uint64_t *slot = (const uint64_t *)(const void *)metrics;

        for (const struct metric_row *row = metric_rows; row < metric_rows + METRIC_ROWS; row++) {
                uint64_t sum = 0;

                for (size_t i = 0; i < row->count; i++)
                        sum += slot[row->first + i];
                if (sum)
                        printf("    metric %s: %" PRIu64 "\n", row->name, sum);
        }
}

/* --- Steps -------------------------------------------------------------------------------------------------------- */

static void forget_question(struct player *p)
{
        if (p->options->verbose)
                print_traces(p);
        for (unsigned i = 0; i < p->ask_count; i++)
                free(p->ask[i].bytes);
        for (unsigned i = 0; i < p->trace_count; i++)
                free(p->trace[i].bytes);
        p->ask_count = 0;
        p->trace_count = 0;
        p->tally_count = 0;
        p->sent = 0;
}

static struct endpoint client_address(const struct player *p, const struct rpl_client *client)
{
        struct endpoint from = { .port = (uint16_t)(1024 + p->clients % 60000) };

        if (client->has_address)
                from.address = client->address;
        else if (address_parse(rpl_is_ipv6(p->rpl) ? "fd00:dec::1" : "127.127.0.1", &from.address) != ERR_OK)
                abort();
        return from;
}

static void ask(struct player *p, const struct rpl_entry *entry)
{
        struct endpoint from = client_address(p, &entry->client);
        size_t len;

        if (p->ask_count == ASKS_MAX) {
                fail(p, entry->line, "more than %d clients at once", ASKS_MAX);
                return;
        }
        p->clients++;
        p->ask[p->ask_count++] = (struct ask){
                .client = p->clients, .tcp = entry->client.tcp, .edns = !entry->client.no_edns && !entry->raw };
        len = rpl_write_query(entry, (uint16_t)(p->clients * 40503), p->message);
        virtual_ask(p->v, p->clients, &from, entry->client.tcp ? TRANSPORT_TCP : TRANSPORT_UDP, p->message, len);
}

static bool all_answered(const struct player *p)
{
        for (unsigned i = 0; i < p->ask_count; i++)
                if (!p->ask[i].bytes && !p->ask[i].dropped)
                        return false;
        return true;
}

static enum rpl_step_kind next_kind(const struct player *p, const struct rpl_step *step)
{
        return step + 1 < p->rpl->step + p->rpl->step_count ? step[1].kind : RPL_TIME_PASSES;
}

static void play_query(struct player *p, const struct rpl_step *step)
{
        const struct rpl_entry *entry = step->entry;
        uint64_t until_us = virtual_now(p->v).mono_us + PATIENCE_US;
        char text[TEXT_MAX] = "raw bytes";

        if (!p->keep_asks)
                forget_question(p);
        p->keep_asks = entry->client.no_wait;
        if (!entry->raw) {
                struct rpl_received query = { p->message, rpl_write_query(entry, 0, p->message), entry->client.tcp };

                rpl_describe(&query, text, sizeof text);
        }
        say(p, "=> step %llu: client asks %s", (unsigned long long)step->id, text);
        for (unsigned i = 0; i < entry->client.times; i++)
                ask(p, entry);
        if (entry->client.no_wait ||
            (entry->raw && next_kind(p, step) != RPL_CHECK_ANSWER && next_kind(p, step) != RPL_CHECK_SILENCE))
                return;
        while (!all_answered(p) && virtual_step(p->v, until_us))
                ;
        if (next_kind(p, step) == RPL_CHECK_SILENCE || entry->raw)
                return;
        for (unsigned i = 0; i < p->ask_count; i++)
                if (!p->ask[i].bytes)
                        fail(p, step->line, "client %u of %u got no response within 5 s", i + 1, p->ask_count);
}

static void play_check_answer(struct player *p, const struct rpl_step *step)
{
        char why[PLAY_WHY_MAX / 2];

        for (unsigned i = 0; i < p->ask_count; i++) {
                struct rpl_received response = { p->ask[i].bytes, p->ask[i].len, p->ask[i].tcp };

                if (i + 1 < p->ask_count && step->entry->client.times == 1)
                        continue; /* only the last one is compared, unless CHECK_ANSWER says TIMES */
                if (!response.bytes)
                        fail(p, step->line, "there is no response");
                else if (!rpl_matches(step->entry, &response, why, sizeof why))
                        fail(p, step->line, "%s", why);
        }
        if (!p->ask_count)
                fail(p, step->line, "nobody has asked");
        step->entry->used++;
}

static void play_check_silence(struct player *p, const struct rpl_step *step)
{
        for (unsigned i = 0; i < p->ask_count; i++)
                if (p->ask[i].bytes)
                        fail(p, step->line, "a response came");
}

static bool trace_has(const struct player *p, const struct rpl_trace_line *line)
{
        for (unsigned i = 0; i < p->trace_count; i++) {
                struct trace_view trace;
                struct step_view step;
                size_t at = 0;
                char text[TEXT_MAX];

                if (trace_open(p->trace[i].bytes, p->trace[i].len, &trace) != ERR_OK)
                        continue;
                while (trace_next(&trace, &at, &step)) {
                        if (strcmp(step_word(step.kind), line->word))
                                continue;
                        step_text(&step, text, sizeof text);
                        if (strcasestr(text, line->fragment))
                                return true;
                }
        }
        return false;
}

static void play_check_trace(struct player *p, const struct rpl_step *step)
{
        uint64_t until_us = virtual_now(p->v).mono_us + RECORD_PATIENCE_US;

        while (!p->trace_count && virtual_step(p->v, until_us))
                ;
        if (!p->trace_count)
                fail(p, step->line, "no trace was recorded");
        for (unsigned i = 0; i < step->trace_count; i++) {
                const struct rpl_trace_line *line = &step->trace[i];

                if (trace_has(p, line) != line->wanted)
                        fail(p, line->line, "the trace has %s step %s %s", line->wanted ? "no" : "a", line->word,
                             line->fragment);
        }
}

static void play_check_upstream(struct player *p, const struct rpl_step *step)
{
        unsigned count = step->address.family ? 0 : p->sent;

        for (unsigned i = 0; i < p->tally_count; i++)
                if (step->address.family && address_equal(&p->tally[i].server, &step->address))
                        count = p->tally[i].count;
        if (step->at_most ? count > step->amount : count != step->amount)
                fail(p, step->line, "%u messages went to servers, not %s%llu", count, step->at_most ? "at most " : "",
                     (unsigned long long)step->amount);
}

static void play_wait(struct player *p, uint64_t ms)
{
        uint64_t until_us = virtual_now(p->v).mono_us + ms * 1000;

        say(p, "   %llu ms pass", (unsigned long long)ms);
        while (virtual_step(p->v, until_us))
                ;
}

static void play_step(struct player *p, const struct rpl_step *step)
{
        p->step = step->id;
        switch (step->kind) {
        case RPL_QUERY: play_query(p, step); break;
        case RPL_CHECK_ANSWER: play_check_answer(p, step); break;
        case RPL_TIME_PASSES:
                say(p, "   %llu s pass", (unsigned long long)step->amount);
                virtual_jump(p->v, (int64_t)step->amount);
                break;
        case RPL_WAIT: play_wait(p, step->amount); break;
        case RPL_CHECK_SILENCE: play_check_silence(p, step); break;
        case RPL_CHECK_TRACE: play_check_trace(p, step); break;
        case RPL_CHECK_UPSTREAM: play_check_upstream(p, step); break;
        case RPL_REPLY:
        case RPL_CHECK_OUT_QUERY: break;
        }
}

/* --- The whole ---------------------------------------------------------------------------------------------------- */

static struct virtual *open_world(struct player *p, bool minimise)
{
        struct virtual_hooks hooks = { p, server_gets, client_gets, trace_ends };
        char *yaml = NULL, complaint[VIRTUAL_COMPLAINT_MAX] = "";
        size_t len = 0;
        FILE *text = open_memstream(&yaml, &len);
        struct virtual *v;

        rpl_write_settings(p->rpl, minimise, p->options->settings, text);
        fclose(text);
        if (p->options->verbose)
                printf("    settings:\n%s", yaml);
        v = virtual_new(yaml, rpl_start_time(p->rpl, default_wall_s), p->options->seed, &hooks, complaint);
        if (!v)
                fail(p, 0, "%s", complaint);
        free(yaml);
        return v;
}

/* What the last client was told, if it was a failure. */
static void look_at_end(struct player *p)
{
        char name[COLLECTION_NAME_MAX], why[WITNESS_WHY_MAX];

        collection_name(p->rpl->path, name);
        if (p->options->reasons && !witness_agrees(&p->witness, p->options->reasons, name, why))
                fail(p, 0, "%s", why);
}

bool play(struct rpl *rpl, bool minimise, const struct play_options *options, char why[PLAY_WHY_MAX])
{
        struct player *p = calloc(1, sizeof *p);
        const struct rpl_entry *unused;
        bool passed;

        if (!p)
                abort();
        *p = (struct player){ .rpl = rpl, .options = options, .why = why };
        rpl_rewind(rpl);
        p->v = open_world(p, minimise);
        for (unsigned i = 0; p->v && i < rpl->step_count && !p->failed; i++)
                play_step(p, &rpl->step[i]);
        unused = rpl_unused_mandatory(rpl);
        if (unused)
                fail(p, unused->line, "this MANDATORY entry was never used");
        look_at_end(p);
        passed = !p->failed;
        forget_question(p);
        if (p->v && options->verbose)
                print_metrics(virtual_metrics(p->v));
        if (p->v)
                virtual_free(p->v);
        witness_fini(&p->witness);
        free(p);
        return passed;
}
