#pragma once
/*
 * The inside of struct authority: which zones there are, and which server has them.
 */
#include "authority.h"
#include "index.h"
#include "zone.h"

enum { SERVER_BEHAVIOURS_MAX = 8 };

struct behaviour_row;

/* One way in which a server misbehaves; see behaviours.def. */
struct behaviour {
        const struct behaviour_row *row;
        uint32_t number; /* the argument, or its parts */
        bool has_number;
        const uint8_t *names[2];
        const uint8_t *below; /* only for questions within this name; NULL: for all */
};

struct lab_server {
        struct authority_address address;
        struct authority_counters counters;
        unsigned behaviour_count;
        struct behaviour behaviours[SERVER_BEHAVIOURS_MAX];
        uint64_t dice;  /* state of this server's own generator */
        unsigned turns; /* how many malformed answers it gave */
};

struct authority {
        struct authority_settings settings;
        struct lab_pool pool;    /* as long as the lab */
        struct lab_pool scratch; /* as long as one answer */
        struct lab_server *servers;
        size_t server_count;
        struct lab_zone **zones;
        size_t zone_count;
        size_t generated; /* how many second-level zones authority_generate() made; they are first in zones */
        struct lab_index server_index; /* by address */
        struct lab_index zone_index;   /* by name: the first zone of that name */
};

struct authority *servers_new(const struct authority_settings *settings);

/** The number of the server at this address; a new one if there was none. */
size_t servers_add(struct authority *authority, const struct authority_address *address);

/** Add an unfinished zone. */
void servers_add_zone(struct authority *authority, struct lab_zone *zone);

/** Say that a server has a zone. */
void servers_assign(struct lab_zone *zone, size_t server);

/** Sort and sign: to be called once when all zones are there. false, and complaint says which zone lacks what. */
bool servers_finish(struct authority *authority, char complaint[AUTHORITY_COMPLAINT_MAX]);

/** The server at this address, or NULL. */
struct lab_server *servers_find(const struct authority *authority, const struct authority_address *address);

/** The first zone of this name; others follow by next_same. NULL if there is none. */
struct lab_zone *servers_zone(const struct authority *authority, const uint8_t *name);

/** The deepest zone of all that the name is within; with above, only zones that end above the name. */
struct lab_zone *servers_zone_above(const struct authority *authority, const uint8_t *name, bool above);

/** The deepest zone that the server has and the name is within; with above, only zones that end above the name. */
struct lab_zone *servers_zone_for(const struct authority *authority, const struct lab_server *server,
                                  const uint8_t *name, bool above);
