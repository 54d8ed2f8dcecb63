/* Settings that are one value: numbers with their units, words, text. Lists are in items.c. */
#include "config/value.h"
#include "base/unit.h"
#include "config/items.h"
#include "config/utf8.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- What is allowed ---------------------------------------------------------------------------------------------- */

static void allowed_words(enum option_id id, char room[ALLOWED_MAX])
{
        const struct option_word *word;
        size_t len = 0;

        for (unsigned i = 0; (word = option_word(id, i)) && len < ALLOWED_MAX; i++)
                len += (size_t)snprintf(room + len, ALLOWED_MAX - len, "%s%s", i ? " or " : "", word->word);
}

char *value_allowed(enum option_id id, char room[ALLOWED_MAX])
{
        const struct option *option = option_row(id);
        uint64_t min = option->min, max = option->max;
        char least[SIZE_TEXT_MAX], most[SIZE_TEXT_MAX];

        switch (option->kind) {
        case OPTION_BOOL: snprintf(room, ALLOWED_MAX, "yes or no"); break;
        case OPTION_NUMBER: snprintf(room, ALLOWED_MAX, "a number from %" PRIu64 " to %" PRIu64, min, max); break;
        case OPTION_SECONDS:
                snprintf(room, ALLOWED_MAX, "a time from %" PRIu64 " to %" PRIu64 " seconds, as in 90, 15m, 2h or 1d",
                         min, max);
                break;
        case OPTION_BYTES:
                snprintf(room, ALLOWED_MAX, "a size from %s to %s, as in 512MiB or 4G", unit_size_text(min, least),
                         unit_size_text(max, most));
                break;
        case OPTION_TEXT:
                snprintf(room, ALLOWED_MAX, "text of %" PRIu64 " to %" PRIu64 " bytes without control characters", min,
                         max);
                break;
        case OPTION_PATH:
                snprintf(room, ALLOWED_MAX, "a file name of %" PRIu64 " to %" PRIu64 " bytes", min, max);
                break;
        case OPTION_WORD: allowed_words(id, room); break;
        case OPTION_ENDPOINTS:
        case OPTION_ADDRESSES:
        case OPTION_PREFIXES:
        case OPTION_NAMES:
        case OPTION_HINTS:
        case OPTION_RECORDS:
        case OPTION_ZONES: snprintf(room, ALLOWED_MAX, "%s", items_allowed(option->kind)); break;
        }
        return room;
}

const char *value_shown(const struct node *node, char room[QUOTED_MAX])
{
        switch (node->kind) {
        case NODE_TEXT: return node->plain && node->len == 0 ? "nothing" : quoted(node->text, node->len, room);
        case NODE_LIST: return "a list";
        case NODE_MAP: return "a mapping";
        }
        return "nothing";
}

bool value_wrong(struct reading *reading, enum option_id id, const struct node *node)
{
        char key[OPTION_KEY_MAX], allowed[ALLOWED_MAX], shown[QUOTED_MAX];

        complain(reading->out, node->place, "%s: %s is not %s", option_key(id, key), value_shown(node, shown),
                 value_allowed(id, allowed));
        return false;
}

bool value_is_text(struct reading *reading, enum option_id id, const struct node *node)
{
        if (node->kind == NODE_TEXT && (node->len > 0 || !node->plain))
                return true;
        return value_wrong(reading, id, node);
}

/* --- Memory of the snapshot --------------------------------------------------------------------------------------- */

void *value_room(struct reading *reading, struct place place, size_t size)
{
        void *room = arena_alloc(&reading->settings->arena, size);

        if (!room)
                complain(reading->out, place, "out of memory: the settings may take %d bytes", LIMIT_SETTINGS_BYTES);
        return room;
}

const char *value_keep(struct reading *reading, struct place place, const char *text, size_t len)
{
        char *copy = value_room(reading, place, len + 1);

        if (copy && len)
                memcpy(copy, text, len);
        return copy;
}

/* --- One value ---------------------------------------------------------------------------------------------------- */

bool value_bool(const char *text, bool *out)
{
        static const char *const yes[] = {"yes", "true", "on"};
        static const char *const no[] = {"no", "false", "off"};

        for (unsigned i = 0; i < 3; i++) {
                bool is_yes = strcmp(text, yes[i]) == 0;

                if (is_yes || strcmp(text, no[i]) == 0) {
                        *out = is_yes;
                        return true;
                }
        }
        return false;
}

static bool bool_read(const struct node *node, bool *field)
{
        return value_bool(node->text, field);
}

/* A number, and where the kind has them, a unit; within the bounds of its setting. */
static bool number_read(const struct node *node, const struct option *option,
                        bool read(const char *text, uint64_t max, uint64_t *out), uint64_t *field)
{
        uint64_t number;

        if (!read(node->text, option->max, &number) || number < option->min)
                return false;
        *field = number;
        return true;
}

static bool number32_read(const struct node *node, const struct option *option,
                          bool read(const char *text, uint64_t max, uint64_t *out), uint32_t *field)
{
        uint64_t number;

        if (!number_read(node, option, read, &number))
                return false;
        *field = (uint32_t)number;
        return true;
}

bool value_word(enum option_id id, const char *text, unsigned *number)
{
        const struct option_word *word;

        for (unsigned i = 0; (word = option_word(id, i)); i++) {
                if (strcmp(word->word, text) == 0) {
                        *number = i;
                        return true;
                }
        }
        return false;
}

/* Where yes and no are among the words, so are the other ways to write them. */
static bool word_read(enum option_id id, const struct node *node, unsigned *field)
{
        bool yes;

        return value_word(id, node->text, field) ||
               (value_bool(node->text, &yes) && value_word(id, yes ? "yes" : "no", field));
}

/* Text of allowed length without control characters, which would make a mess of logs and terminals. */
static bool text_is_clean(const struct node *node, const struct option *option)
{
        if (node->len < option->min || node->len > option->max)
                return false;
        for (const char *at = node->text; *at;) {
                if (utf8_is_control(utf8_next(&at)))
                        return false;
        }
        return true;
}

static bool text_read(struct reading *reading, enum option_id id, const struct node *node, const char **field)
{
        const char *copy;

        if (!text_is_clean(node, option_row(id)))
                return value_wrong(reading, id, node);
        copy = value_keep(reading, node->place, node->text, node->len);
        if (!copy)
                return false;
        *field = copy;
        return true;
}

static bool one_value_read(struct reading *reading, enum option_id id, const struct node *node, void *field)
{
        const struct option *option = option_row(id);
        bool good = false;

        switch (option->kind) {
        case OPTION_BOOL: good = bool_read(node, field); break;
        case OPTION_NUMBER: good = number32_read(node, option, unit_read_number, field); break;
        case OPTION_SECONDS: good = number32_read(node, option, unit_read_time, field); break;
        case OPTION_BYTES: good = number_read(node, option, unit_read_size, field); break;
        case OPTION_WORD: good = word_read(id, node, field); break;
        case OPTION_TEXT:
        case OPTION_PATH: return text_read(reading, id, node, field);
        case OPTION_ENDPOINTS:
        case OPTION_ADDRESSES:
        case OPTION_PREFIXES:
        case OPTION_NAMES:
        case OPTION_HINTS:
        case OPTION_RECORDS:
        case OPTION_ZONES: break;
        }
        return good || value_wrong(reading, id, node);
}

bool value_read(struct reading *reading, enum option_id id, const struct node *node)
{
        const struct option *option = option_row(id);

        if (option_is_list(option->kind))
                return items_read(reading, id, node);
        return value_is_text(reading, id, node) &&
               one_value_read(reading, id, node, (char *)reading->settings + option->offset);
}
