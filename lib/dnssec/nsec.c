#include "dnssec/nsec.h"

#include "dnssec/denial.h"
#include "dnssec/nsec3.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <stdio.h>

/* One NSEC record, read. */
struct nsec {
        struct name owner, next;
        struct denial_types types;
};

static bool has_any(const struct denial_context *context, uint16_t type)
{
        for (unsigned i = 0; i < context->count; i++)
                if (context->set[i].type == type)
                        return true;
        return false;
}

/*
 * Owner and next name must lie in the zone: a next name outside it would deny other people's names (BIND
 * CVE-2026-13321).
 */
static bool nsec_read(const struct denial_context *context, unsigned i, struct nsec *out)
{
        const struct rrset *set = &context->set[i];

        if (set->type != TYPE_NSEC || set->count != 1)
                return false;
        struct reader reader = reader_over(set->rdata[0].bytes, set->rdata[0].len);
        if (name_read(&reader, &out->next) != ERR_OK)
                return false;
        out->owner = set->owner;
        out->types.len = reader_left(&reader);
        out->types.bytes = read_bytes(&reader, out->types.len);
        return name_is_at_or_below(&out->owner, context->zone) && name_is_at_or_below(&out->next, context->zone);
}

/* The last record of a zone points back to the apex, and to nothing else (RFC 4034 4.1.1). */
static bool is_before_next(const struct denial_context *context, const struct nsec *nsec, const struct name *name)
{
        if (name_compare(&nsec->owner, &nsec->next) < 0)
                return name_compare(name, &nsec->next) < 0;
        return name_equal(&nsec->next, context->zone);
}

/* Strictly between owner and next in canonical order, and not where the owner does not speak of it. */
static bool covers(const struct denial_context *context, const struct nsec *nsec, const struct name *name)
{
        if (name_compare(&nsec->owner, name) >= 0 || !is_before_next(context, nsec, name))
                return false;
        return !(name_is_below(name, &nsec->owner) && denial_is_silent_below(&nsec->types));
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
                if (nsec_read(context, i, out) && covers(context, out, name))
                        return true;
        return false;
}

/* A covered name above the next one exists: it is an empty non-terminal. */
static bool is_empty_non_terminal(const struct nsec *cover, const struct name *name)
{
        return name_is_below(&cover->next, name);
}

/* Covered, and no empty non-terminal either. */
static bool is_denied(const struct denial_context *context, const struct name *name, struct nsec *cover)
{
        return find_cover(context, name, cover) && !is_empty_non_terminal(cover, name);
}

/* The closest name that a covering record shows to exist above a name. */
static unsigned closest_labels(const struct nsec *cover, const struct name *name)
{
        unsigned by_owner = name_common_labels(name, &cover->owner);
        unsigned by_next = name_common_labels(name, &cover->next);

        return by_owner > by_next ? by_owner : by_next;
}

/* What is missing, by what it would have said. A zone that shows nothing may be one with NSEC3. */
static enum denial missing(const struct denial_context *context, struct reason *why, const char *says,
                           const struct name *name, const char *after)
{
        const char *kind = has_any(context, TYPE_NSEC) ? "NSEC" : "NSEC or NSEC3";
        char before[80];

        if (!why)
                return DENIAL_MISSING;
        snprintf(before, sizeof before, "no %s record %s", kind, says);
        return denial_missing(why, before, name, after);
}

/* --- The questions, answered with NSEC ---------------------------------------------------------------------------- */

static enum denial nsec_denies_name(const struct denial_context *context, const struct name *qname, struct reason *why)
{
        uint8_t room[NAME_WIRE_MAX];
        struct nsec nsec, other;
        struct name wildcard;

        /* RFC 9824 3.1: a record made for the name itself says with NXNAME that it does not exist. */
        if (find_match(context, qname, &nsec) && denial_has(&nsec.types, TYPE_NXNAME))
                return DENIAL_PROVEN;
        if (!is_denied(context, qname, &nsec))
                return missing(context, why, "shows that ", qname, " does not exist");
        struct name closest = name_ancestor(qname, closest_labels(&nsec, qname));
        if (!denial_wildcard(&closest, room, &wildcard) || is_denied(context, &wildcard, &other))
                return DENIAL_PROVEN;
        return missing(context, why, "shows that there is no wildcard ", &wildcard, "");
}

static enum denial nsec_denies_type(const struct denial_context *context, const struct name *qname, uint16_t type,
                                    struct reason *why)
{
        uint8_t room[NAME_WIRE_MAX];
        struct nsec nsec, cover;
        struct name wildcard;

        if (find_match(context, qname, &nsec))
                return denial_by_types(context, &nsec.types, qname, type, why);
        if (!find_cover(context, qname, &cover))
                return missing(context, why, "is about ", qname, "");
        if (is_empty_non_terminal(&cover, qname))
                return DENIAL_PROVEN;
        struct name closest = name_ancestor(qname, closest_labels(&cover, qname));
        if (!denial_wildcard(&closest, room, &wildcard))
                return missing(context, why, "is about ", qname, "");
        if (find_match(context, &wildcard, &nsec))
                return denial_by_types(context, &nsec.types, &wildcard, type, why);
        if (find_cover(context, &wildcard, &cover) && is_empty_non_terminal(&cover, &wildcard))
                return DENIAL_PROVEN; /* RFC 4592 2.2.3: the wildcard is empty */
        return missing(context, why, "is about ", qname, " or its wildcard");
}

/* What was expanded is the wildcard below the closest name that exists, or the answer is a replay (RFC 4035 5.3.4). */
static enum denial nsec_denies_closer(const struct denial_context *context, const struct name *qname, unsigned labels,
                                      struct reason *why)
{
        struct nsec cover;

        if (is_denied(context, qname, &cover) && closest_labels(&cover, qname) == labels)
                return DENIAL_PROVEN;
        return missing(context, why, "shows that nothing is closer to ", qname, " than the wildcard");
}

static enum denial nsec_denies_ds(const struct denial_context *context, const struct name *cut, struct reason *why)
{
        struct nsec nsec;

        if (find_match(context, cut, &nsec) && denial_is_of_parent(&nsec.types) && !denial_has(&nsec.types, TYPE_DS))
                return DENIAL_PROVEN;
        return missing(context, why, "shows that the delegation of ", cut, " is unsigned");
}

static bool nsec_shows_no_cut(const struct denial_context *context, const struct name *name)
{
        struct nsec nsec;

        if (find_match(context, name, &nsec))
                return !denial_has(&nsec.types, TYPE_NS);
        return find_cover(context, name, &nsec);
}

/* --- The door ----------------------------------------------------------------------------------------------------- */

/*
 * A zone speaks of names at and below its apex. In canonical order its last record stands before all that follows the
 * zone, so without this a zone could deny names of its siblings.
 */
static bool is_in_zone(const struct denial_context *context, const struct name *name)
{
        return name_is_at_or_below(name, context->zone);
}

static enum denial outside(const struct name *name, struct reason *why)
{
        return denial_missing(why, "the proof is of a zone that does not hold ", name, "");
}

/* A zone that changes from one kind to the other may show records of both, and either proves (RFC 5155 10.4, 10.5). */
static bool tries_nsec3(const struct denial_context *context, enum denial by_nsec, struct reason *why)
{
        if (by_nsec != DENIAL_MISSING || !has_any(context, TYPE_NSEC3))
                return false;
        if (why)
                *why = (struct reason){ .ede = EDE_NONE };
        return true;
}

/* What NSEC lacks is no reason where there is NSEC3. */
static struct reason *reason_of_nsec(const struct denial_context *context, struct reason *why)
{
        return has_any(context, TYPE_NSEC3) ? NULL : why;
}

enum denial denial_of_name(const struct denial_context *context, const struct name *qname, struct reason *why)
{
        if (!is_in_zone(context, qname))
                return outside(qname, why);
        enum denial denial = nsec_denies_name(context, qname, reason_of_nsec(context, why));
        return tries_nsec3(context, denial, why) ? nsec3_denies_name(context, qname, why) : denial;
}

enum denial denial_of_type(const struct denial_context *context, const struct name *qname, uint16_t type,
                           struct reason *why)
{
        if (!is_in_zone(context, qname))
                return outside(qname, why);
        enum denial denial = nsec_denies_type(context, qname, type, reason_of_nsec(context, why));
        return tries_nsec3(context, denial, why) ? nsec3_denies_type(context, qname, type, why) : denial;
}

enum denial denial_of_closer(const struct denial_context *context, const struct name *qname, unsigned labels,
                             struct reason *why)
{
        if (!is_in_zone(context, qname) || labels < context->zone->label_count || labels >= qname->label_count)
                return outside(qname, why);
        enum denial denial = nsec_denies_closer(context, qname, labels, reason_of_nsec(context, why));
        return tries_nsec3(context, denial, why) ? nsec3_denies_closer(context, qname, labels, why) : denial;
}

enum denial denial_of_ds(const struct denial_context *context, const struct name *cut, struct reason *why)
{
        if (!name_is_below(cut, context->zone))
                return outside(cut, why);
        enum denial denial = nsec_denies_ds(context, cut, reason_of_nsec(context, why));
        return tries_nsec3(context, denial, why) ? nsec3_denies_ds(context, cut, why) : denial;
}

bool denial_shows_no_cut(const struct denial_context *context, const struct name *name)
{
        if (!name_is_below(name, context->zone))
                return false;
        return nsec_shows_no_cut(context, name) || (has_any(context, TYPE_NSEC3) && nsec3_shows_no_cut(context, name));
}
