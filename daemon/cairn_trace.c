#include "cairn_trace.h"

#include "base/buf.h"
#include "cairn_kept.h"
#include "cairn_say.h"
#include "watch/transcript.h"
#include "watch/words.h"
#include <stdlib.h>

enum { ANSWER_MAX = 65535 };

/* The trace as far as it is known, and the answer. */
struct reply {
        uint8_t trace[TRACE_MAX];
        size_t trace_len;
        uint8_t answer[ANSWER_MAX];
        size_t answer_len;
};

static bool read_piece(struct channel *channel, uint8_t *bytes, size_t max, size_t *len)
{
        uint8_t prefix[4];

        if (!channel_read(channel, prefix, sizeof prefix))
                return false;
        *len = load_u32(prefix);
        if (*len > max)
                return say_wrong("cairnd sent more than there can be");
        return channel_read(channel, bytes, *len);
}

/* The next frame; *more is false at the end of the trace. */
static bool read_frame(struct channel *channel, struct reply *reply, struct trace_view *view, bool *more)
{
        size_t len;

        if (!read_piece(channel, reply->trace, sizeof reply->trace, &len))
                return false;
        *more = len > 0;
        if (!*more)
                return true;
        reply->trace_len = len;
        return trace_open(reply->trace, len, view) == ERR_OK || say_wrong("what cairnd sent is no trace");
}

static bool follow(struct channel *channel, struct reply *reply, struct tree_follower *follower)
{
        struct trace_view view;
        bool more = true;

        while (more) {
                if (!read_frame(channel, reply, &view, &more))
                        return false;
                if (more && follower)
                        tree_follow(follower, &view, say_print, stdout);
                fflush(stdout);
        }
        return true;
}

/* Behind the tree: how it ended. */
static void show_head(const struct trace_view *trace, const struct tree_options *options)
{
        fputs("\n;; trace ", stdout);
        tree_print_head(trace, options, say_print, stdout);
}

/* The answer, as dig would show it or as the last line for machines. */
static enum err write_answer(struct writer *w, const struct reply *reply, const struct trace_view *trace, bool json)
{
        if (!json)
                return transcript_text(w, reply->answer, reply->answer_len);
        write_text(w, "{\"v\":1,\"trace\":\"");
        words_hex(w, trace->id.bytes, TRACE_ID_LEN);
        write_text(w, "\",\"message\":");
        enum err err = transcript_json(w, reply->answer, reply->answer_len);

        write_text(w, "}\n");
        return err;
}

static bool show_answer(const struct reply *reply, const struct tree_options *options)
{
        struct trace_view trace = { .bytes = NULL }; /* there need not be one: what is recorded may find no room */
        char *text = malloc(TRANSCRIPT_MAX);

        if (!text)
                return say_wrong("out of memory");
        if (trace_open(reply->trace, reply->trace_len, &trace) == ERR_OK && !options->json)
                show_head(&trace, options);
        struct writer w = writer_over(text, TRANSCRIPT_MAX);
        enum err err = write_answer(&w, reply, &trace, options->json);

        if (err == ERR_OK && !w.failed)
                fwrite(text, 1, writer_len(&w), stdout);
        free(text);
        if (w.failed)
                return say_wrong("the answer is too long to be shown");
        if (err != ERR_OK)
                fprintf(stderr, "cairn: the answer cannot be read: %s\n", err_text(err));
        return err == ERR_OK;
}

/* All of the reply; what comes of the trace meanwhile is drawn if there is a follower. */
static bool read_reply(struct channel *channel, struct reply *reply, struct tree_follower *follower)
{
        if (!follow(channel, reply, follower) ||
            !read_piece(channel, reply->answer, sizeof reply->answer, &reply->answer_len))
                return false;
        return reply->answer_len > 0 || say_wrong("the daemon gave no answer");
}

static bool show(struct channel *channel, const struct call *call, const char *socket, struct reply *reply,
                 const struct tree_options *options)
{
        bool whole = call->flag[CALL_RPL] || call->flag[CALL_DOT];
        struct tree_follower follower;
        struct trace_view trace;

        tree_follow_begin(&follower, options);
        if (!read_reply(channel, reply, whole ? NULL : &follower))
                return false;
        if (!whole)
                return show_answer(reply, options);
        return trace_open(reply->trace, reply->trace_len, &trace) == ERR_OK &&
               kept_print(call, socket, &trace, options);
}

uint8_t *trace_take(struct channel *channel, size_t *len)
{
        struct reply *reply = calloc(1, sizeof *reply);
        uint8_t *bytes = NULL;

        if (reply && read_reply(channel, reply, NULL)) {
                bytes = malloc(reply->trace_len + 1);
                *len = reply->trace_len;
        }
        if (bytes)
                memcpy(bytes, reply->trace, reply->trace_len);
        free(reply);
        return bytes;
}

bool trace_show(struct channel *channel, const struct call *call, const char *socket,
                const struct tree_options *options)
{
        struct reply *reply = calloc(1, sizeof *reply);
        bool shown = reply && show(channel, call, socket, reply, options);

        if (!reply)
                (void)say_wrong("out of memory");
        free(reply);
        return shown;
}

bool trace_skip(struct channel *channel)
{
        struct reply *reply = calloc(1, sizeof *reply);
        bool answered = reply && follow(channel, reply, NULL) &&
                        read_piece(channel, reply->answer, sizeof reply->answer, &reply->answer_len) &&
                        reply->answer_len > 0;

        free(reply);
        return answered;
}
