#pragma once
/*
 * Four small zones, signed and unsigned, the servers that answer for them, and somebody on the way who changes answers.
 *
 *      .             192.0.2.1   signed; the anchor
 *      example.      192.0.2.2   signed
 *      sub.example.  192.0.2.3   signed, with NSEC3
 *      open.example. 192.0.2.4   unsigned
 *      (anything)    203.0.113.66  the forger's own server
 *
 * The forger has his own key, or that of sub.example. against all others, or old signatures. Whatever he does, nothing
 * but the truth may be believed of a signed zone.
 */
#include "base/arena.h"
#include "wire/message.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the resolver gets there: from the root, with the root or nothing but the island sub.example. for an anchor; or by
 * a forwarder at 192.0.2.53, who asks all of them in its stead. */
enum forger_way { FORGER_WALK, FORGER_ISLAND, FORGER_FORWARD, FORGER_WAYS };

enum { FORGER_NOW = 1700000000, FORGER_ZONES = 4, FORGER_SETS = 10 };

/** Make the zones, once. */
void forger_open(void);
void forger_close(void);

/** Settings for a resolver in this world. */
const char *forger_settings(enum forger_way way);

/* A server's answer before it becomes bytes. */
struct forger_reply {
        unsigned rcode;
        bool authoritative;
        unsigned count[SECTION_COUNT];
        struct rrset set[SECTION_COUNT][FORGER_SETS];
};

/** Drop the bytes of all replies so far. */
void forger_forget(void);

/** What the server at this address says in honesty. Bytes live until forger_forget(). */
void forger_honest(const uint8_t address[4], const struct question *question, struct forger_reply *out);

/** How many kinds of forgery there are, in how many names and with whose keys each is worth trying, and its name. */
unsigned forger_count(void);
unsigned forger_zones(unsigned kind);
const char *forger_name(unsigned kind);

/** Forge an answer: kinds that copy from some zone, or pretend to be it, take the one with this number modulo
 * FORGER_ZONES; the rest of the number says whose keys the forger has. */
void forger_forge(unsigned kind, unsigned zone, const struct question *question, struct forger_reply *reply);

/** The reply to a query as bytes; 0 when the query cannot be read. */
size_t forger_write(const uint8_t *query, size_t len, const struct forger_reply *reply, uint8_t *out, size_t room);

/** The question of a query; false when there is none. */
bool forger_question(const uint8_t *query, size_t len, struct question *out);
