#include "dnssec/nsec.h"

#include "dnssec/nsec3.h"
#include "dnssec/bitmap.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <stdio.h>

/* One NSEC record, read. */
struct nsec {
        struct name owner, next;
        const uint8_t *types;
        size_t types_len;
};

static void say(struct reason *why, const char *before, const struct name *name, const char *after)
{
        char text[NAME_TEXT_MAX];

        why->ede = EDE_NSEC_MISSING;
        snprintf(why->text, sizeof why->text, "%s%.100s%s", before, name_text(name, text), after);
}

/* Owner and next name must lie in the zone: a next name outside it would deny other people's names (BIND CVE-2026-13321). */
static bool nsec_read(const struct denial_context *context, unsigned i, struct nsec *out)
{
        const struct rrset *set = &context->set[i];

        if (set->type != TYPE_NSEC || set->count != 1)
                return false;
        struct reader reader = reader_over(set->rdata[0].bytes, set->rdata[0].len);
        if (name_read(&reader, &out->next) != ERR_OK)
                return false;
        out->owner = set->owner;
        out->types_len = reader_left(&reader);
        out->types = read_bytes(&reader, out->types_len);
        return name_is_at_or_below(&out->owner, context->zone) && name_is_at_or_below(&out->next, context->zone);
}

static bool has(const struct nsec *nsec, uint16_t type)
{
        return bitmap_has(nsec->types, nsec->types_len, type);
}

/* RFC 6840 4.1: the parent's record at a cut, and one at a DNAME, say nothing of names below. */
static bool is_silent_below(const struct nsec *nsec)
{
        return (has(nsec, TYPE_NS) && !has(nsec, TYPE_SOA)) || has(nsec, TYPE_DNAME);
}

/* Strictly between owner and next in canonical order; the last record of the zone points back to the apex (RFC 4034 4.1.1). */
static bool covers(const struct nsec *nsec, const struct name *name)
{
        if (name_compare(&nsec->owner, name) >= 0)
                return false;
        if (name_is_below(name, &nsec->owner) && is_silent_below(nsec))
                return false;
        return name_compare(name, &nsec->next) < 0 || name_compare(&nsec->next, &nsec->owner) <= 0;
}

static bool find_match(const struct denial_context *context, const struct name *name, struct nsec *out)
{
        for (unsigned i = 0; i < context->count; i++)
                if (nsec_read(context, i, out) && name_equal(&out->owner, name))
                        return true;
        return false;
}

static bool find_cover(const struct denial_context *context, const struct name *name, struct nsec *out)
{
        for (unsigned i = 0; i < context->count; i++)
                if (nsec_read(context, i, out) && covers(out, name))
                        return true;
        return false;
}

/* A covered name above the next one exists: it is an empty non-terminal. */
static bool is_empty_non_terminal(const struct nsec *cover, const struct name *name)
{
        return name_is_below(&cover->next, name);
}

/* The closest name that a covering record shows to exist above a name. */
static unsigned closest_labels(const struct nsec *cover, const struct name *name)
{
        unsigned by_owner = name_common_labels(name, &cover->owner);
        unsigned by_next = name_common_labels(name, &cover->next);

        return by_owner > by_next ? by_owner : by_next;
}

static bool wildcard_at(const struct name *closest, uint8_t room[NAME_WIRE_MAX], struct name *out)
{
        static const uint8_t star[] = { '*' };

        return name_prepend(star, 1, closest, room, out) == ERR_OK;
}

static bool uses_nsec3(const struct denial_context *context)
{
        for (unsigned i = 0; i < context->count; i++)
                if (context->set[i].type == TYPE_NSEC3)
                        return true;
        return false;
}

/* --- The questions ------------------------------------------------------------------------------------------------ */

enum denial denial_of_name(const struct denial_context *context, const struct name *qname, struct reason *why)
{
        uint8_t room[NAME_WIRE_MAX];
        struct nsec cover, other;
        struct name wildcard;

        if (uses_nsec3(context))
                return nsec3_denies_name(context, qname, why);
        if (!find_cover(context, qname, &cover) || is_empty_non_terminal(&cover, qname)) {
                say(why, "no NSEC record shows that ", qname, " does not exist");
                return DENIAL_MISSING;
        }
        struct name closest = name_ancestor(qname, closest_labels(&cover, qname));
        if (!wildcard_at(&closest, room, &wildcard) || find_cover(context, &wildcard, &other))
                return DENIAL_PROVEN;
        say(why, "no NSEC record shows that there is no wildcard ", &wildcard, "");
        return DENIAL_MISSING;
}

/* The record at the name itself: without the type and without CNAME; of the right side of a cut. */
static enum denial judge_match(const struct denial_context *context, const struct nsec *nsec, const struct name *qname, uint16_t type,
                               struct reason *why)
{
        bool parent_side = has(nsec, TYPE_NS) && !has(nsec, TYPE_SOA);
        bool wrong_side = type == TYPE_DS ? has(nsec, TYPE_SOA) && !name_is_root(qname) : parent_side;

        if (wrong_side)
                say(why, "the NSEC record of ", qname, " is of the wrong side of the zone cut");
        else if (has(nsec, type) || has(nsec, TYPE_CNAME))
                say(why, "the NSEC record of ", qname, " says that the type exists");
        else
                return DENIAL_PROVEN;
        (void)context;
        return DENIAL_MISSING;
}

enum denial denial_of_type(const struct denial_context *context, const struct name *qname, uint16_t type, struct reason *why)
{
        uint8_t room[NAME_WIRE_MAX];
        struct nsec nsec, cover;
        struct name wildcard;

        if (uses_nsec3(context))
                return nsec3_denies_type(context, qname, type, why);
        if (find_match(context, qname, &nsec))
                return judge_match(context, &nsec, qname, type, why);
        if (!find_cover(context, qname, &cover)) {
                say(why, "no NSEC record is about ", qname, "");
                return DENIAL_MISSING;
        }
        if (is_empty_non_terminal(&cover, qname))
                return DENIAL_PROVEN;
        struct name closest = name_ancestor(qname, closest_labels(&cover, qname));
        if (wildcard_at(&closest, room, &wildcard) && find_match(context, &wildcard, &nsec))
                return judge_match(context, &nsec, &wildcard, type, why);
        say(why, "no NSEC record is about ", qname, " or its wildcard");
        return DENIAL_MISSING;
}

enum denial denial_of_closer(const struct denial_context *context, const struct name *qname, unsigned labels, struct reason *why)
{
        struct nsec cover;

        if (uses_nsec3(context))
                return nsec3_denies_closer(context, qname, labels, why);
        if (find_cover(context, qname, &cover) && !is_empty_non_terminal(&cover, qname) && closest_labels(&cover, qname) <= labels)
                return DENIAL_PROVEN;
        say(why, "no NSEC record shows that nothing is closer to ", qname, " than the wildcard");
        return DENIAL_MISSING;
}

enum denial denial_of_ds(const struct denial_context *context, const struct name *cut, struct reason *why)
{
        struct nsec nsec;

        if (uses_nsec3(context))
                return nsec3_denies_ds(context, cut, why);
        if (find_match(context, cut, &nsec) && has(&nsec, TYPE_NS) && !has(&nsec, TYPE_DS) && !has(&nsec, TYPE_SOA))
                return DENIAL_PROVEN;
        say(why, "no NSEC record shows that the delegation of ", cut, " is unsigned");
        return DENIAL_MISSING;
}

bool denial_shows_no_cut(const struct denial_context *context, const struct name *name)
{
        struct nsec nsec;

        if (uses_nsec3(context))
                return nsec3_shows_no_cut(context, name);
        if (find_match(context, name, &nsec))
                return !has(&nsec, TYPE_NS);
        return find_cover(context, name, &nsec);
}
