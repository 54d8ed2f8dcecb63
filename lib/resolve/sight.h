#pragma once
/*
 * Zones whose anchors are followed (RFC 5011) are seen here: each time their keys have been fetched and judged, whoever
 * keeps the anchors is told what they are now.
 */
#include "resolve/trust.h"

/**
 * A DNSKEY set has been judged: if its zone is followed, tell (ACTION_PUBLISH) which keys it shows, and which of our
 * own anchors it revokes in a way that holds.
 *
 *   proven   it was proven by keys that are trusted
 *
 * TRUST_WAIT while the signature of a revoked key is being checked. When all is said, the zone's servers are told which
 * anchors are trusted (RFC 8145 5).
 */
enum trust_state sight_keys(struct task *task, const struct rrset *dnskey, bool proven);
