/*
 * The whole resolver against somebody on the way who forges answers: each kind of forgery, in the name of each zone, at
 * each message of the walk, for each question. What a client of a signed zone gets is the truth or SERVFAIL, and nobody
 * is told that something false is proven; also afterwards, when the forger is gone and the cache speaks.
 *
 * Each lie that is found is printed with five words; given as arguments, they play that attack again with its traces.
 */
#include "forger.h"
#include "virtual.h"
#include "watch/trace.h"
#include "wire/compose.h"
#include "wire/rrtype.h"
#include "wire/text.h"
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Which messages are forged, beside the number of one: all, or all but that DNSKEY questions fail. */
enum { ALL = -1, ALL_WITHOUT_KEYS = -2 };

enum { MESSAGES_MAX = 10, TRUTH_MAX = 4096, PATIENCE_US = 6000000, SEED = 1 };

static const struct {
        const char *name;
        uint16_t type;
        bool is_secure;    /* below the root */
        bool is_on_island; /* secure below sub.example. */
} questions[] = {
        {"www.example.", TYPE_A, true, false},
        {"www.example.", TYPE_AAAA, true, false},
        {"none.example.", TYPE_A, true, false},
        {"x.wild.example.", TYPE_TXT, true, false},
        {"x.wild.example.", TYPE_A, true, false},
        {"real.wild.example.", TYPE_TXT, true, false},
        {"wild.example.", TYPE_A, true, false},
        {"alias.example.", TYPE_A, true, false},
        {"far.example.", TYPE_A, true, false},
        {"host.sub.example.", TYPE_A, true, true},
        {"host.sub.example.", TYPE_MX, true, true},
        {"none.sub.example.", TYPE_A, true, true},
        {"sub.example.", TYPE_DS, true, false},
        {"open.example.", TYPE_DS, true, false},
        {"none.", TYPE_A, true, false},
        {"example.", TYPE_DNSKEY, true, false},
        {"sub.example.", TYPE_DNSKEY, true, true},
        {"www.open.example.", TYPE_A, false, false},
};

/* What the forger does in one run. */
struct attack {
        unsigned kind, zone;
        int message;            /* ALL, ALL_WITHOUT_KEYS, or the number of the one message that is forged */
        bool checking_disabled; /* the first client sets CD, the second does not */
        bool island;            /* nothing but the island is trusted */
};

struct run {
        struct virtual *v;
        const struct attack *attack; /* NULL: nobody forges */
        bool is_over;                /* he is gone */
        bool has_forged;
        int sent;
        uint64_t client;
        bool answered;
        uint16_t flags;
        char text[TRUTH_MAX]; /* rcode, and the records of the answer section, sorted */
};

/* --- Servers ------------------------------------------------------------------------------------------------------ */

static void forge(struct run *run, const struct question *question, struct forger_reply *reply)
{
        run->has_forged = true;
        if (question->type == TYPE_DNSKEY && run->attack->message == ALL_WITHOUT_KEYS)
                *reply = (struct forger_reply){.rcode = RCODE_SERVFAIL};
        else
                forger_forge(run->attack->kind, run->attack->zone, question, reply);
}

static void server_gets(void *context, const struct action *send)
{
        static uint8_t bytes[MESSAGE_MAX];
        struct run *run = context;
        struct forger_reply reply;
        struct question question;
        int number = run->sent++;

        if (!forger_question(send->send.bytes, send->send.len, &question))
                return;
        forger_honest(send->send.to.address.bytes, &question, &reply);
        if (run->attack && !run->is_over && (run->attack->message < 0 || run->attack->message == number))
                forge(run, &question, &reply);
        size_t len = forger_write(send->send.bytes, send->send.len, &reply, bytes, sizeof bytes);
        virtual_deliver(run->v, send->send.flight, 1000, bytes, len);
}

/* --- Clients ------------------------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The answer in words, so that two can be compared: TTLs and order do not matter. */
static void describe(const struct message *message, char out[TRUTH_MAX])
{
        static char line[32][TRUTH_MAX / 8];
        char *sorted[32], owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], data[RDATA_TEXT_MAX];
        unsigned count = message->rr_count[SECTION_ANSWER];
        int len = snprintf(out, TRUTH_MAX, "rcode %u", message->rcode);

        assert_true(count < COUNT(sorted));
        for (unsigned i = 0; i < count; i++) {
                const struct rr *rr = &message->rr[SECTION_ANSWER][i];

                snprintf(line[i], sizeof line[i], "%s %s %s", name_text(&rr->owner, owner), rrtype_text(rr->type, type),
                         rdata_text(rr->type, &rr->rdata, data, sizeof data));
                sorted[i] = line[i];
        }
        qsort(sorted, count, sizeof *sorted, by_text);
        for (unsigned i = 0; i < count; i++)
                len += snprintf(out + len, TRUTH_MAX - (size_t)len, "; %s", sorted[i]);
}

static void client_gets(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct run *run = context;
        struct message message;
        struct arena arena;

        if (client != run->client || !bytes)
                return;
        arena_init(&arena, 1 << 20);
        assert_int_equal(message_read(bytes, len, &arena, &message), ERR_OK);
        run->answered = true;
        run->flags = message.flags;
        describe(&message, run->text);
        arena_fini(&arena);
}

/* Ask, and let time pass until the answer comes. */
static void ask(struct run *run, size_t number, bool checking_disabled)
{
        static const struct endpoint from = {.address = {.family = 4, .bytes = {127, 0, 0, 1}}, .port = 1053};
        struct question question = {.type = questions[number].type, .class = CLASS_IN};
        uint8_t room[NAME_WIRE_MAX], bytes[512];
        struct compose c;

        run->client++;
        run->answered = false;
        run->text[0] = '\0';
        assert_int_equal(name_from_text(questions[number].name, room, &question.name), ERR_OK);
        compose_begin(&c, bytes, sizeof bytes, 7, (uint16_t)(FLAG_RD | FLAG_AD | (checking_disabled ? FLAG_CD : 0)));
        assert_int_equal(compose_question(&c, &question), ERR_OK);
        uint64_t until = virtual_now(run->v).mono_us + PATIENCE_US;
        virtual_ask(run->v, run->client, &from, TRANSPORT_UDP, bytes, c.len);
        while (!run->answered && virtual_step(run->v, until))
                ;
}

static bool verbose;

/* Hook: a trace has ended. */
static void trace_ends(void *context, const struct action *record)
{
        struct trace_view trace;
        struct step_view step;
        char text[1024];
        size_t at = 0;

        (void)context;
        if (!record->record.final || trace_open(record->record.bytes, record->record.len, &trace) != ERR_OK)
                return;
        while (trace_next(&trace, &at, &step)) {
                step_text(&step, text, sizeof text);
                print_message("%8.3f  [%u] %s: %s\n", (double)step.at_us / 1e6, step.task, step_word(step.kind), text);
        }
}

static void run_begin(struct run *run, const struct attack *attack, bool island)
{
        struct virtual_hooks hooks = {
                .context = run, .sent = server_gets, .answered = client_gets, .recorded = verbose ? trace_ends : NULL};
        char complaint[VIRTUAL_COMPLAINT_MAX];

        *run = (struct run){.attack = attack};
        run->v = virtual_new(forger_settings(island), FORGER_NOW, SEED, &hooks, complaint);
        if (!run->v)
                fail_msg("%s", complaint);
}

static void run_end(struct run *run)
{
        virtual_free(run->v);
        forger_forget();
}

/* --- The trials --------------------------------------------------------------------------------------------------- */

static char truth[COUNT(questions)][TRUTH_MAX];
static int messages[COUNT(questions)];

static bool is_secure(size_t number, bool island)
{
        return island ? questions[number].is_on_island : questions[number].is_secure;
}

/* Without a forger all resolves, and what is signed is proven. */
static void learn(bool island)
{
        for (size_t i = 0; i < COUNT(questions); i++) {
                struct run run;

                run_begin(&run, NULL, island);
                ask(&run, i, false);
                assert_true(run.answered);
                memcpy(truth[i], run.text, sizeof run.text);
                messages[i] = run.sent;
                if (!strncmp(run.text, "rcode 2", 7) || !(run.flags & FLAG_AD) == is_secure(i, island))
                        fail_msg("%s: %s, flags %x", questions[i].name, run.text, run.flags);
                run_end(&run);
        }
}

/*
 * An island may be denied by the zones above it, which nobody vouches for: once its zone is gone they alone can say so.
 * Anything else is another matter.
 */
static bool is_false(const struct run *run, size_t number)
{
        if (!run->answered || !strncmp(run->text, "rcode 2", 7))
                return false;
        if (run->attack->island && !strcmp(run->text, "rcode 3"))
                return false;
        return strcmp(run->text, truth[number]);
}

/* What is proven may not be false for anybody: who sets CD, or asks for a zone that is not signed. */
static bool is_lie(const struct run *run, size_t number, bool checking_disabled)
{
        bool must_be_true = is_secure(number, run->attack->island) && !checking_disabled;

        return is_false(run, number) && (must_be_true || (run->flags & FLAG_AD));
}

static unsigned lies;

static void complain(const struct run *run, size_t number, const char *when)
{
        const struct attack *a = run->attack;

        lies++;
        print_error("%s %s type %u: %s by %s; see %u %u %d %zu %s\n", when, questions[number].name,
                    (unsigned)questions[number].type, run->text, forger_name(a->kind), a->kind, a->zone, a->message,
                    number,
                    a->checking_disabled ? "CD"
                    : a->island          ? "island"
                                         : "-");
}

static void try_attack(const struct attack *attack, size_t number)
{
        struct run run;

        run_begin(&run, attack, attack->island);
        ask(&run, number, attack->checking_disabled);
        if (is_lie(&run, number, attack->checking_disabled))
                complain(&run, number, "during");
        run.is_over = true;
        if (run.has_forged)
                ask(&run, number, false);
        if (is_lie(&run, number, false))
                complain(&run, number, "after");
        run_end(&run);
}

/* At each message of the walk; where a second client has to find what is left behind, at all of them. */
static void try_question(struct attack attack, size_t number)
{
        int last = messages[number] < MESSAGES_MAX ? messages[number] : MESSAGES_MAX;

        if (attack.checking_disabled)
                last = 0;
        for (attack.message = ALL_WITHOUT_KEYS; attack.message < last; attack.message++)
                try_attack(&attack, number);
}

static void try_all(bool checking_disabled, bool island)
{
        lies = 0;
        learn(island);
        for (unsigned kind = 0; kind < forger_count(); kind++)
                for (unsigned zone = 0; zone < forger_zones(kind); zone++)
                        for (size_t number = 0; number < COUNT(questions); number++) {
                                struct attack attack = {kind, zone, ALL, checking_disabled, island};

                                if (!island || is_secure(number, island))
                                        try_question(attack, number);
                        }
        assert_int_equal(lies, 0);
}

static void test_nothing_false_is_believed(void **state)
{
        (void)state;
        try_all(false, false);
}

/* Who sets CD may get anything; the next one does not. */
static void test_nothing_false_is_left_behind(void **state)
{
        (void)state;
        try_all(true, false);
}

/* An anchor below zones that nobody vouches for: what they say of it is not believed. */
static void test_an_island_stands_alone(void **state)
{
        (void)state;
        try_all(false, true);
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

static int try_again(char **word)
{
        struct attack attack = {
                .kind = (unsigned)atoi(word[0]),
                .zone = (unsigned)atoi(word[1]),
                .message = atoi(word[2]),
                .checking_disabled = !strcmp(word[4], "CD"),
                .island = !strcmp(word[4], "island"),
        };

        forger_open();
        learn(attack.island);
        verbose = true;
        try_attack(&attack, (size_t)atoi(word[3]) % COUNT(questions));
        forger_close();
        return lies > 0;
}

int main(int count, char **argument)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_false_is_believed),
                cmocka_unit_test(test_nothing_false_is_left_behind),
                cmocka_unit_test(test_an_island_stands_alone),
        };

        mallopt(M_MMAP_THRESHOLD, 128 << 10); /* fresh pages are cheaper than clearing a resolver's tables each time */
        if (count > 5)
                return try_again(argument + 1);
        return cmocka_run_group_tests(tests, world_open, world_close);
}
