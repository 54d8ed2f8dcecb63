/*
 * A classic BPF program that the kernel runs for each datagram, over what UDP carries. It mixes the first 16 bytes of
 * the name, lengths of labels included, or the first 8 of a message that ends before; letters count as lower case. What
 * follows a short name (type, class, EDNS) is mixed in too, which does no harm.
 *
 * A load beyond the end returns 0: what is too short to hold a name goes to the first worker.
 */
#include "steer.h"
#include "wire/message.h"
#include <linux/filter.h>
#include <sys/socket.h>

enum {
        NAME_AT = HEADER_LEN + 1,        /* behind the length of the first label */
        LONG_NAME = NAME_AT + 16,        /* bytes of a message that has four words there */
        LOWER_CASE = 0x20202020,
        WORD_STEPS = 8,
};

#define MULTIPLIER 0x9e3779b1u /* 2^32 by the golden ratio */

/*
 * A = (X + the word at an offset, in lower case) * MULTIPLIER; X = A ^ A >> 15. A product carries a difference only to
 * higher bits, and the first letter of a word is in its highest ones: the shift brings it down again. WORD_STEPS steps.
 */
#define MIX_WORD(at)                                                                                                   \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, LOWER_CASE),                        \
                BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, MULTIPLIER),               \
                BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 15),                              \
                BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0), BPF_STMT(BPF_MISC | BPF_TAX, 0)

bool steer_by_name(int fd, unsigned workers)
{
        struct sock_filter step[] = {
                BPF_STMT(BPF_LDX | BPF_IMM, 0),
                MIX_WORD(NAME_AT),
                MIX_WORD(NAME_AT + 4),
                BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
                BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, LONG_NAME, 0, 2 * WORD_STEPS),
                MIX_WORD(NAME_AT + 8),
                MIX_WORD(NAME_AT + 12),
                BPF_STMT(BPF_MISC | BPF_TXA, 0), /* its upper half, scaled to the workers */
                BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
                BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, workers),
                BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
                BPF_STMT(BPF_RET | BPF_A, 0),
        };
        struct sock_fprog program = { .len = sizeof step / sizeof *step, .filter = step };

        return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0;
}
