/* FLIGHT and REPLY: one message goes out, and what comes back is read. */
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/states.h"
#include "wire/rrtype.h"
#include <string.h>

/* --- FLIGHT ------------------------------------------------------------------------------------------------------- */

/* A free seat; the flight that has been under way longest gives way when all are taken. */
static struct seat *free_seat(struct task *task)
{
        struct seat *oldest = &task->seat[0];

        for (unsigned i = 0; i < TASK_FLIGHTS; i++) {
                struct seat *seat = &task->seat[i];

                seat->task = task;
                if (!seat->flight)
                        return seat;
                if (seat->flight->sent_us < oldest->flight->sent_us)
                        oldest = seat;
        }
        flight_leave(task->request->desk, oldest);
        return oldest;
}

/* Some firewalls drop what has an OPT record. The last datagram to a server that was never heard goes without one; if
 * that is answered, nothing is concluded for other questions. */
static bool may_be_dropping_edns(const struct attempt *attempt, const struct server *server)
{
        return attempt->udp_sends >= LIMIT_SENDS_PER_SERVER - 1 && server && !server->note.srtt_us;
}

static struct outgoing outgoing_for(struct task *task, const struct pick *pick, const struct attempt *attempt)
{
        struct desk *desk = task->request->desk;
        const struct server *server = servers_get(desk, &pick->server.address);
        bool tcp = pick->tcp || attempt->tcp || (server && server->note.tcp_only_until > desk->now.cache_s);
        bool no_edns = attempt->no_edns || (server && server->note.no_edns_until > desk->now.cache_s) ||
                       may_be_dropping_edns(attempt, server);

        return (struct outgoing){
                .server = pick->server,
                .transport = tcp ? TRANSPORT_TCP : TRANSPORT_UDP,
                .qname = task->shown.name,
                .qtype = task->shown.type,
                .recursion = task->cut.recursive,
                .edns = !no_edns,
                .no_cookie = attempt->no_cookie || (server && server->no_cookie_until > desk->now.cache_s),
                .hedge = pick->hedge,
                .sends = attempt->udp_sends,
                .why = pick->why,
                .zone = task->cut.delegation->cut,
        };
}

static bool can_pay(struct task *task, const struct outgoing *out)
{
        struct request *request = task->request;

        if (out->transport == TRANSPORT_TCP && !request_spend(request, PURSE_TCP_CONNECTS, 1))
                return false;
        return request_spend_on_zone(request, &task->cut.delegation->cut) && request_spend(request, PURSE_MESSAGES, 1);
}

/* Board an equal message that is under way for somebody else, or send one of our own. */
static bool depart(struct task *task, const struct outgoing *out)
{
        struct request *request = task->request;
        struct desk *desk = request->desk;
        struct seat *seat = free_seat(task); /* first, for it may end a flight */
        struct flight *flight = flight_equal(desk, out);

        if (flight && flight_board(desk, flight, seat)) {
                request_trace(request, task->number, STEP_SEND, &flight->out.qname, (unsigned)out->qtype, &out->server,
                              transport_word(out->transport), (uint64_t)flight->len,
                              flight->patience_us - desk->now.mono_us, "an equal message is under way already");
                return true;
        }
        if (!can_pay(task, out))
                return false;
        flight = flight_launch(desk, seat, out);
        if (!flight)
                return false;
        request_trace(request, task->number, STEP_SEND, &flight->out.qname, (unsigned)out->qtype, &out->server,
                      transport_word(out->transport), (uint64_t)flight->len, flight->patience_us - flight->sent_us,
                      out->why);
        return true;
}

static enum task_state send(struct task *task, const struct pick *pick)
{
        struct attempt *attempt = task_begin_attempt(task, &pick->server.address);

        if (!attempt)
                return task_give_up(task, EDE_OTHER, "too many servers were tried");
        struct outgoing out = outgoing_for(task, pick, attempt);
        if (out.transport == TRANSPORT_TCP)
                attempt->tcp_sends++;
        else
                attempt->udp_sends++;
        if (!depart(task, &out)) {
                attempt->useless = true;
                task_trouble(task, &pick->server.address, "it could not be asked within the limits", EDE_OTHER);
                return TASK_CHOOSE;
        }
        return TASK_FLIGHT;
}

enum task_state task_flight(struct task *task)
{
        struct pick pick = task->again.why ? task->again : task->pick;

        if (task->reply)
                return TASK_REPLY;
        task->again.why = task->pick.why = NULL;
        if (pick.why)
                return send(task, &pick);
        if (task->nudged || task->hedge_wanted || !task_is_in_flight(task))
                return TASK_CHOOSE;
        return TASK_FLIGHT;
}

/* --- REPLY -------------------------------------------------------------------------------------------------------- */

static void tell_reply(struct task *task)
{
        const struct message *m = &task->message;

        request_trace(task->request, task->number, STEP_RECEIVED, &task->reply_from,
                      reply_class_word(task->claim->class), task->reply_rtt_us, (unsigned)task->claim->rcode,
                      (uint64_t)task->reply_len, (uint64_t)m->rr_count[SECTION_ANSWER],
                      (uint64_t)m->rr_count[SECTION_AUTHORITY], (unsigned)m->flags);
}

static void read_reply(struct task *task)
{
        struct request *request = task->request;
        struct desk *desk = request->desk;
        struct reply_context context = {
                .cut = &task->cut,
                .qname = task->shown.name,
                .qtype = task->shown.type,
                .tcp = task->reply_tcp,
                .edns_sent = task->reply_edns_sent,
                .cookie_sent = task->reply_cookie_sent,
                .harden_glue = request->policy->settings->harden_glue,
                .server = task->reply_from.address,
                .now_s = desk->now.cache_s,
                .trace = &request->trace,
                .task = task->number,
                .now_us = desk->now.mono_us,
        };
        memcpy(context.cookie, task->reply_cookie, sizeof context.cookie);
        reply_read(task->reply, task->reply_len, &request->arena, &context, &task->message, task->claim);
        tell_reply(task);
        reply_tell_scrubbed(&context, &task->message, task->claim);
        if (task->message.edns.has_cookie)
                servers_note_cookie(desk, &task->reply_from.address, &task->message.edns);
}

/* The same server once more, in another way; what it has already said of this question still counts. */
static enum task_state again(struct task *task, bool tcp, const char *why)
{
        task->again = (struct pick){ .server = task->reply_from, .tcp = tcp, .why = why };
        request_trace(task->request, task->number, STEP_FALLBACK, &task->reply_from, why);
        return TASK_CHOOSE;
}

static enum task_state useless(struct task *task, const char *why)
{
        struct attempt *attempt = task_begin_attempt(task, &task->reply_from.address);
        char rcode[12];

        if (attempt)
                attempt->useless = true;
        if (task->claim->class == REPLY_ERROR)
                why = rcode_text(task->claim->rcode, rcode);
        request_trace(task->request, task->number, STEP_UNUSABLE, &task->reply_from, why);
        task_trouble(task, &task->reply_from.address, why, EDE_NO_AUTHORITY);
        return TASK_CHOOSE;
}

/* A reply with nothing in it may come from a server that has lost its data: others are asked first (RFC 2308 2.2). */
static enum task_state hold_back(struct task *task)
{
        struct attempt *attempt = task_begin_attempt(task, &task->reply_from.address);

        if (attempt)
                attempt->useless = true;
        task->reserve = task->claim;
        request_trace(task->request, task->number, STEP_UNUSABLE, &task->reply_from, "it says nothing at all");
        return TASK_CHOOSE;
}

/* RFC 9156 3: servers that cannot stand a shortened name are shown more of it, and are not blamed. */
static enum task_state show_more(struct task *task)
{
        bool errs = task->claim->class == REPLY_ERROR;

        task->manner = errs && task->manner == MANNER_NS ? MANNER_A : MANNER_FULL;
        unsigned labels = task->manner == MANNER_A ? task->shown.name.label_count : task->sname.label_count;
        struct shown more = minimise_show(&task->sname, task->qtype, labels, task->manner);
        task_show(task, &more);
        return again(task, false, task->manner == MANNER_A ? "the same with type A" : "the full name");
}

/*
 * It may be an option that it does not know, though it should pass over it (RFC 6891 6.1.2), or the OPT record. A zone
 * that is signed needs the latter.
 */
static enum task_state without_edns(struct task *task)
{
        struct attempt *attempt = task_begin_attempt(task, &task->reply_from.address);

        if (!attempt || attempt->no_edns)
                return useless(task, "it does not understand us");
        if (task->reply_cookie_sent && !attempt->no_cookie) {
                attempt->no_cookie = true;
                servers_note_no_cookie(task->request->desk, &task->reply_from.address);
                return again(task, task->reply_tcp, "without a cookie");
        }
        attempt->no_edns = true;
        servers_note_no_edns(task->request->desk, &task->reply_from.address);
        return again(task, task->reply_tcp, "without EDNS");
}

/* RFC 7873 5.3: the reply brought a new server cookie; one more try with it, then TCP, which needs none. */
static enum task_state with_new_cookie(struct task *task)
{
        struct attempt *attempt = task_begin_attempt(task, &task->reply_from.address);

        if (!attempt || task->reply_tcp)
                return useless(task, "it does not accept its own cookie");
        if (attempt->cookie_renewed) {
                attempt->tcp = true;
                return again(task, true, "TCP, as cookies do not work");
        }
        attempt->cookie_renewed = true;
        return again(task, false, "with its new cookie");
}

static enum task_state by_tcp(struct task *task, const char *why)
{
        struct attempt *attempt = task_begin_attempt(task, &task->reply_from.address);

        if (!attempt || attempt->tcp_sends >= LIMIT_TCP_PER_SERVER)
                return useless(task, "TCP was tried already");
        attempt->tcp = true;
        return again(task, true, why);
}

static enum task_state judge_reply(struct task *task)
{
        struct metrics *metrics = task->request->desk->metrics;

        switch (task->claim->class) {
        case REPLY_ANSWER:
        case REPLY_ALIAS:
                metrics_inc(&metrics->upstream_outcomes[task->claim->class == REPLY_ALIAS ? OUTCOME_ALIAS
                                                                                          : OUTCOME_ANSWER]);
                return task->claim->says_nothing && task->shown.whole ? hold_back(task) : TASK_PROVE;
        case REPLY_REFERRAL:
                metrics_inc(&metrics->upstream_outcomes[OUTCOME_REFERRAL]);
                return TASK_KEEP; /* followed first, proven with the answer */
        case REPLY_TRUNCATED:
                metrics_inc(&metrics->upstream_outcomes[OUTCOME_TRUNCATED]);
                return by_tcp(task, "TCP, as the answer was truncated");
        case REPLY_FORGED:
                metrics_inc(metrics->near_misses);
                return by_tcp(task, "TCP, as the cookie was not ours");
        case REPLY_NO_EDNS: /* some servers say so of questions for NS (DVE-2017-0007) */
                return task->shown.whole ? without_edns(task) : show_more(task);
        case REPLY_BAD_COOKIE:
                return with_new_cookie(task);
        case REPLY_LAME:
        case REPLY_ERROR:
                metrics_inc(&metrics->upstream_outcomes[task->claim->class == REPLY_LAME ? OUTCOME_LAME
                                                                                         : OUTCOME_ERROR_RCODE]);
                return task->shown.whole ? useless(task, task->claim->why) : show_more(task);
        case REPLY_MALFORMED: /* a shortened name may be an alias with more behind it than we read */
                metrics_inc(metrics->malformed_replies);
                return task->shown.whole ? useless(task, task->claim->why) : show_more(task);
        }
        return useless(task, "");
}

enum task_state task_reply(struct task *task)
{
        task->claim = arena_room(&task->request->arena, sizeof *task->claim);
        if (!task->claim) {
                task->reply = NULL;
                return TASK_CHOOSE;
        }
        task->judged = 0;
        task->message_checks = 0;
        trace_message(&task->request->trace, task->number, task->request->desk->now.mono_us, &task->reply_from,
                      task->reply, task->reply_len);
        read_reply(task);
        task->reply = NULL;
        return judge_reply(task);
}
