#include "dnssec/sentinel.h"

#include "base/buf.h"
#include "dnssec/crypto.h"
#include "wire/rrtype.h"
#include <string.h>

enum { TAG_DIGITS = 5 };

static bool is_anchor_of_root(const struct anchors *anchors, uint16_t tag)
{
        bool negative;
        const struct anchor *root = anchor_above(anchors, &name_root, &negative);

        for (unsigned i = 0; root && i < root->ds.count; i++)
                if (root->ds.rdata[i].len > 2 && load_u16(root->ds.rdata[i].bytes) == tag)
                        return true;
        for (unsigned i = 0; root && i < root->dnskey.count; i++)
                if (crypto_key_tag(&root->dnskey.rdata[i]) == tag)
                        return true;
        return false;
}

/* The key tag after a prefix in the first label: five digits, no more and no less (RFC 8509 2.1). */
static bool read_tag(const struct name *qname, const char *prefix, uint16_t *out)
{
        size_t prefix_len = strlen(prefix);
        const uint8_t *label = qname->wire + 1;
        unsigned tag = 0;

        if (qname->wire[0] != prefix_len + TAG_DIGITS)
                return false;
        for (size_t i = 0; i < prefix_len; i++)
                if ((label[i] >= 'A' && label[i] <= 'Z' ? label[i] | 0x20 : label[i]) != prefix[i])
                        return false;
        for (size_t i = prefix_len; i < prefix_len + TAG_DIGITS; i++) {
                if (label[i] < '0' || label[i] > '9')
                        return false;
                tag = tag * 10 + (unsigned)(label[i] - '0');
        }
        *out = (uint16_t)tag;
        return tag <= UINT16_MAX;
}

bool sentinel_refuses(const struct anchors *anchors, const struct name *qname, uint16_t type)
{
        uint16_t tag;

        if (type != TYPE_A && type != TYPE_AAAA)
                return false;
        if (read_tag(qname, "root-key-sentinel-is-ta-", &tag))
                return !is_anchor_of_root(anchors, tag);
        return read_tag(qname, "root-key-sentinel-not-ta-", &tag) && is_anchor_of_root(anchors, tag);
}
