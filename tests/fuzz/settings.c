/*
 * Settings from any bytes: the file up to the first zero byte, then flags, each up to the next one.
 *
 * Whatever comes in, there is either a snapshot or a complaint; complaints are printable; and a snapshot that is printed
 * and read again is the same.
 */
#include "config/config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLAGS_MAX = 8, PAGE_BYTES = 1 << 22 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(int holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "settings: %s\n", what);
        abort();
}

static void check_complaints(const struct config_complaints *complaints)
{
        demand(complaints->count > 0, "no snapshot and no complaint");
        for (unsigned i = 0; i < complaints->count; i++) {
                const char *at = complaints->item[i].text;

                demand(*at, "an empty complaint");
                for (; *at; at++)
                        demand(*at >= ' ' && *at <= '~', "a complaint that is not printable");
        }
}

static size_t print(const struct settings *settings, char *page)
{
        struct writer out = writer_over(page, PAGE_BYTES);

        config_print(settings, &out);
        return out.failed ? 0 : writer_len(&out);
}

static void check_round_trip(const struct settings *settings)
{
        static struct config_complaints complaints;
        static char once[PAGE_BYTES], twice[PAGE_BYTES];
        size_t len = print(settings, once);
        struct settings *again;

        if (len == 0 || len > LIMIT_CONFIG_BYTES)
                return; /* a file may say in one line what takes two to print */
        again = config_parse("printed", once, len, &complaints);
        if (!again)
                fprintf(stderr, "%s\n", complaints.item[0].text);
        demand(again != NULL, "what was printed cannot be read");
        demand(print(again, twice) == len && memcmp(once, twice, len) == 0, "what was read again differs");
        demand(settings->anchors.count == again->anchors.count, "the anchors differ");
        settings_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
        static struct config_complaints complaints;
        char *text = calloc(1, len + 1);
        const char *flags[FLAGS_MAX];
        unsigned flag_count = 0;
        struct settings *settings;
        size_t file_len;

        demand(text != NULL, "out of memory");
        if (len)
                memcpy(text, data, len);
        file_len = strlen(text);
        for (size_t at = file_len + 1; at < len && flag_count < FLAGS_MAX; at += strlen(text + at) + 1)
                flags[flag_count++] = text + at;
        settings = config_parse_flags("file", text, file_len, flags, flag_count, &complaints);
        if (settings)
                check_round_trip(settings);
        else
                check_complaints(&complaints);
        settings_free(settings);
        free(text);
        return 0;
}
