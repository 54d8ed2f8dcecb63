#include "keys.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <string.h>

enum {
        ALGORITHM_RSASHA256 = 8,
        ALGORITHM_P256 = 13,
        ALGORITHM_P384 = 14,
        ALGORITHM_ED25519 = 15,
        ALGORITHM_ED448 = 16
};
enum { DIGEST_SHA256 = 2, RSA_BITS = 2048, SECRET_MAX = SHA512_DIGEST_LENGTH };

/* As many bytes as any secret needs, out of seed, zone, role and attempt. */
static void secret_derive(uint8_t out[SECRET_MAX], uint64_t seed, const uint8_t *zone, enum key_flags role,
                          uint8_t attempt)
{
        uint8_t text[8 + 3 + DNAME_MAX];
        size_t len = 11 + dname_lower(zone, text + 11);

        for (unsigned i = 0; i < 8; i++)
                text[i] = (uint8_t)(seed >> 8 * i);
        text[8] = (uint8_t)(role >> 8);
        text[9] = (uint8_t)role;
        text[10] = attempt;
        SHA512(text, len, out);
}

/* The public point of a secret number: the part of an EC key that OpenSSL does not compute by itself. */
static size_t point_compute(int curve, const BIGNUM *secret, uint8_t out[133])
{
        EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
        EC_POINT *point = EC_POINT_new(group);
        size_t len = 0;

        if (!BN_is_zero(secret) && BN_cmp(secret, EC_GROUP_get0_order(group)) < 0 &&
            EC_POINT_mul(group, point, secret, NULL, NULL, NULL))
                len = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, 133, NULL);
        EC_POINT_free(point);
        EC_GROUP_free(group);
        return len;
}

static EVP_PKEY *ec_assemble(const char *group, const BIGNUM *secret, const uint8_t *point, size_t len)
{
        OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        EVP_PKEY *pkey = NULL;

        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret);
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, len);
        OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
        if (EVP_PKEY_fromdata_init(context) > 0)
                EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params);
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(build);
        EVP_PKEY_CTX_free(context);
        return pkey;
}

/* NULL when the derived number is no secret of this curve (once in 2^32 times for P-256): another attempt is due. */
static EVP_PKEY *ec_make(struct lab_key *key, const uint8_t *derived)
{
        bool p256 = key->algorithm == ALGORITHM_P256;
        BIGNUM *secret = BN_bin2bn(derived, p256 ? 32 : 48, NULL);
        uint8_t point[133];
        size_t len = point_compute(p256 ? NID_X9_62_prime256v1 : NID_secp384r1, secret, point);
        EVP_PKEY *pkey = len ? ec_assemble(p256 ? "P-256" : "P-384", secret, point, len) : NULL;

        if (pkey) { /* RFC 6605 section 4: the point without the byte that says how it is written */
                memcpy(key->rdata + 4, point + 1, len - 1);
                key->rdata_len = 4 + len - 1;
        }
        BN_free(secret);
        return pkey;
}

static EVP_PKEY *ed_make(struct lab_key *key, const uint8_t *derived)
{
        bool ed25519 = key->algorithm == ALGORITHM_ED25519;
        size_t len = ed25519 ? 32 : 57;
        EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448, NULL, derived, len);

        EVP_PKEY_get_raw_public_key(pkey, key->rdata + 4, &len);
        key->rdata_len = 4 + len;
        return pkey;
}

/* RFC 3110 section 2: length of the exponent, exponent, modulus. */
static EVP_PKEY *rsa_make(struct lab_key *key)
{
        EVP_PKEY *pkey = EVP_RSA_gen(RSA_BITS);
        BIGNUM *exponent = NULL, *modulus = NULL;

        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent);
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus);
        int len = BN_bn2bin(exponent, key->rdata + 5);
        key->rdata[4] = (uint8_t)len;
        key->rdata_len = 5 + (size_t)(len + BN_bn2bin(modulus, key->rdata + 5 + len));
        BN_free(exponent);
        BN_free(modulus);
        return pkey;
}

static EVP_PKEY *secret_make(struct lab_key *key, const uint8_t *derived)
{
        switch (key->algorithm) {
        case ALGORITHM_RSASHA256: return rsa_make(key);
        case ALGORITHM_P256:
        case ALGORITHM_P384: return ec_make(key, derived);
        default: return ed_make(key, derived);
        }
}

static void tag_compute(struct lab_key *key)
{
        uint32_t sum = 0;

        for (size_t i = 0; i < key->rdata_len; i++)
                sum += i & 1 ? key->rdata[i] : (uint32_t)key->rdata[i] << 8;
        key->tag = (uint16_t)(sum + (sum >> 16));
}

static bool is_known(uint8_t algorithm)
{
        return algorithm == ALGORITHM_RSASHA256 || (algorithm >= ALGORITHM_P256 && algorithm <= ALGORITHM_ED448);
}

bool lab_key_init(struct lab_key *key, uint8_t algorithm, enum key_flags role, uint64_t seed, const uint8_t *zone)
{
        uint8_t derived[SECRET_MAX];

        *key = (struct lab_key){ .algorithm = algorithm };
        if (!is_known(algorithm))
                return false;
        for (uint8_t attempt = 0; !key->secret; attempt++) {
                secret_derive(derived, seed, zone, role, attempt);
                key->secret = secret_make(key, derived);
        }
        key->rdata[0] = (uint8_t)(role >> 8);
        key->rdata[1] = (uint8_t)role;
        key->rdata[2] = 3; /* the protocol, always 3 (RFC 4034 section 2.1.2) */
        key->rdata[3] = algorithm;
        tag_compute(key);
        return true;
}

void lab_key_fini(struct lab_key *key)
{
        EVP_PKEY_free(key->secret);
        key->secret = NULL;
}

void lab_key_change(struct lab_key *key, size_t at, uint8_t value)
{
        key->rdata[at] = value;
        tag_compute(key);
}

bool lab_key_collide(struct lab_key *key, uint16_t tag)
{
        enum { ZONE = 0x0100, REVOKE = 0x0080 };

        for (uint32_t flags = 0; flags <= UINT16_MAX; flags++) {
                if ((flags & (ZONE | REVOKE)) != ZONE)
                        continue;
                key->rdata[0] = (uint8_t)(flags >> 8);
                lab_key_change(key, 1, (uint8_t)flags);
                if (key->tag == tag)
                        return true;
        }
        return false;
}

/* OpenSSL writes an ECDSA signature in DER, DNSSEC as two numbers of the curve's length (RFC 6605 section 4). */
static size_t ecdsa_flatten(uint8_t algorithm, const uint8_t *der, size_t len, uint8_t *out)
{
        int half = algorithm == ALGORITHM_P256 ? 32 : 48;
        ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)len);

        BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, half);
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + half, half);
        ECDSA_SIG_free(signature);
        return 2 * (size_t)half;
}

size_t lab_key_sign(const struct lab_key *key, const uint8_t *data, size_t len, uint8_t *out)
{
        const EVP_MD *digest = key->algorithm == ALGORITHM_P384   ? EVP_sha384()
                               : key->algorithm <= ALGORITHM_P256 ? EVP_sha256()
                                                                  : NULL;
        bool ecdsa = key->algorithm == ALGORITHM_P256 || key->algorithm == ALGORITHM_P384;
        uint8_t der[KEY_SIGNATURE_MAX];
        size_t written = KEY_SIGNATURE_MAX;
        EVP_MD_CTX *context = EVP_MD_CTX_new();

        if (EVP_DigestSignInit(context, NULL, digest, NULL, key->secret) <= 0 ||
            EVP_DigestSign(context, ecdsa ? der : out, &written, data, len) <= 0)
                written = 0;
        EVP_MD_CTX_free(context);
        return ecdsa && written ? ecdsa_flatten(key->algorithm, der, written, out) : written;
}

void lab_key_ds(const struct lab_key *key, const uint8_t *zone, uint8_t out[36])
{
        uint8_t data[DNAME_MAX + KEY_RDATA_MAX];
        size_t len = dname_lower(zone, data);

        memcpy(data + len, key->rdata, key->rdata_len);
        out[0] = (uint8_t)(key->tag >> 8);
        out[1] = (uint8_t)key->tag;
        out[2] = key->rdata[3];
        out[3] = DIGEST_SHA256;
        SHA256(data, len + key->rdata_len, out + 4);
}
