/* Messages: what a client may ask, what a server may say, and what neither may cost. */
#include "wire/message.h"
#include "wire/rrtype.h"
#include "bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(table) (sizeof table / sizeof *table)

enum { ARENA_MAX = 16 << 20, CAPACITY = 1 << 16 };

/* --- queries ----------------------------------------------------------------------------------------------------- */

#define QUESTION "0377777701610000010001" /* www.a. A IN */
#define OPT "00 0029 04d0 00000000 0000"

static const struct {
        const char *hex;
        enum err err;
        unsigned question_end;
} queries[] = {
        { "1234 0100 0001 0000 0000 0000" QUESTION, ERR_OK, 23 },
        { "1234 0100 0001 0000 0000 0001" QUESTION OPT, ERR_OK, 23 },
        { "1234 0000 0001 0000 0000 0000 00 0002 0001", ERR_OK, 17 },
        { "1234 8100 0001 0000 0000 0000" QUESTION, ERR_SHORT, 0 },            /* a response */
        { "1234 2100 0001 0000 0000 0000" QUESTION, ERR_SUPPORT, 0 },          /* NOTIFY */
        { "1234 2800 0000 0000 0000 0000", ERR_SUPPORT, 0 },                   /* UPDATE */
        { "1234 0100 0000 0000 0000 0000", ERR_FORM, 0 },                      /* no question */
        { "1234 0100 0002 0000 0000 0000" QUESTION QUESTION, ERR_FORM, 0 },
        { "1234 0100 0001 0001 0000 0000" QUESTION "00 0001 0001 00000000 0004 01020304", ERR_FORM, 0 },
        { "1234 0100 0001 0000 0001 0000" QUESTION "00 0001 0001 00000000 0004 01020304", ERR_FORM, 0 },
        { "1234 0100 0001 0000 0000 0001" QUESTION "00 0001 0001 00000000 0004 01020304", ERR_FORM, 23 },
        { "1234 0100 0001 0000 0000 0001" QUESTION "00 00fa 00ff 00000000 0000", ERR_FORM, 23 }, /* TSIG */
        { "1234 0100 0001 0000 0000 0002" QUESTION OPT OPT, ERR_FORM, 23 },
        { "1234 0100 0001 0000 0000 0001" QUESTION "0161" OPT, ERR_FORM, 23 }, /* an OPT that is not the root's */
        { "1234 0100 0001 0000 0000 0001" QUESTION, ERR_FORM, 23 },
        { "1234 0100 0001 0000 0000 0001" QUESTION "00 0029 04d0 00000000 0004 000a 0000", ERR_FORM, 23 },
        { "1234 0100 0001 0000 0000 0000" QUESTION "00", ERR_TRAILING, 23 },
        { "1234 0100 0001 0000 0000 0000" QUESTION OPT, ERR_TRAILING, 23 },    /* not counted */
        { "1234 0100 0001 0000 0000 0000 c00c 0001 0001", ERR_FORM, 0 },       /* compressed */
        { "1234 0100 0001 0000 0000 0000 03777777", ERR_FORM, 0 },
        { "1234 0100 0001 0000 0000 0000 0161 00 0001 00", ERR_FORM, 0 },
        { "1234 0100 0001 0000 0000", ERR_SHORT, 0 },
        { "", ERR_SHORT, 0 },
};

static void queries_by_shape(void **state)
{
        uint8_t bytes[256];

        (void)state;
        for (unsigned i = 0; i < COUNT(queries); i++) {
                size_t len = from_hex(queries[i].hex, bytes);
                struct query query;
                enum err err = query_read(guarded(bytes, len), len, &query);
                if (err != queries[i].err)
                        print_error("row %u\n", i);
                assert_int_equal(err, queries[i].err);
                if (err == ERR_SHORT)
                        continue;
                assert_int_equal(query.id, 0x1234);
                assert_int_equal(query.flags, load_u16(bytes + 2));
                assert_int_equal(query.question_end, queries[i].question_end);
        }
}

static void queries_by_prefixes(void **state)
{
        uint8_t bytes[256];
        struct query query;

        (void)state;
        for (unsigned i = 0; i < COUNT(queries); i++) {
                size_t len = from_hex(queries[i].hex, bytes);
                for (size_t part = 0; part < len; part++) {
                        enum err err = query_read(guarded(bytes, part), part, &query);
                        assert_true(part >= HEADER_LEN || err == ERR_SHORT);
                        assert_int_not_equal(err, ERR_OK == queries[i].err ? ERR_OK : 99);
                }
        }
}

static void the_parts_of_a_query(void **state)
{
        uint8_t bytes[256];
        size_t len = from_hex("abcd 0110 0001 0000 0000 0001" QUESTION
                              "00 0029 1000 00008000 000c 000a 0008 0102030405060708", bytes);
        struct query query;
        char text[NAME_TEXT_MAX];

        (void)state;
        assert_int_equal(query_read(guarded(bytes, len), len, &query), ERR_OK);
        assert_int_equal(query.id, 0xabcd);
        assert_int_equal(query.flags, FLAG_RD | FLAG_CD);
        assert_string_equal(name_text(&query.question.name, text), "www.a.");
        assert_int_equal(query.question.type, TYPE_A);
        assert_int_equal(query.question.class, CLASS_IN);
        assert_true(query.edns.present && query.edns.dnssec_ok && query.edns.has_cookie);
        assert_int_equal(query.edns.udp_size, 4096);

        len = from_hex("abcd 0100 0001 0000 0000 0000" QUESTION, bytes); /* nothing is left of the last one */
        assert_int_equal(query_read(guarded(bytes, len), len, &query), ERR_OK);
        assert_false(query.edns.present || query.edns.has_cookie || query.edns.ede_count);
}

static void a_query_has_at_most_4096_bytes(void **state)
{
        static uint8_t bytes[4200];
        struct query query;
        size_t start = from_hex("1234 0100 0001 0000 0000 0001" QUESTION "00 0029 04d0 00000000", bytes);

        (void)state;
        for (size_t len = 4090; len < 4100; len++) {
                store_u16(bytes + start, (uint16_t)(len - start - 2));
                store_u16(bytes + start + 2, EDNS_PADDING);
                store_u16(bytes + start + 4, (uint16_t)(len - start - 6));
                assert_int_equal(query_read(bytes, len, &query), len <= 4096 ? ERR_OK : ERR_LIMIT);
        }
}

/* --- responses --------------------------------------------------------------------------------------------------- */

static uint8_t out[CAPACITY];

/* A writer that has just written a header and the question www.example.com. A (12..32; "example" stands at 16). */
static struct writer response(unsigned answers, unsigned authorities, unsigned additionals)
{
        struct writer w = writer_over(out, sizeof out);
        struct name name = named("www.example.com.");

        write_u16(&w, 0x1234);
        write_u16(&w, FLAG_QR | FLAG_RD | FLAG_RA);
        write_u16(&w, 1);
        write_u16(&w, (uint16_t)answers);
        write_u16(&w, (uint16_t)authorities);
        write_u16(&w, (uint16_t)additionals);
        write_bytes(&w, name.wire, name.len);
        write_u16(&w, TYPE_A);
        write_u16(&w, CLASS_IN);
        return w;
}

/* A record; owner and RDATA as hex. */
static void record(struct writer *w, const char *owner, uint16_t type, uint32_t ttl, const char *rdata)
{
        uint8_t bytes[256];

        write_bytes(w, bytes, from_hex(owner, bytes));
        write_u16(w, type);
        write_u16(w, CLASS_IN);
        write_u32(w, ttl);
        size_t len = from_hex(rdata, bytes);
        write_u16(w, (uint16_t)len);
        write_bytes(w, bytes, len);
}

static void opt_record(struct writer *w, uint32_t ttl)
{
        write_u8(w, 0);
        write_u16(w, TYPE_OPT);
        write_u16(w, 1232);
        write_u32(w, ttl);
        write_u16(w, 0);
}

static enum err read_guarded(const struct writer *w, struct arena *arena, struct message *message)
{
        arena_init(arena, ARENA_MAX);
        enum err err = message_read(guarded(w->start, writer_len(w)), writer_len(w), arena, message);
        assert_true(arena_used(arena) <= 8 * writer_len(w) + 4096);
        return err;
}

static enum err verdict(const struct writer *w)
{
        struct arena arena;
        struct message message;
        enum err err = read_guarded(w, &arena, &message);

        arena_fini(&arena);
        return err;
}

static void sections_and_names(void **state)
{
        struct writer w = response(2, 1, 2);
        struct arena arena;
        struct message m;
        char text[NAME_TEXT_MAX];
        struct name target;

        (void)state;
        record(&w, "c00c", TYPE_CNAME, 300, "03776562 c010");
        record(&w, "03776562 c010", TYPE_A, 0x80000000, "c0000201");
        record(&w, "c010", TYPE_NS, 5, "036e7331 c010");
        record(&w, "036e7331 c010", TYPE_A, 5, "c0000202");
        opt_record(&w, 0x01008000);
        assert_int_equal(read_guarded(&w, &arena, &m), ERR_OK);
        assert_int_equal(m.id, 0x1234);
        assert_int_equal(m.flags, 0x8180);
        assert_int_equal(m.rcode, 0x10);
        assert_true(m.has_question && m.edns.present && m.edns.dnssec_ok);
        assert_int_equal(m.rr_count[SECTION_ANSWER], 2);
        assert_int_equal(m.rr_count[SECTION_AUTHORITY], 1);
        assert_int_equal(m.rr_count[SECTION_ADDITIONAL], 1); /* without the OPT */
        assert_string_equal(name_text(&m.rr[SECTION_ANSWER][0].owner, text), "www.example.com.");
        assert_string_equal(name_text(&m.rr[SECTION_ANSWER][1].owner, text), "web.example.com.");
        assert_int_equal(m.rr[SECTION_ANSWER][1].ttl, 0); /* RFC 2181 8 */
        assert_true(rdata_name(TYPE_CNAME, m.rr[0][0].rdata.bytes, m.rr[0][0].rdata.len, &target));
        assert_string_equal(name_text(&target, text), "web.example.com.");
        assert_string_equal(name_text(&m.rr[SECTION_AUTHORITY][0].owner, text), "example.com.");
        arena_fini(&arena);
}

static void a_response_may_lack_the_question(void **state)
{
        uint8_t bytes[] = { 0x12, 0x34, 0x80, 0x05, 0, 0, 0, 0, 0, 0, 0, 0 };
        struct arena arena;
        struct message m;

        (void)state;
        arena_init(&arena, ARENA_MAX);
        assert_int_equal(message_read(guarded(bytes, sizeof bytes), sizeof bytes, &arena, &m), ERR_OK);
        assert_false(m.has_question);
        assert_int_equal(m.rcode, RCODE_REFUSED);
        arena_fini(&arena);
}

static void malformed_responses(void **state)
{
        struct writer w;

        (void)state;
        w = response(1, 0, 0);
        assert_int_equal(verdict(&w), ERR_SHORT);
        w = response(0, 0, 0);
        write_u8(&w, 0);
        assert_int_equal(verdict(&w), ERR_TRAILING);
        w = response(0, 0, 0);
        store_u16(out + 4, 2);
        assert_int_equal(verdict(&w), ERR_FORM);
        w = response(65535, 65535, 65535);
        assert_int_equal(verdict(&w), ERR_SHORT);
        w = response(0, 0, 2);
        opt_record(&w, 0);
        opt_record(&w, 0);
        assert_int_equal(verdict(&w), ERR_FORM);
        w = response(1, 0, 0);
        opt_record(&w, 0);
        assert_int_equal(verdict(&w), ERR_FORM);
        w = response(0, 0, 1);
        record(&w, "c00c", TYPE_OPT, 0, "");
        assert_int_equal(verdict(&w), ERR_FORM);
}

/* BIND CVE-2026-10822 and the records that ldns smuggles: what RDLENGTH says is what counts. */
static void rdata_ends_at_rdlength(void **state)
{
        static const struct {
                uint16_t type;
                const char *rdata;
        } rows[] = {
                { TYPE_A, "01020304 c00c 0001 0001 00000001 0004 05060708" }, { TYPE_A, "010203" }, { TYPE_A, "" },
                { TYPE_CNAME, "03776562" }, { TYPE_CNAME, "c010 00" }, { TYPE_CNAME, "c0" },
                { TYPE_SOA, "c00c c00c 00000001" }, { TYPE_MX, "00" }, { TYPE_NSEC, "c00c 00 01 40" },
        };

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                struct writer w = response(1, 0, 0);
                record(&w, "c00c", rows[i].type, 60, rows[i].rdata);
                assert_int_equal(verdict(&w), ERR_FORM);
        }
        struct writer w = response(1, 0, 0);
        record(&w, "c00c", TYPE_A, 60, "01020304");
        w.at--;
        assert_int_equal(verdict(&w), ERR_SHORT);
}

static void bad_owners(void **state)
{
        static const struct {
                const char *owner;
                enum err err;
        } rows[] = {
                { "c021", ERR_FORM },      /* 33: to itself */
                { "0161 c021", ERR_FORM }, /* to its own begin */
                { "c030", ERR_FORM },      /* forwards */
                { "c004", ERR_FORM },      /* into the header */
                { "40", ERR_FORM },
                { "c020", ERR_SHORT },     /* where no name stands */
        };

        (void)state;
        for (unsigned i = 0; i < COUNT(rows); i++) {
                struct writer w = response(1, 0, 0);
                record(&w, rows[i].owner, TYPE_A, 60, "01020304");
                assert_int_equal(verdict(&w), rows[i].err);
        }
}

static void eleven_cnames_and_no_more(void **state)
{
        (void)state;
        for (unsigned count = 11; count <= 12; count++) {
                struct writer w = response(count, 0, 0);
                for (unsigned i = 0; i < count; i++)
                        record(&w, "c00c", TYPE_CNAME, 60, "c010");
                assert_int_equal(verdict(&w), count <= 11 ? ERR_OK : ERR_LIMIT);
        }
}

#define TEN_BYTES "61616161616161616161"
#define LABEL_OF_60 "3c" TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES

/* One label and a pointer to a name of 184 bytes: 18 bytes of message ask for 186 of memory. */
static void memory_is_bounded_by_length(void **state)
{
        enum { RECORDS = 1000 };
        struct writer w = response(RECORDS, 0, 0);

        (void)state;
        for (unsigned i = 0; i < RECORDS; i++) {
                if (i == 0)
                        record(&w, LABEL_OF_60 LABEL_OF_60 LABEL_OF_60 "00", TYPE_A, 60, "01020304");
                else
                        record(&w, "0162 c021", TYPE_A, 60, "01020304");
        }
        assert_int_equal(verdict(&w), ERR_LIMIT);
}

/* What real servers send is far below the bound: 150 names of 30 bytes each, and one long name 300 times. */
static void honest_messages_are_within_the_bound(void **state)
{
        struct writer w = response(450, 0, 0);

        (void)state;
        for (unsigned i = 0; i < 150; i++)
                record(&w, "0761616161616161 c00c", TYPE_A, 60, "01020304");
        for (unsigned i = 0; i < 300; i++)
                record(&w, i ? "c021" : "0761616161616161 c00c", TYPE_A, 60, "01020304");
        assert_int_equal(verdict(&w), ERR_OK);
}

static void hops_are_bounded_by_length(void **state)
{
        struct writer w = response(3000, 0, 0);
        size_t last = 12;

        (void)state;
        for (unsigned i = 0; i < 15; i++) { /* a chain of 15 pointers */
                size_t here = writer_len(&w);
                write_u8(&w, 1);
                write_u8(&w, 'x');
                write_u16(&w, (uint16_t)(0xc000 | last));
                write_u16(&w, TYPE_A);
                write_u16(&w, CLASS_IN);
                write_u32(&w, 60);
                write_u16(&w, 4);
                write_u32(&w, i);
                last = here;
        }
        for (unsigned i = 15; i < 3000; i++) { /* and 2985 records that follow it twice */
                record(&w, "c00c", TYPE_MINFO, 60, "c021 c021");
                store_u16(w.at - 4, (uint16_t)(0xc000 | last));
                store_u16(w.at - 2, (uint16_t)(0xc000 | last));
        }
        assert_int_equal(verdict(&w), ERR_LIMIT);
}

static void try_prefixes(const uint8_t *bytes, size_t len)
{
        for (size_t part = 0; part <= len; part += part > 2000 ? 97 : 1) {
                const uint8_t *copy = guarded(bytes, part);
                struct arena arena;
                struct message message;
                struct query query;
                arena_init(&arena, ARENA_MAX);
                enum err err = message_read(copy, part, &arena, &message);
                assert_true(part >= HEADER_LEN || err == ERR_SHORT);
                assert_true(err != ERR_MEMORY && arena_used(&arena) <= 8 * part + 4096);
                (void)!query_read(copy, part, &query);
                arena_fini(&arena);
        }
}

static void vectors_by_prefixes(void **state)
{
        (void)state;
        unsigned count = each_vector("message", try_prefixes);
        assert_true(count > 0 || !getenv("CAIRN_SOURCE"));
}

static void any_arena_may_be_full(void **state)
{
        struct writer w = response(2, 0, 0);
        bool seen_full = false, seen_no_set = false, seen_set = false;

        (void)state;
        record(&w, "0161 c00c", TYPE_CNAME, 60, "0162 c00c");
        record(&w, "0162 c00c", TYPE_A, 60, "01020304");
        for (size_t max = 0; max < 1000; max += 8) {
                struct arena arena;
                struct message m;
                arena_init(&arena, max);
                enum err err = message_read(out, writer_len(&w), &arena, &m);
                assert_true(err == ERR_OK || err == ERR_MEMORY);
                seen_full |= err == ERR_MEMORY;
                struct name owner = named("a.www.example.com.");
                const struct rrset *set = err ? NULL : message_rrset(&m, SECTION_ANSWER, &owner, TYPE_CNAME, &arena);
                seen_no_set |= !err && !set;
                seen_set |= set && set->count == 1;
                arena_fini(&arena);
        }
        assert_true(seen_full && seen_no_set && seen_set);
}

/* --- sets out of messages ---------------------------------------------------------------------------------------- */

#define SIG_OF_A "0001 08 02 00000e10 70000000 60000000 1234 00 aa"
#define SIG_OF_MX "000f 08 02 00000e10 70000000 60000000 1234 00 aa"

static void a_set_is_collected_from_a_section(void **state)
{
        struct writer w = response(7, 1, 0);
        struct arena arena;
        struct message m;

        (void)state;
        record(&w, "c00c", TYPE_A, 300, "03030303");
        record(&w, "c010", TYPE_A, 1, "09090909");             /* another name */
        record(&w, "c00c", TYPE_A, 200, "01010101");
        record(&w, "c00c", TYPE_RRSIG, 250, SIG_OF_A);
        record(&w, "c00c", TYPE_RRSIG, 1, SIG_OF_MX);          /* covers another type */
        record(&w, "03575757 c010", TYPE_A, 400, "03030303");  /* doubled, in capitals */
        record(&w, "c010", TYPE_RRSIG, 1, SIG_OF_A);           /* another name's */
        record(&w, "c00c", TYPE_A, 1, "04040404");             /* another section */
        assert_int_equal(read_guarded(&w, &arena, &m), ERR_OK);

        struct name owner = named("www.example.com."), missing = named("x.example.com.");
        const struct rrset *set = message_rrset(&m, SECTION_ANSWER, &owner, TYPE_A, &arena);
        assert_non_null(set);
        assert_int_equal(set->count, 2);
        assert_int_equal(set->sig_count, 1);
        assert_int_equal(set->ttl, 200);
        assert_int_equal(set->rdata[0].bytes[0], 1);
        assert_int_equal(set->rdata[1].bytes[0], 3);
        assert_null(message_rrset(&m, SECTION_ANSWER, &owner, TYPE_AAAA, &arena));
        assert_null(message_rrset(&m, SECTION_ANSWER, &missing, TYPE_A, &arena));
        assert_null(message_rrset(&m, SECTION_ADDITIONAL, &owner, TYPE_A, &arena));

        const struct rrset *sigs = message_rrset(&m, SECTION_ANSWER, &owner, TYPE_RRSIG, &arena);
        assert_int_equal(sigs->count, 2);
        assert_int_equal(sigs->sig_count, 0);
        arena_fini(&arena);
}

/* A signature proves itself, wherever it stands; a record does not. */
static void signatures_come_from_any_section(void **state)
{
        struct writer w = response(1, 1, 0);
        struct arena arena;
        struct message m;

        (void)state;
        record(&w, "c00c", TYPE_A, 300, "03030303");
        record(&w, "c00c", TYPE_RRSIG, 250, SIG_OF_A);
        assert_int_equal(read_guarded(&w, &arena, &m), ERR_OK);
        struct name owner = named("www.example.com.");
        const struct rrset *set = message_rrset(&m, SECTION_ANSWER, &owner, TYPE_A, &arena);
        assert_int_equal(set->count, 1);
        assert_int_equal(set->sig_count, 1);
        arena_fini(&arena);
}

static void records_of_another_class_are_not_seen(void **state)
{
        struct writer w = response(2, 0, 0);
        struct arena arena;
        struct message m;

        (void)state;
        record(&w, "c00c", TYPE_TXT, 1, "0161");
        store_u16(w.at - 10, CLASS_CH);
        record(&w, "c00c", TYPE_TXT, 300, "0162");
        assert_int_equal(read_guarded(&w, &arena, &m), ERR_OK);
        struct name owner = named("www.example.com.");
        const struct rrset *set = message_rrset(&m, SECTION_ANSWER, &owner, TYPE_TXT, &arena);
        assert_non_null(set);
        assert_int_equal(set->class, CLASS_IN);
        assert_int_equal(set->count, 1);
        assert_int_equal(set->ttl, 300);
        arena_fini(&arena);
}

static void a_set_has_at_most_256_records_and_8_signatures(void **state)
{
        struct writer w = response(320, 0, 0);
        struct arena arena;
        struct message m;

        (void)state;
        for (uint32_t i = 0; i < 300; i++) {
                record(&w, "c00c", TYPE_A, 60, "00000000");
                store_u32(w.at - 4, i);
        }
        for (unsigned i = 0; i < 20; i++)
                record(&w, "c00c", TYPE_RRSIG, 60, SIG_OF_A);
        assert_int_equal(read_guarded(&w, &arena, &m), ERR_OK);
        struct name owner = named("www.example.com.");
        const struct rrset *set = message_rrset(&m, SECTION_ANSWER, &owner, TYPE_A, &arena);
        assert_int_equal(set->count, 256);
        assert_int_equal(set->sig_count, 8);
        arena_fini(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(queries_by_shape),
                cmocka_unit_test(queries_by_prefixes),
                cmocka_unit_test(the_parts_of_a_query),
                cmocka_unit_test(a_query_has_at_most_4096_bytes),
                cmocka_unit_test(sections_and_names),
                cmocka_unit_test(a_response_may_lack_the_question),
                cmocka_unit_test(malformed_responses),
                cmocka_unit_test(rdata_ends_at_rdlength),
                cmocka_unit_test(bad_owners),
                cmocka_unit_test(eleven_cnames_and_no_more),
                cmocka_unit_test(memory_is_bounded_by_length),
                cmocka_unit_test(honest_messages_are_within_the_bound),
                cmocka_unit_test(hops_are_bounded_by_length),
                cmocka_unit_test(vectors_by_prefixes),
                cmocka_unit_test(any_arena_may_be_full),
                cmocka_unit_test(a_set_is_collected_from_a_section),
                cmocka_unit_test(signatures_come_from_any_section),
                cmocka_unit_test(records_of_another_class_are_not_seen),
                cmocka_unit_test(a_set_has_at_most_256_records_and_8_signatures),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
