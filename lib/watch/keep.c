#include "watch/keep.h"

#include "wire/codes.h"
#include <string.h>

enum { US_PER_S = 1000000, NS_PER_US = 1000, PACE_SEEN_MIN = 100, PACE_SHARE = 16 };

const struct keep_row keep_rows[KEEP_COUNT] = {
#define KEEP(name, word, help) [KEEP_BIT_##name] = { word, help },
#include "watch/keep.def"
#undef KEEP
};

bool pace_is_slow(struct pace *pace, uint64_t total_us)
{
        uint64_t total_ns = total_us * NS_PER_US;

        if (pace->seen < PACE_SEEN_MIN) { /* nobody is slow before there is something to compare with */
                pace->seen++;
                if (total_ns > pace->p99_ns)
                        pace->p99_ns = total_ns;
                return false;
        }
        bool slow = total_ns > pace->p99_ns;
        uint64_t step = pace->p99_ns / PACE_SHARE + 1;

        if (slow)
                pace->p99_ns += step;
        else
                pace->p99_ns -= step / 99;
        return slow;
}

unsigned keep_reasons(const struct keep_facts *facts)
{
        unsigned reasons = 0;

        reasons |= facts->rcode == RCODE_SERVFAIL ? KEEP_FAILED : 0;
        reasons |= facts->explained ? KEEP_EXPLAINED : 0;
        reasons |= facts->bogus ? KEEP_BOGUS : 0;
        reasons |= facts->slow ? KEEP_SLOW : 0;
        reasons |= facts->retried ? KEEP_RETRIED : 0;
        reasons |= facts->stale ? KEEP_STALE : 0;
        reasons |= facts->policy ? KEEP_POLICY : 0;
        reasons |= facts->asked ? KEEP_ASKED : 0;
        return reasons;
}

static void next_second(struct keeper *keeper, uint64_t second)
{
        if (second == keeper->second)
                return;
        keeper->second = second;
        keeper->in_second = 0;
        memset(keeper->zone, 0, sizeof keeper->zone);
}

/* Has this zone its share already? A slot may count for several: then they share. */
static bool zone_is_full(struct keeper *keeper, const struct name *zone)
{
        uint8_t key[NAME_WIRE_MAX];
        uint8_t *count = &keeper->zone[siphash(keeper->secret, key, name_canonical(zone, key)) % KEEP_ZONE_SLOTS];

        if (*count >= KEEP_PER_ZONE)
                return true;
        ++*count;
        return false;
}

unsigned keeper_decide(struct keeper *keeper, uint64_t mono_us, unsigned reasons, bool walked, const struct name *zone)
{
        if (!reasons && !walked)
                return 0;
        next_second(keeper, mono_us / US_PER_S);
        if (keeper->in_second < keeper->rate) {
                keeper->in_second++;
                return reasons | (walked ? KEEP_WALKED : 0);
        }
        if (reasons && !zone_is_full(keeper, zone))
                return reasons;
        if (keeper->sample && ++keeper->above % keeper->sample == 0)
                return reasons | KEEP_SAMPLED;
        return 0;
}
