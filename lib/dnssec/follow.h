#pragma once
/*
 * Following trust anchors (RFC 5011): from what a zone shows of its keys, and from the time between two looks, to the
 * keys that are trusted. Pure: whoever sees the zone's keys says so with follow_see(); nothing here asks anybody.
 *
 *                       new        hold-down over        gone
 *              (start) ─────▶ PENDING ─────▶ VALID ◀────────────▶ MISSING
 *                 ▲              │              │     there again    │
 *                 └──────────────┘              └────▶ REVOKED ◀─────┘
 *                       gone                              │ 30 days
 *                                                         ▼
 *                                                      REMOVED
 *
 * Time is that of the wall clock, which may be wrong: a hold-down is not a date that has come, but the sum of the times
 * between looks at which all was well, each counted as at most the longest time between two of them. So neither a jump
 * ahead nor a set of keys that is shown once makes a key trusted.
 */
#include "base/arena.h"
#include "dnssec/anchor.h"
#include "dnssec/sighting.h"
#include <stdbool.h>
#include <stdint.h>

enum anchor_state {
#define ANCHOR_STATE(constant, word, trusted, help) ANCHOR_##constant,
#include "dnssec/anchor_states.def"
        ANCHOR_STATES
};

enum {
        FOLLOW_ZONES_MAX = 8,
        FOLLOW_KEYS_MAX = 16,      /* of a zone, those that are gone included */
        FOLLOW_DS_MAX = 4 + 64,    /* bytes of DS RDATA */
        FOLLOW_DNSKEY_MAX = 1100,  /* of DNSKEY RDATA: an RSA key of 8192 bits */
        FOLLOW_HOLD_S = 30 * 86400,
        FOLLOW_LOOK_MIN_S = 3600,
        FOLLOW_LOOK_MAX_S = 15 * 86400,
};

/* One key: what was given, what was seen, or both. */
struct followed_key {
        enum anchor_state state;
        uint64_t since_s;    /* wall clock: in this state */
        uint64_t held_s;     /* PENDING, REVOKED: how much of the hold-down has passed */
        uint16_t ds_len;     /* 0: none was given */
        uint16_t dnskey_len; /* 0: not seen yet */
        uint8_t ds[FOLLOW_DS_MAX];
        uint8_t dnskey[FOLLOW_DNSKEY_MAX]; /* as it is when not revoked */
};

struct followed_zone {
        struct name_store store;
        struct name name;       /* in the store */
        bool active;            /* by the settings; the states of others are kept, but not followed */
        uint64_t checked_s;     /* wall clock of the last good look; 0: never */
        uint64_t next_s;        /* when the next is due */
        uint32_t ttl_s;         /* as the zone gave it, the last time */
        uint32_t validity_s;    /* how long the signature was still good then */
        unsigned key_count;
        struct followed_key key[FOLLOW_KEYS_MAX];
};

struct follower {
        unsigned zone_count;
        struct followed_zone zone[FOLLOW_ZONES_MAX];
};

/* A change that somebody may want to hear of. */
struct follow_news {
        const struct name *zone;
        uint16_t tag;
        enum anchor_state to;
        const char *why; /* a clause */
};

typedef void follow_tell(void *context, const struct follow_news *news);

/** Do these settings want any anchors to be followed? */
bool follow_wanted(const struct settings *settings);

/**
 * The settings as they are now: which zones are followed, by `trust-anchor-update`, and which keys they begin with.
 * Keys that the settings name are trusted at once, unless they have been revoked.
 */
void follow_adopt(struct follower *follower, const struct settings *settings, uint64_t now_s);

/* What a look has changed, beside the time of the last one. */
enum follow_change {
        FOLLOW_SAME,
        FOLLOW_NOTED, /* something to be written down */
        FOLLOW_TRUST, /* which keys are trusted */
};

/** A zone has shown its keys. */
enum follow_change follow_see(struct follower *follower, const struct sighting *sighting, uint64_t now_s,
                              follow_tell *tell, void *context);

/** A look at a zone's keys brought nothing: when is the next one due? (RFC 5011 2.3) */
void follow_failed(struct followed_zone *zone, uint64_t now_s);

/** The active zone that is due first, or NULL. *due_s: when, never later than the longest time between two looks. */
struct followed_zone *follow_next(struct follower *follower, uint64_t now_s, uint64_t *due_s);

/** The points of trust as they are now, in the arena; false when out of memory. */
bool follow_learned(const struct follower *follower, struct arena *arena, struct learned *out);

/** For who reads the file: the zone of that name, made if need be; NULL: there are too many. */
struct followed_zone *follow_zone(struct follower *follower, const struct name *name);

/** The same: a new key of a zone, and what is known of it. NULL, false: there is no room. */
struct followed_key *follow_key(struct followed_zone *zone, enum anchor_state state, uint64_t since_s);
bool follow_key_ds(struct followed_key *key, const struct rdata *ds);
bool follow_key_dnskey(struct followed_key *key, const struct rdata *dnskey);

/** The key tag of a key, seen or not. */
uint16_t followed_key_tag(const struct followed_key *key);

const char *anchor_state_word(enum anchor_state state);
const char *anchor_state_help(enum anchor_state state);
bool anchor_state_from_word(const char *word, enum anchor_state *out);
bool anchor_state_trusted(enum anchor_state state);
