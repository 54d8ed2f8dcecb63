#include "resolve/stale.h"

#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"

static const struct settings *settings_of(const struct request *request)
{
        return request->policy->settings;
}

static struct task *stale_task(const struct request *request)
{
        return task_for(request, &request->question.name, request->question.type, PURPOSE_STALE);
}

static bool has_data(const struct task *task)
{
        return task->done && task->outcome.final && task->outcome.final->kind != FINDING_FAILURE;
}

bool stale_is_hoped_for(const struct request *request)
{
        const struct task *task = stale_task(request);

        if (!settings_of(request)->serve_expired || !settings_of(request)->serve_expired_ttl || request->ways.cold)
                return false;
        return !task || has_data(task);
}

uint64_t stale_due_us(const struct request *request)
{
        return request->began_us + settings_of(request)->serve_expired_client_timeout * 1000;
}

const struct outcome *stale_outcome(struct request *request)
{
        struct task *task = stale_task(request);

        if (!stale_is_hoped_for(request))
                return NULL;
        if (!task) {
                task = task_new(request, NULL, &request->question.name, request->question.type, PURPOSE_STALE);
                if (!task)
                        return NULL;
                task_run(task);
        }
        request->facts.retried = true;
        return has_data(task) ? &task->outcome : NULL;
}

/* RFC 8767 5: an answer, a refusal by local rules and a proof that the zone is broken are not replaced. */
static bool is_want_of_servers(const struct outcome *fresh)
{
        const struct finding *final = fresh->final;

        return !final ||
               (final->kind == FINDING_FAILURE && final->rcode == RCODE_SERVFAIL && final->verdict != VERDICT_BOGUS);
}

const struct outcome *stale_instead_of(struct request *request, const struct outcome *fresh)
{
        const struct outcome *stale = request->audience && is_want_of_servers(fresh) ? stale_outcome(request) : NULL;

        return stale ? stale : fresh;
}

const struct finding *stale_part(const struct outcome *outcome)
{
        const struct finding *final = outcome->final;
        const struct finding *oldest = final && final->stale ? final : NULL;

        for (unsigned i = 0; i < outcome->alias_count; i++)
                if (outcome->alias[i]->stale && (!oldest || outcome->alias[i]->ends_at < oldest->ends_at))
                        oldest = outcome->alias[i];
        return oldest;
}

/* The first signature is the one that was verified; others may say any time. Times are serial (RFC 4034 3.1.5). */
static bool is_in_time(const struct rrset *set, uint64_t wall_s)
{
        struct rrsig sig;

        return set->sig_count && rrsig_read(&set->sigs[0], &sig) && (int32_t)(sig.expiration - (uint32_t)wall_s) >= 0;
}

bool stale_is_signed_still(const struct finding *finding, uint64_t wall_s)
{
        bool in_time = finding->kind != FINDING_SET || is_in_time(&finding->set, wall_s);

        for (unsigned i = 0; i < finding->proof_count; i++)
                in_time = in_time && is_in_time(&finding->proof[i], wall_s);
        return in_time;
}
