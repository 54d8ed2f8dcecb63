#include "resolve/servers.h"

#include "cache/cache.h"
#include "config/limits.h"
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/task.h"
#include <stdlib.h>
#include <string.h>

/*
 * Time, in microseconds. The round-trip time is smoothed as in RFC 6298: srtt += (r - srtt) / 8, var += (|r - srtt| -
 * var) / 4. A server's patience is srtt + 4 var, doubled for each send that went unanswered; who was silent is not what
 * it was, so from the second send on it gets at least the time of an unknown server.
 */
enum {
        MS = 1000,
        PATIENCE_UNKNOWN = 400 * MS,
        PATIENCE_UNKNOWN_MIN = 150 * MS,
        HEDGE_UNKNOWN_MIN = 50 * MS,
        PATIENCE_MIN = 60 * MS,
        PATIENCE_MAX = 1500 * MS,
        COST_UNKNOWN = 40 * MS, /* at least: quick ones are not left for the unknown */
        COST_PER_TIMEOUT = 400 * MS,
        COST_DEAD = 20000 * MS,
        SERVERS_MAX = 10000,
        OUTAGE_RUN = 12,       /* so many messages in a row unanswered, */
        OUTAGE_US = 1500 * MS, /* over such a time, with nothing heard from anybody: it is the network */
        FAMILY_RUN = 6,        /* so many unanswered to addresses of one family, with nothing heard from it between */
        DEAD_AFTER = 4,        /* timeouts in a row */
        DEAD_FIRST_S = 5,
        DEAD_LAST_S = 60,
        SAVE_EVERY_S = 30,
        EXPLORE_ONE_IN = 20,
};

static void server_forget(void *context, void *value)
{
        struct servers *servers = context;

        if (servers->last == value)
                servers->last = NULL;
        free(value);
}

enum err servers_init(struct servers *servers, const uint8_t secret[SIPHASH_KEY_LEN])
{
        return map_init(&servers->table, SERVERS_MAX, secret, server_forget, servers);
}

void servers_fini(struct servers *servers)
{
        map_fini(&servers->table);
}

/* What the store remembers of an address counts, but failures of an earlier network epoch do not. */
static void server_recall(struct desk *desk, struct server *server)
{
        struct server_note note;

        if (!cache_get_server(desk->cache, &server->address, &note))
                return;
        server->note = note;
        server->saved_at = desk->now.cache_s;
        if (note.epoch != desk->servers.epoch) {
                server->note.timeouts = 0;
                server->note.dead_until = 0;
        }
}

static struct server *server_new(struct desk *desk, const struct address *address)
{
        struct map *table = &desk->servers.table;
        struct server *server = calloc(1, sizeof *server);

        if (!server)
                return NULL;
        server->address = *address;
        if (map_put(table, &server->address, sizeof server->address, server) != ERR_OK) {
                free(server);
                return NULL;
        }
        server_recall(desk, server);
        return server;
}

/* A message is about one server, which is asked for several times over: the one before is the one meant, mostly. */
struct server *servers_get(struct desk *desk, const struct address *address)
{
        struct servers *servers = &desk->servers;

        if (servers->last && address_equal(&servers->last->address, address))
                return servers->last;
        struct server *server = map_get(&servers->table, address, sizeof *address);
        if (!server)
                server = server_new(desk, address);
        if (server)
                servers->last = server;
        return server;
}

/* Notes are written back seldom: they are worth little each, and a busy server would fill the writer's queue. */
static void server_save(struct desk *desk, struct server *server, bool at_once)
{
        if (!at_once && server->saved_at && desk->now.cache_s < server->saved_at + SAVE_EVERY_S)
                return;
        server->saved_at = desk->now.cache_s;
        cache_put_server(desk->cache, &server->address, &server->note);
}

static void smooth(uint32_t *srtt_us, uint32_t *rttvar_us, uint64_t rtt_us)
{
        uint32_t rtt = rtt_us > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)rtt_us;

        if (!*srtt_us) {
                *srtt_us = rtt ? rtt : 1;
                *rttvar_us = rtt / 2;
                return;
        }
        uint32_t off = rtt > *srtt_us ? rtt - *srtt_us : *srtt_us - rtt;
        *rttvar_us = (uint32_t)((3 * (uint64_t)*rttvar_us + off) / 4);
        *srtt_us = (uint32_t)((7 * (uint64_t)*srtt_us + rtt) / 8);
        if (!*srtt_us)
                *srtt_us = 1;
}

static unsigned *family_silence(struct desk *desk, const struct address *address)
{
        return &desk->servers.family_silent[address->family == 6];
}

void servers_heard(struct desk *desk, const struct address *address, uint64_t rtt_us)
{
        struct server *server = servers_get(desk, address);

        *family_silence(desk, address) = 0;
        desk->servers.silent_run = 0;
        desk->servers.outage = false;
        smooth(&desk->servers.typical.srtt_us, &desk->servers.typical.rttvar_us, rtt_us);
        if (!server)
                return;
        bool was_known = server->note.srtt_us && !server->note.timeouts;
        smooth(&server->note.srtt_us, &server->note.rttvar_us, rtt_us);
        server->note.timeouts = 0;
        server->note.dead_until = 0;
        server->note.seen_at = desk->now.cache_s;
        server->note.epoch = desk->servers.epoch;
        server_save(desk, server, !was_known);
}

/* Nothing answers anywhere: a new epoch begins, and what servers were accused of since the run began is void. */
static bool outage_noticed(struct desk *desk)
{
        struct servers *servers = &desk->servers;

        if (!servers->silent_run++)
                servers->silent_since_us = desk->now.mono_us;
        if (servers->silent_run < OUTAGE_RUN || desk->now.mono_us - servers->silent_since_us < OUTAGE_US)
                return servers->outage;
        if (!servers->outage) {
                servers->outage = true;
                servers->epoch++;
                memset(servers->family_silent, 0, sizeof servers->family_silent);
                metrics_inc(desk->metrics->outages);
        }
        return true;
}

static bool of_this_epoch(const struct desk *desk, const struct server_note *note)
{
        return note->epoch == desk->servers.epoch;
}

void servers_silent(struct desk *desk, const struct address *address)
{
        struct server *server = servers_get(desk, address);
        bool outage = outage_noticed(desk);

        *family_silence(desk, address) += !outage;
        if (!server || outage)
                return;
        struct server_note *note = &server->note;
        if (!of_this_epoch(desk, note)) {
                note->timeouts = 0;
                note->epoch = desk->servers.epoch;
        }
        if (note->timeouts < UINT16_MAX)
                note->timeouts++;
        if (note->timeouts >= DEAD_AFTER) {
                int doublings = note->timeouts - DEAD_AFTER < 4 ? note->timeouts - DEAD_AFTER : 4;
                uint64_t rest_s = (uint64_t)DEAD_FIRST_S << doublings;

                note->dead_until = desk->now.cache_s + (rest_s < DEAD_LAST_S ? rest_s : DEAD_LAST_S);
                server_save(desk, server, note->timeouts == DEAD_AFTER);
        }
}

void servers_note_no_edns(struct desk *desk, const struct address *address)
{
        struct server *server = servers_get(desk, address);

        if (!server)
                return;
        server->note.no_edns_until = desk->now.cache_s + LIMIT_EDNS_REFUSED_S;
        server_save(desk, server, true);
}

void servers_note_no_cookie(struct desk *desk, const struct address *address)
{
        struct server *server = servers_get(desk, address);

        if (server)
                server->no_cookie_until = desk->now.cache_s + LIMIT_EDNS_REFUSED_S;
}

void servers_note_tcp_only(struct desk *desk, const struct address *address)
{
        struct server *server = servers_get(desk, address);

        if (!server)
                return;
        server->note.tcp_only_until = desk->now.cache_s + LIMIT_CASE_LOST_S;
        server_save(desk, server, true);
}

void servers_note_cookie(struct desk *desk, const struct address *address, const struct edns *edns)
{
        struct server *server = servers_get(desk, address);

        if (!server || !edns->has_cookie || !edns->cookie_server_len)
                return;
        bool is_new = server->note.cookie_len != edns->cookie_server_len ||
                      memcmp(server->note.cookie, edns->cookie_server, edns->cookie_server_len) != 0;
        server->note.cookie_len = edns->cookie_server_len;
        memcpy(server->note.cookie, edns->cookie_server, edns->cookie_server_len);
        if (is_new)
                server_save(desk, server, false);
}

bool servers_prefer_ip6(const struct desk *desk)
{
        const unsigned *silent = desk->servers.family_silent;

        return silent[0] >= FAMILY_RUN && silent[1] < FAMILY_RUN;
}

/* --- Times -------------------------------------------------------------------------------------------------------- */

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
        return value < low ? low : value > high ? high : value;
}

/* What to expect of an unknown server: as long as others take, with so many deviations, within bounds. */
static uint64_t typically(const struct desk *desk, unsigned deviations, uint64_t low, uint64_t high)
{
        const struct round_trip *typical = &desk->servers.typical;

        return clamp(typical->srtt_us + deviations * (uint64_t)typical->rttvar_us, low, high);
}

uint64_t servers_patience(struct desk *desk, const struct address *address, unsigned sends)
{
        const struct server *server = servers_get(desk, address);
        uint64_t base = PATIENCE_UNKNOWN;

        if (desk->servers.typical.srtt_us)
                base = typically(desk, 4, PATIENCE_UNKNOWN_MIN, PATIENCE_UNKNOWN);
        if (server && server->note.srtt_us)
                base = clamp(server->note.srtt_us + 4 * (uint64_t)server->note.rttvar_us, PATIENCE_MIN, PATIENCE_MAX);
        unsigned doublings = sends < 3 ? sends : 3;
        uint64_t least = doublings ? (uint64_t)PATIENCE_UNKNOWN << (doublings - 1) : PATIENCE_MIN;
        return clamp(base << doublings, least < PATIENCE_MAX ? least : PATIENCE_MAX, PATIENCE_MAX);
}

uint64_t servers_hedge(struct desk *desk, const struct address *address)
{
        const struct server *server = servers_get(desk, address);

        if (!server || !server->note.srtt_us)
                return desk->servers.typical.srtt_us ? typically(desk, 2, HEDGE_UNKNOWN_MIN, LIMIT_HEDGE_MS * MS)
                                                     : LIMIT_HEDGE_MS * MS;
        /* About the 95th percentile, were the times normal: the mean deviation is 0.8 of the standard one. */
        return clamp(server->note.srtt_us + 2 * (uint64_t)server->note.rttvar_us, PATIENCE_MIN / 2, PATIENCE_MAX);
}

/* --- Choosing ----------------------------------------------------------------------------------------------------- */

static const struct attempt *attempt_at(const struct task *task, const struct address *address)
{
        for (unsigned i = 0; i < task->attempt_count; i++)
                if (address_equal(&task->attempt[i].address, address))
                        return &task->attempt[i];
        return NULL;
}

static bool is_exhausted(const struct attempt *attempt, const struct server_note *note, uint64_t now_s,
                         const char **why)
{
        bool tcp = attempt->tcp || note->tcp_only_until > now_s;

        if (attempt->useless)
                *why = "its answer was of no use";
        else if (tcp && attempt->tcp_sends >= LIMIT_TCP_PER_SERVER)
                *why = "asked by TCP already";
        else if (!tcp && attempt->udp_sends >= LIMIT_SENDS_PER_SERVER)
                *why = "silent too often";
        else
                return false;
        return true;
}

/*
 * A server of which nothing is known is worth a try before one that takes longer than most; it costs a little less or
 * more by chance, so that equals are tried in any order.
 */
static uint64_t expected_cost(struct desk *desk, const struct server_note *note, const char **why)
{
        uint64_t cost = note->srtt_us ? note->srtt_us + 2 * (uint64_t)note->rttvar_us
                                      : typically(desk, 2, COST_UNKNOWN, PATIENCE_UNKNOWN) +
                                                rng_below(&desk->rng, 10 * MS);

        *why = note->srtt_us ? "fastest known" : "not asked before";
        if (of_this_epoch(desk, note)) {
                cost += (uint64_t)note->timeouts * COST_PER_TIMEOUT;
                if (note->dead_until > desk->now.cache_s)
                        cost += COST_DEAD;
        }
        return cost;
}

bool servers_consider(struct desk *desk, const struct task *task, const struct endpoint *at, struct candidate *out,
                      const char **why)
{
        const struct attempt *attempt = attempt_at(task, &at->address);
        struct server *server = servers_get(desk, &at->address);

        if (!task->cut.zone && !policy_server(task->request->policy, &at->address, why))
                return false;
        if (!server) {
                *why = "out of memory";
                return false;
        }
        if (server->under_way >= LIMIT_SERVER_IN_FLIGHT) {
                request_limit(task->request, task->number, LIMIT_ROW_SERVER_IN_FLIGHT, server->under_way);
                *why = "too many messages to it are under way";
                return false;
        }
        if (attempt && is_exhausted(attempt, &server->note, desk->now.cache_s, why))
                return false;
        *out = (struct candidate){ .address = at->address, .port = at->port };
        out->cost_us = expected_cost(desk, &server->note, &out->why);
        if (*family_silence(desk, &at->address) >= FAMILY_RUN) {
                out->cost_us += COST_PER_TIMEOUT;
                out->why = "its family is silent";
        }
        if (attempt)
                out->cost_us += (uint64_t)(attempt->udp_sends + attempt->tcp_sends) * COST_PER_TIMEOUT;
        return true;
}

unsigned servers_choose(struct desk *desk, const struct candidate *candidates, unsigned count)
{
        unsigned best = 0;

        for (unsigned i = 1; i < count; i++)
                if (candidates[i].cost_us < candidates[best].cost_us)
                        best = i;
        if (count < 2 || rng_below(&desk->rng, EXPLORE_ONE_IN))
                return best;

        /* Now and then a server that may be as good is asked, so that what is known of it does not grow old. */
        unsigned other = rng_below(&desk->rng, count);
        return candidates[other].cost_us < candidates[best].cost_us + COST_PER_TIMEOUT ? other : best;
}
