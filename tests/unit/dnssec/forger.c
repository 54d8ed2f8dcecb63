/*
 * The whole resolver against somebody on the way who forges answers: each kind of forgery, in the name of each zone, at
 * each message of the walk, for each question. What a client of a signed zone gets is the truth or SERVFAIL, and nobody
 * is told that something false is proven; also afterwards, when the forger is gone and the cache speaks.
 *
 * Each lie that is found is printed with five words; given as arguments, they play that attack again with its traces.
 */
#include "victim.h"
#include "watch/trace.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Which messages are forged, beside the number of one: all, or all but that DNSKEY questions fail. */
enum { ALL = -1, ALL_WITHOUT_KEYS = -2 };

enum { MESSAGES_MAX = 10 };

/*
 * Which of the attacks are tried: all of them take a minute, so that is for CAIRN_FULL. Strict builds are made to find
 * other faults, and some are slower by an order of magnitude: they try each forgery at each message for a question or
 * two.
 */
#ifdef CAIRN_STRICT
enum { ONE_IN = 17 };
#else
enum { ONE_IN = 3 };
#endif

/* What the forger does in one run. */
struct attack {
        unsigned kind, zone;
        int message;            /* ALL, ALL_WITHOUT_KEYS, or the number of the one message that is forged */
        bool checking_disabled; /* the first client sets CD, the second does not */
        enum forger_way way;
        bool is_over;           /* he is gone */
        bool has_forged;
};

/* Hook: a message passes the forger. */
static void forge(void *context, unsigned number, const struct question *question, struct forger_reply *reply)
{
        struct attack *attack = context;

        if (attack->is_over || (attack->message >= 0 && (unsigned)attack->message != number))
                return;
        attack->has_forged = true;
        if (question->type == TYPE_DNSKEY && attack->message == ALL_WITHOUT_KEYS)
                *reply = (struct forger_reply){.rcode = RCODE_SERVFAIL};
        else
                forger_forge(attack->kind, attack->zone, question, reply);
}

/* Hook: a trace has ended. */
static void trace_ends(void *context, const struct action *record)
{
        struct trace_view trace;
        struct step_view step;
        char text[STEP_TEXT_MAX];
        size_t at = 0;

        (void)context;
        if (!record->record.final || trace_open(record->record.bytes, record->record.len, &trace) != ERR_OK)
                return;
        while (trace_next(&trace, &at, &step)) {
                step_text(&step, text, sizeof text);
                print_message("%8.3f  [%u] %s: %s\n", (double)step.at_us / 1e6, step.task, step_word(step.kind), text);
        }
}

static const char *const way_word[FORGER_WAYS] = {
        [FORGER_WALK] = "-",
        [FORGER_ISLAND] = "island",
        [FORGER_FORWARD] = "forward",
};

static unsigned lies, attacks;

static void complain(const struct victim *victim, const struct attack *a, size_t number, const char *when)
{
        lies++;
        print_error("%s %s: %s by %s; see %u %u %d %zu %s\n", when, victim_question(number), victim->text,
                    forger_name(a->kind), a->kind, a->zone, a->message, number,
                    a->checking_disabled ? "CD" : way_word[a->way]);
}

static void try_attack(struct attack attack, size_t number, bool verbose)
{
        struct victim_hooks hooks = {.context = &attack, .forge = forge, .recorded = verbose ? trace_ends : NULL};
        struct victim victim;

        attacks++;
        victim_begin(&victim, attack.way, &hooks);
        victim_ask(&victim, number, attack.checking_disabled);
        if (victim_was_lied_to(&victim, number, attack.checking_disabled))
                complain(&victim, &attack, number, "during");
        attack.is_over = true;
        if (attack.has_forged)
                victim_ask(&victim, number, false);
        if (victim_was_lied_to(&victim, number, false))
                complain(&victim, &attack, number, "after");
        victim_end(&victim);
}

static bool is_tried(const struct attack *attack, size_t number)
{
        size_t sum = attack->kind + attack->zone + (size_t)(attack->message - ALL_WITHOUT_KEYS) + number;

        return sum % ONE_IN == 0 || getenv("CAIRN_FULL");
}

/* At each message of the walk; where a second client has to find what is left behind, at all of them. */
static void try_question(struct attack attack, size_t number)
{
        int last = (int)victim_messages(number, attack.way);

        if (last > MESSAGES_MAX)
                last = MESSAGES_MAX;
        if (attack.checking_disabled)
                last = 0;
        for (attack.message = ALL_WITHOUT_KEYS; attack.message < last; attack.message++)
                if (is_tried(&attack, number))
                        try_attack(attack, number, false);
}

static void try_all(bool checking_disabled, enum forger_way way)
{
        lies = attacks = 0;
        assert_true(victim_learn(way));
        for (unsigned kind = 0; kind < forger_count(); kind++)
                for (unsigned zone = 0; zone < forger_zones(kind); zone++)
                        for (size_t number = 0; number < victim_questions(); number++) {
                                struct attack attack = {
                                        .kind = kind,
                                        .zone = zone,
                                        .checking_disabled = checking_disabled,
                                        .way = way,
                                };

                                if (way != FORGER_ISLAND || victim_is_secure(number, way))
                                        try_question(attack, number);
                        }
        print_message("%u attacks\n", attacks);
        assert_int_equal(lies, 0);
}

static void test_nothing_false_is_believed(void **state)
{
        (void)state;
        try_all(false, FORGER_WALK);
}

/* Who sets CD may get anything; the next one does not. */
static void test_nothing_false_is_left_behind(void **state)
{
        (void)state;
        try_all(true, FORGER_WALK);
}

/* An anchor below zones that nobody vouches for: what they say of it is not believed. */
static void test_an_island_stands_alone(void **state)
{
        (void)state;
        try_all(false, FORGER_ISLAND);
}

/* A forwarder says nothing of who told him: each record has to speak for itself. */
static void test_a_forwarder_is_not_believed_either(void **state)
{
        (void)state;
        try_all(false, FORGER_FORWARD);
}

static int world_open(void **state)
{
        (void)state;
        forger_open();
        return 0;
}

static int world_close(void **state)
{
        (void)state;
        forger_close();
        return 0;
}

/* One attack again, with its traces: the numbers and words as try_all() printed them. */
static int try_again(char **word)
{
        struct attack attack = {
                .kind = (unsigned)atoi(word[0]) % forger_count(),
                .zone = (unsigned)atoi(word[1]) % FORGER_ZONES,
                .message = atoi(word[2]),
                .checking_disabled = !strcmp(word[4], "CD"),
                .way = !strcmp(word[4], "island")    ? FORGER_ISLAND
                       : !strcmp(word[4], "forward") ? FORGER_FORWARD
                                                     : FORGER_WALK,
        };

        forger_open();
        if (victim_learn(attack.way))
                try_attack(attack, (size_t)atoi(word[3]) % victim_questions(), true);
        forger_close();
        return lies > 0;
}

int main(int count, char **argument)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_false_is_believed),
                cmocka_unit_test(test_nothing_false_is_left_behind),
                cmocka_unit_test(test_an_island_stands_alone),
                cmocka_unit_test(test_a_forwarder_is_not_believed_either),
        };

        if (count > 5)
                return try_again(argument + 1);
        return cmocka_run_group_tests(tests, world_open, world_close);
}
