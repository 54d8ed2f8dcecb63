/* PROVE: is the claim to be believed? Each piece of it (aliases, and what is at their end) is judged on its own. */
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/sight.h"
#include "resolve/states.h"
#include "resolve/trust.h"
#include "watch/metrics.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <string.h>

enum { BOGUS_REPLIES_MAX = 3 };

/* One piece under judgement. */
struct piece {
        struct task *task;
        struct finding *finding;
        const struct name *name;    /* the owner, or the name that is denied */
        const struct name *subject; /* the name that was asked for: where the owner is a DNAME's, it lies below */
        uint16_t type;              /* DS also for an alias that stands where a DS set would be */
        bool is_end_of_chain;       /* aliases lead here, so it can be asked for on its own */
        struct name zone;           /* whose keys it was judged with; wire NULL: none yet */
        bool data_failed;           /* the data itself did not hold: another server may have better */
        struct reason why;
};

static enum trust_state verdict_is(struct piece *piece, enum verdict verdict)
{
        piece->finding->verdict = verdict;
        return TRUST_KNOWN;
}

static enum trust_state data_is_bogus(struct piece *piece)
{
        piece->data_failed = true;
        return verdict_is(piece, VERDICT_BOGUS);
}

static void end_by(struct finding *finding, uint64_t now_s, uint32_t ttl)
{
        if (finding->ends_at > now_s + ttl)
                finding->ends_at = now_s + ttl;
}

/* --- Which zone speaks -------------------------------------------------------------------------------------------- */

/*
 * What a message says of itself decides nothing here. The zone that a piece is judged by lies at or above its name, or
 * it has no say about it; and not above the cut that was asked nor the anchor nearest to the name, for whoever put that
 * there trusts the zones above it less. What is unsigned is judged from the lowest such zone downwards.
 */

/* The name that the zone in question holds: a DS set is the parent's (RFC 4035 2.4). */
static struct name held_name(const struct piece *piece)
{
        return trust_holder(piece->name, piece->type);
}

static struct name floor_of(const struct piece *piece)
{
        const struct name *cut = &piece->task->cut.delegation->cut;
        struct name held = held_name(piece);
        bool negative;
        const struct anchor *anchor = anchor_above(piece->task->request->policy->anchors, &held, &negative);

        return anchor && name_is_below(&anchor->name, cut) ? anchor->name : *cut;
}

/*
 * May this zone speak? The servers of a cut may also serve zones below it without a referral, never above it. That a
 * name is not there a zone above the anchor may say too: nobody else can, once the anchor's zone is gone.
 */
static bool may_speak(const struct piece *piece, const struct name *signer)
{
        struct name held = held_name(piece), floor = floor_of(piece);
        const struct name *lowest =
                piece->finding->kind == FINDING_NXDOMAIN ? &piece->task->cut.delegation->cut : &floor;

        return name_is_at_or_below(&held, signer) && name_is_at_or_below(signer, lowest);
}

/* The zone that signed one of these sets, if it may speak. False: none of them is signed by such a zone. */
static bool find_speaker(const struct piece *piece, const struct rrset *set, unsigned count, struct name *zone)
{
        struct rrsig sig;

        for (unsigned s = 0; s < count; s++)
                for (unsigned i = 0; i < set[s].sig_count; i++) {
                        if (!rrsig_read(&set[s].sigs[i], &sig) || sig.covered != set[s].type ||
                            !may_speak(piece, &sig.signer))
                                continue;
                        *zone = sig.signer;
                        return true;
                }
        *zone = floor_of(piece);
        return false;
}

/*
 * A zone may lie below the cut that was asked, on the same servers. Where the cut is provably unsigned so is all below
 * it, whatever signs itself there, and nobody has to answer for a DS set. UNCHECKED: that is not so.
 */
static enum trust_state trust_above(const struct piece *piece, const struct name *zone, struct trust *trust)
{
        struct name floor = floor_of(piece);

        *trust = (struct trust){ .verdict = VERDICT_UNCHECKED };
        if (!name_is_below(zone, &floor))
                return TRUST_KNOWN;
        if (trust_of(piece->task, &floor, trust) == TRUST_WAIT)
                return TRUST_WAIT;
        if (trust->verdict != VERDICT_INSECURE)
                trust->verdict = VERDICT_UNCHECKED;
        return TRUST_KNOWN;
}

static enum trust_state trust_of_speaker(const struct piece *piece, struct trust *trust)
{
        if (trust_above(piece, &piece->zone, trust) == TRUST_WAIT)
                return TRUST_WAIT;
        return trust->verdict == VERDICT_INSECURE ? TRUST_KNOWN : trust_of(piece->task, &piece->zone, trust);
}

/* Unsigned data, or a proof that is lacking: fine in a zone that is provably unsigned, bogus elsewhere. */
static enum trust_state judge_unsigned(struct piece *piece, const struct name *zone)
{
        struct trust trust;

        if (piece->is_end_of_chain)
                return data_is_bogus(piece); /* asked for on its own, it may come signed */
        if (trust_unsigned(piece->task, zone, piece->name, piece->type, &trust) == TRUST_WAIT)
                return TRUST_WAIT;
        piece->why = trust.why;
        return trust.verdict == VERDICT_BOGUS ? data_is_bogus(piece) : verdict_is(piece, trust.verdict);
}

/* --- Records ------------------------------------------------------------------------------------------------------ */

/* Signed, but by somebody who has no say: tell who. */
static void say_foreign(struct piece *piece, const struct rrset *set)
{
        char owner[NAME_TEXT_MAX], signer[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
        struct rrsig sig;

        for (unsigned i = 0; i < set->sig_count; i++) {
                if (!rrsig_read(&set->sigs[i], &sig) || sig.covered != set->type)
                        continue;
                piece->why = (struct reason){ .ede = EDE_BOGUS };
                snprintf(piece->why.text, sizeof piece->why.text, "%.90s %s is signed by %.70s, which is not its zone",
                         name_text(&set->owner, owner), rrtype_text(set->type, type), name_text(&sig.signer, signer));
                return;
        }
}

static enum trust_state judge_unsigned_set(struct piece *piece, const struct rrset *set, const struct name *zone)
{
        if (judge_unsigned(piece, zone) == TRUST_WAIT)
                return TRUST_WAIT;
        if (piece->finding->verdict == VERDICT_BOGUS)
                say_foreign(piece, set);
        return TRUST_KNOWN;
}

/* The proof is kept with the records, for clients that validate themselves (RFC 4035 3.1.3.3). */
static void keep_proof(struct finding *finding, const struct rrset *proven, unsigned count)
{
        memcpy(finding->proof, proven, count * sizeof *proven);
        finding->proof_count = (uint8_t)count;
}

static enum trust_state judge_wildcard(struct piece *piece, struct trust *trust, const struct verified *verified)
{
        struct claim *claim = piece->task->claim;
        struct rrset proven[PROOF_MAX];
        unsigned count;

        if (trust_sets(piece->task, claim->denial, claim->denial_count, trust->keys, proven, &count, &piece->why) ==
            TRUST_WAIT)
                return TRUST_WAIT;
        keep_proof(piece->finding, proven, count);
        struct denial_context context = trust_denial(piece->task, &trust->keys->zone, proven, count);
        switch (denial_of_closer(&context, piece->name, verified->sig.labels, &piece->why)) {
        case DENIAL_PROVEN:
                return verdict_is(piece, VERDICT_SECURE);
        case DENIAL_OPT_OUT:
        case DENIAL_INSECURE:
                return verdict_is(piece, VERDICT_INSECURE);
        case DENIAL_MISSING:
                break;
        }
        return data_is_bogus(piece);
}

/*
 * What a server says unasked of where its alias leads, that it is an unsigned delegation, say: it may be wanted later.
 * What does not hold is passed over.
 */
static enum trust_state judge_hints(struct piece *piece, struct trust *trust)
{
        struct claim *claim = piece->task->claim;
        struct rrset proven[PROOF_MAX];
        struct reason ignored;
        unsigned count = 0;

        if (claim->class == REPLY_ALIAS && trust_sets(piece->task, claim->denial, claim->denial_count, trust->keys,
                                                      proven, &count, &ignored) == TRUST_WAIT)
                return TRUST_WAIT;
        keep_proof(piece->finding, proven, count);
        return verdict_is(piece, VERDICT_SECURE);
}

static enum trust_state judge_keys(struct piece *piece)
{
        struct trust trust;

        if (trust_above(piece, piece->name, &trust) == TRUST_WAIT)
                return TRUST_WAIT;
        if (trust.verdict == VERDICT_INSECURE)
                return verdict_is(piece, VERDICT_INSECURE);
        if (trust_keys(piece->task, &piece->finding->set, &trust) == TRUST_WAIT ||
            sight_keys(piece->task, &piece->finding->set, trust.verdict == VERDICT_SECURE) == TRUST_WAIT)
                return TRUST_WAIT;
        piece->why = trust.why;
        if (name_is_root(&piece->finding->set.owner) && trust.verdict != VERDICT_INDETERMINATE)
                doubt_root_keys(piece->task, &piece->finding->set, trust.verdict == VERDICT_SECURE, &piece->why);
        if (trust.verdict == VERDICT_SECURE && piece->finding->ends_at > trust.ends_at)
                piece->finding->ends_at = trust.ends_at;
        piece->data_failed = trust.verdict == VERDICT_BOGUS;
        return verdict_is(piece, trust.verdict);
}

/*
 * Signatures that were asked for are not signed themselves (RFC 4035 2.2): as good as their zone, but never secure. Of
 * several zones that signed at this name it is the lowest, as for other data.
 */
static enum trust_state judge_signatures(struct piece *piece)
{
        const struct rrset *set = &piece->finding->set;
        struct name zone = floor_of(piece);
        struct trust trust;
        struct rrsig sig;

        for (unsigned i = 0; i < set->count; i++)
                if (rrsig_read(&set->rdata[i], &sig) && may_speak(piece, &sig.signer) &&
                    name_is_below(&sig.signer, &zone))
                        zone = sig.signer;
        if (trust_of(piece->task, &zone, &trust) == TRUST_WAIT)
                return TRUST_WAIT;
        piece->why = trust.why;
        return verdict_is(piece, trust.verdict == VERDICT_SECURE ? VERDICT_INSECURE : trust.verdict);
}

static enum trust_state judge_set(struct piece *piece)
{
        struct rrset *set = &piece->finding->set;
        struct verified verified;
        struct trust trust;
        bool is_signed, good;

        if (set->type == TYPE_DNSKEY)
                return judge_keys(piece);
        if (set->type == TYPE_RRSIG)
                return judge_signatures(piece);
        is_signed = find_speaker(piece, set, 1, &piece->zone);
        if (trust_of_speaker(piece, &trust) == TRUST_WAIT)
                return TRUST_WAIT;
        piece->why = trust.why;
        if (trust.verdict != VERDICT_SECURE)
                return verdict_is(piece, trust.verdict);
        if (!is_signed)
                return judge_unsigned_set(piece, set, &piece->zone);
        if (trust_set(piece->task, set, trust.keys, &verified, &good, &piece->why) == TRUST_WAIT)
                return TRUST_WAIT;
        if (!good)
                return data_is_bogus(piece);
        end_by(piece->finding, piece->finding->stored_at, verified.ttl);
        return verified.wildcard ? judge_wildcard(piece, &trust, &verified) : judge_hints(piece, &trust);
}

/* --- Absence ------------------------------------------------------------------------------------------------------ */

/* NXDOMAIN for an empty non-terminal is a fault of old servers; what is proven counts (RFC 8020 3.1). Where opt-out
 * leaves it open, the server's word does. */
static enum denial judge_proof(struct piece *piece, const struct denial_context *context)
{
        struct finding *finding = piece->finding;

        if (finding->kind == FINDING_NXDOMAIN) {
                enum denial denial = denial_of_name(context, piece->name, &piece->why);

                if (denial != DENIAL_MISSING)
                        return denial;
        }
        enum denial denial = denial_of_type(context, piece->name, piece->type, &piece->why);
        if (denial == DENIAL_PROVEN)
                finding->kind = FINDING_NODATA;
        return denial;
}

static enum trust_state judge_denial(struct piece *piece, struct trust *trust)
{
        struct finding *finding = piece->finding;
        struct rrset proven[PROOF_MAX];
        struct reason broken = { .ede = EDE_NONE };
        unsigned count;

        if (trust_sets(piece->task, finding->proof, finding->proof_count, trust->keys, proven, &count, &broken) ==
            TRUST_WAIT)
                return TRUST_WAIT;
        struct denial_context context = trust_denial(piece->task, &trust->keys->zone, proven, count);
        switch (judge_proof(piece, &context)) {
        case DENIAL_PROVEN:
                if (count == finding->proof_count)
                        return verdict_is(piece, VERDICT_SECURE);
                break;
        case DENIAL_OPT_OUT:
        case DENIAL_INSECURE:
                return verdict_is(piece, VERDICT_INSECURE);
        case DENIAL_MISSING:
                break;
        }
        if (broken.text[0])
                piece->why = broken; /* which is why something is missing */
        return data_is_bogus(piece);
}

static void say_unproven(struct piece *piece)
{
        char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
        bool whole = piece->finding->kind == FINDING_NXDOMAIN;

        piece->why = (struct reason){ .ede = EDE_NSEC_MISSING };
        snprintf(piece->why.text, sizeof piece->why.text, "nothing proves that %.120s %s%s",
                 name_text(piece->name, name), whole ? "does not exist" : "has no ",
                 whole ? "" : rrtype_text(piece->type, type));
}

static enum trust_state judge_absence(struct piece *piece)
{
        const struct finding *finding = piece->finding;
        struct trust trust;
        bool is_signed = find_speaker(piece, finding->proof, finding->proof_count, &piece->zone);

        if (trust_of_speaker(piece, &trust) == TRUST_WAIT)
                return TRUST_WAIT;
        piece->why = trust.why;
        if (trust.verdict == VERDICT_BOGUS && piece->type == TYPE_DNSKEY && name_equal(piece->name, &piece->zone))
                return data_is_bogus(piece); /* that its own keys are not there */
        if (trust.verdict != VERDICT_SECURE)
                return verdict_is(piece, trust.verdict);
        if (is_signed && piece->task->claim->denial_count)
                return judge_denial(piece, &trust);
        if (judge_unsigned(piece, &piece->zone) == TRUST_WAIT)
                return TRUST_WAIT;
        if (is_signed && finding->verdict == VERDICT_BOGUS)
                say_unproven(piece);
        return TRUST_KNOWN;
}

/* --- The state ---------------------------------------------------------------------------------------------------- */

static enum trust_state judge_kind(struct piece *piece)
{
        switch (piece->finding->kind) {
        case FINDING_SET:
                return judge_set(piece);
        case FINDING_NODATA:
        case FINDING_NXDOMAIN:
                return judge_absence(piece);
        case FINDING_FAILURE:
        case FINDING_NONE:
                break;
        }
        return TRUST_KNOWN;
}

/* It is signed with a key that the zone did not have when its keys were fetched: perhaps it has now. */
static bool may_have_new_keys(const struct piece *piece)
{
        return piece->data_failed && piece->why.ede == EDE_DNSKEY_MISSING &&
               trust_renew_keys(piece->task, &piece->zone);
}

static enum trust_state judge(struct piece *piece)
{
        struct name held = held_name(piece);

        if (trust_is_waived(piece->task, &held, &piece->why))
                return verdict_is(piece, VERDICT_INSECURE);
        if (judge_kind(piece) == TRUST_WAIT)
                return TRUST_WAIT;
        if (may_have_new_keys(piece)) {
                piece->data_failed = false;
                if (judge_kind(piece) == TRUST_WAIT)
                        return TRUST_WAIT;
        }
        if (piece->finding->kind == FINDING_SET && !trust_may_redirect(piece->task, piece->finding, piece->subject)) {
                piece->why = (struct reason){ .ede = EDE_BOGUS, .text = "an alias above the trust anchor is unproven" };
                return data_is_bogus(piece);
        }
        return TRUST_KNOWN;
}

static void tell(const struct piece *piece)
{
        const char *word = verdict_word(piece->finding->verdict);
        char text[sizeof piece->why.text + 20];

        if (piece->why.text[0])
                snprintf(text, sizeof text, "%s: %s", word, piece->why.text);
        request_trace(piece->task->request, piece->task->number, STEP_VERDICT, piece->name,
                      piece->why.text[0] ? text : word);
        metrics_inc(&piece->task->request->desk->metrics->verdicts[piece->finding->verdict]);
}

/* What is wrong, and who said so, if it is what this server said. */
static void write_sentence(const struct piece *piece, char out[EDE_TEXT_MAX])
{
        const char *what = piece->why.text[0] ? piece->why.text : "the answer does not validate";
        char server[ADDRESS_TEXT_MAX];

        bool add_server = piece->data_failed && !piece->why.is_whole;

        snprintf(out, EDE_TEXT_MAX, "%s%s%s", what, add_server ? ", from " : "",
                 add_server ? address_text(&piece->task->reply_from.address, server) : "");
}

/* Bogus data: another server may have better. A broken chain, or a network that fails, is the same for all of them. */
static enum task_state reject(struct piece *piece)
{
        struct task *task = piece->task;
        bool bogus = piece->finding->verdict == VERDICT_BOGUS;
        uint16_t ede = piece->why.ede != EDE_NONE ? piece->why.ede : bogus ? EDE_BOGUS : EDE_INDETERMINATE;
        char why[EDE_TEXT_MAX];

        write_sentence(piece, why);
        task->last_verdict = piece->finding->verdict;
        if (!piece->data_failed || ++task->bogus_replies >= BOGUS_REPLIES_MAX)
                return task_give_up(task, ede, why);
        struct attempt *attempt = task_attempt(task, &task->reply_from.address);
        if (attempt)
                attempt->useless = true;
        task_blame(task, ede, why);
        return TASK_CHOOSE;
}

/* It is answered all the same, with the reason: somebody wants to see it as it is. */
static void tolerate(struct piece *piece)
{
        char why[EDE_TEXT_MAX];

        write_sentence(piece, why);
        ede_set(&piece->finding->ede, piece->why.ede != EDE_NONE ? piece->why.ede : EDE_BOGUS, why);
        piece->task->request->facts.retried = true;
}

/* Why signed data counts as unsigned (RFC 8914 4.2, 4.3; RFC 9276 3.2; RFC 7646); no DS set is nothing special. */
static bool is_worth_telling(uint16_t ede)
{
        return ede == EDE_DNSKEY_ALGORITHM || ede == EDE_DS_DIGEST || ede == EDE_NSEC3_ITERATIONS ||
               ede == EDE_NEGATIVE_ANCHOR;
}

/* A DS question asks the parent, so what is said instead is the parent's too. A DNAME lies above the name anyway. */
static bool is_in_place_of_ds(const struct claim *claim, const struct rrset *set)
{
        return claim->final_type == TYPE_DS && set->type == TYPE_CNAME;
}

/* The piece with number i: the aliases in their order, then all that is at their end. False: there is none. */
static bool piece_at(struct task *task, unsigned i, struct piece *out)
{
        struct claim *claim = task->claim;
        unsigned behind = i < claim->alias_count ? 0 : i - claim->alias_count;

        if (behind > claim->beside_count || (i >= claim->alias_count && claim->class == REPLY_ALIAS))
                return false;
        *out = (struct piece){
                .task = task, .is_end_of_chain = i > 0 && claim->alias_count, .why = { .ede = EDE_NONE }
        };
        out->finding = i < claim->alias_count         ? &claim->alias[i]
                       : behind < claim->beside_count ? &claim->beside[behind]
                                                      : &claim->final;
        bool is_set = out->finding->kind == FINDING_SET;
        out->name = is_set ? &out->finding->set.owner : &claim->tail;
        out->subject = i < claim->alias_count ? &claim->subject[i] : &claim->tail;
        out->type = is_set && !is_in_place_of_ds(claim, &out->finding->set) ? out->finding->set.type
                                                                            : claim->final_type;
        return true;
}

/*
 * What stands behind an alias and does not hold is no reason to refuse the alias: its target is asked for on its own.
 */
static void shorten(struct claim *claim, unsigned aliases)
{
        if (claim->alias_count > aliases)
                claim->alias_count = aliases;
        claim->class = REPLY_ALIAS;
}

/* What has been judged so far counts for nothing: the verdict depends on a clock that is in doubt. */
static enum task_state take_unjudged(struct task *task)
{
        struct piece piece;

        for (unsigned i = 0; piece_at(task, i, &piece); i++)
                piece.finding->verdict = VERDICT_UNCHECKED;
        request_trace(task->request, task->number, STEP_VERDICT, &task->cut.delegation->cut,
                      "not validated: the clock is in doubt, and this name may help to set it");
        metrics_inc(&task->request->desk->metrics->verdicts[VERDICT_UNCHECKED]);
        return TASK_KEEP;
}

static enum task_state judge_all(struct task *task)
{
        struct piece piece;

        while (piece_at(task, task->judged, &piece)) {
                if (judge(&piece) == TRUST_WAIT)
                        return TASK_PROVE;
                bool refused =
                        piece.finding->verdict == VERDICT_BOGUS || piece.finding->verdict == VERDICT_INDETERMINATE;
                if (refused)
                        doubt_failure(task, &piece.why);
                if (doubt_excuses(task->request))
                        return take_unjudged(task);
                tell(&piece);
                if (refused && piece.is_end_of_chain && piece.data_failed) {
                        shorten(task->claim, task->judged);
                        continue;
                }
                if (refused && !trust_tolerates_bogus(task->request))
                        return reject(&piece);
                if (refused)
                        tolerate(&piece);
                else if (piece.finding->verdict == VERDICT_INSECURE && is_worth_telling(piece.why.ede))
                        ede_set(&piece.finding->ede, piece.why.ede, piece.why.text);
                task->judged++;
        }
        return TASK_KEEP;
}

enum task_state task_prove(struct task *task)
{
        if (!task->shown.whole)
                return TASK_KEEP; /* nothing of it is believed but the way it leads */
        if (trust_wanted(task))
                return judge_all(task);
        if (doubt_excuses(task->request))
                return take_unjudged(task);
        request_trace(task->request, task->number, STEP_VERDICT, &task->cut.delegation->cut, "not validated");
        metrics_inc(&task->request->desk->metrics->verdicts[VERDICT_UNCHECKED]);
        return TASK_KEEP;
}
