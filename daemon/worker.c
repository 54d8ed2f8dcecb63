/* The pump. */
#include "worker.h"
#include "archive.h"
#include "asking.h"
#include "explain.h"
#include "keeper.h"
#include "policy/policy.h"
#include "tap.h"
#include "writer.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { MAILBOX_MAX = 1024, US_PER_MS = 1000, NS_PER_US = 1000 };

/* --- Actions ------------------------------------------------------------------------------------------------------ */

static void perform_send(struct worker *worker, const struct action *action)
{
        upstream_send(&worker->upstream, action);
}

static void perform_recall(struct worker *worker, const struct action *action)
{
        upstream_recall(&worker->upstream, action->recall.flight);
}

static void perform_check(struct worker *worker, const struct action *action)
{
        helper_add(&worker->helper, action->check.job);
}

static void perform_store(struct worker *worker, const struct action *action)
{
        (void)writer_take(worker->host.writer, action->store.batch);
}

static void perform_answer(struct worker *worker, const struct action *action)
{
        tap_answer(worker, action);
        listen_answer(&worker->listen, action->answer.client, action->answer.bytes, action->answer.len);
}

static void perform_drop(struct worker *worker, const struct action *action)
{
        listen_drop(&worker->listen, action->drop.client);
}

static void perform_record(struct worker *worker, const struct action *action)
{
        const struct client *client = clients_find(&worker->listen.clients, action->record.client);

        if (!action->record.len)
                return;
        if (client && client->kind == CLIENT_CONTROL)
                asking_trace(client->asking, action->record.bytes, action->record.len);
        if (!action->record.keep)
                return;
        struct archive_offer offer = {
                .reasons = action->record.reasons,
                .walked = action->record.walked,
                .final = action->record.final,
                .bytes = action->record.bytes,
                .len = action->record.len,
        };
        archive_offer(worker->host.archive, &worker->clock.now, &worker->metrics, &offer);
}

/* The answer is the next event, so it has to wait until all actions of this one are done. */
static void perform_explain(struct worker *worker, const struct action *action)
{
        (void)snprintf(worker->explain, sizeof worker->explain, "%s", action->explain.word);
}

static void perform_publish(struct worker *worker, const struct action *action)
{
        keeper_publish(worker->host.keeper, action);
}

static void (*const perform[])(struct worker *worker, const struct action *action) = {
        [ACTION_SEND] = perform_send,     [ACTION_RECALL] = perform_recall, [ACTION_CHECK] = perform_check,
        [ACTION_STORE] = perform_store,   [ACTION_ANSWER] = perform_answer, [ACTION_DROP] = perform_drop,
        [ACTION_RECORD] = perform_record, [ACTION_EXPLAIN] = perform_explain, [ACTION_PUBLISH] = perform_publish,
};

static void perform_all(struct worker *worker)
{
        struct action action;

        while (resolver_next(worker->resolver, &action))
                perform[action.kind](worker, &action);
}

/* Tell of messages that could not be sent, or whose connection broke. */
static void tell_failures(struct worker *worker)
{
        struct event event;

        while (upstream_next_failure(&worker->upstream, &event)) {
                resolver_feed(worker->resolver, &event, worker->clock.now);
                perform_all(worker);
        }
}

/* Somebody asked about a trace. */
static void tell_trace(struct worker *worker)
{
        struct event event = { .kind = EVENT_EXPLAINED };
        char *text = explain_trace(worker->traces, worker->explain, &event.explained.len);

        worker->explain[0] = 0;
        event.explained.text = text;
        resolver_feed(worker->resolver, &event, worker->clock.now);
        perform_all(worker);
        free(text);
}

void worker_take(struct worker *worker, const struct event *event)
{
        resolver_feed(worker->resolver, event, worker->clock.now);
        if (event->kind == EVENT_QUESTION)
                tap_question(worker, event);
        perform_all(worker);
        if (worker->explain[0])
                tell_trace(worker);
        tell_failures(worker);
        askings_settle(worker);
}

/* --- Turns -------------------------------------------------------------------------------------------------------- */

void worker_tick(struct worker *worker)
{
        clock_tick(&worker->clock);
        if (!worker->turn_began_us)
                worker->turn_began_us = worker->clock.now.mono_us;
}

static void begin_batch(void *context)
{
        worker_tick(context);
}

static void timer_fired(uv_timer_t *timer)
{
        struct worker *worker = timer->data;

        worker_tick(worker);
        streams_expire(&worker->listen.streams);
        streams_expire(&worker->upstream.streams);
        if (resolver_deadline(worker->resolver) <= worker->clock.now.mono_us / US_PER_MS)
                worker_take(worker, &(struct event){ .kind = EVENT_TICK });
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

/* When the timer is wanted, in milliseconds rounded up; UINT64_MAX: not at all. */
static uint64_t next_deadline(const struct worker *worker)
{
        uint64_t streams_us = earlier(streams_deadline(&worker->listen.streams),
                                      streams_deadline(&worker->upstream.streams));
        uint64_t streams_ms = streams_us == UINT64_MAX ? UINT64_MAX : (streams_us + US_PER_MS - 1) / US_PER_MS;

        return earlier(streams_ms, resolver_deadline(worker->resolver));
}

/* The loop's clock and ours are the same one, so the difference is what the timer has to wait. */
static void arm_timer(struct worker *worker)
{
        uint64_t at_ms = next_deadline(worker);
        uint64_t now_ms = uv_now(&worker->loop);

        if (at_ms == UINT64_MAX)
                uv_timer_stop(&worker->timer);
        else
                uv_timer_start(&worker->timer, timer_fired, at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

/* Is anything queued that has to leave before the loop waits? */
static bool has_work(const struct worker *worker)
{
        return worker->listen.streams.work || worker->upstream.streams.work || worker->upstream.failed;
}

/*
 * How long the loop did not look for messages. If it is not going to wait now, the next turn begins here; else when
 * something wakes it. libuv can tell how long it waited, but then it looks twice before it waits.
 */
static void note_turn(struct worker *worker)
{
        uint64_t now_us = uv_hrtime() / NS_PER_US;

        if (worker->turn_began_us)
                metrics_highest(worker->metrics.turn_high_water, now_us - worker->turn_began_us);
        worker->turn_began_us = uv_backend_timeout(&worker->loop) == 0 ? now_us : 0;
}

/*
 * The end of a turn, just before the loop waits. Messages that had to wait on their connection are taken here, and
 * connections end; either may lead to more messages to send. Then the resolver closes its batch of cache writes.
 */
static void turn_ended(uv_prepare_t *handle)
{
        struct worker *worker = handle->data;

        atomic_fetch_add_explicit(&worker->turns, 1, memory_order_relaxed);
        do {
                listen_turn(&worker->listen);
                upstream_turn(&worker->upstream);
                tell_failures(worker);
        } while (has_work(worker));
        askings_settle(worker);
        resolver_settle(worker->resolver, false);
        perform_all(worker);
        udp_flush(worker->listen.out);
        arm_timer(worker);
        note_turn(worker);
}

/* --- Letters ------------------------------------------------------------------------------------------------------ */

struct order {
        struct letter letter;
        const struct policy *policy; /* of an adoption; held */
};

static void order_adopt(struct letter *letter, void *reader)
{
        struct order *order = holder_of(letter, struct order, letter);
        struct worker *worker = reader;

        worker_tick(worker);
        resolver_adopt(worker->resolver, order->policy);
        upstream_adopt(&worker->upstream, order->policy->settings);
        policy_release(order->policy);
        free(order);
}

static void order_forget(struct letter *letter, void *reader)
{
        struct worker *worker = reader;

        worker_tick(worker);
        resolver_forget(worker->resolver);
        free(holder_of(letter, struct order, letter));
}

/* Nothing is to be done: hearing of it made the loop turn. */
static void order_beat(struct letter *letter, void *reader)
{
        (void)reader;
        free(holder_of(letter, struct order, letter));
}

static void order_stop(struct letter *letter, void *reader)
{
        struct worker *worker = reader;

        (void)letter;
        uv_stop(&worker->loop);
}

static enum err send_order(struct worker *worker, void (*open)(struct letter *letter, void *reader),
                           const struct policy *policy)
{
        struct order *order = calloc(1, sizeof *order);

        if (!order)
                return ERR_MEMORY;
        order->letter.open = open;
        order->policy = policy ? policy_hold(policy) : NULL;
        enum err err = mailbox_post_anyway(&worker->mailbox, &order->letter);
        if (err) {
                if (policy)
                        policy_release(policy);
                free(order);
        }
        return err;
}

enum err worker_adopt(struct worker *worker, const struct policy *policy)
{
        return send_order(worker, order_adopt, policy);
}

enum err worker_forget(struct worker *worker)
{
        return send_order(worker, order_forget, NULL);
}

bool worker_is_alive(struct worker *worker)
{
        uint64_t turns = atomic_load_explicit(&worker->turns, memory_order_relaxed);
        bool alive = turns != worker->turns_seen;

        worker->turns_seen = turns;
        (void)send_order(worker, order_beat, NULL); /* so that an idle one has turned before we look again */
        return alive;
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static enum err make_resolver(struct worker *worker)
{
        struct resolver_host host = {
                .policy = worker->host.policy,
                .store = worker->host.store,
                .hand = worker->host.hand,
                .metrics = &worker->metrics,
                .worker = worker->index,
                .worker_count = worker->host.worker_count,
        };

        memcpy(host.cookie_secret, worker->host.cookie_secret, sizeof host.cookie_secret);
        if (getrandom(host.seed, sizeof host.seed, 0) != sizeof host.seed)
                return ERR_IO;
        worker->resolver = resolver_new(&host);
        return worker->resolver ? ERR_OK : ERR_MEMORY;
}

static enum err make_rooms(struct worker *worker, const struct door *doors, unsigned door_count)
{
        uint8_t seed[RNG_SEED_LEN], secret[SIPHASH_KEY_LEN];

        if (getrandom(seed, sizeof seed, 0) != sizeof seed || getrandom(secret, sizeof secret, 0) != sizeof secret)
                return ERR_IO;
        enum err err = mailbox_init(&worker->mailbox, &worker->loop, worker, MAILBOX_MAX);
        if (!err)
                err = poller_init(&worker->poller, &worker->loop, begin_batch, worker);
        if (!err)
                err = upstream_init(&worker->upstream, worker, seed);
        if (!err)
                err = listen_init(&worker->listen, worker, doors, door_count, worker->host.quota, secret);
        if (!err)
                err = make_resolver(worker);
        worker->traces = err ? NULL : archive_reader_new(worker->host.archive);
        return err || worker->traces ? err : ERR_MEMORY;
}

enum err worker_new(const struct worker_host *host, unsigned index, const struct door *doors, unsigned door_count,
                    struct worker **out)
{
        struct worker *worker = calloc(1, sizeof *worker);

        if (!worker)
                return ERR_MEMORY;
        worker->index = index;
        worker->host = *host;
        if (uv_loop_init(&worker->loop)) {
                free(worker);
                return ERR_IO;
        }
        clock_tick(&worker->clock);
        enum err err = make_rooms(worker, doors, door_count);
        if (err) /* the process is not going to start: the system takes back what was made */
                return err;
        upstream_adopt(&worker->upstream, host->policy->settings);
        helper_init(&worker->helper, worker);
        uv_prepare_init(&worker->loop, &worker->turn);
        uv_timer_init(&worker->loop, &worker->timer);
        worker->turn.data = worker->timer.data = worker;
        uv_prepare_start(&worker->turn, turn_ended);
        *out = worker;
        return ERR_OK;
}

static void worker_close(struct worker *worker)
{
        mailbox_close(&worker->mailbox);
        listen_close(&worker->listen);
        upstream_fini(&worker->upstream);
        helper_close(&worker->helper);
        poller_fini(&worker->poller);
        uv_close((uv_handle_t *)&worker->turn, NULL);
        uv_close((uv_handle_t *)&worker->timer, NULL);
        uv_run(&worker->loop, UV_RUN_DEFAULT); /* lets the handles go */
        uv_loop_close(&worker->loop);
}

static void *worker_run(void *argument)
{
        struct worker *worker = argument;

        uv_run(&worker->loop, UV_RUN_DEFAULT);
        resolver_settle(worker->resolver, true);
        perform_all(worker);
        worker_close(worker);
        return NULL;
}

enum err worker_start(struct worker *worker)
{
        return pthread_create(&worker->thread, NULL, worker_run, worker) ? ERR_IO : ERR_OK;
}

void worker_stop(struct worker *worker)
{
        worker->stop.open = order_stop;
        (void)EXPECT(mailbox_post_anyway(&worker->mailbox, &worker->stop) == ERR_OK);
}

void worker_join(struct worker *worker)
{
        pthread_join(worker->thread, NULL);
        resolver_free(worker->resolver);
        askings_forget(worker);
        archive_reader_free(worker->traces);
        listen_fini(&worker->listen);
        mailbox_fini(&worker->mailbox);
        free(worker);
}
