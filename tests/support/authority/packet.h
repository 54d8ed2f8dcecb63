#pragma once
/*
 * Message writer: appends to a buffer, compresses names, and can step back to where a record began.
 */
#include "zone.h"

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTION_COUNT };

enum { PACKET_NAMES_MAX = 512 };

struct packet {
        uint8_t *bytes;
        size_t len, max;
        bool full; /* something did not fit; len stands where it would have begun */
        unsigned name_count;
        uint16_t names[PACKET_NAMES_MAX]; /* where names and their suffixes begin: targets of compression pointers */
};

struct packet_mark {
        size_t len;
        unsigned name_count;
};

void packet_init(struct packet *packet, uint8_t *bytes, size_t max);

void packet_u8(struct packet *packet, uint8_t value);
void packet_u16(struct packet *packet, uint16_t value);
void packet_u32(struct packet *packet, uint32_t value);
void packet_bytes(struct packet *packet, const void *bytes, size_t len);

/** A name; compressed where a suffix was written before, if that is allowed here. */
void packet_name(struct packet *packet, const uint8_t *name, bool compress);

/** A whole record of class IN. */
void packet_record(struct packet *packet, const uint8_t *owner, uint16_t type, uint32_t ttl,
                   const struct lab_rdata *rdata);

/** Overwrite two bytes written before. */
void packet_patch(struct packet *packet, size_t at, uint16_t value);

struct packet_mark packet_mark(const struct packet *packet);
/** Forget what was written since the mark, and that it did not fit. */
void packet_rewind(struct packet *packet, struct packet_mark mark);
