/*
 * Names that are answered here: special-use zones, local data, and what stub and forward zones take out of them.
 */
#include "policy/local.h"
#include "config/config.h"
#include "policy/policy.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct policy *policy_of(const char *text)
{
        static struct config_complaints complaints;
        struct settings *settings = config_parse("f", text, strlen(text), &complaints);
        const struct policy *policy;

        if (!settings)
                fail_msg("%s", complaints.item[0].text);
        policy = policy_new(settings, NULL, 0);
        assert_non_null(policy);
        return policy;
}

static struct policy_verdict ask(const struct policy *policy, const char *name, const char *type)
{
        static uint8_t room[NAME_WIRE_MAX];
        struct question question = {.class = CLASS_IN};

        assert_int_equal(name_from_text(name, room, &question.name), ERR_OK);
        assert_int_equal(rrtype_parse(type, &question.type), ERR_OK);
        return policy_question(policy, &question);
}

/* A question and what comes of it; `zone` is where the rule comes from. */
struct expectation {
        const char *name, *type;
        enum policy_kind kind;
        const char *rule, *zone;
        unsigned count; /* records */
};

static void check(const struct policy *policy, const struct expectation *row)
{
        struct policy_verdict verdict = ask(policy, row->name, row->type);
        char zone[NAME_TEXT_MAX];

        if (verdict.kind != row->kind)
                fail_msg("%s %s: kind %d instead of %d", row->name, row->type, verdict.kind, row->kind);
        assert_string_equal(verdict.rule, row->rule);
        assert_string_equal(name_text(&verdict.zone, zone), row->zone);
        assert_int_equal(verdict.ede, EDE_NONE);
        assert_int_equal(verdict.set != NULL, row->kind == POLICY_SET);
        if (verdict.set)
                assert_int_equal(verdict.set->count, row->count);
        if (verdict.soa)
                assert_int_equal(verdict.soa->type, TYPE_SOA);
}

static void check_all(const char *settings, const struct expectation *rows, size_t count)
{
        const struct policy *policy = policy_of(settings);

        for (size_t i = 0; i < count; i++)
                check(policy, &rows[i]);
        policy_release(policy);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define PASS POLICY_PASS, "", ".", 0
#define SPECIAL "special-use"
#define DATA "local-data"

static void test_special_use_names(void **state)
{
        static const struct expectation rows[] = {
                {"www.example.com.", "A", PASS},
                {"com.", "NS", PASS},
                {".", "NS", PASS},
                {"arpa.", "NS", PASS},
                {"in-addr.arpa.", "SOA", PASS},
                {"8.8.8.8.in-addr.arpa.", "PTR", PASS},
                {"ipv4only.arpa.", "A", PASS},
                {"xlocalhost.", "A", PASS},

                /* RFC 6761 6.3 */
                {"localhost.", "A", POLICY_SET, SPECIAL, "localhost.", 1},
                {"LocalHost.", "AAAA", POLICY_SET, SPECIAL, "localhost.", 1},
                {"localhost.", "MX", POLICY_NODATA, SPECIAL, "localhost.", 0},
                {"localhost.", "DS", POLICY_NODATA, SPECIAL, "localhost.", 0},
                {"a.localhost.", "A", POLICY_SET, SPECIAL, "localhost.", 1},
                {"a.b.c.localhost.", "AAAA", POLICY_SET, SPECIAL, "localhost.", 1},
                {"a.localhost.", "TXT", POLICY_NODATA, SPECIAL, "localhost.", 0},
                {"localhost.", "ANY", POLICY_SET, SPECIAL, "localhost.", 1},

                /* RFC 6761 6.2, 6.4; RFC 7686; RFC 6762 */
                {"invalid.", "A", POLICY_NODATA, SPECIAL, "invalid.", 0},
                {"a.invalid.", "A", POLICY_NXDOMAIN, SPECIAL, "invalid.", 0},
                {"a.test.", "ANY", POLICY_NXDOMAIN, SPECIAL, "test.", 0},
                {"a.b.onion.", "AAAA", POLICY_NXDOMAIN, SPECIAL, "onion.", 0},
                {"printer.local.", "A", POLICY_NXDOMAIN, SPECIAL, "local.", 0},

                /* RFC 6303 */
                {"1.0.0.127.in-addr.arpa.", "PTR", POLICY_SET, SPECIAL, "127.in-addr.arpa.", 1},
                {"0.0.127.in-addr.arpa.", "PTR", POLICY_NODATA, SPECIAL, "127.in-addr.arpa.", 0},
                {"1.1.168.192.in-addr.arpa.", "PTR", POLICY_NXDOMAIN, SPECIAL, "168.192.in-addr.arpa.", 0},
                {"1.2.3.10.in-addr.arpa.", "PTR", POLICY_NXDOMAIN, SPECIAL, "10.in-addr.arpa.", 0},
                {"1.0.16.172.in-addr.arpa.", "PTR", POLICY_NXDOMAIN, SPECIAL, "16.172.in-addr.arpa.", 0},
                {"1.0.32.172.in-addr.arpa.", "PTR", PASS},
                {"1.0.127.100.in-addr.arpa.", "PTR", POLICY_NXDOMAIN, SPECIAL, "127.100.in-addr.arpa.", 0},
                {"1.0.128.100.in-addr.arpa.", "PTR", PASS},
                {"1.d.f.ip6.arpa.", "PTR", POLICY_NXDOMAIN, SPECIAL, "d.f.ip6.arpa.", 0},
                {"1.0.0.2.ip6.arpa.", "PTR", PASS},

                /* RFC 8375 section 4: home.arpa is delegated without DS, and who validates must see that. */
                {"home.arpa.", "DS", PASS},
                {"home.arpa.", "SOA", POLICY_SET, SPECIAL, "home.arpa.", 1},
                {"nas.home.arpa.", "DS", POLICY_NXDOMAIN, SPECIAL, "home.arpa.", 0},
                {"nas.home.arpa.", "A", POLICY_NXDOMAIN, SPECIAL, "home.arpa.", 0},

                /* RFC 9462 6.4: names in resolver.arpa exist and have nothing to say. */
                {"_dns.resolver.arpa.", "SVCB", POLICY_NODATA, SPECIAL, "resolver.arpa.", 0},
                {"x.resolver.arpa.", "A", POLICY_NODATA, SPECIAL, "resolver.arpa.", 0},
        };

        (void)state;
        check_all("", rows, COUNT(rows));
}

static void test_each_absence_has_its_soa(void **state)
{
        const struct policy *policy = policy_of("");
        struct policy_verdict verdict = ask(policy, "a.b.invalid.", "A");

        (void)state;
        assert_non_null(verdict.soa);
        assert_true(name_equal(&verdict.soa->owner, &verdict.zone));
        assert_int_equal(verdict.soa->count, 1);
        verdict = ask(policy, "localhost.", "MX");
        assert_non_null(verdict.soa);
        policy_release(policy);
}

static void test_localhost_is_this_machine(void **state)
{
        const struct policy *policy = policy_of("");
        struct policy_verdict verdict = ask(policy, "localhost.", "A");

        (void)state;
        assert_int_equal(verdict.set->rdata[0].len, 4);
        assert_memory_equal(verdict.set->rdata[0].bytes, "\177\0\0\1", 4);
        verdict = ask(policy, "x.localhost.", "AAAA");
        assert_int_equal(verdict.set->rdata[0].len, 16);
        assert_memory_equal(verdict.set->rdata[0].bytes, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
        policy_release(policy);
}

static void test_other_classes_pass(void **state)
{
        const struct policy *policy = policy_of("");
        uint8_t room[NAME_WIRE_MAX];
        struct question question = {.type = TYPE_A, .class = CLASS_CH};

        (void)state;
        assert_int_equal(name_from_text("localhost.", room, &question.name), ERR_OK);
        assert_int_equal(policy_question(policy, &question).kind, POLICY_PASS);
        policy_release(policy);
}

static void test_special_use_zones_can_be_off(void **state)
{
        static const struct expectation rows[] = {
                {"localhost.", "A", PASS},
                {"a.test.", "A", PASS},
                {"1.2.3.10.in-addr.arpa.", "PTR", PASS},
        };

        (void)state;
        check_all("special-use-zones: no\n", rows, COUNT(rows));
}

static void test_local_data(void **state)
{
        static const char settings[] = "local-data:\n"
                                       "  - nas.home.arpa. A 192.168.1.5\n"
                                       "  - nas.home.arpa. A 192.168.1.6\n"
                                       "  - NAS.home.arpa. 60 A 192.168.1.5\n"
                                       "  - a.b.home.arpa. AAAA fd00::1\n"
                                       "  - www.example.com. A 192.0.2.1\n"
                                       "  - alias.example.com. CNAME www.example.com.\n"
                                       "  - '*.lan.example. A 192.0.2.3'\n"
                                       "  - known.lan.example. TXT x\n"
                                       "  - 5.1.168.192.in-addr.arpa. PTR nas.home.arpa.\n"
                                       "  - localhost. A 127.0.0.2\n";
        static const struct expectation rows[] = {
                /* Within a special-use zone: the zone's rules. */
                {"nas.home.arpa.", "A", POLICY_SET, DATA, "home.arpa.", 2},
                {"nas.home.arpa.", "AAAA", POLICY_NODATA, SPECIAL, "home.arpa.", 0},
                {"x.nas.home.arpa.", "A", POLICY_NXDOMAIN, SPECIAL, "home.arpa.", 0},
                {"a.b.home.arpa.", "AAAA", POLICY_SET, DATA, "home.arpa.", 1},
                {"b.home.arpa.", "A", POLICY_NODATA, SPECIAL, "home.arpa.", 0}, /* an empty non-terminal */
                {"5.1.168.192.in-addr.arpa.", "PTR", POLICY_SET, DATA, "168.192.in-addr.arpa.", 1},

                /* It replaces a type of what is built in, not the name. */
                {"localhost.", "A", POLICY_SET, DATA, "localhost.", 1},
                {"localhost.", "AAAA", POLICY_SET, SPECIAL, "localhost.", 1},

                /* Elsewhere: just the name, and its neighbours are asked for as ever. */
                {"www.example.com.", "A", POLICY_SET, DATA, "www.example.com.", 1},
                {"WWW.example.com.", "TXT", POLICY_NODATA, DATA, "www.example.com.", 0},
                {"x.www.example.com.", "A", PASS},
                {"example.com.", "A", PASS},
                {"mail.example.com.", "A", PASS},
                {"alias.example.com.", "A", POLICY_SET, DATA, "alias.example.com.", 1},
                {"alias.example.com.", "CNAME", POLICY_SET, DATA, "alias.example.com.", 1},

                /* RFC 4592 */
                {"any.lan.example.", "A", POLICY_SET, DATA, "lan.example.", 1},
                {"x.any.lan.example.", "A", POLICY_SET, DATA, "lan.example.", 1},
                {"any.lan.example.", "AAAA", POLICY_NODATA, DATA, "lan.example.", 0},
                {"known.lan.example.", "A", POLICY_NODATA, DATA, "known.lan.example.", 0},
                {"x.known.lan.example.", "A", PASS},
                {"lan.example.", "A", PASS},
        };

        (void)state;
        check_all(settings, rows, COUNT(rows));
}

static void test_local_data_has_the_smallest_ttl(void **state)
{
        const struct policy *policy = policy_of("local-data: [\"a.lab. 60 A 192.0.2.1\", \"a.lab. 30 A 192.0.2.2\", "
                                                "\"localhost. 90000 A 127.0.0.2\"]\n");

        (void)state;
        assert_int_equal(ask(policy, "a.lab.", "A").set->ttl, 30);
        assert_int_equal(ask(policy, "localhost.", "A").set->ttl, 90000); /* what it replaced does not count */
        policy_release(policy);
}

static void test_stubs_and_forwards_go_before_special_use(void **state)
{
        static const char settings[] = "stub-zones:\n"
                                       "  - {name: test, addresses: 192.0.2.1}\n"
                                       "  - {name: localhost, addresses: 192.0.2.1}\n"
                                       "  - {name: 1.10.in-addr.arpa, addresses: 192.0.2.1}\n"
                                       "forward-zones:\n"
                                       "  - {name: ., addresses: 192.0.2.9}\n"
                                       "  - {name: lan.home.arpa, addresses: 192.0.2.1}\n"
                                       "local-data:\n"
                                       "  - www.test. A 192.0.2.7\n";
        static const struct expectation rows[] = {
                {"test.", "SOA", PASS},
                {"a.test.", "A", PASS},
                {"www.test.", "A", POLICY_SET, DATA, "www.test.", 1},
                {"www.test.", "AAAA", POLICY_NODATA, DATA, "www.test.", 0},
                {"localhost.", "A", PASS},
                {"x.localhost.", "A", PASS},
                {"1.1.1.10.in-addr.arpa.", "PTR", PASS},
                {"1.1.2.10.in-addr.arpa.", "PTR", POLICY_NXDOMAIN, SPECIAL, "10.in-addr.arpa.", 0},
                {"x.lan.home.arpa.", "A", PASS},
                {"x.home.arpa.", "A", POLICY_NXDOMAIN, SPECIAL, "home.arpa.", 0},
                {"a.invalid.", "A", POLICY_NXDOMAIN, SPECIAL, "invalid.", 0}, /* forward-all is not for these */
                {"www.example.com.", "A", PASS},
        };

        (void)state;
        check_all(settings, rows, COUNT(rows));
}

/* A question is bytes from the network: any name goes through. */
static void test_long_names(void **state)
{
        const struct policy *policy = policy_of("local-data: \"*.lab. A 192.0.2.1\"\n");
        char name[600] = "";
        struct policy_verdict verdict;

        (void)state;
        for (unsigned i = 0; i < 124; i++)
                strcat(name, "a.");
        verdict = ask(policy, strcat(name, "lab."), "A");
        assert_int_equal(verdict.kind, POLICY_SET);
        name[0] = '\0';
        for (unsigned i = 0; i < 122; i++)
                strcat(name, "a.");
        assert_int_equal(ask(policy, strcat(name, "invalid."), "A").kind, POLICY_NXDOMAIN);
        policy_release(policy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_special_use_names),
                cmocka_unit_test(test_each_absence_has_its_soa),
                cmocka_unit_test(test_localhost_is_this_machine),
                cmocka_unit_test(test_other_classes_pass),
                cmocka_unit_test(test_special_use_zones_can_be_off),
                cmocka_unit_test(test_local_data),
                cmocka_unit_test(test_local_data_has_the_smallest_ttl),
                cmocka_unit_test(test_stubs_and_forwards_go_before_special_use),
                cmocka_unit_test(test_long_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
