#pragma once
/*
 * What the store certainly does not have.
 *
 * A cold question looks for some thirty things that nobody has ever put: delegations of each name above its own, the
 * absence of each, aliases of any kind. Each look goes down to a leaf of the store's tree, most of which is in no
 * processor's cache. So there is a bit for the keyed hash of each key that was put, and where it is not set, the key is
 * not there. With four bits for each entry that may be expected, an eighth to a fifth of the looks go on in vain.
 *
 * Entries that end leave their bits behind, and those of an earlier process have none: the writer then clears all bits
 * and walks through the keys, some at a time, until it has met every one; before that, anything may be there. A worker
 * that looks at the very moment when bits are cleared may miss what is there, and asks for it again.
 */
#include "store/store.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sieve;

enum { SIEVE_VISITS_MAX = 1000 }; /* keys that are walked over at a time */

/** For a store of about so many entries. NULL: out of memory. */
struct sieve *sieve_new(uint64_t entries);
void sieve_free(struct sieve *sieve);

/** May the store have a key with this keyed hash? Any thread. */
bool sieve_may_hold(const struct sieve *sieve, const struct store *store, uint64_t key_hash);

/** The key with this keyed hash is about to be put. The writer, before the commit. */
void sieve_add(struct sieve *sieve, uint64_t key_hash);

/** Walk on, if there is something left to learn. The writer, between two transactions. */
void sieve_learn(struct sieve *sieve, struct store *store);
