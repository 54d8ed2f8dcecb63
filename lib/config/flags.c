/* Settings from the command line, and from their defaults, which are written in the same way. */
#include "config/tree.h"
#include "config/utf8.h"
#include "config/value.h"
#include <string.h>

static const struct place command_line = {.file_name = "command line"};

/* --- The text of a flag to a node --------------------------------------------------------------------------------- */

/* "10.0.0.0/8, ::1": items between commas, without the blanks around them. */
static bool items_split(struct node *list, const char *text, struct arena *arena)
{
        while (*text) {
                size_t len = strcspn(text, ","), kept = len, skip = strspn(text, " ");
                struct node *item;

                if (skip > len)
                        skip = len;
                while (kept > skip && text[kept - 1] == ' ')
                        kept--;
                item = node_new(arena, NODE_TEXT, list->place, text + skip, kept - skip);
                if (!item)
                        return false;
                node_add(list, item);
                text += len + (text[len] == ',');
        }
        return true;
}

static struct node *list_from_text(struct reading *reading, enum option_id id, struct place place, const char *text)
{
        struct node *list = NULL, *item;

        if (text[0] == '[')
                return tree_read(place, text, strlen(text), reading->scratch, reading->out, &list) ? list : NULL;
        list = node_new(reading->scratch, NODE_LIST, place, "", 0);
        if (!list || !text[0])
                return list;
        if (option_is_split(option_row(id)->kind))
                return items_split(list, text, reading->scratch) ? list : NULL;
        item = node_new(reading->scratch, NODE_TEXT, place, text, strlen(text));
        if (!item)
                return NULL;
        node_add(list, item);
        return list;
}

/* NULL after a complaint. */
static struct node *node_from_text(struct reading *reading, enum option_id id, struct place place, const char *text)
{
        unsigned complaints = reading->out->count + reading->out->more;
        struct node *node;

        if (option_is_list(option_row(id)->kind))
                node = list_from_text(reading, id, place, text);
        else
                node = node_new(reading->scratch, NODE_TEXT, place, text, strlen(text));
        if (!node && complaints == reading->out->count + reading->out->more)
                complain(reading->out, place, "out of memory");
        return node;
}

bool defaults_read(struct reading *reading)
{
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                struct place place = {.file_name = "defaults"};
                const struct node *node = node_from_text(reading, id, place, option_row(id)->dflt);

                if (!node || !value_read(reading, id, node))
                        return false;
        }
        return true;
}

/* --- Which flag --------------------------------------------------------------------------------------------------- */

struct flag {
        enum option_id id;
        const char *value; /* what stands behind "=", or what the flag alone means */
};

/* May it stand alone, for yes, or with "no-" before it? */
static bool flag_is_bool(enum option_id id)
{
        unsigned number;

        return option_row(id)->kind == OPTION_BOOL || value_word(id, "yes", &number);
}

/* "cache-size", "store", "no-store": *negated tells the last from the others. */
static bool flag_find(const char *name, size_t len, enum option_id *id, bool *negated)
{
        *negated = false;
        if (option_find(name, len, id))
                return true;
        *negated = len > 3 && memcmp(name, "no-", 3) == 0 && option_find(name + 3, len - 3, id) && flag_is_bool(*id);
        return *negated;
}

bool config_knows_flag(const char *name, size_t len)
{
        enum option_id id;
        bool negated;

        return flag_find(name, len, &id, &negated);
}

bool config_flag_takes_value(const char *name, size_t len)
{
        enum option_id id;

        return option_find(name, len, &id) && !flag_is_bool(id);
}

static bool flag_read(struct reading *reading, const char *text, struct flag *out)
{
        size_t skip = strncmp(text, "--", 2) == 0 ? 2 : 0;
        const char *name = text + skip, *equals = strchr(name, '=');
        size_t len = equals ? (size_t)(equals - name) : strlen(name);
        char key[OPTION_KEY_MAX], allowed[ALLOWED_MAX];
        bool negated;

        if (!utf8_is_valid(text)) {
                complain(reading->out, command_line, "not text in UTF-8");
                return false;
        }
        if (!flag_find(name, len, &out->id, &negated))
                return setting_find(reading, command_line, name, len, &out->id);
        out->value = equals ? equals + 1 : negated ? "no" : "yes";
        if (equals && negated) {
                complain(reading->out, command_line, "no-%s takes no value", option_key(out->id, key));
                return false;
        }
        if (!equals && !flag_is_bool(out->id)) {
                complain(reading->out, command_line, "%s needs a value: %s", option_key(out->id, key),
                         value_allowed(out->id, allowed));
                return false;
        }
        return true;
}

/* --- All flags ---------------------------------------------------------------------------------------------------- */

/* A second flag of a list adds its items to the first one's. */
static bool flag_join(struct reading *reading, enum option_id id, struct node **known, struct node *node)
{
        char key[OPTION_KEY_MAX];

        if (!*known) {
                *known = node;
                return true;
        }
        if (!option_is_list(option_row(id)->kind) || (*known)->kind != NODE_LIST || node->kind != NODE_LIST) {
                complain(reading->out, command_line, "%s is given twice", option_key(id, key));
                return false;
        }
        if (node->first) {
                if ((*known)->last)
                        (*known)->last->next = node->first;
                else
                        (*known)->first = node->first;
                (*known)->last = node->last;
                (*known)->count += node->count;
        }
        return true;
}

bool flags_read(struct reading *reading, const char *const *flags, unsigned flag_count)
{
        struct node *given[OPTION_COUNT] = {NULL};
        bool good = true;

        for (unsigned i = 0; i < flag_count; i++) {
                struct flag flag;
                struct node *node = NULL;

                if (flag_read(reading, flags[i], &flag))
                        node = node_from_text(reading, flag.id, command_line, flag.value);
                good &= node && flag_join(reading, flag.id, &given[flag.id], node);
        }
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                if (!given[id])
                        continue;
                reading->settings->given[id] = true;
                reading->place[id] = command_line;
                good &= value_read(reading, id, given[id]);
        }
        return good;
}
