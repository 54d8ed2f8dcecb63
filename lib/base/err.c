/* Error texts and failed expectations. */
#include "base/err.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Relaxed is enough: the number is only ever shown, nothing is decided by it. */
static _Atomic uint64_t failures;

const char *err_text(enum err err)
{
        switch (err) {
#define ERR(name, text)                                                                                                \
        case ERR_##name:                                                                                               \
                return text;
#include "base/errors.def"
#undef ERR
        case ERR_COUNT:
                break;
        }
        return "unknown error";
}

bool expect_failed(const char *cond, const char *file, int line)
{
        atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
#ifdef CAIRN_STRICT
        fprintf(stderr, "%s:%d: expected %s\n", file, line, cond);
        abort();
#else
        (void)cond;
        (void)file;
        (void)line;
        return false;
#endif
}

uint64_t expect_failures(void)
{
        return atomic_load_explicit(&failures, memory_order_relaxed);
}
