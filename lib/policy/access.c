#include "policy/access.h"
#include "base/buf.h"
#include <stdlib.h>
#include <string.h>

/* --- Networks ----------------------------------------------------------------------------------------------------- */

/* IPv4 before IPv6, then by the address, then the wider network first. */
static int prefix_order(const void *a, const void *b)
{
        const struct prefix *one = a, *other = b;
        int order = one->address.family - other->address.family;

        if (order == 0)
                order = memcmp(one->address.bytes, other->address.bytes, sizeof(one->address.bytes));
        return order != 0 ? order : one->len - other->len;
}

enum err prefix_set_make(struct arena *arena, const struct prefix_list *list, const struct prefix_list *more,
                         struct prefix_set *out)
{
        unsigned given = list->count + more->count, kept = 0;
        struct prefix *item = arena_alloc(arena, given * sizeof(*item));

        if (!item)
                return ERR_MEMORY;
        for (unsigned i = 0; i < given; i++)
                item[i] = i < list->count ? list->item[i] : more->item[i - list->count];
        qsort(item, given, sizeof(*item), prefix_order);
        for (unsigned i = 0; i < given; i++) {
                if (kept == 0 || !prefix_holds(&item[kept - 1], &item[i].address))
                        item[kept++] = item[i];
        }
        *out = (struct prefix_set){.count = kept, .item = item};
        return ERR_OK;
}

struct address address_unmapped(const struct address *address)
{
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

        if (address->family == 6 && memcmp(address->bytes, mapped, sizeof(mapped)) == 0)
                return address_from(address->bytes + sizeof(mapped), 4);
        return *address;
}

/* The order of networks, in words: each question is looked up. */
static bool begins_behind(const struct prefix *network, const struct address *address)
{
        const struct address *begin = &network->address;
        uint64_t first = load_u64(begin->bytes), wanted = load_u64(address->bytes);

        if (begin->family != address->family)
                return begin->family > address->family;
        if (first != wanted)
                return first > wanted;
        return load_u64(begin->bytes + 8) > load_u64(address->bytes + 8);
}

bool prefix_set_holds(const struct prefix_set *set, const struct address *address)
{
        struct address wanted = address_unmapped(address);
        unsigned low = 0, high = set->count; /* item[low - 1] does not begin behind the address, item[high] does */

        while (low < high) {
                unsigned middle = low + (high - low) / 2;

                if (begins_behind(&set->item[middle], &wanted))
                        high = middle;
                else
                        low = middle + 1;
        }
        return low > 0 && prefix_holds(&set->item[low - 1], &wanted);
}

bool prefix_list_holds(const struct prefix_list *list, const struct address *address)
{
        struct address wanted = address_unmapped(address);

        for (unsigned i = 0; i < list->count; i++) {
                if (prefix_holds(&list->item[i], &wanted))
                        return true;
        }
        return false;
}

/* --- Cookies ------------------------------------------------------------------------------------------------------ */

/*
 * A server cookie, RFC 9018 section 4:
 *
 *      0         1          4           8                16
 *      | version | reserved | timestamp | hash           |
 *      |    1    |  0 0 0   | seconds   | SipHash-2-4 of: client cookie, the first 8 bytes, the client's address
 */
enum { COOKIE_VERSION = 1, COOKIE_HEAD_LEN = 8 };

static void cookie_hash(const uint8_t secret[COOKIE_SECRET_LEN], const struct address *client,
                        const uint8_t client_cookie[COOKIE_CLIENT_LEN], const uint8_t head[COOKIE_HEAD_LEN],
                        uint8_t out[8])
{
        uint8_t bytes[COOKIE_CLIENT_LEN + COOKIE_HEAD_LEN + 16];
        size_t len = COOKIE_CLIENT_LEN + COOKIE_HEAD_LEN;
        uint64_t hash;

        memcpy(bytes, client_cookie, COOKIE_CLIENT_LEN);
        memcpy(bytes + COOKIE_CLIENT_LEN, head, COOKIE_HEAD_LEN);
        memcpy(bytes + len, client->bytes, address_len(client));
        hash = siphash24(secret, bytes, len + address_len(client));
        for (unsigned i = 0; i < 8; i++) /* SipHash's own order of bytes: the least significant first */
                out[i] = (uint8_t)(hash >> 8 * i);
}

void cookie_secrets_rotate(struct cookie_secrets *secrets, const uint8_t fresh[COOKIE_SECRET_LEN])
{
        memcpy(secrets->previous, secrets->current, COOKIE_SECRET_LEN);
        memcpy(secrets->current, fresh, COOKIE_SECRET_LEN);
        secrets->has_previous = true;
}

void access_cookie_make(const uint8_t secret[COOKIE_SECRET_LEN], const struct address *client,
                        const uint8_t client_cookie[COOKIE_CLIENT_LEN], uint64_t now_s, uint8_t out[COOKIE_SERVER_LEN])
{
        memset(out, 0, COOKIE_HEAD_LEN);
        out[0] = COOKIE_VERSION;
        store_u32(out + 4, (uint32_t)now_s);
        cookie_hash(secret, client, client_cookie, out, out + COOKIE_HEAD_LEN);
}

/* Equal, in a time that does not tell how much of it is. */
static bool hash_equal(const uint8_t *a, const uint8_t *b)
{
        unsigned difference = 0;

        for (unsigned i = 0; i < 8; i++)
                difference |= a[i] ^ b[i];
        return difference == 0;
}

enum cookie_verdict access_cookie_check(const struct cookie_secrets *secrets, const struct address *client,
                                        const uint8_t client_cookie[COOKIE_CLIENT_LEN], const uint8_t *server_cookie,
                                        size_t len, uint64_t now_s)
{
        uint8_t hash[8];
        int32_t age;

        if (len != COOKIE_SERVER_LEN || server_cookie[0] != COOKIE_VERSION)
                return COOKIE_BAD;
        /* RFC 9018 section 4.3: the time is compared as a serial number (RFC 1982), so it survives the year 2106. */
        age = (int32_t)((uint32_t)now_s - load_u32(server_cookie + 4));
        if (age > COOKIE_LIFE_S || age < -COOKIE_FUTURE_S)
                return COOKIE_BAD;
        cookie_hash(secrets->current, client, client_cookie, server_cookie, hash);
        if (hash_equal(hash, server_cookie + COOKIE_HEAD_LEN))
                return age > COOKIE_RENEW_S ? COOKIE_RENEW : COOKIE_GOOD;
        if (!secrets->has_previous)
                return COOKIE_BAD;
        cookie_hash(secrets->previous, client, client_cookie, server_cookie, hash);
        return hash_equal(hash, server_cookie + COOKIE_HEAD_LEN) ? COOKIE_RENEW : COOKIE_BAD;
}
