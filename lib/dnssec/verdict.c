#include "dnssec/verdict.h"

const char *verdict_word(enum verdict verdict)
{
        switch (verdict) {
        case VERDICT_UNCHECKED:     return "not validated";
        case VERDICT_INSECURE:      return "insecure";
        case VERDICT_SECURE:        return "secure";
        case VERDICT_BOGUS:         return "bogus";
        case VERDICT_INDETERMINATE: return "indeterminate";
        }
        return "";
}
