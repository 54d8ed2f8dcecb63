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
#include <time.h>

#include <cmocka.h>

enum { DAY = 86400, YEAR = 365 * DAY, SERVFAIL = 2, ASKED_OF_ALL = 16 /* workers, by as many ports */ };

static struct signed_root root;
static char settings[SIGNED_ROOT_SETTING_MAX], scratch[SCRATCH_PATH], offset_file[SCRATCH_PATH];
static struct cairnd_options options = { .validate = true, .fake_time = offset_file };

static int set_up(void **state)
{
        (void)state;
        signed_root_start(&root);
        options.forward_to = root.port;
        options.settings = signed_root_setting(&root, settings);
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

static void a_clock_is_set(long long offset_s)
{
        struct cairnd cairnd;

        if (!faketime_works())
                skip();
        faketime_set(offset_file, offset_s);
        cairnd_start(&cairnd, &options);
        assert_int_equal(udp_rcode(cairnd.port, "host.example"), SERVFAIL);
        assert_int_equal(udp_rcode(cairnd.port, "2.debian.pool.ntp.org"), 0);
        cairnd_await(&cairnd, "WARNING: the clock is probably wrong: it says ");
        faketime_set(offset_file, 0);
        for (unsigned i = 0; i < ASKED_OF_ALL; i++)
                assert_int_equal(udp_rcode(cairnd.port, "host.example"), 0);
        cairnd_await(&cairnd, "the clock is no longer in doubt");
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
