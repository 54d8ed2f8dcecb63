#include "resolve/additional.h"

#include "policy/policy.h"
#include "resolve/cut.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "wire/rrtype.h"

static bool leads_on(uint16_t type)
{
        return type == TYPE_MX || type == TYPE_SRV || type == TYPE_NS || type == TYPE_SVCB || type == TYPE_HTTPS;
}

/* "." means that there is no such service (RFC 2782, RFC 7505), but for SVCB with a priority: there, it is the owner
 * itself (RFC 9460 2.5). */
static bool target_of(const struct rrset *set, unsigned i, struct name *out)
{
        bool service = set->type == TYPE_SVCB || set->type == TYPE_HTTPS;

        if (!rrset_target(set, i, out))
                return false;
        if (!name_is_root(out))
                return true;
        *out = set->owner;
        return service && load_u16(set->rdata[i].bytes) > 0;
}

/* Several records may lead to one name; its addresses are told once. */
static bool was_met(const struct rrset *set, unsigned before, const struct name *name)
{
        struct name met;

        for (unsigned i = 0; i < before; i++)
                if (target_of(set, i, &met) && name_equal(&met, name))
                        return true;
        return false;
}

static const struct finding *look(struct request *request, const struct name *name, uint16_t type)
{
        const struct settings *settings = request->policy->settings;
        cache_partition partition = cut_partition(settings, cut_route(settings, name, type, false));
        const struct finding *noted = notes_get(&request->notes, partition, name, type);
        struct finding found;

        if (noted || request->ways.cold)
                return noted;
        if (!cache_get(request->desk->cache, partition, name, type, 0, &request->arena, &found))
                return NULL;
        return arena_copy(&request->arena, &found, sizeof found);
}

/* What a question for it would be answered with, or nothing: glue and what does not validate stay here. */
static const struct finding *at_hand(struct request *request, const struct name *name, uint16_t type)
{
        const struct question question = { .name = *name, .type = type, .class = CLASS_IN };

        if (policy_question(request->policy, &question).kind != POLICY_PASS)
                return NULL;
        const struct finding *found = look(request, name, type);
        if (!found || found->kind != FINDING_SET || found->set.type != type || found->rank < RANK_ANSWER)
                return NULL;
        return found->verdict == VERDICT_BOGUS || found->verdict == VERDICT_INDETERMINATE ? NULL : found;
}

unsigned additional_gather(struct request *request, const struct rrset *set, const struct finding *out[ADDITIONAL_MAX])
{
        unsigned count = 0, names = 0;

        if (!leads_on(set->type))
                return 0;
        for (unsigned i = 0; i < set->count && names < LIMIT_ADDITIONAL_NAMES; i++) {
                static const uint16_t types[] = { TYPE_A, TYPE_AAAA };
                struct name name;

                if (!target_of(set, i, &name) || was_met(set, i, &name))
                        continue;
                names++;
                for (unsigned t = 0; t < sizeof types / sizeof *types; t++) {
                        const struct finding *found = at_hand(request, &name, types[t]);

                        if (found)
                                out[count++] = found;
                }
        }
        return count;
}
