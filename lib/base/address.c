/* Text and bytes of IP addresses. The C library's inet_pton and inet_ntop do the grammar of RFC 4291 and RFC 5952. */
#include "base/address.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static int system_family(const struct address *address)
{
        return address->family == 4 ? AF_INET : AF_INET6;
}

size_t address_len(const struct address *address)
{
        switch (address->family) {
        case 4:
                return 4;
        case 6:
                return 16;
        }
        return 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
        return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

struct address address_from(const uint8_t *bytes, size_t len)
{
        struct address address = { .family = len == 4 ? 4 : len == 16 ? 6 : 0 };

        memcpy(address.bytes, bytes, address_len(&address));
        return address;
}

enum err address_parse(const char *text, struct address *out)
{
        struct address address = { .family = strchr(text, ':') ? 6 : 4 };

        if (inet_pton(system_family(&address), text, address.bytes) != 1)
                return ERR_FORM;
        *out = address;
        return ERR_OK;
}

/* A trace has dozens of them, and inet_ntop() asks sprintf(). */
static char *ip4_text(const uint8_t bytes[4], char out[ADDRESS_TEXT_MAX])
{
        char *to = out;

        for (unsigned i = 0; i < 4; i++) {
                if (bytes[i] >= 100)
                        *to++ = (char)('0' + bytes[i] / 100);
                if (bytes[i] >= 10)
                        *to++ = (char)('0' + bytes[i] / 10 % 10);
                *to++ = (char)('0' + bytes[i] % 10);
                *to++ = i < 3 ? '.' : '\0';
        }
        return out;
}

char *address_text(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
        if (address->family == 4)
                return ip4_text(address->bytes, out);
        if (address->family == 0 || !inet_ntop(system_family(address), address->bytes, out, ADDRESS_TEXT_MAX))
                memcpy(out, "-", 2);
        return out;
}

/* A decimal number of at most max, without sign, leading zeros or anything behind it; -1 if it is none. */
static long number_parse(const char *text, long max)
{
        long value = 0;

        if (!*text || (text[0] == '0' && text[1]))
                return -1;
        for (; *text; text++) {
                if (*text < '0' || *text > '9')
                        return -1;
                value = value * 10 + (*text - '0');
                if (value > max)
                        return -1;
        }
        return value;
}

/* Parse what stands before the separator; gives what stands behind it, or NULL if there is no separator. */
static enum err address_parse_until(const char *text, char separator, struct address *address, const char **behind)
{
        char part[ADDRESS_TEXT_MAX];
        const char *at = strchr(text, separator);
        size_t len = at ? (size_t)(at - text) : strlen(text);

        if (len >= sizeof part)
                return ERR_FORM;
        memcpy(part, text, len);
        part[len] = '\0';
        *behind = at ? at + 1 : NULL;
        return address_parse(part, address);
}

enum err endpoint_parse(const char *text, uint16_t default_port, struct endpoint *out)
{
        struct endpoint endpoint = { .port = default_port };
        const char *port = NULL;

        if (address_parse_until(text, '@', &endpoint.address, &port))
                return ERR_FORM;
        if (port) {
                long number = number_parse(port, UINT16_MAX);
                if (number < 0)
                        return ERR_FORM;
                endpoint.port = (uint16_t)number;
        }
        *out = endpoint;
        return ERR_OK;
}

char *endpoint_text(const struct endpoint *endpoint, char out[ENDPOINT_TEXT_MAX])
{
        char address[ADDRESS_TEXT_MAX];

        snprintf(out, ENDPOINT_TEXT_MAX, "%s@%u", address_text(&endpoint->address, address), endpoint->port);
        return out;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
        return a->port == b->port && address_equal(&a->address, &b->address);
}

/* Do the first `bits` bits agree? */
static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
        unsigned whole = bits / 8, rest = bits % 8;

        if (memcmp(a, b, whole) != 0)
                return false;
        return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool host_bits_are_zero(const struct prefix *prefix)
{
        unsigned first = prefix->len / 8;

        for (size_t i = first; i < address_len(&prefix->address); i++) {
                unsigned host_bits = i == first ? 0xffU >> prefix->len % 8 : 0xffU;
                if (prefix->address.bytes[i] & host_bits)
                        return false;
        }
        return true;
}

enum err prefix_parse(const char *text, struct prefix *out)
{
        struct prefix prefix;
        const char *len = NULL;

        if (address_parse_until(text, '/', &prefix.address, &len))
                return ERR_FORM;
        long max = 8 * (long)address_len(&prefix.address);
        long bits = len ? number_parse(len, max) : max;
        if (bits < 0)
                return ERR_FORM;
        prefix.len = (uint8_t)bits;
        if (!host_bits_are_zero(&prefix))
                return ERR_FORM;
        *out = prefix;
        return ERR_OK;
}

bool prefix_holds(const struct prefix *prefix, const struct address *address)
{
        return prefix->address.family == address->family &&
               bits_equal(prefix->address.bytes, address->bytes, prefix->len);
}

bool address_is_any(const struct address *address)
{
        return address->family && address_equal(address, &(struct address){ .family = address->family });
}

bool address_is_loopback(const struct address *address)
{
        static const struct prefix loopback4 = { { 4, { 127 } }, 8 };
        static const struct prefix loopback6 = { { 6, { [15] = 1 } }, 128 };

        return prefix_holds(&loopback4, address) || prefix_holds(&loopback6, address);
}
