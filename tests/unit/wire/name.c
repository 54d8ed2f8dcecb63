/* Names: reading, text, family relations, canonical form and order. */
#include "bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(table) (sizeof table / sizeof *table)

/* One label of 63 bytes, as text and as wire. */
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void text_to_wire_and_back(void **state)
{
        static const struct {
                const char *text, *again; /* NULL: again the text itself */
                enum err err;
                unsigned len, label_count;
        } rows[] = {
                { ".", NULL, ERR_OK, 1, 0 },
                { "com.", NULL, ERR_OK, 5, 1 },
                { "www.Example.com", "www.Example.com.", ERR_OK, 17, 3 },
                { "_dns._udp.x-y.*.", NULL, ERR_OK, 17, 4 },
                { "a\\.b.c.", "a\\046b.c.", ERR_OK, 7, 2 },
                { "\\065.x", "A.x.", ERR_OK, 5, 2 },
                { "\\000\\255.", NULL, ERR_OK, 4, 1 },
                { "a b\"<>&'.", "a\\032b\\034\\060\\062\\038\\039.", ERR_OK, 10, 1 },
                { "\\\\.", "\\092.", ERR_OK, 3, 1 },
                { "+/=@.", NULL, ERR_OK, 6, 1 },
                { A63 "." A63 "." A63 "." A61 ".", NULL, ERR_OK, 255, 4 },
                { A63 "." A63 "." A63 "." A61 "a.", NULL, ERR_LIMIT, 0, 0 },
                { A63 "a.", NULL, ERR_LIMIT, 0, 0 },
                { "", NULL, ERR_FORM, 0, 0 },
                { "..", NULL, ERR_FORM, 0, 0 },
                { ".com", NULL, ERR_FORM, 0, 0 },
                { "a..b", NULL, ERR_FORM, 0, 0 },
                { "a\\", NULL, ERR_FORM, 0, 0 },
                { "a\\2", NULL, ERR_FORM, 0, 0 },
                { "a\\25", NULL, ERR_FORM, 0, 0 },
                { "a\\256", NULL, ERR_FORM, 0, 0 },
        };
        uint8_t room[NAME_WIRE_MAX];
        char text[NAME_TEXT_MAX];

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                struct name name;
                assert_int_equal(name_from_text(rows[i].text, room, &name), rows[i].err);
                if (rows[i].err)
                        continue;
                assert_int_equal(name.len, rows[i].len);
                assert_int_equal(name.label_count, rows[i].label_count);
                assert_string_equal(name_text(&name, text), rows[i].again ? rows[i].again : rows[i].text);
        }
}

static void the_longest_text_fits(void **state)
{
        uint8_t wire[NAME_WIRE_MAX] = { 0 };
        char text[NAME_TEXT_MAX];
        struct name name;

        (void)state;
        for (unsigned i = 0; i < 254; i += 2)
                wire[i] = 1; /* 127 labels of one zero byte each */
        struct reader r = reader_over(wire, sizeof wire);
        assert_int_equal(name_read(&r, &name), ERR_OK);
        assert_int_equal(name.label_count, NAME_LABEL_MAX);
        assert_int_equal(strlen(name_text(&name, text)), 127 * 5);
        memset(wire, 1, sizeof wire);
        wire[0] = wire[64] = wire[128] = 63;
        wire[192] = 61;
        wire[254] = 0;
        r = reader_over(wire, sizeof wire);
        assert_int_equal(name_read(&r, &name), ERR_OK);
        assert_int_equal(strlen(name_text(&name, text)), 250 * 4 + 4);
        assert_true(strlen(text) < NAME_TEXT_MAX);
}

static void uncompressed_names(void **state)
{
        static const struct {
                const char *hex;
                enum err err;
        } rows[] = {
                { "00", ERR_OK },          { "01 61 00", ERR_OK },      { "03 77 77 77 01 61 00", ERR_OK },
                { "01 61 c0 0c", ERR_FORM }, { "40 61 00", ERR_FORM },  { "80", ERR_FORM },
                { "c0", ERR_FORM },        { "", ERR_SHORT },           { "01", ERR_SHORT },
                { "01 61", ERR_SHORT },    { "3f 61 61", ERR_SHORT },
        };
        uint8_t bytes[64];

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                size_t len = from_hex(rows[i].hex, bytes);
                struct reader r = reader_over(guarded(bytes, len), len);
                struct name name;
                assert_int_equal(name_read(&r, &name), rows[i].err);
                assert_int_equal(reader_left(&r), rows[i].err ? len : 0); /* on error nothing was taken */
        }
}

static void a_name_of_256_bytes_is_none(void **state)
{
        uint8_t wire[257] = { 0 };
        struct name name;

        (void)state;
        for (unsigned i = 0; i < 256; i += 2)
                wire[i] = 1;
        struct reader r = reader_over(guarded(wire, sizeof wire), sizeof wire);
        assert_int_equal(name_read(&r, &name), ERR_FORM);
}

/*
 * Twelve bytes of header, then at 12 "www.a.", at 19 "b" and a pointer to 16 ("a."), at 23 "c" and a pointer to 19;
 * what is under test follows at 27.
 */
#define BASE "000000000000000000000000 03777777 0161 00 0162 c010 0163 c013"

static void compressed_names(void **state)
{
        static const struct {
                const char *hex, *text; /* NULL: an error */
                enum err err;
                size_t hops;
        } rows[] = {
                { "00", ".", ERR_OK, 0 },
                { "0164 00", "d.", ERR_OK, 0 },
                { "c00c", "www.a.", ERR_OK, 1 },
                { "0164 c00c", "d.www.a.", ERR_OK, 1 },
                { "0164 c017", "d.c.b.a.", ERR_OK, 3 },
                { "c017", "c.b.a.", ERR_OK, 3 },
                { "c017", NULL, ERR_LIMIT, 2 },       /* the message's hops are used up */
                { "c00c", NULL, ERR_LIMIT, 0 },
                { "c01b", NULL, ERR_FORM, 9 },        /* to itself */
                { "0164 c01b", NULL, ERR_FORM, 9 },   /* to its own begin */
                { "c01c", NULL, ERR_FORM, 9 },        /* forwards */
                { "ffff", NULL, ERR_FORM, 9 },        /* beyond the message */
                { "c000", NULL, ERR_FORM, 9 },        /* into the header */
                { "c00b", NULL, ERR_FORM, 9 },
                { "0164 40", NULL, ERR_FORM, 9 },
                { "c0", NULL, ERR_SHORT, 9 },
                { "0164", NULL, ERR_SHORT, 9 },
                { "3f64", NULL, ERR_SHORT, 9 },
                { "", NULL, ERR_SHORT, 9 },
        };
        uint8_t bytes[128], room[NAME_WIRE_MAX];
        char text[NAME_TEXT_MAX];

        (void)state;
        size_t start = from_hex(BASE, bytes);
        assert_int_equal(start, 27);
        for (unsigned i = 0; i < COUNT(rows); i++) {
                size_t len = start + from_hex(rows[i].hex, bytes + start), hops = rows[i].hops;
                const uint8_t *message = guarded(bytes, len);
                struct reader r = reader_over(message + start, len - start);
                struct name name;
                assert_int_equal(name_read_compressed(&r, message, len, &hops, room, &name), rows[i].err);
                if (rows[i].err)
                        continue;
                assert_string_equal(name_text(&name, text), rows[i].text);
                assert_int_equal(hops, 0);
                assert_int_equal(reader_left(&r), 0);
        }
}

static void sixteen_pointers_and_no_more(void **state)
{
        uint8_t bytes[12 + 3 + 4 * 20] = { 0 }, room[NAME_WIRE_MAX];

        (void)state;
        from_hex("0161 00", bytes + 12);
        for (unsigned i = 0, last = 12; i < 20; i++) { /* "b" and a pointer to the one before */
                unsigned at = 15 + 4 * i;
                bytes[at] = 1;
                bytes[at + 1] = 'b';
                store_u16(bytes + at + 2, (uint16_t)(0xc000 | last));
                last = at;
        }
        for (unsigned i = 0; i < 20; i++) {
                struct reader r = reader_over(bytes + 15 + 4 * i, sizeof bytes - 15 - 4 * i);
                size_t hops = 1000;
                struct name name;
                enum err err = name_read_compressed(&r, bytes, sizeof bytes, &hops, room, &name);
                assert_int_equal(err, i < 16 ? ERR_OK : ERR_LIMIT);
        }
}

static void a_name_may_not_run_past_its_reader(void **state)
{
        uint8_t bytes[64], room[NAME_WIRE_MAX];
        size_t len = from_hex(BASE "0164 0165 00", bytes), hops = 9;
        struct name name;

        (void)state;
        for (size_t field = 0; field < 5; field++) { /* as RDATA of that length would hold it */
                struct reader r = reader_over(bytes + 27, field);
                assert_int_equal(name_read_compressed(&r, bytes, len, &hops, room, &name), ERR_SHORT);
        }
}

static void every_prefix_of_every_vector(const uint8_t *bytes, size_t len)
{
        for (size_t part = 12; part <= len; part++) {
                const uint8_t *message = guarded(bytes, part);
                struct reader r = reader_over(message + 12, part - 12);
                uint8_t room[NAME_WIRE_MAX];
                struct name name;
                size_t hops = part;
                while (name_read_compressed(&r, message, part, &hops, room, &name) == ERR_OK)
                        assert_true(name.len >= 1 && name.wire[name.len - 1] == 0);
        }
}

static void vectors_by_prefixes(void **state)
{
        (void)state;
        unsigned count = each_vector("name", every_prefix_of_every_vector);
        assert_true(count > 0 || !getenv("CAIRN_SOURCE"));
}

static void relations(void **state)
{
        static const struct {
                const char *child, *parent;
                bool below, at;
                unsigned common;
        } rows[] = {
                { "www.example.com.", "example.com.", true, false, 2 },
                { "WWW.EXAMPLE.com.", "example.COM.", true, false, 2 },
                { "example.com.", "Example.com.", false, true, 2 },
                { "example.com.", "www.example.com.", false, false, 2 },
                { "badexample.com.", "example.com.", false, false, 1 },
                { "a.", ".", true, false, 0 },
                { ".", ".", false, true, 0 },
                { "a.b.c.", "x.b.c.", false, false, 2 },
                { "a\\003com.", "com.", false, false, 0 }, /* the bytes of "com." end it, the labels do not */
                { "\\[.", "\\{.", false, false, 0 },        /* 0x5b and 0x7b are no letters */
                { "\\193.", "\\225.", false, false, 0 },    /* only ASCII has case */
        };

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                struct name child = named(rows[i].child), parent = named(rows[i].parent);
                assert_int_equal(name_is_below(&child, &parent), rows[i].below);
                assert_int_equal(name_is_at_or_below(&child, &parent), rows[i].below || rows[i].at);
                assert_int_equal(name_equal(&child, &parent), rows[i].at);
                assert_int_equal(name_common_labels(&child, &parent), rows[i].common);
                assert_int_equal(name_common_labels(&parent, &child), rows[i].common);
        }
        struct name lower = named("a."), upper = named("A.");
        assert_true(name_equal(&lower, &upper));
        assert_false(name_equal_case(&lower, &upper));
}

/* Folding works on words: each letter at each place of a name longer than two words. */
static void case_is_ignored_at_every_place(void **state)
{
        uint8_t a[20] = { 18, [19] = 0 }, b[20], lower[NAME_WIRE_MAX];
        const struct name name_a = { a, sizeof a, 1 }, name_b = { b, sizeof b, 1 };

        (void)state;
        for (unsigned place = 1; place <= 18; place++) {
                for (unsigned byte = 0; byte < 256; byte++) {
                        bool is_upper = byte >= 'A' && byte <= 'Z', is_lower = byte >= 'a' && byte <= 'z';
                        memset(a + 1, 'q', 18);
                        memcpy(b, a, sizeof a);
                        a[place] = (uint8_t)byte;
                        b[place] = (uint8_t)(byte ^ 0x20);
                        assert_int_equal(name_equal(&name_a, &name_b), is_upper || is_lower);
                        assert_int_equal(name_canonical(&name_a, lower), sizeof a);
                        assert_int_equal(lower[place], is_upper ? byte | 0x20 : byte);
                }
        }
}

static void ancestors(void **state)
{
        struct name name = named("a.b.c.d.");
        char text[NAME_TEXT_MAX];

        (void)state;
        struct name two = name_strip(&name, 2), root = name_strip(&name, 4), one = name_ancestor(&name, 1);
        assert_string_equal(name_text(&two, text), "c.d.");
        assert_string_equal(name_text(&one, text), "d.");
        assert_true(name_is_root(&root) && root.label_count == 0);
        assert_true(name_equal(&root, &name_root));
        struct name star = named("*.a."), no_star = named("a*.a."), bare = named("*.");
        assert_true(name_is_wildcard(&star) && name_is_wildcard(&bare));
        assert_false(name_is_wildcard(&no_star) || name_is_wildcard(&name_root));
}

static void making_names(void **state)
{
        uint8_t room[NAME_WIRE_MAX];
        char text[NAME_TEXT_MAX];
        struct name parent = named("example."), out;
        struct name longest = named(A63 "." A63 "." A63 "." A61 ".");

        (void)state;
        assert_int_equal(name_prepend((const uint8_t *)"*", 1, &parent, room, &out), ERR_OK);
        assert_string_equal(name_text(&out, text), "*.example.");
        assert_int_equal(out.label_count, 2);
        assert_int_equal(name_prepend((const uint8_t *)"*", 1, &longest, room, &out), ERR_LIMIT);

        struct name from = named("old.example."), to = named("new."), name = named("a.b.OLD.example.");
        assert_int_equal(name_replace_suffix(&name, &from, &to, room, &out), ERR_OK);
        assert_string_equal(name_text(&out, text), "a.b.new.");
        assert_int_equal(out.label_count, 3);
        assert_int_equal(name_replace_suffix(&name, &from, &name_root, room, &out), ERR_OK);
        assert_string_equal(name_text(&out, text), "a.b.");
        assert_int_equal(name_replace_suffix(&name, &from, &longest, room, &out), ERR_LIMIT);
}

static void copies_live_on(void **state)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name_store store;
        struct arena arena;
        struct name name;

        (void)state;
        arena_init(&arena, 4096);
        assert_int_equal(name_from_text("a.b.", room, &name), ERR_OK);
        struct name copy = name_copy(&arena, &name), held = name_hold(&store, &name);
        memset(room, 0xff, sizeof room);
        struct name expected = named("a.b.");
        assert_true(name_equal(&copy, &expected) && name_equal(&held, &expected));
        arena_fini(&arena);
        arena_init(&arena, 0);
        copy = name_copy(&arena, &expected);
        assert_null(copy.wire);
}

static int sign(int n)
{
        return (n > 0) - (n < 0);
}

static void canonical_order(void **state)
{
        /* RFC 4034 6.1, with the root before and some bytes that need escaping in keys. */
        static const char *const sorted[] = {
                ".", "example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.", "zABC.a.EXAMPLE.",
                "z.example.", "\\000.z.example.", "\\000\\000.z.example.", "\\000a.z.example.", "\\001.z.example.",
                "\\001a.z.example.", "\\002.z.example.", "*.z.example.", "\\200.z.example.", "za.example.", "f.",
        };
        uint8_t key_a[NAME_KEY_MAX], key_b[NAME_KEY_MAX];

        (void)state;
        for (unsigned i = 0; i < COUNT(sorted); i++) {
                for (unsigned j = 0; j < COUNT(sorted); j++) {
                        struct name a = named(sorted[i]), b = named(sorted[j]);
                        int expected = sign((int)i - (int)j);
                        size_t len_a = name_sort_key(&a, key_a), len_b = name_sort_key(&b, key_b);
                        int by_key = memcmp(key_a, key_b, len_a < len_b ? len_a : len_b);
                        assert_int_equal(sign(name_compare(&a, &b)), expected);
                        assert_int_equal(sign(by_key ? by_key : (int)len_a - (int)len_b), expected);
                }
        }
}

static void sort_keys_by_bytes(void **state)
{
        struct name name = named("A\\000.\\001b.");
        static const uint8_t expected[] = { 1, 2, 'b', 0, 'a', 1, 1, 0 };
        uint8_t key[NAME_KEY_MAX];

        (void)state;
        assert_int_equal(name_sort_key(&name, key), sizeof expected);
        assert_memory_equal(key, expected, sizeof expected);
        assert_int_equal(name_sort_key(&name_root, key), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_to_wire_and_back),
                cmocka_unit_test(the_longest_text_fits),
                cmocka_unit_test(uncompressed_names),
                cmocka_unit_test(a_name_of_256_bytes_is_none),
                cmocka_unit_test(compressed_names),
                cmocka_unit_test(sixteen_pointers_and_no_more),
                cmocka_unit_test(a_name_may_not_run_past_its_reader),
                cmocka_unit_test(vectors_by_prefixes),
                cmocka_unit_test(relations),
                cmocka_unit_test(case_is_ignored_at_every_place),
                cmocka_unit_test(ancestors),
                cmocka_unit_test(making_names),
                cmocka_unit_test(copies_live_on),
                cmocka_unit_test(canonical_order),
                cmocka_unit_test(sort_keys_by_bytes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
