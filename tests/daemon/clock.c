/*
 * A real cairnd on a machine whose clock stands wrong: it says so, time servers can be found, and when the clock has been
 * set all is well with the next question.
 */
#include "asker.h"
#include "cairnd.h"
#include "faketime.h"
#include "scratch.h"
#include "signed_root.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { DAY = 86400, YEAR = 365 * DAY, NAP_US = 20000, SERVFAIL = 2, ASKED_OF_ALL = 16 /* workers, by as many ports */ };

static struct signed_root root;
static char settings[400], scratch[SCRATCH_PATH], offset_file[SCRATCH_PATH];
static struct cairnd_options options = { .validate = true, .settings = settings, .fake_time = offset_file };

static int set_up(void **state)
{
        uint32_t now = (uint32_t)time(NULL);
        char ds[200];

        (void)state;
        signed_root_start(&root, now - 10 * DAY, now + 10 * DAY);
        options.forward_to = root.port;
        snprintf(settings, sizeof settings, "trust-anchors: [\"%s\"]\n", signed_root_ds(&root, 0, ds));
        scratch_path(scratch_make(scratch), "offset", offset_file);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        signed_root_stop(&root);
        scratch_remove(scratch);
        return 0;
}

static unsigned rcode_of(const struct cairnd *cairnd, const char *name)
{
        int fd = udp_to("127.0.0.1", cairnd->port);
        unsigned rcode = 0;

        udp_ask(fd, 1, name);
        assert_int_equal(udp_hear(fd, ASKER_PATIENCE_MS, &rcode), 1);
        close(fd);
        return rcode;
}

/* Without showing the log while it is not there yet. */
static bool has_said(const struct cairnd *cairnd, const char *text)
{
        static char page[65536];
        char path[128];

        snprintf(path, sizeof path, "%s/log", cairnd->dir);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        page[fread(page, 1, sizeof page - 1, file)] = 0;
        fclose(file);
        return strstr(page, text) != NULL;
}

static void a_clock_is_set(long long offset_s)
{
        struct cairnd cairnd;

        if (!faketime_works())
                skip();
        faketime_set(offset_file, offset_s);
        cairnd_start(&cairnd, &options);
        assert_int_equal(rcode_of(&cairnd, "host.example"), SERVFAIL);
        assert_int_equal(rcode_of(&cairnd, "2.debian.pool.ntp.org"), 0);
        while (!has_said(&cairnd, "WARNING: the clock is probably wrong: it says "))
                usleep(NAP_US);
        faketime_set(offset_file, 0);
        for (unsigned i = 0; i < ASKED_OF_ALL; i++)
                assert_int_equal(rcode_of(&cairnd, "host.example"), 0);
        while (!has_said(&cairnd, "the clock is no longer in doubt"))
                usleep(NAP_US);
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
}

static void a_clock_that_is_a_year_behind(void **state)
{
        (void)state;
        a_clock_is_set(-YEAR);
}

static void a_clock_that_is_a_year_ahead(void **state)
{
        (void)state;
        a_clock_is_set(YEAR);
}

static void a_clock_that_begins_in_1970(void **state)
{
        (void)state;
        a_clock_is_set(-(long long)time(NULL) + 60);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_clock_that_is_a_year_behind),
                cmocka_unit_test(a_clock_that_is_a_year_ahead),
                cmocka_unit_test(a_clock_that_begins_in_1970),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
