/* Which worker gets a question: its name decides, not who asks. */
#include "steer.h"
#include "socket.h"
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORKERS = 4, NAMES = 400, ASKERS = 2, PATIENCE_MS = 20000, MESSAGE_ROOM = 64 };

static int worker[WORKERS], asker[ASKERS];

/* Sockets as doors.c binds them for the workers of one endpoint, and two that ask. */
static int set_up(void **state)
{
        struct endpoint at = { .address = address_from((const uint8_t[]){ 127, 0, 0, 1 }, 4) };
        struct sockaddr_storage address;
        socklen_t len = sizeof address;

        for (unsigned i = 0; i < WORKERS; i++) {
                worker[i] = socket_listen_udp(&at);
                assert_true(worker[i] >= 0);
                assert_int_equal(getsockname(worker[i], (struct sockaddr *)&address, &len), 0);
                assert_true(socket_endpoint(&address, &at)); /* from the first one on with its port */
        }
        for (unsigned i = 0; i < ASKERS; i++) {
                asker[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
                assert_int_equal(connect(asker[i], (struct sockaddr *)&address, len), 0);
        }
        (void)state;
        return 0;
}

static int tear_down(void **state)
{
        for (unsigned i = 0; i < WORKERS; i++)
                close(worker[i]);
        for (unsigned i = 0; i < ASKERS; i++)
                close(asker[i]);
        (void)state;
        return 0;
}

/* Who got the one datagram that is under way. */
static unsigned receiver(void)
{
        struct pollfd ready[WORKERS];
        uint8_t room[MESSAGE_ROOM];

        for (unsigned i = 0; i < WORKERS; i++)
                ready[i] = (struct pollfd){ .fd = worker[i], .events = POLLIN };
        assert_int_equal(poll(ready, WORKERS, PATIENCE_MS), 1);
        for (unsigned i = 0; i < WORKERS; i++) {
                if (ready[i].revents & POLLIN) {
                        assert_true(recv(worker[i], room, sizeof room, 0) > 0);
                        return i;
                }
        }
        fail();
        return 0;
}

/* Ask for A of label.example, or of the label alone. */
static unsigned ask(int fd, const char *label, const char *parent)
{
        uint8_t message[MESSAGE_ROOM] = { 0 }, *at = message + 12;

        for (const char *part = label; part; part = part == label ? parent : NULL) {
                *at = (uint8_t)strlen(part);
                memcpy(at + 1, part, *at);
                at += 1 + *at;
        }
        at += 1;
        memcpy(at, (const uint8_t[]){ 0, 1, 0, 1 }, 4);
        assert_true(send(fd, message, (size_t)(at + 4 - message), 0) > 0);
        return receiver();
}

static void questions_of_one_socket_reach_all_workers(void **state)
{
        unsigned before[WORKERS] = { 0 }, after[WORKERS] = { 0 };
        char label[16];

        for (unsigned i = 0; i < NAMES; i++) {
                snprintf(label, sizeof label, "www%u", i);
                before[ask(asker[0], label, "example")]++;
        }
        assert_true(steer_by_name(worker[1], WORKERS));
        for (unsigned i = 0; i < NAMES; i++) {
                snprintf(label, sizeof label, "www%u", i);
                after[ask(asker[0], label, "example")]++;
        }
        for (unsigned i = 0; i < WORKERS; i++) {
                assert_true(before[i] == 0 || before[i] == NAMES);
                assert_in_range(after[i], NAMES / WORKERS / 2, 2 * NAMES / WORKERS);
        }
        (void)state;
}

static void a_name_stays_with_its_worker(void **state)
{
        unsigned moved = 0, last = WORKERS;

        assert_true(steer_by_name(worker[0], WORKERS));
        for (unsigned i = 0; i < NAMES; i++) {
                char lower[24], mixed[24];

                snprintf(lower, sizeof lower, "host%u", i);
                snprintf(mixed, sizeof mixed, "HoST%u", i);
                unsigned at = ask(asker[0], lower, "example");
                assert_int_equal(ask(asker[1], lower, "example"), at);
                assert_int_equal(ask(asker[1], mixed, "exAMPLe"), at);
                moved += at != last;
                last = at;
        }
        assert_true(moved > NAMES / 2);
        (void)state;
}

/* Names of domains as short as they get, without EDNS. */
static void short_names_are_spread_too(void **state)
{
        unsigned got[WORKERS] = { 0 };
        char label[3] = "";

        assert_true(steer_by_name(worker[0], WORKERS));
        for (unsigned i = 0; i < NAMES; i++) {
                label[0] = (char)('a' + i % 26);
                label[1] = (char)('a' + i / 26);
                got[ask(asker[0], label, "de")]++;
        }
        for (unsigned i = 0; i < WORKERS; i++)
                assert_in_range(got[i], NAMES / WORKERS / 2, 2 * NAMES / WORKERS);
        (void)state;
}

static void what_is_no_question_still_arrives(void **state)
{
        static const uint8_t junk[20];

        assert_true(steer_by_name(worker[0], WORKERS));
        for (size_t len = 1; len <= sizeof junk; len++) {
                assert_true(send(asker[0], junk, len, 0) > 0);
                assert_int_equal(receiver(), 0);
        }
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(questions_of_one_socket_reach_all_workers, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_name_stays_with_its_worker, set_up, tear_down),
                cmocka_unit_test_setup_teardown(short_names_are_spread_too, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_is_no_question_still_arrives, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
