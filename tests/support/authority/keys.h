#pragma once
/*
 * Signing keys, made from a seed: the same lab has the same keys each time. (RSA is the exception: its keys are made
 * from the system's dice.)
 */
#include "dname.h"

enum { KEY_RDATA_MAX = 4 + 3 + 513, KEY_SIGNATURE_MAX = 512 };

enum key_flags { KEY_ZONE = 256, KEY_SEP = 257 };

struct lab_key {
        uint8_t algorithm; /* the DNSSEC number: 8, 13, 14, 15, 16 */
        uint16_t tag;      /* RFC 4034 appendix B */
        size_t rdata_len;
        uint8_t rdata[KEY_RDATA_MAX]; /* of its DNSKEY record */
        struct evp_pkey_st *secret;
};

/** Make the key of a zone for this role. false for an algorithm that is not known. */
bool lab_key_init(struct lab_key *key, uint8_t algorithm, enum key_flags role, uint64_t seed, const uint8_t *zone);

void lab_key_fini(struct lab_key *key);

/** Change one byte of the DNSKEY's data (0 and 1: flags, 2: protocol, 3: algorithm), and the tag with it. */
void lab_key_change(struct lab_key *key, size_t at, uint8_t value);

/**
 * Give the key this tag, by flags that have no meaning. They are part of the tag's sum, so one key in a few can have
 * any tag and still is a good key; false for the others.
 */
bool lab_key_collide(struct lab_key *key, uint16_t tag);

/** Sign; returns the length of the signature as DNSSEC writes it. out holds KEY_SIGNATURE_MAX bytes. */
size_t lab_key_sign(const struct lab_key *key, const uint8_t *data, size_t len, uint8_t *out);

/** The SHA-256 DS data (36 bytes) of the key at this zone. RFC 4034 section 5.1. */
void lab_key_ds(const struct lab_key *key, const uint8_t *zone, uint8_t out[36]);
