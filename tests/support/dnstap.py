#!/usr/bin/python3
"""Read a file of dnstap frames, as fstrm_capture writes it, and print a line for each message:

    KIND PROTOCOL QUERY_ADDRESS RESPONSE_ADDRESS PORT TRACE NAME

TRACE is what `extra` holds; - stands for what is not there. Frame Streams and Protocol Buffers are read here by hand, so
that nobody shares cairnd's errors."""
import ipaddress
import struct
import sys

KINDS = {3: "resolver-query", 4: "resolver-response", 5: "client-query", 6: "client-response"}
CONTENT = b"protobuf:dnstap.Dnstap"


def frames(data):
    """The data frames of a Frame Streams file: each has its length (4 bytes) before it; a length of 0 is a control frame."""
    at, started = 0, False
    while at < len(data):
        (length,) = struct.unpack_from("!I", data, at)
        at += 4
        if length:
            assert started, "data before START"
            yield data[at:at + length]
        else:
            (length,) = struct.unpack_from("!I", data, at)
            at += 4
            (kind,) = struct.unpack_from("!I", data, at)
            assert kind != 2 or CONTENT in data[at:at + length], "another content type"
            started |= kind == 2
        at += length
    assert at == len(data), "the last frame is cut off"


def varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return number, at


def fields(data):
    out, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
            assert len(value) == length, "a field is cut off"
        else:
            assert key & 7 == 5, f"wire type {key & 7}"
            (value,) = struct.unpack_from("<I", data, at)
            at += 4
        assert key >> 3 not in out, f"field {key >> 3} twice"
        out[key >> 3] = value
    return out


def question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("ascii", "backslashreplace").lower())
        at += 1 + message[at]
    return ".".join(labels) + "."


def line(frame):
    outer = fields(frame)
    assert outer[15] == 1 and outer[1] == b"cairn" and outer[2], "type, identity, version"
    inner = fields(outer[14])
    is_query = inner[1] in (3, 5)
    message = inner[10] if is_query else inner[14]
    assert inner[8 if is_query else 12] > 1600000000 and inner[9 if is_query else 13] < 1000000000, "time"
    assert bool(struct.unpack_from("!H", message, 2)[0] & 0x8000) != is_query, "QR"
    addresses = [str(ipaddress.ip_address(inner[key])) if key in inner else "-" for key in (4, 5)]
    return (f"{KINDS[inner[1]]} {['udp', 'tcp'][inner[3] - 1]} {' '.join(addresses)} {inner.get(6) or inner.get(7)} "
            f"{outer.get(3, b'-').decode('ascii')} {question(message)}")


for each in frames(open(sys.argv[1], "rb").read()):
    print(line(each))
