#include "net.h"
#include "base/buf.h"
#include "watch/trace.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRANSMIT_US = 1000000, TCP_ROUND_TRIPS = 2, CONNECT_TIMEOUT_US = 2000000, NET_WALL_S = 1750000000 };

static uint64_t travel_us(struct net *net)
{
        uint32_t jitter_us = net->settings.jitter_ms * 1000;

        return net->settings.delay_ms * UINT64_C(1000) + rng_below(&net->rng, 2 * jitter_us + 1) - jitter_us;
}

static bool is_lost(struct net *net)
{
        return rng_below(&net->rng, 100) < net->settings.loss_percent;
}

/* Forgeries overtake the right answer. Those from another address or port never pass the host, which checks them. */
static void deliver_forgeries(struct net *net, const struct action *send, const struct authority_manner *manner,
                              size_t len, uint64_t delay_us)
{
        uint8_t forged[AUTHORITY_MESSAGE_MAX + 16];

        if (manner->forgery == FORGERY_PORT || manner->forgery == FORGERY_ADDRESS)
                return;
        for (unsigned i = 0; i < manner->forged; i++) {
                size_t forged_len = authority_forge(manner->forgery, i, net->answer, len, forged);

                virtual_deliver(net->v, send->send.flight, delay_us / 2, forged, forged_len);
        }
}

static void serve_udp(struct net *net, const struct action *send, const struct authority_manner *manner, size_t len)
{
        uint64_t delay_us = travel_us(net) + manner->delay_ms * UINT64_C(1000);

        if (manner->forged)
                deliver_forgeries(net, send, manner, len, delay_us);
        if (len && !is_lost(net))
                virtual_deliver(net->v, send->send.flight, delay_us, net->answer, len);
}

static void serve_tcp(struct net *net, const struct action *send, const struct authority_manner *manner, size_t len)
{
        uint64_t delay_us = TCP_ROUND_TRIPS * travel_us(net) + manner->delay_ms * UINT64_C(1000);

        if (is_lost(net))
                delay_us += RETRANSMIT_US;
        if (manner->refuse)
                virtual_fail(net->v, send->send.flight, delay_us, FAILURE_REFUSED);
        else if (manner->close || manner->cut_after)
                virtual_fail(net->v, send->send.flight, delay_us, FAILURE_CLOSED);
        else if (len)
                virtual_deliver(net->v, send->send.flight, delay_us, net->answer, len);
}

/* Hook: the resolver sends a message. */
static void server_gets(void *context, const struct action *send)
{
        struct net *net = context;
        struct authority_address server = { .len = (uint8_t)address_len(&send->send.to.address) };
        struct authority_manner manner = { 0 };
        bool tcp = send->send.transport == TRANSPORT_TCP;
        size_t len;

        net->sent++;
        memcpy(server.bytes, send->send.to.address.bytes, server.len);
        len = authority_answer(net->authority, &server, tcp, send->send.bytes, send->send.len, net->answer,
                               AUTHORITY_MESSAGE_MAX, &manner);
        if (tcp && authority_refuses_tcp(net->authority, &server))
                manner.refuse = true;
        if (tcp)
                serve_tcp(net, send, &manner, len);
        else
                serve_udp(net, send, &manner, len);
}

/* Hook: a response for a client. */
static void client_gets(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct net *net = context;

        net->answered(net->context, client, bytes, len);
}

/* Hook: a trace has ended. */
static void trace_ends(void *context, const struct action *record)
{
        const struct net *net = context;
        struct trace_view trace;
        struct step_view step;
        size_t at = 0;
        char text[1000];
        bool first = true;

        if (!net->settings.watch || !record->record.final ||
            trace_open(record->record.bytes, record->record.len, &trace) != ERR_OK)
                return;
        while (trace_next(&trace, &at, &step)) {
                step_text(&step, text, sizeof text);
                if (first && !strstr(text, net->settings.watch))
                        return;
                first = false;
                printf("  %8.3f [%u] %s: %s\n", (double)step.at_us / 1e6, step.task, step_word(step.kind), text);
        }
}

/* The lab's hints or anchors, lines of "owner ttl IN type data", as a list in the settings. */
static void write_records(const struct authority *authority, void (*write)(const struct authority *, FILE *),
                          const char *types, const char *key, const char *item, FILE *out)
{
        char *text = NULL, *save = NULL;
        size_t len = 0;
        FILE *records = open_memstream(&text, &len);
        const char *comma = "";

        write(authority, records);
        fclose(records);
        fprintf(out, "%s: [", key);
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                char owner[256], type[16], data[512];

                if (sscanf(line, "%255s %*s %*s %15s %511[^\n]", owner, type, data) == 3 && strstr(types, type)) {
                        fputs(comma, out);
                        fprintf(out, item, owner, data);
                        comma = ", ";
                }
        }
        fputs("]\n", out);
        free(text);
}

static void write_settings(const struct net *net, FILE *out)
{
        write_records(net->authority, authority_write_hints, "A AAAA", "root-hints", "\"%s %s\"", out);
        if (net->settings.validate)
                write_records(net->authority, authority_write_anchors, "DS", "trust-anchors", "\"%s DS %s\"", out);
        fprintf(out, "validation: %s\n%s", net->settings.validate ? "yes" : "no",
                net->settings.yaml ? net->settings.yaml : "");
}

bool net_open(struct net *net, struct authority *authority, const struct net_settings *settings, net_answered *answered,
              void *context)
{
        struct virtual_hooks hooks = { net, server_gets, client_gets, trace_ends };
        char complaint[VIRTUAL_COMPLAINT_MAX], *yaml = NULL;
        uint8_t seed[RNG_SEED_LEN] = { 'n', 'e', 't' };
        size_t len = 0;
        FILE *text = open_memstream(&yaml, &len);

        *net = (struct net){ .authority = authority, .settings = *settings, .answered = answered, .context = context };
        store_u64(seed + 8, settings->seed);
        rng_init(&net->rng, seed);
        write_settings(net, text);
        fclose(text);
        net->v = virtual_new(yaml, NET_WALL_S, settings->seed, &hooks, complaint);
        if (!net->v)
                fprintf(stderr, "%s\n%s", complaint, yaml);
        free(yaml);
        return net->v;
}

void net_close(struct net *net)
{
        if (net->v)
                virtual_free(net->v);
        net->v = NULL;
}

void net_ask(struct net *net, uint64_t client, const uint8_t *name, uint16_t type)
{
        uint8_t query[12 + 255 + 4];
        struct writer w = writer_over(query, sizeof query);
        struct endpoint from = { .address = { .family = 4, .bytes = { 127, 0, 0, 1 } }, .port = 4000 };
        size_t name_len = 0;

        while (name[name_len])
                name_len += 1u + name[name_len];
        write_u16(&w, ++net->next_id);
        write_u16(&w, 0x0120); /* RD, AD */
        write_u16(&w, 1);
        write_bytes(&w, "\0\0\0\0\0\0", 6);
        write_bytes(&w, name, name_len + 1);
        write_u16(&w, type);
        write_u16(&w, 1);
        virtual_ask(net->v, client, &from, TRANSPORT_TCP, query, writer_len(&w));
}

void net_run(struct net *net, uint64_t until_us)
{
        while (virtual_step(net->v, until_us))
                ;
}
