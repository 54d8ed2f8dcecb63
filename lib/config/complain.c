#include "config/complain.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { QUOTED_BYTES = 64 };

/* "cairn.yaml:3:7: ", "--port: ", or nothing. Returns the length. */
static size_t place_write(char *out, size_t size, const struct place *place)
{
        int len = 0;

        out[0] = '\0';
        if (place->line > 0)
                len = snprintf(out, size, "%s:%u:%u: ", place->file_name, place->line, place->column);
        else if (place->file_name)
                len = snprintf(out, size, "%s: ", place->file_name);
        if (len < 0)
                return 0;
        return (size_t)len < size ? (size_t)len : size - 1;
}

void complain(struct config_complaints *out, struct place place, const char *format, ...)
{
        struct config_complaint *complaint;
        size_t len;
        va_list values;

        if (out->count == LIMIT_CONFIG_COMPLAINTS) {
                out->more++;
                return;
        }
        complaint = &out->item[out->count++];
        complaint->line = place.line;
        complaint->column = place.line ? place.column : 0;
        len = place_write(complaint->text, sizeof(complaint->text), &place);
        va_start(values, format);
        vsnprintf(complaint->text + len, sizeof(complaint->text) - len, format, values);
        va_end(values);
}

char *quoted(const char *text, size_t len, char room[QUOTED_MAX])
{
        size_t shown = len < QUOTED_BYTES ? len : QUOTED_BYTES;
        char *at = room;

        *at++ = '"';
        for (size_t i = 0; i < shown; i++) {
                unsigned char byte = (unsigned char)text[i];

                if (byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\')
                        *at++ = (char)byte;
                else
                        at += snprintf(at, 5, "\\%03u", byte);
        }
        memcpy(at, shown < len ? "\"..." : "\"", shown < len ? 5 : 2);
        return room;
}
