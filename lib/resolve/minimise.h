#pragma once
/*
 * QNAME minimisation (RFC 9156): which name and type to show to the servers of a cut.
 *
 * One label more than the cut at a time for the first LIMIT_MINIMISE_SINGLE steps, then in larger strides so that
 * LIMIT_MINIMISE_STEPS suffice for any name. Type NS is shown until the full name is reached; a server that answers it
 * with an error is asked again for type A, then shown everything (relaxed mode: we do not fail names for broken
 * servers).
 */
#include "wire/name.h"
#include <stdbool.h>
#include <stdint.h>

enum manner {
        MANNER_NS,   /* ancestors with type NS */
        MANNER_A,    /* ancestors with type A */
        MANNER_FULL, /* the whole question */
};

struct shown {
        struct name name;
        uint16_t type;
        bool whole; /* it is the question itself */
};

/** What to show: the ancestor of qname with `labels` labels, or the question itself when that is the whole name. */
struct shown minimise_show(const struct name *qname, uint16_t qtype, unsigned labels, enum manner manner);

/** How many labels to show next, when `known` labels are known (the cut, or a name below it that is no cut). */
unsigned minimise_next(unsigned qname_labels, unsigned known, unsigned steps);
