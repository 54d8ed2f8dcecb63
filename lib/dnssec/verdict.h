#pragma once
/*
 * What validation can say of data, and why (RFC 4033 5).
 */
#include "wire/edns.h"
#include <stdbool.h>
#include <stdint.h>

enum verdict {
        VERDICT_UNCHECKED, /* nobody validated: no anchor above, or validation is off */
        VERDICT_INSECURE,  /* provably unsigned */
        VERDICT_SECURE,
        VERDICT_BOGUS,
        VERDICT_INDETERMINATE, /* the network failed while fetching DS or DNSKEY */
};

/*
 * Why something is bogus, insecure or indeterminate: the extended error and one sentence that a person would want to
 * read.
 */
struct reason {
        uint16_t ede;  /* EDE_*, or EDE_NONE */
        bool is_whole; /* the sentence came from elsewhere and names its server itself */
        char text[200];
};

/** "secure", "bogus"... */
const char *verdict_word(enum verdict verdict);
