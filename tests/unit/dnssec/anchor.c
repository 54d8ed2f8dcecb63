/*
 * Where chains begin, and where they must not.
 */
#include "dnssec/anchor.h"
#include "config/config.h"
#include "fixture.h"
#include <stdio.h>

#define DS_ROOT    ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
#define DS_ISLAND  "island.example. DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000001"
#define KEY_ISLAND "island.example. DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4="

static struct settings *settings_of(const char *text)
{
        static struct config_complaints complaints;
        struct settings *settings = config_parse("f", text, strlen(text), &complaints);

        if (!settings)
                fail_msg("%s", complaints.item[0].text);
        return settings;
}

static const struct {
        const char *settings, *name, *anchor; /* the anchor's name; NULL: none */
        bool negative;
} row[] = {
        {"", "www.example.", ".", false},
        {"", ".", ".", false},
        {"trust-anchors: [\"" DS_ISLAND "\"]\n", "www.island.example.", "island.example.", false},
        {"trust-anchors: [\"" DS_ISLAND "\"]\n", "ISLAND.Example.", "island.example.", false},
        {"trust-anchors: [\"" DS_ISLAND "\"]\n", "example.", NULL, false},
        {"trust-anchors: [\"" DS_ISLAND "\"]\n", "xisland.example.", NULL, false},
        {"trust-anchors: [\"" DS_ISLAND "\"]\n", ".", NULL, false},
        /* The nearest one decides. */
        {"trust-anchors: [\"" DS_ROOT "\", \"" DS_ISLAND "\"]\n", "a.b.island.example.", "island.example.", false},
        {"trust-anchors: [\"" DS_ISLAND "\", \"" DS_ROOT "\"]\n", "a.b.island.example.", "island.example.", false},
        {"trust-anchors: [\"" DS_ISLAND "\", \"" DS_ROOT "\"]\n", "b.example.", ".", false},
        /* Negative anchors win at and below the anchor, and not above the nearest one (RFC 7646 2). */
        {"negative-trust-anchors: [example]\n", "www.example.", NULL, true},
        {"negative-trust-anchors: [example]\n", "example.", NULL, true},
        {"negative-trust-anchors: [example]\n", "www.xexample.", ".", false},
        {"negative-trust-anchors: [\".\"]\n", "www.example.", NULL, true},
        {"negative-trust-anchors: [example]\ntrust-anchors: [\"" DS_ROOT "\", \"" DS_ISLAND "\"]\n",
         "www.island.example.", "island.example.", false},
        {"negative-trust-anchors: [example]\ntrust-anchors: [\"" DS_ROOT "\", \"" DS_ISLAND "\"]\n", "www.example.",
         NULL, true},
        {"negative-trust-anchors: [island.example]\ntrust-anchors: [\"" DS_ROOT "\", \"" DS_ISLAND "\"]\n",
         "www.island.example.", NULL, true},
        {"negative-trust-anchors: [www.island.example]\ntrust-anchors: [\"" DS_ROOT "\", \"" DS_ISLAND "\"]\n",
         "www.island.example.", NULL, true},
        {"negative-trust-anchors: [www.island.example]\ntrust-anchors: [\"" DS_ROOT "\", \"" DS_ISLAND "\"]\n",
         "ftp.island.example.", "island.example.", false},
};

static void test_the_nearest_anchor(void **state)
{
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(row); i++) {
                struct settings *settings = settings_of(row[i].settings);
                struct anchors *anchors = anchors_new(settings, &f->arena);
                struct name name = signer_name(&f->arena, row[i].name);
                bool negative = !row[i].negative;
                const struct anchor *anchor = anchor_above(anchors, &name, &negative);
                char text[NAME_TEXT_MAX] = "none";

                if (anchor)
                        name_text(&anchor->name, text);
                if (strcmp(text, row[i].anchor ? row[i].anchor : "none") || negative != row[i].negative)
                        fail_msg("%s above %s with %s", text, row[i].name, row[i].settings);
                settings_free(settings);
        }
}

/* Anchors of one name are one anchor; a DNSKEY becomes the DS that its owner would publish (RFC 8080 6.1). */
static void test_keys_become_ds(void **state)
{
        struct fixture *f = *state;
        struct settings *settings = settings_of("trust-anchors: [\"" DS_ISLAND "\", \"" KEY_ISLAND "\"]\n");
        struct anchors *anchors = anchors_new(settings, &f->arena);
        struct name name = signer_name(&f->arena, "island.example.");
        bool negative;
        const struct anchor *anchor = anchor_above(anchors, &name, &negative);

        assert_int_equal(anchor->ds.count, 1);
        assert_int_equal(anchor->dnskey.count, 1);
        const struct rrset *ds = anchor_as_ds(anchor, &f->arena);
        assert_int_equal(ds->count, 2);
        assert_int_equal(ds->type, TYPE_DS);
        assert_true(name_equal(&ds->owner, &name));
        assert_true(crypto_ds_matches(&f->prover.policy, &name, &ds->rdata[1], &anchor->dnskey.rdata[0]));
        assert_int_equal(load_u16(ds->rdata[1].bytes), crypto_key_tag(&anchor->dnskey.rdata[0]));
        settings_free(settings);
}

/* Both kinds of anchor prove a zone's keys; neither proves another's. */
static void test_an_anchor_proves_keys(void **state)
{
        struct fixture *f = *state;
        struct rdata ds = signer_ds(&f->arena, "example.", &f->key, 2);
        struct anchor by_ds = {.name = f->zone, .ds = signer_ds_set(&f->arena, "example.", &ds, 1)};
        struct anchor by_key = {.name = f->zone, .dnskey = f->dnskey};
        struct signer_key other;

        signer_key_make(&other, SIGNER_ED25519, 0, 9);
        signer_sign_set(&f->arena, &f->dnskey, &f->key, &f->zone, INCEPTION, EXPIRATION);
        assert_int_equal(prover_keys(&f->prover, &f->dnskey, anchor_as_ds(&by_ds, &f->arena)), VERIFY_GOOD);
        assert_int_equal(prover_keys(&f->prover, &f->dnskey, anchor_as_ds(&by_key, &f->arena)), VERIFY_GOOD);
        const struct signer_key *const all[] = {&other};
        by_key.dnskey = signer_dnskey(&f->arena, "example.", all, 1);
        assert_int_equal(prover_keys(&f->prover, &f->dnskey, anchor_as_ds(&by_key, &f->arena)), VERIFY_BAD);
        assert_false(f->prover.unsupported);
        signer_key_fini(&other);
}

static void test_no_memory(void **state)
{
        struct settings *settings = settings_of("trust-anchors: [\"" DS_ISLAND "\", \"" KEY_ISLAND "\"]\n");
        struct arena small;

        (void)state;
        arena_init(&small, 16);
        assert_null(anchors_new(settings, &small));
        arena_fini(&small);
        settings_free(settings);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                fixture_test(test_the_nearest_anchor),
                fixture_test(test_keys_become_ds),
                fixture_test(test_an_anchor_proves_keys),
                fixture_test(test_no_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
