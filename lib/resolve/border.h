#pragma once
/*
 * What crosses the border of lib/: events in, actions out. The story is told in resolver.h.
 */
#include "base/address.h"
#include "dnssec/check.h"
#include "watch/trace.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch; /* lib/cache/batch.h */

enum transport {
        TRANSPORT_UDP,
        TRANSPORT_TCP,
        TRANSPORT_CONTROL, /* asked through the control channel; allowed by its file mode */
};

enum event_kind {
        EVENT_QUESTION,
        EVENT_REPLY,
        EVENT_FAILURE,
        EVENT_CHECKED,
        EVENT_EXPLAINED,
        EVENT_GONE,
        EVENT_TICK,
};

/*
 * Why a message could not be delivered, or no reply can come any more. Silence is no failure: the resolver keeps time.
 */
enum failure {
        FAILURE_UNREACHABLE, /* no route (ENETUNREACH, EHOSTUNREACH at send): blames nobody */
        FAILURE_REFUSED,     /* the connection was refused, or an ICMP port unreachable came */
        FAILURE_CLOSED,      /* the connection ended before the reply */
        FAILURE_CONNECT,     /* the connection was not up in time */
        FAILURE_LOCAL,       /* we are short of sockets or memory: blames nobody */
};

/* How one question is walked otherwise than the settings say: for looking what difference that makes. */
struct ways {
        bool cold;        /* the cache is not read (what is learned is kept) */
        bool whole_names; /* names are not minimised */
        bool only_ip4;    /* servers are asked over IPv4 only */
        bool strict;      /* negative trust anchors do not count, and what is learned is not kept */
};

struct event {
        enum event_kind kind;
        union {
                struct {
                        uint64_t client; /* the host's token for this question, given back in ANSWER or DROP */
                        struct endpoint from;
                        struct address to; /* where it came in */
                        enum transport transport;
                        bool watched;        /* RECORD actions follow as steps are made, not only at the end */
                        struct ways ways;
                        uint64_t arrived_us; /* monotonic: when the kernel took it */
                        const uint8_t *bytes;
                        size_t len;
                } question;
                struct {
                        uint32_t flight;     /* as in SEND */
                        uint64_t arrived_us; /* monotonic */
                        const uint8_t *bytes;
                        size_t len;
                } reply; /* the host has checked address and port, nothing else */
                struct {
                        uint32_t flight;
                        enum failure why;
                } failure;
                struct {
                        uint64_t check;
                        bool good;
                } checked;
                struct {
                        const char *text; /* lines that tell of the trace; NULL: there is none */
                        size_t len;
                } explained;
                struct {
                        uint64_t client; /* hung up: no answer is wanted any more */
                } gone;
        };
};

enum action_kind {
        ACTION_SEND,    /* a message to a server; the reply comes as REPLY or FAILURE with the same flight */
        ACTION_RECALL,  /* forget a flight: nothing is wanted of it any more */
        ACTION_CHECK,   /* verify a signature with check_run(), free it, answer with CHECKED */
        ACTION_STORE,   /* hand a batch to the writer */
        ACTION_ANSWER,  /* bytes for a client */
        ACTION_DROP,    /* a client gets no answer */
        ACTION_RECORD,  /* a trace, whole or as it grows */
        ACTION_EXPLAIN, /* somebody asks about a trace; EXPLAINED must be the very next event */
        ACTION_PUBLISH, /* something that concerns the whole process, see enum news */
};

/* What a worker finds out for all. */
enum news {
        NEWS_KEYS,        /* a zone whose anchors are followed has shown its keys: a sighting (dnssec/sighting.h) */
        NEWS_CLOCK_WRONG, /* the wall clock is in doubt: a sentence, and a NUL */
        NEWS_CLOCK_RIGHT, /* not any more: the root's keys are good by it */
};

struct action {
        enum action_kind kind;
        union {
                struct {
                        uint32_t flight; /* never 0, unique among those under way */
                        struct endpoint to;
                        enum transport transport; /* UDP: a fresh socket with a random port; TCP: an open connection if
                                                     there is one */
                        const uint8_t *bytes;     /* without TCP's length */
                        size_t len;
                        struct trace_id trace;    /* of the first question that needs it */
                } send;
                struct {
                        uint32_t flight;
                } recall;
                struct {
                        struct check *job;
                } check;
                struct {
                        struct batch *batch;
                } store;
                struct {
                        uint64_t client;
                        const uint8_t *bytes;
                        size_t len;
                        struct trace_id trace; /* zeros: there is none */
                } answer;
                struct {
                        uint64_t client;
                } drop;
                struct {
                        uint64_t client;      /* the watcher's token, or 0 */
                        const uint8_t *bytes; /* a flat trace, see watch/trace.h */
                        size_t len;
                        size_t fresh; /* offset of the first step not recorded before */
                        bool keep;    /* for the archive: it has an answer, or others may be told of it */
                        bool final;   /* this was the last of it */
                        bool walked;  /* servers were asked */
                        unsigned reasons; /* for keeping it, enum keep_reason */
                } record; /* of length 0: there is none */
                struct {
                        const char *word; /* hex digits an ID begins with, or last, fail, slow, or nonsense */
                } explain;
                struct {
                        enum news news;
                        const uint8_t *bytes;
                        size_t len;
                } publish;
        };
};
