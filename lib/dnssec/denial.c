#include "dnssec/denial.h"

#include "base/buf.h"
#include "dnssec/bitmap.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <stdio.h>

bool denial_has(const struct denial_types *types, uint16_t type)
{
        return bitmap_has(types->bytes, types->len, type);
}

bool denial_is_of_parent(const struct denial_types *types)
{
        return denial_has(types, TYPE_NS) && !denial_has(types, TYPE_SOA);
}

bool denial_is_silent_below(const struct denial_types *types)
{
        return denial_is_of_parent(types) || denial_has(types, TYPE_DNAME);
}

/* RFC 4035 5.2: the child cannot deny its own DS. The root has no parent and therefore speaks for itself. */
static bool is_wrong_side(const struct denial_context *context, const struct denial_types *types,
                          const struct name *name, uint16_t type)
{
        if (type != TYPE_DS)
                return denial_is_of_parent(types);
        return !name_is_root(name) && (denial_has(types, TYPE_SOA) || name_equal(name, context->zone));
}

/* No types but those of the proof itself: an empty non-terminal (RFC 5155 7.1, RFC 9824 3.2). */
static bool is_bare(const struct denial_types *types)
{
        const uint8_t own = 0x80 >> TYPE_RRSIG % 8 | 0x80 >> TYPE_NSEC % 8;
        struct reader reader = reader_over(types->bytes, types->len);

        while (reader_left(&reader)) {
                uint8_t window = read_u8(&reader), block = read_u8(&reader);
                const uint8_t *map = read_bytes(&reader, block);

                for (unsigned i = 0; map && i < block; i++)
                        if (map[i] & ~(window == 0 && i == TYPE_RRSIG / 8 ? own : 0))
                                return false;
                if (!map)
                        return false;
        }
        return true;
}

enum denial denial_by_types(const struct denial_context *context, const struct denial_types *types,
                            const struct name *name, uint16_t type, struct reason *why)
{
        if (is_wrong_side(context, types, name, type))
                return denial_missing(why, "the record at ", name, " is of the wrong side of the zone cut");
        if (denial_has(types, type) || (type == TYPE_ANY && !is_bare(types)))
                return denial_missing(why, "the record at ", name, " says that the type exists");
        if (denial_has(types, TYPE_CNAME)) /* RFC 6840 4.3 */
                return denial_missing(why, "the record at ", name, " says that there is an alias");
        return DENIAL_PROVEN;
}

bool denial_wildcard(const struct name *closest, uint8_t room[NAME_WIRE_MAX], struct name *out)
{
        static const uint8_t star[] = {'*'};

        return name_prepend(star, 1, closest, room, out) == ERR_OK;
}

enum denial denial_missing(struct reason *why, const char *before, const struct name *name, const char *after)
{
        char text[NAME_TEXT_MAX];

        if (!why)
                return DENIAL_MISSING;
        *why = (struct reason){ .ede = EDE_NSEC_MISSING };
        snprintf(why->text, sizeof why->text, "%s%.90s%s", before, name_text(name, text), after);
        return DENIAL_MISSING;
}
