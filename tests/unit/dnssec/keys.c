/*
 * The matrix of keys: a zone's DNSKEY set against the DS set above it, with one thing changed.
 */
#include "dnssec/keys.h"
#include "fixture.h"
#include <stdio.h>

#define GOOD VERIFY_GOOD
#define BAD  VERIFY_BAD

/*
 * The keys by their letters:
 *
 *   K L M   zone keys (Ed25519)       Z  no zone bit            A  RSA with SHA-1
 *   E       zone key (P-256)          R  revoked                S  RSA of 512 bits      B  RSA of 4097 bits
 *   O       not on its curve (P-256)  P  another protocol       X  RSA, long exponent   U  unknown algorithm
 */
static const char letters[] = "KLMEZRPASBXUO";

enum { KEYS = sizeof letters - 1 };

struct chain {
        struct fixture *f;
        struct signer_key key[KEYS];
        struct rrset dnskey, ds;
};

static struct signer_key *key_of(struct chain *chain, char letter)
{
        const char *at = strchr(letters, letter);

        assert_non_null(at);
        return &chain->key[at - letters];
}

static void make_keys(struct chain *chain)
{
        signer_key_make(key_of(chain, 'K'), SIGNER_ED25519, 0, 1);
        signer_key_make(key_of(chain, 'L'), SIGNER_ED25519, 0, 2);
        signer_key_make(key_of(chain, 'M'), SIGNER_ED25519, 0, 3);
        signer_key_make(key_of(chain, 'E'), SIGNER_P256, 0, 0);
        signer_key_make(key_of(chain, 'Z'), SIGNER_ED25519, 0, 4);
        store_u16(key_of(chain, 'Z')->rdata, SIGNER_SEP);
        signer_key_make(key_of(chain, 'R'), SIGNER_ED25519, 0, 5);
        store_u16(key_of(chain, 'R')->rdata, SIGNER_ZONE | SIGNER_REVOKE | SIGNER_SEP);
        signer_key_make(key_of(chain, 'P'), SIGNER_ED25519, 0, 6);
        key_of(chain, 'P')->rdata[2] = 1;
        signer_key_make(key_of(chain, 'A'), SIGNER_RSASHA1, 1024, 0);
        signer_key_make(key_of(chain, 'S'), SIGNER_RSASHA256, 512, 0);
        signer_key_forge(key_of(chain, 'B'), SIGNER_RSASHA256, 4097, 17);
        signer_key_forge(key_of(chain, 'X'), SIGNER_RSASHA256, 2048, 64);
        signer_key_make(key_of(chain, 'U'), SIGNER_ED25519, 0, 7);
        key_of(chain, 'U')->rdata[3] = 200;
        signer_key_make(key_of(chain, 'O'), SIGNER_P256, 0, 0);
        key_of(chain, 'O')->rdata[67] ^= 1;
}

static int chain_init(void **state)
{
        void *fixture;
        struct chain *chain = calloc(1, sizeof *chain);

        if (!chain || fixture_init(&fixture))
                return -1;
        chain->f = fixture;
        make_keys(chain);
        *state = chain;
        return 0;
}

static int chain_fini(void **state)
{
        struct chain *chain = *state;
        void *fixture = chain->f;

        for (unsigned i = 0; i < KEYS; i++)
                signer_key_fini(&chain->key[i]);
        free(chain);
        return fixture_fini(&fixture);
}

/*
 * A DS in a few letters: key and digest type, then what is wrong with it.
 *
 *   K2   of key K by SHA-256; K1, K4 by SHA-1 and SHA-384; K9 by a digest that nobody knows
 *   !    another digest      ~  another key tag      ^  another algorithm (13)      -  a byte short      0  no digest
 * at all
 */
static struct rdata ds_of(struct chain *chain, const char *word)
{
        struct arena *arena = &chain->f->arena;
        struct rdata ds = signer_ds(arena, "example.", key_of(chain, word[0]), (uint8_t)(word[1] - '0'));
        uint8_t *bytes = arena_copy(arena, ds.bytes, ds.len);

        for (const char *change = word + 2; *change && *change != ' '; change++) {
                if (*change == '!')
                        bytes[ds.len - 1] ^= 1;
                else if (*change == '~')
                        bytes[1] ^= 1;
                else if (*change == '^')
                        bytes[2] = SIGNER_P256;
                else
                        ds.len = *change == '0' ? 4 : (uint16_t)(ds.len - 1);
        }
        ds.bytes = bytes;
        return ds;
}

static void make_ds(struct chain *chain, const char *words)
{
        struct rdata rdata[64];
        unsigned count = 0;

        for (const char *word = words; word; word = strchr(word, ' ')) {
                word += *word == ' ';
                rdata[count++] = ds_of(chain, word);
        }
        chain->ds = signer_ds_set(&chain->f->arena, "example.", rdata, count);
}

static void make_dnskey(struct chain *chain, const char *publish, const char *sign)
{
        const struct signer_key *all[KEYS * 2];
        unsigned count = 0;

        for (; *publish; publish++)
                all[count++] = key_of(chain, *publish);
        chain->dnskey = signer_dnskey(&chain->f->arena, "example.", all, count);
        for (; *sign; sign++)
                signer_sign_set(&chain->f->arena, &chain->dnskey, key_of(chain, *sign), &chain->f->zone, INCEPTION,
                                EXPIRATION);
}

enum { SHA1 = 1 };

static const struct {
        const char *ds, *publish, *sign;
        enum verify_result expected;
        uint16_t ede;
        bool unsupported, sha1;
} row[] = {
        {"K2", "K", "K", GOOD, EDE_NONE, false, false},
        {"K4", "K", "K", GOOD, EDE_NONE, false, false},
        {"E2", "E", "E", GOOD, EDE_NONE, false, false},
        {"K2", "KL", "K", GOOD, EDE_NONE, false, false},
        {"K2", "LK", "LK", GOOD, EDE_NONE, false, false},
        /* Twice the same says it once. */
        {"K2", "KK", "K", GOOD, EDE_NONE, false, false},
        {"K2", "KLKL", "LK", GOOD, EDE_NONE, false, false},
        {"K2 K2", "K", "K", GOOD, EDE_NONE, false, false},
        {"K2! K2!", "KK", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        {"K2", "K", "KK", GOOD, EDE_NONE, false, false},
        /* A key that no DS names may not prove the set. */
        {"K2", "KL", "L", BAD, EDE_DNSKEY_MISSING, false, false},
        {"K2", "L", "L", BAD, EDE_DNSKEY_MISSING, false, false},
        {"K2", "K", "", BAD, EDE_RRSIGS_MISSING, false, false},
        {"K2", "L", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        /* Several DS: one that leads to a good signature is enough (RFC 6840 5.11). */
        {"K2 L2", "KL", "K", GOOD, EDE_NONE, false, false},
        {"K2 L2", "KL", "L", GOOD, EDE_NONE, false, false},
        {"K2 L2", "L", "L", GOOD, EDE_NONE, false, false},
        {"K2 E2", "KE", "E", GOOD, EDE_NONE, false, false},
        {"K2 K4", "K", "K", GOOD, EDE_NONE, false, false},
        {"K2! K4", "K", "K", GOOD, EDE_NONE, false, false},
        {"K2 K4!", "K", "K", GOOD, EDE_NONE, false, false},
        {"L2 M2 K2", "K", "K", GOOD, EDE_NONE, false, false},
        /* What a DS can have wrong. */
        {"K2!", "K", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        {"K2~", "K", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        {"K2^", "K", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        {"K2-", "K", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        {"K4-", "K", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        {"K2! L2", "KL", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        /* Digests (RFC 4509 3, RFC 9905): SHA-1 counts while it is allowed, and only where there is nothing better. */
        {"K1", "K", "K", BAD, EDE_DS_DIGEST, true, false},
        {"K1", "K", "K", GOOD, EDE_NONE, false, SHA1},
        {"K1!", "K", "K", BAD, EDE_DNSKEY_MISSING, false, SHA1},
        {"K1 L2", "KL", "K", BAD, EDE_DNSKEY_MISSING, false, SHA1},
        {"K1 L2", "KL", "L", GOOD, EDE_NONE, false, SHA1},
        {"K1 K2!", "K", "K", BAD, EDE_DNSKEY_MISSING, false, SHA1},
        {"K1 K4!", "K", "K", BAD, EDE_DNSKEY_MISSING, false, SHA1},
        {"K1 U2", "K", "K", GOOD, EDE_NONE, false, SHA1},
        {"K9", "K", "K", BAD, EDE_DS_DIGEST, true, false},
        {"K9 K2", "K", "K", GOOD, EDE_NONE, false, false},
        {"K9 K2!", "K", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        {"K9 K1", "K", "K", BAD, EDE_DS_DIGEST, true, false},
        {"K3", "K", "K", BAD, EDE_DS_DIGEST, true, false},
        {"K20", "K", "K", BAD, EDE_DS_DIGEST, true, false},
        /* Algorithms (RFC 6840 5.2). */
        {"U2", "U", "", BAD, EDE_DNSKEY_ALGORITHM, true, false},
        {"U2 K2", "UK", "K", GOOD, EDE_NONE, false, false},
        {"U2 K2", "U", "", BAD, EDE_DNSKEY_MISSING, false, false},
        {"U2 K9", "UK", "K", BAD, EDE_DS_DIGEST, true, false},
        {"U9", "U", "", BAD, EDE_DNSKEY_ALGORITHM, true, false},
        {"A2", "A", "A", BAD, EDE_DNSKEY_ALGORITHM, true, false},
        {"A2", "A", "A", GOOD, EDE_NONE, false, SHA1},
        {"A1", "A", "A", GOOD, EDE_NONE, false, SHA1},
        {"A2 K2", "AK", "A", BAD, EDE_DNSKEY_MISSING, false, false},
        /* Keys that may not sign, though a DS names them. */
        {"Z2", "Z", "Z", BAD, EDE_NO_ZONE_KEY, false, false},
        {"Z2 K2", "ZK", "K", GOOD, EDE_NONE, false, false},
        {"Z2 K2", "ZK", "Z", BAD, EDE_DNSKEY_MISSING, false, false},
        {"R2", "R", "R", BAD, EDE_DNSKEY_MISSING, false, false},
        {"R2 K2", "RK", "R", BAD, EDE_DNSKEY_MISSING, false, false},
        {"R2 K2", "RK", "RK", GOOD, EDE_NONE, false, false},
        {"P2", "P", "P", BAD, EDE_DNSKEY_MISSING, false, false},
        {"O2", "O", "E", BAD, EDE_DNSKEY_MISSING, false, false},
        {"O2", "O", "O", BAD, EDE_DNSKEY_ALGORITHM, false, false},
        /* RSA keys out of the limits count as unsupported, if it is the DS set that leads to nothing else. */
        {"S2", "S", "S", BAD, EDE_DNSKEY_ALGORITHM, true, false},
        {"B2", "B", "", BAD, EDE_DNSKEY_ALGORITHM, true, false},
        {"X2", "X", "", BAD, EDE_DNSKEY_ALGORITHM, true, false},
        {"S2 B2 X4", "SBX", "S", BAD, EDE_DNSKEY_ALGORITHM, true, false},
        {"S2 K2", "SK", "K", GOOD, EDE_NONE, false, false},
        {"S2 K2", "S", "S", BAD, EDE_DNSKEY_MISSING, false, false},
        {"S2 K2", "SK", "S", BAD, EDE_DNSKEY_MISSING, false, false},
        {"S2!", "S", "S", BAD, EDE_DNSKEY_MISSING, false, false},
        {"S2 U2", "SU", "S", BAD, EDE_DNSKEY_ALGORITHM, true, false},
        /* Eight DS records are considered. */
        {"L2 L2 L2 L2 L2 L2 L2 K2", "K", "K", GOOD, EDE_NONE, false, false},
        {"L2 L2 L2 L2 L2 L2 L2 L2 K2", "K", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        {"S2 S2 S2 S2 S2 S2 S2 S2 K2", "SK", "K", BAD, EDE_DNSKEY_MISSING, false, false},
        {"U2 U2 U2 U2 U2 U2 U2 U2 U2 K2", "UK", "K", GOOD, EDE_NONE, false, false},
        /* Four digests may differ. */
        {"K2! K2! K2! K2", "K", "K", GOOD, EDE_NONE, false, false},
        {"K2! K2! K2! K2! K2", "K", "K", BAD, EDE_DNSKEY_MISSING, false, false},
};

static void test_ds_and_keys(void **state)
{
        struct chain *chain = *state;
        struct prover *prover = &chain->f->prover;

        for (size_t i = 0; i < COUNT(row); i++) {
                make_ds(chain, row[i].ds);
                make_dnskey(chain, row[i].publish, row[i].sign);
                prover->policy.sha1 = row[i].sha1;
                prover_next_question(prover);
                enum verify_result result = prover_keys(prover, &chain->dnskey, &chain->ds);
                (void)fixture_cases(1);
                if (result != row[i].expected || prover->unsupported != row[i].unsupported ||
                    prover->why.ede != row[i].ede)
                        fail_msg("DS %s, keys %s signed by %s: result %d%s, EDE %u (%s)", row[i].ds, row[i].publish,
                                 row[i].sign, (int)result, prover->unsupported ? ", unsupported" : "", prover->why.ede,
                                 prover->why.text);
                assert_true(result == GOOD || prover->why.text[0]);
        }
}

/* A DS names a key at this owner: the same key elsewhere is another one. */
static void test_ds_of_another_zone(void **state)
{
        struct chain *chain = *state;
        struct fixture *f = chain->f;
        const struct signer_key *const all[] = {key_of(chain, 'K')};
        struct rrset dnskey = signer_dnskey(&f->arena, "other.", all, 1);
        struct name other = signer_name(&f->arena, "other.");

        signer_sign_set(&f->arena, &dnskey, all[0], &other, INCEPTION, EXPIRATION);
        make_ds(chain, "K2");
        assert_int_equal(prover_keys(&f->prover, &dnskey, &chain->ds), BAD);
        struct rdata right = signer_ds(&f->arena, "OTHER.", all[0], 2);
        struct rrset ds = signer_ds_set(&f->arena, "other.", &right, 1);
        assert_int_equal(prover_keys(&f->prover, &dnskey, &ds), GOOD);
}

/* The set must be signed by the zone itself: its own name in the signer field, its own label count. */
static void test_signer_of_the_keys(void **state)
{
        static const char *const signer[] = {".", "www.example.", "sibling."};
        struct chain *chain = *state;
        struct fixture *f = chain->f;

        make_ds(chain, "K2");
        for (size_t i = 0; i < COUNT(signer); i++) {
                struct name name = signer_name(&f->arena, signer[i]);

                make_dnskey(chain, "K", "");
                signer_sign_set(&f->arena, &chain->dnskey, key_of(chain, 'K'), &name, INCEPTION, EXPIRATION);
                assert_int_equal(prover_keys(&f->prover, &chain->dnskey, &chain->ds), BAD);
                assert_int_equal(f->prover.why.ede, EDE_BOGUS);
        }
}

/* Some DS sets and DNSKEY sets are just rubbish. */
static void test_rubbish(void **state)
{
        struct chain *chain = *state;
        struct fixture *f = chain->f;

        for (uint16_t len = 0; len < 40; len++) {
                struct rdata short_ds = signer_ds(&f->arena, "example.", key_of(chain, 'K'), 2);
                struct rdata short_key = {.bytes = key_of(chain, 'K')->rdata, .len = len};

                make_dnskey(chain, "K", "K");
                if (len < short_ds.len) {
                        short_ds.len = len;
                        chain->ds = signer_ds_set(&f->arena, "example.", &short_ds, 1);
                        assert_int_equal(prover_keys(&f->prover, &chain->dnskey, &chain->ds), BAD);
                }
                if (len < 36) {
                        make_ds(chain, "K2");
                        chain->dnskey.rdata = &short_key;
                        assert_int_equal(prover_keys(&f->prover, &chain->dnskey, &chain->ds), BAD);
                }
        }
}

/* A zone may have more keys than are looked at; those that are, are the first that can be used. */
static void test_many_keys(void **state)
{
        struct chain *chain = *state;
        struct fixture *f = chain->f;
        static struct signer_key made[ZONE_KEYS_MAX + 8];
        const struct signer_key *all[COUNT(made) + 2] = {key_of(chain, 'U'), key_of(chain, 'Z')};
        struct zone_keys keys;

        for (unsigned i = 0; i < COUNT(made); i++) {
                signer_key_make(&made[i], SIGNER_ED25519, 0, (uint8_t)(100 + i));
                all[2 + i] = &made[i];
        }
        struct rrset dnskey = signer_dnskey(&f->arena, "example.", all, COUNT(all));
        zone_keys_init(&keys, &f->prover.policy, &dnskey, &f->arena);
        assert_int_equal(keys.count, ZONE_KEYS_MAX);
        assert_ptr_equal(keys.item[0].rdata.bytes, dnskey.rdata[2].bytes);
        for (unsigned i = 0; i < COUNT(made); i++) {
                struct rrset set = signer_set(&f->arena, "www.example. 300 A 192.0.2.1");

                signer_sign_set(&f->arena, &set, &made[i], &f->zone, INCEPTION, EXPIRATION);
                prover_next_question(&f->prover);
                assert_int_equal(prover_set(&f->prover, &set, &keys), i < ZONE_KEYS_MAX ? GOOD : BAD);
        }
        for (unsigned i = 0; i < COUNT(made); i++)
                signer_key_fini(&made[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_ds_and_keys, chain_init, chain_fini),
                cmocka_unit_test_setup_teardown(test_ds_of_another_zone, chain_init, chain_fini),
                cmocka_unit_test_setup_teardown(test_signer_of_the_keys, chain_init, chain_fini),
                cmocka_unit_test_setup_teardown(test_rubbish, chain_init, chain_fini),
                cmocka_unit_test_setup_teardown(test_many_keys, chain_init, chain_fini),
        };

        return cmocka_run_group_tests(tests, NULL, fixture_say_cases);
}
