#include "dnssec/crypto.h"

#include "base/buf.h"
#include "config/limits.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
        ALGORITHM_RSASHA1 = 5,
        ALGORITHM_RSASHA1_NSEC3 = 7,
        ALGORITHM_RSASHA256 = 8,
        ALGORITHM_RSASHA512 = 10,
        ALGORITHM_ECDSAP256 = 13,
        ALGORITHM_ECDSAP384 = 14,
        ALGORITHM_ED25519 = 15,
        ALGORITHM_ED448 = 16,
};

enum { DIGEST_SHA1 = 1, DIGEST_SHA256 = 2, DIGEST_SHA384 = 4 };

enum { DNSKEY_HEAD_LEN = 4, DS_HEAD_LEN = 4 };

/* The most is two numbers of 48 bytes, each with a zero before it. */
enum { DER_INTEGER = 0x02, DER_SEQUENCE = 0x30, DER_MAX = 2 + 2 * (2 + 1 + 48) };

struct crypto_key {
        _Atomic unsigned holds;
        uint8_t algorithm;
        EVP_PKEY *pkey;
        const EVP_MD *digest; /* what is signed; NULL for the Edwards curves, which bring their own */
        EVP_PKEY_CTX *ready;  /* to verify a digest with; each check works on a copy */
};

/* --- What is made once -------------------------------------------------------------------------------------------- */

/*
 * Digests are looked up once and kept: what EVP_sha1() and the like give is looked up again, under a lock, at each use,
 * which takes longer than the hash itself (0.45 against 0.12 microseconds for SHA-1 of 20 bytes). Of the curves, a key
 * without a point is kept: to copy its parameters takes a quarter of the time that it takes to make a key from the name
 * of its curve (6 against 23 microseconds).
 */
static struct {
        EVP_MD *sha1, *sha256, *sha384, *sha512;
        EVP_PKEY *p256, *p384;
} kept;

static EVP_PKEY *pkey_from_params(const char *type, int selection, OSSL_PARAM *params)
{
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
        EVP_PKEY *pkey = NULL;

        if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1)
                pkey = NULL;
        EVP_PKEY_CTX_free(ctx);
        return pkey;
}

static EVP_PKEY *curve_make(const char *group)
{
        char name[16];

        memcpy(name, group, strlen(group) + 1);
        OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
                OSSL_PARAM_construct_end(),
        };
        return pkey_from_params("EC", EVP_PKEY_KEY_PARAMETERS, params);
}

static void kept_make(void)
{
        kept.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
        kept.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        kept.sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
        kept.sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
        kept.p256 = curve_make("prime256v1");
        kept.p384 = curve_make("secp384r1");
}

/* Before anything of it is used. False when out of memory. */
static bool kept_is_made(void)
{
        static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

        return CRYPTO_THREAD_run_once(&once, kept_make) == 1;
}

/* --- What is supported -------------------------------------------------------------------------------------------- */

bool crypto_algorithm_supported(const struct crypto_policy *policy, uint8_t algorithm)
{
        switch (algorithm) {
        case ALGORITHM_RSASHA1:
        case ALGORITHM_RSASHA1_NSEC3: return policy->sha1;
        case ALGORITHM_RSASHA256:
        case ALGORITHM_RSASHA512:
        case ALGORITHM_ECDSAP256:
        case ALGORITHM_ECDSAP384:
        case ALGORITHM_ED25519:
        case ALGORITHM_ED448: return true;
        }
        return false;
}

bool crypto_digest_supported(const struct crypto_policy *policy, uint8_t digest)
{
        return digest == DIGEST_SHA256 || digest == DIGEST_SHA384 || (digest == DIGEST_SHA1 && policy->sha1);
}

/* --- Keys --------------------------------------------------------------------------------------------------------- */

struct rsa_parts {
        const uint8_t *exponent, *modulus;
        size_t exponent_len, modulus_len;
};

/* RFC 3110 2: one or three bytes of exponent length, exponent, modulus without leading zeros. */
static bool rsa_read(struct reader *key, struct rsa_parts *out)
{
        out->exponent_len = read_u8(key);
        if (out->exponent_len == 0)
                out->exponent_len = read_u16(key);
        out->exponent = read_bytes(key, out->exponent_len);
        out->modulus_len = reader_left(key);
        out->modulus = read_bytes(key, out->modulus_len);
        return !key->failed && out->exponent_len > 0 && out->modulus_len > 0 && out->modulus[0] != 0;
}

static unsigned bits_of(const uint8_t *number, size_t len)
{
        while (len && !*number) {
                number++;
                len--;
        }
        unsigned bits = (unsigned)len * 8;
        for (uint8_t top = len ? *number : 0; top && !(top & 0x80); top = (uint8_t)(top << 1))
                bits--;
        return bits;
}

/* Dear keys are as good as none, and short ones as bad as none. */
static bool rsa_within_limits(const struct crypto_policy *policy, const struct rsa_parts *key)
{
        unsigned bits = bits_of(key->modulus, key->modulus_len);

        return bits >= policy->rsa_min_bits && bits <= LIMIT_RSA_BITS_MAX &&
               bits_of(key->exponent, key->exponent_len) <= LIMIT_RSA_EXPONENT_BITS;
}

static EVP_PKEY *rsa_from(const struct crypto_policy *policy, struct reader *reader)
{
        struct rsa_parts key;

        if (!rsa_read(reader, &key) || !rsa_within_limits(policy, &key))
                return NULL;
        BIGNUM *e = BN_bin2bn(key.exponent, (int)key.exponent_len, NULL);
        BIGNUM *n = BN_bin2bn(key.modulus, (int)key.modulus_len, NULL);
        OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        OSSL_PARAM *params = NULL;
        if (e && n && build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
            OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
                params = OSSL_PARAM_BLD_to_param(build);
        EVP_PKEY *pkey = pkey_from_params("RSA", EVP_PKEY_PUBLIC_KEY, params);
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(build);
        BN_free(n);
        BN_free(e);
        return pkey;
}

/* RFC 6605 4: the key is the point's two coordinates; the library wants the byte 4 before them. */
static EVP_PKEY *ec_from(struct reader *key, const EVP_PKEY *curve, size_t len)
{
        uint8_t point[1 + 96] = {4};

        if (reader_left(key) != len || len > sizeof point - 1)
                return NULL;
        memcpy(point + 1, read_bytes(key, len), len);
        EVP_PKEY *pkey = EVP_PKEY_new();
        if (pkey && curve && EVP_PKEY_copy_parameters(pkey, curve) == 1 &&
            EVP_PKEY_set1_encoded_public_key(pkey, point, len + 1) == 1)
                return pkey;
        EVP_PKEY_free(pkey);
        return NULL;
}

static EVP_PKEY *edwards_from(struct reader *key, int type, size_t len)
{
        return reader_left(key) == len ? EVP_PKEY_new_raw_public_key(type, NULL, read_bytes(key, len), len) : NULL;
}

static EVP_PKEY *pkey_from(const struct crypto_policy *policy, uint8_t algorithm, struct reader *key)
{
        switch (algorithm) {
        case ALGORITHM_RSASHA1:
        case ALGORITHM_RSASHA1_NSEC3:
        case ALGORITHM_RSASHA256:
        case ALGORITHM_RSASHA512: return rsa_from(policy, key);
        case ALGORITHM_ECDSAP256: return ec_from(key, kept.p256, 64);
        case ALGORITHM_ECDSAP384: return ec_from(key, kept.p384, 96);
        case ALGORITHM_ED25519: return edwards_from(key, EVP_PKEY_ED25519, 32);
        case ALGORITHM_ED448: return edwards_from(key, EVP_PKEY_ED448, 57);
        }
        return NULL;
}

/* Why the library made no key. */
static enum err library_error(void)
{
        enum err err = ERR_FORM;
        unsigned long error;

        while ((error = ERR_get_error()))
                if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
                        err = ERR_MEMORY;
        return err;
}

static const EVP_MD *digest_of(uint8_t algorithm)
{
        switch (algorithm) {
        case ALGORITHM_RSASHA1:
        case ALGORITHM_RSASHA1_NSEC3: return kept.sha1;
        case ALGORITHM_RSASHA256:
        case ALGORITHM_ECDSAP256: return kept.sha256;
        case ALGORITHM_ECDSAP384: return kept.sha384;
        case ALGORITHM_RSASHA512: return kept.sha512;
        }
        return NULL;
}

static bool is_edwards(uint8_t algorithm)
{
        return algorithm == ALGORITHM_ED25519 || algorithm == ALGORITHM_ED448;
}

/* What a check would otherwise do anew each time: 3 microseconds, where a copy takes a tenth of one. */
static bool make_ready(struct crypto_key *key)
{
        if (is_edwards(key->algorithm))
                return true;
        key->digest = digest_of(key->algorithm);
        key->ready = EVP_PKEY_CTX_new(key->pkey, NULL);
        return key->digest && key->ready && EVP_PKEY_verify_init(key->ready) == 1 &&
               EVP_PKEY_CTX_set_signature_md(key->ready, key->digest) == 1;
}

enum err crypto_key_new(const struct crypto_policy *policy, const struct rdata *dnskey, struct crypto_key **out)
{
        struct reader reader = reader_over(dnskey->bytes, dnskey->len);
        const uint8_t *head = read_bytes(&reader, DNSKEY_HEAD_LEN);

        if (!head || !crypto_algorithm_supported(policy, head[3]))
                return ERR_FORM;
        ERR_clear_error();
        if (!kept_is_made())
                return ERR_MEMORY;
        EVP_PKEY *pkey = pkey_from(policy, head[3], &reader);
        if (!pkey)
                return library_error();
        struct crypto_key *key = calloc(1, sizeof *key);
        if (!key) {
                EVP_PKEY_free(pkey);
                return ERR_MEMORY;
        }
        atomic_init(&key->holds, 1);
        key->algorithm = head[3];
        key->pkey = pkey;
        if (!make_ready(key)) {
                crypto_key_release(key);
                return ERR_MEMORY;
        }
        *out = key;
        return ERR_OK;
}

static bool is_rsa(uint8_t algorithm)
{
        return algorithm == ALGORITHM_RSASHA1 || algorithm == ALGORITHM_RSASHA1_NSEC3 ||
               algorithm == ALGORITHM_RSASHA256 || algorithm == ALGORITHM_RSASHA512;
}

bool crypto_key_is_out_of_limits(const struct crypto_policy *policy, const struct rdata *dnskey)
{
        struct reader reader = reader_over(dnskey->bytes, dnskey->len);
        const uint8_t *head = read_bytes(&reader, DNSKEY_HEAD_LEN);
        struct rsa_parts key;

        return head && is_rsa(head[3]) && rsa_read(&reader, &key) && !rsa_within_limits(policy, &key);
}

struct crypto_key *crypto_key_hold(struct crypto_key *key)
{
        atomic_fetch_add_explicit(&key->holds, 1, memory_order_relaxed);
        return key;
}

void crypto_key_release(struct crypto_key *key)
{
        if (!key || atomic_fetch_sub_explicit(&key->holds, 1, memory_order_acq_rel) != 1)
                return;
        EVP_PKEY_CTX_free(key->ready);
        EVP_PKEY_free(key->pkey);
        free(key);
}

/* --- Signatures --------------------------------------------------------------------------------------------------- */

/* An INTEGER of DER: no needless zeros in front, but one where the first bit would mean a sign. */
static void write_integer(struct writer *writer, const uint8_t *bytes, size_t len)
{
        while (len > 1 && !*bytes) {
                bytes++;
                len--;
        }
        bool is_high = *bytes & 0x80;
        write_u8(writer, DER_INTEGER);
        write_u8(writer, (uint8_t)(len + is_high));
        if (is_high)
                write_u8(writer, 0);
        write_bytes(writer, bytes, len);
}

/*
 * RFC 6605 4: r and s side by side; the library wants them in DER. It can be made to write that, but takes a
 * microsecond and eight pieces of memory for it. Returns the length, 0 for numbers of no curve.
 */
static size_t ecdsa_der(const uint8_t *signature, size_t len, uint8_t der[DER_MAX])
{
        struct writer writer = writer_over(der, DER_MAX);

        write_u8(&writer, DER_SEQUENCE);
        write_u8(&writer, 0); /* the length, once it is known */
        write_integer(&writer, signature, len / 2);
        write_integer(&writer, signature + len / 2, len / 2);
        der[1] = (uint8_t)(writer_len(&writer) - 2);
        return writer.failed ? 0 : writer_len(&writer);
}

static bool has_right_length(const struct crypto_key *key, size_t len)
{
        switch (key->algorithm) {
        case ALGORITHM_ECDSAP256:
        case ALGORITHM_ED25519: return len == 64;
        case ALGORITHM_ECDSAP384: return len == 96;
        case ALGORITHM_ED448: return len == 114;
        }
        return len == (size_t)EVP_PKEY_get_size(key->pkey);
}

static bool verify_digest(const struct crypto_key *key, const uint8_t *data, size_t data_len, const uint8_t *signature,
                          size_t signature_len)
{
        uint8_t der[DER_MAX], hash[EVP_MAX_MD_SIZE];
        unsigned hash_len;

        if (!is_rsa(key->algorithm)) {
                signature_len = ecdsa_der(signature, signature_len, der);
                signature = der;
        }
        if (!signature_len || EVP_Digest(data, data_len, hash, &hash_len, key->digest, NULL) != 1)
                return false;
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(key->ready);
        bool good = ctx && EVP_PKEY_verify(ctx, signature, signature_len, hash, hash_len) == 1;
        EVP_PKEY_CTX_free(ctx);
        return good;
}

/* RFC 8080: the curve hashes what is signed by itself. */
static bool verify_edwards(const struct crypto_key *key, const uint8_t *data, size_t data_len, const uint8_t *signature,
                           size_t signature_len)
{
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
                    EVP_DigestVerify(ctx, signature, signature_len, data, data_len) == 1;

        EVP_MD_CTX_free(ctx);
        return good;
}

bool crypto_verify(const struct crypto_key *key, const uint8_t *data, size_t data_len, const uint8_t *signature,
                   size_t signature_len)
{
        if (!has_right_length(key, signature_len))
                return false;
        bool good = is_edwards(key->algorithm) ? verify_edwards(key, data, data_len, signature, signature_len)
                                               : verify_digest(key, data, data_len, signature, signature_len);
        ERR_clear_error();
        return good;
}

/* --- Digests ------------------------------------------------------------------------------------------------------ */

/* A context to hash with; NULL when out of memory. */
static EVP_MD_CTX *hashing_begin(void)
{
        return kept_is_made() ? EVP_MD_CTX_new() : NULL;
}

/* The length of the hash; 0 for failure. */
static unsigned hash_pieces(EVP_MD_CTX *ctx, const EVP_MD *md, const struct crypto_piece *pieces, unsigned count,
                            uint8_t out[EVP_MAX_MD_SIZE])
{
        unsigned len = 0;

        if (!ctx || !md || EVP_DigestInit_ex(ctx, md, NULL) != 1)
                return 0;
        for (unsigned i = 0; i < count; i++)
                if (EVP_DigestUpdate(ctx, pieces[i].bytes, pieces[i].len) != 1)
                        return 0;
        return EVP_DigestFinal_ex(ctx, out, &len) == 1 ? len : 0;
}

bool crypto_sha256(const struct crypto_piece *pieces, unsigned count, uint8_t out[SHA256_LEN])
{
        uint8_t hash[EVP_MAX_MD_SIZE];
        EVP_MD_CTX *ctx = hashing_begin();
        bool fine = hash_pieces(ctx, kept.sha256, pieces, count, hash) == SHA256_LEN;

        EVP_MD_CTX_free(ctx);
        if (fine)
                memcpy(out, hash, SHA256_LEN);
        return fine;
}

static const EVP_MD *ds_digest(uint8_t digest)
{
        switch (digest) {
        case DIGEST_SHA1: return kept.sha1;
        case DIGEST_SHA256: return kept.sha256;
        case DIGEST_SHA384: return kept.sha384;
        }
        return NULL;
}

bool crypto_ds_matches(const struct crypto_policy *policy, const struct name *owner, const struct rdata *ds,
                       const struct rdata *dnskey)
{
        uint8_t canonical[NAME_WIRE_MAX], hash[EVP_MAX_MD_SIZE];
        const struct crypto_piece pieces[] = {
                { .bytes = canonical, .len = name_canonical(owner, canonical) },
                { .bytes = dnskey->bytes, .len = dnskey->len },
        };

        if (ds->len <= DS_HEAD_LEN || dnskey->len < DNSKEY_HEAD_LEN || !crypto_digest_supported(policy, ds->bytes[3]))
                return false;
        EVP_MD_CTX *ctx = hashing_begin();
        unsigned len = hash_pieces(ctx, ds_digest(ds->bytes[3]), pieces, 2, hash);
        EVP_MD_CTX_free(ctx);
        return len && len == ds->len - (unsigned)DS_HEAD_LEN && !memcmp(hash, ds->bytes + DS_HEAD_LEN, len);
}

uint16_t crypto_key_tag(const struct rdata *dnskey)
{
        uint32_t sum = 0;

        for (unsigned i = 0; i < dnskey->len; i++)
                sum += i & 1 ? dnskey->bytes[i] : (uint32_t)dnskey->bytes[i] << 8;
        return (uint16_t)(sum + (sum >> 16));
}

bool crypto_nsec3_hash(const uint8_t *name, size_t name_len, const uint8_t *salt, size_t salt_len, unsigned iterations,
                       uint8_t out[NSEC3_HASH_LEN])
{
        uint8_t hash[EVP_MAX_MD_SIZE];
        struct crypto_piece pieces[] = { { .bytes = name, .len = name_len }, { .bytes = salt, .len = salt_len } };
        EVP_MD_CTX *ctx = hashing_begin();
        bool fine = hash_pieces(ctx, kept.sha1, pieces, 2, hash) == NSEC3_HASH_LEN;

        pieces[0] = (struct crypto_piece){ .bytes = hash, .len = NSEC3_HASH_LEN };
        for (; fine && iterations; iterations--)
                fine = hash_pieces(ctx, kept.sha1, pieces, 2, hash) == NSEC3_HASH_LEN;
        EVP_MD_CTX_free(ctx);
        if (fine)
                memcpy(out, hash, NSEC3_HASH_LEN);
        return fine;
}
