/* Record sets: equality, copies, canonical sorting, and the RDATA that a resolver reads. */
#include "wire/rrset.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include "bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* A set of one-byte records of an unknown type; each letter is a record. */
static struct rrset lettered(const char *letters, struct rdata *rdata)
{
        unsigned count = (unsigned)strlen(letters);

        for (unsigned i = 0; i < count; i++)
                rdata[i] = (struct rdata){ .bytes = (const uint8_t *)letters + i, .len = 1 };
        return (struct rrset){ .owner = named("owner."), .type = 65280, .class = CLASS_IN, .ttl = 60,
                               .count = (uint16_t)count, .rdata = rdata };
}

static void order_does_not_matter(void **state)
{
        static const struct {
                const char *a, *b;
                bool equal;
        } rows[] = {
                { "abc", "abc", true }, { "abc", "cab", true }, { "a", "b", false }, { "abc", "abd", false },
                { "abc", "ab", false }, { "ab", "abc", false },
        };

        (void)state;
        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct rdata rdata_a[4], rdata_b[4];
                struct rrset a = lettered(rows[i].a, rdata_a), b = lettered(rows[i].b, rdata_b);
                assert_int_equal(rrset_equal(&a, &b), rows[i].equal);
                b.ttl = 1;
                assert_int_equal(rrset_equal(&a, &b), rows[i].equal);
                b.owner = named("OWNER.");
                assert_int_equal(rrset_equal(&a, &b), rows[i].equal);
                b.owner = named("other.");
                assert_false(rrset_equal(&a, &b));
        }
}

static void type_and_class_matter(void **state)
{
        struct rdata rdata_a[1], rdata_b[1];
        struct rrset a = lettered("a", rdata_a), b = lettered("a", rdata_b);

        (void)state;
        b.type = 65281;
        assert_false(rrset_equal(&a, &b));
        b.type = a.type;
        b.class = CLASS_CH;
        assert_false(rrset_equal(&a, &b));
}

static void sorting_drops_doubles(void **state)
{
        struct rdata rdata[8];
        uint16_t count = 8;

        (void)state;
        lettered("cabbacac", rdata);
        rdata_sort(rdata, &count, 65280);
        assert_int_equal(count, 3);
        for (unsigned i = 0; i < count; i++)
                assert_int_equal(rdata[i].bytes[0], "abc"[i]);
}

static void doubles_are_found_whatever_their_case(void **state)
{
        struct name lower = named("a.example."), upper = named("A.EXAMPLE."), other = named("b.example.");
        struct rdata rdata[] = { { other.wire, other.len }, { upper.wire, upper.len }, { lower.wire, lower.len } };
        uint16_t count = 3;

        (void)state;
        rdata_sort(rdata, &count, TYPE_NS);
        assert_int_equal(count, 2);
        assert_ptr_equal(rdata[1].bytes, other.wire);
}

static void a_copy_shares_nothing(void **state)
{
        static uint8_t letters[] = "abc", sig[] = "sig";
        struct rdata rdata[3] = { { letters, 1 }, { letters + 1, 1 }, { letters + 2, 1 } }, sigs[1] = { { sig, 3 } };
        struct rrset set = { .owner = named("owner."), .type = 65280, .class = CLASS_IN, .ttl = 60, .count = 3,
                             .sig_count = 1, .rdata = rdata, .sigs = sigs };
        struct arena arena;
        struct rrset copy;

        (void)state;
        arena_init(&arena, 1 << 16);
        assert_int_equal(rrset_copy(&arena, &set, &copy), ERR_OK);
        assert_true(rrset_equal(&set, &copy));
        assert_memory_equal(copy.sigs[0].bytes, "sig", 3);
        letters[0] = 'x';
        sig[0] = 'x';
        assert_int_equal(copy.rdata[0].bytes[0], 'a');
        assert_int_equal(copy.sigs[0].bytes[0], 's');
        assert_ptr_not_equal(copy.owner.wire, set.owner.wire);
        arena_fini(&arena);

        for (size_t max = 0; max < 300; max += 8) { /* an arena that ends anywhere */
                arena_init(&arena, max);
                enum err err = rrset_copy(&arena, &set, &copy);
                assert_true(err == ERR_OK || err == ERR_MEMORY);
                assert_true(max > 0 || err == ERR_MEMORY);
                arena_fini(&arena);
        }
}

static void targets(void **state)
{
        struct name ns1 = named("ns1.example."), ns2 = named("ns2.example.");
        struct rdata rdata[] = { { ns1.wire, ns1.len }, { ns2.wire, ns2.len } };
        struct rrset set = { .owner = named("example."), .type = TYPE_NS, .class = CLASS_IN, .count = 2,
                             .rdata = rdata };
        struct name target;

        (void)state;
        assert_true(rrset_target(&set, 0, &target) && name_equal(&target, &ns1));
        assert_true(rrset_target(&set, 1, &target) && name_equal(&target, &ns2));
        assert_false(rrset_target(&set, 2, &target));
        set.type = TYPE_TXT;
        assert_false(rrset_target(&set, 0, &target));
}

static void soa_fields(void **state)
{
        uint8_t bytes[64];
        size_t len = from_hex("016100 016200 00000001 00000002 00000003 00000004 00000005", bytes);
        struct soa soa;
        char text[NAME_TEXT_MAX];

        (void)state;
        for (size_t part = 0; part <= len; part++) {
                struct rdata rdata = { guarded(bytes, part), (uint16_t)part };
                assert_int_equal(soa_read(&rdata, &soa), part == len);
        }
        struct rdata rdata = { guarded(bytes, len), (uint16_t)len };
        assert_true(soa_read(&rdata, &soa));
        assert_string_equal(name_text(&soa.mname, text), "a.");
        assert_string_equal(name_text(&soa.rname, text), "b.");
        assert_int_equal(soa.serial, 1);
        assert_int_equal(soa.refresh, 2);
        assert_int_equal(soa.retry, 3);
        assert_int_equal(soa.expire, 4);
        assert_int_equal(soa.minimum, 5);
}

static void rrsig_fields(void **state)
{
        uint8_t bytes[64];
        size_t len = from_hex("0006 08 02 00000e10 70000000 60000000 1234 016100 aabb", bytes);
        struct rrsig sig;

        (void)state;
        for (size_t part = 0; part <= len; part++) {
                struct rdata rdata = { guarded(bytes, part), (uint16_t)part };
                assert_int_equal(rrsig_read(&rdata, &sig), part > len - 2);
        }
        struct rdata rdata = { guarded(bytes, len), (uint16_t)len };
        assert_true(rrsig_read(&rdata, &sig));
        assert_int_equal(sig.covered, TYPE_SOA);
        assert_int_equal(sig.algorithm, 8);
        assert_int_equal(sig.labels, 2);
        assert_int_equal(sig.original_ttl, 3600);
        assert_int_equal(sig.expiration, 0x70000000);
        assert_int_equal(sig.inception, 0x60000000);
        assert_int_equal(sig.key_tag, 0x1234);
        assert_int_equal(sig.signer.len, 3);
        assert_int_equal(sig.signature_len, 2);
        assert_int_equal(sig.signature[0], 0xaa);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(order_does_not_matter),
                cmocka_unit_test(type_and_class_matter),
                cmocka_unit_test(sorting_drops_doubles),
                cmocka_unit_test(doubles_are_found_whatever_their_case),
                cmocka_unit_test(a_copy_shares_nothing),
                cmocka_unit_test(targets),
                cmocka_unit_test(soa_fields),
                cmocka_unit_test(rrsig_fields),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
