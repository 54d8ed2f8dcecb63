#pragma once
/*
 * The file in which followed anchors, and negative ones, outlive the process: text, for people to read, and sealed, so
 * that damage is seen.
 *
 *      ; Trust anchors as followed by cairnd (RFC 5011). ...
 *      cairn-trust-anchors 1
 *      zone .
 *      checked 2026-11-22T20:31:05Z
 *      next 2026-11-23T20:31:05Z
 *      ttl 172800
 *      validity 1728000
 *      key valid since 2026-11-22T20:31:05Z held 0
 *      DS 20326 8 2 E06D44B8...
 *      DNSKEY 257 3 8 AwEAAaz/...
 *      negative broken.example. since 2026-11-22T20:31:05Z until 2026-11-23T20:31:05Z reason they forgot to sign
 *      seal 5fc1...
 *
 * A zone's lines follow it, a key's lines follow that; what follows "reason" is text to the end of the line. The seal
 * is the SHA-256 of all bytes before its line, in hex: it guards against accidents, not against whoever may write the
 * file.
 */
#include "base/buf.h"
#include "dnssec/follow.h"
#include "dnssec/negative.h"

enum { LEDGER_BYTES_MAX = 1 << 20, LEDGER_WHY_MAX = 160 };

/** Write the whole file. The writer fails where it is too small. */
void ledger_write(struct writer *writer, const struct follower *follower, const struct negatives *negatives);

/**
 * Read it, into nothing.
 *
 * ERR_DAMAGED: it is not what was written; why is a clause that says where. ERR_MEMORY. Both are empty then.
 */
MUST_USE enum err ledger_read(const char *text, size_t len, struct follower *follower, struct negatives *negatives,
                              char why[LEDGER_WHY_MAX]);
