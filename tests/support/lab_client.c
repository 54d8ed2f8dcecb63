#include "lab_client.h"
#include "base/buf.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines of "owner ttl IN type data" as a list of YAML strings: all of it, or only owner and data of addresses. */
static void write_list(FILE *out, const char *key, char *text, bool addresses)
{
        char *save = NULL;
        const char *comma = "";

        fprintf(out, "%s: [", key);
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                char owner[256], type[16], data[256];

                if (addresses && (sscanf(line, "%255s %*s %*s %15s %255s", owner, type, data) != 3 || type[0] != 'A'))
                        continue;
                if (addresses)
                        fprintf(out, "%s\"%s %s\"", comma, owner, data);
                else
                        fprintf(out, "%s\"%s\"", comma, line);
                comma = ", ";
        }
        fputs("]\n", out);
}

char *lab_settings(const struct authority *authority, const char *more)
{
        char *yaml = NULL, *text = NULL;
        size_t len, text_len;
        FILE *out = open_memstream(&yaml, &len), *lines = open_memstream(&text, &text_len);

        authority_write_hints(authority, lines);
        fclose(lines);
        write_list(out, "root-hints", text, true);
        free(text);
        lines = open_memstream(&text, &text_len);
        authority_write_anchors(authority, lines);
        fclose(lines);
        write_list(out, "trust-anchors", text, false);
        free(text);
        fprintf(out, "special-use-zones: no\n%s", more);
        fclose(out);
        return yaml;
}

size_t lab_query(const struct authority *authority, uint64_t n, uint8_t out[LAB_QUERY_MAX])
{
        static const uint8_t head[12] = { [2] = 0x01, [5] = 1 }; /* RD, one question */
        uint8_t name[255];
        size_t len = 0;
        uint16_t type;

        authority_question(authority, n, name, &type);
        while (len < sizeof name - 1 && name[len])
                len += 1u + name[len];
        if (len > sizeof name - 1)
                return 0;
        memcpy(out, head, sizeof head);
        store_u16(out, (uint16_t)n);
        memcpy(out + sizeof head, name, len + 1);
        store_u16(out + sizeof head + len + 1, type);
        store_u16(out + sizeof head + len + 3, 1);
        return sizeof head + len + 5;
}
