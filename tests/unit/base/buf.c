/* The cursors fail stickily and never touch a byte outside. */
#include "base/buf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const uint8_t bytes[15] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static void numbers_are_read_in_network_order(void **state)
{
        struct reader r = reader_over(bytes, sizeof bytes);

        (void)state;
        assert_int_equal(read_u8(&r), 1);
        assert_int_equal(read_u16(&r), 0x0203);
        assert_int_equal(read_u32(&r), 0x04050607);
        assert_true(read_u64(&r) == 0x08090a0b0c0d0e0f);
        assert_int_equal(reader_left(&r), 0);
        assert_false(r.failed);
}

static void an_overrun_sticks(void **state)
{
        struct reader r = reader_over(bytes, 3);

        (void)state;
        assert_int_equal(read_u32(&r), 0);
        assert_true(r.failed);
        assert_int_equal(read_u8(&r), 0);
        assert_null(read_bytes(&r, 0));
        assert_int_equal(reader_left(&r), 0);
}

static void what_is_written_reads_the_same(void **state)
{
        uint8_t out[sizeof bytes];
        struct writer w = writer_over(out, sizeof out);

        (void)state;
        write_u8(&w, 1);
        write_u16(&w, 0x0203);
        write_u32(&w, 0x04050607);
        write_u64(&w, 0x08090a0b0c0d0e0f);
        assert_false(w.failed);
        assert_int_equal(writer_len(&w), sizeof out);
        assert_memory_equal(out, bytes, sizeof out);
}

static void a_full_writer_writes_nothing_more(void **state)
{
        uint8_t out[4] = { 0, 0, 0, 0xee };
        struct writer w = writer_over(out, 3);

        (void)state;
        write_u16(&w, 0x0102);
        write_u16(&w, 0x0304);
        assert_true(w.failed);
        write_u8(&w, 9);
        write_text(&w, "x");
        assert_int_equal(writer_len(&w), 2);
        assert_int_equal(writer_left(&w), 0);
        assert_int_equal(out[2], 0);
        assert_int_equal(out[3], 0xee);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_are_read_in_network_order), cmocka_unit_test(an_overrun_sticks),
                cmocka_unit_test(what_is_written_reads_the_same), cmocka_unit_test(a_full_writer_writes_nothing_more),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
