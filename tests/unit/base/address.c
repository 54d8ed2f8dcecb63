/* Text of addresses, endpoints and prefixes, there and back. */
#include "base/address.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void addresses(void **state)
{
        static const struct {
                const char *text, *again; /* NULL: malformed */
        } rows[] = {
                { "192.0.2.1", "192.0.2.1" }, { "0.0.0.0", "0.0.0.0" },
                { "255.109.90.7", "255.109.90.7" }, { "100.10.99.200", "100.10.99.200" },
                { "2001:DB8:0:0::1", "2001:db8::1" },
                { "::", "::" }, { "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
                { "", NULL }, { "192.0.2", NULL }, { "192.0.2.256", NULL }, { "192.0.2.1 ", NULL },
                { "2001:db8::1::2", NULL }, { "fe80::1%eth0", NULL }, { "example", NULL },
        };
        char text[ADDRESS_TEXT_MAX];

        (void)state;
        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct address address = { 0 };
                assert_int_equal(address_parse(rows[i].text, &address), rows[i].again ? ERR_OK : ERR_FORM);
                assert_string_equal(address_text(&address, text), rows[i].again ? rows[i].again : "-");
        }
}

static void endpoints(void **state)
{
        static const struct {
                const char *text, *again;
        } rows[] = {
                { "192.0.2.1", "192.0.2.1@53" }, { "192.0.2.1@5300", "192.0.2.1@5300" },
                { "2001:db8::1@65535", "2001:db8::1@65535" }, { "::1", "::1@53" }, { "::1@0", "::1@0" },
                { "192.0.2.1@65536", NULL }, { "192.0.2.1@", NULL }, { "192.0.2.1@-1", NULL },
                { "192.0.2.1@53x", NULL }, { "192.0.2.1@053", NULL }, { "@53", NULL },
                { "192.0.2.1@99999999999999999999", NULL },
                { "1111111111111111111111111111111111111111111111111111111111111@53", NULL },
        };
        char text[ENDPOINT_TEXT_MAX];

        (void)state;
        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct endpoint endpoint;
                enum err err = endpoint_parse(rows[i].text, 53, &endpoint);
                assert_int_equal(err, rows[i].again ? ERR_OK : ERR_FORM);
                if (!err)
                        assert_string_equal(endpoint_text(&endpoint, text), rows[i].again);
        }
        struct endpoint a, b;
        assert_int_equal(endpoint_parse("::1@1", 53, &a), ERR_OK);
        assert_int_equal(endpoint_parse("::1@2", 53, &b), ERR_OK);
        assert_false(endpoint_equal(&a, &b));
        b.port = 1;
        assert_true(endpoint_equal(&a, &b));
}

static void prefixes(void **state)
{
        static const struct {
                const char *prefix;
                const char *in, *out; /* an address it holds, one it does not; NULL: malformed */
        } rows[] = {
                { "10.0.0.0/8", "10.255.255.255", "11.0.0.0" },
                { "192.0.2.128/25", "192.0.2.128", "192.0.2.127" },
                { "192.0.2.1", "192.0.2.1", "192.0.2.0" },
                { "0.0.0.0/0", "255.255.255.255", "::" },
                { "100.64.0.0/10", "100.127.255.255", "100.128.0.0" },
                { "2001:db8::/32", "2001:db8:ffff::", "2001:db9::" },
                { "fe80::/10", "febf::1", "fec0::1" },
                { "::/0", "ffff::", "0.0.0.0" },
                { "::1", "::1", "::2" },
                { "10.0.0.1/8", NULL, NULL }, { "10.0.0.0/33", NULL, NULL }, { "::/129", NULL, NULL },
                { "10.0.0.0/", NULL, NULL }, { "/8", NULL, NULL }, { "2001:db8::1/127", NULL, NULL },
                { "192.0.2.129/25", NULL, NULL },
        };

        (void)state;
        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct prefix prefix;
                struct address address;
                enum err err = prefix_parse(rows[i].prefix, &prefix);
                assert_int_equal(err, rows[i].in ? ERR_OK : ERR_FORM);
                if (err)
                        continue;
                assert_int_equal(address_parse(rows[i].in, &address), ERR_OK);
                assert_true(prefix_holds(&prefix, &address));
                assert_int_equal(address_parse(rows[i].out, &address), ERR_OK);
                assert_false(prefix_holds(&prefix, &address));
        }
}

static void loopback(void **state)
{
        static const char *const inside[] = { "127.0.0.1", "127.255.0.9", "::1" };
        static const char *const outside[] = { "128.0.0.1", "::2", "::", "::ffff:127.0.0.1" };
        struct address address;

        (void)state;
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(address_parse(inside[i], &address), ERR_OK);
                assert_true(address_is_loopback(&address));
        }
        for (unsigned i = 0; i < 4; i++) {
                assert_int_equal(address_parse(outside[i], &address), ERR_OK);
                assert_false(address_is_loopback(&address));
        }
}

static void from_bytes(void **state)
{
        static const uint8_t bytes[16] = { 192, 0, 2, 1, 9, 9 };
        struct address v4 = address_from(bytes, 4), v6 = address_from(bytes, 16), none = address_from(bytes, 5);
        struct address again;

        (void)state;
        assert_int_equal(address_len(&v4), 4);
        assert_int_equal(v4.bytes[4], 0);
        assert_int_equal(address_len(&v6), 16);
        assert_int_equal(address_len(&none), 0);
        assert_int_equal(address_parse("192.0.2.1", &again), ERR_OK);
        assert_true(address_equal(&v4, &again));
        assert_false(address_equal(&v4, &v6));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses), cmocka_unit_test(endpoints), cmocka_unit_test(prefixes),
                cmocka_unit_test(loopback), cmocka_unit_test(from_bytes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
