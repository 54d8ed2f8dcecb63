/* The web port: who is answered, what every answer carries, and what a client cannot use up. */
#include "asker.h"
#include "cairnd.h"
#include "forwarder.h"
#include "host.h"
#include "http.h"
#include "config/config.h"
#include "web.h"
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLIENTS = 2 * WEB_CONNECTIONS_MAX };

static struct forwarder forwarder;
static struct cairnd cairnd;
static struct cairnd_options options;
static char answer[1 << 20];

static int set_up(void **state)
{
        (void)state;
        forwarder_start(&forwarder);
        options = (struct cairnd_options){ .forward_to = forwarder.port, .web_port = free_port() };
        cairnd_start(&cairnd, &options);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        cairnd_stop(&cairnd, NULL);
        cairnd_clean(&cairnd);
        forwarder_stop(&forwarder);
        return 0;
}

static void test_every_answer_is_fenced_in(void **state)
{
        static const char *const paths[] = { "/", "/metrics", "/nothing", "/../etc/passwd", "/%00", "/?a=b" };

        (void)state;
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
                assert_true(http_get(options.web_port, paths[i], answer, sizeof answer) >= 200);
                assert_non_null(strstr(answer, "\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; "));
                assert_non_null(strstr(answer, "frame-ancestors 'none'"));
                assert_non_null(strstr(answer, "\r\nX-Frame-Options: DENY\r\n"));
                assert_non_null(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
                assert_non_null(strstr(answer, "\r\nContent-Type: "));
                assert_null(strstr(answer, "Access-Control"));
                assert_null(strstr(answer, "Set-Cookie"));
        }
}

static void test_one_can_only_read(void **state)
{
        static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH" };
        char request[64];

        (void)state;
        for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
                snprintf(request, sizeof request, "%s /metrics", methods[i]);
                assert_int_equal(http_ask(options.web_port, request, "Host: localhost\r\n", answer, sizeof answer), 405);
        }
        assert_int_equal(http_ask(options.web_port, "HEAD /metrics", "Host: localhost\r\n", answer, sizeof answer), 200);
        assert_string_equal(http_body(answer), "");
}

static void test_a_page_of_somebody_else_is_turned_away(void **state)
{
        (void)state;
        assert_int_equal(http_ask(options.web_port, "GET /metrics", "Host: rebound.example\r\n", answer, sizeof answer), 421);
        assert_null(strstr(answer, "cairn_"));
        assert_int_equal(http_ask(options.web_port, "GET /metrics", "Host: [::1]:80\r\n", answer, sizeof answer), 200);
        assert_int_equal(http_ask(options.web_port, "GET /metrics", "", answer, sizeof answer), 400); /* RFC 9112 3.2 */
}

static void test_hosts(void **state)
{
        static const struct {
                const char *host;
                bool ours;
        } table[] = {
                { "localhost", true }, { "LocalHost:8053", true }, { "127.0.0.1", true }, { "127.0.0.1:8053", true },
                { "192.0.2.7:80", true }, { "[::1]", true }, { "[2001:db8::1]:8053", true }, { "ns.Home.arpa:8053", true },
                { "ns.home.arpa.", true }, { NULL, false }, { "", false }, { ":80", false }, { "[::1", false },
                { "[::1]x", false }, { "::1", false }, { "127.0.0.1:80:90", false }, { "127.0.0.1:x", false },
                { "localhost.evil.example", false }, { "evil.example", false }, { "home.arpa", false },
                { "127.0.0.1.evil.example", false }, { "a b", false }, { "x@127.0.0.1", false },
        };
        struct settings *settings = config_defaults();
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        (void)state;
        assert_int_equal(name_from_text("ns.home.arpa", room, &name), ERR_OK);
        settings->web_names = (struct name_list){ 1, &name };
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                if (host_is_ours(table[i].host, settings) != table[i].ours)
                        fail_msg("%s", table[i].host);
        }
        settings_free(settings);
}

static void test_a_long_head_is_refused(void **state)
{
        static char head[3 * WEB_HEAD_BYTES_MAX];
        int fd = http_connect(options.web_port);

        (void)state;
        memset(head, 'a', sizeof head);
        memcpy(head, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", 36);
        http_send(fd, head, sizeof head);
        http_read(fd, answer, sizeof answer);
        assert_null(strstr(answer, " 200 "));
        assert_int_equal(http_get(options.web_port, "/metrics", answer, sizeof answer), 200);
}

/* Those that keep the port busy without a word, or word by word, are hung up on; then there is room again. */
static void test_slow_clients_are_hung_up_on(void **state)
{
        int fd[CLIENTS];

        (void)state;
        for (unsigned i = 0; i < CLIENTS; i++) {
                fd[i] = http_connect(options.web_port);
                if (i % 2)
                        http_send(fd[i], "GET / HTTP/1.1\r\nHost: ", 22);
        }
        for (unsigned i = 0; i < CLIENTS; i++) {
                http_read(fd[i], answer, sizeof answer); /* until the end of it */
                assert_null(strstr(answer, " 200 "));
        }
        assert_int_equal(http_get(options.web_port, "/metrics", answer, sizeof answer), 200);
        assert_true(udp_works(udp_to("127.0.0.1", cairnd.port), 1, "still.example"));
}

static void test_who_may_read_is_a_live_setting(void **state)
{
        char reply[256];

        (void)state;
        options.settings = "web-allow: [192.0.2.0/24]\n";
        cairnd_configure(&cairnd, &options);
        assert_true(cairnd_call(&cairnd, "reload\n", reply, sizeof reply));
        assert_string_equal(reply, "ok\n");
        assert_int_equal(http_get(options.web_port, "/metrics", answer, sizeof answer), 403);
        assert_null(strstr(answer, "cairn_"));
        options.settings = NULL;
        cairnd_configure(&cairnd, &options);
        assert_true(cairnd_call(&cairnd, "reload\n", reply, sizeof reply));
        assert_int_equal(http_get(options.web_port, "/metrics", answer, sizeof answer), 200);
}

/* Names resolve also where something else has the port of the page, and the page comes when that is gone. */
static void test_a_port_in_use(void **state)
{
        struct cairnd_options same = { .forward_to = forwarder.port };
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t len = sizeof address;
        int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct cairnd other;
        char reply[200];

        (void)state;
        assert_int_equal(bind(taken, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(listen(taken, 1), 0);
        getsockname(taken, (struct sockaddr *)&address, &len);
        same.web_port = ntohs(address.sin_port);
        cairnd_start(&other, &same);
        assert_true(cairnd_said(&other, "WARNING: the web page cannot be at 127.0.0.1@"));
        int fd = udp_to("127.0.0.1", other.port);
        assert_true(udp_works(fd, 1, "host.example"));
        close(fd);
        assert_true(cairnd_call(&other, "reload\n", reply, sizeof reply));
        close(taken);
        assert_true(cairnd_call(&other, "reload\n", reply, sizeof reply));
        assert_int_equal(http_get(same.web_port, "/metrics", answer, sizeof answer), 200);
        assert_true(cairnd_said(&other, "the web page is at 127.0.0.1@"));
        assert_int_equal(cairnd_stop(&other, NULL), 0);
        cairnd_clean(&other);
}

/* No waiting makes this address ours. */
static void test_a_place_that_cannot_be(void **state)
{
        struct cairnd_options wrong = { .forward_to = forwarder.port, .settings = "web-listen: [192.0.2.1]\n" };
        struct cairnd other;

        (void)state;
        wrong.web_port = free_port();
        assert_int_not_equal(cairnd_try(&other, &wrong), 0);
        assert_true(cairnd_said(&other, "the web page cannot be at 192.0.2.1@"));
        cairnd_clean(&other);
}

static void test_counts_are_those_of_the_daemon(void **state)
{
        int fd = udp_to("127.0.0.1", cairnd.port);

        (void)state;
        for (unsigned i = 0; i < 7; i++)
                assert_true(udp_works(fd, i, "counted.example"));
        close(fd);
        assert_int_equal(http_get(options.web_port, "/metrics", answer, sizeof answer), 200);
        assert_non_null(strstr(answer, "\ncairn_cache_size_bytes 4194304\n"));
        assert_null(strstr(answer, "\ncairn_answers_total{rcode=\"NOERROR\"} 0\n"));
        assert_null(strstr(answer, "\ncairn_start_time_seconds 0\n"));
        assert_null(strstr(answer, "counted")); /* no label is made of what a client asked */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_answer_is_fenced_in),
                cmocka_unit_test(test_one_can_only_read),
                cmocka_unit_test(test_a_page_of_somebody_else_is_turned_away),
                cmocka_unit_test(test_hosts),
                cmocka_unit_test(test_a_long_head_is_refused),
                cmocka_unit_test(test_slow_clients_are_hung_up_on),
                cmocka_unit_test(test_who_may_read_is_a_live_setting),
                cmocka_unit_test(test_a_port_in_use),
                cmocka_unit_test(test_a_place_that_cannot_be),
                cmocka_unit_test(test_counts_are_those_of_the_daemon),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
