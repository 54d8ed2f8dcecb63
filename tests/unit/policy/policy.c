/*
 * The snapshot and the verdicts on clients, servers and answers.
 */
#include "policy/policy.h"
#include "config/config.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct address address(const char *text)
{
        struct address address;

        assert_int_equal(address_parse(text, &address), ERR_OK);
        return address;
}

static const struct policy *policy_with(const char *text, const struct prefix *attached, unsigned count)
{
        static struct config_complaints complaints;
        struct settings *settings = config_parse("f", text, strlen(text), &complaints);
        const struct policy *policy;

        if (!settings)
                fail_msg("%s", complaints.item[0].text);
        policy = policy_new(settings, attached, count);
        assert_non_null(policy);
        return policy;
}

static const struct policy *policy_of(const char *text)
{
        return policy_with(text, NULL, 0);
}

/* --- The snapshot ------------------------------------------------------------------------------------------------- */

static void test_snapshots_are_held(void **state)
{
        const struct policy *first = policy_of(""), *second = policy_of("port: 54\n");

        (void)state;
        assert_true(second->generation > first->generation);
        assert_ptr_equal(policy_hold(first), first);
        policy_release(first);
        assert_int_equal(first->settings->port, 53); /* still there: a sanitizer sees it if not */
        policy_release(first);
        policy_release(second);
        policy_release(NULL);
}

/* --- Clients ------------------------------------------------------------------------------------------------------ */

static bool client(const struct policy *policy, const char *text)
{
        struct address from = address(text);

        return policy_client(policy, &from);
}

static void test_clients_allowed_by_default(void **state)
{
        static const char *const allowed[] = {"127.0.0.1", "127.255.0.1", "::1", "10.1.2.3", "172.16.0.1",
                                              "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.0.1",
                                              "169.254.1.1", "fc00::1", "fdff::1", "fe80::1", "febf::1",
                                              "::ffff:192.168.1.1"};
        static const char *const refused[] = {"8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.2.1", "2001:db8::1", "::",
                                              "fec0::1", "::ffff:8.8.8.8"};
        const struct policy *policy = policy_of("");

        (void)state;
        for (size_t i = 0; i < COUNT(allowed); i++)
                assert_true(client(policy, allowed[i]));
        for (size_t i = 0; i < COUNT(refused); i++)
                assert_false(client(policy, refused[i]));
        policy_release(policy);
}

static void test_attached_networks_are_allowed_by_default(void **state)
{
        struct prefix attached[2];
        const struct policy *policy;

        (void)state;
        assert_int_equal(prefix_parse("192.0.2.0/24", &attached[0]), ERR_OK);
        assert_int_equal(prefix_parse("2001:db8::/64", &attached[1]), ERR_OK);
        policy = policy_with("", attached, 2);
        assert_true(client(policy, "192.0.2.9"));
        assert_true(client(policy, "2001:db8::9"));
        assert_true(client(policy, "10.0.0.1"));
        assert_false(client(policy, "192.0.3.9"));
        policy_release(policy);
        policy = policy_with("allow: [10.0.0.0/8]\n", attached, 2);
        assert_false(client(policy, "192.0.2.9"));
        assert_true(client(policy, "10.0.0.1"));
        assert_false(client(policy, "127.0.0.1"));
        policy_release(policy);
        policy = policy_with("allow: []\n", attached, 2);
        assert_false(client(policy, "127.0.0.1"));
        policy_release(policy);
}

/* --- Servers ------------------------------------------------------------------------------------------------------ */

struct server_case {
        const char *settings, *server;
        const char *why;   /* NULL: may be asked */
        const char *named; /* the same, where a stub or forward zone names the server */
};

static void test_which_servers_may_be_asked(void **state)
{
        static const struct server_case cases[] = {
                {"", "192.0.2.1", NULL, NULL},
                {"", "2001:db8::1", NULL, NULL},
                {"", "10.0.0.1", NULL, NULL},
                {"", "127.0.0.1", "do-not-query-localhost", NULL},
                {"", "127.8.9.1", "do-not-query-localhost", NULL},
                {"", "::1", "do-not-query-localhost", NULL},
                {"", "::ffff:127.0.0.1", "do-not-query-localhost", NULL},
                {"do-not-query-localhost: no\n", "127.0.0.1", NULL, NULL},
                {"do-not-query-localhost: no\n", "::1", NULL, NULL},
                {"do-ip4: no\n", "192.0.2.1", "do-ip4", "do-ip4"},
                {"do-ip4: no\n", "2001:db8::1", NULL, NULL},
                {"do-ip6: no\n", "2001:db8::1", "do-ip6", "do-ip6"},
                {"do-ip6: no\n", "192.0.2.1", NULL, NULL},
                {"do-not-query: 192.0.2.0/24\n", "192.0.2.1", "do-not-query", NULL},
                {"do-not-query: 192.0.2.0/24\n", "192.0.3.1", NULL, NULL},
                {"do-not-query: 192.0.2.0/24\n", "::ffff:192.0.2.1", "do-not-query", NULL},
                {"", "0.0.0.0", "no-server-address", "no-server-address"},
                {"", "0.1.2.3", "no-server-address", "no-server-address"},
                {"", "224.0.0.251", "no-server-address", "no-server-address"},
                {"", "255.255.255.255", "no-server-address", "no-server-address"},
                {"", "::", "no-server-address", "no-server-address"},
                {"", "ff02::fb", "no-server-address", "no-server-address"},
                {"", "fe80::1", "no-server-address", "no-server-address"},
                {"", "::ffff:0.0.0.0", "no-server-address", "no-server-address"},
                {"", "fec0::1", NULL, NULL},
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                const struct policy *policy = policy_of(cases[i].settings);
                struct address server = address(cases[i].server);
                const char *why = NULL, *named = NULL;

                assert_int_equal(policy_server(policy, &server, &why), !cases[i].why);
                assert_int_equal(policy_named_server(policy, &server, &named), !cases[i].named);
                if (cases[i].why)
                        assert_string_equal(why, cases[i].why);
                else
                        assert_null(why);
                if (cases[i].named)
                        assert_string_equal(named, cases[i].named);
                policy_release(policy);
        }
}

/* --- Answers ------------------------------------------------------------------------------------------------------ */

static bool answer(const struct policy *policy, const char *owner, uint16_t type, const char *first, const char *second)
{
        struct address one = address(first), other = address(second);
        struct rdata rdata[2] = {
                {one.bytes, (uint16_t)address_len(&one)},
                {other.bytes, (uint16_t)address_len(&other)},
        };
        struct rrset set = {.type = type, .class = CLASS_IN, .count = 2, .rdata = rdata};
        uint8_t room[NAME_WIRE_MAX];

        assert_int_equal(name_from_text(owner, room, &set.owner), ERR_OK);
        return policy_answer(policy, &set);
}

static void test_private_addresses_are_left_out(void **state)
{
        const struct policy *policy = policy_of("private-address: [10.0.0.0/8, 192.168.0.0/16, \"fd00::/8\"]\n"
                                                "private-domain: [home.example, Plex.Direct]\n");

        (void)state;
        assert_true(answer(policy, "a.example.", TYPE_A, "192.0.2.1", "192.0.2.2"));
        assert_false(answer(policy, "a.example.", TYPE_A, "10.0.0.1", "192.0.2.2"));
        assert_false(answer(policy, "a.example.", TYPE_A, "192.0.2.2", "192.168.255.255"));
        assert_true(answer(policy, "a.example.", TYPE_AAAA, "2001:db8::1", "2001:db8::2"));
        assert_false(answer(policy, "a.example.", TYPE_AAAA, "2001:db8::1", "fd12::1"));
        assert_false(answer(policy, "a.example.", TYPE_AAAA, "2001:db8::1", "::ffff:10.0.0.1"));

        assert_true(answer(policy, "home.example.", TYPE_A, "10.0.0.1", "192.0.2.2"));
        assert_true(answer(policy, "a.b.HOME.example.", TYPE_A, "10.0.0.1", "192.0.2.2"));
        assert_true(answer(policy, "x.plex.direct.", TYPE_AAAA, "fd12::1", "fd12::2"));
        assert_false(answer(policy, "xhome.example.", TYPE_A, "10.0.0.1", "192.0.2.2"));
        assert_false(answer(policy, "example.", TYPE_A, "10.0.0.1", "192.0.2.2"));

        assert_true(answer(policy, "a.example.", TYPE_TXT, "10.0.0.1", "10.0.0.2")); /* not an address at all */
        policy_release(policy);
}

/* RFC 9460 appendix D gives the form: priority, target, parameters in the order of their keys. */
static void test_private_hints_are_left_out(void **state)
{
        static const uint8_t good[] = {0, 1, 0, 0, 1, 0, 3, 2, 'h', '2', 0, 4, 0, 4, 192, 0, 2, 1};
        static const uint8_t first[] = {0, 1, 0, 0, 4, 0, 4, 10, 0, 0, 1};
        static const uint8_t second[] = {0, 1, 1, 'a', 0, 0, 4, 0, 8, 192, 0, 2, 1, 10, 0, 0, 1};
        static const uint8_t ipv6[] = {0, 1, 0, 0, 6, 0, 16, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
        static const uint8_t other_key[] = {0, 1, 0, 0, 7, 0, 4, 10, 0, 0, 1};
        static const struct {
                struct rdata rdata;
                bool passes;
        } cases[] = {
                {{good, sizeof(good)}, true},           {{first, sizeof(first)}, false},
                {{second, sizeof(second)}, false},      {{ipv6, sizeof(ipv6)}, false},
                {{other_key, sizeof(other_key)}, true},
                {{first, sizeof(first) - 1}, true}, /* not read beyond its end */
                {{first, 2}, true},
        };
        const struct policy *policy = policy_of("private-address: [10.0.0.0/8, \"fd00::/8\"]\n");

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct rrset set = {.owner = name_root, .class = CLASS_IN, .count = 1, .rdata = &cases[i].rdata};

                set.type = TYPE_HTTPS;
                assert_int_equal(policy_answer(policy, &set), cases[i].passes);
                set.type = TYPE_SVCB;
                assert_int_equal(policy_answer(policy, &set), cases[i].passes);
        }
        policy_release(policy);
}

static void test_nothing_is_private_by_default(void **state)
{
        const struct policy *policy = policy_of("");

        (void)state;
        assert_true(answer(policy, "a.example.", TYPE_A, "10.0.0.1", "127.0.0.1"));
        assert_true(answer(policy, "a.example.", TYPE_AAAA, "fd00::1", "::1"));
        policy_release(policy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_snapshots_are_held),
                cmocka_unit_test(test_clients_allowed_by_default),
                cmocka_unit_test(test_attached_networks_are_allowed_by_default),
                cmocka_unit_test(test_which_servers_may_be_asked),
                cmocka_unit_test(test_private_addresses_are_left_out),
                cmocka_unit_test(test_private_hints_are_left_out),
                cmocka_unit_test(test_nothing_is_private_by_default),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
