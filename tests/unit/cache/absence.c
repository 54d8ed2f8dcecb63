/*
 * Negative answers out of proofs learned for other questions: what follows from a few records of a zone and what must
 * not, how long, and that zones, routes and flushes keep them apart. The records are made up; nothing here checks
 * signatures.
 */
#include "cache/absence.h"
#include "cache/batch.h"
#include "cache/range.h"
#include "cache/settle.h"
#include "config/settings.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TTL = 600, SIGNED_SHORT = 80, WALL_S = 1700000000, TYPES_MAX = 8 };

static const uint8_t secret[SIPHASH_KEY_LEN] = "0123456789abcde";

static struct settings settings = { .cache_max_ttl = 86400, .cache_max_negative_ttl = 3600 };

struct bench {
        struct store *store;
        struct cache *cache, *other; /* two workers */
        struct arena arena;
        struct moment now;
};

static int bench_up(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        bench->store = store_ram_new(1 << 20, secret);
        bench->cache = cache_new(bench->store, NULL, &settings);
        bench->other = cache_new(bench->store, NULL, &settings);
        arena_init(&bench->arena, 1 << 22);
        bench->now = (struct moment){ .cache_s = 1000000, .wall_s = WALL_S };
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
        store_close(bench->store);
        arena_fini(&bench->arena);
        free(bench);
        return 0;
}

static void pass(struct bench *bench, uint64_t seconds)
{
        bench->now.cache_s += seconds;
        bench->now.wall_s += seconds;
        cache_end(bench->cache);
        cache_end(bench->other);
        cache_begin(bench->cache, &bench->now);
        cache_begin(bench->other, &bench->now);
}

static struct settled settle(struct bench *bench)
{
        struct batch *batch = cache_take_batch(bench->cache);
        struct settled settled = { 0 };

        if (batch)
                settled = settle_apply(bench->store, NULL, &batch, 1, bench->now.cache_s);
        cache_reap(bench->cache);
        pass(bench, 0);
        return settled;
}

/* --- Records ---------------------------------------------------------------------------------------------------- */

static struct name name_of(struct bench *bench, const char *text)
{
        uint8_t *room = arena_alloc(&bench->arena, NAME_WIRE_MAX);
        struct name name;

        assert_int_equal(name_from_text(text, room, &name), ERR_OK);
        return name;
}

static const struct rdata *rdata_of(struct bench *bench, const uint8_t *bytes, size_t len)
{
        struct rdata *rdata = arena_alloc(&bench->arena, sizeof(*rdata));

        *rdata = (struct rdata){ .bytes = arena_copy(&bench->arena, bytes, len), .len = (uint16_t)len };
        return rdata;
}

/* A signature of the zone that holds for `life` seconds and whose labels are those of the owner, less `missing`. */
static void sign(struct bench *bench, const char *zone, struct rrset *set, uint32_t life, unsigned missing)
{
        struct name signer = name_of(bench, zone);
        uint8_t bytes[512];
        struct writer writer = writer_over(bytes, sizeof(bytes));

        write_u16(&writer, set->type);
        write_u8(&writer, 13);
        write_u8(&writer, (uint8_t)(set->owner.label_count - name_is_wildcard(&set->owner) - missing));
        write_u32(&writer, 86400);
        write_u32(&writer, (uint32_t)bench->now.wall_s + life);
        write_u32(&writer, WALL_S - 1000);
        write_u16(&writer, 4711);
        write_bytes(&writer, signer.wire, signer.len);
        write_bytes(&writer, "signature", 9);
        set->sigs = rdata_of(bench, bytes, writer_len(&writer));
        set->sig_count = 1;
}

/* The same with another original TTL (RFC 4034 3.1.4). */
static void sign_for(struct bench *bench, struct rrset *set, uint32_t ttl)
{
        uint8_t bytes[512];

        memcpy(bytes, set->sigs[0].bytes, set->sigs[0].len);
        store_u32(bytes + 4, ttl);
        set->sigs = rdata_of(bench, bytes, set->sigs[0].len);
}

static struct rrset set_of(struct bench *bench, const char *zone, const char *owner, uint16_t type,
                           const struct writer *rdata)
{
        struct rrset set = {
                .owner = name_of(bench, owner), .type = type, .class = CLASS_IN, .ttl = TTL, .count = 1,
                .rdata = rdata_of(bench, rdata->start, writer_len(rdata)),
        };

        sign(bench, zone, &set, 86400, 0);
        return set;
}

/* Types up to 255, ended by 0, in one window. */
static void write_types(struct writer *writer, const uint16_t types[TYPES_MAX])
{
        uint8_t map[32] = { 0 };
        uint8_t len = 0;

        for (unsigned i = 0; i < TYPES_MAX && types[i]; i++) {
                map[types[i] / 8] |= 0x80 >> types[i] % 8;
                if (len <= types[i] / 8)
                        len = (uint8_t)(types[i] / 8 + 1);
        }
        if (len == 0)
                return; /* an empty non-terminal */
        write_u8(writer, 0);
        write_u8(writer, len);
        write_bytes(writer, map, len);
}

struct nsec_row {
        const char *owner, *next;
        uint16_t types[TYPES_MAX];
};

static struct rrset nsec_of(struct bench *bench, const char *zone, const struct nsec_row *row)
{
        struct name next = name_of(bench, row->next);
        uint8_t bytes[512];
        struct writer writer = writer_over(bytes, sizeof(bytes));

        write_bytes(&writer, next.wire, next.len);
        write_types(&writer, row->types);
        return set_of(bench, zone, row->owner, TYPE_NSEC, &writer);
}

static struct rrset soa_of(struct bench *bench, const char *zone, uint32_t minimum)
{
        uint8_t bytes[22] = { 0 };
        struct writer writer = writer_over(bytes, sizeof(bytes));

        write_bytes(&writer, "\0", 2); /* MNAME and RNAME: the root */
        for (unsigned i = 0; i < 4; i++)
                write_u32(&writer, i);
        write_u32(&writer, minimum);
        return set_of(bench, zone, zone, TYPE_SOA, &writer);
}

/* --- Putting and getting ---------------------------------------------------------------------------------------- */

static struct absence_origin origin_of(const struct bench *bench)
{
        return (struct absence_origin){
                .stored_at = bench->now.cache_s,
                .trace = { { 7 } },
                .server = { .family = 4, .bytes = { 192, 0, 2, 1 } },
        };
}

/* One set with the SOA beside it; what was kept is settled. */
static unsigned put_set(struct bench *bench, cache_partition partition, const char *zone, const struct rrset *set,
                        const struct rrset *soa)
{
        const struct rrset sets[] = { soa ? *soa : *set, *set };
        const struct absence_origin origin = origin_of(bench);
        struct name apex = name_of(bench, zone);
        unsigned kept = absence_put(bench->cache, partition, &apex, sets + !soa, soa ? 2 : 1, &origin, &bench->arena);

        settle(bench);
        return kept;
}

static unsigned put_nsec(struct bench *bench, const char *zone, const struct nsec_row *row)
{
        struct rrset soa = soa_of(bench, zone, TTL);
        struct rrset set = nsec_of(bench, zone, row);

        return put_set(bench, 0, zone, &set, &soa);
}

static bool get_of(struct bench *bench, struct cache *cache, cache_partition partition, const char *zone,
                   const char *qname, uint16_t qtype, struct finding *out)
{
        struct name apex = name_of(bench, zone);
        struct name name = name_of(bench, qname);

        return absence_get(cache, partition, &apex, &name, qtype, &bench->arena, out);
}

static enum finding_kind kind_of(struct bench *bench, const char *zone, const char *qname, uint16_t qtype)
{
        struct finding out;

        return get_of(bench, bench->cache, 0, zone, qname, qtype, &out) ? out.kind : FINDING_NONE;
}

struct question_row {
        const char *qname;
        uint16_t qtype;
        enum finding_kind kind;
};

static void ask_all(struct bench *bench, const char *zone, const struct question_row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                enum finding_kind kind = kind_of(bench, zone, rows[i].qname, rows[i].qtype);

                if (kind != rows[i].kind)
                        fail_msg("%s type %u: %d, not %d", rows[i].qname, rows[i].qtype, kind, rows[i].kind);
        }
}

#define ASK_ALL(bench, zone, rows) ask_all(bench, zone, rows, sizeof(rows) / sizeof(rows[0]))

/* --- NSEC ------------------------------------------------------------------------------------------------------- */

/*
 * A zone with a bit of everything: a delegation without and one with DS, an alias, an empty non-terminal (ent), a
 * DNAME, and a wildcard below wild.
 */
static const struct nsec_row example[] = {
        { "example.", "alias.example.", { TYPE_SOA, TYPE_NS, TYPE_RRSIG, TYPE_NSEC, TYPE_DNSKEY } },
        { "alias.example.", "cut.example.", { TYPE_CNAME, TYPE_RRSIG, TYPE_NSEC } },
        { "cut.example.", "dname.example.", { TYPE_NS, TYPE_RRSIG, TYPE_NSEC } },
        { "dname.example.", "a.ent.example.", { TYPE_DNAME, TYPE_RRSIG, TYPE_NSEC } },
        { "a.ent.example.", "signed.example.", { TYPE_A, TYPE_RRSIG, TYPE_NSEC } },
        { "signed.example.", "*.wild.example.", { TYPE_NS, TYPE_DS, TYPE_RRSIG, TYPE_NSEC } },
        { "*.wild.example.", "www.example.", { TYPE_A, TYPE_RRSIG, TYPE_NSEC } },
        { "www.example.", "example.", { TYPE_A, TYPE_AAAA, TYPE_RRSIG, TYPE_NSEC } },
};

static void put_example(struct bench *bench)
{
        for (size_t i = 0; i < sizeof(example) / sizeof(example[0]); i++)
                assert_int_equal(put_nsec(bench, "example.", &example[i]), 1);
}

static void test_a_whole_zone_by_nsec(void **state)
{
        static const struct question_row rows[] = {
                { "b.example.", TYPE_A, FINDING_NXDOMAIN },
                { "B.B.eXaMpLe.", TYPE_A, FINDING_NXDOMAIN },
                { "b.example.", TYPE_DS, FINDING_NXDOMAIN },
                { "www.example.", TYPE_A, FINDING_NONE },
                { "www.example.", TYPE_AAAA, FINDING_NONE },
                { "www.example.", TYPE_TXT, FINDING_NODATA },
                { "www.example.", TYPE_DS, FINDING_NODATA },
                { "below.www.example.", TYPE_A, FINDING_NXDOMAIN },
                { "zzz.example.", TYPE_A, FINDING_NXDOMAIN }, /* by the last record, which leads back to the apex */
                { "example.", TYPE_TXT, FINDING_NODATA },
                { "example.", TYPE_SOA, FINDING_NONE },
                { "example.", TYPE_DS, FINDING_NONE }, /* the parent's to say */
                { "alias.example.", TYPE_A, FINDING_NONE },
                { "alias.example.", TYPE_CNAME, FINDING_NONE },
                { "ent.example.", TYPE_A, FINDING_NODATA },
                { "b.ent.example.", TYPE_A, FINDING_NXDOMAIN },
                { "cut.example.", TYPE_DS, FINDING_NODATA },
                { "cut.example.", TYPE_A, FINDING_NONE },
                { "cut.example.", TYPE_NS, FINDING_NONE },
                { "www.cut.example.", TYPE_A, FINDING_NONE },
                { "www.cut.example.", TYPE_DS, FINDING_NONE },
                { "signed.example.", TYPE_DS, FINDING_NONE },
                { "signed.example.", TYPE_A, FINDING_NONE },
                { "a.signed.example.", TYPE_A, FINDING_NONE },
                { "dname.example.", TYPE_A, FINDING_NODATA },
                { "a.dname.example.", TYPE_A, FINDING_NONE },
                { "any.wild.example.", TYPE_A, FINDING_NONE }, /* the wildcard has it */
                { "any.wild.example.", TYPE_TXT, FINDING_NODATA },
                { "*.wild.example.", TYPE_TXT, FINDING_NODATA },
                { "wild.example.", TYPE_A, FINDING_NODATA },
                { "www.example.", 255, FINDING_NONE },
                { "b.example.", 255, FINDING_NONE },
                { "other.", TYPE_A, FINDING_NONE },
                { "notexample.", TYPE_A, FINDING_NONE },
                { ".", TYPE_A, FINDING_NONE },
        };
        struct bench *bench = *state;

        put_example(bench);
        ASK_ALL(bench, "example.", rows);
}

/* Without the record that denies the wildcard there is no answer, and with the wildcard there none either. */
static void test_a_wildcard_unseen_is_not_denied(void **state)
{
        static const struct nsec_row cover = { "k.example.", "m.example.", { TYPE_A } };
        static const struct nsec_row star = { "*.example.", "a.example.", { TYPE_A } };
        static const struct nsec_row apex = { "example.", "*.example.", { TYPE_SOA, TYPE_NS } };
        struct bench *bench = *state;

        assert_int_equal(put_nsec(bench, "example.", &cover), 1);
        assert_int_equal(kind_of(bench, "example.", "l.example.", TYPE_A), FINDING_NONE);
        put_nsec(bench, "example.", &apex);
        assert_int_equal(kind_of(bench, "example.", "l.example.", TYPE_A), FINDING_NONE);
        put_nsec(bench, "example.", &star);
        assert_int_equal(kind_of(bench, "example.", "l.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(kind_of(bench, "example.", "l.example.", TYPE_TXT), FINDING_NODATA);
}

static void test_the_finding_tells_all(void **state)
{
        static const struct nsec_row apex = { "example.", "c.example.", { TYPE_SOA, TYPE_NS } };
        static const struct nsec_row cover = { "c.example.", "x.example.", { TYPE_A } };
        struct bench *bench = *state;
        struct finding out;

        put_nsec(bench, "example.", &apex);
        pass(bench, 100);
        put_nsec(bench, "example.", &cover);
        pass(bench, 10);
        assert_true(get_of(bench, bench->cache, 0, "example.", "nope.example.", TYPE_A, &out));
        assert_int_equal(out.kind, FINDING_NXDOMAIN);
        assert_int_equal(out.verdict, VERDICT_SECURE);
        assert_int_equal(out.rank, RANK_SECURE);
        assert_true(out.from_cache);
        assert_int_equal(out.proof_count, 3);
        assert_int_equal(out.proof[0].type, TYPE_SOA);
        assert_int_equal(out.proof[0].sig_count, 1);
        assert_int_equal(out.proof[1].type, TYPE_NSEC);
        assert_int_equal(out.proof[1].sig_count, 1);
        assert_int_equal(out.proof[2].type, TYPE_NSEC);
        assert_int_equal(out.trace.bytes[0], 7);
        assert_int_equal(out.server.family, 4);
        assert_int_equal(out.ends_at, bench->now.cache_s - 110 + TTL); /* the apex record ends first */

        /* One record may deny name and wildcard; then it is there once. */
        assert_true(get_of(bench, bench->cache, 0, "example.", "a.example.", TYPE_A, &out));
        assert_int_equal(out.proof_count, 2);
        assert_true(get_of(bench, bench->other, 0, "example.", "a.example.", TYPE_A, &out));
}

/* --- How long --------------------------------------------------------------------------------------------------- */

static void test_each_bound_of_the_life(void **state)
{
        static const struct {
                const char *what;
                uint32_t set_ttl, soa_ttl, minimum, set_life, soa_life, kept;
        } rows[] = {
                { "the set's TTL", 30, 600, 600, 9000, 9000, 30 },
                { "the SOA's TTL", 600, 40, 600, 9000, 9000, 40 },
                { "the SOA's MINIMUM", 600, 600, 50, 9000, 9000, 50 },
                { "the set's signature", 600, 600, 600, 60, 9000, 60 },
                { "the SOA's signature", 600, 600, 600, 9000, 70, 70 },
                { "the setting", 90000, 90000, 90000, 90000, 90000, 3600 },
                { "the TTL that was signed", 600, 600, 600, 9000, 9000, SIGNED_SHORT },
                { "a MINIMUM of 0", 600, 600, 0, 9000, 9000, 0 },
                { "a signature that has ended", 600, 600, 600, 0, 9000, 0 },
        };
        struct bench *bench = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char zone[32];

                snprintf(zone, sizeof(zone), "zone%zu.", i);
                struct nsec_row row = { zone, zone, { TYPE_SOA } };
                struct rrset soa = soa_of(bench, zone, rows[i].minimum);
                struct rrset set = nsec_of(bench, zone, &row);
                struct name apex = name_of(bench, zone);
                struct finding out;
                uint64_t began = bench->now.cache_s;

                soa.ttl = rows[i].soa_ttl;
                set.ttl = rows[i].set_ttl;
                sign(bench, zone, &soa, rows[i].soa_life, 0);
                sign(bench, zone, &set, rows[i].set_life, 0);
                if (rows[i].kept == SIGNED_SHORT)
                        sign_for(bench, &set, SIGNED_SHORT);
                put_set(bench, 0, zone, &set, &soa);
                if (absence_get(bench->cache, 0, &apex, &apex, TYPE_TXT, &bench->arena, &out) != (rows[i].kept > 0))
                        fail_msg("%s: kept or not", rows[i].what);
                if (rows[i].kept == 0)
                        continue;
                if (out.ends_at - began != rows[i].kept)
                        fail_msg("%s: %u s", rows[i].what, (unsigned)(out.ends_at - began));
                pass(bench, rows[i].kept - 1);
                assert_int_equal(kind_of(bench, zone, zone, TYPE_TXT), FINDING_NODATA);
                pass(bench, 1);
                assert_int_equal(kind_of(bench, zone, zone, TYPE_TXT), FINDING_NONE);
        }
}

/* A record that has ended hides no older one that reaches as far. */
static void test_ended_ranges_are_stepped_over(void **state)
{
        static const struct nsec_row wide = { "example.", "example.", { TYPE_SOA } };
        static const struct nsec_row gone = { "m.example.", "example.", { TYPE_A } };
        struct bench *bench = *state;
        struct rrset set = nsec_of(bench, "example.", &gone), soa = soa_of(bench, "example.", TTL);

        set.ttl = 20;
        assert_int_equal(put_set(bench, 0, "example.", &set, &soa), 1);
        put_nsec(bench, "example.", &wide);
        assert_int_equal(kind_of(bench, "example.", "m.example.", TYPE_A), FINDING_NONE);
        pass(bench, 20);
        assert_int_equal(kind_of(bench, "example.", "m.example.", TYPE_A), FINDING_NXDOMAIN);
}

/* The SOA is stored once; a proof that comes without one (of a wildcard) needs a zone that is known. */
static void test_the_soa_is_of_the_zone(void **state)
{
        static const struct nsec_row row = { "example.", "example.", { TYPE_SOA } };
        struct bench *bench = *state;
        struct rrset set = nsec_of(bench, "example.", &row), soa = soa_of(bench, "example.", TTL);

        assert_int_equal(put_set(bench, 0, "example.", &set, NULL), 0);
        assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(put_set(bench, 0, "example.", &set, &soa), 1);
        pass(bench, 5);
        assert_int_equal(put_set(bench, 0, "example.", &set, NULL), 1);
        assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_A), FINDING_NXDOMAIN);
}

/* Later proofs renew the zone's entry, so that the first SOA does not end what is learned afterwards. */
static void test_the_zone_is_renewed(void **state)
{
        static const struct nsec_row apex = { "example.", "m.example.", { TYPE_SOA } };
        static const struct nsec_row last = { "m.example.", "example.", { TYPE_A } };
        struct bench *bench = *state;

        put_nsec(bench, "example.", &apex);
        pass(bench, TTL - 1);
        put_nsec(bench, "example.", &last);
        assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_A), FINDING_NXDOMAIN);
        pass(bench, TTL - 1);
        assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(kind_of(bench, "example.", "m.example.", TYPE_TXT), FINDING_NODATA);
}

/* A zone that is renewed lengthens no life that an earlier SOA has bounded. */
static void test_a_range_keeps_its_end(void **state)
{
        static const struct nsec_row apex = { "example.", "m.example.", { TYPE_SOA } };
        static const struct nsec_row last = { "m.example.", "example.", { TYPE_A } };
        struct bench *bench = *state;
        struct rrset set = nsec_of(bench, "example.", &apex), soa = soa_of(bench, "example.", 50);

        assert_int_equal(put_set(bench, 0, "example.", &set, &soa), 1);
        pass(bench, 49);
        put_nsec(bench, "example.", &last);
        assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_A), FINDING_NXDOMAIN);
        pass(bench, 1);
        assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(kind_of(bench, "example.", "m.example.", TYPE_TXT), FINDING_NODATA);
}

/* Behind a forwarder TTLs have run down: what is known already does not end earlier by that, nor what belongs to it. */
static void test_a_soa_run_down_ends_nothing(void **state)
{
        static const struct nsec_row apex = { "example.", "m.example.", { TYPE_SOA } };
        static const struct nsec_row last = { "m.example.", "example.", { TYPE_A } };
        struct bench *bench = *state;
        struct rrset set = nsec_of(bench, "example.", &last), soa = soa_of(bench, "example.", TTL);

        put_nsec(bench, "example.", &apex);
        pass(bench, 10);
        soa.ttl = set.ttl = 2;
        assert_int_equal(put_set(bench, 0, "example.", &set, &soa), 1);
        assert_int_equal(kind_of(bench, "example.", "z.example.", TYPE_A), FINDING_NXDOMAIN);
        pass(bench, 2);
        assert_int_equal(kind_of(bench, "example.", "z.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_A), FINDING_NXDOMAIN);
}

/* --- What is kept apart ----------------------------------------------------------------------------------------- */

static void test_routes_do_not_mix(void **state)
{
        static const struct nsec_row row = { "example.", "example.", { TYPE_SOA } };
        struct bench *bench = *state;
        struct rrset set = nsec_of(bench, "example.", &row), soa = soa_of(bench, "example.", TTL);
        struct finding out;

        put_set(bench, 77, "example.", &set, &soa);
        assert_false(get_of(bench, bench->cache, 0, "example.", "a.example.", TYPE_A, &out));
        assert_false(get_of(bench, bench->cache, 78, "example.", "a.example.", TYPE_A, &out));
        assert_true(get_of(bench, bench->cache, 77, "example.", "a.example.", TYPE_A, &out));
}

/* The parent's records never serve the child, nor the child's its sister, whatever stands next to it in the store. */
static void test_zones_do_not_mix(void **state)
{
        static const struct nsec_row parent = { "example.", "example.", { TYPE_SOA } };
        static const struct nsec_row child = { "sub.example.", "sub.example.", { TYPE_SOA } };
        struct bench *bench = *state;

        put_nsec(bench, "sub.example.", &child);
        assert_int_equal(kind_of(bench, "sub.example.", "a.sub.example.", TYPE_A), FINDING_NXDOMAIN);
        assert_int_equal(kind_of(bench, "example.", "a.sub.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(kind_of(bench, "sub.example.", "a.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(kind_of(bench, "sub2.example.", "a.sub2.example.", TYPE_A), FINDING_NONE);
        put_nsec(bench, "example.", &parent);
        assert_int_equal(kind_of(bench, "a.sub.example.", "a.sub.example.", TYPE_A), FINDING_NONE);
}

static void test_what_is_not_kept(void **state)
{
        static const struct {
                const char *what;
                struct nsec_row row;
                const char *signer;
                unsigned missing_labels;
        } rows[] = {
                { "an owner outside", { "a.other.", "b.example.", { TYPE_A } }, "example.", 0 },
                { "a next name outside", { "a.example.", "b.other.", { TYPE_A } }, "example.", 0 },
                { "another signer", { "a.example.", "b.example.", { TYPE_A } }, "other.", 0 },
                { "the parent's signature", { "example.", "exbmple.", { TYPE_NS } }, ".", 0 },
                { "an expanded wildcard", { "a.example.", "b.example.", { TYPE_A } }, "example.", 1 },
                { "RFC 9824", { "a.example.", "\\000.a.example.", { TYPE_RRSIG, TYPE_NSEC } }, "example.", 0 },
                { "RFC 9824, NXNAME", { "a.example.", "b.example.", { TYPE_RRSIG, TYPE_NSEC, 128 } }, "example.", 0 },
                { "RFC 4470", { "a.example.", "b\\000.example.", { TYPE_A } }, "example.", 0 },
        };
        struct bench *bench = *state;
        struct rrset soa = soa_of(bench, "example.", TTL);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct rrset set = nsec_of(bench, "example.", &rows[i].row);

                sign(bench, rows[i].signer, &set, 86400, rows[i].missing_labels);
                if (put_set(bench, 0, "example.", &set, &soa) != 0)
                        fail_msg("%s was kept", rows[i].what);
                set.sig_count = 0;
                assert_int_equal(put_set(bench, 0, "example.", &set, &soa), 0);
        }
        struct store_stat stat;
        store_stat(bench->store, &stat);
        assert_int_equal(stat.entries, 0); /* so the zone costs nothing afterwards */
}

/* --- NSEC3 ------------------------------------------------------------------------------------------------------ */

/* What is special about a record. */
struct nsec3_manner {
        uint8_t algorithm, flags;
        uint16_t iterations;
        uint8_t salt_len;
};

static const struct nsec3_manner plain = { .algorithm = 1, .salt_len = 2 };

static void hash_of(struct bench *bench, const char *text, uint8_t salt_len, uint8_t out[NSEC3_HASH_LEN])
{
        struct denying_zone zone = { .nsec3 = true, .salt_len = salt_len, .salt = "salt" };
        struct name name = name_of(bench, text);
        struct range_point point;

        assert_true(range_place(&zone, &name, &point));
        memcpy(out, point.bytes, NSEC3_HASH_LEN);
}

/* An owner below the zone made of a hash. */
static char *owner_of(struct bench *bench, const uint8_t hash[NSEC3_HASH_LEN], const char *zone)
{
        static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
        char *text = arena_alloc(&bench->arena, 512);

        for (unsigned i = 0; i < 32; i++) {
                unsigned bit = i * 5, pair = (unsigned)hash[bit / 8] << 8 | (bit / 8 < 19 ? hash[bit / 8 + 1] : 0);

                text[i] = letters[pair >> (11 - bit % 8) & 31];
        }
        snprintf(text + 32, 512 - 32, ".%s", strcmp(zone, ".") == 0 ? "" : zone);
        return text;
}

static struct rrset nsec3_of(struct bench *bench, const char *zone, const struct nsec3_manner *manner,
                             const uint8_t from[NSEC3_HASH_LEN], const uint8_t next[NSEC3_HASH_LEN],
                             const uint16_t types[TYPES_MAX])
{
        uint8_t bytes[512];
        struct writer writer = writer_over(bytes, sizeof(bytes));
        static const uint8_t salt[256] = "salt";

        write_u8(&writer, manner->algorithm);
        write_u8(&writer, manner->flags);
        write_u16(&writer, manner->iterations);
        write_u8(&writer, manner->salt_len);
        write_bytes(&writer, salt, manner->salt_len);
        write_u8(&writer, NSEC3_HASH_LEN);
        write_bytes(&writer, next, NSEC3_HASH_LEN);
        write_types(&writer, types);
        return set_of(bench, zone, owner_of(bench, from, zone), TYPE_NSEC3, &writer);
}

struct nsec3_row {
        const char *name;
        uint16_t types[TYPES_MAX];
        uint8_t hash[NSEC3_HASH_LEN];
};

static int by_hash(const void *a, const void *b)
{
        const struct nsec3_row *one = a, *two = b;

        return memcmp(one->hash, two->hash, NSEC3_HASH_LEN);
}

enum { HASHED_NAMES = 7 };

/* A whole chain; but for the records of the name left out. */
static void put_hashed_example(struct bench *bench, const struct nsec3_manner *manner, const char *without)
{
        struct nsec3_row rows[HASHED_NAMES] = {
                { .name = "example.", .types = { TYPE_SOA, TYPE_NS } },
                { .name = "www.example.", .types = { TYPE_A } },
                { .name = "ent.example." },
                { .name = "a.ent.example.", .types = { TYPE_A } },
                { .name = "cut.example.", .types = { TYPE_NS } },
                { .name = "wild.example." },
                { .name = "*.wild.example.", .types = { TYPE_A } },
        };
        struct rrset soa = soa_of(bench, "example.", TTL);

        for (unsigned i = 0; i < HASHED_NAMES; i++)
                hash_of(bench, rows[i].name, manner->salt_len, rows[i].hash);
        qsort(rows, HASHED_NAMES, sizeof(rows[0]), by_hash);
        for (unsigned i = 0; i < HASHED_NAMES; i++) {
                struct rrset set = nsec3_of(bench, "example.", manner, rows[i].hash, rows[(i + 1) % HASHED_NAMES].hash,
                                            rows[i].types);

                if (!without || strcmp(without, rows[i].name) != 0)
                        assert_int_equal(put_set(bench, 0, "example.", &set, &soa), 1);
        }
}

/* Many names, so that each range of the chain is met, the last one from both of its sides. */
static void deny_many(struct bench *bench)
{
        for (unsigned i = 0; i < 200; i++) {
                char name[32];

                snprintf(name, sizeof(name), "n%u.example.", i);
                assert_int_equal(kind_of(bench, "example.", name, TYPE_A), FINDING_NXDOMAIN);
        }
}

static void test_a_whole_zone_by_nsec3(void **state)
{
        static const struct question_row rows[] = {
                { "www.example.", TYPE_A, FINDING_NONE },
                { "www.example.", TYPE_TXT, FINDING_NODATA },
                { "WWW.Example.", TYPE_TXT, FINDING_NODATA },
                { "example.", TYPE_TXT, FINDING_NODATA },
                { "example.", TYPE_DS, FINDING_NONE },
                { "ent.example.", TYPE_A, FINDING_NODATA },
                { "b.ent.example.", TYPE_A, FINDING_NXDOMAIN },
                { "cut.example.", TYPE_DS, FINDING_NODATA },
                { "cut.example.", TYPE_A, FINDING_NONE },
                { "www.cut.example.", TYPE_A, FINDING_NONE },
                { "any.wild.example.", TYPE_A, FINDING_NONE },
                { "any.wild.example.", TYPE_TXT, FINDING_NODATA },
                { "a.b.c.d.e.f.g.h.i.j.example.", TYPE_A, FINDING_NXDOMAIN },
                { "www.example.", 255, FINDING_NONE },
                { "other.", TYPE_A, FINDING_NONE },
        };
        struct bench *bench = *state;

        put_hashed_example(bench, &plain, NULL);
        ASK_ALL(bench, "example.", rows);
        deny_many(bench);
}

/* A zone whose names go deeper than we look: what is there is not denied, and what is found on the way is. */
static void test_nsec3_looks_only_so_deep(void **state)
{
        static const char *const names[] = {
                ".", "1.", "2.1.", "3.2.1.", "4.3.2.1.", "5.4.3.2.1.", "6.5.4.3.2.1.", "7.6.5.4.3.2.1.",
                "8.7.6.5.4.3.2.1.", "9.8.7.6.5.4.3.2.1.",
        };
        static const uint16_t types[TYPES_MAX] = { TYPE_A };
        struct bench *bench = *state;
        struct rrset soa = soa_of(bench, ".", TTL);

        for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                uint8_t hash[NSEC3_HASH_LEN], next[NSEC3_HASH_LEN];

                hash_of(bench, names[i], plain.salt_len, hash);
                memcpy(next, hash, sizeof(next));
                next[10]++;
                struct rrset set = nsec3_of(bench, ".", &plain, hash, next, types);
                assert_int_equal(put_set(bench, 0, ".", &set, &soa), 1);
        }
        assert_int_equal(kind_of(bench, ".", "7.6.5.4.3.2.1.", TYPE_TXT), FINDING_NODATA);
        assert_int_equal(kind_of(bench, ".", "8.7.6.5.4.3.2.1.", TYPE_TXT), FINDING_NONE);
        assert_int_equal(kind_of(bench, ".", "9.8.7.6.5.4.3.2.1.", TYPE_TXT), FINDING_NONE);
        assert_int_equal(kind_of(bench, ".", "x.1.", TYPE_TXT), FINDING_NONE);
}

/* Each record of a proof is needed. */
static void test_nsec3_records_missing(void **state)
{
        static const char *const names[] = { "example.", "ent.example.", "www.example." };
        struct bench *bench = *state;
        unsigned known = 0;

        put_hashed_example(bench, &plain, names[0]);
        for (unsigned i = 0; i < 50; i++) {
                char name[32];

                snprintf(name, sizeof(name), "n%u.example.", i);
                assert_int_equal(kind_of(bench, "example.", name, TYPE_A), FINDING_NONE);
                snprintf(name, sizeof(name), "n%u.ent.example.", i);
                known += kind_of(bench, "example.", name, TYPE_A) == FINDING_NXDOMAIN;
        }
        assert_true(known > 0);
        assert_int_equal(kind_of(bench, "example.", "example.", TYPE_TXT), FINDING_NONE);
}

static void test_nsec3_that_is_not_kept(void **state)
{
        static const struct nsec3_manner rows[] = {
                { .algorithm = 2 }, { .algorithm = 1, .flags = 1 }, { .algorithm = 1, .flags = 2 },
                { .algorithm = 1, .iterations = 1 }, { .algorithm = 1, .salt_len = DENYING_SALT_MAX + 1 },
        };
        static const uint16_t types[TYPES_MAX] = { TYPE_A };
        struct bench *bench = *state;
        struct rrset soa = soa_of(bench, "example.", TTL);
        uint8_t from[NSEC3_HASH_LEN] = { 1 }, next[NSEC3_HASH_LEN] = { 2 };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct rrset set = nsec3_of(bench, "example.", &rows[i], from, next, types);

                assert_int_equal(put_set(bench, 0, "example.", &set, &soa), 0);
        }
        struct rrset deep = nsec3_of(bench, "deep.example.", &plain, from, next, types);
        sign(bench, "example.", &deep, 86400, 0);
        assert_int_equal(put_set(bench, 0, "example.", &deep, &soa), 0);
        struct rrset good = nsec3_of(bench, "example.", &plain, from, next, types);
        assert_int_equal(put_set(bench, 0, "example.", &good, &soa), 1);
}

/* White lies (RFC 7129 appendix B) span from hash - 1 to hash + 1. */
static void test_narrow_ranges_are_not_kept(void **state)
{
        static const uint16_t types[TYPES_MAX] = { TYPE_A };
        static const struct {
                uint8_t from[NSEC3_HASH_LEN], next[NSEC3_HASH_LEN];
                unsigned kept;
        } rows[] = {
                { { [19] = 7 }, { [19] = 8 }, 0 },
                { { [19] = 7 }, { [19] = 9 }, 0 },
                { { [19] = 7 }, { [19] = 10 }, 1 },
                { { [18] = 3, [19] = 0xff }, { [18] = 4, [19] = 1 }, 0 },
                { { [18] = 3, [19] = 0xff }, { [18] = 4, [19] = 2 }, 1 },
                { { [18] = 3, [19] = 0xff }, { [18] = 5, [19] = 0 }, 1 },
                { { [0] = 3 }, { [0] = 3 }, 1 },
        };
        struct bench *bench = *state;
        struct rrset soa = soa_of(bench, "example.", TTL);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct rrset set = nsec3_of(bench, "example.", &plain, rows[i].from, rows[i].next, types);

                assert_int_equal(put_set(bench, 0, "example.", &set, &soa), rows[i].kept);
        }
}

/* A zone that is signed anew with another salt begins another chain; nothing of the old one is left. */
static void test_new_parameters_begin_anew(void **state)
{
        static const struct nsec3_manner other = { .algorithm = 1, .salt_len = 4 };
        static const struct nsec_row row = { "example.", "b.example.", { TYPE_SOA } };
        struct bench *bench = *state;

        put_hashed_example(bench, &plain, NULL);
        pass(bench, 1);
        put_hashed_example(bench, &other, "www.example.");
        assert_int_equal(kind_of(bench, "example.", "www.example.", TYPE_TXT), FINDING_NONE);
        assert_int_equal(kind_of(bench, "example.", "ent.example.", TYPE_TXT), FINDING_NODATA);
        put_hashed_example(bench, &other, NULL);
        deny_many(bench); /* no record of the old chain stands in the way */
        pass(bench, 1);
        put_nsec(bench, "example.", &row);
        assert_int_equal(kind_of(bench, "example.", "ent.example.", TYPE_TXT), FINDING_NONE);
        assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_TXT), FINDING_NXDOMAIN);
}

/* --- Flushes ---------------------------------------------------------------------------------------------------- */

/* As the daemon does it: the generation first, then, in the order of the batches, the deletion. */
static void flush(struct bench *bench, enum flush_what what, const char *text)
{
        struct name name = name_of(bench, text);
        uint64_t deleted;

        store_generation_bump(bench->store);
        pass(bench, 0);
        assert_int_equal(settle_flush(bench->store, what, &name, &deleted), ERR_OK);
        assert_int_equal(deleted, 0); /* no entry of that name */
}

static void test_a_flush_is_heard_at_once(void **state)
{
        static const struct nsec_row row = { "example.", "example.", { TYPE_SOA } };
        struct bench *bench = *state;

        put_nsec(bench, "example.", &row);
        pass(bench, 1);
        store_generation_bump(bench->store);
        pass(bench, 1);
        assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);

        /* Nor is the chain that is still in the store gone on with. */
        static const struct nsec_row last = { "m.example.", "example.", { TYPE_A } };
        pass(bench, 1);
        put_nsec(bench, "example.", &last);
        assert_int_equal(kind_of(bench, "example.", "m.example.", TYPE_TXT), FINDING_NODATA);
        assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);
}

/* For workers that begin afterwards, it is what the store holds that counts. */
static void test_a_flush_takes_the_zones_away(void **state)
{
        static const struct {
                enum flush_what what;
                const char *name;
                enum finding_kind root, example, sub, org;
        } rows[] = {
                { FLUSH_NAME, "a.example.", FINDING_NONE, FINDING_NONE, FINDING_NXDOMAIN, FINDING_NXDOMAIN },
                { FLUSH_NAME, "sub.example.", FINDING_NONE, FINDING_NONE, FINDING_NONE, FINDING_NXDOMAIN },
                { FLUSH_ZONE, "example.", FINDING_NONE, FINDING_NONE, FINDING_NONE, FINDING_NXDOMAIN },
                { FLUSH_NAME, "net.", FINDING_NONE, FINDING_NXDOMAIN, FINDING_NXDOMAIN, FINDING_NXDOMAIN },
        };
        static const char *const zones[] = { ".", "example.", "sub.example.", "org." };
        struct bench *bench = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                pass(bench, 1);
                for (size_t zone = 0; zone < 4; zone++)
                        put_nsec(bench, zones[zone], &(struct nsec_row){ zones[zone], zones[zone], { TYPE_SOA } });
                flush(bench, rows[i].what, rows[i].name);
                cache_free(bench->cache);
                bench->cache = cache_new(bench->store, NULL, &settings);
                cache_begin(bench->cache, &bench->now);
                assert_int_equal(kind_of(bench, ".", "nope.", TYPE_A), rows[i].root);
                assert_int_equal(kind_of(bench, "example.", "nope.example.", TYPE_A), rows[i].example);
                assert_int_equal(kind_of(bench, "sub.example.", "nope.sub.example.", TYPE_A), rows[i].sub);
                assert_int_equal(kind_of(bench, "org.", "nope.org.", TYPE_A), rows[i].org);
        }
}

/* --- Hostile values --------------------------------------------------------------------------------------------- */

/* The range of a zone as the store has it, under its own key. */
static void forge(struct bench *bench, const char *zone, const char *at, const struct finding *finding)
{
        struct name apex = name_of(bench, zone), owner = name_of(bench, at);
        struct denying_zone known;
        struct range_point point;

        assert_true(cache_get_zone(bench->cache, 0, &apex, &bench->arena, &known));
        assert_true(range_place(&known, &owner, &point));
        assert_true(cache_put_range(bench->cache, 0, &known, (struct store_bytes){ point.bytes, point.len }, finding));
        settle(bench);
}

/* Values that are whole, but say what they should not: as if somebody had our secret. */
static void test_forged_ranges(void **state)
{
        static const struct nsec_row apex = { "example.", "b.example.", { TYPE_SOA } };
        static const struct nsec_row good = { "m.example.", "example.", { TYPE_A } };
        static const struct nsec_row other = { "m.other.", "other.", { TYPE_A } };
        static const struct nsec_row outside = { "m.example.", "z.other.", { TYPE_A } };
        struct bench *bench = *state;
        struct finding finding = {
                .kind = FINDING_SET, .verdict = VERDICT_SECURE, .rank = RANK_SECURE,
                .stored_at = bench->now.cache_s, .ends_at = bench->now.cache_s + 100,
        };
        struct rrset sets[4] = {
                nsec_of(bench, "other.", &other),      /* another zone's */
                nsec_of(bench, "example.", &outside),  /* leads out of it */
                nsec_of(bench, "other.", &good),       /* another signer */
                soa_of(bench, "example.", TTL),        /* no range at all */
        };

        put_nsec(bench, "example.", &apex);
        for (unsigned i = 0; i < 4; i++) {
                finding.set = sets[i];
                forge(bench, "example.", "m.example.", &finding);
                assert_int_equal(kind_of(bench, "example.", "q.example.", TYPE_A), FINDING_NONE);
        }
        finding.set = nsec_of(bench, "example.", &good);
        finding.verdict = VERDICT_INSECURE;
        finding.stored_at++;
        forge(bench, "example.", "p.example.", &finding);
        assert_int_equal(kind_of(bench, "example.", "q.example.", TYPE_A), FINDING_NONE);
        finding.verdict = VERDICT_SECURE;
        forge(bench, "example.", "m.example.", &finding);
        assert_int_equal(kind_of(bench, "example.", "n.example.", TYPE_A), FINDING_NXDOMAIN);
}

/* Every byte of every value changed, with nobody to seal it again: never another answer than before. */
static void test_damaged_values(void **state)
{
        static const struct nsec_row row = { "example.", "example.", { TYPE_SOA } };
        const struct store_bytes first = { .bytes = (const uint8_t *)"", .len = 1 };
        struct bench *bench = *state;
        struct store_item item;
        struct store_view *view;
        uint8_t value[1024];

        put_nsec(bench, "example.", &row);
        assert_int_equal(store_write_begin(bench->store, &view), ERR_OK);
        assert_int_equal(store_seek(view, SEEK_FIRST_FROM, first, &bench->arena, &item), ERR_OK);
        store_abort(bench->store, view);
        assert_int_equal(item.key.bytes[0], 'N');
        for (size_t at = 0; at < item.value.len; at++) {
                struct arena_mark mark = arena_mark(&bench->arena);

                memcpy(value, item.value.bytes, item.value.len);
                value[at] ^= 1;
                assert_int_equal(store_write_begin(bench->store, &view), ERR_OK);
                assert_int_equal(store_put(view, item.key, (struct store_bytes){ value, item.value.len }), ERR_OK);
                assert_int_equal(store_commit(bench->store, view), ERR_OK);
                pass(bench, 0);
                assert_int_equal(kind_of(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);
                arena_reset(&bench->arena, mark);
        }
}

/* Names of 14 labels that take two bytes for one in a key, then a label that makes the key just so long. */
static void test_names_too_long_for_a_key(void **state)
{
        /* space, partition, chain, "example", the labels, the end of the last one */
        enum { BEFORE = 1 + 8 + 8 + 8 + 14 * 31 + 1 };
        struct bench *bench = *state;

        put_example(bench);
        for (unsigned last = 1; last <= 21; last++) {
                bool fits = BEFORE + last < STORE_KEY_MAX; /* with a byte to spare for the seek */
                char text[1024] = "";

                strncat(text, "aaaaaaaaaaaaaaaaaaaaa", last);
                for (unsigned i = 0; i < 14 * 15; i++)
                        strcat(text, i % 15 == 0 ? ".\\001" : "\\001");
                strcat(text, ".example.");
                assert_int_equal(kind_of(bench, "example.", text, TYPE_A), fits ? FINDING_NXDOMAIN : FINDING_NONE);
        }
}

static void test_a_full_arena_is_a_miss(void **state)
{
        struct bench *bench = *state;
        struct name apex = name_of(bench, "example."), name = name_of(bench, "b.example.");
        bool found = false;

        put_example(bench);
        assert_int_equal(kind_of(bench, "example.", "b.example.", TYPE_A), FINDING_NXDOMAIN);
        for (size_t size = 0; size < 16384; size += 64) {
                struct arena small;
                struct finding out;

                arena_init(&small, size);
                bool now = absence_get(bench->cache, 0, &apex, &name, TYPE_A, &small, &out);
                assert_true(now || !found);
                assert_true(now || arena_used(&small) == 0);
                found = now;
                arena_fini(&small);
        }
        assert_true(found);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
        const struct CMUnitTest tests[] = {
                TEST(test_a_whole_zone_by_nsec),
                TEST(test_a_wildcard_unseen_is_not_denied),
                TEST(test_the_finding_tells_all),
                TEST(test_each_bound_of_the_life),
                TEST(test_ended_ranges_are_stepped_over),
                TEST(test_the_soa_is_of_the_zone),
                TEST(test_the_zone_is_renewed),
                TEST(test_a_range_keeps_its_end),
                TEST(test_a_soa_run_down_ends_nothing),
                TEST(test_routes_do_not_mix),
                TEST(test_zones_do_not_mix),
                TEST(test_what_is_not_kept),
                TEST(test_a_whole_zone_by_nsec3),
                TEST(test_nsec3_looks_only_so_deep),
                TEST(test_nsec3_records_missing),
                TEST(test_nsec3_that_is_not_kept),
                TEST(test_narrow_ranges_are_not_kept),
                TEST(test_new_parameters_begin_anew),
                TEST(test_a_flush_is_heard_at_once),
                TEST(test_a_flush_takes_the_zones_away),
                TEST(test_forged_ranges),
                TEST(test_damaged_values),
                TEST(test_names_too_long_for_a_key),
                TEST(test_a_full_arena_is_a_miss),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
