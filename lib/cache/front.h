#pragma once
/*
 * The front shelf: answers as they were written last, by exact question; of one worker, in memory.
 *
 * It remembers what answer.c wrote and is never a second way to make an answer. Who puts decides what is fit (NOERROR
 * and NXDOMAIN that came from the store, no extended error, not stale, not rewritten by policy). Who gets still
 * checks access, rate and cookie before, and patches ID, letter case and AD after.
 *
 * Fixed size: a question has a few places, and the answers there that were used longest ago give way. All is forgotten
 * at once by counting the generation up.
 */
#include "base/map.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct front;

enum {
        FRONT_KEY_MAX = 288,   /* bytes of an exact question */
        FRONT_BYTES_MAX = 880, /* key and answer together; longer ones are not remembered */
        FRONT_TTLS_MAX = 32,   /* records in an answer */
        FRONT_SOURCES_MAX = 4, /* store entries an answer was made from */
};

/* An answer to remember, or one remembered: then its pointers are good until the next front_put(). */
struct front_answer {
        const uint8_t *bytes;     /* a whole message */
        uint16_t len;
        uint8_t ttl_count;
        const uint16_t *ttl_at;   /* offsets of the TTL fields in bytes */
        uint8_t source_count;     /* of one remembered: 0 if it was handed out before in this very second */
        const uint64_t *source;   /* keyed hashes of store keys, for hand_use() */
        uint64_t written_at;      /* cache time, seconds */
        uint64_t ends_at;         /* the same; no later than its smallest TTL says, see front_put() */
};

/** size: bytes, rounded down to a power of two; at least 1 KiB. NULL: out of memory. */
struct front *front_new(size_t size, const uint8_t secret[SIPHASH_KEY_LEN]);
void front_free(struct front *front);

/**
 * The answer to this exact question, if one is remembered and has not ended.
 *
 *   key  in   name as lower-cased wire, type, class, flags, view, route: composed by the caller, at most
 *             FRONT_KEY_MAX bytes
 *   now_s in  cache time
 */
bool front_get(struct front *front, const uint8_t *key, size_t key_len, uint64_t now_s, struct front_answer *out);

/**
 * Remember an answer until its ends_at, or until its smallest TTL is over if that is sooner. Who puts has it end when a
 * part of it is due for prefetch, which then sees the question. False: too long, ended, a TTL of 0, or no TTL at all.
 */
bool front_put(struct front *front, const uint8_t *key, size_t key_len, const struct front_answer *answer);

/** Forget all: a flush, a reload, new anchors. */
void front_forget(struct front *front);

/** Copy the answer to out (answer->len bytes) with its TTLs as of now. */
void front_copy(const struct front_answer *answer, uint64_t now_s, uint8_t *out);
