/* Writing messages: bytes as expected, whole sets or nothing, compression and its limits, rotation, TTL offsets. */
#include "wire/compose.h"
#include "wire/rrtype.h"
#include "bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { CAPACITY = 70000 };

static uint8_t out[CAPACITY];

static struct rrset set_of(const char *owner, uint16_t type, const struct rdata *rdata, uint16_t count)
{
        return (struct rrset){ .owner = named(owner), .type = type, .class = CLASS_IN, .ttl = 300, .count = count,
                               .rdata = rdata };
}

static struct rdata name_rdata(const char *text)
{
        struct name name = named(text);
        return (struct rdata){ name.wire, name.len };
}

static void begin(struct compose *c, size_t max)
{
        struct question question = { named("wWw.example.com."), TYPE_A, CLASS_IN };

        compose_begin(c, out, max, 0x1234, FLAG_QR | FLAG_RD);
        assert_int_equal(compose_question(c, &question), ERR_OK);
}

static void assert_message(const struct compose *c, const char *hex)
{
        uint8_t expected[1024];
        size_t len = from_hex(hex, expected);

        assert_int_equal(c->len, len);
        assert_memory_equal(c->out, expected, len);
}

#define QUESTION "03775777 076578616d706c65 03636f6d 00 0001 0001"

static void an_answer_by_bytes(void **state)
{
        static const struct rdata addresses[] = { { (const uint8_t *)"\1\2\3\4", 4 },
                                                  { (const uint8_t *)"\5\6\7\10", 4 } };
        static const struct rdata sig[] = { { (const uint8_t *)"SIG", 3 } };
        struct rrset a = set_of("www.EXAMPLE.com.", TYPE_A, addresses, 2);
        struct rdata ns = name_rdata("ns.example.com.");
        struct rrset authority = set_of("example.com.", TYPE_NS, &ns, 1);
        struct edns edns;
        struct compose c;

        (void)state;
        a.sigs = sig;
        a.sig_count = 1;
        edns_clear(&edns);
        edns.udp_size = 1232;
        begin(&c, 512);
        compose_set_flags(&c, FLAG_RA);
        compose_set_rcode(&c, RCODE_NXDOMAIN);
        compose_set_rcode(&c, RCODE_SERVFAIL);
        assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &a, 60, COMPOSE_BOTH, 1), ERR_OK);
        assert_int_equal(compose_rrset(&c, SECTION_AUTHORITY, &authority, 7, COMPOSE_BOTH, 0), ERR_OK);
        assert_int_equal(compose_opt(&c, &edns), ERR_OK);
        assert_message(&c, "1234 8182 0001 0003 0001 0001" QUESTION
                           "c00c 0001 0001 0000003c 0004 05060708"
                           "c00c 0001 0001 0000003c 0004 01020304"
                           "c00c 002e 0001 0000003c 0003 534947"
                           "c010 0002 0001 00000007 0005 026e73 c010"
                           "00 0029 04d0 00000000 0000");
        assert_int_equal(c.ttl_count, 4);
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(load_u32(out + c.ttl_offset[i]), i < 3 ? 60 : 7);
}

static void records_or_signatures_alone(void **state)
{
        static const struct rdata data[] = { { (const uint8_t *)"\1\2\3\4", 4 } };
        static const struct rdata sig[] = { { (const uint8_t *)"SIG", 3 } };
        struct rrset set = set_of("example.com.", TYPE_A, data, 1);
        struct compose c;

        (void)state;
        set.sigs = sig;
        set.sig_count = 1;
        begin(&c, 512);
        assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 1, COMPOSE_DATA, 0), ERR_OK);
        assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 2, COMPOSE_SIGS, 0), ERR_OK);
        assert_message(&c, "1234 8100 0001 0002 0000 0000" QUESTION
                           "c010 0001 0001 00000001 0004 01020304"
                           "c010 002e 0001 00000002 0003 534947");
}

static void rotation_starts_anywhere(void **state)
{
        static const uint8_t letters[] = "abc";
        static const struct rdata data[] = { { letters, 1 }, { letters + 1, 1 }, { letters + 2, 1 } };
        struct rrset set = set_of(".", 65280, data, 3);

        (void)state;
        for (unsigned first = 0; first < 7; first++) {
                struct compose c;
                begin(&c, 512);
                size_t start = c.len;
                assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 0, COMPOSE_BOTH, first), ERR_OK);
                for (unsigned i = 0; i < 3; i++)
                        assert_int_equal(out[start + 12 * (i + 1) - 1], "abc"[(first + i) % 3]);
        }
}

/* RFC 3597 4: only the types of RFC 1035 are written with pointers. */
static void only_old_types_are_compressed(void **state)
{
        struct name name = named("example.com.");
        uint8_t mx[2 + NAME_WIRE_MAX] = { 0, 10 }, srv[6 + NAME_WIRE_MAX] = { 0 };
        struct rdata rdata = { mx, (uint16_t)(2 + name.len) };
        struct compose c;

        (void)state;
        memcpy(mx + 2, name.wire, name.len);
        memcpy(srv + 6, name.wire, name.len);
        begin(&c, 512);
        struct rrset set = set_of("example.com.", TYPE_MX, &rdata, 1);
        assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 1, COMPOSE_BOTH, 0), ERR_OK);
        rdata = (struct rdata){ srv, (uint16_t)(6 + name.len) };
        set = set_of("example.com.", TYPE_SRV, &rdata, 1);
        assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 1, COMPOSE_BOTH, 0), ERR_OK);
        assert_message(&c, "1234 8100 0001 0002 0000 0000" QUESTION
                           "c010 000f 0001 00000001 0004 000a c010"
                           "c010 0021 0001 00000001 0013 0000 0000 0000 076578616d706c65 03636f6d 00");
}

static void the_root_is_never_a_pointer(void **state)
{
        struct rdata rdata[2] = { name_rdata("."), name_rdata(".") };
        struct rrset set = set_of(".", TYPE_NS, rdata, 2);
        struct compose c;

        (void)state;
        compose_begin(&c, out, 512, 0, 0);
        struct question question = { name_root, TYPE_NS, CLASS_IN };
        assert_int_equal(compose_question(&c, &question), ERR_OK);
        assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 0, COMPOSE_BOTH, 0), ERR_OK);
        assert_message(&c, "0000 0000 0001 0002 0000 0000 00 0002 0001"
                           "00 0002 0001 00000000 0001 00 00 0002 0001 00000000 0001 00");
}

/* A set that does not fit leaves no trace, also not in what the compressor knows. */
static void a_set_goes_in_whole_or_not_at_all(void **state)
{
        struct rdata rdata[3] = { name_rdata("a.one.test."), name_rdata("b.one.test."), name_rdata("c.two.test.") };
        struct rrset set = set_of("new.test.", TYPE_NS, rdata, 3);
        struct compose c;

        (void)state;
        begin(&c, 65535);
        assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 5, COMPOSE_BOTH, 0), ERR_OK);
        size_t whole = c.len;
        uint8_t expected[512];
        memcpy(expected, out, whole);

        for (size_t max = HEADER_LEN + 21; max < whole; max++) {
                begin(&c, max);
                struct compose before = c;
                memset(out + max, 0xee, 16);
                assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 5, COMPOSE_BOTH, 0), ERR_SPACE);
                assert_int_equal(c.len, before.len);
                assert_int_equal(c.name_count, before.name_count);
                assert_int_equal(c.ttl_count, before.ttl_count);
                assert_int_equal(load_u16(out + 6), 0);
                assert_int_equal(out[max], 0xee);
                c.max = 65535; /* and the next attempt is as good as the first */
                assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 5, COMPOSE_BOTH, 0), ERR_OK);
                assert_int_equal(c.len, whole);
                assert_memory_equal(out, expected, whole);
        }
}

static void the_question_may_not_fit(void **state)
{
        struct question question = { named("example.com."), TYPE_A, CLASS_IN };

        (void)state;
        for (size_t max = HEADER_LEN; max < HEADER_LEN + 17; max++) {
                struct compose c;
                compose_begin(&c, out, max, 0, 0);
                assert_int_equal(compose_question(&c, &question), ERR_SPACE);
                assert_int_equal(c.len, HEADER_LEN);
                assert_int_equal(load_u16(out + 4), 0);
        }
}

static void reserved_room_is_for_the_opt(void **state)
{
        static const struct rdata data[] = { { (const uint8_t *)"\1\2\3\4", 4 } };
        struct rrset set = set_of("www.example.com.", TYPE_A, data, 1);
        struct edns edns;
        struct compose c;

        (void)state;
        edns_clear(&edns);
        edns_add_ede(&edns, 22, "text");
        begin(&c, 33 + 16 + edns_len(&edns) - 1);
        compose_reserve(&c, edns_len(&edns));
        assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 1, COMPOSE_BOTH, 0), ERR_SPACE);
        assert_int_equal(compose_opt(&c, &edns), ERR_OK);
        assert_int_equal(c.len, 33 + edns_len(&edns));
        assert_int_equal(load_u16(out + 10), 1);

        begin(&c, 33 + 10); /* one byte less than an empty OPT has */
        assert_int_equal(compose_opt(&c, &edns), ERR_SPACE);
        assert_int_equal(c.len, 33);
        assert_int_equal(load_u16(out + 10), 0);
}

/* Owner names that share nothing but the root: more than the compressor keeps, then each of them again. */
static void more_names_than_the_compressor_keeps(void **state)
{
        enum { NAMES = 200 };
        static const struct rdata data[] = { { (const uint8_t *)"\1\2\3\4", 4 } };
        struct compose c;
        struct arena arena;
        struct message m;
        char text[32];

        (void)state;
        begin(&c, 65535);
        for (unsigned i = 0; i < 2 * NAMES; i++) {
                sprintf(text, "n%u.", i % NAMES);
                struct rrset set = set_of(text, TYPE_A, data, 1);
                assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 1, COMPOSE_BOTH, 0), ERR_OK);
                assert_true(c.name_count <= COMPOSE_NAMES);
        }
        assert_int_equal(c.ttl_count, 2 * NAMES);
        arena_init(&arena, 1 << 20);
        assert_int_equal(message_read(out, c.len, &arena, &m), ERR_OK);
        for (unsigned i = 0; i < 2 * NAMES; i++) {
                sprintf(text, "n%u.", i % NAMES);
                struct name expected = named(text);
                assert_true(name_equal(&m.rr[SECTION_ANSWER][i].owner, &expected));
        }
        arena_fini(&arena);
}

/* Each name has one label more than the last: a naive compressor makes a chain of forty pointers, more than we read. */
static void chains_of_pointers_stay_short(void **state)
{
        enum { NAMES = 40 };
        static const struct rdata data[] = { { (const uint8_t *)"\1\2\3\4", 4 } };
        struct compose c;
        struct arena arena;
        struct message m;
        char text[NAME_TEXT_MAX] = "z.";

        (void)state;
        begin(&c, 65535);
        for (unsigned i = 0; i < NAMES; i++) {
                struct rrset set = set_of(text, TYPE_A, data, 1);
                assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 1, COMPOSE_BOTH, 0), ERR_OK);
                memmove(text + 2, text, strlen(text) + 1);
                memcpy(text, "a.", 2);
        }
        arena_init(&arena, 1 << 20);
        assert_int_equal(message_read(out, c.len, &arena, &m), ERR_OK);
        for (unsigned i = 0; i < NAMES; i++)
                assert_int_equal(m.rr[SECTION_ANSWER][i].owner.label_count, i + 1);
        arena_fini(&arena);
}

/* A pointer has 14 bits: nothing behind offset 16383 may be pointed at. */
static void no_pointer_leads_beyond_16383(void **state)
{
        static uint8_t filler[16300];
        static const struct rdata small[] = { { (const uint8_t *)"\1\2\3\4", 4 }, { (const uint8_t *)"\5\6\7\10", 4 } };
        struct rdata big = { filler, sizeof filler };
        struct compose c;
        struct arena arena;
        struct message m;

        (void)state;
        for (uint16_t len = 16250; len < 16300; len++) {
                big.len = len;
                struct rrset first = set_of(".", 65280, &big, 1);
                struct rrset late = set_of("late.one.two.three.", TYPE_A, small, 2);
                begin(&c, 65535);
                assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &first, 1, COMPOSE_BOTH, 0), ERR_OK);
                assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &late, 1, COMPOSE_BOTH, 0), ERR_OK);
                assert_int_equal(compose_rrset(&c, SECTION_AUTHORITY, &late, 1, COMPOSE_BOTH, 0), ERR_OK);
                arena_init(&arena, 1 << 20);
                assert_int_equal(message_read(out, c.len, &arena, &m), ERR_OK);
                assert_true(name_equal(&m.rr[SECTION_ANSWER][2].owner, &late.owner));
                assert_true(name_equal(&m.rr[SECTION_AUTHORITY][1].owner, &late.owner));
                arena_fini(&arena);
        }
}

static void a_message_has_at_most_65535_bytes(void **state)
{
        static uint8_t filler[60000];
        struct rdata big = { filler, sizeof filler };
        struct rrset set = set_of(".", 65280, &big, 1);
        struct compose c;

        (void)state;
        begin(&c, sizeof out);
        assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 1, COMPOSE_BOTH, 0), ERR_OK);
        assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, 1, COMPOSE_BOTH, 0), ERR_SPACE);
        assert_true(c.len <= MESSAGE_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_answer_by_bytes),
                cmocka_unit_test(records_or_signatures_alone),
                cmocka_unit_test(rotation_starts_anywhere),
                cmocka_unit_test(only_old_types_are_compressed),
                cmocka_unit_test(the_root_is_never_a_pointer),
                cmocka_unit_test(a_set_goes_in_whole_or_not_at_all),
                cmocka_unit_test(the_question_may_not_fit),
                cmocka_unit_test(reserved_room_is_for_the_opt),
                cmocka_unit_test(more_names_than_the_compressor_keeps),
                cmocka_unit_test(chains_of_pointers_stay_short),
                cmocka_unit_test(no_pointer_leads_beyond_16383),
                cmocka_unit_test(a_message_has_at_most_65535_bytes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
