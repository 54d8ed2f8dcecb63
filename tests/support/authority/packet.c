#include "packet.h"
#include <string.h>

enum { POINTER_LIMIT = 0x4000 };

void packet_init(struct packet *packet, uint8_t *bytes, size_t max)
{
        packet->bytes = bytes;
        packet->len = 0;
        packet->max = max;
        packet->full = false;
        packet->name_count = 0;
}

void packet_bytes(struct packet *packet, const void *bytes, size_t len)
{
        if (packet->full || packet->max - packet->len < len) {
                packet->full = true;
                return;
        }
        memcpy(packet->bytes + packet->len, bytes, len);
        packet->len += len;
}

void packet_u8(struct packet *packet, uint8_t value)
{
        packet_bytes(packet, &value, 1);
}

void packet_u16(struct packet *packet, uint16_t value)
{
        packet_bytes(packet, (uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

void packet_u32(struct packet *packet, uint32_t value)
{
        packet_u16(packet, (uint16_t)(value >> 16));
        packet_u16(packet, (uint16_t)value);
}

/* Whether the name written at `at` (it may end in a pointer) equals this one, letter by letter: case is kept. */
static bool written_equals(const struct packet *packet, size_t at, const uint8_t *name)
{
        for (;;) {
                const uint8_t *p = packet->bytes + at;
                if (*p >= 0xc0) {
                        at = (size_t)(p[0] & 0x3f) << 8 | p[1];
                        continue;
                }
                if (memcmp(p, name, 1 + (size_t)*p) != 0)
                        return false;
                if (*p == 0)
                        return true;
                at += 1 + (size_t)*p;
                name += 1 + *name;
        }
}

/* Where this name is among the first known places; 0 (the header) if nowhere. */
static uint16_t written_before(const struct packet *packet, unsigned known, const uint8_t *name)
{
        for (unsigned i = 0; i < known; i++)
                if (written_equals(packet, packet->names[i], name))
                        return packet->names[i];
        return 0;
}

void packet_name(struct packet *packet, const uint8_t *name, bool compress)
{
        /* The suffixes of this very name are no targets yet: their ends are still to be written. */
        unsigned known = compress ? packet->name_count : 0;

        for (; *name; name += 1 + *name) {
                uint16_t before = written_before(packet, known, name);
                if (before) {
                        packet_u16(packet, (uint16_t)(0xc000 | before));
                        return;
                }
                size_t at = packet->len;
                packet_bytes(packet, name, 1 + (size_t)*name);
                if (!packet->full && at < POINTER_LIMIT && packet->name_count < PACKET_NAMES_MAX)
                        packet->names[packet->name_count++] = (uint16_t)at;
        }
        packet_u8(packet, 0);
}

/* Data whose type may be compressed has its names written as names, the rest as bytes. */
static void data_write(struct packet *packet, uint16_t type, const struct lab_rdata *rdata)
{
        struct rdata_layout layout = lab_rdata_layout(type);
        size_t at = layout.skip;

        if (!layout.compress) {
                packet_bytes(packet, rdata->bytes, rdata->len);
                return;
        }
        packet_bytes(packet, rdata->bytes, at);
        for (; layout.names; layout.names--) {
                packet_name(packet, rdata->bytes + at, true);
                at += dname_len(rdata->bytes + at);
        }
        packet_bytes(packet, rdata->bytes + at, rdata->len - at);
}

void packet_record(struct packet *packet, const uint8_t *owner, uint16_t type, uint32_t ttl,
                   const struct lab_rdata *rdata)
{
        packet_name(packet, owner, true);
        packet_u16(packet, type);
        packet_u16(packet, 1);
        packet_u32(packet, ttl);
        size_t length_at = packet->len;
        packet_u16(packet, 0);
        data_write(packet, type, rdata);
        if (!packet->full)
                packet_patch(packet, length_at, (uint16_t)(packet->len - length_at - 2));
}

void packet_patch(struct packet *packet, size_t at, uint16_t value)
{
        packet->bytes[at] = (uint8_t)(value >> 8);
        packet->bytes[at + 1] = (uint8_t)value;
}

struct packet_mark packet_mark(const struct packet *packet)
{
        return (struct packet_mark){ .len = packet->len, .name_count = packet->name_count };
}

void packet_rewind(struct packet *packet, struct packet_mark mark)
{
        packet->len = mark.len;
        packet->name_count = mark.name_count;
        packet->full = false;
}
