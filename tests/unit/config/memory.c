/*
 * Running out of memory: allocation number n fails, for each n. There is a complaint and no snapshot, or a whole one;
 * and nothing is left behind.
 *
 * malloc is replaced by one that can fail. A sanitizer that brings its own does not allow that: there, the test is
 * skipped. The settings hold no records, as ldns aborts when it has no memory for the text of one.
 */
#include "config/config.h"
#include "policy/policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_FAIL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CAN_FAIL 0
#endif
#endif
#ifndef CAN_FAIL
#define CAN_FAIL 1
#endif

static long fuse = -1; /* allocations until one fails; negative: none does */
static long held;      /* blocks that were not given back */

#if CAN_FAIL

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

static int burns(void)
{
        return fuse >= 0 && fuse-- == 0;
}

void *malloc(size_t size)
{
        void *block = burns() ? NULL : __libc_malloc(size);

        held += block != NULL;
        return block;
}

void *calloc(size_t count, size_t size)
{
        void *block = burns() ? NULL : __libc_calloc(count, size);

        held += block != NULL;
        return block;
}

void *realloc(void *old, size_t size)
{
        void *block = burns() ? NULL : __libc_realloc(old, size);

        held += !old && block;
        return block;
}

void free(void *block)
{
        held -= block != NULL;
        __libc_free(block);
}

#endif

static const char text[] = "allow: [10.0.0.0/8, 192.168.0.0/16]\n"
                           "nsid: here\n"
                           "root-hints: [\"x.root. 192.0.2.1\"]\n"
                           "trust-anchors: []\n"
                           "stub-zones: [{name: lab, addresses: [192.0.2.1]}]\n"
                           "private-domain: [a.example, b.example]\n";

static const char *const flags[] = {"--listen=127.0.0.1,::1", "--no-store"};

static void test_reading_settings_without_memory(void **state)
{
        static struct config_complaints complaints;
        struct settings *settings = NULL;

        (void)state;
        if (!CAN_FAIL)
                skip();
        for (long n = 0; !settings && n < 10000; n++) {
                long before = held;

                fuse = n;
                settings = config_parse_flags("f", text, strlen(text), flags, 2, &complaints);
                fuse = -1;
                if (settings)
                        break;
                assert_int_equal(held, before);
                assert_true(complaints.count > 0);
                assert_non_null(strstr(complaints.item[complaints.count - 1].text, "out of memory"));
        }
        assert_non_null(settings);
        assert_int_equal(settings->listen.count, 2);
        settings_free(settings);
}

static void test_making_a_policy_without_memory(void **state)
{
        static struct config_complaints complaints;
        const struct policy *policy = NULL;

        (void)state;
        if (!CAN_FAIL)
                skip();
        for (long n = 0; !policy && n < 10000; n++) {
                long before = held;
                struct settings *settings = config_parse("f", "", 0, &complaints);

                assert_non_null(settings);
                fuse = n;
                policy = policy_new(settings, NULL, 0);
                fuse = -1;
                if (!policy)
                        assert_int_equal(held, before);
        }
        assert_non_null(policy);
        policy_release(policy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_reading_settings_without_memory),
                cmocka_unit_test(test_making_a_policy_without_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
