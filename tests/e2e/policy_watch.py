# SPDX-License-Identifier: Apache-2.0
"""What the guests of the policy tests share: the event log as a witness, what
the servers saw, clients, and bytes of a ClientHello.

The log is one stream in the order in which things happened.  So a name that
nobody else asks for marks an end: when its event is there, all before it are,
and nothing need be waited for."""

import itertools
import json
import os
import re
import select
import shutil
import socket
import ssl
import struct
import subprocess
import time

import dnswire as d
import t
from t import must, same

ZONE = ".weirworld.net"
LOG = os.environ.get("WEIR_E2E_LOG", "")
DNS = "10.0.2.3"
CA = t.DIR + "/tls/ca.pem"
_marks = itertools.count()


class Events:
    """The lines of the log as they come."""

    def __init__(self):
        self.file = open(LOG, "rb")
        self.rest = b""

    def more(self):
        data = self.rest + self.file.read()
        *lines, self.rest = data.split(b"\n")
        return [json.loads(line) for line in lines]


_events = None


def until_mark():
    """All events up to now."""
    global _events
    _events = _events or Events()
    name = f"mark{os.getpid()}x{next(_marks)}.invalid"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect((DNS, 53))
        s.send(d.query(name, d.A, 1))
        s.recv(512)
    found, end = [], time.monotonic() + 5
    while True:
        for e in _events.more():
            if e.get("name") == name:
                return found
            if not e.get("name", "").startswith("mark"):
                found.append(e)
        must(time.monotonic() < end, f"{name} did not come to the log")
        time.sleep(0.002)


def said(event, want):
    return all(event.get(k) == v for k, v in want.items())


class Tail:
    """What a server writes to its log from now on."""

    def __init__(self, name):
        self.path = f"{t.DIR}/{name}"
        self.at = os.path.getsize(self.path)

    def lines(self):
        with open(self.path, encoding="utf-8") as f:
            f.seek(self.at)
            return f.read().splitlines()

    def has(self, line):
        return line in self.lines()


class Watch:
    """What happens from now on."""

    def __init__(self):
        until_mark()
        self.seen = []
        self.web = Tail("http.log")
        self.peer = Tail("peer.log")
        self.dns = Tail("dns.log")

    def events(self):
        self.seen += until_mark()
        return self.seen

    def denials(self):
        return [e for e in self.events() if e["event"] == "deny"]

    def denied(self, reason, rule="default", **want):
        """Exactly one denial since the last look, and it says so."""
        found = self.denials()
        same(len(found), 1, f"denials (wanted {reason}): {found!r}: number")
        want.update(reason=reason, rule=rule, verdict="deny")
        for k, v in want.items():
            same(found[0].get(k), v, f"{k} of {found[0]!r}")
        self.seen = []
        return found[0]

    def opened(self, rule, **want):
        """One flow was opened, by this rule, and nothing was denied."""
        found = [e for e in self.events() if e["event"] == "flow_open"
                 and e.get("dport") != 53]
        same(self.denials(), [], "denials")
        must(found, "no flow was opened")
        want.update(rule=rule)
        for e in found:
            for k, v in want.items():
                same(e.get(k), v, f"{k} of {e!r}")
        self.seen = []
        return found[0]

    def nothing_reached_web(self, address=t.V4, port=443):
        """No byte of a client came; a later one that may come does."""
        must(not self.web.has(f"bytes {address} {port}"),
             f"bytes reached {address} {port}")

    def asked_upstream(self, part):
        return [x for x in self.dns.lines() if part in x.lower()]


def watched(name, **how):
    """A case that is given a Watch."""
    def add(f):
        @t.case(name, weir=True, **how)
        def _():
            f(Watch())
        return f
    return add


# ---- clients -----------------------------------------------------------------

def run(*argv, code=0, seconds=20, text="", env=None):
    """What it said on stdout; its status must be code (None: any)."""
    if not shutil.which(argv[0]):
        raise t.Skip(f"{argv[0]} is not installed")
    done = subprocess.run(argv, input=text.encode(), capture_output=True,
                          timeout=seconds, check=False,
                          env={**os.environ, **(env or {})})
    out = done.stdout.decode()           # CR LF stays what it is
    if code is not None and done.returncode != code:
        raise AssertionError(f"{argv[0]} {argv[-1]}: status {done.returncode} "
                             f"instead of {code}: {out[-200:]} "
                             f"{done.stderr.decode()[-300:]}")
    return out


def curl(*argv, **how):
    return run("curl", "-sS", "-m", "15", "--cacert", CA, *argv, **how)


def dig(name, qtype="A", *flags, server=DNS):
    """(status, answers, the EDE code or None)"""
    out = run("dig", "@" + server, "+tries=1", "+time=8", *flags, name, qtype)
    status = re.search(r"status: (\w+)", out)
    must(status, f"dig {name}: {out}")
    ede = re.search(r"; EDE: (\d+)", out)
    part = re.search(r";; ANSWER SECTION:\n(.*?)\n\n", out, re.S)
    answers = [line.split(None, 4)[4] for line in part[1].splitlines()
               ] if part else []
    return status[1], answers, int(ede[1]) if ede else None


def resolve(name):
    return socket.getaddrinfo(name, 80, socket.AF_INET,
                              socket.SOCK_STREAM)[0][4][0]


def context():
    return ssl.create_default_context(cafile=CA)


def hello(name):
    """The bytes of a ClientHello that shows this name, or none."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        c.wrap_bio(come, go, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return go.read()


def ending(s, seconds=10):
    """(what came, how it ended: eof, reset, silent)"""
    out, end = b"", time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([s], [], [], left)[0]:
            return out, "silent"
        try:
            got = s.recv(65536)
        except ConnectionResetError:
            return out, "reset"
        if not got:
            return out, "eof"
        out += got


def talk(address, port, data, seconds=10):
    with t.connect(address, port) as s:
        s.sendall(data)
        return ending(s, seconds)


def get(host, path="/hello", *more, method="GET"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *more,
                        "", ""]).encode()


def answers_of(data):
    """[(status, headers, body)] of answers that have a Content-Length."""
    out = []
    while data:
        head, sep, data = data.partition(b"\r\n\r\n")
        must(sep, f"no whole answer: {head[:80]!r}")
        lines = head.decode("latin1").split("\r\n")
        fields = {k.lower(): v.strip() for k, _, v in
                  (line.partition(":") for line in lines[1:])}
        length = int(fields.get("content-length", "0"))
        out.append((int(lines[0].split()[1]), fields,
                    data[:length].decode("latin1")))
        data = data[length:]
    return out


def forbidden(data, host, reason, rule="default"):
    """The last answer is our 403, and says why."""
    status, fields, body = answers_of(data)[-1]
    same(status, 403, "status")
    if fields["content-type"] == "application/json":
        same(json.loads(body), {"error": "denied", "host": host, "rule": rule,
                                "reason": reason}, "body")
        return
    must(fields["content-type"].startswith("text/plain"), str(fields))
    said_ = dict(line.split(": ", 1) for line in body.splitlines())
    same({k: said_.get(k) for k in ("host", "rule", "reason")},
         {"host": host or "none", "rule": str(rule), "reason": reason}, "body")
    must("error" in said_, body)


def udp_error(address, port, data=b"x", seconds=3):
    """The errno that a datagram comes back with; None: nothing came."""
    with socket.socket(t.family(address), socket.SOCK_DGRAM) as s:
        s.connect((address, port))
        try:
            s.send(data)
            if not select.select([s], [], [], seconds)[0]:
                return None
            got = s.recv(65535)
            raise AssertionError(f"an answer: {got[:50]!r}")
        except OSError as e:
            return e.errno


def frame(kind, data):
    """A masked frame of a web socket (RFC 6455 5.2), shorter than 126."""
    mask = b"\1\2\3\4"
    return bytes([0x80 | kind, 0x80 | len(data)]) + mask + bytes(
        b ^ mask[i % 4] for i, b in enumerate(data))


def dns_frame(packet):
    return struct.pack("!H", len(packet)) + packet
