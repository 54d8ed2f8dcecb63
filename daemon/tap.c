/* What a worker tells dnstap. */
#include "tap.h"
#include "dnstap.h"
#include "worker.h"
#include <string.h>

static void tell(struct worker *worker, struct dnstap_message *message, const uint8_t *bytes, size_t len)
{
        message->now = &worker->clock.now;
        message->bytes = bytes;
        message->len = len;
        dnstap_tell(worker->host.dnstap, worker->index, &worker->metrics, message);
}

void tap_question(struct worker *worker, const struct event *question)
{
        struct trace_id trace;

        if (!worker->host.dnstap || question->question.transport == TRANSPORT_CONTROL)
                return;
        struct dnstap_message message = {
                .kind = DNSTAP_CLIENT_QUERY,
                .transport = question->question.transport,
                .asker = question->question.from,
                .asked = { .address = question->question.to },
                .trace = resolver_asked(worker->resolver, &trace) ? &trace : NULL,
        };
        tell(worker, &message, question->question.bytes, question->question.len);
}

void tap_answer(struct worker *worker, const struct action *answer)
{
        static const struct trace_id none;
        struct dnstap_message message = { .kind = DNSTAP_CLIENT_RESPONSE };

        if (!worker->host.dnstap || !listen_asker(&worker->listen, answer->answer.client, &message.asker,
                                                  &message.asked.address, &message.transport))
                return;
        if (memcmp(&answer->answer.trace, &none, sizeof none) != 0)
                message.trace = &answer->answer.trace;
        tell(worker, &message, answer->answer.bytes, answer->answer.len);
}

static void tell_exchange(struct worker *worker, enum dnstap_kind kind, const struct exchange *exchange,
                          const uint8_t *bytes, size_t len)
{
        if (!worker->host.dnstap)
                return;
        struct dnstap_message message = {
                .kind = kind,
                .transport = exchange->transport,
                .asked = exchange->to,
                .trace = &exchange->trace,
        };
        tell(worker, &message, bytes, len);
}

void tap_send(struct worker *worker, const struct exchange *exchange, const uint8_t *bytes, size_t len)
{
        tell_exchange(worker, DNSTAP_RESOLVER_QUERY, exchange, bytes, len);
}

void tap_reply(struct worker *worker, const struct exchange *exchange, const uint8_t *bytes, size_t len)
{
        tell_exchange(worker, DNSTAP_RESOLVER_RESPONSE, exchange, bytes, len);
}
