#pragma once
/*
 * What a settings file consists of, without any meaning yet: text, lists and mappings within each other.
 */
#include "base/arena.h"
#include "config/complain.h"
#include <stdbool.h>
#include <stddef.h>

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
        enum node_kind kind;
        struct place place;
        const char *text; /* TEXT: without NUL inside, with one behind it */
        size_t len;
        bool plain;                /* TEXT: written without quotes */
        const struct node *key;    /* in a MAP: the TEXT before the colon */
        struct node *first, *last; /* of a LIST or MAP */
        struct node *next;         /* in the same LIST or MAP */
        unsigned count;
};

/**
 * Read YAML: one document of at most LIMIT_CONFIG_BYTES, LIMIT_CONFIG_NESTING deep, without anchors, aliases and tags.
 *
 *   where  in   what to call the text in complaints; with line 0 places in it are not told (a flag)
 *   out    out  the outermost node, in the arena; NULL for a document without content
 *
 * False after a complaint. The fence around libyaml: config.c.
 */
bool tree_read(struct place where, const char *text, size_t len, struct arena *arena,
               struct config_complaints *complaints, struct node **out);

/** A new node; NULL when the arena is full. The text is copied. */
struct node *node_new(struct arena *arena, enum node_kind kind, struct place place, const char *text, size_t len);

/** Append to a LIST or MAP. */
void node_add(struct node *parent, struct node *child);
