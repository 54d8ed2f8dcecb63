#include "config/utf8.h"

/* How many bytes follow the first one, and what it brings of the code point itself. */
static int utf8_lead(unsigned char byte, int32_t *code)
{
        if (byte < 0x80) {
                *code = byte;
                return 0;
        }
        if (byte >= 0xc2 && byte <= 0xdf) {
                *code = byte & 0x1f;
                return 1;
        }
        if (byte >= 0xe0 && byte <= 0xef) {
                *code = byte & 0x0f;
                return 2;
        }
        *code = byte & 0x07;
        return byte >= 0xf0 && byte <= 0xf4 ? 3 : UTF8_BAD;
}

int32_t utf8_next(const char **at)
{
        static const int32_t least[] = {0, 0x80, 0x800, 0x10000}; /* of a form: shorter ones are a disguise */
        const unsigned char *byte = (const unsigned char *)*at;
        int32_t code;
        int more = utf8_lead(*byte++, &code);

        if (more == UTF8_BAD)
                return UTF8_BAD;
        for (int i = 0; i < more; i++, byte++) {
                if ((*byte & 0xc0) != 0x80)
                        return UTF8_BAD;
                code = (code << 6) | (*byte & 0x3f);
        }
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                return UTF8_BAD;
        *at = (const char *)byte;
        return code;
}

bool utf8_is_valid(const char *text)
{
        while (*text) {
                if (utf8_next(&text) == UTF8_BAD)
                        return false;
        }
        return true;
}

bool utf8_is_control(int32_t code)
{
        return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}
