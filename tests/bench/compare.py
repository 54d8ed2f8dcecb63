#!/usr/bin/python3
"""Measure cairnd beside Unbound, Knot Resolver, PowerDNS Recursor and BIND, and print one table.

    tests/bench/compare.py [--quick] [--only NAME,...] [--seed N] [--markdown FILE] [--svg FILE]

Installs what is missing (Debian's packages), builds the release, and runs everything in a network namespace of its own:
a small signed Internet made from the seed, the resolvers on core 0, the load and the servers on core 1. Needs root.
Runs of the resolvers are interleaved, and figures are medians; what counts is the ratio to the best peer and to the
floor, a responder that does nothing but take and send datagrams in batches.
"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
BUILD = f"{SOURCE}/build/release"
sys.path.insert(0, f"{SOURCE}/tests/support/peers")

PACKAGES = ("unbound knot-resolver pdns-recursor bind9 dnsperf python3-dnspython iproute2 procps util-linux cmake ninja-build gcc "
            "libuv1-dev libldns-dev liblmdb-dev libssl-dev libyaml-dev libcmocka-dev pkg-config").split()
PEERS = ("unbound", "kresd", "pdns", "bind")
FIRST_PORT = 5301
FLOOR_PORT = 5299
RESOLVER_CORE = "0"
LOAD_CORE = "1"

# Sizes of a run, and of a quick one.
FULL = {"zones": 2000, "cold": 8000, "hot": 3000, "hot_s": 1.5, "rounds": 5, "mixed": 60000, "rtt": 400}
QUICK = {"zones": 600, "cold": 1600, "hot": 1500, "hot_s": 0.8, "rounds": 2, "mixed": 16000, "rtt": 150}

# The rows of the table: title, key, unit, whether less is better.
ROWS = (
    ("cached answer over UDP, CPU", "hot_cpu", "us", True),
    ("cached answers a second, UDP", "hot_qps", "1/s", False),
    ("cached at 10,000 a second, median", "paced_p50", "us", True),
    ("cached at 10,000 a second, 99 %", "paced_p99", "us", True),
    ("cached answer over TCP, CPU", "tcp_cpu", "us", True),
    ("cold, validating, CPU", "cold_cpu", "us", True),
    ("cold, validating, a second", "cold_qps", "1/s", False),
    ("cold, 99 %", "cold_p99", "ms", True),
    ("cold, lost or SERVFAIL", "cold_failed", "", True),
    ("mixed load, CPU", "mixed_cpu", "us", True),
    ("mixed load, median", "mixed_p50", "ms", True),
    ("round trips of 25 ms, median", "rtt_p50", "ms", True),
    ("memory after all that", "memory", "MiB", True),
    ("restart to first answer", "restart", "ms", True),
)


def install():
    """What is missing of the packages; their services are not started."""
    missing = [name for name in PACKAGES
               if subprocess.run(["dpkg", "-s", name], capture_output=True, check=False).returncode]
    if missing:
        with open("/usr/sbin/policy-rc.d", "x", encoding="ascii") as policy:
            policy.write("#!/bin/sh\nexit 101\n")
            os.fchmod(policy.fileno(), 0o755)
        try:
            subprocess.run(["apt-get", "install", "-y", "-q", *missing], check=True, stdout=sys.stderr)
        finally:
            os.unlink("/usr/sbin/policy-rc.d")


def build():
    """cairnd as users get it, and what loads it."""
    subprocess.run(["cmake", "--preset", "release"], cwd=SOURCE, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", BUILD, "--target", "cairnd", "cairn", "authority", "bench_load"], check=True,
                   stdout=sys.stderr)


def enter_namespace():
    """Go on in a network namespace where all of 10.0.0.0/8 is this host."""
    if os.environ.get("CAIRN_BENCH_INSIDE"):
        for command in ("ip link set lo up", "ip route add local 10.0.0.0/8 dev lo",
                        "ip -6 route add local fd53::/16 dev lo", "sysctl -q net.ipv6.ip_nonlocal_bind=1"):
            subprocess.run(command.split(), check=True)
        return
    os.environ["CAIRN_BENCH_INSIDE"] = "yes"
    os.execvp("unshare", ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, *sys.argv])


class Lab:
    """The small Internet, served by one process."""

    def __init__(self, work, sizes, seed):
        self.work = work
        self.hints = f"{work}/hints"
        self.anchor = f"{work}/anchor"
        self.sizes = sizes
        self.seed = seed
        self.process = None

    def start(self, *ways):
        """Serve it, with so many servers that misbehave."""
        command = ["taskset", "-c", LOAD_CORE, f"{BUILD}/authority", "--generate", str(self.sizes["zones"]), "--port", "53",
                   "--seed", str(self.seed), "--hints", self.hints, "--anchor", self.anchor,
                   "--questions", f"{4 * self.sizes['mixed']}:{self.work}/questions"]
        for way in ways:
            command += ["--way", way]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if "ready" not in self.process.stdout.readline():
            raise RuntimeError("the lab did not start")

    def stop(self):
        """No longer serve it."""
        self.process.terminate()
        self.process.wait()

    def questions(self):
        """All questions about it, each once, in an order that says nothing."""
        with open(f"{self.work}/questions", encoding="ascii") as file:
            lines = sorted(set(file))
        random.Random(self.seed).shuffle(lines)
        return lines


def write_list(path, lines):
    """A file of questions."""
    with open(path, "w", encoding="ascii") as file:
        file.writelines(lines)
    return path


def zipf(lines, count, dice):
    """So many questions out of these, the first ones far more often than the last (1/n)."""
    weights = [1 / (n + 1) for n in range(len(lines))]
    return dice.choices(lines, weights, k=count)


def make_lists(lab, sizes):
    """{stage: file}"""
    dice = random.Random(lab.seed)
    lines = lab.questions()
    cold, rest = lines[:sizes["cold"]], lines[sizes["cold"]:]
    hot = rest[:sizes["hot"]]
    lists = {"cold": cold, "hot_all": hot, "hot": zipf(hot, 20 * len(hot), dice),
             "mixed": zipf(rest, sizes["mixed"], dice), "rtt": cold[:sizes["rtt"]]}
    return {name: write_list(f"{lab.work}/{name}", some) for name, some in lists.items()}


def threads_of(pid):
    """The task directories of a process and its children."""
    found = [pid]
    for one in found:
        with open(f"/proc/{one}/task/{one}/children", encoding="ascii") as file:
            found += [int(child) for child in file.read().split()]
    return [f"/proc/{one}/task/{task}" for one in found for task in os.listdir(f"/proc/{one}/task")]


def cpu_us(pid):
    """CPU time so far, of all threads."""
    total = 0
    for task in threads_of(pid):
        with open(f"{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1000


def memory_mib(pid):
    """Resident memory that is nobody else's and no file's."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) / 1024


def load(pid, port, path, *options):
    """Run the load, and what it cost the process."""
    before = cpu_us(pid)
    run = subprocess.run(["taskset", "-c", LOAD_CORE, f"{BUILD}/tests/bench_load", "-p", str(port), *map(str, options), path],
                         check=True, stdout=subprocess.PIPE, text=True)
    result = json.loads(run.stdout)
    result["cpu"] = (cpu_us(pid) - before) / max(result["answered"], 1)
    return result


def tcp_cpu(pid, port, path, seconds):
    """CPU of a cached answer over TCP, by dnsperf."""
    before = cpu_us(pid)
    run = subprocess.run(["taskset", "-c", LOAD_CORE, "dnsperf", "-m", "tcp", "-p", str(port), "-d", path, "-l", str(seconds),
                          "-c", "20", "-q", "400", "-e"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True)
    done = next(int(line.split()[2]) for line in run.stdout.splitlines() if "Queries completed" in line)
    return (cpu_us(pid) - before) / max(done, 1)


class Table(dict):
    """{row: {resolver: [values]}}"""

    def note(self, row, name, value):
        """One more value."""
        self.setdefault(row, {}).setdefault(name, []).append(value)

    def value(self, row, name):
        """The median, or None."""
        values = self.get(row, {}).get(name)
        return statistics.median(values) if values else None


def measure_floor(table, lists, sizes):
    """The same load against a responder without a resolver in it."""
    process = subprocess.Popen(["taskset", "-c", RESOLVER_CORE, f"{BUILD}/tests/bench_load", "-e", str(FLOOR_PORT)])
    time.sleep(0.2)
    for _ in range(sizes["rounds"]):
        result = load(process.pid, FLOOR_PORT, lists["hot"], "-w", 256, "-l", sizes["hot_s"])
        table.note("hot_cpu", "floor", result["cpu"])
        table.note("hot_qps", "floor", result["answered"] / result["seconds"])
    process.kill()
    process.wait()


def measure_walks(table, running, lists):
    """With nothing known, then half known."""
    for one in running:
        result = load(one.process.pid, one.port, lists["cold"], "-w", 200)
        table.note("cold_cpu", one.name, result["cpu"])
        table.note("cold_qps", one.name, 0.95 * result["asked"] / result["seconds_95"])
        table.note("cold_p99", one.name, result["p99_us"] / 1000)
        table.note("cold_failed", one.name, result["lost"] + result["servfail"])
    for one in running:
        result = load(one.process.pid, one.port, lists["mixed"], "-w", 200)
        table.note("mixed_cpu", one.name, result["cpu"])
        table.note("mixed_p50", one.name, result["p50_us"] / 1000)


def measure_hits(table, running, lists, sizes):
    """With everything known."""
    for one in running:
        for _ in range(3):
            load(one.process.pid, one.port, lists["hot_all"], "-w", 100)
    for _ in range(sizes["rounds"]):
        for one in running:
            result = load(one.process.pid, one.port, lists["hot"], "-w", 256, "-l", sizes["hot_s"])
            table.note("hot_cpu", one.name, result["cpu"])
            table.note("hot_qps", one.name, result["answered"] / result["seconds"])
            result = load(one.process.pid, one.port, lists["hot"], "-w", 2000, "-q", 10000, "-l", sizes["hot_s"])
            table.note("paced_p50", one.name, result["p50_us"])
            table.note("paced_p99", one.name, result["p99_us"])
    for one in running:
        table.note("tcp_cpu", one.name, tcp_cpu(one.process.pid, one.port, lists["hot"], sizes["hot_s"]))
        table.note("memory", one.name, memory_mib(one.process.pid))


def best_peer(table, row, less_is_better):
    """The best figure of all but ours and the floor."""
    values = [table.value(row, name) for name in PEERS if table.value(row, name) is not None]
    return (min if less_is_better else max)(values) if values else None


def cell(value):
    """A figure with three digits."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def markdown(table, names):
    """The table, with the ratio of ours to the best peer's."""
    lines = ["| figure | unit | floor | " + " | ".join(names) + " | to the best peer |", "|---" * (len(names) + 4) + "|"]
    for title, row, unit, less in ROWS:
        ours, best = table.value(row, "cairn"), best_peer(table, row, less)
        ratio = f"{ours / best:.2f}" if ours is not None and best else "-"
        cells = [cell(table.value(row, name)) for name in ("floor", *names)]
        lines.append(f"| {title} | {unit} | " + " | ".join(cells) + f" | {ratio} |")
    return "\n".join(lines) + "\n"


def main():
    """Install, build, enter the namespace, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="smaller lists and fewer rounds")
    parser.add_argument("--only", default=",".join(("cairn", *PEERS)), help="the resolvers, with commas between")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", help="write the table there as well")
    parser.add_argument("--svg", help="write a picture of the ratios there")
    options = parser.parse_args()
    if not os.environ.get("CAIRN_BENCH_INSIDE"):
        install()
        build()
    enter_namespace()
    import picture  # pylint: disable=import-outside-toplevel
    names = options.only.split(",")
    table = run(names, QUICK if options.quick else FULL, options.seed)
    text = markdown(table, names)
    print(text)
    if options.markdown:
        with open(options.markdown, "w", encoding="utf-8") as file:
            file.write(text)
    if options.svg:
        with open(options.svg, "w", encoding="utf-8") as file:
            file.write(picture.draw(table, names, ROWS))


def measure_restart(table, running):
    """From SIGTERM's end to the first answer out of what is kept."""
    for one in running:
        one.stop()
        began = time.monotonic()
        one.start()
        table.note("restart", one.name, 1000 * (time.monotonic() - began))


def run(names, sizes, seed):
    """All stages; returns the table."""
    import resolvers  # pylint: disable=import-outside-toplevel
    table = Table()
    work = tempfile.mkdtemp(prefix="cairn-bench-")
    lab = Lab(work, sizes, seed)
    running = []
    try:
        for stage in ("near", "far"):
            lab.start(*(("100:slow=25",) if stage == "far" else ()))
            lists = make_lists(lab, sizes)
            running = [resolvers.Resolver(name, FIRST_PORT + i, lab, f"{BUILD}/cairnd", f"{work}/{stage}-{name}")
                       for i, name in enumerate(names)]
            for one in running:
                one.start()
                subprocess.run(["taskset", "-a", "-p", "-c", RESOLVER_CORE, str(one.process.pid)], check=True,
                               stdout=subprocess.DEVNULL)
            if stage == "near":
                measure_walks(table, running, lists)
                measure_floor(table, lists, sizes)
                measure_hits(table, running, lists, sizes)
                measure_restart(table, running)
            else:
                for one in running:
                    result = load(one.process.pid, one.port, lists["rtt"], "-w", 40)
                    table.note("rtt_p50", one.name, result["p50_us"] / 1000)
            for one in running:
                one.stop()
            running = []
            lab.stop()
    finally:
        for one in running:
            one.stop()
        if lab.process and lab.process.poll() is None:
            lab.stop()
        shutil.rmtree(work)
    return table


if __name__ == "__main__":
    main()
