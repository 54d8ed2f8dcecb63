/* Networks of our interfaces. */
#include "attached.h"
#include "socket.h"
#include <ifaddrs.h>

/* The number of leading one bits. */
static uint8_t mask_len(const struct address *mask)
{
        unsigned len = 0;

        while (len < 8 * address_len(mask) && mask->bytes[len / 8] & 0x80 >> len % 8)
                len++;
        return (uint8_t)len;
}

/* The network that an interface's address is in. False for one that is no network: a single address, or all of them. */
static bool network_of(const struct ifaddrs *interface, struct prefix *out)
{
        struct endpoint address, mask;

        if (!interface->ifa_addr || !interface->ifa_netmask ||
            !socket_endpoint((const struct sockaddr_storage *)(void *)interface->ifa_addr, &address) ||
            !socket_endpoint((const struct sockaddr_storage *)(void *)interface->ifa_netmask, &mask))
                return false;
        out->address = address.address;
        out->len = mask_len(&mask.address);
        for (size_t i = 0; i < address_len(&mask.address); i++)
                out->address.bytes[i] &= mask.address.bytes[i];
        return out->len > 0 && out->len < 8 * address_len(&mask.address);
}

unsigned attached_networks(struct prefix *out, unsigned max)
{
        struct ifaddrs *list;
        unsigned count = 0;

        if (getifaddrs(&list))
                return 0; /* without them, those in `allow` may still ask */
        for (const struct ifaddrs *at = list; at && count < max; at = at->ifa_next)
                count += network_of(at, &out[count]);
        freeifaddrs(list);
        return count;
}
