/* Frames of dnstap, and libfstrm, which carries them. */
#include "dnstap.h"
#include "base/buf.h"
#include "config/builtin.h"
#include "watch/words.h"
#include <errno.h>
#include <fstrm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * A frame is one message of dnstap.proto in the wire format of Protocol Buffers: each field is a key (its number
 * shifted by three, and how its value is written) and the value.
 *
 *      Dnstap   identity 1 | version 2 | extra 3: the trace ID in hex | message 14 | type 15 (MESSAGE: 1)
 *      Message  type 1 | socket_family 2 | socket_protocol 3 | query_address 4 | response_address 5 | query_port 6 |
 *               response_port 7 | query_time_sec 8 | query_time_nsec 9 | query_message 10 |
 *               response_time_sec 12 | response_time_nsec 13 | response_message 14
 */

enum wire_kind { WIRE_VARINT = 0, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

enum dnstap_field { DNSTAP_IDENTITY = 1, DNSTAP_VERSION = 2, DNSTAP_EXTRA = 3, DNSTAP_MESSAGE = 14, DNSTAP_TYPE = 15 };

enum message_field {
        MESSAGE_TYPE = 1,
        MESSAGE_FAMILY = 2,
        MESSAGE_PROTOCOL = 3,
        MESSAGE_QUERY_ADDRESS = 4,
        MESSAGE_RESPONSE_ADDRESS = 5,
        MESSAGE_QUERY_PORT = 6,
        MESSAGE_RESPONSE_PORT = 7,
        MESSAGE_QUERY_TIME = 8,     /* and the nanoseconds, and the message, in the two fields behind it */
        MESSAGE_RESPONSE_TIME = 12, /* likewise */
};

enum {
        QUEUE_FRAMES = 4096,
        NOTIFY_FRAMES = 32,
        REOPEN_S = 1,
        PATIENCE_S = 1, /* with a receiver that does not read, at most */
        TYPE_MESSAGE = 1,
        FAMILY_IP4 = 1,
        FAMILY_IP6 = 2,
        PROTOCOL_UDP = 1,
        PROTOCOL_TCP = 2,
        NS_PER_US = 1000,
        VARINT_BITS = 7,
        VARINT_MORE = 0x80,
};

static const char content_type[] = "protobuf:dnstap.Dnstap", identity[] = "cairn";

struct dnstap {
        struct fstrm_iothr *thread;
        struct fstrm_iothr_queue *queue[];
};

/* --- Frames ------------------------------------------------------------------------------------------------------- */

static void put_varint(struct writer *w, uint64_t number)
{
        for (; number >= VARINT_MORE; number >>= VARINT_BITS)
                write_u8(w, (uint8_t)(number | VARINT_MORE));
        write_u8(w, (uint8_t)number);
}

static void put_key(struct writer *w, unsigned field, enum wire_kind kind)
{
        put_varint(w, field << 3 | kind);
}

static void put_number(struct writer *w, unsigned field, uint64_t number)
{
        put_key(w, field, WIRE_VARINT);
        put_varint(w, number);
}

/* In little-endian order, unlike all else here. */
static void put_fixed32(struct writer *w, unsigned field, uint32_t number)
{
        put_key(w, field, WIRE_FIXED32);
        for (unsigned shift = 0; shift < 32; shift += 8)
                write_u8(w, (uint8_t)(number >> shift));
}

static void put_bytes(struct writer *w, unsigned field, const void *bytes, size_t len)
{
        put_key(w, field, WIRE_BYTES);
        put_varint(w, len);
        write_bytes(w, bytes, len);
}

static void put_endpoint(struct writer *w, enum message_field address, enum message_field port,
                         const struct endpoint *endpoint)
{
        if (endpoint->address.family)
                put_bytes(w, address, endpoint->address.bytes, address_len(&endpoint->address));
        if (endpoint->port)
                put_number(w, port, endpoint->port);
}

static bool is_query(const struct dnstap_message *message)
{
        return message->kind == DNSTAP_CLIENT_QUERY || message->kind == DNSTAP_RESOLVER_QUERY;
}

/* The message of the frame up to its own bytes, which end it. */
static void put_message(struct writer *w, const struct dnstap_message *message)
{
        const struct endpoint *known = message->asked.address.family ? &message->asked : &message->asker;
        enum message_field time = is_query(message) ? MESSAGE_QUERY_TIME : MESSAGE_RESPONSE_TIME;

        put_number(w, MESSAGE_TYPE, message->kind);
        put_number(w, MESSAGE_FAMILY, known->address.family == 6 ? FAMILY_IP6 : FAMILY_IP4);
        put_number(w, MESSAGE_PROTOCOL, message->transport == TRANSPORT_UDP ? PROTOCOL_UDP : PROTOCOL_TCP);
        put_endpoint(w, MESSAGE_QUERY_ADDRESS, MESSAGE_QUERY_PORT, &message->asker);
        put_endpoint(w, MESSAGE_RESPONSE_ADDRESS, MESSAGE_RESPONSE_PORT, &message->asked);
        put_number(w, time, message->now->wall_s);
        put_fixed32(w, time + 1, message->now->wall_rest_us * NS_PER_US);
        put_key(w, time + 2, WIRE_BYTES);
        put_varint(w, message->len);
}

static void put_trace(struct writer *w, const struct trace_id *trace)
{
        put_key(w, DNSTAP_EXTRA, WIRE_BYTES);
        put_varint(w, 2 * TRACE_ID_LEN);
        words_hex(w, trace->bytes, TRACE_ID_LEN);
}

/* A frame to be freed with free(); NULL: no memory. */
static uint8_t *frame_new(const struct dnstap_message *message, size_t *len)
{
        uint8_t head[DNSTAP_HEAD_MAX], *frame = malloc(DNSTAP_HEAD_MAX + message->len);
        struct writer inner = writer_over(head, sizeof head), w = writer_over(frame, DNSTAP_HEAD_MAX + message->len);

        if (!frame)
                return NULL;
        put_message(&inner, message);
        put_number(&w, DNSTAP_TYPE, TYPE_MESSAGE);
        put_bytes(&w, DNSTAP_IDENTITY, identity, strlen(identity));
        put_bytes(&w, DNSTAP_VERSION, builtin_version, strlen(builtin_version));
        if (message->trace)
                put_trace(&w, message->trace);
        put_key(&w, DNSTAP_MESSAGE, WIRE_BYTES);
        put_varint(&w, writer_len(&inner) + message->len);
        write_bytes(&w, head, writer_len(&inner));
        write_bytes(&w, message->bytes, message->len);
        if (EXPECT(!inner.failed && !w.failed)) {
                *len = writer_len(&w);
                return frame;
        }
        free(frame);
        return NULL;
}

void dnstap_tell(struct dnstap *dnstap, unsigned worker, struct metrics *metrics, const struct dnstap_message *message)
{
        size_t len = 0;
        uint8_t *frame = frame_new(message, &len);

        if (frame && fstrm_iothr_submit(dnstap->thread, dnstap->queue[worker], frame, len, fstrm_free_wrapper, NULL) ==
                             fstrm_res_success) {
                metrics_inc(metrics->dnstap_sent);
                return;
        }
        metrics_inc(metrics->dnstap_dropped);
        free(frame);
}

/* --- The socket --------------------------------------------------------------------------------------------------- */

/*
 * libfstrm could connect by itself, but would then wait for a receiver that does not read, for ever, and we for its
 * thread. With a time on everything it hangs up, and tries again later.
 */
struct receiver {
        struct sockaddr_un address;
        int fd;
};

static fstrm_res receiver_open(void *object)
{
        struct receiver *receiver = object;
        const struct timeval patience = { .tv_sec = PATIENCE_S };

        receiver->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (receiver->fd < 0)
                return fstrm_res_failure;
        if (!setsockopt(receiver->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) &&
            !setsockopt(receiver->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) &&
            !connect(receiver->fd, (const struct sockaddr *)&receiver->address, sizeof receiver->address))
                return fstrm_res_success;
        close(receiver->fd);
        return fstrm_res_failure;
}

static fstrm_res receiver_close(void *object)
{
        struct receiver *receiver = object;

        return close(receiver->fd) ? fstrm_res_failure : fstrm_res_success;
}

static fstrm_res receiver_read(void *object, void *data, size_t count)
{
        struct receiver *receiver = object;

        return recv(receiver->fd, data, count, MSG_WAITALL) == (ssize_t)count ? fstrm_res_success : fstrm_res_failure;
}

static fstrm_res send_all(int fd, const uint8_t *bytes, size_t len)
{
        while (len) {
                ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

                if (sent < 0 && errno == EINTR)
                        continue;
                if (sent <= 0)
                        return fstrm_res_failure;
                bytes += sent;
                len -= (size_t)sent;
        }
        return fstrm_res_success;
}

/* What did not go out at once follows piece by piece. */
static fstrm_res receiver_write(void *object, const struct iovec *piece, int count)
{
        struct receiver *receiver = object;
        struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)piece, .msg_iovlen = (size_t)count };
        ssize_t sent = sendmsg(receiver->fd, &message, MSG_NOSIGNAL);
        size_t done = sent > 0 ? (size_t)sent : 0;

        if (sent < 0 && errno != EINTR)
                return fstrm_res_failure;
        for (int i = 0; i < count; i++) {
                size_t skip = done < piece[i].iov_len ? done : piece[i].iov_len;

                done -= skip;
                if (send_all(receiver->fd, (const uint8_t *)piece[i].iov_base + skip, piece[i].iov_len - skip))
                        return fstrm_res_failure;
        }
        return fstrm_res_success;
}

static fstrm_res receiver_destroy(void *object)
{
        free(object);
        return fstrm_res_success;
}

static struct fstrm_rdwr *receiver_new(const char *path)
{
        struct receiver *receiver = calloc(1, sizeof *receiver);

        if (!receiver)
                return NULL;
        receiver->address.sun_family = AF_UNIX;
        (void)snprintf(receiver->address.sun_path, sizeof receiver->address.sun_path, "%s", path);
        struct fstrm_rdwr *ways = fstrm_rdwr_init(receiver);
        fstrm_rdwr_set_open(ways, receiver_open);
        fstrm_rdwr_set_close(ways, receiver_close);
        fstrm_rdwr_set_read(ways, receiver_read);
        fstrm_rdwr_set_write(ways, receiver_write);
        fstrm_rdwr_set_destroy(ways, receiver_destroy);
        return ways;
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static struct fstrm_writer *open_writer(const char *path)
{
        struct fstrm_rdwr *receiver = receiver_new(path);
        struct fstrm_writer_options *what = fstrm_writer_options_init();

        fstrm_writer_options_add_content_type(what, content_type, strlen(content_type));
        struct fstrm_writer *writer = receiver ? fstrm_writer_init(what, &receiver) : NULL;
        fstrm_writer_options_destroy(&what);
        return writer;
}

static struct fstrm_iothr *start_thread(struct fstrm_writer *writer, unsigned worker_count)
{
        struct fstrm_iothr_options *options = fstrm_iothr_options_init();

        fstrm_iothr_options_set_num_input_queues(options, worker_count);
        fstrm_iothr_options_set_input_queue_size(options, QUEUE_FRAMES);
        fstrm_iothr_options_set_queue_notify_threshold(options, NOTIFY_FRAMES);
        fstrm_iothr_options_set_reopen_interval(options, REOPEN_S);
        struct fstrm_iothr *thread = fstrm_iothr_init(options, &writer);
        fstrm_iothr_options_destroy(&options);
        if (!thread)
                fstrm_writer_destroy(&writer);
        return thread;
}

enum err dnstap_new(const char *path, unsigned worker_count, struct dnstap **out)
{
        struct dnstap *dnstap = calloc(1, sizeof *dnstap + worker_count * sizeof dnstap->queue[0]);
        struct fstrm_writer *writer = dnstap ? open_writer(path) : NULL;

        if (writer)
                dnstap->thread = start_thread(writer, worker_count);
        if (!dnstap || !dnstap->thread) {
                free(dnstap);
                return ERR_MEMORY;
        }
        for (unsigned i = 0; i < worker_count; i++)
                dnstap->queue[i] = fstrm_iothr_get_input_queue(dnstap->thread);
        *out = dnstap;
        return ERR_OK;
}

void dnstap_free(struct dnstap *dnstap)
{
        if (dnstap)
                fstrm_iothr_destroy(&dnstap->thread);
        free(dnstap);
}
