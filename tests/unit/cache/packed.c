/*
 * Packed names, numbers and sets: how many bytes they take, that they come back, and what is refused.
 */
#include "cache/packed.h"
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

static void test_numbers(void **state)
{
        static const struct { uint32_t number; size_t len; } rows[] = {
                { 0, 1 }, { 1, 1 }, { 127, 1 }, { 128, 2 }, { 300, 2 }, { 16383, 2 }, { 16384, 3 }, { 86400, 3 },
                { 2097152, 4 }, { 1U << 28, 5 }, { UINT32_MAX, 5 },
        };
        uint8_t bytes[8];

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct writer writer = writer_over(bytes, sizeof(bytes));

                packed_write_number(&writer, rows[i].number);
                assert_int_equal(writer_len(&writer), rows[i].len);
                for (size_t len = 0; len <= rows[i].len; len++) {
                        struct reader reader = reader_over(bytes, len);

                        assert_int_equal(packed_read_number(&reader), len == rows[i].len ? rows[i].number : 0);
                        assert_int_equal(reader.failed, len < rows[i].len);
                }
        }
}

static void test_numbers_that_are_too_large(void **state)
{
        static const char *const rows[] = { "\x90\x80\x80\x80\x00", "\xff\xff\xff\xff\x7f", "\x80\x80\x80\x80\x80\x01" };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct reader reader = reader_over(rows[i], 6);

                assert_int_equal(packed_read_number(&reader), 0);
                assert_true(reader.failed);
        }
}

static void test_names(void **state)
{
        static const struct { const char *base, *name; size_t len; } rows[] = {
                { "www.example.com.", "www.example.com.", 1 },
                { "www.example.com.", "example.com.", 1 },
                { "www.example.com.", ".", 1 },
                { "WWW.Example.com.", "www.example.com.", 1 }, /* a base is lower case */
                { "www.example.com.", "wWw.example.com.", 17 }, /* letter case is kept */
                { "www.example.com.", "example.org.", 13 },
                { "www.example.com.", "a.www.example.com.", 19 },
                { "www.example.com.", "xample.com.", 12 },
                { ".", ".", 1 },
                { ".", "com.", 5 },
        };
        uint8_t of_base[NAME_WIRE_MAX], of_name[NAME_WIRE_MAX], room[NAME_WIRE_MAX], bytes[NAME_WIRE_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct name name = name_of(rows[i].name, of_name), full = name_of(rows[i].base, of_base), back;
                struct name base = packed_base(&full, room);
                struct writer writer = writer_over(bytes, sizeof(bytes));

                packed_write_name(&writer, &base, &name);
                assert_int_equal(writer_len(&writer), rows[i].len);
                struct reader reader = reader_over(bytes, writer_len(&writer));
                assert_int_equal(packed_read_name(&reader, &base, &back), ERR_OK);
                assert_true(name_equal_case(&back, &name));
                assert_int_equal(back.label_count, name.label_count);
                assert_int_equal(reader_left(&reader), 0);
        }
}

static void test_names_that_are_none(void **state)
{
        static const struct { const char *bytes; size_t len; enum err err; } rows[] = {
                { "", 0, ERR_SHORT }, { "\x83", 1, ERR_FORM }, { "\xff", 1, ERR_FORM }, { "\x40", 1, ERR_FORM },
                { "\3ww", 3, ERR_SHORT },
        };
        uint8_t room[NAME_WIRE_MAX];
        struct name base = name_of("example.com.", room), name;

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct reader reader = reader_over(rows[i].bytes, rows[i].len);

                assert_int_equal(packed_read_name(&reader, &base, &name), rows[i].err);
        }
}

#define SIGNATURE_OF_A "\0\1\x0d\3\0\1\x51\x80\x70\0\0\0\x60\0\0\0\x12\x34"

/* Two addresses of www.example.com, signed by example.com. */
static struct rrset set_of(const struct name *owner)
{
        static const struct rdata addresses[] = {
                { (const uint8_t *)"\xc0\0\2\1", 4 }, { (const uint8_t *)"\xc0\0\2\2", 4 },
        };
        static const struct rdata sig = {
                (const uint8_t *)SIGNATURE_OF_A "\7example\3com\0" "0123456789abcdef0123456789abcdef", 18 + 13 + 32,
        };

        return (struct rrset){
                .owner = *owner, .type = TYPE_A, .class = 1, .ttl = 300, .count = 2, .sig_count = 1,
                .rdata = addresses, .sigs = &sig,
        };
}

static void test_a_set_says_nothing_twice(void **state)
{
        uint8_t room[NAME_WIRE_MAX], bytes[512];
        struct name base = name_of("www.example.com.", room);
        struct writer writer = writer_over(bytes, sizeof(bytes));
        struct rrset set = set_of(&base), back;
        struct arena arena;

        (void)state;
        packed_write_set(&writer, &base, &set);
        assert_false(writer.failed);
        assert_int_equal(writer_len(&writer), 2 + 1 + 2 + 1 + 1 + 2 * 5 + 16 + 1 + 1 + 32);

        arena_init(&arena, 4096);
        struct reader reader = reader_over(bytes, writer_len(&writer));
        assert_int_equal(packed_read_set(&reader, &base, &arena, &back), ERR_OK);
        assert_int_equal(reader_left(&reader), 0);
        assert_int_equal(back.ttl, 300);
        assert_int_equal(back.class, 1);
        assert_true(rrset_equal(&back, &set));
        assert_int_equal(back.sig_count, 1);
        assert_int_equal(back.sigs[0].len, set.sigs[0].len);
        assert_memory_equal(back.sigs[0].bytes, set.sigs[0].bytes, set.sigs[0].len);
        arena_fini(&arena);
}

/* Every prefix is refused, and so is each count beyond its limit. */
static void test_sets_that_are_none(void **state)
{
        static const struct { unsigned at; uint8_t byte; enum err err; } rows[] = {
                { 1, 255, ERR_FORM },  /* type ANY */
                { 2, 0x84, ERR_FORM }, /* more labels than the base has */
                { 5, 0, ERR_LIMIT },   /* no records */
                { 6, 9, ERR_LIMIT },   /* too many signatures */
                { 7, 3, ERR_SHORT },   /* an address of three bytes */
                { 33, 0x84, ERR_FORM }, /* the signer */
                { 34, 0, ERR_FORM },   /* an empty signature */
        };
        uint8_t room[NAME_WIRE_MAX], bytes[512];
        struct name base = name_of("www.example.com.", room);
        struct writer writer = writer_over(bytes, sizeof(bytes));
        struct rrset set = set_of(&base), back;
        struct arena arena;

        (void)state;
        packed_write_set(&writer, &base, &set);
        arena_init(&arena, 1 << 16);
        for (size_t len = 0; len < writer_len(&writer); len++) {
                uint8_t *copy = malloc(len ? len : 1); /* so that a sanitizer sees the end */
                struct reader reader = reader_over(memcpy(copy, bytes, len), len);

                assert_int_not_equal(packed_read_set(&reader, &base, &arena, &back), ERR_OK);
                free(copy);
        }
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t copy[512];
                struct reader reader = reader_over(memcpy(copy, bytes, sizeof(bytes)), writer_len(&writer));

                copy[rows[i].at] = rows[i].byte;
                assert_int_equal(packed_read_set(&reader, &base, &arena, &back), rows[i].err);
        }
        arena_fini(&arena);
}

static void test_sets_that_are_not_written(void **state)
{
        uint8_t room[NAME_WIRE_MAX], bytes[512];
        struct name base = name_of("www.example.com.", room);
        struct rrset chaos = set_of(&base), other = chaos, loose = chaos;
        struct rdata cut = { chaos.sigs[0].bytes, 18 };
        const struct rrset *const rows[] = { &chaos, &other, &loose };

        (void)state;
        chaos.class = 3;
        other.type = 28; /* and its signature covers A */
        other.rdata = NULL;
        other.count = 0;
        loose.sigs = &cut;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct writer writer = writer_over(bytes, sizeof(bytes));

                packed_write_set(&writer, &base, rows[i]);
                assert_true(writer.failed);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_numbers_that_are_too_large),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_names_that_are_none),
                cmocka_unit_test(test_a_set_says_nothing_twice),
                cmocka_unit_test(test_sets_that_are_none),
                cmocka_unit_test(test_sets_that_are_not_written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
