#include "cairnd.h"

#include "faketime.h"
#include "scratch.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 60000, NAP_US = 20000, PATH_ROOM = 512 };

static int bound(int type, uint16_t port)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
        int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0)
                return fd;
        close(fd);
        return -1;
}

uint16_t free_port(void)
{
        for (unsigned tries = 0; tries < 100; tries++) {
                struct sockaddr_in address;
                socklen_t len = sizeof address;
                int tcp = bound(SOCK_STREAM, 0);

                assert_int_equal(getsockname(tcp, (struct sockaddr *)&address, &len), 0);
                int udp = bound(SOCK_DGRAM, ntohs(address.sin_port));
                close(tcp);
                if (udp < 0)
                        continue;
                close(udp);
                return ntohs(address.sin_port);
        }
        fail_msg("no port is free for both UDP and TCP");
        return 0;
}

static void path_in(const struct cairnd *cairnd, const char *name, char path[PATH_ROOM])
{
        snprintf(path, PATH_ROOM, "%s/%s", cairnd->dir, name);
}

void cairnd_configure(const struct cairnd *cairnd, const struct cairnd_options *options)
{
        char path[PATH_ROOM];

        path_in(cairnd, "cairn.yaml", path);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fprintf(file, "listen: %s\nport: %u\ncache-dir: %s\nstate-dir: %s\ncontrol-socket: %s/%s\n",
                options->listen ? options->listen : "[127.0.0.1]", cairnd->port, cairnd->dir, cairnd->dir, cairnd->dir,
                options->control ? options->control : "control");
        fprintf(file, "workers: 2\ncache-size: 4MiB\ntrace-log: %s\nvalidation: %s\nquery-minimization: no\n"
                      "do-not-query-localhost: no\nforward-zones: [{name: \".\", addresses: [127.0.0.1@%u]}]\n",
                options->trace_log ? options->trace_log : "off", options->validate ? "yes" : "no",
                options->forward_to);
        if (options->web_port)
                fprintf(file, "web-port: %u\n", options->web_port);
        else
                fputs("web-listen: []\n", file);
        if (options->settings)
                fputs(options->settings, file);
        fclose(file);
}

/* In the child. */
static void become_cairnd(const struct cairnd *cairnd, const struct cairnd_options *options)
{
        const char *build = getenv("CAIRN_BUILD");
        char program[PATH_ROOM], config[PATH_ROOM], log[PATH_ROOM], notify[PATH_ROOM];

        path_in(cairnd, "cairn.yaml", config);
        path_in(cairnd, "log", log);
        path_in(cairnd, "notify", notify);
        snprintf(program, sizeof program, "%s/cairnd", build ? build : ".");
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
        setenv("NOTIFY_SOCKET", notify, 1);
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, STDOUT_FILENO); /* or whoever reads the test's output would wait for the daemon as well */
        dup2(fd, STDERR_FILENO);
        if (options->files_max) {
                struct rlimit limit = { .rlim_cur = options->files_max, .rlim_max = options->files_max };

                setrlimit(RLIMIT_NOFILE, &limit);
        }
        if (options->fake_time)
                faketime_adopt(options->fake_time);
        execl(program, program, "--config", config, (char *)NULL);
        _exit(127);
}

static void launch(struct cairnd *cairnd, const struct cairnd_options *options)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        *cairnd = (struct cairnd){ .port = options->beside ? options->beside->port : free_port() };
        if (options->beside) {
                strcpy(cairnd->dir, options->beside->dir);
        } else {
                strcpy(cairnd->dir, "/tmp/cairnd-test-XXXXXX");
                assert_non_null(mkdtemp(cairnd->dir));
                if (options->owner)
                        assert_int_equal(chown(cairnd->dir, options->owner, options->owner), 0);
                cairnd_configure(cairnd, options);
        }
        snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", cairnd->dir);
        unlink(address.sun_path);
        cairnd->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(cairnd->notify, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(chmod(address.sun_path, 0777), 0);
        cairnd->pid = fork();
        assert_true(cairnd->pid >= 0);
        if (cairnd->pid == 0)
                become_cairnd(cairnd, options);
}

static void show_log(const struct cairnd *cairnd)
{
        char path[PATH_ROOM], text[4096];

        path_in(cairnd, "log", path);
        FILE *file = fopen(path, "r");
        if (!file)
                return;
        size_t len = fread(text, 1, sizeof text - 1, file);
        text[len] = 0;
        print_message("%s", text);
        fclose(file);
}

void cairnd_start(struct cairnd *cairnd, const struct cairnd_options *options)
{
        char said[256] = "";

        launch(cairnd, options);
        struct pollfd poll_notify = { .fd = cairnd->notify, .events = POLLIN };
        if (poll(&poll_notify, 1, PATIENCE_MS) == 1) {
                ssize_t len = recv(cairnd->notify, said, sizeof said - 1, 0);

                said[len > 0 ? len : 0] = 0;
        }
        if (!strstr(said, "READY=1"))
                show_log(cairnd);
        assert_non_null(strstr(said, "READY=1"));
}

void cairnd_again(struct cairnd *cairnd, const struct cairnd_options *options)
{
        struct cairnd_options more = *options;
        struct cairnd before = *cairnd;

        more.beside = &before;
        cairnd_start(cairnd, &more);
}

static int exit_status(int status)
{
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int cairnd_try(struct cairnd *cairnd, const struct cairnd_options *options)
{
        int status;

        launch(cairnd, options);
        assert_int_equal(waitpid(cairnd->pid, &status, 0), cairnd->pid);
        close(cairnd->notify);
        return exit_status(status);
}

static uint64_t now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int cairnd_wait(struct cairnd *cairnd)
{
        int status;

        assert_int_equal(waitpid(cairnd->pid, &status, 0), cairnd->pid);
        close(cairnd->notify);
        return exit_status(status);
}

int cairnd_stop(struct cairnd *cairnd, unsigned *took_ms)
{
        uint64_t began = now_ms();

        assert_int_equal(kill(cairnd->pid, SIGTERM), 0);
        int status = cairnd_wait(cairnd);
        if (took_ms)
                *took_ms = (unsigned)(now_ms() - began);
        if (status)
                show_log(cairnd);
        return status;
}

void cairnd_clean(struct cairnd *cairnd)
{
        scratch_remove(cairnd->dir);
}

bool cairnd_call(const struct cairnd *cairnd, const char *request, char *room, size_t size)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        size_t len = 0;
        ssize_t got = -1;

        snprintf(address.sun_path, sizeof address.sun_path, "%s/control", cairnd->dir);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
            send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request)) {
                while ((got = recv(fd, room + len, size - 1 - len, 0)) > 0)
                        len += (size_t)got;
        }
        room[len] = 0;
        close(fd);
        return got == 0;
}

static bool log_holds(const struct cairnd *cairnd, const char *text)
{
        char path[PATH_ROOM], line[1024];
        bool found = false;

        path_in(cairnd, "log", path);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        while (!found && fgets(line, sizeof line, file))
                found = strstr(line, text);
        fclose(file);
        return found;
}

bool cairnd_said(const struct cairnd *cairnd, const char *text)
{
        bool found = log_holds(cairnd, text);

        if (!found)
                show_log(cairnd);
        return found;
}

void cairnd_await(const struct cairnd *cairnd, const char *text)
{
        uint64_t began = now_ms();

        while (!log_holds(cairnd, text) && now_ms() - began < PATIENCE_MS)
                usleep(NAP_US);
        assert_true(cairnd_said(cairnd, text));
}
