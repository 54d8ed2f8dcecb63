#pragma once
/*
 * Drives validation by hand, as the resolver and its host do: asks, does the checks that are handed out, asks again.
 */
#include "base/arena.h"
#include "dnssec/nsec.h"
#include "dnssec/verify.h"

/* One question's worth of validation. */
struct prover {
        struct crypto_policy policy;
        struct key_shelf shelf;
        struct check_memo memo;
        struct verify_budget budget;
        unsigned in_message; /* checks of the message at hand */
        struct arena scratch;
        uint64_t wall_s;
        unsigned max_iterations;
        unsigned nsec3_blocks;
        unsigned checks;   /* done */
        struct reason why; /* of the last answer */
        struct verified verified;
        bool unsupported;
};

void prover_init(struct prover *prover, uint64_t wall_s);
void prover_fini(struct prover *prover);

/** The next question: budgets are new, the memo is not. */
void prover_next_question(struct prover *prover);
/** The next message of the same question. */
void prover_next_message(struct prover *prover);

/** GOOD, BAD or BUDGET. */
enum verify_result prover_set(struct prover *prover, const struct rrset *set, struct zone_keys *keys);
enum verify_result prover_keys(struct prover *prover, const struct rrset *dnskey, const struct rrset *ds);

enum { PROVER_SETS = 16 };

/** Those of the sets that hold and are no wildcard expansions, as a denial wants them. */
unsigned prover_sets(struct prover *prover, const struct rrset *set, unsigned count, struct zone_keys *keys,
                     struct rrset proven[PROVER_SETS]);

struct denial_context prover_denial(struct prover *prover, const struct name *zone, const struct rrset *set,
                                    unsigned count);
