/* Kept traces in the store. */
#include "vault.h"
#include "watch/keep.h"
#include <stdlib.h>
#include <string.h>

enum {
        VAULT_PART = 12288,    /* bytes of a trace in one value; LMDB gives those pages of their own */
        PARTS_MAX = (TRACE_MAX + VAULT_PART - 1) / VAULT_PART,
        CHECK_LEN = 8,
        PLACE_LEN = 8 + 8,     /* start and span */
        HEAD_KEY_LEN = 1 + PLACE_LEN,
        PART_KEY_LEN = HEAD_KEY_LEN + 1,
        INDEX_KEY_LEN = 1 + TRACE_ID_LEN + PLACE_LEN,
        HEAD_FIXED_LEN = CHECK_LEN + 4 + 2 + 4,
        HEAD_MAX = HEAD_FIXED_LEN + SUMMARY_MAX,
        READ_MEMORY = 1 << 20,
        SAME_ID_MAX = 64,      /* traces with one ID that are looked at for the newest */
        ID_HEX_MAX = 2 * TRACE_ID_LEN,
};

/* --- Keys and checks ---------------------------------------------------------------------------------------------- */

static size_t place_write(uint8_t *out, const struct summary *summary)
{
        store_u64(out, summary->wall_us);
        store_u64(out + 8, summary->span);
        return PLACE_LEN;
}

static struct store_bytes head_key(uint8_t out[HEAD_KEY_LEN], const struct summary *summary)
{
        out[0] = 'H';
        place_write(out + 1, summary);
        return (struct store_bytes){ out, HEAD_KEY_LEN };
}

static struct store_bytes part_key(uint8_t out[PART_KEY_LEN], const struct summary *summary, unsigned part)
{
        out[0] = 'T';
        place_write(out + 1, summary);
        out[HEAD_KEY_LEN] = (uint8_t)part;
        return (struct store_bytes){ out, PART_KEY_LEN };
}

static struct store_bytes index_key(uint8_t out[INDEX_KEY_LEN], const struct summary *summary)
{
        out[0] = 'I';
        memcpy(out + 1, summary->id.bytes, TRACE_ID_LEN);
        place_write(out + 1 + TRACE_ID_LEN, summary);
        return (struct store_bytes){ out, INDEX_KEY_LEN };
}

bool vault_intact(const uint8_t secret[SIPHASH_KEY_LEN], struct store_bytes key, struct store_bytes value)
{
        return value.len >= CHECK_LEN && load_u64(value.bytes) == store_check(secret, key, value.bytes + CHECK_LEN,
                                                                              value.len - CHECK_LEN);
}

/* Put a value whose first CHECK_LEN bytes are still free. */
static enum err put_checked(const struct store *store, struct store_view *view, struct store_bytes key, uint8_t *value,
                            size_t len)
{
        store_u64(value, store_check(store_secret(store), key, value + CHECK_LEN, len - CHECK_LEN));
        return store_put(view, key, (struct store_bytes){ value, len });
}

static enum err get_checked(const struct store *store, struct store_view *view, struct store_bytes key,
                            struct arena *arena, struct store_bytes *out)
{
        enum err err = store_get(view, key, arena, out);

        return err || vault_intact(store_secret(store), key, *out) ? err : ERR_MISSING;
}

/* --- Heads -------------------------------------------------------------------------------------------------------- */

static size_t head_write(uint8_t out[HEAD_MAX], const struct vault_item *item)
{
        store_u32(out + CHECK_LEN, trace_rows());
        store_u16(out + CHECK_LEN + 4, (uint16_t)item->reasons);
        store_u32(out + CHECK_LEN + 6, item->len);
        return HEAD_FIXED_LEN + summary_pack(&item->summary, out + HEAD_FIXED_LEN);
}

/* False: it is damaged, or was written by a cairnd with other steps. */
static bool head_read(const struct store *store, const struct store_item *found, struct vault_item *out)
{
        const uint8_t *value = found->value.bytes;

        if (found->value.len < HEAD_FIXED_LEN || !vault_intact(store_secret(store), found->key, found->value) ||
            load_u32(value + CHECK_LEN) != trace_rows())
                return false;
        out->reasons = load_u16(value + CHECK_LEN + 4);
        out->len = load_u32(value + CHECK_LEN + 6);
        return out->len <= TRACE_MAX &&
               summary_unpack(value + HEAD_FIXED_LEN, found->value.len - HEAD_FIXED_LEN, &out->summary) == ERR_OK;
}

bool vault_wants(const struct vault_filter *filter, const struct vault_item *item)
{
        return (!filter->failed || item->reasons & KEEP_FAILED) && (!filter->slow || item->reasons & KEEP_SLOW) &&
               (!filter->below || name_is_below(&item->summary.qname, &filter->suffix) ||
                name_equal(&item->summary.qname, &filter->suffix)) &&
               item->summary.wall_us >= filter->since_us;
}

enum err vault_list(const struct store *store, struct store_view *view, const struct vault_filter *filter,
                    vault_visit *visit, void *context)
{
        uint8_t key[HEAD_KEY_LEN] = { 'H' + 1 };
        struct store_bytes before = { key, 1 };
        struct arena arena;
        enum err err = ERR_OK;
        bool more = true;

        arena_init(&arena, READ_MEMORY);
        while (more) {
                struct arena_mark mark = arena_mark(&arena);
                struct vault_item item;
                struct store_item found;

                err = store_seek(view, SEEK_LAST_BEFORE, before, &arena, &found);
                if (err || found.key.len != HEAD_KEY_LEN || found.key.bytes[0] != 'H' ||
                    load_u64(found.key.bytes + 1) < filter->since_us)
                        break;
                if (head_read(store, &found, &item) && vault_wants(filter, &item))
                        more = visit(context, &item);
                memcpy(key, found.key.bytes, HEAD_KEY_LEN);
                before.len = HEAD_KEY_LEN;
                arena_reset(&arena, mark);
        }
        arena_fini(&arena);
        return err == ERR_MISSING ? ERR_OK : err;
}

/* --- Whole traces ------------------------------------------------------------------------------------------------- */

static enum err fetch_parts(const struct store *store, struct store_view *view, const struct vault_item *item,
                            uint8_t *out)
{
        struct arena arena;
        enum err err = ERR_OK;

        arena_init(&arena, READ_MEMORY);
        for (unsigned part = 0; (size_t)part * VAULT_PART < item->len && !err; part++) {
                size_t at = (size_t)part * VAULT_PART;
                size_t wanted = item->len - at < VAULT_PART ? item->len - at : VAULT_PART;
                uint8_t key[PART_KEY_LEN];
                struct store_bytes value;

                err = get_checked(store, view, part_key(key, &item->summary, part), &arena, &value);
                if (!err && value.len != CHECK_LEN + wanted)
                        err = ERR_MISSING;
                if (!err)
                        memcpy(out + at, value.bytes + CHECK_LEN, wanted);
        }
        arena_fini(&arena);
        return err;
}

enum err vault_fetch(const struct store *store, struct store_view *view, const struct vault_item *item,
                     uint8_t **bytes, size_t *len)
{
        uint8_t *copy = malloc(item->len ? item->len : 1);
        enum err err = copy ? fetch_parts(store, view, item, copy) : ERR_MEMORY;

        if (err) {
                free(copy);
                return err;
        }
        *bytes = copy;
        *len = item->len;
        return ERR_OK;
}

static const char hex_digit[] = "0123456789abcdef";

bool vault_id_matches(const struct trace_id *id, const char *hex)
{
        size_t i = 0;

        for (; hex[i] && i < ID_HEX_MAX; i++) {
                if ((hex[i] | 0x20) != hex_digit[id->bytes[i / 2] >> (i % 2 ? 0 : 4) & 0xf])
                        return false;
        }
        return i > 0 && !hex[i];
}

/* The least ID with these digits. ERR_LIMIT. */
static enum err read_hex(const char *hex, uint8_t out[TRACE_ID_LEN])
{
        size_t len = strlen(hex);

        memset(out, 0, TRACE_ID_LEN);
        if (len == 0 || len > ID_HEX_MAX)
                return ERR_LIMIT;
        for (size_t i = 0; i < len; i++) {
                const char *digit = strchr(hex_digit, hex[i] | 0x20);

                if (!digit)
                        return ERR_LIMIT;
                out[i / 2] = (uint8_t)(out[i / 2] | (digit - hex_digit) << (i % 2 ? 0 : 4));
        }
        return ERR_OK;
}

/* Of the index entries that match, the one that began last. */
static enum err find_newest(struct store_view *view, const char *hex, struct arena *arena, struct summary *out)
{
        uint8_t key[INDEX_KEY_LEN + 1] = { 'I' };
        struct store_bytes from = { key, 1 + TRACE_ID_LEN };
        bool found = false;
        enum err err = read_hex(hex, key + 1);

        for (unsigned i = 0; i < SAME_ID_MAX && !err; i++) {
                struct summary here = { .span = 0 };
                struct store_item item;

                err = store_seek(view, SEEK_FIRST_FROM, from, arena, &item);
                if (err || item.key.len != INDEX_KEY_LEN || item.key.bytes[0] != 'I')
                        break;
                memcpy(here.id.bytes, item.key.bytes + 1, TRACE_ID_LEN);
                if (!vault_id_matches(&here.id, hex))
                        break;
                here.wall_us = load_u64(item.key.bytes + 1 + TRACE_ID_LEN);
                here.span = load_u64(item.key.bytes + 1 + TRACE_ID_LEN + 8);
                if (!found || here.wall_us > out->wall_us)
                        *out = here;
                found = true;
                memcpy(key, item.key.bytes, INDEX_KEY_LEN); /* the next one is behind this key and a zero */
                from.len = INDEX_KEY_LEN + 1;
        }
        return found ? ERR_OK : err ? err : ERR_MISSING;
}

enum err vault_find(const struct store *store, struct store_view *view, const char *hex, uint8_t **bytes, size_t *len)
{
        uint8_t key[HEAD_KEY_LEN];
        struct summary place;
        struct vault_item item;
        struct store_item head;
        struct arena arena;

        arena_init(&arena, READ_MEMORY);
        enum err err = find_newest(view, hex, &arena, &place);
        if (!err) {
                head.key = head_key(key, &place);
                err = store_get(view, head.key, &arena, &head.value);
        }
        if (!err)
                err = head_read(store, &head, &item) ? vault_fetch(store, view, &item, bytes, len) : ERR_MISSING;
        arena_fini(&arena);
        return err;
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static enum err put_parts(const struct store *store, struct store_view *view, const struct vault_item *item,
                          const uint8_t *bytes)
{
        SCRATCH uint8_t value[CHECK_LEN + VAULT_PART];
        uint8_t key[PART_KEY_LEN];
        enum err err = ERR_OK;

        for (unsigned part = 0; (size_t)part * VAULT_PART < item->len && !err; part++) {
                size_t at = (size_t)part * VAULT_PART;
                size_t len = item->len - at < VAULT_PART ? item->len - at : VAULT_PART;

                memcpy(value + CHECK_LEN, bytes + at, len);
                err = put_checked(store, view, part_key(key, &item->summary, part), value, CHECK_LEN + len);
        }
        return err;
}

enum err vault_put(const struct store *store, struct store_view *view, const struct vault_item *item,
                   const uint8_t *bytes)
{
        uint8_t key[INDEX_KEY_LEN], value[HEAD_MAX];
        enum err err = item->len && item->len <= TRACE_MAX ? put_parts(store, view, item, bytes) : ERR_LIMIT;

        if (!err)
                err = put_checked(store, view, index_key(key, &item->summary), value, CHECK_LEN);
        if (!err) {
                size_t len = head_write(value, item);

                err = put_checked(store, view, head_key(key, &item->summary), value, len);
        }
        return err;
}

/* Whole, or as far as it is there. The length is not believed: the head may be damaged. */
static enum err delete_trace(struct store_view *view, const struct summary *place)
{
        uint8_t key[INDEX_KEY_LEN];
        enum err err = ERR_OK;

        for (unsigned part = 0; part < PARTS_MAX && !err; part++)
                err = store_delete(view, part_key(key, place, part));
        if (err && err != ERR_MISSING)
                return err;
        err = store_delete(view, index_key(key, place));
        if (err && err != ERR_MISSING)
                return err;
        return store_delete(view, head_key(key, place));
}

/* Where the head says the rest is; of one that cannot be read, time and span are still in its key. */
static void read_place(const struct store_item *head, struct summary *out)
{
        struct summary whole;

        *out = (struct summary){ .wall_us = load_u64(head->key.bytes + 1), .span = load_u64(head->key.bytes + 9) };
        if (head->value.len >= HEAD_FIXED_LEN && summary_unpack(head->value.bytes + HEAD_FIXED_LEN,
                                                                head->value.len - HEAD_FIXED_LEN, &whole) == ERR_OK)
                out->id = whole.id;
}

unsigned vault_prune(struct store_view *view, uint64_t before_us, unsigned max)
{
        static const uint8_t first[] = { 'H' };
        struct arena arena;
        unsigned count = 0;

        arena_init(&arena, READ_MEMORY);
        for (; count < max; count++) {
                struct arena_mark mark = arena_mark(&arena);
                struct store_item head;
                struct summary place;

                if (store_seek(view, SEEK_FIRST_FROM, (struct store_bytes){ first, sizeof first }, &arena, &head) ||
                    head.key.len != HEAD_KEY_LEN || head.key.bytes[0] != 'H' ||
                    load_u64(head.key.bytes + 1) >= before_us)
                        break;
                read_place(&head, &place);
                if (delete_trace(view, &place))
                        break;
                arena_reset(&arena, mark);
        }
        arena_fini(&arena);
        return count;
}
