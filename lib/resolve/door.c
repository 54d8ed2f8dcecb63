#include "resolve/door.h"

#include "policy/access.h"
#include "policy/policy.h"
#include "resolve/answer.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/task.h"
#include "wire/rrtype.h"
#include <string.h>

static void drop(struct desk *desk, uint64_t client, enum metric_drop cause)
{
        struct action *action = desk_act(desk, ACTION_DROP);

        if (action)
                action->drop.client = client;
        metrics_inc(&desk->metrics->drops[cause]);
}

static struct listener listener_for(const struct event *event, const struct query *query)
{
        return (struct listener){
                .client = event->question.client,
                .from = event->question.from,
                .transport = event->question.transport,
                .watched = event->question.watched,
                .arrived_us = event->question.arrived_us,
                .id = query->id,
                .flags = query->flags,
                .qname = query->question.name,
                .edns = query->edns,
        };
}

/* A message that is no proper query: is anything to be said about it? True when it is dealt with. */
static bool turned_away_unread(struct desk *desk, const struct listener *to, const struct query *query, enum err err)
{
        const struct question *question = query->question_end ? &query->question : NULL;

        if (err == ERR_OK)
                return false;
        metrics_inc(desk->metrics->malformed_questions);
        if (err == ERR_SHORT)
                drop(desk, to->client, DROP_NO_HEADER);
        else if (err == ERR_SUPPORT)
                answer_plain(desk, to, question, RCODE_NOTIMP, EDE_NONE, NULL);
        else
                answer_plain(desk, to, question, RCODE_FORMERR, EDE_NONE, NULL);
        return true;
}

/* Questions that no resolver answers, whoever asks. True when it is dealt with. */
static bool turned_away(struct desk *desk, const struct listener *to, const struct query *query)
{
        const struct question *question = &query->question;

        if (query->edns.version > 0) {
                answer_plain(desk, to, question, RCODE_BADVERS, EDE_NONE, NULL); /* RFC 6891 6.1.3 */
        } else if (question->class != CLASS_IN) {
                answer_plain(desk, to, question, RCODE_REFUSED, EDE_NOT_SUPPORTED, "only class IN is served");
        } else if (question->type == TYPE_ANY && desk->policy->settings->minimal_any && !to->trusted) {
                answer_any(desk, to, question);
        } else if (rrtype_is_meta(question->type) && question->type != TYPE_ANY) {
                answer_plain(desk, to, question, RCODE_REFUSED, EDE_NOT_SUPPORTED,
                             "this type cannot be asked of a resolver");
        } else if (!(query->flags & FLAG_RD) && !desk->policy->settings->allow_no_recursion) {
                answer_plain(desk, to, question, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE,
                             "questions without RD are not answered here");
        } else {
                return false;
        }
        return true;
}

static bool allowed(const struct desk *desk, const struct listener *to)
{
        return to->transport == TRANSPORT_CONTROL || policy_client(desk->policy, &to->from.address);
}

/* TCP proves the client's address, and so does a cookie that we made for it. */
static bool is_trusted(const struct desk *desk, const struct listener *to)
{
        const struct edns *edns = &to->edns;

        if (to->transport != TRANSPORT_UDP)
                return true;
        return edns->has_cookie && edns->cookie_server_len &&
               access_cookie_check(&desk->cookies, &to->from.address, edns->cookie_client, edns->cookie_server,
                                   edns->cookie_server_len, desk->now.wall_s) != COOKIE_BAD;
}

/* A load balancer that we trust says to which trace its question belongs: then that is what is kept, and quoted. */
static void share_trace(struct request *request, const struct listener *to)
{
        const struct prefix_list *parents = &request->policy->settings->trace_parents;
        struct trace_id id;

        if (!to->edns.has_traceparent || !prefix_list_holds(parents, &to->from.address))
                return;
        memcpy(id.bytes, to->edns.trace_id, sizeof id.bytes);
        trace_adopt(&request->trace, &id, to->edns.trace_parent);
        request->facts.asked = to->edns.trace_sampled;
}

static void open_request(struct desk *desk, const struct listener *to, const struct query *query,
                         const struct ways *ways)
{
        struct request *request = request_open(desk, &query->question, query->flags, ways);

        if (!request) {
                drop(desk, to->client, DROP_OVERLOAD);
                return;
        }
        if (!request_join(request, to)) {
                drop(desk, to->client, DROP_CLIENT_SHARE);
                request_end(request);
                return;
        }
        share_trace(request, to);
        desk->asked = request->trace.id;
        request_trace(request, 0, STEP_QUESTION, &to->qname, (unsigned)query->question.type, (unsigned)query->flags,
                      &to->from, transport_word(to->transport));
        request->root = task_new(request, NULL, &request->question.name, query->question.type, PURPOSE_QUESTION);
        if (!request->root) {
                drop(desk, to->client, DROP_MEMORY);
                request_end(request);
        }
}

void door_question(struct desk *desk, const struct event *event)
{
        struct query query;
        enum err err = query_read(event->question.bytes, event->question.len, &query);
        struct listener to = listener_for(event, &query);

        desk->asked = (struct trace_id){ 0 };
        metrics_inc(&desk->metrics->questions[to.transport]);
        if (event->question.transport == TRANSPORT_UDP && !event->question.from.port) {
                drop(desk, to.client, DROP_NO_HEADER); /* nobody can be there */
                return;
        }
        if (turned_away_unread(desk, &to, &query, err))
                return;
        if (!allowed(desk, &to)) {
                metrics_inc(&desk->metrics->drops[DROP_NOT_ALLOWED]);
                answer_plain(desk, &to, &query.question, RCODE_REFUSED, EDE_PROHIBITED,
                             "this client's network is not in the setting allow");
                return;
        }
        to.trusted = is_trusted(desk, &to);
        if (enquiry_take(desk, &to, &query.question) || turned_away(desk, &to, &query))
                return;
        bool plain = !event->question.watched;
        bool by_front = plain && !desk->policy->settings->trace_answers && /* what leaves a line must leave a trace */
                        !(to.edns.has_traceparent && desk->policy->settings->trace_parents.count);
        if (by_front && answer_from_front(desk, &to, &query.question))
                return;
        struct request *open = plain ? request_find(desk, &query.question, query.flags) : NULL;
        if (!open) {
                open_request(desk, &to, &query, &event->question.ways);
        } else if (request_join(open, &to)) {
                desk->asked = open->trace.id;
                metrics_inc(desk->metrics->joins);
        } else {
                drop(desk, to.client, DROP_CLIENT_SHARE);
        }
}
