/*
 * Negative answers out of proofs learned for other questions: what follows from a few records of a zone and what must
 * not, how long, and that zones, routes and flushes keep them apart. The records are made up; nothing here checks
 * signatures.
 */
#include "deny.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TTL = DENY_TTL, SIGNED_SHORT = 80 };

/* --- NSEC ------------------------------------------------------------------------------------------------------- */

/*
 * A zone with a bit of everything: a delegation without and one with DS, an alias, an empty non-terminal (ent), a
 * DNAME, and a wildcard below wild.
 */
static const struct deny_nsec example[] = {
        { "example.", "alias.example.", { TYPE_SOA, TYPE_NS, TYPE_RRSIG, TYPE_NSEC, TYPE_DNSKEY } },
        { "alias.example.", "cut.example.", { TYPE_CNAME, TYPE_RRSIG, TYPE_NSEC } },
        { "cut.example.", "dname.example.", { TYPE_NS, TYPE_RRSIG, TYPE_NSEC } },
        { "dname.example.", "a.ent.example.", { TYPE_DNAME, TYPE_RRSIG, TYPE_NSEC } },
        { "a.ent.example.", "signed.example.", { TYPE_A, TYPE_RRSIG, TYPE_NSEC } },
        { "signed.example.", "*.wild.example.", { TYPE_NS, TYPE_DS, TYPE_RRSIG, TYPE_NSEC } },
        { "*.wild.example.", "www.example.", { TYPE_A, TYPE_RRSIG, TYPE_NSEC } },
        { "www.example.", "example.", { TYPE_A, TYPE_AAAA, TYPE_RRSIG, TYPE_NSEC } },
};

static void put_example(struct deny *bench)
{
        for (size_t i = 0; i < sizeof(example) / sizeof(example[0]); i++)
                assert_int_equal(deny_put_nsec(bench, "example.", &example[i]), 1);
}

static void test_a_whole_zone_by_nsec(void **state)
{
        static const struct deny_question rows[] = {
                { "b.example.", TYPE_A, FINDING_NXDOMAIN },
                { "B.B.eXaMpLe.", TYPE_A, FINDING_NXDOMAIN },
                { "b.example.", TYPE_DS, FINDING_NXDOMAIN },
                { "www.example.", TYPE_A, FINDING_NONE },
                { "www.example.", TYPE_ANY, FINDING_NONE },
                { "b.example.", TYPE_ANY, FINDING_NXDOMAIN },
                { "ent.example.", TYPE_ANY, FINDING_NODATA },
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
                { "other.", TYPE_A, FINDING_NONE },
                { "notexample.", TYPE_A, FINDING_NONE },
                { ".", TYPE_A, FINDING_NONE },
        };
        struct deny *bench = *state;

        put_example(bench);
        DENY_ASK(bench, "example.", rows);
}

/* Without the record that denies the wildcard there is no answer, and with the wildcard there none either. */
static void test_a_wildcard_unseen_is_not_denied(void **state)
{
        static const struct deny_nsec cover = { "k.example.", "m.example.", { TYPE_A } };
        static const struct deny_nsec star = { "*.example.", "a.example.", { TYPE_A } };
        static const struct deny_nsec apex = { "example.", "*.example.", { TYPE_SOA, TYPE_NS } };
        struct deny *bench = *state;

        assert_int_equal(deny_put_nsec(bench, "example.", &cover), 1);
        assert_int_equal(deny_kind(bench, "example.", "l.example.", TYPE_A), FINDING_NONE);
        deny_put_nsec(bench, "example.", &apex);
        assert_int_equal(deny_kind(bench, "example.", "l.example.", TYPE_A), FINDING_NONE);
        deny_put_nsec(bench, "example.", &star);
        assert_int_equal(deny_kind(bench, "example.", "l.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(deny_kind(bench, "example.", "l.example.", TYPE_TXT), FINDING_NODATA);
}

static void test_the_finding_tells_all(void **state)
{
        static const struct deny_nsec apex = { "example.", "c.example.", { TYPE_SOA, TYPE_NS } };
        static const struct deny_nsec cover = { "c.example.", "x.example.", { TYPE_A } };
        struct deny *bench = *state;
        struct finding out;

        deny_put_nsec(bench, "example.", &apex);
        deny_pass(bench, 100);
        deny_put_nsec(bench, "example.", &cover);
        deny_pass(bench, 10);
        assert_true(deny_get(bench, bench->cache, 0, "example.", "nope.example.", TYPE_A, &out));
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
        assert_true(deny_get(bench, bench->cache, 0, "example.", "a.example.", TYPE_A, &out));
        assert_int_equal(out.proof_count, 2);
        assert_true(deny_get(bench, bench->other, 0, "example.", "a.example.", TYPE_A, &out));
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
        struct deny *bench = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char zone[32];

                snprintf(zone, sizeof(zone), "zone%zu.", i);
                struct deny_nsec row = { zone, zone, { TYPE_SOA } };
                struct rrset soa = deny_soa(bench, zone, rows[i].minimum);
                struct rrset set = deny_nsec(bench, zone, &row);
                struct name apex = deny_name(bench, zone);
                struct finding out;
                uint64_t began = bench->now.cache_s;

                soa.ttl = rows[i].soa_ttl;
                set.ttl = rows[i].set_ttl;
                deny_sign(bench, zone, &soa, rows[i].soa_life, 0);
                deny_sign(bench, zone, &set, rows[i].set_life, 0);
                if (rows[i].kept == SIGNED_SHORT)
                        deny_sign_for(bench, &set, SIGNED_SHORT);
                deny_put_set(bench, 0, zone, &set, &soa);
                if (absence_get(bench->cache, 0, &apex, &apex, TYPE_TXT, &bench->arena, &out) != (rows[i].kept > 0))
                        fail_msg("%s: kept or not", rows[i].what);
                if (rows[i].kept == 0)
                        continue;
                if (out.ends_at - began != rows[i].kept)
                        fail_msg("%s: %u s", rows[i].what, (unsigned)(out.ends_at - began));
                deny_pass(bench, rows[i].kept - 1);
                assert_int_equal(deny_kind(bench, zone, zone, TYPE_TXT), FINDING_NODATA);
                deny_pass(bench, 1);
                assert_int_equal(deny_kind(bench, zone, zone, TYPE_TXT), FINDING_NONE);
        }
}

/* A record that has ended hides no older one that reaches as far. */
static void test_ended_ranges_are_stepped_over(void **state)
{
        static const struct deny_nsec wide = { "example.", "example.", { TYPE_SOA } };
        static const struct deny_nsec gone = { "m.example.", "example.", { TYPE_A } };
        struct deny *bench = *state;
        struct rrset set = deny_nsec(bench, "example.", &gone), soa = deny_soa(bench, "example.", TTL);

        set.ttl = 20;
        assert_int_equal(deny_put_set(bench, 0, "example.", &set, &soa), 1);
        deny_put_nsec(bench, "example.", &wide);
        assert_int_equal(deny_kind(bench, "example.", "m.example.", TYPE_A), FINDING_NONE);
        deny_pass(bench, 20);
        assert_int_equal(deny_kind(bench, "example.", "m.example.", TYPE_A), FINDING_NXDOMAIN);
}

/* The SOA is stored once; what comes without one (with a referral, or a wildcard) waits for it. */
static void test_the_soa_is_of_the_zone(void **state)
{
        static const struct deny_nsec row = { "example.", "example.", { TYPE_SOA } };
        struct deny *bench = *state;
        struct rrset set = deny_nsec(bench, "example.", &row), soa = deny_soa(bench, "example.", TTL);

        assert_int_equal(deny_put_set(bench, 0, "example.", &set, NULL), 1);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(deny_put_set(bench, 0, "example.", &set, &soa), 1);
        deny_pass(bench, 5);
        assert_int_equal(deny_put_set(bench, 0, "example.", &set, NULL), 1);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NXDOMAIN);
}

/* The SOA comes with another record; its MINIMUM then bounds the earlier one too, from when that was learned. */
static void test_the_soa_comes_later(void **state)
{
        static const struct deny_nsec cut = { "cut.example.", "m.example.", { TYPE_NS, TYPE_RRSIG, TYPE_NSEC } };
        static const struct deny_nsec last = { "m.example.", "example.", { TYPE_A } };
        struct deny *bench = *state;
        struct rrset early = deny_nsec(bench, "example.", &cut), late = deny_nsec(bench, "example.", &last);
        struct rrset soa = deny_soa(bench, "example.", 50);

        assert_int_equal(deny_put_set(bench, 0, "example.", &early, NULL), 1);
        deny_pass(bench, 40);
        assert_int_equal(deny_put_set(bench, 0, "example.", &late, &soa), 1);
        assert_int_equal(deny_kind(bench, "example.", "cut.example.", TYPE_DS), FINDING_NODATA);
        deny_pass(bench, 10);
        assert_int_equal(deny_kind(bench, "example.", "cut.example.", TYPE_DS), FINDING_NONE);
        assert_int_equal(deny_kind(bench, "example.", "m.example.", TYPE_TXT), FINDING_NODATA);
}

/* Without a SOA the zone's entry lasts as long as the range that lasts longest. */
static void test_ranges_keep_a_zone_without_soa(void **state)
{
        static const struct deny_nsec cut = { "cut.example.", "m.example.", { TYPE_NS, TYPE_RRSIG, TYPE_NSEC } };
        static const struct deny_nsec next = { "m.example.", "n.example.", { TYPE_NS, TYPE_RRSIG, TYPE_NSEC } };
        static const struct deny_nsec last = { "x.example.", "example.", { TYPE_A } };
        struct deny *bench = *state;
        struct rrset brief = deny_nsec(bench, "example.", &cut), longer = deny_nsec(bench, "example.", &next);

        brief.ttl = 20;
        assert_int_equal(deny_put_set(bench, 0, "example.", &brief, NULL), 1);
        deny_pass(bench, 10);
        assert_int_equal(deny_put_set(bench, 0, "example.", &longer, NULL), 1);
        deny_pass(bench, 30);
        deny_put_nsec(bench, "example.", &last);
        assert_int_equal(deny_kind(bench, "example.", "m.example.", TYPE_DS), FINDING_NODATA);
}

/* --- Wildcards -------------------------------------------------------------------------------------------------- */

/* A wildcard's set as it was expanded to a name, kept for others; `missing` labels less are signed than the name has. */
static bool put_wildcard(struct deny *bench, const char *owner, uint16_t type, unsigned missing)
{
        static const uint8_t bytes[] = { 1, 'x', 0, 0 };
        static const struct rdata rdata[] = { { .bytes = bytes, .len = 4 }, { .bytes = bytes, .len = 3 } };
        struct finding expanded = {
                .kind = FINDING_SET,
                .verdict = VERDICT_SECURE,
                .rank = RANK_SECURE,
                .set = { .owner = deny_name(bench, owner), .type = type, .class = 1, .ttl = TTL, .count = 1 },
                .stored_at = bench->now.cache_s,
                .ends_at = bench->now.cache_s + TTL / 2,
        };

        expanded.set.rdata = &rdata[type == TYPE_CNAME];
        deny_sign(bench, "example.", &expanded.set, TTL, missing);
        bool kept = absence_put_wildcard(bench->cache, 0, &expanded);
        deny_settle(bench);
        return kept;
}

/* RFC 8198 5.3: the answer for a name that is proven not to exist, from the closest wildcard and no other. */
static void test_a_wildcard_is_expanded(void **state)
{
        static const struct deny_question rows[] = {
                { "b.wild.example.", TYPE_A, FINDING_SET },
                { "c.b.wild.example.", TYPE_A, FINDING_SET },
                { "b.wild.example.", TYPE_TXT, FINDING_NODATA },
                { "b.wild.example.", TYPE_DS, FINDING_NODATA },
                { "b.example.", TYPE_A, FINDING_NXDOMAIN },
                { "www.example.", TYPE_A, FINDING_NONE },
        };
        struct deny *bench = *state;
        struct finding out;

        put_example(bench);
        assert_int_equal(deny_kind(bench, "example.", "b.wild.example.", TYPE_A), FINDING_NONE);
        assert_true(put_wildcard(bench, "a.wild.example.", TYPE_A, 1));
        DENY_ASK(bench, "example.", rows);
        assert_true(deny_get(bench, bench->cache, 0, "example.", "b.wild.example.", TYPE_A, &out));
        struct name asked = deny_name(bench, "b.wild.example.");
        assert_true(name_equal(&out.set.owner, &asked));
        assert_int_equal(out.proof_count, 1);
        assert_int_equal(out.proof[0].type, TYPE_NSEC);
        assert_int_equal(out.ends_at, bench->now.cache_s + TTL / 2);
}

static void test_a_wildcard_alias_is_expanded(void **state)
{
        static const struct deny_nsec wild = { "*.wild.example.", "www.example.", { TYPE_CNAME } };
        struct deny *bench = *state;
        struct finding out;

        deny_put_nsec(bench, "example.", &wild);
        assert_true(put_wildcard(bench, "a.wild.example.", TYPE_CNAME, 1));
        assert_true(deny_get(bench, bench->cache, 0, "example.", "b.wild.example.", TYPE_A, &out));
        assert_int_equal(out.set.type, TYPE_CNAME);
        assert_int_equal(deny_kind(bench, "example.", "b.wild.example.", TYPE_DS), FINDING_NONE);
}

/* What is no expansion is not kept, and one from further up is not taken for that of the closest encloser. */
static void test_wildcards_of_other_names(void **state)
{
        struct deny *bench = *state;

        put_example(bench);
        assert_false(put_wildcard(bench, "a.wild.example.", TYPE_A, 0));
        assert_false(put_wildcard(bench, "*.wild.example.", TYPE_A, 0));
        assert_true(put_wildcard(bench, "a.wild.example.", TYPE_A, 2));
        assert_int_equal(deny_kind(bench, "example.", "b.wild.example.", TYPE_A), FINDING_NONE);
}

/* What was learned a moment ago serves at once, also where the writer lags behind, and hides what it replaces. */
static void test_ranges_serve_before_they_are_settled(void **state)
{
        static const struct deny_nsec apex = { "example.", "m.example.", { TYPE_SOA } };
        static const struct deny_nsec last = { "m.example.", "example.", { TYPE_A } };
        const struct absence_origin origin = { .stored_at = ((struct deny *)*state)->now.cache_s };
        struct deny *bench = *state;
        struct name zone = deny_name(bench, "example.");
        struct rrset sets[] = { deny_soa(bench, "example.", TTL), deny_nsec(bench, "example.", &last) };

        deny_put_nsec(bench, "example.", &apex);
        assert_int_equal(absence_put(bench->cache, 0, &zone, sets, 2, &origin, &bench->arena), 1);
        assert_int_equal(deny_kind(bench, "example.", "z.example.", TYPE_A), FINDING_NXDOMAIN);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NXDOMAIN);
        deny_settle(bench);
        assert_int_equal(deny_kind(bench, "example.", "z.example.", TYPE_A), FINDING_NXDOMAIN);
}

/* Later proofs renew the zone's entry, so that the first SOA does not end what is learned afterwards. */
static void test_the_zone_is_renewed(void **state)
{
        static const struct deny_nsec apex = { "example.", "m.example.", { TYPE_SOA } };
        static const struct deny_nsec last = { "m.example.", "example.", { TYPE_A } };
        struct deny *bench = *state;

        deny_put_nsec(bench, "example.", &apex);
        deny_pass(bench, TTL - 1);
        deny_put_nsec(bench, "example.", &last);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NXDOMAIN);
        deny_pass(bench, TTL - 1);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(deny_kind(bench, "example.", "m.example.", TYPE_TXT), FINDING_NODATA);
}

/* A zone that is renewed lengthens no life that an earlier SOA has bounded. */
static void test_a_range_keeps_its_end(void **state)
{
        static const struct deny_nsec apex = { "example.", "m.example.", { TYPE_SOA } };
        static const struct deny_nsec last = { "m.example.", "example.", { TYPE_A } };
        struct deny *bench = *state;
        struct rrset set = deny_nsec(bench, "example.", &apex), soa = deny_soa(bench, "example.", 50);

        assert_int_equal(deny_put_set(bench, 0, "example.", &set, &soa), 1);
        deny_pass(bench, 49);
        deny_put_nsec(bench, "example.", &last);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NXDOMAIN);
        deny_pass(bench, 1);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(deny_kind(bench, "example.", "m.example.", TYPE_TXT), FINDING_NODATA);
}

/* Behind a forwarder TTLs have run down: what is known already does not end earlier by that, nor what belongs to it. */
static void test_a_soa_run_down_ends_nothing(void **state)
{
        static const struct deny_nsec apex = { "example.", "m.example.", { TYPE_SOA } };
        static const struct deny_nsec last = { "m.example.", "example.", { TYPE_A } };
        struct deny *bench = *state;
        struct rrset set = deny_nsec(bench, "example.", &last), soa = deny_soa(bench, "example.", TTL);

        deny_put_nsec(bench, "example.", &apex);
        deny_pass(bench, 10);
        soa.ttl = set.ttl = 2;
        assert_int_equal(deny_put_set(bench, 0, "example.", &set, &soa), 1);
        assert_int_equal(deny_kind(bench, "example.", "z.example.", TYPE_A), FINDING_NXDOMAIN);
        deny_pass(bench, 2);
        assert_int_equal(deny_kind(bench, "example.", "z.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NXDOMAIN);
}

/* --- What is kept apart ----------------------------------------------------------------------------------------- */

static void test_routes_do_not_mix(void **state)
{
        static const struct deny_nsec row = { "example.", "example.", { TYPE_SOA } };
        struct deny *bench = *state;
        struct rrset set = deny_nsec(bench, "example.", &row), soa = deny_soa(bench, "example.", TTL);
        struct finding out;

        deny_put_set(bench, 77, "example.", &set, &soa);
        assert_false(deny_get(bench, bench->cache, 0, "example.", "a.example.", TYPE_A, &out));
        assert_false(deny_get(bench, bench->cache, 78, "example.", "a.example.", TYPE_A, &out));
        assert_true(deny_get(bench, bench->cache, 77, "example.", "a.example.", TYPE_A, &out));
}

/* The parent's records never serve the child, nor the child's its sister, whatever stands next to it in the store. */
static void test_zones_do_not_mix(void **state)
{
        static const struct deny_nsec parent = { "example.", "example.", { TYPE_SOA } };
        static const struct deny_nsec child = { "sub.example.", "sub.example.", { TYPE_SOA } };
        struct deny *bench = *state;

        deny_put_nsec(bench, "sub.example.", &child);
        assert_int_equal(deny_kind(bench, "sub.example.", "a.sub.example.", TYPE_A), FINDING_NXDOMAIN);
        assert_int_equal(deny_kind(bench, "example.", "a.sub.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(deny_kind(bench, "sub.example.", "a.example.", TYPE_A), FINDING_NONE);
        assert_int_equal(deny_kind(bench, "sub2.example.", "a.sub2.example.", TYPE_A), FINDING_NONE);
        deny_put_nsec(bench, "example.", &parent);
        assert_int_equal(deny_kind(bench, "a.sub.example.", "a.sub.example.", TYPE_A), FINDING_NONE);
}

static void test_what_is_not_kept(void **state)
{
        static const struct {
                const char *what;
                struct deny_nsec row;
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
        struct deny *bench = *state;
        struct rrset soa = deny_soa(bench, "example.", TTL);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct rrset set = deny_nsec(bench, "example.", &rows[i].row);

                deny_sign(bench, rows[i].signer, &set, 86400, rows[i].missing_labels);
                if (deny_put_set(bench, 0, "example.", &set, &soa) != 0)
                        fail_msg("%s was kept", rows[i].what);
                set.sig_count = 0;
                assert_int_equal(deny_put_set(bench, 0, "example.", &set, &soa), 0);
        }
        struct store_stat stat;
        store_stat(bench->store, &stat);
        assert_int_equal(stat.entries, 0); /* so the zone costs nothing afterwards */
}

/* --- Flushes ---------------------------------------------------------------------------------------------------- */

/* As the daemon does it: the generation first, then, in the order of the batches, the deletion. */
static void flush(struct deny *bench, enum flush_what what, const char *text)
{
        struct name name = deny_name(bench, text);
        uint64_t deleted;

        store_generation_bump(bench->store);
        deny_pass(bench, 0);
        assert_int_equal(settle_flush(bench->store, what, &name, &deleted), ERR_OK);
        assert_int_equal(deleted, 0); /* no entry of that name */
}

static void test_a_flush_is_heard_at_once(void **state)
{
        static const struct deny_nsec row = { "example.", "example.", { TYPE_SOA } };
        struct deny *bench = *state;

        deny_put_nsec(bench, "example.", &row);
        deny_pass(bench, 1);
        store_generation_bump(bench->store);
        deny_pass(bench, 1);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);

        /* Nor is the chain that is still in the store gone on with. */
        static const struct deny_nsec last = { "m.example.", "example.", { TYPE_A } };
        deny_pass(bench, 1);
        deny_put_nsec(bench, "example.", &last);
        assert_int_equal(deny_kind(bench, "example.", "m.example.", TYPE_TXT), FINDING_NODATA);
        assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);
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
        struct deny *bench = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                deny_pass(bench, 1);
                for (size_t zone = 0; zone < 4; zone++)
                        deny_put_nsec(bench, zones[zone],
                                      &(struct deny_nsec){ zones[zone], zones[zone], { TYPE_SOA } });
                flush(bench, rows[i].what, rows[i].name);
                cache_free(bench->cache);
                bench->cache = cache_new(bench->store, NULL, &deny_settings);
                cache_begin(bench->cache, &bench->now);
                assert_int_equal(deny_kind(bench, ".", "nope.", TYPE_A), rows[i].root);
                assert_int_equal(deny_kind(bench, "example.", "nope.example.", TYPE_A), rows[i].example);
                assert_int_equal(deny_kind(bench, "sub.example.", "nope.sub.example.", TYPE_A), rows[i].sub);
                assert_int_equal(deny_kind(bench, "org.", "nope.org.", TYPE_A), rows[i].org);
        }
}

/* --- Hostile values --------------------------------------------------------------------------------------------- */

/* The range of a zone as the store has it, under its own key. */
static void forge(struct deny *bench, const char *zone, const char *at, const struct finding *finding)
{
        struct name apex = deny_name(bench, zone), owner = deny_name(bench, at);
        struct denying_zone known;
        struct range_point point;

        assert_true(cache_get_zone(bench->cache, 0, &apex, &bench->arena, &known));
        assert_true(range_place(&known, &owner, &point));
        assert_true(cache_put_range(bench->cache, 0, &known, (struct store_bytes){ point.bytes, point.len }, finding));
        deny_settle(bench);
}

/* Values that are whole, but say what they should not: as if somebody had our secret. */
static void test_forged_ranges(void **state)
{
        static const struct deny_nsec apex = { "example.", "b.example.", { TYPE_SOA } };
        static const struct deny_nsec good = { "m.example.", "example.", { TYPE_A } };
        static const struct deny_nsec other = { "m.other.", "other.", { TYPE_A } };
        static const struct deny_nsec outside = { "m.example.", "z.other.", { TYPE_A } };
        struct deny *bench = *state;
        struct finding finding = {
                .kind = FINDING_SET, .verdict = VERDICT_SECURE, .rank = RANK_SECURE,
                .stored_at = bench->now.cache_s, .ends_at = bench->now.cache_s + 100,
        };
        struct rrset sets[4] = {
                deny_nsec(bench, "other.", &other),      /* another zone's */
                deny_nsec(bench, "example.", &outside),  /* leads out of it */
                deny_nsec(bench, "other.", &good),       /* another signer */
                deny_soa(bench, "example.", TTL),        /* no range at all */
        };

        deny_put_nsec(bench, "example.", &apex);
        for (unsigned i = 0; i < 4; i++) {
                finding.set = sets[i];
                forge(bench, "example.", "m.example.", &finding);
                assert_int_equal(deny_kind(bench, "example.", "q.example.", TYPE_A), FINDING_NONE);
        }
        finding.set = deny_nsec(bench, "example.", &good);
        finding.verdict = VERDICT_INSECURE;
        finding.stored_at++;
        forge(bench, "example.", "p.example.", &finding);
        assert_int_equal(deny_kind(bench, "example.", "q.example.", TYPE_A), FINDING_NONE);
        finding.verdict = VERDICT_SECURE;
        forge(bench, "example.", "m.example.", &finding);
        assert_int_equal(deny_kind(bench, "example.", "n.example.", TYPE_A), FINDING_NXDOMAIN);
}

/* Every byte of every value changed, with nobody to seal it again: never another answer than before. */
static void test_damaged_values(void **state)
{
        static const struct deny_nsec row = { "example.", "example.", { TYPE_SOA } };
        const struct store_bytes first = { .bytes = (const uint8_t *)"", .len = 1 };
        struct deny *bench = *state;
        struct store_item item;
        struct store_view *view;
        uint8_t value[1024];

        deny_put_nsec(bench, "example.", &row);
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
                deny_pass(bench, 0);
                assert_int_equal(deny_kind(bench, "example.", "a.example.", TYPE_A), FINDING_NONE);
                arena_reset(&bench->arena, mark);
        }
}

/* Names of 11 labels that take two bytes for one in a key, then a label that makes the key just so long. */
static void test_names_too_long_for_a_key(void **state)
{
        /* space, route, chain, "example", the labels, the end of the last one */
        enum { BEFORE = 1 + 1 + 8 + 8 + 11 * 41 + 1 };
        struct deny *bench = *state;

        put_example(bench);
        for (unsigned last = 1; last <= 14; last++) {
                bool fits = BEFORE + last < STORE_KEY_MAX; /* with a byte to spare for the seek */
                char text[1024] = "";

                strncat(text, "aaaaaaaaaaaaaa", last);
                for (unsigned i = 0; i < 11 * 20; i++)
                        strcat(text, i % 20 == 0 ? ".\\001" : "\\001");
                strcat(text, ".example.");
                assert_int_equal(deny_kind(bench, "example.", text, TYPE_A), fits ? FINDING_NXDOMAIN : FINDING_NONE);
        }
}

static void test_a_full_arena_is_a_miss(void **state)
{
        struct deny *bench = *state;
        struct name apex = deny_name(bench, "example."), name = deny_name(bench, "b.example.");
        bool found = false;

        put_example(bench);
        assert_int_equal(deny_kind(bench, "example.", "b.example.", TYPE_A), FINDING_NXDOMAIN);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, deny_up, deny_down)
        const struct CMUnitTest tests[] = {
                TEST(test_a_whole_zone_by_nsec),
                TEST(test_a_wildcard_unseen_is_not_denied),
                TEST(test_the_finding_tells_all),
                TEST(test_each_bound_of_the_life),
                TEST(test_ended_ranges_are_stepped_over),
                TEST(test_the_soa_is_of_the_zone),
                TEST(test_the_soa_comes_later),
                TEST(test_ranges_serve_before_they_are_settled),
                TEST(test_ranges_keep_a_zone_without_soa),
                TEST(test_a_wildcard_is_expanded),
                TEST(test_a_wildcard_alias_is_expanded),
                TEST(test_wildcards_of_other_names),
                TEST(test_the_zone_is_renewed),
                TEST(test_a_range_keeps_its_end),
                TEST(test_a_soa_run_down_ends_nothing),
                TEST(test_routes_do_not_mix),
                TEST(test_zones_do_not_mix),
                TEST(test_what_is_not_kept),
                TEST(test_a_flush_is_heard_at_once),
                TEST(test_a_flush_takes_the_zones_away),
                TEST(test_forged_ranges),
                TEST(test_damaged_values),
                TEST(test_names_too_long_for_a_key),
                TEST(test_a_full_arena_is_a_miss),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
