#pragma once
/*
 * What the tests of this room begin with: a moment, a zone "example." with one Ed25519 key, and a question's worth of
 * validation. Include it after cmocka's own headers.
 */
#include "prover.h"
#include "signer.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { NOW = 1700000000, HOUR = 3600, DAY = 86400, INCEPTION = NOW - 7 * DAY, EXPIRATION = NOW + 7 * DAY };

struct fixture {
        struct arena arena;
        struct prover prover;
        struct name zone;
        struct signer_key key;
        struct rrset dnskey;
        struct zone_keys keys; /* proven */
};

static inline int fixture_init(void **state)
{
        struct fixture *f = calloc(1, sizeof *f);

        if (!f)
                return -1;
        arena_init(&f->arena, 64 << 20);
        prover_init(&f->prover, NOW);
        f->zone = signer_name(&f->arena, "example.");
        signer_key_make(&f->key, SIGNER_ED25519, 0, 1);
        const struct signer_key *const all[] = {&f->key};
        f->dnskey = signer_dnskey(&f->arena, "example.", all, 1);
        zone_keys_init(&f->keys, &f->prover.policy, &f->dnskey, &f->arena);
        *state = f;
        return 0;
}

static inline int fixture_fini(void **state)
{
        struct fixture *f = *state;

        signer_key_fini(&f->key);
        prover_fini(&f->prover);
        arena_fini(&f->arena);
        free(f);
        return 0;
}

/* How many rows of a matrix were judged; the program says so at its end. */
static inline unsigned fixture_cases(unsigned more)
{
        static unsigned count;

        return count += more;
}

static inline int fixture_say_cases(void **state)
{
        (void)state;
        print_message("%u cases\n", fixture_cases(0));
        return 0;
}

#define fixture_test(test) cmocka_unit_test_setup_teardown(test, fixture_init, fixture_fini)

/** A set of the zone, signed as it should be. */
static inline struct rrset signed_set(struct fixture *f, const char *text)
{
        struct rrset set = signer_set(&f->arena, text);

        signer_sign_set(&f->arena, &set, &f->key, &f->zone, INCEPTION, EXPIRATION);
        return set;
}
