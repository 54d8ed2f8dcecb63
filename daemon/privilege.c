/* Giving up rights. */
#include "privilege.h"
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool by_number(const char *user, struct identity *out)
{
        char *end;

        errno = 0;
        unsigned long number = strtoul(user, &end, 10);
        if (errno || *end || number == 0 || number > INT32_MAX)
                return false;
        *out = (struct identity){ .uid = (uid_t)number, .gid = (gid_t)number };
        return true;
}

enum err privilege_find(const char *user, struct identity *out)
{
        *out = (struct identity){ 0 };
        if (!user[0])
                return ERR_OK;
        const struct passwd *entry = getpwnam(user); /* before any thread is started */
        if (entry)
                *out = (struct identity){ .uid = entry->pw_uid, .gid = entry->pw_gid };
        return entry || by_number(user, out) ? ERR_OK : ERR_MISSING;
}

/*
 * No program that we could be made to execute gets a capability back. Needs CAP_SETPCAP; without it there are few to
 * lose.
 */
static void drop_bounding_set(void)
{
        for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
                (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

static bool has_at_most_ports(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = { 0 };

        return syscall(SYS_capget, &header, held) == 0 && held[1].permitted == 0 &&
               (held[0].permitted & ~(1u << CAP_NET_BIND_SERVICE)) == 0;
}

/* A sandbox around us, such as that of the systemd unit, may forbid capset: it gave us what ports need, or nothing. */
static enum err drop_capabilities(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

        (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        return syscall(SYS_capset, &header, none) == 0 || has_at_most_ports() ? ERR_OK : ERR_IO;
}

enum err privilege_drop(const struct identity *identity)
{
        if (identity->uid && geteuid() == 0) {
                drop_bounding_set();
                if (setgroups(0, NULL) || setresgid(identity->gid, identity->gid, identity->gid) ||
                    setresuid(identity->uid, identity->uid, identity->uid))
                        return ERR_IO;
        }
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
                return ERR_IO;
        /* Root that was not told whom to become keeps its files: a store and logs of its own may be among them. */
        return geteuid() == 0 ? ERR_OK : drop_capabilities();
}

void privilege_make_directory(const char *path, mode_t mode, const struct identity *identity)
{
        if (mkdir(path, mode) == 0 && identity->uid && chown(path, identity->uid, identity->gid))
                (void)rmdir(path); /* one that we could not use would only be in the way */
}

size_t privilege_raise_files(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit))
                return 1024;
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        if (getrlimit(RLIMIT_NOFILE, &limit))
                return 1024;
        return limit.rlim_cur;
}
