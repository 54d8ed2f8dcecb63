/*
 * Keys: byte order is canonical order, a name's entries are neighbours, and each key can be read back.
 */
#include "cache/key.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct name name_of(const char *text, uint8_t room[NAME_WIRE_MAX])
{
        struct name name;

        assert_int_equal(name_from_text(text, room, &name), ERR_OK);
        return name;
}

static int compare(const struct key *a, const struct key *b)
{
        int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

        return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* RFC 4034 6.1's own example, with types of one name in between. */
static void test_order(void **state)
{
        static const struct { const char *name; uint16_t type; } rows[] = {
                { ".", 1 },
                { "example.", 0 },
                { "example.", 1 },
                { "example.", 28 },
                { "example.", 256 },
                { "a.example.", 1 },
                { "yljkjljk.a.example.", 1 },
                { "Z.a.example.", 1 },
                { "zABC.a.EXAMPLE.", 1 },
                { "z.example.", 1 },
                { "\\001.z.example.", 1 },
                { "*.z.example.", 1 },
                { "\\200.z.example.", 1 },
        };
        struct key before, key;
        uint8_t room[NAME_WIRE_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct name name = name_of(rows[i].name, room);

                assert_true(key_records(&key, SPACE_RECORDS, 5, &name, rows[i].type));
                if (i > 0)
                        assert_true(compare(&before, &key) < 0);
                before = key;
        }
}

static void test_read_back(void **state)
{
        static const char *const names[] = {
                ".", "example.", "www.example.com.", "\\000.\\001\\002.\\255.x.", "UPPER.case.",
        };
        struct key key;
        struct key_parts parts;
        uint8_t room[NAME_WIRE_MAX], back[NAME_WIRE_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                struct name name = name_of(names[i], room);

                assert_true(key_records(&key, SPACE_BOGUS, 0x0102030405060708, &name, TYPE_AAAA));
                assert_int_equal(key_read(key_view(&key), back, &parts), ERR_OK);
                assert_int_equal(parts.space, SPACE_BOGUS);
                assert_true(parts.partition == 0x0102030405060708);
                assert_int_equal(parts.type, TYPE_AAAA);
                assert_true(name_equal(&parts.name, &name));

                assert_true(key_delegation(&key, 0, &name));
                assert_int_equal(key_read(key_view(&key), back, &parts), ERR_OK);
                assert_int_equal(parts.space, SPACE_DELEGATIONS);
                assert_true(name_equal(&parts.name, &name));

                assert_true(key_zone(&key, 9, &name));
                assert_int_equal(key_read(key_view(&key), back, &parts), ERR_OK);
                assert_int_equal(parts.space, SPACE_ZONES);
                assert_true(name_equal(&parts.name, &name));
        }
}

/* The walk from the root comes first and says so in one byte; an unknown route, or 0 written in full, is no key. */
static void test_routes(void **state)
{
        static const cache_partition routes[] = { 0, 1, 0x0102030405060708, UINT64_MAX };
        uint8_t room[NAME_WIRE_MAX], back[NAME_WIRE_MAX];
        struct name name = name_of("www.example.", room);
        struct key before, key;
        struct key_parts parts;

        (void)state;
        for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
                assert_true(key_records(&key, SPACE_RECORDS, routes[i], &name, TYPE_A));
                assert_int_equal(key.len, 2 + (routes[i] ? 8 : 0) + 12 + 1 + 2);
                assert_int_equal(key_read(key_view(&key), back, &parts), ERR_OK);
                assert_true(parts.partition == routes[i]);
                if (i > 0)
                        assert_true(compare(&before, &key) < 0);
                before = key;
        }
        memset(key.bytes + 2, 0, 8);
        assert_int_equal(key_read(key_view(&key), back, &parts), ERR_FORM);
        key.bytes[1] = 2;
        assert_int_equal(key_read(key_view(&key), back, &parts), ERR_FORM);
}

static void test_servers(void **state)
{
        const struct address addresses[] = {
                { .family = 4, .bytes = { 192, 0, 2, 1 } }, { .family = 6, .bytes = { 0x20, 1, [15] = 9 } },
        };
        uint8_t room[NAME_WIRE_MAX];
        struct key_parts parts;
        struct key key;

        (void)state;
        for (int i = 0; i < 2; i++) {
                key_server(&key, &addresses[i]);
                assert_int_equal(key_read(key_view(&key), room, &parts), ERR_OK);
                assert_int_equal(parts.space, SPACE_SERVERS);
                assert_true(address_equal(&parts.address, &addresses[i]));
        }
}

/* Every prefix of a key, and every change of one byte, is read or refused, but never read beyond. */
static void test_damaged_keys(void **state)
{
        struct key key;
        struct key_parts parts;
        uint8_t room[NAME_WIRE_MAX], back[NAME_WIRE_MAX];
        struct name name = name_of("\\000a.www.example.", room);

        (void)state;
        assert_true(key_records(&key, SPACE_RECORDS, 1, &name, TYPE_A));
        for (size_t len = 0; len < key.len; len++) {
                uint8_t *copy = malloc(len ? len : 1); /* so that a sanitizer sees the end */

                memcpy(copy, key.bytes, len);
                assert_int_equal(key_read((struct store_bytes){ copy, len }, back, &parts), ERR_FORM);
                free(copy);
        }
        for (size_t at = 0; at < key.len; at++) {
                for (unsigned byte = 0; byte < 256; byte++) {
                        struct key copy = key;

                        copy.bytes[at] = (uint8_t)byte;
                        (void)!key_read(key_view(&copy), back, &parts);
                }
        }
}

static void test_long_names_have_no_key(void **state)
{
        uint8_t wire[NAME_WIRE_MAX];
        struct key key;

        (void)state;
        memset(wire, 'a', sizeof(wire));
        for (int i = 0; i < 4; i++)
                wire[i * 63] = 62;
        wire[252] = 0;
        struct name longest = { .wire = wire, .len = 253, .label_count = 4 };
        assert_true(key_records(&key, SPACE_RECORDS, 0, &longest, TYPE_A));

        memset(wire, 0, sizeof(wire)); /* each byte 00 takes two */
        for (int i = 0; i < 4; i++)
                wire[i * 63] = 62;
        assert_false(key_records(&key, SPACE_RECORDS, 0, &longest, TYPE_A));
        assert_false(key_delegation(&key, 0, &longest));
}

static void test_prefixes(void **state)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name zone = name_of("example.", room);
        struct key exact, below, key;
        uint8_t other[NAME_WIRE_MAX];
        static const struct { const char *name; bool exact, below; } rows[] = {
                { "example.", true, true }, { "a.example.", false, true }, { "\\000.example.", false, true },
                { "example1.", false, false }, { "exampl.", false, false }, { ".", false, false },
        };

        (void)state;
        assert_true(key_name(&exact, SPACE_RECORDS, 3, &zone, false));
        assert_true(key_name(&below, SPACE_RECORDS, 3, &zone, true));
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct name name = name_of(rows[i].name, other);

                assert_true(key_records(&key, SPACE_RECORDS, 3, &name, TYPE_A));
                assert_int_equal(key_has_prefix(key_view(&key), key_view(&exact)), rows[i].exact);
                assert_int_equal(key_has_prefix(key_view(&key), key_view(&below)), rows[i].below);
        }
}

static void test_behind(void **state)
{
        struct key key = { .len = 3, .bytes = { 1, 2, 3 } };

        (void)state;
        assert_true(key_behind(&key));
        assert_memory_equal(key.bytes, "\1\2\4", 3);
        key = (struct key){ .len = 3, .bytes = { 1, 0xff, 0xff } };
        assert_true(key_behind(&key));
        assert_int_equal(key.len, 1);
        assert_int_equal(key.bytes[0], 2);
        key = (struct key){ .len = 2, .bytes = { 0xff, 0xff } };
        assert_false(key_behind(&key));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_read_back),
                cmocka_unit_test(test_routes),
                cmocka_unit_test(test_servers),
                cmocka_unit_test(test_damaged_keys),
                cmocka_unit_test(test_long_names_have_no_key),
                cmocka_unit_test(test_prefixes),
                cmocka_unit_test(test_behind),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
