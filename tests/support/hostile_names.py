#!/usr/bin/python3
"""Ask names that are made to break whoever shows them, and read back what the web port tells of each.

    hostile_names.py DNS_PORT WEB_PORT GROUPS SEED

Each group has 200 names below gN.site.plain. All JSON must be valid, printable ASCII without markup, and name each name
so that it can be read back byte by byte."""
import json
import random
import re
import socket
import struct
import sys
import urllib.request

EACH, ZONE = 200, [b"site", b"plain"]
PIECES = [b"<script>alert(1)</script>", b"\"><img src=x onerror=alert(1)>", b"'-alert(1)-'", b"\r\n\r\nHTTP/1.1 200 OK",
          b"</textarea><svg/onload=alert(1)>", b"\x1b[31m\x1b]0;x\x07", b"\0", b"\xe2\x80\xae\xe2\x81\xa7", b"\xff\xfe",
          b"\\", b"\\u0000", b".", b"..", b"{{7*7}}", b"${x}", b"%00%0a", b"]]>", b"&lt;&#x3c;", b"`id`", b"\x7f\x80\x9b",
          b"\xf0\x9f\x92\xa9", b"\xed\xa0\x80", b"javascript:alert(1)", b"__proto__", b"constructor", b"\t \v",
          b"\"}],", b"#", b"\xc2\xa0"]
SAFE = re.compile(rb"[\n -~]*")


def label(dice):
    kind = dice.random()
    if kind < 0.2:
        return bytes(dice.randrange(256) for _ in range(dice.randint(1, 63)))
    out = b""
    while not out or dice.random() < 0.5:
        out += dice.choice(PIECES)
    return out[:63]


def name(dice, group):
    """Labels; one in five as long as a name can be."""
    tail = [b"g%d" % group] + ZONE
    room = 255 - 1 - sum(len(each) + 1 for each in tail)
    labels = []
    long = dice.random() < 0.2
    while room > 1 and (not labels or long or dice.random() < 0.3):
        next_label = (label(dice) * (63 if long else 1))[:min(63, room - 1)]
        labels.append(next_label)
        room -= len(next_label) + 1
    return labels + tail


def read(web, path):
    body = urllib.request.urlopen(f"http://127.0.0.1:{web}{path}").read()
    assert SAFE.fullmatch(body) and not re.search(rb"[<>&'`]", body), f"{path}: something raw: {body[:300]!r}"
    return json.loads(body)


def unescape(shown):
    """Back to bytes, whichever way a byte was escaped."""
    return re.sub(rb"\\([0-9]{3})|\\(.)", lambda m: bytes([int(m[1])]) if m[1] else m[2], shown.encode("ascii"))


def stands_for(shown, name):
    """Of the longest names only the end is shown, behind three dots."""
    text = unescape(shown).lower()
    return text == name or (shown.startswith("...") and len(text) > 100 and name.endswith(text[3:]))


def ask(client, names):
    for number, labels in enumerate(names):
        wire = b"".join(bytes([len(each)]) + each for each in labels)
        client.send(struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + wire + b"\0\0\1\0\1")
        answer = client.recv(4096)
        assert struct.unpack("!H", answer[:2])[0] == number
    return {b"".join(each + b"." for each in labels).lower() for labels in names}


def main():
    dns, web, groups, seed = map(int, sys.argv[1:5])
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect(("127.0.0.1", dns))
    client.settimeout(10)
    checked = 0
    for group in range(groups):
        dice = random.Random(seed * 1000 + group)
        names = {}
        while len(names) < EACH:
            labels = name(dice, group)
            names[b".".join(labels).lower()] = labels
        wanted = ask(client, list(names.values()))
        listed = read(web, f"/api/traces?show=recent&name=g{group}.site.plain")["traces"]
        assert len(listed) == len(wanted), f"group {group}: {len(listed)} of {len(wanted)}"
        for each in wanted:
            assert any(stands_for(trace["qname"], each) for trace in listed), f"group {group}: nothing of {each}"
        for trace in listed:
            whole = read(web, f"/api/trace/{trace['trace']}")
            words = read(web, f"/api/words/{trace['trace']}")["steps"]
            assert whole["qname"] == trace["qname"] and len(words) == len(whole["steps"]) > 2
            checked += 1
    for path in ("/api/status", "/api/history", "/api/traces?show=failed", "/api/traces?show=slow"):
        read(web, path)
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{web}/metrics").read()
    assert b"site" not in metrics, "a label made of what a client asked"
    print(f"{checked} names")


main()
