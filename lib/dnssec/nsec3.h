#pragma once
/*
 * The NSEC3 side of denial (RFC 5155); nsec.h is the door, and its functions say what these do.
 *
 * Records with an unknown hash algorithm or unknown flags are passed over (8.1, 8.2); all that are used have the same
 * parameters (8.2), and their owners are one label below the zone. What a hash costs is checked before the first one.
 */
#include "dnssec/nsec.h"

enum denial nsec3_denies_name(const struct denial_context *context, const struct name *qname, struct reason *why);
enum denial nsec3_denies_type(const struct denial_context *context, const struct name *qname, uint16_t type,
                              struct reason *why);
enum denial nsec3_denies_closer(const struct denial_context *context, const struct name *qname, unsigned labels,
                                struct reason *why);
enum denial nsec3_denies_ds(const struct denial_context *context, const struct name *cut, struct reason *why);
bool nsec3_shows_no_cut(const struct denial_context *context, const struct name *name);
