#include "cairn_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
        REQUEST_MAX = 2048,
        PATIENCE_S = 30, /* nothing the daemon does takes as long; it is stuck then */
};

static bool complain(const struct channel *channel, const char *what)
{
        fprintf(stderr, "cairn: %s: %s\n", channel->path, what);
        return false;
}

static bool complain_errno(const struct channel *channel)
{
        if (errno == ENOENT || errno == ECONNREFUSED)
                return complain(channel, "no cairnd listens here (is it running? see --socket)");
        return complain(channel, errno == EAGAIN ? "cairnd does not answer" : strerror(errno));
}

static bool channel_connect(struct channel *channel)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct timeval patience = { .tv_sec = PATIENCE_S };
        size_t len = strlen(channel->path);

        if (len >= sizeof address.sun_path)
                return complain(channel, "the path of a socket is no longer than 107 bytes");
        memcpy(address.sun_path, channel->path, len);
        channel->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (channel->fd < 0)
                return complain_errno(channel);
        setsockopt(channel->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(channel->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (connect(channel->fd, (struct sockaddr *)&address, sizeof address) != 0)
                return complain_errno(channel);
        return true;
}

/* Control bytes and quotes would be read as something else; names write such bytes \DDD. */
static bool word_is_clean(const char *word)
{
        for (; *word; word++) {
                if ((unsigned char)*word < ' ' || *word == '"' || *word == 0x7f)
                        return false;
        }
        return true;
}

/* A word with blanks goes in quotes. False: the line is full. */
static bool add_word(char line[REQUEST_MAX], size_t *len, const char *word, char behind)
{
        const char *quote = strchr(word, ' ') ? "\"" : "";
        int more = snprintf(line + *len, REQUEST_MAX - *len, "%s%s%s%c", quote, word, quote, behind);

        if (more < 0 || (size_t)more >= REQUEST_MAX - *len)
                return false;
        *len += (size_t)more;
        return true;
}

static bool channel_send(struct channel *channel, int word_count, const char *const *words)
{
        char line[REQUEST_MAX];
        size_t len = 0;

        for (int i = 0; i < word_count; i++) {
                if (!word_is_clean(words[i]) || !*words[i])
                        return complain(channel, "an argument is empty, or has quotes or control bytes in it");
                if (!add_word(line, &len, words[i], i + 1 < word_count ? ' ' : '\n'))
                        return complain(channel, "the request is too long");
        }
        for (size_t sent = 0; sent < len;) {
                ssize_t n = send(channel->fd, line + sent, len - sent, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return complain_errno(channel);
                sent += (size_t)n;
        }
        return true;
}

/* Read more, once all was used. False with *ended at a clean end. */
static bool channel_fill(struct channel *channel, bool *ended)
{
        ssize_t n;

        *ended = false;
        do
                n = recv(channel->fd, channel->bytes, sizeof channel->bytes, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return complain_errno(channel);
        channel->start = 0;
        channel->end = (size_t)n;
        *ended = n == 0;
        return n > 0;
}

bool channel_read(struct channel *channel, void *out, size_t len)
{
        char *to = out;

        while (len > 0) {
                size_t ready = channel->end - channel->start;
                bool ended;

                if (ready == 0) {
                        if (channel_fill(channel, &ended))
                                continue;
                        return ended ? complain(channel, "cairnd hung up in the middle of its reply") : false;
                }
                if (ready > len)
                        ready = len;
                memcpy(to, channel->bytes + channel->start, ready);
                channel->start += ready;
                to += ready;
                len -= ready;
        }
        return true;
}

/* "ok", or a sentence that says why not. */
static bool channel_hear(struct channel *channel)
{
        static const char error[] = "error: ";
        char line[REQUEST_MAX];
        size_t len = 0;

        do {
                if (!channel_read(channel, &line[len], 1))
                        return false;
        } while (line[len] != '\n' && ++len < sizeof line - 1);
        line[len] = 0;
        if (strcmp(line, "ok") == 0)
                return true;
        if (strncmp(line, error, strlen(error)) != 0)
                return complain(channel, "this is not cairnd");
        fprintf(stderr, "cairn: %s\n", line + strlen(error));
        return false;
}

bool channel_ask(struct channel *channel, const char *path, int word_count, const char *const *words)
{
        *channel = (struct channel){ .path = path, .fd = -1 };
        return channel_connect(channel) && channel_send(channel, word_count, words) && channel_hear(channel);
}

bool channel_copy(struct channel *channel, FILE *file)
{
        bool ended = false;

        do {
                fwrite(channel->bytes + channel->start, 1, channel->end - channel->start, file);
                channel->start = channel->end;
        } while (channel_fill(channel, &ended));
        return ended;
}

void channel_close(struct channel *channel)
{
        if (channel->fd >= 0)
                close(channel->fd);
        channel->fd = -1;
}
