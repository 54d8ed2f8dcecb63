#include "dnssec/verify.h"

#include "base/date.h"
#include "dnssec/signed.h"
#include "watch/trace.h"
#include "watch/words.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
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

enum { WHAT_NAME_MAX = 90, WHAT_MAX = WHAT_NAME_MAX + RRTYPE_TEXT_MAX };

/* One set under examination. */
struct examination {
        const struct verify_context *context;
        const struct rrset *set;
        const struct zone_keys *keys;
        struct verify_jobs *jobs;
        struct complaint complaint;
        char what[WHAT_MAX]; /* "www.example. A", once it is needed */
        unsigned failed;     /* checks of this set that did not hold */
};

/* Words are only made when there is something to complain about. */
static const char *what_of(struct examination *x)
{
        char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];

        if (!x->what[0])
                snprintf(x->what, sizeof x->what, "%.*s %s", WHAT_NAME_MAX, name_text(&x->set->owner, owner),
                         rrtype_text(x->set->type, type));
        return x->what;
}

static void complain(struct examination *x, enum telling telling, uint16_t ede, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static void complain(struct examination *x, enum telling telling, uint16_t ede, const char *format, ...)
{
        struct complaint *complaint = &x->complaint;
        va_list args;

        if (telling <= complaint->telling)
                return;
        complaint->telling = telling;
        complaint->why.ede = ede;
        va_start(args, format);
        vsnprintf(complaint->why.text, sizeof complaint->why.text, format, args);
        va_end(args);
}

static bool is_ours(struct examination *x, const struct rrsig *sig)
{
        const struct name *owner = &x->set->owner;
        char signer[NAME_TEXT_MAX];

        if (sig->covered != x->set->type)
                return false;
        if (!name_equal(&sig->signer, &x->keys->zone) || !name_is_at_or_below(owner, &sig->signer)) {
                complain(x, TELLS_FOREIGN, EDE_BOGUS, "the signature over %s is by %.80s, which is not its zone",
                         what_of(x), name_text(&sig->signer, signer));
                return false;
        }
        if (sig->labels < sig->signer.label_count || sig->labels > signed_labels(owner)) {
                complain(x, TELLS_BROKEN, EDE_BOGUS, "the signature over %s by key %u has a wrong label count",
                         what_of(x), (unsigned)sig->key_tag);
                return false;
        }
        return true;
}

/* "expired at 2026-11-21T20:25:11Z, 1 d 0 h ago": a moment of a signature, so many seconds from now. */
static void complain_of_time(struct examination *x, uint16_t ede, const struct rrsig *sig, int64_t away)
{
        uint64_t wall_s = x->context->wall_s, distance = (uint64_t)(away < 0 ? -away : away);
        uint64_t moment = away >= 0 ? wall_s + distance : wall_s > distance ? wall_s - distance : 0;
        char date[DATE_TEXT_MAX];
        uint8_t room[WORDS_FIELD_MAX];
        struct writer words = writer_over(room, sizeof room);

        words_seconds(&words, distance);
        complain(x, TELLS_TIME, ede, "the signature over %s by key %u %s at %s, %s%.*s%s", what_of(x),
                 (unsigned)sig->key_tag, away < 0 ? "expired" : "begins", date_text(moment, date),
                 away < 0 ? "" : "in ", (int)writer_len(&words), (const char *)room, away < 0 ? " ago" : "");
}

/* RFC 4034 3.1.5: serial arithmetic. Clocks may differ by a tenth of the validity, within an hour and a day. */
static bool is_in_time(struct examination *x, const struct rrsig *sig)
{
        uint32_t now = (uint32_t)x->context->wall_s;
        int32_t validity = (int32_t)(sig->expiration - sig->inception);
        int32_t left = (int32_t)(sig->expiration - now), until = (int32_t)(sig->inception - now);
        int32_t skew = validity / 10;

        skew = skew < SKEW_MIN_S ? SKEW_MIN_S : skew > SKEW_MAX_S ? SKEW_MAX_S : skew;
        if (validity < 0)
                complain(x, TELLS_TIME, EDE_SIGNATURE_BEFORE,
                         "the signature over %s by key %u expires before it begins", what_of(x),
                         (unsigned)sig->key_tag);
        else if (left < -skew)
                complain_of_time(x, EDE_SIGNATURE_EXPIRED, sig, left);
        else if (until > skew)
                complain_of_time(x, EDE_SIGNATURE_NOT_YET, sig, until);
        else
                return true;
        return false;
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

static enum verify_result check_with(const struct verify_context *context, struct check_subject *subject,
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

/* There is no key that could have made the signature; perhaps there is one that must not. */
static void complain_of_key(struct examination *x, const struct rrsig *sig)
{
        char zone[NAME_TEXT_MAX];
        unsigned tag = sig->key_tag;

        name_text(&x->keys->zone, zone);
        for (unsigned i = 0; i < x->keys->count; i++)
                if (x->keys->item[i].tag == tag) { /* tried, if it had this algorithm */
                        complain(x, TELLS_NO_KEY, EDE_DNSKEY_MISSING,
                                 "the signature over %s by key %u says algorithm %u, but that key of %.60s has %u",
                                 what_of(x), tag, sig->algorithm, zone, x->keys->item[i].algorithm);
                        return;
                }
        for (unsigned i = 0; i < x->keys->refused_count; i++)
                if (x->keys->refused[i].tag == tag) {
                        complain(x, TELLS_NO_KEY, x->keys->refused[i].ede, "key %u of %.60s, which signed %s, %s", tag,
                                 zone, what_of(x), x->keys->refused[i].why);
                        return;
                }
        if (x->keys->is_of_ds)
                complain(x, TELLS_NO_KEY, EDE_DNSKEY_MISSING, "%s is signed by key %u, which no DS record names",
                         what_of(x), tag);
        else
                complain(x, TELLS_NO_KEY, EDE_DNSKEY_MISSING, "%s is signed by key %u, which %.80s does not have",
                         what_of(x), tag, zone);
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
                complain(x, TELLS_BROKEN, EDE_BOGUS, "the signature over %s by key %u does not hold",
                         what_of(x), tag);
        else if (tried)
                complain(x, TELLS_NO_KEY, EDE_DNSKEY_ALGORITHM,
                         "key %u of the signature over %s is malformed or of no accepted size", tag, what_of(x));
        else
                complain_of_key(x, sig);
        tell(x->context, x->set, sig,
             usable  ? "does not hold"
             : tried ? "by a key that cannot be used"
                     : "no such key");
        return VERIFY_BAD;
}

static enum verify_result try_rrsig(struct examination *x, const struct rdata *rdata, struct rrsig *sig)
{
        if (!rrsig_read(rdata, sig) || !is_ours(x, sig))
                return VERIFY_BAD;
        if (is_in_time(x, sig))
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
        unsigned tried = 0;
        struct rrsig sig;

        while (tried < set->sig_count && x.failed < LIMIT_CHECKS_FAILED_PER_SET && result == VERIFY_BAD)
                result = try_rrsig(&x, &set->sigs[tried++], &sig);
        if (result == VERIFY_GOOD)
                *out = (struct verified){
                        .sig = sig,
                        .which = tried - 1,
                        .ttl = bounded_ttl(set, &sig, context->wall_s),
                        .wildcard = sig.labels < signed_labels(&set->owner),
                };
        if (result == VERIFY_BAD) {
                complain(&x, TELLS_ABSENCE, EDE_RRSIGS_MISSING, "%s is not signed", what_of(&x));
                *why = x.complaint.why;
        }
        return result;
}

enum verify_result verify_keys(const struct verify_context *context, const struct rrset *dnskey, const struct rrset *ds,
                               struct verified *out, struct verify_jobs *jobs, bool *unsupported, struct reason *why)
{
        enum verify_result result = VERIFY_BAD;
        struct zone_keys named;

        zone_keys_named(&named, context->policy, dnskey, ds, context->arena, unsupported, why);
        if (named.count)
                result = verify_set(context, dnskey, &named, out, jobs, why);
        return result;
}
