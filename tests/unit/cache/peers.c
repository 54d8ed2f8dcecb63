/*
 * Notes about servers in front of the store: the latest is found, and a change is written once, in time, or when its
 * note is pushed out.
 */
#include "cache/peers.h"
#include "base/buf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct written {
        unsigned count;
        struct address address;
        struct server_note note;
};

static void write_note(void *context, const struct address *address, const struct server_note *note)
{
        struct written *written = context;

        written->count++;
        written->address = *address;
        written->note = *note;
}

static struct address address_of(uint32_t n)
{
        struct address address = { .family = 4 };

        store_u32(address.bytes, n);
        return address;
}

static void put(struct peers *peers, uint32_t n, uint32_t srtt_us, bool changed, uint64_t now_s)
{
        struct address address = address_of(n);
        struct server_note note = { .srtt_us = srtt_us };

        peers_put(peers, &address, &note, changed, now_s);
}

static uint32_t get(struct peers *peers, uint32_t n)
{
        struct address address = address_of(n);
        struct server_note note;

        return peers_get(peers, &address, &note) ? note.srtt_us : 0;
}

static void setup(struct peers *peers, struct written *written)
{
        static const uint8_t secret[SIPHASH_KEY_LEN];

        *written = (struct written){ 0 };
        assert_int_equal(peers_init(peers, secret, write_note, written), ERR_OK);
}

static void test_a_change_is_written_once_after_a_while(void **state)
{
        struct written written;
        struct peers peers;

        (void)state;
        setup(&peers, &written);
        put(&peers, 1, 100, true, 1000);
        put(&peers, 2, 200, false, 1000); /* came from the store */
        put(&peers, 1, 150, true, 1000 + PEERS_WRITE_S - 1);
        assert_int_equal(get(&peers, 1), 150);
        assert_int_equal(get(&peers, 2), 200);
        assert_int_equal(get(&peers, 3), 0);
        peers_flush(&peers, 1000 + PEERS_WRITE_S - 1);
        assert_int_equal(written.count, 0);
        /* Counted from the first change, so that a busy server is written too. */
        peers_flush(&peers, 1000 + PEERS_WRITE_S);
        assert_int_equal(written.count, 1);
        assert_int_equal(written.note.srtt_us, 150);
        peers_flush(&peers, 2000);
        assert_int_equal(written.count, 1);
        peers_fini(&peers);
}

static void test_one_batch_takes_a_limited_number(void **state)
{
        struct written written;
        struct peers peers;

        (void)state;
        setup(&peers, &written);
        for (uint32_t n = 0; n < 3 * PEERS_WRITE_MAX; n++)
                put(&peers, n, 1, true, 1000 + n / PEERS_WRITE_MAX);
        peers_flush(&peers, 2000);
        assert_int_equal(written.count, PEERS_WRITE_MAX);
        peers_flush(&peers, 2000);
        peers_flush(&peers, 2000);
        peers_flush(&peers, 2000);
        assert_int_equal(written.count, 3 * PEERS_WRITE_MAX);
        peers_fini(&peers);
}

static void test_what_is_pushed_out_is_written_if_it_changed(void **state)
{
        struct address first = address_of(0);
        struct written written;
        struct peers peers;

        (void)state;
        setup(&peers, &written);
        put(&peers, 0, 7, true, 1000);
        put(&peers, 1, 8, false, 1000);
        for (uint32_t n = 2; n < PEERS_MAX + 2; n++)
                put(&peers, n, 1, false, 1000);
        assert_int_equal(written.count, 1);
        assert_true(address_equal(&written.address, &first));
        assert_int_equal(written.note.srtt_us, 7);
        assert_int_equal(get(&peers, 0), 0);
        assert_int_equal(get(&peers, 1), 0);
        assert_int_equal(get(&peers, PEERS_MAX + 1), 1);
        peers_flush(&peers, 5000);
        assert_int_equal(written.count, 1);
        peers_fini(&peers);
}

static void test_clear_forgets_without_writing(void **state)
{
        struct written written;
        struct peers peers;

        (void)state;
        setup(&peers, &written);
        put(&peers, 1, 100, true, 1000);
        put(&peers, 2, 100, true, 1000);
        peers_clear(&peers);
        assert_int_equal(get(&peers, 1), 0);
        peers_flush(&peers, 2000);
        assert_int_equal(written.count, 0);
        put(&peers, 1, 5, true, 2000);
        assert_int_equal(get(&peers, 1), 5);
        peers_fini(&peers);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_change_is_written_once_after_a_while),
                cmocka_unit_test(test_one_batch_takes_a_limited_number),
                cmocka_unit_test(test_what_is_pushed_out_is_written_if_it_changed),
                cmocka_unit_test(test_clear_forgets_without_writing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
