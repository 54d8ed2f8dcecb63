#include "resolve/trust.h"

#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        RING_MAX = 16384,
        RING_LIFE_MIN_S = 10, /* keys with a TTL of 0 still serve the request that fetched them */
        RENEWAL_MIN_S = 60,   /* keys are not fetched anew sooner than that */
        CHAIN_MAX = 32,       /* cuts between an anchor and a name */
        RING_KEY_MAX = NAME_WIRE_MAX + 16,
};

/* --- The key ring ------------------------------------------------------------------------------------------------- */

/* A secure zone: one block, with its key in the table and all that its keys borrow behind it. */
struct ring_zone {
        uint64_t since, ends_at; /* cache time; its keys were fetched then */
        uint64_t span;           /* of the walk that put it here */
        struct zone_keys keys;
        const uint8_t *key;
        size_t key_len;
};

static void ring_drop(void *context, void *value)
{
        (void)context;
        free(value);
}

enum err key_ring_init(struct key_ring *ring, const uint8_t secret[SIPHASH_KEY_LEN])
{
        return map_init(&ring->table, RING_MAX, secret, ring_drop, NULL);
}

void key_ring_fini(struct key_ring *ring)
{
        map_fini(&ring->table);
}

static bool drop_zone(void *context, void *value)
{
        struct key_ring *ring = context;
        struct ring_zone *zone = value;

        map_take(&ring->table, zone->key, zone->key_len);
        ring_drop(NULL, zone);
        return true;
}

void key_ring_forget(struct key_ring *ring)
{
        map_each(&ring->table, drop_zone, ring);
}

/* By route, zone and settings: other settings have other anchors. */
static size_t ring_key(const struct task *task, const struct name *zone, uint8_t key[RING_KEY_MAX])
{
        size_t len = name_canonical(zone, key);

        store_u64(key + len, task->cut.partition);
        store_u64(key + len + 8, task->request->policy->generation);
        return len + 16;
}

static bool ring_get(struct task *task, const struct name *zone, struct trust *out)
{
        struct desk *desk = task->request->desk;
        uint8_t key[RING_KEY_MAX];
        struct ring_zone *found = map_get(&desk->key_ring.table, key, ring_key(task, zone, key));

        if (!found || (task->request->ways.cold && found->span != task->request->trace.span))
                return false; /* who walks without the cache believes what he found himself */
        if (found->ends_at <= desk->now.cache_s) {
                drop_zone(&desk->key_ring, found);
                return false;
        }
        prefetch_consider_keys(task, zone, found->since, found->ends_at);
        *out = (struct trust){ .verdict = VERDICT_SECURE, .keys = &found->keys, .ends_at = found->ends_at };
        return true;
}

static struct ring_zone *ring_zone_new(const struct task *task, const struct name *zone, const struct zone_keys *keys)
{
        uint8_t key[RING_KEY_MAX];
        size_t key_len = ring_key(task, zone, key), keys_size = zone_keys_size(keys);
        struct ring_zone *made = malloc(sizeof *made + keys_size + key_len);

        if (!made)
                return NULL;
        made->keys = zone_keys_pack(keys, made + 1);
        made->key = memcpy((uint8_t *)(made + 1) + keys_size, key, key_len);
        made->key_len = key_len;
        return made;
}

/* Put a secure zone on the ring; what it has is copied. Returns what is there now, or false when out of memory. */
static bool ring_put(struct task *task, const struct name *zone, const struct finding *dnskey, struct trust *trust)
{
        struct desk *desk = task->request->desk;
        struct arena_mark mark = arena_mark(&task->request->arena);
        struct ring_zone *added, *before;
        struct zone_keys keys;

        zone_keys_init(&keys, &desk->crypto, &dnskey->set, &task->request->arena);
        added = ring_zone_new(task, zone, &keys);
        arena_reset(&task->request->arena, mark);
        if (!added)
                return false;
        before = map_get(&desk->key_ring.table, added->key, added->key_len);
        if (before)
                drop_zone(&desk->key_ring, before);
        if (trust->ends_at < desk->now.cache_s + RING_LIFE_MIN_S)
                trust->ends_at = desk->now.cache_s + RING_LIFE_MIN_S;
        added->since = dnskey->stored_at;
        added->span = task->request->trace.span;
        added->ends_at = trust->ends_at;
        if (map_put(&desk->key_ring.table, added->key, added->key_len, added) != ERR_OK) {
                free(added);
                return false;
        }
        trust->keys = &added->keys;
        return true;
}

/*
 * Zones sign with new keys before the old set has left all caches, when a key was lost or another operator has taken
 * over. Who makes others see signatures by keys that are not there makes a zone cost a question a minute, no more.
 */
bool trust_renew_keys(struct task *task, const struct name *zone)
{
        struct request *request = task->request;
        struct desk *desk = request->desk;
        uint8_t key[RING_KEY_MAX];

        if (!zone->wire || request->renewed.wire || task_for(request, zone, TYPE_DNSKEY, PURPOSE_KEYS))
                return false;
        struct ring_zone *found = map_get(&desk->key_ring.table, key, ring_key(task, zone, key));
        if (!found || found->since + RENEWAL_MIN_S > desk->now.cache_s)
                return false;
        request->renewed = name_copy(&request->arena, zone);
        if (request->renewed.wire)
                drop_zone(&desk->key_ring, found);
        return request->renewed.wire != NULL;
}

bool trust_passes_over(const struct task *task, const struct name *name, uint16_t type)
{
        const struct name *renewed = &task->request->renewed;

        return type == TYPE_DNSKEY && renewed->wire && name_equal(name, renewed);
}

/* --- Small pieces ------------------------------------------------------------------------------------------------- */

bool trust_wanted(const struct task *task)
{
        const struct request *request = task->request;

        return request->policy->settings->validation != VALIDATION_NO && request->policy->anchors &&
               !doubt_excuses(request);
}

bool trust_tolerates_bogus(const struct request *request)
{
        return request->checking_disabled || request->policy->settings->validation == VALIDATION_PERMISSIVE;
}

static void say(struct reason *why, uint16_t ede, const char *before, const struct name *name, const char *after)
{
        char text[NAME_TEXT_MAX];

        *why = (struct reason){ .ede = ede };
        snprintf(why->text, sizeof why->text, "%s%s%s", before, name_text(name, text), after);
}

struct name trust_holder(const struct name *name, uint16_t type)
{
        return type == TYPE_DS && !name_is_root(name) ? name_strip(name, 1) : *name;
}

bool trust_is_waived(const struct task *task, const struct name *name, struct reason *why)
{
        const struct negative_anchor *never = anchor_negative_above(task->request->policy->anchors, name);

        if (!never)
                return false;
        say(why, EDE_NEGATIVE_ANCHOR, "nothing is validated below the negative trust anchor ", &never->name, "");
        size_t len = strlen(why->text);
        if (never->reason[0])
                snprintf(why->text + len, sizeof why->text - len, ": %s", never->reason);
        return true;
}

bool trust_may_redirect(const struct task *task, const struct finding *alias, const struct name *from)
{
        bool negative;

        if (alias->set.type != TYPE_DNAME || alias->verdict == VERDICT_SECURE || !trust_wanted(task))
                return true;
        const struct anchor *anchor = anchor_above(task->request->policy->anchors, from, &negative);
        return !anchor || !name_is_below(&anchor->name, &alias->set.owner);
}

static enum trust_state known(struct trust *out, enum verdict verdict)
{
        out->verdict = verdict;
        return TRUST_KNOWN;
}

/* Wait for a sub-question of the chain. When it would be waiting in a circle, or nothing more may be asked, the chain
 * cannot be followed. */
static enum trust_state wait_for(struct task *task, const struct name *name, uint16_t type, struct trust *out)
{
        struct needs needs = { .count = 1,
                               .all = true,
                               .need = { { .name = *name, .type = type, .purpose = PURPOSE_KEYS } } };

        if (task_wait_for(task, &needs))
                return TRUST_WAIT;
        say(&out->why, EDE_INDETERMINATE, "the chain of trust to ", name, " cannot be followed");
        return known(out, VERDICT_INDETERMINATE);
}

static void quote(struct reason *why, const struct ede *ede)
{
        why->ede = ede->code;
        why->is_whole = true;
        snprintf(why->text, sizeof why->text, "%.*s", (int)ede->text_len, ede->text);
}

/* What a sub-question of the chain that failed says: bogus data is bogus, a dead network proves nothing. */
static enum trust_state from_failure(const struct task *sub, struct trust *out)
{
        const struct ede *ede = &sub->outcome.final->ede;
        char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];

        quote(&out->why, ede);
        if (sub->outcome.final->verdict == VERDICT_BOGUS)
                return known(out, VERDICT_BOGUS);
        if (ede->code != EDE_INDETERMINATE)
                snprintf(out->why.text, sizeof out->why.text, "the %s records of %.80s cannot be had: %.*s",
                         rrtype_text(sub->qtype, type), name_text(&sub->qname, name), (int)ede->text_len, ede->text);
        out->why.ede = EDE_INDETERMINATE;
        return known(out, VERDICT_INDETERMINATE);
}

/* --- Signatures --------------------------------------------------------------------------------------------------- */

static struct verify_context verify_context_for(struct task *task)
{
        struct request *request = task->request;
        struct desk *desk = request->desk;

        return (struct verify_context){
                .policy = &desk->crypto,
                .shelf = &desk->key_shelf,
                .memo = &desk->memo,
                .budget = &request->verify_budget,
                .in_message = &task->message_checks,
                .arena = &request->arena,
                .wall_s = desk->now.wall_s,
                .trace = &request->trace,
                .task = task->number,
                .now_us = desk->now.mono_us,
        };
}

/* A job that finds no place among the actions is not done by anybody. False: it is the one that was to be awaited. */
static bool hand_out(struct task *task, const struct verify_jobs *jobs)
{
        struct desk *desk = task->request->desk;
        bool awaited = true;

        metrics_add(desk->metrics->checks, jobs->count);
        metrics_highest(desk->metrics->message_checks_high_water, task->message_checks);
        for (unsigned i = 0; i < jobs->count; i++) {
                struct action *action = desk_act(desk, ACTION_CHECK);

                if (action) {
                        action->check.job = jobs->job[i];
                        continue;
                }
                awaited = awaited && jobs->job[i]->number != jobs->awaited;
                check_memo_forget(&desk->memo, jobs->job[i]->number);
                check_free(jobs->job[i]);
        }
        if (awaited)
                desk_await_check(desk, task, jobs->awaited);
        return awaited;
}

static void tell_limit(struct task *task)
{
        const struct verify_budget *budget = &task->request->verify_budget;

        if (budget->checks >= LIMIT_CHECKS)
                request_limit(task->request, task->number, LIMIT_ROW_CHECKS, budget->checks);
        if (budget->failed >= LIMIT_CHECKS_FAILED)
                request_limit(task->request, task->number, LIMIT_ROW_CHECKS_FAILED, budget->failed);
        if (task->message_checks >= LIMIT_CHECKS_PER_MESSAGE)
                request_limit(task->request, task->number, LIMIT_ROW_CHECKS_PER_MESSAGE, task->message_checks);
}

static enum trust_state settle(struct task *task, enum verify_result result, const struct verify_jobs *jobs, bool *good,
                               struct reason *why)
{
        *good = result == VERIFY_GOOD;
        if (result == VERIFY_WAIT && hand_out(task, jobs))
                return TRUST_WAIT;
        if (result == VERIFY_WAIT)
                *why = (struct reason){ .ede = EDE_OTHER, .text = "out of memory" };
        if (result == VERIFY_BUDGET) {
                tell_limit(task);
                *why = (struct reason){ .ede = EDE_OTHER, .text = "too many signatures to check for one question" };
        }
        return TRUST_KNOWN;
}

/*
 * Of several signatures one is verified; anybody may have put the others there. That one comes first, for whoever wants
 * to know who signed this, and of the others stay those of the same zone, for clients that prefer another algorithm.
 */
static bool sort_signatures(struct task *task, struct rrset *set, const struct verified *verified)
{
        struct rdata *sorted = arena_alloc(&task->request->arena, set->sig_count * sizeof *sorted);
        uint16_t count = 0;
        struct rrsig sig;

        if (!sorted)
                return false;
        sorted[count++] = set->sigs[verified->which];
        for (unsigned i = 0; i < set->sig_count; i++)
                if (i != verified->which && rrsig_read(&set->sigs[i], &sig) && sig.covered == set->type &&
                    name_equal(&sig.signer, &verified->sig.signer))
                        sorted[count++] = set->sigs[i];
        set->sigs = sorted;
        set->sig_count = count;
        return true;
}

/* How it ended, and what stays of the signatures. */
static enum trust_state settle_set(struct task *task, struct rrset *set, enum verify_result result,
                                   const struct verified *verified, const struct verify_jobs *jobs, bool *good,
                                   struct reason *why)
{
        if (settle(task, result, jobs, good, why) == TRUST_WAIT)
                return TRUST_WAIT;
        if (*good && set->sig_count > 1 && !sort_signatures(task, set, verified)) {
                *good = false;
                *why = (struct reason){ .ede = EDE_OTHER, .text = "out of memory" };
        }
        return TRUST_KNOWN;
}

enum trust_state trust_set(struct task *task, struct rrset *set, const struct zone_keys *keys,
                           struct verified *verified, bool *good, struct reason *why)
{
        struct verify_context context = verify_context_for(task);
        struct verify_jobs jobs = { .count = 0 };
        enum verify_result result = verify_set(&context, set, keys, verified, &jobs, why);

        return settle_set(task, set, result, verified, &jobs, good, why);
}

/* --- DS: what the parent says ------------------------------------------------------------------------------------- */

/* The parent's word on a zone. */
struct parent_word {
        enum verdict verdict; /* SECURE: ds holds; INSECURE: there is none, provably */
        bool no_cut;          /* SECURE proof that the name is no zone cut */
        const struct rrset *ds;
        struct reason why;
};

static enum trust_state trust_at(struct task *task, const struct name *zone, unsigned depth, struct trust *out);

static enum trust_state word(struct parent_word *out, enum verdict verdict)
{
        out->verdict = verdict;
        return TRUST_KNOWN;
}

/* A referral's DS state has been judged: noted, and kept with the delegation. */
static enum trust_state mark_delegation(struct task *task, struct delegation *d, enum ds_state state,
                                        enum verdict verdict, struct parent_word *out)
{
        d->ds_state = state;
        d->verdict = verdict;
        if (request_may_keep(task->request))
                cache_put_delegation(task->request->desk->cache, task->cut.partition, d);
        out->ds = state == DS_PRESENT ? &d->ds : NULL;
        return word(out, state == DS_PRESENT ? verdict : VERDICT_INSECURE);
}

enum trust_state trust_sets(struct task *task, struct rrset *set, unsigned count, const struct zone_keys *keys,
                            struct rrset *proven, unsigned *proven_count, struct reason *why)
{
        *proven_count = 0;
        for (unsigned i = 0; i < count; i++) {
                struct verified verified;
                bool good;

                if (trust_set(task, &set[i], keys, &verified, &good, why) == TRUST_WAIT)
                        return TRUST_WAIT;
                if (good && !verified.wildcard)
                        proven[(*proven_count)++] = set[i];
        }
        return TRUST_KNOWN;
}

struct denial_context trust_denial(struct task *task, const struct name *zone, const struct rrset *set, unsigned count)
{
        struct request *request = task->request;

        return (struct denial_context){
                .zone = zone,
                .set = set,
                .count = count,
                .max_iterations = request->policy->settings->nsec3_max_iterations,
                .nsec3_blocks = &request->nsec3_blocks,
                .arena = &request->arena,
        };
}

void trust_keep_proof(struct task *task, const struct name *zone, const struct rrset *set, unsigned count,
                      const struct absence_origin *origin)
{
        struct request *request = task->request;

        if (count && request_may_keep(request) && request->policy->settings->aggressive_nsec)
                absence_put(request->desk->cache, task->cut.partition, zone, set, count, origin, &request->arena);
}

static enum trust_state judge_missing_ds(struct task *task, struct delegation *d, const struct trust *parent,
                                         struct parent_word *out, bool *judged)
{
        struct rrset proven[PROOF_MAX];
        unsigned count;

        if (trust_sets(task, d->proof, d->proof_count, parent->keys, proven, &count, &out->why) == TRUST_WAIT)
                return TRUST_WAIT;
        struct denial_context context = trust_denial(task, &parent->keys->zone, proven, count);
        enum denial denial = count ? denial_of_ds(&context, &d->cut, &out->why) : DENIAL_MISSING;
        *judged = denial != DENIAL_MISSING;
        if (!*judged) {
                d->proof_count = 0; /* nor is it one when it is looked at again */
                return TRUST_KNOWN;
        }
        const struct absence_origin origin = { .stored_at = d->stored_at, .trace = d->trace, .server = d->from };
        trust_keep_proof(task, &parent->keys->zone, proven, count, &origin);
        return mark_delegation(task, d, DS_NONE, VERDICT_INSECURE, out);
}

/* The DS set, or the proof that there is none, that came with a referral. *judged false: the referral does not tell. */
static enum trust_state judge_referral(struct task *task, struct delegation *d, unsigned depth, struct parent_word *out,
                                       bool *judged)
{
        struct trust parent = { .verdict = VERDICT_UNCHECKED };
        struct verified verified;
        bool good;

        *judged = true;
        if (trust_at(task, &d->parent, depth + 1, &parent) == TRUST_WAIT)
                return TRUST_WAIT;
        if (parent.verdict != VERDICT_SECURE) {
                out->why = parent.why;
                if (parent.verdict == VERDICT_UNCHECKED || parent.verdict == VERDICT_INSECURE)
                        return mark_delegation(task, d, DS_NONE, VERDICT_INSECURE, out);
                return word(out, parent.verdict);
        }
        if (d->ds_state != DS_PRESENT)
                return judge_missing_ds(task, d, &parent, out, judged);
        if (trust_set(task, &d->ds, parent.keys, &verified, &good, &out->why) == TRUST_WAIT)
                return TRUST_WAIT;
        *judged = good && !verified.wildcard; /* else another server of the parent may have a better one */
        return *judged ? mark_delegation(task, d, DS_PRESENT, VERDICT_SECURE, out) : TRUST_KNOWN;
}

struct name trust_signer(const struct rrset *set, unsigned count)
{
        struct rrsig sig;

        for (unsigned i = 0; i < count; i++)
                if (set[i].sig_count && rrsig_read(&set[i].sigs[0], &sig))
                        return sig.signer;
        return name_root;
}

/* That there is no DS set has been proven; by what says that there is no cut, too? Hashing is paid for once. */
static void look_at_cut(struct task *task, struct task *sub, const struct name *zone, struct reason *why)
{
        const struct finding *final = sub->outcome.final;
        struct name denier = trust_signer(final->proof, final->proof_count);
        struct denial_context context = trust_denial(task, &denier, final->proof, final->proof_count);

        if (sub->cut_shown != CUT_NOT_SHOWN)
                return;
        if (denial_shows_no_cut(&context, zone))
                sub->cut_shown = CUT_DENIED;
        else if (denial_of_ds(&context, zone, why) != DENIAL_MISSING)
                sub->cut_shown = CUT_LEFT_OPEN;
}

/*
 * A question for the DS set was asked on its own; what it brought has been judged in its own PROVE. Where the client
 * set CD it has come here whatever the verdict is: what is not proven says nothing.
 */
static enum trust_state from_ds_task(struct task *task, struct task *sub, const struct name *zone,
                                     struct parent_word *out)
{
        const struct finding *final = sub->outcome.final;
        struct trust trust = { .verdict = VERDICT_UNCHECKED };

        if (final->kind == FINDING_FAILURE) {
                (void)from_failure(sub, &trust);
                out->why = trust.why;
                return word(out, trust.verdict);
        }
        const struct finding *said = sub->outcome.alias_count ? sub->outcome.alias[0] : final;
        if (said->verdict != VERDICT_SECURE) {
                quote(&out->why, &said->ede);
                return word(out, said->verdict == VERDICT_UNCHECKED ? VERDICT_INDETERMINATE : said->verdict);
        }
        if (said != final || final->kind == FINDING_NXDOMAIN) {
                out->no_cut = true;
                return word(out, VERDICT_SECURE);
        }
        if (final->kind == FINDING_SET) {
                out->ds = &final->set;
                return word(out, VERDICT_SECURE);
        }
        look_at_cut(task, sub, zone, &out->why);
        out->no_cut = sub->cut_shown == CUT_DENIED;
        if (out->no_cut)
                return word(out, VERDICT_SECURE);
        return word(out, sub->cut_shown == CUT_LEFT_OPEN ? VERDICT_INSECURE : VERDICT_BOGUS);
}

static enum trust_state ask_for_ds(struct task *task, const struct name *zone, struct parent_word *out)
{
        struct task *sub = task_for(task->request, zone, TYPE_DS, PURPOSE_KEYS);
        struct trust trust = { .verdict = VERDICT_UNCHECKED };

        out->why = (struct reason){ .ede = EDE_NONE }; /* what the referral lacked is no matter any more */
        if (sub && sub->done)
                return from_ds_task(task, sub, zone, out);
        enum trust_state state = wait_for(task, zone, TYPE_DS, &trust);
        if (state == TRUST_KNOWN) {
                out->verdict = trust.verdict;
                out->why = trust.why;
        }
        return state;
}

/* May the zone that referred to this one be heard? Not one above the anchor, for nobody vouches for it. */
static bool is_anchored(const struct delegation *d, const struct anchor *anchor)
{
        return d->parent.wire && (!anchor || name_is_at_or_below(&d->parent, &anchor->name));
}

/* What the parent side says of a zone: an anchor, a judged delegation, a referral to be judged, or a question of its
 * own. */
static enum trust_state parent_says(struct task *task, const struct name *zone, unsigned depth, struct parent_word *out)
{
        struct request *request = task->request;
        bool negative;
        const struct anchor *anchor = anchor_above(request->policy->anchors, zone, &negative);

        *out = (struct parent_word){ .verdict = VERDICT_UNCHECKED };
        if (anchor && name_equal(&anchor->name, zone)) {
                out->ds = anchor_as_ds(anchor, &request->arena);
                if (!out->ds)
                        say(&out->why, EDE_DNSKEY_MISSING, "no key of ", zone, " is trusted any more");
                return word(out, out->ds ? VERDICT_SECURE : VERDICT_BOGUS);
        }
        struct delegation *d = cut_delegation(request, task->cut.partition, zone);
        if (d && d->ds_state == DS_PRESENT && d->verdict == VERDICT_SECURE) {
                out->ds = &d->ds;
                return word(out, VERDICT_SECURE);
        }
        if (d && d->ds_state == DS_NONE && d->verdict == VERDICT_INSECURE)
                return word(out, VERDICT_INSECURE);
        if (d && is_anchored(d, anchor) && depth < CHAIN_MAX) {
                bool judged;

                if (judge_referral(task, d, depth, out, &judged) == TRUST_WAIT)
                        return TRUST_WAIT;
                if (judged)
                        return TRUST_KNOWN;
        }
        return ask_for_ds(task, zone, out);
}

/* --- Zones -------------------------------------------------------------------------------------------------------- */

static enum trust_state trust_in_keys(struct task *task, const struct name *zone, struct trust *out)
{
        const struct task *sub = task_for(task->request, zone, TYPE_DNSKEY, PURPOSE_KEYS);
        const struct finding *final = sub && sub->done ? sub->outcome.final : NULL;

        if (!final && sub != task)
                return wait_for(task, zone, TYPE_DNSKEY, out);
        if (final && final->kind == FINDING_FAILURE) {
                enum trust_state state = from_failure(sub, out);

                if (name_is_root(zone)) /* another worker may have met them: the failure came out of the cache */
                        doubt_cached_root_keys(task, &out->why);
                return state;
        }
        /* What this very question for the keys got is not a set that could be judged by itself. */
        if (!final || final->kind != FINDING_SET || sub->outcome.alias_count) {
                say(&out->why, EDE_DNSKEY_MISSING, "", zone, " has a DS record but no DNSKEY");
                return known(out, VERDICT_BOGUS);
        }
        out->verdict = final->verdict;
        out->ends_at = final->ends_at;
        if (out->verdict != VERDICT_SECURE)
                quote(&out->why, &final->ede);
        if (out->verdict == VERDICT_SECURE && !ring_put(task, zone, final, out))
                return known(out, VERDICT_INDETERMINATE);
        return TRUST_KNOWN;
}

static enum trust_state trust_at(struct task *task, const struct name *zone, unsigned depth, struct trust *out)
{
        struct parent_word parent;
        bool negative;

        *out = (struct trust){ .verdict = VERDICT_UNCHECKED, .why = { .ede = EDE_NONE } };
        if (trust_is_waived(task, zone, &out->why))
                return known(out, VERDICT_INSECURE);
        if (!anchor_above(task->request->policy->anchors, zone, &negative))
                return known(out, VERDICT_UNCHECKED);
        if (ring_get(task, zone, out))
                return TRUST_KNOWN;
        if (parent_says(task, zone, depth, &parent) == TRUST_WAIT)
                return TRUST_WAIT;
        out->why = parent.why;
        if (parent.no_cut) {
                say(&out->why, EDE_BOGUS, "the answer is of a zone ", zone, ", which does not exist");
                return known(out, VERDICT_BOGUS);
        }
        if (parent.verdict != VERDICT_SECURE)
                return known(out, parent.verdict);
        return trust_in_keys(task, zone, out);
}

bool trust_may_need_keys(struct task *task, const struct name *zone)
{
        struct trust trust;
        bool negative;

        return trust_wanted(task) && anchor_above(task->request->policy->anchors, zone, &negative) &&
               !ring_get(task, zone, &trust);
}

bool trust_deepest(struct task *task, const struct name *name, uint16_t type, struct name *zone)
{
        unsigned up = type == TYPE_DS && name->label_count ? 1 : 0;
        bool negative;

        if (!trust_wanted(task) || !anchor_above(task->request->policy->anchors, name, &negative))
                return false;
        for (; up <= name->label_count; up++) {
                struct name candidate = name_strip(name, up);
                struct trust trust;

                if (!ring_get(task, &candidate, &trust) || trust.verdict != VERDICT_SECURE)
                        continue;
                *zone = candidate;
                return true;
        }
        return false;
}

enum trust_state trust_of(struct task *task, const struct name *zone, struct trust *out)
{
        return trust_at(task, zone, 0, out);
}

static void say_unsigned(struct reason *why, const struct name *name, uint16_t type, const struct name *zone)
{
        char owner[NAME_TEXT_MAX], apex[NAME_TEXT_MAX], what[RRTYPE_TEXT_MAX];

        *why = (struct reason){ .ede = EDE_RRSIGS_MISSING };
        snprintf(why->text, sizeof why->text, "%.90s %s is not signed, but its zone %.70s is", name_text(name, owner),
                 rrtype_text(type, what), name_text(zone, apex));
}

enum trust_state trust_unsigned(struct task *task, const struct name *zone, const struct name *name, uint16_t type,
                                struct trust *out)
{
        unsigned steps = 0, last = name->label_count - (type == TYPE_DS && name->label_count ? 1u : 0u);
        struct name signed_zone = *zone;

        *out = (struct trust){ .verdict = VERDICT_BOGUS };
        for (unsigned labels = zone->label_count + 1u; labels <= last && steps++ < LIMIT_DS_STEPS; labels++) {
                struct name cut = name_ancestor(name, labels);
                struct parent_word parent;

                if (parent_says(task, &cut, 0, &parent) == TRUST_WAIT)
                        return TRUST_WAIT;
                /* Where nothing is signed, the question whether there is a DS set has just met with the same. */
                if (parent.verdict == VERDICT_BOGUS && parent.why.ede == EDE_RRSIGS_MISSING)
                        break;
                if (parent.verdict != VERDICT_SECURE) {
                        out->why = parent.why;
                        return known(out, parent.verdict);
                }
                if (parent.ds)
                        signed_zone = cut;
        }
        say_unsigned(&out->why, name, type, &signed_zone);
        return TRUST_KNOWN;
}

enum trust_state trust_keys(struct task *task, struct rrset *dnskey, struct trust *out)
{
        struct verify_context context = verify_context_for(task);
        struct verify_jobs jobs = { .count = 0 };
        const struct name *zone = &dnskey->owner;
        struct parent_word parent;
        struct verified verified;
        bool unsupported = false, negative, good;

        *out = (struct trust){ .verdict = VERDICT_UNCHECKED, .why = { .ede = EDE_NONE } };
        if (trust_is_waived(task, zone, &out->why))
                return known(out, VERDICT_INSECURE);
        if (!anchor_above(task->request->policy->anchors, zone, &negative))
                return known(out, VERDICT_UNCHECKED);
        if (parent_says(task, zone, 0, &parent) == TRUST_WAIT)
                return TRUST_WAIT;
        out->why = parent.why;
        if (parent.verdict != VERDICT_SECURE || parent.no_cut)
                return known(out, parent.no_cut ? VERDICT_BOGUS : parent.verdict);
        enum verify_result result = verify_keys(&context, dnskey, parent.ds, &verified, &jobs, &unsupported, &out->why);
        if (unsupported)
                return known(out, VERDICT_INSECURE);
        if (settle_set(task, dnskey, result, &verified, &jobs, &good, &out->why) == TRUST_WAIT)
                return TRUST_WAIT;
        if (!good)
                return known(out, VERDICT_BOGUS);
        out->ends_at = task->request->desk->now.cache_s + verified.ttl;
        return known(out, VERDICT_SECURE);
}
