"""The small Internets that are walked: the project's own with more zones in it, and one that is up already."""
import glob
import os
import shutil
import subprocess
import sys
import time

# How the zones with rich contents are signed. The first word is the zone's name, the others are options of lab.conf.
SIGNINGS = """
    nsec          sign=13
    nsec3         sign=13 denial=nsec3
    salted        sign=13 denial=nsec3 iterations=1 salt=ab01cd23
    fifty         sign=13 denial=nsec3 iterations=50
    toomany       sign=13 denial=nsec3 iterations=151
    optout        sign=13 denial=optout
    optoutfew     sign=13 denial=optout iterations=5 salt=ab
    rsa           sign=8  denial=nsec3
    p384          sign=14
    ed25519       sign=15 denial=optout
    ed448         sign=16
    plain
"""
# Zones that are made to cost work: each validator gives up where it likes, so all of their names would be differences.
# One of each is in zones/lab.
LEFT_OUT = ("none", "key-trap", "sig-jam", "lock-cram", "ds-trap")
DENIALS = ("nsec", "nsec3", "optout")
PROVIDER = ("127.53.2.1", "127.53.2.2")

# How the servers of odd zones misbehave: rows of behaviours.def. Each way has a zone of which that is the only server,
# and one that has a good server as well. Damage is always of the same kind, so that all are asked to read the same.
WAYS = """
    silent silent-udp silent-tcp lose=30 slow=300 drop-edns truncate tcp-refuse truncate+tcp-refuse truncate+tcp-close
    truncate+tcp-cut=20 truncate+silent-tcp truncate-all forge-id=3 forge-port=3 forge-address=3 forge-question=3
    forge-case=3 rcode=1 rcode=2 rcode=3 rcode=4 rcode=5 rcode=6 rcode=9 rcode=15 formerr-edns notimp-edns servfail-edns
    upward no-aa no-opt no-question nxdomain-ent poison=www.example.com cookie cookie-required wrong-id wrong-question
    wrong-type lowercase not-response wrong-opcode malformed=5 malformed=7 malformed=17 malformed=23 malformed=26
    malformed=30 malformed=35
""".split()


def enter_namespace():
    """Run this program anew in a network namespace of its own, where all ports are free."""
    if os.environ.get("CAIRN_INSIDE"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    os.environ["CAIRN_INSIDE"] = "yes"
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    os.execvp("unshare", ["unshare", *user, "--net", "--pid", "--fork", "--kill-child", sys.executable, *sys.argv])


def flaws_of(source):
    """The names of all that can be wrong with how a zone is signed."""
    with open(f"{source}/tests/support/authority/flaws.def", encoding="ascii") as rows:
        names = [row.split('"')[1] for row in rows if row.startswith("FLAW(")]
    return [name for name in names if name not in LEFT_OUT]


def rich_zones(source):
    """Name and options of each zone with rich contents."""
    for line in SIGNINGS.strip().splitlines():
        name, *options = line.split()
        yield name, options
    for flaw in flaws_of(source):
        for denial in DENIALS:
            yield f"{flaw}-{denial}", ["sign=13", f"flaw={flaw}", f"denial={denial}"]


class OwnLab:
    """zones/lab, in a directory where more can be added, and served there."""

    def __init__(self, source, build, work):
        self.source = source
        self.zones = f"{work}/zones"
        self.dump = f"{work}/dump"
        self.hints = f"{work}/hints"
        self.anchor = f"{work}/anchor"
        self.log = f"{work}/lab.log"
        self.authority = f"{build}/authority"
        shutil.copytree(f"{source}/zones/lab", self.zones)
        for path in glob.glob(f"{source}/tests/support/peers/*.zone"):
            shutil.copy(path, self.zones)
        os.mkdir(self.dump)

    def add(self, file, *lines):
        """Lines at the end of a file of the lab."""
        with open(f"{self.zones}/{file}", "a", encoding="ascii") as out:
            out.writelines(f"{line}\n" for line in lines)

    def add_top(self, name):
        """A top-level domain on the provider's servers, in a file of its own."""
        shutil.copy(f"{self.source}/tests/support/peers/tld.zone", f"{self.zones}/{name}.zone")
        self.add("root.zone", *(f"{name}. NS {ns}.provider.net." for ns in ("ns1", "ns2")))
        self.add("lab.conf", f"zone {name} {name}.zone sign=13", *(f"server {address} {name}" for address in PROVIDER))

    def start(self):
        """Serve it; port 53 of its addresses has to be free."""
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.authority, "--zones", self.zones, "--port", "53", "--hints", self.hints,
                 "--anchor", self.anchor, "--dump", self.dump], stdout=log, stderr=subprocess.STDOUT)
        for _ in range(600):
            with open(self.log, encoding="utf-8") as log:
                said = log.read()
            if "ready" in said:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the lab did not start:\n{said}")

    def stop(self):
        """No longer serve it."""
        self.process.terminate()
        self.process.wait()

    def zone_files(self):
        """All its zones in master file form."""
        return glob.glob(f"{self.dump}/*.zone")


class RichLab(OwnLab):
    """Many zones of equal contents, signed in all the ways there are, good and bad."""

    def __init__(self, source, build, work):
        super().__init__(source, build, work)
        self.serve_children()
        self.add_top("rich")
        names = []
        for name, options in rich_zones(source):
            self.add("rich.zone", *(f"{name} NS {ns}.provider.net." for ns in ("ns1", "ns2")))
            self.add("lab.conf", f"zone {name}.rich contents.zone {' '.join(options)}",
                     f"zone signed.{name}.rich child.zone sign=13", f"zone unsigned.{name}.rich child.zone",
                     f"zone below.empty.{name}.rich child.zone")
            names += [f"{name}.rich"] + [f"{child}.{name}.rich" for child in ("signed", "unsigned", "below.empty")]
        self.add("lab.conf", *(f"server {address} {name}" for address in PROVIDER for name in names))

    def serve_children(self):
        """The children of zones/lab/signed.zone, most of which nobody serves otherwise."""
        with open(f"{self.zones}/lab.conf", encoding="ascii") as file:
            rows = [line.split() for line in file if line.startswith("zone ")]
        served = {row[1] for row in rows}
        for row in rows:
            for child in (f"unsigned.{row[1]}", f"unsigned.empty.{row[1]}"):
                if row[2] == "signed.zone" and child not in served:
                    self.add("lab.conf", f"zone {child} child.zone", *(f"server {one} {child}" for one in PROVIDER))


class OddLab(OwnLab):
    """Zones whose servers misbehave."""

    def __init__(self, source, build, work):
        super().__init__(source, build, work)
        self.add_top("odd")
        for number, way in enumerate(WAYS):
            name = way.replace("=", "-").replace("+", "-").replace(".", "-")
            address = f"127.53.5.{number + 1}"
            self.add("odd.zone", f"{name} NS ns.{name}", f"ns.{name} A {address}",
                     f"{name}-half NS ns.{name}-half", f"ns.{name}-half A {address}", f"{name}-half NS ns1.provider.net.")
            self.add("lab.conf", f"zone {name}.odd child.zone", f"zone {name}-half.odd child.zone",
                     f"server {address} {name}.odd {name}-half.odd +{way.replace('+', ' +')}",
                     f"server {PROVIDER[0]} {name}-half.odd")

    def zone_files(self):
        """The odd zones alone."""
        return glob.glob(f"{self.dump}/*.odd.zone")


class OtherLab:
    """A lab that others keep up, in the namespace we are in: a directory with root.hints, root.ds and zones."""

    def __init__(self, directory):
        self.directory = directory
        self.hints = f"{directory}/root.hints"
        self.anchor = f"{directory}/root.ds"

    def start(self):
        """It is up."""

    def stop(self):
        """It stays up."""

    def zone_files(self):
        """All its zones in master file form."""
        return glob.glob(f"{self.directory}/zones/**/*.zone", recursive=True)
