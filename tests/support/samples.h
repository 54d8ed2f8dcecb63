#pragma once
/*
 * One value of each kind, as the cache writes them; for tests that read, bend and damage values.
 */
#include "cache/entry.h"
#include <stddef.h>

enum { SAMPLE_COUNT = 9, SAMPLE_STORED_AT = 1000000, SAMPLE_ENDS_AT = 1000300 };

struct sample_value {
        const char *name; /* "set", "wildcard", "nodata", ... "server", "zone" */
        size_t len;
        uint8_t bytes[STORE_VALUE_MAX];
};

/** The secret that samples are sealed with, the key they belong to, and the name that all can be read with. */
extern const uint8_t sample_secret[SIPHASH_KEY_LEN];
extern const struct store_bytes sample_key;
extern const struct name sample_name;

/** Write sample number i, 0..SAMPLE_COUNT-1. */
void sample_write(unsigned i, struct sample_value *out);

/** Seal a value again after it was changed, so that only what it says is wrong. */
void sample_reseal(struct sample_value *value);
