#!/usr/bin/python3
"""Ask many questions over UDP, a few at a time: ask_many.py PORT COUNT SUFFIX [PREFIX]. Prints how many were answered,
and the longest and the 99th percentile of the times they took, in microseconds."""
import random
import select
import socket
import struct
import sys
import time

WINDOW, PATIENCE_S = 16, 5


def query(number, name):
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def main():
    port, count, suffix = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    prefix = sys.argv[4] if len(sys.argv) > 4 else f"n{random.randrange(1 << 30)}x"
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect(("127.0.0.1", port))
    asked, waiting, took = 0, {}, []
    while asked < count or waiting:
        while asked < count and len(waiting) < WINDOW:
            number = asked & 0xFFFF
            waiting[number] = time.perf_counter_ns()
            client.send(query(number, f"{prefix}{asked}.{suffix}"))
            asked += 1
        if not select.select([client], [], [], PATIENCE_S)[0]:
            break
        number = struct.unpack("!H", client.recv(4096)[:2])[0]
        if number in waiting:
            took.append((time.perf_counter_ns() - waiting.pop(number)) // 1000)
    took.sort()
    print(len(took), took[-1] if took else 0, took[len(took) * 99 // 100] if took else 0)


main()
