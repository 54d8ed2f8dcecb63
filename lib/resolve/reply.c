#include "resolve/reply.h"

#include "config/limits.h"
#include "watch/trace.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <string.h>

/* What is at hand while one reply is read. */
struct reading {
        const struct reply_context *context;
        const struct message *message;
        struct arena *arena;
        struct claim *claim;
};

const char *reply_class_word(enum reply_class class)
{
        switch (class) {
        case REPLY_ANSWER:
                return "answer";
        case REPLY_ALIAS:
                return "alias";
        case REPLY_REFERRAL:
                return "referral";
        case REPLY_TRUNCATED:
                return "truncated";
        case REPLY_LAME:
                return "lame";
        case REPLY_ERROR:
                return "error";
        case REPLY_NO_EDNS:
                return "no EDNS";
        case REPLY_BAD_COOKIE:
                return "bad cookie";
        case REPLY_FORGED:
                return "forged";
        case REPLY_MALFORMED:
                return "malformed";
        }
        return "";
}

static const struct name *zone_of(const struct reading *r)
{
        return &r->context->cut->delegation->cut;
}

/* A server may speak of names at and below the zone it was asked about; a forwarder of those in its forward zone. */
static bool in_bailiwick(const struct reading *r, const struct name *name)
{
        return name_is_at_or_below(name, zone_of(r));
}

static void classify(struct reading *r, enum reply_class class, const char *why)
{
        r->claim->class = class;
        r->claim->why = why;
}

/* Where a finding comes from and how long it may live. */
static void date_finding(const struct reading *r, struct finding *finding, uint32_t ttl_s)
{
        finding->rank = r->claim->authoritative ? RANK_AUTHORITY : RANK_ANSWER;
        finding->verdict = VERDICT_UNCHECKED;
        finding->ede.code = EDE_NONE;
        finding->stored_at = r->context->now_s;
        finding->ends_at = r->context->now_s + ttl_s;
        finding->server = r->context->server;
        if (r->context->trace)
                finding->trace = r->context->trace->id;
}

/* The set of a type whose owner is closest above a name (or is the name, unless strictly). One pass: a
 * hostile message has thousands of records and a name over a hundred labels. */
static const struct rrset *closest_above(struct reading *r, enum section section, uint16_t type,
                                         const struct name *name, bool strictly)
{
        const struct message *m = r->message;
        const struct rr *best = NULL;

        for (unsigned i = 0; i < m->rr_count[section]; i++) {
                const struct rr *rr = &m->rr[section][i];

                if (rr->type != type || rr->class != CLASS_IN ||
                    (best && rr->owner.label_count <= best->owner.label_count))
                        continue;
                if (strictly ? name_is_below(name, &rr->owner) : name_is_at_or_below(name, &rr->owner))
                        best = rr;
        }
        return best ? message_rrset(m, section, &best->owner, type, r->arena) : NULL;
}

/* --- The chain of aliases ----------------------------------------------------------------------------------------- */

/* RFC 2181 10.1: a name has one alias. Of more than one that are sent, only one is passed on. */
static bool add_alias(struct reading *r, const struct rrset *set)
{
        struct claim *claim = r->claim;

        if (!claim->alias)
                claim->alias = arena_alloc(r->arena, sizeof *claim->alias * CLAIM_ALIASES);
        if (!claim->alias || claim->alias_count == CLAIM_ALIASES)
                return false;
        claim->subject[claim->alias_count] = claim->tail;
        struct finding *alias = &claim->alias[claim->alias_count++];
        *alias = (struct finding){ .kind = FINDING_SET, .set = *set };
        alias->set.count = 1;
        date_finding(r, alias, set->ttl);
        return true;
}

/* The name is too long after the replacement: the server says YXDOMAIN, and so do we (RFC 6672 2.2). */
static bool end_in_yxdomain(struct reading *r)
{
        r->claim->final = (struct finding){ .kind = FINDING_FAILURE, .rcode = RCODE_YXDOMAIN };
        date_finding(r, &r->claim->final, 0);
        classify(r, REPLY_ANSWER, NULL);
        return false;
}

/* The name below a DNAME becomes one below its target (RFC 6672 2.2). */
static bool follow_dname(struct reading *r, const struct rrset *set)
{
        struct claim *claim = r->claim;
        struct name target, replaced;

        if (!rrset_target(set, 0, &target) || !add_alias(r, set))
                return false;
        uint8_t *room = arena_alloc(r->arena, NAME_WIRE_MAX);
        if (!room || name_replace_suffix(&claim->tail, &set->owner, &target, room, &replaced) != ERR_OK)
                return end_in_yxdomain(r);
        claim->tail = replaced;
        return true;
}

/* The DNAME that stands for all names below it, this one too, if this server may speak of it. */
static const struct rrset *dname_above(struct reading *r)
{
        const struct rrset *set = closest_above(r, SECTION_ANSWER, TYPE_DNAME, &r->claim->tail, true);

        return set && in_bailiwick(r, &set->owner) ? set : NULL;
}

/*
 * One step along the chain; false at its end. A DNAME goes before the CNAME beside it: that one was made of it, has no
 * signature of its own, and our answer makes it again (RFC 6672 3.1, 5.3.1).
 */
static bool follow_alias(struct reading *r)
{
        struct claim *claim = r->claim;
        const struct rrset *set = dname_above(r);
        struct name target;

        if (set)
                return follow_dname(r, set);
        set = message_rrset(r->message, SECTION_ANSWER, &claim->tail, TYPE_CNAME, r->arena);
        return set && rrset_target(set, 0, &target) && add_alias(r, set) ? (claim->tail = target, true) : false;
}

static void find_set(struct reading *r, struct finding *out, const struct rrset *set)
{
        *out = (struct finding){ .kind = FINDING_SET, .set = *set };
        date_finding(r, out, set->ttl);
}

/*
 * Is it a type of the tail that none of the sets found so far has? Signatures go with what they sign, and the DS set is
 * the parent's, who has not been asked.
 */
static bool is_another_set(const struct claim *claim, const struct rr *rr)
{
        if (rr->type == TYPE_RRSIG || rr->type == TYPE_DS || rr->class != CLASS_IN ||
            !name_equal(&rr->owner, &claim->tail))
                return false;
        for (unsigned i = 0; i < claim->beside_count; i++)
                if (claim->beside[i].set.type == rr->type)
                        return false;
        return claim->final.kind != FINDING_SET || claim->final.set.type != rr->type;
}

/*
 * ANY: the sets that the server chose to give are the answer, an alias at the name among them (RFC 8482 4). What is
 * more than a name has in earnest is left out, as that RFC permits. Under a DNAME the alias is one made of it.
 */
static bool read_any(struct reading *r)
{
        const struct message *m = r->message;
        struct claim *claim = r->claim;

        if (closest_above(r, SECTION_ANSWER, TYPE_DNAME, &claim->tail, true))
                return false;
        claim->beside = arena_alloc(r->arena, sizeof *claim->beside * CLAIM_BESIDE);
        for (unsigned i = 0; claim->beside && i < m->rr_count[SECTION_ANSWER]; i++) {
                const struct rr *rr = &m->rr[SECTION_ANSWER][i];
                const struct rrset *set = is_another_set(claim, rr) ? message_rrset(m, SECTION_ANSWER, &rr->owner,
                                                                                    rr->type, r->arena)
                                                                    : NULL;

                if (!set || claim->beside_count == CLAIM_BESIDE)
                        continue;
                if (claim->final.kind == FINDING_SET)
                        claim->beside[claim->beside_count++] = claim->final;
                find_set(r, &claim->final, set);
        }
        return claim->final.kind == FINDING_SET;
}

/* Is what was asked for at the tail? The CNAME that a DNAME brings with it is not, also when CNAME was asked for: it
 * has no signature of its own. */
static bool read_tail(struct reading *r)
{
        if (r->context->qtype == TYPE_ANY)
                return read_any(r);
        if (r->context->qtype == TYPE_CNAME && dname_above(r))
                return false;
        const struct rrset *set =
                message_rrset(r->message, SECTION_ANSWER, &r->claim->tail, r->context->qtype, r->arena);
        if (set)
                find_set(r, &r->claim->final, set);
        return set != NULL;
}

/* RFC 1034 4.3.2: the chain that starts at the question, as far as this server may speak. True if the set asked for
 * ends it. */
static bool read_chain(struct reading *r)
{
        struct claim *claim = r->claim;

        claim->tail = r->context->qname;
        claim->final_type = r->context->qtype;
        for (unsigned step = 0; step <= CLAIM_ALIASES && in_bailiwick(r, &claim->tail); step++) {
                if (read_tail(r))
                        return true;
                if (!follow_alias(r))
                        break;
        }
        return false;
}

/* --- Absence ------------------------------------------------------------------------------------------------------ */

/* The SOA above a name, if it is of what the server may speak of (RFC 2308 2). */
static const struct rrset *soa_above(struct reading *r, const struct name *name)
{
        const struct rrset *soa = closest_above(r, SECTION_AUTHORITY, TYPE_SOA, name, false);

        return soa && in_bailiwick(r, &soa->owner) ? soa : NULL;
}

static bool is_denial(uint16_t type)
{
        return type == TYPE_NSEC || type == TYPE_NSEC3;
}

/* NSEC and NSEC3 sets of the authority section, for whoever judges the claim and for clients that set DO. */
static void collect_proof(struct reading *r, struct rrset proof[PROOF_MAX], uint8_t *count)
{
        const struct message *m = r->message;

        for (unsigned i = 0; i < m->rr_count[SECTION_AUTHORITY] && *count < PROOF_MAX; i++) {
                const struct rr *rr = &m->rr[SECTION_AUTHORITY][i];
                bool seen = false;

                if (!is_denial(rr->type) || !in_bailiwick(r, &rr->owner))
                        continue;
                for (unsigned p = 0; p < *count; p++)
                        seen |= proof[p].type == rr->type && name_equal(&proof[p].owner, &rr->owner);
                const struct rrset *set =
                        seen ? NULL : message_rrset(m, SECTION_AUTHORITY, &rr->owner, rr->type, r->arena);
                if (set)
                        proof[(*count)++] = *set;
        }
}

/* RFC 2308 5: the TTL of an absence is the smaller of the SOA's own and its MINIMUM; without an SOA it is not kept. */
static void claim_absence(struct reading *r, enum finding_kind kind, const struct rrset *soa)
{
        struct finding *final = &r->claim->final;
        struct soa fields;
        uint32_t ttl = 0;

        *final = (struct finding){ .kind = kind };
        if (soa && soa_read(&soa->rdata[0], &fields)) {
                final->proof[final->proof_count++] = *soa;
                ttl = fields.minimum < soa->ttl ? fields.minimum : soa->ttl;
        }
        for (unsigned i = 0; i < r->claim->denial_count && final->proof_count < PROOF_MAX; i++)
                final->proof[final->proof_count++] = r->claim->denial[i];
        date_finding(r, final, ttl);
        classify(r, REPLY_ANSWER, NULL);
}

/* --- Referrals ---------------------------------------------------------------------------------------------------- */

static bool has_address(const struct delegation *d, const struct address *address)
{
        for (unsigned s = 0; s < d->server_count; s++)
                for (unsigned a = 0; a < d->server[s].address_count; a++)
                        if (address_equal(&d->server[s].address[a], address))
                                return true;
        return false;
}

/* Each address once for the whole delegation, or thirteen names with the same twenty addresses would be asked 260 times
 * (BIND CVE-2026-3592). The first name that has it keeps it. */
static void add_glue(struct reading *r, struct delegation *d, struct delegation_server *server, uint16_t type,
                     unsigned *total)
{
        const struct rrset *set = message_rrset(r->message, SECTION_ADDITIONAL, &server->name, type, r->arena);

        if (!set)
                return;
        for (unsigned i = 0; i < set->count; i++) {
                struct address address = address_from(set->rdata[i].bytes, set->rdata[i].len);

                if (server->address_count == DELEGATION_NAME_ADDRESSES || *total == DELEGATION_ADDRESSES ||
                    has_address(d, &address))
                        continue;
                server->address[server->address_count++] = address;
                ++*total;
        }
        if (d->ends_at > r->context->now_s + set->ttl)
                d->ends_at = r->context->now_s + set->ttl;
}

static bool glue_allowed(const struct reading *r, const struct name *server)
{
        return in_bailiwick(r, server) || !r->context->harden_glue;
}

/* Is there an address for this server name among the glue that counts? */
static bool has_glue(struct reading *r, const struct name *server)
{
        const struct message *m = r->message;

        if (!glue_allowed(r, server))
                return false;
        for (unsigned i = 0; i < m->rr_count[SECTION_ADDITIONAL]; i++) {
                const struct rr *rr = &m->rr[SECTION_ADDITIONAL][i];

                if ((rr->type == TYPE_A || rr->type == TYPE_AAAA) && name_equal(&rr->owner, server))
                        return true;
        }
        return false;
}

/* At most thirteen server names are used, and those with glue come first: 1,500 names without any shall not push them
 * out. */
static void add_servers(struct reading *r, struct delegation *d, const struct rrset *ns, bool with_glue,
                        unsigned *total)
{
        for (unsigned i = 0; i < ns->count && d->server_count < DELEGATION_SERVERS; i++) {
                struct name name;

                if (!rrset_target(ns, i, &name) || has_glue(r, &name) != with_glue)
                        continue;
                struct delegation_server *server = &d->server[d->server_count++];
                server->name = name;
                if (with_glue) {
                        add_glue(r, d, server, TYPE_A, total);
                        add_glue(r, d, server, TYPE_AAAA, total);
                }
        }
}

static void read_delegation(struct reading *r, const struct rrset *ns)
{
        struct delegation *d = &r->claim->referral;
        unsigned total = 0;

        *d = (struct delegation){ .cut = ns->owner,
                                  .stored_at = r->context->now_s,
                                  .ends_at = r->context->now_s + ns->ttl };
        d->from = r->context->server;
        if (r->context->trace)
                d->trace = r->context->trace->id;
        add_servers(r, d, ns, true, &total);
        add_servers(r, d, ns, false, &total);
        d->parent = *zone_of(r);
        const struct rrset *ds = message_rrset(r->message, SECTION_AUTHORITY, &ns->owner, TYPE_DS, r->arena);
        if (ds) {
                d->ds_state = DS_PRESENT;
                d->ds = *ds;
        } else {
                memcpy(d->proof, r->claim->denial, sizeof d->proof);
                d->proof_count = r->claim->denial_count;
        }
}

static bool has_type(const struct message *m, enum section section, uint16_t type)
{
        for (unsigned i = 0; i < m->rr_count[section]; i++)
                if (m->rr[section][i].type == type)
                        return true;
        return false;
}

/* Nothing about the name at all: believed as no data, unless the server shows that it talks about something else. */
static void read_nothing(struct reading *r)
{
        bool recursive = r->context->cut->recursive;

        if (r->message->rr_count[SECTION_ANSWER])
                classify(r, REPLY_LAME, "its answer is about another name");
        else if (!r->claim->authoritative && has_type(r->message, SECTION_AUTHORITY, TYPE_NS))
                classify(r, REPLY_LAME, "it refers to a zone beside the name");
        else if (!r->claim->authoritative && (r->message->flags & FLAG_RA) && !recursive)
                classify(r, REPLY_LAME, "it recurses instead of being an authority");
        else
                claim_absence(r, FINDING_NODATA, NULL);
        r->claim->says_nothing = r->claim->class == REPLY_ANSWER && !r->claim->authoritative && !recursive;
}

/*
 * A referral to the very zone whose DS set was asked for, by a server that sends everybody on to the child. What it
 * says beside the NS set is the parent's word all the same (RFC 4035 3.1.4).
 */
static void read_ds_beside_referral(struct reading *r)
{
        struct claim *claim = r->claim;
        const struct rrset *ds = message_rrset(r->message, SECTION_AUTHORITY, &claim->tail, TYPE_DS, r->arena);

        if (ds) {
                find_set(r, &claim->final, ds);
                classify(r, REPLY_ANSWER, NULL);
        } else if (claim->denial_count) {
                claim_absence(r, FINDING_NODATA, NULL);
        } else {
                classify(r, REPLY_LAME, "a referral where an answer is due");
        }
}

/* An empty answer section and NOERROR: a referral, no such data, or a server that should not have been asked. */
static void read_empty(struct reading *r)
{
        const struct name *tail = &r->claim->tail;
        const struct rrset *soa = soa_above(r, tail);
        const struct rrset *ns = soa ? NULL : closest_above(r, SECTION_AUTHORITY, TYPE_NS, tail, false);

        if (soa) {
                claim_absence(r, FINDING_NODATA, soa);
        } else if (!ns) {
                read_nothing(r);
        } else if (name_is_below(&ns->owner, zone_of(r))) {
                if (r->context->cut->recursive) {
                        classify(r, REPLY_LAME, "a referral where an answer is due");
                } else if (r->context->qtype == TYPE_DS && name_equal(&ns->owner, tail)) {
                        read_ds_beside_referral(r);
                } else {
                        read_delegation(r, ns);
                        classify(r, REPLY_REFERRAL, NULL);
                }
        } else if (name_equal(&ns->owner, zone_of(r)) && r->claim->authoritative) {
                claim_absence(r, FINDING_NODATA, NULL);
        } else {
                classify(r, REPLY_LAME, "it refers upwards or to itself");
        }
}

/* --- The whole ---------------------------------------------------------------------------------------------------- */

/* NOERROR, NXDOMAIN or YXDOMAIN: what does it say? */
static void read_content(struct reading *r)
{
        struct claim *claim = r->claim;

        claim->authoritative = (r->message->flags & FLAG_AA) != 0;
        collect_proof(r, claim->denial, &claim->denial_count);
        if (read_chain(r)) {
                classify(r, REPLY_ANSWER, NULL);
                claim->primes = claim->final.set.type == TYPE_NS && name_is_root(&claim->final.set.owner) &&
                                name_is_root(zone_of(r));
                if (claim->primes)
                        read_delegation(r, &claim->final.set);
                return;
        }
        if (claim->final.kind == FINDING_FAILURE)
                return;
        if (!in_bailiwick(r, &claim->tail)) {
                classify(r, REPLY_ALIAS, NULL);
                return;
        }
        const struct rrset *soa = soa_above(r, &claim->tail);
        if (r->message->rcode == RCODE_NXDOMAIN)
                claim_absence(r, FINDING_NXDOMAIN, soa);
        else if (claim->alias_count && !soa)
                classify(r, REPLY_ALIAS, NULL);
        else if (claim->alias_count)
                claim_absence(r, FINDING_NODATA, soa);
        else
                read_empty(r);
}

static bool is_foreign_denial(const struct rr *rr, const struct name *zone)
{
        struct reader reader = reader_over(rr->rdata.bytes, rr->rdata.len);
        struct name next;

        return rr->type == TYPE_NSEC && (name_read(&reader, &next) != ERR_OK || !name_is_at_or_below(&next, zone));
}

/* Owners of what was taken out. A message with more of it than this is not looked at so closely. */
struct taken_out {
        struct name owner[PROOF_MAX];
        unsigned count;
};

static bool signs_taken_out(const struct rr *rr, const struct taken_out *taken)
{
        if (rr->type != TYPE_RRSIG || load_u16(rr->rdata.bytes) != TYPE_NSEC)
                return false;
        for (unsigned i = 0; i < taken->count && i < PROOF_MAX; i++)
                if (name_equal(&rr->owner, &taken->owner[i]))
                        return true;
        return taken->count > PROOF_MAX;
}

/*
 * An NSEC record whose next name lies outside the zone asked would deny other people's names, whoever signed it (BIND
 * CVE-2026-13321): it is taken out of the message before anything is made of it, and its signatures with it.
 */
static void drop_foreign_denials(struct message *m, enum section s, const struct name *zone)
{
        struct taken_out taken = { .count = 0 };
        unsigned kept = 0;

        for (unsigned i = 0; i < m->rr_count[s]; i++) {
                const struct rr *rr = &m->rr[s][i];

                if (!is_foreign_denial(rr, zone))
                        m->rr[s][kept++] = *rr;
                else if (taken.count++ < PROOF_MAX)
                        taken.owner[taken.count - 1] = rr->owner;
        }
        m->rr_count[s] = (uint16_t)kept;
        kept = 0;
        for (unsigned i = 0; taken.count && i < m->rr_count[s]; i++)
                if (!signs_taken_out(&m->rr[s][i], &taken))
                        m->rr[s][kept++] = m->rr[s][i];
        if (taken.count)
                m->rr_count[s] = (uint16_t)kept;
}

/* Servers from before EDNS answer FORMERR or NOTIMP to an OPT record, and send none themselves (RFC 6891 7). */
static bool refuses_edns(const struct reading *r)
{
        unsigned rcode = r->message->rcode;

        if (!r->context->edns_sent)
                return false;
        return rcode == RCODE_FORMERR || rcode == RCODE_BADVERS || (rcode == RCODE_NOTIMP && !r->message->edns.present);
}

/* RFC 7873 5.3: a reply that echoes another client cookie than ours is forged or broken. */
static bool foreign_cookie(const struct reading *r)
{
        const struct edns *edns = &r->message->edns;

        return r->context->cookie_sent && edns->has_cookie &&
               memcmp(edns->cookie_client, r->context->cookie, COOKIE_CLIENT_LEN) != 0;
}

static void read_rcode(struct reading *r)
{
        switch (r->message->rcode) {
        case RCODE_NOERROR:
        case RCODE_NXDOMAIN:
                read_content(r);
                return;
        case RCODE_YXDOMAIN:
                read_content(r);
                if (r->claim->final.kind != FINDING_FAILURE)
                        classify(r, REPLY_ERROR, "it says YXDOMAIN without a DNAME that makes the name too long");
                return;
        case RCODE_BADCOOKIE:
                classify(r, REPLY_BAD_COOKIE, "it wants a fresh cookie");
                return;
        }
        if (refuses_edns(r))
                classify(r, REPLY_NO_EDNS, "it does not understand EDNS");
        else
                classify(r, REPLY_ERROR, "it answers with an error");
}

enum { SCRUBBED_TOLD = 8 }; /* long lists are cut: the first few show the kind */

static bool is_used(const struct claim *claim, const struct rr *rr)
{
        if (rr->type == TYPE_RRSIG || is_denial(rr->type) || rr->type == TYPE_SOA)
                return true;
        if (claim->class == REPLY_REFERRAL || claim->primes) {
                for (unsigned s = 0; s < claim->referral.server_count; s++)
                        if (claim->referral.server[s].address_count &&
                            name_equal(&claim->referral.server[s].name, &rr->owner))
                                return true;
                if (rr->type == TYPE_NS || rr->type == TYPE_DS)
                        return name_equal(&rr->owner, &claim->referral.cut);
        }
        for (unsigned i = 0; i < claim->alias_count; i++)
                if (claim->alias[i].set.type == rr->type && name_equal(&claim->alias[i].set.owner, &rr->owner))
                        return true;
        if (claim->final.kind != FINDING_SET || !name_equal(&claim->final.set.owner, &rr->owner))
                return false;
        for (unsigned i = 0; i < claim->beside_count; i++)
                if (claim->beside[i].set.type == rr->type)
                        return true;
        return claim->final.set.type == rr->type;
}

void reply_tell_scrubbed(const struct reply_context *context, const struct message *message, const struct claim *claim)
{
        static const char *const rule[] = {
                "not on the way from the question",
                "an authority that nobody asked for",
                "an address that nobody asked for",
        };
        unsigned told = 0;

        if (claim->class > REPLY_REFERRAL)
                return;
        for (enum section s = SECTION_ANSWER; s < SECTION_COUNT; s++)
                for (unsigned i = 0; i < message->rr_count[s] && told < SCRUBBED_TOLD; i++) {
                        const struct rr *rr = &message->rr[s][i];

                        if (is_used(claim, rr))
                                continue;
                        trace_step(context->trace, context->task, context->now_us, STEP_SCRUBBED, &rr->owner,
                                   (unsigned)rr->type, rule[s]);
                        told++;
                }
}

void reply_read(const uint8_t *bytes, size_t len, struct arena *arena, const struct reply_context *context,
                struct message *message, struct claim *out)
{
        struct reading r = { .context = context, .message = message, .arena = arena, .claim = out };

        *out = (struct claim){ .tail = context->qname, .final_type = context->qtype };
        *message = (struct message){ .id = 0 };
        enum err err = message_read(bytes, len, arena, message);
        out->rcode = message->rcode;
        for (enum section s = SECTION_ANSWER; err == ERR_OK && s < SECTION_ADDITIONAL; s++)
                drop_foreign_denials(message, s, zone_of(&r));
        /* A message cut in the middle of a record is as truncated as one cut between two (RFC 2181 9). */
        if ((message->flags & FLAG_TC) && !context->tcp)
                classify(&r, REPLY_TRUNCATED, "it did not fit into a datagram");
        else if (message->flags & FLAG_TC)
                classify(&r, REPLY_ERROR, "it is truncated, and came by TCP");
        else if (err != ERR_OK)
                classify(&r, REPLY_MALFORMED, err_text(err));
        else if (foreign_cookie(&r))
                classify(&r, REPLY_FORGED, "it echoes a cookie that is not ours");
        else
                read_rcode(&r);
}
