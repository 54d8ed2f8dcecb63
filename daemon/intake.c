/* Overload: young questions first, then by each client's share. */
#include "intake.h"
#include "config/limits.h"
#include "quota.h"
#include <string.h>

enum {
        BEHIND_US = 20 * 1000,
        FADE_US = 100 * 1000,
        FAIR_FACTOR = 2, /* asking twice the average is still no offence */
};

void intake_init(struct intake *intake, const uint8_t secret[SIPHASH_KEY_LEN])
{
        *intake = (struct intake){ 0 };
        memcpy(intake->secret, secret, SIPHASH_KEY_LEN);
}

/* Halve all counts each FADE_US, so that they tell of the last moments only. */
static void fade(struct intake *intake, uint64_t now_us)
{
        if (now_us - intake->faded_us < FADE_US)
                return;
        intake->faded_us = now_us;
        intake->total = intake->clients = 0;
        for (unsigned i = 0; i < INTAKE_SLOTS; i++) {
                intake->asked[i] /= 2;
                intake->total += intake->asked[i];
                intake->clients += intake->asked[i] > 0;
        }
}

/* Count a question; may it pass? Of a client beyond its fair share, as many pass as if it asked just that much. */
static bool within_share(struct intake *intake, const struct address *client)
{
        struct address prefix = client_prefix(client);
        uint32_t *asked = &intake->asked[siphash(intake->secret, &prefix, sizeof prefix) % INTAKE_SLOTS];

        if (!*asked)
                intake->clients++;
        ++*asked;
        intake->total++;
        uint32_t fair = FAIR_FACTOR * (intake->total / intake->clients + 1);
        return *asked <= fair || ++intake->turn % (*asked / fair + 1) == 0;
}

static bool is_young(const struct datagram *datagram, uint64_t now_us)
{
        return now_us - datagram->arrived_us < LIMIT_YOUNG_MS * 1000u;
}

size_t intake_choose(struct intake *intake, const struct datagram *list, size_t count, bool more, uint64_t now_us,
                     struct metrics *metrics, uint8_t chosen[UDP_BATCH])
{
        bool behind = more && count && now_us - list[0].arrived_us > BEHIND_US;
        size_t n = 0;

        if (behind)
                fade(intake, now_us);
        for (size_t i = 0; i < count; i++) {
                if (behind && !is_young(&list[i], now_us))
                        metrics_inc(&metrics->drops[DROP_OVERLOAD]);
                else if (behind && !within_share(intake, &list[i].path.peer.address))
                        metrics_inc(&metrics->drops[DROP_CLIENT_SHARE]);
                else
                        chosen[n++] = (uint8_t)i;
        }
        return n;
}

bool intake_wants_stamps(struct intake *intake, bool more, uint64_t now_us)
{
        if (intake->full_us && now_us - intake->full_us > INTAKE_SLOW_US)
                intake->slow_us = now_us;
        intake->full_us = more ? now_us : 0;
        return intake->slow_us && now_us - intake->slow_us < INTAKE_CALM_US;
}
