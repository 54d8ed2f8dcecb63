#pragma once
/*
 * A resolver in the forger's world (forger.h), its clients, and what they may be told: the truth or SERVFAIL.
 */
#include "forger.h"
#include "virtual.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VICTIM_TEXT_MAX = 4096 };

/* Somebody on the way. The message is what a server says to the question with this number, counted from 0. */
struct victim_hooks {
        void *context;
        /** Change it before it becomes bytes; may be NULL. */
        void (*forge)(void *context, unsigned number, const struct question *question, struct forger_reply *reply);
        /** Change its bytes; room for MESSAGE_MAX. Returns the new length. May be NULL. */
        size_t (*spoil)(void *context, unsigned number, uint8_t *bytes, size_t len);
        /** A trace; may be NULL. */
        void (*recorded)(void *context, const struct action *record);
};

struct victim {
        struct virtual *v;
        struct victim_hooks hooks;
        enum forger_way way;
        unsigned sent;
        uint64_t client;
        /* What the last client got: */
        bool answered;
        uint16_t flags;
        char text[VICTIM_TEXT_MAX]; /* rcode, and the records of the answer section, sorted */
};

/** The questions that can be asked: how many, and the name and type of one in words. */
size_t victim_questions(void);
const char *victim_question(size_t number);

/** Is the answer to it below an anchor and signed all the way? */
bool victim_is_secure(size_t number, enum forger_way way);

/** Ask all of them without a forger, and remember the answers. False: one fails, or is not secure and should be. */
bool victim_learn(enum forger_way way);

/** How many messages that took. */
unsigned victim_messages(size_t number, enum forger_way way);

/** A resolver that knows nothing. It is told of nobody's presence: without hooks all servers are honest. */
void victim_begin(struct victim *victim, enum forger_way way, const struct victim_hooks *hooks);
void victim_end(struct victim *victim);

/** Ask, and let time pass until there is an answer. */
void victim_ask(struct victim *victim, size_t number, bool checking_disabled);

/**
 * Was the last client told something false that it may believe: without CD anything of a signed zone, and whatever is
 * said to be proven?
 */
bool victim_was_lied_to(const struct victim *victim, size_t number, bool checking_disabled);
