#pragma once
/*
 * Names that are answered here: special-use zones and local data, compiled into one tree.
 *
 * The tree holds each name that has something to say, and all names above it. So a question goes down from the root
 * label by label, and one about a name that nobody here knows ends at its top-level domain, after one look.
 *
 * Data goes before zones, and the deepest zone decides: a stub or forward zone within (or at) a special-use zone takes
 * its names out of it. Answers within a zone follow RFC 1034 4.3.2 and RFC 4592 (wildcards); a name with local data
 * outside of any zone is answered alone, and its neighbours are asked for as ever.
 */
#include "base/arena.h"
#include "base/err.h"
#include "config/settings.h"
#include "policy/policy.h"
#include "wire/rrset.h"
#include <stdint.h>

struct local_zones;

/** Compile the settings, whose bytes are borrowed. NULL when out of memory, or when a built-in zone does not parse. */
struct local_zones *local_new(const struct settings *settings);
void local_free(struct local_zones *zones);

/** The verdict on a question; POLICY_PASS if it is nobody's here. */
struct policy_verdict local_ask(const struct local_zones *zones, const struct question *question);
