/*
 * What an attack may cost: the KeyTrap family (CVE-2023-50387) by count. Hashing for NSEC3 is counted in nsec3.c.
 */
#include "config/limits.h"
#include "fixture.h"
#include <stdio.h>

#define GOOD VERIFY_GOOD
#define BAD  VERIFY_BAD

enum { DECOYS = 24, SIGS = 40 };

/* Keys that all have the same tag and algorithm; the last one is real. */
struct trap {
        struct signer_key decoy[DECOYS];
        const struct signer_key *all[DECOYS + 1];
        struct rrset dnskey;
        struct zone_keys keys;
};

static void trap_init(struct fixture *f, struct trap *trap, unsigned decoys)
{
        for (unsigned i = 0; i < decoys; i++) {
                signer_key_collide(&trap->decoy[i], &f->key, i + 1);
                trap->all[i] = &trap->decoy[i];
        }
        trap->all[decoys] = &f->key;
        trap->dnskey = signer_dnskey(&f->arena, "example.", trap->all, decoys + 1);
        zone_keys_init(&trap->keys, &f->prover.policy, &trap->dnskey, &f->arena);
        assert_int_equal(trap->keys.count, decoys + 1);
        for (unsigned i = 0; i < decoys; i++)
                assert_int_equal(trap->keys.item[i].tag, signer_key_tag(&f->key));
}

/* A set with so many signatures that do not hold. */
static struct rrset broken_set(struct fixture *f, unsigned number, unsigned sigs)
{
        char text[64];

        snprintf(text, sizeof text, "n%u.example. 300 A 192.0.2.1", number);
        struct rrset set = signer_set(&f->arena, text);
        struct signer_fields fields = signer_fields(&set, &f->key, &f->zone, INCEPTION, EXPIRATION);
        struct rdata signature = signer_sign(&f->arena, &set, &fields, &f->key);
        for (unsigned i = 0; i < sigs; i++) {
                fields.original_ttl++;
                struct rdata rrsig = signer_rrsig(&f->arena, &fields, &signature);
                signer_add(&f->arena, &set, &rrsig);
        }
        return set;
}

static struct rrset good_set(struct fixture *f, unsigned number)
{
        char text[64];

        snprintf(text, sizeof text, "g%u.example. 300 A 192.0.2.1", number);
        return signed_set(f, text);
}

/* KeySigTrap: many keys, many signatures. */
static void test_many_keys_many_signatures(void **state)
{
        struct fixture *f = *state;
        struct trap trap;

        trap_init(f, &trap, DECOYS);
        struct rrset set = broken_set(f, 0, SIGS);
        assert_int_equal(prover_set(&f->prover, &set, &trap.keys), BAD);
        assert_int_equal(f->prover.checks, LIMIT_CHECKS_FAILED_PER_SET);
}

/* SigJam: one key, many signatures. */
static void test_one_key_many_signatures(void **state)
{
        struct fixture *f = *state;
        struct rrset set = broken_set(f, 0, SIGS);

        assert_int_equal(prover_set(&f->prover, &set, &f->keys), BAD);
        assert_int_equal(f->prover.checks, LIMIT_CHECKS_FAILED_PER_SET);
}

/* LockCram: many keys, one signature. */
static void test_many_keys_one_signature(void **state)
{
        struct fixture *f = *state;
        struct trap trap;

        trap_init(f, &trap, DECOYS);
        struct rrset set = broken_set(f, 0, 1);
        assert_int_equal(prover_set(&f->prover, &set, &trap.keys), BAD);
        assert_int_equal(f->prover.checks, LIMIT_KEYS_PER_TAG);
}

/* An answer to ANY: many sets, each with many signatures. */
static void test_many_broken_sets(void **state)
{
        struct fixture *f = *state;
        unsigned budget = 0;

        for (unsigned i = 0; i < 100; i++) {
                struct rrset set = broken_set(f, i, SIGS);

                budget += prover_set(&f->prover, &set, &f->keys) == VERIFY_BUDGET;
        }
        assert_int_equal(f->prover.checks, LIMIT_CHECKS_FAILED);
        assert_int_equal(budget, 100 - LIMIT_CHECKS_FAILED / LIMIT_CHECKS_FAILED_PER_SET);
}

/* The failed checks of a question are not forgotten with its messages. */
static void test_failures_over_messages(void **state)
{
        struct fixture *f = *state;

        for (unsigned i = 0; i < 20; i++) {
                struct rrset set = broken_set(f, i, 1);

                prover_next_message(&f->prover);
                assert_int_equal(prover_set(&f->prover, &set, &f->keys), i < LIMIT_CHECKS_FAILED ? BAD : VERIFY_BUDGET);
        }
        assert_int_equal(f->prover.checks, LIMIT_CHECKS_FAILED);
        struct rrset good = good_set(f, 0);
        assert_int_equal(prover_set(&f->prover, &good, &f->keys), VERIFY_BUDGET);
        prover_next_question(&f->prover);
        assert_int_equal(prover_set(&f->prover, &good, &f->keys), GOOD);
}

/* Sixteen to a message, also where all hold. */
static void test_checks_of_a_message(void **state)
{
        struct fixture *f = *state;

        for (unsigned i = 0; i < 100; i++) {
                struct rrset set = good_set(f, i);

                assert_int_equal(prover_set(&f->prover, &set, &f->keys),
                                 i < LIMIT_CHECKS_PER_MESSAGE ? GOOD : VERIFY_BUDGET);
        }
        assert_int_equal(f->prover.checks, LIMIT_CHECKS_PER_MESSAGE);
}

/* Forty-eight to a question, over as many messages as there are. */
static void test_checks_of_a_question(void **state)
{
        struct fixture *f = *state;

        for (unsigned message = 0; message < 10; message++) {
                prover_next_message(&f->prover);
                for (unsigned i = 0; i < LIMIT_CHECKS_PER_MESSAGE; i++) {
                        struct rrset set = good_set(f, 100 * message + i);
                        bool fits = message * LIMIT_CHECKS_PER_MESSAGE + i < LIMIT_CHECKS;

                        assert_int_equal(prover_set(&f->prover, &set, &f->keys), fits ? GOOD : VERIFY_BUDGET);
                }
        }
        assert_int_equal(f->prover.checks, LIMIT_CHECKS);
        struct rrset known = good_set(f, 0);
        assert_int_equal(prover_set(&f->prover, &known, &f->keys), GOOD); /* what the memo knows is free */
        assert_int_equal(f->prover.checks, LIMIT_CHECKS);
}

/* KeySigTrap at the top of a zone: DNSKEY sets are verified by the keys that DS records name. */
static void test_the_trap_above_a_zone(void **state)
{
        struct fixture *f = *state;
        struct rdata ds[DECOYS];
        struct trap trap;

        trap_init(f, &trap, DECOYS);
        for (unsigned i = 0; i < DECOYS; i++)
                ds[i] = signer_ds(&f->arena, "example.", &trap.decoy[i], 2);
        struct rrset ds_set = signer_ds_set(&f->arena, "example.", ds, DECOYS);
        for (unsigned i = 0; i < SIGS; i++)
                signer_sign_set(&f->arena, &trap.dnskey, &f->key, &f->zone, INCEPTION + i, EXPIRATION);
        assert_int_equal(prover_keys(&f->prover, &trap.dnskey, &ds_set), BAD);
        assert_true(f->prover.checks <= LIMIT_CHECKS_FAILED_PER_SET);
}

/*
 * HashTrap: DS records and keys with equal tags, so that each DS is hashed with each key. Digests are not counted where
 * we could see it; but a DS that stands behind four mismatches is not reached, and one behind three is.
 */
static void test_many_ds_many_keys(void **state)
{
        struct fixture *f = *state;

        for (unsigned decoys = 0; decoys <= 6; decoys++) {
                struct rdata ds = signer_ds(&f->arena, "example.", &f->key, 2);
                struct rrset ds_set = signer_ds_set(&f->arena, "example.", &ds, 1);
                struct trap trap;

                trap_init(f, &trap, decoys);
                signer_sign_set(&f->arena, &trap.dnskey, &f->key, &f->zone, INCEPTION, EXPIRATION);
                prover_next_question(&f->prover);
                assert_int_equal(prover_keys(&f->prover, &trap.dnskey, &ds_set),
                                 decoys < LIMIT_DS_MISMATCHES ? GOOD : BAD);
        }
}

/* Keys that are named and can be used are tried as all others: two to a tag. */
static void test_named_keys_with_one_tag(void **state)
{
        struct fixture *f = *state;

        for (unsigned decoys = 0; decoys <= 3; decoys++) {
                struct rdata ds[4];
                struct trap trap;

                trap_init(f, &trap, decoys);
                /* Each DS names its own key at once: those before it are named already. */
                for (unsigned i = 0; i <= decoys; i++)
                        ds[i] = signer_ds(&f->arena, "example.", trap.all[i], 2);
                struct rrset ds_set = signer_ds_set(&f->arena, "example.", ds, decoys + 1);
                signer_sign_set(&f->arena, &trap.dnskey, &f->key, &f->zone, INCEPTION, EXPIRATION);
                prover_next_question(&f->prover);
                assert_int_equal(prover_keys(&f->prover, &trap.dnskey, &ds_set),
                                 decoys < LIMIT_KEYS_PER_TAG ? GOOD : BAD);
                assert_true(f->prover.checks <= LIMIT_KEYS_PER_TAG);
        }
}

/* One key named by two digests is one key. */
static void test_one_key_named_twice(void **state)
{
        struct fixture *f = *state;
        struct rrset dnskey = f->dnskey;
        struct rdata ds[] = {
                signer_ds(&f->arena, "example.", &f->key, 2),
                signer_ds(&f->arena, "example.", &f->key, 4),
        };
        struct rrset ds_set = signer_ds_set(&f->arena, "example.", ds, 2);
        struct zone_keys named;
        struct reason why;
        bool unsupported;

        zone_keys_named(&named, &f->prover.policy, &dnskey, &ds_set, &f->arena, &unsupported, &why);
        assert_int_equal(named.count, 1);
}

/* Cheap checks go first: a signature that fails one of them costs no check, however many there are. */
static void test_cheap_checks_are_free(void **state)
{
        struct fixture *f = *state;
        struct rrset set = signer_set(&f->arena, "www.example. 300 A 192.0.2.1");
        struct signer_fields fields = signer_fields(&set, &f->key, &f->zone, INCEPTION, EXPIRATION);
        struct rdata signature = signer_sign(&f->arena, &set, &fields, &f->key);
        struct signer_fields wrong[] = {fields, fields, fields, fields, fields, fields};

        wrong[0].covered = TYPE_AAAA;
        wrong[1].labels = 9;
        wrong[2].expiration = NOW - 3 * DAY;
        wrong[3].inception = NOW + 3 * DAY;
        wrong[4].signer = name_root;
        wrong[5].key_tag++;
        for (unsigned i = 0; i < 60; i++) {
                struct rdata rrsig = signer_rrsig(&f->arena, &wrong[i % COUNT(wrong)], &signature);

                signer_add(&f->arena, &set, &rrsig);
        }
        struct rdata rrsig = signer_rrsig(&f->arena, &fields, &signature);
        signer_add(&f->arena, &set, &rrsig);
        assert_int_equal(prover_set(&f->prover, &set, &f->keys), GOOD);
        assert_int_equal(f->prover.checks, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                fixture_test(test_many_keys_many_signatures), fixture_test(test_one_key_many_signatures),
                fixture_test(test_many_keys_one_signature),   fixture_test(test_many_broken_sets),
                fixture_test(test_failures_over_messages),    fixture_test(test_checks_of_a_message),
                fixture_test(test_checks_of_a_question),      fixture_test(test_the_trap_above_a_zone),
                fixture_test(test_many_ds_many_keys),         fixture_test(test_named_keys_with_one_tag),
                fixture_test(test_one_key_named_twice),       fixture_test(test_cheap_checks_are_free),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
