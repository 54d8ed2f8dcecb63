#pragma once
/*
 * A real cairnd for a test, on loopback: started with settings, waited for, ended.
 *
 * It runs in a directory of its own with a free port, and forwards everything to a struct forwarder (forwarder.h).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cairnd {
        pid_t pid;
        uint16_t port;
        char dir[64];     /* its settings (cairn.yaml), its control socket (control), its log (log) */
        int notify;       /* the socket that it says READY=1 to */
};

struct cairnd_options {
        const char *listen;     /* a list in YAML; NULL: [127.0.0.1] */
        uint16_t forward_to;    /* port of the forwarder */
        bool validate;
        const char *settings;   /* more lines of the settings file; NULL: none */
        uint16_t web_port;      /* 0: no web port */
        const char *trace_log;  /* file of its trace log; NULL: off */
        const char *control;    /* name of its control socket; NULL: control */
        uid_t owner;            /* of its directory; 0: us */
        const char *fake_time;  /* the file of its wall clock (faketime.h); NULL: the real one */
        unsigned files_max;     /* open files it may have; 0: as many as we */
        const struct cairnd *beside; /* share that one's port and directory, to be refused; NULL */
};

/** A port that is free for UDP and TCP on all addresses. */
uint16_t free_port(void);

/** Start, and wait until it is ready; fails the test if it ends instead. */
void cairnd_start(struct cairnd *cairnd, const struct cairnd_options *options);

/** After its end: start again with its port and its directory, and what is kept there. */
void cairnd_again(struct cairnd *cairnd, const struct cairnd_options *options);

/** Start, and wait until it ends; returns its exit status. */
int cairnd_try(struct cairnd *cairnd, const struct cairnd_options *options);

/** Write the settings file again. */
void cairnd_configure(const struct cairnd *cairnd, const struct cairnd_options *options);

/** Send SIGTERM and wait for the end. Returns the exit status; *took_ms says how long it took. */
int cairnd_stop(struct cairnd *cairnd, unsigned *took_ms);

/** Wait for an end that is under way already. Returns the exit status. */
int cairnd_wait(struct cairnd *cairnd);

/** Remove the directory. */
void cairnd_clean(struct cairnd *cairnd);

/** One request over the control socket. Writes the whole reply and a NUL to room; false if nobody answers there. */
bool cairnd_call(const struct cairnd *cairnd, const char *request, char *room, size_t size);

/** Does the log hold this text? Where it does not, the log is shown. */
bool cairnd_said(const struct cairnd *cairnd, const char *text);

/** Wait until it does; fails the test if that takes too long. */
void cairnd_await(const struct cairnd *cairnd, const char *text);
