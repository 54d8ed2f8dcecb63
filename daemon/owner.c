/*
 * Who has a port.
 *
 *   /proc/net/udp      "  12: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000  0  0 INODE ..."
 *   /proc/PID/fd/N  -> "socket:[INODE]"
 *   /proc/PID/comm     the name of the program
 */
#include "owner.h"
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATH_ROOM = 320, TCP_LISTENING = 0x0a };

/* Field number `index` of a line, counted from 0; NULL if there are fewer. */
static const char *field(const char *line, unsigned index)
{
        line += strspn(line, " ");
        while (*line && index--) {
                line += strcspn(line, " ");
                line += strspn(line, " ");
        }
        return *line ? line : NULL;
}

/* The inode of the socket that a line is about, if it listens on this port; 0 if not. */
static uint64_t inode_in_line(const char *line, uint16_t port, int type)
{
        const char *local = field(line, 1), *state = field(line, 3), *inode = field(line, 9);
        const char *colon = local ? strchr(local, ':') : NULL;

        if (!colon || !state || !inode || strtoul(colon + 1, NULL, 16) != port)
                return 0;
        if (type == SOCK_STREAM && strtoul(state, NULL, 16) != TCP_LISTENING)
                return 0;
        return strtoull(inode, NULL, 10);
}

static uint64_t inode_in_file(const char *path, uint16_t port, int type)
{
        FILE *file = fopen(path, "re");
        uint64_t inode = 0;
        char line[512];

        while (file && !inode && fgets(line, sizeof line, file))
                inode = inode_in_line(line, port, type);
        if (file)
                fclose(file);
        return inode;
}

/* Sockets bound to all IPv6 addresses may take IPv4 too, so the other family's table is looked at as well. */
static uint64_t inode_of_port(const struct endpoint *at, int type)
{
        static const char *const table[2][2] = { { "/proc/net/udp", "/proc/net/udp6" },
                                                 { "/proc/net/tcp", "/proc/net/tcp6" } };
        unsigned six = at->address.family == 6;
        const char *const *files = table[type == SOCK_STREAM];
        uint64_t inode = inode_in_file(files[six], at->port, type);

        return inode ? inode : inode_in_file(files[!six], at->port, type);
}

/* Does a process have this socket open? */
static bool has_socket(const char *pid, const char *wanted)
{
        char path[PATH_ROOM], target[64];
        bool found = false;

        (void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
        DIR *dir = opendir(path);
        if (!dir)
                return false;
        const struct dirent *entry;
        while (!found && (entry = readdir(dir))) {
                ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

                target[len > 0 ? len : 0] = 0;
                found = strcmp(target, wanted) == 0;
        }
        closedir(dir);
        return found;
}

/* "dnsmasq (process 812)"; the name is made safe, as any program can choose its own. */
static void describe(const char *pid, char out[OWNER_TEXT_MAX])
{
        char path[PATH_ROOM], name[17] = "";

        (void)snprintf(path, sizeof path, "/proc/%s/comm", pid);
        FILE *file = fopen(path, "re");
        if (file) {
                size_t len = fread(name, 1, sizeof name - 1, file);

                name[len] = 0;
                name[strcspn(name, "\n")] = 0;
                fclose(file);
        }
        for (char *at = name; *at; at++) {
                if (!isalnum((unsigned char)*at) && !strchr("-_.+", *at))
                        *at = '?';
        }
        (void)snprintf(out, OWNER_TEXT_MAX, "%s (process %.10s)", name, pid);
}

bool owner_of_port(const struct endpoint *at, int type, char out[OWNER_TEXT_MAX])
{
        char wanted[64];
        uint64_t inode = inode_of_port(at, type);
        DIR *proc = inode ? opendir("/proc") : NULL;
        bool found = false;

        if (!proc)
                return false;
        (void)snprintf(wanted, sizeof wanted, "socket:[%" PRIu64 "]", inode);
        const struct dirent *entry;
        while (!found && (entry = readdir(proc))) {
                if (!isdigit((unsigned char)entry->d_name[0]) || !has_socket(entry->d_name, wanted))
                        continue;
                describe(entry->d_name, out);
                found = true;
        }
        closedir(proc);
        return found;
}
