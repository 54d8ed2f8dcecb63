#pragma once
/*
 * The ways in which a server misbehaves. Each is a row of behaviours.def.
 */
#include "response.h"
#include "servers.h"

/* One query at one server, from arrival to bytes. */
struct turn {
        struct authority *authority;
        struct lab_server *server;
        const struct query *query;
        bool tcp;
        struct response *response;
        const struct behaviour *behaviour; /* the one at work */
        bool answered;                     /* the response is filled: no look-up */
        uint8_t *out;                      /* the message, once it is written */
        size_t len, max;
        struct authority_manner *manner;
};

enum behaviour_stage {
        STAGE_ARRIVAL, /* before the query is looked at: lose it, delay the answer */
        STAGE_ANSWER,  /* fill the response instead of the look-up */
        STAGE_FILLED,  /* change the response */
        STAGE_WRITTEN, /* change the bytes */
};

/** Run all behaviours of this stage that concern the question. */
void behaviours_run(struct turn *turn, enum behaviour_stage stage);

/** Whether the server has this behaviour, for whatever question. */
bool behaviours_include(const struct lab_server *server, const char *name);

/** Add one to a server, from text as in lab.conf: name[=part[:part...]][@zone]. false when it cannot be understood. */
bool behaviour_add(struct authority *authority, size_t server, const char *text);

/** Every name and what it means, a line each. */
void behaviours_list(FILE *out);

/** The next number of this server's dice. */
uint64_t server_roll(struct lab_server *server);
