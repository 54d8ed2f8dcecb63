#include "json.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

struct cursor {
        const char *at, *end;
        unsigned depth;
        const char *wanted; /* a member to look for at the top, or NULL */
        bool found;
};

static bool value(struct cursor *c);

static void space(struct cursor *c)
{
        while (c->at < c->end && strchr(" \t\r\n", *c->at) && *c->at)
                c->at++;
}

static bool literal(struct cursor *c, const char *word)
{
        size_t len = strlen(word);

        if ((size_t)(c->end - c->at) < len || memcmp(c->at, word, len))
                return false;
        c->at += len;
        return true;
}

static bool punctuation(struct cursor *c, char mark)
{
        space(c);
        if (c->at == c->end || *c->at != mark)
                return false;
        c->at++;
        return true;
}

static bool digits(struct cursor *c)
{
        const char *start = c->at;

        while (c->at < c->end && isdigit((unsigned char)*c->at))
                c->at++;
        return c->at > start;
}

static bool number(struct cursor *c)
{
        if (c->at < c->end && *c->at == '-')
                c->at++;
        if (c->at < c->end && *c->at == '0')
                c->at++;
        else if (!digits(c))
                return false;
        if (c->at < c->end && *c->at == '.') {
                c->at++;
                if (!digits(c))
                        return false;
        }
        if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
                c->at++;
                if (c->at < c->end && (*c->at == '+' || *c->at == '-'))
                        c->at++;
                return digits(c);
        }
        return true;
}

static bool escape(struct cursor *c)
{
        if (c->at == c->end)
                return false;
        char mark = *c->at++;

        if (mark != 'u')
                return mark && strchr("\"\\/bfnrt", mark);
        for (int i = 0; i < 4; i++) {
                if (c->at == c->end || !isxdigit((unsigned char)*c->at++))
                        return false;
        }
        return true;
}

static bool string(struct cursor *c)
{
        if (!punctuation(c, '"'))
                return false;
        while (c->at < c->end) {
                unsigned char byte = (unsigned char)*c->at++;

                if (byte == '"')
                        return true;
                if (byte < ' ' || byte >= 0x7f)
                        return false;
                if (byte == '\\' && !escape(c))
                        return false;
        }
        return false;
}

static bool member(struct cursor *c)
{
        space(c);
        const char *start = c->at + 1;

        if (!string(c))
                return false;
        size_t len = (size_t)(c->at - 1 - start);

        if (c->wanted && c->depth == 1 && len == strlen(c->wanted) && !memcmp(start, c->wanted, len))
                c->found = true;
        return punctuation(c, ':') && value(c);
}

static bool element(struct cursor *c)
{
        return value(c);
}

static bool list(struct cursor *c, char close, bool (*item)(struct cursor *))
{
        c->at++;
        if (++c->depth > DEPTH_MAX)
                return false;
        if (!punctuation(c, close)) {
                do {
                        if (!item(c))
                                return false;
                } while (punctuation(c, ','));
                if (!punctuation(c, close))
                        return false;
        }
        c->depth--;
        return true;
}

static bool value(struct cursor *c)
{
        space(c);
        if (c->at == c->end)
                return false;
        switch (*c->at) {
        case '{':
                return list(c, '}', member);
        case '[':
                return list(c, ']', element);
        case '"':
                return string(c);
        case 't':
                return literal(c, "true");
        case 'f':
                return literal(c, "false");
        case 'n':
                return literal(c, "null");
        }
        return number(c);
}

static bool whole(struct cursor *c)
{
        if (!value(c))
                return false;
        space(c);
        return c->at == c->end;
}

bool json_is_valid(const char *text, size_t len)
{
        struct cursor c = { .at = text, .end = text + len };

        return whole(&c);
}

bool json_has_member(const char *text, size_t len, const char *name)
{
        struct cursor c = { .at = text, .end = text + len, .wanted = name };

        return whole(&c) && c.found;
}
