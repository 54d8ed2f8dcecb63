/* CUT and CHOOSE: which zone's servers are to be asked, what they are shown, and which of them is next. */
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/states.h"
#include "resolve/trust.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <string.h>

/* --- CUT ---------------------------------------------------------------------------------------------------------- */

static unsigned count_addresses(const struct cut *cut)
{
        unsigned count = cut->zone ? cut->zone->addresses.count : 0;

        for (unsigned i = 0; i < cut->delegation->server_count; i++)
                count += cut->delegation->server[i].address_count;
        return count;
}

/*
 * The root's own NS set, asked for once when the first question begins at the hints (RFC 9609); nobody waits for it.
 * Hints that somebody wrote into the settings are not second-guessed: they are how it is said that the root is
 * elsewhere.
 */
static void prime(struct task *task)
{
        struct request *request = task->request;
        struct desk *desk = request->desk;
        const struct need root = { .name = name_root, .type = TYPE_NS, .purpose = PURPOSE_PRIME };

        if (task->cut.source != CUT_HINTS || task->purpose == PURPOSE_PRIME ||
            !request->policy->settings->root_priming || request->policy->settings->given[OPTION_root_hints])
                return;
        if (desk->primed_at && desk->now.cache_s < desk->primed_at + LIMIT_FAILURE_LAST_S)
                return;
        desk->primed_at = desk->now.cache_s;
        request_trace(request, task->number, STEP_PRIME, (uint64_t)task->cut.delegation->server_count);
        task_wish(task, &root);
}

/* Labels known to lead no deeper: the cut itself, and names below it that proved to be no cuts. */
static unsigned known_labels(const struct task *task)
{
        unsigned known = task->cut.delegation->cut.label_count;

        for (unsigned labels = known + 1u; labels < task->sname.label_count; labels++) {
                struct name name = name_ancestor(&task->sname, labels);

                if (notes_no_cut(&task->request->notes, task->cut.partition, &name))
                        known = labels;
        }
        return known;
}

static bool minimises(const struct task *task)
{
        return task->request->policy->settings->query_minimization && !task->request->ways.whole_names &&
               !task->cut.recursive && !task->barred.wire &&
               task->purpose != PURPOSE_PRIME;
}

/*
 * Another question is shown, or other servers are asked: what was tried before counts no more, and a late reply to it
 * must not be taken for one to this.
 */
static void turn_to(struct task *task)
{
        task_leave_flights(task);
        task->attempt_count = 0;
        task->reserve = NULL;
}

void task_show(struct task *task, const struct shown *shown)
{
        if (!task->shown.name.wire || !name_equal(&task->shown.name, &shown->name) || task->shown.type != shown->type)
                turn_to(task);
        task->shown = *shown;
}

/* Decide what to show. */
static void show(struct task *task)
{
        unsigned labels = minimise_next(task->sname.label_count, known_labels(task), task->minimise_steps);
        struct shown shown =
                minimise_show(&task->sname, task->qtype, labels, minimises(task) ? task->manner : MANNER_FULL);

        task_show(task, &shown);
        if (!shown.whole)
                request_trace(task->request, task->number, STEP_MINIMISED, &shown.name, (uint64_t)labels);
}

/* A chain begins at the keys of an anchor's zone: they are asked for at once, beside the walk. */
static void wish_for_anchored_keys(struct task *task)
{
        const struct name *cut = &task->cut.delegation->cut;
        const struct need keys = { .name = *cut, .type = TYPE_DNSKEY, .purpose = PURPOSE_KEYS };
        bool negative;

        if (task->number != 0 || !trust_may_need_keys(task, cut))
                return;
        const struct anchor *anchor = anchor_above(task->request->policy->anchors, &task->sname, &negative);
        if (anchor && name_equal(&anchor->name, cut))
                task_wish(task, &keys);
}

enum task_state task_cut(struct task *task)
{
        const struct delegation *before = task->cut.delegation;

        if (!cut_find(task->request, &task->sname, task->qtype, &task->barred, task->without_forwarder, &task->cut))
                return task_give_up(task, EDE_OTHER, "out of memory");
        const struct delegation *now = task->cut.delegation;
        if (!before || !name_equal(&before->cut, &now->cut)) {
                request_trace(task->request, task->number, STEP_CUT, &now->cut, cut_source_word(task->cut.source),
                              (uint64_t)now->server_count, (uint64_t)count_addresses(&task->cut));
                task->manner = MANNER_NS;
                turn_to(task);
        }
        prime(task);
        wish_for_anchored_keys(task);
        show(task);
        return TASK_CHOOSE;
}

/* --- Addresses ---------------------------------------------------------------------------------------------------- */

enum { CANDIDATES_MAX = 64, SILENT_FOR_SHORT = 2 };

/* What CHOOSE gathers: who can be asked now, and whose address would have to be found out first. */
struct choice {
        struct candidate candidate[CANDIDATES_MAX];
        unsigned count;
        struct needs needs;
        unsigned looking; /* address look-ups under way */
        unsigned missing; /* server names without an address */
};

/* A server that still has its time to answer is not asked the same again. */
static bool is_being_asked(const struct task *task, const struct address *address)
{
        for (unsigned i = 0; i < TASK_FLIGHTS; i++) {
                const struct flight *flight = task->seat[i].flight;

                if (flight && flight->phase != FLIGHT_LATE && address_equal(&flight->out.server.address, address))
                        return true;
        }
        return false;
}

/* Why a server is passed over is told once: CHOOSE runs again whenever something comes that it waits for. */
static void add_candidate(struct task *task, struct choice *choice, const struct endpoint *at)
{
        struct desk *desk = task->request->desk;
        const char *why = NULL;

        if (is_being_asked(task, &at->address))
                return;
        for (unsigned i = 0; i < choice->count; i++)
                if (address_equal(&choice->candidate[i].address, &at->address))
                        return;
        if (choice->count < CANDIDATES_MAX && servers_consider(desk, task, at, &choice->candidate[choice->count], &why))
                choice->count++;
        else if (why && !task_attempt(task, &at->address) && task_begin_attempt(task, &at->address))
                request_trace(task->request, task->number, STEP_SKIP, at, why);
}

static void add_addresses(struct task *task, struct choice *choice, const struct address *address, unsigned count)
{
        uint16_t port = (uint16_t)task->request->policy->settings->upstream_port;

        for (unsigned i = 0; i < count; i++)
                add_candidate(task, choice, &(struct endpoint){ .address = address[i], .port = port });
}

static void add_set(struct task *task, struct choice *choice, const struct finding *found)
{
        if (!found || found->kind != FINDING_SET || (found->set.type != TYPE_A && found->set.type != TYPE_AAAA))
                return;
        for (unsigned i = 0; i < found->set.count && i < LIMIT_NAME_ADDRESSES; i++) {
                struct address address = address_from(found->set.rdata[i].bytes, found->set.rdata[i].len);

                add_addresses(task, choice, &address, 1);
        }
}

/* The address set of a server name as far as it is known: a sub-question's outcome, this request's notes, the cache. */
static void add_known(struct task *task, struct choice *choice, const struct name *server, uint16_t type)
{
        struct request *request = task->request;
        const struct task *sub = task_for(request, server, type, PURPOSE_ADDRESS);
        const struct settings *settings = request->policy->settings;
        cache_partition partition = cut_partition(settings, cut_route(settings, server, type, false));
        struct finding found;

        if (sub && sub->done) {
                add_set(task, choice, sub->outcome.final);
                return;
        }
        const struct finding *noted = notes_get(&request->notes, partition, server, type);
        if (noted)
                add_set(task, choice, noted);
        else if (!request->ways.cold &&
                 cache_get_type(request->desk->cache, partition, server, type, 0, &request->arena, &found))
                add_set(task, choice, &found);
}

bool task_may_look_up(const struct task *task, uint16_t type)
{
        const struct settings *settings = task->request->policy->settings;

        return type == TYPE_A ? settings->do_ip4 : settings->do_ip6 && !task->request->ways.only_ip4;
}

/*
 * A server below the very zone that it serves has its address there, which waits for itself: ask the parent's servers.
 */
static struct name bar_for(const struct task *task, const struct name *server)
{
        const struct name *cut = &task->cut.delegation->cut;

        return !name_is_root(cut) && name_is_at_or_below(server, cut) ? *cut : (struct name){ .wire = NULL };
}

static struct name zone_of(const struct name *server)
{
        return name_is_root(server) ? *server : name_strip(server, 1);
}

/* One name of a zone is enough at a time: the referral to it brings the addresses of the others too. */
static bool is_zone_in_line(const struct needs *needs, const struct name *server)
{
        struct name zone = zone_of(server);

        for (unsigned i = 0; i < needs->count; i++) {
                struct name other = zone_of(&needs->need[i].name);

                if (name_equal(&zone, &other))
                        return true;
        }
        return false;
}

static void add_need(struct task *task, struct choice *choice, const struct name *server, uint16_t type)
{
        const struct task *sub = task_for(task->request, server, type, PURPOSE_ADDRESS);

        if (!task_may_look_up(task, type) || (sub && (sub->done || task_is_closed_to(task, sub))))
                return;
        if (sub)
                choice->looking++;
        if (choice->needs.count == LIMIT_ADDRESS_LOOKUPS_AT_ONCE || is_zone_in_line(&choice->needs, server))
                return;
        choice->needs.need[choice->needs.count++] = (struct need){
                .name = *server, .type = type, .purpose = PURPOSE_ADDRESS, .barred = bar_for(task, server)
        };
}

/* A name without addresses of the one family may have some of the other. */
static bool has_none(const struct task *task, const struct name *server, uint16_t type)
{
        const struct task *sub = task_for(task->request, server, type, PURPOSE_ADDRESS);

        return !task_may_look_up(task, type) || (sub && sub->done && sub->outcome.final->kind == FINDING_NODATA);
}

static void gather_needs_of(struct task *task, struct choice *choice, const struct name *server, bool last_resort)
{
        const bool ip6_first = servers_prefer_ip6(task->request->desk);
        const uint16_t first = ip6_first ? TYPE_AAAA : TYPE_A, second = ip6_first ? TYPE_A : TYPE_AAAA;

        add_need(task, choice, server, last_resort == has_none(task, server, first) ? first : second);
}

/*
 * Servers that have no address yet are put in line for look-ups, in an order that changes from request to request. The
 * second family of a name that has the first is looked up when nothing else is left.
 */
static void gather_needs(struct task *task, struct choice *choice, bool with_glue_too)
{
        const struct delegation *d = task->cut.delegation;
        const struct request *request = task->request;

        if (request->spent[PURSE_NAMES_FAILED] >= LIMIT_SERVER_NAMES_FAILED || !d->server_count)
                return;
        unsigned first = request->trace.id.bytes[0] % d->server_count;
        for (unsigned i = 0; i < 2 * d->server_count; i++) {
                const struct delegation_server *server = &d->server[(first + i) % d->server_count];
                bool below_cut = name_is_at_or_below(&server->name, &d->cut), again = i >= d->server_count;

                if (server->address_count && (!with_glue_too || below_cut))
                        continue;
                choice->missing += !again;
                gather_needs_of(task, choice, &server->name, again);
        }
}

/* Who can be asked: the glue for each name, or else what is known of it. What the zones of names with glue say of them
 * comes when nobody else is left. */
static void gather_candidates(struct task *task, struct choice *choice)
{
        const struct delegation *d = task->cut.delegation;
        const struct zone_setting *zone = task->cut.zone;

        for (unsigned i = 0; zone && i < zone->addresses.count; i++)
                add_candidate(task, choice, &zone->addresses.item[i]);
        for (unsigned i = 0; i < d->server_count; i++) {
                const struct delegation_server *server = &d->server[i];
                struct address glue[DELEGATION_NAME_ADDRESSES];
                unsigned glue_count = 0;

                add_addresses(task, choice, server->address, server->address_count);
                if (!server->address_count)
                        glue_count = cut_glue(task->request, task->cut.partition, &server->name, glue,
                                              DELEGATION_NAME_ADDRESSES);
                add_addresses(task, choice, glue, glue_count);
                if (server->address_count || glue_count)
                        continue;
                add_known(task, choice, &server->name, TYPE_A);
                add_known(task, choice, &server->name, TYPE_AAAA);
        }
        for (unsigned i = 0; i < d->server_count && !choice->count; i++) {
                add_known(task, choice, &d->server[i].name, TYPE_A);
                add_known(task, choice, &d->server[i].name, TYPE_AAAA);
        }
}

/* --- CHOOSE ------------------------------------------------------------------------------------------------------- */

struct attempt *task_attempt(struct task *task, const struct address *address)
{
        for (unsigned i = 0; i < task->attempt_count; i++)
                if (address_equal(&task->attempt[i].address, address))
                        return &task->attempt[i];
        return NULL;
}

struct attempt *task_begin_attempt(struct task *task, const struct address *address)
{
        struct attempt *attempt = task_attempt(task, address);

        if (attempt || task->attempt_count == TASK_ATTEMPTS)
                return attempt;
        attempt = &task->attempt[task->attempt_count++];
        *attempt = (struct attempt){ .address = *address };
        return attempt;
}

static bool was_sent_to(struct task *task, const struct address *address)
{
        const struct attempt *attempt = task_attempt(task, address);

        return attempt && (attempt->udp_sends || attempt->tcp_sends);
}

/* RFC 9156 2.3: a server that was silent twice may be so to shortened names alone. */
static bool is_deaf(const struct task *task, const struct attempt *attempt)
{
        return !task->shown.whole && attempt && attempt->udp_sends + attempt->tcp_sends >= SILENT_FOR_SHORT;
}

static enum task_state pick(struct task *task, const struct choice *choice, bool hedge)
{
        struct desk *desk = task->request->desk;
        const struct candidate *best = &choice->candidate[servers_choose(desk, choice->candidate, choice->count)];
        const struct attempt *attempt = task_attempt(task, &best->address);

        if (is_deaf(task, attempt)) {
                task->manner = MANNER_FULL;
                return TASK_CUT;
        }
        const char *why = hedge                               ? "hedge: the other is slow"
                          : was_sent_to(task, &best->address) ? "again"
                          : choice->count == 1                ? "the only one left"
                                                              : best->why;

        task->pick = (struct pick){
                .server = { .address = best->address, .port = best->port },
                .tcp = attempt && attempt->tcp,
                .hedge = hedge,
                .why = why,
        };
        request_trace(task->request, task->number, STEP_PICK, &task->pick.server, why, best->cost_us,
                      (uint64_t)choice->count);
        return TASK_FLIGHT;
}

/* While a message is under way another is only worth sending to a server that was not asked yet. */
static void keep_fresh(struct task *task, struct choice *choice)
{
        unsigned kept = 0;

        for (unsigned i = 0; i < choice->count; i++)
                if (!was_sent_to(task, &choice->candidate[i].address))
                        choice->candidate[kept++] = choice->candidate[i];
        choice->count = kept;
}

/* The walk from the root may follow forwarders. A delegation out of the cache may be out of date. */
static bool forwarders_may_be_left(const struct task *task)
{
        return task->cut.recursive && task->cut.zone->first && !task->without_forwarder;
}

static bool parent_may_be_asked(const struct task *task)
{
        return task->cut.source == CUT_CACHE && !task->refreshed && !name_is_root(&task->cut.delegation->cut);
}

/* All servers of the cut proved useless: elsewhere, if there is such a place. */
static enum task_state cut_exhausted(struct task *task)
{
        if (forwarders_may_be_left(task)) {
                task->without_forwarder = true;
                return TASK_CUT;
        }
        if (parent_may_be_asked(task)) {
                task->refreshed = true;
                task->barred = task->cut.delegation->cut;
                return TASK_CUT;
        }
        if (task->request->overdrawn) {
                char why[120];

                snprintf(why, sizeof why, "the limit for one question is reached: %s", task->request->overdrawn->what);
                return task_give_up(task, EDE_OTHER, why);
        }
        if (task->last_trouble[0])
                return task_give_up(task, task->last_ede, task->last_trouble);
        return task_give_up(task, EDE_NO_AUTHORITY, "no name server of the zone has an address that can be asked");
}

/* There is nobody left to ask. Who is late may still come, but not when there is another way to go. */
static enum task_state wait_or_turn(struct task *task)
{
        bool elsewhere = task_is_late(task) && (forwarders_may_be_left(task) || parent_may_be_asked(task));

        return task_is_in_flight(task) && !elsewhere ? TASK_FLIGHT : cut_exhausted(task);
}

/* Nobody said more than the reply that says nothing. */
static enum task_state make_do(struct task *task)
{
        task->claim = task->reserve;
        task->reserve = NULL;
        task->judged = 0;
        return TASK_PROVE;
}

static bool out_of_budget(const struct request *request)
{
        return (request->empty & (1u << PURSE_MESSAGES | 1u << PURSE_BYTES)) != 0;
}

/* Random names below one zone shall not bury its servers, nor take the flights of other zones. */
static bool zone_is_crowded(struct task *task)
{
        struct traffic *traffic = &task->request->desk->flights.traffic;
        unsigned under_way = traffic_to(traffic, &task->cut.delegation->cut);

        if (under_way < LIMIT_ZONE_IN_FLIGHT)
                return false;
        request_limit(task->request, task->number, LIMIT_ROW_ZONE_IN_FLIGHT, under_way);
        return true;
}

static enum task_state wait_for_room(struct task *task)
{
        struct traffic *traffic = &task->request->desk->flights.traffic;

        if (traffic_queue(traffic, &task->cut.delegation->cut, &task->place, task))
                return TASK_CHOOSE;
        return task_give_up(task, EDE_OTHER, "too many questions to this zone are under way");
}

/* Addresses still to be found are looked up beside a server that keeps silent, so that they are there when it is given
 * up. */
static void look_ahead(struct task *task, const struct choice *choice)
{
        for (unsigned i = 0; i < choice->needs.count && choice->looking < LIMIT_ADDRESS_LOOKUPS_AT_ONCE; i++)
                task_wish(task, &choice->needs.need[i]);
}

enum task_state task_choose(struct task *task)
{
        struct choice choice = { .count = 0 };
        bool in_flight = task_is_in_flight(task);
        bool hedge = task->hedge_wanted && !task->nudged;

        if (task->reply || task->again.why)
                return TASK_FLIGHT;
        task->nudged = task->hedge_wanted = false;
        if (out_of_budget(task->request))
                return in_flight ? TASK_FLIGHT : cut_exhausted(task);
        traffic_unqueue(&task->place);
        if (zone_is_crowded(task))
                return in_flight ? TASK_FLIGHT : wait_for_room(task);
        gather_candidates(task, &choice);
        if (hedge)
                keep_fresh(task, &choice);
        if (choice.count && (!hedge || flight_may_hedge(task->request->desk))) {
                if (in_flight && !hedge) {
                        gather_needs(task, &choice, false);
                        look_ahead(task, &choice);
                }
                return pick(task, &choice, hedge);
        }
        if (hedge) {
                gather_needs(task, &choice, false);
                look_ahead(task, &choice);
                return TASK_FLIGHT;
        }
        if (task->reserve && !in_flight)
                return make_do(task);
        gather_needs(task, &choice, !in_flight);
        if (choice.needs.count && !task->await_count)
                request_trace(task->request, task->number, STEP_LACK, &choice.needs.need[0].name,
                              (uint64_t)choice.missing);
        if (task_wait_for(task, &choice.needs))
                return TASK_CHOOSE;
        return wait_or_turn(task);
}
