#pragma once
/*
 * A network of one's own: a private network namespace in which the addresses given are ours and all others are silent.
 *
 * Packets to other addresses leave through a wire to nowhere (a veth pair without ARP) and are gone: no ICMP error, no
 * reset. Nothing outside of the namespace changes, and it ends with the last process in it.
 */
#include "base/address.h"
#include <stdbool.h>

/**
 * Enter a fresh network namespace (and a user namespace where that is needed for it). Affects the calling process and
 * those it starts. False: the system does not let us, or `ip` is missing; a line on stderr says which.
 */
bool netns_enter(const struct address *address, unsigned count);
