/*
 * Networks and cookies. The cookies are those of RFC 9018, appendix A.
 */
#include "policy/access.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct address address(const char *text)
{
        struct address address;

        assert_int_equal(address_parse(text, &address), ERR_OK);
        return address;
}

/* --- Networks ----------------------------------------------------------------------------------------------------- */

static struct prefix_list prefixes(const char *const *texts, unsigned count, struct prefix *room)
{
        for (unsigned i = 0; i < count; i++)
                assert_int_equal(prefix_parse(texts[i], &room[i]), ERR_OK);
        return (struct prefix_list){count, room};
}

static void test_addresses_in_networks(void **state)
{
        static const char *const texts[] = {"10.0.0.0/8", "10.1.0.0/16", "192.0.2.128/25", "192.0.2.7", "2001:db8::/32",
                                            "2001:db8:1::/48", "::1", "10.0.0.0/8"};
        static const char *const more[] = {"203.0.113.0/24"};
        static const struct {
                const char *address;
                bool held;
        } asked[] = {
                {"10.0.0.0", true}, {"10.255.255.255", true}, {"10.1.2.3", true}, {"10.2.0.0", true},
                {"9.255.255.255", false}, {"11.0.0.0", false}, {"192.0.2.7", true}, {"192.0.2.8", false},
                {"192.0.2.6", false}, {"192.0.2.127", false}, {"192.0.2.128", true}, {"192.0.2.255", true},
                {"192.0.3.0", false}, {"203.0.113.1", true}, {"0.0.0.0", false}, {"255.255.255.255", false},
                {"::", false}, {"::1", true}, {"::2", false}, {"2001:db8::", true}, {"2001:db8:2::1", true},
                {"2001:db7:ffff::", false}, {"2001:db9::", false}, {"::ffff:10.0.0.1", true},
                {"::ffff:11.0.0.1", false}, {"::fffe:10.0.0.1", false}, {"a00::", false},
        };
        struct prefix room[9];
        struct prefix_list list = prefixes(texts, 8, room), also = prefixes(more, 1, room + 8), whole = {9, room};
        struct arena arena;
        struct prefix_set set;

        (void)state;
        arena_init(&arena, 1 << 16);
        assert_int_equal(prefix_set_make(&arena, &list, &also, &set), ERR_OK);
        assert_int_equal(set.count, 6); /* three lie within another one */
        for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
                struct address wanted = address(asked[i].address);

                if (prefix_set_holds(&set, &wanted) != asked[i].held)
                        fail_msg("%s", asked[i].address);
                if (prefix_list_holds(&whole, &wanted) != asked[i].held)
                        fail_msg("%s in the list", asked[i].address);
        }
        arena_fini(&arena);
}

static void test_empty_and_full_sets(void **state)
{
        static const char *const everything[] = {"::/0", "0.0.0.0/0"};
        struct prefix room[2];
        struct prefix_list all = prefixes(everything, 2, room), none = {0, NULL};
        struct address four = address("255.255.255.255"), six = address("::"), nobody = {0};
        struct prefix_set set;
        struct arena arena;

        (void)state;
        arena_init(&arena, 1 << 16);
        assert_int_equal(prefix_set_make(&arena, &none, &none, &set), ERR_OK);
        assert_false(prefix_set_holds(&set, &four));
        assert_false(prefix_set_holds(&set, &six));
        assert_int_equal(prefix_set_make(&arena, &none, &all, &set), ERR_OK);
        assert_true(prefix_set_holds(&set, &four));
        assert_true(prefix_set_holds(&set, &six));
        assert_false(prefix_set_holds(&set, &nobody));
        arena_fini(&arena);
        arena_init(&arena, 1);
        assert_int_equal(prefix_set_make(&arena, &all, &none, &set), ERR_MEMORY);
        arena_fini(&arena);
}

/* A set says the same as each network asked in turn. */
static void test_sets_agree_with_their_networks(void **state)
{
        enum { NETWORKS = 40, ADDRESSES = 2000 };
        struct prefix room[NETWORKS];
        struct prefix_list list = {NETWORKS, room}, none = {0, NULL};
        struct prefix_set set;
        struct arena arena;
        uint32_t seed = 1;
        unsigned held = 0;

        (void)state;
        for (unsigned i = 0; i < NETWORKS; i++) {
                char text[ADDRESS_TEXT_MAX + 4];
                unsigned len = 4 + i % 20;

                seed = seed * 1664525 + 1013904223;
                snprintf(text, sizeof(text), "%u.%u.%u.0/%u", seed >> 28, seed >> 24 & 0xf0, 0U, len);
                if (prefix_parse(text, &room[i]))
                        room[i] = (struct prefix){.address = {.family = 4, .bytes = {(uint8_t)i}}, .len = 24};
        }
        arena_init(&arena, 1 << 16);
        assert_int_equal(prefix_set_make(&arena, &list, &none, &set), ERR_OK);
        for (unsigned i = 0; i < ADDRESSES; i++) {
                struct address wanted = {.family = 4};
                bool expected = false;

                seed = seed * 1664525 + 1013904223;
                wanted.bytes[0] = (uint8_t)(seed >> 28);
                wanted.bytes[1] = (uint8_t)(seed >> 20);
                for (unsigned k = 0; k < NETWORKS; k++)
                        expected |= prefix_holds(&room[k], &wanted);
                assert_int_equal(prefix_set_holds(&set, &wanted), expected);
                held += expected;
        }
        assert_in_range(held, 100, ADDRESSES - 100);
        arena_fini(&arena);
}

/* --- Cookies ------------------------------------------------------------------------------------------------------ */

static void from_hex(const char *hex, uint8_t *out, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                unsigned byte;

                assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
                out[i] = (uint8_t)byte;
        }
}

struct cookie_case {
        const char *secret, *client, *client_cookie;
        uint64_t made_s;
        const char *cookie;
};

static const struct cookie_case rfc9018[] = {
        {"e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100", "2464c4abcf10c957", 1559731985,
         "010000005cf79f111f8130c3eee29480"},
        {"e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100", "2464c4abcf10c957", 1559734385,
         "010000005cf7a871d4a564a1442aca77"},
        {"e5e973e5a6b2a43f48e7dc849e37bfcf", "203.0.113.203", "fc93fc62807ddb86", 1559734700,
         "010000005cf7a9acf73a7810aca2381e"},
        {"dd3bdf9344b678b185a6f5cb60fca715", "2001:db8:220:1:59de:d0f4:8769:82b8", "22681ab97d52c298", 1559741817,
         "010000005cf7c57926556bd0934c72f8"},
        {"445536bcd2513298075a5d379663c962", "2001:db8:220:1:59de:d0f4:8769:82b8", "22681ab97d52c298", 1559741961,
         "010000005cf7c609a6bb79d16625507a"},
};

static void test_cookies_of_the_rfc_are_made(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(rfc9018) / sizeof(rfc9018[0]); i++) {
                const struct cookie_case *c = &rfc9018[i];
                uint8_t secret[COOKIE_SECRET_LEN], client_cookie[COOKIE_CLIENT_LEN];
                uint8_t expected[COOKIE_SERVER_LEN], made[COOKIE_SERVER_LEN];
                struct address client = address(c->client);

                from_hex(c->secret, secret, sizeof(secret));
                from_hex(c->client_cookie, client_cookie, sizeof(client_cookie));
                from_hex(c->cookie, expected, sizeof(expected));
                access_cookie_make(secret, &client, client_cookie, c->made_s, made);
                assert_memory_equal(made, expected, sizeof(made));
        }
}

/* RFC 9018 A.3: the reserved bytes are not zero, and still part of what was hashed. */
static void test_reserved_bytes_are_kept(void **state)
{
        struct cookie_secrets secrets = {.has_previous = false};
        struct address client = address("203.0.113.203");
        uint8_t client_cookie[COOKIE_CLIENT_LEN], cookie[COOKIE_SERVER_LEN];

        (void)state;
        from_hex("e5e973e5a6b2a43f48e7dc849e37bfcf", secrets.current, COOKIE_SECRET_LEN);
        from_hex("fc93fc62807ddb86", client_cookie, sizeof(client_cookie));
        from_hex("01abcdef5cf78f71a314227b6679ebf5", cookie, sizeof(cookie));
        assert_int_equal(access_cookie_check(&secrets, &client, client_cookie, cookie, 16, 1559727985), COOKIE_GOOD);
        cookie[1] ^= 1;
        assert_int_equal(access_cookie_check(&secrets, &client, client_cookie, cookie, 16, 1559727985), COOKIE_BAD);
}

static void test_cookies_age(void **state)
{
        static const struct {
                int64_t age_s;
                enum cookie_verdict verdict;
        } ages[] = {
                {-301, COOKIE_BAD}, {-300, COOKIE_GOOD}, {0, COOKIE_GOOD}, {1800, COOKIE_GOOD},
                {1801, COOKIE_RENEW}, {3600, COOKIE_RENEW}, {3601, COOKIE_BAD}, {INT64_C(1) << 31, COOKIE_BAD},
        };
        static const uint64_t times[] = {1559731985, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(0x7fffffff)};
        struct cookie_secrets secrets = {.current = "a secret"};
        struct address client = address("192.0.2.1");
        const uint8_t client_cookie[COOKIE_CLIENT_LEN] = {1, 2, 3};
        uint8_t cookie[COOKIE_SERVER_LEN];

        (void)state;
        for (size_t t = 0; t < sizeof(times) / sizeof(times[0]); t++) {
                access_cookie_make(secrets.current, &client, client_cookie, times[t], cookie);
                for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
                        assert_int_equal(access_cookie_check(&secrets, &client, client_cookie, cookie, sizeof(cookie),
                                                             times[t] + (uint64_t)ages[i].age_s),
                                         ages[i].verdict);
        }
}

static void test_cookies_are_for_one_client(void **state)
{
        struct cookie_secrets secrets = {.current = "a secret"};
        struct address client = address("192.0.2.1"), other = address("192.0.2.2");
        uint8_t client_cookie[COOKIE_CLIENT_LEN] = {1, 2, 3}, cookie[COOKIE_SERVER_MAX] = {0};

        (void)state;
        access_cookie_make(secrets.current, &client, client_cookie, 1000, cookie);
        assert_int_equal(access_cookie_check(&secrets, &client, client_cookie, cookie, 16, 1000), COOKIE_GOOD);
        assert_int_equal(access_cookie_check(&secrets, &other, client_cookie, cookie, 16, 1000), COOKIE_BAD);
        for (size_t len = 0; len <= sizeof(cookie); len++) {
                if (len != 16)
                        assert_int_equal(access_cookie_check(&secrets, &client, client_cookie, cookie, len, 1000),
                                         COOKIE_BAD);
        }
        for (unsigned i = 0; i < 16; i++) {
                cookie[i] ^= 0x40;
                assert_int_equal(access_cookie_check(&secrets, &client, client_cookie, cookie, 16, 1000), COOKIE_BAD);
                cookie[i] ^= 0x40;
        }
        client_cookie[0] ^= 1;
        assert_int_equal(access_cookie_check(&secrets, &client, client_cookie, cookie, 16, 1000), COOKIE_BAD);
}

static void test_secrets_rotate(void **state)
{
        struct cookie_secrets secrets = {.current = "first"};
        static const uint8_t second[COOKIE_SECRET_LEN] = "second", third[COOKIE_SECRET_LEN] = "third";
        struct address client = address("2001:db8::1");
        const uint8_t client_cookie[COOKIE_CLIENT_LEN] = {9};
        uint8_t cookie[COOKIE_SERVER_LEN];

        (void)state;
        access_cookie_make(secrets.current, &client, client_cookie, 1000, cookie);
        cookie_secrets_rotate(&secrets, second);
        assert_int_equal(access_cookie_check(&secrets, &client, client_cookie, cookie, 16, 1000), COOKIE_RENEW);
        cookie_secrets_rotate(&secrets, third);
        assert_int_equal(access_cookie_check(&secrets, &client, client_cookie, cookie, 16, 1000), COOKIE_BAD);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_addresses_in_networks),
                cmocka_unit_test(test_empty_and_full_sets),
                cmocka_unit_test(test_sets_agree_with_their_networks),
                cmocka_unit_test(test_cookies_of_the_rfc_are_made),
                cmocka_unit_test(test_reserved_bytes_are_kept),
                cmocka_unit_test(test_cookies_age),
                cmocka_unit_test(test_cookies_are_for_one_client),
                cmocka_unit_test(test_secrets_rotate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
