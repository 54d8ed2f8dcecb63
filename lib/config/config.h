#pragma once
/*
 * Settings from text: a YAML file and the flags of the command line become a snapshot (settings.h), or a list of
 * complaints that say where, what is wrong and what is allowed.
 *
 * The same rows (config.def) check a value wherever it comes from, and write it out again: --print-config, the manual
 * page, the table in the documentation. Nothing here opens a file or logs.
 */
#include "base/buf.h"
#include "base/err.h"
#include "config/limits.h"
#include "config/settings.h"
#include <stdbool.h>
#include <stddef.h>

enum { COMPLAINT_TEXT_MAX = 480 };

struct config_complaint {
        unsigned line, column;         /* from 1; 0 if it is about no place in a file */
        char text[COMPLAINT_TEXT_MAX]; /* "cairn.yaml:3:7: port: ...", one line, safe for a terminal */
};

struct config_complaints {
        unsigned count; /* those below */
        unsigned more;  /* those that found no room */
        struct config_complaint item[LIMIT_CONFIG_COMPLAINTS];
};

/**
 * Read a settings file.
 *
 *   file_name  in   how complaints call it
 *   text, len  in   the whole file; may be empty: then all is at its default
 *   out        out  emptied, then what was found wrong, in the order of the file
 *
 * Returns a snapshot for settings_free() (or policy_new, which takes it over), or NULL if there is any complaint; being
 * out of memory is one.
 */
struct settings *config_parse(const char *file_name, const char *text, size_t len, struct config_complaints *out);

/**
 * The same with flags, which are stronger than the file.
 *
 *   flags      in   as on the command line, with or without the two dashes: "--cache-size=1GiB", "--no-store"
 *
 * Lists are separated by commas ("--listen=127.0.0.1,::1"); a flag given twice adds to its list. Records and hints are
 * one to a flag. A list may also be written as in the file: "--stub-zones=[{name: lab, addresses: [192.0.2.1]}]".
 */
struct settings *config_parse_flags(const char *file_name, const char *text, size_t len, const char *const *flags,
                                    unsigned flag_count, struct config_complaints *out);

/** Is this, without its dashes and value, a flag that config_parse_flags knows? "cache-size", "no-store". */
bool config_knows_flag(const char *name, size_t len);

/** Does the setting of this flag need a value behind it (unlike a BOOL)? False for an unknown one. */
bool config_flag_takes_value(const char *name, size_t len);

/** All at default; NULL when out of memory. */
struct settings *config_defaults(void);

void settings_free(struct settings *settings);

/**
 * Read the file that root-hints-file names; the caller opened it. Its A and AAAA records are added to root-hints in
 * settings->hints. False after a complaint: also when it holds none.
 */
bool config_load_hints(struct settings *settings, const char *file_name, const char *text, size_t len,
                       struct config_complaints *out);

/** Read the file that trust-anchor-file names: its DS and DNSKEY records are added to settings->anchors. As above. */
bool config_load_anchors(struct settings *settings, const char *file_name, const char *text, size_t len,
                         struct config_complaints *out);

/** Does the change between these two need a restart? Then *which is the first setting it is about; see option_key(). */
bool config_restart_needed(const struct settings *running, const struct settings *next, enum option_id *which);

/** The settings as a YAML file that config_parse() reads back to the same; what is at its default is commented out. */
void config_print(const struct settings *settings, struct writer *out);

/** The manual page cairn.yaml(5), in roff. */
void config_man(struct writer *out);

/** The same as a Markdown table. */
void config_markdown(struct writer *out);
