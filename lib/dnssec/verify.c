#include "dnssec/verify.h"

#include "dnssec/signed.h"
#include "watch/trace.h"
#include "wire/codes.h"
#include <stdarg.h>
#include <stdio.h>

enum { SKEW_MIN_S = 3600, SKEW_MAX_S = 86400 };

/* --- Cheap checks ------------------------------------------------------------------------------------------------- */

/* How much a reason tells; the most telling one of several signatures is reported. */
enum telling { TELLS_NOTHING, TELLS_ABSENCE, TELLS_FOREIGN, TELLS_NO_KEY, TELLS_BROKEN, TELLS_TIME };

struct complaint {
        enum telling telling;
        struct reason why;
};

static void complain(struct complaint *complaint, enum telling telling, uint16_t ede, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static void complain(struct complaint *complaint, enum telling telling, uint16_t ede, const char *format, ...)
{
        va_list args;

        if (telling <= complaint->telling)
                return;
        complaint->telling = telling;
        complaint->why.ede = ede;
        va_start(args, format);
        vsnprintf(complaint->why.text, sizeof complaint->why.text, format, args);
        va_end(args);
}

static bool is_ours(const struct rrset *set, const struct rrsig *sig, const struct name *zone, const char *owner,
                    struct complaint *complaint)
{
        if (sig->covered != set->type)
                return false;
        if (!name_equal(&sig->signer, zone) || !name_is_at_or_below(&set->owner, &sig->signer)) {
                complain(complaint, TELLS_FOREIGN, EDE_BOGUS, "the signature over %s is by another zone", owner);
                return false;
        }
        if (sig->labels < sig->signer.label_count || sig->labels > signed_labels(&set->owner)) {
                complain(complaint, TELLS_BROKEN, EDE_BOGUS, "the signature over %s has a wrong label count", owner);
                return false;
        }
        return true;
}

/* RFC 4034 3.1.5: serial arithmetic. Clocks may differ by a tenth of the validity, within an hour and a day. */
static bool is_in_time(const struct rrsig *sig, uint64_t wall_s, const char *owner, struct complaint *complaint)
{
        uint32_t now = (uint32_t)wall_s;
        int32_t validity = (int32_t)(sig->expiration - sig->inception);
        int32_t skew = validity / 10;

        if (validity < 0) {
                complain(complaint, TELLS_TIME, EDE_SIGNATURE_BEFORE, "the signature over %s expires before it begins",
                         owner);
                return false;
        }
        skew = skew < SKEW_MIN_S ? SKEW_MIN_S : skew > SKEW_MAX_S ? SKEW_MAX_S : skew;
        if ((int32_t)(now - sig->expiration) > skew) {
                complain(complaint, TELLS_TIME, EDE_SIGNATURE_EXPIRED,
                         "the signature over %s (key %u) expired %u s ago", owner, (unsigned)sig->key_tag,
                         (unsigned)(now - sig->expiration));
                return false;
        }
        if ((int32_t)(sig->inception - now) > skew) {
                complain(complaint, TELLS_TIME, EDE_SIGNATURE_NOT_YET, "the signature over %s (key %u) begins in %u s",
                         owner, (unsigned)sig->key_tag, (unsigned)(sig->inception - now));
                return false;
        }
        return true;
}

/* --- The trace ---------------------------------------------------------------------------------------------------- */

/* A set is looked at again each time one of its checks is done: each signature is told once a question. */
static bool is_news(struct verify_budget *budget, const uint8_t *signature)
{
        for (unsigned i = 0; i < budget->told_count; i++)
                if (budget->told[i] == signature)
                        return false;
        if (budget->told_count == VERIFY_TOLD)
                return false;
        budget->told[budget->told_count++] = signature;
        return true;
}

static void tell(const struct verify_context *context, const struct rrset *set, const struct rrsig *sig,
                 const char *verdict)
{
        if (context->trace && is_news(context->budget, sig->signature))
                trace_step(context->trace, context->task, context->now_us, STEP_SIGNATURE, &set->owner,
                           (unsigned)set->type, &sig->signer, (uint64_t)sig->key_tag, (uint64_t)sig->algorithm,
                           (uint64_t)sig->inception, (uint64_t)sig->expiration, verdict);
}

/* --- One signature ------------------------------------------------------------------------------------------------ */

/* One set under examination. */
struct examination {
        const struct verify_context *context;
        const struct rrset *set;
        const struct zone_keys *keys;
        struct verify_jobs *jobs;
        struct complaint complaint;
        char owner[NAME_TEXT_MAX];
        unsigned failed; /* checks of this set that did not hold */
};

static enum verify_result begin_check(const struct verify_context *context, const struct check_subject *subject,
                                      struct verify_jobs *jobs)
{
        struct verify_budget *budget = context->budget;

        if (budget->checks >= LIMIT_CHECKS || budget->failed >= LIMIT_CHECKS_FAILED ||
            *context->in_message >= LIMIT_CHECKS_PER_MESSAGE)
                return VERIFY_BUDGET;
        struct check *check = check_memo_begin(context->memo, subject);
        if (!check)
                return VERIFY_BUDGET;
        budget->checks++;
        ++*context->in_message;
        jobs->awaited = check->number;
        jobs->job[jobs->count++] = check;
        return VERIFY_WAIT;
}

static enum verify_result check_with(const struct verify_context *context, const struct check_subject *subject,
                                     struct verify_jobs *jobs)
{
        enum check_state state;
        uint64_t number;

        if (check_memo_ask(context->memo, subject, &state, &number) != ERR_OK)
                return VERIFY_BUDGET;
        switch (state) {
        case CHECK_GOOD: return VERIFY_GOOD;
        case CHECK_BAD: return VERIFY_BAD;
        case CHECK_RUNNING: jobs->awaited = number; return VERIFY_WAIT;
        case CHECK_UNKNOWN: break;
        }
        return begin_check(context, subject, jobs);
}

/*
 * One signature against the keys with its tag and algorithm; equal tags of several keys are an accident, or an attack.
 */
static enum verify_result try_keys(struct examination *x, const struct rrsig *sig, const struct rdata *sig_rdata,
                                   unsigned *tried, unsigned *usable)
{
        const struct verify_context *context = x->context;
        struct check_subject subject = { .signature = sig->signature, .signature_len = sig->signature_len };
        enum verify_result result = VERIFY_BAD;

        for (unsigned i = 0; i < x->keys->count && *tried < LIMIT_KEYS_PER_TAG && result == VERIFY_BAD; i++) {
                if (x->keys->item[i].tag != sig->key_tag || x->keys->item[i].algorithm != sig->algorithm)
                        continue;
                ++*tried;
                subject.key = key_shelf_get(context->shelf, context->policy, &x->keys->item[i].rdata);
                if (!subject.key || x->failed >= LIMIT_CHECKS_FAILED_PER_SET)
                        continue;
                ++*usable;
                subject.dnskey = &x->keys->item[i].rdata;
                if (!subject.data)
                        subject.data = signed_data(x->set, sig, sig_rdata, context->arena, &subject.data_len);
                result = subject.data ? check_with(context, &subject, x->jobs) : VERIFY_BUDGET;
                x->failed += result == VERIFY_BAD;
        }
        return result;
}

static enum verify_result try_signature(struct examination *x, const struct rrsig *sig, const struct rdata *sig_rdata)
{
        struct arena_mark mark = arena_mark(x->context->arena);
        unsigned tag = sig->key_tag, tried = 0, usable = 0;
        enum verify_result result = try_keys(x, sig, sig_rdata, &tried, &usable);

        arena_reset(x->context->arena, mark);
        if (result == VERIFY_GOOD)
                tell(x->context, x->set, sig, "good");
        if (result != VERIFY_BAD)
                return result;
        if (usable)
                complain(&x->complaint, TELLS_BROKEN, EDE_BOGUS, "the signature over %.90s by key %u does not hold",
                         x->owner, tag);
        else if (tried)
                complain(&x->complaint, TELLS_NO_KEY, EDE_DNSKEY_ALGORITHM,
                         "key %u of the signature over %.90s is malformed or of no accepted size", tag, x->owner);
        else
                complain(&x->complaint, TELLS_NO_KEY, EDE_DNSKEY_MISSING,
                         "no usable key with tag %u for the signature over %.80s", tag, x->owner);
        tell(x->context, x->set, sig,
             usable  ? "does not hold"
             : tried ? "by a key that cannot be used"
                     : "no such key");
        return VERIFY_BAD;
}

static enum verify_result try_rrsig(struct examination *x, const struct rdata *rdata, struct rrsig *sig)
{
        if (!rrsig_read(rdata, sig) || !is_ours(x->set, sig, &x->keys->zone, x->owner, &x->complaint))
                return VERIFY_BAD;
        if (is_in_time(sig, x->context->wall_s, x->owner, &x->complaint))
                return try_signature(x, sig, rdata);
        tell(x->context, x->set, sig, "out of its time");
        return VERIFY_BAD;
}

/* RFC 4035 5.3.3; expired within the skew: good for this once. */
static uint32_t bounded_ttl(const struct rrset *set, const struct rrsig *sig, uint64_t wall_s)
{
        uint32_t left = sig->expiration - (uint32_t)wall_s;
        uint32_t ttl = set->ttl < sig->original_ttl ? set->ttl : sig->original_ttl;

        if ((int32_t)left < 0)
                left = 0;
        return ttl < left ? ttl : left;
}

/* --- Sets --------------------------------------------------------------------------------------------------------- */

enum verify_result verify_set(const struct verify_context *context, const struct rrset *set,
                              const struct zone_keys *keys, struct verified *out, struct verify_jobs *jobs,
                              struct reason *why)
{
        struct examination x = { .context = context, .set = set, .keys = keys, .jobs = jobs };
        enum verify_result result = VERIFY_BAD;
        struct rrsig sig;

        name_text(&set->owner, x.owner);
        for (unsigned i = 0; i < set->sig_count && x.failed < LIMIT_CHECKS_FAILED_PER_SET && result == VERIFY_BAD; i++)
                result = try_rrsig(&x, &set->sigs[i], &sig);
        if (result == VERIFY_GOOD)
                *out = (struct verified){
                        .sig = sig,
                        .ttl = bounded_ttl(set, &sig, context->wall_s),
                        .wildcard = sig.labels < signed_labels(&set->owner),
                };
        if (result == VERIFY_BAD) {
                complain(&x.complaint, TELLS_ABSENCE, EDE_RRSIGS_MISSING, "%.120s has no signature", x.owner);
                *why = x.complaint.why;
        }
        return result;
}

enum verify_result verify_keys(const struct verify_context *context, const struct rrset *dnskey, const struct rrset *ds,
                               struct verified *out, struct verify_jobs *jobs, bool *unsupported, struct reason *why)
{
        enum verify_result result = VERIFY_BAD;
        struct zone_keys named;

        zone_keys_named(&named, context->policy, dnskey, ds, unsupported, why);
        if (named.count)
                result = verify_set(context, dnskey, &named, out, jobs, why);
        return result;
}
