#pragma once
/*
 * Additional data (RFC 1034 4.3.2, step 6): the addresses of the names in an answer, for clients that will ask for them
 * next. Only what the cache or this request's notes hold already; nothing is ever asked for it.
 */
#include "cache/entry.h"
#include "config/limits.h"

struct request;

enum { ADDITIONAL_MAX = 2 * LIMIT_ADDITIONAL_NAMES };

/**
 * The address sets at hand for the names in a set of type MX, SRV, NS, SVCB or HTTPS, in the order of its records;
 * none for other types. They live in the request's arena.
 *
 *   out  out  room for ADDITIONAL_MAX
 *
 * Returns how many there are.
 */
unsigned additional_gather(struct request *request, const struct rrset *set, const struct finding *out[ADDITIONAL_MAX]);
