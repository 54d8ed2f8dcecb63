#pragma once
/*
 * A signer for tests of validation: makes keys, signs record sets, makes DS and NSEC3 records, and can put a wrong
 * value into every field. It shares no code with lib/dnssec: canonical form by ldns, signatures and digests by
 * libcrypto.
 *
 * A signature is made in two steps, so that a field can be wrong in two ways: change it before signer_sign() and the
 * key really signed it (a hostile zone); change it between signer_sign() and signer_rrsig() and somebody tampered with
 * it.
 *
 * Whatever does not work ends the test. All bytes live in the arena that is handed in.
 */
#include "base/arena.h"
#include "wire/rrset.h"
#include <stddef.h>
#include <stdint.h>

enum {
        SIGNER_RSASHA1 = 5,
        SIGNER_RSASHA256 = 8,
        SIGNER_RSASHA512 = 10,
        SIGNER_P256 = 13,
        SIGNER_P384 = 14,
        SIGNER_ED25519 = 15,
        SIGNER_ED448 = 16,
};

enum { SIGNER_ZONE = 0x0100, SIGNER_REVOKE = 0x0080, SIGNER_SEP = 0x0001 };

enum { SIGNER_KEY_MAX = 4 + 3 + 1024, SIGNER_SIGNATURE_MAX = 1024 };

/* A key pair. The RDATA may be changed (flags, protocol, algorithm, the key itself) before it is published. */
struct signer_key {
        struct evp_pkey_st *secret; /* NULL: made up, nobody can sign with it */
        uint8_t rdata[SIGNER_KEY_MAX];
        uint16_t rdata_len;
};

/**
 * A key pair with the flags of a zone key. Edwards keys are made of the seed and are the same each time; the others are
 * new.
 *
 *   bits  of an RSA modulus; others pass over it
 */
void signer_key_make(struct signer_key *key, uint8_t algorithm, unsigned bits, uint8_t seed);

/** An RSA key that nobody can sign with, of just so many bits in modulus and exponent. */
void signer_key_forge(struct signer_key *key, uint8_t algorithm, unsigned bits, unsigned exponent_bits);

/** Another key with the same tag as `like`, by swapping words of the key; each n gives another one. */
void signer_key_collide(struct signer_key *key, const struct signer_key *like, unsigned n);

void signer_key_fini(struct signer_key *key);

uint16_t signer_key_tag(const struct signer_key *key);
uint8_t signer_key_algorithm(const struct signer_key *key);

/** A name, and a record set (one record a line), from presentation form. */
struct name signer_name(struct arena *arena, const char *text);
struct rrset signer_set(struct arena *arena, const char *text);

/** The DNSKEY set of these keys. */
struct rrset signer_dnskey(struct arena *arena, const char *owner, const struct signer_key *const *key, unsigned count);

/** DS RDATA of a key: digest 1, 2 or 4; another digest type gets the SHA-256 all the same. */
struct rdata signer_ds(struct arena *arena, const char *owner, const struct signer_key *key, uint8_t digest);

/** A DS set of such RDATA. */
struct rrset signer_ds_set(struct arena *arena, const char *owner, const struct rdata *rdata, unsigned count);

/* The fields of an RRSIG as they are signed or written. */
struct signer_fields {
        uint16_t covered;
        uint8_t algorithm, labels;
        uint32_t original_ttl, expiration, inception;
        uint16_t key_tag;
        struct name signer;
};

/** What an honest signer writes for this set; labels without a leading "*". */
struct signer_fields signer_fields(const struct rrset *set, const struct signer_key *key, const struct name *zone,
                                   uint32_t inception, uint32_t expiration);

/** The signature over the fields and the set. With fewer labels than the owner has, the wildcard is what is signed. */
struct rdata signer_sign(struct arena *arena, const struct rrset *set, const struct signer_fields *fields,
                         const struct signer_key *key);

/** RRSIG RDATA. */
struct rdata signer_rrsig(struct arena *arena, const struct signer_fields *fields, const struct rdata *signature);

/** Give the set this one more RRSIG. */
void signer_add(struct arena *arena, struct rrset *set, const struct rdata *rrsig);

/** Sign the set as an honest zone does: the steps above in one. */
void signer_sign_set(struct arena *arena, struct rrset *set, const struct signer_key *key, const struct name *zone,
                     uint32_t inception, uint32_t expiration);

enum { SIGNER_HASH_LEN = 20 };

/* The parameters of NSEC3 records. */
struct signer_nsec3 {
        uint8_t algorithm, flags;
        uint16_t iterations;
        uint8_t salt_len;
        uint8_t salt[255];
};

/** RFC 5155 5. */
void signer_hash(const struct signer_nsec3 *parameters, const struct name *name, uint8_t out[SIGNER_HASH_LEN]);

/** An NSEC3 set: its owner and next hashes, and its types ("A NS RRSIG") in presentation form. */
struct rrset signer_nsec3_set(struct arena *arena, const char *zone, const struct signer_nsec3 *parameters,
                              const uint8_t owner[SIGNER_HASH_LEN], const uint8_t next[SIGNER_HASH_LEN],
                              const char *types);
