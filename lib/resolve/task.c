#include "resolve/task.h"

#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/states.h"
#include "wire/rrtype.h"
#include <stdio.h>

/* Which state may follow which. A change of this table is a change of the design. */
#define TO(state) (1u << TASK_##state)
static const uint16_t may_follow[TASK_STATES] = {
#define STATE(name, function, text, ways) [TASK_##name] = ways,
#include "resolve/states.def"
#undef STATE
};

static enum task_state (*const run_state[TASK_STATES])(struct task *task) = {
#define STATE(name, function, text, ways) [TASK_##name] = task_##function,
#include "resolve/states.def"
#undef STATE
};

const char *task_state_word(enum task_state state)
{
        static const char *const words[TASK_STATES] = {
#define STATE(name, function, text, ways) [TASK_##name] = #name,
#include "resolve/states.def"
#undef STATE
        };
        return words[state];
}

static const char *purpose_word(enum purpose purpose)
{
        switch (purpose) {
        case PURPOSE_QUESTION:
                return "the question";
        case PURPOSE_ADDRESS:
                return "address of a name server";
        case PURPOSE_GLUE:
                return "glue of a name server";
        case PURPOSE_KEYS:
                return "chain of trust";
        case PURPOSE_PRIME:
                return "priming";
        case PURPOSE_PREFETCH:
                return "prefetch";
        case PURPOSE_SIGNAL:
                return "telling which anchors are trusted";
        case PURPOSE_STALE:
                return "stale data";
        }
        return "";
}

/* --- Birth -------------------------------------------------------------------------------------------------------- */

static bool may_start(struct request *request, const struct task *parent, enum purpose purpose)
{
        if (purpose == PURPOSE_STALE) /* one for each request, which asks nobody */
                return true;
        if (parent && parent->depth >= LIMIT_NESTING) {
                request_limit(request, parent->number, LIMIT_ROW_NESTING, parent->depth);
                return false;
        }
        if (purpose == PURPOSE_ADDRESS && !request_spend(request, PURSE_ADDRESS_LOOKUPS, 1))
                return false;
        return request_spend(request, PURSE_TASKS, 1);
}

struct task *task_new(struct request *request, struct task *parent, const struct name *name, uint16_t type,
                      enum purpose purpose)
{
        struct task *task = may_start(request, parent, purpose) ? arena_alloc(&request->arena, sizeof *task) : NULL;

        if (!task)
                return NULL;
        task->qname = name_copy(&request->arena, name);
        if (!task->qname.wire)
                return NULL;
        task->request = request;
        task->parent = parent;
        task->number = request->task_count++;
        task->depth = parent ? (uint8_t)(parent->depth + 1) : 0;
        task->purpose = purpose;
        task->sname = task->qname;
        task->qtype = type;
        task->last_ede = EDE_NONE;
        task->next = request->tasks;
        request->tasks = task;
        if (task->number)
                request_trace(request, task->number, STEP_TASK, (uint64_t)(parent ? parent->number : 0), &task->qname,
                              (unsigned)type, purpose_word(purpose));
        task_wake(task);
        return task;
}

struct task *task_for(const struct request *request, const struct name *name, uint16_t type, enum purpose purpose)
{
        for (struct task *task = request->tasks; task; task = task->next)
                if (task->qtype == type && task->purpose == purpose && name_equal(&task->qname, name))
                        return task;
        return NULL;
}

/* --- Running ------------------------------------------------------------------------------------------------------ */

void task_wake(struct task *task)
{
        if (task->done || task->queued)
                return;
        task->queued = true;
        task->ready_next = task->request->ready;
        task->request->ready = task;
        request_wake_up(task->request);
}

void task_run(struct task *task)
{
        while (!task->done) {
                enum task_state next = run_state[task->state](task);

                if (next == task->state)
                        return;
                if (!EXPECT(may_follow[task->state] & 1u << next))
                        next = TASK_DONE;
                task->state = next;
        }
}

void task_leave_flights(struct task *task)
{
        for (unsigned i = 0; i < TASK_FLIGHTS; i++)
                flight_leave(task->request->desk, &task->seat[i]);
}

bool task_is_in_flight(const struct task *task)
{
        for (unsigned i = 0; i < TASK_FLIGHTS; i++)
                if (task->seat[i].flight)
                        return true;
        return false;
}

bool task_is_late(const struct task *task)
{
        for (unsigned i = 0; i < TASK_FLIGHTS; i++)
                if (task->seat[i].flight && task->seat[i].flight->phase != FLIGHT_LATE)
                        return false;
        return true;
}

void task_cancel(struct task *task)
{
        if (task->done)
                return;
        task->done = true;
        task_leave_flights(task);
        traffic_unqueue(&task->place);
        desk_forget_check(task->request->desk, task);
}

/* Whoever waits for this one runs again and finds it done. */
static void wake_waiters(struct task *task)
{
        for (struct task *other = task->request->tasks; other; other = other->next)
                for (unsigned i = 0; i < other->await_count; i++)
                        if (other->awaits[i] == task) {
                                other->awaits[i--] = other->awaits[--other->await_count];
                                task_wake(other);
                        }
}

static const char *outcome_word(const struct finding *final)
{
        if (!final)
                return "no outcome";
        switch (final->kind) {
        case FINDING_SET:
                return "records";
        case FINDING_NODATA:
                return "no such type";
        case FINDING_NXDOMAIN:
                return "no such name";
        case FINDING_FAILURE:
                return "failed";
        case FINDING_NONE:
                break;
        }
        return "nothing";
}

/*
 * A server name has failed, which is counted once, when none of its address types that may be asked for gave an
 * address. Where there is no such type at the name, the other one is still asked for.
 */
static void count_failed_name(const struct task *task)
{
        uint16_t other_type = task->qtype == TYPE_A ? TYPE_AAAA : TYPE_A;
        const struct task *other = task_for(task->request, &task->qname, other_type, PURPOSE_ADDRESS);
        enum finding_kind kind = task->outcome.final->kind;

        if (kind == FINDING_SET)
                return;
        if (!other && kind == FINDING_NODATA && task_may_look_up(task, other_type))
                return;
        if (other && (!other->done || other->outcome.final->kind != FINDING_NODATA))
                return;
        (void)request_spend(task->request, PURSE_NAMES_FAILED, 1);
}

/* The last state: an outcome is there in any case. */
enum task_state task_done(struct task *task)
{
        static const struct finding nothing = { .kind = FINDING_FAILURE,
                                                .rcode = RCODE_SERVFAIL,
                                                .ede = { .code = EDE_NONE } };

        if (!task->outcome.final)
                task->outcome.final = &nothing;
        task->done = true;
        task_leave_flights(task);
        traffic_unqueue(&task->place);
        desk_forget_check(task->request->desk, task);
        if (task->purpose == PURPOSE_ADDRESS)
                count_failed_name(task);
        request_trace(task->request, task->number, STEP_DONE, &task->sname, (unsigned)task->qtype,
                      outcome_word(task->outcome.final));
        wake_waiters(task);
        return TASK_DONE;
}

/* --- Waiting ------------------------------------------------------------------------------------------------------ */

/* Does `from` wait for `target`, at whatever distance? The walk goes over the request's tasks, each marked once. */
static bool waits_for(struct task *from, const struct task *target)
{
        struct task *stack[LIMIT_TASKS];
        unsigned depth = 0;
        uint16_t mark = ++from->request->mark;

        stack[depth++] = from;
        while (depth) {
                struct task *task = stack[--depth];

                if (task == target)
                        return true;
                for (unsigned i = 0; i < task->await_count; i++)
                        if (task->awaits[i]->mark != mark && depth < sizeof stack / sizeof *stack) {
                                task->awaits[i]->mark = mark;
                                stack[depth++] = task->awaits[i];
                        }
        }
        return false;
}

bool task_is_closed_to(const struct task *task, const struct task *sub)
{
        for (unsigned i = 0; i < task->closed_count; i++)
                if (task->closed[i] == sub)
                        return true;
        return false;
}

static void close_edge(struct task *task, struct task *sub)
{
        request_trace(task->request, task->number, STEP_LOOP, &sub->qname, (unsigned)sub->qtype);
        if (task->closed_count < TASK_CLOSED)
                task->closed[task->closed_count++] = sub;
}

static bool awaits_already(const struct task *task, const struct task *sub)
{
        for (unsigned i = 0; i < task->await_count; i++)
                if (task->awaits[i] == sub)
                        return true;
        return false;
}

/* The sub-task for one need, started if nobody has; NULL when it cannot be had or would close a circle. */
static struct task *subtask_for(struct task *task, const struct need *need)
{
        struct request *request = task->request;
        struct task *sub = task_for(request, &need->name, need->type, need->purpose);

        if (!sub) {
                sub = task_new(request, task, &need->name, need->type, need->purpose);
                if (sub)
                        sub->barred = need->barred;
        }
        if (!sub || sub->done || task_is_closed_to(task, sub))
                return NULL;
        if (waits_for(sub, task)) {
                close_edge(task, sub);
                return NULL;
        }
        return sub;
}

bool task_wait_for(struct task *task, const struct needs *needs)
{
        for (unsigned i = 0; i < needs->count; i++) {
                struct task *sub = subtask_for(task, &needs->need[i]);

                if (sub && !awaits_already(task, sub) && task->await_count < NEEDS_MAX)
                        task->awaits[task->await_count++] = sub;
        }
        return task->await_count > 0;
}

void task_wish(struct task *task, const struct need *need)
{
        if (task_for(task->request, &need->name, need->type, need->purpose))
                return;
        bool outlives = need->purpose == PURPOSE_PRIME || need->purpose == PURPOSE_SIGNAL;
        struct task *sub = task_new(task->request, outlives ? NULL : task, &need->name, need->type, need->purpose);
        if (sub)
                sub->barred = need->barred;
}

/* --- The outcome -------------------------------------------------------------------------------------------------- */

/* Whose failure it is. What proved bogus behind an alias may hold when it is asked for on its own, so only the question
 * that led there has failed. */
static const struct name *failing_name(const struct task *task)
{
        return task->last_verdict == VERDICT_BOGUS && task->outcome.alias_count ? &task->qname : &task->sname;
}

static void note_failure(struct task *task, const struct finding *failure)
{
        struct request *request = task->request;
        const struct name *name = failing_name(task);
        uint32_t ttl;

        if (!notes_put(&request->notes, &request->arena, task->cut.partition, &task->sname, task->qtype, failure))
                return;
        if (!request_may_keep(request) ||
            !cache_put(request->desk->cache, task->cut.partition, name, task->qtype, failure, &ttl))
                return;
        request->failure_noted = true;
        request_trace(request, task->number, STEP_STORED, name, (unsigned)task->qtype, "failure", (uint64_t)ttl);
}

/* RFC 9520 3.2: five seconds, doubling up to a minute while it keeps failing. When the network is to blame, one. */
static uint32_t failure_ttl(const struct desk *desk, uint32_t failures)
{
        uint32_t ttl = LIMIT_FAILURE_FIRST_S;

        if (desk->servers.outage)
                return 1;
        while (failures-- > 1 && ttl < LIMIT_FAILURE_LAST_S)
                ttl *= 2;
        return ttl < LIMIT_FAILURE_LAST_S ? ttl : LIMIT_FAILURE_LAST_S;
}

static uint32_t failures_so_far(struct task *task)
{
        struct request *request = task->request;

        return cache_failures(request->desk->cache, task->cut.partition, failing_name(task), task->qtype,
                              2 * LIMIT_FAILURE_LAST_S, &request->arena);
}

enum task_state task_give_up(struct task *task, uint16_t ede, const char *why)
{
        struct request *request = task->request;
        struct desk *desk = request->desk;
        struct finding *failure = arena_alloc(&request->arena, sizeof *failure);

        request->facts.retried = true;
        request_trace(request, task->number, STEP_GAVE_UP, &task->sname, (unsigned)task->qtype, (unsigned)ede, why);
        if (!failure)
                return TASK_DONE;
        failure->kind = FINDING_FAILURE;
        failure->rank = RANK_NONE;
        failure->rcode = RCODE_SERVFAIL;
        failure->verdict = task->last_verdict;
        failure->failures = failures_so_far(task) + 1;
        failure->stored_at = desk->now.cache_s;
        failure->ends_at = desk->now.cache_s + failure_ttl(desk, failure->failures);
        failure->trace = request->trace.id;
        failure->server = task->last_server;
        ede_set(&failure->ede, ede, why);
        if (!request->ways.cold)
                note_failure(task, failure);
        task->outcome.final = failure;
        task->outcome.final_type = task->qtype;
        return TASK_DONE;
}

void task_outcome_too_late(struct task *task, struct outcome *out)
{
        struct finding *failure = arena_alloc(&task->request->arena, sizeof *failure);

        *out = (struct outcome){ .final = failure, .final_type = task->qtype };
        if (!failure)
                return;
        failure->kind = FINDING_FAILURE;
        failure->rcode = RCODE_SERVFAIL;
        failure->trace = task->request->trace.id;
        ede_set(&failure->ede, EDE_NO_AUTHORITY,
                task->last_trouble[0] ? task->last_trouble : "the servers have not answered yet");
}

void task_out_of_time(struct task *task)
{
        (void)task_give_up(task, EDE_NO_AUTHORITY, task->last_trouble[0] ? task->last_trouble : "out of time");
        (void)task_done(task);
}

static bool loops(const struct task *task, const struct name *target)
{
        if (name_equal(&task->qname, target))
                return true;
        for (unsigned i = 0; i < task->outcome.alias_count; i++)
                if (task->outcome.alias[i]->set.type == TYPE_CNAME &&
                    name_equal(&task->outcome.alias[i]->set.owner, target))
                        return true;
        return false;
}

enum follow task_follow(struct task *task, const struct finding *alias)
{
        struct request *request = task->request;
        struct outcome *outcome = &task->outcome;
        struct name target;

        if (!rrset_target(&alias->set, 0, &target))
                return FOLLOW_TOO_FAR;
        if (alias->set.type == TYPE_DNAME) {
                uint8_t *room = arena_alloc(&request->arena, NAME_WIRE_MAX);
                struct name replaced;

                if (!room || name_replace_suffix(&task->sname, &alias->set.owner, &target, room, &replaced) != ERR_OK)
                        return FOLLOW_TOO_LONG;
                target = replaced;
        }
        request_trace(request, task->number, STEP_ALIAS, alias->set.type == TYPE_DNAME ? "DNAME" : "CNAME",
                      &task->sname, &target);
        if ((task->purpose != PURPOSE_STALE && !request_spend(request, PURSE_ALIASES, 1)) ||
            outcome->alias_count == CLAIM_ALIASES)
                return FOLLOW_TOO_FAR;
        bool circle = loops(task, &target);
        outcome->alias[outcome->alias_count++] = alias;
        task->sname = target;
        return circle ? FOLLOW_CIRCLE : FOLLOW_ON;
}

/* --- Events of flights -------------------------------------------------------------------------------------------- */

static void describe_trouble(struct task *task, const struct address *server, const char *what, uint16_t ede)
{
        char address[ADDRESS_TEXT_MAX];

        snprintf(task->last_trouble, sizeof task->last_trouble, "%s: %s", address_text(server, address), what);
        task->last_server = *server;
        task->last_ede = ede;
}

void task_trouble(struct task *task, const struct address *server, const char *what, uint16_t ede)
{
        task->request->facts.retried = true;
        describe_trouble(task, server, what, ede);
}

/*
 * The case that was drawn for the question comes back in every name that is compressed against it; it goes no further.
 */
static const uint8_t *copy_reply(struct task *task, const struct flight *flight, const uint8_t *bytes, size_t len)
{
        uint8_t *copy = arena_copy(&task->request->arena, bytes, len);

        if (copy && len >= (size_t)HEADER_LEN + flight->out.qname.len)
                name_canonical(&flight->out.qname, copy + HEADER_LEN);
        return copy;
}

void task_blame(struct task *task, uint16_t ede, const char *why)
{
        task->request->facts.retried = true;
        snprintf(task->last_trouble, sizeof task->last_trouble, "%s", why);
        task->last_server = task->reply_from.address;
        task->last_ede = ede;
}

void task_arrived(struct task *task, const struct flight *flight, const uint8_t *bytes, size_t len)
{
        struct request *request = task->request;

        request->heard_us = request->desk->now.mono_us;
        if (task->done || task->reply)
                return;
        if (!request_spend(request, PURSE_BYTES, len)) {
                task_wake(task);
                return;
        }
        task->reply = copy_reply(task, flight, bytes, len);
        task->reply_len = task->reply ? len : 0;
        task->reply_from = flight->out.server;
        task->reply_tcp = flight->out.transport == TRANSPORT_TCP;
        task->reply_edns_sent = flight->out.edns;
        task->reply_cookie_sent = flight->cookie_sent;
        memcpy(task->reply_cookie, flight->cookie, sizeof task->reply_cookie);
        task->reply_rtt_us = flight->rtt_us;
        task_wake(task);
}

void task_nudge(struct task *task, const struct flight *flight, bool hedge)
{
        if (hedge) {
                task->hedge_wanted = true;
        } else {
                task->nudged = true;
                uint64_t waited = task->request->desk->now.mono_us - flight->sent_us;
                request_trace(task->request, task->number, STEP_TIMEOUT, &flight->out.server, waited);
                task_trouble(task, &flight->out.server.address, "no answer", EDE_NO_AUTHORITY);
        }
        task_wake(task);
}

void task_lost(struct task *task, const struct flight *flight, enum loss loss)
{
        struct attempt *attempt = task_attempt(task, &flight->out.server.address);
        bool to_tcp = loss == LOSS_CASE || loss == LOSS_FORGED;

        if (loss != LOSS_SILENT) {
                request_trace(task->request, task->number, STEP_FAILED, &flight->out.server, loss_word(loss));
                task_trouble(task, &flight->out.server.address, loss_word(loss), EDE_NETWORK);
        }
        if (attempt && to_tcp)
                attempt->tcp = true;
        else if (attempt &&
                 (loss == LOSS_UNREACHABLE || (loss != LOSS_SILENT && flight->out.transport == TRANSPORT_TCP)))
                attempt->useless = true;
        task->nudged = true;
        task_wake(task);
}
