#include "watch/privacy.h"

#include "watch/trace.h"
#include <string.h>

enum { SHORT_4 = 3, SHORT_6 = 6 }; /* bytes that stay */

static void shorten(uint8_t *bytes, size_t len)
{
        size_t kept = len == 4 ? SHORT_4 : SHORT_6;

        memset(bytes + kept, 0, len - kept);
}

/* IPv4 becomes one of the reserved addresses (RFC 1112 4), IPv6 one of those that are discarded (RFC 6666). */
static void hash(const uint8_t secret[SIPHASH_KEY_LEN], uint8_t *bytes, size_t len)
{
        uint64_t sum = siphash(secret, bytes, len);

        if (len == 4) {
                store_u32(bytes, UINT32_C(0xf0000000) | ((uint32_t)sum & 0x0fffffff));
                return;
        }
        memset(bytes, 0, len);
        bytes[0] = 1;
        store_u64(bytes + 8, sum);
}

void privacy_apply(enum privacy how, const uint8_t secret[SIPHASH_KEY_LEN], uint8_t *bytes, size_t len)
{
        struct trace_view trace;
        struct step_view step;
        struct step_field client;
        size_t at = 0;

        if (how == PRIVACY_FULL || trace_open(bytes, len, &trace) || !trace_next(&trace, &at, &step) ||
            step.kind != STEP_QUESTION || !step_field(&step, "client", &client) || !client.address.family ||
            address_is_loopback(&client.address))
                return;
        /* The fields before the client's are qname, qtype and flags; its own begins with the family. */
        struct step_field qname;
        if (!step_field(&step, "qname", &qname))
                return;
        uint8_t *address = bytes + (step.payload - bytes) + qname.name.len + 2 + 2 + 1;
        size_t address_size = address_len(&client.address);

        if (how == PRIVACY_SHORT)
                shorten(address, address_size);
        else
                hash(secret, address, address_size);
        store_u16(address + address_size, 0);
}
