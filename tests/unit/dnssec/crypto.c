/*
 * Keys, signatures, digests and hashes, against the examples of the RFCs and against libcrypto used by other hands.
 */
#include "dnssec/crypto.h"
#include "fixture.h"

/* --- Examples of the RFCs ----------------------------------------------------------------------------------------- */

#define RFC6605_P256                                                                                                   \
        "example.net. DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wN"                   \
        "cP+e+MAnLr+Wi9xMWyQLc8"                                                                                       \
        "NAA=="
#define RFC6605_P384                                                                                                   \
        "example.net. DNSKEY 257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem"                   \
        "5RCOpgQ6K8X1DRSEkrbYQ+"                                                                                       \
        "OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40"
#define RFC8080_ED25519 "example.com. DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4="
#define RFC8080_ED448                                                                                                  \
        "example.com. DNSKEY 257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA"
#define RFC5702_256                                                                                                    \
        "example.net. DNSKEY 256 3 8 AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36Bponcwtk"                   \
        "Z4cAgtvd4Qs8PkxUdp6p"                                                                                         \
        "/DlUmObdk="
#define RFC5702_512                                                                                                    \
        "example.net. DNSKEY 256 3 10 AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pn"                   \
        "WnjJQujX/AyhqFDxj13t"                                                                                         \
        "OnD9u/1kTg7cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL"
#define RFC4034_SHA1                                                                                                   \
        "dskey.example.com. DNSKEY 256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822a"                   \
        "J5iI9BMzNXxeYCmZDRD9"                                                                                         \
        "9WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw=="

static const struct {
        const char *dnskey;
        uint16_t tag;
        const char *ds[2];
} named[] = {
        {RFC4034_SHA1,
         60485,
         {"dskey.example.com. DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
          "dskey.example.com. DS 60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"}},
        {RFC6605_P256,
         55648,
         {"example.net. DS 55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"}},
        {RFC6605_P384,
         10771,
         {"example.net. DS 10771 14 4 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b"
          "0563a9b5f4d288405c3"
          "008a946df983d6"}},
        {RFC8080_ED25519,
         3613,
         {"example.com. DS 3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b"}},
        {RFC8080_ED448,
         9713,
         {"example.com. DS 9713 16 2 6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7"}},
        {RFC5702_256, 9033, {NULL}},
        {RFC5702_512, 3740, {NULL}},
};

/* RFC 4034 5.4 and appendix B, RFC 4509 2.3, RFC 6605 6, RFC 8080 6, RFC 5702 6. */
static void test_key_tags_and_ds(void **state)
{
        struct fixture *f = *state;

        f->prover.policy.sha1 = true;
        for (size_t i = 0; i < COUNT(named); i++) {
                struct rrset key = signer_set(&f->arena, named[i].dnskey);

                assert_int_equal(crypto_key_tag(&key.rdata[0]), named[i].tag);
                for (size_t d = 0; d < COUNT(named[i].ds) && named[i].ds[d]; d++) {
                        struct rrset ds = signer_set(&f->arena, named[i].ds[d]);

                        assert_true(crypto_ds_matches(&f->prover.policy, &key.owner, &ds.rdata[0], &key.rdata[0]));
                        assert_false(crypto_ds_matches(&f->prover.policy, &name_root, &ds.rdata[0], &key.rdata[0]));
                }
        }
}

static const struct {
        const char *dnskey, *set, *rrsig;
        uint32_t now;
} example[] = {
        {RFC6605_P256, "www.example.net. 3600 IN A 192.0.2.1",
         "www.example.net. RRSIG A 13 3 3600 20100909100439 20100812100439 55648 example.net. qx6wLY"
         "qmh+l9oCKTN6qIc+bw6ya"
         "+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==",
         1282000000},
        {RFC6605_P384, "www.example.net. 3600 IN A 192.0.2.1",
         "www.example.net. RRSIG A 14 3 3600 20100909102025 20100812102025 10771 example.net. /L5hDK"
         "IvGDyI1fcARX3z65qrmPs"
         "Vz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm",
         1282000000},
        {RFC8080_ED25519, "example.com. 3600 IN MX 10 mail.example.com.",
         "example.com. RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. oL9krJun7xfBOIWcGH"
         "i7mag5/hdZrKWw15jPGrH"
         "pjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
         1439000000},
        {RFC8080_ED448, "example.com. 3600 IN MX 10 mail.example.com.",
         "example.com. RRSIG MX 16 2 3600 1440021600 1438207200 9713 example.com. 3cPAHkmlnxcDHMyg7v"
         "FC34l0blBhuG1qpwLmjIn"
         "I8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07+4RQvE581N3Aj/JtIyaiYVdnY"
         "tyMWbSNyGEY2213WKsJlw"
         "EA",
         1439000000},
        {RFC5702_256, "www.example.net. 3600 IN A 192.0.2.91",
         "www.example.net. RRSIG A 8 3 3600 20300101000000 20000101000000 9033 example.net. kRCOH6u7"
         "l0QGy9qpC9l1sLncJcOKF"
         "LJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg==",
         NOW},
        {RFC5702_512, "www.example.net. 3600 IN A 192.0.2.91",
         "www.example.net. RRSIG A 10 3 3600 20300101000000 20000101000000 3740 example.net. tsb4wnj"
         "RUDnB1BUi+t6TMTXThjVn"
         "G+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfDqfReKBzMwe"
         "OLDiNa8iP5g9vMhpuv6OP"
         "lvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw=",
         NOW},
};

static void test_signatures_of_the_rfcs(void **state)
{
        struct fixture *f = *state;

        f->prover.policy.rsa_min_bits = 512;
        for (size_t i = 0; i < COUNT(example); i++) {
                struct rrset dnskey = signer_set(&f->arena, example[i].dnskey);
                struct rrset set = signer_set(&f->arena, example[i].set);
                struct rrset rrsig = signer_set(&f->arena, example[i].rrsig);
                struct zone_keys keys;

                zone_keys_init(&keys, &f->prover.policy, &dnskey, &f->arena);
                signer_add(&f->arena, &set, &rrsig.rdata[0]);
                f->prover.wall_s = example[i].now;
                prover_next_question(&f->prover);
                if (prover_set(&f->prover, &set, &keys) != VERIFY_GOOD)
                        fail_msg("%s: %s", example[i].rrsig, f->prover.why.text);
        }
}

/* --- NSEC3 hashes ------------------------------------------------------------------------------------------------- */

static const struct {
        const char *name, *hash;
} hashed[] = {
        /* RFC 5155 appendix A: salt aabbccdd, 12 iterations */
        {"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
        {"a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
        {"ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi"},
        {"ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
        {"ns2.example.", "q04jkcevqvmu85r014c7dkba38o0ji5r"},
        {"w.example.", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
        {"*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
        {"x.w.example.", "b4um86eghhds6nea196smvmlo4ors995"},
        {"y.w.example.", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"},
        {"x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s"},
        {"xx.example.", "t644ebqk9bibcna874givr6joj62mlhv"},
        {"c.x.w.example.", "0va5bpr2ou0vk0lbqeeljri88laipsfh"},
        {"*.x.w.example.", "92pqneegtaue7pjatc3l3qnk738c6v5m"},
        {"X.W.EXAMPLE.", "b4um86eghhds6nea196smvmlo4ors995"},
        {"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi"},
};

/* The hash as an owner's label: the record set's own owner is where the signer writes it. */
static void assert_hash(struct fixture *f, const uint8_t hash[NSEC3_HASH_LEN], const char *expected)
{
        const struct signer_nsec3 plain = {.algorithm = 1};
        struct rrset set = signer_nsec3_set(&f->arena, "example.", &plain, hash, hash, "A");

        assert_int_equal(set.owner.wire[0], 32);
        assert_memory_equal(set.owner.wire + 1, expected, 32);
}

static void test_hashes_of_rfc5155(void **state)
{
        static const uint8_t salt[] = {0xaa, 0xbb, 0xcc, 0xdd};
        uint8_t canonical[NAME_WIRE_MAX], hash[NSEC3_HASH_LEN];
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(hashed); i++) {
                struct name name = signer_name(&f->arena, hashed[i].name);

                assert_true(
                        crypto_nsec3_hash(canonical, name_canonical(&name, canonical), salt, sizeof salt, 12, hash));
                assert_hash(f, hash, hashed[i].hash);
        }
}

static void test_hashes_with_other_parameters(void **state)
{
        static const uint16_t iterations[] = {0, 1, 2, 50, 150, 2500};
        static const uint8_t salt_len[] = {0, 1, 8, 34, 35, 36, 255};
        uint8_t ours[NSEC3_HASH_LEN], theirs[SIGNER_HASH_LEN];
        struct fixture *f = *state;
        struct name name = signer_name(&f->arena, "a.long.name.in.example.");

        for (size_t i = 0; i < COUNT(iterations); i++)
                for (size_t s = 0; s < COUNT(salt_len); s++) {
                        struct signer_nsec3 p = {.algorithm = 1, .iterations = iterations[i], .salt_len = salt_len[s]};

                        memset(p.salt, 0x5a, sizeof p.salt);
                        signer_hash(&p, &name, theirs);
                        assert_true(crypto_nsec3_hash(name.wire, name.len, p.salt, p.salt_len, p.iterations, ours));
                        assert_memory_equal(ours, theirs, sizeof ours);
                }
}

/* --- Each algorithm ----------------------------------------------------------------------------------------------- */

static const struct {
        uint8_t algorithm;
        unsigned bits;
        size_t signature_len;
} signing[] = {
        {SIGNER_RSASHA1, 1024, 128},   {7, 1024, 128},
        {SIGNER_RSASHA256, 1024, 128}, {SIGNER_RSASHA256, 1029, 129},
        {SIGNER_RSASHA512, 2048, 256}, {SIGNER_P256, 0, 64},
        {SIGNER_P384, 0, 96},          {SIGNER_ED25519, 0, 64},
        {SIGNER_ED448, 0, 114},
};

/* A zone with one key of this kind, and a set that it signed. */
struct signed_zone {
        struct signer_key key;
        struct zone_keys keys;
        struct rrset set;
        struct signer_fields fields;
        struct rdata signature;
};

static void signed_zone_init(struct fixture *f, struct signed_zone *zone, uint8_t algorithm, unsigned bits)
{
        const struct signer_key *const all[] = {&zone->key};

        signer_key_make(&zone->key, algorithm, bits, 7);
        struct rrset dnskey = signer_dnskey(&f->arena, "example.", all, 1);
        zone_keys_init(&zone->keys, &f->prover.policy, &dnskey, &f->arena);
        zone->set = signer_set(&f->arena, "www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.2");
        zone->fields = signer_fields(&zone->set, &zone->key, &f->zone, INCEPTION, EXPIRATION);
        zone->signature = signer_sign(&f->arena, &zone->set, &zone->fields, &zone->key);
}

static void signed_zone_fini(struct signed_zone *zone)
{
        signer_key_fini(&zone->key);
}

static enum verify_result verify_with(struct fixture *f, struct signed_zone *zone, const uint8_t *signature, size_t len)
{
        struct rdata bytes = {.bytes = signature, .len = (uint16_t)len};
        struct rrset set = zone->set;
        struct rdata rrsig = signer_rrsig(&f->arena, &zone->fields, &bytes);

        signer_add(&f->arena, &set, &rrsig);
        prover_next_question(&f->prover);
        return prover_set(&f->prover, &set, &zone->keys);
}

static void test_each_algorithm(void **state)
{
        struct fixture *f = *state;

        f->prover.policy.sha1 = true;
        for (size_t i = 0; i < COUNT(signing); i++) {
                uint8_t wrong[SIGNER_SIGNATURE_MAX] = {0};
                struct signed_zone zone;

                signed_zone_init(f, &zone, signing[i].algorithm, signing[i].bits);
                size_t len = zone.signature.len;
                assert_int_equal(len, signing[i].signature_len);
                assert_int_equal(verify_with(f, &zone, zone.signature.bytes, len), VERIFY_GOOD);
                memcpy(wrong, zone.signature.bytes, len);
                for (size_t at = 0; at < len; at += at < 4 || at > len - 4 ? 1 : 13) {
                        wrong[at] ^= 0x01;
                        assert_int_equal(verify_with(f, &zone, wrong, len), VERIFY_BAD);
                        wrong[at] ^= 0x01;
                }
                /* A byte too few, one too many, half, twice. */
                const size_t lengths[] = {len - 1, len + 1, len / 2, 2 * len, 1};
                for (size_t l = 0; l < COUNT(lengths); l++)
                        assert_int_equal(verify_with(f, &zone, wrong, lengths[l]), VERIFY_BAD);
                memset(wrong, 0, sizeof wrong);
                assert_int_equal(verify_with(f, &zone, wrong, len), VERIFY_BAD);
                memset(wrong, 0xff, sizeof wrong);
                assert_int_equal(verify_with(f, &zone, wrong, len), VERIFY_BAD);
                signed_zone_fini(&zone);
        }
}

/* The halves of a signature are numbers of fixed length: one in 256 begins with a zero, every other one with a bit set. */
static void test_numbers_of_all_lengths(void **state)
{
        static const uint8_t curves[] = {SIGNER_P256, SIGNER_P384};
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(curves); i++) {
                bool seen_zero[2] = {false}, seen_high[2] = {false};
                struct signed_zone zone;

                signed_zone_init(f, &zone, curves[i], 0);
                for (unsigned tries = 0; tries < 20000 && !(seen_zero[0] && seen_zero[1]); tries++) {
                        struct arena_mark mark = arena_mark(&f->arena);
                        struct rdata signature = signer_sign(&f->arena, &zone.set, &zone.fields, &zone.key);
                        bool news = false;

                        for (unsigned half = 0; half < 2; half++) {
                                uint8_t first = signature.bytes[half * signature.len / 2];

                                news |= (!first && !seen_zero[half]) || (first & 0x80 && !seen_high[half]);
                                seen_zero[half] |= !first;
                                seen_high[half] |= first >= 0x80;
                        }
                        if (news)
                                assert_int_equal(verify_with(f, &zone, signature.bytes, signature.len), VERIFY_GOOD);
                        arena_reset(&f->arena, mark);
                }
                assert_true(seen_zero[0] && seen_zero[1] && seen_high[0] && seen_high[1]);
                signed_zone_fini(&zone);
        }
}

/* What the settings forbid counts as unknown. */
static void test_allowed_algorithms_and_digests(void **state)
{
        struct crypto_policy strict = {.sha1 = false, .rsa_min_bits = 1024}, lax = {.sha1 = true, .rsa_min_bits = 1024};
        static const uint8_t always[] = {8, 10, 13, 14, 15, 16};
        unsigned with = 0, without = 0, digests = 0;

        (void)state;
        for (size_t i = 0; i < COUNT(always); i++)
                assert_true(crypto_algorithm_supported(&strict, always[i]));
        for (unsigned i = 0; i < 256; i++) {
                with += crypto_algorithm_supported(&lax, (uint8_t)i);
                without += crypto_algorithm_supported(&strict, (uint8_t)i);
                digests += crypto_digest_supported(&strict, (uint8_t)i);
        }
        assert_int_equal(without, COUNT(always));
        assert_int_equal(with, COUNT(always) + 2);
        assert_int_equal(digests, 2);
        assert_true(crypto_algorithm_supported(&lax, 5) && crypto_algorithm_supported(&lax, 7));
        assert_true(crypto_digest_supported(&lax, 1) && crypto_digest_supported(&lax, 2) &&
                    crypto_digest_supported(&lax, 4));
}

/* --- Keys that are none ------------------------------------------------------------------------------------------- */

static bool is_key(struct fixture *f, const struct signer_key *key)
{
        struct rdata rdata = {.bytes = key->rdata, .len = key->rdata_len};
        struct crypto_key *made = NULL;

        if (crypto_key_new(&f->prover.policy, &rdata, &made) != ERR_OK)
                return false;
        crypto_key_release(made);
        return true;
}

static bool is_out_of_limits(struct fixture *f, const struct signer_key *key)
{
        struct rdata rdata = {.bytes = key->rdata, .len = key->rdata_len};

        return crypto_key_is_out_of_limits(&f->prover.policy, &rdata);
}

static void test_rsa_limits(void **state)
{
        static const struct {
                unsigned bits, exponent_bits;
                bool fits;
        } row[] = {
                {1024, 17, true}, {1023, 17, false}, {512, 17, false},  {2048, 17, true},
                {4096, 17, true}, {4097, 17, false}, {8000, 17, false}, {2048, 2, true},
                {2048, 33, true}, {2048, 34, false}, {2048, 64, false}, {2048, 2000, false},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(row); i++) {
                struct signer_key key;

                signer_key_forge(&key, SIGNER_RSASHA256, row[i].bits, row[i].exponent_bits);
                assert_int_equal(is_key(f, &key), row[i].fits);
                assert_int_equal(is_out_of_limits(f, &key), !row[i].fits);
        }
}

/* Each change makes a good key of the algorithm into none. */
static void test_malformed_keys(void **state)
{
        static const uint8_t algorithm[] = {8, 10, 13, 14, 15, 16};
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(algorithm); i++) {
                struct signer_key key;

                signer_key_make(&key, algorithm[i], 1024, 3);
                assert_true(is_key(f, &key));
                uint16_t len = key.rdata_len;
                for (key.rdata_len = 0; key.rdata_len < 5; key.rdata_len++)
                        assert_false(is_key(f, &key));
                key.rdata_len = (uint16_t)(len - 1);
                assert_false(is_key(f, &key));
                key.rdata_len = (uint16_t)(len + 1);
                if (algorithm[i] >= SIGNER_P256) /* a modulus may have any length */
                        assert_false(is_key(f, &key));
                signer_key_fini(&key);
        }
}

static void test_points_off_the_curve(void **state)
{
        struct fixture *f = *state;
        struct signer_key key;

        signer_key_make(&key, SIGNER_P256, 0, 0);
        key.rdata[key.rdata_len - 1] ^= 1;
        assert_false(is_key(f, &key));
        memset(key.rdata + 4, 0, 64);
        assert_false(is_key(f, &key));
        assert_false(is_out_of_limits(f, &key));
        signer_key_fini(&key);
}

/* RFC 3110 2: the parts of an RSA key. */
static void test_malformed_rsa(void **state)
{
        static const struct {
                const char *what;
                uint8_t head[4];
        } row[] = {
                {"no exponent", {0, 0, 0, 1}},
                {"a long exponent length beyond the end", {0, 0xff, 0xff, 1}},
                {"an exponent longer than the key", {255, 1, 0, 1}},
                {"a modulus that begins with zero", {1, 3, 0, 0xff}},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(row); i++) {
                struct signer_key key;

                signer_key_forge(&key, SIGNER_RSASHA256, 1024, 17);
                memcpy(key.rdata + 4, row[i].head, sizeof row[i].head);
                if (is_key(f, &key) || is_out_of_limits(f, &key))
                        fail_msg("taken: %s", row[i].what);
        }
}

/* The exponent's length in three bytes is rare and right. */
static void test_long_exponent_length(void **state)
{
        struct fixture *f = *state;
        struct signer_key key;

        signer_key_forge(&key, SIGNER_RSASHA256, 2048, 17);
        memmove(key.rdata + 7, key.rdata + 5, key.rdata_len - 5u);
        memcpy(key.rdata + 4, (const uint8_t[]){0, 0, 3}, 3);
        key.rdata_len = (uint16_t)(key.rdata_len + 2);
        assert_true(is_key(f, &key));
}

static void test_ds_of_another_key(void **state)
{
        struct fixture *f = *state;
        struct rdata key = {.bytes = f->key.rdata, .len = f->key.rdata_len};
        static const uint8_t digest[] = {2, 4};

        for (size_t i = 0; i < COUNT(digest); i++) {
                struct rdata ds = signer_ds(&f->arena, "example.", &f->key, digest[i]);
                uint8_t *bytes = arena_copy(&f->arena, ds.bytes, ds.len);
                struct rdata changed = {.bytes = bytes, .len = ds.len};

                assert_true(crypto_ds_matches(&f->prover.policy, &f->zone, &ds, &key));
                for (uint16_t at = 3; at < ds.len; at++) {
                        bytes[at] ^= 0x80;
                        assert_false(crypto_ds_matches(&f->prover.policy, &f->zone, &changed, &key));
                        bytes[at] ^= 0x80;
                }
                for (changed.len = 0; changed.len < ds.len; changed.len++)
                        assert_false(crypto_ds_matches(&f->prover.policy, &f->zone, &changed, &key));
        }
        struct rdata sha1 = signer_ds(&f->arena, "example.", &f->key, 1);
        assert_false(crypto_ds_matches(&f->prover.policy, &f->zone, &sha1, &key));
        f->prover.policy.sha1 = true;
        assert_true(crypto_ds_matches(&f->prover.policy, &f->zone, &sha1, &key));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                fixture_test(test_key_tags_and_ds),      fixture_test(test_signatures_of_the_rfcs),
                fixture_test(test_hashes_of_rfc5155),    fixture_test(test_hashes_with_other_parameters),
                fixture_test(test_each_algorithm),       fixture_test(test_numbers_of_all_lengths),
                fixture_test(test_allowed_algorithms_and_digests),
                fixture_test(test_rsa_limits),           fixture_test(test_malformed_keys),
                fixture_test(test_points_off_the_curve), fixture_test(test_malformed_rsa),
                fixture_test(test_long_exponent_length), fixture_test(test_ds_of_another_key),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
