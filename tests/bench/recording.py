#!/usr/bin/python3
"""What traces cost a whole cairnd: interleaved turns of one that records (bench_cairnd_on) and one that does not
(bench_cairnd_off), both walking the lab in a network namespace. See README.md.

    recording.py [--build build/release] [--pairs 30] [--names 3000]

Prints, for each kind of answer, the CPU time of all threads for one question, the kernel's included, without traces, and
the median of what they add, with its 95 % confidence interval (by order statistics)."""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

INSIDE = "RECORDING_INSIDE"
KEPT_RATE = 400  # questions a second, below trace-rate: each walk is kept and logged
SETTLE_S = 0.3   # until the archive's thread has written what it has

WAYS = {
    # name: (program, settings)
    "off": ("off", "trace-rate: 0\ntrace-sample: 0\ntrace-log: off\n"),
    "on": ("on", "trace-rate: 0\ntrace-sample: 0\ntrace-log: off\n"),
    "kept": ("on", "trace-log: {work}/{name}/trace.log\n"),
}


class Daemon:
    def __init__(self, options, work, name, port):
        program, settings = WAYS[name]
        self.port, self.name = port, name
        os.makedirs(f"{work}/{name}")
        with open(f"{work}/{name}/cairn.yaml", "w", encoding="ascii") as file:
            file.write(f"listen: [127.0.0.1]\nport: {port}\nworkers: 1\ncache-dir: {work}/{name}\nstate-dir: {work}/{name}\n"
                       f"control-socket: {work}/{name}/control\nroot-hints-file: {work}/hints\nweb-listen: []\n"
                       f"trust-anchor-file: {work}/anchor\nupstream-port: 5301\ndo-not-query-localhost: no\n"
                       "aggressive-nsec: no\nprefetch: no\n" + settings.format(work=work, name=name))
        self.process = subprocess.Popen([f"{options.build}/tests/bench_cairnd_{program}", "--config",
                                         f"{work}/{name}/cairn.yaml"], stderr=subprocess.DEVNULL)

    def cpu_ns(self):
        folder = f"/proc/{self.process.pid}/task"
        return sum(int(open(f"{folder}/{task}/schedstat", encoding="ascii").read().split()[0]) for task in os.listdir(folder))


def ask(options, daemon, file, count, rate=None):
    """Nanoseconds of CPU time a question."""
    before = daemon.cpu_ns()
    told = subprocess.run([f"{options.build}/tests/bench_load", "-p", str(daemon.port), "-w", "32", *(["-q", str(rate)] if rate else []),
                           file], check=True, stdout=subprocess.PIPE)
    assert json.loads(told.stdout)["answered"] == count, told.stdout
    time.sleep(SETTLE_S)
    return (daemon.cpu_ns() - before) / count


def write_names(path, prefix, count):
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"{prefix}x{number}.site.plain A\n" for number in range(count))


def interval(values):
    """The median, and what it lies between with 95 % confidence."""
    values = sorted(values)
    reach = 0.98 * math.sqrt(len(values))
    low, high = math.floor(len(values) / 2 - reach), math.ceil(len(values) / 2 + reach)
    return statistics.median(values), values[max(low, 0)], values[min(high, len(values) - 1)]


def turn(options, daemons, work, number):
    """One question after the other to each, in an order that changes: {(what, way): ns}."""
    out = {}
    order = ["off", "on"] if number % 2 else ["on", "off"]
    write_names(f"{work}/names", f"t{number}", options.names)
    for what in ("walked", "from the store", "from the front shelf"):
        for way in order:
            out[what, way] = ask(options, daemons[way], f"{work}/names", options.names)
    few = options.names // 5
    write_names(f"{work}/few", f"k{number}", few)
    for way in ["off", "kept"] if number % 2 else ["kept", "off"]:
        out["walked, kept and logged", way] = ask(options, daemons[way], f"{work}/few", few, KEPT_RATE)
    return out


def start_lab(options, work):
    lab = subprocess.Popen([f"{options.build}/authority", "--zones", "zones/lab", "--port", "5301", "--hints", f"{work}/hints",
                            "--anchor", f"{work}/anchor"], stdout=subprocess.PIPE)
    lab.stdout.readline()


def measure(options, work):
    daemons = {name: Daemon(options, work, name, 5310 + number) for number, name in enumerate(WAYS)}
    time.sleep(1)
    write_names(f"{work}/first", "first", 10)
    for daemon in daemons.values():
        ask(options, daemon, f"{work}/first", 10)
    turns = []
    for number in range(options.pairs):
        turns.append(turn(options, daemons, work, number))
        print(f"{number + 1} of {options.pairs}", end="\r", file=sys.stderr, flush=True)
    return turns


def report(turns):
    print(f"{len(turns)} pairs\n\n| answer | without traces | traces add | 95 % | share |\n|---|---|---|---|---|")
    for what, way in [("from the front shelf", "on"), ("from the store", "on"), ("walked", "on"), ("walked, kept and logged", "kept")]:
        off = statistics.median(turn[what, "off"] for turn in turns)
        median, low, high = interval(turn[what, way] - turn[what, "off"] for turn in turns)
        print(f"| {what} | {off:.0f} ns | {median:.0f} ns | {low:.0f} to {high:.0f} ns | {100 * median / off:.1f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--names", type=int, default=3000)
    options = parser.parse_args()
    if not os.environ.get(INSIDE):
        os.execvpe("unshare", ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv],
                   {**os.environ, INSIDE: "yes"})
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as work:
        start_lab(options, work)
        report(measure(options, work))


main()
