#!/usr/bin/python3
"""A stand-in for an OpenTelemetry collector: takes OTLP over HTTP in JSON and is strict about it.

    collector.py PORT FILE [stall]

Every trace ID whose spans were valid becomes a line of FILE: ID, number of spans, name of the question. With `stall` it
accepts connections and never answers. What is wrong with a request goes to stderr and is answered with 400.
"""
import http.server
import json
import re
import sys
import threading

HEX = {16: re.compile(r"[0-9a-f]{16}"), 32: re.compile(r"[0-9a-f]{32}")}
SPAN = {"traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes", "events", "status"}
TYPES = {"dns.question.name": str, "dns.question.type": str, "dns.response_code": str, "server.address": str, "server.port": int,
         "network.peer.address": str, "network.peer.port": int, "network.transport": str, "network.protocol.name": str,
         "client.address": str, "client.port": int, "error.type": str, "service.name": str, "service.version": str}


def need(truth, what):
    if not truth:
        raise ValueError(what)


def identifier(text, length):
    need(isinstance(text, str) and HEX[length].fullmatch(text) and int(text, 16), f"no ID: {text!r}")
    return text


def number(text):
    need(isinstance(text, str) and re.fullmatch(r"[0-9]{1,20}", text), f"a 64-bit number is a string of digits: {text!r}")
    return int(text)


def safe(text):
    need(isinstance(text, str) and re.fullmatch(r"[ -~]*", text) and not re.search(r"[<>&\"]", text), f"not safe: {text!r}")
    return text


def attributes(items):
    out = {}
    for item in items:
        need(set(item) == {"key", "value"} and len(item["value"]) == 1, f"no attribute: {item}")
        ((kind, value),) = item["value"].items()
        need(kind in ("stringValue", "intValue"), f"no kind of value: {kind}")
        value = safe(value) if kind == "stringValue" else number(value)
        key = safe(item["key"])
        need(key in TYPES or re.fullmatch(r"cairn\.[a-z_]+", key), f"no such attribute: {key}")
        need(isinstance(value, TYPES.get(key, (str, int))), f"{key} is a {type(value)}")
        need(key not in out, f"{key} twice")
        out[key] = value
    return out


def check_span(span):
    need(set(span) <= SPAN and SPAN - {"parentSpanId", "status", "events"} <= set(span), f"members {set(span)}")
    start, end = number(span["startTimeUnixNano"]), number(span["endTimeUnixNano"])
    need(start <= end, "it ends before it starts")
    need(span["kind"] in (1, 2, 3) and safe(span["name"]), "kind and name")
    named = attributes(span["attributes"])
    need("dns.question.name" in named, "without its question")
    if span["kind"] == 3:
        need({"server.address", "server.port", "network.transport"} <= set(named), f"a message without its server: {named}")
    for event in span.get("events", []):
        need(set(event) == {"timeUnixNano", "name", "attributes"}, f"event {event}")
        need(start <= number(event["timeUnixNano"]) <= end, f"an event outside of its span: {event}")
        attributes(event["attributes"])
    if "status" in span:
        need(set(span["status"]) <= {"code", "message"} and span["status"]["code"] in (1, 2), f"status {span['status']}")
        safe(span["status"].get("message", ""))
    return named


def check(request):
    """The traces of a request: {ID: (spans, question)}."""
    traces = {}
    for resource in request["resourceSpans"]:
        need(attributes(resource["resource"]["attributes"])["service.name"] == "cairn", "service.name")
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                named = check_span(span)
                trace = traces.setdefault(identifier(span["traceId"], 32), {})
                key = identifier(span["spanId"], 16)
                need(key not in trace, f"span {key} twice")
                trace[key] = (span, named)
    for trace in traces.values():
        servers = [span for span, _ in trace.values() if span["kind"] == 2]
        need(len(servers) >= 1, "a trace without its question")
        for span, _ in trace.values():
            if span["kind"] != 2:
                need(identifier(span["parentSpanId"], 16) in trace, "a parent that is not there")
    return {key: (len(trace), next(named["dns.question.name"] for span, named in trace.values() if span["kind"] == 2))
            for key, trace in traces.items()}


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if stalls:
            threading.Event().wait()
        try:
            need(self.path == "/v1/traces", f"path {self.path}")
            need(self.headers["Content-Type"] == "application/json", f"type {self.headers['Content-Type']}")
            traces = check(json.loads(body.decode("ascii")))
            status = 200
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            print(f"invalid: {error!r}", file=sys.stderr, flush=True)
            traces, status = {}, 400
        with lock:
            for key, (spans, question) in traces.items():
                out.write(f"{key} {spans} {question}\n")
            out.flush()
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")


stalls = "stall" in sys.argv[3:]
lock = threading.Lock()
out = open(sys.argv[2], "a", encoding="ascii")
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Collector)
server.daemon_threads = True
print("ready", flush=True)
server.serve_forever()
