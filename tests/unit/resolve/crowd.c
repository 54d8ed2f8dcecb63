/*
 * Who waits here: a client is an IPv4 address or an IPv6 /56, and has its share of the questions under way.
 */
#include "resolve/crowd.h"
#include "config/limits.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t secret[SIPHASH_KEY_LEN] = "0123456789abcde";

static struct address at(const char *text)
{
        struct address address;

        assert_int_equal(address_parse(text, &address), ERR_OK);
        return address;
}

/* How many more questions of this client are let in. */
static unsigned let_in(struct crowd *crowd, const char *text, bool trusted)
{
        struct address client = at(text);
        unsigned count = 0;

        while (crowd_enter(crowd, &client, trusted))
                count++;
        return count;
}

static void leave(struct crowd *crowd, const char *text, unsigned count)
{
        struct address client = at(text);

        while (count--)
                crowd_leave(crowd, &client);
}

static void test_shares(void **state)
{
        struct crowd crowd;

        (void)state;
        assert_int_equal(crowd_init(&crowd, secret), ERR_OK);
        assert_int_equal(let_in(&crowd, "192.0.2.1", false), LIMIT_REQUESTS_PER_CLIENT);
        assert_int_equal(let_in(&crowd, "192.0.2.2", false), LIMIT_REQUESTS_PER_CLIENT);
        assert_int_equal(let_in(&crowd, "192.0.2.1", true),
                         LIMIT_REQUESTS_PER_CLIENT_TRUSTED - LIMIT_REQUESTS_PER_CLIENT);
        assert_int_equal(let_in(&crowd, "192.0.2.1", false), 0);
        leave(&crowd, "192.0.2.2", 10);
        assert_int_equal(let_in(&crowd, "192.0.2.2", false), 10);
        crowd_fini(&crowd);
}

static void test_what_one_client_is(void **state)
{
        static const struct {
                const char *first, *second;
                bool same;
        } rows[] = {
                { "192.0.2.1", "192.0.2.1", true },
                { "192.0.2.1", "192.0.2.2", false },
                { "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true },
                { "2001:db8:0:100::1", "2001:db8:0:1ff:ffff::2", true }, /* the last bits of a /56 */
                { "2001:db8:0:100::1", "2001:db8:0:200::1", false },
        };

        (void)state;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct crowd crowd;

                assert_int_equal(crowd_init(&crowd, secret), ERR_OK);
                assert_int_equal(let_in(&crowd, rows[i].first, false), LIMIT_REQUESTS_PER_CLIENT);
                assert_int_equal(let_in(&crowd, rows[i].second, false), rows[i].same ? 0 : LIMIT_REQUESTS_PER_CLIENT);
                crowd_fini(&crowd);
        }
}

static void test_dense(void **state)
{
        struct address client = at("192.0.2.1");
        struct crowd crowd;

        (void)state;
        assert_int_equal(crowd_init(&crowd, secret), ERR_OK);
        for (unsigned i = 0; i < LIMIT_REQUESTS_DENSE; i++) {
                assert_false(crowd_is_dense(&crowd, &client));
                assert_true(crowd_enter(&crowd, &client, false));
        }
        assert_true(crowd_is_dense(&crowd, &client));
        crowd_leave(&crowd, &client);
        assert_false(crowd_is_dense(&crowd, &client));
        crowd_fini(&crowd);
}

/* Whoever has nothing under way takes no room. */
static void test_nothing_stays(void **state)
{
        struct crowd crowd;

        (void)state;
        assert_int_equal(crowd_init(&crowd, secret), ERR_OK);
        for (unsigned i = 0; i < 200000; i++) {
                const uint8_t bytes[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
                struct address client = address_from(bytes, sizeof(bytes));

                assert_true(crowd_enter(&crowd, &client, false));
                crowd_leave(&crowd, &client);
                crowd_leave(&crowd, &client); /* once too often: nothing happens */
        }
        assert_int_equal(crowd.table.count, 0);
        crowd_fini(&crowd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shares),
                cmocka_unit_test(test_what_one_client_is),
                cmocka_unit_test(test_dense),
                cmocka_unit_test(test_nothing_stays),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
