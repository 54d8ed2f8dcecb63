#include "resolve/flight.h"

#include "config/limits.h"
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "resolve/task.h"
#include "wire/compose.h"
#include "wire/rrtype.h"
#include <stdlib.h>
#include <string.h>

enum {
        MS = 1000,
        FLIGHTS_MAX = 32768,
        OUTGOING_MAX = 512,
        TCP_PATIENCE_MIN = 600 * MS, /* a handshake comes first */
        TCP_PATIENCE_FACTOR = 3,
        END_FACTOR = 2,        /* how much longer than its patience a flight listens, */
        LISTEN_MIN = 2500 * MS, /* and for how long at least: who is slower than he used to be is not dead */
        ORPHANS_MAX = 512,
        OWN_DELAY = 5 * MS,
};

const char *loss_word(enum loss loss)
{
        switch (loss) {
        case LOSS_UNREACHABLE:
                return "there is no route to it";
        case LOSS_REFUSED:
                return "it refused the connection";
        case LOSS_CLOSED:
                return "the connection ended before the reply";
        case LOSS_CONNECT:
                return "the connection could not be made in time";
        case LOSS_LOCAL:
                return "no socket is free here";
        case LOSS_SILENT:
                return "nothing came to the very end";
        case LOSS_CASE:
                return "the letter case of the name was not echoed";
        case LOSS_FORGED:
                return "several replies nearly matched, as in a forgery";
        }
        return "";
}

const char *transport_word(enum transport transport)
{
        switch (transport) {
        case TRANSPORT_UDP:
                return "udp";
        case TRANSPORT_TCP:
                return "tcp";
        case TRANSPORT_CONTROL:
                return "control";
        }
        return "";
}

enum err flights_init(struct flights *flights, const uint8_t secret[SIPHASH_KEY_LEN])
{
        enum err err = map_init(&flights->by_key, FLIGHTS_MAX, secret, NULL, NULL);

        if (err == ERR_OK)
                err = map_init(&flights->by_number, FLIGHTS_MAX, secret, NULL, NULL);
        return err == ERR_OK ? traffic_init(&flights->traffic, FLIGHTS_MAX, secret) : err;
}

static bool free_flight(void *context, void *value)
{
        (void)context;
        free(value);
        return true;
}

void flights_fini(struct flights *flights)
{
        map_each(&flights->by_number, free_flight, NULL);
        map_fini(&flights->by_number);
        map_fini(&flights->by_key);
        traffic_fini(&flights->traffic);
        for (struct flight *flight = flights->spare, *next; flight; flight = next) {
                next = flight->spare_next;
                free(flight);
        }
}

/* --- What makes messages equal ------------------------------------------------------------------------------------ */

static size_t outgoing_key(const struct outgoing *out, uint8_t key[NAME_WIRE_MAX + 32])
{
        size_t len = name_canonical(&out->qname, key);

        store_u16(key + len, out->qtype);
        key[len + 2] = (uint8_t)out->transport;
        key[len + 3] = (uint8_t)(out->recursion << 2 | out->no_cookie << 1 | out->edns);
        store_u16(key + len + 4, out->server.port);
        memcpy(key + len + 6, out->server.address.bytes, sizeof out->server.address.bytes);
        return len + 6 + sizeof out->server.address.bytes;
}

struct flight *flight_equal(struct desk *desk, const struct outgoing *out)
{
        uint8_t key[NAME_WIRE_MAX + 32];
        struct flight *flight = map_get(&desk->flights.by_key, key, outgoing_key(out, key));

        return flight && flight->phase != FLIGHT_LATE ? flight : NULL;
}

bool flight_board(struct desk *desk, struct flight *flight, struct seat *seat)
{
        if (flight->seat_count >= LIMIT_CLIENTS_PER_QUESTION)
                return false;
        desk->flights.orphans -= flight->orphan;
        flight->orphan = false;
        seat->flight = flight;
        seat->next = flight->seats;
        flight->seats = seat;
        flight->seat_count++;
        return true;
}

/* --- Sending ------------------------------------------------------------------------------------------------------ */

/* 0x20: each letter's case is a coin, which a forger would have to guess (draft-vixie-dnsext-dns0x20). */
static void draw_case(struct desk *desk, uint8_t *wire, size_t len)
{
        uint8_t coins[(NAME_WIRE_MAX + 7) / 8];

        rng_bytes(&desk->rng, coins, (len + 7) / 8);
        for (size_t i = 0; i < len; i++) {
                uint8_t lower = wire[i] | 0x20;

                if (lower >= 'a' && lower <= 'z')
                        wire[i] = coins[i / 8] >> i % 8 & 1 ? lower : (uint8_t)(lower & ~0x20);
        }
}

/* A label's length is at most 63 and never looks like a letter, so the whole wire form can be gone through. */
static void draw_identity(struct desk *desk, struct flight *flight, const struct settings *settings)
{
        flight->id = (uint16_t)rng_u32(&desk->rng);
        flight->name_len = flight->out.qname.len;
        name_canonical(&flight->out.qname, flight->name.bytes);
        flight->case_drawn = settings->query_case_randomization && flight->out.transport == TRANSPORT_UDP;
        if (flight->case_drawn)
                draw_case(desk, flight->name.bytes, flight->name_len);
}

/* A client cookie is drawn once for each server and kept with what is known of it (RFC 7873 4.1). */
static void offer_cookie(struct desk *desk, struct flight *flight, struct edns *edns)
{
        static const uint8_t none[COOKIE_CLIENT_LEN];
        struct server *server = servers_get(desk, &flight->out.server.address);

        if (!server)
                return;
        struct server_note *note = &server->note;
        if (!memcmp(note->cookie_client, none, sizeof none)) {
                rng_bytes(&desk->rng, note->cookie_client, sizeof note->cookie_client);
                note->cookie_len = 0;
        }
        edns->has_cookie = true;
        memcpy(edns->cookie_client, note->cookie_client, sizeof note->cookie_client);
        edns->cookie_server_len = note->cookie_len;
        memcpy(edns->cookie_server, note->cookie, note->cookie_len);
        flight->cookie_sent = true;
        memcpy(flight->cookie, note->cookie_client, sizeof flight->cookie);
}

/* RFC 8145 4: whoever is asked for the keys of an anchor's zone is told which anchors are trusted here. */
static void tell_key_tags(const struct desk *desk, const struct flight *flight, const struct settings *settings,
                          struct edns *edns)
{
        if (flight->out.qtype == TYPE_DNSKEY && settings->trust_anchor_signaling &&
            settings->validation != VALIDATION_NO)
                edns->key_tag_count = (uint8_t)anchor_tags(desk->policy->anchors, &flight->out.qname, edns->key_tag,
                                                           EDNS_KEY_TAGS_MAX);
}

static size_t write_message(struct desk *desk, struct flight *flight, const struct settings *settings,
                            uint8_t out[OUTGOING_MAX])
{
        struct compose c;
        struct question question = {
                .name = { .wire = flight->name.bytes,
                          .len = (uint8_t)flight->name_len,
                          .label_count = flight->out.qname.label_count },
                .type = flight->out.qtype,
                .class = CLASS_IN,
        };

        compose_begin(&c, out, OUTGOING_MAX, flight->id, flight->out.recursion ? FLAG_RD : 0);
        if (compose_question(&c, &question) != ERR_OK)
                return 0;
        if (flight->out.edns) {
                struct edns edns = { .present = true, .dnssec_ok = true, .udp_size = (uint16_t)settings->udp_size };

                if (settings->server_cookies && !flight->out.no_cookie)
                        offer_cookie(desk, flight, &edns);
                tell_key_tags(desk, flight, settings, &edns);
                if (compose_opt(&c, &edns) != ERR_OK)
                        return 0;
        }
        return c.len;
}

static bool hand_out(struct desk *desk, struct flight *flight, const struct request *request, size_t *sent_len)
{
        uint8_t message[OUTGOING_MAX];
        size_t len = write_message(desk, flight, request->policy->settings, message);
        const uint8_t *bytes = len ? desk_outbox(desk, message, len) : NULL;
        struct action *action = bytes ? desk_act(desk, ACTION_SEND) : NULL;

        if (!action)
                return false;
        action->send.flight = flight->number;
        action->send.to = flight->out.server;
        action->send.transport = flight->out.transport;
        action->send.bytes = bytes;
        action->send.len = len;
        action->send.trace = request->trace.id;
        *sent_len = len;
        return true;
}

static struct flight *flight_take_spare(struct desk *desk)
{
        struct flights *flights = &desk->flights;
        struct flight *flight = flights->spare;

        if (flight)
                flights->spare = flight->spare_next;
        else
                flight = malloc(sizeof *flight);
        if (flight)
                *flight = (struct flight){ .number = 0 };
        return flight;
}

static void flight_release(struct desk *desk, struct flight *flight)
{
        flight->spare_next = desk->flights.spare;
        desk->flights.spare = flight;
}

static void set_times(struct desk *desk, struct flight *flight, const struct settings *settings, unsigned sends)
{
        const struct address *server = &flight->out.server.address;
        uint64_t patience = servers_patience(desk, server, sends);

        if (flight->out.transport == TRANSPORT_TCP) {
                patience *= TCP_PATIENCE_FACTOR;
                if (patience < TCP_PATIENCE_MIN)
                        patience = TCP_PATIENCE_MIN;
        }
        flight->sent_us = desk->now.mono_us;
        flight->patience_us = flight->sent_us + patience;
        flight->end_us = flight->sent_us + (patience * END_FACTOR > LISTEN_MIN ? patience * END_FACTOR : LISTEN_MIN);
        flight->hedge_us = flight->sent_us + servers_hedge(desk, server);
        if (!settings->hedging || flight->out.hedge || flight->hedge_us >= flight->patience_us)
                flight->phase = FLIGHT_HEDGED;
}

/* Both maps borrow the key from the flight itself. */
static bool flight_map(struct flights *flights, struct flight *flight)
{
        do
                flight->number = ++flights->last_number;
        while (!flight->number || map_get(&flights->by_number, &flight->number, sizeof flight->number));
        if (map_put(&flights->by_number, &flight->number, sizeof flight->number, flight) != ERR_OK)
                return false;
        flight->key_len = outgoing_key(&flight->out, flight->key);
        if (map_get(&flights->by_key, flight->key, flight->key_len))
                flight->key_len = 0; /* an equal one is under way, but late */
        else if (map_put(&flights->by_key, flight->key, flight->key_len, flight) != ERR_OK) {
                map_take(&flights->by_number, &flight->number, sizeof flight->number);
                return false;
        }
        return true;
}

static void flight_unmap(struct flights *flights, struct flight *flight)
{
        map_take(&flights->by_number, &flight->number, sizeof flight->number);
        if (flight->key_len)
                map_take(&flights->by_key, flight->key, flight->key_len);
}

static void count_flights(struct desk *desk)
{
        metrics_level(desk->metrics->flights, desk->metrics->flights_high_water, desk->flights.by_number.count);
}

static bool flight_register(struct desk *desk, struct flight *flight)
{
        struct flights *flights = &desk->flights;

        if (!flight_map(flights, flight))
                return false;
        flight->zone = traffic_enter(&flights->traffic, &flight->out.zone);
        if (!flight->zone) {
                flight_unmap(flights, flight);
                return false;
        }
        count_flights(desk);
        return true;
}

static void flight_unregister(struct desk *desk, struct flight *flight)
{
        struct traffic_place *called = traffic_leave(&desk->flights.traffic, flight->zone);

        for (; called; called = called->next)
                task_wake(called->task);
        flight_unmap(&desk->flights, flight);
        timers_disarm(&desk->flight_timers, &flight->timer);
        count_flights(desk);
}

struct flight *flight_launch(struct desk *desk, struct seat *seat, const struct outgoing *out)
{
        const struct settings *settings = seat->task->request->policy->settings;
        struct flight *flight = flight_take_spare(desk);
        struct server *server = servers_get(desk, &out->server.address);
        size_t len;

        if (!flight)
                return NULL;
        flight->out = *out;
        draw_identity(desk, flight, settings);
        set_times(desk, flight, settings, out->sends);
        if (!flight_register(desk, flight)) {
                flight_release(desk, flight);
                return NULL;
        }
        uint64_t first = flight->phase == FLIGHT_FRESH ? flight->hedge_us : flight->patience_us;
        if (timers_arm(&desk->flight_timers, &flight->timer, first) != ERR_OK ||
            !hand_out(desk, flight, seat->task->request, &len)) {
                flight_unregister(desk, flight);
                flight_release(desk, flight);
                return NULL;
        }
        flight->out.qname = (struct name){ .wire = flight->name.bytes,
                                           .len = (uint8_t)flight->name_len,
                                           .label_count = out->qname.label_count };
        flight->len = (uint16_t)len;
        desk->flights.sent++;
        desk->flights.hedges += out->hedge;
        metrics_inc(&desk->metrics->upstream_sent[out->transport]);
        metrics_add(desk->metrics->upstream_sent_bytes, len);
        if (out->hedge)
                metrics_inc(desk->metrics->hedges);
        if (server)
                server->under_way++;
        flight_board(desk, flight, seat);
        return flight;
}

bool flight_may_hedge(const struct desk *desk)
{
        return desk->flights.hedges * 100 <= desk->flights.sent * LIMIT_HEDGE_PERCENT;
}

/* --- Ending ------------------------------------------------------------------------------------------------------- */

static void flight_end(struct desk *desk, struct flight *flight)
{
        struct server *server = servers_get(desk, &flight->out.server.address);

        if (server && server->under_way)
                server->under_way--;
        desk->flights.orphans -= flight->orphan;
        flight_unregister(desk, flight);
        flight_release(desk, flight);
}

static void recall(struct desk *desk, const struct flight *flight)
{
        struct action *action = desk_act(desk, ACTION_RECALL);

        if (action)
                action->recall.flight = flight->number;
}

/*
 * A datagram that nobody waits for any more is still listened for: its reply tells how long the server takes, and
 * silence that it is not to be asked first next time. Without this the loser of a hedge would stay unknown, and be
 * picked again.
 */
static bool flight_is_worth_hearing(struct desk *desk, struct flight *flight)
{
        if (flight->out.transport != TRANSPORT_UDP || desk->flights.orphans == ORPHANS_MAX)
                return false;
        desk->flights.orphans++;
        flight->orphan = true;
        return true;
}

void flight_leave(struct desk *desk, struct seat *seat)
{
        struct flight *flight = seat->flight;

        if (!flight)
                return;
        for (struct seat **at = &flight->seats; *at; at = &(*at)->next)
                if (*at == seat) {
                        *at = seat->next;
                        flight->seat_count--;
                        break;
                }
        seat->flight = NULL;
        if (!flight->seats && !flight_is_worth_hearing(desk, flight)) {
                recall(desk, flight);
                flight_end(desk, flight);
        }
}

/* Everybody gets up at once; what a task does next can no longer touch this flight. */
static struct seat *empty_seats(struct flight *flight)
{
        struct seat *seats = flight->seats;

        for (struct seat *seat = seats; seat; seat = seat->next)
                seat->flight = NULL;
        flight->seats = NULL;
        flight->seat_count = 0;
        return seats;
}

static void flight_lose(struct desk *desk, struct flight *flight, enum loss loss, bool host_knows)
{
        for (struct seat *seat = empty_seats(flight), *next; seat; seat = next) {
                next = seat->next;
                task_lost(seat->task, flight, loss);
        }
        if (!host_knows)
                recall(desk, flight);
        flight_end(desk, flight);
}

static enum metric_outcome outcome_of(enum loss loss)
{
        switch (loss) {
        case LOSS_UNREACHABLE:
        case LOSS_LOCAL:
                return OUTCOME_UNREACHABLE;
        case LOSS_REFUSED:
        case LOSS_CLOSED:
        case LOSS_CONNECT:
                return OUTCOME_CONNECTION;
        case LOSS_SILENT:
                return OUTCOME_TIMEOUT;
        case LOSS_CASE:
        case LOSS_FORGED:
                break;
        }
        return OUTCOME_MALFORMED;
}

void flight_failure(struct desk *desk, uint32_t number, enum failure why)
{
        struct flight *flight = map_get(&desk->flights.by_number, &number, sizeof number);

        if (!flight)
                return;
        metrics_inc(&desk->metrics->upstream_outcomes[outcome_of((enum loss)why)]);
        flight_lose(desk, flight, (enum loss)why, true);
}

static void nudge_all(struct flight *flight, bool hedge)
{
        for (struct seat *seat = flight->seats; seat; seat = seat->next)
                task_nudge(seat->task, flight, hedge);
}

/*
 * A worker that comes late to its timers has not read what came meanwhile either: once, what lies in its sockets goes
 * first. Otherwise a busy moment makes servers silent that have answered long ago.
 */
static bool flight_is_excused(struct desk *desk, struct flight *flight)
{
        uint64_t due = flight->phase == FLIGHT_FRESH    ? flight->hedge_us
                       : flight->phase == FLIGHT_HEDGED ? flight->patience_us
                                                        : flight->end_us;
        bool excused = desk->now.mono_us >= due + OWN_DELAY && !flight->excused;

        flight->excused = excused;
        return excused && timers_arm(&desk->flight_timers, &flight->timer, desk->now.mono_us + MS) == ERR_OK;
}

void flight_on_time(struct desk *desk, struct flight *flight)
{
        uint64_t now = desk->now.mono_us;
        uint64_t next = flight->end_us;

        if (flight_is_excused(desk, flight))
                return;
        if (flight->phase == FLIGHT_FRESH && now < flight->patience_us) {
                flight->phase = FLIGHT_HEDGED;
                next = flight->patience_us;
                nudge_all(flight, true);
        } else if (flight->phase != FLIGHT_LATE) {
                flight->phase = FLIGHT_LATE;
                servers_silent(desk, &flight->out.server.address);
                metrics_inc(&desk->metrics->upstream_outcomes[OUTCOME_TIMEOUT]);
                nudge_all(flight, false);
        }
        if (now >= flight->end_us || timers_arm(&desk->flight_timers, &flight->timer, next) != ERR_OK)
                flight_lose(desk, flight, LOSS_SILENT, false);
}

/* --- Replies ------------------------------------------------------------------------------------------------------ */

enum match {
        MATCH_YES,
        MATCH_CASE, /* right but for the letter case */
        MATCH_NEAR, /* header or question differ */
};

static enum match match_question(const struct flight *flight, const uint8_t *bytes, size_t len)
{
        struct reader reader = reader_over(bytes, len);
        struct name name;

        (void)read_bytes(&reader, HEADER_LEN);
        if (name_read(&reader, &name) != ERR_OK)
                return MATCH_NEAR;
        uint16_t type = read_u16(&reader);
        uint16_t class = read_u16(&reader);
        if (reader.failed || type != flight->out.qtype || class != CLASS_IN || !name_equal(&name, &flight->out.qname))
                return MATCH_NEAR;
        return !flight->case_drawn || name_equal_case(&name, &flight->out.qname) ? MATCH_YES : MATCH_CASE;
}

/*
 * Only what we can be sure answers this very message counts. An old server may refuse EDNS with nothing but a header.
 */
static enum match match_reply(const struct flight *flight, const uint8_t *bytes, size_t len)
{
        if (len < HEADER_LEN || load_u16(bytes) != flight->id)
                return MATCH_NEAR;
        uint16_t flags = load_u16(bytes + 2);
        if (!(flags & FLAG_QR) || (flags & FLAG_OPCODE_MASK) != OPCODE_QUERY << FLAG_OPCODE_SHIFT)
                return MATCH_NEAR;
        uint16_t question_count = load_u16(bytes + 4);
        unsigned rcode = flags & FLAG_RCODE_MASK;
        if (question_count == 0 && flight->out.edns && (rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP))
                return len == HEADER_LEN ? MATCH_YES : MATCH_NEAR;
        return question_count == 1 ? match_question(flight, bytes, len) : MATCH_NEAR;
}

/* Forgers guess ids: after a few near misses, over all its messages, the question moves to TCP, and nobody is blamed
 * (pdns CVE-2023-26437). */
static void near_miss(struct desk *desk, struct flight *flight)
{
        bool suspicious = false;

        metrics_inc(desk->metrics->near_misses);
        for (struct seat *seat = flight->seats; seat; seat = seat->next)
                suspicious |= ++seat->task->near_misses >= LIMIT_NEAR_MISSES;
        if (suspicious && flight->out.transport == TRANSPORT_UDP)
                flight_lose(desk, flight, LOSS_FORGED, false);
}

static void deliver(struct desk *desk, struct flight *flight, const uint8_t *bytes, size_t len, uint64_t arrived_us)
{
        uint64_t rtt = arrived_us > flight->sent_us ? arrived_us - flight->sent_us : 0;

        flight->rtt_us = rtt;
        servers_heard(desk, &flight->out.server.address, rtt);
        metrics_add(desk->metrics->upstream_read_bytes, len);
        for (struct seat *seat = empty_seats(flight), *next; seat; seat = next) {
                next = seat->next;
                task_arrived(seat->task, flight, bytes, len);
        }
        recall(desk, flight);
        flight_end(desk, flight);
}

void flight_reply(struct desk *desk, uint32_t number, const uint8_t *bytes, size_t len, uint64_t arrived_us)
{
        struct flight *flight = map_get(&desk->flights.by_number, &number, sizeof number);

        if (!flight) {
                metrics_inc(desk->metrics->unexpected_replies);
                return;
        }
        switch (match_reply(flight, bytes, len)) {
        case MATCH_YES:
                deliver(desk, flight, bytes, len, arrived_us);
                return;
        case MATCH_CASE:
                metrics_inc(desk->metrics->near_misses);
                servers_note_tcp_only(desk, &flight->out.server.address);
                flight_lose(desk, flight, LOSS_CASE, false);
                return;
        case MATCH_NEAR:
                near_miss(desk, flight);
                return;
        }
}
