#pragma once
/*
 * The root key trust anchor sentinel (RFC 8509): names by which users find out whether their resolver trusts a root
 * key.
 */
#include "dnssec/anchor.h"
#include "wire/name.h"
#include <stdbool.h>
#include <stdint.h>

/**
 * Must a secure answer to this question be turned into SERVFAIL? So it is for root-key-sentinel-is-ta-NNNNN when that
 * key is no anchor of the root, and for root-key-sentinel-not-ta-NNNNN when it is one; types A and AAAA only (RFC 8509
 * 2.2).
 */
bool sentinel_refuses(const struct anchors *anchors, const struct name *qname, uint16_t type);
