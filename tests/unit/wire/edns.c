/* The OPT record: every option well and badly formed, and writing into too little room. */
#include "wire/edns.h"
#include "bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(table) (sizeof table / sizeof *table)

static enum err read_hex(const char *hex, struct edns *out)
{
        uint8_t bytes[1024];
        size_t len = from_hex(hex, bytes);

        return edns_read(1232, 0x8000, guarded(bytes, len), (uint16_t)len, out);
}

static void option_lists(void **state)
{
        static const struct {
                const char *hex;
                enum err err;
        } rows[] = {
                { "", ERR_OK },
                { "000a 0008 0102030405060708", ERR_OK },                          /* client cookie */
                { "000a 0010 0102030405060708 0102030405060708", ERR_OK },         /* and server cookie of 8 */
                { "000a 0007 01020304050607", ERR_FORM },
                { "000a 0009 010203040506070809", ERR_FORM },
                { "000a 000f 0102030405060708 01020304050607", ERR_FORM },
                { "000a 0000", ERR_FORM },
                { "000b 0000", ERR_OK }, { "000b 0002 0064", ERR_OK }, { "000b 0001 64", ERR_FORM },
                { "000f 0002 0016", ERR_OK }, { "000f 0001 16", ERR_FORM }, { "000f 0000", ERR_FORM },
                { "000f 0005 0016 616263", ERR_OK },
                { "0003 0000", ERR_OK }, { "000c 0003 000000", ERR_OK },
                { "ffdc 0000", ERR_OK }, { "ffdc 0001 00", ERR_OK },               /* no trace; never mind */
                { "fde9 0001 ff", ERR_OK },                                        /* unknown */
                { "0008 0001 ff", ERR_OK },                                        /* client subnet is ignored */
                { "0008", ERR_FORM }, { "0008 00", ERR_FORM }, { "0008 0001", ERR_FORM }, { "00", ERR_FORM },
                { "000a 0008 0102030405060708 00", ERR_FORM },                     /* bytes behind the last option */
        };

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                struct edns edns;
                assert_int_equal(read_hex(rows[i].hex, &edns), rows[i].err);
                assert_int_equal(edns.present, rows[i].err == ERR_OK);
        }
}

static void the_fields_of_the_record(void **state)
{
        struct edns edns;

        (void)state;
        assert_int_equal(edns_read(4096, 0x12008000, NULL, 0, &edns), ERR_OK);
        assert_int_equal(edns.rcode_high, 0x12);
        assert_int_equal(edns.version, 0);
        assert_true(edns.dnssec_ok);
        assert_int_equal(edns.udp_size, 4096);
        assert_int_equal(edns_read(100, 0x00000000, NULL, 0, &edns), ERR_OK);
        assert_int_equal(edns.udp_size, 512);
        assert_false(edns.dnssec_ok);
}

/* PowerDNS' option: version, reserved, ID, span, and later flags. */
static void whose_trace_it_is(void **state)
{
#define ID "0102030405060708090a0b0c0d0e0f10"
        static const struct {
                const char *hex;
                bool has, sampled;
        } rows[] = {
                { "ffdc 001a 0000" ID "00000000000000ff", true, true },
                { "ffdc 001b 0000" ID "00000000000000ff 01", true, true },
                { "ffdc 001b 0000" ID "00000000000000ff 02", true, false },
                { "ffdc 001c 0000" ID "00000000000000ff 0100", true, true },
                { "ffdc 001a 0100" ID "00000000000000ff", false, false },             /* another version */
                { "ffdc 0019 0000" ID "000000000000ff", false, false },
                { "ffdc 0012 0000" ID, false, false },
                { "ffdc 001a 0000" "00000000000000000000000000000000" "00000000000000ff", false, false },
                { "ffdc 001a 0000" ID "00000000000000ff ffdc 001a 0000" ID "0000000000000011", true, true },
        };
#undef ID

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                struct edns edns;

                assert_int_equal(read_hex(rows[i].hex, &edns), ERR_OK);
                assert_int_equal(edns.has_traceparent, rows[i].has);
                assert_int_equal(edns.trace_sampled, rows[i].sampled);
                assert_int_equal(edns.trace_parent, rows[i].has ? 255 : 0);
                for (unsigned j = 0; j < sizeof edns.trace_id; j++)
                        assert_int_equal(edns.trace_id[j], rows[i].has ? j + 1 : 0);
        }
}

static void another_version_is_no_format_error(void **state)
{
        struct edns edns;

        (void)state;
        assert_int_equal(edns_read(1232, 0x00010000, (const uint8_t *)"junk!", 5, &edns), ERR_OK);
        assert_int_equal(edns.version, 1);
}

static void a_server_cookie_has_8_to_32_bytes(void **state)
{
        uint8_t option[64] = { 0, 10, 0 };

        (void)state;
        for (unsigned len = 0; len <= 60; len++) {
                struct edns edns;
                option[3] = (uint8_t)len;
                bool good = len == 8 || (len >= 16 && len <= 40);
                enum err err = edns_read(1232, 0, guarded(option, 4 + len), (uint16_t)(4 + len), &edns);
                assert_int_equal(err, good ? ERR_OK : ERR_FORM);
                assert_int_equal(edns.has_cookie, good);
                assert_int_equal(edns.cookie_server_len, good ? len - 8 : 0);
        }
}

static void of_doubled_options_the_first_counts(void **state)
{
        struct edns edns;

        (void)state;
        assert_int_equal(read_hex("0003 0001 41 0003 0001 42 000b 0002 0001 000b 0002 0002"
                                  "000a 0008 0102030405060708 000a 0008 1111111111111111 000c 0001 00 000c 0000",
                                  &edns), ERR_OK);
        assert_int_equal(edns.nsid[0], 'A');
        assert_int_equal(edns.keepalive_100ms, 1);
        assert_int_equal(edns.cookie_client[0], 1);
        assert_int_equal(edns.padding_len, 1);
}

static void thirty_two_options_and_no_more(void **state)
{
        uint8_t options[33 * 4] = { 0 };
        struct edns edns;

        (void)state;
        assert_int_equal(edns_read(1232, 0, options, 32 * 4, &edns), ERR_OK);
        assert_int_equal(edns_read(1232, 0, options, 33 * 4, &edns), ERR_FORM);
}

static void surplus_is_cut(void **state)
{
        uint8_t option[1024] = { 0, 3, 0, 200 };
        struct edns edns;

        (void)state;
        assert_int_equal(edns_read(1232, 0, option, 204, &edns), ERR_OK);
        assert_int_equal(edns.nsid_len, NSID_MAX);

        memset(option, 'x', sizeof option);
        memcpy(option, "\0\17\2\0\0\26", 6); /* an extended error with 510 bytes of text */
        assert_int_equal(edns_read(1232, 0, option, 4 + 512, &edns), ERR_OK);
        assert_int_equal(edns.ede[0].text_len, EDE_TEXT_MAX);
        memcpy(option + 6 + EDE_TEXT_MAX - 1, "\xc3\xa4", 2); /* a letter of two bytes stands across the cut */
        assert_int_equal(edns_read(1232, 0, option, 4 + 512, &edns), ERR_OK);
        assert_int_equal(edns.ede[0].text_len, EDE_TEXT_MAX - 1);

        assert_int_equal(read_hex("000f 0006 0016 61 00 62 63", &edns), ERR_OK);
        assert_int_equal(edns.ede[0].text_len, 1); /* what follows a NUL is no text */
}

static void extended_errors_are_counted(void **state)
{
        struct edns edns;

        (void)state;
        edns_clear(&edns);
        for (uint16_t i = 0; i < EDE_MAX + 2; i++)
                edns_add_ede(&edns, i, "text");
        assert_int_equal(edns.ede_count, EDE_MAX);
        assert_int_equal(edns.ede[EDE_MAX - 1].code, EDE_MAX - 1);
        assert_int_equal(edns.ede[0].text_len, 4);
}

static struct edns everything(void)
{
        struct edns edns;

        edns_clear(&edns);
        edns.present = edns.dnssec_ok = edns.has_cookie = edns.has_nsid = edns.has_keepalive = true;
        edns.keepalive_has_timeout = edns.has_padding = true;
        edns.udp_size = 1232;
        edns.rcode_high = 1;
        memcpy(edns.cookie_client, "clientid", 8);
        memcpy(edns.cookie_server, "serveridserverid", 16);
        edns.cookie_server_len = 16;
        memcpy(edns.nsid, "host", 4);
        edns.nsid_len = 4;
        edns.keepalive_100ms = 300;
        edns.padding_len = 17;
        edns_add_ede(&edns, 22, "no servers");
        edns_add_ede(&edns, 6, "");
        return edns;
}

static void what_is_written_reads_the_same(void **state)
{
        struct edns edns = everything(), again;
        uint8_t out[512];
        struct writer w = writer_over(out, sizeof out);

        (void)state;
        edns_write(&w, &edns);
        assert_false(w.failed);
        assert_int_equal(writer_len(&w), edns_len(&edns));
        struct reader r = reader_over(out, writer_len(&w));
        assert_int_equal(read_u8(&r), 0);
        assert_int_equal(read_u16(&r), 41);
        uint16_t class = read_u16(&r);
        uint32_t ttl = read_u32(&r);
        uint16_t rdlen = read_u16(&r);
        assert_int_equal(rdlen, reader_left(&r));
        assert_int_equal(edns_read(class, ttl, r.at, rdlen, &again), ERR_OK);
        assert_true(again.dnssec_ok && again.has_nsid && again.keepalive_has_timeout && again.has_padding);
        assert_int_equal(again.udp_size, 1232);
        assert_int_equal(again.rcode_high, 1);
        assert_memory_equal(again.cookie_client, "clientid", 8);
        assert_int_equal(again.cookie_server_len, 16);
        assert_memory_equal(again.cookie_server, "serveridserverid", 16);
        assert_memory_equal(again.nsid, "host", 4);
        assert_int_equal(again.keepalive_100ms, 300);
        assert_int_equal(again.padding_len, 17);
        assert_int_equal(again.ede_count, 2);
        assert_int_equal(again.ede[0].code, 22);
        assert_memory_equal(again.ede[0].text, "no servers", 10);
        assert_int_equal(again.ede[1].text_len, 0);
}

/* Extended errors give way, from the last on; all else must fit or the writer fails. */
static void too_little_room(void **state)
{
        struct edns edns = everything();
        size_t whole = edns_len(&edns), last = 6, first = 6 + 10;
        uint8_t out[512];

        (void)state;
        for (size_t room = 0; room <= whole; room++) {
                struct writer w = writer_over(out, room);
                edns_write(&w, &edns);
                size_t expected = room == whole ? whole : room >= whole - last ? whole - last : whole - last - first;
                assert_int_equal(w.failed, room < expected);
                if (!w.failed) {
                        assert_int_equal(writer_len(&w), expected);
                        assert_int_equal(load_u16(out + 9), expected - 11);
                }
        }
}

static void every_prefix(const uint8_t *bytes, size_t len)
{
        for (size_t part = 6; part <= len; part++) {
                const uint8_t *p = guarded(bytes, part);
                struct edns edns;
                enum err err = edns_read(load_u16(p), load_u32(p + 2), p + 6, (uint16_t)(part - 6), &edns);
                assert_true(err == ERR_OK || err == ERR_FORM);
        }
}

static void vectors_by_prefixes(void **state)
{
        (void)state;
        unsigned count = each_vector("edns", every_prefix);
        assert_true(count > 0 || !getenv("CAIRN_SOURCE"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(option_lists),
                cmocka_unit_test(the_fields_of_the_record),
                cmocka_unit_test(whose_trace_it_is),
                cmocka_unit_test(another_version_is_no_format_error),
                cmocka_unit_test(a_server_cookie_has_8_to_32_bytes),
                cmocka_unit_test(of_doubled_options_the_first_counts),
                cmocka_unit_test(thirty_two_options_and_no_more),
                cmocka_unit_test(surplus_is_cut),
                cmocka_unit_test(extended_errors_are_counted),
                cmocka_unit_test(what_is_written_reads_the_same),
                cmocka_unit_test(too_little_room),
                cmocka_unit_test(vectors_by_prefixes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
