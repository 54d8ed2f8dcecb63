#pragma once
/*
 * Scenarios: a small fake Internet, what clients ask, and what must come out (.rpl files).
 *
 * The format is that of the Deckard project with additions of ours; tests/scenario/README.md describes all of it.
 * rpl.c reads a file into a struct rpl and checks its form; rpl_wire.c makes messages of entries and compares messages
 * with them; rpl_sign.c signs records; rpl_settings.c turns the config block into a settings file. What plays a
 * scenario, in virtual time or against the daemon, is in tests/scenario/ and tests/daemon/.
 *
 * Nothing of lib/wire is used for the messages: what judges the resolver must not share its errors.
 */
#include "base/address.h"
#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { RPL_MESSAGE_MAX = 65535, RPL_COMPLAINT_MAX = 400, RPL_ADDRESSES_MAX = 256, RPL_EDE_ANY = -1, RPL_EDE_NONE = -2 };

struct ldns_struct_pkt;

/* MATCH: what must be the same, or true, of the message received. */
enum rpl_match {
        RPL_MATCH_OPCODE = 1 << 0,
        RPL_MATCH_QTYPE = 1 << 1,
        RPL_MATCH_QNAME = 1 << 2,
        RPL_MATCH_QCASE = 1 << 3,
        RPL_MATCH_SUBDOMAIN = 1 << 4,
        RPL_MATCH_FLAGS = 1 << 5,
        RPL_MATCH_RCODE = 1 << 6,
        RPL_MATCH_ANSWER = 1 << 7,
        RPL_MATCH_AUTHORITY = 1 << 8,
        RPL_MATCH_ADDITIONAL = 1 << 9,
        RPL_MATCH_EDNS = 1 << 10,
        /* ours */
        RPL_MATCH_TTL = 1 << 11,   /* of the records in the sections compared */
        RPL_MATCH_ORDER = 1 << 12, /* the answer's records come in the order of the file */
        RPL_MATCH_UDP = 1 << 13,
        RPL_MATCH_TCP = 1 << 14,
        RPL_MATCH_HAS_EDNS = 1 << 15,
        RPL_MATCH_NO_EDNS = 1 << 16,
        RPL_MATCH_HAS_COOKIE = 1 << 17,
        RPL_MATCH_NO_COOKIE = 1 << 18,
        RPL_MATCH_RD = 1 << 19,
        RPL_MATCH_NO_RD = 1 << 20,
        RPL_MATCH_NO_QUESTION = 1 << 21,
        RPL_MATCH_CLASS = 1 << 22,
};

/* ADJUST: what is changed in an answer before it is sent. */
enum rpl_adjust {
        RPL_ADJUST_COPY_ID = 1 << 0,
        RPL_ADJUST_COPY_QUERY = 1 << 1,
        RPL_ADJUST_RAW_ID = 1 << 2,
        RPL_ADJUST_DO_NOT_ANSWER = 1 << 3,
        /* ours */
        RPL_ADJUST_NO_EDNS = 1 << 4,     /* no OPT, though the query had one */
        RPL_ADJUST_LOWER_CASE = 1 << 5,  /* the question's name in lower case, whatever the query's spelling */
        RPL_ADJUST_COOKIE = 1 << 6,      /* the client's cookie comes back with a server's */
        RPL_ADJUST_BAD_COOKIE = 1 << 7,  /* another client's cookie comes back */
        RPL_ADJUST_CUT = 1 << 8,         /* the last byte is missing */
        RPL_ADJUST_TRAILING = 1 << 9,    /* one byte too many */
        RPL_ADJUST_COPY_OWNER = 1 << 10, /* the owners of the answer's records are the question's name */
};

/* How a client asks; ours, lines of a QUERY entry. */
struct rpl_client {
        bool tcp;          /* CLIENT tcp */
        bool no_edns;      /* CLIENT noedns */
        uint16_t udp_size; /* CLIENT size N; 4096 if nothing is said */
        uint8_t version;   /* CLIENT version N: of EDNS */
        bool cookie, nsid; /* CLIENT cookie, CLIENT nsid: options */
        bool has_address;
        struct address address; /* CLIENT from ADDRESS */
        unsigned times;         /* TIMES N: so many equal questions at once */
        bool no_wait;           /* NOWAIT: the next step follows before the response is there */
};

/* What a response must hold beside records; ours, lines of a CHECK_ANSWER entry. */
struct rpl_demand {
        int ede;              /* EDE N: this extended error; RPL_EDE_ANY, or RPL_EDE_NONE: there must be none */
        const char *ede_text; /* EDE N "fragment": part of its text; NULL: any */
        unsigned max_bytes;   /* SIZE N: at most so many; 0: any */
        bool cookie, nsid;    /* OPTION cookie, OPTION nsid: must be there */
        unsigned max_ttl;     /* MAXTTL N: no record has more; 0: any */
        bool no_opt, opt;     /* OPTION none: no OPT record; OPTION opt: one */
};

struct rpl_entry {
        unsigned line;   /* where ENTRY_BEGIN stands */
        uint32_t match;  /* enum rpl_match */
        uint32_t late_s; /* where time is real: by how much TTLs may be off */
        uint32_t adjust; /* enum rpl_adjust */
        bool mandatory;
        bool dnssec_ok;     /* REPLY DO */
        bool any_type;      /* MATCH subdomain without qtype */
        unsigned used;      /* how often it answered or matched */
        unsigned delay_ms;  /* DELAY N: the server takes that long */
        int failure;        /* FAIL unreachable, refused, closed: an enum failure of resolver.h; -1: none */
        unsigned repeat;    /* REPEAT N: a RANGE entry is good for N queries; 0: for any number */
        unsigned copies;    /* COPIES N: the answer comes so many times */
        const uint8_t *raw; /* RAW; NULL if there is none */
        size_t raw_len;
        uint16_t rcode; /* all twelve bits */
        struct ldns_struct_pkt *message;
        struct rpl_client client;
        struct rpl_demand demand;
};

struct rpl_range {
        unsigned line;
        uint64_t from, to;       /* step ids, both included */
        struct address *address; /* none: any address */
        unsigned address_count;
        struct rpl_entry **entry;
        unsigned entry_count;
};

enum rpl_step_kind {
        RPL_QUERY,
        RPL_CHECK_ANSWER,
        RPL_TIME_PASSES,
        RPL_REPLY,
        RPL_CHECK_OUT_QUERY,
        /* ours */
        RPL_CHECK_SILENCE,  /* no response comes to the last query */
        RPL_CHECK_TRACE,    /* the last question's trace has, or has not, these steps */
        RPL_CHECK_UPSTREAM, /* so many messages went out since the last query */
        RPL_WAIT,           /* so many milliseconds pass on all clocks */
};

/* One line of CHECK_TRACE: HAS or HASNOT, a step's word, a part of its text. */
struct rpl_trace_line {
        unsigned line;
        bool wanted;
        const char *word;
        const char *fragment; /* "" if any text will do */
};

struct rpl_step {
        unsigned line;
        uint64_t id;
        enum rpl_step_kind kind;
        struct rpl_entry *entry; /* QUERY, CHECK_ANSWER, REPLY, CHECK_OUT_QUERY */
        uint64_t amount;         /* TIME_PASSES: seconds; WAIT: milliseconds; CHECK_UPSTREAM: messages */
        bool at_most;            /* CHECK_UPSTREAM AT_MOST N */
        struct address address;  /* CHECK_UPSTREAM N TO ADDRESS; family 0: to any */
        struct rpl_trace_line *trace;
        unsigned trace_count;
};

struct rpl_setting {
        unsigned line;
        const char *key, *value; /* quotes and comments removed */
};

struct rpl {
        const char *path;
        const char *title; /* after SCENARIO_BEGIN */
        struct rpl_setting *setting;
        unsigned setting_count;
        struct rpl_range *range;
        unsigned range_count;
        struct rpl_step *step;
        unsigned step_count;
        struct rpl_entry **entry; /* all of them */
        unsigned entry_count;
        struct arena arena; /* all of the above but the messages */
};

/** Read a file. NULL, and complaint says file, line and why. */
struct rpl *rpl_read(const char *path, char complaint[RPL_COMPLAINT_MAX]);

/** The same from text that is in memory. */
struct rpl *rpl_parse(const char *path, const char *text, size_t len, char complaint[RPL_COMPLAINT_MAX]);
void rpl_free(struct rpl *rpl);

/** Entries count their uses from zero again: before a second run. */
void rpl_rewind(struct rpl *rpl);

/** The value of a config key (the first one if it is repeated), or NULL. */
const char *rpl_setting(const struct rpl *rpl, const char *key);

/** The first MANDATORY entry that was never used, or NULL. */
const struct rpl_entry *rpl_unused_mandatory(const struct rpl *rpl);

/* --- The config block as settings (rpl_settings.c) ---------------------------------------------------------------- */

/** The wall clock at the start: val-override-date or -timestamp, or fallback_s. */
uint64_t rpl_start_time(const struct rpl *rpl, uint64_t fallback_s);

/** "on", "off", or NULL when the scenario must pass both ways. */
const char *rpl_minimisation(const struct rpl *rpl);

/** A boolean of the config block. */
bool rpl_switch(const struct rpl *rpl, const char *key, bool otherwise);

/** The address that the client and the daemon have: IPv6 if the root server has. */
bool rpl_is_ipv6(const struct rpl *rpl);

/**
 * Write the settings file. minimise is used where the scenario leaves it open; extra holds more lines, which are
 * stronger, or is NULL.
 */
void rpl_write_settings(const struct rpl *rpl, bool minimise, const char *extra, FILE *out);

/** Every address that a server must stand at; returns their number. */
unsigned rpl_addresses(const struct rpl *rpl, struct address out[], unsigned max);

/* --- Signed zones (rpl_sign.c) ------------------------------------------------------------------------------------- */

/**
 * A record in full: "example. DS @" and the like become what they stand for, other text stays as it is. start_s is the
 * wall clock at the start; 0: not said, so that nothing can be signed. False: what is behind the @ makes no sense.
 */
bool rpl_write_record(const char *text, uint64_t start_s, char *out, size_t size);

/** Make the signatures that an entry's records lack. False: there is nothing to sign. */
bool rpl_sign(struct rpl_entry *entry);

/* --- Messages (rpl_wire.c) ---------------------------------------------------------------------------------------- */

/**
 * Read one record. Owners may be of any length: ldns takes up to 255 characters, but 255 bytes may be a thousand. The text
 * is spoilt. NULL: it is no record, and *complaint says why.
 */
struct ldns_struct_rr *rpl_read_record(char *text, const char **complaint);

/* How a message reached the one who looks at it. */
struct rpl_received {
        const uint8_t *bytes;
        size_t len;
        bool tcp;
};

/** Does the message satisfy the entry's MATCH and demands? If not, why (may be NULL) says what differs, in one line. */
bool rpl_matches(const struct rpl_entry *expected, const struct rpl_received *received, char *why, size_t why_size);

/* What a response says about a failure. */
struct rpl_reason {
        unsigned rcode;
        int ede;        /* code of the first extended error, or RPL_EDE_NONE */
        char text[300]; /* its text */
};

/** False: the response cannot be read. */
bool rpl_read_reason(const struct rpl_received *response, struct rpl_reason *out);

/** Have two messages the same rcode and the same records in ANSWER (letter case of names, order and TTLs aside)? */
bool rpl_same_answer(const struct rpl_received *a, const struct rpl_received *b);

/** The client's query; returns its length. */
size_t rpl_write_query(const struct rpl_entry *entry, uint16_t id, uint8_t out[RPL_MESSAGE_MAX]);

/** A server's answer to a query; returns its length, 0 for none. other_id is used where the entry copies no ID. */
size_t rpl_write_answer(const struct rpl_entry *entry, const struct rpl_received *query, uint16_t other_id,
                        uint8_t out[RPL_MESSAGE_MAX]);

/** SERVFAIL with the query's question, as a server gives it to what the scenario does not foresee. */
size_t rpl_write_servfail(const struct rpl_received *query, uint8_t out[RPL_MESSAGE_MAX]);

/** A message in one line, for people: "www.example. A: NOERROR qr aa; www.example. 60 IN A 192.0.2.1". */
void rpl_describe(const struct rpl_received *message, char *out, size_t size);

enum rpl_served {
        RPL_SERVED,     /* *entry makes the answer */
        RPL_SILENT,     /* nobody lives at this address */
        RPL_UNFORESEEN, /* SERVFAIL, and the scenario has failed */
};

/** Who answers a query that reaches this address while the step is the current one. Counts the use. */
enum rpl_served rpl_serve(struct rpl *rpl, const struct address *address, uint64_t step,
                          const struct rpl_received *query, struct rpl_entry **entry);
