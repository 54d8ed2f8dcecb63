/* KEEP: what of the claim is noted and stored? */
#include "cache/absence.h"
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/states.h"
#include "resolve/trust.h"
#include "wire/rrtype.h"

/* --- KEEP --------------------------------------------------------------------------------------------------------- */

static const char *stored_word(const struct finding *finding)
{
        switch (finding->kind) {
        case FINDING_SET:
                return "records";
        case FINDING_NODATA:
                return "no such type";
        case FINDING_NXDOMAIN:
                return "no such name";
        case FINDING_FAILURE:
                return "failure";
        case FINDING_NONE:
                break;
        }
        return "nothing";
}

/* What proved this absent, or this wildcard right, may answer other questions (RFC 8198). */
static void keep_proof(struct task *task, const struct finding *finding)
{
        const struct absence_origin origin = {
                .stored_at = finding->stored_at,
                .trace = finding->trace,
                .server = finding->server,
        };

        if (finding->verdict != VERDICT_SECURE || !finding->proof_count || !request_may_keep(task->request))
                return;
        struct name zone = trust_signer(finding->proof, finding->proof_count);
        trust_keep_proof(task, &zone, finding->proof, finding->proof_count, &origin);
        if (finding->kind == FINDING_SET && task->request->policy->settings->aggressive_nsec)
                absence_put_wildcard(task->request->desk->cache, task->cut.partition, finding);
}

/*
 * Into the notebook, so that this request knows it whatever its TTL, and into the cache. The copy lives in the arena.
 */
static const struct finding *keep(struct task *task, const struct name *owner, uint16_t type,
                                  const struct finding *finding)
{
        struct request *request = task->request;
        struct finding *kept = arena_copy(&request->arena, finding, sizeof *finding);
        uint32_t ttl;

        if (!kept || !notes_put(&request->notes, &request->arena, task->cut.partition, owner, type, kept))
                return NULL;
        keep_proof(task, kept);
        if (kept->verdict == VERDICT_SECURE)
                kept->rank = RANK_SECURE;
        bool worth_it = kept->kind != FINDING_FAILURE && kept->verdict != VERDICT_INDETERMINATE;
        if (worth_it && request_may_keep(request) &&
            cache_put(request->desk->cache, task->cut.partition, owner, type, kept, &ttl)) {
                request_trace(request, task->number, STEP_STORED, owner, (unsigned)type, stored_word(kept),
                              (uint64_t)ttl);
                kept->ends_at = kept->stored_at + ttl;
        }
        return kept;
}

static void keep_delegation(struct task *task, struct delegation *delegation)
{
        struct request *request = task->request;
        uint64_t parent_ends = task->cut.delegation->ends_at;

        /* No delegation outlives its parent, or a revoked one would keep itself alive below itself (ghost domains). */
        if (delegation->ends_at > parent_ends)
                delegation->ends_at = parent_ends;
        struct delegation *kept = arena_copy(&request->arena, delegation, sizeof *delegation);
        if (!kept || !notes_put_delegation(&request->notes, &request->arena, task->cut.partition, kept))
                return;
        /* Its DS state enters the store once it is judged, see trust.c. */
        struct delegation unjudged = *kept;
        unjudged.ds_state = DS_UNKNOWN;
        unjudged.proof_count = 0;
        if (cache_put_delegation(request->desk->cache, task->cut.partition, &unjudged))
                request_trace(request, task->number, STEP_STORED, &kept->cut, (unsigned)TYPE_NS, "delegation",
                              kept->ends_at - kept->stored_at);
}

/* The address of a name server as a referral to its zone gave it; NULL: none of this type, or out of memory. */
static struct finding *glue_set(struct task *task)
{
        struct request *request = task->request;
        struct address glue[DELEGATION_NAME_ADDRESSES];
        unsigned count = cut_glue(request, task->cut.partition, &task->sname, glue, DELEGATION_NAME_ADDRESSES);
        struct finding *found = arena_alloc(&request->arena, sizeof *found);
        struct rdata *rdata = arena_alloc(&request->arena, sizeof *rdata * DELEGATION_NAME_ADDRESSES);
        uint16_t kept = 0;

        if (!found || !rdata)
                return NULL;
        for (unsigned i = 0; i < count; i++) {
                size_t len = address_len(&glue[i]);

                if (len == (task->qtype == TYPE_A ? 4 : 16))
                        rdata[kept++] = (struct rdata){ .bytes = arena_copy(&request->arena, glue[i].bytes, len),
                                                        .len = (uint16_t)len };
        }
        found->kind = FINDING_SET;
        found->rank = RANK_GLUE;
        found->set = (struct rrset){
                .owner = task->sname, .type = task->qtype, .class = CLASS_IN, .count = kept, .rdata = rdata
        };
        return kept ? found : NULL;
}

/*
 * A server's address is looked for, and here is a referral to the server's own zone. Its glue will do, as it does for
 * whoever asks that zone itself: there is no need to ask further, nor to prove anything. Should it prove useless, the
 * zone is asked by another task. False: there is no glue.
 */
static bool settles_for_glue(struct task *task)
{
        const struct finding *glue = glue_set(task);

        if (!glue)
                return false;
        task->outcome.final = glue;
        task->outcome.final_type = task->qtype;
        if (!task->barred.wire)
                task->purpose = PURPOSE_GLUE;
        return true;
}

/* The child's keys are asked for while the walk goes on, so that proving the answer costs no round trip of its own. */
static void wish_for_keys(struct task *task, const struct delegation *referral)
{
        const struct need keys = { .name = referral->cut, .type = TYPE_DNSKEY, .purpose = PURPOSE_KEYS };

        if (referral->ds_state == DS_PRESENT && trust_may_need_keys(task, &referral->cut))
                task_wish(task, &keys);
}

static enum task_state keep_referral(struct task *task)
{
        struct request *request = task->request;
        struct delegation *referral = &task->claim->referral;
        bool barred = task->barred.wire && name_is_at_or_below(&referral->cut, &task->barred);

        request_trace(request, task->number, STEP_REFERRAL, &task->cut.delegation->cut, &referral->cut,
                      (uint64_t)referral->server_count);
        if (!request_spend(request, PURSE_REFERRALS, 1))
                return task_give_up(task, EDE_OTHER, "too many referrals");
        keep_delegation(task, referral);
        if (task->purpose == PURPOSE_ADDRESS && settles_for_glue(task))
                return TASK_DONE;
        if (barred && task->purpose == PURPOSE_ADDRESS) /* this zone cannot be asked */
                return task_give_up(task, EDE_NO_AUTHORITY, "the parent zone has no address for this server either");
        wish_for_keys(task, referral);
        if (barred)
                task->barred.wire = NULL; /* the delegation is fresh again */
        return TASK_CUT;
}

/* A shortened name was shown: whatever the reply says of it, it is no cut, unless it does not exist at all. */
static enum task_state keep_shortened(struct task *task)
{
        struct request *request = task->request;

        if (task->claim->final.kind == FINDING_NXDOMAIN) {
                /* Servers that deny empty non-terminals exist; the full name decides (RFC 8020 without proof is a
                 * guess). */
                task->manner = MANNER_FULL;
                return TASK_CUT;
        }
        if (!notes_put_no_cut(&request->notes, &request->arena, task->cut.partition, &task->shown.name))
                return task_give_up(task, EDE_OTHER, "out of memory");
        request_trace(request, task->number, STEP_NO_CUT, &task->shown.name);
        task->minimise_steps++;
        return TASK_CUT;
}

/*
 * Who asks for the CNAME that a DNAME stands for has got it with the DNAME. RFC 6672 3.2 would go on to the target, but
 * authoritative servers stop as they do at any CNAME that was asked for (RFC 1034 4.3.2), and so do we.
 */
static enum task_state end_with_dname(struct task *task, const struct finding *dname)
{
        struct finding *final = arena_alloc(&task->request->arena, sizeof *final);

        if (!final)
                return task_give_up(task, EDE_OTHER, "out of memory");
        *final = (struct finding){ .kind = FINDING_NODATA,
                                   .verdict = dname->verdict,
                                   .stored_at = dname->stored_at,
                                   .ends_at = dname->ends_at };
        task->outcome.final = final;
        task->outcome.final_type = task->qtype;
        return TASK_DONE;
}

enum task_state task_follow_on(struct task *task, const struct finding *alias)
{
        switch (task_follow(task, alias)) {
        case FOLLOW_ON:
                return alias->set.type == TYPE_DNAME && task->qtype == TYPE_CNAME ? end_with_dname(task, alias)
                                                                                 : TASK_LOOKUP;
        case FOLLOW_CIRCLE:
                return task_give_up(task, EDE_OTHER, "the aliases go round in a circle");
        case FOLLOW_TOO_FAR:
                return task_give_up(task, EDE_OTHER, "too many aliases");
        case FOLLOW_TOO_LONG:
                break;
        }
        struct finding *final = arena_alloc(&task->request->arena, sizeof *final);
        if (final)
                *final = (struct finding){ .kind = FINDING_FAILURE,
                                           .rcode = RCODE_YXDOMAIN,
                                           .ede = { .code = EDE_NONE } };
        task->outcome.alias[task->outcome.alias_count++] = alias;
        task->outcome.final = final;
        return TASK_DONE;
}

static bool note_no_ds(struct task *task, const struct name *cut, const struct finding *alias)
{
        struct request *request = task->request;
        struct finding *found = arena_copy(&request->arena, alias, sizeof *alias);

        if (!found)
                return false;
        found->kind = FINDING_NODATA;
        return notes_put(&request->notes, &request->arena, task->cut.partition, cut, TYPE_DS, found);
}

/* The proof that came with an alias may show that it leads into an unsigned zone: then nobody has to ask for its DS. */
static void note_unsigned_target(struct task *task, const struct finding *alias)
{
        struct name zone = trust_signer(alias->proof, alias->proof_count), target;
        struct reason ignored;

        if (alias->verdict != VERDICT_SECURE || !alias->proof_count || !rrset_target(&alias->set, 0, &target))
                return;
        struct denial_context context = trust_denial(task, &zone, alias->proof, alias->proof_count);
        for (unsigned labels = zone.label_count + 1u; labels <= target.label_count; labels++) {
                struct name cut = name_ancestor(&target, labels);

                if (labels > (unsigned)zone.label_count + LIMIT_DS_STEPS ||
                    (denial_of_ds(&context, &cut, &ignored) == DENIAL_PROVEN && note_no_ds(task, &cut, alias)))
                        return;
        }
}

static enum task_state keep_aliases(struct task *task)
{
        const struct claim *claim = task->claim;

        for (unsigned i = 0; i < claim->alias_count; i++) {
                const struct finding *kept =
                        keep(task, &claim->alias[i].set.owner, claim->alias[i].set.type, &claim->alias[i]);

                if (!kept)
                        return task_give_up(task, EDE_OTHER, "out of memory");
                note_unsigned_target(task, kept);
                enum task_state next = task_follow_on(task, kept);
                if (next != TASK_LOOKUP)
                        return next;
        }
        return TASK_LOOKUP;
}

/*
 * What a server chose to say of ANY is for this question alone: it may be a part, or made up for it (RFC 8482 4.2), so
 * that it answers no question for a single type.
 */
static const struct finding *keep_any(struct task *task)
{
        task->outcome.beside = task->claim->beside;
        task->outcome.beside_count = task->claim->beside_count;
        return arena_copy(&task->request->arena, &task->claim->final, sizeof task->claim->final);
}

static enum task_state keep_answer(struct task *task)
{
        enum task_state next = keep_aliases(task);
        const struct finding *final = &task->claim->final;

        if (next != TASK_LOOKUP || task->claim->class == REPLY_ALIAS)
                return next;
        bool any = task->qtype == TYPE_ANY && final->kind == FINDING_SET;
        task->outcome.final = any ? keep_any(task) : keep(task, &task->sname, task->qtype, final);
        task->outcome.final_type = task->qtype;
        if (!task->outcome.final)
                return task_give_up(task, EDE_OTHER, "out of memory");
        return TASK_DONE;
}

enum task_state task_keep(struct task *task)
{
        if (task->claim->class == REPLY_REFERRAL)
                return keep_referral(task);
        if (task->claim->primes)
                keep_delegation(task, &task->claim->referral);
        if (!task->shown.whole)
                return keep_shortened(task);
        return keep_answer(task);
}
