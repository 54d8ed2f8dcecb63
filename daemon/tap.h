#pragma once
/*
 * What a worker tells dnstap: each question and answer of its clients, each message to a server and each reply. Nothing
 * happens when nobody listens.
 */
#include "resolver.h"
#include "upstream.h"

struct worker;

/** A question came, and the resolver has seen it. What was asked through the control channel is no message. */
void tap_question(struct worker *worker, const struct event *question);

/** ACTION_ANSWER, before the client is taken out of the table. */
void tap_answer(struct worker *worker, const struct action *answer);

/** A message is sent to a server. */
void tap_send(struct worker *worker, const struct exchange *exchange, const uint8_t *bytes, size_t len);

/** Something came back for it. */
void tap_reply(struct worker *worker, const struct exchange *exchange, const uint8_t *bytes, size_t len);
