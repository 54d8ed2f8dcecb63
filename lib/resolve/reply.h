#pragma once
/*
 * Turn a server's reply into a claim: what it says about the question, with everything scrubbed that the question does
 * not need. Believed are only: the chain from the question; the negative answer's SOA and proof; NS and in-zone glue of
 * a referral strictly below the current cut. Nothing else leaves this file (security: bailiwick, promiscuous records).
 */
#include "base/arena.h"
#include "cache/entry.h"
#include "resolve/cut.h"
#include "wire/message.h"
#include <stdbool.h>

struct request;
struct trace;

enum reply_class {
        REPLY_ANSWER, /* the set asked for, or proof that there is none, perhaps behind aliases */
        REPLY_ALIAS,  /* aliases that lead elsewhere */
        REPLY_REFERRAL,
        REPLY_TRUNCATED, /* TC over UDP */
        REPLY_LAME,    /* not authoritative for the zone: upward or sideways referral, recursion instead of authority */
        REPLY_ERROR,   /* SERVFAIL, REFUSED, NOTIMP and the like */
        REPLY_NO_EDNS, /* does not understand EDNS */
        REPLY_BAD_COOKIE,
        REPLY_FORGED, /* it cannot come from the server: to be asked by TCP */
        REPLY_MALFORMED,
};

enum { CLAIM_ALIASES = 11, CLAIM_BESIDE = 15 };

struct claim {
        enum reply_class class;
        uint16_t rcode;
        const char *why;    /* LAME, ERROR, MALFORMED: a few words */
        bool authoritative; /* AA */
        bool says_nothing;  /* ANSWER: no data, by a reply with nothing in it, not even AA */
        unsigned alias_count;
        struct finding *alias;              /* CNAME and DNAME sets in the order of the chain, at most CLAIM_ALIASES */
        struct name subject[CLAIM_ALIASES]; /* the name that each leads away from */
        struct name tail;                   /* where the aliases lead; the question's name without aliases */
        struct finding final;               /* ANSWER: what is at the tail */
        unsigned beside_count;
        struct finding *beside;             /* ANSWER to ANY: the other sets at the tail, at most CLAIM_BESIDE */
        uint16_t final_type;
        uint8_t denial_count; /* NSEC and NSEC3 sets of the authority section */
        struct rrset denial[PROOF_MAX];
        struct delegation referral; /* REFERRAL, or the root's NS set in an answer (primes) */
        bool primes;
};

/** What the reply is read against. */
struct reply_context {
        const struct cut *cut;
        struct name qname; /* as shown to the server */
        uint16_t qtype;
        uint8_t cookie[COOKIE_CLIENT_LEN];
        bool cookie_sent;
        bool tcp;
        bool edns_sent;
        bool harden_glue;
        struct address server;
        uint64_t now_s;      /* cache time */
        struct trace *trace; /* scrubbed records are told here */
        uint16_t task;
        uint64_t now_us;
};

/** Read bytes that already live in the arena. Never fails: what cannot be used is a claim of class MALFORMED. */
void reply_read(const uint8_t *bytes, size_t len, struct arena *arena, const struct reply_context *context,
                struct message *message, struct claim *out);

/** Tell the trace which records of a message were left out, and by which rule. */
void reply_tell_scrubbed(const struct reply_context *context, const struct message *message, const struct claim *claim);

const char *reply_class_word(enum reply_class class);
