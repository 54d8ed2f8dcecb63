#pragma once
/*
 * A small Internet in memory: a resolver without a world (support/virtual), the servers of a lab (support/authority),
 * and between them a network that loses, delays and forges. All dice come from one seed.
 */
#include "authority/authority.h"
#include "base/rng.h"
#include "virtual.h"
#include <stdbool.h>
#include <stdint.h>

enum { NET_SERVERS_MAX = 16384 };

struct net_settings {
        uint64_t seed;
        unsigned loss_percent; /* exchanges that are lost; over TCP they are late instead */
        unsigned delay_ms, jitter_ms;
        bool validate;     /* signatures are checked, beginning with the lab's own anchors */
        const char *yaml;  /* lines for the settings file, beside the root hints */
        const char *watch; /* traces of questions whose name holds this text are printed; or NULL */
};

/* Who wants to know what clients get. */
typedef void net_answered(void *context, uint64_t client, const uint8_t *bytes, size_t len);

struct net {
        struct authority *authority;
        struct virtual *v;
        struct net_settings settings;
        struct rng rng;
        net_answered *answered;
        void *context;
        uint64_t sent; /* messages to servers, from the start */
        uint16_t next_id;
        uint8_t answer[AUTHORITY_MESSAGE_MAX + 64];
};

/** Join lab and resolver. The lab is borrowed. False: the settings are wrong (told on stderr). */
bool net_open(struct net *net, struct authority *authority, const struct net_settings *settings, net_answered *answered,
              void *context);
void net_close(struct net *net);

/** A client asks: the name in wire form. */
void net_ask(struct net *net, uint64_t client, const uint8_t *name, uint16_t type);

/** Let time pass until then; what happens meanwhile happens. */
void net_run(struct net *net, uint64_t until_us);
