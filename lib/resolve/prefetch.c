#include "resolve/prefetch.h"

#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/task.h"
#include "wire/rrtype.h"

/* --- When something is due ---------------------------------------------------------------------------------------- */

static uint64_t last_tenth(uint64_t since, uint64_t ends_at)
{
        uint64_t life = ends_at > since ? ends_at - since : 0;

        return life < LIMIT_PREFETCH_TTL_S ? UINT64_MAX : ends_at - life / 10;
}

/*
 * Not an NS set: one that still lives is not replaced by another of its rank (ghost domains), so that asking early
 * would be asking in vain.
 */
uint64_t prefetch_due_at(const struct finding *found)
{
        if (found->kind == FINDING_FAILURE || found->stale ||
            (found->kind == FINDING_SET && found->set.type == TYPE_NS))
                return UINT64_MAX;
        return last_tenth(found->stored_at, found->ends_at);
}

uint64_t prefetch_shelf_until(const struct desk *desk, const struct finding *found)
{
        uint64_t due_at = prefetch_due_at(found);

        if (!desk->policy->settings->prefetch || due_at > desk->now.cache_s)
                return due_at;
        return desk->now.cache_s + LIMIT_PREFETCH_AGAIN_S;
}

bool prefetch_renews(const struct task *task, const struct finding *found)
{
        return task->purpose == PURPOSE_PREFETCH && prefetch_due_at(found) <= task->request->desk->now.cache_s;
}

/* --- Wishes ------------------------------------------------------------------------------------------------------- */

static void wish(struct desk *desk, const struct name *name, uint16_t type, uint64_t left_s)
{
        struct prefetch *prefetch = &desk->prefetch;

        if (prefetch->wish_count == PREFETCH_WISHES_MAX)
                return;
        struct prefetch_wish *made = &prefetch->wish[prefetch->wish_count++];
        *made = (struct prefetch_wish){ .type = type, .left_s = left_s };
        made->name = (struct name){ .wire = made->bytes.bytes,
                                    .len = (uint8_t)name_canonical(name, made->bytes.bytes),
                                    .label_count = name->label_count };
}

/* True once in a while for each entry. */
static bool is_not_tried_yet(struct desk *desk, uint64_t entry)
{
        uint64_t now_s = desk->now.cache_s;
        unsigned at = entry % PREFETCH_TRIED_MAX;

        if (desk->prefetch.tried[at].entry == entry && desk->prefetch.tried[at].again_at > now_s)
                return false;
        desk->prefetch.tried[at].entry = entry;
        desk->prefetch.tried[at].again_at = now_s + LIMIT_PREFETCH_AGAIN_S;
        return true;
}

static bool is_wanted(const struct task *task)
{
        return task->request->policy->settings->prefetch &&
               (task->purpose == PURPOSE_QUESTION || task->purpose == PURPOSE_KEYS);
}

void prefetch_consider(struct task *task, const struct finding *found, uint64_t entry)
{
        struct desk *desk = task->request->desk;

        if (is_wanted(task) && prefetch_due_at(found) <= desk->now.cache_s && is_not_tried_yet(desk, entry))
                wish(desk, &task->qname, task->qtype, found->ends_at - desk->now.cache_s);
}

/* The DS set too: what is known of a zone ends with the first of the two. */
void prefetch_consider_keys(struct task *task, const struct name *zone, uint64_t since, uint64_t ends_at)
{
        struct desk *desk = task->request->desk;
        uint64_t entry = ends_at;

        if (!task->request->policy->settings->prefetch || task->request->prefetch ||
            last_tenth(since, ends_at) > desk->now.cache_s)
                return;
        for (unsigned i = 0; i < zone->len; i++)
                entry = entry * 31 + zone->wire[i];
        if (!is_not_tried_yet(desk, entry))
                return;
        wish(desk, zone, TYPE_DNSKEY, ends_at - desk->now.cache_s);
        if (!name_is_root(zone))
                wish(desk, zone, TYPE_DS, ends_at - desk->now.cache_s);
}

/* --- Requests ----------------------------------------------------------------------------------------------------- */

static void start(struct desk *desk, const struct prefetch_wish *wish)
{
        const struct question question = { .name = wish->name, .type = wish->type, .class = CLASS_IN };
        struct request *request = request_open(desk, &question, FLAG_RD, &(struct ways){ .cold = false });

        if (!request)
                return;
        request->prefetch = true;
        desk->prefetch.under_way++;
        request_trace(request, 0, STEP_PREFETCH, &request->question.name, (unsigned)wish->type, wish->left_s);
        metrics_inc(desk->metrics->prefetches);
        request->root = task_new(request, NULL, &request->question.name, wish->type, PURPOSE_PREFETCH);
        if (!request->root)
                request_end(request);
}

void prefetch_start(struct desk *desk)
{
        struct prefetch *prefetch = &desk->prefetch;

        for (unsigned i = 0; i < prefetch->wish_count; i++) {
                if (prefetch->under_way < LIMIT_PREFETCHES && desk->request_count < LIMIT_REQUESTS_PER_WORKER / 4)
                        start(desk, &prefetch->wish[i]);
                else
                        metrics_inc(&desk->metrics->budget_hits[LIMIT_ROW_PREFETCHES]);
        }
        prefetch->wish_count = 0;
}

void prefetch_ended(struct request *request)
{
        if (request->prefetch)
                request->desk->prefetch.under_way--;
}
