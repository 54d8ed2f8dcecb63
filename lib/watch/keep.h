#pragma once
/*
 * Keep or drop: what speaks for keeping a trace is decided when the answer is known, for all answers alike, here.
 *
 * Two parts. keep_reasons() looks at one walk, in its worker: did it fail, was it slow, did somebody ask for it? The
 * keeper then counts for the whole process: within trace-rate every walk is kept; above it those with a reason, but
 * only so many for each zone and second, so that a flood of failures evicts nothing; and one in trace-sample.
 */
#include "base/map.h"
#include "wire/name.h"
#include <stdbool.h>
#include <stdint.h>

enum keep_bit {
#define KEEP(name, word, help) KEEP_BIT_##name,
#include "watch/keep.def"
#undef KEEP
        KEEP_COUNT
};

enum keep_reason {
#define KEEP(name, word, help) KEEP_##name = 1u << KEEP_BIT_##name,
#include "watch/keep.def"
#undef KEEP
};

struct keep_row {
        const char *word, *help;
};
extern const struct keep_row keep_rows[KEEP_COUNT];

/*
 * How long walks take: the time that 99 in 100 of the last few hundred stay below. A step up for each that is slower, a
 * hundredth of it down for each that is not, so that it settles where one in a hundred is: no list, no sorting.
 */
struct pace {
        uint64_t p99_ns; /* finer than what it measures, so that small steps count */
        uint32_t seen;
};

/** Count a walk in. True: it was slower than 99 in 100 before it. */
bool pace_is_slow(struct pace *pace, uint64_t total_us);

/* What a request knows of its own end. */
struct keep_facts {
        unsigned rcode;
        bool explained; /* an extended error went out */
        bool bogus, slow, retried, stale, policy, asked;
};

/** The reasons among FAILED..ASKED. */
unsigned keep_reasons(const struct keep_facts *facts);

enum { KEEP_ZONE_SLOTS = 1024, KEEP_PER_ZONE = 10 }; /* kept above the rate, for each zone and second */

/* The process's count, for one second after the other. Whoever uses it from several threads locks it. */
struct keeper {
        uint32_t rate, sample;     /* of the settings */
        uint8_t secret[SIPHASH_KEY_LEN];
        uint64_t second;
        uint32_t in_second;        /* taken within the rate */
        uint32_t above;            /* not taken, for sampling */
        uint8_t zone[KEEP_ZONE_SLOTS]; /* taken above the rate, by the hash of the zone */
};

/**
 * Is this trace to be kept? Adds WALKED or SAMPLED to its reasons where those decide it. 0: drop it.
 *
 *   zone   in   what failures are counted by: the last zone cut, or the root
 */
unsigned keeper_decide(struct keeper *keeper, uint64_t mono_us, unsigned reasons, bool walked, const struct name *zone);
