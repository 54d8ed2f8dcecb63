/*
 * Negative trust anchors made at run time, with a real cairnd: what they excuse and what not, what clients are told, and
 * how they end.
 */
#include "asker.h"
#include "cairnd.h"
#include "faketime.h"
#include "letter.h"
#include "scratch.h"
#include "signed_root.h"
#include "wire/codes.h"
#include "wire/message.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SERVFAIL = 2, NAP_US = 20000, PATIENCE = 3000, ROOM = 4096 };

static struct signed_root root;
static char settings[SIGNED_ROOT_SETTING_MAX], scratch[SCRATCH_PATH], offset_file[SCRATCH_PATH], reply[ROOM];
static struct cairnd_options options = { .validate = true };

static int set_up(void **state)
{
        (void)state;
        signed_root_start(&root);
        options.forward_to = root.port;
        options.settings = signed_root_setting(&root, settings);
        scratch_path(scratch_make(scratch), "offset", offset_file);
        faketime_set(offset_file, 0);
        if (faketime_works())
                options.fake_time = offset_file;
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        signed_root_stop(&root);
        scratch_remove(scratch);
        return 0;
}

/* The answer to a client with EDNS; its rcode. */
static unsigned ask(const struct cairnd *cairnd, const char *name, uint8_t answer[ROOM], size_t *len)
{
        const struct edns edns = { .present = true, .udp_size = 1232 };
        int fd = udp_to("127.0.0.1", cairnd->port);
        uint8_t query[QUERY_MAX];

        send(fd, query, letter_ask(name, TYPE_A, 1, FLAG_AD, &edns, query), 0);
        ssize_t got = recv(fd, answer, ROOM, 0);
        close(fd);
        assert_true(got >= HEADER_LEN);
        *len = (size_t)got;
        return answer[3] & FLAG_RCODE_MASK;
}

static unsigned rcode_of(const struct cairnd *cairnd, const char *name)
{
        uint8_t answer[ROOM];
        size_t len;

        return ask(cairnd, name, answer, &len);
}

static const char *call(const struct cairnd *cairnd, const char *request)
{
        assert_true(cairnd_call(cairnd, request, reply, sizeof reply));
        return reply;
}

/* Workers take to new anchors each at its own time. */
static void expect_rcode(const struct cairnd *cairnd, const char *name, unsigned rcode)
{
        for (unsigned i = 0; i < PATIENCE; i++) {
                if (rcode_of(cairnd, name) == rcode)
                        return;
                usleep(NAP_US);
        }
        fail_msg("%s has another rcode than %u", name, rcode);
}

static void a_mistake_is_excused(void **state)
{
        struct cairnd cairnd;
        uint8_t answer[ROOM];
        size_t len;

        (void)state;
        root.forgets_to_sign = true;
        cairnd_start(&cairnd, &options);
        expect_rcode(&cairnd, "host.example", SERVFAIL);
        assert_non_null(strstr(call(&cairnd, "negative-anchor add example --for 1h --reason \"they forgot to sign\"\n"),
                               "example.  until "));
        expect_rcode(&cairnd, "host.example", 0);
        assert_int_equal(ask(&cairnd, "other.example", answer, &len), 0);
        assert_false(answer[3] & FLAG_AD);
        static const char why[] = "\0\x21nothing is validated below the negative trust anchor example.: they forgot to sign";
        assert_non_null(memmem(answer, len, why, sizeof why - 1));
        assert_int_equal(rcode_of(&cairnd, "host.xexample"), SERVFAIL);
        assert_memory_equal(call(&cairnd, "reload\n"), "ok\n", 3);
        assert_int_equal(rcode_of(&cairnd, "after.reload.example"), 0);

        kill(cairnd.pid, SIGKILL);
        waitpid(cairnd.pid, NULL, 0);
        cairnd_again(&cairnd, &options);
        assert_non_null(strstr(call(&cairnd, "negative-anchor list\n"), "they forgot to sign"));
        assert_int_equal(rcode_of(&cairnd, "host.example"), 0);
        assert_string_equal(call(&cairnd, "negative-anchor remove example\n"), "ok\n");
        expect_rcode(&cairnd, "host.example", SERVFAIL);
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
}

static void it_ends_when_the_zone_validates(void **state)
{
        struct cairnd cairnd;

        (void)state;
        if (!options.fake_time)
                skip();
        root.forgets_to_sign = true;
        cairnd_start(&cairnd, &options);
        expect_rcode(&cairnd, "host.example", SERVFAIL);
        call(&cairnd, "negative-anchor add example\n");
        expect_rcode(&cairnd, "host.example", 0);
        faketime_set(offset_file, 400);
        call(&cairnd, "negative-anchor add nudge.example --for 2\n"); /* the timer is set anew */
        while (!strstr(call(&cairnd, "negative-anchor list\n"), "example.  until ") ||
               strstr(reply, "last checked never"))
                usleep(NAP_US);
        assert_non_null(strstr(reply, "example.  until ")); /* checked, and needed */
        root.forgets_to_sign = false;
        faketime_set(offset_file, 800);
        call(&cairnd, "negative-anchor add nudge.example --for 2\n");
        while (strstr(call(&cairnd, "negative-anchor list\n"), "\nexample.  until "))
                usleep(NAP_US);
        assert_true(cairnd_said(&cairnd, "the negative trust anchor example. is gone: its zone validates again"));
        faketime_set(offset_file, 0);
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
}

/* A machine without a battery boots in 1970, and must not take what is fresh for made in the future. */
static void it_outlives_a_boot_in_1970(void **state)
{
        struct cairnd cairnd;

        (void)state;
        if (!options.fake_time)
                skip();
        cairnd_start(&cairnd, &options);
        call(&cairnd, "negative-anchor add example\n");
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        faketime_set(offset_file, -(long long)time(NULL) + 60);
        cairnd_again(&cairnd, &options);
        call(&cairnd, "negative-anchor add nudge.example --for 2\n"); /* when it ends, all are looked at */
        while (strstr(call(&cairnd, "negative-anchor list\n"), "nudge.example"))
                usleep(NAP_US);
        assert_non_null(strstr(reply, "example.  until "));
        faketime_set(offset_file, 0);
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
}

static void what_cannot_be_asked_for(void **state)
{
        static const char *const wrong[] = {
                "negative-anchor add\n",
                "negative-anchor add example --for never\n",
                "negative-anchor add example --until 2020-01-01\n",
                "negative-anchor add example --reason\n",
                "negative-anchor remove example\n",
        };
        struct cairnd cairnd;

        (void)state;
        cairnd_start(&cairnd, &options);
        assert_string_equal(call(&cairnd, "negative-anchor add example --for 8d\n"),
                            "error: a negative trust anchor ends within a week from now; those of the settings are for "
                            "good\n");
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                assert_memory_equal(call(&cairnd, wrong[i]), "error: ", 7);
        assert_string_equal(call(&cairnd, "negative-anchor list\n"), "ok\nthere are none\n");
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_mistake_is_excused),
                cmocka_unit_test(it_ends_when_the_zone_validates),
                cmocka_unit_test(it_outlives_a_boot_in_1970),
                cmocka_unit_test(what_cannot_be_asked_for),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
