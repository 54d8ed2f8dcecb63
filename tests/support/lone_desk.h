#pragma once
/*
 * A resolver alone at its desk: for tests of single files of lib/resolve, which work on a desk, a request or a task. It
 * has a store in memory and settings from text; nobody answers it, and nothing happens that the test does not do.
 */
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/task.h"
#include "resolver.h"
#include "store/store.h"

struct lone_desk {
        struct resolver *resolver;
        struct desk *desk; /* of the resolver */
        struct store *store;
        struct hand *hand;
        const struct policy *policy;
        struct metrics metrics;
        struct moment now;
        struct arena arena; /* of the test */
};

enum { LONE_WALL_S = 1750000000 };

/** Settings in YAML; aborts when they are wrong. `seed`: of all dice. */
void lone_open(struct lone_desk *lone, const char *yaml, uint64_t seed);
void lone_close(struct lone_desk *lone);

/** A new event begins, so many milliseconds later: earlier actions are dropped. */
void lone_pass(struct lone_desk *lone, uint64_t ms);

/** So many milliseconds pass, with a tick whenever a timer is due; actions of before are dropped. */
void lone_wait(struct lone_desk *lone, uint64_t ms);

/** Feed an event; what was put into the cache is settled. The actions can be taken with resolver_next(). */
void lone_feed(struct lone_desk *lone, const struct event *event);

/** What was put into the cache since goes to the store. */
void lone_settle(struct lone_desk *lone);

/** A request without audience and its root task, which has not run. NULL when there is no place. */
struct request *lone_request(struct lone_desk *lone, const char *qname, uint16_t qtype);

/** A name that lives as long as the desk. */
struct name lone_name(struct lone_desk *lone, const char *text);

/** An address; aborts when it is none. */
struct address lone_address(const char *text);

/** How many actions of a kind wait to be taken, and the last of them; NULL: none. */
unsigned lone_count(const struct lone_desk *lone, enum action_kind kind);
const struct action *lone_last(const struct lone_desk *lone, enum action_kind kind);
