#pragma once
/*
 * The zones of the forger's world (forger.h): records, keys, proofs of absence, and what an honest server says.
 */
#include "forger.h"
#include "signer.h"

enum { DAY = 86400, WORLD_SETS = 40, WORLD_CHILD = 2 /* sub.example. */ };

struct world_zone {
        const char *text;
        const uint8_t *address;
        bool is_signed, is_hashed; /* denies by NSEC3, not by NSEC */
        struct name apex;
        struct signer_key key;
        unsigned count;
        struct rrset set[WORLD_SETS]; /* signed where the zone has authority; NSEC or NSEC3 among them */
};

struct world {
        struct arena arena;
        struct arena_mark made; /* what is forged lies behind it */
        struct signer_key evil;
        char settings[FORGER_WAYS][1024];
        struct world_zone zone[FORGER_ZONES];
};

extern struct world world;

/** The set of a zone; NULL: there is none. */
struct rrset *world_find(struct world_zone *zone, const struct name *owner, uint16_t type);

/** Put a set into a reply, if there is one, and room for it. */
void world_put(struct forger_reply *reply, enum section section, const struct rrset *set);

/** The records of this zone that are about a name: those that show its types, or that it is not there. */
void world_prove(const struct world_zone *zone, const struct name *name, struct forger_reply *out);

/** The owner of the NSEC or NSEC3 record of a name. */
struct name world_place(const struct world_zone *zone, const struct name *name);

/** The NSEC3 record of a name, signed by nobody: it leads around all hashes to itself. */
struct rrset world_nsec3(const struct world_zone *zone, const struct name *name, const char *types);

/** What the server at this address says; false: it serves none of the zones above this name. */
bool world_answer(const uint8_t address[4], const struct question *question, struct forger_reply *out);
