/*
 * The front shelf: what it takes, how long it keeps it, and what it hands out.
 */
#include "cache/front.h"
#include "base/buf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t secret[SIPHASH_KEY_LEN] = "0123456789abcde";

/* Forty bytes with TTLs at 12 and 28. */
struct sample {
        uint8_t bytes[40];
        uint16_t ttl_at[2];
        uint64_t source[1];
        struct front_answer answer;
};

static struct front_answer *sample_init(struct sample *sample, uint32_t ttl_a, uint32_t ttl_b, uint64_t now_s)
{
        memset(sample->bytes, 'x', sizeof(sample->bytes));
        sample->ttl_at[0] = 12;
        sample->ttl_at[1] = 28;
        sample->source[0] = 77;
        store_u32(sample->bytes + 12, ttl_a);
        store_u32(sample->bytes + 28, ttl_b);
        sample->answer = (struct front_answer){
                .bytes = sample->bytes, .len = sizeof(sample->bytes), .ttl_count = 2, .ttl_at = sample->ttl_at,
                .source_count = 1, .source = sample->source, .written_at = now_s, .ends_at = UINT64_MAX,
        };
        return &sample->answer;
}

static bool put(struct front *front, const char *key, const struct front_answer *answer)
{
        return front_put(front, (const uint8_t *)key, strlen(key), answer);
}

static bool get(struct front *front, const char *key, uint64_t now_s, struct front_answer *out)
{
        return front_get(front, (const uint8_t *)key, strlen(key), now_s, out);
}

static void test_an_answer_comes_back_with_its_ttls_counted_down(void **state)
{
        struct front *front = front_new(64 << 10, secret);
        struct sample sample;
        struct front_answer out;
        uint8_t copy[40];

        (void)state;
        assert_false(get(front, "www.example. A", 1000, &out));
        assert_true(put(front, "www.example. A", sample_init(&sample, 300, 100, 1000)));
        assert_false(get(front, "www.example. B", 1000, &out));
        assert_true(get(front, "www.example. A", 1030, &out));
        assert_int_equal(out.len, 40);
        assert_int_equal(out.source_count, 1);
        assert_int_equal(out.source[0], 77);
        front_copy(&out, 1030, copy);
        assert_int_equal(load_u32(copy + 12), 270);
        assert_int_equal(load_u32(copy + 28), 70);
        assert_int_equal(load_u32(out.bytes + 28), 100);
        assert_int_equal(copy[39], 'x');
        front_free(front);
}

/* Who puts says when it is due; no TTL is outlived in any case. */
static void test_it_ends_when_due_and_with_the_smallest_ttl(void **state)
{
        static const struct { uint32_t ttl_a, ttl_b; uint64_t ends_at; unsigned life; } rows[] = {
                { 300, 100, UINT64_MAX, 100 }, { 10, 300, 1009, 9 },  { 1, 300, UINT64_MAX, 1 },
                { 0, 300, UINT64_MAX, 0 },     { 300, 300, 1000, 0 }, { 86400, 86400, 78760, 77760 },
        };
        struct sample sample;
        struct front_answer out;

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct front *front = front_new(64 << 10, secret);

                sample_init(&sample, rows[i].ttl_a, rows[i].ttl_b, 1000)->ends_at = rows[i].ends_at;
                assert_int_equal(put(front, "q", &sample.answer), rows[i].life > 0);
                if (rows[i].life > 0) {
                        assert_true(get(front, "q", 1000 + rows[i].life - 1, &out));
                        assert_int_equal(out.ends_at, 1000 + rows[i].life);
                }
                assert_false(get(front, "q", 1000 + rows[i].life, &out));
                front_free(front);
        }
}

static void test_what_is_not_taken(void **state)
{
        static const uint8_t long_key[FRONT_KEY_MAX + 1];
        static uint8_t long_bytes[FRONT_BYTES_MAX + 1];
        struct front *front = front_new(64 << 10, secret);
        struct sample sample;

        (void)state;
        struct front_answer answer = *sample_init(&sample, 300, 300, 1000);
        assert_false(front_put(front, long_key, sizeof(long_key), &answer));
        assert_true(front_put(front, long_key, sizeof(long_key) - 1, &answer));
        answer.ttl_count = 0;
        assert_false(put(front, "q", &answer));
        answer = sample.answer;
        sample.ttl_at[1] = 37; /* reaches beyond the end */
        assert_false(put(front, "q", &answer));
        sample.ttl_at[1] = 36;
        store_u32(sample.bytes + 36, 300);
        assert_true(put(front, "q", &answer));
        memcpy(long_bytes, sample.bytes, 40);
        answer.bytes = long_bytes;
        answer.len = FRONT_BYTES_MAX;
        assert_false(put(front, "q", &answer));
        answer.len = FRONT_BYTES_MAX - 1;
        assert_true(put(front, "q", &answer));
        front_free(front);
}

static void test_forget(void **state)
{
        struct front *front = front_new(64 << 10, secret);
        struct sample sample;
        struct front_answer out;

        (void)state;
        put(front, "q", sample_init(&sample, 300, 300, 1000));
        front_forget(front);
        assert_false(get(front, "q", 1001, &out));
        put(front, "q", sample_init(&sample, 300, 300, 1000));
        assert_true(get(front, "q", 1001, &out));
        front_free(front);
}

/* An answer that fills so many slots of 256 bytes, with its head, a source, two offsets and a key of one byte. */
static const struct front_answer *sample_of_slots(struct sample *sample, unsigned slots, uint64_t now_s)
{
        static uint8_t bytes[1024];
        struct front_answer *answer = sample_init(sample, 300, 300, now_s);

        memcpy(bytes, sample->bytes, sizeof(sample->bytes));
        answer->bytes = bytes;
        answer->len = slots == 4 ? FRONT_BYTES_MAX - 1 : (uint16_t)(slots * 256 - 48 - 8 - 4 - 1);
        return answer;
}

static bool has(struct front *front, const char *key, uint64_t now_s)
{
        struct front_answer out;

        return get(front, key, now_s, &out);
}

/* A row has four places: the fifth question takes the one that was used longest ago. */
static void test_four_ways(void **state)
{
        struct front *front = front_new(1024, secret);
        struct sample sample;
        struct front_answer out;

        (void)state;
        put(front, "a", sample_of_slots(&sample, 1, 1000));
        put(front, "b", sample_of_slots(&sample, 1, 1001));
        put(front, "c", sample_of_slots(&sample, 1, 1001));
        put(front, "d", sample_of_slots(&sample, 1, 1002));
        assert_true(has(front, "a", 1003));
        assert_true(has(front, "c", 1003));
        put(front, "e", sample_of_slots(&sample, 1, 1004));
        assert_false(has(front, "b", 1005));
        for (const char *const *key = (const char *const[]){ "a", "c", "d", "e", NULL }; *key; key++)
                assert_true(has(front, *key, 1005));

        /* The same question again takes its own place. */
        put(front, "e", sample_init(&sample, 600, 600, 1005));
        assert_true(get(front, "e", 1006, &out));
        assert_int_equal(load_u32(out.bytes + 12), 600);
        for (const char *const *key = (const char *const[]){ "a", "c", "d", NULL }; *key; key++)
                assert_true(has(front, *key, 1006));
        front_free(front);
}

/* What a longer answer covers is gone, and what it leaves of an even longer one serves again. */
static void test_long_and_short_answers_share_a_row(void **state)
{
        static const struct {
                const char *put;
                unsigned slots;
                const char *there; /* afterwards, of all that were put before */
        } rows[] = {
                { "a", 1, "a" },  { "b", 1, "ab" }, { "c", 1, "abc" }, { "d", 1, "abcd" }, { "e", 2, "cde" },
                { "f", 4, "f" },  { "g", 1, "g" },  { "h", 3, "gh" },  { "i", 1, "hi" },   { "j", 2, "j" },
                { "k", 1, "jk" }, { "i", 3, "i" },  { "l", 1, "il" },  { "l", 2, "l" },    { "m", 2, "lm" },
        };
        struct front *front = front_new(1024, secret);

        (void)state;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint64_t now_s = 1000 + i;
                struct sample sample;

                assert_true(put(front, rows[i].put, sample_of_slots(&sample, rows[i].slots, now_s)));
                for (char key[2] = "a"; key[0] <= 'm'; key[0]++) {
                        bool found = has(front, key, now_s);

                        if (found != (strchr(rows[i].there, key[0]) != NULL))
                                fail_msg("after %s (row %u): %s is %s", rows[i].put, i, key, found ? "there" : "gone");
                }
        }
        front_free(front);
}

/* In whatever order long and short ones come: what was put last is there, and what is there is what was put last. */
static void test_each_answer_stays_whole(void **state)
{
        enum { KEYS = 24, TURNS = 20000 };
        struct front *front = front_new(2048, secret);
        uint8_t bytes[KEYS][1024] = { { 0 } };
        uint16_t len[KEYS] = { 0 };
        uint32_t dice = 1;

        (void)state;
        for (unsigned turn = 0; turn < TURNS; turn++) {
                struct sample sample;
                struct front_answer answer = *sample_init(&sample, 300, 300, 1000 + turn / 8), out;
                char key[2] = "A";

                dice = dice * 1664525U + 1013904223U;
                unsigned which = (dice >> 8) % KEYS;
                len[which] = (uint16_t)(40 + (dice >> 16) % 840);
                memset(bytes[which], (int)(dice >> 24), sizeof(bytes[which]));
                memcpy(bytes[which], sample.bytes, sizeof(sample.bytes));
                answer.bytes = bytes[which];
                answer.len = len[which];
                key[0] = (char)('A' + which);
                assert_true(put(front, key, &answer));
                assert_true(get(front, key, answer.written_at, &out));
                for (unsigned i = 0; i < KEYS; i++) {
                        key[0] = (char)('A' + i);
                        if (!get(front, key, answer.written_at, &out))
                                continue;
                        assert_int_equal(out.len, len[i]);
                        assert_memory_equal(out.bytes, bytes[i], len[i]);
                }
        }
        front_free(front);
}

static void test_many(void **state)
{
        struct front *front = front_new(64 << 10, secret);
        struct sample sample;
        struct front_answer out;
        unsigned found = 0;
        char key[16];

        (void)state;
        for (unsigned i = 0; i < 128; i++) {
                snprintf(key, sizeof(key), "q%u", i);
                assert_true(put(front, key, sample_init(&sample, 300 + i, 300 + i, 1000)));
        }
        for (unsigned i = 0; i < 128; i++) {
                snprintf(key, sizeof(key), "q%u", i);
                if (get(front, key, 1001, &out)) {
                        assert_int_equal(load_u32(out.bytes + 12), 300 + i);
                        found++;
                }
        }
        assert_in_range(found, 100, 128);
        front_free(front);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_answer_comes_back_with_its_ttls_counted_down),
                cmocka_unit_test(test_it_ends_when_due_and_with_the_smallest_ttl),
                cmocka_unit_test(test_what_is_not_taken),
                cmocka_unit_test(test_forget),
                cmocka_unit_test(test_four_ways),
                cmocka_unit_test(test_long_and_short_answers_share_a_row),
                cmocka_unit_test(test_each_answer_stays_whole),
                cmocka_unit_test(test_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
