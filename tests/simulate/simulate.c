/*
 * simulate: questions by the thousand against a small Internet in memory.
 *
 *   simulate [--full] [--seed N] [--questions N] [--watch NAME] [TRIAL...]
 *
 *   loss      30 % of all exchanges are lost, the others take 100 +- 50 ms: at least 99.5 % are resolved in 10 s
 *   signed    the same with 10 % lost, and every answer from a signed zone is validated
 *   liars     one server in four misbehaves, each in another way: nothing false is ever answered
 *   hostile   zones made to exhaust resolvers: at most 100 messages a question, at most 20 to one victim zone
 *
 * Without names all trials run. Everything follows from the seed, which each line of output names: to see a failure
 * again, give it, and watch the traces of the name that failed.
 */
#include "net.h"
#include "rpl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        PATIENCE_US = 10000000, /* in which a question counts as resolved */
        RETRY_US = 1000000,     /* a client that was told SERVFAIL asks again after that */
        SPACING_US = 20000,     /* between two clients' first questions */
        NAME_MAX_LEN = 255,
        RCODE_SERVFAIL_NUMBER = 2,
        HEADER_AD = 0x20,        /* in the fourth byte */
        PROVEN_PERCENT = 20,     /* at least, where signatures are checked; about half of the zones are signed */
        LAB_WALL_S = 1750000000, /* as in net.c */
};

struct options {
        uint64_t seed;
        uint64_t questions; /* 0: as many as the trial likes */
        bool full;
        const char *watch;
};

/* --- Questions with patience -------------------------------------------------------------------------------------- */

/* One client's question: asked again while the answer is SERVFAIL and there is time. */
struct wish {
        uint8_t name[NAME_MAX_LEN];
        uint16_t type;
        uint64_t first_us, again_us; /* again_us 0: nothing is planned */
        uint64_t took_us;            /* until it was resolved; 0: not yet */
        unsigned asked;
        bool lied_to; /* got an answer that is neither the truth nor SERVFAIL */
};

struct crowd {
        struct net net;
        struct wish *wish;
        uint64_t count, next; /* all, and those that have asked */
        uint64_t oldest;      /* all before it have ended */
        uint64_t resolved, at_once, lied_to;
        uint64_t proven; /* answers with AD */
        uint8_t truth[AUTHORITY_MESSAGE_MAX];
};

static uint64_t now_us(const struct crowd *crowd)
{
        return virtual_now(crowd->net.v).mono_us;
}

static void resolve_wish(struct crowd *crowd, struct wish *wish)
{
        wish->took_us = now_us(crowd) - wish->first_us + 1;
        if (wish->took_us > PATIENCE_US)
                return;
        crowd->resolved++;
        crowd->at_once += wish->asked == 1;
}

/* Hook: client number n + 1 gets a response. */
static void wish_answered(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct crowd *crowd = context;
        struct wish *wish = &crowd->wish[client - 1];
        struct rpl_received got = { bytes, len, true }, truth = { crowd->truth, 0, true };

        if (wish->took_us)
                return;
        truth.len = authority_truth(crowd->net.authority, wish->name, wish->type, crowd->truth);
        if (bytes && rpl_same_answer(&got, &truth)) {
                crowd->proven += (bytes[3] & HEADER_AD) != 0;
                resolve_wish(crowd, wish);
                return;
        }
        if (bytes && (bytes[3] & 15) != RCODE_SERVFAIL_NUMBER) {
                char text[2][600];

                wish->lied_to = true;
                crowd->lied_to++;
                rpl_describe(&got, text[0], sizeof text[0]);
                rpl_describe(&truth, text[1], sizeof text[1]);
                printf("  false: %s\n  truth: %s\n", text[0], text[1]);
                wish->took_us = UINT64_MAX;
                return;
        }
        wish->again_us = now_us(crowd) + RETRY_US;
}

static void ask_wish(struct crowd *crowd, uint64_t n)
{
        struct wish *wish = &crowd->wish[n];

        if (!wish->asked++)
                wish->first_us = now_us(crowd);
        wish->again_us = 0;
        net_ask(&crowd->net, n + 1, wish->name, wish->type);
}

/* Those who were told SERVFAIL and still have time ask again. */
static void ask_again(struct crowd *crowd)
{
        while (crowd->oldest < crowd->next && now_us(crowd) - crowd->wish[crowd->oldest].first_us > PATIENCE_US)
                crowd->oldest++;
        for (uint64_t i = crowd->oldest; i < crowd->next; i++)
                if (crowd->wish[i].again_us && crowd->wish[i].again_us <= now_us(crowd))
                        ask_wish(crowd, i);
}

static void run_crowd(struct crowd *crowd)
{
        uint64_t end_us;

        while (crowd->next < crowd->count) {
                ask_wish(crowd, crowd->next++);
                net_run(&crowd->net, now_us(crowd) + SPACING_US);
                ask_again(crowd);
        }
        for (end_us = now_us(crowd) + PATIENCE_US; now_us(crowd) < end_us;) {
                net_run(&crowd->net, now_us(crowd) + SPACING_US);
                ask_again(crowd);
        }
}

static bool open_crowd(struct crowd *crowd, struct authority *authority, const struct net_settings *settings,
                       uint64_t count)
{
        *crowd = (struct crowd){ .count = count, .wish = calloc(count, sizeof *crowd->wish) };
        if (!crowd->wish || !net_open(&crowd->net, authority, settings, wish_answered, crowd))
                return false;
        for (uint64_t i = 0; i < count; i++)
                authority_question(authority, i, crowd->wish[i].name, &crowd->wish[i].type);
        return true;
}

static void close_crowd(struct crowd *crowd)
{
        net_close(&crowd->net);
        free(crowd->wish);
}

static void print_unresolved(const struct crowd *crowd, unsigned most)
{
        for (uint64_t i = 0; i < crowd->count && most; i++) {
                const struct wish *wish = &crowd->wish[i];

                if (wish->took_us && wish->took_us <= PATIENCE_US)
                        continue;
                printf("  unresolved, question %llu: type %u,", (unsigned long long)i, wish->type);
                for (const uint8_t *at = wish->name; *at; at += 1 + *at)
                        printf("%s%.*s", at == wish->name ? " " : ".", *at, (const char *)at + 1);
                printf(", asked %u times\n", wish->asked);
                most--;
        }
}

/* --- Trials with a crowd ----------------------------------------------------------------------------------------- */

/* What a trial is about, and how many of a thousand questions have to be resolved. */
struct crowd_trial {
        const char *name;
        struct net_settings net;
        void (*prepare)(struct crowd *crowd); /* before the first question; or NULL */
        unsigned per_mille;
};

static bool try_crowd(const struct options *options, const struct crowd_trial *trial)
{
        struct net_settings settings = trial->net;
        uint64_t count = options->questions ? options->questions : options->full ? 10000 : 2000;
        struct authority *authority =
                authority_generate(&(struct authority_settings){ options->seed, LAB_WALL_S }, count / 10);
        struct crowd crowd;
        bool good;

        settings.seed = options->seed;
        settings.watch = options->watch;
        if (!authority || !open_crowd(&crowd, authority, &settings, count))
                return false;
        if (trial->prepare)
                trial->prepare(&crowd);
        run_crowd(&crowd);
        good = crowd.resolved * 1000 >= crowd.count * trial->per_mille && !crowd.lied_to &&
               (settings.validate ? crowd.proven * 100 >= crowd.count * PROVEN_PERCENT : !crowd.proven);
        if (!good)
                print_unresolved(&crowd, 10);
        printf("%s %s, seed %llu: %llu questions, %.2f %% resolved in 10 s (%.2f %% with the first question), "
               "%llu false, %llu proven, %.2f messages a question\n",
               good ? "PASS" : "FAIL", trial->name, (unsigned long long)options->seed, (unsigned long long)count,
               100.0 * (double)crowd.resolved / (double)count, 100.0 * (double)crowd.at_once / (double)count,
               (unsigned long long)crowd.lied_to, (unsigned long long)crowd.proven,
               (double)crowd.net.sent / (double)count);
        close_crowd(&crowd);
        authority_free(authority);
        return good;
}

static bool trial_loss(const struct options *options)
{
        static const struct crowd_trial trial = { .name = "loss",
                                                  .net = { .loss_percent = 30, .delay_ms = 100, .jitter_ms = 50 },
                                                  .per_mille = 995 };

        return try_crowd(options, &trial);
}

static bool trial_signed(const struct options *options)
{
        static const struct crowd_trial trial = {
                .name = "signed",
                .net = { .loss_percent = 10, .delay_ms = 30, .jitter_ms = 20, .validate = true },
                .per_mille = 995,
        };

        return try_crowd(options, &trial);
}

static const char *const ways[] = {
        "silent",       "silent-udp",       "rcode=2",        "rcode=5",      "upward",        "truncate",
        "no-question",  "wrong-id",         "wrong-question", "wrong-type",   "lowercase",     "not-response",
        "wrong-opcode", "malformed",        "formerr-edns",   "notimp-edns",  "servfail-edns", "tcp-refuse",
        "forge-id=20",  "forge-question=4", "forge-case=2",   "forge-port=5", "slow=800",      "no-opt",
        "no-aa",        "cookie-required",  "poison=z1.t1",   "drop-edns",
};

enum { WAYS = sizeof ways / sizeof *ways, LIAR_EVERY = 4 };

static void let_some_lie(struct crowd *crowd)
{
        struct authority *authority = crowd->net.authority;

        for (size_t i = 0; i < authority_server_count(authority); i += LIAR_EVERY) {
                const char *way = ways[rng_below(&crowd->net.rng, WAYS)];

                if (!authority_misbehave(authority, i, way))
                        printf("  the authority does not know %s\n", way);
        }
}

static bool trial_liars(const struct options *options)
{
        static const struct crowd_trial trial = {
                .name = "liars", .net = { .delay_ms = 30, .jitter_ms = 20 }, .prepare = let_some_lie, .per_mille = 990
        };

        return try_crowd(options, &trial);
}

/* --- Trial: hostile zones ----------------------------------------------------------------------------------------- */

enum { MESSAGES_MAX = 100, VICTIM_MAX = 20, HOSTILE_QUESTIONS = 5, ANSWER_US = 5000000, QUIET_US = 15000000 };

/* A zone of the lab that was made to hurt; a way for its server instead of that in lab.conf; where the victim lives. */
static const struct hostile {
        const char *name; /* of the attack */
        const char *zone;
        const char *server; /* NULL: as in lab.conf */
        const char *way;
        const char *victim; /* the address of a zone that has done nothing, or NULL */
} hostile[] = {
        { "NXNS, 1500 names", "nxns.bad", NULL, NULL, "victim.lab" },
        { "endless referrals", "endless.bad", NULL, NULL, NULL },
        { "delegation fan-out", "fanout.bad", NULL, NULL, NULL },
        { "endless aliases", "cnames.bad", NULL, NULL, NULL },
        { "aliases times names", "cnames.bad", "127.53.4.24", "alias-fanout=10:cnames.bad", NULL },
        { "referral to itself", "loop.bad", NULL, NULL, NULL },
};

struct victim_count {
        const struct authority *authority;
        uint64_t most;
};

static size_t find_server(const struct authority *authority, const char *text)
{
        struct authority_address wanted, address;

        if (!authority_address_parse(text, &wanted))
                return SIZE_MAX;
        for (size_t i = 0; i < authority_server_count(authority); i++) {
                address = authority_server_address(authority, i);
                if (address.len == wanted.len && !memcmp(address.bytes, wanted.bytes, wanted.len))
                        return i;
        }
        return SIZE_MAX;
}

/* "a.b" as wire form, with a label of its own in front. */
static void wire_name(const char *text, unsigned number, uint8_t out[NAME_MAX_LEN])
{
        uint8_t *length = out;

        out += 1 + sprintf((char *)out + 1, "q%u", number);
        *length = (uint8_t)(out - length - 1);
        while (*text) {
                size_t len = strcspn(text, ".");

                *out++ = (uint8_t)len;
                memcpy(out, text, len);
                out += len;
                text += len + (text[len] == '.');
        }
        *out = 0;
}

struct last_answer {
        bool came;
        unsigned rcode;
};

static void note_answer(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct last_answer *last = context;

        (void)client;
        (void)len;
        last->came = true;
        last->rcode = bytes ? bytes[3] & 15u : 0;
}

/* Messages that reached the servers of this zone: those of the lab that serve it alone. */
static uint64_t victim_messages(const struct authority *authority, const char *address)
{
        size_t server = find_server(authority, address);
        struct authority_counters counters = { 0 };

        if (server != SIZE_MAX)
                counters = authority_server_counters(authority, server);
        return counters.udp + counters.tcp;
}

/* One question below a hostile zone: answered in time, cheap, and nothing is left of it afterwards. */
static bool survive(const struct options *options, struct authority *authority, const struct hostile *attack,
                    struct net *net, struct last_answer *last, unsigned number)
{
        static const char *const victim_address = "127.53.3.30";
        uint8_t name[NAME_MAX_LEN + 32];
        uint64_t sent = net->sent, asked_us = virtual_now(net->v).mono_us, victim;
        bool in_time, quiet;

        authority_counters_reset(authority);
        *last = (struct last_answer){ .came = false };
        wire_name(attack->zone, number, name);
        net_ask(net, number + 1, name, 1);
        net_run(net, asked_us + ANSWER_US);
        in_time = last->came;
        net_run(net, asked_us + QUIET_US);
        sent = net->sent - sent;
        victim = attack->victim ? victim_messages(authority, victim_address) : 0;
        quiet = !virtual_pending(net->v);
        if (in_time && sent <= MESSAGES_MAX && victim <= VICTIM_MAX && quiet)
                return true;
        printf("FAIL hostile, seed %llu: %s, question %u: %s, %llu messages, %llu to the victim%s\n",
               (unsigned long long)options->seed, attack->name, number, in_time ? "answered" : "no answer in 5 s",
               (unsigned long long)sent, (unsigned long long)victim, quiet ? "" : ", messages still under way");
        return false;
}

static bool trial_attack(const struct options *options, const char *lab, const struct hostile *attack)
{
        struct net_settings settings = { .seed = options->seed,
                                         .delay_ms = 10,
                                         .jitter_ms = 5,
                                         .yaml = "do-not-query-localhost: no\nspecial-use-zones: no\n",
                                         .watch = options->watch };
        char complaint[AUTHORITY_COMPLAINT_MAX];
        struct authority *authority =
                authority_load(lab, &(struct authority_settings){ options->seed, LAB_WALL_S }, complaint);
        struct last_answer last;
        struct net net;
        bool good = true;

        if (!authority) {
                printf("FAIL hostile: %s\n", complaint);
                return false;
        }
        if (attack->way) {
                size_t server = find_server(authority, attack->server);

                authority_behave(authority, server);
                good = authority_misbehave(authority, server, attack->way);
        }
        good = net_open(&net, authority, &settings, note_answer, &last) && good;
        for (unsigned i = 0; good && i < HOSTILE_QUESTIONS; i++)
                good = survive(options, authority, attack, &net, &last, i);
        if (good)
                printf("PASS hostile, seed %llu: %s, %.1f messages a question\n", (unsigned long long)options->seed,
                       attack->name, (double)net.sent / HOSTILE_QUESTIONS);
        net_close(&net);
        authority_free(authority);
        return good;
}

static bool trial_hostile(const struct options *options)
{
        const char *source = getenv("CAIRN_SOURCE");
        char lab[4096];
        bool good = true;

        snprintf(lab, sizeof lab, "%s/zones/lab", source ? source : ".");
        for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
                good = trial_attack(options, lab, &hostile[i]) && good;
        return good;
}

/* --- All ---------------------------------------------------------------------------------------------------------- */

static const struct trial {
        const char *name;
        bool (*run)(const struct options *);
} trials[] = {
        { "loss", trial_loss },
        { "signed", trial_signed },
        { "liars", trial_liars },
        { "hostile", trial_hostile },
};

enum { TRIALS = sizeof trials / sizeof *trials };

static int usage(void)
{
        fputs("usage: simulate [--full] [--seed N] [--questions N] [--watch NAME] [TRIAL...]\n", stderr);
        return 2;
}

int main(int argc, char **argv)
{
        struct options options = { .seed = 1, .full = getenv("CAIRN_FULL") != NULL };
        bool wanted[TRIALS] = { false }, any = false;
        unsigned failed = 0;

        setvbuf(stdout, NULL, _IOLBF, 0);
        for (int i = 1; i < argc; i++) {
                size_t trial = 0;

                while (trial < TRIALS && strcmp(trials[trial].name, argv[i]))
                        trial++;
                if (trial < TRIALS)
                        wanted[trial] = any = true;
                else if (!strcmp(argv[i], "--full"))
                        options.full = true;
                else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
                        options.seed = strtoull(argv[++i], NULL, 10);
                else if (!strcmp(argv[i], "--questions") && i + 1 < argc)
                        options.questions = strtoull(argv[++i], NULL, 10);
                else if (!strcmp(argv[i], "--watch") && i + 1 < argc)
                        options.watch = argv[++i];
                else
                        return usage();
        }
        for (size_t i = 0; i < TRIALS; i++)
                failed += (wanted[i] || !any) && !trials[i].run(&options);
        printf("%u trials failed\n", failed);
        return failed ? 1 : 0;
}
