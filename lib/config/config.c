/*
 * Reading settings: YAML becomes a tree of nodes (libyaml lives here), and each node of its outermost mapping the field
 * of a setting. libyaml's events are used, not its documents, so that anchors are seen and refused instead of expanded.
 */
#include "config/config.h"
#include "config/tree.h"
#include "config/value.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { SCRATCH_BYTES = 64 * LIMIT_CONFIG_BYTES }; /* many times what the largest file makes */

struct tree {
        yaml_parser_t parser;
        struct place where;
        const char *text;
        size_t len;
        struct arena *arena;
        struct config_complaints *complaints;
        struct node *open[LIMIT_CONFIG_NESTING];      /* the lists and mappings we are in, the innermost last */
        const struct node *key[LIMIT_CONFIG_NESTING]; /* of each mapping: the key that waits for its value */
        unsigned depth;
        unsigned node_count;
        unsigned document_count;
        struct node *root;
};

/* --- Nodes -------------------------------------------------------------------------------------------------------- */

struct node *node_new(struct arena *arena, enum node_kind kind, struct place place, const char *text, size_t len)
{
        struct node *node = arena_alloc(arena, sizeof(*node));
        char *copy = arena_alloc(arena, len + 1);

        if (!node || !copy)
                return NULL;
        if (len)
                memcpy(copy, text, len);
        *node = (struct node){.kind = kind, .place = place, .text = copy, .len = len};
        return node;
}

void node_add(struct node *parent, struct node *child)
{
        if (parent->last)
                parent->last->next = child;
        else
                parent->first = child;
        parent->last = child;
        parent->count++;
}

/* --- What libyaml finds wrong ------------------------------------------------------------------------------------- */

static struct place tree_place(const struct tree *tree, size_t line, size_t column)
{
        struct place place = tree->where;

        if (place.line > 0) {
                place.line = (unsigned)line + 1;
                place.column = (unsigned)column + 1;
        }
        return place;
}

static struct place tree_mark(const struct tree *tree, yaml_mark_t mark)
{
        return tree_place(tree, mark.line, mark.column);
}

/* Is the line with this number (from 0) indented by a tab? YAML allows only spaces, and its readers say so badly. */
static bool line_has_tab(const struct tree *tree, size_t line)
{
        const char *at = tree->text, *end = tree->text + tree->len;

        while (line > 0 && at < end) {
                if (*at++ == '\n')
                        line--;
        }
        while (at < end && *at == ' ')
                at++;
        return at < end && *at == '\t';
}

/* Bytes that are no text are found before there is a line number: count. */
static void complain_bytes(struct tree *tree)
{
        size_t offset = tree->parser.problem_offset, line = 0, column = 0;

        for (size_t i = 0; i < offset && i < tree->len; i++) {
                column++;
                if (tree->text[i] == '\n') {
                        line++;
                        column = 0;
                }
        }
        complain(tree->complaints, tree_place(tree, line, column), "not text in UTF-8 without control characters");
}

static bool complain_yaml(struct tree *tree)
{
        const yaml_parser_t *parser = &tree->parser;
        struct place place = tree_mark(tree, parser->problem_mark);

        if (parser->error == YAML_READER_ERROR)
                complain_bytes(tree);
        else if (parser->error == YAML_MEMORY_ERROR)
                complain(tree->complaints, tree->where, "out of memory");
        else if (line_has_tab(tree, parser->problem_mark.line))
                complain(tree->complaints, place, "not YAML: lines are indented by spaces, not by tabs");
        else
                complain(tree->complaints, place, "not YAML: %s", parser->problem ? parser->problem : "cannot be read");
        return false;
}

/* --- Events to nodes ---------------------------------------------------------------------------------------------- */

/* Hang a node under the innermost list or mapping, where it may be a key that waits for its value. */
static bool tree_hang(struct tree *tree, struct node *node)
{
        struct node *parent;

        if (tree->depth == 0) {
                tree->root = node;
                return true;
        }
        parent = tree->open[tree->depth - 1];
        if (parent->kind == NODE_MAP && !tree->key[tree->depth - 1]) {
                if (node->kind != NODE_TEXT) {
                        complain(tree->complaints, node->place,
                                 "a key must be text (addresses that begin with a colon need quotes)");
                        return false;
                }
                tree->key[tree->depth - 1] = node;
                return true;
        }
        if (parent->kind == NODE_MAP) {
                node->key = tree->key[tree->depth - 1];
                tree->key[tree->depth - 1] = NULL;
        }
        node_add(parent, node);
        return true;
}

static struct node *tree_node(struct tree *tree, enum node_kind kind, yaml_mark_t mark, const char *text, size_t len)
{
        struct place place = tree_mark(tree, mark);
        struct node *node;

        if (tree->node_count == LIMIT_CONFIG_NODES) {
                complain(tree->complaints, place, "more than %d values", LIMIT_CONFIG_NODES);
                return NULL;
        }
        tree->node_count++;
        node = node_new(tree->arena, kind, place, text, len);
        if (!node)
                complain(tree->complaints, place, "out of memory");
        return node;
}

static bool tree_open(struct tree *tree, enum node_kind kind, yaml_mark_t mark)
{
        struct node *node;

        if (tree->depth == LIMIT_CONFIG_NESTING) {
                complain(tree->complaints, tree_mark(tree, mark), "lists and mappings more than %d deep",
                         LIMIT_CONFIG_NESTING);
                return false;
        }
        node = tree_node(tree, kind, mark, "", 0);
        if (!node || !tree_hang(tree, node))
                return false;
        tree->key[tree->depth] = NULL;
        tree->open[tree->depth++] = node;
        return true;
}

static bool tree_text(struct tree *tree, const yaml_event_t *event)
{
        const char *text = (const char *)event->data.scalar.value;
        size_t len = event->data.scalar.length;
        struct node *node;

        if (memchr(text, '\0', len)) {
                complain(tree->complaints, tree_mark(tree, event->start_mark), "text with a zero byte");
                return false;
        }
        node = tree_node(tree, NODE_TEXT, event->start_mark, text, len);
        if (!node)
                return false;
        node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        return tree_hang(tree, node);
}

/* Anchors would let a small file say a large thing, tags would let it say a thing in two ways. */
static bool tree_is_bare(struct tree *tree, const yaml_event_t *event, const yaml_char_t *anchor,
                         const yaml_char_t *tag)
{
        if (!anchor && !tag)
                return true;
        complain(tree->complaints, tree_mark(tree, event->start_mark), "anchors, aliases and tags are not allowed");
        return false;
}

static bool tree_document(struct tree *tree, const yaml_event_t *event)
{
        if (tree->document_count++ == 0)
                return true;
        complain(tree->complaints, tree_mark(tree, event->start_mark), "a second document begins");
        return false;
}

static bool tree_event(struct tree *tree, const yaml_event_t *event)
{
        switch (event->type) {
        case YAML_DOCUMENT_START_EVENT: return tree_document(tree, event);
        case YAML_ALIAS_EVENT: return tree_is_bare(tree, event, event->data.alias.anchor, NULL);
        case YAML_SCALAR_EVENT:
                return tree_is_bare(tree, event, event->data.scalar.anchor, event->data.scalar.tag) &&
                       tree_text(tree, event);
        case YAML_SEQUENCE_START_EVENT:
                return tree_is_bare(tree, event, event->data.sequence_start.anchor, event->data.sequence_start.tag) &&
                       tree_open(tree, NODE_LIST, event->start_mark);
        case YAML_MAPPING_START_EVENT:
                return tree_is_bare(tree, event, event->data.mapping_start.anchor, event->data.mapping_start.tag) &&
                       tree_open(tree, NODE_MAP, event->start_mark);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT: tree->depth--; return true;
        case YAML_NO_EVENT:
        case YAML_STREAM_START_EVENT:
        case YAML_STREAM_END_EVENT:
        case YAML_DOCUMENT_END_EVENT: return true;
        }
        return true;
}

/* One event after the other until the end or the first complaint. */
static bool tree_events(struct tree *tree)
{
        bool ended = false, good = true;

        while (good && !ended) {
                yaml_event_t event;

                if (!yaml_parser_parse(&tree->parser, &event))
                        return complain_yaml(tree);
                good = tree_event(tree, &event);
                ended = event.type == YAML_STREAM_END_EVENT;
                yaml_event_delete(&event);
        }
        return good;
}

/* A document of which nothing is left when its comments are gone has one plain text of no length, or none at all. */
static bool is_empty(const struct node *root)
{
        return !root || (root->kind == NODE_TEXT && root->plain && root->len == 0);
}

bool tree_read(struct place where, const char *text, size_t len, struct arena *arena,
               struct config_complaints *complaints, struct node **out)
{
        struct tree tree = {.where = where, .text = text, .len = len, .arena = arena, .complaints = complaints};
        bool good;

        if (len > LIMIT_CONFIG_BYTES) {
                complain(complaints, where, "larger than %d bytes", LIMIT_CONFIG_BYTES);
                return false;
        }
        if (!yaml_parser_initialize(&tree.parser)) {
                complain(complaints, where, "out of memory");
                return false;
        }
        yaml_parser_set_encoding(&tree.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&tree.parser, (const unsigned char *)text, len);
        good = tree_events(&tree);
        yaml_parser_delete(&tree.parser);
        if (good)
                *out = is_empty(tree.root) ? NULL : tree.root;
        return good;
}

/* --- Nodes to settings -------------------------------------------------------------------------------------------- */

bool setting_find(struct reading *reading, struct place place, const char *key, size_t len, enum option_id *out)
{
        char shown[QUOTED_MAX], nearest[OPTION_KEY_MAX];
        enum option_id id;

        if (option_find(key, len, out))
                return true;
        quoted(key, len, shown);
        if (option_nearest(key, len, &id))
                complain(reading->out, place, "there is no setting %s; is it %s?", shown, option_key(id, nearest));
        else
                complain(reading->out, place, "there is no setting %s", shown);
        return false;
}

static bool setting_read(struct reading *reading, const struct node *node)
{
        const struct node *key = node->key;
        char name[OPTION_KEY_MAX];
        enum option_id id;

        if (!setting_find(reading, key->place, key->text, key->len, &id))
                return false;
        if (reading->settings->given[id]) {
                complain(reading->out, key->place, "%s is given twice, first in line %u", option_key(id, name),
                         reading->place[id].line);
                return false;
        }
        reading->settings->given[id] = true;
        reading->place[id] = node->place;
        return value_read(reading, id, node);
}

static bool file_read(struct reading *reading, const char *file_name, const char *text, size_t len)
{
        struct place where = {.file_name = file_name, .line = 1, .column = 1};
        struct node *root = NULL;
        bool good = true;

        if (!tree_read(where, text, len, reading->scratch, reading->out, &root))
                return false;
        if (!root)
                return true;
        if (root->kind != NODE_MAP) {
                complain(reading->out, root->place, "settings are lines of key: value");
                return false;
        }
        for (const struct node *node = root->first; node; node = node->next)
                good &= setting_read(reading, node);
        return good;
}

struct settings *config_parse_flags(const char *file_name, const char *text, size_t len, const char *const *flags,
                                    unsigned flag_count, struct config_complaints *out)
{
        struct settings *settings = calloc(1, sizeof(*settings));
        struct arena scratch;
        struct reading reading = {.settings = settings, .out = out, .scratch = &scratch};
        bool good;

        out->count = out->more = 0;
        if (!settings) {
                complain(out, (struct place){.file_name = file_name}, "out of memory");
                return NULL;
        }
        arena_init(&settings->arena, LIMIT_SETTINGS_BYTES);
        arena_init(&scratch, SCRATCH_BYTES);
        good = defaults_read(&reading) && file_read(&reading, file_name, text, len);
        good &= flags_read(&reading, flags, flag_count);
        good = good && settings_finish(&reading);
        arena_fini(&scratch);
        if (good && out->count == 0)
                return settings;
        settings_free(settings);
        return NULL;
}

struct settings *config_parse(const char *file_name, const char *text, size_t len, struct config_complaints *out)
{
        return config_parse_flags(file_name, text, len, NULL, 0, out);
}
