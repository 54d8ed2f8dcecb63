/*
 * From what is known to bytes: TTLs that count down, sizes, flags, EDNS options, extended errors, additional data, and
 * the front shelf, which says what the slow way says. What is known is put into the cache beforehand.
 */
#include "resolve/answer.h"
#include "cache/cache.h"
#include "cache/front.h"
#include "config/limits.h"
#include "letter.h"
#include "lone_desk.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include "wire/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SETTINGS                                                                                                       \
        "root-hints: [\"a.root. 192.0.2.1\"]\n"                                                                        \
        "validation: no\n"                                                                                             \
        "special-use-zones: no\n"

enum { RECORDS_MAX = 64, LINE_MAX_LEN = 600 };

static void open_with(struct lone_desk *lone, const char *more)
{
        char yaml[1000];

        snprintf(yaml, sizeof(yaml), SETTINGS "%s", more);
        lone_open(lone, yaml, 1);
}

static int desk_up(void **state)
{
        static struct lone_desk lone;

        open_with(&lone, "nsid: cairn-1\n");
        *state = &lone;
        return 0;
}

static int desk_down(void **state)
{
        lone_close(*state);
        return 0;
}

/* --- What is known ------------------------------------------------------------------------------------------------ */

/* A set from lines of zone file syntax; RRSIG lines are its signatures. */
static struct rrset set_from(struct lone_desk *lone, const char *text)
{
        struct rdata *rdata = arena_alloc(&lone->arena, RECORDS_MAX * sizeof(*rdata)), *sigs = rdata + RECORDS_MAX / 2;
        struct rrset set = { .rdata = rdata, .sigs = sigs, .class = CLASS_IN };

        while (*text) {
                size_t len = strcspn(text, "\n");
                char line[LINE_MAX_LEN];
                struct rr rr;

                assert_true(len < sizeof(line) && set.count < RECORDS_MAX / 2);
                memcpy(line, text, len);
                line[len] = 0;
                assert_int_equal(rr_from_text(line, 300, &lone->arena, &rr, NULL), ERR_OK);
                if (rr.type == TYPE_RRSIG) {
                        sigs[set.sig_count++] = rr.rdata;
                } else {
                        rdata[set.count++] = rr.rdata;
                        set.owner = rr.owner;
                        set.type = rr.type;
                        set.ttl = rr.ttl;
                }
                text += len + (text[len] == '\n');
        }
        return set;
}

static struct finding found(struct lone_desk *lone, enum finding_kind kind, uint32_t ttl)
{
        return (struct finding){ .kind = kind,
                                 .rank = RANK_AUTHORITY,
                                 .verdict = VERDICT_INSECURE,
                                 .ede = { .code = EDE_NONE },
                                 .stored_at = lone->now.cache_s,
                                 .ends_at = lone->now.cache_s + ttl };
}

static void keep(struct lone_desk *lone, const struct name *name, uint16_t type, const struct finding *finding)
{
        uint32_t ttl;

        assert_true(cache_put(lone->desk->cache, 0, name, type, finding, &ttl));
        lone_settle(lone);
        lone_pass(lone, 0);
}

static void know(struct lone_desk *lone, enum verdict verdict, const char *text)
{
        struct rrset set = set_from(lone, text);
        struct finding finding = found(lone, FINDING_SET, set.ttl);

        finding.set = set;
        finding.verdict = verdict;
        if (verdict == VERDICT_SECURE)
                finding.rank = RANK_SECURE;
        keep(lone, &set.owner, set.type, &finding);
}

static void know_absence(struct lone_desk *lone, enum finding_kind kind, const char *text, uint16_t type)
{
        struct finding finding = found(lone, kind, 300);
        struct name name = lone_name(lone, text);

        finding.proof[finding.proof_count++] = set_from(lone, "test. 300 SOA ns.test. host.test. 1 3600 600 86400 300");
        keep(lone, &name, type, &finding);
}

/* --- Asking ------------------------------------------------------------------------------------------------------- */

struct asked {
        const char *qname;
        uint16_t qtype, flags;
        enum transport transport;
        const struct edns *edns;
        uint16_t id;
};

/* The answer as bytes, in the desk's outbox; NULL: there is none yet. */
static const struct action *ask(struct lone_desk *lone, const struct asked *asked)
{
        uint8_t query[QUERY_MAX];
        const struct event event = {
                .kind = EVENT_QUESTION,
                .question = { .client = 1,
                              .from = { lone_address("127.0.0.1"), 4000 },
                              .transport = asked->transport,
                              .arrived_us = lone->now.mono_us,
                              .bytes = query,
                              .len = letter_ask(asked->qname, asked->qtype, asked->id, asked->flags, asked->edns,
                                                query) },
        };

        lone_feed(lone, &event);
        return lone_last(lone, ACTION_ANSWER);
}

/* The same, read. */
static struct message answer_to(struct lone_desk *lone, const struct asked *asked)
{
        const struct action *answer = ask(lone, asked);
        struct message message;

        assert_non_null(answer);
        uint8_t *bytes = arena_copy(&lone->arena, answer->answer.bytes, answer->answer.len);
        assert_int_equal(message_read(bytes, answer->answer.len, &lone->arena, &message), ERR_OK);
        assert_true(message.has_question);
        return message;
}

static const struct edns plain_edns = { .present = true, .udp_size = 1232 };
static const struct edns dnssec_edns = { .present = true, .udp_size = 1232, .dnssec_ok = true };

static const struct asked www = { .qname = "www.test.", .qtype = TYPE_A };
static const struct asked www_edns = { .qname = "www.test.", .qtype = TYPE_A, .edns = &plain_edns };

/* --- TTLs, front shelf -------------------------------------------------------------------------------------------- */

static void test_ttls_count_down(void **state)
{
        struct lone_desk *lone = *state;

        know(lone, VERDICT_INSECURE, "www.test. 1000 A 192.0.2.80");
        for (unsigned passed = 0; passed < 1000; passed += 90) {
                for (unsigned i = 0; i < 3; i++) /* from the store, and from the front shelf */
                        assert_int_equal(answer_to(lone, &www).rr[SECTION_ANSWER][0].ttl, 1000 - passed);
                lone_wait(lone, 90000);
        }
        assert_true(lone->metrics.hits[SHELF_FRONT] > 10 && lone->metrics.hits[SHELF_STORE] > 1);
        assert_null(ask(lone, &www)); /* over: servers have to be asked */
        assert_int_equal(lone_count(lone, ACTION_SEND), 1);
}

/* Byte for byte, but for the ID and the letters of the question. */
static void test_the_front_shelf_says_the_same(void **state)
{
        static const struct asked questions[] = {
                { .qname = "www.test.", .qtype = TYPE_A },
                { .qname = "www.test.", .qtype = TYPE_A, .edns = &plain_edns },
                { .qname = "www.test.", .qtype = TYPE_A, .edns = &dnssec_edns },
                { .qname = "www.test.", .qtype = TYPE_A, .flags = FLAG_AD },
                { .qname = "www.test.", .qtype = TYPE_A, .flags = FLAG_CD },
                { .qname = "www.test.", .qtype = TYPE_A, .transport = TRANSPORT_TCP },
                { .qname = "alias.test.", .qtype = TYPE_A, .edns = &dnssec_edns },
                { .qname = "gone.test.", .qtype = TYPE_A },
                { .qname = "www.test.", .qtype = TYPE_MX },
        };
        struct lone_desk *lone = *state;

        know(lone, VERDICT_SECURE, "www.test. 1000 A 192.0.2.80\nwww.test. 1000 A 192.0.2.81");
        know(lone, VERDICT_SECURE, "alias.test. 500 CNAME www.test.");
        know_absence(lone, FINDING_NXDOMAIN, "gone.test.", TYPE_A);
        know_absence(lone, FINDING_NODATA, "www.test.", TYPE_MX);
        for (unsigned i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
                struct asked asked = questions[i];
                uint64_t fronts = lone->metrics.hits[SHELF_FRONT];
                uint8_t slow[MESSAGE_MAX];

                front_forget(lone->desk->front); /* some of these questions share an answer there */
                asked.id = 1;
                const struct action *answer = ask(lone, &asked);
                size_t len = answer->answer.len;
                memcpy(slow, answer->answer.bytes, len);
                assert_int_equal(lone->metrics.hits[SHELF_FRONT], fronts);

                char upper[] = "WWW.test.";
                if (!strcmp(asked.qname, "www.test."))
                        asked.qname = upper;
                asked.id = 2;
                answer = ask(lone, &asked);
                assert_int_equal(lone->metrics.hits[SHELF_FRONT], fronts + 1);
                assert_int_equal(answer->answer.len, len);
                slow[1] = 2;
                for (size_t k = HEADER_LEN; asked.qname == upper && k < HEADER_LEN + 4; k++)
                        slow[k] = answer->answer.bytes[k];
                assert_memory_equal(answer->answer.bytes, slow, len);
        }
}

/* What the front shelf keeps does not fit everybody: who takes less gets a truncated answer, the slow way. */
static void test_the_front_shelf_and_small_clients(void **state)
{
        static char text[4000];
        struct lone_desk *lone = *state;

        for (unsigned i = 0; i < 30; i++)
                sprintf(text + strlen(text), "%swww.test. 1000 AAAA 2001:db8::%x", i ? "\n" : "", i + 1);
        know(lone, VERDICT_INSECURE, text);
        struct asked asked = { .qname = "www.test.", .qtype = TYPE_AAAA, .edns = &plain_edns };
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(answer_to(lone, &asked).rr_count[SECTION_ANSWER], 30);
        asked.edns = NULL;
        struct message small = answer_to(lone, &asked);
        assert_true(small.flags & FLAG_TC);
        assert_int_equal(small.rr_count[SECTION_ANSWER], 0);
}

/* --- Sizes -------------------------------------------------------------------------------------------------------- */

static size_t full_len(struct lone_desk *lone, struct asked asked)
{
        asked.transport = TRANSPORT_TCP;
        return ask(lone, &asked)->answer.len;
}

#define LONG "a-label-of-some-length-to-make-the-message-long.test."

/* At each size that a client can name: it fits, it can be read, and either nothing is missing or TC is set. */
static void test_every_size(void **state)
{
        static const char *const kinds[] = { "big.test.", "chain.test.", "gone.test." };
        struct lone_desk lone;
        char text[3000] = "";

        (void)state;
        open_with(&lone, "udp-size: 4096\nmax-udp-answer: 4096\n");
        for (unsigned i = 0; i < 25; i++)
                sprintf(text + strlen(text), "%sbig.test. 1000 TXT \"%040u\"", i ? "\n" : "", i);
        know(&lone, VERDICT_INSECURE, text);
        for (unsigned i = 0; i < 9; i++) {
                snprintf(text, sizeof(text), "c%u." LONG " CNAME c%u." LONG, i, i + 1);
                know(&lone, VERDICT_INSECURE, text);
        }
        know(&lone, VERDICT_INSECURE, "chain.test. CNAME c0." LONG);
        know_absence(&lone, FINDING_NODATA, "c9." LONG, TYPE_TXT);
        know_absence(&lone, FINDING_NXDOMAIN, "gone.test.", TYPE_TXT);
        for (unsigned k = 0; k < 3; k++) {
                struct edns edns = plain_edns;
                struct asked asked = { .qname = kinds[k], .qtype = TYPE_TXT, .edns = &edns };
                size_t whole = full_len(&lone, asked);

                for (size_t size = 0; size <= whole + 3; size++) {
                        size_t allowed = size < 512 ? 512 : size; /* RFC 6891 6.2.3 */

                        edns.udp_size = (uint16_t)size;
                        lone_pass(&lone, 0);
                        struct message message = answer_to(&lone, &asked);
                        size_t len = lone_last(&lone, ACTION_ANSWER)->answer.len;
                        assert_true(len <= allowed);
                        assert_int_equal((message.flags & FLAG_TC) != 0, allowed < whole);
                        assert_int_equal(len == whole, allowed >= whole);
                        assert_true(message.edns.present);
                }
        }
        lone_close(&lone);
}

/* Our own limit counts too, and TCP has none. */
static void test_our_limit(void **state)
{
        struct lone_desk lone;
        char text[3000] = "";
        struct edns edns = { .present = true, .udp_size = 4096 };
        struct asked asked = { .qname = "big.test.", .qtype = TYPE_TXT, .edns = &edns };

        (void)state;
        open_with(&lone, "max-udp-answer: 600\n");
        for (unsigned i = 0; i < 25; i++)
                sprintf(text + strlen(text), "%sbig.test. 1000 TXT \"%040u\"", i ? "\n" : "", i);
        know(&lone, VERDICT_INSECURE, text);
        assert_true(answer_to(&lone, &asked).flags & FLAG_TC);
        asked.transport = TRANSPORT_TCP;
        assert_int_equal(answer_to(&lone, &asked).rr_count[SECTION_ANSWER], 25);
        lone_close(&lone);
}

/* --- EDNS --------------------------------------------------------------------------------------------------------- */

static void test_options_answer_options(void **state)
{
        struct lone_desk *lone = *state;
        struct edns edns = { .present = true, .udp_size = 1232, .has_nsid = true, .has_keepalive = true };
        struct asked asked = { .qname = "www.test.", .qtype = TYPE_A, .edns = &edns };

        know(lone, VERDICT_INSECURE, "www.test. 1000 A 192.0.2.80");
        assert_false(answer_to(lone, &www).edns.present); /* RFC 6891 7: no OPT without an OPT */
        struct message message = answer_to(lone, &www_edns);
        assert_true(message.edns.present);
        assert_int_equal(message.edns.udp_size, 1232);
        assert_false(message.edns.has_nsid || message.edns.has_keepalive || message.edns.has_cookie ||
                     message.edns.dnssec_ok);

        message = answer_to(lone, &asked);
        assert_int_equal(message.edns.nsid_len, 7);
        assert_memory_equal(message.edns.nsid, "cairn-1", 7);
        assert_false(message.edns.has_keepalive); /* RFC 7828 3.2.1: not over UDP */
        asked.transport = TRANSPORT_TCP;
        message = answer_to(lone, &asked);
        assert_true(message.edns.has_keepalive && message.edns.keepalive_has_timeout);
        assert_int_equal(message.edns.keepalive_100ms, LIMIT_IDLE_MS / 100);
        asked.edns = &dnssec_edns;
        assert_true(answer_to(lone, &asked).edns.dnssec_ok);
}

static void test_cookies(void **state)
{
        struct lone_desk *lone = *state;
        struct edns edns = { .present = true, .udp_size = 1232, .has_cookie = true, .cookie_client = "clientsX" };
        struct asked asked = { .qname = "www.test.", .qtype = TYPE_A, .edns = &edns };

        know(lone, VERDICT_INSECURE, "www.test. 1000 A 192.0.2.80");
        struct message first = answer_to(lone, &asked);
        assert_true(first.edns.has_cookie);
        assert_memory_equal(first.edns.cookie_client, "clientsX", COOKIE_CLIENT_LEN);
        assert_int_equal(first.edns.cookie_server_len, 16);

        /* A fresh one comes back, an older one is renewed, a false one replaced (RFC 7873 5.2, RFC 9018 4.3). */
        edns.cookie_server_len = first.edns.cookie_server_len;
        memcpy(edns.cookie_server, first.edns.cookie_server, 16);
        lone_pass(lone, 10000);
        assert_memory_equal(answer_to(lone, &asked).edns.cookie_server, first.edns.cookie_server, 16);
        lone_pass(lone, 1900000);
        know(lone, VERDICT_INSECURE, "www.test. 1000 A 192.0.2.80");
        assert_memory_not_equal(answer_to(lone, &asked).edns.cookie_server, first.edns.cookie_server, 16);
        edns.cookie_server[12] ^= 1;
        assert_memory_not_equal(answer_to(lone, &asked).edns.cookie_server, edns.cookie_server, 16);
}

/* --- Extended errors ---------------------------------------------------------------------------------------------- */

static void know_failure(struct lone_desk *lone, const char *text, const char *why)
{
        struct finding finding = found(lone, FINDING_FAILURE, 30);
        struct name name = lone_name(lone, text);

        finding.rank = RANK_NONE;
        finding.verdict = VERDICT_UNCHECKED;
        finding.rcode = RCODE_SERVFAIL;
        finding.failures = 1;
        finding.ede.code = EDE_NO_AUTHORITY;
        finding.ede.text_len = (uint8_t)strlen(why);
        memcpy(finding.ede.text, why, finding.ede.text_len);
        memcpy(finding.trace.bytes, "\x7f\x3a\x9c\x21 and the rest", TRACE_ID_LEN);
        keep(lone, &name, TYPE_A, &finding);
}

/* A remembered failure quotes the trace that saw it happen. */
static void test_extended_errors(void **state)
{
        struct lone_desk *lone = *state;

        know_failure(lone, "www.test.", "nobody answers");
        struct message message = answer_to(lone, &www_edns);
        assert_int_equal(message.rcode, RCODE_SERVFAIL);
        assert_int_equal(message.edns.ede_count, 1);
        assert_int_equal(message.edns.ede[0].code, EDE_NO_AUTHORITY);
        static const char text[] = "nobody answers [trace 7f3a9c21]";
        assert_int_equal(message.edns.ede[0].text_len, sizeof(text) - 1);
        assert_memory_equal(message.edns.ede[0].text, text, sizeof(text) - 1);
        assert_int_equal(answer_to(lone, &www).rcode, RCODE_SERVFAIL); /* without EDNS, without reason */
        assert_int_equal(message.rr_count[SECTION_ANSWER] + message.rr_count[SECTION_AUTHORITY], 0);
}

/* The longest name and the longest reason in 512 bytes: the question is there, and the reason gives way. */
static void test_a_long_name_and_a_long_reason(void **state)
{
        struct lone_desk *lone = *state;
        char qname[300] = "", why[201];
        struct edns edns = { .present = true, .udp_size = 512, .has_nsid = true, .has_cookie = true };
        struct asked asked = { .qname = qname, .qtype = TYPE_A, .edns = &edns };

        for (unsigned i = 0; i < 4; i++)
                sprintf(qname + strlen(qname), "%.*s.", i < 3 ? 63 : 61,
                        "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789");
        memset(why, 'w', 200);
        why[200] = 0;
        know_failure(lone, qname, why);
        struct message message = answer_to(lone, &asked);
        assert_int_equal(message.rcode, RCODE_SERVFAIL);
        assert_int_equal(message.question.name.len, NAME_WIRE_MAX);
        assert_true(message.edns.has_nsid && message.edns.has_cookie);
        assert_false(message.flags & FLAG_TC);
}

/* --- Flags and signatures ----------------------------------------------------------------------------------------- */

#define SIGNED                                                                                                         \
        "www.test. 1000 A 192.0.2.80\n"                                                                                \
        "www.test. 1000 RRSIG A 13 2 1000 20300101000000 20200101000000 4711 test. c2lnbmF0dXJl"

static void test_ad_and_signatures(void **state)
{
        static const struct {
                enum verdict verdict;
                bool dnssec_ok;
                uint16_t flags;
                bool ad;
                unsigned records;
        } rows[] = {
                { VERDICT_SECURE, false, 0, false, 1 },
                { VERDICT_SECURE, false, FLAG_AD, true, 1 },
                { VERDICT_SECURE, true, 0, true, 2 },
                { VERDICT_SECURE, true, FLAG_CD, false, 2 },
                { VERDICT_SECURE, false, FLAG_AD | FLAG_CD, false, 1 },
                { VERDICT_INSECURE, true, FLAG_AD, false, 2 },
                { VERDICT_UNCHECKED, true, FLAG_AD, false, 2 },
        };

        (void)state;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct asked asked = www;
                struct lone_desk lone;

                open_with(&lone, "");
                know(&lone, rows[i].verdict, SIGNED);
                asked.edns = rows[i].dnssec_ok ? &dnssec_edns : &plain_edns;
                asked.flags = rows[i].flags;
                for (unsigned n = 0; n < 3; n++) { /* the store, then the front shelf */
                        struct message message = answer_to(&lone, &asked);

                        assert_int_equal((message.flags & FLAG_AD) != 0, rows[i].ad);
                        assert_int_equal(message.rr_count[SECTION_ANSWER], rows[i].records);
                        assert_int_equal(message.flags & FLAG_CD, rows[i].flags & FLAG_CD);
                }
                lone_close(&lone);
        }
}

/* One insecure alias, and the answer is not authentic. */
static void test_ad_of_a_chain(void **state)
{
        struct lone_desk *lone = *state;
        struct asked asked = { .qname = "alias.test.", .qtype = TYPE_A, .edns = &dnssec_edns };

        know(lone, VERDICT_SECURE, SIGNED);
        know(lone, VERDICT_INSECURE, "alias.test. 500 CNAME www.test.");
        assert_false(answer_to(lone, &asked).flags & FLAG_AD);
        know(lone, VERDICT_SECURE, "alias.test. 500 CNAME www.test.");
        asked.flags = FLAG_AD;
        assert_true(answer_to(lone, &asked).flags & FLAG_AD);
}

/* RFC 6672 3.1: a DNAME, and the CNAME that it stands for. */
static void test_dname(void **state)
{
        struct lone_desk *lone = *state;
        struct asked asked = { .qname = "www.old.test.", .qtype = TYPE_A };

        know(lone, VERDICT_INSECURE, "old.test. 500 DNAME test.");
        know(lone, VERDICT_INSECURE, "www.test. 1000 A 192.0.2.80");
        struct message message = answer_to(lone, &asked);
        assert_int_equal(message.rr_count[SECTION_ANSWER], 3);
        assert_int_equal(message.rr[SECTION_ANSWER][0].type, TYPE_DNAME);
        assert_int_equal(message.rr[SECTION_ANSWER][1].type, TYPE_CNAME);
        assert_int_equal(message.rr[SECTION_ANSWER][1].ttl, 500);
        assert_int_equal(message.rr[SECTION_ANSWER][2].type, TYPE_A);
}

/* --- Settings ----------------------------------------------------------------------------------------------------- */

static void test_rotation(void **state)
{
        struct lone_desk lone;
        unsigned first[4] = { 0 };

        (void)state;
        open_with(&lone, "rrset-rotation: yes\n");
        know(&lone, VERDICT_INSECURE,
             "www.test. A 192.0.2.0\nwww.test. A 192.0.2.1\nwww.test. A 192.0.2.2\nwww.test. A 192.0.2.3");
        for (unsigned i = 0; i < 400; i++)
                first[answer_to(&lone, &www).rr[SECTION_ANSWER][0].rdata.bytes[3]]++;
        for (unsigned i = 0; i < 4; i++)
                assert_in_range(first[i], 60, 140);
        assert_int_equal(lone.metrics.hits[SHELF_FRONT], 0);
        lone_close(&lone);
}

/* Addresses that a public name must not have are left out, one by one; what is left is not authentic. */
static void test_private_addresses(void **state)
{
        struct lone_desk lone;
        struct asked asked = { .qname = "www.test.", .qtype = TYPE_A, .edns = &dnssec_edns };

        (void)state;
        open_with(&lone, "private-address: [192.168.0.0/16]\n");
        know(&lone, VERDICT_SECURE, "www.test. A 192.0.2.80\nwww.test. A 192.168.1.1");
        for (unsigned i = 0; i < 3; i++) {
                struct message message = answer_to(&lone, &asked);

                assert_int_equal(message.rr_count[SECTION_ANSWER], 1);
                assert_int_equal(message.rr[SECTION_ANSWER][0].rdata.bytes[2], 2);
                assert_false(message.flags & FLAG_AD);
        }
        assert_int_equal(lone.metrics.hits[SHELF_FRONT], 0); /* nor is it remembered as what the store says */
        lone_close(&lone);
}

/* --- Additional data ---------------------------------------------------------------------------------------------- */

static void know_addresses(struct lone_desk *lone)
{
        know(lone, VERDICT_INSECURE, "mx1.test. A 192.0.2.1\nmx1.test. A 192.0.2.2");
        know(lone, VERDICT_INSECURE, "mx1.test. AAAA 2001:db8::1");
        know(lone, VERDICT_INSECURE, "mx2.test. A 192.0.2.3");
        know(lone, VERDICT_INSECURE, "test. A 192.0.2.4");
        know_absence(lone, FINDING_NODATA, "mx2.test.", TYPE_AAAA);
        know_absence(lone, FINDING_NXDOMAIN, "gone.test.", TYPE_A);
}

static void test_additional(void **state)
{
        static const struct {
                const char *text;
                unsigned additional; /* records */
        } rows[] = {
                { "test. MX 10 mx1.test.", 3 },
                { "test. MX 10 mx1.test.\ntest. MX 20 mx2.test.", 4 },
                { "test. MX 10 mx1.test.\ntest. MX 20 mx1.test.", 3 }, /* a name twice is one */
                { "test. MX 10 gone.test.\ntest. MX 20 unknown.test.", 0 },
                { "test. MX 0 .", 0 }, /* RFC 7505 */
                { "test. NS mx1.test.", 3 },
                { "_imap._tcp.test. SRV 0 0 143 mx2.test.", 1 },
                { "_imap._tcp.test. SRV 0 0 0 .", 0 },
                { "test. HTTPS 1 mx2.test.", 1 },
                { "test. HTTPS 1 . alpn=h2", 1 }, /* RFC 9460 2.5: the owner itself */
                { "test. HTTPS 0 .", 0 },         /* and in alias mode: nothing */
                { "test. SVCB 0 mx1.test.", 3 },
                { "test. TXT \"mx1.test.\"", 0 },
                { "mx2.test. A 192.0.2.3", 0 },
        };

        (void)state;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                for (unsigned minimal = 0; minimal < 2; minimal++) {
                        struct lone_desk lone;
                        char qname[NAME_TEXT_MAX];

                        open_with(&lone, minimal ? "" : "minimal-responses: no\n");
                        know_addresses(&lone);
                        know(&lone, VERDICT_INSECURE, rows[i].text);
                        struct rrset set = set_from(&lone, rows[i].text);
                        struct asked asked = { .qname = name_text(&set.owner, qname), .qtype = set.type };
                        for (unsigned n = 0; n < 2; n++) { /* from the store, then from the front shelf */
                                struct message message = answer_to(&lone, &asked);

                                assert_int_equal(message.rr_count[SECTION_ANSWER], set.count);
                                assert_int_equal(message.rr_count[SECTION_AUTHORITY], 0);
                                assert_int_equal(message.rr_count[SECTION_ADDITIONAL],
                                                 minimal ? 0 : rows[i].additional);
                        }
                        assert_int_equal(lone_count(&lone, ACTION_SEND), 0); /* nothing is ever asked for it */
                        lone_close(&lone);
                }
        }
}

/* Thirteen names are looked at, and what does not fit is left out without TC. */
static void test_additional_has_bounds(void **state)
{
        struct lone_desk lone;
        char text[4000] = "", line[100];
        struct edns edns = { .present = true, .udp_size = 1232 };
        struct asked asked = { .qname = "test.", .qtype = TYPE_MX, .edns = &edns };

        (void)state;
        open_with(&lone, "minimal-responses: no\n");
        for (unsigned i = 0; i < 20; i++) {
                sprintf(text + strlen(text), "%stest. MX %u mx%02u.test.", i ? "\n" : "", i, i);
                snprintf(line, sizeof(line), "mx%02u.test. A 192.0.2.%u", i, i);
                know(&lone, VERDICT_INSECURE, line);
        }
        know(&lone, VERDICT_INSECURE, text);
        struct message message = answer_to(&lone, &asked);
        assert_int_equal(message.rr_count[SECTION_ANSWER], 20);
        assert_int_equal(message.rr_count[SECTION_ADDITIONAL], LIMIT_ADDITIONAL_NAMES);
        edns.udp_size = 512;
        lone_pass(&lone, 290000); /* past the front shelf's nine tenths */
        message = answer_to(&lone, &asked);
        assert_int_equal(message.rr_count[SECTION_ANSWER], 20);
        assert_true(message.rr_count[SECTION_ADDITIONAL] < LIMIT_ADDITIONAL_NAMES);
        assert_false(message.flags & FLAG_TC);
        lone_close(&lone);
}

/* What a question for the address would not get, nobody gets beside another answer. */
static void test_additional_obeys_policy(void **state)
{
        struct lone_desk lone;
        struct asked asked = { .qname = "test.", .qtype = TYPE_MX, .edns = &dnssec_edns };

        (void)state;
        open_with(&lone, "minimal-responses: no\nprivate-address: [192.168.0.0/16]\n"
                         "local-data: [\"mx2.test. A 203.0.113.1\"]\n");
        know(&lone, VERDICT_SECURE, "test. MX 1 mx1.test.\ntest. MX 2 mx2.test.");
        know(&lone, VERDICT_SECURE, "mx1.test. A 192.168.1.1");
        know(&lone, VERDICT_SECURE, "mx2.test. A 192.0.2.2");
        struct message message = answer_to(&lone, &asked);
        assert_int_equal(message.rr_count[SECTION_ANSWER], 2);
        assert_int_equal(message.rr_count[SECTION_ADDITIONAL], 0);
        assert_true(message.flags & FLAG_AD); /* of the answer nothing is missing */
        lone_close(&lone);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, desk_up, desk_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_ttls_count_down),
                TEST(test_the_front_shelf_says_the_same),
                TEST(test_the_front_shelf_and_small_clients),
                cmocka_unit_test(test_every_size),
                cmocka_unit_test(test_our_limit),
                TEST(test_options_answer_options),
                TEST(test_cookies),
                TEST(test_extended_errors),
                TEST(test_a_long_name_and_a_long_reason),
                cmocka_unit_test(test_ad_and_signatures),
                TEST(test_ad_of_a_chain),
                TEST(test_dname),
                cmocka_unit_test(test_rotation),
                cmocka_unit_test(test_private_addresses),
                cmocka_unit_test(test_additional),
                cmocka_unit_test(test_additional_has_bounds),
                cmocka_unit_test(test_additional_obeys_policy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
