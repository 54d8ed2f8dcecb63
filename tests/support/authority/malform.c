#include "malform.h"
#include <stdbool.h>
#include <string.h>

enum { HEADER = 12, BYTES_MAX = 96, NO_CUT = 0 };

/*
 * A damaged message is the header, the question, and these bytes, with these counts. Two bytes ee ee stand for a
 * compression pointer to where they are themselves, ed ed for one to two bytes further. c0 0c is the question's name.
 */
struct shape {
        const char *text;
        uint16_t counts[4]; /* question, answer, authority, additional */
        int cut;            /* negative: so many bytes are missing at the end; positive: the message ends there */
        size_t len;
        uint8_t bytes[BYTES_MAX];
};

#define BYTES(...) .len = sizeof((uint8_t[]){ __VA_ARGS__ }), .bytes = { __VA_ARGS__ }
#define GOOD_A 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 66
#define GOOD_OPT 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0

static const struct shape shapes[] = {
        { "ends in the header", { 1, 1, 0, 0 }, 7, BYTES(0) },
        { "ends behind the header", { 1, 1, 0, 0 }, 12, BYTES(0) },
        { "ends in the question", { 1, 1, 0, 0 }, 15, BYTES(0) },
        { "promises a record that is not there", { 1, 1, 0, 0 }, NO_CUT, .len = 0 },
        { "promises 65,535 records", { 1, 65535, 65535, 65535 }, NO_CUT, BYTES(GOOD_A) },
        { "ends in the address", { 1, 1, 0, 0 }, -2, BYTES(GOOD_A) },
        { "ends in the record's header", { 1, 1, 0, 0 }, -8, BYTES(GOOD_A) },
        { "an owner that points to itself", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xee, 0xee, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 66) },
        { "an owner that points forward", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xed, 0xed, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 66) },
        { "an owner that points behind the end", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xff, 0xff, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 66) },
        { "an owner that points into the header", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x00, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 66) },
        { "a label of a reserved kind (01)", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0x41, 'a', 0, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 66) },
        { "a label of a reserved kind (10)", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0x81, 'a', 0, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 66) },
        { "a name without an end", { 1, 1, 0, 0 }, NO_CUT, BYTES(3, 'w', 'w', 'w', 3, 'a', 'b', 'c') },
        { "an address of five bytes", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 5, 192, 0, 2, 66, 1) },
        { "an address of three bytes", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 3, 192, 0, 2) },
        { "data longer than the message", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0xff, 0xff, 192, 0, 2, 66) },
        { "a CNAME without data", { 1, 1, 0, 0 }, NO_CUT, BYTES(0xc0, 0x0c, 0, 5, 0, 1, 0, 0, 0, 60, 0, 0) },
        { "a CNAME shorter than its data", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, 'a', 0, 0) },
        { "a CNAME longer than its data", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 3, 'a', 'b', 'c', 0) },
        { "a CNAME that points to itself", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xee, 0xee) },
        { "an MX of one byte", { 1, 1, 0, 0 }, NO_CUT, BYTES(0xc0, 0x0c, 0, 15, 0, 1, 0, 0, 0, 60, 0, 1, 0) },
        { "an SOA without numbers", { 1, 0, 1, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 6, 0, 1, 0, 0, 0, 60, 0, 2, 0, 0) },
        { "a TXT whose string is longer than the data", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 16, 0, 1, 0, 0, 0, 60, 0, 2, 200, 'a') },
        { "an NSEC with a bitmap of no length", { 1, 0, 1, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 47, 0, 1, 0, 0, 0, 60, 0, 3, 0, 0, 0) },
        { "an RRSIG that ends in its header", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 46, 0, 1, 0, 0, 0, 60, 0, 4, 0, 1, 13, 2) },
        { "bytes behind the last record", { 1, 1, 0, 0 }, NO_CUT, BYTES(GOOD_A, 1, 2, 3, 4, 5) },
        { "no question, but an answer", { 0, 1, 0, 0 }, NO_CUT, BYTES(GOOD_A) },
        { "two questions promised, one given", { 2, 1, 0, 0 }, NO_CUT, BYTES(GOOD_A) },
        { "two OPT records", { 1, 1, 0, 2 }, NO_CUT, BYTES(GOOD_A, GOOD_OPT, GOOD_OPT) },
        { "an OPT with a name", { 1, 1, 0, 1 }, NO_CUT, BYTES(GOOD_A, 1, 'a', GOOD_OPT) },
        { "an OPT in the answer section", { 1, 2, 0, 0 }, NO_CUT, BYTES(GOOD_A, GOOD_OPT) },
        { "an option longer than its OPT", { 1, 1, 0, 1 }, NO_CUT,
          BYTES(GOOD_A, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 4, 0, 10, 0, 200) },
        { "a record of another class", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 1, 0, 3, 0, 0, 0, 60, 0, 4, 192, 0, 2, 66) },
        { "a record of type OPT with a class in between", { 1, 1, 0, 0 }, NO_CUT,
          BYTES(0xc0, 0x0c, 0, 41, 0, 1, 0, 0, 0, 60, 0, 0) },
        { "a record of type ANY", { 1, 1, 0, 0 }, NO_CUT, BYTES(0xc0, 0x0c, 0, 255, 0, 1, 0, 0, 0, 60, 0, 0) },
};

unsigned malform_count(void)
{
        return sizeof shapes / sizeof *shapes;
}

const char *malform_text(unsigned kind)
{
        return shapes[kind % malform_count()].text;
}

/* Where the first question ends. */
static size_t question_end(const uint8_t *message, size_t len)
{
        size_t at = HEADER;

        if (message[5] == 0)
                return HEADER;
        while (at < len && message[at])
                at += 1 + (size_t)message[at];
        return at + 5 < len ? at + 5 : len;
}

static void pointers_fill(uint8_t *bytes, size_t len, size_t at)
{
        for (size_t i = 0; i + 1 < len; i++) {
                size_t target = at + i + (bytes[i] == 0xed ? 2 : 0);
                if ((bytes[i] != 0xee && bytes[i] != 0xed) || bytes[i + 1] != bytes[i])
                        continue;
                bytes[i] = (uint8_t)(0xc0 | target >> 8);
                bytes[i + 1] = (uint8_t)target;
        }
}

size_t malform(unsigned kind, uint8_t *message, size_t len, size_t max)
{
        const struct shape *shape = &shapes[kind % malform_count()];
        size_t end = question_end(message, len);

        for (unsigned i = 0; i < 4; i++) {
                message[4 + 2 * i] = (uint8_t)(shape->counts[i] >> 8);
                message[5 + 2 * i] = (uint8_t)shape->counts[i];
        }
        if (max - end < shape->len)
                return end;
        memcpy(message + end, shape->bytes, shape->len);
        pointers_fill(message + end, shape->len, end);
        len = end + shape->len;
        if (shape->cut > 0 && (size_t)shape->cut < len)
                return (size_t)shape->cut;
        return shape->cut < 0 ? len - (size_t)-shape->cut : len;
}
