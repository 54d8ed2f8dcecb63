/*
 * How a set is verified: what is handed out and when, what is told, how long it may live. What is accepted and refused
 * is in matrix.c and keys.c.
 */
#include "dnssec/verify.h"
#include "dnssec/signed.h"
#include "fixture.h"
#include "watch/trace.h"
#include <stdio.h>

#define GOOD VERIFY_GOOD
#define BAD  VERIFY_BAD

#define WWW "www.example. 300 A 192.0.2.1"

static struct verify_context context_of(struct fixture *f)
{
        return (struct verify_context){
                .policy = &f->prover.policy,
                .shelf = &f->prover.shelf,
                .memo = &f->prover.memo,
                .budget = &f->prover.budget,
                .in_message = &f->prover.in_message,
                .arena = &f->prover.scratch,
                .wall_s = NOW,
        };
}

static enum verify_result verify(struct fixture *f, const struct rrset *set, struct verify_jobs *jobs)
{
        struct verify_context context = context_of(f);
        struct verified verified;
        struct reason why;

        *jobs = (struct verify_jobs){.count = 0};
        return verify_set(&context, set, &f->keys, &verified, jobs, &why);
}

/*
 * The first who asks gets the job, the next ones wait for the same; when it is done all know, and nobody works again.
 */
static void test_equal_checks_are_one_job(void **state)
{
        struct fixture *f = *state;
        struct rrset set = signed_set(f, WWW);
        struct verify_jobs first, second;

        assert_int_equal(verify(f, &set, &first), VERIFY_WAIT);
        assert_int_equal(first.count, 1);
        assert_int_equal(first.awaited, first.job[0]->number);
        prover_next_question(&f->prover);
        assert_int_equal(verify(f, &set, &second), VERIFY_WAIT);
        assert_int_equal(second.count, 0);
        assert_int_equal(second.awaited, first.awaited);
        assert_int_equal(f->prover.budget.checks, 0);
        assert_true(check_run(first.job[0]));
        assert_true(check_memo_done(&f->prover.memo, first.job[0]->number, true));
        check_free(first.job[0]);
        assert_int_equal(verify(f, &set, &second), GOOD);
        assert_int_equal(f->prover.budget.checks, 0);
}

/* A job outlives the request that wanted it, and the shelf that its key was on. */
static void test_a_job_stands_alone(void **state)
{
        struct fixture *f = *state;
        struct rrset set = signed_set(f, WWW);
        struct verify_jobs jobs;

        assert_int_equal(verify(f, &set, &jobs), VERIFY_WAIT);
        key_shelf_forget(&f->prover.shelf);
        arena_fini(&f->prover.scratch);
        assert_true(check_run(jobs.job[0]));
        check_free(jobs.job[0]);
}

/* A job that could not be handed out is begun anew by whoever needs it next. */
static void test_a_forgotten_job(void **state)
{
        struct fixture *f = *state;
        struct rrset set = signed_set(f, WWW);
        struct verify_jobs jobs;

        assert_int_equal(verify(f, &set, &jobs), VERIFY_WAIT);
        uint64_t number = jobs.awaited;
        check_memo_forget(&f->prover.memo, number);
        check_free(jobs.job[0]);
        assert_false(check_memo_done(&f->prover.memo, number, true));
        check_memo_forget(&f->prover.memo, number);
        assert_int_equal(verify(f, &set, &jobs), VERIFY_WAIT);
        assert_int_equal(jobs.count, 1);
        assert_true(jobs.awaited != number);
        check_free(jobs.job[0]);
}

static void test_results_nobody_asked_for(void **state)
{
        struct fixture *f = *state;

        assert_false(check_memo_done(&f->prover.memo, 0, true));
        assert_false(check_memo_done(&f->prover.memo, 7, true));
        assert_false(check_memo_done(&f->prover.memo, UINT64_MAX, false));
}

/* A bad check stays bad for the same data, signature and key, and says nothing of others. */
static void test_what_is_remembered(void **state)
{
        struct fixture *f = *state;
        struct rrset set = signed_set(f, WWW), other = signer_set(&f->arena, "www.example. 300 A 192.0.2.9");

        signer_add(&f->arena, &other, &set.sigs[0]);
        assert_int_equal(prover_set(&f->prover, &other, &f->keys), BAD);
        assert_int_equal(f->prover.checks, 1);
        assert_int_equal(prover_set(&f->prover, &set, &f->keys), GOOD);
        assert_int_equal(f->prover.checks, 2);
        assert_int_equal(prover_set(&f->prover, &other, &f->keys), BAD);
        assert_int_equal(prover_set(&f->prover, &set, &f->keys), GOOD);
        assert_int_equal(f->prover.checks, 2);
}

/* Bytes may not wander between the data and the signature: the lengths are part of what is remembered. */
static void test_the_memo_knows_lengths(void **state)
{
        struct fixture *f = *state;
        struct rdata dnskey = {.bytes = f->key.rdata, .len = f->key.rdata_len};
        static const uint8_t bytes[] = "one and the same bytes";
        struct check_subject a = {
                .dnskey = &dnskey, .data = bytes, .data_len = 10, .signature = bytes + 10, .signature_len = 8};
        struct check_subject b = {
                .dnskey = &dnskey, .data = bytes, .data_len = 9, .signature = bytes + 9, .signature_len = 9};
        enum check_state state_of;
        uint64_t number;

        a.key = b.key = key_shelf_get(&f->prover.shelf, &f->prover.policy, &dnskey);
        assert_int_equal(check_memo_ask(&f->prover.memo, &a, &state_of, &number), ERR_OK);
        struct check *job = check_memo_begin(&f->prover.memo, &a);
        assert_non_null(job);
        assert_true(check_memo_done(&f->prover.memo, job->number, true));
        check_free(job);
        assert_int_equal(check_memo_ask(&f->prover.memo, &a, &state_of, &number), ERR_OK);
        assert_int_equal(state_of, CHECK_GOOD);
        assert_int_equal(check_memo_ask(&f->prover.memo, &b, &state_of, &number), ERR_OK);
        assert_int_equal(state_of, CHECK_UNKNOWN);
}

/* The memo is bounded: what is forgotten while it runs has no result, and is begun anew. */
static void test_the_memo_is_bounded(void **state)
{
        static const uint8_t secret[SIPHASH_KEY_LEN] = "small";
        struct fixture *f = *state;
        struct rrset first = signed_set(f, WWW);
        struct verify_jobs running, jobs;

        check_memo_fini(&f->prover.memo);
        assert_int_equal(check_memo_init(&f->prover.memo, 4, secret), ERR_OK);
        assert_int_equal(verify(f, &first, &running), VERIFY_WAIT);
        for (unsigned i = 0; i < 4; i++) {
                char text[64];

                snprintf(text, sizeof text, "n%u.example. 300 A 192.0.2.1", i);
                struct rrset set = signed_set(f, text);
                assert_int_equal(verify(f, &set, &jobs), VERIFY_WAIT);
                check_free(jobs.job[0]);
        }
        assert_false(check_memo_done(&f->prover.memo, running.awaited, true));
        assert_int_equal(verify(f, &first, &jobs), VERIFY_WAIT);
        assert_int_equal(jobs.count, 1);
        check_free(jobs.job[0]);
        check_free(running.job[0]);
}

/* --- The life of what is proven (RFC 4035 5.3.3) ------------------------------------------------------------------ */

static void test_ttl(void **state)
{
        static const struct {
                uint32_t ttl, original, left, expected;
        } row[] = {
                {300, 300, 7 * DAY, 300}, {300, 60, 7 * DAY, 60},
                {60, 300, 7 * DAY, 60},   {300, 300, 100, 100},
                {0, 300, 7 * DAY, 0},     {300, 0, 7 * DAY, 0},
                {300, 300, 0, 0},         {UINT32_MAX, UINT32_MAX, 50, 50},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(row); i++) {
                struct rrset set = signer_set(&f->arena, WWW);

                set.ttl = row[i].original;
                signer_sign_set(&f->arena, &set, &f->key, &f->zone, INCEPTION, NOW + row[i].left);
                set.ttl = row[i].ttl;
                prover_next_question(&f->prover);
                assert_int_equal(prover_set(&f->prover, &set, &f->keys), GOOD);
                assert_int_equal(f->prover.verified.ttl, row[i].expected);
                assert_int_equal(f->prover.verified.sig.original_ttl, row[i].original);
        }
}

/* --- What is told ------------------------------------------------------------------------------------------------- */

static unsigned steps_of(const struct trace *trace, enum step_kind kind)
{
        struct trace_view view;
        struct step_view step;
        unsigned count = 0;
        size_t at = 0;

        assert_int_equal(trace_open(trace->bytes, trace->len, &view), ERR_OK);
        while (trace_next(&view, &at, &step))
                count += step.kind == kind;
        return count;
}

/* A set is looked at in many runs, and its signatures are told once: with their verdict. */
static void test_each_signature_is_told_once(void **state)
{
        static const struct moment now = {.wall_s = NOW};
        static const struct trace_id id = {{1}};
        struct fixture *f = *state;
        struct rrset set = signed_set(f, WWW);
        struct verify_context context = context_of(f);
        struct verified verified;
        struct reason why;
        struct trace trace;

        trace_begin(&trace, &f->arena, &id, 7, &now);
        context.trace = &trace;
        for (unsigned run = 0; run < 5; run++) {
                struct verify_jobs jobs = {.count = 0};

                if (verify_set(&context, &set, &f->keys, &verified, &jobs, &why) != VERIFY_WAIT)
                        continue;
                assert_int_equal(steps_of(&trace, STEP_SIGNATURE), 0);
                check_memo_done(&f->prover.memo, jobs.awaited, check_run(jobs.job[0]));
                check_free(jobs.job[0]);
        }
        assert_int_equal(steps_of(&trace, STEP_SIGNATURE), 1);
}

/* Of many signatures the trace tells the first ones; verification does not depend on it. */
static void test_of_many_signatures_some_are_told(void **state)
{
        static const struct moment now = {.wall_s = NOW};
        static const struct trace_id id = {{1}};
        struct fixture *f = *state;
        struct rrset set = signer_set(&f->arena, WWW);
        struct verify_context context = context_of(f);
        struct verify_jobs jobs = {.count = 0};
        struct verified verified;
        struct reason why;
        struct trace trace;

        for (unsigned i = 0; i < 2 * VERIFY_TOLD; i++)
                signer_sign_set(&f->arena, &set, &f->key, &f->zone, INCEPTION - 30 * DAY + i, INCEPTION - 20 * DAY);
        trace_begin(&trace, &f->arena, &id, 7, &now);
        context.trace = &trace;
        for (unsigned run = 0; run < 3; run++)
                assert_int_equal(verify_set(&context, &set, &f->keys, &verified, &jobs, &why), BAD);
        assert_int_equal(steps_of(&trace, STEP_SIGNATURE), VERIFY_TOLD);
        assert_int_equal(why.ede, EDE_SIGNATURE_EXPIRED);
}

/* Success leaves no reason behind, also where a signature before it failed. */
static void test_success_has_no_reason(void **state)
{
        struct fixture *f = *state;
        struct rrset set = signer_set(&f->arena, WWW);

        signer_sign_set(&f->arena, &set, &f->key, &f->zone, INCEPTION - 30 * DAY, INCEPTION - 20 * DAY);
        signer_sign_set(&f->arena, &set, &f->key, &f->zone, INCEPTION, EXPIRATION);
        assert_int_equal(prover_set(&f->prover, &set, &f->keys), GOOD);
        assert_int_equal(f->prover.why.ede, EDE_NONE);
        assert_string_equal(f->prover.why.text, "");
}

/* The sentence names the records, the key and the time. */
static void assert_sentence(struct fixture *f, const struct rrset *set, const char *format)
{
        char expected[sizeof f->prover.why.text];

        assert_int_equal(prover_set(&f->prover, set, &f->keys), BAD);
        snprintf(expected, sizeof expected, format, (unsigned)signer_key_tag(&f->key));
        assert_string_equal(f->prover.why.text, expected);
}

static struct rrset signed_between(struct fixture *f, uint32_t inception, uint32_t expiration)
{
        struct rrset set = signer_set(&f->arena, WWW);

        signer_sign_set(&f->arena, &set, &f->key, &f->zone, inception, expiration);
        return set;
}

/* Signed by a key that is there, but does not count. */
static void test_a_key_that_does_not_count(void **state)
{
        struct fixture *f = *state;
        struct rrset set = signer_set(&f->arena, WWW);
        char expected[sizeof f->prover.why.text];
        struct signer_key old;
        struct zone_keys keys;

        signer_key_make(&old, SIGNER_RSASHA1, 1024, 0);
        const struct signer_key *const all[] = {&old};
        struct rrset dnskey = signer_dnskey(&f->arena, "example.", all, 1);
        zone_keys_init(&keys, &f->prover.policy, &dnskey, &f->arena);
        signer_sign_set(&f->arena, &set, &old, &f->zone, INCEPTION, EXPIRATION);
        assert_int_equal(prover_set(&f->prover, &set, &keys), BAD);
        assert_int_equal(f->prover.why.ede, EDE_DNSKEY_ALGORITHM);
        snprintf(expected, sizeof expected,
                 "key %u of example., which signed www.example. A, has an algorithm that is not supported",
                 (unsigned)signer_key_tag(&old));
        assert_string_equal(f->prover.why.text, expected);
        signer_key_fini(&old);
}

/* The lower case of the words is that of the middle of a sentence: others are put before and behind. */
static void test_sentences(void **state)
{
        struct fixture *f = *state;
        struct rrset set = signer_set(&f->arena, WWW);
        struct name parent = signer_name(&f->arena, ".");

        assert_sentence(f, &set, "www.example. A is not signed");
        set = signed_between(f, NOW - 10 * DAY, NOW - 3 * DAY);
        assert_sentence(f, &set, "the signature over www.example. A by key %u expired at 2023-11-11T22:13:20Z, 3 d ago");
        set = signed_between(f, NOW + 2 * DAY, NOW + 9 * DAY);
        assert_sentence(f, &set, "the signature over www.example. A by key %u begins at 2023-11-16T22:13:20Z, in 2 d");
        set = signed_between(f, NOW + DAY, NOW - DAY);
        assert_sentence(f, &set, "the signature over www.example. A by key %u expires before it begins");
        set = signed_between(f, INCEPTION, EXPIRATION);
        set.ttl = 300;
        struct rrset other = signer_set(&f->arena, "www.example. 300 A 192.0.2.2");
        other.sigs = set.sigs;
        other.sig_count = set.sig_count;
        assert_sentence(f, &other, "the signature over www.example. A by key %u does not hold");
        f->prover.wall_s = 1000; /* the clock says 1970 */
        assert_sentence(f, &set, "the signature over www.example. A by key %u begins at 2023-11-07T22:13:20Z, in 19668 d 21 h");
        f->prover.wall_s = NOW;
        set = signer_set(&f->arena, WWW);
        signer_sign_set(&f->arena, &set, &f->key, &parent, INCEPTION, EXPIRATION);
        assert_sentence(f, &set, "the signature over www.example. A is by ., which is not its zone");
        f->keys.count = 0;
        set = signed_between(f, INCEPTION, EXPIRATION);
        assert_sentence(f, &set, "www.example. A is signed by key %u, which example. does not have");
}

/* --- What is signed ----------------------------------------------------------------------------------------------- */

/* Names as long as they come, and sets as large: the room is reckoned right, and without room there is no data. */
static void test_large_sets(void **state)
{
        struct fixture *f = *state;
        char owner[NAME_TEXT_MAX] = "";
        char *text = calloc(300, 400), *at = text;

        assert_non_null(text);
        for (unsigned i = 0; i < 122; i++)
                strcat(owner, "a.");
        strcat(owner, "EXAMPLE.");
        for (unsigned i = 0; i < 256; i++)
                at += sprintf(at, "%s%s 300 TXT %u", i ? "\n" : "", owner, i);
        struct rrset set = signed_set(f, text);
        free(text);
        assert_int_equal(set.count, 256);
        assert_int_equal(set.owner.len, 253);
        assert_int_equal(prover_set(&f->prover, &set, &f->keys), GOOD);
        struct arena small;
        struct rrsig sig;
        size_t len;
        assert_true(rrsig_read(&set.sigs[0], &sig));
        for (size_t max = 0; max < 8192; max += 512) {
                arena_init(&small, max);
                assert_null(signed_data(&set, &sig, &set.sigs[0], &small, &len));
                arena_fini(&small);
        }
}

static void test_no_memory_is_no_verdict(void **state)
{
        struct fixture *f = *state;
        struct rrset set = signed_set(f, WWW);
        struct verify_jobs jobs;

        arena_fini(&f->prover.scratch);
        arena_init(&f->prover.scratch, 64);
        assert_int_equal(verify(f, &set, &jobs), VERIFY_BUDGET);
        assert_int_equal(jobs.count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                fixture_test(test_equal_checks_are_one_job),
                fixture_test(test_a_job_stands_alone),
                fixture_test(test_a_forgotten_job),
                fixture_test(test_results_nobody_asked_for),
                fixture_test(test_what_is_remembered),
                fixture_test(test_the_memo_knows_lengths),
                fixture_test(test_the_memo_is_bounded),
                fixture_test(test_ttl),
                fixture_test(test_each_signature_is_told_once),
                fixture_test(test_of_many_signatures_some_are_told),
                fixture_test(test_success_has_no_reason),
                fixture_test(test_a_key_that_does_not_count), fixture_test(test_sentences),
                fixture_test(test_large_sets),
                fixture_test(test_no_memory_is_no_verdict),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
