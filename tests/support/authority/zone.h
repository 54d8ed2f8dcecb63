#pragma once
/*
 * A zone in memory.
 *
 * Records are added in any order; lab_zone_finish() sorts them into nodes in canonical order, adds the empty
 * non-terminals and marks what lies below a cut. From then on the zone is only read, apart from signatures and denial
 * records, which sign.c and denial.c make when they are first asked for and keep here.
 */
#include "dname.h"
#include "pool.h"
#include "rdata.h"

struct lab_rdata {
        const uint8_t *bytes;
        uint16_t len;
};

/* All records of one owner and type. */
struct lab_set {
        struct lab_set *next; /* the owner's next type */
        uint16_t type;
        uint16_t count;
        uint32_t ttl;
        struct lab_rdata *data;
        struct lab_set *signatures; /* made by sign.c, or NULL */
};

enum lab_place {
        PLACE_INSIDE,   /* the zone speaks for this name */
        PLACE_CUT,      /* it has NS and is not the apex */
        PLACE_OCCLUDED, /* below a cut or a DNAME: glue at best */
};

struct lab_node {
        const uint8_t *name;
        struct lab_set *sets;        /* NULL: an empty non-terminal */
        struct lab_set *denial;      /* its NSEC or NSEC3, made by denial.c, or NULL */
        const uint8_t *denial_owner; /* whose owner is the name, or its hash */
        enum lab_place place;
        bool linked; /* part of the chain of denial records */
};

struct lab_record {
        const uint8_t *owner;
        uint16_t type;
        uint32_t ttl;
        struct lab_rdata rdata;
};

struct lab_signing;
struct lab_denial;

struct lab_zone {
        const uint8_t *apex;
        const char *file;           /* its name in lab.conf; "" for a generated zone */
        struct lab_zone *next_same; /* another zone of the same name, served elsewhere */
        struct lab_record *records; /* until finished */
        size_t record_count;
        struct lab_node *nodes; /* canonical order; the apex is first */
        size_t node_count;
        struct lab_signing *signing; /* NULL: unsigned */
        struct lab_denial *denial;   /* made when first needed */
        uint32_t *servers;           /* numbers of the servers that have it */
        size_t server_count;
        struct lab_pool *pool;
};

struct lab_zone *lab_zone_new(struct lab_pool *pool, const uint8_t *apex);

/** Free what does not belong to the pool. */
void lab_zone_fini(struct lab_zone *zone);

/** Add a record; its bytes are copied. Owners outside the zone are ignored: false. Only before lab_zone_finish(). */
bool lab_zone_add(struct lab_zone *zone, const uint8_t *owner, uint16_t type, uint32_t ttl, const void *rdata,
                  size_t len);

/** Make the nodes. false when the apex has no SOA. */
bool lab_zone_finish(struct lab_zone *zone);

/** The node of exactly this name, or NULL. */
struct lab_node *lab_zone_find(const struct lab_zone *zone, const uint8_t *name);

/** The last node that is not behind name in canonical order; the apex if there is none. */
struct lab_node *lab_zone_before(const struct lab_zone *zone, const uint8_t *name);

/** The set of this type at a node; NULL for no such set, or no node. */
struct lab_set *lab_node_set(const struct lab_node *node, uint16_t type);

/** A set of its own with room for count records, not in any zone. */
struct lab_set *lab_set_new(struct lab_pool *pool, uint16_t type, uint32_t ttl, uint16_t count);

/** How long an absence may be remembered: the smaller of the SOA's TTL and its last field (RFC 2308 section 5). */
uint32_t lab_zone_negative_ttl(const struct lab_zone *zone);
