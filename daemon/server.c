/* The process: start, reload, end. */
#include "server.h"
#include "archive.h"
#include "attached.h"
#include "cache/settle.h"
#include "config/builtin.h"
#include "config/option.h"
#include "dnstap.h"
#include "export.h"
#include "log.h"
#include "notify.h"
#include "web.h"
#include "worker.h"
#include "writer.h"
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
        CONNECTIONS_SHARE = 4, /* clients' connections get at most one descriptor in so many */
        ADDRESSES_TEXT_MAX = 1024,
        WORKERS_MAX = 256,
};

/* --- Settings ----------------------------------------------------------------------------------------------------- */

static const struct policy *make_policy(struct settings *settings)
{
        struct prefix attached[ATTACHED_MAX];

        return policy_new(settings, attached, attached_networks(attached, ATTACHED_MAX));
}

void server_adopt(struct server *server, const struct policy *policy)
{
        for (unsigned i = 0; i < server->worker_count; i++)
                (void)EXPECT(worker_adopt(server->worker[i], policy) == ERR_OK);
        policy_release(server->policy);
        server->policy = policy;
}

bool server_reload(struct server *server, struct config_complaints *complaints)
{
        struct settings *settings = files_settings(&server->files, complaints);

        if (!settings)
                return false;
        char restart_key[OPTION_KEY_MAX];
        enum option_id which;
        bool restart = config_restart_needed(server->policy->settings, settings, &which);
        const struct policy *policy = make_policy(settings);
        if (!policy) {
                complaints->count = 0;
                return false;
        }
        (void)log_open(server->policy->settings->log_file); /* anew, as it may have been moved away */
        server_adopt(server, keeper_learn(&server->keeper, policy));
        keeper_start(&server->keeper);
        archive_adopt(server->archive, server->policy->settings);
        web_retry(server->web);
        if (restart)
                log_line(LOG_SETTINGS, "settings read again; `%s` has changed, which needs a restart",
                         option_key(which, restart_key));
        else
                log_line(LOG_SETTINGS, "settings read again");
        return true;
}

/* --- Signals ------------------------------------------------------------------------------------------------------ */

void server_stop(struct server *server)
{
        uv_stop(&server->loop);
}

static void stop_signal(uv_signal_t *handle, int number)
{
        (void)number;
        server_stop(handle->data);
}

static void reload_signal(uv_signal_t *handle, int number)
{
        struct config_complaints complaints = { 0 };

        (void)number;
        notify("RELOADING=1");
        if (!server_reload(handle->data, &complaints)) {
                log_line(LOG_SETTINGS, "the settings have a mistake; those in use stay in use");
                for (unsigned i = 0; i < complaints.count; i++)
                        log_line(LOG_SETTINGS, "%s", complaints.item[i].text);
        }
        notify("READY=1");
}

/* The manager hears from us only while every worker's loop turns: one that hangs is a reason to be restarted. */
static void watchdog_fired(uv_timer_t *timer)
{
        struct server *server = timer->data;
        bool alive = true;

        for (unsigned i = 0; i < server->worker_count; i++)
                alive &= worker_is_alive(server->worker[i]);
        if (alive)
                notify("WATCHDOG=1");
}

static void handle_signals(struct server *server)
{
        signal(SIGPIPE, SIG_IGN);
        uv_signal_init(&server->loop, &server->terminate);
        uv_signal_init(&server->loop, &server->interrupt);
        uv_signal_init(&server->loop, &server->hang_up);
        uv_timer_init(&server->loop, &server->watchdog);
        server->terminate.data = server->interrupt.data = server->hang_up.data = server;
        uv_signal_start(&server->terminate, stop_signal, SIGTERM);
        uv_signal_start(&server->interrupt, stop_signal, SIGINT);
        uv_signal_start(&server->hang_up, reload_signal, SIGHUP);
}

static void start_watchdog(struct server *server)
{
        uint64_t each_ms = notify_watchdog_ms() / 3;

        server->watchdog.data = server;
        if (each_ms)
                uv_timer_start(&server->watchdog, watchdog_fired, each_ms, each_ms);
}

/* --- Start -------------------------------------------------------------------------------------------------------- */

/* As many workers as there are processors for us, unless the settings say otherwise. */
static unsigned count_workers(const struct settings *settings)
{
        cpu_set_t processors;

        if (settings->workers)
                return settings->workers;
        if (sched_getaffinity(0, sizeof processors, &processors))
                return 1;
        int count = CPU_COUNT(&processors);
        return count < WORKERS_MAX ? (unsigned)count : WORKERS_MAX;
}

static const char *store_words(enum store_state state)
{
        static const char *const words[] = {
                [STORE_MEMORY] = "the cache is in memory",
                [STORE_WARM] = "the cache is on disk",
                [STORE_REBUILDING] = "the cache file is being rebuilt; memory serves meanwhile",
                [STORE_REBUILT] = "the cache file was rebuilt",
                [STORE_COLD] = "the cache begins with an empty file",
        };

        return words[state];
}

/* What the store became later, told in the writer's thread. */
static void store_changed(void *context, const struct store_report *report)
{
        (void)context;
        log_line(LOG_STORE, "%s, %" PRIu64 " entries%s%s", store_words(report->state), report->entries,
                 report->reason[0] ? ": " : "", report->reason);
}

/* The traces that were kept: like the cache, before there is any thread. */
static enum err open_traces(struct server *server)
{
        struct store_report report;
        char dir[ARCHIVE_DIR_MAX];
        enum err err = archive_open(server->archive, server->policy->settings, &report, dir);

        if (err == ERR_BUSY)
                log_line(LOG_START, "another cairnd keeps its traces in %s; give this one a directory of its own "
                                    "(setting `trace-dir`)", dir);
        return err;
}

static enum err start_store(struct server *server)
{
        const struct settings *settings = server->policy->settings;
        struct store_settings wanted = {
                .dir = settings->store ? settings->cache_dir : NULL,
                .size = settings->cache_size,
                .intact = entry_intact,
                .replaces = entry_replaces,
        };
        struct writer_settings writer = { .tell = store_changed };

        if (getrandom(wanted.fresh_secret, sizeof wanted.fresh_secret, 0) != sizeof wanted.fresh_secret)
                return ERR_IO;
        enum err err = store_open(&wanted, &server->store, &server->report);
        if (err == ERR_BUSY)
                log_line(LOG_START, "another cairnd uses the cache in %s; give this one a directory of its own "
                                    "(setting `cache-dir`), or none (--no-store)", settings->cache_dir);
        if (err)
                return err;
        clock_resume(server->report.cache_s);
        server->hand = hand_new(settings->cache_size, settings->serve_expired_ttl);
        if (!server->hand)
                return ERR_MEMORY;
        err = open_traces(server);
        if (err)
                return err;
        writer.store = server->store;
        writer.hand = server->hand;
        return writer_new(&writer, &server->writer);
}

static enum err open_archive(struct server *server)
{
        const struct settings *settings = server->policy->settings;
        enum err err = archive_new(settings, &server->archive);

        if (err)
                log_line(LOG_START, "the trace log %s cannot be opened: %s", settings->trace_log, strerror(errno));
        return err;
}

static enum err start_dnstap(struct server *server)
{
        const char *socket = server->policy->settings->dnstap_socket;
        enum err err = socket[0] ? dnstap_new(socket, server->worker_count, &server->dnstap) : ERR_OK;

        if (err == ERR_MISSING)
                log_line(LOG_START, "this cairnd was built without dnstap (setting `dnstap-socket`)");
        return err;
}

static enum err start_workers(struct server *server)
{
        struct worker_host host = {
                .policy = server->policy,
                .store = server->store,
                .hand = server->hand,
                .writer = server->writer,
                .archive = server->archive,
                .dnstap = server->dnstap,
                .quota = &server->quota,
                .keeper = &server->keeper,
                .worker_count = server->worker_count,
        };
        enum err err = ERR_OK;

        if (getrandom(host.cookie_secret, sizeof host.cookie_secret, 0) != sizeof host.cookie_secret)
                return ERR_IO;

        server->worker = calloc(server->worker_count, sizeof *server->worker);
        if (!server->worker)
                return ERR_MEMORY;
        for (unsigned i = 0; i < server->worker_count && !err; i++)
                err = worker_new(&host, i, &server->doors.door[i * server->doors.count], server->doors.count,
                                 &server->worker[i]);
        for (unsigned i = 0; i < server->worker_count && !err; i++)
                err = worker_start(server->worker[i]);
        return err;
}

/* Leave enough descriptors for asking servers: without those, clients' connections would be of no use. */
static enum err start_quota(struct server *server)
{
        size_t spare = privilege_raise_files() / CONNECTIONS_SHARE;
        uint8_t secret[SIPHASH_KEY_LEN];

        if (getrandom(secret, sizeof secret, 0) != sizeof secret)
                return ERR_IO;
        return quota_init(&server->quota, spare < LIMIT_CONNECTIONS ? (unsigned)spare : LIMIT_CONNECTIONS, secret);
}

/* What needs the rights we were started with; then they are given up. */
static enum err start_privileged(struct server *server)
{
        const struct settings *settings = server->policy->settings;
        struct identity identity;

        if (log_open(settings->log_file)) {
                log_line(LOG_START, "the log %s cannot be opened: %s", settings->log_file, strerror(errno));
                return ERR_IO;
        }
        if (privilege_find(settings->user, &identity)) {
                log_line(LOG_START, "there is no user %s (setting `user`)", settings->user);
                return ERR_MISSING;
        }
        enum err err = doors_open(settings, server->worker_count, &server->doors);
        if (!err)
                err = control_open(&server->control, settings, &identity);
        if (!err)
                err = web_open(settings, &server->web);
        if (!err)
                err = open_archive(server);
        if (settings->store)
                privilege_make_directory(settings->cache_dir, 0700, &identity);
        if (settings->store && settings->trace_dir[0])
                privilege_make_directory(settings->trace_dir, 0700, &identity);
        if (settings->validation != VALIDATION_NO)
                privilege_make_directory(settings->state_dir, 0700, &identity);
        if (!err && privilege_drop(&identity)) {
                log_line(LOG_START, "rights cannot be given up: %s", strerror(errno));
                err = ERR_IO;
        }
        return err;
}

/* Before the archive's thread, which it hears from. */
static enum err start_export(struct server *server)
{
        enum err err = export_new(server->policy->settings, &server->export);

        if (err || !server->export)
                return err;
        archive_watch(server->archive, export_take, server->export);
        return export_start(server->export, server);
}

/* The main thread's way to the traces is for whoever asks for them here. */
static enum err start_web(struct server *server)
{
        server->reader = archive_reader_new(server->archive);
        return server->reader ? web_start(server->web, server) : ERR_MEMORY;
}

/* The one line at the start. */
static void say_hello(const struct server *server)
{
        char addresses[ADDRESSES_TEXT_MAX] = "", where[ENDPOINT_TEXT_MAX];
        size_t len = 0;

        for (unsigned i = 0; i < server->doors.count && len < sizeof addresses; i++) {
                const struct endpoint *at = &server->doors.door[i].at;
                int more = snprintf(addresses + len, sizeof addresses - len, "%s%s port %u", i ? ", " : "",
                                    address_text(&at->address, where), at->port);

                len += more > 0 ? (size_t)more : 0;
        }
        log_line(LOG_START, "version %s serves on %s with %u worker%s; %s, %" PRIu64 " entries%s%s", builtin_version,
                 addresses, server->worker_count, server->worker_count == 1 ? "" : "s",
                 store_words(server->report.state), server->report.entries, server->report.reason[0] ? ": " : "",
                 server->report.reason);
}

/* The store comes before all threads: where its file has to be rebuilt, a child process does it. */
static enum err start(struct server *server)
{
        enum err err = start_privileged(server);

        if (!err)
                err = start_quota(server);
        if (!err)
                err = start_store(server);
        if (!err)
                err = start_export(server);
        if (!err)
                err = start_dnstap(server);
        if (!err)
                err = archive_start(server->archive);
        if (!err)
                err = keeper_open(&server->keeper, server);
        if (!err)
                err = start_workers(server);
        if (!err)
                err = control_start(&server->control, server);
        if (!err)
                err = start_web(server);
        if (!err)
                history_start(&server->history, server);
        return err;
}

/* --- End ---------------------------------------------------------------------------------------------------------- */

/* The keeper stops listening while there are still workers that it could tell something. */
static void finish(struct server *server)
{
        keeper_close(&server->keeper);
        for (unsigned i = 0; i < server->worker_count; i++)
                worker_stop(server->worker[i]);
        for (unsigned i = 0; i < server->worker_count; i++)
                worker_join(server->worker[i]);
        control_close(&server->control);
        web_close(server->web);
        history_close(&server->history);
        export_close(server->export);
        dnstap_free(server->dnstap);
        writer_stop(server->writer);
        archive_reader_free(server->reader);
        archive_stop(server->archive);
        store_close(server->store);
        hand_free(server->hand);
        quota_fini(&server->quota);
        policy_release(server->policy);
        free(server->worker);
        free(server->doors.door);
}

static void close_loop(struct server *server)
{
        uv_close((uv_handle_t *)&server->terminate, NULL);
        uv_close((uv_handle_t *)&server->interrupt, NULL);
        uv_close((uv_handle_t *)&server->hang_up, NULL);
        uv_close((uv_handle_t *)&server->watchdog, NULL);
        uv_run(&server->loop, UV_RUN_DEFAULT);
        uv_loop_close(&server->loop);
        control_fini(&server->control);
        keeper_fini(&server->keeper);
        web_free(server->web);
        export_free(server->export);
}

int server_run(const struct files *files, struct settings *settings)
{
        struct server server = { .files = *files, .worker_count = count_workers(settings) };
        struct clock clock;

        clock_tick(&clock);
        server.started_s = clock.now.wall_s;
        server.policy = make_policy(settings);
        if (!server.policy || uv_loop_init(&server.loop)) {
                log_line(LOG_START, "out of memory");
                return 1;
        }
        handle_signals(&server);
        enum err err = start(&server);
        if (err) {
                /* What else can be wrong has been told where it was found. */
                log_line(LOG_START, err == ERR_MEMORY ? "out of memory" : "not started");
                return 1;
        }
        start_watchdog(&server);
        keeper_start(&server.keeper);
        say_hello(&server);
        notify("READY=1");
        uv_run(&server.loop, UV_RUN_DEFAULT);
        notify("STOPPING=1");
        finish(&server);
        close_loop(&server);
        log_line(LOG_END, "ended");
        return 0;
}
