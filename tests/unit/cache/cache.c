/*
 * The cache of one worker over the store in memory: what is put is found again, by its worker at once and by the others
 * once it is settled; how long; and what gives way to what.
 */
#include "cache/cache.h"
#include "cache/batch.h"
#include "cache/settle.h"
#include "config/settings.h"
#include "dnssec/anchor.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t secret[SIPHASH_KEY_LEN] = "0123456789abcde";

static struct settings settings = { .cache_max_ttl = 86400, .cache_max_negative_ttl = 3600 };

struct bench {
        struct store *store;
        struct hand *hand;
        struct cache *cache, *other; /* two workers */
        struct arena arena;
        struct moment now;
};

static int bench_up(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        bench->store = store_ram_new(1 << 20, secret);
        bench->hand = hand_new(1 << 20, 0);
        bench->cache = cache_new(bench->store, bench->hand, &settings);
        bench->other = cache_new(bench->store, bench->hand, &settings);
        arena_init(&bench->arena, 1 << 20);
        bench->now = (struct moment){ .cache_s = 1000000 };
        cache_begin(bench->cache, &bench->now);
        cache_begin(bench->other, &bench->now);
        *state = bench;
        return 0;
}

static int bench_down(void **state)
{
        struct bench *bench = *state;

        cache_free(bench->cache);
        cache_free(bench->other);
        hand_free(bench->hand);
        store_close(bench->store);
        arena_fini(&bench->arena);
        free(bench);
        return 0;
}

/* A new moment for both workers. */
static void pass(struct bench *bench, uint64_t seconds)
{
        bench->now.cache_s += seconds;
        cache_end(bench->cache);
        cache_end(bench->other);
        cache_begin(bench->cache, &bench->now);
        cache_begin(bench->other, &bench->now);
}

static struct settled settle(struct bench *bench)
{
        struct settled settled = { 0 };

        cache_tend(bench->cache);
        struct batch *batch = cache_take_batch(bench->cache);
        if (batch)
                settled = settle_apply(bench->store, bench->hand, &batch, 1, bench->now.cache_s);
        cache_tend(bench->cache);
        pass(bench, 0);
        return settled;
}

static struct name name_of(struct bench *bench, const char *text)
{
        uint8_t *room = arena_alloc(&bench->arena, NAME_WIRE_MAX);
        struct name name;

        assert_int_equal(name_from_text(text, room, &name), ERR_OK);
        return name;
}

/* A set with one record. */
static struct rrset set_of(struct bench *bench, const char *owner, uint16_t type, const void *rdata, size_t len,
                           uint32_t ttl)
{
        struct rdata *record = arena_alloc(&bench->arena, sizeof(*record));

        *record = (struct rdata){ .bytes = arena_copy(&bench->arena, rdata, len), .len = (uint16_t)len };
        return (struct rrset){
                .owner = name_of(bench, owner), .type = type, .class = 1, .ttl = ttl, .count = 1, .rdata = record,
        };
}

static struct finding finding_of(struct bench *bench, enum finding_kind kind, uint32_t ttl)
{
        return (struct finding){
                .kind = kind, .verdict = VERDICT_INSECURE, .rank = RANK_AUTHORITY,
                .stored_at = bench->now.cache_s, .ends_at = bench->now.cache_s + ttl,
                .server = { .family = 4, .bytes = { 192, 0, 2, 1 } }, .trace = { { 7 } },
        };
}

static struct finding address_of(struct bench *bench, const char *owner, uint8_t last, uint32_t ttl)
{
        struct finding finding = finding_of(bench, FINDING_SET, ttl);

        finding.set = set_of(bench, owner, TYPE_A, (uint8_t[]){ 192, 0, 2, last }, 4, ttl);
        return finding;
}

/* mname and rname the root; MINIMUM as given. */
static struct finding absence_of(struct bench *bench, enum finding_kind kind, uint32_t ttl, uint32_t minimum)
{
        struct finding finding = finding_of(bench, kind, 86400);
        uint8_t soa[22] = { 0 };

        soa[20] = (uint8_t)(minimum >> 8);
        soa[21] = (uint8_t)minimum;
        finding.proof[0] = set_of(bench, "example.", TYPE_SOA, soa, sizeof(soa), ttl);
        finding.proof_count = 1;
        return finding;
}

static struct finding failure_of(struct bench *bench, uint32_t ttl)
{
        struct finding finding = finding_of(bench, FINDING_FAILURE, ttl);

        finding.verdict = VERDICT_UNCHECKED;
        finding.rcode = 2;
        finding.failures = 3;
        finding.ede = (struct ede){ .code = 22, .text_len = 5, .text = "hello" };
        return finding;
}

static bool put(struct bench *bench, const char *name, uint16_t type, const struct finding *finding, uint32_t *ttl)
{
        struct name owner = name_of(bench, name);
        uint32_t unused;

        return cache_put(bench->cache, 0, &owner, type, finding, ttl ? ttl : &unused);
}

static bool get_of(struct bench *bench, struct cache *cache, cache_partition partition, const char *name, uint16_t type,
                   uint32_t stale_s, struct finding *out)
{
        struct name owner = name_of(bench, name);

        return cache_get(cache, partition, &owner, type, stale_s, &bench->arena, out);
}

static bool get(struct bench *bench, const char *name, uint16_t type, struct finding *out)
{
        return get_of(bench, bench->cache, 0, name, type, 0, out);
}

/* --- Tests ------------------------------------------------------------------------------------------------------ */

static void test_own_puts_are_found_at_once_others_when_settled(void **state)
{
        struct bench *bench = *state;
        struct finding finding = address_of(bench, "Www.Example.", 1, 300), out;

        assert_true(put(bench, "www.example.", TYPE_A, &finding, NULL));
        assert_true(get(bench, "WWW.example.", TYPE_A, &out));
        assert_int_equal(out.kind, FINDING_SET);
        assert_int_equal(out.set.count, 1);
        assert_memory_equal(out.set.rdata[0].bytes, "\xc0\x00\x02\x01", 4);
        assert_true(name_equal_case(&out.set.owner, &finding.set.owner));
        assert_int_equal(out.trace.bytes[0], 7);
        assert_true(address_equal(&out.server, &finding.server));
        assert_false(get_of(bench, bench->other, 0, "www.example.", TYPE_A, 0, &out));

        assert_int_equal(settle(bench).put, 1);
        assert_true(get(bench, "www.example.", TYPE_A, &out));
        assert_true(get_of(bench, bench->other, 0, "www.example.", TYPE_A, 0, &out));
        assert_false(get(bench, "www.example.", TYPE_AAAA, &out));
        assert_false(get(bench, "www.example.org.", TYPE_A, &out));
}

static void test_routes_do_not_mix(void **state)
{
        struct bench *bench = *state;
        struct finding finding = address_of(bench, "www.example.", 1, 300), out;
        struct name name = name_of(bench, "www.example.");
        uint32_t ttl;

        assert_true(cache_put(bench->cache, 77, &name, TYPE_A, &finding, &ttl));
        settle(bench);
        assert_false(get(bench, "www.example.", TYPE_A, &out));
        assert_true(get_of(bench, bench->cache, 77, "www.example.", TYPE_A, 0, &out));
}

static void test_ttl_is_capped(void **state)
{
        static const struct { uint32_t min, max, ttl, kept; } rows[] = {
                { 0, 86400, 300, 300 }, { 0, 86400, 86401, 86400 }, { 0, 86400, UINT32_MAX / 2, 86400 },
                { 0, 86400, 0, 0 }, { 5, 86400, 0, 5 }, { 5, 86400, 4, 5 }, { 5, 86400, 6, 6 }, { 60, 10, 3, 10 },
                { 0, 0, 300, 0 },
        };
        struct bench *bench = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct settings caps = { .cache_min_ttl = rows[i].min, .cache_max_ttl = rows[i].max };
                struct finding finding = address_of(bench, "www.example.", 1, rows[i].ttl);
                struct finding out;
                uint32_t ttl = 0;
                char name[32];

                cache_adopt(bench->cache, &caps, NULL);
                snprintf(name, sizeof(name), "n%zu.example.", i);
                assert_int_equal(put(bench, name, TYPE_A, &finding, &ttl), rows[i].kept != 0);
                assert_int_equal(ttl, rows[i].kept);
                if (rows[i].kept) {
                        assert_true(get(bench, name, TYPE_A, &out));
                        assert_int_equal(out.set.ttl, rows[i].kept);
                        assert_int_equal(out.ends_at - out.stored_at, rows[i].kept);
                }
        }
}

/* RFC 2308 5: the smaller of the SOA's TTL and its MINIMUM. */
static void test_absence_lives_by_its_soa(void **state)
{
        static const struct { uint32_t soa_ttl, minimum, kept; } rows[] = {
                { 900, 300, 300 }, { 300, 900, 300 }, { 9000, 9000, 3600 }, { 0, 900, 0 }, { 900, 0, 0 },
        };
        struct bench *bench = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct finding finding = absence_of(bench, FINDING_NODATA, rows[i].soa_ttl, rows[i].minimum);
                uint32_t ttl = 0;

                assert_int_equal(put(bench, "x.example.", TYPE_A + i, &finding, &ttl), rows[i].kept != 0);
                assert_int_equal(ttl, rows[i].kept);
        }
        struct finding bare = finding_of(bench, FINDING_NODATA, 300);
        assert_false(put(bench, "x.example.", TYPE_A, &bare, NULL));
}

static void test_a_name_that_is_not_there_lacks_every_type(void **state)
{
        struct bench *bench = *state;
        struct finding finding = absence_of(bench, FINDING_NXDOMAIN, 300, 300), out;

        assert_true(put(bench, "no.example.", TYPE_A, &finding, NULL));
        settle(bench);
        assert_true(get(bench, "no.example.", TYPE_MX, &out));
        assert_int_equal(out.kind, FINDING_NXDOMAIN);
        assert_int_equal(out.proof_count, 1);
        assert_int_equal(out.proof[0].type, TYPE_SOA);
        assert_false(get(bench, "x.no.example.", TYPE_A, &out));
}

/* Who asks for a type alone does not hear that there is no such name. */
static void test_a_type_alone(void **state)
{
        struct bench *bench = *state;
        struct finding none = absence_of(bench, FINDING_NXDOMAIN, 300, 300), set, out;
        struct name no = name_of(bench, "no.example."), www = name_of(bench, "www.example.");

        set = address_of(bench, "www.example.", 1, 300);
        assert_true(put(bench, "no.example.", TYPE_A, &none, NULL));
        assert_true(put(bench, "www.example.", TYPE_A, &set, NULL));
        settle(bench);
        assert_false(cache_get_type(bench->cache, 0, &no, TYPE_A, 60, &bench->arena, &out));
        assert_false(cache_get_type(bench->cache, 0, &www, TYPE_AAAA, 60, &bench->arena, &out));
        assert_true(cache_get_type(bench->cache, 0, &www, TYPE_A, 0, &bench->arena, &out));
        assert_false(out.stale);
        pass(bench, 300);
        assert_false(cache_get_type(bench->cache, 0, &www, TYPE_A, 0, &bench->arena, &out));
        assert_true(cache_get_type(bench->cache, 0, &www, TYPE_A, 60, &bench->arena, &out));
        assert_true(out.stale);
}

static void test_entries_end_and_serve_stale_on_request(void **state)
{
        struct bench *bench = *state;
        struct finding finding = address_of(bench, "www.example.", 1, 300), out;

        put(bench, "www.example.", TYPE_A, &finding, NULL);
        settle(bench);
        pass(bench, 299);
        assert_true(get(bench, "www.example.", TYPE_A, &out));
        pass(bench, 1);
        assert_false(get(bench, "www.example.", TYPE_A, &out));
        assert_true(get_of(bench, bench->cache, 0, "www.example.", TYPE_A, 60, &out));
        assert_true(out.ends_at <= bench->now.cache_s);
        pass(bench, 60);
        assert_false(get_of(bench, bench->cache, 0, "www.example.", TYPE_A, 60, &out));
}

static void test_failure_is_noted_beside_the_data(void **state)
{
        struct bench *bench = *state;
        struct finding finding = address_of(bench, "www.example.", 1, 300), failure, out;

        put(bench, "www.example.", TYPE_A, &finding, NULL);
        settle(bench);
        pass(bench, 400);
        failure = failure_of(bench, 20);
        assert_true(put(bench, "www.example.", TYPE_A, &failure, NULL));
        settle(bench);
        assert_true(get(bench, "www.example.", TYPE_A, &out));
        assert_int_equal(out.kind, FINDING_FAILURE);
        assert_int_equal(out.rcode, 2);
        assert_int_equal(out.failures, 3);
        assert_int_equal(out.ede.code, 22);
        assert_memory_equal(out.ede.text, "hello", 5);
        assert_false(get(bench, "www.example.", TYPE_AAAA, &out));
        assert_true(get_of(bench, bench->cache, 0, "www.example.", TYPE_A, 3600, &out));
        assert_int_equal(out.kind, FINDING_SET);
        pass(bench, 20);
        assert_false(get(bench, "www.example.", TYPE_A, &out));
}

static void test_bogus_is_kept_apart(void **state)
{
        struct bench *bench = *state;
        struct finding finding = address_of(bench, "bad.example.", 1, 300), out;
        struct name name = name_of(bench, "bad.example.");
        uint32_t ttl;

        finding.verdict = VERDICT_BOGUS;
        assert_true(put(bench, "bad.example.", TYPE_A, &finding, &ttl));
        assert_int_equal(ttl, 60);
        settle(bench);
        assert_false(get(bench, "bad.example.", TYPE_A, &out));
        assert_true(cache_get_bogus(bench->cache, 0, &name, TYPE_A, &bench->arena, &out));
        assert_int_equal(out.verdict, VERDICT_BOGUS);
}

/* Clients that set CD get what is bogus, never the failure to validate it; the others get the failure (RFC 9520 3.2). */
static void test_failure_to_validate_is_a_failure(void **state)
{
        struct bench *bench = *state;
        struct finding failure = failure_of(bench, 5), out;
        struct name name = name_of(bench, "bad.example.");

        failure.verdict = VERDICT_BOGUS;
        assert_true(put(bench, "bad.example.", TYPE_A, &failure, NULL));
        settle(bench);
        assert_true(get(bench, "bad.example.", TYPE_A, &out));
        assert_int_equal(out.kind, FINDING_FAILURE);
        assert_int_equal(out.verdict, VERDICT_BOGUS);
        assert_false(cache_get_bogus(bench->cache, 0, &name, TYPE_A, &bench->arena, &out));
}

static void test_lower_rank_does_not_replace(void **state)
{
        struct bench *bench = *state;
        struct finding best = address_of(bench, "www.example.", 1, 300), glue, out;

        put(bench, "www.example.", TYPE_A, &best, NULL);
        glue = address_of(bench, "www.example.", 2, 900);
        glue.rank = RANK_GLUE;
        assert_false(put(bench, "www.example.", TYPE_A, &glue, NULL)); /* what is pending is worth more */
        settle(bench);
        put(bench, "www.example.", TYPE_A, &glue, NULL);
        assert_int_equal(settle(bench).kept, 1);
        assert_true(get(bench, "www.example.", TYPE_A, &out));
        assert_int_equal(out.set.rdata[0].bytes[3], 1);
        pass(bench, 300);
        glue = address_of(bench, "www.example.", 2, 900);
        glue.rank = RANK_GLUE;
        put(bench, "www.example.", TYPE_A, &glue, NULL);
        assert_int_equal(settle(bench).put, 1);
}

static void test_other_anchors_are_a_miss(void **state)
{
        struct bench *bench = *state;
        struct finding finding = address_of(bench, "www.example.", 1, 300), out;
        struct settings others = settings;

        put(bench, "www.example.", TYPE_A, &finding, NULL);
        settle(bench);
        others.validation = VALIDATION_YES;
        cache_adopt(bench->cache, &others, anchors_new(&others, NULL, &bench->arena));
        assert_false(get(bench, "www.example.", TYPE_A, &out));
        cache_adopt(bench->cache, &settings, NULL);
        assert_true(get(bench, "www.example.", TYPE_A, &out));
}

static void test_a_negative_anchor_concerns_its_names_alone(void **state)
{
        struct bench *bench = *state;
        struct finding inside = address_of(bench, "www.island.example.", 1, 300), out;
        struct finding outside = address_of(bench, "www.example.", 2, 300);
        struct name island = name_of(bench, "island.example.");
        struct settings with = settings;

        with.negative_trust_anchors = (struct name_list){ .count = 1, .item = &island };
        cache_adopt(bench->cache, &settings, anchors_new(&settings, NULL, &bench->arena));
        put(bench, "www.island.example.", TYPE_A, &inside, NULL);
        put(bench, "www.example.", TYPE_A, &outside, NULL);
        settle(bench);
        cache_adopt(bench->cache, &with, anchors_new(&with, NULL, &bench->arena));
        assert_false(get(bench, "www.island.example.", TYPE_A, &out));
        assert_true(get(bench, "www.example.", TYPE_A, &out));
        cache_adopt(bench->cache, &settings, NULL);
}

static void test_delegation_comes_back_whole(void **state)
{
        struct bench *bench = *state;
        struct delegation in = {
                .cut = name_of(bench, "example."), .stored_at = bench->now.cache_s, .ends_at = bench->now.cache_s + 600,
                .verdict = VERDICT_SECURE, .ds_state = DS_PRESENT, .server_count = 2, .trace = { { 9 } },
        };
        const struct delegation *out;

        in.ds = set_of(bench, "example.", TYPE_DS, "\x12\x34\x08\x02" "0123456789abcdef0123456789abcdef", 36, 600);
        in.server[0] = (struct delegation_server){
                .name = name_of(bench, "ns1.example."), .address_count = 2,
                .address = { { .family = 4, .bytes = { 192, 0, 2, 9 } }, { .family = 6, .bytes = { 0x20, 1 } } },
        };
        in.server[1] = (struct delegation_server){ .name = name_of(bench, "ns.other.") };
        assert_null(cache_get_delegation(bench->cache, 0, &in.cut, &bench->arena));
        assert_true(cache_put_delegation(bench->cache, 0, &in));
        settle(bench);
        out = cache_get_delegation(bench->cache, 0, &in.cut, &bench->arena);
        assert_non_null(out);
        assert_true(name_equal(&out->cut, &in.cut));
        assert_int_equal(out->ends_at, in.ends_at);
        assert_int_equal(out->ds_state, DS_PRESENT);
        assert_true(rrset_equal(&out->ds, &in.ds));
        assert_int_equal(out->server_count, 2);
        assert_int_equal(out->server[0].address_count, 2);
        assert_true(address_equal(&out->server[0].address[1], &in.server[0].address[1]));
        assert_true(name_equal(&out->server[1].name, &in.server[1].name));
        pass(bench, 600);
        assert_null(cache_get_delegation(bench->cache, 0, &in.cut, &bench->arena));
}

static void test_servers_are_remembered_and_written_later(void **state)
{
        struct bench *bench = *state;
        struct address address = { .family = 6, .bytes = { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
        struct server_note note = {
                .srtt_us = 12345, .seen_at = bench->now.cache_s, .cookie_len = 8, .cookie = "12345678"};
        struct server_note out;

        assert_false(cache_get_server(bench->cache, &address, &out));
        cache_put_server(bench->cache, &address, &note);
        assert_true(cache_get_server(bench->cache, &address, &out));
        assert_int_equal(out.srtt_us, 12345);
        assert_null(cache_take_batch(bench->cache));
        assert_false(cache_get_server(bench->other, &address, &out));
        pass(bench, 10);
        assert_int_equal(settle(bench).put, 1);
        assert_true(cache_get_server(bench->other, &address, &out));
        assert_int_equal(out.srtt_us, 12345);
        assert_memory_equal(out.cookie, "12345678", 8);
}

static void test_flush_voids_what_is_pending(void **state)
{
        struct bench *bench = *state;
        struct finding finding = address_of(bench, "www.example.", 1, 300), out;
        struct batch *batch;

        put(bench, "a.example.", TYPE_A, &finding, NULL);
        batch = cache_take_batch(bench->cache);
        put(bench, "b.example.", TYPE_A, &finding, NULL);
        store_generation_bump(bench->store);
        pass(bench, 0);
        assert_false(get(bench, "a.example.", TYPE_A, &out));
        assert_false(get(bench, "b.example.", TYPE_A, &out));
        assert_int_equal(settle_apply(bench->store, NULL, &batch, 1, bench->now.cache_s).flushed, 1);
        put(bench, "c.example.", TYPE_A, &finding, NULL);
        settle(bench);
        assert_true(get(bench, "c.example.", TYPE_A, &out));
        assert_false(get(bench, "a.example.", TYPE_A, &out));
}

static void test_long_names_are_served_not_stored(void **state)
{
        struct bench *bench = *state;
        struct finding finding = address_of(bench, "www.example.", 1, 300);
        uint8_t wire[NAME_WIRE_MAX] = { 0 };

        /* 240 bytes of 00, each of which takes two in a key. */
        for (int i = 0; i < 4; i++)
                wire[i * 60] = 59;
        struct name name = { .wire = wire, .len = 241, .label_count = 4 };
        uint32_t ttl;
        assert_false(cache_put(bench->cache, 0, &name, TYPE_A, &finding, &ttl));
        struct finding out;
        assert_false(cache_get(bench->cache, 0, &name, TYPE_A, 0, &bench->arena, &out));
}

static void test_a_full_arena_is_a_miss(void **state)
{
        struct bench *bench = *state;
        struct finding finding = address_of(bench, "www.example.", 1, 300), out;
        struct name name = name_of(bench, "www.example.");
        struct arena small;

        put(bench, "www.example.", TYPE_A, &finding, NULL);
        settle(bench);
        arena_init(&small, 1);
        assert_false(cache_get(bench->cache, 0, &name, TYPE_A, 0, &small, &out));
        arena_fini(&small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_own_puts_are_found_at_once_others_when_settled),
                TEST(test_routes_do_not_mix),
                TEST(test_ttl_is_capped),
                TEST(test_absence_lives_by_its_soa),
                TEST(test_a_name_that_is_not_there_lacks_every_type),
                TEST(test_a_type_alone),
                TEST(test_entries_end_and_serve_stale_on_request),
                TEST(test_failure_is_noted_beside_the_data),
                TEST(test_bogus_is_kept_apart),
                TEST(test_failure_to_validate_is_a_failure),
                TEST(test_lower_rank_does_not_replace),
                TEST(test_other_anchors_are_a_miss),
                TEST(test_a_negative_anchor_concerns_its_names_alone),
                TEST(test_delegation_comes_back_whole),
                TEST(test_servers_are_remembered_and_written_later),
                TEST(test_flush_voids_what_is_pending),
                TEST(test_long_names_are_served_not_stored),
                TEST(test_a_full_arena_is_a_miss),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
