#include "resolve/minimise.h"

#include "config/limits.h"
#include "wire/rrtype.h"

struct shown minimise_show(const struct name *qname, uint16_t qtype, unsigned labels, enum manner manner)
{
        if (manner == MANNER_FULL || labels >= qname->label_count)
                return (struct shown){ .name = *qname, .type = qtype, .whole = true };
        return (struct shown){
                .name = name_ancestor(qname, labels),
                .type = manner == MANNER_A ? TYPE_A : TYPE_NS,
        };
}

unsigned minimise_next(unsigned qname_labels, unsigned known, unsigned steps)
{
        unsigned left = qname_labels > known ? qname_labels - known : 0;

        if (left <= 1 || steps >= LIMIT_MINIMISE_STEPS)
                return qname_labels;
        if (steps < LIMIT_MINIMISE_SINGLE)
                return known + 1;

        /* RFC 9156 2.3: spread the labels that are left over the steps that are left. */
        unsigned steps_left = LIMIT_MINIMISE_STEPS - steps;
        return known + (left + steps_left - 1) / steps_left;
}
