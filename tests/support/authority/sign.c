#include "sign.h"

struct lab_set *lab_sign(struct lab_zone *zone, const uint8_t *owner, struct lab_set *set)
{
        (void)zone, (void)owner;
        return set->signatures;
}

bool sign_option(struct lab_zone *zone, const char *text)
{
        (void)zone, (void)text;
        return true;
}
