#include "resolve/doubt.h"

#include "base/date.h"
#include "config/builtin.h"
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/task.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        JUMP_S = 2,       /* clocks are read in whole seconds */
        BEHIND_S = 86400, /* what daylight saving or a bad guess at the start may do */
};

void doubt_init(struct doubt *doubt)
{
        *doubt = (struct doubt){ .known = false };
        (void)date_parse(builtin_date, &doubt->built_s);
}

static void publish(struct desk *desk, enum news news, const char *text)
{
        const uint8_t *bytes = desk_outbox(desk, text, strlen(text) + 1);
        struct action *action = bytes ? desk_act(desk, ACTION_PUBLISH) : NULL;

        if (!action)
                return;
        action->publish.news = news;
        action->publish.bytes = bytes;
        action->publish.len = strlen(text) + 1;
}

void doubt_begin(struct desk *desk)
{
        struct doubt *doubt = &desk->doubt;
        int64_t lead_s = (int64_t)desk->now.wall_s - (int64_t)(desk->now.mono_us / 1000000);

        if (doubt->known && llabs(lead_s - doubt->lead_s) <= JUMP_S)
                return;
        doubt->set_at = desk->now.cache_s;
        doubt->raised = doubt->held = false;
        doubt->lead_s = lead_s;
        doubt->known = true;
}

/* --- Raising ------------------------------------------------------------------------------------------------------ */

static bool is_of_time(uint16_t ede)
{
        return ede == EDE_SIGNATURE_EXPIRED || ede == EDE_SIGNATURE_NOT_YET;
}

static void raise(struct desk *desk, const struct reason *why)
{
        if (!desk->doubt.raised)
                publish(desk, NEWS_CLOCK_WRONG, why->text);
        desk->doubt.raised = true;
}

/* What time it says, and between which it should be. */
static void say_between(const struct desk *desk, const struct rrsig *sig, struct reason *why)
{
        char now[DATE_TEXT_MAX], from[DATE_TEXT_MAX], to[DATE_TEXT_MAX];

        snprintf(why->text, sizeof why->text,
                 "the clock is probably wrong: it says %s, but the keys of the root are good from %s to %s",
                 date_text(desk->now.wall_s, now), date_text(sig->inception, from), date_text(sig->expiration, to));
        why->is_whole = true;
}

static void say_at_least(const struct desk *desk, uint64_t least_s, struct reason *why)
{
        char now[DATE_TEXT_MAX], least[DATE_TEXT_MAX];

        snprintf(why->text, sizeof why->text, "the clock is probably wrong: it says %s, but it is at least %s",
                 date_text(desk->now.wall_s, now), date_text(least_s, least));
        why->is_whole = true;
}

void doubt_root_keys(struct task *task, const struct rrset *dnskey, bool good, struct reason *why)
{
        struct desk *desk = task->request->desk;
        struct rrsig sig;

        if (good) {
                if (desk->doubt.raised)
                        publish(desk, NEWS_CLOCK_RIGHT, "");
                desk->doubt.raised = false;
                desk->doubt.held = true;
        } else if (is_of_time(why->ede) && !desk->doubt.held && dnskey->sig_count &&
                   rrsig_read(&dnskey->sigs[0], &sig)) {
                say_between(desk, &sig, why);
                raise(desk, why);
        }
}

void doubt_cached_root_keys(struct task *task, const struct reason *why)
{
        struct desk *desk = task->request->desk;

        if (is_of_time(why->ede) && !desk->doubt.held)
                raise(desk, why);
}

void doubt_failure(struct task *task, struct reason *why)
{
        struct desk *desk = task->request->desk;
        uint64_t now_s = desk->now.wall_s;
        uint64_t seen_s = desk->now.cache_s > BEHIND_S ? desk->now.cache_s - BEHIND_S : 0;
        uint64_t least_s = desk->doubt.built_s > seen_s ? desk->doubt.built_s : seen_s;

        if (why->ede != EDE_SIGNATURE_NOT_YET || now_s >= least_s || why->is_whole)
                return;
        say_at_least(desk, least_s, why);
        raise(desk, why);
}

/* --- While there is ----------------------------------------------------------------------------------------------- */

bool doubt_excuses(const struct request *request)
{
        return request->desk->doubt.raised &&
               name_list_covers(&request->policy->settings->ntp_names, &request->question.name);
}

bool doubt_forgets(const struct task *task, const struct finding *found)
{
        return is_of_time(found->ede.code) && (found->stored_at <= task->request->desk->doubt.set_at ||
                                               doubt_excuses(task->request));
}
