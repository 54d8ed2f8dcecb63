"""The resolvers that are compared: each has its settings, is started in the foreground, and is ended."""
import os
import socket
import subprocess
import time

import dns.exception
import dns.message

SETTINGS = {}


def resolver(name):
    """The function below gives the files of this resolver, and how it is started."""
    def note(function):
        SETTINGS[name] = function
        return function
    return note


@resolver("cairn")
def _(at):
    text = f"""
        listen: [127.0.0.1]
        port: {at.port}
        workers: 1
        cache-dir: {at.dir}
        state-dir: {at.dir}
        control-socket: {at.dir}/control
        root-hints-file: {at.hints}
        trust-anchor-file: {at.anchor}
        do-not-query-localhost: no
        trace-rate: 500
    """
    return {"cairn.yaml": text}, [at.cairnd, "--config", f"{at.dir}/cairn.yaml"]


@resolver("unbound")
def _(at):
    text = f"""
        server:
          num-threads: 1
          interface: 127.0.0.1@{at.port}
          do-daemonize: no
          use-syslog: no
          logfile: ""
          pidfile: ""
          chroot: ""
          username: ""
          directory: "{at.dir}"
          root-hints: "{at.hints}"
          trust-anchor-file: "{at.anchor}"
          module-config: "validator iterator"
          do-not-query-localhost: no
          num-queries-per-thread: 4096
          outgoing-range: 8192
        remote-control:
          control-enable: no
    """
    return {"unbound.conf": text}, ["unbound", "-d", "-c", f"{at.dir}/unbound.conf"]


@resolver("bind")
def _(at):
    tag, algorithm, digest, *octets = at.anchor_fields()
    text = f"""
        options {{
            directory "{at.dir}";
            pid-file none;
            session-keyfile "{at.dir}/session.key";
            listen-on port {at.port} {{ 127.0.0.1; }};
            listen-on-v6 {{ none; }};
            recursion yes;
            allow-query {{ any; }};
            allow-recursion {{ any; }};
            dnssec-validation yes;
            recursive-clients 20000;
            tcp-clients 1000;
            empty-zones-enable no;
        }};
        controls {{ }};
        zone "." {{ type hint; file "{at.hints}"; }};
        trust-anchors {{ . static-ds {tag} {algorithm} {digest} "{''.join(octets)}"; }};
    """
    return {"named.conf": text}, ["named", "-g", "-n", "1", "-c", f"{at.dir}/named.conf"]


@resolver("kresd")
def _(at):
    text = f"""
        log_level('notice')
        net.listen('127.0.0.1', {at.port}, {{ kind = 'dns' }})
        cache.open(100 * MB, 'lmdb://{at.dir}/cache')
        option('ALLOW_LOCAL', true)
        modules = {{ 'hints > iterate' }}
        hints.root_file('{at.hints}')
        trust_anchors.add_file('{at.anchor}', true)
    """
    return {"kresd.conf": text}, ["kresd", "-n", "-q", "-c", f"{at.dir}/kresd.conf", at.dir]


@resolver("pdns")
def _(at):
    text = f"""
        local-address=127.0.0.1
        local-port={at.port}
        hint-file={at.hints}
        dnssec=validate
        lua-config-file={at.dir}/anchors.lua
        socket-dir={at.dir}
        dont-query=
        threads=1
        pdns-distributes-queries=no
        max-mthreads=4096
        quiet=yes
        daemon=no
        security-poll-suffix=
    """
    tag, algorithm, digest, *octets = at.anchor_fields()
    anchors = f"""
        clearTA()
        addTA('.', "{tag} {algorithm} {digest} {''.join(octets)}")
    """
    return {"recursor.conf": text, "anchors.lua": anchors}, ["pdns_recursor", f"--config-dir={at.dir}"]


class Resolver:
    """One of them, running in a scratch directory of its own."""

    def __init__(self, name, port, lab, cairnd, directory):
        self.name = name
        self.port = port
        self.dir = directory
        self.hints = lab.hints
        self.anchor = lab.anchor
        self.cairnd = cairnd

    def anchor_fields(self):
        """Key tag, algorithm, digest type and digest of the lab's DS record."""
        with open(self.anchor, encoding="ascii") as file:
            return file.read().split("DS", 1)[1].split()

    def start(self):
        """Write the settings, start the process, and wait until it answers. Its directory may hold an earlier cache."""
        os.makedirs(self.dir, 0o700, exist_ok=True)
        files, command = SETTINGS[self.name](self)
        for name, text in files.items():
            with open(f"{self.dir}/{name}", "w", encoding="ascii") as file:
                file.write("\n".join(line.removeprefix("        ") for line in text.splitlines()))
        with open(f"{self.dir}/log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.dir)
        self.wait()

    def answers(self):
        """Whether it tells the root's servers now. A port where nobody listens yet says so at once."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(1)
            try:
                asking.connect(("127.0.0.1", self.port))
                asking.send(dns.message.make_query(".", "NS").to_wire())
                return bool(dns.message.from_wire(asking.recv(65535)).answer)
            except (OSError, dns.exception.DNSException):
                return False

    def wait(self):
        """Until the root's servers are known; a minute at most."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.answers():
                return
            time.sleep(0.005)
        with open(f"{self.dir}/log", encoding="utf-8") as log:
            raise RuntimeError(f"{self.name} did not start:\n{log.read()}")

    def stop(self):
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
