/*
 * The life of a query at one server, and the lies that somebody else may tell before its answer.
 */
#include "authority.h"
#include "behaviours.h"
#include "lookup.h"
#include "plan.h"
#include <string.h>

enum { UDP_ANSWER_MAX = 1232 };

struct authority *authority_load(const char *dir, const struct authority_settings *settings,
                                 char complaint[AUTHORITY_COMPLAINT_MAX])
{
        struct authority *authority = servers_new(settings);

        if (plan_read(authority, dir, complaint) && servers_finish(authority, complaint))
                return authority;
        authority_free(authority);
        return NULL;
}

/* Refuse what is not ours, and say what the zone says otherwise. */
static void turn_look_up(struct turn *turn)
{
        const struct query *query = turn->query;
        struct lab_zone *zone = NULL;

        if (query->class != CLASS_IN || query->type == TYPE_AXFR || query->type == TYPE_IXFR) {
                turn->response->rcode = RCODE_REFUSED;
                return;
        }
        /* A DS is the parent's to tell, if this server has the parent too (RFC 4035 section 3.1.4.1). */
        if (query->type == TYPE_DS && *query->name)
                zone = servers_zone_for(turn->authority, turn->server, query->name, true);
        struct lab_zone *own = servers_zone_for(turn->authority, turn->server, query->name, false);
        if (!zone || (own && !dname_equal(own->apex, query->name)))
                zone = own;
        if (zone)
                lookup_answer(zone, query, turn->response);
        else
                turn->response->rcode = RCODE_REFUSED;
}

static size_t answer_limit(const struct turn *turn)
{
        size_t limit = turn->max;

        if (!turn->tcp && limit > turn->query->udp_size)
                limit = turn->query->udp_size;
        return !turn->tcp && limit > UDP_ANSWER_MAX ? UDP_ANSWER_MAX : limit;
}

static void turn_take(struct turn *turn, enum rcode wrong)
{
        behaviours_run(turn, STAGE_ARRIVAL);
        if (turn->manner->drop || turn->manner->close || turn->manner->refuse)
                return;
        if (wrong) {
                turn->response->rcode = (uint16_t)wrong;
                turn->response->bare = turn->query->class == 0;
                turn->len = lab_response_write(turn->response, turn->query, turn->out, answer_limit(turn));
                return;
        }
        behaviours_run(turn, STAGE_ANSWER);
        if (!turn->answered)
                turn_look_up(turn);
        behaviours_run(turn, STAGE_FILLED);
        turn->len = lab_response_write(turn->response, turn->query, turn->out, answer_limit(turn));
        behaviours_run(turn, STAGE_WRITTEN);
}

size_t authority_answer(struct authority *authority, const struct authority_address *address, bool tcp,
                        const uint8_t *bytes, size_t len, uint8_t *out, size_t max, struct authority_manner *manner)
{
        struct lab_server *server = servers_find(authority, address);
        struct response response = { .scratch = &authority->scratch };
        struct query query;
        bool answerable;

        *manner = (struct authority_manner){ .drop = true };
        if (!server)
                return 0;
        *(tcp ? &server->counters.tcp : &server->counters.udp) += 1;
        enum rcode wrong = lab_query_read(&query, bytes, len, &answerable);
        manner->drop = !answerable;
        struct turn turn = { .authority = authority,
                             .server = server,
                             .query = &query,
                             .tcp = tcp,
                             .response = &response,
                             .out = out,
                             .max = max,
                             .manner = manner };
        if (answerable)
                turn_take(&turn, wrong);
        if (manner->drop)
                server->counters.dropped++;
        lab_clear(&authority->scratch);
        return manner->drop || manner->close || manner->refuse ? 0 : turn.len;
}

bool authority_refuses_tcp(const struct authority *authority, const struct authority_address *address)
{
        const struct lab_server *server = servers_find(authority, address);

        return server && behaviours_include(server, "tcp-refuse");
}

/* The address in the first A record of a message whose names are compressed to two bytes; 0 if there is none. */
static size_t address_find(const uint8_t *message, size_t len)
{
        for (size_t at = HEADER_LEN; at + 16 <= len; at++)
                if (message[at] >= 0xc0 && memcmp(message + at + 2, "\0\1\0\1", 4) == 0 &&
                    memcmp(message + at + 10, "\0\4", 2) == 0)
                        return at + 12;
        return 0;
}

size_t authority_forge(enum authority_forgery forgery, unsigned nth, const uint8_t *answer, size_t len, uint8_t *out)
{
        size_t address = address_find(answer, len);

        memcpy(out, answer, len);
        if (address)
                memcpy(out + address, (uint8_t[]){ 192, 0, 2, 66 }, 4);
        switch (forgery) {
        case FORGERY_ID:
                out[0] ^= (uint8_t)((nth + 1) >> 8);
                out[1] ^= (uint8_t)(nth + 1);
                break;
        case FORGERY_QUESTION: out[HEADER_LEN + 1] ^= 1; break;
        case FORGERY_CASE: dname_lower(answer + HEADER_LEN, out + HEADER_LEN); break;
        case FORGERY_NONE:
        case FORGERY_PORT:
        case FORGERY_ADDRESS: break;
        }
        return len;
}
