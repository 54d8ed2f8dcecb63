#include "lone_desk.h"
#include "cache/settle.h"
#include "config/config.h"
#include "wire/codes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONE_STORE = 16 << 20, LONE_ARENA = 16 << 20, LONE_MONO_US = 1000000000 };

static const struct policy *policy_from(const char *yaml)
{
        static struct config_complaints complaints;
        struct settings *settings = config_parse("settings", yaml, strlen(yaml), &complaints);

        if (!settings) {
                fprintf(stderr, "%s\n", complaints.item[0].text);
                abort();
        }
        return policy_new(settings, NULL, 0);
}

void lone_open(struct lone_desk *lone, const char *yaml, uint64_t seed)
{
        struct resolver_host host = { .worker_count = 1, .cookie_secret = "a secret of ours" };

        *lone = (struct lone_desk){ .now = { .mono_us = LONE_MONO_US, .wall_s = LONE_WALL_S, .cache_s = LONE_WALL_S } };
        memcpy(host.seed, &seed, sizeof(seed));
        lone->policy = policy_from(yaml);
        lone->store = store_ram_new(LONE_STORE, host.seed);
        lone->hand = hand_new(LONE_STORE, 0);
        host.policy = lone->policy;
        host.store = lone->store;
        host.hand = lone->hand;
        host.metrics = &lone->metrics;
        lone->resolver = resolver_new(&host);
        if (!lone->resolver)
                abort();
        lone->desk = (struct desk *)(void *)lone->resolver; /* its first member */
        arena_init(&lone->arena, LONE_ARENA);
        lone_pass(lone, 0);
}

void lone_close(struct lone_desk *lone)
{
        resolver_free(lone->resolver);
        store_close(lone->store);
        hand_free(lone->hand);
        policy_release(lone->policy);
        arena_fini(&lone->arena);
}

void lone_pass(struct lone_desk *lone, uint64_t ms)
{
        struct desk *desk = lone->desk;

        lone->now.mono_us += ms * 1000;
        lone->now.wall_s = LONE_WALL_S + (lone->now.mono_us - LONE_MONO_US) / 1000000;
        lone->now.cache_s = lone->now.wall_s;
        desk->actions.count = desk->actions.taken = 0;
        arena_reset(&desk->outbox, (struct arena_mark){ .block = NULL });
        cache_end(desk->cache);
        desk->now = lone->now;
        cache_begin(desk->cache, &desk->now);
}

void lone_settle(struct lone_desk *lone)
{
        struct batch *batch = cache_take_batch(lone->desk->cache);

        if (batch)
                settle_apply(lone->store, lone->hand, &batch, 1, lone->now.cache_s);
        cache_tend(lone->desk->cache);
}

void lone_feed(struct lone_desk *lone, const struct event *event)
{
        cache_end(lone->desk->cache);
        resolver_feed(lone->resolver, event, lone->now);
        lone_settle(lone);
        cache_begin(lone->desk->cache, &lone->now);
}

void lone_wait(struct lone_desk *lone, uint64_t ms)
{
        uint64_t end_ms = lone->now.mono_us / 1000 + ms;
        uint64_t now_ms, due_ms;

        lone_pass(lone, 0);
        while ((due_ms = resolver_deadline(lone->resolver)) <= end_ms) {
                now_ms = lone->now.mono_us / 1000;
                lone_pass(lone, due_ms > now_ms ? due_ms - now_ms : 0);
                lone_feed(lone, &(struct event){ .kind = EVENT_TICK });
        }
        lone_pass(lone, end_ms - lone->now.mono_us / 1000);
}

struct request *lone_request(struct lone_desk *lone, const char *qname, uint16_t qtype)
{
        const struct question question = { .name = lone_name(lone, qname), .type = qtype, .class = CLASS_IN };
        struct request *request = request_open(lone->desk, &question, FLAG_RD, &(struct ways){ 0 });

        if (request)
                request->root = task_new(request, NULL, &request->question.name, qtype, PURPOSE_QUESTION);
        return request;
}

struct name lone_name(struct lone_desk *lone, const char *text)
{
        uint8_t *room = arena_alloc(&lone->arena, NAME_WIRE_MAX);
        struct name name;

        if (!room || name_from_text(text, room, &name) != ERR_OK)
                abort();
        return name;
}

struct address lone_address(const char *text)
{
        struct address address;

        if (address_parse(text, &address) != ERR_OK)
                abort();
        return address;
}

unsigned lone_count(const struct lone_desk *lone, enum action_kind kind)
{
        const struct action_queue *queue = &lone->desk->actions;
        unsigned count = 0;

        for (size_t i = queue->taken; i < queue->count; i++)
                count += queue->item[i].kind == kind;
        return count;
}

const struct action *lone_last(const struct lone_desk *lone, enum action_kind kind)
{
        const struct action_queue *queue = &lone->desk->actions;

        for (size_t i = queue->count; i-- > queue->taken;)
                if (queue->item[i].kind == kind)
                        return &queue->item[i];
        return NULL;
}
