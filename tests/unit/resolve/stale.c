/*
 * Serve-stale: what is replaced by data past its end, what is not, and when such data still counts as secure.
 */
#include "resolve/stale.h"
#include "base/buf.h"
#include "cache/cache.h"
#include "lone_desk.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t address_bytes[4] = { 203, 0, 113, 1 };
static const struct rdata address_rdata = { .bytes = address_bytes, .len = 4 };

static int desk_up(void **state)
{
        static struct lone_desk lone;

        lone_open(&lone, "validation: no\nserve-expired: yes\n", 1);
        *state = &lone;
        return 0;
}

static int desk_down(void **state)
{
        lone_close(*state);
        return 0;
}

/* Records of www.example. that ended 100 seconds ago, and a client who asks for them. */
static struct request *ask_for_ended(struct lone_desk *lone)
{
        struct finding found = { .kind = FINDING_SET,
                                 .verdict = VERDICT_INSECURE,
                                 .rank = RANK_AUTHORITY,
                                 .set = { .owner = lone_name(lone, "www.example."),
                                          .type = TYPE_A,
                                          .class = CLASS_IN,
                                          .count = 1,
                                          .rdata = &address_rdata },
                                 .stored_at = lone->now.cache_s,
                                 .ends_at = lone->now.cache_s + 300 };
        uint32_t ttl;

        assert_true(cache_put(lone->desk->cache, 0, &found.set.owner, TYPE_A, &found, &ttl));
        lone_settle(lone);
        lone_pass(lone, 400 * 1000);
        struct request *request = lone_request(lone, "www.example.", TYPE_A);
        struct listener listener = { .client = 1,
                                     .from = { lone_address("192.0.2.9"), 4000 },
                                     .qname = lone_name(lone, "www.example."),
                                     .arrived_us = lone->now.mono_us };
        assert_true(request_join(request, &listener));
        return request;
}

/* RFC 8767 5: only that servers could not be reached. What local rules say, and what proved bogus, stays. */
static void test_what_is_replaced(void **state)
{
        static const struct {
                enum finding_kind kind;
                unsigned rcode;
                enum verdict verdict;
                bool replaced;
        } rows[] = {
                { FINDING_FAILURE, RCODE_SERVFAIL, VERDICT_UNCHECKED, true },
                { FINDING_FAILURE, RCODE_SERVFAIL, VERDICT_INDETERMINATE, true },
                { FINDING_FAILURE, RCODE_SERVFAIL, VERDICT_BOGUS, false },
                { FINDING_FAILURE, RCODE_REFUSED, VERDICT_UNCHECKED, false },
                { FINDING_FAILURE, RCODE_YXDOMAIN, VERDICT_UNCHECKED, false },
                { FINDING_NXDOMAIN, RCODE_NXDOMAIN, VERDICT_INSECURE, false },
                { FINDING_SET, RCODE_NOERROR, VERDICT_INSECURE, false },
        };
        struct request *request = ask_for_ended(*state);

        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
                const struct finding final = { .kind = rows[i].kind,
                                               .rcode = (uint16_t)rows[i].rcode,
                                               .verdict = rows[i].verdict };
                const struct outcome fresh = { .final = &final, .final_type = TYPE_A };
                const struct outcome *told = stale_instead_of(request, &fresh);

                assert_int_equal(told != &fresh, rows[i].replaced);
                assert_int_equal(stale_part(told) != NULL, rows[i].replaced);
        }
}

/* One look is enough, and nobody is asked for it. */
static void test_looked_for_once(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = ask_for_ended(lone);
        const struct outcome *first = stale_outcome(request);
        uint16_t tasks = request->task_count;

        assert_non_null(first);
        assert_true(stale_part(first)->stale);
        assert_ptr_equal(stale_outcome(request), first);
        assert_int_equal(request->task_count, tasks);
        assert_int_equal(lone_count(lone, ACTION_SEND), 0);
}

static void test_nothing_to_hope_for(void **state)
{
        struct lone_desk *lone = *state;
        struct request *request = lone_request(lone, "www.example.", TYPE_A);

        assert_true(stale_is_hoped_for(request));
        assert_null(stale_outcome(request));
        assert_false(stale_is_hoped_for(request));
        request = ask_for_ended(lone);
        request->ways.cold = true;
        assert_null(stale_outcome(request));
}

static void sign_until(uint8_t bytes[20], uint32_t expiration)
{
        memset(bytes, 0, 20);
        store_u32(bytes + 8, expiration);
}

/* RFC 4034 3.1.5: times are serial numbers, so the year 2106 is no end. */
static void test_signed_still(void **state)
{
        static const struct {
                uint32_t expiration;
                uint64_t now_s;
                bool still;
        } rows[] = {
                { 1000, 999, true },         { 1000, 1000, true },          { 1000, 1001, false },
                { 5, 0xfffffffeu, true },    { 5, 0x100000004u, true },     { 5, 0x100000006u, false },
        };
        uint8_t bytes[20], never[20];
        const struct rdata sigs[] = { { .bytes = bytes, .len = sizeof bytes }, { .bytes = never, .len = sizeof never } };
        struct finding found = { .kind = FINDING_SET, .set = { .sig_count = 2, .sigs = sigs } };
        struct finding absent = { .kind = FINDING_NODATA, .proof_count = 1, .proof[0] = found.set };

        (void)state;
        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
                sign_until(bytes, rows[i].expiration);
                sign_until(never, (uint32_t)rows[i].now_s + 1000000); /* of somebody who is not the signer */
                assert_int_equal(stale_is_signed_still(&found, rows[i].now_s), rows[i].still);
                assert_int_equal(stale_is_signed_still(&absent, rows[i].now_s), rows[i].still);
        }
        found.set.sig_count = 0;
        assert_false(stale_is_signed_still(&found, 0));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_up, desk_down)
        const struct CMUnitTest tests[] = {
                TEST(test_what_is_replaced),
                TEST(test_looked_for_once),
                TEST(test_nothing_to_hope_for),
                TEST(test_signed_still),
        };
#undef TEST
        return cmocka_run_group_tests(tests, NULL, NULL);
}
