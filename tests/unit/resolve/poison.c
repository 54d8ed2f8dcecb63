/*
 * The scrubbing matrix through a whole resolver: root and zone answer as scripted, and afterwards the store holds what
 * it may and nothing else, neither under a key that nobody asked for, nor in a value.
 */
#include "cache/key.h"
#include "letter.h"
#include "matrix.h"
#include "store/store.h"
#include "virtual.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS_TEXT = 4000, SCAN_ARENA = 4 << 20, WALL_S = 1750000000, LONG_US = 12000000 };

static const char settings[] = "root-hints: [\"a.root. 192.0.2.1\"]\n"
                               "do-ip6: no\n"
                               "validation: no\n"
                               "query-minimization: no\n"
                               "hedging: no\n"
                               "special-use-zones: no\n";

/* The world of one cell. */
struct world {
        struct virtual *v;
        const struct cell *cell;
        unsigned rcode; /* that the client got */
};

/* --- Servers ------------------------------------------------------------------------------------------------------ */

static bool is_in_zone(const struct question *question)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name zone;

        assert_int_equal(name_from_text("zone.test.", room, &zone), ERR_OK);
        return name_is_at_or_below(&question->name, &zone);
}

/* The root refers to the zone, and denies all else. */
static void say_as_root(const struct question *question, struct letter *letter)
{
        if (is_in_zone(question)) {
                letter->section[SECTION_AUTHORITY] = "zone.test. 3600 NS ns.zone.test.";
                letter->section[SECTION_ADDITIONAL] = "ns.zone.test. 3600 A 192.0.2.53";
                return;
        }
        letter->flags |= FLAG_AA | RCODE_NXDOMAIN;
        letter->section[SECTION_AUTHORITY] = ". SOA a.root. b.root. 1 3600 600 86400 300";
}

static void say_as_zone(const struct cell *cell, struct letter *letter)
{
        letter->flags = matrix_flags(cell);
        for (enum section s = 0; s < SECTION_COUNT; s++)
                letter->section[s] = cell->line[s];
}

static void server_gets(void *context, const struct action *send)
{
        struct world *world = context;
        struct letter letter = { .flags = FLAG_QR };
        static uint8_t bytes[MESSAGE_MAX];
        char qname[NAME_TEXT_MAX];
        struct query query;
        size_t len;

        assert_int_equal(query_read(send->send.bytes, send->send.len, &query), ERR_OK);
        letter.qname = name_text(&query.question.name, qname);
        letter.qtype = query.question.type;
        if (send->send.to.address.bytes[3] == 1)
                say_as_root(&query.question, &letter);
        else
                say_as_zone(world->cell, &letter);
        len = letter_write(&letter, bytes);
        letter_address(bytes, send->send.bytes);
        virtual_deliver(world->v, send->send.flight, 1000, bytes, len);
}

static void client_gets(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct world *world = context;

        (void)client;
        world->rcode = len >= HEADER_LEN ? load_u16(bytes + 2) & FLAG_RCODE_MASK : UINT16_MAX;
}

/* --- What is kept ------------------------------------------------------------------------------------------------- */

static bool holds(struct store_bytes value, const void *what, size_t len)
{
        for (size_t i = 0; i + len <= value.len; i++)
                if (!memcmp(value.bytes + i, what, len))
                        return true;
        return false;
}

static bool is_poisoned(struct store_bytes value)
{
        return holds(value, "\xcb\x00\x71\x42", 4) || holds(value, "evil", 4);
}

/* One entry as text, such as "R www.zone.test. A;". What is known of servers does not count. */
static void tell_entry(const struct store_item *item, char *out, size_t size)
{
        char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
        uint8_t room[NAME_WIRE_MAX];
        struct key_parts parts;

        *out = 0;
        assert_int_equal(key_read(item->key, room, &parts), ERR_OK);
        if (parts.space == SPACE_SERVERS)
                return;
        if (parts.space == SPACE_DELEGATIONS)
                snprintf(out, size, "D %s;", name_text(&parts.name, name));
        else
                snprintf(out, size, "%c %s %s;", parts.space, name_text(&parts.name, name),
                         rrtype_text(parts.type, type));
}

/* Each entry of the store is among those allowed, and poison is only in those that the exception allows. */
static void check_store(struct store *store, const char *usual, const char *more, const char *what)
{
        struct store_reader *reader = store_reader_new(store);
        struct store_view *view = store_reader_begin(reader);
        uint8_t from[STORE_KEY_MAX + 1] = { 0 };
        struct store_item item;
        struct arena arena;
        size_t len = 1;
        unsigned count = 0;

        arena_init(&arena, SCAN_ARENA);
        while (store_seek(view, SEEK_FIRST_FROM, (struct store_bytes){ from, len }, &arena, &item) == ERR_OK) {
                char entry[NAME_TEXT_MAX + 50];

                tell_entry(&item, entry, sizeof(entry));
                if (*entry && !strstr(usual, entry) && !strstr(more, entry))
                        fail_msg("%s: kept is %s", what, entry);
                if (*entry && is_poisoned(item.value) && !strstr(more, entry))
                        fail_msg("%s: poison is in %s", what, entry);
                count += *entry != 0;
                memcpy(from, item.key.bytes, item.key.len);
                from[item.key.len] = 0;
                len = item.key.len + 1;
        }
        assert_true(count >= 1); /* the delegation at least */
        arena_fini(&arena);
        store_reader_end(reader);
        store_reader_free(reader);
}

/* --- The test ----------------------------------------------------------------------------------------------------- */

/* What every cell of a base may keep: the delegation, and what the question asked for or that it failed. */
static const char *usual_entries(const struct cell *cell)
{
        switch (cell->base) {
        case SAYS_ANSWER: return "D zone.test.;R www.zone.test. A;";
        case SAYS_NOTHING: return "D zone.test.;F www.zone.test. A;";
        case SAYS_NXDOMAIN: return "D zone.test.;R www.zone.test. TYPE0;";
        case MATRIX_BASES: break;
        }
        return "";
}

static void ask(struct world *world)
{
        const struct endpoint from = { .address = { .family = 4, .bytes = { 127, 0, 0, 1 } }, .port = 4000 };
        uint8_t query[QUERY_MAX];
        size_t len = letter_ask("www.zone.test.", TYPE_A, 7, 0, NULL, query);

        world->rcode = UINT16_MAX;
        virtual_ask(world->v, 1, &from, TRANSPORT_TCP, query, len);
        while (virtual_step(world->v, virtual_now(world->v).mono_us + LONG_US) && world->rcode == UINT16_MAX)
                ;
}

static void play_cell(const struct cell *cell, unsigned n)
{
        struct world world = { .cell = cell };
        const struct virtual_hooks hooks = { &world, server_gets, client_gets, NULL };
        char complaint[VIRTUAL_COMPLAINT_MAX] = "", what[2 * MATRIX_LINE];
        int exception = matrix_exception_of(cell);

        snprintf(what, sizeof(what), "base %d, section %d, %s %s%s", cell->base, cell->section,
                 matrix_owner[cell->owner], matrix_record[cell->type].text, cell->aa ? ", AA" : "");
        world.v = virtual_new(settings, WALL_S, n + 1, &hooks, complaint);
        assert_string_equal(complaint, "");
        ask(&world);
        assert_int_not_equal(world.rcode, UINT16_MAX);
        check_store(virtual_store(world.v), usual_entries(cell),
                    exception >= 0 ? matrix_exception[exception].stored : "", what);
        if (cell->base == SAYS_ANSWER)
                assert_int_equal(world.rcode, RCODE_NOERROR);
        virtual_free(world.v);
}

static void test_matrix(void **state)
{
        struct cell cell;
        unsigned n = 0;

        (void)state;
        for (; matrix_cell(n, &cell); n++)
                play_cell(&cell, n);
        assert_true(n > 1000);
}

/* The test itself can fail: what the record brings is found where it is allowed. */
static void test_poison_is_found(void **state)
{
        const struct store_bytes clean = { (const uint8_t *)"\x00\xc0\x00\x02\x50", 5 };
        const struct store_bytes address = { (const uint8_t *)"\x00\xcb\x00\x71\x42", 5 };
        const struct store_bytes name = { (const uint8_t *)"\x04"
                                                           "evil\x07"
                                                           "example",
                                          13 };

        (void)state;
        assert_false(is_poisoned(clean));
        assert_true(is_poisoned(address));
        assert_true(is_poisoned(name));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matrix),
                cmocka_unit_test(test_poison_is_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
