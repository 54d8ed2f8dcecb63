/*
 * Giving up rights where somebody around us has taken most of them already: the systemd unit leaves the capability to
 * bind low ports and forbids capset(2). cairnd once refused to start there.
 */
#include "privilege.h"
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOBODY = 65534, STATUS_SANDBOX_FAILED = 99 };

/* Become nobody, with these capabilities (of the first 32) and no others. */
static bool keep_only(uint32_t capabilities)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {
                { .permitted = capabilities, .effective = capabilities },
        };

        return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
               syscall(SYS_capset, &header, kept) == 0;
}

static bool forbid_capset(void)
{
        struct sock_filter program[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog filter = { .len = sizeof(program) / sizeof(program[0]), .filter = program };

        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* What privilege_drop() says in a process with these capabilities, where capset may be forbidden. */
static enum err drop_in_child(uint32_t capabilities, bool capset_forbidden)
{
        int status;
        pid_t child = fork();

        if (child == 0) {
                struct identity nobody_else = { 0 };

                if (!keep_only(capabilities) || (capset_forbidden && !forbid_capset()))
                        _exit(STATUS_SANDBOX_FAILED);
                _exit((int)privilege_drop(&nobody_else));
        }
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_not_equal(WEXITSTATUS(status), STATUS_SANDBOX_FAILED);
        return (enum err)WEXITSTATUS(status);
}

static void ports_alone_may_stay_where_capset_is_forbidden(void **state)
{
        (void)state;
        assert_int_equal(drop_in_child(1u << CAP_NET_BIND_SERVICE, true), ERR_OK);
        assert_int_equal(drop_in_child(0, true), ERR_OK);
}

static void more_than_ports_may_not_stay(void **state)
{
        (void)state;
        assert_int_equal(drop_in_child(1u << CAP_NET_BIND_SERVICE | 1u << CAP_NET_RAW, true), ERR_IO);
}

static void everything_goes_where_it_can(void **state)
{
        (void)state;
        assert_int_equal(drop_in_child(1u << CAP_NET_BIND_SERVICE | 1u << CAP_NET_RAW, false), ERR_OK);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ports_alone_may_stay_where_capset_is_forbidden),
                cmocka_unit_test(more_than_ports_may_not_stay),
                cmocka_unit_test(everything_goes_where_it_can),
        };

        if (geteuid() != 0) {
                print_message("SKIP: only root can lend capabilities to a child\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
