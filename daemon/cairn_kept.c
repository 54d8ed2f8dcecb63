#include "cairn_kept.h"

#include "base/unit.h"
#include "cairn_say.h"
#include "chain.h"
#include "scenario.h"
#include "watch/keep.h"
#include "watch/words.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_SHORTEST = 6, ID_LONGEST = 32, WORDS_MAX = 12, SETTINGS_MAX = 1 << 18, NUMBER_TEXT = 24 };

/* Hex digits and nothing else, at least six of them. A name that looks like this is meant with its final dot. */
static bool is_id(const char *word)
{
        size_t len = strspn(word, "0123456789abcdefABCDEF");

        return !word[len] && len >= ID_SHORTEST && len <= ID_LONGEST;
}

static bool lists(const struct call *call)
{
        return call->flag[CALL_FAILED] || call->flag[CALL_SLOW] || call->flag[CALL_SINCE] || call->flag[CALL_NAME] ||
               call->flag[CALL_MAX];
}

bool kept_is_meant(const struct call *call)
{
        return call->flag[CALL_LAST] || lists(call) || (call->word_count == 2 && is_id(call->words[1]));
}

/* --- What is asked ------------------------------------------------------------------------------------------------ */

/* A time as the daemon reads it: seconds, in digits. */
static bool read_time(const char *text, char out[NUMBER_TEXT])
{
        uint64_t seconds;

        if (!unit_read_time(text, UINT32_MAX * UINT64_C(86400), &seconds))
                return false;
        snprintf(out, NUMBER_TEXT, "%" PRIu64, seconds);
        return true;
}

/* A request being put together. */
struct request_words {
        int count;
        const char *word[WORDS_MAX];
        char since[NUMBER_TEXT];
};

static void add(struct request_words *request, const char *word)
{
        if (request->count < WORDS_MAX)
                request->word[request->count++] = word;
}

static bool list_words(const struct call *call, struct request_words *out)
{
        *out = (struct request_words){ .count = 0 };
        add(out, "kept-list");
        if (call->flag[CALL_FAILED])
                add(out, "--failed");
        if (call->flag[CALL_SLOW])
                add(out, "--slow");
        if (call->flag[CALL_NAME]) {
                add(out, "--name");
                add(out, call->flag[CALL_NAME]);
        }
        if (call->flag[CALL_SINCE]) {
                if (!read_time(call->flag[CALL_SINCE], out->since))
                        return say_wrong("--since is a time like 90s, 10m, 2h or 1d");
                add(out, "--since");
                add(out, out->since);
        }
        if (call->flag[CALL_MAX] || call->flag[CALL_LAST]) {
                add(out, "--max");
                add(out, call->flag[CALL_LAST] ? "1" : call->flag[CALL_MAX]);
        }
        return true;
}

/* The next frame, to be freed; NULL with *len 0 at the end, NULL with another on error. */
static uint8_t *read_frame(struct channel *channel, size_t *len)
{
        uint8_t prefix[4];

        *len = SIZE_MAX;
        if (!channel_read(channel, prefix, sizeof prefix))
                return NULL;
        *len = load_u32(prefix);
        uint8_t *bytes = *len && *len <= TRACE_MAX ? malloc(*len) : NULL;
        if (bytes && channel_read(channel, bytes, *len))
                return bytes;
        free(bytes);
        return NULL;
}

/* --- One ---------------------------------------------------------------------------------------------------------- */

/* The settings that a scenario needs, as the daemon has them; to be freed. */
static char *ask_settings(const char *socket)
{
        static const char *const words[] = { "replay-settings" };
        struct channel channel;
        char *text = calloc(1, SETTINGS_MAX);
        FILE *file = text ? fmemopen(text, SETTINGS_MAX - 1, "w") : NULL;
        bool good = file && channel_ask(&channel, socket, 1, words) && channel_copy(&channel, file);

        if (file) {
                channel_close(&channel);
                fclose(file);
        }
        if (good)
                return text;
        free(text);
        return NULL;
}

static bool write_scenario(const char *path, const char *socket, const struct trace_view *trace)
{
        char *settings = ask_settings(socket);
        FILE *file = settings ? strcmp(path, "-") == 0 ? stdout : fopen(path, "w") : NULL;
        const char *lacking = NULL;

        if (!file) {
                if (settings)
                        fprintf(stderr, "cairn: %s: %s\n", path, strerror(errno));
                free(settings);
                return false;
        }
        bool written = scenario_write(file, trace, settings, &lacking);
        if (lacking)
                (void)say_wrong(lacking);
        if (file != stdout)
                written = fclose(file) == 0 && written;
        free(settings);
        return written;
}

bool kept_print(const struct call *call, const char *socket, const struct trace_view *trace,
                const struct tree_options *options)
{
        if (call->flag[CALL_RPL])
                return write_scenario(call->flag[CALL_RPL], socket, trace);
        if (call->flag[CALL_DOT]) {
                chain_print(trace, say_print, stdout);
                return true;
        }
        (void)tree_print(trace, options, say_print, stdout);
        return true;
}

static bool show_one(const struct call *call, const char *socket, const char *id, const struct tree_options *options)
{
        const char *const words[] = { "kept", id };
        struct channel channel;
        struct trace_view trace;
        size_t len;
        bool shown = false;

        uint8_t *bytes = channel_ask(&channel, socket, 2, words) ? read_frame(&channel, &len) : NULL;
        if (bytes && trace_open(bytes, len, &trace) == ERR_OK)
                shown = kept_print(call, socket, &trace, options);
        else if (bytes)
                (void)say_wrong("what cairnd sent is no trace");
        free(bytes);
        channel_close(&channel);
        return shown;
}

/* --- Many --------------------------------------------------------------------------------------------------------- */

/* Each item of a list, until there are no more. */
static bool each_item(struct channel *channel, void (*see)(void *context, const struct summary *summary,
                                                           unsigned reasons), void *context)
{
        size_t len;
        uint8_t *bytes;

        while ((bytes = read_frame(channel, &len))) {
                struct summary summary;

                if (len > 2 && summary_unpack(bytes + 2, len - 2, &summary) == ERR_OK)
                        see(context, &summary, load_u16(bytes));
                free(bytes);
        }
        return len == 0 || say_wrong("what cairnd sent ends too early");
}

static void print_item(void *context, const struct summary *summary, unsigned reasons)
{
        struct tree_options options = *(const struct tree_options *)context;

        options.date = true;
        options.reasons = reasons;
        (void)tree_print_summary(summary, &options, say_print, stdout);
}

static void take_id(void *context, const struct summary *summary, unsigned reasons)
{
        struct writer w = writer_over(context, ID_LONGEST);

        (void)reasons;
        words_hex(&w, summary->id.bytes, TRACE_ID_LEN);
}

static bool list_with(const struct call *call, const char *socket,
                      void (*see)(void *context, const struct summary *summary, unsigned reasons), void *context)
{
        struct request_words request;
        struct channel channel;

        if (!list_words(call, &request))
                return false;
        bool done = channel_ask(&channel, socket, request.count, request.word) && each_item(&channel, see, context);

        channel_close(&channel);
        return done;
}

bool kept_show(const struct call *call, const char *socket, const struct tree_options *options)
{
        char id[ID_LONGEST + 1] = "";

        if (!call->flag[CALL_LAST] && call->word_count == 2)
                return show_one(call, socket, call->words[1], options);
        if (!call->flag[CALL_LAST])
                return list_with(call, socket, print_item, (void *)(uintptr_t)options);
        if (!list_with(call, socket, take_id, id))
                return false;
        return id[0] ? show_one(call, socket, id, options) : say_wrong("no such trace is kept");
}
