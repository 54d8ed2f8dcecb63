#pragma once
/*
 * A host for one resolver without a world: time is a number, the network is a list of deliveries.
 *
 * It does what daemon/worker.c does, and nothing else: it feeds events, performs actions, ticks at the deadline,
 * settles once a turn, checks signatures when asked to, applies batches to a store in memory, and follows anchors as
 * daemon/keeper.c does, but for looking at zones on its own. Who uses it says
 * what servers answer, in the hook `sent`. Time moves only in virtual_step(), to the next thing that happens.
 */
#include "resolver.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtual;

enum { VIRTUAL_COMPLAINT_MAX = 600 };

struct virtual_hooks {
        void *context;
        /** A message to a server; answer it with virtual_deliver() or virtual_fail(), or leave it. */
        void (*sent)(void *context, const struct action *send);
        /** What a client got; NULL bytes: it was dropped. */
        void (*answered)(void *context, uint64_t client, const uint8_t *bytes, size_t len);
        /** A trace; may be NULL. */
        void (*recorded)(void *context, const struct action *record);
};

/**
 * A resolver with settings from YAML text.
 *
 *   wall_s     in   the wall clock at the start
 *   seed       in   of all its dice
 *   complaint  out  why there is none: what config_parse() says
 */
struct virtual *virtual_new(const char *yaml, uint64_t wall_s, uint64_t seed, const struct virtual_hooks *hooks,
                            char complaint[VIRTUAL_COMPLAINT_MAX]);
void virtual_free(struct virtual *v);

struct moment virtual_now(const struct virtual *v);

/** The wall clock jumps, forward or back. Nothing else moves. */
void virtual_jump(struct virtual *v, int64_t seconds);

/** Events from outside, at once. */
void virtual_ask(struct virtual *v, uint64_t client, const struct endpoint *from, enum transport transport,
                 const uint8_t *bytes, size_t len);
void virtual_gone(struct virtual *v, uint64_t client);

/** A reply to a flight, or its failure, after a while. Bytes are copied. Nothing comes once the flight is recalled. */
void virtual_deliver(struct virtual *v, uint32_t flight, uint64_t delay_us, const uint8_t *bytes, size_t len);
void virtual_fail(struct virtual *v, uint32_t flight, uint64_t delay_us, enum failure why);

/**
 * Let time move to the next delivery or deadline, but not beyond until_us, and let it happen. False: nothing happens
 * before until_us, and it is until_us now.
 */
bool virtual_step(struct virtual *v, uint64_t until_us);

/** How many deliveries are under way. */
size_t virtual_pending(const struct virtual *v);

/** What the resolver counted so far. */
const struct metrics *virtual_metrics(const struct virtual *v);

/** A TICK now, whether anything is due or not. Signatures that are to be checked stay so until the next event. */
void virtual_tick(struct virtual *v);

/** Be called after each event, when its actions are done but for the signatures that are to be checked. */
void virtual_watch(struct virtual *v, void (*fed)(void *context), void *context);

/** For tests that look inside. */
struct resolver *virtual_resolver(const struct virtual *v);
struct store *virtual_store(const struct virtual *v);
