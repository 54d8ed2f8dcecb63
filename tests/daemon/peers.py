#!/usr/bin/python3
"""Ask cairnd and three peers the same questions about the same small Internet, and list where cairnd differs.

Two or three peers that agree are the judges. What they say is compared by rcode, AD and data; where servers are odd, by
rcode alone. A difference is of a class: what differs, how, and in which zones. peers_explained.txt has a row for each
class that may occur, with the reason and who is right; a difference that no row explains is a failure, and so are more
than the share allowed. What is gone when it is asked again was a matter of time, and does not count.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support", "peers"))

import answers  # pylint: disable=wrong-import-position
import labs  # pylint: disable=wrong-import-position
import questions  # pylint: disable=wrong-import-position
import resolvers  # pylint: disable=wrong-import-position

PEERS = ("unbound", "bind", "kresd")
AT_ONCE = 48
FIRST_PORT = 5301
OWN_LABS = {"rich": labs.RichLab, "odd": labs.OddLab}

Explanation = collections.namedtuple("Explanation", "name type difference right reason")


def majority(said):
    """What two or more of the peers agree on, or None. Some never answer where others say SERVFAIL."""
    said = [answer._replace(rcode="SERVFAIL") if answer.rcode == answers.SILENCE else answer for answer in said]
    for first in said:
        if sum(answer[:3] == first[:3] for answer in said) > 1:
            return first
    return None


def judges_of(question):
    """The peers that look for an answer: BIND looks for signatures in its cache alone."""
    return [name for name in PEERS if (name, question.type) != ("bind", "RRSIG")]


def words_for(answer):
    """An answer in a word or two."""
    if answer.data is None:
        return answer.rcode
    data = {"NOERROR": " data" if answer.data else " no data", "NXDOMAIN": " alias" if answer.data else ""}
    return answer.rcode + data.get(answer.rcode, "") + (" AD" if answer.ad else "")


def difference(mine, theirs):
    """What is different, in a few words that are the same for all of a class."""
    if words_for(mine) != words_for(theirs):
        return f"{words_for(mine)} for {words_for(theirs)}"
    return f"{words_for(mine)} with others"


def explanations(path):
    """The rows of peers_explained.txt."""
    with open(path, encoding="ascii") as file:
        rows = [[field.strip() for field in line.split("|")] for line in file if line.strip() and line[0] != "#"]
    return [Explanation(*row) for row in rows]


def explanation_of(question, what, known):
    """The first row that fits, or None."""
    for row in known:
        if fnmatch.fnmatch(question.name, row.name) and row.type in ("*", question.type) and \
                fnmatch.fnmatch(what, row.difference):
            return row
    return None


def ask_all(asked, running, at_once):
    """[{resolver: answer}, ...] in the order of the questions."""
    with concurrent.futures.ThreadPoolExecutor(at_once * len(running)) as pool:
        under_way = [{one.name: pool.submit(answers.ask, one.port, question) for one in running} for question in asked]
        return [{name: future.result() for name, future in row.items()} for row in under_way]


def judge(asked, said):
    """The differences as (question, what, answers by name), and how many questions the peers leave open."""
    found = []
    divided = 0
    for question, row in zip(asked, said):
        mine = row["cairn"]
        theirs = majority([row[name] for name in judges_of(question)])
        if not theirs:
            divided += 1
            if all(mine[:3] != row[name][:3] for name in PEERS):
                found.append((question, f"alone, {words_for(mine)}", row))
        elif mine[:3] != theirs[:3]:
            found.append((question, difference(mine, theirs), row))
    return found, divided


def tell(question, row):
    """All answers to one question."""
    print(f"    {question.name} {question.type} ({question.manner})")
    for name, answer in row.items():
        data = " ".join(f"{owner} {kind} {rdata.hex()[:40]}" for owner, kind, rdata in sorted(answer.data or ()))
        print(f"        {name:8}{words_for(answer)}: {data[:300]} {answer.why}".rstrip(": "))


def report(found, known, examples):
    """Print each class with its count; how many differences are not explained."""
    classes = collections.defaultdict(list)
    for question, what, row in found:
        classes[explanation_of(question, what, known) or what].append((question, what, row))
    unexplained = 0
    for key, members in sorted(classes.items(), key=lambda item: -len(item[1])):
        explained = isinstance(key, Explanation)
        kinds = ", ".join(sorted({what for _, what, _ in members}))
        print(f"{len(members):5} {'explained: ' + key.name if explained else 'UNEXPLAINED'}: {kinds}")
        if explained:
            print(f"      right: {key.right}. {key.reason}")
        else:
            unexplained += len(members)
        for question, _, row in members[:1 if explained else examples]:
            tell(question, row)
    return unexplained


def ask_and_judge(drawn, running, odd):
    """Ask all; ask again what differs, one after the other."""
    def said_about(asked, at_once):
        said = ask_all(asked, running, at_once)
        if odd:
            said = [{name: answer._replace(ad=False, data=None) for name, answer in row.items()} for row in said]
        return judge(asked, said)

    asked = [answers.Question(name, kind, answers.MANNERS[i % len(answers.MANNERS)])
             for i, (name, kind) in enumerate(drawn)]
    first, divided = said_about(asked, AT_ONCE)
    again, _ = said_about([question for question, _, _ in first], 1)
    print(f"{len(first) - len(again)} differences were gone when asked again")
    return again, divided


def compare(lab, options, work):
    """Start all, ask all, end all."""
    lab.start()
    running = []
    try:
        for number, name in enumerate(("cairn",) + PEERS):
            one = resolvers.Resolver(name, FIRST_PORT + number, lab, f"{options.build}/cairnd", f"{work}/{name}")
            one.start()
            running.append(one)
        drawn = questions.draw(lab.zone_files(), options.questions, options.seed)
        return ask_and_judge(drawn, running, options.lab == "odd")
    finally:
        for one in running:
            one.stop()
        lab.stop()


def main():
    """Arguments, comparison, verdict."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--lab", default="rich", help="rich; odd; or a directory with root.hints, root.ds and zones of "
                        "a lab that is up in the network namespace this is started in")
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=3, help="questions to show of each class that is not explained")
    parser.add_argument("--allowed", type=float, default=100, help="share of differences allowed, in percent")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    if options.lab in OWN_LABS:
        labs.enter_namespace()
    with tempfile.TemporaryDirectory() as work:
        own = OWN_LABS.get(options.lab)
        lab = own(os.path.dirname(os.path.dirname(HERE)), options.build, work) if own else labs.OtherLab(options.lab)
        found, divided = compare(lab, options, work)
    unexplained = report(found, explanations(f"{HERE}/peers_explained.txt"), options.examples)
    share = 100 * len(found) / options.questions
    print(f"{options.lab}: {options.questions} questions, {len(found)} differ ({share:.2f} %), {unexplained} of them "
          f"unexplained; peers do not agree on {divided}")
    sys.exit(unexplained > 0 or share > options.allowed)


if __name__ == "__main__":
    main()
