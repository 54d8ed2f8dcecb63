#include "signer.h"

#include "wire/rrtype.h"
#include "wire/text.h"
#include <ldns/ldns.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DNSKEY_HEAD = 4, SIG_HEAD = 18, LINE_MAX_LEN = 2048 };

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

/* --- Keys --------------------------------------------------------------------------------------------------------- */

static bool is_rsa(uint8_t algorithm)
{
        return algorithm < SIGNER_P256;
}

static struct evp_pkey_st *make_secret(uint8_t algorithm, unsigned bits, uint8_t seed)
{
        uint8_t raw[57];

        memset(raw, seed, sizeof raw);
        switch (algorithm) {
        case SIGNER_P256: return EVP_EC_gen("P-256");
        case SIGNER_P384: return EVP_EC_gen("P-384");
        case SIGNER_ED25519: return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, 32);
        case SIGNER_ED448: return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED448, NULL, raw, 57);
        }
        return EVP_RSA_gen(bits);
}

/* RFC 3110 2: exponent length, exponent, modulus. */
static size_t write_rsa(const struct evp_pkey_st *secret, uint8_t *out)
{
        BIGNUM *e = NULL, *n = NULL;

        REQUIRE(EVP_PKEY_get_bn_param(secret, OSSL_PKEY_PARAM_RSA_E, &e) == 1);
        REQUIRE(EVP_PKEY_get_bn_param(secret, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
        size_t e_len = (size_t)BN_num_bytes(e), n_len = (size_t)BN_num_bytes(n);
        out[0] = (uint8_t)e_len;
        BN_bn2bin(e, out + 1);
        BN_bn2bin(n, out + 1 + e_len);
        BN_free(e);
        BN_free(n);
        return 1 + e_len + n_len;
}

/* RFC 6605 4: the point without the byte that tells its form. */
static size_t write_ec(const struct evp_pkey_st *secret, uint8_t *out)
{
        uint8_t point[1 + 96];
        size_t len = 0;

        REQUIRE(EVP_PKEY_get_octet_string_param(secret, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) == 1);
        REQUIRE(point[0] == 4);
        memcpy(out, point + 1, len - 1);
        return len - 1;
}

static size_t write_public(const struct evp_pkey_st *secret, uint8_t algorithm, uint8_t *out)
{
        size_t len = SIGNER_KEY_MAX - DNSKEY_HEAD;

        if (is_rsa(algorithm))
                return write_rsa(secret, out);
        if (algorithm == SIGNER_P256 || algorithm == SIGNER_P384)
                return write_ec(secret, out);
        REQUIRE(EVP_PKEY_get_raw_public_key(secret, out, &len) == 1);
        return len;
}

static void write_head(struct signer_key *key, uint8_t algorithm)
{
        *key = (struct signer_key){.secret = NULL};
        store_u16(key->rdata, SIGNER_ZONE);
        key->rdata[2] = 3;
        key->rdata[3] = algorithm;
}

void signer_key_make(struct signer_key *key, uint8_t algorithm, unsigned bits, uint8_t seed)
{
        write_head(key, algorithm);
        key->secret = make_secret(algorithm, bits, seed);
        REQUIRE(key->secret);
        key->rdata_len = (uint16_t)(DNSKEY_HEAD + write_public(key->secret, algorithm, key->rdata + DNSKEY_HEAD));
}

/* An odd number of just so many bits. Returns its length in bytes. */
static size_t write_number(unsigned bits, uint8_t *out)
{
        size_t len = (bits + 7) / 8;

        memset(out, 0xb5, len);
        out[0] = (uint8_t)(0xff >> (8 * len - bits));
        out[len - 1] |= 1;
        return len;
}

void signer_key_forge(struct signer_key *key, uint8_t algorithm, unsigned bits, unsigned exponent_bits)
{
        write_head(key, algorithm);
        uint8_t *at = key->rdata + DNSKEY_HEAD;
        size_t e_len = write_number(exponent_bits, at + 1);
        at[0] = (uint8_t)e_len;
        size_t n_len = write_number(bits, at + 1 + e_len);
        key->rdata_len = (uint16_t)(DNSKEY_HEAD + 1 + e_len + n_len);
}

/* The tag is a sum of words (RFC 4034 appendix B): their order does not matter. */
void signer_key_collide(struct signer_key *key, const struct signer_key *like, unsigned n)
{
        unsigned words = (like->rdata_len - (unsigned)DNSKEY_HEAD) / 2 - 1;
        unsigned a = DNSKEY_HEAD + 2 * (n % words), b = a + 2 + 2 * (n / words % (words - n % words));
        uint8_t word[2];

        *key = *like;
        key->secret = NULL;
        memcpy(word, key->rdata + a, 2);
        memcpy(key->rdata + a, key->rdata + b, 2);
        memcpy(key->rdata + b, word, 2);
}

void signer_key_fini(struct signer_key *key)
{
        EVP_PKEY_free(key->secret);
        key->secret = NULL;
}

uint16_t signer_key_tag(const struct signer_key *key)
{
        return ldns_calc_keytag_raw(key->rdata, key->rdata_len);
}

uint8_t signer_key_algorithm(const struct signer_key *key)
{
        return key->rdata[3];
}

/* --- Sets --------------------------------------------------------------------------------------------------------- */

struct name signer_name(struct arena *arena, const char *text)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        REQUIRE(name_from_text(text, room, &name) == ERR_OK);
        return name_copy(arena, &name);
}

static struct rdata keep(struct arena *arena, const void *bytes, size_t len)
{
        struct rdata rdata = {.bytes = arena_copy(arena, bytes, len), .len = (uint16_t)len};

        REQUIRE(rdata.bytes && len <= UINT16_MAX);
        return rdata;
}

/* One more at the end of a list. */
static const struct rdata *append(struct arena *arena, const struct rdata *list, uint16_t *count,
                                  const struct rdata *added)
{
        struct rdata *longer = arena_alloc(arena, sizeof *longer * (*count + 1u));

        REQUIRE(longer);
        if (*count)
                memcpy(longer, list, sizeof *longer * *count);
        longer[(*count)++] = *added;
        return longer;
}

struct rrset signer_set(struct arena *arena, const char *text)
{
        struct rrset set = {.count = 0};
        char line[LINE_MAX_LEN];

        while (*text) {
                size_t len = strcspn(text, "\n");
                const char *complaint = NULL;
                struct rr rr;

                REQUIRE(len < sizeof line);
                snprintf(line, sizeof line, "%.*s", (int)len, text);
                if (rr_from_text(line, 3600, arena, &rr, &complaint) != ERR_OK) {
                        fprintf(stderr, "%s: %s\n", line, complaint ? complaint : "?");
                        abort();
                }
                set = (struct rrset){.owner = rr.owner,
                                     .type = rr.type,
                                     .class = rr.class,
                                     .ttl = rr.ttl,
                                     .count = set.count,
                                     .rdata = set.rdata};
                set.rdata = append(arena, set.rdata, &set.count, &rr.rdata);
                text += len + (text[len] == '\n');
        }
        return set;
}

struct rrset signer_dnskey(struct arena *arena, const char *owner, const struct signer_key *const *key, unsigned count)
{
        struct rrset set = {.owner = signer_name(arena, owner), .type = TYPE_DNSKEY, .class = CLASS_IN, .ttl = 3600};

        for (unsigned i = 0; i < count; i++) {
                struct rdata rdata = keep(arena, key[i]->rdata, key[i]->rdata_len);

                set.rdata = append(arena, set.rdata, &set.count, &rdata);
        }
        return set;
}

struct rdata signer_ds(struct arena *arena, const char *owner, const struct signer_key *key, uint8_t digest)
{
        const char *md = digest == 1 ? "SHA1" : digest == 4 ? "SHA384" : "SHA256";
        uint8_t data[NAME_WIRE_MAX + SIGNER_KEY_MAX], ds[4 + EVP_MAX_MD_SIZE];
        struct name name = signer_name(arena, owner);
        size_t len = 0;

        for (size_t i = 0; i < name.len; i++) /* lengths are below 'A' */
                data[i] = name.wire[i] >= 'A' && name.wire[i] <= 'Z' ? name.wire[i] | 0x20 : name.wire[i];
        memcpy(data + name.len, key->rdata, key->rdata_len);
        store_u16(ds, signer_key_tag(key));
        ds[2] = signer_key_algorithm(key);
        ds[3] = digest;
        REQUIRE(EVP_Q_digest(NULL, md, NULL, data, name.len + (size_t)key->rdata_len, ds + 4, &len) == 1);
        return keep(arena, ds, 4 + len);
}

struct rrset signer_ds_set(struct arena *arena, const char *owner, const struct rdata *rdata, unsigned count)
{
        struct rrset set = {.owner = signer_name(arena, owner), .type = TYPE_DS, .class = CLASS_IN, .ttl = 3600};

        for (unsigned i = 0; i < count; i++)
                set.rdata = append(arena, set.rdata, &set.count, &rdata[i]);
        return set;
}

/* --- Signatures --------------------------------------------------------------------------------------------------- */

struct signer_fields signer_fields(const struct rrset *set, const struct signer_key *key, const struct name *zone,
                                   uint32_t inception, uint32_t expiration)
{
        bool wild = set->owner.wire[0] == 1 && set->owner.wire[1] == '*';

        return (struct signer_fields){
                .covered = set->type,
                .algorithm = signer_key_algorithm(key),
                .labels = (uint8_t)(set->owner.label_count - wild),
                .original_ttl = set->ttl,
                .inception = inception,
                .expiration = expiration,
                .key_tag = signer_key_tag(key),
                .signer = *zone,
        };
}

/* Wire form, not canonical: what stands in the RDATA of an RRSIG before the signature. */
static size_t write_fields(const struct signer_fields *fields, uint8_t *out)
{
        store_u16(out, fields->covered);
        out[2] = fields->algorithm;
        out[3] = fields->labels;
        store_u32(out + 4, fields->original_ttl);
        store_u32(out + 8, fields->expiration);
        store_u32(out + 12, fields->inception);
        store_u16(out + 16, fields->key_tag);
        memcpy(out + SIG_HEAD, fields->signer.wire, fields->signer.len);
        return SIG_HEAD + fields->signer.len;
}

/* One record in canonical form, by ldns. */
static ldns_buffer *canonical_rr(const struct rrset *set, unsigned i, const struct name *owner, uint32_t ttl)
{
        uint8_t wire[NAME_WIRE_MAX + 10 + UINT16_MAX];
        size_t at = owner->len, position = 0;
        ldns_buffer *out = ldns_buffer_new(512);
        ldns_rr *rr = NULL;

        memcpy(wire, owner->wire, owner->len);
        store_u16(wire + at, set->type);
        store_u16(wire + at + 2, set->class);
        store_u32(wire + at + 4, ttl);
        store_u16(wire + at + 8, set->rdata[i].len);
        memcpy(wire + at + 10, set->rdata[i].bytes, set->rdata[i].len);
        size_t len = at + 10 + set->rdata[i].len;
        REQUIRE(out && ldns_wire2rr(&rr, wire, len, &position, LDNS_SECTION_ANSWER) == LDNS_STATUS_OK);
        ldns_rr2canonical(rr);
        REQUIRE(ldns_rr2buffer_wire(out, rr, LDNS_SECTION_ANSWER) == LDNS_STATUS_OK);
        ldns_rr_free(rr);
        return out;
}

/* RFC 4034 6.3: by RDATA, which begins at the same place in all of them, as bytes. */
static int compare_records(const void *a, const void *b, void *head)
{
        ldns_buffer *x = *(ldns_buffer *const *)a, *y = *(ldns_buffer *const *)b;
        size_t from = *(size_t *)head, x_len = ldns_buffer_position(x) - from, y_len = ldns_buffer_position(y) - from;
        int order = memcmp(ldns_buffer_at(x, from), ldns_buffer_at(y, from), x_len < y_len ? x_len : y_len);

        return order ? order : (x_len > y_len) - (x_len < y_len);
}

static struct name signed_name(struct arena *arena, const struct rrset *set, uint8_t labels)
{
        static const uint8_t star[] = {'*'};
        bool wild = set->owner.wire[0] == 1 && set->owner.wire[1] == '*';
        uint8_t room[NAME_WIRE_MAX];
        struct name out;

        if (labels + (unsigned)wild >= set->owner.label_count)
                return set->owner;
        struct name closest = name_ancestor(&set->owner, labels);
        REQUIRE(name_prepend(star, 1, &closest, room, &out) == ERR_OK);
        return name_copy(arena, &out);
}

static size_t write_records(struct arena *arena, const struct rrset *set, const struct signer_fields *fields,
                            uint8_t *out)
{
        struct name owner = signed_name(arena, set, fields->labels);
        ldns_buffer **record = calloc(set->count, sizeof(ldns_buffer *));
        size_t head = owner.len + 10u, at = 0;

        REQUIRE(record);
        for (unsigned i = 0; i < set->count; i++)
                record[i] = canonical_rr(set, i, &owner, fields->original_ttl);
        qsort_r(record, set->count, sizeof(ldns_buffer *), compare_records, &head);
        for (unsigned i = 0; i < set->count; i++) {
                if (i && compare_records(&record[i - 1], &record[i], &head) == 0)
                        continue;
                memcpy(out + at, ldns_buffer_begin(record[i]), ldns_buffer_position(record[i]));
                at += ldns_buffer_position(record[i]);
        }
        for (unsigned i = 0; i < set->count; i++)
                ldns_buffer_free(record[i]);
        free(record);
        return at;
}

/* RFC 6605 4: r and s side by side, each as long as the curve. */
static size_t ecdsa_plain(uint8_t *signature, size_t len, size_t half)
{
        const uint8_t *der = signature;
        ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);

        REQUIRE(sig);
        REQUIRE(BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, (int)half) == (int)half);
        REQUIRE(BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + half, (int)half) == (int)half);
        ECDSA_SIG_free(sig);
        return 2 * half;
}

/* The hash that goes with an algorithm; the Edwards curves bring their own. */
static const EVP_MD *hash_of(uint8_t algorithm)
{
        switch (algorithm) {
        case SIGNER_RSASHA256:
        case SIGNER_P256: return EVP_sha256();
        case SIGNER_P384: return EVP_sha384();
        case SIGNER_RSASHA512: return EVP_sha512();
        case SIGNER_ED25519:
        case SIGNER_ED448: return NULL;
        }
        return EVP_sha1();
}

static size_t sign_bytes(const struct signer_key *key, const uint8_t *data, size_t len,
                         uint8_t out[SIGNER_SIGNATURE_MAX])
{
        uint8_t algorithm = signer_key_algorithm(key);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        size_t out_len = SIGNER_SIGNATURE_MAX;

        REQUIRE(ctx && key->secret);
        REQUIRE(EVP_DigestSignInit(ctx, NULL, hash_of(algorithm), NULL, key->secret) == 1);
        REQUIRE(EVP_DigestSign(ctx, out, &out_len, data, len) == 1);
        EVP_MD_CTX_free(ctx);
        if (algorithm == SIGNER_P256 || algorithm == SIGNER_P384)
                return ecdsa_plain(out, out_len, algorithm == SIGNER_P256 ? 32 : 48);
        return out_len;
}

struct rdata signer_sign(struct arena *arena, const struct rrset *set, const struct signer_fields *fields,
                         const struct signer_key *key)
{
        size_t room = SIG_HEAD + NAME_WIRE_MAX;
        uint8_t signature[SIGNER_SIGNATURE_MAX];

        for (unsigned i = 0; i < set->count; i++)
                room += NAME_WIRE_MAX + 10u + set->rdata[i].len;
        uint8_t *data = malloc(room);
        REQUIRE(data);
        size_t len = write_fields(fields, data);
        for (size_t i = SIG_HEAD; i < len; i++) /* the signer in canonical form */
                data[i] = data[i] >= 'A' && data[i] <= 'Z' ? data[i] | 0x20 : data[i];
        len += write_records(arena, set, fields, data + len);
        size_t signature_len = sign_bytes(key, data, len, signature);
        free(data);
        return keep(arena, signature, signature_len);
}

struct rdata signer_rrsig(struct arena *arena, const struct signer_fields *fields, const struct rdata *signature)
{
        uint8_t bytes[SIG_HEAD + NAME_WIRE_MAX + SIGNER_SIGNATURE_MAX + 1];
        size_t len = write_fields(fields, bytes);

        REQUIRE(len + signature->len <= sizeof bytes);
        memcpy(bytes + len, signature->bytes, signature->len);
        return keep(arena, bytes, len + signature->len);
}

void signer_add(struct arena *arena, struct rrset *set, const struct rdata *rrsig)
{
        set->sigs = append(arena, set->sigs, &set->sig_count, rrsig);
}

void signer_sign_set(struct arena *arena, struct rrset *set, const struct signer_key *key, const struct name *zone,
                     uint32_t inception, uint32_t expiration)
{
        struct signer_fields fields = signer_fields(set, key, zone, inception, expiration);
        struct rdata signature = signer_sign(arena, set, &fields, key);
        struct rdata rrsig = signer_rrsig(arena, &fields, &signature);

        signer_add(arena, set, &rrsig);
}

/* --- NSEC3 -------------------------------------------------------------------------------------------------------- */

void signer_hash(const struct signer_nsec3 *parameters, const struct name *name, uint8_t out[SIGNER_HASH_LEN])
{
        uint8_t data[NAME_WIRE_MAX + 255];
        size_t len = name->len, out_len = 0;

        for (size_t i = 0; i < len; i++)
                data[i] = name->wire[i] >= 'A' && name->wire[i] <= 'Z' ? name->wire[i] | 0x20 : name->wire[i];
        for (unsigned round = 0; round <= parameters->iterations; round++) {
                memcpy(data + len, parameters->salt, parameters->salt_len);
                REQUIRE(EVP_Q_digest(NULL, "SHA1", NULL, data, len + parameters->salt_len, out, &out_len) == 1);
                memcpy(data, out, SIGNER_HASH_LEN);
                len = SIGNER_HASH_LEN;
        }
}

/* RFC 4648 7: five bits a letter. */
static void write_hash(const uint8_t hash[SIGNER_HASH_LEN], char out[33])
{
        for (unsigned i = 0; i < 32; i++) {
                unsigned value = 0;

                for (unsigned bit = 5 * i; bit < 5 * i + 5; bit++)
                        value = value << 1 | ((unsigned)hash[bit / 8] >> (7 - bit % 8) & 1);
                out[i] = "0123456789abcdefghijklmnopqrstuv"[value];
        }
        out[32] = '\0';
}

struct rrset signer_nsec3_set(struct arena *arena, const char *zone, const struct signer_nsec3 *parameters,
                              const uint8_t owner[SIGNER_HASH_LEN], const uint8_t next[SIGNER_HASH_LEN],
                              const char *types)
{
        char owner_text[33], next_text[33], salt[2 * 255 + 1] = "-", line[LINE_MAX_LEN];

        write_hash(owner, owner_text);
        write_hash(next, next_text);
        for (unsigned i = 0; i < parameters->salt_len; i++)
                snprintf(salt + 2 * i, 3, "%02x", parameters->salt[i]);
        snprintf(line, sizeof line, "%s.%s NSEC3 %u %u %u %s %s %s", owner_text, strcmp(zone, ".") ? zone : "",
                 (unsigned)parameters->algorithm, (unsigned)parameters->flags, (unsigned)parameters->iterations, salt,
                 next_text, types);
        return signer_set(arena, line);
}
