/* Anchors: the clock, the file and the letters. */
#include "keeper.h"
#include "asking.h"
#include "base/date.h"
#include "clock.h"
#include "config/builtin.h"
#include "dnssec/ledger.h"
#include "list.h"
#include "log.h"
#include "policy/policy.h"
#include "resolver.h"
#include "server.h"
#include "watch/words.h"
#include "wholefile.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include "worker.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        MS = 1000,
        MAILBOX_MAX = 1024,
        LEARNED_BYTES_MAX = 1 << 20,
        WRITE_EACH_S = 3600,  /* how often at least that a look was good is written down */
        SLEEP_MAX_S = 3600,   /* the clock may be set meanwhile */
        SLEEP_MIN_S = 1,
        CLOCK_JUMP_S = 2,
        CHECK_EACH_S = 300,   /* whether a negative anchor is still needed */
        SLEEP_UNASKED_S = 5,  /* while nobody has asked anything */
};

/* Other numbers than those of the control channel's callers. */
static const uint64_t errand_mark = UINT64_C(1) << 63;

static uint64_t now_s(void)
{
        struct clock clock;

        clock_tick(&clock);
        return clock.now.wall_s;
}

/* --- The file ----------------------------------------------------------------------------------------------------- */

static void set_aside(const struct keeper *keeper, const char *why)
{
        int failed = wholefile_set_aside(keeper->path);

        log_line(LOG_TRUST,
                 "the file %s is damaged (%s); %s%s. Validation begins with the anchors that are built in or set",
                 keeper->path, why, failed ? "it cannot be set aside: " : "it stands aside as trust-anchors.damaged",
                 failed ? strerror(failed) : "");
}

/* A file that cannot be read costs what was learned, never the anchors that we have without it. */
static void read_ledger(struct keeper *keeper)
{
        char why[LEDGER_WHY_MAX];
        struct wholefile file;
        int failed = wholefile_read(keeper->path, LEDGER_BYTES_MAX, &file);

        keeper->read = true;
        if (failed == ENOENT)
                return;
        if (failed == EFBIG) {
                set_aside(keeper, "it is far too large");
                return;
        }
        if (failed) {
                log_line(LOG_TRUST, "the trust anchors in %s cannot be read: %s. Validation begins with those that are "
                                    "built in or set, and nothing is kept", keeper->path, strerror(failed));
                keeper->path[0] = '\0';
                return;
        }
        if (ledger_read(file.bytes, file.len, keeper->follower, &keeper->negatives, why))
                set_aside(keeper, why);
        free(file.bytes);
}

static void complain_unwritten(struct keeper *keeper, const char *why)
{
        if (!keeper->complained)
                log_line(LOG_TRUST,
                         "the trust anchors cannot be kept in %s: %s. What is learned is lost with this process",
                         keeper->path, why);
        keeper->complained = true;
}

static void write_ledger(struct keeper *keeper)
{
        int failed = ENOMEM;

        if (!keeper->path[0])
                return;
        char *text = malloc(LEDGER_BYTES_MAX);
        if (text) {
                struct writer writer = writer_over(text, LEDGER_BYTES_MAX);

                ledger_write(&writer, keeper->follower, &keeper->negatives);
                if (!writer.failed)
                        failed = wholefile_write(keeper->path, text, writer_len(&writer));
        }
        free(text);
        if (failed)
                complain_unwritten(keeper, strerror(failed));
        else
                keeper->complained = false;
        keeper->written_s = now_s();
}

/* --- What is trusted ---------------------------------------------------------------------------------------------- */

const struct policy *keeper_learn(struct keeper *keeper, const struct policy *policy)
{
        const struct policy *next = NULL;
        struct negative_anchor negative[NEGATIVES_MAX];
        struct learned learned;
        struct arena arena;

        if (!keeper->read && policy->settings->validation != VALIDATION_NO)
                read_ledger(keeper);
        follow_adopt(keeper->follower, policy->settings, now_s());
        arena_init(&arena, LEARNED_BYTES_MAX);
        if (follow_learned(keeper->follower, &arena, &learned)) {
                negatives_learned(&keeper->negatives, negative, &learned);
                next = policy_learn(policy, &learned);
        }
        arena_fini(&arena);
        if (!next) {
                log_line(LOG_TRUST, "out of memory: what was learned about trust anchors is not used");
                return policy;
        }
        policy_release(policy);
        return next;
}

/* What is trusted has changed: all workers are to know. */
static void adopt(struct keeper *keeper)
{
        server_adopt(keeper->server, keeper_learn(keeper, policy_hold(keeper->server->policy)));
}

static void tell(void *context, const struct follow_news *news)
{
        char zone[NAME_TEXT_MAX];

        (void)context;
        log_line(LOG_TRUST, "key %u of %s is %s: %s", (unsigned)news->tag, name_text(news->zone, zone),
                 news->to == ANCHOR_STATES ? "forgotten" : anchor_state_word(news->to), news->why);
}

static unsigned trusted_keys(const struct followed_zone *zone)
{
        unsigned count = 0;

        for (unsigned i = 0; i < zone->key_count; i++)
                count += anchor_state_trusted(zone->key[i].state);
        return count;
}

/* Nothing of the zone can be believed any more: worth a line of its own. */
static void warn_of_lost_trust(const struct keeper *keeper)
{
        char name[NAME_TEXT_MAX];

        for (unsigned i = 0; i < keeper->follower->zone_count; i++) {
                const struct followed_zone *zone = &keeper->follower->zone[i];

                if (zone->active && !trusted_keys(zone))
                        log_line(LOG_TRUST, "no key of %s is trusted any more: whatever it should prove is refused. A "
                                            "newer version, or the setting `trust-anchors`, brings new anchors",
                                 name_text(&zone->name, name));
        }
}

static void see(struct keeper *keeper, const struct sighting *sighting)
{
        uint64_t now = now_s();

        if (keeper->looked_at && sighting->proven && name_equal(&keeper->looked_at->name, &sighting->zone))
                keeper->looked_at = NULL;
        enum follow_change change = follow_see(keeper->follower, sighting, now, tell, NULL);
        if (change == FOLLOW_TRUST) {
                warn_of_lost_trust(keeper);
                adopt(keeper);
        }
        if (change != FOLLOW_SAME || now < keeper->written_s || now - keeper->written_s >= WRITE_EACH_S)
                write_ledger(keeper);
}

/* --- Negative anchors --------------------------------------------------------------------------------------------- */

static void arm(struct keeper *keeper);

bool keeper_add_negative(struct keeper *keeper, const struct name *name, uint64_t ends_s, const char *reason)
{
        char text[NAME_TEXT_MAX], date[DATE_TEXT_MAX];
        const struct negative *added = negatives_add(&keeper->negatives, name, now_s(), ends_s, reason);

        if (!added)
                return false;
        log_line(LOG_TRUST, "negative trust anchor %s until %s%s%s", name_text(name, text), date_text(ends_s, date),
                 added->reason[0] ? ": " : "", added->reason);
        adopt(keeper);
        write_ledger(keeper);
        arm(keeper);
        return true;
}

static void drop_negative(struct keeper *keeper, struct negative *negative, const char *why)
{
        char text[NAME_TEXT_MAX];

        log_line(LOG_TRUST, "the negative trust anchor %s is gone: %s", name_text(&negative->name, text), why);
        negatives_drop(&keeper->negatives, negative);
        adopt(keeper);
        write_ledger(keeper);
}

bool keeper_drop_negative(struct keeper *keeper, const struct name *name)
{
        struct negative *negative = negatives_find(&keeper->negatives, name);

        if (negative)
                drop_negative(keeper, negative, "it was removed by a command");
        return negative != NULL;
}

static void end_negatives(struct keeper *keeper)
{
        struct negative *negative;
        uint64_t built_s = 0;

        (void)date_parse(builtin_date, &built_s);
        while ((negative = negatives_ended(&keeper->negatives, now_s(), built_s)))
                drop_negative(keeper, negative, "its time is over");
}

/* RFC 7646 6: is it still needed? An answer that holds, or comes from a zone that is unsigned now, says no. */
static void conclude_check(struct keeper *keeper, const struct told *told)
{
        bool permissive = keeper->server->policy->settings->validation == VALIDATION_PERMISSIVE;
        unsigned rcode = told->len >= HEADER_LEN ? told->bytes[3] & FLAG_RCODE_MASK : RCODE_SERVFAIL;
        struct negative *negative = negatives_find(&keeper->negatives, &keeper->checked);

        if (negative && !permissive && (rcode == RCODE_NOERROR || rcode == RCODE_NXDOMAIN))
                drop_negative(keeper, negative, "its zone validates again");
}

/* --- The clock ---------------------------------------------------------------------------------------------------- */

static int64_t clock_lead_s(void)
{
        struct clock clock;

        clock_tick(&clock);
        return (int64_t)clock.now.wall_s - (int64_t)(clock.now.mono_us / 1000000);
}

static void trust_clock(struct keeper *keeper, const char *why)
{
        char date[DATE_TEXT_MAX];

        if (!keeper->clock_in_doubt)
                return;
        keeper->clock_in_doubt = false;
        uv_timer_stop(&keeper->watch);
        log_line(LOG_TRUST, "the clock is no longer in doubt at %s: %s", date_text(now_s(), date), why);
}

/* Workers see by themselves that the clock was set, with whatever comes next; here it is about the line in the log. */
static void watch_fired(uv_timer_t *timer)
{
        struct keeper *keeper = timer->data;

        if (llabs(clock_lead_s() - keeper->doubted_lead_s) > CLOCK_JUMP_S)
                trust_clock(keeper, "it has been set, and what failed for its time is tried again");
}

/* One line, however many workers and questions meet it. */
static void doubt_clock(struct keeper *keeper, const char *sentence)
{
        if (keeper->clock_in_doubt)
                return;
        keeper->clock_in_doubt = true;
        keeper->doubted_lead_s = clock_lead_s();
        uv_timer_start(&keeper->watch, watch_fired, MS, MS);
        log_line(LOG_TRUST, "WARNING: %s. Until it is set nothing validates, and the names in `ntp-names` resolve "
                            "without validation", sentence);
}

/* --- News of workers ---------------------------------------------------------------------------------------------- */

struct news_letter {
        struct letter letter;
        enum news news;
        size_t len;
        uint8_t bytes[];
};

static void news_open(struct letter *letter, void *reader)
{
        struct news_letter *news = holder_of(letter, struct news_letter, letter);
        struct keeper *keeper = reader;
        struct reader bytes = reader_over(news->bytes, news->len);
        struct sighting sighting;

        switch (news->news) {
        case NEWS_KEYS:
                if (sighting_read(&bytes, &sighting) == ERR_OK)
                        see(keeper, &sighting);
                break;
        case NEWS_CLOCK_WRONG:
                doubt_clock(keeper, (const char *)news->bytes);
                break;
        case NEWS_CLOCK_RIGHT:
                trust_clock(keeper, "the keys of the root are good by it");
                break;
        }
        free(news);
        arm(keeper);
}

void keeper_publish(struct keeper *keeper, const struct action *action)
{
        struct news_letter *news = malloc(sizeof *news + action->publish.len);

        if (!news)
                return; /* the next look says it again */
        *news = (struct news_letter){ .letter.open = news_open, .news = action->publish.news,
                                      .len = action->publish.len };
        memcpy(news->bytes, action->publish.bytes, action->publish.len);
        if (mailbox_post(&keeper->mailbox, &news->letter))
                free(news);
}

/* --- Errands ------------------------------------------------------------------------------------------------------ */

/* A worker has something to say about an errand; its steps are in the trace log, what counts is that it is over. */
static void errand_told(struct letter *letter, void *reader)
{
        struct told *told = holder_of(letter, struct told, letter);
        struct keeper *keeper = reader;

        if (told->what != TOLD_TRACE && told->number == keeper->errand) {
                if (keeper->looked_at)
                        follow_failed(keeper->looked_at, now_s());
                if (keeper->checked.wire && told->what == TOLD_ANSWER)
                        conclude_check(keeper, told);
                keeper->looked_at = NULL;
                keeper->checked.wire = NULL;
                keeper->errand = 0;
                arm(keeper);
        }
        free(told);
}

/* Ask worker 0; false: it cannot be asked now. */
static bool send_errand(struct keeper *keeper, const struct name *name, uint16_t type, const struct ways *ways)
{
        uint64_t number = ++keeper->errands | errand_mark;
        uint8_t query[ASKING_QUERY_MAX];
        size_t len = asking_write_query(query, name, type, false);

        if (asking_post(keeper->server->worker[0], &keeper->mailbox, errand_told, number, ways, query, len))
                return false;
        keeper->errand = number;
        return true;
}

/* The answer does not matter: what the zone shows comes as news. */
static void look_at(struct keeper *keeper, struct followed_zone *zone)
{
        if (send_errand(keeper, &zone->name, TYPE_DNSKEY, &(struct ways){ .cold = true }))
                keeper->looked_at = zone;
}

/* The name is kept aside, as the anchor may be gone before the answer is there. */
static void check_negative(struct keeper *keeper, struct negative *negative)
{
        negative->checked_s = now_s();
        if (send_errand(keeper, &negative->name, TYPE_SOA, &(struct ways){ .cold = true, .strict = true }))
                keeper->checked = name_hold(&keeper->checked_store, &negative->name);
}

static bool anybody_asked(const struct server *server)
{
        struct metrics sum = { 0 };

        for (unsigned i = 0; i < server->worker_count; i++)
                metrics_sum(&sum, &server->worker[i]->metrics);
        return metrics_total(sum.questions, TRANSPORT_SLOTS) > 0;
}

static uint64_t check_due(const struct negative *negative)
{
        return (negative->checked_s ? negative->checked_s : negative->since_s) + CHECK_EACH_S;
}

static struct negative *next_check(struct keeper *keeper)
{
        struct negative *next = NULL;

        for (unsigned i = 0; i < keeper->negatives.count; i++)
                if (!next || check_due(&keeper->negatives.item[i]) < check_due(next))
                        next = &keeper->negatives.item[i];
        return next;
}

/* One errand at a time, and none before somebody else has asked something. */
static void run_errand(struct keeper *keeper)
{
        uint64_t due_s = 0, now = now_s();
        struct followed_zone *zone = follow_next(keeper->follower, now, &due_s);
        struct negative *negative = next_check(keeper);

        if (keeper->errand || !anybody_asked(keeper->server))
                return;
        if (zone && due_s <= now)
                look_at(keeper, zone);
        else if (negative && check_due(negative) <= now)
                check_negative(keeper, negative);
}

static void timer_fired(uv_timer_t *timer)
{
        struct keeper *keeper = timer->data;

        end_negatives(keeper);
        run_errand(keeper);
        arm(keeper);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

/* When there is something to be done; UINT64_MAX: never. */
static uint64_t next_due(struct keeper *keeper)
{
        uint64_t due_s = UINT64_MAX, look_s;

        if (follow_next(keeper->follower, now_s(), &look_s))
                due_s = look_s;
        for (unsigned i = 0; i < keeper->negatives.count; i++) {
                const struct negative *negative = &keeper->negatives.item[i];

                due_s = earlier(due_s, earlier(negative->ends_s, check_due(negative)));
        }
        return due_s;
}

static uint64_t sleep_until(const struct keeper *keeper, uint64_t due_s)
{
        uint64_t now = now_s();

        if (due_s > now)
                return earlier(due_s - now, SLEEP_MAX_S);
        if (keeper->errand)
                return SLEEP_MAX_S; /* its end arms the timer anew */
        return anybody_asked(keeper->server) ? SLEEP_MIN_S : SLEEP_UNASKED_S;
}

static void arm(struct keeper *keeper)
{
        uint64_t due_s = next_due(keeper);

        if (due_s == UINT64_MAX)
                uv_timer_stop(&keeper->timer);
        else
                uv_timer_start(&keeper->timer, timer_fired, sleep_until(keeper, due_s) * MS, 0);
}

/* --- In words ----------------------------------------------------------------------------------------------------- */

static void show_key(const struct followed_zone *zone, const struct followed_key *key, struct writer *w)
{
        char date[DATE_TEXT_MAX], line[256];
        uint64_t hold_s = zone->ttl_s > FOLLOW_HOLD_S ? zone->ttl_s : FOLLOW_HOLD_S;

        (void)snprintf(line, sizeof line, "    %5u  %-8s since %s  %s", (unsigned)followed_key_tag(key),
                       anchor_state_word(key->state), date_text(key->since_s, date), anchor_state_help(key->state));
        write_text(w, line);
        if (key->state == ANCHOR_PENDING && hold_s > key->held_s) {
                write_text(w, "; ");
                words_seconds(w, hold_s - key->held_s);
                write_text(w, " to go");
        }
        write_text(w, "\n");
}

static void show_followed(const struct followed_zone *zone, struct writer *w)
{
        char name[NAME_TEXT_MAX], date[DATE_TEXT_MAX];

        write_text(w, name_text(&zone->name, name));
        write_text(w, "  followed (RFC 5011), last seen ");
        write_text(w, zone->checked_s ? date_text(zone->checked_s, date) : "never");
        write_text(w, ", next look ");
        write_text(w, zone->next_s ? date_text(zone->next_s, date) : "with the first question");
        write_text(w, "\n");
        for (unsigned i = 0; i < zone->key_count; i++)
                show_key(zone, &zone->key[i], w);
}

static bool is_followed(const struct keeper *keeper, const struct name *name)
{
        for (unsigned i = 0; i < keeper->follower->zone_count; i++)
                if (keeper->follower->zone[i].active && name_equal(&keeper->follower->zone[i].name, name))
                        return true;
        return false;
}

static void show_fixed(const struct rr *rr, struct writer *w)
{
        char name[NAME_TEXT_MAX], line[64];

        (void)snprintf(line, sizeof line, "  %5u  fixed by the settings\n", (unsigned)anchor_record_tag(rr));
        write_text(w, name_text(&rr->owner, name));
        write_text(w, line);
}

void keeper_show(const struct keeper *keeper, struct writer *w)
{
        const struct settings *settings = keeper->server->policy->settings;

        if (settings->validation == VALIDATION_NO) {
                write_text(w, "nothing is validated (setting `validation`)\n");
                return;
        }
        for (unsigned i = 0; i < keeper->follower->zone_count; i++)
                if (keeper->follower->zone[i].active)
                        show_followed(&keeper->follower->zone[i], w);
        for (unsigned i = 0; i < settings->anchors.count; i++)
                if (!is_followed(keeper, &settings->anchors.item[i].rr.owner))
                        show_fixed(&settings->anchors.item[i].rr, w);
}

void keeper_show_negatives(const struct keeper *keeper, struct writer *w)
{
        const struct name_list *set = &keeper->server->policy->settings->negative_trust_anchors;
        char name[NAME_TEXT_MAX], date[DATE_TEXT_MAX];

        for (unsigned i = 0; i < keeper->negatives.count; i++) {
                const struct negative *negative = &keeper->negatives.item[i];

                write_text(w, name_text(&negative->name, name));
                write_text(w, "  until ");
                write_text(w, date_text(negative->ends_s, date));
                write_text(w, ", last checked ");
                write_text(w, negative->checked_s ? date_text(negative->checked_s, date) : "never");
                write_text(w, negative->reason[0] ? ", " : "");
                write_text(w, negative->reason);
                write_text(w, "\n");
        }
        for (unsigned i = 0; i < set->count; i++) {
                write_text(w, name_text(&set->item[i], name));
                write_text(w, "  fixed by the settings\n");
        }
        if (!keeper->negatives.count && !set->count)
                write_text(w, "there are none\n");
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

enum err keeper_open(struct keeper *keeper, struct server *server)
{
        const struct settings *settings = server->policy->settings;

        keeper->server = server;
        keeper->follower = calloc(1, sizeof *keeper->follower);
        if (!keeper->follower)
                return ERR_MEMORY;
        (void)snprintf(keeper->path, sizeof keeper->path, "%s/trust-anchors", settings->state_dir);
        server->policy = keeper_learn(keeper, server->policy);
        uv_timer_init(&server->loop, &keeper->timer);
        uv_timer_init(&server->loop, &keeper->watch);
        keeper->timer.data = keeper->watch.data = keeper;
        return mailbox_init(&keeper->mailbox, &server->loop, keeper, MAILBOX_MAX);
}

void keeper_start(struct keeper *keeper)
{
        arm(keeper);
}

void keeper_close(struct keeper *keeper)
{
        mailbox_close(&keeper->mailbox);
        uv_close((uv_handle_t *)&keeper->timer, NULL);
        uv_close((uv_handle_t *)&keeper->watch, NULL);
}

void keeper_fini(struct keeper *keeper)
{
        mailbox_fini(&keeper->mailbox);
        free(keeper->follower);
}
