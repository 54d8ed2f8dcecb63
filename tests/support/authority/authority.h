#pragma once
/*
 * The lab: authoritative servers in memory, good ones and bad ones.
 *
 * A lab is a set of zones, and a set of servers: addresses, each with the zones it serves and the ways in which it
 * misbehaves. authority_answer() is one server's whole life: bytes in, bytes out, no socket and no clock; how the
 * answer is to be delivered (late, never, behind forged ones) is told beside it. So the same lab runs under virtual
 * time in tests/simulate and on loopback sockets in the program `authority`.
 *
 * Nothing of lib/ is used here: what judges the resolver must not share its errors.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { AUTHORITY_COMPLAINT_MAX = 512, AUTHORITY_MESSAGE_MAX = 65535, AUTHORITY_UDP_MAX = 4096 };

struct authority;

struct authority_address {
        uint8_t len; /* 4 or 16 */
        uint8_t bytes[16];
};

struct authority_settings {
        uint64_t seed;   /* of the keys and of all dice */
        uint32_t wall_s; /* signatures are made for this time, seconds since 1970 */
};

/* What somebody else sends before the answer. */
enum authority_forgery {
        FORGERY_NONE,
        FORGERY_ID,       /* forged answers with other message IDs */
        FORGERY_PORT,     /* with everything right, but from another port of the server */
        FORGERY_ADDRESS,  /* with everything right, but from another address */
        FORGERY_QUESTION, /* to another question */
        FORGERY_CASE,     /* the letters of the question in lower case */
};

/* How the answer is to be delivered. All zero: at once. */
struct authority_manner {
        uint32_t delay_ms;
        bool drop;        /* no answer ever */
        bool refuse;      /* TCP: the connection is closed before anything is read */
        bool close;       /* TCP: closed once the query was read */
        size_t cut_after; /* TCP: closed after so many bytes of length and message; 0: not */
        enum authority_forgery forgery;
        uint16_t forged; /* so many forged answers go before the right one */
};

struct authority_counters {
        uint64_t udp; /* queries that came */
        uint64_t tcp;
        uint64_t dropped; /* of these, never answered */
};

/** The lab that DIR/lab.conf describes. NULL, and complaint says where and why. */
struct authority *authority_load(const char *dir, const struct authority_settings *settings,
                                 char complaint[AUTHORITY_COMPLAINT_MAX]);

/**
 * A lab without files: a root, top-level domains and so many second-level zones, some with children, all from the seed.
 *
 * Each zone has at least four IPv4 addresses (10.0.0.0/8), most have IPv6 ones as well (fd53::/16); about half are
 * signed. Some have servers of their own with glue, the others those of a hosting zone, mostly without glue.
 */
struct authority *authority_generate(const struct authority_settings *settings, size_t zone_count);

/**
 * The nth question about a generated lab: names that exist, aliases within and across zones, wildcards, and names and
 * types that do not exist. Any n will do. name holds 255 bytes and is uncompressed wire form.
 */
void authority_question(const struct authority *authority, uint64_t n, uint8_t *name, uint16_t *type);

/**
 * What a perfect resolver would answer, as a message without EDNS: the whole chain of aliases and its end, or the SOA
 * that denies. SERVFAIL where the lab has no zone or the chain has no end. Servers' misbehaviour does not matter here.
 * Returns the length; out holds AUTHORITY_MESSAGE_MAX bytes.
 */
size_t authority_truth(struct authority *authority, const uint8_t *name, uint16_t type, uint8_t *out);

/** Let a server misbehave from now on: "lose=30", as in lab.conf without the plus. false when not understood. */
bool authority_misbehave(struct authority *authority, size_t server, const char *way);

/** Let it be good again. */
void authority_behave(struct authority *authority, size_t server);

void authority_free(struct authority *authority);

/** How many servers; each has a number below that. */
size_t authority_server_count(const struct authority *authority);
struct authority_address authority_server_address(const struct authority *authority, size_t number);
struct authority_counters authority_server_counters(const struct authority *authority, size_t number);

/** Set every counter to zero. */
void authority_counters_reset(struct authority *authority);

/**
 * What the server at this address answers.
 *
 *   server  in   an address of the lab; any other never answers
 *   tcp     in   whether the query came by TCP (query and answer are without the two length bytes)
 *   out     out  the answer, at most max bytes; AUTHORITY_MESSAGE_MAX is always enough
 *   manner  out  how to deliver it
 *
 * Returns the answer's length; 0 with manner->drop or manner->close set, and no answer then.
 */
size_t authority_answer(struct authority *authority, const struct authority_address *server, bool tcp,
                        const uint8_t *query, size_t len, uint8_t *out, size_t max, struct authority_manner *manner);

/** Whether TCP connections to this server are closed as soon as they are accepted. */
bool authority_refuses_tcp(const struct authority *authority, const struct authority_address *server);

/**
 * The nth (from 0) of the manner->forged answers, made from the right one. out holds len bytes. Its address record, if
 * it has one, says 192.0.2.66: whoever hears that address believed a liar.
 */
size_t authority_forge(enum authority_forgery forgery, unsigned nth, const uint8_t *answer, size_t len, uint8_t *out);

/** Root hints in master file form: the root's NS and the addresses of its servers. */
void authority_write_hints(const struct authority *authority, FILE *out);

/** The DS records of the root's keys; nothing for an unsigned root. */
void authority_write_anchors(const struct authority *authority, FILE *out);

/** Every zone, signed as it is served, as DIR/NAME.zone (root.zone; a slash becomes -). false when that fails. */
bool authority_dump(struct authority *authority, const char *dir);

/** One line per server: address, queries by UDP and TCP, unanswered ones. */
void authority_write_counters(const struct authority *authority, FILE *out);

/** "192.0.2.1", "2001:db8::1"; false when text is no address. */
bool authority_address_parse(const char *text, struct authority_address *out);
