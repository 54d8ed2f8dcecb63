/*
 * The generated lab holds together: a walk from its root, by referrals and glue alone, ends with what authority_truth()
 * says, for every kind of question. The walk is as simple as can be: one server after the other, no cache.
 */
#include "authority/authority.h"
#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ZONES = 400, QUESTIONS = 2000, REFERRALS_MAX = 12, DEPTH_MAX = 6 };

static struct authority *lab;

static int lab_open(void **state)
{
        (void)state;
        lab = authority_generate(&(struct authority_settings){ .seed = 7, .wall_s = 1800000000 }, ZONES);
        return lab ? 0 : -1;
}

static int lab_close(void **state)
{
        (void)state;
        authority_free(lab);
        return 0;
}

static ldns_pkt *parse(const uint8_t *bytes, size_t len)
{
        ldns_pkt *packet = NULL;

        assert_int_equal(ldns_wire2pkt(&packet, bytes, len), LDNS_STATUS_OK);
        return packet;
}

/* Ask one server by TCP. */
static ldns_pkt *ask(const struct authority_address *server, const ldns_rdf *name, ldns_rr_type type)
{
        static uint8_t out[AUTHORITY_MESSAGE_MAX];
        struct authority_manner manner;
        uint8_t *query = NULL;
        size_t query_len = 0;
        ldns_pkt *packet = ldns_pkt_query_new(ldns_rdf_clone(name), type, LDNS_RR_CLASS_IN, 0);

        ldns_pkt2wire(&query, packet, &query_len);
        size_t len = authority_answer(lab, server, true, query, query_len, out, sizeof out, &manner);
        LDNS_FREE(query);
        ldns_pkt_free(packet);
        assert_true(len > 0);
        return parse(out, len);
}

static struct authority_address address_of(const ldns_rr *a)
{
        struct authority_address address = { .len = (uint8_t)ldns_rdf_size(ldns_rr_rdf(a, 0)) };

        memcpy(address.bytes, ldns_rdf_data(ldns_rr_rdf(a, 0)), address.len);
        return address;
}

static ldns_pkt *walk_run(const ldns_rdf *name, ldns_rr_type type, unsigned depth);

/* The address of the referral's first server: from glue, or by a walk of its own. */
static struct authority_address referral_server(const ldns_pkt *referral, unsigned depth)
{
        const ldns_rr *ns = ldns_rr_list_rr(ldns_pkt_authority(referral), 0);
        ldns_rr_list *glue = ldns_pkt_rr_list_by_name_and_type(referral, ldns_rr_rdf(ns, 0), LDNS_RR_TYPE_A,
                                                               LDNS_SECTION_ADDITIONAL);
        ldns_pkt *found = NULL;
        struct authority_address address;

        if (glue) {
                address = address_of(ldns_rr_list_rr(glue, 0));
        } else {
                found = walk_run(ldns_rr_rdf(ns, 0), LDNS_RR_TYPE_A, depth + 1);
                assert_int_equal(ldns_rr_list_rr_count(ldns_pkt_answer(found)), 1);
                address = address_of(ldns_rr_list_rr(ldns_pkt_answer(found), 0));
        }
        ldns_rr_list_deep_free(glue);
        ldns_pkt_free(found);
        return address;
}

static bool is_referral(const ldns_pkt *packet)
{
        return !ldns_pkt_aa(packet) && ldns_rr_list_rr_count(ldns_pkt_authority(packet)) > 0;
}

/* Follow referrals from the root to an answer; aliases are the caller's. */
static ldns_pkt *walk_run(const ldns_rdf *name, ldns_rr_type type, unsigned depth)
{
        struct authority_address server = authority_server_address(lab, 0);

        assert_true(depth < DEPTH_MAX);
        for (unsigned i = 0; i < REFERRALS_MAX; i++) {
                ldns_pkt *packet = ask(&server, name, type);
                if (!is_referral(packet))
                        return packet;
                server = referral_server(packet, depth);
                ldns_pkt_free(packet);
        }
        fail_msg("no answer after %d referrals", REFERRALS_MAX);
        return NULL;
}

/* The last alias of an answer that does not have what was asked for, or NULL. */
static const ldns_rdf *alias_of(const ldns_pkt *packet, ldns_rr_type type)
{
        const ldns_rr_list *answer = ldns_pkt_answer(packet);
        size_t count = ldns_rr_list_rr_count(answer);
        const ldns_rr *last = count ? ldns_rr_list_rr(answer, count - 1) : NULL;

        if (!last || type == LDNS_RR_TYPE_CNAME || ldns_rr_get_type(last) != LDNS_RR_TYPE_CNAME ||
            ldns_rr_list_rr_count(ldns_pkt_authority(packet)) > 0)
                return NULL;
        return ldns_rr_rdf(last, 0);
}

static void question_check(uint64_t n)
{
        static uint8_t out[AUTHORITY_MESSAGE_MAX];
        uint8_t wire[255];
        uint16_t type;

        authority_question(lab, n, wire, &type);
        ldns_pkt *truth = parse(out, authority_truth(lab, wire, type, out));
        const ldns_rdf *name = ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(truth), 0));
        ldns_rr_list *answer = ldns_rr_list_new();
        ldns_pkt *said = walk_run(name, type, 0);
        for (;;) {
                const ldns_rdf *alias = alias_of(said, type);
                ldns_rr_list *copy = ldns_rr_list_clone(ldns_pkt_answer(said));
                ldns_rr_list_push_rr_list(answer, copy);
                ldns_rr_list_free(copy);
                if (!alias)
                        break;
                ldns_pkt *next = walk_run(alias, type, 0);
                ldns_pkt_free(said);
                said = next;
        }
        ldns_rr_list_sort(answer);
        ldns_rr_list_sort(ldns_pkt_answer(truth));
        assert_int_equal(ldns_pkt_get_rcode(said), ldns_pkt_get_rcode(truth));
        assert_int_equal(ldns_rr_list_compare(answer, ldns_pkt_answer(truth)), 0);
        ldns_rr_list_deep_free(answer);
        ldns_pkt_free(said);
        ldns_pkt_free(truth);
}

static void walks_end_with_the_truth(void **state)
{
        (void)state;
        for (uint64_t n = 0; n < QUESTIONS; n++)
                question_check(n);
}

/* Truth has answers, aliases, absent names and absent types, or the questions would prove little. */
static void questions_are_of_all_kinds(void **state)
{
        static uint8_t out[AUTHORITY_MESSAGE_MAX];
        unsigned answers = 0, aliases = 0, absent_names = 0, absent_types = 0;
        uint8_t wire[255];
        uint16_t type;

        (void)state;
        for (uint64_t n = 0; n < QUESTIONS; n++) {
                authority_question(lab, n, wire, &type);
                ldns_pkt *truth = parse(out, authority_truth(lab, wire, type, out));
                size_t count = ldns_rr_list_rr_count(ldns_pkt_answer(truth));
                assert_int_not_equal(ldns_pkt_get_rcode(truth), LDNS_RCODE_SERVFAIL);
                absent_names += ldns_pkt_get_rcode(truth) == LDNS_RCODE_NXDOMAIN;
                absent_types += ldns_pkt_get_rcode(truth) == LDNS_RCODE_NOERROR && count == 0;
                aliases += count > 1;
                answers += count == 1;
                ldns_pkt_free(truth);
        }
        assert_true(answers > QUESTIONS / 10 && aliases > QUESTIONS / 20);
        assert_true(absent_names > QUESTIONS / 20 && absent_types > QUESTIONS / 20);
}

static void a_server_misbehaves_and_is_good_again(void **state)
{
        struct authority_address server = authority_server_address(lab, 0);
        ldns_rdf *root = ldns_dname_new_frm_str(".");

        (void)state;
        assert_true(authority_misbehave(lab, 0, "rcode=5"));
        assert_false(authority_misbehave(lab, 0, "no-such-way"));
        ldns_pkt *bad = ask(&server, root, LDNS_RR_TYPE_SOA);
        authority_behave(lab, 0);
        ldns_pkt *good = ask(&server, root, LDNS_RR_TYPE_SOA);
        assert_int_equal(ldns_pkt_get_rcode(bad), LDNS_RCODE_REFUSED);
        assert_int_equal(ldns_pkt_get_rcode(good), LDNS_RCODE_NOERROR);
        ldns_pkt_free(bad);
        ldns_pkt_free(good);
        ldns_rdf_deep_free(root);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(walks_end_with_the_truth),
                cmocka_unit_test(questions_are_of_all_kinds),
                cmocka_unit_test(a_server_misbehaves_and_is_good_again),
        };

        return cmocka_run_group_tests(tests, lab_open, lab_close);
}
