#pragma once
/*
 * The networks that this host's interfaces are in: who is there may ask, unless the settings say otherwise.
 */
#include "base/address.h"

enum { ATTACHED_MAX = 256 };

/** Returns how many were written; at most max. */
unsigned attached_networks(struct prefix *out, unsigned max);
