#pragma once
/*
 * The memo of signature checks: what is being checked, and how checks ended, by content. Equal checks (same data,
 * signature and key) are one job, whoever asks, so two hundred cold questions verify the root's keys once. One a
 * worker.
 */
#include "base/err.h"
#include "base/map.h"
#include "dnssec/check.h"
#include "dnssec/crypto.h"
#include "wire/rrset.h"
#include <stdbool.h>
#include <stdint.h>

enum check_state { CHECK_UNKNOWN, CHECK_RUNNING, CHECK_GOOD, CHECK_BAD };

/* Bounded; the least recently used are forgotten. */
struct check_memo {
        struct map table;   /* digest of (data, signature, key) -> state and number */
        struct map running; /* the same entries by number */
        uint64_t last_number;
};

MUST_USE enum err check_memo_init(struct check_memo *memo, size_t max, const uint8_t secret[SIPHASH_KEY_LEN]);
void check_memo_fini(struct check_memo *memo);

/** The result has come. False: nobody asked for it, or it has been forgotten meanwhile. */
bool check_memo_done(struct check_memo *memo, uint64_t number, bool good);
/** The job will not be done: whoever needs it begins anew. */
void check_memo_forget(struct check_memo *memo, uint64_t number);

/* What is checked. */
struct check_subject {
        struct crypto_key *key;
        const struct rdata *dnskey; /* the key's RDATA */
        const uint8_t *data;        /* what is signed */
        size_t data_len;
        const uint8_t *signature;
        size_t signature_len;
        uint8_t digest[SHA256_LEN]; /* of all that; see check_memo_ask() */
};

/** How does, or did, this check end? Makes the subject's digest. RUNNING: *number is that of the job. ERR_MEMORY. */
MUST_USE enum err check_memo_ask(struct check_memo *memo, struct check_subject *subject, enum check_state *state,
                                 uint64_t *number);

/**
 * Make the job of a check that was asked for and is UNKNOWN; it is RUNNING from now on. The caller hands it out. NULL
 * when out of memory.
 */
struct check *check_memo_begin(struct check_memo *memo, const struct check_subject *subject);
