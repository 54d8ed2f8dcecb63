/*
 * The life of a connection.
 *
 * Bytes that came but make no message yet wait in `in`. On each readable event they are copied in front of what is read
 * now, into the set's scratch room; whole messages are handed out from there, and the rest is put back. So there is one
 * path for whole, split and pipelined messages, and a connection at rest owns no buffer.
 */
#include "stream.h"
#include "base/buf.h"
#include "config/limits.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        LENGTH = 2,           /* bytes of a message's length */
        READ_MAX = 8192,      /* taken off a connection at once */
        OUT_HARD_MAX = 2 * LIMIT_OUTPUT_BYTES,
        US_PER_MS = 1000,
};

/* The most that can wait in `in`: a message that lacks one byte, and all that one read brings behind it. */
static size_t scratch_len(const struct stream_manners *manners)
{
        return LENGTH + manners->message_max + READ_MAX;
}

enum err streams_init(struct streams *set, struct poller *poller, const struct clock *clock,
                      const struct stream_manners *manners, size_t max)
{
        *set = (struct streams){ .poller = poller, .clock = clock, .manners = manners };
        set->scratch = malloc(scratch_len(manners));
        if (!set->scratch)
                return ERR_MEMORY;
        timers_init(&set->timers, max);
        return ERR_OK;
}

void streams_fini(struct streams *set)
{
        timers_fini(&set->timers);
        free(set->scratch);
}

/* --- What a stream waits for -------------------------------------------------------------------------------------- */

static size_t out_waiting(const struct stream *stream)
{
        return stream->out_len - stream->out_at;
}

/* May another message be taken off this stream? */
static bool may_take(const struct stream *stream)
{
        return stream->under_way < stream->set->manners->under_way_max && out_waiting(stream) <= LIMIT_OUTPUT_BYTES;
}

static void update_events(struct stream *stream)
{
        uint32_t events = 0;

        if (stream->connecting || out_waiting(stream))
                events |= EPOLLOUT;
        if (!stream->connecting && !stream->peer_done && may_take(stream))
                events |= EPOLLIN;
        if (events != stream->events)
                poller_change(stream->set->poller, &stream->watch, events);
        stream->events = events;
}

/* In a crowd patience shrinks evenly, from all of it at CROWDED_PERCENT to CROWDED_MS when every place is taken. */
static unsigned patience_ms(const struct streams *set, unsigned ms)
{
        unsigned percent = set->crowding ? set->crowding(set->context) : 0;

        if (percent <= LIMIT_CROWDED_PERCENT || ms <= LIMIT_CROWDED_MS)
                return ms;
        unsigned room = percent < 100 ? 100 - percent : 0;
        return LIMIT_CROWDED_MS + (ms - LIMIT_CROWDED_MS) * room / (100 - LIMIT_CROWDED_PERCENT);
}

/* How long this stream may go on like this; 0: for ever, as an answer of ours is awaited. */
static unsigned allowance_ms(const struct stream *stream)
{
        const struct stream_manners *manners = stream->set->manners;

        if (stream->connecting)
                return manners->connect_ms;
        if (out_waiting(stream))
                return manners->idle_ms;
        if (!stream->greeted && manners->first_ms)
                return manners->first_ms;
        if (stream->in_len && may_take(stream))
                return manners->partial_ms;
        return stream->under_way ? 0 : manners->idle_ms;
}

static void update_timer(struct stream *stream)
{
        struct streams *set = stream->set;
        unsigned ms = patience_ms(set, allowance_ms(stream));

        if (!ms)
                timers_disarm(&set->timers, &stream->timer);
        else if (timers_arm(&set->timers, &stream->timer, stream->since_us + (uint64_t)ms * US_PER_MS))
                stream_doom(stream, STREAM_CLOSED); /* out of memory: a stream without a timer could stay for ever */
}

/* Something happened that is worth new patience. */
static void touch(struct stream *stream)
{
        stream->since_us = stream->set->clock->now.mono_us;
}

/* --- The list of those with work ---------------------------------------------------------------------------------- */

static void work_add(struct stream *stream)
{
        if (!stream->work.back)
                list_add(&stream->set->work, &stream->work);
}

void stream_doom(struct stream *stream, enum stream_end why)
{
        if (!stream->doomed)
                stream->doom = why;
        stream->doomed = true;
        work_add(stream);
}

/* --- In ----------------------------------------------------------------------------------------------------------- */

/* Keep the bytes that are no message yet, or may not be taken yet. */
static void hold(struct stream *stream, const uint8_t *bytes, size_t len)
{
        uint8_t *held = NULL;

        if (len) {
                held = malloc(len);
                if (!held) {
                        stream_doom(stream, STREAM_CLOSED);
                        return;
                }
                memcpy(held, bytes, len);
        }
        free(stream->in);
        stream->in = held;
        stream->in_len = len;
}

/* Hand out the whole messages among len bytes in the scratch room, as many as may be taken; hold the rest. */
static void deliver(struct stream *stream, size_t len)
{
        const struct stream_manners *manners = stream->set->manners;
        const uint8_t *at = stream->set->scratch;
        const uint8_t *end = at + len;

        while (end - at >= LENGTH && !stream->doomed) {
                size_t message_len = load_u16(at);

                if (message_len > manners->message_max) {
                        stream_doom(stream, STREAM_ABUSE);
                        return;
                }
                if ((size_t)(end - at) < LENGTH + message_len || !may_take(stream))
                        break;
                stream->greeted = true;
                touch(stream);
                manners->message(stream, at + LENGTH, message_len);
                at += LENGTH + message_len;
        }
        hold(stream, at, (size_t)(end - at));
}

/* Take messages again that had to wait in `in`. */
static void deliver_held(struct stream *stream)
{
        if (!stream->in_len || !may_take(stream) || stream->doomed)
                return;
        memcpy(stream->set->scratch, stream->in, stream->in_len);
        deliver(stream, stream->in_len);
}

static void stream_read(struct stream *stream)
{
        uint8_t *scratch = stream->set->scratch;

        if (stream->in_len > LENGTH + stream->set->manners->message_max)
                return; /* whole messages wait already: the end of the turn takes them, and there is no room for more */
        if (stream->in_len)
                memcpy(scratch, stream->in, stream->in_len);
        ssize_t got = read(stream->watch.fd, scratch + stream->in_len, READ_MAX);
        if (got > 0) {
                if (!stream->in_len)
                        touch(stream); /* a message begins: its time runs from here, whatever drips in later */
                deliver(stream, stream->in_len + (size_t)got);
        } else if (got == 0) {
                stream->peer_done = true;
        } else if (errno != EAGAIN && errno != EINTR) {
                stream_doom(stream, STREAM_CLOSED);
        }
}

/* --- Out ---------------------------------------------------------------------------------------------------------- */

/* Room for len more bytes at the end of the queue, or NULL. */
static uint8_t *out_room(struct stream *stream, size_t len)
{
        size_t need = stream->out_len + len;

        if (need > stream->out_room) {
                size_t room = need < 1024 ? 1024 : 2 * need;
                uint8_t *grown = realloc(stream->out, room);

                if (!grown)
                        return NULL;
                stream->out = grown;
                stream->out_room = room;
        }
        return stream->out + stream->out_len;
}

void stream_send(struct stream *stream, const uint8_t *bytes, size_t len)
{
        if (!EXPECT(len <= UINT16_MAX) || stream->doomed)
                return;
        uint8_t *room = out_waiting(stream) + len <= OUT_HARD_MAX ? out_room(stream, LENGTH + len) : NULL;
        if (!room) {
                stream_doom(stream, STREAM_ABUSE);
                return;
        }
        store_u16(room, (uint16_t)len);
        memcpy(room + LENGTH, bytes, len);
        stream->out_len += LENGTH + len;
        work_add(stream);
}

static void out_clear(struct stream *stream)
{
        free(stream->out);
        stream->out = NULL;
        stream->out_at = stream->out_len = stream->out_room = 0;
}

static void stream_flush(struct stream *stream)
{
        if (!out_waiting(stream) || stream->connecting)
                return;
        ssize_t sent = send(stream->watch.fd, stream->out + stream->out_at, out_waiting(stream),
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        stream_doom(stream, STREAM_CLOSED);
                return;
        }
        touch(stream);
        stream->out_at += (size_t)sent;
        if (!out_waiting(stream))
                out_clear(stream);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static void connect_finished(struct stream *stream)
{
        int failed = 0;
        socklen_t len = sizeof failed;

        if (getsockopt(stream->watch.fd, SOL_SOCKET, SO_ERROR, &failed, &len))
                failed = errno;
        switch (failed) {
        case 0:
                stream->connecting = false;
                touch(stream);
                break;
        case ECONNREFUSED:
                stream_doom(stream, STREAM_REFUSED);
                break;
        case ENETUNREACH:
        case EHOSTUNREACH:
                stream_doom(stream, STREAM_UNREACHABLE);
                break;
        default:
                stream_doom(stream, STREAM_CLOSED);
        }
}

static void stream_ready(struct watch *watch, uint32_t events)
{
        struct stream *stream = holder_of(watch, struct stream, watch);

        work_add(stream); /* whatever happens here, the end of the turn looks at it again */
        if (stream->connecting) {
                connect_finished(stream);
                return;
        }
        if ((stream->peer_done || !may_take(stream)) && events & (EPOLLHUP | EPOLLERR))
                stream_doom(stream, STREAM_CLOSED); /* broken, and we do not read on to hear of it */
        else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                stream_read(stream);
}

enum err stream_init(struct stream *stream, struct streams *set, int fd, bool connecting)
{
        *stream = (struct stream){ .watch = { .fd = fd, .ready = stream_ready }, .set = set, .connecting = connecting };
        stream->events = connecting ? EPOLLOUT : EPOLLIN;
        touch(stream);
        uint64_t until_us = stream->since_us + (uint64_t)patience_ms(set, allowance_ms(stream)) * US_PER_MS;
        enum err err = timers_arm(&set->timers, &stream->timer, until_us);
        if (err)
                return err;
        err = poller_add(set->poller, &stream->watch, stream->events);
        if (err)
                timers_disarm(&set->timers, &stream->timer);
        return err;
}

void stream_fini(struct stream *stream)
{
        poller_close(stream->set->poller, &stream->watch);
        timers_disarm(&stream->set->timers, &stream->timer);
        list_remove(&stream->work);
        free(stream->in);
        free(stream->out);
}

static void stream_end(struct stream *stream, enum stream_end why)
{
        stream_fini(stream);
        stream->set->manners->ended(stream, why);
}

void stream_done(struct stream *stream)
{
        if (EXPECT(stream->under_way))
                stream->under_way--;
        if (!stream->under_way)
                touch(stream);
        work_add(stream);
}

/* A peer that has said all and been told all is done with. */
static bool is_over(const struct stream *stream)
{
        return stream->peer_done && (stream->set->manners->peer_answers || !stream->under_way) && !out_waiting(stream);
}

/* The end of a turn for one stream. */
static void stream_turn(struct stream *stream)
{
        deliver_held(stream);
        stream_flush(stream);
        if (is_over(stream))
                stream_doom(stream, STREAM_CLOSED);
        if (!stream->doomed) {
                update_events(stream);
                update_timer(stream);
        }
        if (stream->doomed)
                stream_end(stream, stream->doom);
}

void streams_turn(struct streams *set)
{
        while (set->work) {
                struct stream *stream = holder_of(set->work, struct stream, work);

                list_remove(&stream->work);
                stream_turn(stream);
        }
}

uint64_t streams_deadline(const struct streams *set)
{
        return timers_next(&set->timers);
}

void streams_expire(struct streams *set)
{
        struct timer *timer;

        while ((timer = timers_take(&set->timers, set->clock->now.mono_us)))
                stream_end(holder_of(timer, struct stream, timer), STREAM_SLOW);
}

/* Is a better to be evicted than b? Those that never said anything go first, then those that rest longest. */
static bool worse(const struct stream *a, const struct stream *b)
{
        return a->greeted == b->greeted ? a->since_us < b->since_us : !a->greeted;
}

bool streams_evict(struct streams *set)
{
        struct stream *worst = NULL;

        for (size_t i = 0; i < set->timers.count; i++) { /* those in use have no timer, and so are not among them */
                struct stream *stream = holder_of(set->timers.heap[i], struct stream, timer);

                if (!worst || worse(stream, worst))
                        worst = stream;
        }
        if (worst)
                stream_end(worst, STREAM_SLOW);
        return worst;
}
