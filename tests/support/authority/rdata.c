#include "rdata.h"
#include <string.h>

struct rdata_layout lab_rdata_layout(uint16_t type)
{
        switch (type) {
        case TYPE_NS:
        case TYPE_CNAME:
        case TYPE_PTR: return (struct rdata_layout){ .skip = 0, .names = 1, .compress = true };
        case TYPE_SOA: return (struct rdata_layout){ .skip = 0, .names = 2, .compress = true };
        case TYPE_MX: return (struct rdata_layout){ .skip = 2, .names = 1, .compress = true };
        case TYPE_DNAME: return (struct rdata_layout){ .skip = 0, .names = 1 };
        case TYPE_RP: return (struct rdata_layout){ .skip = 0, .names = 2 };
        case TYPE_AFSDB:
        case TYPE_KX: return (struct rdata_layout){ .skip = 2, .names = 1 };
        case TYPE_SRV: return (struct rdata_layout){ .skip = 6, .names = 1 };
        default: return (struct rdata_layout){ 0 };
        }
}

void lab_rdata_canonical(uint16_t type, const uint8_t *rdata, size_t len, uint8_t *out)
{
        struct rdata_layout layout = lab_rdata_layout(type);
        size_t at = layout.skip;

        memcpy(out, rdata, len);
        for (; layout.names; layout.names--)
                at += dname_lower(rdata + at, out + at);
}

const uint8_t *lab_rdata_target(uint16_t type, const uint8_t *rdata)
{
        switch (type) {
        case TYPE_NS:
        case TYPE_MX:
        case TYPE_SRV: return rdata + lab_rdata_layout(type).skip;
        default: return NULL;
        }
}
