#include "dname.h"
#include <stdio.h>
#include <string.h>

static uint8_t lower(uint8_t c)
{
        return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

size_t dname_len(const uint8_t *name)
{
        const uint8_t *p = name;

        while (*p)
                p += 1 + *p;
        return (size_t)(p - name) + 1;
}

unsigned dname_labels(const uint8_t *name)
{
        unsigned count = 0;

        for (; *name; name += 1 + *name)
                count++;
        return count;
}

const uint8_t *dname_strip(const uint8_t *name, unsigned count)
{
        while (count-- > 0)
                name += 1 + *name;
        return name;
}

/* Labels compare as byte strings without regard to case; a label that is the start of another comes first. */
static int label_compare(const uint8_t *a, const uint8_t *b)
{
        uint8_t common = *a < *b ? *a : *b;

        for (uint8_t i = 1; i <= common; i++) {
                int difference = lower(a[i]) - lower(b[i]);
                if (difference)
                        return difference;
        }
        return *a - *b;
}

int dname_compare(const uint8_t *a, const uint8_t *b)
{
        const uint8_t *labels[2][DNAME_LABELS_MAX];
        unsigned count[2] = { 0, 0 };

        for (; *a; a += 1 + *a)
                labels[0][count[0]++] = a;
        for (; *b; b += 1 + *b)
                labels[1][count[1]++] = b;
        while (count[0] && count[1]) {
                int difference = label_compare(labels[0][--count[0]], labels[1][--count[1]]);
                if (difference)
                        return difference;
        }
        return (int)count[0] - (int)count[1];
}

bool dname_equal(const uint8_t *a, const uint8_t *b)
{
        for (; *a && *a == *b; a += 1 + *a, b += 1 + *b)
                if (label_compare(a, b) != 0)
                        return false;
        return *a == *b;
}

bool dname_within(const uint8_t *child, const uint8_t *parent)
{
        unsigned below = dname_labels(child), above = dname_labels(parent);

        return below >= above && dname_equal(dname_strip(child, below - above), parent);
}

bool dname_is_wildcard(const uint8_t *name)
{
        return name[0] == 1 && name[1] == '*';
}

uint64_t dname_hash(const uint8_t *name)
{
        uint64_t hash = 0xcbf29ce484222325;
        size_t len = dname_len(name);

        for (size_t i = 0; i < len; i++)
                hash = (hash ^ lower(name[i])) * 0x100000001b3;
        return hash;
}

size_t dname_lower(const uint8_t *name, uint8_t *out)
{
        size_t len = dname_len(name);

        /* Length bytes are below 'A', so lower-casing all bytes leaves them alone. */
        for (size_t i = 0; i < len; i++)
                out[i] = lower(name[i]);
        return len;
}

bool dname_join(const char *label, const uint8_t *name, uint8_t out[DNAME_MAX])
{
        size_t label_len = strlen(label), name_len = dname_len(name);

        if (label_len == 0 || label_len > 63 || label_len + 1 + name_len > DNAME_MAX)
                return false;
        out[0] = (uint8_t)label_len;
        memcpy(out + 1, label, label_len);
        memcpy(out + 1 + label_len, name, name_len);
        return true;
}

bool dname_replace(const uint8_t *name, const uint8_t *old, const uint8_t *new, uint8_t out[DNAME_MAX])
{
        size_t kept = dname_len(name) - dname_len(old), added = dname_len(new);

        if (kept + added > DNAME_MAX)
                return false;
        memcpy(out, name, kept);
        memcpy(out + kept, new, added);
        return true;
}

bool dname_read(const uint8_t *bytes, size_t len, size_t *at, uint8_t out[DNAME_MAX])
{
        size_t used = 0;

        for (size_t i = *at; i < len; i += 1 + (size_t)bytes[i]) {
                size_t step = 1 + (size_t)bytes[i];
                if (bytes[i] > 63 || used + step > DNAME_MAX || step > len - i)
                        return false;
                memcpy(out + used, bytes + i, step);
                used += step;
                if (bytes[i] == 0) {
                        *at = i + 1;
                        return true;
                }
        }
        return false;
}

/* One character of a name in text: a plain one, "\." or "\032". Moves *text behind it. */
static int text_character(const char **text)
{
        const char *p = *text;

        if (*p != '\\') {
                *text = p + 1;
                return (uint8_t)*p;
        }
        unsigned value;
        int used = 0;
        if (sscanf(p + 1, "%3u%n", &value, &used) == 1 && used == 3 && value < 256) {
                *text = p + 4;
                return (int)value;
        }
        if (!p[1])
                return -1;
        *text = p + 2;
        return (uint8_t)p[1];
}

bool dname_from_text(const char *text, uint8_t out[DNAME_MAX])
{
        size_t label = 0, used = 1; /* where the length byte of this label goes, and where its next character */

        if (strcmp(text, ".") == 0)
                text++;
        while (*text) {
                if (*text == '.') {
                        if (used - label == 1)
                                return false;
                        out[label] = (uint8_t)(used - label - 1);
                        label = used++;
                        text++;
                } else {
                        int c = text_character(&text);
                        if (c < 0 || used - label > 63 || used >= DNAME_MAX - 1)
                                return false;
                        out[used++] = (uint8_t)c;
                }
        }
        if (used - label > 1) { /* no last dot */
                out[label] = (uint8_t)(used - label - 1);
                label = used;
        }
        out[label] = 0;
        return true;
}

char *dname_to_text(const uint8_t *name, char out[DNAME_TEXT_MAX])
{
        char *p = out;

        if (!*name)
                *p++ = '.';
        for (; *name; name += 1 + *name) {
                for (uint8_t i = 1; i <= *name; i++) {
                        uint8_t c = name[i];
                        if (c <= ' ' || c >= 0x7f)
                                p += sprintf(p, "\\%03u", c);
                        else if (strchr(".\\\"();@$", c))
                                p += sprintf(p, "\\%c", c);
                        else
                                *p++ = (char)c;
                }
                *p++ = '.';
        }
        *p = '\0';
        return out;
}
