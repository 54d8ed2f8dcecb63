#pragma once
/*
 * Signatures, keys and digests: libcrypto lives here. Every length is checked before the library sees the bytes.
 *
 * Accepted are algorithms 8, 10, 13, 14, 15 and 16; 5 and 7 while SHA-1 is allowed (RFC 9905 wants it gone); RSA keys
 * of LIMIT_RSA_BITS_MIN (or the setting) to LIMIT_RSA_BITS_MAX bits with exponents of at most LIMIT_RSA_EXPONENT_BITS
 * bits; DS digests 2 and 4, and 1 while SHA-1 is allowed. Everything else counts as unsupported.
 */
#include "base/err.h"
#include "wire/name.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the settings allow. */
struct crypto_policy {
        bool sha1;
        unsigned rsa_min_bits;
};

bool crypto_algorithm_supported(const struct crypto_policy *policy, uint8_t algorithm);
bool crypto_digest_supported(const struct crypto_policy *policy, uint8_t digest);

/* A public key as the library wants it. Counted references, also across threads. */
struct crypto_key;

/**
 * From the RDATA of a DNSKEY (RFC 4034 2.1). One hold is the caller's. ERR_FORM: unsupported, malformed or out of the
 * limits; seldom also for lack of memory, of which the library does not always tell. ERR_MEMORY.
 */
MUST_USE enum err crypto_key_new(const struct crypto_policy *policy, const struct rdata *dnskey,
                                 struct crypto_key **out);

/**
 * Is this an RSA key as it should be, but of a size or with an exponent that is not accepted? It counts as unsupported.
 */
bool crypto_key_is_out_of_limits(const struct crypto_policy *policy, const struct rdata *dnskey);

struct crypto_key *crypto_key_hold(struct crypto_key *key);
void crypto_key_release(struct crypto_key *key);

/** Does this signature over these bytes come from this key? Any thread. A signature of the wrong length is false. */
bool crypto_verify(const struct crypto_key *key, const uint8_t *data, size_t data_len, const uint8_t *signature,
                   size_t signature_len);

/**
 * Does a DS name this key? Hashes owner and DNSKEY RDATA (RFC 4034 5.1.4) if the digest type is supported; else false.
 */
bool crypto_ds_matches(const struct crypto_policy *policy, const struct name *owner, const struct rdata *ds,
                       const struct rdata *dnskey);

/** Key tag of a DNSKEY (RFC 4034 appendix B). */
uint16_t crypto_key_tag(const struct rdata *dnskey);

enum { NSEC3_HASH_LEN = 20, SHA256_LEN = 32 };

/**
 * IH(salt, name, iterations) with SHA-1 (RFC 5155 5); name is in canonical wire form. False, and out untouched, when
 * out of memory: nothing is proven then.
 */
MUST_USE bool crypto_nsec3_hash(const uint8_t *name, size_t name_len, const uint8_t *salt, size_t salt_len,
                                unsigned iterations, uint8_t out[NSEC3_HASH_LEN]);

/** SHA-256 of several pieces, one behind the other. False, and out untouched, when out of memory. */
struct crypto_piece {
        const void *bytes;
        size_t len;
};
MUST_USE bool crypto_sha256(const struct crypto_piece *pieces, unsigned count, uint8_t out[SHA256_LEN]);
