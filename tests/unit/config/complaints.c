/*
 * Settings files that are refused, each with just the complaint that its author will read.
 */
#include "config/config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bad_file {
        const char *text;
        const char *complaint; /* without "f:" */
};

#define ENDPOINT "an address or address@port, as in 127.0.0.1@53 or ::1"
#define NETWORK "a network, as in 192.168.0.0/16, with only zero bits behind the length"

static const struct bad_file bad_files[] = {
        /* Keys. */
        {"prot: 53\n", "1:1: there is no setting \"prot\"; is it port?"},
        {"cache_size: 1GiB\n", "1:1: there is no setting \"cache_size\"; is it cache-size?"},
        {"Port: 53\n", "1:1: there is no setting \"Port\"; is it port?"},
        {"query-minimisation: yes\n",
         "1:1: there is no setting \"query-minimisation\"; is it query-minimization?"},
        {"forwardzones: []\n", "1:1: there is no setting \"forwardzones\"; is it forward-zones?"},
        {"unrelated-word-altogether: 1\n", "1:1: there is no setting \"unrelated-word-altogether\""},
        {"\"po\\ert\\x01\": 1\n", "1:1: there is no setting \"po\\027rt\\001\"; is it port?"},
        {"\"\": 1\n", "1:1: there is no setting \"\""},
        {"port: 53\nworkers: 1\nport: 54\n", "3:1: port is given twice, first in line 1"},
        {"listen: 127.0.0.1\n\nlisten: 127.0.0.1\n", "3:1: listen is given twice, first in line 1"},
        {"[port]: 5\n", "1:1: a key must be text (addresses that begin with a colon need quotes)"},
        {"? {a: b}\n: c\n", "1:3: a key must be text (addresses that begin with a colon need quotes)"},
        {"<<: {port: 5}\n", "1:1: there is no setting \"<<\""},

        /* Yes and no. */
        {"store: maybe\n", "1:8: store: \"maybe\" is not yes or no"},
        {"store: Yes\n", "1:8: store: \"Yes\" is not yes or no"},
        {"store: 1\n", "1:8: store: \"1\" is not yes or no"},
        {"store:\n", "1:7: store: nothing is not yes or no"},
        {"store: [yes]\n", "1:8: store: a list is not yes or no"},
        {"store: {yes: no}\n", "1:8: store: a mapping is not yes or no"},

        /* Numbers. */
        {"port: 0\n", "1:7: port: \"0\" is not a number from 1 to 65535"},
        {"port: 65536\n", "1:7: port: \"65536\" is not a number from 1 to 65535"},
        {"port: 053\n", "1:7: port: \"053\" is not a number from 1 to 65535"},
        {"port: 0x35\n", "1:7: port: \"0x35\" is not a number from 1 to 65535"},
        {"port: 5_3\n", "1:7: port: \"5_3\" is not a number from 1 to 65535"},
        {"port: -1\n", "1:7: port: \"-1\" is not a number from 1 to 65535"},
        {"port: +53\n", "1:7: port: \"+53\" is not a number from 1 to 65535"},
        {"port: 53.0\n", "1:7: port: \"53.0\" is not a number from 1 to 65535"},
        {"port: 5 3\n", "1:7: port: \"5 3\" is not a number from 1 to 65535"},
        {"port: \"53 \"\n", "1:7: port: \"53 \" is not a number from 1 to 65535"},
        {"port: 99999999999999999999999999\n",
         "1:7: port: \"99999999999999999999999999\" is not a number from 1 to 65535"},
        {"port: ~\n", "1:7: port: \"~\" is not a number from 1 to 65535"},
        {"udp-size: 511\n", "1:11: udp-size: \"511\" is not a number from 512 to 65535"},
        {"cache-max-ttl: 1w\n",
         "1:16: cache-max-ttl: \"1w\" is not a time from 0 to 604800 seconds, as in 90, 15m, 2h or 1d"},
        {"cache-max-ttl: 8d\n",
         "1:16: cache-max-ttl: \"8d\" is not a time from 0 to 604800 seconds, as in 90, 15m, 2h or 1d"},
        {"cache-size: 12 apples\n",
         "1:13: cache-size: \"12 apples\" is not a size from 1MiB to 16TiB, as in 512MiB or 4G"},
        {"cache-size: 1Gig\n", "1:13: cache-size: \"1Gig\" is not a size from 1MiB to 16TiB, as in 512MiB or 4G"},
        {"cache-size: 1023KiB\n",
         "1:13: cache-size: \"1023KiB\" is not a size from 1MiB to 16TiB, as in 512MiB or 4G"},
        {"cache-size: 17592186044416TiB\n",
         "1:13: cache-size: \"17592186044416TiB\" is not a size from 1MiB to 16TiB, as in 512MiB or 4G"},

        /* Words, text, file names. */
        {"trace-log-format: xml\n", "1:19: trace-log-format: \"xml\" is not text or json"},
        {"nsid: \"a\\nb\"\n", "1:7: nsid: \"a\\010b\" is not text of 0 to 64 bytes without control characters"},
        {"nsid: 0123456789012345678901234567890123456789012345678901234567890123x\n",
         "1:7: nsid: \"0123456789012345678901234567890123456789012345678901234567890123\"... is not text of 0 to 64 "
         "bytes without control characters"},
        {"nsid: \"a\\0b\"\n", "1:7: text with a zero byte"},
        {"cache-dir: \"\"\n", "1:12: cache-dir: \"\" is not a file name of 1 to 4000 bytes"},
        {"control-socket:\n", "1:16: control-socket: nothing is not a file name of 1 to 107 bytes"},

        /* Addresses and networks. */
        {"listen: localhost\n", "1:9: listen: \"localhost\" is not " ENDPOINT},
        {"listen: [127.0.0.1, 1.2.3]\n", "1:21: listen: \"1.2.3\" is not " ENDPOINT},
        {"listen: 127.0.0.1:53\n", "1:9: listen: \"127.0.0.1:53\" is not " ENDPOINT},
        {"listen: 127.0.0.1@0\n", "1:9: listen: \"127.0.0.1@0\" is not " ENDPOINT},
        {"listen: 127.0.0.1@65536\n", "1:9: listen: \"127.0.0.1@65536\" is not " ENDPOINT},
        {"listen: [{a: b}]\n", "1:10: listen: a mapping is not " ENDPOINT},
        {"listen: []\n", "1:9: listen: 0 items, allowed are 1 to 64"},
        {"listen: [127.0.0.1, 127.0.0.1@53]\n", "1:9: listen: 127.0.0.1@53 is given twice"},
        {"outgoing-addresses: 192.0.2.1@53\n",
         "1:21: outgoing-addresses: \"192.0.2.1@53\" is not an address, as in 192.0.2.1 or 2001:db8::1"},
        {"allow: 10.0.0.1/8\n", "1:8: allow: \"10.0.0.1/8\" is not " NETWORK},
        {"allow: 10.0.0.0/33\n", "1:8: allow: \"10.0.0.0/33\" is not " NETWORK},
        {"dns64-prefix: 64:ff9b::/97\n",
         "1:15: dns64-prefix: not an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits"},
        {"dns64-prefix: 10.0.0.0/32\n",
         "1:15: dns64-prefix: not an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits"},
        {"dns64-prefix: [\"64:ff9b::/96\", \"64:ff9b:1::/48\"]\n",
         "1:15: dns64-prefix: 2 items, allowed are 0 to 1"},

        /* Names, hints, records. */
        {"private-domain: a..b\n", "1:17: private-domain: \"a..b\" is not a domain name"},
        {"negative-trust-anchors: [\"\"]\n", "1:26: negative-trust-anchors: \"\" is not a domain name"},
        {"root-hints: a.root-servers.net\n",
         "1:13: root-hints: \"a.root-servers.net\" is not a name and an address, as in "
         "\"a.root-servers.net 198.41.0.4\""},
        {"root-hints: a.root-servers.net 198.41.0.4 5\n",
         "1:13: root-hints: \"a.root-servers.net 198.41.0.4 5\" is not a name and an address, as in "
         "\"a.root-servers.net 198.41.0.4\""},
        {"trust-anchors: \". A 1.2.3.4\"\n",
         "1:16: trust-anchors: a record of type A is not DS or DNSKEY"},
        {"local-data: \"a. CH TXT b\"\n", "1:13: local-data: a record of type TXT is not of class IN"},

        /* Zones. */
        {"stub-zones: lab\n",
         "1:13: stub-zones: \"lab\" is not a mapping, as in { name: lab.example, addresses: [192.0.2.1] }"},
        {"stub-zones: [{name: lab}]\n", "1:14: stub-zones: the zone has no addresses"},
        {"stub-zones: [{addresses: [192.0.2.1]}]\n", "1:14: stub-zones: the zone has no name"},
        {"stub-zones: [{name: lab, addresses: []}]\n", "1:37: stub-zones: addresses: 0 items, allowed are 1 to 26"},
        {"stub-zones: [{name: lab, addresses: [lab]}]\n", "1:38: stub-zones: addresses: \"lab\" is not " ENDPOINT},
        {"stub-zones: [{name: lab, addresses: {a: b}}]\n",
         "1:37: stub-zones: addresses: a mapping is not " ENDPOINT},
        {"stub-zones: [{name: [lab], addresses: 192.0.2.1}]\n",
         "1:21: stub-zones: name: a list is not a domain name"},
        {"stub-zones: [{name: lab, name: lab, addresses: 192.0.2.1}]\n", "1:26: stub-zones: name is given twice"},
        {"stub-zones: [{name: lab, addresses: 192.0.2.1, first: yes}]\n",
         "1:48: stub-zones: \"first\" is not name or addresses"},
        {"forward-zones: [{name: lab, addresses: 192.0.2.1, frist: yes}]\n",
         "1:51: forward-zones: \"frist\" is not name, addresses or first"},
        {"forward-zones: [{name: lab, addresses: 192.0.2.1, first: 1}]\n",
         "1:58: forward-zones: first: \"1\" is not yes or no"},
        {"forward-zones:\n  - {name: LAB., addresses: 192.0.2.1}\n  - {name: lab, addresses: 192.0.2.1}\n",
         "2:3: the zone lab. is given twice"},
        {"stub-zones: [{name: lab, addresses: 192.0.2.1}]\nforward-zones: [{name: lab, addresses: 192.0.2.1}]\n",
         "2:16: the zone lab. is given twice"},

        /* Contradictions. */
        {"do-ip4: no\ndo-ip6: no\n",
         "2:9: do-ip6: one of do-ip4 and do-ip6 must be yes, or no server can be asked"},
        {"cache-min-ttl: 600\ncache-max-ttl: 500\n", "1:16: cache-min-ttl: 600 is more than the 500 of cache-max-ttl"},

        /* YAML that is not meant for settings, or none at all. */
        {"listen:\n\t- 127.0.0.1\n", "2:1: not YAML: lines are indented by spaces, not by tabs"},
        {"listen:\n  \t- 127.0.0.1\n", "2:3: not YAML: lines are indented by spaces, not by tabs"},
        {"port: &here 53\n", "1:7: anchors, aliases and tags are not allowed"},
        {"port: *there\n", "1:7: anchors, aliases and tags are not allowed"},
        {"port: !!int 53\n", "1:7: anchors, aliases and tags are not allowed"},
        {"allow: !x []\n", "1:8: anchors, aliases and tags are not allowed"},
        {"port: 53\n---\nport: 54\n", "2:1: a second document begins"},
        {"port: [[[[1]]]]\n", "1:10: lists and mappings more than 4 deep"},
        {"- port: 53\n", "1:1: settings are lines of key: value"},
        {"port\n", "1:1: settings are lines of key: value"},
        {"workers: 1\nport: \xff\n", "2:7: not text in UTF-8 without control characters"},
        {"port: \x01\n", "1:7: not text in UTF-8 without control characters"},
        {"listen: [127.0.0.1\nport: 53\n", "2:5: not YAML: did not find expected ',' or ']'"},
        {"port: \"53\n", "2:1: not YAML: found unexpected end of stream"},
        {" port: 53\nworkers: 1\n", "2:1: not YAML: did not find expected <document start>"},
};

static void test_each_bad_file_is_told_why(void **state)
{
        static struct config_complaints complaints;

        (void)state;
        for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
                char expected[COMPLAINT_TEXT_MAX];

                snprintf(expected, sizeof(expected), "f:%s", bad_files[i].complaint);
                assert_null(config_parse("f", bad_files[i].text, strlen(bad_files[i].text), &complaints));
                assert_string_equal(complaints.item[0].text, expected);
                assert_int_equal(complaints.count, 1);
                assert_int_equal(complaints.more, 0);
        }
}

/* What the record reader says is its own business; that it is quoted is ours. */
static void test_bad_records_are_told(void **state)
{
        static struct config_complaints complaints;
        const char *text = "local-data: [\"nas.home.arpa. A 192.168.1.256\", \"nas.home.arpa. A 192.168.1.5\"]\n";
        const char *expected = "f:1:14: local-data: \"nas.home.arpa. A 192.168.1.256\" is not a record in zone file "
                               "syntax: ";

        (void)state;
        assert_null(config_parse("f", text, strlen(text), &complaints));
        assert_int_equal(complaints.count, 1);
        assert_memory_equal(complaints.item[0].text, expected, strlen(expected));
        assert_true(strlen(complaints.item[0].text) > strlen(expected));
}

static void test_all_complaints_are_collected_in_order(void **state)
{
        static struct config_complaints complaints;
        const char *text = "prot: 53\nport: 0\nlisten: [1.2.3, 4.5.6]\nport: 5\nstore: no\n";
        static const unsigned lines[] = {1, 2, 3, 3, 4};

        (void)state;
        assert_null(config_parse("f", text, strlen(text), &complaints));
        assert_int_equal(complaints.count, 5);
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(complaints.item[i].line, lines[i]);
        assert_int_equal(complaints.item[3].column, 17);
}

static void test_complaints_are_bounded(void **state)
{
        static struct config_complaints complaints;
        char text[LIMIT_CONFIG_COMPLAINTS * 2 * 8 + 1];
        size_t len = 0;

        (void)state;
        for (unsigned i = 0; i < LIMIT_CONFIG_COMPLAINTS * 2; i++)
                len += (size_t)snprintf(text + len, sizeof(text) - len, "x%03u: 1\n", i);
        assert_null(config_parse("f", text, len, &complaints));
        assert_int_equal(complaints.count, LIMIT_CONFIG_COMPLAINTS);
        assert_int_equal(complaints.more, LIMIT_CONFIG_COMPLAINTS);
}

static void test_too_large_a_file_is_refused(void **state)
{
        static struct config_complaints complaints;
        size_t len = LIMIT_CONFIG_BYTES;
        char *text = malloc(len + 1);

        (void)state;
        assert_non_null(text);
        memset(text, '\n', len + 1);
        assert_null(config_parse("f", text, len + 1, &complaints));
        assert_string_equal(complaints.item[0].text, "f:1:1: larger than 1048576 bytes");
        settings_free(config_parse("f", text, len, &complaints));
        assert_int_equal(complaints.count, 0);
        free(text);
}

static void test_too_many_values_are_refused(void **state)
{
        static struct config_complaints complaints;
        size_t len = 0, size = 3 * (LIMIT_CONFIG_NODES + 1) + 16;
        char *text = malloc(size);

        (void)state;
        assert_non_null(text);
        len += (size_t)snprintf(text, size, "allow: [");
        for (unsigned i = 0; i < LIMIT_CONFIG_NODES; i++) {
                memcpy(text + len, "a,\n", 3);
                len += 3;
        }
        text[len++] = ']';
        assert_null(config_parse("f", text, len, &complaints));
        assert_int_equal(complaints.count, 1);
        assert_non_null(strstr(complaints.item[0].text, ": more than 65536 values"));
        free(text);
}

static void test_too_large_sets_are_refused(void **state)
{
        static struct config_complaints complaints;
        char text[1 << 14] = "local-data:\n  - b.lab. A 192.0.2.1\n  - A.lab. TXT x\n";
        size_t len = strlen(text);

        (void)state;
        for (unsigned i = 0; i < LIMIT_RECORDS_PER_SET; i++)
                len += (size_t)snprintf(text + len, sizeof(text) - len, "  - a.lab. A 192.0.2.%u\n", i);
        settings_free(config_parse("f", text, len, &complaints));
        assert_int_equal(complaints.count, 0);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "  - A.lab. A 192.0.3.0\n");
        assert_null(config_parse("f", text, len, &complaints));
        assert_int_equal(complaints.count, 1);
        assert_memory_equal(complaints.item[0].text, "f:2:3: local-data: ", 19);
        assert_non_null(strstr(complaints.item[0].text, " has more than 256 records of type A"));
}

/* Complaints go to terminals and logs. */
static void test_complaints_are_printable(void **state)
{
        static struct config_complaints complaints;
        const char *text = "\"\\e[31m\\u202e\": \"\\x7f\"\nnsid: \"\\e\\u009b\"\n";

        (void)state;
        assert_null(config_parse("f", text, strlen(text), &complaints));
        assert_int_equal(complaints.count, 2);
        for (unsigned i = 0; i < 2; i++) {
                for (const char *at = complaints.item[i].text; *at; at++)
                        assert_in_range(*at, ' ', '~');
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_bad_file_is_told_why),
                cmocka_unit_test(test_bad_records_are_told),
                cmocka_unit_test(test_all_complaints_are_collected_in_order),
                cmocka_unit_test(test_complaints_are_bounded),
                cmocka_unit_test(test_too_large_a_file_is_refused),
                cmocka_unit_test(test_too_many_values_are_refused),
                cmocka_unit_test(test_too_large_sets_are_refused),
                cmocka_unit_test(test_complaints_are_printable),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
