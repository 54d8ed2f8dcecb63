/*
 * Rates of clients: bursts, what flows back, the networks around a client, and a table that forgets the idle.
 */
#include "policy/rate.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t secret[SIPHASH_KEY_LEN] = "client rates";

enum { S = 1000000 }; /* in microseconds */

static int rates_up(void **state)
{
        static struct rates rates;

        rates_init(&rates, secret);
        *state = &rates;
        return 0;
}

static int rates_down(void **state)
{
        rates_fini(*state);
        return 0;
}

static struct address v4(uint32_t number)
{
        const uint8_t bytes[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                                   (uint8_t)number };

        return address_from(bytes, sizeof bytes);
}

static struct address v6(uint64_t network, uint8_t host)
{
        uint8_t bytes[16] = { [15] = host };

        for (unsigned i = 0; i < 8; i++)
                bytes[i] = (uint8_t)(network >> (56 - 8 * i));
        return address_from(bytes, sizeof bytes);
}

/* How many of so many questions at one moment get through. */
static unsigned let_through(struct rates *rates, const struct address *client, uint64_t per_s, uint64_t now_us,
                            unsigned questions)
{
        unsigned through = 0;

        for (unsigned i = 0; i < questions; i++)
                through += rates_allow(rates, client, per_s, now_us);
        return through;
}

static void test_one_client(void **state)
{
        static const uint64_t rows[] = { 1, 2, 10, 1000, 100000 };
        struct rates *rates = *state;

        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct address client = v4(0x0a000000 + (i << 16));
                unsigned per_s = (unsigned)rows[i];

                assert_int_equal(let_through(rates, &client, per_s, 10 * S, per_s + 50), per_s);
                assert_int_equal(let_through(rates, &client, per_s, 10 * S + S / 2, per_s), per_s / 2);
                assert_int_equal(let_through(rates, &client, per_s, 20 * S, per_s + 50), per_s);
        }
        assert_int_equal(rates->refused, 5 * 50 + 5 * 50 + 1 + 1 + 5 + 500 + 50000);
}

/* Whoever asks at the rate is never refused. */
static void test_a_steady_client(void **state)
{
        struct address client = v4(0xc0000201);

        for (unsigned i = 0; i < 1000; i++)
                assert_true(rates_allow(*state, &client, 10, (uint64_t)i * S / 10));
}

/* A client that goes through the addresses of its network gets the network's rate, and no more. */
static void test_networks(void **state)
{
        struct rates *rates = *state;
        unsigned through = 0;

        for (uint32_t host = 0; host < 256; host++) {
                struct address client = v4(0xc0000200 + host);

                through += let_through(rates, &client, 1, S, 1);
        }
        assert_int_equal(through, 32);
        struct address elsewhere = v4(0xc0000301);
        assert_true(rates_allow(rates, &elsewhere, 1, S));
        through = 0;
        for (unsigned host = 0; host < 256; host++) {
                struct address client = v6(0x20010db800000000, (uint8_t)host);

                through += let_through(rates, &client, 10, S, 1);
        }
        assert_int_equal(through, 20);
        struct address neighbour = v6(0x20010db800000001, 1); /* of the same /56 */
        assert_int_equal(let_through(rates, &neighbour, 10, S, 50), 10);
        struct address other = v6(0x20010db800010000, 1); /* of the same /32 */
        assert_int_equal(let_through(rates, &other, 10, S, 50), 10);
}

/* More clients than the table holds: it forgets, and refuses nobody for that. */
static void test_many_clients(void **state)
{
        struct rates *rates = *state;

        for (uint32_t i = 0; i < 200000; i++) {
                struct address client = v4(i * 2654435761u);

                assert_true(rates_allow(rates, &client, 100000, S));
        }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rates_up, rates_down)
        const struct CMUnitTest tests[] = {
                TEST(test_one_client),
                TEST(test_a_steady_client),
                TEST(test_networks),
                TEST(test_many_clients),
        };
#undef TEST
        return cmocka_run_group_tests(tests, NULL, NULL);
}
