#include "explain.h"
#include "base/buf.h"
#include "tree.h"
#include <stdlib.h>

static void sink(void *context, const char *text, size_t len)
{
        write_bytes(context, text, len);
}

char *explain_trace(struct archive_reader *reader, const char *word, size_t *len)
{
        const struct tree_options options = { .width = EXPLAIN_COLUMNS, .date = true };
        struct trace_view trace;
        uint8_t *bytes;
        size_t trace_len;

        if (archive_find(reader, word, &bytes, &trace_len))
                return NULL;
        char *text = trace_open(bytes, trace_len, &trace) ? NULL : malloc(EXPLAIN_MAX);
        if (text) {
                struct writer w = writer_over(text, EXPLAIN_MAX);

                (void)tree_print(&trace, &options, sink, &w);
                *len = writer_len(&w);
        }
        free(bytes);
        return text;
}
