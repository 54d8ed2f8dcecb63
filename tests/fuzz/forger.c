/*
 * A whole resolver, and somebody on the way who lies more cleverly than the list in tests/unit/dnssec/forger.c: several
 * lies in one walk, different ones for each message, and bytes changed in between.
 *
 *   input   world (1): how it gets there, CD | first question (1) | second question (1) | lies, 5 bytes each:
 *           number of a message (1) | what (1) | and then, by what:
 *               a kind of forgery     zone (1), nothing (2)
 *               edits of its bytes    offset (2), value (1)
 *
 * What must hold: what a client is told of a signed zone is the truth or SERVFAIL, and nobody is told that something
 * false is proven. The second client asks when the forger is gone.
 */
#include "base/buf.h"
#include "victim.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

enum { HEAD = 3, LIE = 5, LIES_MAX = 24, EDITS = 3, EVERY_MESSAGE = 0xff };
enum { ISLAND = 1, CHECKING_DISABLED = 2, FORWARDED = 4 };

/* The lies, and whether the forger is still there. */
struct script {
        const uint8_t *lie;
        unsigned count;
        bool is_over;
};

static const uint8_t *lie_about(const struct script *script, unsigned i, unsigned number)
{
        const uint8_t *lie = script->lie + (size_t)i * LIE;

        return !script->is_over && (lie[0] == EVERY_MESSAGE || lie[0] == number) ? lie : NULL;
}

/* Hook: a reply that is not bytes yet. */
static void forge(void *context, unsigned number, const struct question *question, struct forger_reply *reply)
{
        const struct script *script = context;

        for (unsigned i = 0; i < script->count; i++) {
                const uint8_t *lie = lie_about(script, i, number);
                unsigned kind = lie ? lie[1] % (forger_count() + EDITS) : forger_count();

                if (kind < forger_count())
                        forger_forge(kind, lie[2], question, reply);
        }
}

/* Hook: its bytes. Set, flip, add. */
static size_t spoil(void *context, unsigned number, uint8_t *bytes, size_t len)
{
        const struct script *script = context;

        for (unsigned i = 0; i < script->count && len; i++) {
                const uint8_t *lie = lie_about(script, i, number);
                unsigned kind = lie ? lie[1] % (forger_count() + EDITS) : 0;
                size_t at = lie ? load_u16(lie + 2) % len : 0;

                if (kind == forger_count())
                        bytes[at] = lie[4];
                else if (kind == forger_count() + 1)
                        bytes[at] ^= lie[4];
                else if (kind == forger_count() + 2)
                        bytes[at] = (uint8_t)(bytes[at] + lie[4]);
        }
        return len;
}

static void ask(struct victim *victim, uint8_t question, bool checking_disabled)
{
        size_t number = question % victim_questions();

        victim_ask(victim, number, checking_disabled);
        if (victim_was_lied_to(victim, number, checking_disabled))
                fprintf(stderr, "%s: %s\n", victim_question(number), victim->text);
        REQUIRE(!victim_was_lied_to(victim, number, checking_disabled));
}

static enum forger_way way_of(uint8_t world)
{
        if (world & FORWARDED)
                return FORGER_FORWARD;
        return world & ISLAND ? FORGER_ISLAND : FORGER_WALK;
}

static void learn(void)
{
        forger_open();
        for (enum forger_way way = 0; way < FORGER_WAYS; way++)
                REQUIRE(victim_learn(way));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static bool is_learnt;
        struct script script = {0};
        struct victim_hooks hooks = {.context = &script, .forge = forge, .spoil = spoil};
        struct victim victim;

        if (!is_learnt)
                learn();
        is_learnt = true;
        if (size < HEAD)
                return 0;
        script.lie = data + HEAD;
        script.count = (unsigned)((size - HEAD) / LIE < LIES_MAX ? (size - HEAD) / LIE : LIES_MAX);
        victim_begin(&victim, way_of(data[0]), &hooks);
        ask(&victim, data[1], data[0] & CHECKING_DISABLED);
        script.is_over = true;
        ask(&victim, data[2], false);
        victim_end(&victim);
        return 0;
}
