#pragma once
/*
 * The settings: an immutable snapshot that everybody reads, one field for each row of config.def.
 *
 * config_parse() builds it (lib/config/config.h), a policy owns it (lib/policy/policy.h). Names, addresses and records
 * are in wire form already: whoever reads a setting has nothing left to check. All of it lives in the snapshot's arena.
 */
#include "base/address.h"
#include "base/arena.h"
#include "wire/message.h"
#include "wire/name.h"
#include <stdbool.h>
#include <stdint.h>

struct endpoint_list {
        unsigned count;
        const struct endpoint *item; /* each with its port */
};

struct address_list {
        unsigned count;
        const struct address *item;
};

struct prefix_list {
        unsigned count;
        const struct prefix *item;
};

struct name_list {
        unsigned count;
        const struct name *item;
};

/* A root server's name and one of its addresses. A name with three addresses makes three hints. */
struct hint {
        struct name name;
        struct address address;
};

struct hint_list {
        unsigned count;
        const struct hint *item;
};

/* A record and how it was written. */
struct record {
        struct rr rr;
        const char *text;
};

struct record_list {
        unsigned count;
        const struct record *item;
};

/* A stub or forward zone and who is asked about it. */
struct zone_setting {
        struct name name;
        struct endpoint_list addresses; /* at least one */
        bool first;                     /* forward zones: when these fail, walk from the root */
};

struct zone_list {
        unsigned count;
        const struct zone_setting *item;
};

/* The C type of each kind of value. */
#define SETTING_TYPE_BOOL      bool
#define SETTING_TYPE_NUMBER    uint32_t
#define SETTING_TYPE_SECONDS   uint32_t
#define SETTING_TYPE_BYTES     uint64_t
#define SETTING_TYPE_TEXT      const char *
#define SETTING_TYPE_PATH      const char * /* "" if there is none */
#define SETTING_TYPE_WORD      unsigned     /* the place of the word among its OPT_WORD rows, see the enum below */
#define SETTING_TYPE_ENDPOINTS struct endpoint_list
#define SETTING_TYPE_ADDRESSES struct address_list
#define SETTING_TYPE_PREFIXES  struct prefix_list
#define SETTING_TYPE_NAMES     struct name_list
#define SETTING_TYPE_HINTS     struct hint_list
#define SETTING_TYPE_RECORDS   struct record_list
#define SETTING_TYPE_ZONES     struct zone_list

/* OPTION_listen, OPTION_port, ...: the rows by number. */
enum option_id {
#define OPT(field, kind, dflt, min, max, when, help) OPTION_##field,
#include "config/config.def"
        OPTION_COUNT
};

/* The words of WORD settings: those of each setting are counted from 0. */
enum option_word_number {
#define OPT(field, kind, dflt, min, max, when, help) WORDS_BEFORE_##field = -1,
#define OPT_WORD(field, constant, word, help) constant,
#include "config/config.def"
};

struct settings {
#define OPT(field, kind, dflt, min, max, when, help) SETTING_TYPE_##kind field;
#include "config/config.def"

        bool given[OPTION_COUNT]; /* written in the file or a flag, not left at its default */

        /* Where things begin: from the settings and the files that they name, else what is built in. */
        struct hint_list hints;
        struct record_list anchors;
        struct arena arena;         /* all that the above points to */
};

/** Is the name one of these, or below one? */
bool name_list_covers(const struct name_list *list, const struct name *name);

/** Is this path setting the word off (or empty)? */
static inline bool setting_is_off(const char *path)
{
        return !path[0] || (path[0] == 'o' && path[1] == 'f' && path[2] == 'f' && !path[3]);
}
