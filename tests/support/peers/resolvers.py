"""The resolvers that are compared: each has its settings, is started in the foreground, and is ended."""
import os
import subprocess
import time

import dns.message
import dns.query

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
        """Write the settings, start the process, and wait until it answers."""
        os.mkdir(self.dir, 0o700)
        files, command = SETTINGS[self.name](self)
        for name, text in files.items():
            with open(f"{self.dir}/{name}", "w", encoding="ascii") as file:
                file.write("\n".join(line.removeprefix("        ") for line in text.splitlines()))
        with open(f"{self.dir}/log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.dir)
        self.wait()

    def wait(self):
        """Until the root's servers are known; 20 s at most."""
        query = dns.message.make_query(".", "NS")
        for _ in range(100):
            try:
                if dns.query.udp(query, "127.0.0.1", port=self.port, timeout=1).answer:
                    return
            except (OSError, dns.exception.DNSException):
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
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
