#pragma once
/*
 * Zones as text: read a master file (RFC 1035 section 5), write a finished zone for other servers to read.
 *
 * ldns does the words; it lives in this file alone.
 */
#include "zone.h"
#include <stdio.h>

enum { COMPLAINT_MAX = 512 };

/** Add what the file says to an unfinished zone. On failure false, and complaint says file, line and why. */
bool zonefile_read(struct lab_zone *zone, const char *path, char complaint[COMPLAINT_MAX]);

/** Write one set, a record to the line. owner may differ from the set's own, as for NSEC3. */
void zonefile_write_set(FILE *out, const uint8_t *owner, const struct lab_set *set);
