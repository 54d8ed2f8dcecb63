#pragma once
/*
 * What is known of server addresses (round-trip time, manners, failures), and choosing one of a cut's.
 *
 * Notes live in a bounded table of the worker, are read from the store once and written back when they change enough.
 * Failures belong to a network epoch: when everything fails at once, the epoch is bumped and nobody is condemned.
 */
#include "base/address.h"
#include "base/map.h"
#include "cache/entry.h"
#include <stdbool.h>
#include <stdint.h>

struct desk;
struct task;

struct server {
        struct address address;
        struct server_note note;
        uint64_t saved_at;  /* cache time of the last write to the store */
        unsigned under_way; /* messages now */
        uint64_t no_cookie_until; /* cache time; not saved */
};

struct round_trip {
        uint32_t srtt_us; /* 0: never measured */
        uint32_t rttvar_us;
};

struct servers {
        struct map table;    /* struct server by address */
        struct server *last; /* in the table, the one that was asked for last; or NULL */
        struct round_trip typical; /* of all that answered lately: what to expect of one that nobody knows */
        uint64_t epoch;      /* network epoch */
        unsigned silent_run; /* timeouts in a row, with no reply from anybody between them */
        uint64_t silent_since_us;
        bool outage;
        unsigned family_silent[2]; /* the same run for IPv4 and IPv6 alone: a host may have an address and no way out */
};

MUST_USE enum err servers_init(struct servers *servers, const uint8_t secret[SIPHASH_KEY_LEN]);
void servers_fini(struct servers *servers);

/** The record of an address, made if need be; NULL when out of memory. */
struct server *servers_get(struct desk *desk, const struct address *address);

/** A reply came. */
void servers_heard(struct desk *desk, const struct address *address, uint64_t rtt_us);
/** No reply came within the patience. */
void servers_silent(struct desk *desk, const struct address *address);

/** Is IPv4 silent, and IPv6 not? */
bool servers_prefer_ip6(const struct desk *desk);

/** Remembered manners. */
void servers_note_no_edns(struct desk *desk, const struct address *address);
void servers_note_no_cookie(struct desk *desk, const struct address *address);
void servers_note_tcp_only(struct desk *desk, const struct address *address);
void servers_note_cookie(struct desk *desk, const struct address *address, const struct edns *edns);

/** How long to wait for this server before trying elsewhere, and before hedging; microseconds. `sends`: how often it
 * was tried. */
uint64_t servers_patience(struct desk *desk, const struct address *address, unsigned sends);
uint64_t servers_hedge(struct desk *desk, const struct address *address);

/* One address that may be asked, with what CHOOSE knows of it. */
struct candidate {
        struct address address;
        uint16_t port;
        uint64_t cost_us; /* expected; lower is better */
        const char *why;  /* "fastest", "unknown", "only one"... */
};

/** Judge one address for a task: its cost, or false (and why) if it is not to be asked. */
bool servers_consider(struct desk *desk, const struct task *task, const struct endpoint *at, struct candidate *out,
                      const char **why);

/** The pick among candidates: mostly the cheapest, now and then another one to learn about it. */
unsigned servers_choose(struct desk *desk, const struct candidate *candidates, unsigned count);
