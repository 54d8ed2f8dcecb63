#pragma once
/*
 * Allocation number n fails. Include this, then the source under test (base/x.c): its calls of malloc, calloc and
 * reallocarray come here, and the library's own object is left out of the program.
 */
#include <stdint.h>
#include <stdlib.h>

static size_t allocations_left = SIZE_MAX; /* how many still succeed */

static inline int allocation_fails(void)
{
        if (allocations_left == 0)
                return 1;
        if (allocations_left != SIZE_MAX)
                allocations_left--;
        return 0;
}

static inline void *failing_malloc(size_t size)
{
        return allocation_fails() ? NULL : malloc(size);
}

static inline void *failing_calloc(size_t count, size_t size)
{
        return allocation_fails() ? NULL : calloc(count, size);
}

static inline void *failing_reallocarray(void *old, size_t count, size_t size)
{
        return allocation_fails() ? NULL : reallocarray(old, count, size);
}

#define malloc failing_malloc
#define calloc failing_calloc
#define reallocarray failing_reallocarray
