/* The reader of scenarios: what it understands, what it complains about, and how it compares messages. */
#include "rpl.h"
#include <ldns/ldns.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                                           \
        "stub-addr: 192.0.2.1 # the root\nfeatures: min_ttl = 5; max_ttl = 10\nCONFIG_END\nSCENARIO_BEGIN A title\n"
#define QUERY "STEP 1 QUERY\nENTRY_BEGIN\nREPLY RD\nSECTION QUESTION\nwww.example. IN A\nENTRY_END\n"
#define TAIL  "SCENARIO_END\n"

/* Offsets in a message about www.example.: the first letter, the class; and the length of an OPT record. */
enum { HEADER_SPELLING = 13, QUESTION_CLASS = 27, OPT_BYTES = 11 };

static struct rpl *parse(const char *text)
{
        char complaint[RPL_COMPLAINT_MAX];
        struct rpl *rpl = rpl_parse("test.rpl", text, strlen(text), complaint);

        if (!rpl)
                print_error("%s\n", complaint);
        assert_non_null(rpl);
        return rpl;
}

static void complains_about(const char *text, const char *complaint)
{
        char got[RPL_COMPLAINT_MAX];

        assert_null(rpl_parse("test.rpl", text, strlen(text), got));
        assert_non_null(strstr(got, complaint));
}

static void test_errors_name_the_line(void **state)
{
        static const struct {
                const char *text, *complaint;
        } cases[] = {
                { "", "test.rpl:0: the file ends" },
                { "nonsense\n", "test.rpl:1: `key: value`" },
                { HEAD, "test.rpl:4: the file ends" },
                { HEAD "WHAT\n" TAIL, "test.rpl:5: 'WHAT' is unknown" },
                { HEAD "STEP 1 JUMP\n" TAIL, "test.rpl:5: no such kind of STEP" },
                { HEAD "STEP x QUERY\n" TAIL, "test.rpl:5: a number" },
                { HEAD QUERY "STEP 1 TIME_PASSES ELAPSE 3\n" TAIL, "comes after STEP 1" },
                { HEAD "STEP 1 QUERY\n" TAIL, "has no ENTRY" },
                { HEAD "ENTRY_BEGIN\n", "belongs to no RANGE" },
                { HEAD "RANGE_BEGIN 0 9\nADDRESS 1.2.3\n", "test.rpl:6: '1.2.3' is no address" },
                { HEAD "STEP 1 QUERY\nENTRY_BEGIN\nMATCH everything\n", "MATCH does not know 'everything'" },
                { HEAD "STEP 1 QUERY\nENTRY_BEGIN\nREPLY XX\n", "REPLY does not know 'XX'" },
                { HEAD "STEP 1 QUERY\nENTRY_BEGIN\nRAW\nabc\n", "even number of hex digits" },
                { HEAD "STEP 1 QUERY\nENTRY_BEGIN\nSECTION ANSWER\nwww.example. A 1.2.3\n",
                  "test.rpl:8: 'www.example. A 1.2.3' is no record" },
                { HEAD "HAS send\n", "follow a CHECK_TRACE" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
                complains_about(cases[i].text, cases[i].complaint);
}

static void test_config_block(void **state)
{
        struct rpl *rpl =
                parse("stub-addr: \"2001:db8::1\" ; comment\ntrust-anchor: \". DS 1 8 2 00\"\nquery-minimization: off\n"
                      "val-override-date: 20070916134226\nCONFIG_END\nSCENARIO_BEGIN x\n" TAIL);

        (void)state;
        assert_string_equal(rpl_setting(rpl, "stub-addr"), "2001:db8::1");
        assert_string_equal(rpl_minimisation(rpl), "off");
        assert_true(rpl_is_ipv6(rpl));
        assert_int_equal(rpl_start_time(rpl, 5), 1189950146);
        rpl_free(rpl);
}

static void settings_have(const char *block, const char *line)
{
        char text[2000], *yaml = NULL;
        size_t len;
        FILE *out = open_memstream(&yaml, &len);
        struct rpl *rpl;

        (void)snprintf(text, sizeof text, "%s\nCONFIG_END\nSCENARIO_BEGIN x\n" TAIL, block);
        rpl = parse(text);
        rpl_write_settings(rpl, true, "udp-size: 1400\n", out);
        fclose(out);
        if (!strstr(yaml, line))
                print_error("%s\nlacks %s\n", yaml, line);
        assert_non_null(strstr(yaml, line));
        free(yaml);
        rpl_free(rpl);
}

static void test_settings(void **state)
{
        (void)state;
        settings_have("stub-addr: 192.0.2.1", "root-hints: [\"k.root-servers.net. 192.0.2.1\"]\n");
        settings_have("forward-addr: 192.0.2.1", "forward-zones: [{ name: \".\", addresses: [\"192.0.2.1\"] }]\n");
        settings_have("features: min_ttl = 5; max_ttl = 10 ; a comment", "cache-max-ttl: 10\n");
        settings_have("feature-list: stub = a. 192.0.2.1 192.0.2.2\nfeature-list: stub = b. 192.0.2.3",
                      "stub-zones: [{ name: \"a.\", addresses: [\"192.0.2.1\", \"192.0.2.2\"] }, "
                      "{ name: \"b.\", addresses: [\"192.0.2.3\"] }]\n");
        settings_have("trust-anchor: \"x. DNSKEY 256 3 5 AAAA ;{id = 1}\"",
                      "trust-anchors: [\"x. DNSKEY 256 3 5 AAAA \"]\n");
        settings_have("do-ip6: no", "do-ip6: no\n");
        settings_have("settings: cache-size: 2MiB", "cache-size: 2MiB\n");
        settings_have("stub-addr: 192.0.2.1", "udp-size: 1400\n");
        settings_have("stub-addr: 192.0.2.1", "query-minimization: yes\n");
}

/* A world of one server; step 2 has another answer than step 1, and step 3 has none. */
static const char world[] =
        HEAD "RANGE_BEGIN 1 1\nADDRESS 192.0.2.1\nENTRY_BEGIN\nMATCH opcode qtype qname\nADJUST copy_id\nREPLY QR AA\n"
        "SECTION QUESTION\nwww.example. A\nSECTION ANSWER\nwww.example. 60 A 203.0.113.1\nENTRY_END\nRANGE_END\n"
        "RANGE_BEGIN 2 2\nADDRESS 192.0.2.1\nENTRY_BEGIN\nMATCH opcode subdomain\nADJUST copy_id copy_query\n"
        "REPLY QR NXDOMAIN\nSECTION QUESTION\nexample. NS\nENTRY_END\nRANGE_END\n" QUERY
        "STEP 2 CHECK_ANSWER\nENTRY_BEGIN\nMATCH all ttl\nREPLY QR AA\nSECTION QUESTION\nwww.example. A\n"
        "SECTION ANSWER\nWWW.example. 60 A 203.0.113.1\nENTRY_END\n" TAIL;

static struct rpl_received query_of(const struct rpl *rpl, uint8_t *bytes)
{
        return (struct rpl_received){ bytes, rpl_write_query(rpl->step[0].entry, 0x1234, bytes), false };
}

static void test_serving(void **state)
{
        static uint8_t query_bytes[RPL_MESSAGE_MAX], answer_bytes[RPL_MESSAGE_MAX];
        struct rpl *rpl = parse(world);
        struct rpl_received query = query_of(rpl, query_bytes), answer = { answer_bytes, 0, false };
        struct address here, elsewhere;
        struct rpl_entry *entry = NULL;
        char why[200];

        (void)state;
        assert_int_equal(address_parse("192.0.2.1", &here), ERR_OK);
        assert_int_equal(address_parse("192.0.2.2", &elsewhere), ERR_OK);
        assert_int_equal(rpl_serve(rpl, &elsewhere, 1, &query, &entry), RPL_SILENT);
        assert_int_equal(rpl_serve(rpl, &here, 3, &query, &entry), RPL_UNFORESEEN);

        assert_int_equal(rpl_serve(rpl, &here, 1, &query, &entry), RPL_SERVED);
        query_bytes[HEADER_SPELLING] = 'W'; /* the answer repeats the query's spelling */
        answer.len = rpl_write_answer(entry, &query, 0, answer_bytes);
        assert_memory_equal(answer_bytes, "\x12\x34\x84\x00", 4);
        assert_int_equal(answer_bytes[HEADER_SPELLING], 'W');
        assert_true(rpl_matches(rpl->step[1].entry, &answer, why, sizeof why));

        assert_int_equal(rpl_serve(rpl, &here, 2, &query, &entry), RPL_SERVED);
        answer.len = rpl_write_answer(entry, &query, 0, answer_bytes);
        assert_int_equal(answer_bytes[3] & 15, 3);
        assert_false(rpl_matches(rpl->step[1].entry, &answer, why, sizeof why));
        assert_string_equal(why, "rcode is 3, not 0");
        rpl_free(rpl);
}

/* Each way in which a message may differ from the one wanted is seen. */
static void test_differences(void **state)
{
        static uint8_t bytes[RPL_MESSAGE_MAX], query_bytes[RPL_MESSAGE_MAX];
        struct rpl *rpl = parse(world);
        struct rpl_received query = query_of(rpl, query_bytes), got = { bytes, 0, false };
        struct rpl_entry *entry = NULL;
        struct address here;
        char why[200];

        (void)state;
        assert_int_equal(address_parse("192.0.2.1", &here), ERR_OK);
        assert_int_equal(rpl_serve(rpl, &here, 1, &query, &entry), RPL_SERVED);
        got.len = rpl_write_answer(entry, &query, 0, bytes);
        for (size_t i = 2; i < got.len - OPT_BYTES; i++) { /* all but the ID and the OPT record */
                uint8_t saved = bytes[i];

                if (i == QUESTION_CLASS || i == QUESTION_CLASS + 1)
                        continue; /* compared by `qclass` alone */
                bytes[i] ^= i == HEADER_SPELLING - 1 ? 1 : 0x10;
                if (rpl_matches(rpl->step[1].entry, &got, why, sizeof why))
                        fail_msg("a change of byte %zu is not seen", i);
                bytes[i] = saved;
        }
        assert_true(rpl_matches(rpl->step[1].entry, &got, why, sizeof why));
        rpl_free(rpl);
}

#define SIGNED                                                                                                         \
        "val-override-date: 20260401120000\nstub-addr: 192.0.2.1\nCONFIG_END\nSCENARIO_BEGIN x\nRANGE_BEGIN 0 9\n"       \
        "ENTRY_BEGIN\nREPLY QR\nSECTION QUESTION\na.example. IN A\nSECTION ANSWER\na.example. 300 IN A 192.0.2.2\n"
#define SIGNED_TAIL                                                                                                    \
        "SECTION AUTHORITY\nexample. IN DNSKEY @\nexample. IN DNSKEY @new\nENTRY_END\nRANGE_END\n" QUERY TAIL

/* Do the keys in AUTHORITY verify the A records in ANSWER? */
static ldns_status verify(const char *text)
{
        struct rpl *rpl = parse(text);
        const ldns_pkt *message = rpl->range[0].entry[0]->message;
        ldns_rr_list *set = ldns_pkt_rr_list_by_type(message, LDNS_RR_TYPE_A, LDNS_SECTION_ANSWER);
        ldns_rr_list *sigs = ldns_pkt_rr_list_by_type(message, LDNS_RR_TYPE_RRSIG, LDNS_SECTION_ANSWER);
        ldns_rr_list *keys = ldns_pkt_rr_list_by_type(message, LDNS_RR_TYPE_DNSKEY, LDNS_SECTION_AUTHORITY);
        ldns_rr_list *good = ldns_rr_list_new();
        const time_t now = (time_t)rpl_start_time(rpl, 0);
        ldns_status status = ldns_verify_rrsig_keylist_time(set, ldns_rr_list_rr(sigs, 0), keys, now, good);

        ldns_rr_list_free(good);
        ldns_rr_list_deep_free(keys);
        ldns_rr_list_deep_free(sigs);
        ldns_rr_list_deep_free(set);
        rpl_free(rpl);
        return status;
}

static void test_signatures(void **state)
{
        (void)state;
        assert_int_equal(verify(SIGNED "a.example. IN RRSIG A @ example.\n" SIGNED_TAIL), LDNS_STATUS_OK);
        assert_int_equal(verify(SIGNED "a.example. IN RRSIG A @new example.\n" SIGNED_TAIL), LDNS_STATUS_OK);
        assert_int_equal(verify(SIGNED "a.example. IN RRSIG A @ example. labels 1\n" SIGNED_TAIL), LDNS_STATUS_OK);
        assert_int_equal(verify(SIGNED "a.example. IN RRSIG A @old example.\n" SIGNED_TAIL),
                         LDNS_STATUS_CRYPTO_NO_MATCHING_KEYTAG_DNSKEY);
        assert_int_equal(verify(SIGNED "a.example. IN RRSIG A @ example. broken\n" SIGNED_TAIL),
                         LDNS_STATUS_CRYPTO_BOGUS);
        assert_int_equal(verify(SIGNED "a.example. IN RRSIG A @ example. expired\n" SIGNED_TAIL),
                         LDNS_STATUS_CRYPTO_SIG_EXPIRED);
        assert_int_equal(verify(SIGNED "a.example. IN RRSIG A @ example. early\n" SIGNED_TAIL),
                         LDNS_STATUS_CRYPTO_SIG_NOT_INCEPTED);
        complains_about(SIGNED "a.example. IN RRSIG A @ example. spoilt\n" SIGNED_TAIL, "cannot be made");
        complains_about(SIGNED "b.example. IN RRSIG A @ example.\n" SIGNED_TAIL, "nothing to sign");
        complains_about(HEAD "STEP 1 QUERY\nENTRY_BEGIN\nSECTION ANSWER\na.example. IN A 192.0.2.2\n"
                             "a.example. IN RRSIG A @ example.\n", "val-override-date");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_errors_name_the_line),
                cmocka_unit_test(test_config_block),
                cmocka_unit_test(test_settings),
                cmocka_unit_test(test_serving),
                cmocka_unit_test(test_differences),
                cmocka_unit_test(test_signatures),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
