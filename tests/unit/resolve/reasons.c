/*
 * What a person reads when something does not validate: the lab has a zone for each fault, and for each fault there is
 * one extended error and one sentence, in which '#' stands for a number and '@' for a server. A second client is told
 * the same out of the cache.
 */
#include "authority/authority.h"
#include "lab_client.h"
#include "virtual.h"
#include "wire/codes.h"
#include "wire/compose.h"
#include "wire/message.h"
#include "wire/rrtype.h"
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { DELAY_US = 5000, PATIENCE_US = 8000000, SEED = 1 };

static const uint64_t wall_s = 4000000000; /* after the day of any build: a clock before that is the reason for all */

/* What the network does beside what the zone has done. */
enum trouble { NONE, KEYS_FAIL, SERVERS_REFUSE };

static const struct {
        const char *name;
        uint16_t type;
        enum trouble trouble;
        unsigned rcode, ede;
        const char *sentence;
} rows[] = {
        {"www.newalgorithm.lab.", TYPE_A, NONE, 0, EDE_DNSKEY_ALGORITHM,
         "no algorithm of the DS records of newalgorithm.lab. is supported"},
        {"none.newalgorithm.lab.", TYPE_A, NONE, 3, EDE_DNSKEY_ALGORITHM,
         "no algorithm of the DS records of newalgorithm.lab. is supported"},
        {"www.newdigest.lab.", TYPE_A, NONE, 0, EDE_DS_DIGEST,
         "no digest of the DS records of newdigest.lab. is supported"},
        {"www.ed25519.lab.", TYPE_A, KEYS_FAIL, 2, EDE_INDETERMINATE,
         "the DNSKEY records of ed25519.lab. cannot be had: @: SERVFAIL"},
        {"www.bogus.bad.", TYPE_A, NONE, 2, EDE_BOGUS,
         "the signature over www.bogus.bad. A by key # does not hold, from @"},
        {"none.bogus.bad.", TYPE_A, NONE, 2, EDE_BOGUS,
         "the signature over bogus.bad. NSEC by key # does not hold, from @"},
        {"www.wrongsigner.bad.", TYPE_A, NONE, 2, EDE_BOGUS,
         "www.wrongsigner.bad. A is signed by bad., which is not its zone, from @"},
        {"www.morelabels.bad.", TYPE_A, NONE, 2, EDE_BOGUS,
         "the signature over www.morelabels.bad. A by key # has a wrong label count, from @"},
        {"www.expired.bad.", TYPE_A, NONE, 2, EDE_SIGNATURE_EXPIRED,
         "the signature over expired.bad. DNSKEY by key # expired at 2096-09-29T07:06:40Z, 3 d ago, from @"},
        {"www.future.bad.", TYPE_A, NONE, 2, EDE_SIGNATURE_NOT_YET,
         "the signature over future.bad. DNSKEY by key # begins at 2096-10-12T07:06:40Z, in 10 d, from @"},
        {"www.backwards.bad.", TYPE_A, NONE, 2, EDE_SIGNATURE_BEFORE,
         "the signature over backwards.bad. DNSKEY by key # expires before it begins, from @"},
        {"www.stripped.bad.", TYPE_A, NONE, 2, EDE_DNSKEY_MISSING,
         "stripped.bad. has a DS record but no DNSKEY, from @"},
        {"www.wrongds.bad.", TYPE_A, NONE, 2, EDE_DNSKEY_MISSING,
         "no key of wrongds.bad. is named by its DS records (key #), from @"},
        {"www.wrongtag.bad.", TYPE_A, NONE, 2, EDE_DNSKEY_MISSING,
         "www.wrongtag.bad. A is signed by key #, which wrongtag.bad. does not have, from @"},
        {"www.keysbyother.bad.", TYPE_A, NONE, 2, EDE_DNSKEY_MISSING,
         "keysbyother.bad. DNSKEY is signed by key #, which no DS record names, from @"},
        {"www.keysunsigned.bad.", TYPE_A, NONE, 2, EDE_RRSIGS_MISSING,
         "keysunsigned.bad. DNSKEY is not signed, from @"},
        {"www.unsigned.bad.", TYPE_A, NONE, 2, EDE_RRSIGS_MISSING,
         "www.unsigned.bad. A is not signed, but its zone unsigned.bad. is, from @"},
        {"none.unsigned.bad.", TYPE_A, NONE, 2, EDE_RRSIGS_MISSING,
         "none.unsigned.bad. A is not signed, but its zone unsigned.bad. is, from @"},
        {"www.keynotzone.bad.", TYPE_A, NONE, 2, EDE_NO_ZONE_KEY,
         "key # of keynotzone.bad., which signed www.keynotzone.bad. A, lacks the zone key bit, from @"},
        {"none.noproof.bad.", TYPE_A, NONE, 2, EDE_NSEC_MISSING,
         "nothing proves that none.noproof.bad. does not exist, from @"},
        {"www.noproof.bad.", TYPE_MX, NONE, 2, EDE_NSEC_MISSING,
         "nothing proves that www.noproof.bad. has no MX, from @"},
        {"none.badproof.bad.", TYPE_A, NONE, 2, EDE_NSEC_MISSING,
         "no NSEC record is about none.badproof.bad. or its wildcard, from @"},
        {"www.refused.bad.", TYPE_A, NONE, 2, EDE_NO_AUTHORITY, "@: REFUSED"},
        {"www.p384.lab.", TYPE_A, SERVERS_REFUSE, 2, EDE_NETWORK, "@: it refused the connection"},
        {"none.iterations.bad.", TYPE_A, NONE, 3, EDE_NSEC3_ITERATIONS,
         "the NSEC3 records of iterations.bad. want 2500 iterations with a salt of 0 bytes; at most 50 are done"},
        {"www.wrongttl.bad.", TYPE_A, NONE, 0, EDE_NEGATIVE_ANCHOR,
         "nothing is validated below the negative trust anchor wrongttl.bad."},
};

struct world {
        struct virtual *v;
        struct authority *authority;
        enum trouble trouble;
        struct name zone; /* that has the trouble */
        bool answered;
        unsigned rcode, ede_count, ede;
        char sentence[512];
        uint8_t answer[AUTHORITY_MESSAGE_MAX];
};

/* --- Servers ------------------------------------------------------------------------------------------------------ */

static bool is_troubled(const struct world *world, const struct action *send)
{
        struct query query;

        assert_int_equal(query_read(send->send.bytes, send->send.len, &query), ERR_OK);
        if (!name_is_at_or_below(&query.question.name, &world->zone) || query.question.type == TYPE_DS)
                return false;
        return world->trouble == KEYS_FAIL ? query.question.type == TYPE_DNSKEY : world->trouble == SERVERS_REFUSE;
}

/* The query as an answer that fails. */
static size_t fail_for_server(const struct action *send, uint8_t *out)
{
        struct query query;
        struct compose c;

        assert_int_equal(query_read(send->send.bytes, send->send.len, &query), ERR_OK);
        compose_begin(&c, out, 512, query.id, FLAG_QR);
        compose_set_rcode(&c, RCODE_SERVFAIL);
        assert_int_equal(compose_question(&c, &query.question), ERR_OK);
        return c.len;
}

static void server_gets(void *context, const struct action *send)
{
        struct world *world = context;
        struct authority_address server = {.len = (uint8_t)address_len(&send->send.to.address)};
        bool tcp = send->send.transport == TRANSPORT_TCP, troubled = is_troubled(world, send);
        struct authority_manner manner = {0};

        memcpy(server.bytes, send->send.to.address.bytes, server.len);
        size_t len = authority_answer(world->authority, &server, tcp, send->send.bytes, send->send.len, world->answer,
                                      sizeof world->answer, &manner);
        if (troubled && world->trouble == KEYS_FAIL)
                len = fail_for_server(send, world->answer);
        if (troubled && world->trouble == SERVERS_REFUSE)
                virtual_fail(world->v, send->send.flight, DELAY_US, FAILURE_REFUSED);
        else if (len)
                virtual_deliver(world->v, send->send.flight, DELAY_US, world->answer, len);
}

/* --- Clients ------------------------------------------------------------------------------------------------------ */

static void client_gets(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct world *world = context;
        struct message message;
        struct arena arena;

        (void)client;
        arena_init(&arena, 1 << 20);
        assert_non_null(bytes);
        assert_int_equal(message_read(bytes, len, &arena, &message), ERR_OK);
        world->answered = true;
        world->rcode = message.rcode;
        world->ede_count = message.edns.ede_count;
        if (world->ede_count) {
                world->ede = message.edns.ede[0].code;
                snprintf(world->sentence, sizeof world->sentence, "%.*s", (int)message.edns.ede[0].text_len,
                         (const char *)message.edns.ede[0].text);
        }
        arena_fini(&arena);
}

static void ask(struct world *world, const char *name, uint16_t type)
{
        static const struct endpoint from = {.address = {.family = 4, .bytes = {127, 0, 0, 1}}, .port = 1053};
        struct edns edns = {.present = true, .udp_size = 1232};
        struct question question = {.type = type, .class = CLASS_IN};
        uint8_t room[NAME_WIRE_MAX], bytes[512];
        struct compose c;

        world->answered = false;
        world->sentence[0] = '\0';
        assert_int_equal(name_from_text(name, room, &question.name), ERR_OK);
        compose_begin(&c, bytes, sizeof bytes, 7, FLAG_RD);
        assert_int_equal(compose_question(&c, &question), ERR_OK);
        assert_int_equal(compose_opt(&c, &edns), ERR_OK);
        uint64_t until = virtual_now(world->v).mono_us + PATIENCE_US;
        virtual_ask(world->v, 1, &from, TRANSPORT_UDP, bytes, c.len);
        while (!world->answered && virtual_step(world->v, until))
                ;
        assert_true(world->answered);
}

/* --- Sentences ---------------------------------------------------------------------------------------------------- */

/* '#' is a number, '@' an address; behind the sentence the trace is named. */
static bool is_sentence(const char *pattern, const char *text)
{
        for (; *pattern; pattern++) {
                if (*pattern != '#' && *pattern != '@') {
                        if (*text++ != *pattern)
                                return false;
                        continue;
                }
                bool number = *pattern == '#';
                size_t len = strspn(text, number ? "0123456789" : "0123456789abcdef.:");
                if (!number && len && text[len - 1] == ':')
                        len--; /* that one is of the sentence */
                if (!len)
                        return false;
                text += len;
        }
        return !strncmp(text, " [trace ", 8) && strlen(text) == 8 + 8 + 1;
}

static void assert_told(const struct world *world, size_t i, const char *when)
{
        if (world->rcode != rows[i].rcode || world->ede_count != 1 || world->ede != rows[i].ede)
                fail_msg("%s, %s: rcode %u, %u extended errors, %u: %s", rows[i].name, when, world->rcode,
                         world->ede_count, world->ede, world->sentence);
        if (!is_sentence(rows[i].sentence, world->sentence))
                fail_msg("%s, %s: %s", rows[i].name, when, world->sentence);
}

static void make_trouble(struct world *world, size_t i)
{
        static uint8_t room[NAME_WIRE_MAX];
        struct name name;

        assert_int_equal(name_from_text(rows[i].name, room, &name), ERR_OK);
        world->zone = name_strip(&name, 1);
        world->trouble = rows[i].trouble;
}

static void test_each_fault_has_a_sentence(void **state)
{
        struct world *world = *state;

        for (size_t i = 0; i < COUNT(rows); i++) {
                make_trouble(world, i);
                ask(world, rows[i].name, rows[i].type);
                assert_told(world, i, "walked");
                ask(world, rows[i].name, rows[i].type);
                assert_told(world, i, "remembered");
        }
        print_message("%zu faults\n", COUNT(rows));
}

/* --- The world ---------------------------------------------------------------------------------------------------- */

static int open_world(void **state)
{
        static struct world world;
        struct virtual_hooks hooks = {.context = &world, .sent = server_gets, .answered = client_gets};
        struct authority_settings settings = {.seed = SEED, .wall_s = wall_s};
        char complaint[VIRTUAL_COMPLAINT_MAX], lab_complaint[AUTHORITY_COMPLAINT_MAX], dir[4096];

        snprintf(dir, sizeof dir, "%s/zones/lab", getenv("CAIRN_SOURCE") ? getenv("CAIRN_SOURCE") : ".");
        world.authority = authority_load(dir, &settings, lab_complaint);
        if (!world.authority)
                fail_msg("%s", lab_complaint);
        char *yaml =
                lab_settings(world.authority, "do-not-query-localhost: no\nnegative-trust-anchors: [wrongttl.bad]\n");
        world.v = virtual_new(yaml, wall_s, SEED, &hooks, complaint);
        free(yaml);
        if (!world.v)
                fail_msg("%s", complaint);
        *state = &world;
        return 0;
}

static int close_world(void **state)
{
        struct world *world = *state;

        virtual_free(world->v);
        authority_free(world->authority);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_each_fault_has_a_sentence, open_world, close_world),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
