#pragma once
/*
 * IP addresses, endpoints and prefixes, as values.
 */
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_TEXT_MAX = 46, ENDPOINT_TEXT_MAX = 56 };

struct address {
        uint8_t family; /* 4, 6, or 0 for none */
        uint8_t bytes[16]; /* network order; the first 4 for IPv4, the rest zero */
};

struct endpoint {
        struct address address;
        uint16_t port; /* host order */
};

struct prefix {
        struct address address;
        uint8_t len; /* bits: 0..32 or 0..128 */
};

bool address_equal(const struct address *a, const struct address *b);
/** 4 or 16; 0 for none. */
size_t address_len(const struct address *address);
/** From 4 or 16 bytes in network order. */
struct address address_from(const uint8_t *bytes, size_t len);
/** "192.0.2.1" or "2001:db8::1". ERR_FORM. */
MUST_USE enum err address_parse(const char *text, struct address *out);
/** Write text and NUL; returns out. "-" for none. */
char *address_text(const struct address *address, char out[ADDRESS_TEXT_MAX]);
/** "192.0.2.1", "192.0.2.1@5300", "2001:db8::1@5300"; without a port, default_port. ERR_FORM. */
MUST_USE enum err endpoint_parse(const char *text, uint16_t default_port, struct endpoint *out);
char *endpoint_text(const struct endpoint *endpoint, char out[ENDPOINT_TEXT_MAX]);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
/** "10.0.0.0/8"; an address alone is a prefix of full length; host bits must be zero. ERR_FORM. */
MUST_USE enum err prefix_parse(const char *text, struct prefix *out);
bool prefix_holds(const struct prefix *prefix, const struct address *address);
/** 0.0.0.0 or ::, which stands for all addresses of a host. */
bool address_is_any(const struct address *address);
/** 127.0.0.0/8, ::1. */
bool address_is_loopback(const struct address *address);
