/*
 * One name's entries, space by space and route by route.
 */
#include "cache/inspect.h"
#include <string.h>

enum { SCRATCH_MAX = 1 << 20 };

struct look {
        struct store_reader *reader;
        struct store *store;
        const struct name *name;
        cache_see *see;
        void *context;
        struct arena scratch;
        bool stopped;
};

/* Take one entry apart and show it. */
static void look_show(struct look *look, const struct store_item *item)
{
        uint8_t room[NAME_WIRE_MAX];
        struct cache_seen seen = { 0 };
        struct finding finding;
        struct delegation delegation;

        if (!entry_intact(store_secret(look->store), item->key, item->value) || !entry_peek(item->value, &seen.head))
                return;
        if (key_read(item->key, room, &seen.key) != ERR_OK)
                return;
        if (seen.key.space == SPACE_DELEGATIONS) {
                if (entry_read_delegation(item->value, &seen.key.name, &look->scratch, &delegation) != ERR_OK)
                        return;
                seen.delegation = &delegation;
        } else {
                if (entry_read_finding(item->value, &seen.key.name, &look->scratch, &finding) != ERR_OK)
                        return;
                seen.finding = &finding;
        }
        look->stopped = !look->see(look->context, &seen);
}

/* All entries that begin with prefix; a name has at most as many as there are types. */
static enum err look_prefix(struct look *look, struct store_view *view, const struct key *prefix)
{
        struct key at = *prefix;
        enum err err = ERR_OK;

        while (!err && !look->stopped) {
                struct arena_mark mark = arena_mark(&look->scratch);
                struct store_item item;

                err = store_seek(view, SEEK_FIRST_FROM, key_view(&at), &look->scratch, &item);
                if (!err && !key_has_prefix(item.key, key_view(prefix)))
                        err = ERR_MISSING;
                if (!err) {
                        look_show(look, &item);
                        key_from(&at, item.key);
                        if (!key_behind(&at))
                                err = ERR_MISSING;
                }
                arena_reset(&look->scratch, mark);
        }
        return err == ERR_MISSING ? ERR_OK : err;
}

static enum err look_space(struct look *look, struct store_view *view, enum key_space space)
{
        cache_partition partition = 0;
        enum err err;

        do {
                struct key prefix;

                err = key_next_partition(view, space, &look->scratch, &partition);
                if (!err && key_name(&prefix, space, partition, look->name, false))
                        err = look_prefix(look, view, &prefix);
        } while (!err && !look->stopped && ++partition != 0);
        return err == ERR_MISSING ? ERR_OK : err;
}

enum err cache_show(struct store *store, const struct name *name, cache_see *see, void *context)
{
        static const enum key_space spaces[] = { SPACE_RECORDS, SPACE_FAILURES, SPACE_BOGUS, SPACE_DELEGATIONS };
        struct look look = { .store = store, .name = name, .see = see, .context = context };
        enum err err = ERR_OK;

        look.reader = store_reader_new(store);
        if (!look.reader)
                return ERR_MEMORY;
        arena_init(&look.scratch, SCRATCH_MAX);
        for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]) && !err && !look.stopped; i++) {
                struct store_view *view = store_reader_begin(look.reader);

                if (!view) {
                        err = ERR_IO;
                        break;
                }
                err = look_space(&look, view, spaces[i]);
                store_reader_end(look.reader);
        }
        arena_fini(&look.scratch);
        store_reader_free(look.reader);
        return err;
}
