"""cairnd for a laboratory that runs resolvers side by side: the files to write and the process to start.

The program is the one that CAIRND names, or the release built in this tree, or the one that is installed.
"""
import os

BUILT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../build/release/cairnd")


def program():
    """Where cairnd is."""
    return os.environ.get("CAIRND") or (os.path.realpath(BUILT) if os.path.exists(BUILT) else "cairnd")


def configure(c):
    """Settings for this instance. Traces are on, as they always are; what they cost is part of the figures."""
    settings = f"""
listen: [{c.addr}]
port: {c.port}
workers: {c.threads}
cache-size: {c.cache_mb}MiB
cache-dir: {c.dir}
state-dir: {c.dir}
control-socket: {c.dir}/control
root-hints-file: {c.lab}/root.hints
trust-anchor-file: {c.lab}/root.key
prefetch: no
web-listen: []
"""
    return {"files": {"cairn.yaml": settings}, "procs": [[program(), "--config", c.dir + "/cairn.yaml"]],
            "tcp": True, "dot": False, "doh": None, "persistent": True}
