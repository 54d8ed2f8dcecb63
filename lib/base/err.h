#pragma once
/*
 * Error codes: how a function says that the world is bad.
 *
 * ERR_OK is 0. Out-parameters come last and stay untouched on error. The DNS being bad (SERVFAIL, bogus) is data and
 * never an error code; we being bad is EXPECT().
 */
#include <stdbool.h>
#include <stdint.h>

enum err {
#define ERR(name, text) ERR_##name,
#include "base/errors.def"
#undef ERR
        ERR_COUNT
};

#define MUST_USE __attribute__((warn_unused_result))

/** The sentence for an error code, without a full stop; never NULL. */
const char *err_text(enum err err);

/**
 * An invariant of ours. Aborts in test builds (CAIRN_STRICT); in release builds it counts and evaluates to false, so
 * that the caller fails one question and goes on: if (!EXPECT(task->cut)) return task_give_up(task, EDE_OTHER);
 */
#define EXPECT(cond) (__builtin_expect(!!(cond), 1) || expect_failed(#cond, __FILE__, __LINE__))

/** Called by EXPECT alone. Always returns false. */
bool expect_failed(const char *cond, const char *file, int line);

/** How many times EXPECT failed since the start of the process. */
uint64_t expect_failures(void);
