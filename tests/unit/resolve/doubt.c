/*
 * A clock that stands wrong, in virtual time: what clients are told, that time servers can be found all the same, and
 * that all is well as soon as it has been set.
 */
#include "letter.h"
#include "signed_root.h"
#include "virtual.h"
#include "wire/codes.h"
#include "wire/message.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DAY = 86400, YEAR = 365 * DAY, NOW = 1795000000, ROOM = 4096, MS = 1000, PATIENCE_US = 20000000 };

/* A resolver and the root that it asks; everything is forwarded there. */
struct world {
        struct signed_root root;
        struct virtual *v;
        uint8_t answer[ROOM];
        size_t answer_len;
        unsigned published;
};

static void sent(void *context, const struct action *send)
{
        struct world *w = context;
        uint8_t out[ROOM];
        size_t len = signed_root_answer(&w->root, send->send.bytes, send->send.len, out);

        virtual_deliver(w->v, send->send.flight, 10 * MS, out, len);
}

static void answered(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct world *w = context;

        (void)client;
        assert_true(bytes && len <= ROOM);
        memcpy(w->answer, bytes, len);
        w->answer_len = len;
}

static void begin(struct world *w, uint64_t wall_s, const char *more)
{
        const struct virtual_hooks hooks = { .context = w, .sent = sent, .answered = answered };
        char yaml[1000], anchor[SIGNED_ROOT_SETTING_MAX], complaint[VIRTUAL_COMPLAINT_MAX] = "";

        *w = (struct world){ .v = NULL };
        signed_root_init(&w->root, NOW - 10 * DAY, NOW + 10 * DAY);
        snprintf(yaml, sizeof yaml,
                 "forward-zones: [{name: \".\", addresses: [192.0.2.53]}]\n%s%s",
                 signed_root_setting(&w->root, anchor), more);
        w->v = virtual_new(yaml, wall_s, 1, &hooks, complaint);
        if (!w->v)
                fail_msg("%s", complaint);
}

static void end(struct world *w)
{
        virtual_free(w->v);
        signed_root_fini(&w->root);
}

/* The second header word of the answer. */
static unsigned ask(struct world *w, const char *name)
{
        const struct edns edns = { .present = true, .dnssec_ok = true, .udp_size = 1232 };
        const struct endpoint from = { .address = { .family = 4, .bytes = { 127, 0, 0, 1 } }, .port = 1024 };
        uint8_t query[QUERY_MAX];
        size_t len = letter_ask(name, TYPE_A, 7, 0, &edns, query);
        uint64_t until = virtual_now(w->v).mono_us + PATIENCE_US;

        w->answer_len = 0;
        virtual_ask(w->v, 1, &from, TRANSPORT_UDP, query, len);
        while (!w->answer_len && virtual_step(w->v, until))
                ;
        assert_true(w->answer_len >= HEADER_LEN);
        return load_u16(w->answer + 2);
}

static bool is_secure(unsigned flags)
{
        return (flags & FLAG_RCODE_MASK) == RCODE_NOERROR && (flags & FLAG_AD);
}

static bool is_unvalidated(unsigned flags)
{
        return (flags & FLAG_RCODE_MASK) == RCODE_NOERROR && !(flags & FLAG_AD);
}

static bool is_refused(unsigned flags)
{
        return (flags & FLAG_RCODE_MASK) == RCODE_SERVFAIL;
}

static bool told(const struct world *w, const char *text)
{
        return memmem(w->answer, w->answer_len, text, strlen(text)) != NULL;
}

/* The extended error of this code, with a text that begins like this. */
static bool told_as(const struct world *w, uint16_t ede, const char *text)
{
        char bytes[200] = { (char)(ede >> 8), (char)ede };

        strcpy(bytes + 2, text);
        return memmem(w->answer, w->answer_len, bytes, 2 + strlen(text)) != NULL;
}

/* --- Wrong from the start ----------------------------------------------------------------------------------------- */

static const struct {
        int64_t off_s;
        uint16_t ede;
        const char *says;
} row[] = {
        { -(int64_t)NOW, EDE_SIGNATURE_NOT_YET, "the clock is probably wrong: it says 1970-01-01T00:00:00Z, but the "
                                                "keys of the root are good from 2026-11-08" },
        { -YEAR, EDE_SIGNATURE_NOT_YET, "the clock is probably wrong: it says 2025-11-18" },
        { YEAR, EDE_SIGNATURE_EXPIRED, "the clock is probably wrong: it says 2027-11-18" },
        { 11 * YEAR, EDE_SIGNATURE_EXPIRED, "the clock is probably wrong: it says 2037-11-15" },
        { INT64_C(80) * YEAR, EDE_SIGNATURE_NOT_YET, "the clock is probably wrong: it says 2106-" }, /* serial time */
};

static void test_wrong_from_the_start(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
                struct world w;

                begin(&w, (uint64_t)(NOW + row[i].off_s), "");
                assert_true(is_refused(ask(&w, "host.example.")));
                assert_true(told_as(&w, row[i].ede, row[i].says));
                assert_true(is_unvalidated(ask(&w, "0.pool.ntp.org.")));
                assert_true(is_unvalidated(ask(&w, "0.pool.ntp.org.")));
                assert_true(is_refused(ask(&w, "host.example.")));
                virtual_jump(w.v, -row[i].off_s);
                assert_true(is_secure(ask(&w, "host.example.")));
                assert_true(is_secure(ask(&w, "0.pool.ntp.org."))); /* nothing unproven was kept */
                end(&w);
        }
}

/* The first question of all is for a time server. */
static void test_a_time_server_is_asked_for_first(void **state)
{
        struct world w;

        (void)state;
        begin(&w, 0, "");
        assert_true(is_unvalidated(ask(&w, "time.cloudflare.com.")));
        virtual_jump(w.v, NOW);
        assert_true(is_secure(ask(&w, "time.cloudflare.com.")));
        end(&w);
}

static void test_which_names_are_excused(void **state)
{
        struct world w;

        (void)state;
        begin(&w, 0, "ntp-names: [clock.example]\n");
        assert_true(is_refused(ask(&w, "pool.ntp.org.")));
        assert_true(is_unvalidated(ask(&w, "a.clock.example.")));
        assert_true(is_refused(ask(&w, "xclock.example.")));
        end(&w);
        begin(&w, 0, "ntp-names: []\n");
        assert_true(is_refused(ask(&w, "pool.ntp.org.")));
        end(&w);
}

/* --- Wrong later -------------------------------------------------------------------------------------------------- */

static void test_wrong_later_and_right_again(void **state)
{
        struct world w;

        (void)state;
        begin(&w, NOW, "cache-max-ttl: 60\n");
        assert_true(is_secure(ask(&w, "host.example.")));
        virtual_jump(w.v, YEAR);
        assert_true(is_refused(ask(&w, "other.example.")));
        assert_true(is_unvalidated(ask(&w, "pool.ntp.org.")));
        virtual_jump(w.v, -YEAR);
        assert_true(is_secure(ask(&w, "other.example.")));
        end(&w);
}

/* Once the root's keys have held by this clock, keys that are out of their time are somebody's trick, or a mistake. */
static void test_old_keys_raise_no_doubt_once_new_ones_held(void **state)
{
        struct world w;

        (void)state;
        begin(&w, NOW, "cache-max-ttl: 60\n");
        assert_true(is_secure(ask(&w, "host.example.")));
        w.root.inception -= 100 * DAY;
        w.root.expiration -= 100 * DAY;
        while (virtual_step(w.v, virtual_now(w.v).mono_us + 70 * UINT64_C(1000000)))
                ;
        assert_true(is_refused(ask(&w, "other.example.")));
        assert_false(told(&w, "the clock"));
        assert_true(is_refused(ask(&w, "pool.ntp.org.")));
        end(&w);
}

/* Steps of an hour are no reason for anything. */
static void test_an_hour_more_or_less(void **state)
{
        struct world w;

        (void)state;
        begin(&w, NOW, "");
        assert_true(is_secure(ask(&w, "host.example.")));
        for (int i = 0; i < 4; i++) {
                virtual_jump(w.v, i % 2 ? 3600 : -3600);
                assert_true(is_secure(ask(&w, "host.example.")));
                assert_true(is_secure(ask(&w, i % 2 ? "a.example." : "b.example.")));
        }
        end(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_wrong_from_the_start),
                cmocka_unit_test(test_a_time_server_is_asked_for_first),
                cmocka_unit_test(test_which_names_are_excused),
                cmocka_unit_test(test_wrong_later_and_right_again),
                cmocka_unit_test(test_old_keys_raise_no_doubt_once_new_ones_held),
                cmocka_unit_test(test_an_hour_more_or_less),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
