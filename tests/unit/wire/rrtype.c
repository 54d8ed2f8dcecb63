/* Record types: the table itself, the check of RDATA of each layout, walking, canonical form, order, decompression. */
#include "wire/rrtype.h"
#include "bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(table) (sizeof table / sizeof *table)

static void the_table_is_sound(void **state)
{
        static const struct {
                const char *mnemonic;
                unsigned type;
                const char *layout, *source;
        } rows[] = {
#define TYPE(name, number, layout, rfc) { #name, number, layout, rfc },
#include "wire/rrtypes.def"
#undef TYPE
        };
        char text[RRTYPE_TEXT_MAX];
        uint16_t type;

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                assert_true(i == 0 || rows[i].type > rows[i - 1].type);
                assert_string_equal(rrtype_text(rows[i].type, text), rows[i].mnemonic);
                assert_int_equal(rrtype_parse(rows[i].mnemonic, &type), ERR_OK);
                assert_int_equal(type, rows[i].type);
                assert_int_equal(strspn(rows[i].layout, "12468NnkuUshoSdblgrHvpxX"), strlen(rows[i].layout));
                assert_true(strlen(rows[i].source) > 0);
                assert_int_equal(rrtype_compresses(rows[i].type), strchr(rows[i].layout, 'N') != NULL);

                unsigned names = 0; /* what rdata_read() takes apart at most */
                for (const char *field = rows[i].layout; *field; field++)
                        names += *field == 'N' || *field == 'n';
                assert_true(names <= 2);
        }
}

static void mnemonics(void **state)
{
        static const struct {
                const char *text;
                int type; /* -1: none */
        } rows[] = {
                { "aaaa", 28 }, { "Type28", 28 }, { "TYPE0", 0 }, { "TYPE65535", 65535 }, { "any", 255 },
                { "TYPE65536", -1 }, { "TYPE", -1 }, { "TYPE-1", -1 }, { "TYPE1x", -1 }, { "", -1 }, { "AAAAA", -1 },
        };
        char text[RRTYPE_TEXT_MAX];

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                uint16_t type = 0;
                assert_int_equal(rrtype_parse(rows[i].text, &type), rows[i].type < 0 ? ERR_FORM : ERR_OK);
                assert_true(rows[i].type < 0 || rows[i].type == type);
        }
        assert_string_equal(rrtype_text(65280, text), "TYPE65280");
        assert_true(rrtype_is_meta(41) && rrtype_is_meta(250) && rrtype_is_meta(255) && rrtype_is_meta(128));
        assert_false(rrtype_is_meta(1) || rrtype_is_meta(256) || rrtype_is_meta(127) || rrtype_is_meta(46));
}

#define NAME "0161 00"
#define RRSIG_HEAD "0001 08 02 00000e10 7fffffff 00000001 1234"

/* Good RDATA of each layout; and what is wrong in just one thing. */
static const struct {
        uint16_t type;
        const char *hex;
        enum err err;
} shapes[] = {
        { TYPE_A, "c0000201", ERR_OK }, { TYPE_A, "c00002", ERR_SHORT }, { TYPE_A, "c000020101", ERR_TRAILING },
        { TYPE_A, "", ERR_SHORT },
        { TYPE_AAAA, "20010db8000000000000000000000001", ERR_OK },
        { TYPE_AAAA, "20010db80000000000000000000000", ERR_SHORT },
        { TYPE_NS, NAME, ERR_OK }, { TYPE_NS, NAME "00", ERR_TRAILING }, { TYPE_NS, "0161", ERR_SHORT },
        { TYPE_NS, "", ERR_SHORT }, { TYPE_NS, "c00c", ERR_FORM },
        { TYPE_SOA, NAME NAME "00000001 00000002 00000003 00000004 00000005", ERR_OK },
        { TYPE_SOA, NAME NAME "00000001 00000002 00000003 00000004 000000", ERR_SHORT },
        { TYPE_MX, "000a" NAME, ERR_OK }, { TYPE_MX, "000a", ERR_SHORT },
        { TYPE_HINFO, "0161 00", ERR_OK }, { TYPE_HINFO, "0161", ERR_SHORT },
        { TYPE_HINFO, "0161 00 00", ERR_TRAILING },
        { TYPE_TXT, "00", ERR_OK }, { TYPE_TXT, "0161 0162", ERR_OK }, { TYPE_TXT, "", ERR_SHORT },
        { TYPE_TXT, "0261", ERR_SHORT },
        { TYPE_ISDN, "0161", ERR_OK }, { TYPE_ISDN, "0161 00", ERR_OK }, { TYPE_ISDN, "0161 00 00", ERR_TRAILING },
        { TYPE_ISDN, "0161 01", ERR_SHORT },
        { TYPE_NULL, "", ERR_OK }, { TYPE_NULL, "ffff", ERR_OK },
        { TYPE_SRV, "0001 0002 0035" NAME, ERR_OK },
        { TYPE_NAPTR, "0001 0002 0173 00 00" NAME, ERR_OK }, { TYPE_NAPTR, "0001 0002 0173 00 0161", ERR_SHORT },
        { TYPE_LOC, "00 12 16 13 80000000 80000000 00989680", ERR_OK },
        { TYPE_LOC, "01 12 16 13 80000000 80000000 00989680", ERR_FORM },
        { TYPE_APL, "", ERR_OK }, { TYPE_APL, "0001 15 03 c0a820", ERR_OK },
        { TYPE_APL, "0001 21 83 c0a820", ERR_FORM },
        { TYPE_APL, "0001 18 83 c0a800", ERR_FORM }, { TYPE_APL, "0001 20 05 c0a8200102", ERR_FORM },
        { TYPE_APL, "0002 80 01 20", ERR_OK }, { TYPE_APL, "0002 81 01 20", ERR_FORM },
        { TYPE_APL, "0009 ff 02 0101", ERR_OK },
        { TYPE_APL, "0001 15 03 c0a8", ERR_SHORT },
        { TYPE_DS, "1234 08 02 aa", ERR_OK }, { TYPE_DS, "1234 08 02", ERR_SHORT },
        { TYPE_IPSECKEY, "0a 00 02 aa", ERR_OK }, { TYPE_IPSECKEY, "0a 01 02 c0000201 aa", ERR_OK },
        { TYPE_IPSECKEY, "0a 02 02 20010db8000000000000000000000001", ERR_OK },
        { TYPE_IPSECKEY, "0a 03 02" NAME "aa", ERR_OK }, { TYPE_IPSECKEY, "0a 01 02 c00002", ERR_SHORT },
        { TYPE_IPSECKEY, "0a 03 02 c00c aa", ERR_FORM }, { TYPE_IPSECKEY, "0a 09 02 ffff", ERR_OK },
        { TYPE_AMTRELAY, "0a 81 c0000201", ERR_OK }, { TYPE_AMTRELAY, "0a 00", ERR_OK },
        { TYPE_AMTRELAY, "0a 03" NAME, ERR_OK },
        { TYPE_AMTRELAY, "0a 01 c00002", ERR_SHORT }, { TYPE_AMTRELAY, "0a 00 00", ERR_TRAILING },
        { TYPE_RRSIG, RRSIG_HEAD NAME "aa", ERR_OK }, { TYPE_RRSIG, RRSIG_HEAD NAME, ERR_SHORT },
        { TYPE_RRSIG, RRSIG_HEAD "c00c aa", ERR_FORM },
        { TYPE_NSEC, NAME "00 06 4001000000 03", ERR_OK }, { TYPE_NSEC, NAME, ERR_OK },
        { TYPE_NSEC, NAME "00 00", ERR_FORM },                    /* an empty window */
        { TYPE_NSEC, NAME "00 02 4000", ERR_FORM },               /* a zero byte at its end */
        { TYPE_NSEC, NAME "01 01 40 00 01 40", ERR_FORM },        /* windows out of order */
        { TYPE_NSEC, NAME "00 01 40 00 01 40", ERR_FORM },        /* the same window twice */
        { TYPE_NSEC, NAME "00 02 40", ERR_SHORT },
        { TYPE_NSEC, NAME "00 21 0000000000000000000000000000000000000000000000000000000000000000 01", ERR_FORM },
        { TYPE_NSEC, NAME "00 20 0000000000000000000000000000000000000000000000000000000000000001", ERR_OK },
        { TYPE_DNSKEY, "0101 03 08 aa", ERR_OK }, { TYPE_DNSKEY, "0101 03 08", ERR_SHORT },
        { TYPE_NSEC3, "01 00 0001 02 aabb 01 cc 00 01 40", ERR_OK }, { TYPE_NSEC3, "01 00 0001 00 01 cc", ERR_OK },
        { TYPE_NSEC3, "01 00 0001 00 00", ERR_FORM },             /* no hash */
        { TYPE_NSEC3PARAM, "01 00 0001 00", ERR_OK }, { TYPE_NSEC3PARAM, "01 00 0001 02 aa", ERR_SHORT },
        { TYPE_HIP, "02 02 0001 aabb cc" NAME NAME, ERR_OK }, { TYPE_HIP, "02 02 0001 aabb cc", ERR_OK },
        { TYPE_HIP, "02 02 0002 aabb cc", ERR_SHORT }, { TYPE_HIP, "02 02 0001 aabb cc 0161", ERR_SHORT },
        { TYPE_SVCB, "0001" NAME "0001 0003 02 6832 0003 0002 20fb", ERR_OK }, { TYPE_HTTPS, "0000" NAME, ERR_OK },
        { TYPE_HTTPS, "0001" NAME "0003 0002 20fb 0001 0003 026832", ERR_FORM }, /* keys out of order */
        { TYPE_HTTPS, "0001" NAME "0003 0000 0003 0000", ERR_FORM },
        { TYPE_HTTPS, "0001" NAME "0001 0004 026832", ERR_SHORT }, { TYPE_HTTPS, "0001" NAME "00", ERR_SHORT },
        { TYPE_CAA, "00 05 6973737565 6361", ERR_OK }, { TYPE_CAA, "00 05 6973737565", ERR_OK },
        { TYPE_CAA, "00 00 61", ERR_FORM },
        { TYPE_URI, "0001 0001 61", ERR_OK }, { TYPE_URI, "0001 0001", ERR_SHORT },
        { TYPE_EUI48, "00005e00532a", ERR_OK }, { TYPE_EUI64, "00005eef1000002a", ERR_OK },
        { TYPE_TSIG, NAME "0000 00000001 012c 0002 aabb 1234 0000 0000", ERR_OK },
        { TYPE_TSIG, NAME "0000 00000001 012c 0003 aabb 1234 0000 0000", ERR_SHORT },
        { 65280, "", ERR_OK }, { 65280, "00ff", ERR_OK },
};

static void shapes_are_checked(void **state)
{
        uint8_t bytes[256];

        (void)state;
        for (unsigned i = 0; i < COUNT(shapes); i++) {
                size_t len = from_hex(shapes[i].hex, bytes);
                enum err err = rdata_check(shapes[i].type, guarded(bytes, len), len);
                if (err != shapes[i].err)
                        print_error("type %u: %s\n", shapes[i].type, shapes[i].hex);
                assert_int_equal(err, shapes[i].err);
        }
}

static void every_prefix(uint16_t type, const uint8_t *bytes, size_t len)
{
        for (size_t part = 0; part <= len; part++) {
                const uint8_t *rdata = guarded(bytes, part);
                struct rdata_part piece;
                size_t at = 0, sum = 0;
                struct name name;
                if (rdata_check(type, rdata, part))
                        continue;
                while (rdata_next(type, rdata, part, &at, &piece))
                        sum += piece.len;
                assert_int_equal(sum, part);
                assert_true(rdata_field_count(type, rdata, part) > 0);
                rdata_name(type, rdata, part, &name);
        }
}

static void shapes_by_prefixes(void **state)
{
        uint8_t bytes[256];

        (void)state;
        for (unsigned i = 0; i < COUNT(shapes); i++)
                every_prefix(shapes[i].type, bytes, from_hex(shapes[i].hex, bytes));
}

static void try_vector(const uint8_t *bytes, size_t len)
{
        assert_int_equal(rdata_check(load_u16(bytes), bytes + 2, len - 2), ERR_OK);
        every_prefix(load_u16(bytes), bytes + 2, len - 2);
}

static void vectors_by_prefixes(void **state)
{
        (void)state;
        unsigned count = each_vector("rdata", try_vector);
        assert_true(count > 0 || !getenv("CAIRN_SOURCE"));
}

static void parts_of_rdata(void **state)
{
        static const struct {
                uint16_t type;
                const char *hex, *parts; /* N, n: a name that may, may not be compressed; else plain bytes */
        } rows[] = {
                { TYPE_A, "c0000201", "4" },
                { TYPE_SOA, NAME NAME "00000001 00000002 00000003 00000004 00000005", "NN20" },
                { TYPE_MX, "000a" NAME, "2N" },
                { TYPE_NAPTR, "0001 0002 0173 00 00" NAME, "8n" },
                { TYPE_RRSIG, RRSIG_HEAD NAME "aa", "18n1" },
                { TYPE_HTTPS, "0001" NAME "0003 0002 20fb", "2n6" },
                { TYPE_TXT, "0161 0162", "4" },
                { TYPE_HIP, "02 02 0001 aabb cc" NAME, "10" },
                { 65280, "00ff", "2" }, { TYPE_NULL, "", "" },
        };
        uint8_t bytes[128];

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                size_t len = from_hex(rows[i].hex, bytes), at = 0, used = 0;
                struct rdata_part part;
                char parts[64] = "";
                while (rdata_next(rows[i].type, bytes, len, &at, &part)) {
                        if (part.is_name)
                                used += (size_t)sprintf(parts + used, part.may_compress ? "N" : "n");
                        else
                                used += (size_t)sprintf(parts + used, "%u", part.len);
                }
                assert_string_equal(parts, rows[i].parts);
        }
}

static void the_first_name(void **state)
{
        static const struct {
                uint16_t type;
                const char *hex, *name;
        } rows[] = {
                { TYPE_NS, NAME, "a." }, { TYPE_SOA, NAME "00 00000001 00000002 00000003 00000004 00000005", "a." },
                { TYPE_SRV, "0001 0002 0035" NAME, "a." }, { TYPE_SVCB, "0001" NAME, "a." },
                { TYPE_A, "c0000201", NULL }, { TYPE_TXT, "0161", NULL },
        };
        uint8_t bytes[128];
        char text[NAME_TEXT_MAX];

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                size_t len = from_hex(rows[i].hex, bytes);
                struct name name;
                assert_int_equal(rdata_name(rows[i].type, bytes, len, &name), rows[i].name != NULL);
                if (rows[i].name)
                        assert_string_equal(name_text(&name, text), rows[i].name);
        }
}

static void fields_are_counted(void **state)
{
        static const uint8_t empty_strings[300];
        static const uint8_t soa[22];

        (void)state;
        assert_int_equal(rdata_field_count(TYPE_TXT, empty_strings, 300), 300);
        assert_int_equal(rdata_field_count(TYPE_SOA, soa, 22), 7);
        assert_int_equal(rdata_field_count(65280, soa, 22), 1);
}

/* RFC 4034 6.2 and RFC 6840 5.1: which names are lowered. Only letters in names: "A" is 41, "a" is 61. */
static void canonical_form(void **state)
{
        static const struct {
                uint16_t type;
                const char *before, *after;
        } rows[] = {
                { TYPE_NS, "0141 00", "0161 00" },
                { TYPE_MX, "4141 0141 00", "4141 0161 00" },
                { TYPE_SRV, "4141 4141 4141 0141 00", "4141 4141 4141 0161 00" },
                { TYPE_DNAME, "0141 00", "0161 00" },
                { TYPE_KX, "4141 0141 00", "4141 0161 00" },
                { TYPE_RRSIG, "4141 41 41 41414141 41414141 41414141 4141 0141 00 41",
                              "4141 41 41 41414141 41414141 41414141 4141 0161 00 41" },
                { TYPE_NSEC, "0141 00 00 01 41", "0141 00 00 01 41" },
                { TYPE_HTTPS, "0001 0141 00", "0001 0141 00" },
                { TYPE_TXT, "0141", "0141" }, { TYPE_HINFO, "0141 0141", "0141 0141" },
                { 65280, "0141 00", "0141 00" },
        };
        uint8_t before[64], after[64];

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                size_t len = from_hex(rows[i].before, before);
                assert_int_equal(from_hex(rows[i].after, after), len);
                int order = rdata_compare(rows[i].type, before, len, after, len);
                assert_int_equal(order, 0);
                rdata_canonical(rows[i].type, before, len);
                assert_memory_equal(before, after, len);
        }
}

static int sign(int n)
{
        return (n > 0) - (n < 0);
}

static void order_of_rdata(void **state)
{
        static const struct {
                uint16_t type;
                const char *less, *more;
        } rows[] = {
                { TYPE_A, "01020304", "01020305" }, { TYPE_A, "7f000001", "80000001" },
                { TYPE_NULL, "aa", "aa00" }, { TYPE_NULL, "", "00" }, { TYPE_TXT, "0162", "026161" },
                { TYPE_NS, "0141 00", "0162 00" }, { TYPE_NS, "0161 00", "0142 00" },
                { TYPE_NS, "0162 00", "026161 00" }, { TYPE_NS, "015b 00", "0141 00" },
                { TYPE_NS, "024161 00", "026162 00" }, { TYPE_NS, "026141 00", "026162 00" },
                { TYPE_TXT, "0141", "015b" },
                { TYPE_MX, "0001 0162 00", "0002 0141 00" },
        };
        uint8_t less[64], more[64];

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                size_t less_len = from_hex(rows[i].less, less), more_len = from_hex(rows[i].more, more);
                assert_int_equal(sign(rdata_compare(rows[i].type, less, less_len, more, more_len)), -1);
                assert_int_equal(sign(rdata_compare(rows[i].type, more, more_len, less, less_len)), 1);
        }
}

/* RDATA behind a message of which only "b." at offset 12 matters. */
static void compressed_rdata(void **state)
{
        static const struct {
                uint16_t type;
                const char *hex, *expected; /* NULL: an error */
                enum err err;
        } rows[] = {
                { TYPE_NS, "c00c", "0162 00", ERR_OK },
                { TYPE_NS, "0161 c00c", "0161 0162 00", ERR_OK },
                { TYPE_NS, NAME, NAME, ERR_OK },
                { TYPE_SOA, "c00c 0161 c00c 00000001 00000002 00000003 00000004 00000005",
                            "016200 0161 016200 00000001 00000002 00000003 00000004 00000005", ERR_OK },
                { TYPE_MX, "000a c00c", "000a 016200", ERR_OK },
                { TYPE_MINFO, "c00c c00c", "016200 016200", ERR_OK },
                { TYPE_SRV, "0001 0002 0035 c00c", "0001 0002 0035 016200", ERR_OK }, /* RFC 3597 4 */
                { TYPE_NAPTR, "0001 0002 0173 00 00 c00c", "0001 0002 0173 00 00 016200", ERR_OK },
                { TYPE_DNAME, "c00c", "016200", ERR_OK },
                { TYPE_SIG, RRSIG_HEAD "c00c aa", RRSIG_HEAD "016200 aa", ERR_OK },
                { TYPE_RRSIG, RRSIG_HEAD "c00c aa", NULL, ERR_FORM },
                { TYPE_NSEC, "c00c", NULL, ERR_FORM },
                { TYPE_KX, "0001 c00c", NULL, ERR_FORM },
                { TYPE_HTTPS, "0001 c00c", NULL, ERR_FORM },
                { TYPE_NS, "c00c 00", NULL, ERR_TRAILING },
                { TYPE_NS, "c0", NULL, ERR_SHORT },
                { TYPE_NS, "c00f", NULL, ERR_FORM }, /* to itself */
                { TYPE_SOA, "c00c c00c 00000001", NULL, ERR_SHORT },
        };
        uint8_t bytes[128], expected[128];
        struct arena arena;

        (void)state;
        arena_init(&arena, 1 << 20);
        size_t start = from_hex("000000000000000000000000 0162 00", bytes);
        for (unsigned i = 0; i < COUNT(rows); i++) {
                uint16_t rdlen = (uint16_t)from_hex(rows[i].hex, bytes + start), out_len = 0;
                const uint8_t *message = guarded(bytes, start + rdlen), *out = NULL;
                size_t hops = 100;
                enum err err = rdata_read(rows[i].type, message, start + rdlen, message + start, rdlen, &hops, &arena,
                                          &out, &out_len);
                assert_int_equal(err, rows[i].err);
                if (err) {
                        assert_null(out);
                        continue;
                }
                size_t len = from_hex(rows[i].expected, expected);
                assert_int_equal(out_len, len);
                assert_memory_equal(out, expected, len);
                assert_int_equal(out == message + start, hops == 100); /* copied only where a pointer was followed */
        }
        arena_fini(&arena);
}

/* The name makes it longer than a length field can say. */
static void rdata_may_not_outgrow_its_length(void **state)
{
        static uint8_t message[12 + 255 + 65535];
        const uint8_t *out;
        struct arena arena;
        uint16_t out_len;

        (void)state;
        arena_init(&arena, 1 << 20);
        for (unsigned i = 0; i < 254; i += 2)
                message[12 + i] = 1;
        uint8_t *rdata = message + 12 + 255;
        from_hex(RRSIG_HEAD "c00c", rdata);
        for (uint16_t rdlen = 65535; rdlen > 65535 - 300; rdlen--) {
                size_t hops = 10;
                enum err err = rdata_read(TYPE_SIG, message, sizeof message, rdata, rdlen, &hops, &arena, &out,
                                          &out_len);
                assert_int_equal(err, rdlen + 253 > 65535 ? ERR_LIMIT : ERR_OK);
                arena_fini(&arena);
        }
        size_t hops = 10;
        arena_init(&arena, 100);
        assert_int_equal(rdata_read(TYPE_SIG, message, sizeof message, rdata, 100, &hops, &arena, &out, &out_len),
                         ERR_MEMORY);
        arena_fini(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_table_is_sound),
                cmocka_unit_test(mnemonics),
                cmocka_unit_test(shapes_are_checked),
                cmocka_unit_test(shapes_by_prefixes),
                cmocka_unit_test(vectors_by_prefixes),
                cmocka_unit_test(parts_of_rdata),
                cmocka_unit_test(the_first_name),
                cmocka_unit_test(fields_are_counted),
                cmocka_unit_test(canonical_form),
                cmocka_unit_test(order_of_rdata),
                cmocka_unit_test(compressed_rdata),
                cmocka_unit_test(rdata_may_not_outgrow_its_length),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
