/* What the words on the control channel do. */
#include "commands.h"
#include "archive.h"
#include "asking.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/unit.h"
#include "cache/settle.h"
#include "commands_kept.h"
#include "config/builtin.h"
#include "list.h"
#include "server.h"
#include "scenario.h"
#include "show.h"
#include "totals.h"
#include "wire/codes.h"
#include "wire/message.h"
#include "wire/name.h"
#include "wire/rrtype.h"
#include "worker.h"
#include "writer.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

enum command_kind {
#define COMMAND(constant, words, arguments, help) COMMAND_##constant,
#define REQUEST COMMAND
#include "commands.def"
#undef REQUEST
#undef COMMAND
        COMMAND_COUNT
};

static const char *const command_words[] = {
#define COMMAND(constant, words, arguments, help) words,
#define REQUEST COMMAND
#include "commands.def"
#undef REQUEST
#undef COMMAND
};

/* More of the reply, as printf says it. */
__attribute__((format(printf, 2, 3))) static void say(struct caller *caller, const char *format, ...)
{
        char text[TEXT_MAX];
        va_list arguments;

        va_start(arguments, format);
        int len = vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        if (len > 0)
                caller_say(caller, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

/* --- Questions ---------------------------------------------------------------------------------------------------- */

/* What a worker has to tell about a question: frames, as drawn in cairn_trace.h. */
static void told(struct letter *letter, void *reader)
{
        struct told *told = holder_of(letter, struct told, letter);
        struct caller *caller = caller_find(reader, told->number);
        uint8_t len[4];

        if (caller) {
                store_u32(len, 0);
                if (told->what != TOLD_TRACE)
                        caller_say(caller, len, sizeof len);
                store_u32(len, (uint32_t)told->len);
                caller_say(caller, len, sizeof len);
                caller_say(caller, told->bytes, told->len);
                if (told->what != TOLD_TRACE)
                        caller_end(caller);
        }
        free(told);
}

/* What the arguments of trace ask for. */
struct trace_call {
        uint8_t room[NAME_WIRE_MAX];
        struct name name;
        uint16_t type;
        bool check_disabled;
        struct ways ways;
};

/* Read them; a sentence that says what is wrong, or NULL. */
static const char *read_trace(const struct command *command, struct trace_call *out)
{
        *out = (struct trace_call){ .type = TYPE_A };
        if (!command->count || name_from_text(command->argument[0], out->room, &out->name))
                return "trace needs a name";
        for (unsigned i = 1; i < command->count; i++) {
                if (strcmp(command->argument[i], "--cold") == 0)
                        out->ways.cold = true;
                else if (strcmp(command->argument[i], "--no-qmin") == 0)
                        out->ways.whole_names = true;
                else if (strcmp(command->argument[i], "--v4") == 0)
                        out->ways.only_ip4 = true;
                else if (strcmp(command->argument[i], "--cd") == 0)
                        out->check_disabled = true;
                else if (rrtype_parse(command->argument[i], &out->type))
                        return "there is no such record type";
        }
        return NULL;
}

/* trace NAME [TYPE] [--cold] [--cd] [--no-qmin] [--v4]. The workers take turns. */
static void run_trace(const struct command *command)
{
        struct server *server = command->server;
        uint64_t number = caller_number(command->caller);
        unsigned worker = (unsigned)(number % server->worker_count);
        uint8_t query[ASKING_QUERY_MAX];
        struct trace_call call;
        const char *wrong = read_trace(command, &call);

        if (wrong) {
                caller_refuse(command->caller, "%s", wrong);
                return;
        }
        size_t len = asking_write_query(query, &call.name, call.type, call.check_disabled);
        if (asking_post(server->worker[worker], &server->control.mailbox, told, number, &call.ways, query, len)) {
                caller_refuse(command->caller, "the daemon is too busy");
                return;
        }
        caller_waits_for(command->caller, worker);
        caller_accept(command->caller);
}

/* --- The cache ---------------------------------------------------------------------------------------------------- */

/* From the writer's thread to the main thread: a flush is done. */
struct flushed {
        struct letter letter;
        struct mailbox *home;
        uint64_t number;
        enum err err;
        uint64_t deleted;
};

static void flushed_open(struct letter *letter, void *reader)
{
        struct flushed *flushed = holder_of(letter, struct flushed, letter);
        struct caller *caller = caller_find(reader, flushed->number);

        if (caller && flushed->err) {
                caller_refuse(caller, "%s; %" PRIu64 " entries were forgotten", err_text(flushed->err),
                              flushed->deleted);
        } else if (caller) {
                caller_accept(caller);
                say(caller, "%" PRIu64 " entries forgotten\n", flushed->deleted);
                caller_end(caller);
        }
        free(flushed);
}

static void flush_done(void *context, enum err err, uint64_t deleted)
{
        struct flushed *flushed = context;

        flushed->err = err;
        flushed->deleted = deleted;
        if (mailbox_post_anyway(flushed->home, &flushed->letter))
                free(flushed);
}

/* What an argument of cache flush is about. ERR_FORM. */
static enum err read_flush(const char *text, uint8_t room[NAME_WIRE_MAX], enum flush_what *what, struct name *name)
{
        size_t len = strlen(text);

        *name = name_root;
        *what = FLUSH_ALL;
        if (strcmp(text, "--all") == 0)
                return ERR_OK;
        *what = len && text[len - 1] == '.' ? FLUSH_ZONE : FLUSH_NAME;
        return name_from_text(text, room, name);
}

/* cache flush NAME | ZONE. | --all */
static void run_cache_flush(const struct command *command)
{
        struct server *server = command->server;
        uint8_t room[NAME_WIRE_MAX];
        enum flush_what what;
        struct name name;

        if (command->count != 1 || read_flush(command->argument[0], room, &what, &name)) {
                caller_refuse(command->caller, "cache flush needs a name, a zone with a final dot, or --all");
                return;
        }
        struct flushed *flushed = calloc(1, sizeof *flushed);
        if (flushed)
                *flushed = (struct flushed){ .letter.open = flushed_open, .home = &server->control.mailbox,
                                             .number = caller_number(command->caller) };
        if (!flushed || writer_flush(server->writer, what, &name, flush_done, flushed)) {
                free(flushed);
                caller_refuse(command->caller, "out of memory");
                return;
        }
        for (unsigned i = 0; i < server->worker_count; i++)
                (void)EXPECT(worker_forget(server->worker[i]) == ERR_OK);
}

/* cache stats */
static void run_cache_stats(const struct command *command)
{
        struct writer_counts writer = writer_counts(command->server->writer);
        struct store_stat stat;
        struct metrics sum;

        totals_sum(command->server, &sum);
        store_stat(command->server->store, &stat);
        uint64_t hits = metrics_total(sum.hits, SHELF_SLOTS), misses = sum.misses[0];

        caller_accept(command->caller);
        say(command->caller,
            "entries    %" PRIu64 ", %s\n"
            "bytes      %" PRIu64 " of %" PRIu64 " (%.1f %%)\n"
            "hits       %" PRIu64 " (%.1f %% of %" PRIu64 " questions)\n"
            "puts       %" PRIu64 " written, %" PRIu64 " not needed, %" PRIu64 " dropped\n"
            "evictions  %" PRIu64 " unused, %" PRIu64 " at their end\n"
            "flushes    %" PRIu64 "\n",
            stat.entries, stat.in_memory ? "in memory" : "on disk", stat.bytes, stat.size,
            stat.size ? 100.0 * (double)stat.bytes / (double)stat.size : 0.0, hits,
            hits + misses ? 100.0 * (double)hits / (double)(hits + misses) : 0.0, hits + misses, writer.settled.put,
            writer.settled.kept, writer.dropped + writer.settled.full + writer.settled.lost, writer.settled.evicted,
            writer.settled.expired, writer.flushes);
        caller_end(command->caller);
}

/* What is known of a name, to be freed; *len is 0 with *err when there is nothing to be said. */
static char *write_show(struct server *server, const struct name *name, size_t *len, enum err *err)
{
        char *text = malloc(SHOW_MAX);
        struct writer w = writer_over(text, text ? SHOW_MAX : 0);
        struct clock clock;

        clock_tick(&clock);
        *err = text ? show_name(server->store, name, clock.now.cache_s, &w) : ERR_MEMORY;
        *len = *err ? 0 : writer_len(&w);
        return text;
}

/* cache show NAME */
static void run_cache_show(const struct command *command)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name;
        enum err err;
        size_t len;

        if (command->count != 1 || name_from_text(command->argument[0], room, &name)) {
                caller_refuse(command->caller, "cache show needs a name");
                return;
        }
        char *text = write_show(command->server, &name, &len, &err);
        if (err) {
                caller_refuse(command->caller, "%s",
                              err == ERR_MISSING ? "nothing is known about this name" : err_text(err));
        } else {
                caller_accept(command->caller);
                caller_say(command->caller, text, len);
                caller_end(command->caller);
        }
        free(text);
}

/* --- Trust -------------------------------------------------------------------------------------------------------- */

/* What one of the show functions writes, as the reply. */
static void reply_with(const struct command *command, void (*show)(const struct keeper *keeper, struct writer *writer))
{
        char *text = malloc(KEEPER_TEXT_MAX);

        if (!text) {
                caller_refuse(command->caller, "out of memory");
                return;
        }
        struct writer w = writer_over(text, KEEPER_TEXT_MAX);
        show(&command->server->keeper, &w);
        caller_accept(command->caller);
        caller_say(command->caller, text, writer_len(&w));
        caller_end(command->caller);
        free(text);
}

/* anchors */
static void run_anchors(const struct command *command)
{
        reply_with(command, keeper_show);
}

/* What the arguments of negative-anchor add ask for. */
struct negative_call {
        uint8_t room[NAME_WIRE_MAX];
        struct name name;
        uint64_t ends_s;
        const char *reason;
};

/* Read them; a sentence that says what is wrong, or NULL. */
static const char *read_negative(const struct command *command, uint64_t now_s, struct negative_call *out)
{
        uint64_t life_s;

        *out = (struct negative_call){ .ends_s = now_s + NEGATIVE_LIFE_S, .reason = "" };
        if (command->count % 2 != 1 || name_from_text(command->argument[0], out->room, &out->name))
                return "negative-anchor add needs a name";
        for (unsigned i = 1; i < command->count; i += 2) {
                const char *flag = command->argument[i], *value = command->argument[i + 1];

                if (strcmp(flag, "--reason") == 0)
                        out->reason = value;
                else if (strcmp(flag, "--for") == 0 && unit_read_time(value, UINT32_MAX, &life_s))
                        out->ends_s = now_s + life_s;
                else if (strcmp(flag, "--until") != 0 || !date_parse(value, &out->ends_s))
                        return "negative-anchor add takes --for 2h, --until 2026-12-01 and --reason";
        }
        if (out->ends_s <= now_s || out->ends_s > now_s + NEGATIVE_LIFE_MAX_S)
                return "a negative trust anchor ends within a week from now; those of the settings are for good";
        return NULL;
}

/* negative-anchor add NAME [--for TIME | --until DATE] [--reason TEXT] */
static void run_negative_add(const struct command *command)
{
        struct negative_call call;
        struct clock clock;

        clock_tick(&clock);
        const char *wrong = read_negative(command, clock.now.wall_s, &call);
        if (!wrong && !keeper_add_negative(&command->server->keeper, &call.name, call.ends_s, call.reason))
                wrong = "there are too many negative trust anchors";
        if (wrong) {
                caller_refuse(command->caller, "%s", wrong);
                return;
        }
        reply_with(command, keeper_show_negatives);
}

/* negative-anchor list */
static void run_negative_list(const struct command *command)
{
        reply_with(command, keeper_show_negatives);
}

/* negative-anchor remove NAME */
static void run_negative_remove(const struct command *command)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        if (command->count != 1 || name_from_text(command->argument[0], room, &name)) {
                caller_refuse(command->caller, "negative-anchor remove needs a name");
        } else if (!keeper_drop_negative(&command->server->keeper, &name)) {
                caller_refuse(command->caller, "no such negative trust anchor was made by a command");
        } else {
                caller_accept(command->caller);
                caller_end(command->caller);
        }
}

/* --- The daemon --------------------------------------------------------------------------------------------------- */

/* metrics */
static void run_metrics(const struct command *command)
{
        char *text = malloc(METRICS_TEXT_MAX);

        if (!text) {
                caller_refuse(command->caller, "out of memory");
                return;
        }
        struct writer w = writer_over(text, METRICS_TEXT_MAX);
        totals_text(command->server, false, &w);
        caller_accept(command->caller);
        caller_say(command->caller, text, writer_len(&w));
        caller_end(command->caller);
        free(text);
}

static void say_addresses(const struct command *command)
{
        const struct doors *doors = &command->server->doors;
        char where[ADDRESS_TEXT_MAX];

        say(command->caller, "listens on  ");
        for (unsigned i = 0; i < doors->count; i++)
                say(command->caller, "%s%s port %u", i ? ", " : "", address_text(&doors->door[i].at.address, where),
                    doors->door[i].at.port);
        say(command->caller, "\n");
}

/* status */
static void run_status(const struct command *command)
{
        struct server *server = command->server;
        struct store_stat stat;
        struct metrics sum;
        struct clock clock;

        clock_tick(&clock);
        totals_sum(server, &sum);
        store_stat(server->store, &stat);
        caller_accept(command->caller);
        say(command->caller, "version     %s\nrunning     %" PRIu64 " s\nprocess     %ld\n", builtin_version,
            clock.now.wall_s > server->started_s ? clock.now.wall_s - server->started_s : 0, (long)getpid());
        say_addresses(command);
        say(command->caller,
            "workers     %u\n"
            "cache       %" PRIu64 " entries, %s\n"
            "questions   %" PRIu64 ", of which %" PRIu64 " are under way\n"
            "to servers  %" PRIu64 " messages, of which %" PRIu64 " are under way\n"
            "connections %" PRIu64 "\n",
            server->worker_count, stat.entries, stat.in_memory ? "in memory" : "on disk",
            metrics_total(sum.questions, TRANSPORT_SLOTS), sum.requests[0],
            metrics_total(sum.upstream_sent, TRANSPORT_SLOTS), sum.flights[0], sum.connections[0]);
        caller_end(command->caller);
}

/* replay-settings */
static void run_replay_settings(const struct command *command)
{
        char *text = malloc(REPLAY_SETTINGS_MAX);
        struct writer w = writer_over(text, text ? REPLAY_SETTINGS_MAX : 0);

        if (text)
                scenario_settings(&w, command->server->policy->settings);
        if (!text || w.failed) {
                caller_refuse(command->caller, "out of memory");
        } else {
                caller_accept(command->caller);
                caller_say(command->caller, text, writer_len(&w));
                caller_end(command->caller);
        }
        free(text);
}

/* reload */
static void run_reload(const struct command *command)
{
        struct config_complaints complaints = { 0 };

        if (!server_reload(command->server, &complaints)) {
                caller_refuse(command->caller, "%s", complaints.count ? complaints.item[0].text : "out of memory");
                return;
        }
        caller_accept(command->caller);
        caller_end(command->caller);
}

/* stop */
static void run_stop(const struct command *command)
{
        caller_accept(command->caller);
        caller_end(command->caller);
        server_stop(command->server);
}

/* --- Requests ----------------------------------------------------------------------------------------------------- */

/*
 * Cut a line into words, at its spaces; a word with spaces stands in quotes. Returns how many there are; those beyond
 * the maximum are left out.
 */
static unsigned cut(char *line, const char *word[COMMAND_WORDS_MAX])
{
        unsigned count = 0;

        for (char *at = line + strspn(line, " "); *at && count < COMMAND_WORDS_MAX; at += strspn(at, " ")) {
                const char *end = *at == '"' ? "\"" : " ";

                at += *at == '"';
                word[count++] = at;
                at += strcspn(at, end);
                if (*at)
                        *at++ = 0;
        }
        return count;
}

/* How many words of the request make this command's name; 0: they do not. */
static unsigned words_matching(const char *name, const char *const *word, unsigned count)
{
        for (unsigned i = 0; i < count; i++) {
                size_t len = strcspn(name, " ");

                if (strlen(word[i]) != len || memcmp(word[i], name, len) != 0)
                        return 0;
                if (!name[len])
                        return i + 1;
                name += len + 1;
        }
        return 0;
}

static void run(enum command_kind kind, const struct command *command)
{
        switch (kind) {
        case COMMAND_TRACE:
                run_trace(command);
                break;
        case COMMAND_KEPT:
                run_kept(command);
                break;
        case COMMAND_KEPT_LIST:
                run_kept_list(command);
                break;
        case COMMAND_REPLAY_SETTINGS:
                run_replay_settings(command);
                break;
        case COMMAND_CACHE_SHOW:
                run_cache_show(command);
                break;
        case COMMAND_CACHE_FLUSH:
                run_cache_flush(command);
                break;
        case COMMAND_CACHE_STATS:
                run_cache_stats(command);
                break;
        case COMMAND_ANCHORS:
                run_anchors(command);
                break;
        case COMMAND_NEGATIVE_ADD:
                run_negative_add(command);
                break;
        case COMMAND_NEGATIVE_LIST:
                run_negative_list(command);
                break;
        case COMMAND_NEGATIVE_REMOVE:
                run_negative_remove(command);
                break;
        case COMMAND_METRICS:
                run_metrics(command);
                break;
        case COMMAND_STATUS:
                run_status(command);
                break;
        case COMMAND_RELOAD:
                run_reload(command);
                break;
        case COMMAND_STOP:
                run_stop(command);
                break;
        case COMMAND_COUNT:
                caller_refuse(command->caller, "there is no such command");
                break;
        }
}

void command_run(struct server *server, struct caller *caller, char *line)
{
        struct command command = { .server = server, .caller = caller };
        const char *word[COMMAND_WORDS_MAX];
        unsigned count = cut(line, word), used = 0;
        enum command_kind kind = 0;

        while (kind < COMMAND_COUNT && !(used = words_matching(command_words[kind], word, count)))
                kind++;
        for (unsigned i = used; i < count; i++)
                command.argument[command.count++] = word[i];
        run(kind, &command);
}
