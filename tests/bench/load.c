/*
 * Questions over UDP, as many as a resolver takes or as many as told, and how it fared, as one line of JSON.
 *
 *      bench_load [-s ADDRESS] [-p PORT] [-w WINDOW] [-k SOCKETS] [-q RATE] [-l SECONDS] [-t TIMEOUT_S] FILE
 *      bench_load -e PORT
 *
 * FILE has a question a line, "name TYPE". They are asked in order, once; with -l again and again for so many seconds.
 * At most WINDOW are under way, with -q they leave at RATE a second. Questions have EDNS and the AD bit.
 *
 * -e answers each datagram with itself, as a response: what the kernel alone takes of any server that takes and sends
 * datagrams in batches.
 */
#include "wire/codes.h"
#include "wire/name.h"
#include "wire/rrtype.h"
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
        BATCH = 64,
        SOCKETS_MAX = 64,
        SLOTS = 8192, /* a socket's questions under way, by message ID */
        QUESTION_MAX = 12 + NAME_WIRE_MAX + 4 + 11,
        ROOM = 4096,
        BUCKETS = 4000,
};

#define STEP 1.005 /* from one bucket of latency to the next, beginning at a microsecond */

struct options {
        struct sockaddr_in server;
        unsigned window, sockets;
        double rate, seconds, timeout_s;
};

struct question {
        uint16_t len;
        uint8_t bytes[QUESTION_MAX];
};

struct source {
        int fd;
        uint16_t next, oldest; /* message IDs */
        double sent_at[SLOTS]; /* 0: nothing under way */
};

struct run {
        struct options options;
        struct question *question;
        size_t question_count, asked;
        struct source *source;
        unsigned under_way;
        double began, deadline;
        uint64_t answered, lost, rcode[16], secure, bucket[BUCKETS];
        double nearly_done_at; /* when 95 % were answered */
};

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
        perror(what);
        exit(1);
}

/* --- Questions ---------------------------------------------------------------------------------------------------- */

static bool question_write(const char *name_text, const char *type_text, struct question *out)
{
        static const uint8_t opt[] = { 0, 0, TYPE_OPT, 4, 0xd0, 0, 0, 0, 0, 0, 0 };
        uint8_t room[NAME_WIRE_MAX];
        struct name name;
        uint16_t type;

        if (name_from_text(name_text, room, &name) || rrtype_parse(type_text, &type))
                return false;
        struct writer w = writer_over(out->bytes, sizeof out->bytes);
        write_u16(&w, 0);
        write_u16(&w, FLAG_RD | FLAG_AD);
        write_u16(&w, 1);
        write_u32(&w, 0);
        write_u16(&w, 1);
        write_bytes(&w, name.wire, name.len);
        write_u16(&w, type);
        write_u16(&w, CLASS_IN);
        write_bytes(&w, opt, sizeof opt);
        out->len = (uint16_t)writer_len(&w);
        return true;
}

static void questions_read(struct run *run, const char *path)
{
        char name[NAME_TEXT_MAX], type[32];
        size_t room = 0;
        FILE *file = fopen(path, "r");

        if (!file)
                die(path);
        while (fscanf(file, "%1023s %31s", name, type) == 2) {
                if (run->question_count == room) {
                        room = room ? 2 * room : 4096;
                        run->question = realloc(run->question, room * sizeof *run->question);
                        if (!run->question)
                                die("memory");
                }
                if (!question_write(name, type, &run->question[run->question_count])) {
                        fprintf(stderr, "%s: \"%s %s\" is no question\n", path, name, type);
                        exit(1);
                }
                run->question_count++;
        }
        fclose(file);
}

/* --- Sending ------------------------------------------------------------------------------------------------------ */

static bool is_over(const struct run *run, double at)
{
        return run->options.seconds > 0 ? at - run->began >= run->options.seconds : run->asked >= run->question_count;
}

/* How many may leave now. */
static unsigned due(const struct run *run, double at)
{
        double left = run->options.window - run->under_way;

        if (is_over(run, at))
                return 0;
        if (run->options.rate > 0)
                left = fmin(left, (at - run->began) * run->options.rate - (double)run->asked);
        if (run->options.seconds <= 0)
                left = fmin(left, (double)(run->question_count - run->asked));
        return left > 0 ? (unsigned)left : 0;
}

static void send_batch(struct run *run, struct source *source, unsigned count, double at)
{
        static struct mmsghdr header[BATCH];
        static struct iovec piece[BATCH];
        static uint8_t bytes[BATCH][QUESTION_MAX];
        unsigned i;

        for (i = 0; i < count && !source->sent_at[source->next % SLOTS]; i++) {
                const struct question *question = &run->question[run->asked++ % run->question_count];

                memcpy(bytes[i], question->bytes, question->len);
                store_u16(bytes[i], source->next);
                piece[i] = (struct iovec){ .iov_base = bytes[i], .iov_len = question->len };
                header[i].msg_hdr = (struct msghdr){ .msg_iov = &piece[i], .msg_iovlen = 1 };
                source->sent_at[source->next++ % SLOTS] = at;
                run->under_way++;
        }
        for (unsigned sent = 0; sent < i;) {
                int n = sendmmsg(source->fd, header + sent, i - sent, 0);

                sent += n > 0 ? (unsigned)n : 1; /* what the system does not take counts as lost later */
        }
}

/* --- Receiving ---------------------------------------------------------------------------------------------------- */

static void note(struct run *run, const uint8_t *bytes, double waited)
{
        double bucket = log(fmax(waited * 1e6, 1)) / log(STEP);

        run->bucket[bucket < BUCKETS ? (unsigned)bucket : BUCKETS - 1]++;
        run->rcode[bytes[3] & 0xf]++;
        run->secure += load_u16(bytes + 2) & FLAG_AD ? 1 : 0;
        if (++run->answered == run->question_count * 95 / 100)
                run->nearly_done_at = now();
}

static void receive_batch(struct run *run, struct source *source)
{
        static struct mmsghdr header[BATCH];
        static struct iovec piece[BATCH];
        static uint8_t bytes[BATCH][ROOM];

        for (unsigned i = 0; i < BATCH; i++) {
                piece[i] = (struct iovec){ .iov_base = bytes[i], .iov_len = ROOM };
                header[i].msg_hdr = (struct msghdr){ .msg_iov = &piece[i], .msg_iovlen = 1 };
        }
        int got = recvmmsg(source->fd, header, BATCH, MSG_DONTWAIT, NULL);
        double at = now();
        for (int i = 0; i < got; i++) {
                double *sent_at = &source->sent_at[load_u16(bytes[i]) % SLOTS];

                if (header[i].msg_len < 12 || !*sent_at)
                        continue;
                note(run, bytes[i], at - *sent_at);
                *sent_at = 0;
                run->under_way--;
        }
}

/* Give up what has waited too long. IDs are given out in order, so the oldest are looked at first. */
static void expire(struct run *run, struct source *source, double at)
{
        for (; source->oldest != source->next; source->oldest++) {
                double *sent_at = &source->sent_at[source->oldest % SLOTS];

                if (*sent_at && at - *sent_at < run->options.timeout_s)
                        return;
                if (*sent_at) {
                        run->lost++;
                        run->under_way--;
                }
                *sent_at = 0;
        }
}

/* --- A run -------------------------------------------------------------------------------------------------------- */

static void sources_open(struct run *run)
{
        run->source = calloc(run->options.sockets, sizeof *run->source);
        if (!run->source)
                die("memory");
        for (unsigned i = 0; i < run->options.sockets; i++) {
                int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;

                if (fd < 0 || connect(fd, (struct sockaddr *)&run->options.server, sizeof run->options.server))
                        die("socket");
                (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
                run->source[i].fd = fd;
        }
}

static void wait_for_answers(const struct run *run)
{
        struct pollfd wanted[SOCKETS_MAX];

        for (unsigned i = 0; i < run->options.sockets; i++)
                wanted[i] = (struct pollfd){ .fd = run->source[i].fd, .events = POLLIN };
        (void)poll(wanted, run->options.sockets, run->options.rate > 0 ? 0 : 1);
}

static void go(struct run *run)
{
        unsigned turn = 0;
        double at = run->began = now();

        while (!is_over(run, at) || run->under_way) {
                for (unsigned left = due(run, at); left;) {
                        unsigned count = left < BATCH ? left : BATCH, before = run->under_way;

                        send_batch(run, &run->source[turn++ % run->options.sockets], count, at);
                        left = run->under_way > before ? left - (run->under_way - before) : 0;
                }
                wait_for_answers(run);
                at = now();
                for (unsigned i = 0; i < run->options.sockets; i++) {
                        receive_batch(run, &run->source[i]);
                        expire(run, &run->source[i], at);
                }
        }
}

static double percentile_us(const struct run *run, double share)
{
        uint64_t below = 0, wanted = (uint64_t)(share * (double)run->answered);

        for (unsigned i = 0; i < BUCKETS; i++) {
                below += run->bucket[i];
                if (below > wanted)
                        return pow(STEP, i + 0.5);
        }
        return 0;
}

static void report(const struct run *run)
{
        double took = now() - run->began;

        printf("{\"asked\": %zu, \"answered\": %llu, \"lost\": %llu, \"servfail\": %llu, \"nxdomain\": %llu, "
               "\"secure\": %llu, \"seconds\": %.3f, \"seconds_95\": %.3f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
               run->asked, (unsigned long long)run->answered, (unsigned long long)run->lost,
               (unsigned long long)run->rcode[RCODE_SERVFAIL], (unsigned long long)run->rcode[RCODE_NXDOMAIN],
               (unsigned long long)run->secure, took, run->nearly_done_at > 0 ? run->nearly_done_at - run->began : took,
               percentile_us(run, 0.5), percentile_us(run, 0.99));
}

/* --- The floor ---------------------------------------------------------------------------------------------------- */

static _Noreturn void echo(uint16_t port)
{
        static struct mmsghdr header[BATCH];
        static struct iovec piece[BATCH];
        static struct sockaddr_in peer[BATCH];
        static uint8_t bytes[BATCH][ROOM];
        struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
        struct pollfd wanted = { .fd = socket(AF_INET, SOCK_DGRAM, 0), .events = POLLIN };

        if (wanted.fd < 0 || bind(wanted.fd, (struct sockaddr *)&here, sizeof here))
                die("bind");
        for (;;) {
                (void)poll(&wanted, 1, -1);
                for (unsigned i = 0; i < BATCH; i++) {
                        piece[i] = (struct iovec){ .iov_base = bytes[i], .iov_len = ROOM };
                        header[i].msg_hdr = (struct msghdr){ .msg_name = &peer[i], .msg_namelen = sizeof peer[i],
                                                             .msg_iov = &piece[i], .msg_iovlen = 1 };
                }
                int got = recvmmsg(wanted.fd, header, BATCH, MSG_DONTWAIT, NULL);
                for (int i = 0; i < got; i++) {
                        piece[i].iov_len = header[i].msg_len;
                        bytes[i][2] |= 0x80;
                }
                if (got > 0)
                        (void)sendmmsg(wanted.fd, header, (unsigned)got, 0);
        }
}

static const char *options_read(struct options *out, int argc, char **argv)
{
        *out = (struct options){ .server = { .sin_family = AF_INET, .sin_port = htons(5300),
                                             .sin_addr = { htonl(INADDR_LOOPBACK) } },
                                 .window = 200, .sockets = 8, .timeout_s = 4 };
        for (int c; (c = getopt(argc, argv, "s:p:w:k:q:l:t:e:")) != -1;) {
                switch (c) {
                case 's': inet_pton(AF_INET, optarg, &out->server.sin_addr); break;
                case 'p': out->server.sin_port = htons((uint16_t)atoi(optarg)); break;
                case 'w': out->window = (unsigned)atoi(optarg); break;
                case 'k': out->sockets = (unsigned)atoi(optarg); break;
                case 'q': out->rate = atof(optarg); break;
                case 'l': out->seconds = atof(optarg); break;
                case 't': out->timeout_s = atof(optarg); break;
                case 'e': echo((uint16_t)atoi(optarg));
                default: exit(2);
                }
        }
        if (optind != argc - 1 || !out->sockets || out->sockets > SOCKETS_MAX) {
                fprintf(stderr, "usage: see the head of load.c\n");
                exit(2);
        }
        return argv[optind];
}

int main(int argc, char **argv)
{
        static struct run run;

        questions_read(&run, options_read(&run.options, argc, argv));
        if (!run.question_count)
                return 2;
        sources_open(&run);
        go(&run);
        report(&run);
        return 0;
}
