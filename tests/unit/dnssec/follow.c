/*
 * Trust anchors through their life (RFC 5011), in virtual time: a whole roll, forged and unproven sets, a clock that
 * jumps, and the file that remembers.
 */
#include "dnssec/follow.h"
#include "config/config.h"
#include "dnssec/crypto.h"
#include "dnssec/keys.h"
#include "dnssec/ledger.h"
#include "fixture.h"
#include <stdio.h>

enum { KEYS = 4, TTL = 2 * DAY, LIFE = 14 * DAY, FLAGS_SEP = SIGNER_ZONE | SIGNER_SEP };

/* A zone "example." whose operator rolls its keys, and who follows it. */
struct world {
        struct fixture *f;
        struct follower follower;
        struct followed_zone *zone;
        struct signer_key key[KEYS];
        struct settings *settings;
        uint64_t now_s;
        unsigned news;
        char last_news[200];
};

static struct settings *settings_of(const char *text)
{
        static struct config_complaints complaints;
        struct settings *settings = config_parse("f", text, strlen(text), &complaints);

        if (!settings)
                fail_msg("%s", complaints.item[0].text);
        return settings;
}

static struct rdata rdata_of(const struct signer_key *key)
{
        return (struct rdata){ .bytes = key->rdata, .len = key->rdata_len };
}

static const char *ds_text(struct world *w, unsigned key, char room[300])
{
        struct rdata ds = signer_ds(&w->f->arena, "example.", &w->key[key], 2);
        int len = snprintf(room, 300, "example. DS %u %u %u ", load_u16(ds.bytes), ds.bytes[2], ds.bytes[3]);

        for (unsigned i = 4; i < ds.len; i++)
                len += snprintf(room + len, 300 - (size_t)len, "%02x", ds.bytes[i]);
        return room;
}

/* Follows keys 0 to count - 1, given as DS. */
static void begin(struct world *w, struct fixture *f, unsigned count)
{
        char text[2000] = "trust-anchor-update: all\ntrust-anchors: [", ds[300];

        *w = (struct world){ .f = f, .now_s = NOW };
        for (unsigned i = 0; i < KEYS; i++) {
                signer_key_make(&w->key[i], SIGNER_ED25519, 0, (uint8_t)(40 + i));
                store_u16(w->key[i].rdata, FLAGS_SEP);
        }
        for (unsigned i = 0; i < count; i++)
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"%s\"", i ? ", " : "", ds_text(w, i, ds));
        strcat(text, "]\n");
        w->settings = settings_of(text);
        follow_adopt(&w->follower, w->settings, w->now_s);
        assert_int_equal(w->follower.zone_count, 1);
        w->zone = &w->follower.zone[0];
        assert_int_equal(w->zone->key_count, count);
}

static void end(struct world *w)
{
        for (unsigned i = 0; i < KEYS; i++)
                signer_key_fini(&w->key[i]);
        settings_free(w->settings);
}

static void note(void *context, const struct follow_news *news)
{
        struct world *w = context;

        w->news++;
        snprintf(w->last_news, sizeof w->last_news, "%u %s: %s", news->tag,
                 news->to == ANCHOR_STATES ? "gone" : anchor_state_word(news->to), news->why);
}

/* What the zone shows: a letter for each key in turn; '-' absent, '+' there, 'r' revoked, 'R' revoked and self-signed. */
static bool show(struct world *w, const char *keys, bool proven)
{
        struct sighting seen = { .zone = w->f->zone, .proven = proven, .ttl_s = TTL, .validity_s = LIFE };
        struct signer_key copy[KEYS];

        for (unsigned i = 0; i < strlen(keys); i++) {
                if (keys[i] == '-')
                        continue;
                copy[i] = w->key[i];
                if (keys[i] != '+')
                        store_u16(copy[i].rdata, FLAGS_SEP | SIGNER_REVOKE);
                seen.key[seen.count++] =
                        (struct sighted_key){ .dnskey = rdata_of(&copy[i]), .self_signed = keys[i] == 'R' };
        }
        return follow_see(&w->follower, &seen, w->now_s, note, w);
}

static void look(struct world *w, uint64_t later_s, const char *keys)
{
        w->now_s += later_s;
        show(w, keys, true);
}

/* The states of keys 0.. in words' first letters: "v-p"; '-' for one that is not known. */
static void assert_states(struct world *w, const char *expected)
{
        char states[KEYS + 1] = "";

        for (unsigned i = 0; i < strlen(expected); i++) {
                states[i] = '-';
                for (unsigned k = 0; k < w->zone->key_count; k++) {
                        const struct followed_key *key = &w->zone->key[k];

                        if (key->state != ANCHOR_STATES && followed_key_tag(key) == signer_key_tag(&w->key[i]))
                                states[i] = anchor_state_word(key->state)[0];
                        if (states[i] == 'r' && key->state == ANCHOR_REMOVED)
                                states[i] = 'x';
                }
        }
        assert_string_equal(states, expected);
}

static unsigned trusted(struct world *w)
{
        struct learned learned;

        assert_true(follow_learned(&w->follower, &w->f->arena, &learned));
        assert_int_equal(learned.point_count, 1);
        return learned.point[0].count;
}

/* --- The life of keys --------------------------------------------------------------------------------------------- */

static void test_a_whole_roll(void **state)
{
        struct world w;

        begin(&w, *state, 1);
        look(&w, 0, "+");
        assert_states(&w, "v-");
        look(&w, DAY, "++"); /* the next key is announced */
        assert_states(&w, "vp");
        assert_int_equal(trusted(&w), 1);
        for (unsigned day = 0; day < 29; day++)
                look(&w, DAY, "++");
        assert_states(&w, "vp");
        look(&w, DAY, "++");
        assert_states(&w, "vv");
        assert_int_equal(trusted(&w), 2);
        look(&w, DAY, "-+"); /* the old one is away for a day, and back */
        assert_states(&w, "mv");
        assert_int_equal(trusted(&w), 2);
        look(&w, DAY, "++");
        assert_states(&w, "vv");
        look(&w, DAY, "R+");
        assert_states(&w, "rv");
        assert_int_equal(trusted(&w), 1);
        assert_non_null(strstr(w.last_news, "revoked: the zone has revoked it"));
        for (unsigned day = 0; day < 30; day++)
                look(&w, DAY, "-+");
        assert_states(&w, "xv");
        look(&w, DAY, "++"); /* shown again, it stays what it is */
        assert_states(&w, "xv");
        assert_int_equal(trusted(&w), 1);
        end(&w);
}

static void test_a_key_that_leaves_begins_anew(void **state)
{
        struct world w;

        begin(&w, *state, 1);
        look(&w, 0, "++");
        for (unsigned day = 0; day < 20; day++)
                look(&w, DAY, "++");
        look(&w, DAY, "+-");
        assert_states(&w, "v-");
        assert_non_null(strstr(w.last_news, "gone"));
        for (unsigned day = 0; day < 30; day++)
                look(&w, DAY, "++");
        assert_states(&w, "vp");
        look(&w, DAY, "++");
        assert_states(&w, "vv");
        end(&w);
}

/* RFC 5011 2.2: a set that may be cached for longer than 30 days holds its new key for as long. */
static void test_a_long_ttl_holds_longer(void **state)
{
        struct world w;

        begin(&w, *state, 1);
        for (unsigned day = 0; day <= 40; day++) {
                struct sighting seen = { .zone = w.f->zone, .proven = true, .ttl_s = 40 * DAY, .validity_s = LIFE,
                                         .count = 2, .key = { { .dnskey = rdata_of(&w.key[0]) },
                                                              { .dnskey = rdata_of(&w.key[1]) } } };

                follow_see(&w.follower, &seen, w.now_s + day * DAY, note, &w);
                assert_states(&w, day < 40 ? "vp" : "vv");
        }
        end(&w);
}

static void test_both_anchors_bad(void **state)
{
        struct world w;

        begin(&w, *state, 2);
        look(&w, 0, "++");
        look(&w, DAY, "RR");
        assert_states(&w, "rr");
        assert_int_equal(trusted(&w), 0); /* a point of trust without keys: the zone is bogus, not insecure */
        look(&w, DAY, "+++");
        assert_states(&w, "rrp");
        assert_int_equal(trusted(&w), 0);
        end(&w);
}

/* --- What must not be believed ------------------------------------------------------------------------------------ */

static void test_unproven_sets_change_nothing(void **state)
{
        struct world w;

        begin(&w, *state, 2);
        look(&w, 0, "++");
        w.now_s += DAY;
        assert_false(show(&w, "--+", false));
        assert_states(&w, "vv-");
        assert_false(show(&w, "rr", false)); /* a REVOKE bit that the key itself did not sign */
        assert_false(show(&w, "rr", true) && w.zone->key[0].state == ANCHOR_REVOKED);
        assert_states(&w, "mm");
        assert_true(show(&w, "R", false)); /* one that it did: whatever else is wrong with the set */
        assert_states(&w, "rm");
        end(&w);
}

static void test_a_pending_key_cannot_be_revoked_into_trust(void **state)
{
        struct world w;

        begin(&w, *state, 1);
        look(&w, 0, "++");
        look(&w, DAY, "+R");
        assert_states(&w, "v-");
        end(&w);
}

static void test_only_keys_of_use_are_candidates(void **state)
{
        static const struct {
                uint16_t flags;
                uint8_t algorithm;
                bool taken;
        } row[] = {
                { FLAGS_SEP, SIGNER_ED25519, true },
                { SIGNER_ZONE, SIGNER_ED25519, false }, /* no secure entry point */
                { SIGNER_SEP, SIGNER_ED25519, false },  /* no zone key */
                { FLAGS_SEP, 200, false },              /* nobody could check its signatures: all would be insecure */
                { FLAGS_SEP, 5, false },                /* SHA-1 */
        };

        for (size_t i = 0; i < COUNT(row); i++) {
                struct world w;

                begin(&w, *state, 1);
                store_u16(w.key[1].rdata, row[i].flags);
                w.key[1].rdata[3] = row[i].algorithm;
                look(&w, 0, "++");
                assert_int_equal(w.zone->key_count, row[i].taken ? 2 : 1);
                end(&w);
        }
}

static void test_more_keys_than_there_is_room_for(void **state)
{
        struct world w;

        begin(&w, *state, 1);
        for (unsigned n = 0; n < 100; n++) {
                struct sighting seen = { .zone = w.f->zone, .proven = true, .ttl_s = TTL, .validity_s = LIFE };

                seen.key[seen.count++].dnskey = rdata_of(&w.key[0]);
                for (unsigned i = 0; i < 30; i++) {
                        uint8_t *bytes = arena_copy(&w.f->arena, w.key[1].rdata, w.key[1].rdata_len);

                        bytes[10] = (uint8_t)(n + 3 * i);
                        seen.key[seen.count++].dnskey = (struct rdata){ .bytes = bytes, .len = w.key[1].rdata_len };
                }
                follow_see(&w.follower, &seen, w.now_s += DAY, NULL, NULL);
                assert_true(w.zone->key_count <= FOLLOW_KEYS_MAX);
        }
        assert_states(&w, "v");
        end(&w);
}

/* --- Clocks ------------------------------------------------------------------------------------------------------- */

static void test_a_jump_ahead_is_no_time(void **state)
{
        struct world w;

        begin(&w, *state, 1);
        look(&w, 0, "++");
        look(&w, 365 * DAY, "++"); /* counts as the longest time between two looks */
        assert_states(&w, "vp");
        look(&w, 365 * DAY, "++");
        assert_states(&w, "vv");
        end(&w);
}

static void test_a_jump_back_takes_nothing(void **state)
{
        struct world w;

        begin(&w, *state, 1);
        look(&w, 0, "++");
        for (unsigned day = 0; day < 20; day++)
                look(&w, DAY, "++");
        w.now_s -= 365 * DAY;
        look(&w, 0, "++");
        for (unsigned day = 0; day < 9; day++)
                look(&w, DAY, "++");
        assert_states(&w, "vp");
        look(&w, DAY, "++");
        assert_states(&w, "vv");
        end(&w);
}

static void test_when_to_look_again(void **state)
{
        static const struct {
                uint32_t ttl_s, validity_s;
                uint64_t next_s, retry_s;
        } row[] = {
                { 2 * DAY, 14 * DAY, DAY, 17280 },
                { 60 * DAY, 60 * DAY, 15 * DAY, DAY },
                { 2 * DAY, HOUR, HOUR, HOUR },
                { 60, 14 * DAY, HOUR, HOUR },
        };
        struct world w;
        uint64_t due_s;

        begin(&w, *state, 1);
        assert_ptr_equal(follow_next(&w.follower, w.now_s, &due_s), w.zone);
        assert_true(due_s <= w.now_s);
        for (size_t i = 0; i < COUNT(row); i++) {
                struct sighting seen = { .zone = w.f->zone, .proven = true, .ttl_s = row[i].ttl_s,
                                         .validity_s = row[i].validity_s, .count = 1,
                                         .key = { { .dnskey = rdata_of(&w.key[0]) } } };

                follow_see(&w.follower, &seen, w.now_s, NULL, NULL);
                assert_non_null(follow_next(&w.follower, w.now_s, &due_s));
                assert_int_equal(due_s - w.now_s, row[i].next_s);
                follow_failed(w.zone, w.now_s);
                assert_non_null(follow_next(&w.follower, w.now_s, &due_s));
                assert_int_equal(due_s - w.now_s, row[i].retry_s);
        }
        assert_non_null(follow_next(&w.follower, w.now_s - 365 * DAY, &due_s)); /* the clock was put back */
        assert_int_equal(due_s, w.now_s - 365 * DAY);
        end(&w);
}

/* --- Settings ----------------------------------------------------------------------------------------------------- */

static void test_which_anchors_are_followed(void **state)
{
        static const struct {
                const char *text;
                unsigned active;
        } row[] = {
                { "", 1 },
                { "trust-anchor-update: no\n", 0 },
                { "validation: no\n", 0 },
                { "trust-anchors: [\". DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000001\"]\n", 0 },
                { "trust-anchor-update: all\ntrust-anchors: "
                  "[\". DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000001\"]\n", 1 },
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(row); i++) {
                struct settings *settings = settings_of(row[i].text);
                struct follower follower = { .zone_count = 0 };
                struct learned learned;

                follow_adopt(&follower, settings, NOW);
                assert_true(follow_learned(&follower, &f->arena, &learned));
                assert_int_equal(learned.point_count, row[i].active);
                settings_free(settings);
        }
}

/* What the settings name is trusted at once; but not what the zone has revoked. */
static void test_settings_and_states(void **state)
{
        struct settings *again;
        struct world w;
        char ds[300], text[500];

        begin(&w, *state, 1);
        look(&w, 0, "++");
        assert_states(&w, "vp");
        snprintf(text, sizeof text, "trust-anchor-update: all\ntrust-anchors: [\"%s\"]\n", ds_text(&w, 1, ds));
        again = settings_of(text);
        follow_adopt(&w.follower, again, w.now_s);
        assert_states(&w, "vv");
        look(&w, DAY, "+R");
        assert_states(&w, "vr");
        follow_adopt(&w.follower, again, w.now_s);
        assert_states(&w, "vr");
        assert_int_equal(w.zone->key_count, 2);
        settings_free(again);
        end(&w);
}

/* --- The file ----------------------------------------------------------------------------------------------------- */

static struct negatives negatives;
static char page[LEDGER_BYTES_MAX], other[LEDGER_BYTES_MAX];

static size_t print(const struct follower *follower, char *to)
{
        struct writer writer = writer_over(to, LEDGER_BYTES_MAX);

        ledger_write(&writer, follower, &negatives);
        assert_false(writer.failed);
        return writer_len(&writer);
}

static void test_the_file_keeps_all(void **state)
{
        struct follower again = { .zone_count = 0 };
        char why[LEDGER_WHY_MAX];
        struct world w;

        begin(&w, *state, 2);
        look(&w, 0, "+-+");
        look(&w, 5 * DAY, "R-+");
        size_t len = print(&w.follower, page);
        assert_int_equal(ledger_read(page, len, &again, &negatives, why), ERR_OK);
        assert_int_equal(print(&again, other), len);
        assert_memory_equal(page, other, len);
        assert_non_null(strstr(page, "\nzone example.\n"));
        assert_non_null(strstr(page, "\nkey missing since 2023-11-14T22:13:20Z held 0\nDS "));
        assert_non_null(strstr(page, "\nkey pending since 2023-11-14T22:13:20Z held 432000\nDNSKEY 257 3 15 "));
        follow_adopt(&again, w.settings, w.now_s);
        w.follower = again;
        assert_states(&w, "rmp");
        for (unsigned day = 0; day < 25; day++)
                look(&w, DAY, "--+");
        assert_states(&w, "rmv");
        end(&w);
}

/* Cut off anywhere, or with any byte changed, it is damaged: nothing of it is taken. */
static void test_a_damaged_file_is_seen(void **state)
{
        static struct follower out;
        char why[LEDGER_WHY_MAX];
        struct world w;

        begin(&w, *state, 1);
        look(&w, 0, "++");
        size_t len = print(&w.follower, page);
        for (size_t cut = 0; cut < len; cut++) {
                out.zone_count = 1;
                assert_int_equal(ledger_read(page, cut, &out, &negatives, why), ERR_DAMAGED);
                assert_int_equal(out.zone_count, 0);
        }
        for (size_t at = 0; at < len; at++) {
                page[at] ^= 4;
                assert_int_equal(ledger_read(page, len, &out, &negatives, why), ERR_DAMAGED);
                page[at] ^= 4;
        }
        assert_int_equal(ledger_read(page, len, &out, &negatives, why), ERR_OK);
        end(&w);
}

/* --- Between threads ---------------------------------------------------------------------------------------------- */

static void test_a_sighting_travels(void **state)
{
        struct fixture *f = *state;
        struct rdata key = rdata_of(&f->key);
        const struct sighting in = { .zone = f->zone, .proven = true, .ttl_s = 5, .validity_s = 6, .count = 2,
                                     .key = { { .dnskey = key, .self_signed = true }, { .dnskey = key } } };
        uint8_t bytes[1000];
        struct writer writer = writer_over(bytes, sizeof bytes);
        struct sighting out;

        sighting_write(&writer, &in);
        for (size_t len = 0; len < writer_len(&writer); len++) {
                struct reader reader = reader_over(bytes, len);

                assert_int_not_equal(sighting_read(&reader, &out), ERR_OK);
        }
        struct reader reader = reader_over(bytes, writer_len(&writer));
        assert_int_equal(sighting_read(&reader, &out), ERR_OK);
        assert_true(name_equal(&out.zone, &in.zone));
        assert_true(out.proven && out.key[0].self_signed && !out.key[1].self_signed);
        assert_int_equal(out.ttl_s + out.validity_s, 11);
        assert_memory_equal(out.key[1].dnskey.bytes, key.bytes, key.len);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                fixture_test(test_a_whole_roll),
                fixture_test(test_a_key_that_leaves_begins_anew),
                fixture_test(test_a_long_ttl_holds_longer),
                fixture_test(test_both_anchors_bad),
                fixture_test(test_unproven_sets_change_nothing),
                fixture_test(test_a_pending_key_cannot_be_revoked_into_trust),
                fixture_test(test_only_keys_of_use_are_candidates),
                fixture_test(test_more_keys_than_there_is_room_for),
                fixture_test(test_a_jump_ahead_is_no_time),
                fixture_test(test_a_jump_back_takes_nothing),
                fixture_test(test_when_to_look_again),
                fixture_test(test_which_anchors_are_followed),
                fixture_test(test_settings_and_states),
                fixture_test(test_the_file_keeps_all),
                fixture_test(test_a_damaged_file_is_seen),
                fixture_test(test_a_sighting_travels),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
