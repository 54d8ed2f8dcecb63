#!/usr/bin/python3
"""What an idle connection costs cairnd: bytes of its memory for each, after one question and its answer. See README.md.

    connections.py [--build build/release] [--count 800]

Keeps below the limits of connections for one address and for all."""
import argparse
import socket
import struct
import subprocess
import sys
import tempfile
import time

FIRST = 200                                           # not counted: the program's own first use of memory
EACH = 16                                             # connections of one address
QUERY = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + b"\x09localhost\0" + struct.pack("!2H", 1, 1)


def dirty_bytes(process):
    """Memory that only this process has: heap and stacks, no files."""
    with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Anonymous:"))


def ask(connection):
    connection.sendall(struct.pack("!H", len(QUERY)) + QUERY)
    (length,) = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
    assert connection.recv(length, socket.MSG_WAITALL)[:2] == QUERY[:2]


def connect(port, number):
    """One connection that has asked; None while nobody listens."""
    try:
        connection = socket.create_connection(("127.0.0.1", port), source_address=(f"127.1.0.{1 + number // EACH}", 0))
    except ConnectionRefusedError:
        return None
    ask(connection)
    return connection


def wait_for(port):
    for _ in range(100):
        connection = connect(port, 0)
        if connection:
            connection.close()
            return
        time.sleep(0.05)
    sys.exit("connections: cairnd does not listen")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--count", type=int, default=800)
    parser.add_argument("--port", type=int, default=5391)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/cairn.yaml", "w", encoding="ascii") as file:
            file.write(f"listen: [127.0.0.1]\nport: {options.port}\nworkers: 1\ncache-dir: {work}\nstate-dir: {work}\n"
                       f"control-socket: {work}/control\nweb-listen: []\n")
        daemon = subprocess.Popen([f"{options.build}/cairnd", "--config", f"{work}/cairn.yaml"], stderr=subprocess.DEVNULL)
        try:
            wait_for(options.port)
            kept = [connect(options.port, number) for number in range(FIRST)]
            before = dirty_bytes(daemon)
            kept += [connect(options.port, number) for number in range(FIRST, options.count)]
            each = (dirty_bytes(daemon) - before) / (len(kept) - FIRST)
            print(f"{each:.0f} bytes for each idle connection from the {FIRST + 1}th to the {len(kept)}th")
        finally:
            daemon.terminate()
            daemon.wait()


main()
