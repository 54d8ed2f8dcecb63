/* Presentation form of every type there and back, zone files, and what ldns must not be asked. */
#include "wire/text.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include "bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(table) (sizeof table / sizeof *table)

/* What is written is what is read again. */
static const char *const records[] = {
        "A 192.0.2.1", "AAAA 2001:db8::1", "NS ns1.example.", "CNAME d.example.", "PTR p.example.", "DNAME o.example.",
        "SOA ns.example. host.example. 1 7200 3600 1209600 3600", "MB m.example.", "MG m.example.", "MR m.example.",
        "HINFO \"cpu\" \"os\"", "MINFO a.example. b.example.", "MX 10 mail.example.", "RP a.example. b.example.",
        "TXT \"hello\" \"wor\\\"ld\" \"\"", "SPF \"v=spf1 -all\"", "AFSDB 1 a.example.", "RT 2 relay.example.",
        "X25 \"311061700956\"", "ISDN \"150862028003217\" \"004\"", "SRV 1 2 53 srv.example.", "KX 10 kx.example.",
        "LOC 42 21 54.000 N 71 06 18.000 W -24m 30m 10000m 10m", "NAPTR 100 50 \"s\" \"http+N2L\" \"\" www.example.",
        "CERT PKIX 2 3 AQID", "APL 1:192.168.32.0/21 !1:192.168.38.0/28", "SSHFP 1 1 123456789abcdef67890",
        "DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d", "CDS 0 0 0 00",
        "IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
        "IPSECKEY 10 3 2 gw.example. AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
        "RRSIG A 8 2 3600 20260101000000 20250101000000 12345 example. AQIDBAUGBwg=",
        "NSEC ag.example. A NS SOA MX RRSIG NSEC DNSKEY CAA", "DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8j",
        "NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG", "NSEC3PARAM 1 0 12 aabbccdd",
        "NSEC3PARAM 1 0 0 -", "DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=", "TLSA 3 1 1 d2abde240d7cd3ee",
        "SMIMEA 3 1 1 d2abde240d7cd3ee", "CDNSKEY 0 3 0 AA==", "OPENPGPKEY AQIDBAUG", "CSYNC 66 3 A NS AAAA",
        "HIP 2 200100107b1a74df365639cc39f1d578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p rvs1.example. rvs2.example.",
        "ZONEMD 2018031500 1 1 febe3d4ce2ec2ffa4ba99d46cd69d6d29711e55217057bee",
        "SVCB 1 svc.example. alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1", "HTTPS 0 cdn.example.",
        "NID 10 0014:4fff:ff20:ee64", "L32 10 10.1.2.0", "L64 10 2001:0db8:1140:1000", "LP 10 l64.example.",
        "EUI48 00-00-5e-00-53-2a", "EUI64 00-00-5e-ef-10-00-00-2a", "URI 10 1 \"ftp://ftp1.example.com/public\"",
        "CAA 0 issue \"ca.example.net\"", "TYPE65280 \\# 4 0a000001", "NULL \\# 0", "TYPE65281 \\# 0",
};

static void there_and_back(void **state)
{
        char line[RDATA_TEXT_MAX + 64], text[RDATA_TEXT_MAX], mnemonic[RRTYPE_TEXT_MAX], owner[NAME_TEXT_MAX];

        (void)state;
        for (unsigned i = 0; i < COUNT(records); i++) {
                const char *complaint = "";
                struct arena arena;
                struct rr rr;
                arena_init(&arena, 1 << 16);
                snprintf(line, sizeof line, "www.example. 77 IN %s", records[i]);
                if (rr_from_text(line, 5, &arena, &rr, &complaint))
                        fail_msg("%s: %s", line, complaint);
                assert_int_equal(rr.ttl, 77);
                assert_int_equal(rr.class, CLASS_IN);
                assert_string_equal(name_text(&rr.owner, owner), "www.example.");
                rdata_text(rr.type, &rr.rdata, text, sizeof text);
                snprintf(line, sizeof line, "%s %s", rrtype_text(rr.type, mnemonic), text);
                assert_string_equal(line, records[i]);
                arena_fini(&arena);
        }
}

static void text_of_hex(uint16_t type, const char *hex, const char *expected)
{
        uint8_t bytes[256];
        size_t len = from_hex(hex, bytes);
        struct rdata rdata = { guarded(bytes, len), (uint16_t)len };
        char text[RDATA_TEXT_MAX];

        assert_string_equal(rdata_text(type, &rdata, text, sizeof text), expected);
}

static void output_is_harmless(void **state)
{
        (void)state;
        text_of_hex(TYPE_TXT, "021b5b", "\"\\027[\""); /* ESC [ */
        text_of_hex(TYPE_TXT, "073c622661623e0a", "\"\\060b\\038ab\\062\\010\"");
        text_of_hex(TYPE_TXT, "03ff00c3", "\"\\255\\000\\195\"");
        text_of_hex(TYPE_TXT, "0122", "\"\\\"\"");
        text_of_hex(TYPE_NS, "033c613e00", "\\060a\\062.");
        text_of_hex(TYPE_CAA, "00 05 6973737565 3e", "0 issue \"\\062\"");
        text_of_hex(TYPE_URI, "0001 0001 3c1b", "1 1 \"\\060\\027\"");
}

static void what_ldns_cannot_say_is_generic(void **state)
{
        (void)state;
        text_of_hex(65280, "00ff", "\\# 2 00ff");
        text_of_hex(TYPE_A, "c00002", "\\# 3 c00002");         /* not what the type demands */
        text_of_hex(TYPE_A, "", "\\# 0");
        text_of_hex(TYPE_NS, "c00c", "\\# 2 c00c");
        text_of_hex(TYPE_CAA, "00 03 3c3c3c 3e", "\\# 6 00033c3c3c3e"); /* a tag has letters and digits */
        text_of_hex(TYPE_HTTPS, "0001 00 0003 0001 20", "\\# 8 0001000003000120"); /* a port has two bytes */
        text_of_hex(TYPE_HTTPS, "0001 00 0004 0003 c00002", "\\# 10 000100000400" "03c00002");
}

/* ldns allocates RDLENGTH bytes for each field: 65 KB of empty strings would be 4 GB. */
static void many_fields_are_not_for_ldns(void **state)
{
        static uint8_t zeros[65535];
        char text[RDATA_TEXT_MAX];

        (void)state;
        for (unsigned len = 1; len <= 65535; len = 3 * len + 1) {
                struct rdata rdata = { zeros, (uint16_t)len };
                rdata_text(TYPE_TXT, &rdata, text, sizeof text);
                assert_int_equal(strncmp(text, "\\# ", 3) == 0, len > 256);
        }
        struct rdata rdata = { zeros, 65535 };
        rdata_text(TYPE_NULL, &rdata, text, sizeof text);
        assert_int_equal(strlen(text), RDATA_TEXT_MAX - 1);
}

static void long_text_is_cut(void **state)
{
        static const uint8_t bytes[] = "\x0b" "hello\x1bworld";
        const struct rdata rdata = { bytes, 12 };
        const char *const whole = "\"hello\\027world\"";
        char text[32];

        (void)state;
        for (size_t size = 1; size < sizeof text; size++) {
                memset(text, 'X', sizeof text);
                assert_ptr_equal(rdata_text(TYPE_TXT, &rdata, text, size), text);
                size_t len = strlen(text);
                assert_true(len < size);
                if (size > strlen(whole)) {
                        assert_string_equal(text, whole);
                } else {
                        size_t dots = size - 1 < 3 ? size - 1 : 3;
                        assert_memory_equal(text + len - dots, "...", dots);
                        assert_memory_equal(text, whole, len - dots);
                }
        }
}

static void every_prefix(const uint8_t *bytes, size_t len)
{
        char text[RDATA_TEXT_MAX];

        for (size_t part = 2; part <= len; part++) {
                const uint8_t *copy = guarded(bytes, part);
                struct rdata rdata = { copy + 2, (uint16_t)(part - 2) };
                rdata_text(load_u16(bytes), &rdata, text, sizeof text);
                for (const char *c = text; *c; c++)
                        assert_true(*c >= 0x20 && *c < 0x7f);
        }
}

static void vectors_by_prefixes(void **state)
{
        (void)state;
        unsigned count = each_vector("rdata", every_prefix);
        assert_true(count > 0 || !getenv("CAIRN_SOURCE"));
}

static void lines_of_text(void **state)
{
        static const struct {
                const char *line;
                bool good;
                unsigned ttl, class;
        } rows[] = {
                { "x. A 192.0.2.1", true, 5, CLASS_IN }, { "x. 1h A 192.0.2.1", true, 3600, CLASS_IN },
                { "x. IN A 192.0.2.1", true, 5, CLASS_IN }, { "x. CH TXT hi", true, 5, CLASS_CH },
                { "x A 192.0.2.1", true, 5, CLASS_IN }, { "x. A 192.0.2.1 ; comment", true, 5, CLASS_IN },
                { "x. 4294967295 A 192.0.2.1", true, 0, CLASS_IN }, { "x. TYPE1 \\# 4 c0000201", true, 5, CLASS_IN },
                { "", false, 0, 0 }, { "x.", false, 0, 0 }, { "x. A", false, 0, 0 }, { "x. A 192.0.2", false, 0, 0 },
                { "x. A 192.0.2.1 192.0.2.2", false, 0, 0 }, { "x. MX 10", false, 0, 0 }, { "x. NS", false, 0, 0 },
                { "x. NOSUCH 1", false, 0, 0 }, { "x. NOSUCH \\# 1 00", false, 0, 0 },
                { "a..b A 192.0.2.1", false, 0, 0 },
                { "x. TYPE1 \\# 3 c00002", false, 0, 0 }, { "x. NSEC3 1 0 0 - ", false, 0, 0 },
                { "x. OPT \\# 0", false, 0, 0 }, { "x. ANY \\# 0", false, 0, 0 }, { "x. TSIG \\# 0", false, 0, 0 },
        };

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                const char *complaint = NULL;
                struct arena arena;
                struct rr rr;
                arena_init(&arena, 1 << 16);
                enum err err = rr_from_text(rows[i].line, 5, &arena, &rr, &complaint);
                if (err != (rows[i].good ? ERR_OK : ERR_FORM))
                        print_error("%s\n", rows[i].line);
                assert_int_equal(err, rows[i].good ? ERR_OK : ERR_FORM);
                assert_int_equal(complaint != NULL, !rows[i].good);
                assert_true(!rows[i].good || (rr.ttl == rows[i].ttl && rr.class == rows[i].class));
                assert_int_equal(rr_from_text(rows[i].line, 5, &arena, &rr, NULL), err);
                arena_fini(&arena);
        }
}

static void an_arena_may_be_full(void **state)
{
        struct arena arena;
        struct rr rr;

        (void)state;
        arena_init(&arena, 0);
        assert_int_equal(rr_from_text("x. A 192.0.2.1", 5, &arena, &rr, NULL), ERR_MEMORY);
        arena_fini(&arena);
}

/* --- zones ------------------------------------------------------------------------------------------------------- */

struct taken {
        char text[1024];
        unsigned count, stop_after;
};

static bool take(void *context, const struct rr *rr)
{
        struct taken *taken = context;
        char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], rdata[256];
        size_t used = strlen(taken->text);

        snprintf(taken->text + used, sizeof taken->text - used, "%s %u %s %s\n", name_text(&rr->owner, owner), rr->ttl,
                 rrtype_text(rr->type, type), rdata_text(rr->type, &rr->rdata, rdata, sizeof rdata));
        return ++taken->count != taken->stop_after;
}

static const struct {
        const char *zone, *taken;
        unsigned line; /* of the complaint; 0: there is none */
} zones[] = {
        { "", "", 0 }, { "\n\n", "", 0 }, { "; nothing\n", "", 0 },
        { "a A 192.0.2.1", "a.lab. 3600 A 192.0.2.1\n", 0 },
        { "$TTL 60\n@ SOA ns host ( 1 ; serial\n 2 3\n 4 5 )\n  NS ns\nns A 192.0.2.1\n   AAAA ::1\n",
          "lab. 60 SOA ns.lab. host.lab. 1 2 3 4 5\nlab. 60 NS ns.lab.\n"
          "ns.lab. 60 A 192.0.2.1\nns.lab. 60 AAAA ::1\n", 0 },
        { "$ORIGIN sub.lab.\na 5 IN A 192.0.2.1\n$TTL 1h\n* TXT \"a;b\"\r\n",
          "a.sub.lab. 5 A 192.0.2.1\n*.sub.lab. 3600 TXT \"a;b\"\n", 0 },
        { "a A 192.0.2.1\n\n; here it comes\nb A 192.0.2\nc A 192.0.2.3\n", "a.lab. 3600 A 192.0.2.1\n", 4 },
        { "a MX 10\n", "", 1 }, { "a NOSUCH x\n", "", 1 }, { "$INCLUDE other\n", "", 1 }, { "$TTL\n", "", 1 },
        { "$ORIGIN\n", "", 1 }, { "a A 192.0.2.1\n$UNKNOWN x\n", "a.lab. 3600 A 192.0.2.1\n", 2 },
        { "$GENERATE 1-3 a$ A 192.0.2.$\n", "", 1 }, { "a..b A 192.0.2.1\n", "", 1 },
};

static void zone_files(void **state)
{
        (void)state;
        for (unsigned i = 0; i < COUNT(zones); i++) {
                struct name origin = named("lab.");
                struct taken taken = { .text = "" };
                const char *complaint = NULL;
                unsigned line = 0;
                struct arena arena;
                arena_init(&arena, 1 << 16);
                size_t len = strlen(zones[i].zone);
                enum err err = zone_from_text((const char *)guarded(zones[i].zone, len), len, &origin, &arena, take,
                                              &taken, &line, &complaint);
                assert_string_equal(taken.text, zones[i].taken);
                assert_int_equal(err, zones[i].line ? ERR_FORM : ERR_OK);
                assert_int_equal(complaint != NULL, zones[i].line > 0);
                assert_true(zones[i].line == 0 || line == zones[i].line);
                arena_fini(&arena);
        }
}

static void a_zone_holds_no_zero_bytes(void **state)
{
        struct name origin = named("lab.");
        struct taken taken = { .text = "" };
        const char *complaint = NULL;
        unsigned line = 0;
        struct arena arena;

        (void)state;
        arena_init(&arena, 1 << 16);
        assert_int_equal(zone_from_text("a A 192.0.2.1\n\0b A 192.0.2.2\n", 30, &origin, &arena, take, &taken, &line,
                                        &complaint), ERR_FORM);
        assert_int_equal(taken.count, 0);
        assert_int_equal(line, 2);
        assert_non_null(complaint);
        arena_fini(&arena);
}

static void the_taker_may_stop(void **state)
{
        static const char zone[] = "a A 192.0.2.1\nb A 192.0.2.2\nc A broken\n";
        struct name origin = named("lab.");
        struct taken taken = { .text = "", .stop_after = 2 };
        const char *complaint = NULL;
        unsigned line = 0;
        struct arena arena;

        (void)state;
        arena_init(&arena, 1 << 16);
        assert_int_equal(zone_from_text(zone, strlen(zone), &origin, &arena, take, &taken, &line, &complaint), ERR_OK);
        assert_int_equal(taken.count, 2);
        arena_fini(&arena);
        arena_init(&arena, 0);
        assert_int_equal(zone_from_text(zone, strlen(zone), &origin, &arena, take, &taken, &line, &complaint),
                         ERR_MEMORY);
        arena_fini(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(there_and_back),
                cmocka_unit_test(output_is_harmless),
                cmocka_unit_test(what_ldns_cannot_say_is_generic),
                cmocka_unit_test(many_fields_are_not_for_ldns),
                cmocka_unit_test(long_text_is_cut),
                cmocka_unit_test(vectors_by_prefixes),
                cmocka_unit_test(lines_of_text),
                cmocka_unit_test(an_arena_may_be_full),
                cmocka_unit_test(zone_files),
                cmocka_unit_test(a_zone_holds_no_zero_bytes),
                cmocka_unit_test(the_taker_may_stop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
