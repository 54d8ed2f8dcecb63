#include "cairn_diff.h"

#include "cairn_channel.h"
#include "cairn_say.h"
#include "cairn_trace.h"
#include "differ.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One of the two ways: its name, its trace. */
struct way {
        const char *name;
        uint8_t *bytes;
        struct trace_view trace;
};

static bool is_way(const char *word)
{
        return strcmp(word, flag_rows[CALL_COLD].name) == 0 || strcmp(word, flag_rows[CALL_CD].name) == 0 ||
               strcmp(word, flag_rows[CALL_NO_QMIN].name) == 0 || strcmp(word, flag_rows[CALL_V4].name) == 0;
}

/* Ask with the words of the call that are no ways, and this one. */
static bool ask(const struct call *call, const char *socket, const char *flag, bool cold, struct way *out)
{
        const char *words[CALL_WORDS_MAX + 2];
        struct channel channel;
        int count = 0;
        size_t len;

        for (int i = 0; i < call->word_count; i++) {
                if (!is_way(call->words[i]))
                        words[count++] = call->words[i];
        }
        if (flag)
                words[count++] = flag;
        if (cold)
                words[count++] = flag_rows[CALL_COLD].name;
        out->bytes = channel_ask(&channel, socket, count, words) ? trace_take(&channel, &len) : NULL;
        channel_close(&channel);
        if (!out->bytes)
                return false;
        return trace_open(out->bytes, len, &out->trace) == ERR_OK || say_wrong("what cairnd sent is no trace");
}

static void show_side(const struct way *way, const struct step_view *step, uint16_t task)
{
        char text[STEP_TEXT_MAX];

        if (step->kind == STEP_COUNT)
                snprintf(text, sizeof text, "nothing more");
        else
                step_text(step, text, sizeof text);
        printf("  %-10s %s", way->name, text);
        if (task)
                printf(" [sub-question %u]", task);
        putchar('\n');
}

static bool show_difference(const struct way ways[2], const struct tree_options *options)
{
        struct difference difference;

        if (differ_compare(&ways[0].trace, &ways[1].trace, &difference))
                return say_wrong("out of memory");
        for (unsigned i = 0; i < 2; i++) {
                printf("%-10s ", ways[i].name);
                (void)tree_print_head(&ways[i].trace, options, say_print, stdout);
        }
        if (!difference.found) {
                printf("Both took the same steps.\n");
                return true;
        }
        printf("The first step that differs:\n");
        show_side(&ways[0], &difference.left, difference.left_task);
        show_side(&ways[1], &difference.right, difference.right_task);
        return true;
}

bool diff_show(const struct call *call, const char *socket, const struct tree_options *options)
{
        static const enum cairn_flag other[] = { CALL_NO_QMIN, CALL_V4, CALL_CD, CALL_COLD };
        struct way ways[2] = { { .name = "plain" }, { .name = NULL } };
        enum cairn_flag flag = CALL_FLAGS;

        for (size_t i = 0; i < sizeof other / sizeof other[0] && flag == CALL_FLAGS; i++)
                flag = call->flag[other[i]] ? other[i] : flag;
        if (flag == CALL_FLAGS)
                return say_wrong("--diff needs another way: --no-qmin, --v4, --cd or --cold");
        ways[1].name = flag_rows[flag].name + 2;
        bool cold = flag != CALL_COLD; /* otherwise the second would find what the first has learned */
        bool shown = ask(call, socket, NULL, cold, &ways[0]) &&
                     ask(call, socket, flag_rows[flag].name, cold, &ways[1]) && show_difference(ways, options);

        free(ways[0].bytes);
        free(ways[1].bytes);
        return shown;
}
