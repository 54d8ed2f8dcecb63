/* Source ports: from the whole range, each as likely as any other, none twice at a time. */
#include "ports.h"
#include "socket.h"
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { SAMPLES = 20000, BINS = 63, HELD = 500 };

static struct rng rng;
static struct ports ports;

static int set_up(void **state)
{
        static const uint8_t seed[RNG_SEED_LEN] = "one seed, so that it repeats";

        rng_init(&rng, seed);
        ports_init(&ports, &rng);
        (void)state;
        return 0;
}

static int tear_down(void **state)
{
        ports_fini(&ports);
        (void)state;
        return 0;
}

static struct endpoint name_of(int fd)
{
        struct sockaddr_storage address;
        socklen_t len = sizeof address;
        struct endpoint name;

        assert_true(fd >= 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
        assert_true(socket_endpoint(&address, &name));
        return name;
}

/* 63 bins of 1,024 ports; chi-square with 62 degrees of freedom exceeds 123 once in a hundred thousand. */
static void ports_are_spread_evenly(void **state)
{
        unsigned bin[BINS] = { 0 };
        double chi_square = 0, expected = (double)SAMPLES / BINS;

        for (unsigned i = 0; i < SAMPLES; i++) {
                int fd = ports_take(&ports, 4);
                uint16_t port = name_of(fd).port;

                assert_in_range(port, PORT_FIRST, 65535);
                bin[(port - PORT_FIRST) / 1024]++;
                close(fd);
                if (i % 16 == 0)
                        ports_turn(&ports); /* some come from those kept ready */
        }
        for (unsigned i = 0; i < BINS; i++)
                chi_square += (bin[i] - expected) * (bin[i] - expected) / expected;
        assert_true(chi_square < 123);
        (void)state;
}

static void sockets_open_at_once_have_ports_of_their_own(void **state)
{
        static bool seen[65536];
        int fd[HELD];

        for (unsigned i = 0; i < HELD; i++) {
                fd[i] = ports_take(&ports, 4);
                uint16_t port = name_of(fd[i]).port;

                assert_false(seen[port]);
                seen[port] = true;
        }
        for (unsigned i = 0; i < HELD; i++)
                close(fd[i]);
        (void)state;
}

static void they_leave_from_the_addresses_given(void **state)
{
        const struct address source[] = { { .family = 4, .bytes = { 127, 0, 0, 7 } },
                                          { .family = 4, .bytes = { 127, 0, 0, 8 } } };
        unsigned count[2] = { 0 };

        ports_adopt(&ports, source, 2);
        for (unsigned i = 0; i < 200; i++) {
                int fd = ports_take(&ports, 4);
                struct endpoint name = name_of(fd);

                assert_int_equal(name.address.bytes[0], 127);
                count[name.address.bytes[3] - 7]++;
                close(fd);
        }
        assert_in_range(count[0], 50, 150); /* by lot */
        assert_int_equal(ports_source(&ports, 4).family, 4);
        assert_int_equal(ports_source(&ports, 6).family, 0); /* none of that family was given: any */
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(ports_are_spread_evenly, set_up, tear_down),
                cmocka_unit_test_setup_teardown(sockets_open_at_once_have_ports_of_their_own, set_up, tear_down),
                cmocka_unit_test_setup_teardown(they_leave_from_the_addresses_given, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
