#pragma once
/*
 * The process: what all workers share, and the main thread, which starts, reloads and ends everything.
 *
 *   main thread    signals, the control channel, reload, the web port
 *   workers        clients and servers, each with a resolver of its own
 *   writer         the store
 *   archive        the trace log
 *
 * Workers only hear of each other through the store and through letters of the main thread.
 */
#include "control.h"
#include "doors.h"
#include "files.h"
#include "history.h"
#include "keeper.h"
#include "policy/policy.h"
#include "privilege.h"
#include "quota.h"
#include "store/store.h"
#include <uv.h>

struct archive;
struct archive_reader;
struct dnstap;
struct export;
struct hand;
struct store_writer;
struct web;
struct worker;

struct server {
        struct files files;
        const struct policy *policy;     /* the newest snapshot; held */
        struct doors doors;
        struct quota quota;
        struct store *store;
        struct store_report report;      /* how the store stood at the start */
        struct hand *hand;
        struct store_writer *writer;
        struct archive *archive;
        struct worker **worker;
        unsigned worker_count;
        uint64_t started_s;              /* wall clock */
        uv_loop_t loop;
        uv_signal_t terminate, interrupt, hang_up;
        uv_timer_t watchdog;
        struct control control;
        struct keeper keeper;
        struct web *web;
        struct dnstap *dnstap;           /* NULL: nobody listens */
        struct export *export;           /* NULL: there is no collector */
        struct archive_reader *reader;   /* the main thread's */
        struct history history;
};

/** Run with settings that were found good (taken over), until told to stop. Returns the exit status of the process. */
int server_run(const struct files *files, struct settings *settings);

/** Read the settings again. False: there is a mistake in them, and nothing was changed. */
bool server_reload(struct server *server, struct config_complaints *complaints);

/** Let all workers use this snapshot from now on; its hold is taken over. */
void server_adopt(struct server *server, const struct policy *policy);

/** End, soon. */
void server_stop(struct server *server);
