#include "resolve/answer.h"

#include "cache/cache.h"
#include "cache/front.h"
#include "dnssec/sentinel.h"
#include "policy/access.h"
#include "policy/policy.h"
#include "resolve/additional.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/stale.h"
#include "resolve/task.h"
#include "wire/compose.h"
#include "wire/rrtype.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { UDP_WITHOUT_EDNS = 512, KEEPALIVE_100MS = LIMIT_IDLE_MS / 100, ANY_TTL_S = 3789, TEXT_STRING_MAX = 255 };

/* One answer while it is written. */
struct writing {
        struct desk *desk;
        const struct settings *settings;
        const struct listener *to;
        struct compose *c; /* the desk's */
        struct edns edns; /* of the answer; absent if the client sent none */
        unsigned records;
        bool full;    /* something did not fit */
        bool altered; /* policy left something out */
};

/* --- Header, EDNS, sending ---------------------------------------------------------------------------------------- */

static size_t size_limit(const struct settings *settings, const struct listener *to)
{
        size_t size = to->edns.present ? to->edns.udp_size : UDP_WITHOUT_EDNS;

        if (to->transport != TRANSPORT_UDP)
                return MESSAGE_MAX;
        if (size < UDP_WITHOUT_EDNS)
                size = UDP_WITHOUT_EDNS;
        return size < settings->max_udp_answer ? size : settings->max_udp_answer;
}

/* RFC 7873 5.2: the client's own cookie comes back with ours, the same one as long as that is fresh. */
static void give_cookie(struct writing *w)
{
        const struct edns *asked = &w->to->edns;
        const struct cookie_secrets *secrets = &w->desk->cookies;
        const struct address *client = &w->to->from.address;
        uint64_t now_s = w->desk->now.wall_s;

        w->edns.has_cookie = true;
        memcpy(w->edns.cookie_client, asked->cookie_client, COOKIE_CLIENT_LEN);
        w->edns.cookie_server_len = COOKIE_SERVER_LEN;
        if (access_cookie_check(secrets, client, asked->cookie_client, asked->cookie_server, asked->cookie_server_len,
                                now_s) == COOKIE_GOOD)
                memcpy(w->edns.cookie_server, asked->cookie_server, COOKIE_SERVER_LEN);
        else
                access_cookie_make(secrets->current, client, asked->cookie_client, now_s, w->edns.cookie_server);
}

/* RFC 6891 7: an OPT goes only to those who sent one. */
static void prepare_edns(struct writing *w)
{
        const struct edns *asked = &w->to->edns;

        if (!asked->present)
                return;
        w->edns.present = true;
        w->edns.dnssec_ok = asked->dnssec_ok;
        w->edns.udp_size = (uint16_t)w->settings->udp_size;
        if (asked->has_nsid && w->settings->nsid[0]) {
                w->edns.has_nsid = true;
                w->edns.nsid_len = (uint8_t)strlen(w->settings->nsid);
                memcpy(w->edns.nsid, w->settings->nsid, w->edns.nsid_len);
        }
        if (asked->has_keepalive && w->to->transport == TRANSPORT_TCP) { /* RFC 7828 3.3.2 */
                w->edns.has_keepalive = w->edns.keepalive_has_timeout = true;
                w->edns.keepalive_100ms = KEEPALIVE_100MS;
        }
        if (asked->has_cookie && w->settings->client_cookies)
                give_cookie(w);
}

static void begin(struct writing *w, struct desk *desk, const struct settings *settings, const struct listener *to)
{
        uint16_t kept = to->flags & (FLAG_RD | FLAG_CD | FLAG_OPCODE_MASK);

        *w = (struct writing){ .desk = desk, .settings = settings, .to = to, .c = &desk->compose };
        prepare_edns(w);
        compose_begin(w->c, desk->message, size_limit(settings, to), to->id, (uint16_t)(FLAG_QR | FLAG_RA | kept));
}

static void set_rcode(struct writing *w, unsigned rcode)
{
        compose_set_rcode(w->c, rcode & 0xf);
        w->edns.rcode_high = (uint8_t)(rcode >> 4);
}

static void send(struct writing *w, unsigned rcode)
{
        struct desk *desk = w->desk;

        if (w->full)
                compose_set_flags(w->c, FLAG_TC);
        set_rcode(w, rcode);
        if (w->edns.present && compose_opt(w->c, &w->edns) != ERR_OK)
                w->full = true;
        const uint8_t *bytes = desk_outbox(desk, desk->message, w->c->len);
        struct action *action = bytes ? desk_act(desk, ACTION_ANSWER) : NULL;
        if (!action)
                return;
        action->answer.client = w->to->client;
        action->answer.bytes = bytes;
        action->answer.len = w->c->len;
        if (w->to->trace)
                action->answer.trace = *w->to->trace;
        metrics_inc(&desk->metrics->answers[metrics_rcode(rcode)]);
        metrics_inc(&desk->metrics->answers_sent[w->to->transport]);
        if (w->full)
                metrics_inc(desk->metrics->answers_truncated);
}

/* --- Sections ----------------------------------------------------------------------------------------------------- */

static uint32_t ttl_left(const struct desk *desk, const struct finding *finding)
{
        uint64_t now = desk->now.cache_s;

        if (finding->stale)
                return LIMIT_STALE_TTL_S;
        return finding->ends_at > now ? (uint32_t)(finding->ends_at - now) : 0;
}

/* The question comes before room is kept for the OPT record: an extended error must not take its place. */
static void put_question(struct writing *w, const struct question *question)
{
        if (question && compose_question(w->c, question) != ERR_OK)
                w->full = true;
        if (w->edns.present)
                compose_reserve(w->c, edns_len(&w->edns));
}

/* What does not fit is missed, except in the additional section: there it is left out without TC (RFC 2181 9). */
static void put(struct writing *w, enum section section, const struct rrset *set, uint32_t ttl)
{
        enum compose_what what = w->edns.dnssec_ok ? COMPOSE_BOTH : COMPOSE_DATA;
        unsigned first = w->settings->rrset_rotation && set->count > 1 ? rng_below(&w->desk->rng, set->count) : 0;

        if (w->full)
                return;
        if (compose_rrset(w->c, section, set, ttl, what, first) == ERR_OK)
                w->records += set->count;
        else
                w->full = section != SECTION_ADDITIONAL;
}

/* Third point of policy: addresses that public names must not have are left out, one by one. */
static void put_allowed(struct writing *w, const struct policy *policy, enum section section, const struct rrset *set,
                        uint32_t ttl)
{
        struct rdata allowed[LIMIT_RECORDS_PER_SET];
        struct rrset kept = *set;
        uint16_t count = 0;

        for (unsigned i = 0; i < set->count && i < LIMIT_RECORDS_PER_SET; i++) {
                struct rrset one = *set;

                one.rdata = &set->rdata[i];
                one.count = 1;
                if (policy_answer(policy, &one))
                        allowed[count++] = set->rdata[i];
        }
        w->altered |= count < set->count;
        if (!count)
                return;
        kept.rdata = allowed;
        if (count < set->count)
                kept.sig_count = 0;
        kept.count = count;
        put(w, section, &kept, ttl);
}

/* RFC 6672 3.1: with a DNAME goes the CNAME it stands for, with the same TTL. */
static void put_synthesized(struct writing *w, const struct name *owner, const struct name *target, uint32_t ttl)
{
        const struct rdata rdata = { .bytes = target->wire, .len = target->len };
        const struct rrset cname = {
                .owner = *owner, .type = TYPE_CNAME, .class = CLASS_IN, .count = 1, .rdata = &rdata
        };

        put(w, SECTION_ANSWER, &cname, ttl);
}

static void put_aliases(struct writing *w, const struct request *request, const struct outcome *outcome)
{
        uint8_t rooms[2][NAME_WIRE_MAX];
        struct name at = request->question.name;

        for (unsigned i = 0; i < outcome->alias_count; i++) {
                const struct finding *alias = outcome->alias[i];
                uint32_t ttl = ttl_left(w->desk, alias);
                struct name target;

                put(w, SECTION_ANSWER, &alias->set, ttl);
                if (!rrset_target(&alias->set, 0, &target))
                        return;
                if (alias->set.type == TYPE_DNAME) {
                        if (name_replace_suffix(&at, &alias->set.owner, &target, rooms[i & 1], &target) != ERR_OK)
                                return;
                        put_synthesized(w, &at, &target, ttl);
                }
                at = target;
        }
}

static void put_final(struct writing *w, const struct request *request, const struct outcome *outcome)
{
        for (unsigned i = 0; i < outcome->beside_count; i++)
                put_allowed(w, request->policy, SECTION_ANSWER, &outcome->beside[i].set,
                            ttl_left(w->desk, &outcome->beside[i]));
        if (outcome->final && outcome->final->kind == FINDING_SET)
                put_allowed(w, request->policy, SECTION_ANSWER, &outcome->final->set,
                            ttl_left(w->desk, outcome->final));
}

/* What an answer is made of: the end of the chain first, and the way to it. */
struct parts {
        unsigned count;
        const struct finding *item[1 + CLAIM_ALIASES + CLAIM_BESIDE];
};

static struct parts parts_of(const struct outcome *outcome)
{
        struct parts parts = { .count = 0 };

        if (outcome->final && outcome->final->kind != FINDING_FAILURE)
                parts.item[parts.count++] = outcome->final;
        for (unsigned i = 0; i < outcome->alias_count; i++)
                parts.item[parts.count++] = outcome->alias[i];
        for (unsigned i = 0; i < outcome->beside_count; i++)
                parts.item[parts.count++] = &outcome->beside[i];
        return parts;
}

/* The same record may serve several of the parts before this set. */
static bool is_among(const struct rrset *set, const struct parts *parts, unsigned part, unsigned proof)
{
        for (unsigned i = 0; i <= part; i++) {
                unsigned count = i < part ? parts->item[i]->proof_count : proof;

                for (unsigned p = 0; p < count; p++)
                        if (parts->item[i]->proof[p].type == set->type &&
                            name_equal(&parts->item[i]->proof[p].owner, &set->owner))
                                return true;
        }
        return false;
}

/* An alias out of a wildcard needs its proof as much as the set at the end does (RFC 4035 3.1.3.3). */
static void put_proofs(struct writing *w, const struct outcome *outcome)
{
        const struct parts parts = parts_of(outcome);

        for (unsigned i = 0; i < parts.count; i++) {
                for (unsigned p = 0; p < parts.item[i]->proof_count; p++) {
                        const struct rrset *set = &parts.item[i]->proof[p];

                        if ((w->edns.dnssec_ok || set->type == TYPE_SOA) && !is_among(set, &parts, i, p))
                                put(w, SECTION_AUTHORITY, set, ttl_left(w->desk, parts.item[i]));
                }
        }
}

static void put_additional(struct writing *w, struct request *request, const struct finding *final)
{
        const struct finding *more[ADDITIONAL_MAX];
        unsigned count;

        if (w->settings->minimal_responses || final->kind != FINDING_SET)
                return;
        count = additional_gather(request, &final->set, more);
        for (unsigned i = 0; i < count; i++)
                put_allowed(w, request->policy, SECTION_ADDITIONAL, &more[i]->set, ttl_left(w->desk, more[i]));
}

/* --- Extended errors ---------------------------------------------------------------------------------------------- */

enum { WHY_MAX = EDE_TEXT_MAX - 9 - TRACE_SHORT_TEXT }; /* the trace is named behind it */

/*
 * Each failure says why, and so does what is answered although it is bogus, or signed in a way that counts for nothing;
 * and which trace has the whole story: one out of the cache names the trace that saw it happen.
 */
static void explain(struct writing *w, const struct finding *finding)
{
        bool judged = finding->verdict != VERDICT_UNCHECKED && finding->verdict != VERDICT_SECURE;
        char id[TRACE_SHORT_TEXT];
        char *text = w->desk->why;

        if ((finding->kind != FINDING_FAILURE && !judged) || finding->ede.code == EDE_NONE)
                return;
        snprintf(text, sizeof w->desk->why, "%.*s [trace %s]",
                 finding->ede.text_len < WHY_MAX ? finding->ede.text_len : WHY_MAX, finding->ede.text,
                 trace_id_short(&finding->trace, id));
        edns_add_ede(&w->edns, finding->ede.code, text);
}

static void explain_stale(struct writing *w, const struct request *request, const struct outcome *outcome)
{
        const struct finding *oldest = stale_part(outcome);
        bool no_name = outcome->final && outcome->final->stale && outcome->final->kind == FINDING_NXDOMAIN;
        char id[TRACE_SHORT_TEXT];

        if (!oldest)
                return;
        uint64_t age_s = w->desk->now.cache_s - oldest->ends_at;
        snprintf(w->desk->why, sizeof w->desk->why,
                 "the servers have not answered in time; this ended %" PRIu64 " s ago [trace %s]", age_s,
                 trace_id_short(&request->trace.id, id));
        edns_add_ede(&w->edns, no_name ? EDE_STALE_NXDOMAIN : EDE_STALE, w->desk->why);
        metrics_inc(w->desk->metrics->stale_answers);
}

/* The first reason is enough: what follows from an alias that does not hold is no surprise. */
static void explain_all(struct writing *w, const struct request *request, const struct outcome *outcome,
                        const struct finding *final)
{
        for (unsigned i = 0; i < outcome->alias_count && !w->edns.ede_count; i++)
                explain(w, outcome->alias[i]);
        if (!w->edns.ede_count)
                explain(w, final);
        if (!w->edns.ede_count)
                explain_stale(w, request, outcome);
}

/*
 * Two failures are nobody's finding, and have to be explained all the same. The trace says what the client was told: it
 * may be the reason of another trace, or the best guess when time was up. Returns what was explained, or EDE_NONE.
 */
static uint16_t explain_failure(struct writing *w, struct request *request, const struct finding *final, unsigned rcode)
{
        char id[TRACE_SHORT_TEXT];

        if (rcode == RCODE_SERVFAIL && !w->edns.ede_count) {
                snprintf(w->desk->why, sizeof w->desk->why, "%s [trace %s]",
                         final->kind == FINDING_NONE ? "out of memory" : "a root key sentinel (RFC 8509)",
                         trace_id_short(&request->trace.id, id));
                edns_add_ede(&w->edns, EDE_OTHER, w->desk->why);
        }
        if (rcode == RCODE_SERVFAIL)
                request_trace(request, 0, STEP_EXPLAINED, (unsigned)w->edns.ede[0].code, w->desk->why);
        return w->edns.ede_count ? w->edns.ede[0].code : EDE_NONE;
}

static unsigned rcode_of(const struct finding *final)
{
        switch (final->kind) {
        case FINDING_SET:
        case FINDING_NODATA:
                return RCODE_NOERROR;
        case FINDING_NXDOMAIN:
                return RCODE_NXDOMAIN;
        case FINDING_FAILURE:
                return final->rcode;
        case FINDING_NONE:
                break;
        }
        return RCODE_SERVFAIL;
}

/* --- The front shelf ---------------------------------------------------------------------------------------------- */

/* Just this question: name, type, and what else changes the bytes of an answer apart from its OPT record. */
static size_t front_key(const struct desk *desk, const struct question *question, const struct listener *to,
                        uint8_t key[FRONT_KEY_MAX])
{
        size_t len = name_canonical(&question->name, key);

        store_u16(key + len, question->type);
        store_u16(key + len + 2, to->flags & (FLAG_RD | FLAG_CD | FLAG_AD));
        key[len + 4] = to->edns.dnssec_ok;
        store_u64(key + len + 5, desk->policy->generation);
        return len + 13;
}

static uint64_t shelf_until(const struct desk *desk, const struct outcome *outcome)
{
        const struct parts parts = parts_of(outcome);
        uint64_t until = UINT64_MAX;

        for (unsigned i = 0; i < parts.count; i++) {
                uint64_t part = prefetch_shelf_until(desk, parts.item[i]);

                if (part < until)
                        until = part;
        }
        return until;
}

/*
 * Remembered is what the store served, unaltered, whole, and without anything to explain: so a question must come twice
 * to get here.
 */
static void remember(struct writing *w, const struct request *request, const struct question *question,
                     const struct outcome *outcome, unsigned rcode)
{
        const struct finding *final = outcome->final;
        uint8_t key[FRONT_KEY_MAX];
        bool plain = rcode == RCODE_NOERROR || rcode == RCODE_NXDOMAIN;

        if (!plain || w->full || w->altered || w->edns.ede_count || w->settings->rrset_rotation ||
            !final->from_cache || request->spent[PURSE_MESSAGES] || w->c->ttl_count > FRONT_TTLS_MAX)
                return;
        struct front_answer answer = {
                .bytes = w->c->out,
                .len = (uint16_t)w->c->len,
                .ttl_count = (uint8_t)w->c->ttl_count,
                .ttl_at = w->c->ttl_offset,
                .written_at = w->desk->now.cache_s,
                .ends_at = shelf_until(w->desk, outcome),
        };
        for (unsigned i = 0; i < request->source_count && i < FRONT_SOURCES_MAX; i++)
                answer.source_count++;
        answer.source = request->source;
        front_put(w->desk->front, key, front_key(w->desk, question, w->to, key), &answer);
}

bool answer_from_front(struct desk *desk, const struct listener *to, const struct question *question)
{
        uint8_t key[FRONT_KEY_MAX];
        struct front_answer found;
        struct writing w;

        if (!front_get(desk->front, key, front_key(desk, question, to, key), desk->now.cache_s, &found))
                return false;
        begin(&w, desk, desk->policy->settings, to);
        if (found.len + (w.edns.present ? edns_len(&w.edns) : 0) > w.c->max)
                return false;
        front_copy(&found, desk->now.cache_s, desk->message);
        unsigned rcode = load_u16(desk->message + 2) & FLAG_RCODE_MASK;
        store_u16(desk->message, to->id);
        memcpy(desk->message + HEADER_LEN, to->qname.wire, to->qname.len);
        w.c->len = found.len;
        for (unsigned i = 0; i < found.source_count; i++)
                cache_use(desk->cache, found.source[i]);
        send(&w, rcode);
        metrics_inc(&desk->metrics->hits[SHELF_FRONT]);
        if (desk->now.mono_us > to->arrived_us)
                metrics_observe(desk->metrics->hit_latency, desk->now.mono_us - to->arrived_us);
        return true;
}

static bool is_proven(const struct desk *desk, const struct finding *finding)
{
        return finding->verdict == VERDICT_SECURE &&
               (!finding->stale || stale_is_signed_still(finding, desk->now.wall_s));
}

static bool is_secure(const struct desk *desk, const struct outcome *outcome)
{
        const struct parts parts = parts_of(outcome);
        bool secure = outcome->final && outcome->final->kind != FINDING_FAILURE;

        for (unsigned i = 0; i < parts.count; i++)
                secure = secure && is_proven(desk, parts.item[i]);
        return secure;
}

/* RFC 6840 5.8: AD says that all of the answer is secure, to those who asked for it with DO or AD. Who asks with CD
 * wants to judge for himself, and gets no judgement. */
static bool is_authentic(const struct desk *desk, const struct outcome *outcome, const struct listener *to)
{
        return is_secure(desk, outcome) && !(to->flags & FLAG_CD) && (to->edns.dnssec_ok || (to->flags & FLAG_AD));
}

/* RFC 8509 3.1: a secure answer that becomes SERVFAIL to tell which root keys are trusted here. */
static bool is_sentinel(const struct request *request, const struct outcome *outcome, const struct listener *to)
{
        return !(to->flags & FLAG_CD) && is_secure(request->desk, outcome) &&
               sentinel_refuses(request->policy->anchors, &request->question.name, request->question.type);
}

/* --- Answers ------------------------------------------------------------------------------------------------------ */

/* What of this answer speaks for keeping the trace. One that comes from a failure note adds nothing to the trace that
 * it quotes, but it is a failure that somebody may ask about. */
static void note_ending(struct request *request, unsigned rcode, uint16_t ede, uint64_t total_us)
{
        struct keep_facts *facts = &request->facts;

        facts->rcode = rcode == RCODE_SERVFAIL ? rcode : facts->rcode;
        facts->explained |= ede != EDE_NONE;
        facts->bogus |= ede >= EDE_BOGUS && ede <= EDE_NSEC_MISSING;
        if (request->spent[PURSE_MESSAGES])
                facts->slow |= pace_is_slow(&request->desk->pace, total_us);
}

static void answer_one(struct request *request, const struct listener *to, const struct outcome *outcome)
{
        static const struct finding nothing = { .kind = FINDING_FAILURE,
                                                .rcode = RCODE_SERVFAIL,
                                                .ede = { .code = EDE_NONE } };
        struct desk *desk = request->desk;
        const struct finding *final = outcome->final ? outcome->final : &nothing;
        struct question question = request->question;
        unsigned rcode = is_sentinel(request, outcome, to) ? RCODE_SERVFAIL : rcode_of(final);
        struct writing w;

        question.name = to->qname;
        begin(&w, desk, request->policy->settings, to);
        explain_all(&w, request, outcome, final);
        uint16_t ede = explain_failure(&w, request, final, rcode);
        put_question(&w, &question);
        if (rcode != RCODE_SERVFAIL && rcode != RCODE_REFUSED) {
                put_aliases(&w, request, outcome);
                put_final(&w, request, outcome);
                put_proofs(&w, outcome);
        }
        if (rcode != RCODE_SERVFAIL && is_authentic(desk, outcome, to) && !w.altered)
                compose_set_flags(w.c, FLAG_AD);
        if (rcode == RCODE_NOERROR)
                put_additional(&w, request, final);
        set_rcode(&w, rcode); /* now already: the front shelf keeps the header as it is */
        remember(&w, request, &question, outcome, rcode);
        send(&w, rcode);
        uint64_t total = desk->now.mono_us > to->arrived_us ? desk->now.mono_us - to->arrived_us : 0;
        bool walked = request->spent[PURSE_MESSAGES] > 0;
        metrics_observe(walked ? desk->metrics->miss_latency : desk->metrics->hit_latency, total);
        request_trace(request, 0, STEP_ANSWER, rcode, (unsigned)load_u16(desk->message + 2), (uint64_t)w.records,
                      (uint64_t)w.c->len, total, request->spent[PURSE_MESSAGES], (unsigned)ede);
        note_ending(request, rcode, ede, total);
}

/* An authority that holds answers back and lets them go at once would make us its cannon (DNSBomb): a client with many
 * questions waiting, whose address is not proven, has asked again by now and gets no late answers. */
static bool is_too_late(const struct request *request, const struct listener *to)
{
        struct desk *desk = request->desk;

        return to->transport == TRANSPORT_UDP && !to->trusted &&
               desk->now.mono_us > to->arrived_us + (uint64_t)LIMIT_UDP_ANSWER_AGE_MS * 1000 &&
               crowd_is_dense(&desk->crowd, &to->from.address);
}

static void drop_late(struct request *request, const struct listener *to)
{
        struct action *action = desk_act(request->desk, ACTION_DROP);

        if (action)
                action->drop.client = to->client;
        metrics_inc(&request->desk->metrics->drops[DROP_TOO_LATE]);
        request_trace(request, 0, STEP_DROPPED, "too late, and this client has many answers waiting");
}

void answer_all(struct request *request, const struct outcome *outcome)
{
        for (const struct listener *listener = request->audience; listener; listener = listener->next) {
                if (is_too_late(request, listener))
                        drop_late(request, listener);
                else
                        answer_one(request, listener, outcome);
        }
        request_dismiss(request);
}

void answer_plain(struct desk *desk, const struct listener *to, const struct question *question, unsigned rcode,
                  uint16_t ede, const char *text)
{
        struct writing w;

        begin(&w, desk, desk->policy->settings, to);
        if (ede != EDE_NONE && w.edns.present)
                edns_add_ede(&w.edns, ede, text);
        put_question(&w, question);
        send(&w, rcode);
}

void answer_come_by_tcp(struct desk *desk, const struct listener *to, const struct question *question)
{
        struct writing w;

        begin(&w, desk, desk->policy->settings, to);
        put_question(&w, question);
        w.full = true;
        send(&w, RCODE_NOERROR);
}

/* The next line as the RDATA of a TXT record: one string, which has at most 255 bytes. */
static size_t next_line(const char *text, size_t len, uint8_t rdata[1 + TEXT_STRING_MAX])
{
        const char *end = memchr(text, '\n', len);
        size_t line = end ? (size_t)(end - text) : len;

        rdata[0] = (uint8_t)(line < TEXT_STRING_MAX ? line : TEXT_STRING_MAX);
        memcpy(rdata + 1, text, rdata[0]);
        return line > TEXT_STRING_MAX ? TEXT_STRING_MAX : line + (end != NULL);
}

void answer_lines(struct desk *desk, const struct listener *to, const struct question *question, const char *text,
                  size_t len)
{
        struct writing w;

        begin(&w, desk, desk->policy->settings, to);
        put_question(&w, question);
        for (size_t at = 0; at < len && !w.full;) {
                uint8_t bytes[1 + TEXT_STRING_MAX];
                struct rdata rdata = { .bytes = bytes };
                const struct rrset set = {
                        .owner = question->name, .type = TYPE_TXT, .class = CLASS_CH, .count = 1, .rdata = &rdata
                };

                at += next_line(text + at, len - at, bytes);
                rdata.len = (uint16_t)(1 + bytes[0]);
                put(&w, SECTION_ANSWER, &set, 0);
        }
        w.full = w.full && to->transport == TRANSPORT_UDP; /* TCP has nothing more to offer */
        send(&w, RCODE_NOERROR);
}

void answer_any(struct desk *desk, const struct listener *to, const struct question *question)
{
        static const uint8_t hinfo[] = { 7, 'R', 'F', 'C', '8', '4', '8', '2', 0 };
        const struct rdata rdata = { .bytes = hinfo, .len = sizeof hinfo };
        const struct rrset set = {
                .owner = question->name, .type = TYPE_HINFO, .class = CLASS_IN, .count = 1, .rdata = &rdata
        };
        struct writing w;

        begin(&w, desk, desk->policy->settings, to);
        put_question(&w, question);
        put(&w, SECTION_ANSWER, &set, ANY_TTL_S);
        send(&w, RCODE_NOERROR);
}
