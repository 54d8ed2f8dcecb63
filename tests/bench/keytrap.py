#!/usr/bin/python3
"""What questions about zones that are made to cost work do to everybody else (KeyTrap and its relatives).

In turns, a fresh cairnd answers a benign load alone, and with ten hostile questions a second beside it. The benign load
is mostly cached names, and names that exist and were never asked for, each with a signature of its own. Printed are the
benign latencies and losses of each turn, and by cairnd's own account the most signatures checked for one message and
the longest time that it did not look for messages; at the end the ratio of the median p99. One dnsperf sends it all:
two would compete for the cores. A first turn does not count: in it the lab makes the signatures that cost work.

    chrt -f 20 tests/bench/keytrap.py --build build/release --rounds 5

As root; needs dnsperf and python3-dnspython. Real-time priority (chrt) keeps other programs of the machine out of it.
"""
import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{SOURCE}/tests/support/peers")

import labs  # pylint: disable=wrong-import-position
import resolvers  # pylint: disable=wrong-import-position

PORT = 5301
HOT = 500
COLD_PERCENT = 10
HOSTILE_PER_SECOND = 10

# Asked for in turn: mostly zones of which nothing is known, as of known ones it is remembered that they failed.
TRAPS = ("key-trap", "sig-jam", "lock-cram", "ds-trap")
OTHERS = (("wild.lockcram.bad", "A"), ("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.fifty.rich", "A"), ("iterations.bad", "A"),
          ("keytrap.bad", "ANY"))


class TrapLab(labs.RichLab):
    """The lab, with many traps, and with a signed zone that has as many names as are asked for once."""

    def __init__(self, source, build, work, traps, names):
        super().__init__(source, build, work)
        for i in range(traps):
            self.add("bad.zone", *(f"trap{i} NS {ns}.provider.net." for ns in ("ns1", "ns2")))
            self.add("lab.conf", f"zone trap{i}.bad flawed.zone sign=13 flaw={TRAPS[i % len(TRAPS)]}",
                     *(f"server {address} trap{i}.bad" for address in labs.PROVIDER))
        self.add("lab.zone", *(f"cold NS {ns}.provider.net." for ns in ("ns1", "ns2")))
        self.add("lab.conf", "zone cold.lab cold.zone sign=13",
                 *(f"server {address} cold.lab" for address in labs.PROVIDER))
        with open(f"{self.zones}/tld.zone", encoding="ascii") as start:
            self.add("cold.zone", start.read(), *(f"n{i} A 198.18.80.1" for i in range(names)))


def hostile(number):
    """The question with this number: three of four in a trap of its own."""
    if number % 4:
        return f"h{number}.trap{number}.bad", "A"
    name, kind = OTHERS[number // 4 % len(OTHERS)]
    return f"h{number}.{name}", kind


def write_questions(path, questions):
    """A file as dnsperf reads it."""
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"{name} {kind}\n" for name, kind in questions)


def dnsperf(path, *arguments):
    """Start dnsperf with the questions of this file."""
    return subprocess.Popen(["dnsperf", "-s", "127.0.0.1", "-p", str(PORT), "-d", path, "-n", "1", "-t", "5", *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def latencies(output):
    """Of each benign answer in microseconds, sorted; and how many benign questions got none."""
    rows = [line.split() for line in output.splitlines() if line.startswith("> ")]
    benign = [row for row in rows if row[2].startswith(("n", "x"))]
    found = sorted(1e6 * float(row[4]) for row in benign if row[1] != "T")
    return found, len(benign) - len(found)


def metrics(build, directory):
    """What the running cairnd counts, by name."""
    text = subprocess.run([f"{build}/cairn", "--socket", f"{directory}/control", "metrics"], check=True, text=True,
                          capture_output=True).stdout
    rows = [line.split() for line in text.splitlines() if line and line[0] != "#"]
    return {row[0]: row[-1] for row in rows}


def turn(lab, options, work, name, attack):
    """One daemon's life: warmed, loaded, with or without the attack."""
    daemon = resolvers.Resolver("cairn", PORT, lab, f"{options.build}/cairnd", f"{work}/{name}")
    daemon.start()
    try:
        dnsperf(f"{work}/hot").communicate()
        load = f"{work}/{'attack' if attack else 'benign'}"
        times, lost = latencies(dnsperf(load, "-v", "-Q", str(options.rate), "-c", "4").communicate()[0])
        counted = metrics(options.build, daemon.dir)
    finally:
        daemon.stop()
    p50, p99 = (times[len(times) * percent // 100] for percent in (50, 99))
    print(f"{name:12} answers {len(times)}, lost {lost}, p50 {p50:.0f} us, p99 {p99:.0f} us, longest turn "
          f"{counted['cairn_turn_high_water']} us, checks {counted['cairn_checks_total']}, at most "
          f"{counted['cairn_message_checks_high_water']} a message", flush=True)
    return p99


def write_all(work, options):
    """The three lists: cached names, the benign load, and that with a hostile question here and there, drawn by lot."""
    dice = random.Random(1)
    between = options.rate // HOSTILE_PER_SECOND
    hot = [(f"x{i}.wild.nsec.rich", "A") for i in range(HOT)]
    benign = [(f"n{i}.cold.lab", "A") if dice.randrange(100) < COLD_PERCENT else hot[i % HOT]
              for i in range(options.rate * options.seconds)]
    attack = list(benign)
    for number in reversed(range(HOSTILE_PER_SECOND * options.seconds)):
        attack.insert(number * between + dice.randrange(between), hostile(number))
    write_questions(f"{work}/hot", hot)
    write_questions(f"{work}/benign", benign)
    write_questions(f"{work}/attack", attack)


def main():
    """Rounds of two turns."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", default=f"{SOURCE}/build/release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=2000, help="benign questions a second")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    labs.enter_namespace()
    with tempfile.TemporaryDirectory() as work:
        write_all(work, options)
        lab = TrapLab(SOURCE, options.build, work, HOSTILE_PER_SECOND * options.seconds, options.rate * options.seconds)
        lab.start()
        p99 = {False: [], True: []}
        try:
            turn(lab, options, work, "warm-up", True)
            for number in range(options.rounds):
                for attack in (False, True):
                    name = f"{'attacked' if attack else 'alone'}-{number}"
                    p99[attack].append(turn(lab, options, work, name, attack))
        finally:
            lab.stop()
    alone, attacked = (statistics.median(p99[attack]) for attack in (False, True))
    print(f"median p99: alone {alone:.0f} us, attacked {attacked:.0f} us, ratio {attacked / alone:.2f}")


if __name__ == "__main__":
    main()
