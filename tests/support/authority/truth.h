#pragma once
/*
 * What a perfect resolver would answer; see authority_truth().
 */
#include "response.h"
#include "servers.h"

/** Fill a response with the truth about the query, without signatures. */
void truth_fill(struct authority *authority, const struct query *query, struct response *response);
