#pragma once
/*
 * A root zone for one test, in a thread: it shows the DNSKEY set that it is told to, signed by the keys that it is told
 * to, and answers every other question for an address or a SOA record with a signed one. Over UDP on loopback, where a
 * cairnd that forwards everything asks it.
 */
#include "signer.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { SIGNED_ROOT_KEYS = 4, SIGNED_ROOT_SETTING_MAX = 200 };

/* How a key takes part. */
enum signed_root_part {
        ROOT_KEY_ABSENT,
        ROOT_KEY_SHOWN,
        ROOT_KEY_SIGNS,
        ROOT_KEY_REVOKED, /* shown with the REVOKE bit, and signs with it */
};

struct signed_root {
        uint16_t port;
        struct signer_key key[SIGNED_ROOT_KEYS];
        _Atomic unsigned asked_for_keys;
        _Atomic bool forgets_to_sign; /* all but its keys */
        pthread_t thread;
        pthread_mutex_t lock;
        int fd, quit[2];
        enum signed_root_part part[SIGNED_ROOT_KEYS];
        uint32_t inception, expiration;
};

/** Key 0 signs, the others are absent; signatures are good for this time. No thread, no socket. */
void signed_root_init(struct signed_root *root, uint32_t inception, uint32_t expiration);
void signed_root_fini(struct signed_root *root);

/** What it answers to a query. Returns the length, 0 for none; out holds 4096 bytes. */
size_t signed_root_answer(struct signed_root *root, const uint8_t *query, size_t len, uint8_t *out);

/** The same with a thread that serves it; signatures are good for ten days before now and after. */
void signed_root_start(struct signed_root *root);
void signed_root_stop(struct signed_root *root);

/** From the next question on. */
void signed_root_let(struct signed_root *root, unsigned key, enum signed_root_part part);

/** The line of a settings file that makes key 0 the trust anchor. Returns room. */
char *signed_root_setting(const struct signed_root *root, char room[SIGNED_ROOT_SETTING_MAX]);
