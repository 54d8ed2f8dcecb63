/* Telling the service manager. */
#include "notify.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify(const char *state)
{
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t len = path ? strlen(path) : 0;

        if (len < 2 || len >= sizeof address.sun_path)
                return;
        memcpy(address.sun_path, path, len);
        if (path[0] == '@') /* a name that is in no directory */
                address.sun_path[0] = 0;
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return;
        (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
        close(fd);
}

uint64_t notify_watchdog_ms(void)
{
        const char *text = getenv("WATCHDOG_USEC");

        return text ? strtoull(text, NULL, 10) / 1000 : 0;
}
