#pragma once
/*
 * One signature to check: the job that goes out as ACTION_CHECK and comes back as EVENT_CHECKED.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crypto_key; /* lib/dnssec/crypto.h */

/* Owns its bytes and a hold on the key, for it may outlive the request. */
struct check {
        uint64_t number;
        struct crypto_key *key;
        uint8_t *data; /* what is signed, canonical */
        size_t data_len;
        uint8_t *signature;
        size_t signature_len;
};

/** Do the job: does the signature hold? Any thread. */
bool check_run(const struct check *check);
void check_free(struct check *check);
