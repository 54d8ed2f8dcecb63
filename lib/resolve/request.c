#include "resolve/request.h"

#include "policy/policy.h"
#include "resolve/answer.h"
#include "resolve/desk.h"
#include "resolve/stale.h"
#include "resolve/task.h"
#include "wire/rrtype.h"
#include <stdlib.h>

enum {
        MS = 1000,
        ARENA_MAX =
                8
                << 20, /* messages of LIMIT_UPSTREAM_BYTES, read into eight times their length at most, and the rest */
        SPARES_MAX = 64,
        SPARE_BYTES = 128 << 10,
};

/* What each purse holds is a row of limits.def, which also gives it its name. */
static const enum limit_row purse_row[PURSE_COUNT] = {
        [PURSE_MESSAGES] = LIMIT_ROW_UPSTREAM_MESSAGES,
        [PURSE_BYTES] = LIMIT_ROW_UPSTREAM_BYTES,
        [PURSE_ALIASES] = LIMIT_ROW_ALIASES,
        [PURSE_REFERRALS] = LIMIT_ROW_REFERRALS,
        [PURSE_ADDRESS_LOOKUPS] = LIMIT_ROW_ADDRESS_LOOKUPS,
        [PURSE_NAMES_FAILED] = LIMIT_ROW_SERVER_NAMES_FAILED,
        [PURSE_TCP_CONNECTS] = LIMIT_ROW_TCP_CONNECTS,
        [PURSE_TASKS] = LIMIT_ROW_TASKS,
};

/* --- Deadlines ---------------------------------------------------------------------------------------------------- */

static uint64_t first_deadline(const struct request *request)
{
        uint64_t silent = request->began_us + (uint64_t)LIMIT_SILENCE_MS * MS;

        return stale_is_hoped_for(request) && stale_due_us(request) < silent ? stale_due_us(request) : silent;
}

/*
 * When servers keep silent for long, the rest of the time brings nothing either; but a forwarder has a walk of its own
 * to make before it is heard.
 */
static uint64_t listener_deadline(const struct request *request, const struct listener *listener)
{
        const struct zone_setting *zone = request->root ? request->root->cut.zone : NULL;
        uint64_t last = listener->arrived_us + (uint64_t)LIMIT_ANSWER_MS * MS;
        uint64_t silent = request->heard_us + (uint64_t)LIMIT_SILENCE_MS * MS;

        return silent < last && !(zone && request->root->cut.recursive) ? silent : last;
}

static uint64_t next_deadline(const struct request *request)
{
        uint64_t next = request->began_us + (uint64_t)LIMIT_REQUEST_MS * MS;

        if (request->audience && stale_is_hoped_for(request) && stale_due_us(request) < next)
                next = stale_due_us(request);
        for (const struct listener *listener = request->audience; listener; listener = listener->next)
                if (listener_deadline(request, listener) < next)
                        next = listener_deadline(request, listener);
        return next;
}

/* --- Opening and joining ------------------------------------------------------------------------------------------ */

/* Equal are questions with the same name, type, class and CD under the same settings; RD=0 never starts a walk. */
static uint16_t question_key(const struct desk *desk, const struct question *question, uint16_t flags, uint8_t *key)
{
        size_t len = name_canonical(&question->name, key);

        store_u16(key + len, question->type);
        store_u16(key + len + 2, question->class);
        key[len + 4] = (uint8_t)(((flags & FLAG_CD) != 0) << 1 | ((flags & FLAG_RD) != 0));
        store_u64(key + len + 5, desk->policy->generation);
        return (uint16_t)(len + 13);
}

static struct request *take_spare(struct desk *desk)
{
        struct request *request = desk->spare;
        struct arena arena;

        if (!request) {
                request = malloc(sizeof *request);
                if (!request)
                        return NULL;
                arena_init_in(&arena, ARENA_MAX, &desk->request_memory);
        } else {
                desk->spare = request->next;
                desk->spare_count--;
                arena = request->arena;
        }
        *request = (struct request){ .arena = arena };
        return request;
}

static void count_requests(struct desk *desk)
{
        metrics_level(desk->metrics->requests, desk->metrics->requests_high_water, desk->request_count);
}

/* --- Places ------------------------------------------------------------------------------------------------------- */

enum { SAFE_PLACES = LIMIT_REQUESTS_PER_WORKER * (100 - LIMIT_YOUNG_PERCENT) / 100 };

/* Memory is what places are made of: half of it is as safe as half of them, and an eighth is left for who has one. */
static bool is_place_safe(const struct desk *desk)
{
        const struct arena_pool *memory = &desk->request_memory;

        return desk->request_count < SAFE_PLACES && memory->used < memory->max / 100 * (100 - LIMIT_YOUNG_PERCENT);
}

static bool is_place_free(const struct desk *desk)
{
        const struct arena_pool *memory = &desk->request_memory;

        return desk->request_count < LIMIT_REQUESTS_PER_WORKER && memory->used < memory->max / 8 * 7;
}

static void seat_guest(struct desk *desk, struct request *request)
{
        request->guest = true;
        request->older_guest = desk->newest_guest;
        if (desk->newest_guest)
                desk->newest_guest->newer_guest = request;
        else
                desk->oldest_guest = request;
        desk->newest_guest = request;
}

static void unseat_guest(struct desk *desk, struct request *request)
{
        if (!request->guest)
                return;
        request->guest = false;
        if (request->older_guest)
                request->older_guest->newer_guest = request->newer_guest;
        else
                desk->oldest_guest = request->newer_guest;
        if (request->newer_guest)
                request->newer_guest->older_guest = request->older_guest;
        else
                desk->newest_guest = request->older_guest;
}

static void drop_audience(struct request *request)
{
        for (const struct listener *listener = request->audience; listener; listener = listener->next) {
                struct action *action = desk_act(request->desk, ACTION_DROP);

                if (action)
                        action->drop.client = listener->client;
                metrics_inc(&request->desk->metrics->drops[DROP_OVERLOAD]);
        }
        request_dismiss(request);
}

static bool make_room(struct desk *desk)
{
        struct request *guest = desk->oldest_guest;

        if (is_place_free(desk))
                return true;
        if (!guest || desk->now.mono_us - guest->began_us < (uint64_t)LIMIT_YOUNG_MS * MS) {
                metrics_inc(&desk->metrics->budget_hits[LIMIT_ROW_REQUESTS_PER_WORKER]);
                return false;
        }
        drop_audience(guest);
        request_end(guest);
        return true;
}

static void draw_trace(struct desk *desk, struct request *request)
{
        struct {
                struct trace_id id;
                uint64_t span;
        } drawn;

        rng_bytes(&desk->rng, &drawn, sizeof drawn);
        trace_begin(&request->trace, &request->arena, &drawn.id, drawn.span, &desk->now);
        request->trace.counts = desk->metrics->steps;
}

struct request *request_open(struct desk *desk, const struct question *question, uint16_t flags,
                             const struct ways *ways)
{
        const struct policy *policy = ways->strict ? policy_strict(desk->policy) : policy_hold(desk->policy);
        struct request *request = policy && make_room(desk) ? take_spare(desk) : NULL;
        uint8_t lower[NAME_WIRE_MAX];

        if (!request) {
                policy_release(policy);
                return NULL;
        }
        request->desk = desk;
        request->policy = policy;
        request->began_us = request->heard_us = desk->now.mono_us;
        request->checking_disabled = (flags & FLAG_CD) != 0;
        request->recursion = (flags & FLAG_RD) != 0;
        request->ways = *ways;
        request->next = desk->first;
        if (desk->first)
                desk->first->previous = request;
        desk->first = request;
        if (!is_place_safe(desk))
                seat_guest(desk, request);
        desk->request_count++;
        count_requests(desk);

        struct name name = { .wire = lower,
                             .len = (uint8_t)name_canonical(&question->name, lower),
                             .label_count = question->name.label_count };
        request->question = *question;
        request->question.name = name_copy(&request->arena, &name);
        draw_trace(desk, request);
        if (!request->question.name.wire ||
            timers_arm(&desk->request_timers, &request->timer, first_deadline(request)) != ERR_OK) {
                request_end(request);
                return NULL;
        }
        return request;
}

struct request *request_find(struct desk *desk, const struct question *question, uint16_t flags)
{
        uint8_t key[NAME_WIRE_MAX + 16];

        return map_get(&desk->open, key, question_key(desk, question, flags, key));
}

void request_publish(struct request *request)
{
        struct desk *desk = request->desk;
        uint16_t flags = (uint16_t)((request->checking_disabled ? FLAG_CD : 0) | (request->recursion ? FLAG_RD : 0));
        uint16_t len = question_key(desk, &request->question, flags, request->key);

        if (request->key_len || request->ways.cold || map_get(&desk->open, request->key, len))
                return;
        if (map_put(&desk->open, request->key, len, request) == ERR_OK)
                request->key_len = len;
}

/* Nobody joins any more. */
static void unpublish(struct request *request)
{
        if (request->key_len)
                map_take(&request->desk->open, request->key, request->key_len);
        request->key_len = 0;
}

/* Both the question and the client have room for one more who waits. */
static bool may_join(struct request *request, const struct listener *listener)
{
        struct desk *desk = request->desk;

        if (request->listener_count == LIMIT_CLIENTS_PER_QUESTION) {
                metrics_inc(&desk->metrics->budget_hits[LIMIT_ROW_CLIENTS_PER_QUESTION]);
                return false;
        }
        if (crowd_enter(&desk->crowd, &listener->from.address, listener->trusted))
                return true;
        metrics_inc(&desk->metrics->budget_hits[listener->trusted ? LIMIT_ROW_REQUESTS_PER_CLIENT_TRUSTED
                                                                  : LIMIT_ROW_REQUESTS_PER_CLIENT]);
        return false;
}

static struct listener *keep_listener(struct arena *arena, const struct listener *listener)
{
        struct listener *kept = arena_copy(arena, listener, sizeof *listener);

        if (kept)
                kept->qname = name_copy(arena, &listener->qname);
        return kept && kept->qname.wire ? kept : NULL;
}

/* Who joins late may have waited long enough already. The timer is armed and only moves, so this cannot fail. */
static void rearm(struct request *request)
{
        (void)!timers_arm(&request->desk->request_timers, &request->timer, next_deadline(request));
}

bool request_join(struct request *request, const struct listener *listener)
{
        if (!may_join(request, listener))
                return false;
        struct listener *kept = keep_listener(&request->arena, listener);
        if (!kept) {
                crowd_leave(&request->desk->crowd, &listener->from.address);
                return false;
        }
        kept->trace = &request->trace.id;
        kept->next = request->audience;
        request->audience = kept;
        if (request->listener_count++) {
                request_trace(request, 0, STEP_JOIN, request->desk->now.mono_us - request->began_us);
                rearm(request);
        }
        return true;
}

/* --- Budget ------------------------------------------------------------------------------------------------------- */

static void tell_limit(struct request *request, uint16_t task, enum limit_row row, uint64_t used)
{
        const struct limit *limit = &limit_table[row];

        metrics_inc(&request->desk->metrics->budget_hits[row]);
        request_trace(request, task, STEP_BUDGET, limit->what, used, (uint64_t)limit->value);
}

void request_limit(struct request *request, uint16_t task, enum limit_row row, uint64_t used)
{
        if (!request->limit_told[row])
                tell_limit(request, task, row, used);
        request->limit_told[row] = true;
}

/* The bytes leave room for one answer of the largest size. */
static uint64_t purse_content(enum purse purse)
{
        return limit_table[purse_row[purse]].value + (purse == PURSE_BYTES ? MESSAGE_MAX : 0);
}

bool request_spend(struct request *request, enum purse purse, uint64_t amount)
{
        uint64_t spent = request->spent[purse] + amount;

        if (spent <= purse_content(purse)) {
                request->spent[purse] = spent;
                return true;
        }
        request->empty |= 1u << purse;
        request->overdrawn = &limit_table[purse_row[purse]];
        request_limit(request, 0, purse_row[purse], request->spent[purse]);
        return false;
}

static struct zone_purse *zone_purse_for(struct request *request, const struct name *cut)
{
        struct zone_purse *purse = request->zones;

        while (purse && !name_equal(&purse->cut, cut))
                purse = purse->next;
        if (purse)
                return purse;
        purse = arena_alloc(&request->arena, sizeof *purse);
        if (!purse)
                return NULL;
        *purse = (struct zone_purse){ .next = request->zones, .cut = *cut };
        request->zones = purse;
        return purse;
}

bool request_spend_on_zone(struct request *request, const struct name *cut)
{
        struct zone_purse *purse = zone_purse_for(request, cut);

        if (!purse)
                return false;
        if (purse->messages < LIMIT_MESSAGES_PER_ZONE) {
                purse->messages++;
                return true;
        }
        if (!purse->told)
                tell_limit(request, 0, LIMIT_ROW_MESSAGES_PER_ZONE, purse->messages);
        purse->told = true;
        return false;
}

bool request_may_keep(const struct request *request)
{
        return request->policy == request->desk->policy && !doubt_excuses(request);
}

/* --- Running ------------------------------------------------------------------------------------------------------ */

void request_wake_up(struct request *request)
{
        if (request->woken)
                return;
        request->woken = true;
        request->wake_next = request->desk->awake;
        request->desk->awake = request;
}

static struct task *take_ready(struct request *request)
{
        struct task *task = request->ready;

        if (task) {
                request->ready = task->ready_next;
                task->queued = false;
        }
        return task;
}

static bool anybody_watches(const struct request *request, uint64_t *client)
{
        for (const struct listener *listener = request->audience; listener; listener = listener->next)
                if (listener->watched) {
                        *client = listener->client;
                        return true;
                }
        return false;
}

static unsigned trace_reasons(struct request *request, bool watched)
{
        struct keep_facts *facts = &request->facts;
        uint64_t kinds = request->trace.kinds;

        facts->asked |= watched;
        facts->policy = kinds >> STEP_POLICY & 1;
        facts->stale = kinds >> STEP_STALE & 1;
        facts->retried |= (kinds >> STEP_LOOP | kinds >> STEP_BUDGET | kinds >> STEP_FALLBACK) & 1;
        return keep_reasons(facts);
}

/* The trace as it stands, in an action that has its place in the queue already. */
static void fill_record(struct request *request, size_t slot, uint64_t client, bool keep)
{
        struct desk *desk = request->desk;
        const struct trace *trace = &request->trace;
        struct action *action = &desk->actions.item[slot];
        bool walked = request->spent[PURSE_MESSAGES] > 0;
        unsigned reasons = trace_reasons(request, client != 0);

        if (!trace->bytes || !(reasons || walked || request->policy->settings->trace_answers))
                return; /* the answer came out of the cache, and nothing speaks for keeping that */
        const uint8_t *bytes = desk_outbox(desk, trace->bytes, trace->len);
        if (!bytes)
                return;
        action->record.client = client;
        action->record.bytes = bytes;
        action->record.len = trace->len;
        action->record.fresh = request->trace_shown;
        action->record.keep = keep;
        action->record.final = request->concluded;
        action->record.reasons = reasons;
        action->record.walked = walked;
        request->trace_shown = trace->len;
}

/* Steps that a watcher has not seen yet. */
static void hand_out_trace(struct request *request, uint64_t client, bool keep)
{
        size_t slot = request->desk->actions.count;

        if (request->trace.len > request->trace_shown && desk_act(request->desk, ACTION_RECORD))
                fill_record(request, slot, client, keep);
}

/*
 * Answer, and hand out the trace: the record stands in the queue before the answers, so that who reads of a trace in an
 * answer finds it, however quick he is.
 */
static void answer_on_record(struct request *request, const struct outcome *outcome)
{
        size_t slot = request->desk->actions.count;
        bool recorded = desk_act(request->desk, ACTION_RECORD) != NULL;
        uint64_t watcher = 0;

        anybody_watches(request, &watcher);
        answer_all(request, outcome);
        if (recorded)
                fill_record(request, slot, watcher, true);
}

/* Sub-questions whose answer nobody needs any more end with the question; wishes go on. */
static void cancel_orphans(struct request *request)
{
        for (struct task *task = request->tasks; task; task = task->next)
                if (!task->done && task->parent)
                        task_cancel(task);
}

static bool anything_runs(const struct request *request)
{
        for (const struct task *task = request->tasks; task; task = task->next)
                if (!task->done)
                        return true;
        return false;
}

static void conclude(struct request *request)
{
        uint64_t watcher = 0;

        if (request->root && request->root->done && !request->concluded) {
                request->concluded = true;
                unpublish(request); /* wishes may go on, but there will be no second answer */
                cancel_orphans(request);
                answer_on_record(request, stale_instead_of(request, &request->root->outcome));
        } else if (!request->concluded && (anybody_watches(request, &watcher) || request->failure_noted)) {
                hand_out_trace(request, watcher, request->failure_noted);
        }
        request->failure_noted = false;
        if (!anything_runs(request))
                request_end(request);
}

void request_run(struct request *request)
{
        struct task *task;

        request->woken = false;
        while ((task = take_ready(request)))
                if (!task->done)
                        task_run(task);
        conclude(request);
}

/* --- Time --------------------------------------------------------------------------------------------------------- */

static bool anybody_is_impatient(const struct request *request)
{
        for (const struct listener *listener = request->audience; listener; listener = listener->next)
                if (listener_deadline(request, listener) <= request->desk->now.mono_us)
                        return true;
        return false;
}

/* Stale data, or else SERVFAIL for those who have waited long enough; the work goes on unheard and is kept. */
static void answer_the_impatient(struct request *request)
{
        bool impatient = anybody_is_impatient(request);
        bool stale_due = request->audience && stale_due_us(request) <= request->desk->now.mono_us;
        const struct outcome *stale = stale_due || impatient ? stale_outcome(request) : NULL;
        struct outcome outcome;

        if (stale) {
                answer_on_record(request, stale);
        } else if (impatient) {
                task_outcome_too_late(request->root, &outcome);
                answer_on_record(request, &outcome);
        }
}

void request_on_time(struct request *request)
{
        struct desk *desk = request->desk;

        answer_the_impatient(request);
        uint64_t end = request->began_us + (uint64_t)LIMIT_REQUEST_MS * MS;
        if (desk->now.mono_us < end &&
            timers_arm(&desk->request_timers, &request->timer, next_deadline(request)) == ERR_OK)
                return;
        if (request->root && !request->root->done)
                task_out_of_time(request->root);
        for (struct task *task = request->tasks; task; task = task->next)
                task_cancel(task);
        conclude(request);
}

/* --- Ending ------------------------------------------------------------------------------------------------------- */

void request_dismiss(struct request *request)
{
        for (const struct listener *listener = request->audience; listener; listener = listener->next)
                crowd_leave(&request->desk->crowd, &listener->from.address);
        request->audience = NULL;
        request->listener_count = 0;
}

void request_gone(struct desk *desk, uint64_t client)
{
        for (struct request *request = desk->first; request; request = request->next)
                for (struct listener **at = &request->audience; *at; at = &(*at)->next) {
                        if ((*at)->client == client) {
                                crowd_leave(&desk->crowd, &(*at)->from.address);
                                *at = (*at)->next;
                                request->listener_count--;
                                return;
                        }
                }
}

static void leave_desk(struct request *request)
{
        struct desk *desk = request->desk;

        unpublish(request);
        for (struct request **at = &desk->awake; *at; at = &(*at)->wake_next)
                if (*at == request) {
                        *at = request->wake_next;
                        break;
                }
        if (request->previous)
                request->previous->next = request->next;
        else
                desk->first = request->next;
        if (request->next)
                request->next->previous = request->previous;
        unseat_guest(desk, request);
        desk->request_count--;
        count_requests(desk);
        timers_disarm(&desk->request_timers, &request->timer);
}

void request_end(struct request *request)
{
        struct desk *desk = request->desk;

        for (struct task *task = request->tasks; task; task = task->next)
                task_cancel(task);
        request_dismiss(request);
        prefetch_ended(request);
        leave_desk(request);
        policy_release(request->policy);
        arena_reset(&request->arena, (struct arena_mark){ .block = NULL });
        if (desk->spare_count == SPARES_MAX || request->arena.total > SPARE_BYTES || !is_place_safe(desk)) {
                arena_fini(&request->arena);
                free(request);
                return;
        }
        request->next = desk->spare;
        desk->spare = request;
        desk->spare_count++;
}
