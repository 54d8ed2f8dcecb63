#include "virtual.h"
#include "cache/settle.h"
#include "config/config.h"
#include "dnssec/follow.h"
#include "policy/policy.h"
#include "store/store.h"
#include "watch/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STORE_BYTES = 64 << 20, TICKS_IN_PLACE = 1000 };

static const uint64_t mono_start_us = 1000000000; /* so that no time is 0 */

/* What will reach the resolver: the bytes of a reply, or a failure. */
struct delivery {
        uint64_t at_us;
        uint64_t number; /* those of one moment come in the order of sending */
        uint32_t flight;
        enum failure why;
        uint8_t *bytes; /* NULL: a failure */
        size_t len;
};

enum { CHECKS_MAX = 256 };

struct virtual
{
        struct virtual_hooks hooks;
        bool explain; /* somebody asks about a trace */
        void (*fed)(void *context);
        void *fed_context;
        struct resolver *resolver;
        struct store *store;
        struct hand *hand;
        struct metrics metrics;
        const struct policy *policy;
        struct follower *follower;
        bool followed_anew;
        uint64_t mono_us, wall_us, cache_us;
        struct delivery *heap; /* a binary heap by time */
        size_t count, room;
        uint64_t number;
        struct check *check[CHECKS_MAX]; /* jobs handed out, to be done when the actions are drained */
        unsigned check_count;
        unsigned ticks; /* in a row without a move of time */
};

/* --- The heap of deliveries --------------------------------------------------------------------------------------- */

static bool is_earlier(const struct delivery *a, const struct delivery *b)
{
        return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static void swap(struct delivery *a, struct delivery *b)
{
        struct delivery t = *a;

        *a = *b;
        *b = t;
}

static void sift_up(struct virtual *v, size_t i)
{
        for (; i && is_earlier(&v->heap[i], &v->heap[(i - 1) / 2]); i = (i - 1) / 2)
                swap(&v->heap[i], &v->heap[(i - 1) / 2]);
}

static void sift_down(struct virtual *v, size_t i)
{
        for (;;) {
                size_t least = i;

                for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < v->count; child++)
                        if (is_earlier(&v->heap[child], &v->heap[least]))
                                least = child;
                if (least == i)
                        return;
                swap(&v->heap[i], &v->heap[least]);
                i = least;
        }
}

static void push(struct virtual *v, struct delivery delivery)
{
        if (v->count == v->room) {
                v->room = v->room ? v->room * 2 : 64;
                v->heap = realloc(v->heap, v->room * sizeof *v->heap);
                if (!v->heap)
                        abort();
        }
        delivery.number = v->number++;
        v->heap[v->count++] = delivery;
        sift_up(v, v->count - 1);
}

static struct delivery take(struct virtual *v, size_t i)
{
        struct delivery taken = v->heap[i];

        v->heap[i] = v->heap[--v->count];
        if (i < v->count) {
                sift_up(v, i);
                sift_down(v, i);
        }
        return taken;
}

static void forget_flight(struct virtual *v, uint32_t flight)
{
        for (size_t i = 0; i < v->count;) {
                if (v->heap[i].flight == flight)
                        free(take(v, i).bytes);
                else
                        i++;
        }
}

/* --- Actions ------------------------------------------------------------------------------------------------------ */

static void store_batch(struct virtual *v, struct batch *batch)
{
        settle_apply(v->store, v->hand, &batch, 1, v->cache_us / 1000000);
}

/* What is trusted now, for the resolver and for those to come. */
static void learn(struct virtual *v)
{
        struct learned learned;
        struct arena arena;

        arena_init(&arena, STORE_BYTES);
        if (!follow_learned(v->follower, &arena, &learned))
                abort();
        const struct policy *next = policy_learn(v->policy, &learned);
        arena_fini(&arena);
        if (!next)
                abort();
        policy_release(v->policy);
        v->policy = next;
        if (v->resolver)
                resolver_adopt(v->resolver, next);
}

static void take_news(struct virtual *v, const struct action *action)
{
        struct reader reader = reader_over(action->publish.bytes, action->publish.len);
        struct sighting sighting;

        if (action->publish.news == NEWS_KEYS && sighting_read(&reader, &sighting) == ERR_OK)
                v->followed_anew |= follow_see(v->follower, &sighting, v->wall_us / 1000000, NULL, NULL) == FOLLOW_TRUST;
}

static void perform(struct virtual *v, const struct action *action)
{
        switch (action->kind) {
        case ACTION_SEND: v->hooks.sent(v->hooks.context, action); break;
        case ACTION_RECALL: forget_flight(v, action->recall.flight); break;
        case ACTION_CHECK:
                if (v->check_count < CHECKS_MAX)
                        v->check[v->check_count++] = action->check.job;
                else
                        check_free(action->check.job);
                break;
        case ACTION_STORE: store_batch(v, action->store.batch); break;
        case ACTION_ANSWER:
                v->hooks.answered(v->hooks.context, action->answer.client, action->answer.bytes, action->answer.len);
                break;
        case ACTION_DROP: v->hooks.answered(v->hooks.context, action->drop.client, NULL, 0); break;
        case ACTION_RECORD:
                if (v->hooks.recorded)
                        v->hooks.recorded(v->hooks.context, action);
                break;
        case ACTION_EXPLAIN: v->explain = true; break;
        case ACTION_PUBLISH: take_news(v, action); break;
        }
}

static void feed_one(struct virtual *v, const struct event *event)
{
        struct action action;

        resolver_feed(v->resolver, event, virtual_now(v));
        while (resolver_next(v->resolver, &action))
                perform(v, &action);
        if (v->explain) { /* no trace is kept here */
                v->explain = false;
                resolver_feed(v->resolver, &(struct event){ .kind = EVENT_EXPLAINED }, virtual_now(v));
                while (resolver_next(v->resolver, &action))
                        perform(v, &action);
        }
        if (v->followed_anew)
                learn(v);
        v->followed_anew = false;
        resolver_settle(v->resolver, true); /* a writer that is always quicker than the next event */
        while (resolver_next(v->resolver, &action))
                perform(v, &action);
        if (v->fed)
                v->fed(v->fed_context);
}

/* Signatures are checked in no time. */
static void feed(struct virtual *v, const struct event *event)
{
        feed_one(v, event);
        while (v->check_count) {
                struct check *check = v->check[--v->check_count];
                struct event checked = { .kind = EVENT_CHECKED,
                                         .checked = { .check = check->number, .good = check_run(check) } };

                check_free(check);
                feed_one(v, &checked);
        }
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static const struct policy *read_policy(const char *yaml, char *complaint)
{
        static struct config_complaints complaints;
        struct settings *settings = config_parse("settings", yaml, strlen(yaml), &complaints);
        const struct policy *policy = settings ? policy_new(settings, NULL, 0) : NULL;

        if (!policy)
                snprintf(complaint, VIRTUAL_COMPLAINT_MAX, "%s",
                         complaints.count ? complaints.item[0].text : "no policy");
        return policy;
}

struct virtual *virtual_new(const char *yaml, uint64_t wall_s, uint64_t seed, const struct virtual_hooks *hooks,
                            char complaint[VIRTUAL_COMPLAINT_MAX])
{
        struct virtual *v = calloc(1, sizeof *v);
        struct resolver_host host = { .worker_count = 1 };

        if (!v)
                abort();
        *v = (struct virtual){ .hooks = *hooks, .mono_us = mono_start_us, .wall_us = wall_s * 1000000 };
        v->cache_us = v->wall_us;
        memcpy(host.seed, &seed, sizeof seed);
        v->policy = read_policy(yaml, complaint);
        if (!v->policy) {
                virtual_free(v);
                return NULL;
        }
        v->follower = calloc(1, sizeof *v->follower);
        if (!v->follower)
                abort();
        follow_adopt(v->follower, v->policy->settings, wall_s);
        learn(v);
        v->store = store_ram_new(STORE_BYTES, host.seed);
        v->hand = hand_new(STORE_BYTES, 0);
        host.policy = v->policy;
        host.store = v->store;
        host.hand = v->hand;
        host.metrics = &v->metrics;
        v->resolver = v->store ? resolver_new(&host) : NULL;
        if (!v->resolver) {
                snprintf(complaint, VIRTUAL_COMPLAINT_MAX, "no resolver");
                virtual_free(v);
                return NULL;
        }
        return v;
}

void virtual_free(struct virtual *v)
{
        if (v->resolver)
                resolver_free(v->resolver);
        if (v->store)
                store_close(v->store);
        if (v->hand)
                hand_free(v->hand);
        if (v->policy)
                policy_release(v->policy);
        for (size_t i = 0; i < v->count; i++)
                free(v->heap[i].bytes);
        free(v->heap);
        free(v->follower);
        free(v);
}

struct moment virtual_now(const struct virtual *v)
{
        return (struct moment){ .mono_us = v->mono_us,
                                .wall_s = v->wall_us / 1000000,
                                .cache_s = v->cache_us / 1000000 };
}

/* The cache's clock follows the wall when that jumps ahead, and never goes back (base/moment.h). */
static void advance(struct virtual *v, uint64_t us)
{
        v->mono_us += us;
        v->wall_us += us;
        v->cache_us += us;
        if (v->cache_us < v->wall_us)
                v->cache_us = v->wall_us;
        if (us)
                v->ticks = 0;
}

void virtual_jump(struct virtual *v, int64_t seconds)
{
        v->wall_us += (uint64_t)(seconds * 1000000);
        advance(v, 0);
}

/* --- Events ------------------------------------------------------------------------------------------------------- */

void virtual_ask(struct virtual *v, uint64_t client, const struct endpoint *from, enum transport transport,
                 const uint8_t *bytes, size_t len)
{
        struct event event = {
                .kind = EVENT_QUESTION,
                .question = { .client = client,
                              .from = *from,
                              .to = from->address,
                              .transport = transport,
                              .arrived_us = v->mono_us,
                              .bytes = bytes,
                              .len = len },
        };

        feed(v, &event);
}

void virtual_gone(struct virtual *v, uint64_t client)
{
        struct event event = { .kind = EVENT_GONE, .gone = { .client = client } };

        feed(v, &event);
}

void virtual_deliver(struct virtual *v, uint32_t flight, uint64_t delay_us, const uint8_t *bytes, size_t len)
{
        struct delivery delivery = {
                .at_us = v->mono_us + delay_us, .flight = flight, .bytes = malloc(len + 1), .len = len
        };

        if (!delivery.bytes)
                abort();
        memcpy(delivery.bytes, bytes, len);
        push(v, delivery);
}

void virtual_fail(struct virtual *v, uint32_t flight, uint64_t delay_us, enum failure why)
{
        push(v, (struct delivery){ .at_us = v->mono_us + delay_us, .flight = flight, .why = why });
}

static void deliver(struct virtual *v)
{
        struct delivery next = take(v, 0);
        struct event event = { .kind = next.bytes ? EVENT_REPLY : EVENT_FAILURE };

        if (next.bytes) {
                event.reply.flight = next.flight;
                event.reply.arrived_us = v->mono_us;
                event.reply.bytes = next.bytes;
                event.reply.len = next.len;
        } else {
                event.failure.flight = next.flight;
                event.failure.why = next.why;
        }
        feed(v, &event);
        free(next.bytes);
}

void virtual_tick(struct virtual *v)
{
        struct event event = { .kind = EVENT_TICK };

        feed_one(v, &event);
}

static void tick(struct virtual *v)
{
        struct event event = { .kind = EVENT_TICK };

        if (++v->ticks > TICKS_IN_PLACE) {
                fprintf(stderr, "the resolver wants a TICK again and again at the same time\n");
                abort();
        }
        feed(v, &event);
}

bool virtual_step(struct virtual *v, uint64_t until_us)
{
        uint64_t deadline_ms = resolver_deadline(v->resolver), tick_us, next_us;

        tick_us = deadline_ms > UINT64_MAX / 1000 ? UINT64_MAX : deadline_ms * 1000;
        next_us = v->count && v->heap[0].at_us <= tick_us ? v->heap[0].at_us : tick_us;
        if (next_us > until_us) {
                if (until_us > v->mono_us)
                        advance(v, until_us - v->mono_us);
                return false;
        }
        if (next_us > v->mono_us)
                advance(v, next_us - v->mono_us);
        if (v->count && v->heap[0].at_us <= v->mono_us)
                deliver(v);
        else
                tick(v);
        return true;
}

size_t virtual_pending(const struct virtual *v)
{
        return v->count;
}

const struct metrics *virtual_metrics(const struct virtual *v)
{
        return &v->metrics;
}

void virtual_watch(struct virtual *v, void (*fed)(void *context), void *context)
{
        v->fed = fed;
        v->fed_context = context;
}

struct resolver *virtual_resolver(const struct virtual *v)
{
        return v->resolver;
}

struct store *virtual_store(const struct virtual *v)
{
        return v->store;
}
