#include "prover.h"

#include "wire/codes.h"
#include <stdlib.h>
#include <string.h>

enum { MEMO_MAX = 4096, SHELF_MAX = 64, SCRATCH_MAX = 4 << 20 };

static void require(bool cond)
{
        if (!cond)
                abort();
}

void prover_init(struct prover *prover, uint64_t wall_s)
{
        static const uint8_t secret[SIPHASH_KEY_LEN] = "a test's secret";

        *prover = (struct prover){
                .policy = {.sha1 = false, .rsa_min_bits = 1024},
                .wall_s = wall_s,
                .max_iterations = 50,
        };
        arena_init(&prover->scratch, SCRATCH_MAX);
        require(key_shelf_init(&prover->shelf, SHELF_MAX, secret) == ERR_OK);
        require(check_memo_init(&prover->memo, MEMO_MAX, secret) == ERR_OK);
}

void prover_fini(struct prover *prover)
{
        key_shelf_fini(&prover->shelf);
        check_memo_fini(&prover->memo);
        arena_fini(&prover->scratch);
}

void prover_next_question(struct prover *prover)
{
        prover->budget = (struct verify_budget){.checks = 0};
        prover->in_message = 0;
        prover->nsec3_blocks = 0;
        prover->checks = 0;
}

void prover_next_message(struct prover *prover)
{
        prover->in_message = 0;
}

static struct verify_context context_of(struct prover *prover)
{
        prover->why = (struct reason){.ede = EDE_NONE};
        return (struct verify_context){
                .policy = &prover->policy,
                .shelf = &prover->shelf,
                .memo = &prover->memo,
                .budget = &prover->budget,
                .in_message = &prover->in_message,
                .arena = &prover->scratch,
                .wall_s = prover->wall_s,
        };
}

/* What the host does with an ACTION_CHECK, and the desk with the EVENT_CHECKED. */
static void do_jobs(struct prover *prover, const struct verify_jobs *jobs)
{
        require(jobs->count == 1 && jobs->awaited == jobs->job[0]->number);
        bool good = check_run(jobs->job[0]);
        require(check_memo_done(&prover->memo, jobs->job[0]->number, good));
        check_free(jobs->job[0]);
        prover->budget.failed += !good;
        prover->checks++;
}

enum verify_result prover_set(struct prover *prover, const struct rrset *set, struct zone_keys *keys)
{
        for (;;) {
                struct verify_context context = context_of(prover);
                struct verify_jobs jobs = {.count = 0};
                enum verify_result result = verify_set(&context, set, keys, &prover->verified, &jobs, &prover->why);

                if (result != VERIFY_WAIT)
                        return result;
                do_jobs(prover, &jobs);
        }
}

enum verify_result prover_keys(struct prover *prover, const struct rrset *dnskey, const struct rrset *ds)
{
        for (;;) {
                struct verify_context context = context_of(prover);
                struct verify_jobs jobs = {.count = 0};
                enum verify_result result =
                        verify_keys(&context, dnskey, ds, &prover->verified, &jobs, &prover->unsupported, &prover->why);

                if (result != VERIFY_WAIT)
                        return result;
                do_jobs(prover, &jobs);
        }
}

unsigned prover_sets(struct prover *prover, const struct rrset *set, unsigned count, struct zone_keys *keys,
                     struct rrset proven[PROVER_SETS])
{
        unsigned held = 0;

        for (unsigned i = 0; i < count && held < PROVER_SETS; i++)
                if (prover_set(prover, &set[i], keys) == VERIFY_GOOD && !prover->verified.wildcard)
                        proven[held++] = set[i];
        return held;
}

struct denial_context prover_denial(struct prover *prover, const struct name *zone, const struct rrset *set,
                                    unsigned count)
{
        prover->why = (struct reason){.ede = EDE_NONE};
        return (struct denial_context){
                .zone = zone,
                .set = set,
                .count = count,
                .max_iterations = prover->max_iterations,
                .nsec3_blocks = &prover->nsec3_blocks,
                .arena = &prover->scratch,
        };
}
