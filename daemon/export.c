/*
 * libcurl's multi interface on our loop: it says which sockets and which time to watch, and is told what happened.
 */
#include "export.h"
#include "config/builtin.h"
#include "log.h"
#include "server.h"
#include "watch/otlp.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
        URL_MAX = 512,
        BODY_MAX = EXPORT_BATCH_BYTES + OTLP_TRACE_MAX, /* so that one more trace always fits */
        WHY_MAX = CURL_ERROR_SIZE,
        CONNECT_MS = 3000,
};

struct parcel {
        struct parcel *next;
        size_t len;
        uint8_t bytes[];
};

struct export {
        char url[URL_MAX];
        pthread_mutex_t lock; /* of what follows */
        struct parcel *first, **last;
        size_t bytes;
        struct export_counts counts;
        bool closed;

        /* The main thread's alone: */
        uv_loop_t *loop;
        uv_async_t bell;
        uv_timer_t pause;      /* until the next POST */
        uv_timer_t curl_timer;
        CURLM *multi;
        CURL *post;
        struct curl_slist *fields;
        bool posting;
        char *body;
        size_t body_len;
        unsigned batch;        /* traces in it */
        unsigned failures;     /* of this batch */
        bool complained;       /* the log was told of this outage */
        char why[WHY_MAX];
};

/* A socket of libcurl's. */
struct tap {
        struct export *export;
        curl_socket_t socket;
        uv_poll_t poll;
};

/* --- The queue ---------------------------------------------------------------------------------------------------- */

static struct parcel *parcel_new(const uint8_t *bytes, size_t len)
{
        struct parcel *parcel = malloc(sizeof *parcel + len);

        if (!parcel)
                return NULL;
        parcel->next = NULL;
        parcel->len = len;
        memcpy(parcel->bytes, bytes, len);
        return parcel;
}

void export_take(void *context, const struct vault_item *item, const uint8_t *bytes, size_t len)
{
        struct export *export = context;
        struct parcel *parcel = parcel_new(bytes, len);

        (void)item;
        pthread_mutex_lock(&export->lock);
        bool taken = parcel && !export->closed && export->bytes + len <= EXPORT_QUEUE_BYTES;
        if (taken) {
                *export->last = parcel;
                export->last = &parcel->next;
                export->bytes += len;
                uv_async_send(&export->bell);
        } else {
                export->counts.dropped++;
        }
        pthread_mutex_unlock(&export->lock);
        if (!taken)
                free(parcel);
}

static struct parcel *take_first(struct export *export)
{
        pthread_mutex_lock(&export->lock);
        struct parcel *parcel = export->first;
        if (parcel) {
                export->first = parcel->next;
                if (!export->first)
                        export->last = &export->first;
                export->bytes -= parcel->len;
        }
        pthread_mutex_unlock(&export->lock);
        return parcel;
}

struct export_counts export_counts(struct export *export)
{
        struct export_counts counts = { 0 };

        if (!export)
                return counts;
        pthread_mutex_lock(&export->lock);
        counts = export->counts;
        pthread_mutex_unlock(&export->lock);
        return counts;
}

static void count(struct export *export, uint64_t sent, uint64_t dropped)
{
        pthread_mutex_lock(&export->lock);
        export->counts.sent += sent;
        export->counts.dropped += dropped;
        pthread_mutex_unlock(&export->lock);
}

/* --- A batch ------------------------------------------------------------------------------------------------------ */

/* Write what waits, as far as a batch goes. False: nothing waits. */
static bool fill(struct export *export)
{
        struct writer w = writer_over(export->body, BODY_MAX);
        struct trace_view trace;
        struct parcel *parcel;

        otlp_begin(&w, builtin_version);
        export->batch = 0;
        while (writer_len(&w) < EXPORT_BATCH_BYTES && (parcel = take_first(export))) {
                struct writer before = w;

                if (!trace_open(parcel->bytes, parcel->len, &trace))
                        otlp_spans(&w, &trace, export->batch ? ",\n" : "");
                if (w.failed || w.at == before.at) {
                        w = before;
                        count(export, 0, 1);
                } else {
                        export->batch++;
                }
                free(parcel);
        }
        otlp_end(&w);
        export->body_len = writer_len(&w);
        return export->batch > 0 && !w.failed;
}

static void send_batch(struct export *export);

static void pause_ended(uv_timer_t *timer)
{
        send_batch(timer->data);
}

/* Something waits; more may follow within a moment. */
static void bell_rang(uv_async_t *bell)
{
        struct export *export = bell->data;

        if (!export->posting && !uv_is_active((uv_handle_t *)&export->pause))
                uv_timer_start(&export->pause, pause_ended, EXPORT_GATHER_MS, 0);
}

static void send_batch(struct export *export)
{
        if (export->posting || (!export->batch && !fill(export)))
                return;
        curl_easy_setopt(export->post, CURLOPT_POSTFIELDS, export->body);
        curl_easy_setopt(export->post, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)export->body_len);
        export->why[0] = 0;
        export->posting = curl_multi_add_handle(export->multi, export->post) == CURLM_OK;
}

static void complain(struct export *export, const char *why)
{
        if (!export->complained)
                log_line(LOG_TRACE, "the collector %s does not take traces: %s", export->url, why);
        export->complained = true;
}

static void succeeded(struct export *export)
{
        if (export->complained)
                log_line(LOG_TRACE, "the collector %s takes traces again; %llu had to be left out so far", export->url,
                         (unsigned long long)export_counts(export).dropped);
        export->complained = false;
        export->failures = 0;
        count(export, export->batch, 0);
        export->batch = 0;
        send_batch(export);
}

static void failed(struct export *export, bool for_good, const char *why)
{
        complain(export, why);
        if (for_good || ++export->failures >= EXPORT_TRIES_MAX) {
                count(export, 0, export->batch);
                export->batch = 0;
                export->failures = for_good ? 1 : EXPORT_TRIES_MAX - 1; /* the next one has less credit */
        }
        uv_timer_start(&export->pause, pause_ended, (uint64_t)EXPORT_PAUSE_MS << (export->failures - 1), 0);
}

/* OTLP says which answers mean "try again": 429, 502, 503, 504. */
static void answered(struct export *export, CURLcode result)
{
        char why[WHY_MAX];
        long status = 0;

        curl_easy_getinfo(export->post, CURLINFO_RESPONSE_CODE, &status);
        if (result != CURLE_OK) {
                failed(export, false, export->why[0] ? export->why : curl_easy_strerror(result));
        } else if (status / 100 == 2) {
                succeeded(export);
        } else {
                (void)snprintf(why, sizeof why, "it answers with status %ld", status);
                failed(export, !(status == 429 || (status >= 502 && status <= 504)), why);
        }
}

/* --- libcurl on the loop ------------------------------------------------------------------------------------------ */

static void hear_results(struct export *export)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(export->multi, &left))) {
                CURLcode result = message->data.result;

                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_multi_remove_handle(export->multi, export->post); /* the message ends here */
                export->posting = false;
                answered(export, result);
        }
}

static void tap_ready(uv_poll_t *poll, int status, int events)
{
        struct tap *tap = poll->data;
        struct export *export = tap->export;
        int what = status < 0 ? CURL_CSELECT_ERR : 0, running;

        what |= (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
        curl_multi_socket_action(export->multi, tap->socket, what, &running);
        hear_results(export);
}

static void tap_closed(uv_handle_t *handle)
{
        free(handle->data);
}

static struct tap *tap_new(struct export *export, curl_socket_t socket)
{
        struct tap *tap = calloc(1, sizeof *tap);

        if (!tap || uv_poll_init_socket(export->loop, &tap->poll, socket)) {
                free(tap);
                return NULL;
        }
        tap->export = export;
        tap->socket = socket;
        tap->poll.data = tap;
        curl_multi_assign(export->multi, socket, tap);
        return tap;
}

static int watch_socket(CURL *post, curl_socket_t socket, int what, void *context, void *own)
{
        struct export *export = context;
        struct tap *tap = own;

        (void)post;
        if (what == CURL_POLL_REMOVE) {
                curl_multi_assign(export->multi, socket, NULL);
                if (tap)
                        uv_close((uv_handle_t *)&tap->poll, tap_closed);
                return 0;
        }
        if (!tap)
                tap = tap_new(export, socket);
        if (!tap)
                return -1;
        return uv_poll_start(&tap->poll, (what & CURL_POLL_IN ? UV_READABLE : 0) |
                                         (what & CURL_POLL_OUT ? UV_WRITABLE : 0), tap_ready) ? -1 : 0;
}

static void curl_time(uv_timer_t *timer)
{
        struct export *export = timer->data;
        int running;

        curl_multi_socket_action(export->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        hear_results(export);
}

static int watch_time(CURLM *multi, long wait_ms, void *context)
{
        struct export *export = context;

        (void)multi;
        if (wait_ms < 0)
                uv_timer_stop(&export->curl_timer);
        else
                uv_timer_start(&export->curl_timer, curl_time, (uint64_t)wait_ms, 0);
        return 0;
}

/* What a collector has to say beyond its status is of no interest. */
static size_t ignore(char *bytes, size_t size, size_t count, void *context)
{
        (void)bytes;
        (void)context;
        return size * count;
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

/* As OTLP has it: where the URL has no path, /v1/traces. */
static void complete_url(const char *endpoint, char url[URL_MAX])
{
        const char *host = strstr(endpoint, "://");
        const char *path = strchr(host ? host + 3 : endpoint, '/');
        int len = path ? (int)(path - endpoint) : (int)strlen(endpoint);

        if (path && path[1])
                (void)snprintf(url, URL_MAX, "%s", endpoint);
        else
                (void)snprintf(url, URL_MAX, "%.*s/v1/traces", len, endpoint);
}

static bool prepare(struct export *export)
{
        CURL *post = export->post;

        export->fields = curl_slist_append(NULL, "Content-Type: application/json");
        struct curl_slist *more = curl_slist_append(export->fields, "Expect:");
        if (!more)
                return false;
        curl_multi_setopt(export->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
        curl_multi_setopt(export->multi, CURLMOPT_SOCKETDATA, export);
        curl_multi_setopt(export->multi, CURLMOPT_TIMERFUNCTION, watch_time);
        curl_multi_setopt(export->multi, CURLMOPT_TIMERDATA, export);
        curl_easy_setopt(post, CURLOPT_ERRORBUFFER, export->why);
        curl_easy_setopt(post, CURLOPT_HTTPHEADER, export->fields);
        curl_easy_setopt(post, CURLOPT_WRITEFUNCTION, ignore);
        curl_easy_setopt(post, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(post, CURLOPT_PROXY, ""); /* whatever the environment says */
        curl_easy_setopt(post, CURLOPT_TIMEOUT_MS, (long)EXPORT_TIMEOUT_MS);
        curl_easy_setopt(post, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
        return curl_easy_setopt(post, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
               curl_easy_setopt(post, CURLOPT_URL, export->url) == CURLE_OK;
}

enum err export_new(const struct settings *settings, struct export **out)
{
        *out = NULL;
        if (!settings->otlp_endpoint[0])
                return ERR_OK;
        if (curl_global_init(CURL_GLOBAL_DEFAULT))
                return ERR_IO;
        struct export *export = calloc(1, sizeof *export);
        if (!export)
                return ERR_MEMORY;
        *out = export; /* if this fails, the process ends */
        export->last = &export->first;
        complete_url(settings->otlp_endpoint, export->url);
        pthread_mutex_init(&export->lock, NULL);
        export->multi = curl_multi_init();
        export->post = curl_easy_init();
        export->body = malloc(BODY_MAX);
        return export->multi && export->post && export->body && prepare(export) ? ERR_OK : ERR_MEMORY;
}

enum err export_start(struct export *export, struct server *server)
{
        export->loop = &server->loop;
        export->bell.data = export->pause.data = export->curl_timer.data = export;
        uv_timer_init(export->loop, &export->pause);
        uv_timer_init(export->loop, &export->curl_timer);
        return uv_async_init(export->loop, &export->bell, bell_rang) ? ERR_IO : ERR_OK;
}

void export_close(struct export *export)
{
        if (!export)
                return;
        pthread_mutex_lock(&export->lock);
        export->closed = true;
        pthread_mutex_unlock(&export->lock);
        if (export->posting)
                curl_multi_remove_handle(export->multi, export->post);
        curl_easy_cleanup(export->post);
        curl_multi_cleanup(export->multi); /* lets go of its sockets */
        uv_close((uv_handle_t *)&export->bell, NULL);
        uv_close((uv_handle_t *)&export->pause, NULL);
        uv_close((uv_handle_t *)&export->curl_timer, NULL);
}

void export_free(struct export *export)
{
        struct parcel *parcel;

        if (!export)
                return;
        while ((parcel = take_first(export)))
                free(parcel);
        curl_slist_free_all(export->fields);
        pthread_mutex_destroy(&export->lock);
        free(export->body);
        free(export);
        curl_global_cleanup();
}
