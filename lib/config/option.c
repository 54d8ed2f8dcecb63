#include "config/option.h"
#include "base/err.h"
#include <string.h>

static const struct option rows[OPTION_COUNT] = {
#define OPT(field, kind, dflt, min, max, when, help)                                                                   \
        {#field, OPTION_##kind, dflt, min, max, OPTION_##when, help, offsetof(struct settings, field)},
#include "config/config.def"
};

static const struct option_word words[] = {
#define OPT_WORD(field, constant, word, help) {OPTION_##field, word, help},
#include "config/config.def"
};

const struct option_line option_contents[] = {
#define OPT_GROUP(title) {title, OPTION_COUNT},
#define OPT(field, kind, dflt, min, max, when, help) {NULL, OPTION_##field},
#include "config/config.def"
};

const unsigned option_line_count = sizeof(option_contents) / sizeof(option_contents[0]);

const struct option *option_row(enum option_id id)
{
        return &rows[id];
}

char *option_key(enum option_id id, char room[OPTION_KEY_MAX])
{
        size_t len = strnlen(rows[id].field, OPTION_KEY_MAX - 1);

        for (size_t i = 0; i < len; i++)
                room[i] = rows[id].field[i] == '_' ? '-' : rows[id].field[i];
        room[len] = '\0';
        return room;
}

bool option_find(const char *key, size_t len, enum option_id *out)
{
        char name[OPTION_KEY_MAX];

        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                option_key(id, name);
                if (strlen(name) == len && memcmp(name, key, len) == 0) {
                        *out = id;
                        return true;
                }
        }
        return false;
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
        unsigned least = a < b ? a : b;

        return least < c ? least : c;
}

/* An underscore is as good as a dash, and letter case does not count: those are the most likely slips. */
static char folded(char c)
{
        if (c == '_')
                return '-';
        return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/*
 * How many letters must be changed, added or taken away to make one text of the other (Levenshtein's distance), by rows
 * of the usual table: row[k] is the distance between the first i letters of a and the first k of b.
 */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
        unsigned row[OPTION_KEY_MAX];

        for (unsigned k = 0; k <= b_len; k++)
                row[k] = k;
        for (size_t i = 0; i < a_len; i++) {
                unsigned diagonal = row[0];

                row[0] = (unsigned)i + 1;
                for (size_t k = 0; k < b_len; k++) {
                        unsigned above = row[k + 1];
                        unsigned change = folded(a[i]) != folded(b[k]);

                        row[k + 1] = smallest(diagonal + change, above + 1, row[k] + 1);
                        diagonal = above;
                }
        }
        return row[b_len];
}

bool option_nearest(const char *key, size_t len, enum option_id *out)
{
        unsigned best = len < 4 ? 2 : len < 9 ? 3 : 5; /* more changes than this is another word */
        bool found = false;

        if (len >= OPTION_KEY_MAX)
                return false;
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                char name[OPTION_KEY_MAX];
                unsigned steps;

                option_key(id, name);
                steps = distance(key, len, name, strlen(name));
                if (steps < best) {
                        best = steps;
                        *out = id;
                        found = true;
                }
        }
        return found;
}

bool option_is_list(enum option_kind kind)
{
        switch (kind) {
        case OPTION_ENDPOINTS:
        case OPTION_ADDRESSES:
        case OPTION_PREFIXES:
        case OPTION_NAMES:
        case OPTION_HINTS:
        case OPTION_RECORDS:
        case OPTION_ZONES: return true;
        case OPTION_BOOL:
        case OPTION_NUMBER:
        case OPTION_SECONDS:
        case OPTION_BYTES:
        case OPTION_TEXT:
        case OPTION_PATH:
        case OPTION_WORD: return false;
        }
        return false;
}

bool option_is_split(enum option_kind kind)
{
        return option_is_list(kind) && kind != OPTION_HINTS && kind != OPTION_RECORDS && kind != OPTION_ZONES;
}

const struct option_word *option_word(enum option_id id, unsigned index)
{
        for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                if (words[i].option == id && index-- == 0)
                        return &words[i];
        }
        return NULL;
}
