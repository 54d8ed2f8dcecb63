#include "resolver.h"

#include "cache/cache.h"
#include "cache/front.h"
#include "config/share.h"
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/door.h"
#include "resolve/request.h"
#include <stdlib.h>

enum {
        OUTBOX_MAX = 64 << 20,
        TIMERS_MAX = 65536,
        CHECKS_REMEMBERED = 16384,
        KEYS_READY = 2048,
};

struct resolver {
        struct desk desk;
};

/* What signatures may be made with is a setting, and the same for all questions of a worker. */
static void desk_take_crypto(struct desk *desk)
{
        const struct settings *settings = desk->policy->settings;

        desk->crypto = (struct crypto_policy){ .sha1 = settings->allow_sha1, .rsa_min_bits = settings->rsa_min_bits };
}

static bool desk_open(struct desk *desk, const struct resolver_host *host)
{
        const struct memory_share share = memory_share_of(host->policy->settings, host->worker_count);
        uint8_t secret[SIPHASH_KEY_LEN];

        rng_init(&desk->rng, host->seed);
        rng_bytes(&desk->rng, secret, sizeof secret);
        cookie_secrets_rotate(&desk->cookies, host->cookie_secret);
        desk->policy = policy_hold(host->policy);
        desk->metrics = host->metrics;
        desk_take_crypto(desk);
        doubt_init(&desk->doubt);
        desk->worker = host->worker;
        arena_init(&desk->outbox, OUTBOX_MAX);
        timers_init(&desk->flight_timers, TIMERS_MAX);
        timers_init(&desk->request_timers, TIMERS_MAX);
        desk->cache = cache_new(host->store, host->hand, host->policy->settings);
        if (desk->cache)
                cache_adopt(desk->cache, host->policy->settings, host->policy->anchors);
        desk->front = front_new(share.front, secret);
        desk->request_memory.max = share.requests;
        return desk->cache && desk->front &&
               map_init(&desk->open, LIMIT_REQUESTS_PER_WORKER, secret, NULL, NULL) == ERR_OK &&
               flights_init(&desk->flights, secret) == ERR_OK && crowd_init(&desk->crowd, secret) == ERR_OK &&
               servers_init(&desk->servers, secret) == ERR_OK && key_ring_init(&desk->key_ring, secret) == ERR_OK &&
               key_shelf_init(&desk->key_shelf, KEYS_READY, secret) == ERR_OK &&
               check_memo_init(&desk->memo, CHECKS_REMEMBERED, secret) == ERR_OK;
}

static void desk_close(struct desk *desk)
{
        while (desk->first)
                request_end(desk->first);
        for (struct request *spare = desk->spare, *next; spare; spare = next) {
                next = spare->next;
                arena_fini(&spare->arena);
                free(spare);
        }
        key_ring_fini(&desk->key_ring);
        key_shelf_fini(&desk->key_shelf);
        check_memo_fini(&desk->memo);
        flights_fini(&desk->flights);
        servers_fini(&desk->servers);
        crowd_fini(&desk->crowd);
        map_fini(&desk->open);
        timers_fini(&desk->flight_timers);
        timers_fini(&desk->request_timers);
        if (desk->front)
                front_free(desk->front);
        if (desk->cache)
                cache_free(desk->cache);
        free(desk->actions.item);
        arena_fini(&desk->outbox);
        policy_release(desk->policy);
}

struct resolver *resolver_new(const struct resolver_host *host)
{
        struct resolver *r = calloc(1, sizeof *r);

        if (r && !desk_open(&r->desk, host)) {
                resolver_free(r);
                return NULL;
        }
        return r;
}

void resolver_free(struct resolver *r)
{
        if (!r)
                return;
        desk_close(&r->desk);
        free(r);
}

bool resolver_asked(const struct resolver *r, struct trace_id *out)
{
        static const struct trace_id none;

        *out = r->desk.asked;
        return memcmp(out, &none, sizeof none) != 0;
}

/* The host has taken all actions, or never will: their bytes can go. */
static void clear_outbox(struct desk *desk)
{
        desk->actions.count = desk->actions.taken = 0;
        arena_reset(&desk->outbox, (struct arena_mark){ .block = NULL });
}

static void take_event(struct desk *desk, const struct event *event)
{
        switch (event->kind) {
        case EVENT_QUESTION:
                door_question(desk, event);
                break;
        case EVENT_REPLY:
                flight_reply(desk, event->reply.flight, event->reply.bytes, event->reply.len, event->reply.arrived_us);
                break;
        case EVENT_FAILURE:
                flight_failure(desk, event->failure.flight, event->failure.why);
                break;
        case EVENT_GONE:
                request_gone(desk, event->gone.client);
                break;
        case EVENT_CHECKED:
                desk_checked(desk, event->checked.check, event->checked.good);
                break;
        case EVENT_EXPLAINED:
                enquiry_answer(desk, event->explained.text, event->explained.len);
                break;
        case EVENT_TICK:
                break;
        }
}

#define TIMER_OWNER(timer, type) ((type *)(void *)((char *)(timer)-offsetof(type, timer)))

/* Clients wait no longer than promised; servers are blamed on ticks alone, before which replies have been read. */
static void run_timers(struct desk *desk, bool tick)
{
        struct timer *timer;

        while (tick && (timer = timers_take(&desk->flight_timers, desk->now.mono_us)))
                flight_on_time(desk, TIMER_OWNER(timer, struct flight));
        while ((timer = timers_take(&desk->request_timers, desk->now.mono_us)))
                request_on_time(TIMER_OWNER(timer, struct request));
}

static void run_awake(struct desk *desk)
{
        struct request *request;

        while ((request = desk->awake)) {
                desk->awake = request->wake_next;
                request_run(request);
        }
}

void resolver_feed(struct resolver *r, const struct event *event, struct moment now)
{
        struct desk *desk = &r->desk;

        clear_outbox(desk);
        desk->now = now;
        doubt_begin(desk);
        cache_begin(desk->cache, &now);
        take_event(desk, event);
        run_awake(desk);
        run_timers(desk, event->kind == EVENT_TICK);
        run_awake(desk);
        prefetch_start(desk);
        run_awake(desk);
        cache_end(desk->cache);
}

bool resolver_next(struct resolver *r, struct action *out)
{
        struct action_queue *queue = &r->desk.actions;

        if (queue->taken == queue->count)
                return false;
        *out = queue->item[queue->taken++];
        return true;
}

uint64_t resolver_deadline(const struct resolver *r)
{
        uint64_t flight = timers_next(&r->desk.flight_timers);
        uint64_t request = timers_next(&r->desk.request_timers);
        uint64_t batch = cache_batch_due(r->desk.cache);
        uint64_t next = flight < request ? flight : request;

        next = batch < next ? batch : next;
        return next == UINT64_MAX ? UINT64_MAX : (next + 999) / 1000;
}

static void hand_over_batch(struct desk *desk)
{
        struct batch *batch = cache_take_batch(desk->cache);
        struct action *action = batch ? desk_act(desk, ACTION_STORE) : NULL;

        if (action)
                action->store.batch = batch;
}

void resolver_settle(struct resolver *r, bool all)
{
        struct desk *desk = &r->desk;

        cache_tend(desk->cache);
        if (all || cache_batch_due(desk->cache) <= desk->now.mono_us)
                hand_over_batch(desk);
}

void resolver_adopt(struct resolver *r, const struct policy *policy)
{
        struct desk *desk = &r->desk;
        const struct policy *before = desk->policy;

        desk->policy = policy_hold(policy);
        cache_adopt(desk->cache, policy->settings, policy->anchors);
        desk_take_crypto(desk);
        key_ring_forget(&desk->key_ring);
        key_shelf_forget(&desk->key_shelf);
        policy_release(before);
}

void resolver_forget(struct resolver *r)
{
        cache_forget(r->desk.cache);
        front_forget(r->desk.front);
}
