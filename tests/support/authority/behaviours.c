#include "behaviours.h"
#include "malform.h"
#include "truth.h"
#include <stdlib.h>
#include <string.h>

enum { ATTACK_TTL = 3600, EVIL_ADDRESS_LEN = 4, PART_MAX = 256 };

static const uint8_t evil_address[EVIL_ADDRESS_LEN] = { 192, 0, 2, 66 };

typedef void behaviour_run(struct turn *turn);

struct behaviour_row {
        const char *name;
        enum behaviour_stage stage;
        behaviour_run *run;
        const char *help;
};

uint64_t server_roll(struct lab_server *server)
{
        /* SplitMix64: a counter, stirred. */
        uint64_t x = server->dice += 0x9e3779b97f4a7c15;

        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
        x = (x ^ x >> 27) * 0x94d049bb133111eb;
        return x ^ x >> 31;
}

/* --- delivery --- */

static void behave_silent(struct turn *turn)
{
        turn->manner->drop = true;
}

static void behave_silent_udp(struct turn *turn)
{
        turn->manner->drop |= !turn->tcp;
}

static void behave_silent_tcp(struct turn *turn)
{
        turn->manner->drop |= turn->tcp;
}

static void behave_lose(struct turn *turn)
{
        turn->manner->drop |= server_roll(turn->server) % 100 < turn->behaviour->number;
}

static void behave_slow(struct turn *turn)
{
        turn->manner->delay_ms = turn->behaviour->number;
}

static void behave_drop_edns(struct turn *turn)
{
        turn->manner->drop |= turn->query->edns;
}

static void behave_tcp_refuse(struct turn *turn)
{
        turn->manner->refuse |= turn->tcp;
}

static void behave_tcp_close(struct turn *turn)
{
        turn->manner->close |= turn->tcp;
}

static void behave_tcp_cut(struct turn *turn)
{
        turn->manner->cut_after = turn->tcp ? turn->behaviour->number : 0;
}

static void forge(struct turn *turn, enum authority_forgery forgery)
{
        turn->manner->forgery = turn->tcp ? FORGERY_NONE : forgery;
        turn->manner->forged = turn->tcp ? 0 : (uint16_t)turn->behaviour->number;
}

static void behave_forge_id(struct turn *turn)
{
        forge(turn, FORGERY_ID);
}

static void behave_forge_port(struct turn *turn)
{
        forge(turn, FORGERY_PORT);
}

static void behave_forge_address(struct turn *turn)
{
        forge(turn, FORGERY_ADDRESS);
}

static void behave_forge_question(struct turn *turn)
{
        forge(turn, FORGERY_QUESTION);
}

static void behave_forge_case(struct turn *turn)
{
        forge(turn, FORGERY_CASE);
}

/* --- other answers --- */

static void behave_rcode(struct turn *turn)
{
        turn->answered = true;
        turn->response->rcode = (uint16_t)turn->behaviour->number;
}

static void refuse_edns(struct turn *turn, enum rcode rcode)
{
        if (!turn->query->edns)
                return;
        turn->answered = true;
        turn->response->no_edns = true;
        turn->response->rcode = (uint16_t)rcode;
}

static void behave_formerr_edns(struct turn *turn)
{
        refuse_edns(turn, RCODE_FORMERR);
}

static void behave_notimp_edns(struct turn *turn)
{
        refuse_edns(turn, RCODE_NOTIMP);
}

static void behave_servfail_edns(struct turn *turn)
{
        refuse_edns(turn, RCODE_SERVFAIL);
}

static void behave_truth(struct turn *turn)
{
        turn->answered = true;
        truth_fill(turn->authority, turn->query, turn->response);
}

static void behave_upward(struct turn *turn)
{
        static const uint8_t root[] = { 0 };
        uint8_t server[DNAME_MAX];

        turn->answered = true;
        dname_from_text("a.root-servers.net", server);
        lab_response_make(turn->response, SECTION_AUTHORITY, root, TYPE_NS, ATTACK_TTL, server, dname_len(server));
}

/* An attacker's zone exists in no file. What is not in it is refused; at its apex there is no data. */
static bool attack_begin(struct turn *turn)
{
        const struct query *query = turn->query;
        const uint8_t *zone = turn->behaviour->names[0];
        uint8_t soa[2 + 20] = { [21] = 60 };

        turn->answered = true;
        if (!zone || !dname_within(query->name, zone)) {
                turn->response->rcode = RCODE_REFUSED;
                return false;
        }
        if (!dname_equal(query->name, zone))
                return true;
        turn->response->authoritative = true;
        lab_response_make(turn->response, SECTION_AUTHORITY, zone, TYPE_SOA, 60, soa, sizeof soa);
        return false;
}

/* The part of the qname that is one label below the attacker's zone. */
static const uint8_t *attack_cut(const struct turn *turn)
{
        const uint8_t *zone = turn->behaviour->names[0];

        return dname_strip(turn->query->name, dname_labels(turn->query->name) - dname_labels(zone) - 1);
}

/* The number in that label, as in d17; 0 if there is none. */
static unsigned attack_number(const uint8_t *cut)
{
        unsigned number = 0;

        for (uint8_t i = 2; i <= *cut; i++) {
                if (cut[i] < '0' || cut[i] > '9')
                        return 0;
                number = number * 10 + cut[i] - '0';
        }
        return number;
}

/* Refer the cut to count servers; names are written by write(i). */
static void attack_refer(struct turn *turn, const uint8_t *cut, unsigned count,
                         void write(struct turn *turn, unsigned i, uint8_t out[DNAME_MAX]))
{
        struct lab_pool *scratch = turn->response->scratch;
        struct lab_set *set = lab_set_new(scratch, TYPE_NS, ATTACK_TTL, (uint16_t)count);
        uint8_t name[DNAME_MAX];

        for (unsigned i = 0; i < count; i++) {
                write(turn, i, name);
                size_t len = dname_len(name);
                set->data[i] = (struct lab_rdata){ .bytes = lab_copy(scratch, name, len), .len = (uint16_t)len };
        }
        lab_response_add(turn->response, SECTION_AUTHORITY, cut, NULL, set);
}

/* prefix.label.zone, with numbers in label. */
static void attack_name(const uint8_t *zone, const char *prefix, const char *label, uint8_t out[DNAME_MAX])
{
        uint8_t below[DNAME_MAX];

        if (!dname_join(label, zone, below) || !dname_join(prefix, below, out))
                memcpy(out, zone, dname_len(zone));
}

static void behave_self_referral(struct turn *turn)
{
        const uint8_t *zone = turn->behaviour->names[0];
        const struct authority_address *address = &turn->server->address;
        uint8_t server[DNAME_MAX];

        turn->answered = true;
        if (!zone || !dname_join("ns", zone, server))
                return;
        lab_response_make(turn->response, SECTION_AUTHORITY, zone, TYPE_NS, ATTACK_TTL, server, dname_len(server));
        lab_response_make(turn->response, SECTION_ADDITIONAL, server, address->len == 4 ? TYPE_A : TYPE_AAAA,
                          ATTACK_TTL, address->bytes, address->len);
}

static void write_further(struct turn *turn, unsigned i, uint8_t out[DNAME_MAX])
{
        unsigned fan = turn->behaviour->number ? turn->behaviour->number : 1;
        char label[16];

        snprintf(label, sizeof label, "d%u", attack_number(attack_cut(turn)) * fan + i + 1);
        attack_name(turn->behaviour->names[0], "ns", label, out);
}

static void behave_endless(struct turn *turn)
{
        if (attack_begin(turn))
                attack_refer(turn, attack_cut(turn), 1, write_further);
}

static void behave_fanout(struct turn *turn)
{
        if (attack_begin(turn))
                attack_refer(turn, attack_cut(turn), turn->behaviour->number, write_further);
}

static void write_victim(struct turn *turn, unsigned i, uint8_t out[DNAME_MAX])
{
        const uint8_t *victim = turn->behaviour->names[1];
        char label[32];

        snprintf(label, sizeof label, "n%u-%08x", i, (unsigned)server_roll(turn->server));
        if (!victim || !dname_join(label, victim, out))
                memcpy(out, turn->behaviour->names[0], dname_len(turn->behaviour->names[0]));
}

static void behave_nxns(struct turn *turn)
{
        if (attack_begin(turn))
                attack_refer(turn, attack_cut(turn), turn->behaviour->number, write_victim);
}

static void alias_answer(struct turn *turn, const char *prefix, unsigned number)
{
        uint8_t target[DNAME_MAX];
        char label[16];

        snprintf(label, sizeof label, "c%u", number);
        attack_name(turn->behaviour->names[0], prefix, label, target);
        turn->response->authoritative = true;
        lab_response_make(turn->response, SECTION_ANSWER, turn->query->name, TYPE_CNAME, ATTACK_TTL, target,
                          dname_len(target));
}

static void behave_cnames(struct turn *turn)
{
        if (attack_begin(turn))
                alias_answer(turn, "www", attack_number(attack_cut(turn)) + 1);
}

/* Names one label below the zone are aliases to a name in the next delegation; deeper ones get that delegation. */
static void behave_alias_fanout(struct turn *turn)
{
        if (!attack_begin(turn))
                return;
        const uint8_t *cut = attack_cut(turn);
        if (dname_equal(cut, turn->query->name))
                alias_answer(turn, "www", attack_number(cut) + 1);
        else
                attack_refer(turn, cut, turn->behaviour->number, write_further);
}

/* --- changed answers --- */

static void behave_truncate_udp(struct turn *turn)
{
        turn->response->truncated |= !turn->tcp;
}

static void behave_truncate_all(struct turn *turn)
{
        turn->response->truncated = true;
}

static void behave_no_aa(struct turn *turn)
{
        turn->response->authoritative = false;
}

static void behave_no_opt(struct turn *turn)
{
        turn->response->no_edns = true;
}

static void behave_no_question(struct turn *turn)
{
        turn->response->bare = true;
}

static void behave_nxdomain_ent(struct turn *turn)
{
        const struct lab_zone *zone = turn->response->zone;
        const struct lab_node *node = zone ? lab_zone_find(zone, turn->query->name) : NULL;

        if (node && !node->sets)
                turn->response->rcode = RCODE_NXDOMAIN;
}

static void behave_poison(struct turn *turn)
{
        const uint8_t *name = turn->behaviour->names[0];

        if (!name)
                return;
        lab_response_make(turn->response, SECTION_AUTHORITY, name, TYPE_NS, ATTACK_TTL, name, dname_len(name));
        lab_response_make(turn->response, SECTION_ADDITIONAL, name, TYPE_A, ATTACK_TTL, evil_address, EVIL_ADDRESS_LEN);
        lab_response_make(turn->response, SECTION_ANSWER, name, TYPE_A, ATTACK_TTL, evil_address, EVIL_ADDRESS_LEN);
}

/* The server's half depends on the client's half and on the server, as RFC 9018 wants it, but by a simpler hash. */
static void cookie_make(struct turn *turn)
{
        struct response *response = turn->response;
        uint64_t hash = 0xcbf29ce484222325 ^ turn->authority->settings.seed;

        for (unsigned i = 0; i < 8; i++)
                hash = (hash ^ turn->query->cookie[i]) * 0x100000001b3;
        memcpy(response->cookie, turn->query->cookie, 8);
        memcpy(response->cookie + 8, &hash, 8);
        response->cookie_len = 16;
}

static void behave_cookie(struct turn *turn)
{
        if (turn->query->cookie_len)
                cookie_make(turn);
}

static void behave_cookie_required(struct turn *turn)
{
        const struct query *query = turn->query;
        struct response *response = turn->response;

        behave_cookie(turn);
        if (turn->tcp || (query->cookie_len == 16 && memcmp(query->cookie, response->cookie, 16) == 0))
                return;
        memset(response->count, 0, sizeof response->count);
        response->authoritative = false;
        if (query->cookie_len)
                response->rcode = RCODE_BADCOOKIE;
        else
                response->truncated = true;
}

static void behave_wrong_id(struct turn *turn)
{
        turn->out[1] ^= 1;
}

static void behave_wrong_question(struct turn *turn)
{
        if (turn->query->name[0])
                turn->out[13] = turn->out[13] == 'x' ? 'y' : 'x';
}

static void behave_wrong_type(struct turn *turn)
{
        size_t at = 12 + dname_len(turn->query->name);

        turn->out[at + 1] ^= 1;
}

static void behave_lowercase(struct turn *turn)
{
        dname_lower(turn->query->name, turn->out + 12);
}

static void behave_not_response(struct turn *turn)
{
        turn->out[2] &= 0x7f;
}

static void behave_wrong_opcode(struct turn *turn)
{
        turn->out[2] ^= 0x10;
}

static void behave_malformed(struct turn *turn)
{
        unsigned kind = turn->behaviour->has_number ? turn->behaviour->number : turn->server->turns++;

        turn->len = malform(kind, turn->out, turn->len, turn->max);
}

/* --- the table --- */

static const struct behaviour_row rows[] = {
#define BEHAVIOUR(name, stage, function, help) { name, STAGE_##stage, behave_##function, help },
#include "behaviours.def"
#undef BEHAVIOUR
};

enum { ROW_COUNT = sizeof rows / sizeof *rows };

void behaviours_run(struct turn *turn, enum behaviour_stage stage)
{
        for (unsigned i = 0; i < turn->server->behaviour_count; i++) {
                const struct behaviour *behaviour = &turn->server->behaviours[i];
                if (behaviour->row->stage != stage)
                        continue;
                if (behaviour->below && !dname_within(turn->query->name, behaviour->below))
                        continue;
                turn->behaviour = behaviour;
                behaviour->row->run(turn);
        }
}

bool behaviours_include(const struct lab_server *server, const char *name)
{
        for (unsigned i = 0; i < server->behaviour_count; i++)
                if (strcmp(server->behaviours[i].row->name, name) == 0)
                        return true;
        return false;
}

static const struct behaviour_row *row_named(const char *name)
{
        for (unsigned i = 0; i < ROW_COUNT; i++)
                if (strcmp(rows[i].name, name) == 0)
                        return &rows[i];
        return NULL;
}

static const uint8_t *name_keep(struct authority *authority, const char *text)
{
        uint8_t name[DNAME_MAX];

        return dname_from_text(text, name) ? lab_copy(&authority->pool, name, dname_len(name)) : NULL;
}

/* A part of digits alone is the number, any other the next name. */
static bool part_take(struct authority *authority, struct behaviour *behaviour, const char *part)
{
        if (part[strspn(part, "0123456789")] == '\0') {
                behaviour->number = (uint32_t)strtoul(part, NULL, 10);
                behaviour->has_number = true;
                return true;
        }
        const uint8_t **slot = behaviour->names[0] ? &behaviour->names[1] : &behaviour->names[0];
        *slot = name_keep(authority, part);
        return *slot != NULL;
}

bool behaviour_add(struct authority *authority, size_t number, const char *text)
{
        struct lab_server *server = &authority->servers[number];
        struct behaviour behaviour = { 0 };
        char copy[PART_MAX], *rest = NULL;

        if (server->behaviour_count == SERVER_BEHAVIOURS_MAX || strlen(text) >= sizeof copy)
                return false;
        strcpy(copy, text);
        char *below = strchr(copy, '@');
        if (below) {
                *below++ = '\0';
                behaviour.below = name_keep(authority, below);
        }
        behaviour.row = row_named(strtok_r(copy, "=:", &rest));
        for (char *part = strtok_r(NULL, "=:", &rest); part; part = strtok_r(NULL, "=:", &rest))
                if (!part_take(authority, &behaviour, part))
                        return false;
        if (!behaviour.row || (below && !behaviour.below))
                return false;
        server->behaviours[server->behaviour_count++] = behaviour;
        return true;
}

void behaviours_list(FILE *out)
{
        for (unsigned i = 0; i < ROW_COUNT; i++)
                fprintf(out, "  +%-16s %s\n", rows[i].name, rows[i].help);
}

bool authority_misbehave(struct authority *authority, size_t server, const char *way)
{
        return behaviour_add(authority, server, way);
}

void authority_behave(struct authority *authority, size_t server)
{
        authority->servers[server].behaviour_count = 0;
}
