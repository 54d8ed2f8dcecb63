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
                struct anchors *anchors = anchors_new(settings, NULL, &f->arena);
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
        struct anchors *anchors = anchors_new(settings, NULL, &f->arena);
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

static uint64_t fingerprint(struct fixture *f, const char *text, const char *name)
{
        struct settings *settings = settings_of(text);
        struct name of = signer_name(&f->arena, name);
        uint64_t number = anchors_fingerprint(anchors_new(settings, NULL, &f->arena), &of);

        settings_free(settings);
        return number;
}

static void test_fingerprint(void **state)
{
        static const char *const different[] = {
                "",
                "trust-anchors: []\n",
                "trust-anchors: [\"" DS_ROOT "\"]\n",
                "trust-anchors: [\"" DS_ISLAND "\"]\n",
                "trust-anchors: [\"" DS_ISLAND "\", \"" DS_ROOT "\"]\n",
                "validation: no\n",
                "negative-trust-anchors: example\n",
                "negative-trust-anchors: island.example\n",
        };
        static const char host[] = "www.island.example.";
        struct fixture *f = *state;
        uint64_t numbers[COUNT(different)];

        for (unsigned i = 0; i < COUNT(different); i++) {
                numbers[i] = fingerprint(f, different[i], host);
                for (unsigned k = 0; k < i; k++)
                        assert_true(numbers[i] != numbers[k]);
        }
        assert_true(numbers[4] == fingerprint(f, "trust-anchors: [\"" DS_ROOT "\", \"" DS_ISLAND "\"]\n", host));
        assert_true(numbers[0] == fingerprint(f, "port: 54\n", host));
        assert_true(numbers[0] == fingerprint(f, "negative-trust-anchors: Example.com\n", host));
        assert_true(numbers[7] == fingerprint(f, "negative-trust-anchors: [example, ISLAND.example]\n", host));
        assert_true(numbers[0] == fingerprint(f, "validation: permissive\n", host));
}

/* What was learned stands for what the settings have of the same name, also when it is nothing. */
static void test_learned_anchors(void **state)
{
        struct fixture *f = *state;
        struct settings *settings = settings_of("trust-anchors: [\"" DS_ISLAND "\", \"" DS_ROOT "\"]\n");
        struct rdata ds = signer_ds(&f->arena, ".", &f->key, 2);
        struct followed_point point = {.name = name_root, .count = 1, .ds = &ds};
        const struct learned learned = {.point_count = 1, .point = &point};
        struct name example = signer_name(&f->arena, "example."), island = signer_name(&f->arena, "island.example.");
        bool negative;

        const struct anchor *root = anchor_above(anchors_new(settings, &learned, &f->arena), &example, &negative);
        assert_true(root->followed);
        assert_int_equal(root->ds.count, 1);
        assert_memory_equal(root->ds.rdata[0].bytes, ds.bytes, ds.len);
        point.count = 0;
        struct anchors *anchors = anchors_new(settings, &learned, &f->arena);
        root = anchor_above(anchors, &example, &negative);
        assert_non_null(root);
        assert_null(anchor_as_ds(root, &f->arena));
        assert_false(anchor_above(anchors, &island, &negative)->followed);
        settings_free(settings);
}

static void test_no_memory(void **state)
{
        struct settings *settings = settings_of("trust-anchors: [\"" DS_ISLAND "\", \"" KEY_ISLAND "\"]\n");
        struct arena small;

        (void)state;
        arena_init(&small, 16);
        assert_null(anchors_new(settings, NULL, &small));
        arena_fini(&small);
        settings_free(settings);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                fixture_test(test_the_nearest_anchor),
                fixture_test(test_keys_become_ds),
                fixture_test(test_an_anchor_proves_keys),
                fixture_test(test_fingerprint),
                fixture_test(test_learned_anchors),
                fixture_test(test_no_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
