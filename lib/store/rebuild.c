/*
 * The child that copies.
 */
#include "store/rebuild.h"
#include "store/backend.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_S = 20, PATIENCE_S_PER_GIB = 20 };

/* The worst that a damaged file can do to us now is to end us: quietly, and in time. */
static void become_expendable(const struct side *side, size_t size)
{
        static const int deadly[] = { SIGBUS, SIGSEGV, SIGFPE, SIGABRT, SIGALRM, SIGTERM, SIGINT };
        struct rlimit none = { 0, 0 };
        sigset_t mask;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
                signal(deadly[i], SIG_DFL);
        sigemptyset(&mask);
        sigprocmask(SIG_SETMASK, &mask, NULL);
        setrlimit(RLIMIT_CORE, &none);
        close(side->lock_fd); /* it is our parent who holds the directory */
        int null = open("/dev/null", O_WRONLY);
        if (null >= 0)
                dup2(null, STDERR_FILENO); /* LMDB reports its assertions there */
        alarm(PATIENCE_S + (unsigned)(size >> 30) * PATIENCE_S_PER_GIB);
}

pid_t rebuild_start(const struct side *side, const struct store_settings *settings)
{
        pid_t parent = getpid();
        char lock[SIDE_PATH_MAX + 8];

        snprintf(lock, sizeof(lock), "%s-lock", side->fresh);
        (void)unlink(lock);
        if (unlink(side->fresh) != 0 && errno != ENOENT)
                return -1;

        pid_t child = fork();
        if (child != 0)
                return child;
        become_expendable(side, settings->size);
        if (getppid() != parent) /* died before we asked to be told */
                _exit(EXIT_FAILURE);
        int64_t copied = lmdb_copy(side->data, side->fresh, settings->size, settings, side->secret);
        _exit(copied >= 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

enum rebuild_state rebuild_poll(pid_t child)
{
        int status;
        pid_t ended = waitpid(child, &status, WNOHANG);

        if (ended == 0 || (ended < 0 && errno == EINTR))
                return REBUILD_RUNNING;
        bool done = ended == child && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
        return done ? REBUILD_DONE : REBUILD_FAILED;
}

void rebuild_stop(pid_t child)
{
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
                ;
}
