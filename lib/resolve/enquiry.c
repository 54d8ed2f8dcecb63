#include "resolve/enquiry.h"

#include "policy/access.h"
#include "policy/policy.h"
#include "resolve/answer.h"
#include "resolve/desk.h"
#include "wire/rrtype.h"
#include <string.h>

static bool byte_is_plain(uint8_t byte)
{
        return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z');
}

/* The first label of WORD.trace in lower case. */
static bool read_word(const struct name *name, char word[ENQUIRY_WORD_MAX])
{
        static const uint8_t trace[] = { 5, 't', 'r', 'a', 'c', 'e', 0 };
        uint8_t lower[NAME_WIRE_MAX];
        size_t len = name_canonical(name, lower);
        size_t word_len = lower[0];

        if (name->label_count != 2 || word_len >= ENQUIRY_WORD_MAX || len != 1 + word_len + sizeof trace ||
            memcmp(lower + 1 + word_len, trace, sizeof trace) != 0)
                return false;
        for (size_t i = 0; i < word_len; i++) {
                if (!byte_is_plain(lower[1 + i]))
                        return false;
                word[i] = (char)lower[1 + i];
        }
        word[word_len] = 0;
        return true;
}

static bool is_allowed(const struct settings *settings, const struct listener *to)
{
        return to->transport == TRANSPORT_CONTROL || prefix_list_holds(&settings->trace_allow, &to->from.address);
}

static void ask_host(struct desk *desk, const struct listener *to, const struct question *question, const char *word)
{
        struct enquiry *enquiry = &desk->enquiry;
        struct action *action = desk_act(desk, ACTION_EXPLAIN);

        if (!action)
                return;
        *enquiry = (struct enquiry){ .open = true, .to = *to, .question = *question };
        enquiry->question.name = enquiry->to.qname = name_hold(&enquiry->room, &question->name);
        memcpy(enquiry->word, word, sizeof enquiry->word);
        action->explain.word = enquiry->word;
}

bool enquiry_take(struct desk *desk, const struct listener *to, const struct question *question)
{
        char word[ENQUIRY_WORD_MAX];

        if (question->class != CLASS_CH || question->type != TYPE_TXT || !read_word(&question->name, word))
                return false;
        if (!is_allowed(desk->policy->settings, to))
                answer_plain(desk, to, question, RCODE_REFUSED, EDE_PROHIBITED,
                             "this client's network is not in the setting trace-allow");
        else if (to->trusted)
                ask_host(desk, to, question, word);
        else if (to->edns.has_cookie && desk->policy->settings->client_cookies)
                answer_plain(desk, to, question, RCODE_BADCOOKIE, EDE_NONE, NULL); /* it comes again with ours */
        else
                answer_come_by_tcp(desk, to, question);
        return true;
}

void enquiry_answer(struct desk *desk, const char *text, size_t len)
{
        const struct enquiry *enquiry = &desk->enquiry;

        if (!EXPECT(enquiry->open))
                return;
        if (text)
                answer_lines(desk, &enquiry->to, &enquiry->question, text, len);
        else
                answer_plain(desk, &enquiry->to, &enquiry->question, RCODE_NXDOMAIN, EDE_OTHER,
                             "no such trace is kept");
        desk->enquiry.open = false;
}
