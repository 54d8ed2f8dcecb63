/*
 * The door: what becomes of messages that are odd, malformed or not for us. Each row is a message in hexadecimal and
 * what the RFCs say about it; whatever is answered carries the right header, question and OPT record.
 */
#include "resolve/door.h"
#include "config/limits.h"
#include "letter.h"
#include "lone_desk.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char settings[] =
        "validation: no\n"
        "allow: [127.0.0.0/8, \"::1\"]\n"
        "stub-zones: [{name: test, addresses: [192.0.2.1]}, {name: \".\", addresses: [192.0.2.1]}]\n"
        "special-use-zones: no\n";

static int desk_up(void **state)
{
        static struct lone_desk lone;

        lone_open(&lone, settings, 1);
        *state = &lone;
        return 0;
}

static int desk_down(void **state)
{
        lone_close(*state);
        return 0;
}

/* --- What came of it ---------------------------------------------------------------------------------------------- */

enum { OUTCOME_TEXT = 80 };

static const char *extended_error(const struct edns *edns, char out[OUTCOME_TEXT])
{
        *out = 0;
        if (edns->ede_count)
                snprintf(out, OUTCOME_TEXT, " EDE %u", edns->ede[0].code);
        return out;
}

/* The rcode and what else matters of an answer; every answer is checked against the query. */
static void tell_answer(struct lone_desk *lone, const struct action *answer, const uint8_t *query, size_t len,
                        char out[OUTCOME_TEXT])
{
        const uint8_t *bytes = answer->answer.bytes;
        uint16_t asked = load_u16(query + 2), flags = load_u16(bytes + 2);
        char word[12], ede[OUTCOME_TEXT];
        struct message message;

        assert_int_equal(message_read(bytes, answer->answer.len, &lone->arena, &message), ERR_OK);
        assert_memory_equal(bytes, query, 2);
        assert_true(flags & FLAG_QR);
        assert_true(flags & FLAG_RA);
        assert_false(flags & (FLAG_AA | FLAG_TC | FLAG_AD));
        assert_int_equal(flags & (FLAG_RD | FLAG_CD | FLAG_OPCODE_MASK),
                         asked & (FLAG_RD | FLAG_CD | FLAG_OPCODE_MASK));
        if (message.has_question) {
                size_t question_len = message.question.name.len + 4u;

                assert_true(len >= HEADER_LEN + question_len);
                assert_memory_equal(bytes + HEADER_LEN, query + HEADER_LEN, question_len);
        }
        snprintf(out, OUTCOME_TEXT, "%s%s%s%s%s", rcode_text(message.rcode, word),
                 message.has_question ? " question" : "", message.edns.present ? " OPT" : "",
                 extended_error(&message.edns, ede), message.rr_count[SECTION_ANSWER] ? " records" : "");
}

struct client {
        const char *address;
        uint16_t port;
        enum transport transport;
};

static void come(struct lone_desk *lone, const struct client *client, const uint8_t *bytes, size_t len)
{
        const struct event event = {
                .kind = EVENT_QUESTION,
                .question = { .client = 1,
                              .from = { lone_address(client->address), client->port },
                              .transport = client->transport,
                              .arrived_us = lone->now.mono_us,
                              .bytes = bytes,
                              .len = len },
        };

        lone_feed(lone, &event);
}

/* "drop", "walks", or how it was answered. */
static void knock(struct lone_desk *lone, const struct client *client, const uint8_t *bytes, size_t len,
                  char out[OUTCOME_TEXT])
{
        come(lone, client, bytes, len);
        unsigned ended = lone_count(lone, ACTION_ANSWER) + lone_count(lone, ACTION_DROP);
        assert_true(ended <= 1);
        if (lone_count(lone, ACTION_DROP))
                snprintf(out, OUTCOME_TEXT, "drop");
        else if (ended)
                tell_answer(lone, lone_last(lone, ACTION_ANSWER), bytes, len, out);
        else
                snprintf(out, OUTCOME_TEXT, lone_count(lone, ACTION_SEND) ? "walks" : "nothing");
        assert_int_equal(ended == 0, lone->desk->first != NULL);
}

/* --- The table ---------------------------------------------------------------------------------------------------- */

static size_t from_hex(const char *hex, uint8_t *out)
{
        size_t len = 0;

        for (; *hex; hex++) {
                unsigned byte;

                if (*hex == ' ')
                        continue;
                assert_int_equal(sscanf(hex, "%2x", &byte), 1);
                out[len++] = (uint8_t)byte;
                hex++;
        }
        return len;
}

/* ID 4711; then flags and counts; then the question www.test A IN. */
#define HEAD    "4711 0100 0001 0000 0000 0000 "
#define HEAD_AR "4711 0100 0001 0000 0000 0001 "
#define WWW     "03777777 0474657374 00 "
#define ASK     WWW "0001 0001 "
#define OPT     "00 0029 04D0 00000000 0000"

static const struct {
        const char *what, *hex, *outcome;
} rows[] = {
        { "nothing", "", "drop" },
        { "a byte", "47", "drop" },
        { "eleven bytes", "4711 0100 0001 0000 0000 00", "drop" },
        { "a response", "4711 8100 0001 0000 0000 0000 " ASK, "drop" },
        { "a response without a question", "4711 8180 0000 0000 0000 0000", "drop" },
        { "a header alone", "4711 0100 0000 0000 0000 0000", "FORMERR" },
        { "a header that promises a question", HEAD, "FORMERR" },

        { "IQUERY (RFC 3425)", "4711 0900 0001 0000 0000 0000 " ASK, "NOTIMP" },
        { "STATUS", "4711 1000 0001 0000 0000 0000 " ASK, "NOTIMP" },
        { "opcode 3", "4711 1800 0001 0000 0000 0000 " ASK, "NOTIMP" },
        { "NOTIFY", "4711 2000 0001 0000 0000 0000 " ASK, "NOTIMP" },
        { "UPDATE", "4711 2800 0001 0000 0000 0000 " ASK, "NOTIMP" },
        { "DSO", "4711 3000 0000 0000 0000 0000", "NOTIMP" },
        { "opcode 15", "4711 7900 0001 0000 0000 0000 " ASK, "NOTIMP" },

        { "no question (RFC 9619)", "4711 0100 0000 0000 0000 0001 " OPT, "FORMERR" },
        { "two questions (RFC 9619)", "4711 0100 0002 0000 0000 0000 " ASK ASK, "FORMERR" },
        { "an answer", "4711 0100 0001 0001 0000 0000 " ASK WWW "0001 0001 00000000 0004 7F000001", "FORMERR" },
        { "an authority", "4711 0100 0001 0000 0001 0000 " ASK WWW "0002 0001 00000000 0001 00", "FORMERR" },
        { "half a name", HEAD "0377", "FORMERR" },
        { "a name without an end", HEAD "03777777 0474657374", "FORMERR" },
        { "no type", HEAD WWW, "FORMERR" },
        { "no class", HEAD WWW "0001", "FORMERR" },
        { "a pointer to itself", HEAD "C00C 0001 0001", "FORMERR" },
        { "a pointer to the header", HEAD "03777777 C000 0001 0001", "FORMERR" },
        { "a label of 64", HEAD "40 0001 0001", "FORMERR" },
        { "an extended label (RFC 2673)", HEAD "41 0001 0001", "FORMERR" },
        { "a byte behind the end", HEAD ASK "00", "FORMERR question" },

        { "an additional record that is not there", HEAD_AR ASK, "FORMERR question" },
        { "an additional address", HEAD_AR ASK WWW "0001 0001 00000000 0004 7F000001", "FORMERR question" },
        { "a TSIG", HEAD_AR ASK "00 00FA 00FF 00000000 0000", "FORMERR question" },
        { "an OPT below the root", HEAD_AR ASK "0161 00 0029 04D0 00000000 0000", "FORMERR question" },
        { "two OPT (RFC 6891 6.1.1)", "4711 0100 0001 0000 0000 0002 " ASK OPT OPT, "FORMERR question" },
        { "an OPT longer than the message", HEAD_AR ASK "00 0029 04D0 00000000 0004", "FORMERR question" },
        { "an option longer than its OPT", HEAD_AR ASK "00 0029 04D0 00000000 0004 0003 0001", "FORMERR question" },
        { "half an option", HEAD_AR ASK "00 0029 04D0 00000000 0002 0003", "FORMERR question" },
        { "a cookie of 7 (RFC 7873 5.2.2)", HEAD_AR ASK "00 0029 04D0 00000000 000B 000A 0007 01020304050607",
          "FORMERR question" },
        { "a cookie of 12", HEAD_AR ASK "00 0029 04D0 00000000 0010 000A 000C 010203040506070809101112",
          "FORMERR question" },
        { "EDNS version 1 (RFC 6891 6.1.3)", HEAD_AR ASK "00 0029 04D0 00010000 0000", "BADVERS question OPT" },
        { "EDNS version 255, with options nobody knows", HEAD_AR ASK "00 0029 04D0 00FF0000 0002 FFFF",
          "BADVERS question OPT" },

        { "class CH", HEAD WWW "0010 0003", "REFUSED question" },
        { "class CH with EDNS", HEAD_AR WWW "0010 0003 " OPT, "REFUSED question OPT EDE 21" },
        { "class NONE", HEAD WWW "0001 00FE", "REFUSED question" },
        { "class ANY", HEAD WWW "0001 00FF", "REFUSED question" },
        { "class 0", HEAD WWW "0001 0000", "REFUSED question" },
        { "type ANY (RFC 8482)", HEAD WWW "00FF 0001", "NOERROR question records" },
        { "type AXFR", HEAD WWW "00FC 0001", "REFUSED question" },
        { "type IXFR", HEAD WWW "00FB 0001", "REFUSED question" },
        { "type MAILA", HEAD WWW "00FE 0001", "REFUSED question" },
        { "type TSIG", HEAD WWW "00FA 0001", "REFUSED question" },
        { "type TKEY", HEAD WWW "00F9 0001", "REFUSED question" },
        { "type OPT", HEAD WWW "0029 0001", "REFUSED question" },
        { "no RD", "4711 0000 0001 0000 0000 0000 " ASK, "REFUSED question" },
        { "no RD, with EDNS", "4711 0000 0001 0000 0000 0001 " ASK OPT, "REFUSED question OPT EDE 20" },

        { "a plain question", HEAD ASK, "walks" },
        { "flags that mean nothing in a query", "4711 07B0 0001 0000 0000 0000 " ASK, "walks" },
        { "an rcode in a query", "4711 010F 0001 0000 0000 0000 " ASK, "walks" },
        { "type 0", HEAD WWW "0000 0001", "walks" },
        { "type 65280", HEAD WWW "FF00 0001", "walks" },
        { "the root", HEAD "00 0002 0001", "walks" },
        { "bytes of any kind in a name", HEAD "0400FF2E5C 0474657374 00 0001 0001", "walks" },
        { "EDNS", HEAD_AR ASK OPT, "walks" },
        { "EDNS that takes no bytes", HEAD_AR ASK "00 0029 0000 00008000 0000", "walks" },
        { "EDNS with flags nobody knows", HEAD_AR ASK "00 0029 04D0 00007FFF 0000", "walks" },
        { "an option nobody knows", HEAD_AR ASK "00 0029 04D0 00000000 0006 FDE9 0002 0102", "walks" },
        { "a client subnet", HEAD_AR ASK "00 0029 04D0 00000000 000B 0008 0007 0001 18 00 C00002", "walks" },
        { "a cookie", HEAD_AR ASK "00 0029 04D0 00000000 000C 000A 0008 0102030405060708", "walks" },
};

static const struct client local = { "127.0.0.1", 4000, TRANSPORT_UDP };

static void test_the_table(void **state)
{
        (void)state;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct lone_desk *lone;
                uint8_t bytes[512];
                char outcome[OUTCOME_TEXT], what[200], wanted[200];

                desk_up((void **)&lone);
                knock(lone, &local, bytes, from_hex(rows[i].hex, bytes), outcome);
                snprintf(what, sizeof(what), "%s: %s", rows[i].what, outcome);
                snprintf(wanted, sizeof(wanted), "%s: %s", rows[i].what, rows[i].outcome);
                assert_string_equal(what, wanted);
                desk_down((void **)&lone);
        }
        assert_true(sizeof(rows) / sizeof(rows[0]) > 40);
}

/* Every prefix of a question with EDNS is dropped or FORMERR, and touches nothing behind its end. */
static void test_every_prefix(void **state)
{
        struct lone_desk *lone = *state;
        uint8_t whole[512];
        size_t len = from_hex(HEAD_AR ASK OPT, whole);

        for (size_t n = 0; n < len; n++) {
                uint8_t *bytes = malloc(n ? n : 1);
                char outcome[OUTCOME_TEXT];

                memcpy(bytes, whole, n);
                knock(lone, &local, bytes, n, outcome);
                assert_true(!strncmp(outcome, n < HEADER_LEN ? "drop" : "FORMERR", 4));
                free(bytes);
        }
}

/* --- Who asks ----------------------------------------------------------------------------------------------------- */

static void test_clients(void **state)
{
        static const struct {
                struct client client;
                const char *outcome;
        } clients[] = {
                { { "127.0.0.1", 4000, TRANSPORT_UDP }, "walks" },
                { { "127.9.9.9", 53, TRANSPORT_UDP }, "walks" },
                { { "::1", 4000, TRANSPORT_TCP }, "walks" },
                { { "::ffff:127.0.0.1", 4000, TRANSPORT_UDP }, "walks" },
                { { "127.0.0.1", 0, TRANSPORT_UDP }, "drop" }, /* nobody can be there */
                { { "192.0.2.9", 4000, TRANSPORT_UDP }, "REFUSED question OPT EDE 18" },
                { { "2001:db8::9", 4000, TRANSPORT_TCP }, "REFUSED question OPT EDE 18" },
                { { "192.0.2.9", 4000, TRANSPORT_CONTROL }, "walks" }, /* its file mode let them in */
        };

        (void)state;
        for (unsigned i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
                struct lone_desk *lone;
                uint8_t bytes[512];
                char outcome[OUTCOME_TEXT];

                desk_up((void **)&lone);
                knock(lone, &clients[i].client, bytes, from_hex(HEAD_AR ASK OPT, bytes), outcome);
                assert_string_equal(outcome, clients[i].outcome);
                desk_down((void **)&lone);
        }
}

/* Where a socket serves both families, IPv4 clients come mapped; to the settings they are who they are. */
static void test_a_mapped_client_may_what_its_address_may(void **state)
{
        static const char parent[] = HEAD_AR ASK "00 0029 04D0 00000000 001F FFDC 001B 0000 "
                                     "000102030405060708090A0B0C0D0E0F 0000000000000007 01";
        static const struct trace_id id = { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } };
        static const struct client mapped = { "::ffff:127.0.0.1", 4000, TRANSPORT_TCP };
        struct lone_desk lone;
        uint8_t bytes[512];

        (void)state;
        lone_open(&lone, "validation: no\ntrace-allow: [127.0.0.1]\ntrace-parents: [127.0.0.1]\n", 1);
        come(&lone, &mapped, bytes, from_hex(HEAD "046C617374 057472616365 00 0010 0003", bytes));
        assert_int_equal(lone_count(&lone, ACTION_EXPLAIN), 1);
        come(&lone, &mapped, bytes, from_hex(parent, bytes));
        assert_memory_equal(&lone.desk->asked, &id, sizeof id);
        lone_close(&lone);
}

/* The longest name and the most labels there can be; one more byte is too many. */
static void test_long_names(void **state)
{
        struct lone_desk *lone = *state;
        uint8_t bytes[600];
        size_t head = from_hex(HEAD, bytes);
        char outcome[OUTCOME_TEXT];

        for (unsigned labels = 126; labels <= 128; labels++) {
                size_t len = head;

                for (unsigned i = 0; i < labels; i++) {
                        bytes[len++] = 1;
                        bytes[len++] = 'a';
                }
                len += from_hex("00 0001 0001", bytes + len);
                lone_wait(lone, 20000);
                knock(lone, &local, bytes, len, outcome);
                assert_string_equal(outcome, labels <= NAME_LABEL_MAX ? "walks" : "FORMERR");
                lone_feed(lone, &(struct event){ .kind = EVENT_GONE, .gone = { .client = 1 } });
                while (lone->desk->first)
                        request_end(lone->desk->first);
        }
}

/* A query is at most 4,096 bytes, and has at most 32 options. */
static void test_large_queries(void **state)
{
        static const struct {
                unsigned options, option_len;
                const char *outcome;
        } sizes[] = {
                { 32, 0, "walks" },
                { 33, 0, "FORMERR question" },
                { 1, 4096 - HEADER_LEN - 14 - 11 - 4, "walks" },
                { 1, 4096 - HEADER_LEN - 14 - 11 - 3, "FORMERR" },
        };

        (void)state;
        for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                static uint8_t bytes[5000];
                size_t len = from_hex(HEAD_AR ASK "00 0029 04D0 00000000", bytes);
                struct lone_desk *lone;
                char outcome[OUTCOME_TEXT];

                store_u16(bytes + len, (uint16_t)(sizes[i].options * (4 + sizes[i].option_len)));
                len += 2;
                for (unsigned n = 0; n < sizes[i].options; n++) {
                        store_u16(bytes + len, 65001);
                        store_u16(bytes + len + 2, (uint16_t)sizes[i].option_len);
                        len += 4 + sizes[i].option_len;
                }
                desk_up((void **)&lone);
                knock(lone, &local, bytes, len, outcome);
                assert_string_equal(outcome, sizes[i].outcome);
                desk_down((void **)&lone);
        }
}

static void test_settings_open_doors(void **state)
{
        struct lone_desk lone;
        uint8_t bytes[512];
        char outcome[OUTCOME_TEXT];

        (void)state;
        lone_open(&lone,
                  "validation: no\nallow-no-recursion: yes\nallow: [0.0.0.0/0]\n"
                  "stub-zones: [{name: test, addresses: [192.0.2.1]}]\n",
                  1);
        knock(&lone, &(struct client){ "203.0.113.9", 4000, TRANSPORT_UDP }, bytes,
              from_hex("4711 0000 0001 0000 0000 0000 " ASK, bytes), outcome);
        assert_string_equal(outcome, "walks");
        lone_close(&lone);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_table),
                cmocka_unit_test_setup_teardown(test_every_prefix, desk_up, desk_down),
                cmocka_unit_test(test_clients),
                cmocka_unit_test(test_a_mapped_client_may_what_its_address_may),
                cmocka_unit_test_setup_teardown(test_long_names, desk_up, desk_down),
                cmocka_unit_test(test_large_queries),
                cmocka_unit_test(test_settings_open_doors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
