/* LOOKUP: what is known without asking anybody? Policy, this request's notes, the cache; aliases are followed on the
 * spot. */
#include "cache/absence.h"
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/states.h"
#include "resolve/trust.h"
#include "wire/rrtype.h"

static const char *kind_word(enum finding_kind kind)
{
        switch (kind) {
        case FINDING_SET:
                return "records";
        case FINDING_NODATA:
                return "no such type";
        case FINDING_NXDOMAIN:
                return "no such name";
        case FINDING_FAILURE:
                return "a failure";
        case FINDING_NONE:
                break;
        }
        return "nothing";
}

/* Who has leave to be late looks for data; that there was none to be had is known. */
static bool may_be_late(const struct task *task)
{
        return task->purpose == PURPOSE_STALE;
}

/*
 * Does what is known of a name tell about this type? That a name is not there does for all types, but of the parent's
 * DS set only a proof can say so, not the child. A DNAME above an anchor does not redirect the names below it.
 */
static bool counts(const struct task *task, const struct finding *found, uint16_t type)
{
        bool is_proven = found->verdict == VERDICT_SECURE || !trust_wanted(task);

        if (found->kind == FINDING_NXDOMAIN)
                return type != TYPE_DS || is_proven;
        return found->kind != FINDING_SET || trust_may_redirect(task, found, &task->sname);
}

static const struct finding *from_notes(struct task *task, const struct name *name, uint16_t type)
{
        const struct finding *found = notes_get(&task->request->notes, task->cut.partition, name, type);

        if (!found || !counts(task, found, type) || (found->kind == FINDING_FAILURE && may_be_late(task)))
                return NULL;
        request_trace(task->request, task->number, STEP_NOTE, name, (unsigned)type, kind_word(found->kind));
        return found;
}

/*
 * An alias that could not be had is no reason to think that there is one. Whether the name exists is asked once, with
 * the type in question; of names above it with the DNAME.
 */
static bool get(struct task *task, const struct name *name, uint16_t type, uint32_t stale_s, struct finding *out)
{
        struct request *request = task->request;
        struct cache *cache = request->desk->cache;

        if (type == task->qtype)
                return cache_get(cache, task->cut.partition, name, type, stale_s, &request->arena, out);
        if (type == TYPE_CNAME)
                return cache_get_type(cache, task->cut.partition, name, type, stale_s, &request->arena, out);
        return cache_get_answer(cache, task->cut.partition, name, type, stale_s, &request->arena, out);
}

/*
 * With CD, or where the settings put up with it, data that proved bogus is served from its own space, and a failure to
 * validate is none (RFC 4035 3.2.2).
 */
static bool look_in_cache(struct task *task, const struct name *name, uint16_t type, uint32_t stale_s,
                          struct finding *out)
{
        struct request *request = task->request;
        struct cache *cache = request->desk->cache;

        if (trust_tolerates_bogus(request) &&
            cache_get_bogus(cache, task->cut.partition, name, type, &request->arena, out))
                return true;
        if (!get(task, name, type, stale_s, out))
                return false;
        if (!counts(task, out, type) || (out->kind == FINDING_FAILURE && may_be_late(task)))
                return false;
        if (out->kind == FINDING_FAILURE && doubt_forgets(task, out))
                return false;
        return !trust_tolerates_bogus(request) || out->kind != FINDING_FAILURE || out->verdict != VERDICT_BOGUS;
}

/* `stale_s`: how long past its end it may be. */
static struct finding *from_cache(struct task *task, const struct name *name, uint16_t type, uint32_t stale_s)
{
        struct request *request = task->request;
        struct finding found;

        if (request->ways.cold || trust_passes_over(task, name, type) ||
            !look_in_cache(task, name, type, stale_s, &found))
                return NULL;
        if (prefetch_renews(task, &found))
                return NULL;
        struct finding *kept = arena_copy(&request->arena, &found, sizeof found);
        if (kept)
                kept->from_cache = true;
        return kept;
}

static void tell_hit(struct task *task, const struct name *name, uint16_t type, const struct finding *found)
{
        const uint64_t now_s = task->request->desk->now.cache_s;

        if (found->stale)
                request_trace(task->request, task->number, STEP_STALE, name, (unsigned)type, now_s - found->ends_at);
        else
                request_trace(task->request, task->number, STEP_HIT, name, (unsigned)type, kind_word(found->kind),
                              found->ends_at > now_s ? found->ends_at - now_s : 0, &found->trace, &found->server);
}

static const struct finding *known(struct task *task, const struct name *name, uint16_t type)
{
        struct request *request = task->request;
        const struct finding *found = from_notes(task, name, type);

        if (found)
                return found;
        found = from_cache(task, name, type, 0);
        if (!found)
                return NULL;
        if (request->source_count < FRONT_SOURCES_MAX)
                request->source[request->source_count++] = cache_last_used(request->desk->cache);
        prefetch_consider(task, found, cache_last_used(request->desk->cache));
        tell_hit(task, name, type, found);
        return found;
}

/* RFC 8020, as far as it is proven: below a name that does not exist there is nothing. Without proof it would be a
 * guess. */
static bool denies_all_below(const struct finding *found)
{
        return found->kind == FINDING_NXDOMAIN && found->verdict == VERDICT_SECURE;
}

/* A DNAME above the name, closest first (RFC 6672 3.3). Only what was the end of somebody's chain is in the cache. */
static const struct finding *known_dname(struct task *task)
{
        for (unsigned up = 1; up < task->sname.label_count; up++) {
                struct name owner = name_strip(&task->sname, up);
                const struct finding *found = known(task, &owner, TYPE_DNAME);

                if (found && (found->kind == FINDING_SET || denies_all_below(found)))
                        return found;
        }
        return NULL;
}

/*
 * What an alias at the same name does not hide: itself; a DS set, which is the parent zone's (RFC 4035 2.4); what
 * signing adds to each name (RFC 4035 2.5). To ANY the alias is an answer itself. Keys are never behind an alias: there
 * are zones with one at the apex, against RFC 1034 3.6.2, and without their keys all of the zone would be lost.
 */
static bool is_beside_alias(uint16_t type)
{
        static const uint16_t beside[] = { TYPE_CNAME, TYPE_DS, TYPE_NSEC, TYPE_RRSIG, TYPE_DNSKEY, TYPE_ANY };

        for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
                if (beside[i] == type)
                        return true;
        return false;
}

static const struct finding *known_alias(struct task *task)
{
        bool hidden = !is_beside_alias(task->qtype);
        const struct finding *found = hidden ? known(task, &task->sname, TYPE_CNAME) : NULL;

        return found && found->kind == FINDING_SET ? found : known_dname(task);
}

/*
 * What was known here last: records, their absence, or an alias, whichever is youngest; else a DNAME above. Asked for
 * only when nothing live is known, so stale and live data meet in a chain of aliases at most, each with its own TTL.
 */
static const struct finding *known_once(struct task *task)
{
        const uint32_t stale_s = task->request->policy->settings->serve_expired_ttl;
        const struct finding *youngest = from_cache(task, &task->sname, task->qtype, stale_s);
        const struct finding *alias =
                task->qtype == TYPE_DS ? NULL : from_cache(task, &task->sname, TYPE_CNAME, stale_s);

        if (alias && alias->kind == FINDING_SET && (!youngest || alias->stored_at > youngest->stored_at))
                youngest = alias;
        for (unsigned up = 1; up < task->sname.label_count && !youngest; up++) {
                struct name owner = name_strip(&task->sname, up);

                youngest = from_cache(task, &owner, TYPE_DNAME, stale_s);
                if (youngest && youngest->kind != FINDING_SET)
                        youngest = NULL;
        }
        if (youngest)
                tell_hit(task, youngest->kind == FINDING_SET ? &youngest->set.owner : &task->sname,
                         youngest->kind == FINDING_SET ? youngest->set.type : task->qtype, youngest);
        return youngest;
}

/* --- Proofs of absence -------------------------------------------------------------------------------------------- */

/*
 * RFC 8198: a record that proved other names absent may prove this one absent too, or subject to a wildcard. Only the
 * deepest zone above the name that is known to be secure can say so; those above it have delegated the name.
 */
static const struct finding *from_proofs(struct task *task)
{
        struct request *request = task->request;
        struct desk *desk = request->desk;
        struct finding found;
        struct name zone;

        if (!request->policy->settings->aggressive_nsec || request->ways.cold || request->checking_disabled ||
            !trust_deepest(task, &task->sname, task->qtype, &zone) ||
            !absence_get(desk->cache, task->cut.partition, &zone, &task->sname, task->qtype, &request->arena, &found))
                return NULL;
        struct finding *kept = arena_copy(&request->arena, &found, sizeof found);
        if (!kept)
                return NULL;
        kept->from_cache = true;
        const char *what = kept->kind == FINDING_SET ? "what its wildcard has" : kind_word(kept->kind);
        request_trace(request, task->number, STEP_DENIED, &task->sname, (unsigned)task->qtype, &zone, what,
                      kept->ends_at - desk->now.cache_s, &kept->trace);
        return kept;
}

/* --- Policy ------------------------------------------------------------------------------------------------------- */

static struct finding *local_finding(struct task *task, enum finding_kind kind, const struct policy_verdict *verdict)
{
        struct finding *finding = arena_alloc(&task->request->arena, sizeof *finding);

        if (!finding)
                return NULL;
        finding->kind = kind;
        finding->rank = RANK_AUTHORITY;
        finding->ede.code = verdict->ede;
        finding->stored_at = task->request->desk->now.cache_s;
        if (kind == FINDING_SET)
                finding->set = *verdict->set;
        else if (kind == FINDING_FAILURE)
                finding->rcode = RCODE_REFUSED;
        else if (verdict->soa)
                finding->proof[finding->proof_count++] = *verdict->soa;
        uint32_t ttl = kind == FINDING_SET ? finding->set.ttl : finding->proof_count ? finding->proof[0].ttl : 0;
        finding->ends_at = finding->stored_at + ttl;
        return finding;
}

/* Local rules are about what clients ask and where aliases lead, not about the servers that the walk needs. */
static const struct finding *from_policy(struct task *task)
{
        const struct question question = { .name = task->sname, .type = task->qtype, .class = CLASS_IN };
        enum finding_kind kind = FINDING_NONE;

        if (task->purpose != PURPOSE_QUESTION && task->purpose != PURPOSE_STALE)
                return NULL;
        struct policy_verdict verdict = policy_question(task->request->policy, &question);
        switch (verdict.kind) {
        case POLICY_PASS:
                return NULL;
        case POLICY_SET:
                kind = FINDING_SET;
                break;
        case POLICY_NODATA:
                kind = FINDING_NODATA;
                break;
        case POLICY_NXDOMAIN:
                kind = FINDING_NXDOMAIN;
                break;
        case POLICY_REFUSE:
                kind = FINDING_FAILURE;
                break;
        }
        request_trace(task->request, task->number, STEP_POLICY, verdict.rule, &verdict.zone);
        metrics_inc(task->request->desk->metrics->policy_answers);
        return local_finding(task, kind, &verdict);
}

/* --- The state ---------------------------------------------------------------------------------------------------- */

static enum task_state settle_for(struct task *task, const struct finding *found)
{
        task->outcome.final = found;
        task->outcome.final_type = task->qtype;
        if (task->number == 0 && task->purpose == PURPOSE_QUESTION && !task->request->spent[PURSE_MESSAGES])
                metrics_inc(found->kind == FINDING_FAILURE ? task->request->desk->metrics->failure_hits
                                                           : &task->request->desk->metrics->hits[SHELF_STORE]);
        return TASK_DONE;
}

/* An alias that leads on from the name, rather than the answer. */
static bool leads_on(const struct task *task, const struct finding *found)
{
        if (found->kind != FINDING_SET)
                return false;
        bool elsewhere = !name_equal(&found->set.owner, &task->sname);
        return found->set.type != task->qtype ? task->qtype != TYPE_ANY || elsewhere
                                              : found->set.type == TYPE_DNAME && elsewhere;
}

/* All that is known about where the aliases have led. NULL: nothing is. */
static const struct finding *look_up(struct task *task)
{
        const struct finding *found = from_policy(task);

        if (!found)
                found = known(task, &task->sname, task->qtype);
        if (!found)
                found = known_alias(task);
        if (!found)
                found = may_be_late(task) ? known_once(task) : from_proofs(task);
        return found;
}

/* Aliases that lead nowhere are no failure of the question when only stale data was looked for. */
static enum task_state follow_known(struct task *task, const struct finding *alias)
{
        if (!may_be_late(task))
                return task_follow_on(task, alias);
        return task_follow(task, alias) == FOLLOW_ON ? TASK_LOOKUP : TASK_DONE;
}

static enum task_state missed(struct task *task)
{
        struct request *request = task->request;

        if (may_be_late(task))
                return TASK_DONE;
        if (task->purpose != PURPOSE_PREFETCH) /* it passed over what is there */
                request_trace(request, task->number, STEP_MISS, &task->sname, (unsigned)task->qtype);
        if (task->number == 0 && task->purpose == PURPOSE_QUESTION) {
                metrics_inc(request->desk->metrics->misses);
                request_publish(request);
        }
        return TASK_CUT;
}

enum task_state task_lookup(struct task *task)
{
        const struct settings *settings = task->request->policy->settings;
        bool must_ask = task->purpose == PURPOSE_PRIME || task->purpose == PURPOSE_SIGNAL;
        enum task_state next = must_ask ? TASK_CUT : TASK_LOOKUP;

        while (next == TASK_LOOKUP) {
                task->cut.partition = cut_partition(
                        settings, cut_route(settings, &task->sname, task->qtype, task->without_forwarder));
                const struct finding *found = look_up(task);

                if (!found)
                        return missed(task);
                next = leads_on(task, found) ? follow_known(task, found) : settle_for(task, found);
        }
        return next;
}
