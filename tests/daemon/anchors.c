/*
 * Trust anchors that are followed by a real cairnd: what it says of them, what it keeps in its file, and that neither a
 * sudden end nor damage of that file costs trust.
 */
#include "asker.h"
#include "cairnd.h"
#include "signed_root.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { REPLY_ROOM = 65536, PATIENCE = 3000, NAP_US = 20000 };

static struct signed_root root;
static char settings[400], reply[REPLY_ROOM];
static struct cairnd_options options = { .validate = true, .settings = settings };

static int set_up(void **state)
{
        char anchor[SIGNED_ROOT_SETTING_MAX];

        (void)state;
        signed_root_start(&root);
        options.forward_to = root.port;
        snprintf(settings, sizeof settings, "trust-anchor-update: all\n%s", signed_root_setting(&root, anchor));
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        signed_root_stop(&root);
        return 0;
}

/* The daemon fetches the root's keys anew; whether it believed them is told in the trace. */
static void look(const struct cairnd *cairnd)
{
        assert_true(cairnd_call(cairnd, "trace . DNSKEY --cold\n", reply, sizeof reply));
        assert_memory_equal(reply, "ok\n", 3);
}

/* Wait until `cairn anchors` says this: letters between threads take their time. */
static void expect(const struct cairnd *cairnd, const char *text)
{
        for (unsigned i = 0; i < PATIENCE; i++) {
                assert_true(cairnd_call(cairnd, "anchors\n", reply, sizeof reply));
                if (strstr(reply, text))
                        return;
                usleep(NAP_US);
        }
        fail_msg("\"%s\" is not in: %s", text, reply);
}

static void expect_key(const struct cairnd *cairnd, unsigned key, const char *word)
{
        char text[40];

        snprintf(text, sizeof text, "%5u  %s", signer_key_tag(&root.key[key]), word);
        expect(cairnd, text);
}

static void path_of(const struct cairnd *cairnd, const char *name, char path[128])
{
        snprintf(path, 128, "%s/%s", cairnd->dir, name);
}

/* What the file holds: how often this text. */
static unsigned in_file(const struct cairnd *cairnd, const char *name, const char *text)
{
        static char page[REPLY_ROOM];
        unsigned count = 0;
        char path[128];

        path_of(cairnd, name, path);
        FILE *file = fopen(path, "r");
        if (!file)
                return 0;
        page[fread(page, 1, sizeof page - 1, file)] = 0;
        fclose(file);
        for (const char *at = page; (at = strstr(at, text)); at++)
                count++;
        return count;
}

static void spoil(const struct cairnd *cairnd)
{
        char path[128];

        path_of(cairnd, "trust-anchors", path);
        FILE *file = fopen(path, "r+");
        assert_non_null(file);
        fseek(file, 300, SEEK_SET);
        fputc('#', file);
        fclose(file);
}

static void a_new_key_is_held_over_a_sudden_end(void **state)
{
        struct cairnd cairnd;

        (void)state;
        cairnd_start(&cairnd, &options);
        expect(&cairnd, "last seen never, next look with the first question");
        look(&cairnd);
        expect_key(&cairnd, 0, "valid");
        signed_root_let(&root, 1, ROOT_KEY_SHOWN);
        look(&cairnd);
        expect_key(&cairnd, 1, "pending");
        expect(&cairnd, "30 d to go");
        assert_int_equal(in_file(&cairnd, "trust-anchors", "\nkey valid since "), 1);
        assert_int_equal(in_file(&cairnd, "trust-anchors", "\nkey pending since "), 1);
        kill(cairnd.pid, SIGKILL);
        waitpid(cairnd.pid, NULL, 0);
        cairnd_again(&cairnd, &options);
        expect_key(&cairnd, 1, "pending");
        assert_true(cairnd_said(&cairnd, "is pending: it is new among the zone's keys"));
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
        signed_root_let(&root, 1, ROOT_KEY_ABSENT);
}

static void a_damaged_file_costs_no_trust(void **state)
{
        struct cairnd cairnd;

        (void)state;
        cairnd_start(&cairnd, &options);
        look(&cairnd);
        expect_key(&cairnd, 0, "valid");
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        spoil(&cairnd);
        cairnd_again(&cairnd, &options);
        assert_true(cairnd_said(&cairnd, "is damaged (its seal is broken: it was cut off, or changed)"));
        assert_int_equal(in_file(&cairnd, "trust-anchors.damaged", "\nkey valid since "), 1);
        assert_int_equal(udp_rcode(cairnd.port, "www.example"), 0);
        look(&cairnd);
        expect_key(&cairnd, 0, "valid");
        assert_int_equal(in_file(&cairnd, "trust-anchors", "\nkey valid since "), 1);
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
}

static void a_revoked_anchor_is_never_trusted_again(void **state)
{
        struct cairnd cairnd;

        (void)state;
        cairnd_start(&cairnd, &options);
        look(&cairnd);
        expect_key(&cairnd, 0, "valid");
        signed_root_let(&root, 0, ROOT_KEY_REVOKED);
        look(&cairnd);
        expect(&cairnd, "revoked");
        assert_true(cairnd_said(&cairnd, "no key of . is trusted any more"));
        signed_root_let(&root, 0, ROOT_KEY_SIGNS);
        for (unsigned i = 0; i < 2; i++) { /* the settings name it still; so it is after a restart */
                assert_int_equal(udp_rcode(cairnd.port, i ? "again.example" : "new.example"), 2);
                expect(&cairnd, "revoked");
                assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
                if (i == 0)
                        cairnd_again(&cairnd, &options);
        }
        cairnd_clean(&cairnd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_new_key_is_held_over_a_sudden_end),
                cmocka_unit_test(a_damaged_file_costs_no_trust),
                cmocka_unit_test(a_revoked_anchor_is_never_trusted_again),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
