#pragma once
/*
 * The door: first look at a client's message. Sane? allowed? cookie? Then a request is opened, or joined.
 */
#include "resolve/border.h"

struct desk;

/** Take a question from the host. Leads to ANSWER, DROP, or a request that runs. */
void door_question(struct desk *desk, const struct event *event);
