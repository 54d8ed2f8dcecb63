/*
 * Scrubbing: what of a reply is believed (security: bailiwick). Each section, type and relation of an owner to the
 * question, with AA and without; referrals and their glue; and the replies that say nothing useful.
 */
#include "resolve/reply.h"
#include "letter.h"
#include "lone_desk.h"
#include "matrix.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLAIM_TEXT = 700 };

struct bench {
        struct arena arena;
        struct delegation zone;
        struct cut cut;
        struct reply_context context;
        struct message message;
        struct claim claim;
        uint8_t bytes[MESSAGE_MAX];
};

static struct name name_in(struct arena *arena, const char *text)
{
        uint8_t *room = arena_alloc(arena, NAME_WIRE_MAX);
        struct name name;

        assert_int_equal(name_from_text(text, room, &name), ERR_OK);
        return name;
}

/* A question at the servers of a zone. */
static struct bench *bench_for(const char *zone, const char *qname, uint16_t qtype)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        assert_non_null(bench);
        arena_init(&bench->arena, 16 << 20);
        bench->zone.cut = name_in(&bench->arena, zone);
        bench->cut.delegation = &bench->zone;
        bench->context = (struct reply_context){
                .cut = &bench->cut,
                .qname = name_in(&bench->arena, qname),
                .qtype = qtype,
                .harden_glue = true,
                .edns_sent = true,
                .now_s = 1000,
        };
        return bench;
}

static void bench_free(struct bench *bench)
{
        arena_fini(&bench->arena);
        free(bench);
}

static void text_of_final(const struct claim *claim, char *out, size_t size)
{
        const struct finding *final = &claim->final;
        char owner[NAME_TEXT_MAX] = "";

        if (final->proof_count && final->proof[0].type == TYPE_SOA)
                name_text(&final->proof[0].owner, owner);
        switch (final->kind) {
        case FINDING_SET: snprintf(out, size, ": %u records", final->set.count); return;
        case FINDING_NODATA: snprintf(out, size, ": no such type%s%s", owner[0] ? ", SOA " : "", owner); return;
        case FINDING_NXDOMAIN: snprintf(out, size, ": no such name%s%s", owner[0] ? ", SOA " : "", owner); return;
        case FINDING_FAILURE: snprintf(out, size, ": rcode %u", final->rcode); return;
        case FINDING_NONE: break;
        }
        *out = 0;
}

static void text_of_referral(const struct delegation *d, char *out, size_t size)
{
        char cut[NAME_TEXT_MAX];
        unsigned addresses = 0;

        for (unsigned i = 0; i < d->server_count; i++)
                addresses += d->server[i].address_count;
        snprintf(out, size, ": %s %u servers %u addresses%s", name_text(&d->cut, cut), d->server_count, addresses,
                 d->ds_state == DS_PRESENT ? " DS" : "");
}

/* A claim in one line: its class, and what it would make us believe. */
static const char *claim_text(const struct claim *claim, char out[CLAIM_TEXT])
{
        size_t len = snprintf(out, CLAIM_TEXT, "%s", reply_class_word(claim->class));
        char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];

        if (claim->class > REPLY_REFERRAL)
                return out;
        for (unsigned i = 0; i < claim->alias_count; i++)
                len += snprintf(out + len, CLAIM_TEXT - len, "%s %s %s", i ? "," : ":",
                                rrtype_text(claim->alias[i].set.type, type),
                                name_text(&claim->alias[i].set.owner, owner));
        if (claim->class == REPLY_ANSWER)
                text_of_final(claim, out + len, CLAIM_TEXT - len);
        if (claim->class == REPLY_REFERRAL)
                text_of_referral(&claim->referral, out + len, CLAIM_TEXT - len);
        return out;
}

static const char *read_letter(struct bench *bench, const struct letter *letter, char out[CLAIM_TEXT])
{
        size_t len = letter_write(letter, bench->bytes);

        reply_read(bench->bytes, len, &bench->arena, &bench->context, &bench->message, &bench->claim);
        return claim_text(&bench->claim, out);
}

/* --- The matrix --------------------------------------------------------------------------------------------------- */

/* What a cell's claim is when the record too many changes nothing; of a record in the answer section alone, that the
 * server speaks of something else. */
static const char *default_claim(const struct cell *cell)
{
        switch (cell->base) {
        case SAYS_ANSWER: return "answer: 1 records";
        case SAYS_NOTHING: return cell->section == SECTION_ANSWER ? "lame" : "answer: no such type";
        case SAYS_NXDOMAIN: return "answer: no such name, SOA zone.test.";
        case MATRIX_BASES: break;
        }
        return "";
}

static void test_matrix(void **state)
{
        struct cell cell;
        unsigned n = 0;

        (void)state;
        for (; matrix_cell(n, &cell); n++) {
                struct bench *bench = bench_for("zone.test.", "www.zone.test.", TYPE_A);
                const struct letter letter = { .flags = matrix_flags(&cell),
                                               .qname = "www.zone.test.",
                                               .qtype = TYPE_A,
                                               .section = { cell.line[0], cell.line[1], cell.line[2] } };
                int exception = matrix_exception_of(&cell);
                const char *expected = exception >= 0 ? matrix_exception[exception].claim : default_claim(&cell);
                char claim[CLAIM_TEXT], what[CLAIM_TEXT + MATRIX_LINE], wanted[CLAIM_TEXT + MATRIX_LINE];

                read_letter(bench, &letter, claim);
                snprintf(what, sizeof(what), "%s %u %s: %s", cell.line[cell.section], cell.section, cell.aa ? "AA" : "",
                         claim);
                snprintf(wanted, sizeof(wanted), "%s %u %s: %s", cell.line[cell.section], cell.section,
                         cell.aa ? "AA" : "", expected);
                assert_string_equal(what, wanted);
                assert_false(bench->claim.primes);
                if (bench->claim.class == REPLY_ANSWER)
                        assert_int_equal(bench->claim.final.rank, cell.aa ? RANK_AUTHORITY : RANK_ANSWER);
                bench_free(bench);
        }
        assert_true(n > 1000);
}

/* --- Tables ------------------------------------------------------------------------------------------------------- */

struct row {
        uint16_t flags; /* beside QR */
        const char *section[SECTION_COUNT];
        const char *claim;
};

static void check_rows(const char *zone, const char *qname, uint16_t qtype, const struct row *row, unsigned count,
                       void (*prepare)(struct bench *bench))
{
        for (unsigned i = 0; i < count; i++) {
                struct bench *bench = bench_for(zone, qname, qtype);
                struct letter letter = { .flags = FLAG_QR | row[i].flags, .qname = qname, .qtype = qtype };
                char claim[CLAIM_TEXT], what[CLAIM_TEXT + 20], wanted[CLAIM_TEXT + 20];

                memcpy(letter.section, row[i].section, sizeof(letter.section));
                if (prepare)
                        prepare(bench);
                read_letter(bench, &letter, claim);
                snprintf(what, sizeof(what), "row %u: %s", i, claim);
                snprintf(wanted, sizeof(wanted), "row %u: %s", i, row[i].claim);
                assert_string_equal(what, wanted);
                bench_free(bench);
        }
}

#define CHECK_ROWS(zone, qname, qtype, rows, prepare)                                                                  \
        check_rows(zone, qname, qtype, rows, sizeof(rows) / sizeof(rows[0]), prepare)

#define SUB_NS   "sub.zone.test. NS ns.sub.zone.test."
#define SUB_GLUE "ns.sub.zone.test. A 192.0.2.53"

/* A referral: NS strictly below the cut, at or above the name, with nothing in the answer section; glue of these names
 * inside the zone that refers. */
static void test_referrals(void **state)
{
        static const struct row rows[] = {
                { 0, { NULL, SUB_NS, SUB_GLUE }, "referral: sub.zone.test. 1 servers 1 addresses" },
                { FLAG_AA, { NULL, SUB_NS, SUB_GLUE }, "referral: sub.zone.test. 1 servers 1 addresses" },
                { 0, { NULL, SUB_NS, NULL }, "referral: sub.zone.test. 1 servers 0 addresses" },
                { 0,
                  { NULL, SUB_NS, SUB_GLUE "\nns.sub.zone.test. AAAA 2001:db8::53" },
                  "referral: sub.zone.test. 1 servers 2 addresses" },
                { 0,
                  { NULL, SUB_NS, SUB_GLUE "\nmail.zone.test. A 203.0.113.66" },
                  "referral: sub.zone.test. 1 servers 1 addresses" },
                { 0,
                  { NULL, SUB_NS, SUB_GLUE "\nsub.zone.test. A 203.0.113.66" },
                  "referral: sub.zone.test. 1 servers 1 addresses" },
                { 0,
                  { NULL, SUB_NS, SUB_GLUE "\nvictim.example. A 203.0.113.66" },
                  "referral: sub.zone.test. 1 servers 1 addresses" },
                { 0,
                  { NULL, SUB_NS, SUB_GLUE "\nns.sub.zone.test. A 192.0.2.53" },
                  "referral: sub.zone.test. 1 servers 1 addresses" },
                { 0,
                  { NULL, SUB_NS "\nsub.zone.test. NS ns.other.example.",
                    SUB_GLUE "\nns.other.example. A 203.0.113.66" },
                  "referral: sub.zone.test. 2 servers 1 addresses" },
                { 0,
                  { NULL, SUB_NS "\nsub.zone.test. NS ns.zone.test.", SUB_GLUE "\nns.zone.test. A 192.0.2.54" },
                  "referral: sub.zone.test. 2 servers 2 addresses" },
                /* The same address under two names is one address. */
                { 0,
                  { NULL, SUB_NS "\nsub.zone.test. NS ns.zone.test.", SUB_GLUE "\nns.zone.test. A 192.0.2.53" },
                  "referral: sub.zone.test. 2 servers 1 addresses" },
                /* The deepest NS set above the name counts. */
                { 0,
                  { NULL, "zone.test. NS ns.zone.test.\n" SUB_NS, SUB_GLUE },
                  "referral: sub.zone.test. 1 servers 1 addresses" },
                { 0,
                  { NULL, "other.zone.test. NS ns.other.zone.test.\n" SUB_NS, SUB_GLUE },
                  "referral: sub.zone.test. 1 servers 1 addresses" },
                { 0,
                  { NULL,
                    SUB_NS
                    "\nsub.zone.test. DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000",
                    SUB_GLUE },
                  "referral: sub.zone.test. 1 servers 1 addresses DS" },
                { 0,
                  { NULL,
                    SUB_NS
                    "\nother.zone.test. DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000",
                    SUB_GLUE },
                  "referral: sub.zone.test. 1 servers 1 addresses" },
                /* NS in the answer or additional section refers to nowhere. */
                { 0, { SUB_NS, NULL, SUB_GLUE }, "lame" },
                { 0, { NULL, NULL, SUB_NS "\n" SUB_GLUE }, "answer: no such type" },
                /* Beside an SOA it is no referral, beside an answer neither. */
                { FLAG_AA, { NULL, MATRIX_SOA "\n" SUB_NS, SUB_GLUE }, "answer: no such type, SOA zone.test." },
                { FLAG_AA, { "www.sub.zone.test. A 192.0.2.80", SUB_NS, SUB_GLUE }, "answer: 1 records" },
                { RCODE_NXDOMAIN, { NULL, SUB_NS, SUB_GLUE }, "answer: no such name" },
        };

        (void)state;
        CHECK_ROWS("zone.test.", "www.sub.zone.test.", TYPE_A, rows, NULL);
}

static void believe_all_glue(struct bench *bench)
{
        bench->context.harden_glue = false;
}

static void test_glue_from_outside_counts_when_asked_to(void **state)
{
        static const struct row rows[] = {
                { 0,
                  { NULL, "sub.zone.test. NS ns.other.example.", "ns.other.example. A 192.0.2.53" },
                  "referral: sub.zone.test. 1 servers 1 addresses" },
                { 0,
                  { NULL, "sub.zone.test. NS ns.other.example.", "ns.third.example. A 203.0.113.66" },
                  "referral: sub.zone.test. 1 servers 0 addresses" },
        };

        (void)state;
        CHECK_ROWS("zone.test.", "www.sub.zone.test.", TYPE_A, rows, believe_all_glue);
}

static void test_chains(void **state)
{
        static const struct row rows[] = {
                { FLAG_AA,
                  { "www.zone.test. CNAME b.zone.test.\nb.zone.test. A 192.0.2.1" },
                  "answer: CNAME www.zone.test.: 1 records" },
                { FLAG_AA,
                  { "b.zone.test. A 192.0.2.1\nwww.zone.test. CNAME b.zone.test." },
                  "answer: CNAME www.zone.test.: 1 records" },
                { FLAG_AA,
                  { "www.zone.test. CNAME b.zone.test.\nc.zone.test. A 203.0.113.66" },
                  "alias: CNAME www.zone.test." },
                { FLAG_AA,
                  { "www.zone.test. CNAME b.zone.test.", MATRIX_SOA },
                  "answer: CNAME www.zone.test.: no such type, SOA zone.test." },
                { FLAG_AA | RCODE_NXDOMAIN,
                  { "www.zone.test. CNAME b.zone.test.", MATRIX_SOA },
                  "answer: CNAME www.zone.test.: no such name, SOA zone.test." },
                /* What lies outside the zone is asked for elsewhere, whatever this server says of it. */
                { FLAG_AA,
                  { "www.zone.test. CNAME victim.example.\nvictim.example. A 203.0.113.66" },
                  "alias: CNAME www.zone.test." },
                { FLAG_AA | RCODE_NXDOMAIN,
                  { "www.zone.test. CNAME victim.example.", "example. SOA a. b. 1 1 1 1 1" },
                  "alias: CNAME www.zone.test." },
                /* DNAME: the CNAME beside it is made of it, and does not count. */
                { FLAG_AA,
                  { "zone.test. DNAME other.example.\nwww.zone.test. CNAME www.other.example." },
                  "alias: DNAME zone.test." },
                { FLAG_AA,
                  { "zone.test. DNAME other.example.\nwww.zone.test. CNAME evil.example." },
                  "alias: DNAME zone.test." },
                { FLAG_AA,
                  { "test. DNAME other.example.\nwww.zone.test. CNAME www.other.example." },
                  "alias: CNAME www.zone.test." },
                { FLAG_AA,
                  { "www.zone.test. CNAME www.zone.test." },
                  "alias: CNAME www.zone.test., CNAME www.zone.test., CNAME www.zone.test., "
                  "CNAME www.zone.test., CNAME www.zone.test., CNAME www.zone.test., CNAME www.zone.test., "
                  "CNAME www.zone.test., CNAME www.zone.test., CNAME www.zone.test., CNAME www.zone.test." },
        };

        (void)state;
        CHECK_ROWS("zone.test.", "www.zone.test.", TYPE_A, rows, NULL);
}

/* Whoever asks for the CNAME that a DNAME brings with it gets the DNAME: that alone is signed. */
static void test_cname_below_a_dname(void **state)
{
        static const struct row rows[] = {
                { FLAG_AA,
                  { "zone.test. DNAME other.example.\nwww.zone.test. CNAME www.other.example." },
                  "alias: DNAME zone.test." },
                { FLAG_AA, { "www.zone.test. CNAME www.other.example." }, "answer: 1 records" },
        };

        (void)state;
        CHECK_ROWS("zone.test.", "www.zone.test.", TYPE_CNAME, rows, NULL);
}

static void test_dname_that_makes_names_too_long(void **state)
{
        char owner[300] = "", record[700];
        struct row row = { FLAG_AA | RCODE_YXDOMAIN, { record }, "answer: DNAME zone.test.: rcode 6" };

        (void)state;
        for (unsigned i = 0; i < 3; i++)
                strcat(owner, "a123456789b123456789c123456789d123456789e123456789f1234567890.");
        snprintf(record, sizeof(record), "zone.test. DNAME %sother.example.", owner);
        strcat(owner, "zone.test.");
        check_rows("zone.test.", owner, TYPE_A, &row, 1, NULL);
}

static void test_root_servers_in_an_answer(void **state)
{
        struct bench *bench = bench_for(".", ".", TYPE_NS);
        const struct letter letter = { .flags = FLAG_QR | FLAG_AA,
                                       .qname = ".",
                                       .qtype = TYPE_NS,
                                       .section = { ". NS a.root.\n. NS b.root.", NULL,
                                                    "a.root. A 192.0.2.1\nc.root. A 203.0.113.66" } };
        char claim[CLAIM_TEXT];

        (void)state;
        assert_string_equal(read_letter(bench, &letter, claim), "answer: 2 records");
        assert_true(bench->claim.primes);
        text_of_referral(&bench->claim.referral, claim, sizeof(claim));
        assert_string_equal(claim, ": . 2 servers 1 addresses");
        bench_free(bench);
}

/* A DS set lies above the cut: the referral of the very name is no answer to a question for it, unless it says more. */
static void test_ds_question(void **state)
{
        static const struct row rows[] = {
                { 0, { NULL, SUB_NS, SUB_GLUE }, "lame" },
                { 0,
                  { NULL,
                    SUB_NS "\nsub.zone.test. DS 1 13 2 "
                           "0000000000000000000000000000000000000000000000000000000000000000",
                    SUB_GLUE },
                  "answer: 1 records" },
                { 0, { NULL, SUB_NS "\nsub.zone.test. NSEC x.zone.test. NS", SUB_GLUE }, "answer: no such type" },
                { FLAG_AA, { NULL, MATRIX_SOA }, "answer: no such type, SOA zone.test." },
                { FLAG_AA,
                  { "sub.zone.test. DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000" },
                  "answer: 1 records" },
        };

        (void)state;
        CHECK_ROWS("zone.test.", "sub.zone.test.", TYPE_DS, rows, NULL);
}

static void as_forwarder(struct bench *bench)
{
        bench->cut.recursive = true;
}

static void test_forwarders_refer_to_nobody(void **state)
{
        static const struct row rows[] = {
                { FLAG_RA, { NULL, SUB_NS, SUB_GLUE }, "lame" },
                { FLAG_RA, { NULL, NULL, NULL }, "answer: no such type" },
                { FLAG_RA, { "www.sub.zone.test. A 192.0.2.80" }, "answer: 1 records" },
        };

        (void)state;
        CHECK_ROWS("zone.test.", "www.sub.zone.test.", TYPE_A, rows, as_forwarder);
}

static void test_manners(void **state)
{
        static const struct row rows[] = {
                { FLAG_RA, { NULL, NULL, NULL }, "lame" },
                { FLAG_AA | FLAG_RA, { NULL, NULL, NULL }, "answer: no such type" },
                { FLAG_TC, { NULL, NULL, NULL }, "truncated" },
                { FLAG_TC, { "www.zone.test. A 192.0.2.80" }, "truncated" },
                { RCODE_SERVFAIL, { NULL }, "error" },
                { RCODE_REFUSED, { NULL }, "error" },
                { RCODE_NOTAUTH, { NULL }, "error" },
                { RCODE_FORMERR, { NULL }, "no EDNS" },
                { RCODE_NOTIMP, { NULL }, "no EDNS" },
                { RCODE_SERVFAIL, { "www.zone.test. A 203.0.113.66" }, "error" },
                { RCODE_NXDOMAIN, { NULL }, "answer: no such name" },
                { FLAG_AA | RCODE_YXDOMAIN, { NULL, "zone.test. SOA a. b. 1 1 1 1 1" }, "error" },
                { FLAG_AA | RCODE_YXDOMAIN, { "www.zone.test. A 203.0.113.66" }, "error" },
        };

        (void)state;
        CHECK_ROWS("zone.test.", "www.zone.test.", TYPE_A, rows, NULL);
}

static void without_edns_by_tcp(struct bench *bench)
{
        bench->context.edns_sent = false;
        bench->context.tcp = true;
}

static void test_manners_without_edns_by_tcp(void **state)
{
        static const struct row rows[] = {
                { RCODE_FORMERR, { NULL }, "error" },
                { RCODE_NOTIMP, { NULL }, "error" },
                { FLAG_TC | FLAG_AA, { "www.zone.test. A 192.0.2.80" }, "error" }, /* there is nothing larger to ask by */
                { FLAG_TC | FLAG_AA, { NULL }, "error" },
        };

        (void)state;
        CHECK_ROWS("zone.test.", "www.zone.test.", TYPE_A, rows, without_edns_by_tcp);
}

static void test_cookies(void **state)
{
        static const struct {
                const char *cookie; /* that comes back; NULL: none */
                const char *claim;
        } rows[] = {
                { "ourcooki", "answer: 1 records" },
                { "othercoo", "forged" },
                { NULL, "answer: 1 records" }, /* servers need not know cookies */
        };

        (void)state;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct bench *bench = bench_for("zone.test.", "www.zone.test.", TYPE_A);
                struct edns edns = {
                        .present = true, .udp_size = 1232, .has_cookie = rows[i].cookie != NULL, .cookie_server_len = 8
                };
                struct letter letter = {
                        .flags = FLAG_QR | FLAG_AA, .qname = "www.zone.test.", .qtype = TYPE_A, .edns = &edns
                };
                char claim[CLAIM_TEXT];

                letter.section[SECTION_ANSWER] = "www.zone.test. A 192.0.2.80";
                memcpy(bench->context.cookie, "ourcooki", COOKIE_CLIENT_LEN);
                bench->context.cookie_sent = true;
                if (rows[i].cookie)
                        memcpy(edns.cookie_client, rows[i].cookie, COOKIE_CLIENT_LEN);
                assert_string_equal(read_letter(bench, &letter, claim), rows[i].claim);
                bench_free(bench);
        }
}

/* 1,500 names without glue do not push out the one with glue among the first 256 (no set has more), and no more than
 * thirteen are used (NXNSAttack). */
static void test_many_servers(void **state)
{
        struct bench *bench = bench_for("zone.test.", "www.sub.zone.test.", TYPE_A);
        struct letter letter = { .flags = FLAG_QR, .qname = "www.sub.zone.test.", .qtype = TYPE_A };
        char *text = NULL, claim[CLAIM_TEXT];
        size_t len;
        FILE *file = open_memstream(&text, &len);

        (void)state;
        for (unsigned i = 0; i < 1500; i++) {
                if (i == 200)
                        fputs(SUB_NS "\n", file);
                fprintf(file, "sub.zone.test. NS n%u.victim.example.\n", i);
        }
        fclose(file);
        letter.section[SECTION_AUTHORITY] = text;
        letter.section[SECTION_ADDITIONAL] = SUB_GLUE;
        read_letter(bench, &letter, claim);
        assert_string_equal(claim, "referral: sub.zone.test. 13 servers 1 addresses");
        bench_free(bench);
        free(text);
}

/* Every prefix of a good reply is malformed, and none is believed. */
static void test_every_prefix(void **state)
{
        struct bench *bench = bench_for("zone.test.", "www.sub.zone.test.", TYPE_A);
        const struct letter letter = {
                .flags = FLAG_QR, .qname = "www.sub.zone.test.", .qtype = TYPE_A, .section = { NULL, SUB_NS, SUB_GLUE }
        };
        size_t len = letter_write(&letter, bench->bytes);

        (void)state;
        for (size_t n = 0; n < len; n++) {
                reply_read(bench->bytes, n, &bench->arena, &bench->context, &bench->message, &bench->claim);
                assert_int_equal(bench->claim.class, REPLY_MALFORMED);
        }
        bench_free(bench);
}

/* Without memory nothing is believed that was not read. */
static void test_no_memory(void **state)
{
        struct bench *bench = bench_for("zone.test.", "www.sub.zone.test.", TYPE_A);
        const struct letter letter = {
                .flags = FLAG_QR, .qname = "www.sub.zone.test.", .qtype = TYPE_A, .section = { NULL, SUB_NS, SUB_GLUE }
        };
        size_t len = letter_write(&letter, bench->bytes);
        struct arena none;

        (void)state;
        arena_init(&none, 0);
        reply_read(bench->bytes, len, &none, &bench->context, &bench->message, &bench->claim);
        assert_int_equal(bench->claim.class, REPLY_MALFORMED);
        arena_fini(&none);
        bench_free(bench);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matrix),
                cmocka_unit_test(test_referrals),
                cmocka_unit_test(test_glue_from_outside_counts_when_asked_to),
                cmocka_unit_test(test_chains),
                cmocka_unit_test(test_cname_below_a_dname),
                cmocka_unit_test(test_dname_that_makes_names_too_long),
                cmocka_unit_test(test_root_servers_in_an_answer),
                cmocka_unit_test(test_ds_question),
                cmocka_unit_test(test_forwarders_refer_to_nobody),
                cmocka_unit_test(test_manners),
                cmocka_unit_test(test_manners_without_edns_by_tcp),
                cmocka_unit_test(test_cookies),
                cmocka_unit_test(test_many_servers),
                cmocka_unit_test(test_every_prefix),
                cmocka_unit_test(test_no_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
