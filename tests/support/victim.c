#include "victim.h"

#include "wire/compose.h"
#include "wire/rrtype.h"
#include "wire/text.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))
#define COUNT(array)  (sizeof(array) / sizeof *(array))

enum { PATIENCE_US = 6000000, DELAY_US = 1000, SEED = 1, LINES_MAX = 32 };

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
        {"x.any.sub.example.", TYPE_TXT, true, true},
        {"x.any.sub.example.", TYPE_A, true, true},
        {"ent.sub.example.", TYPE_A, true, true},
};

static struct {
        char text[VICTIM_TEXT_MAX];
        unsigned messages;
} truth[FORGER_WAYS][COUNT(questions)];

size_t victim_questions(void)
{
        return COUNT(questions);
}

const char *victim_question(size_t number)
{
        static char text[NAME_TEXT_MAX + RRTYPE_TEXT_MAX];
        char type[RRTYPE_TEXT_MAX];

        snprintf(text, sizeof text, "%s %s", questions[number].name, rrtype_text(questions[number].type, type));
        return text;
}

bool victim_is_secure(size_t number, enum forger_way way)
{
        return way == FORGER_ISLAND ? questions[number].is_on_island : questions[number].is_secure;
}

unsigned victim_messages(size_t number, enum forger_way way)
{
        return truth[way][number].messages;
}

/* --- Servers ------------------------------------------------------------------------------------------------------ */

static void server_gets(void *context, const struct action *send)
{
        static uint8_t bytes[MESSAGE_MAX];
        struct victim *victim = context;
        const struct victim_hooks *hooks = &victim->hooks;
        struct forger_reply reply;
        struct question question;
        unsigned number = victim->sent++;

        if (!forger_question(send->send.bytes, send->send.len, &question))
                return;
        forger_honest(send->send.to.address.bytes, &question, &reply);
        if (hooks->forge)
                hooks->forge(hooks->context, number, &question, &reply);
        size_t len = forger_write(send->send.bytes, send->send.len, &reply, bytes, sizeof bytes);
        if (hooks->spoil)
                len = hooks->spoil(hooks->context, number, bytes, len);
        virtual_deliver(victim->v, send->send.flight, DELAY_US, bytes, len);
}

/* --- Clients ------------------------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The answer in words, so that two can be compared: TTLs and order do not matter. */
static void describe(const struct message *message, char out[VICTIM_TEXT_MAX])
{
        static char line[LINES_MAX][VICTIM_TEXT_MAX / 8];
        char *sorted[LINES_MAX], owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], data[RDATA_TEXT_MAX];
        unsigned count = message->rr_count[SECTION_ANSWER];
        int len = snprintf(out, VICTIM_TEXT_MAX, "rcode %u", message->rcode);

        REQUIRE(count < COUNT(sorted));
        for (unsigned i = 0; i < count; i++) {
                const struct rr *rr = &message->rr[SECTION_ANSWER][i];

                snprintf(line[i], sizeof line[i], "%s %s %s", name_text(&rr->owner, owner), rrtype_text(rr->type, type),
                         rdata_text(rr->type, &rr->rdata, data, sizeof data));
                sorted[i] = line[i];
        }
        qsort(sorted, count, sizeof *sorted, by_text);
        for (unsigned i = 0; i < count; i++)
                len += snprintf(out + len, VICTIM_TEXT_MAX - (size_t)len, "; %s", sorted[i]);
}

static void client_gets(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct victim *victim = context;
        struct message message;
        struct arena arena;

        if (client != victim->client || !bytes)
                return;
        arena_init(&arena, 1 << 20);
        REQUIRE(message_read(bytes, len, &arena, &message) == ERR_OK);
        victim->answered = true;
        victim->flags = message.flags;
        describe(&message, victim->text);
        arena_fini(&arena);
}

void victim_ask(struct victim *victim, size_t number, bool checking_disabled)
{
        static const struct endpoint from = {.address = {.family = 4, .bytes = {127, 0, 0, 1}}, .port = 1053};
        struct question question = {.type = questions[number].type, .class = CLASS_IN};
        uint8_t room[NAME_WIRE_MAX], bytes[512];
        struct compose c;

        victim->client++;
        victim->answered = false;
        victim->text[0] = '\0';
        REQUIRE(name_from_text(questions[number].name, room, &question.name) == ERR_OK);
        compose_begin(&c, bytes, sizeof bytes, 7, (uint16_t)(FLAG_RD | FLAG_AD | (checking_disabled ? FLAG_CD : 0)));
        REQUIRE(compose_question(&c, &question) == ERR_OK);
        uint64_t until = virtual_now(victim->v).mono_us + PATIENCE_US;
        virtual_ask(victim->v, victim->client, &from, TRANSPORT_UDP, bytes, c.len);
        while (!victim->answered && virtual_step(victim->v, until))
                ;
}

/* --- One victim --------------------------------------------------------------------------------------------------- */

static void trace_ends(void *context, const struct action *record)
{
        const struct victim *victim = context;

        if (victim->hooks.recorded)
                victim->hooks.recorded(victim->hooks.context, record);
}

void victim_begin(struct victim *victim, enum forger_way way, const struct victim_hooks *hooks)
{
        struct virtual_hooks world = {
                .context = victim, .sent = server_gets, .answered = client_gets, .recorded = trace_ends};
        char complaint[VIRTUAL_COMPLAINT_MAX];

        mallopt(M_MMAP_THRESHOLD, 128 << 10); /* fresh pages are cheaper than clearing a resolver's tables each time */
        *victim = (struct victim){.way = way};
        if (hooks)
                victim->hooks = *hooks;
        victim->v = virtual_new(forger_settings(way), FORGER_NOW, SEED, &world, complaint);
        REQUIRE(victim->v);
}

void victim_end(struct victim *victim)
{
        virtual_free(victim->v);
        forger_forget();
}

/* --- The truth ---------------------------------------------------------------------------------------------------- */

static bool has_failed(const struct victim *victim)
{
        return !victim->answered || !strncmp(victim->text, "rcode 2", 7);
}

bool victim_learn(enum forger_way way)
{
        bool as_expected = true;

        for (size_t i = 0; i < COUNT(questions); i++) {
                struct victim victim;

                victim_begin(&victim, way, NULL);
                victim_ask(&victim, i, false);
                memcpy(truth[way][i].text, victim.text, sizeof victim.text);
                truth[way][i].messages = victim.sent;
                bool secure = victim.flags & FLAG_AD;
                if (has_failed(&victim) || secure != victim_is_secure(i, way)) {
                        fprintf(stderr, "%s: %s, flags %x\n", victim_question(i), victim.text, victim.flags);
                        as_expected = false;
                }
                victim_end(&victim);
        }
        return as_expected;
}

/*
 * An island may be denied by the zones above it, which nobody vouches for: once its zone is gone they alone can say so.
 * Anything else is another matter.
 */
static bool is_false(const struct victim *victim, size_t number)
{
        if (has_failed(victim) || (victim->way == FORGER_ISLAND && !strcmp(victim->text, "rcode 3")))
                return false;
        return strcmp(victim->text, truth[victim->way][number].text);
}

bool victim_was_lied_to(const struct victim *victim, size_t number, bool checking_disabled)
{
        bool must_be_true = victim_is_secure(number, victim->way) && !checking_disabled;

        return is_false(victim, number) && (must_be_true || (victim->flags & FLAG_AD));
}
