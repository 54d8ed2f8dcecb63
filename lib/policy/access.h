#pragma once
/*
 * Who may ask: sets of networks, and cookies that prove a client's address (RFC 7873, RFC 9018).
 *
 * Pure functions over what they are given: the host reads the clock and makes the secrets.
 */
#include "base/address.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "config/settings.h"
#include "wire/edns.h"
#include <stdbool.h>
#include <stdint.h>

/* --- Networks ----------------------------------------------------------------------------------------------------- */

/*
 * Networks to look addresses up in: sorted, and without those that lie within another one. So they do not overlap, and
 * the only one that can hold an address is the last that does not begin behind it.
 */
struct prefix_set {
        unsigned count;
        const struct prefix *item;
};

/** Compile two lists (either may be empty) into one set. Lives in the arena. ERR_MEMORY. */
MUST_USE enum err prefix_set_make(struct arena *arena, const struct prefix_list *list, const struct prefix_list *more,
                                  struct prefix_set *out);

/** Is the address in one of the networks? An IPv4 address mapped into IPv6 (::ffff:0:0/96) counts as what it is. */
bool prefix_set_holds(const struct prefix_set *set, const struct address *address);

/** The same of a list as it stands in the settings: for short ones, and where it is not asked for each message. */
bool prefix_list_holds(const struct prefix_list *list, const struct address *address);

/** The IPv4 address in a mapped IPv6 address; every other address as it is. */
struct address address_unmapped(const struct address *address);

/* --- Cookies ------------------------------------------------------------------------------------------------------ */

enum {
        COOKIE_SECRET_LEN = SIPHASH_KEY_LEN,
        COOKIE_SERVER_LEN = 16, /* of the cookies that we make */
        COOKIE_LIFE_S = 3600,   /* RFC 9018 section 4.3 */
        COOKIE_RENEW_S = 1800,  /* older ones are replaced */
        COOKIE_FUTURE_S = 300,  /* how far the clocks of two servers that share a secret may differ */
};

/* The secret that cookies are made with, and the one before, under which cookies are still believed. */
struct cookie_secrets {
        uint8_t current[COOKIE_SECRET_LEN];
        uint8_t previous[COOKIE_SECRET_LEN];
        bool has_previous;
};

enum cookie_verdict {
        COOKIE_BAD, /* not ours, too old, or for another address */
        COOKIE_GOOD,
        COOKIE_RENEW, /* good, but the client should get a new one */
};

/** Begin to use a new secret; the one in use becomes the previous one. */
void cookie_secrets_rotate(struct cookie_secrets *secrets, const uint8_t fresh[COOKIE_SECRET_LEN]);

/**
 * The server cookie for a client (RFC 9018 section 4).
 *
 *   secret         in   16 bytes
 *   client         in   its address
 *   client_cookie  in   8 bytes, as the client sent them
 *   now_s          in   wall clock, seconds since 1970
 *   out            out  16 bytes: version, reserved, time, hash
 */
void access_cookie_make(const uint8_t secret[COOKIE_SECRET_LEN], const struct address *client,
                        const uint8_t client_cookie[COOKIE_CLIENT_LEN], uint64_t now_s, uint8_t out[COOKIE_SERVER_LEN]);

/** Judge the server cookie that a client brought back; len may be anything. */
enum cookie_verdict access_cookie_check(const struct cookie_secrets *secrets, const struct address *client,
                                        const uint8_t client_cookie[COOKIE_CLIENT_LEN], const uint8_t *server_cookie,
                                        size_t len, uint64_t now_s);
