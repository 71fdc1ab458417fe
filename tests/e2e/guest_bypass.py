#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ways around the rules, as frames.  See test_bypass.sh for the rules.

--part allow   v4.weirworld.net by name on 80 and 443, UDP to one address
--part deny    all that is public but zz.weirworld.net

In every case the connection is brought to its end, and then it is asked what
reached the server: so nothing need be waited for that shall not come."""

import json
import os
import struct
import time

import dnswire as d
import t
from t import must, same
from wire import (ACK, DNS, FIN, GATEWAY, PSH, RST, SYN, URG, Conn, Wire,
                  block, extension, hello, names, v4)

OPT = t.options(part="allow")
GOOD, EVIL = "v4.weirworld.net", "zz.weirworld.net"
HERE, OTHER, INSIDE, CLOUD = (t.V4, "93.184.216.35", "10.77.0.2",
                              "169.254.169.254")
LOG = t.DIR + "/bypass.log"
wire = Wire()


class Reached:
    """What the server wrote down from now on."""

    def __init__(self):
        self.at = os.path.getsize(LOG)

    def lines(self):
        with open(LOG, encoding="ascii") as f:
            f.seek(self.at)
            whole, end, _ = f.read().rpartition("\n")
        return [json.loads(x) for x in whole.splitlines()] if end else []

    def stream(self):
        """The bytes of the one connection, when it has ended."""
        end = time.monotonic() + 10
        while True:
            found = [x for x in self.lines() if x[0] == "tcp"]
            if found:
                same(len(found), 1, "connections")
                return found[0][3].encode("latin1")
            must(time.monotonic() < end, "the server's side has no end")
            time.sleep(0.002)


def is_allowed(name):
    must(d.Message(wire.ask(d.query(name))).addresses() == [HERE], name)


def finish(c, sent, reset=False):
    """To the end of a connection that took so many bytes."""
    c.until(lambda: c.acked >= sent)
    if c.end is None:
        c.send(sent, flags=RST if reset else FIN | ACK)
    if not reset:
        c.until(lambda: False)
    if c.end == "fin":                   # a 403, which we need not close
        c.send(c.acked, flags=RST)


def plays(name, want, port=443):
    """A case: f(c) sends, and says how many bytes; want has come."""
    def add(f):
        @t.case(name)
        def _():
            is_allowed(GOOD)
            reached = Reached()
            c = Conn(wire, HERE, port)
            must(c.open(), "refused")
            finish(c, f(c))
            same(reached.stream(), want, "the server has")
        return f
    return add


def says(name, data, upto, port, then=None, reset=False):
    """A case: data is sent, and its first `upto` bytes come (None: all); once
    the server has said something, `then`."""
    @t.case(f"{name}, port {port}")
    def _():
        is_allowed(GOOD)
        reached = Reached()
        c = Conn(wire, HERE, port)
        must(c.open(), "refused")
        c.write(0, data)
        if then:
            c.until(lambda: c.got)
            c.write(len(data), then)
        whole = data + (then or b"")
        finish(c, len(whole), reset)
        same(reached.stream(), whole[:upto], "the server has")


# ---- segments ----------------------------------------------------------------

G, E = hello(GOOD), hello(EVIL)
SIZE, AT = len(G), G.find(GOOD.encode())     # AT: where they begin to differ


def segments():
    @plays("the first copy counts: a denied tail, then an allowed whole", G)
    def _(c):
        c.send(5, E[5:])
        c.send(0, G)
        return SIZE

    @plays("the first copy counts: an allowed tail, then a denied whole", b"")
    def _(c):
        c.send(5, G[5:])
        c.send(0, E)
        return SIZE

    @plays("two tails before the head, the denied one first", G)
    def _(c):
        for at, data in (AT, E[AT:]), (AT, G[AT:]), (0, G[:AT]):
            c.send(at, data)
        return SIZE

    @plays("two tails before the head, the allowed one first", b"")
    def _(c):
        for at, data in (AT, G[AT:]), (AT, E[AT:]), (0, G[:AT]):
            c.send(at, data)
        return SIZE

    @plays("what is held is not written over by a repetition", G)
    def _(c):
        c.send(0, G[:-1])
        c.send(0, E[:-1])
        c.send(0, E)
        return SIZE

    @plays("byte for byte, the last one first", G)
    def _(c):
        for i in reversed(range(SIZE)):
            c.send(i, G[i:i + 1])
        return SIZE

    @plays("every other byte of the denied one first", G)
    def _(c):
        for i in range(0, SIZE, 2):
            c.send(i, E[i:i + 1])
        for i in range(SIZE):
            c.send(i, G[i:i + 1])
        return SIZE

    @plays("a segment that begins before the first byte", b"")
    def _(c):
        c.send(0, G[:20])
        c.send(-5, b"\xff" * 5 + E)
        return SIZE

    @plays("an urgent byte is a byte", b"")
    def _(c):
        c.send(0, G[:AT] + b"X" + G[AT:], ACK | PSH | URG, urgent=AT + 1)
        return SIZE + 1

    @plays("an urgent pointer alone changes nothing", G)
    def _(c):
        c.send(0, G, ACK | PSH | URG, urgent=SIZE - 2)
        return SIZE

    @plays("a window of 0 changes nothing", b"")
    def _(c):
        c.send(0, G[:AT])
        c.window = 0
        c.send(AT, E[AT:])
        c.window = 65535
        return SIZE

    for what, flags in (("without ACK", PSH), ("with SYN", SYN | ACK),
                        ("without flags", 0)):
        @plays(f"a segment {what} carries nothing", G)
        def _(c, flags=flags):
            c.send(0, E, flags)
            c.send(0, G)
            return SIZE

    @plays("a segment that acknowledges what was never sent carries nothing",
           G)
    def _(c):
        c.send(0, E, ack=(c.next + 100000) % (1 << 32))
        c.send(0, G)
        return SIZE

    @plays("a FIN in the middle of a name, and the rest behind it", b"")
    def _(c):
        c.send(AT + 3, flags=ACK | FIN)
        c.send(0, G[:AT + 3])
        c.send(AT + 3, E[AT + 3:])
        return AT + 3

    @t.case("a reset in the middle of a name")
    def _():
        is_allowed(GOOD)
        reached = Reached()
        c = Conn(wire, HERE, 443)
        must(c.open(), "refused")
        c.send(0, G[:AT + 3])
        c.send(AT + 3, flags=RST)
        c.send(AT + 3, E[AT + 3:])
        same(reached.stream(), b"", "the server has")

    @t.case("bytes in the SYN, and before the SYN-ACK, come again or not")
    def _():
        is_allowed(GOOD)
        reached = Reached()
        c = Conn(wire, HERE, 443, data=E)
        c.send(0, E, PSH | ACK, ack=1)
        must(c.open(), "refused")
        c.send(0, G)
        finish(c, SIZE)
        same(reached.stream(), G, "the server has")

    @t.case("the same ports again, with another name")
    def _():
        is_allowed(GOOD)
        reached = Reached()
        c = Conn(wire, HERE, 443)
        must(c.open(), "refused")
        c.send(0, G)
        finish(c, SIZE)
        same(reached.stream(), G, "the server has")
        reached = Reached()
        again = Conn(wire, HERE, 443, sport=c.sport)
        must(again.open(), "refused")
        again.send(0, E)
        finish(again, SIZE)
        same(reached.stream(), b"", "the server has")


# ---- TLS ---------------------------------------------------------------------

SSL, GSS = bytes.fromhex("0000000804d2162f"), bytes.fromhex("0000000804d21630")
ECH = extension(0xFE0D, b"\0\0\1\0\1\7" + block(2, b"e" * 32) +
                block(2, b"p" * 16))
V2 = b"\1\3\3\0\3\0\0\0\x10\0\0\x2f" + b"c" * 16    # an SSLv2 ClientHello


def good_hellos():
    for name, data in (
            ("a final dot", hello(GOOD + ".")),
            ("capitals", hello(GOOD.upper())),
            ("the outer name of ECH", hello(GOOD, ECH)),
            ("records of one byte", hello(GOOD, piece=1)),
            ("a name of another type beside it", hello(server_name=names(
                (0, GOOD.encode()), (1, b"\xff")))),
            ("after an SSLRequest", SSL + G)):
        says(f"TLS: {name} is read", data, None, 443)


def bad_hellos(port):
    """What is TLS to somebody, and shows the denied name or two names."""
    both = (0, GOOD.encode()), (0, EVIL.encode())
    for name, data in (
            ("the denied name", E),
            ("records of one byte", hello(EVIL, piece=1)),
            ("two server_name", hello(GOOD, extension(0, names(both[1])))),
            ("two server_name, the other first",
             hello(EVIL, extension(0, names(both[0])))),
            ("two names in one", hello(server_name=names(*both))),
            ("an empty server_name", hello(server_name=b"")),
            ("two final dots", hello(GOOD + "..")),
            ("a NUL behind", hello(GOOD + "\0")),
            ("a NUL between", hello(GOOD + "\0." + EVIL)),
            ("a space behind", hello(GOOD + " ")),
            ("8 bits", hello("v4\u00b7weirworld.net")),
            ("a record without bytes first", b"\x16\3\1\0\0" + G),
            ("an alert first", b"\x15\3\1\0\2\1\0" + E),
            ("a ChangeCipherSpec first", b"\x14\3\3\0\1\1" + E),
            ("a heartbeat first", b"\x18\3\3\0\1\1" + E),
            ("data first", b"\x17\3\3\0\1\1" + E),
            ("an alert of no version first", b"\x15\0\0\0\2\1\0" + E),
            ("another message first", b"\x16\3\1\0\4\0\0\0\0" + E),
            ("records of version 0", hello(EVIL, version=b"\0\0")),
            ("records of version 4.4", hello(EVIL, version=b"\4\4")),
            ("12 KiB of padding",
             hello(EVIL, extension(21, bytes(12000)))),
            ("more than is held", hello(GOOD, extension(21, bytes(20000)))),
            ("half of it, and the end", G[:AT + 4])):
        says(f"TLS: {name}", data, 0, port)
    for n, first in (1, SSL), (2, SSL + GSS):
        says(f"TLS: the denied name after {n} requests of Postgres",
             first + E, len(first), port)
    says("TLS: a third request of Postgres", SSL * 3 + G, 16, port)


def nameless():
    for name, data in (
            ("no server_name", hello()), ("an address", hello(HERE)),
            ("an IPv6 address", hello(t.V6)),
            ("SSLv2", bytes([0x80, len(V2)]) + V2),
            ("a line before it", b"starttls\r\n" + E),
            ("a NUL before it", b"\0" + E)):
        says(f"443 must show a name: {name}", data, 0, 443)


# ---- HTTP --------------------------------------------------------------------

OK, NO = f"Host: {GOOD}\r\n", f"Host: {EVIL}\r\n"
NEXT = f"GET /x HTTP/1.1\r\n{NO}\r\n".encode()


def get(line, *fields):
    return "\r\n".join([line, "".join(fields), ""]).encode("latin1")


def bad_heads(port):
    """Nothing of it reaches the server."""
    one = "GET / HTTP/1.1"
    for name, data in (
            ("the denied name", get(one, NO)),
            ("an absolute target and another Host",
             get(f"GET http://{GOOD}/ HTTP/1.1", NO)),
            ("a denied absolute target and another Host",
             get(f"GET http://{EVIL}/ HTTP/1.1", OK)),
            ("a denied absolute target", get(f"GET http://{EVIL}/ HTTP/1.1")),
            ("a target in another spelling",
             get(f"GET hTTp://{EVIL}/ HTTP/1.1", OK)),
            ("a target with three slashes",
             get(f"GET http:///{EVIL}/ HTTP/1.1", OK)),
            ("a backslash in the target",
             get(f"GET http://{GOOD}\\@{EVIL}/ HTTP/1.1", OK)),
            ("two Hosts", get(one, OK, NO)),
            ("two Hosts, the other first", get(one, NO, OK)),
            ("a list of Hosts", get(one, f"Host: {GOOD}, {EVIL}\r\n")),
            ("a user in the Host", get(one, f"Host: {GOOD}@{EVIL}\r\n")),
            ("a port and a user", get(one, f"Host: {GOOD}:80@{EVIL}\r\n")),
            ("a path in the Host", get(one, f"Host: {GOOD}/{EVIL}\r\n")),
            ("a folded Host", get(one, f"Host: {GOOD}\r\n {EVIL}\r\n")),
            ("Host as a folded line", get(one, "X: y\r\n ", NO, OK)),
            ("a space before the colon", get(one, f"Host : {EVIL}\r\n", OK)),
            ("a space before the first field", get(one, " ", NO, OK)),
            ("a bare LF in a value", get(one, f"X: a\nHost: {EVIL}\r\n", OK)),
            ("a bare CR in a value", get(one, f"X: a\rHost: {EVIL}\r\n", OK)),
            ("a NUL in a value", get(one, f"X: a\0Host: {EVIL}\r\n", OK)),
            ("a NUL in a field's name", get(one, f"Host\0: {EVIL}\r\n", OK)),
            ("a form feed before the Host", get(one, f"Host:\f{EVIL}\r\n", OK)),
            ("8 bits in the Host", get(one, f"Host: {GOOD}\xa0{EVIL}\r\n")),
            ("lines that end with LF", f"{one}\nHost: {EVIL}\n\n".encode()),
            ("empty lines first", b"\r\n\r\n" + get(one, NO)),
            ("an empty LF line first", b"\n" + get(one, NO)),
            ("HTTP/0.9", b"GET /\r\n"),
            ("HTTP/0.9 with a URL", f"GET http://{EVIL}/\r\n".encode()),
            ("HTTP/1.2", get("GET / HTTP/1.2", NO)),
            ("a version in small letters", get("GET / http/1.1", NO)),
            ("tabs", get("GET\t/\tHTTP/1.1", NO)),
            ("many spaces", get("GET  /  HTTP/1.1", NO)),
            ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("CONNECT", get(f"CONNECT {EVIL}:443 HTTP/1.1",
                            f"Host: {EVIL}:443\r\n")),
            ("CONNECT and another Host",
             get(f"CONNECT {GOOD}:443 HTTP/1.1", NO)),
            ("a field that Connection takes away",
             get(one, OK, f"Connection: close, Host\r\nX: {EVIL}\r\n")),
            ("both framings", get("POST / HTTP/1.1", OK, "Content-Length: 6\r\n"
                                  "Transfer-Encoding: chunked\r\n") +
             b"0\r\n\r\n" + NEXT),
            ("a head that does not end",
             get(one, f"X: {'a' * 17000}\r\n", NO))):
        says(f"HTTP: {name}", data, 0, port)
    for field in ("Transfer-Encoding: xchunked", "Transfer-Encoding: identity",
                  "Transfer-Encoding:\vchunked", "Transfer-Encoding : chunked",
                  "Transfer-Encoding: gzip, chunked", "Transfer_Encoding: x",
                  "Content_Length: 3", "Content-Length: +3",
                  "Content-Length: 3, 3", "Content-Length: 0x3",
                  "Content-Length: -3", "Content-Length: 03",
                  "Content-Length: 18446744073709551619",
                  "Content-Length: 3\r\nContent-Length: 50",
                  "Connection: content-length\r\nContent-Length: 3"):
        says(f"HTTP: {field!r}", get("POST / HTTP/1.1", OK, field + "\r\n") +
             b"abc" + NEXT, 0, port)


def bad_sequels(port):
    """The first request comes, and of what follows so much."""
    first = get("GET / HTTP/1.1", OK)
    for name, rest in (
            ("another Host", NEXT),
            ("an empty line and another Host", b"\r\n" + NEXT),
            ("small letters", b"get" + NEXT[3:]), ("TLS", E),
            ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("CONNECT", get(f"CONNECT {GOOD}:443 HTTP/1.1",
                            f"Host: {GOOD}:443\r\n"))):
        says(f"HTTP: then {name}", first + rest, len(first), port)
    post = get("POST / HTTP/1.1", OK, "Transfer-Encoding: chunked\r\n")
    for name, body, upto in (
            ("a whole body", b"3\r\nabc\r\n0\r\n\r\n", 13),
            ("a chunk longer than it says", b"3\r\nabcX\n", None),
            ("chunk extensions", b"0;a=b\r\n\r\n", None),
            ("LF alone in chunks", b"5\nabcde\n0\n\n", None),
            ("0x before a size", b"0x5\r\nabcde\r\n0\r\n\r\n", None),
            ("+ before a size", b"+5\r\nabcde\r\n0\r\n\r\n", None),
            ("a size of 65 bits", b"10000000000000000\r\n", None),
            ("a Host in the trailer", b"0\r\n" + NO.encode() + b"\r\n", None)):
        @t.case(f"HTTP: {name}, then another Host, port {port}")
        def _(body=body, upto=upto):
            is_allowed(GOOD)
            reached = Reached()
            c = Conn(wire, HERE, port)
            must(c.open(), "refused")
            c.write(0, post + body + NEXT)
            finish(c, len(post + body + NEXT))
            got = reached.stream()
            must(EVIL.encode() not in got, f"the server has {got!r}")
            if upto:
                same(got, post + body[:upto], "the server has")


def no_host(port):
    first = get("GET / HTTP/1.1", OK)
    says("HTTP: then no Host", first + b"GET / HTTP/1.0\r\n\r\n", len(first),
         port)


def switches(port):
    """Upgrade and CONNECT: what the server answers decides."""
    def ask(answer, upgrade="websocket"):
        return get(f"GET /say/{answer.encode().hex()} HTTP/1.1", OK,
                   f"Upgrade: {upgrade}\r\nConnection: Upgrade\r\n")

    ok = "HTTP/1.1 200 x\r\nContent-Length: 18\r\n\r\n"
    switch = "HTTP/1.1 101 x\r\n\r\n"
    for name, data in (
            ("it does not switch", ask(ok + "y" * 18)),
            ("it says 101 in a body", ask(ok + switch)),
            ("an interim answer", ask("HTTP/1.1 100 x\r\n\r\n" + ok)),
            ("to HTTP/2", ask(switch, "h2c")),
            ("to TLS", ask(switch, "TLS/1.0, HTTP/1.1"))):
        says(f"HTTP: Upgrade, {name}, then another Host", data, len(data),
             port, then=NEXT)
    data = ask(switch)
    says("HTTP: Upgrade, it switches, then anything", data, None, port,
         then=b"\x81\x01x")
    data = get("GET / HTTP/1.1", OK, "Upgrade: x\r\n")
    says("HTTP: Upgrade, and another Host without waiting", data + NEXT,
         len(data), port, reset=True)


# ---- names -------------------------------------------------------------------

def question(labels, qtype=1, qclass=1, counts=(1, 0, 0, 0), more=b""):
    return struct.pack("!6H", 7, d.RD, *counts) + b"".join(
        block(1, x) for x in labels) + struct.pack("!BHH", 0, qtype,
                                                   qclass) + more


def edns(data):
    return b"\0" + struct.pack("!HHIH", d.OPT, 1232, 0, len(data)) + data


def questions():
    world = b"weirworld", b"net"
    secret = b"secret", *world
    record = d.pack_name("secret.weirworld.net") + struct.pack(
        "!2HIH", 1, 1, 1, 4) + b"\1\2\3\4"

    @t.case("a name that no rule allows never leaves, whatever is asked how")
    def _():
        at = os.path.getsize(t.DIR + "/dns.log")
        for server in "8.8.8.8", "93.184.216.53", INSIDE, GATEWAY:
            same(d.Message(wire.ask(question(secret), server)).rcode,
                 d.NXDOMAIN, server)
        for qtype in 0, 12, 16, 33, 65, 251, 252, 255, 65535:
            wire.ask(question(secret, qtype))
        for qclass in 0, 3, 254, 255:
            wire.ask(question(secret, 1, qclass))
        for opcode in 1, 2, 4, 5, 6, 15:
            wire.ask(d.query("secret.weirworld.net", flags=opcode << 11))
        for labels in ((b"v4.weirworld", b"net"), (b"v4\0", *world),
                       (b"v4\0.weirworld.net", *world),
                       (b'a"\r\n{"event":"x"}\x1b[31m\xff\\', *world),
                       (b"a" * 63,) * 3 + (b"b" * 61,), (b"secret",), (),
                       (b"v4", *world, b"secret"), (b"V4", b"secret")):
            wire.ask(question(labels))
        two = question((b"v4", *world), counts=(2, 0, 0, 0),
                       more=question(secret)[12:])
        for message in (two, question(secret, counts=(1, 1, 0, 0),
                                      more=record),
                        question((b"v4", *world), counts=(1, 1, 0, 0),
                                 more=record),
                        question((b"v4", *world), counts=(1, 0, 0, 1),
                                 more=record),
                        question((b"v4", *world), more=b"secret"),
                        question((b"v4", *world), counts=(1, 0, 0, 1),
                                 more=edns(struct.pack("!HH", 65001, 6) +
                                           b"secret"))):
            wire.ask(message)
        c = Conn(wire, "8.8.8.8", 53)
        must(c.open(), "no DNS by TCP")
        ask = block(2, question(secret)) + block(2, question((b"v4", *world)))
        for i in range(len(ask)):
            c.send(i, ask[i:i + 1])
        c.until(lambda: c.got.endswith(v4(HERE)))
        c.send(len(ask), flags=FIN | ACK)
        c.until(lambda: False)
        wire.ask(question((b"v4", *world), 29))     # the last to leave
        with open(t.DIR + "/dns.log", encoding="ascii") as f:
            f.seek(at)
            asked = [x.split() for x in f.read().splitlines()]
        must(asked[-1][5] == "29", f"the end mark: {asked[-1]}")
        for x in asked:
            same((x[0], x[4].lower()), ("first", GOOD), "asked upstream")


# ---- packets -----------------------------------------------------------------

def fence():
    """All that was sent before has been written down."""
    for _ in range(2):
        wire.udp(OTHER, 5000, b"fence", 4999)
        wire.packet(lambda p: p.proto == 17 and p.source == OTHER and
                    p.ports() == (5000, 4999) and p.body[8:] == b"fence")


def packets(name, want=()):
    """A case: f sends, and of UDP this much reaches the server, sorted."""
    def add(f):
        @t.case(name)
        def _():
            is_allowed(GOOD)
            fence()
            reached = Reached()
            f()
            fence()
            same(sorted(x[3] for x in reached.lines() if x[3] != "fence"),
                 sorted(want), "the server has")
        return f
    return add


def everything_else():
    @packets("UDP by a name for TCP, to its port or another")
    def _():
        for address in HERE, INSIDE, CLOUD:
            for port in 443, 5000:
                wire.udp(address, port, b"udp")
        wire.udp(OTHER, 443, b"udp")

    @packets("fragments, the ports in the second or last or alone",
             ["whole" * 9, "back" * 12])
    def _():
        for to in HERE, INSIDE:
            wire.parts(to, wire.datagram(to, 5000, b"hidden" * 8), [8, 16, 40],
                       [0, 1, 2, 3])
            wire.parts(to, wire.datagram(to, 5000, b"hidden" * 8), [8, 16, 40],
                       [3, 2, 1, 0])
        wire.parts(OTHER, wire.datagram(OTHER, 5000, b"whole" * 9), [8, 24],
                   [0, 1, 2])
        wire.parts(OTHER, wire.datagram(OTHER, 5000, b"back" * 12), [8, 24],
                   [2, 1, 0])

    @packets("fragments that lie over others are dropped with all of them")
    def _():
        a = wire.datagram(OTHER, 5000, b"overlap" * 4)
        b = wire.datagram(OTHER, 443, b"overlap" * 4)
        for at, part, more in ((0, a[:16], 1), (0, b[:8], 1), (16, a[16:], 0)):
            wire.ip(OTHER, 17, part, ident=77, fragment=more << 13 | at // 8)

    @packets("IPv4 options say nothing of where it goes", ["option"] * 4)
    def _():
        for kind in b"\x83", b"\x89", b"\x07":
            wire.udp(OTHER, 5000, b"option", options=kind + b"\7\4" +
                     v4(INSIDE) + b"\0")
        wire.udp(OTHER, 5000, b"option", options=b"\x94\4\0\0")

    @packets("other protocols, other senders, a packet in a packet")
    def _():
        inner = b"\x45" + b"x" * 40
        for proto in 0, 2, 4, 41, 47, 50, 51, 132, 136, 255:
            wire.ip(OTHER, proto, inner)
        for source in "10.0.2.99", "0.0.0.0", GATEWAY, INSIDE:
            wire.ip(OTHER, 17, wire.datagram(OTHER, 5000, b"spoofed",
                                             source=source), source=source)

    @t.case("echo to where nothing is allowed is answered by a prohibition")
    def _():
        for to in HERE, OTHER, INSIDE, CLOUD:
            wire.echo(to, b"a channel")
            p = wire.packet(lambda p: p.proto == 1)
            same((p.body[0], p.body[1]), (3, 13), to)

    for address, port in ((OTHER, 443), (HERE, 8080), (INSIDE, 80), (CLOUD, 80),
                          (GATEWAY, 80), (DNS, 80), ("127.0.0.1", 80),
                          ("0.0.0.0", 80), ("10.0.2.77", 80), (HERE, 853),
                          ("93.184.216.1", 80), ("10.0.2.15", 80)):
        @t.case(f"a connection to {address}:{port} is refused")
        def _(address=address, port=port):
            is_allowed(GOOD)
            must(not Conn(wire, address, port).open(), "it is open")


if OPT.part == "allow":
    segments()
    good_hellos()
    bad_hellos(443)
    nameless()
    bad_heads(80)
    bad_sequels(80)
    no_host(80)
    switches(80)
    questions()
    everything_else()
else:
    for web in 443, 8080:
        bad_hellos(web)
    bad_heads(80)
    bad_sequels(80)
t.run()
