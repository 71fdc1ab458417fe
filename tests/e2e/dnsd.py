#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The DNS servers of the world: one zone, weirworld.net, whose first label
says what happens.  --dir DIR --ready FILE KIND=ADDRESS...

    www         A and AAAA of the main server      v4, v6     one of them only
    alias       CNAME www                          chain      CNAME, six times
    many        20 A records                       mid        1,000 bytes of TXT
    big         3,000 bytes of TXT                 nx         NXDOMAIN
    empty       no data                            servfail   SERVFAIL
    silent      no answer                          slow       after 300 ms
    failover    no answer from the kind `first`    short      TTL 1
    wrongid wrongsrc wrongcase wrongname           a false answer (EVIL), then
                                                   the right one 30 ms later
    refuse6     AAAA refuses, A works, on port 8088 (see httpd.py)
    dead6       AAAA never answers, A works
    second      A of the server's second address
    inside      A and AAAA that are private        toinside   CNAME inside
    half        A of the main server and a private one
    mapped      AAAA that is a private IPv4 one    cloud      A of the metadata
    turn...     A of the main server once, TTL 1, then a private one
    svcb        HTTPS with ech and two hints: main server and private
    anything    A of the main server

Each question is a line in DIR/dns.log: kind, proto, peer's port, id, name as
it came, type, EDNS size or -, DO or -.
"""

import argparse
import os
import selectors
import socket
import struct
import threading

import dnswire as d

V4, V6, EVIL = "93.184.216.34", "2606:4700:77::34", "93.184.216.66"
ZONE = "weirworld.net"
IN4, IN6 = "10.77.0.2", "fd00:10:77::2"
_turned = {}                             # how often each turn... was asked for


def rr(rtype, data, ttl=300, name=b"\xc0\x0c"):
    return name + struct.pack("!2HIH", rtype, 1, ttl, len(data)) + data


def addr(text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text)


def text(count):
    out = b""
    for at in range(0, count, 250):
        part = bytes(97 + (at // 250 + i) % 26
                     for i in range(min(250, count - at)))
        out += bytes([len(part)]) + part
    return out


def soa():
    return rr(d.SOA, d.pack_name("ns." + ZONE) + d.pack_name("root." + ZONE) +
              struct.pack("!5I", 1, 3600, 600, 86400, 60), 60,
              d.pack_name(ZONE))


def both(qtype, v4, v6, ttl=300):
    if qtype == d.A and v4:
        return [rr(d.A, addr(v4), ttl)]
    if qtype == d.AAAA and v6:
        return [rr(d.AAAA, addr(v6), ttl)]
    return []


def chain(qtype, names, v4=V4, v6=V6):
    owner, out = b"\xc0\x0c", []
    for name in names:
        target = d.pack_name(name)
        out.append(rr(d.CNAME, target, 300, owner))
        owner = target
    if qtype == d.A:
        out.append(rr(d.A, addr(v4), 300, owner))
    if qtype == d.AAAA:
        out.append(rr(d.AAAA, addr(v6), 300, owner))
    return out


def svcb(hints):
    """ServiceMode, ipv4hint and ech (RFC 9460 2.2)."""
    hints = b"".join(addr(h) for h in hints)
    return rr(d.HTTPS, struct.pack("!HB", 1, 0) +
              struct.pack("!2H", 4, len(hints)) + hints +
              struct.pack("!2H", 5, 8) + b"\xfe\x0dsecret")


def private(label, qtype):
    """Records that lead inside, or None."""
    a = {"half": (V4, IN4), "cloud": ("169.254.169.254",), "inside": (IN4,)}
    if label.startswith("turn"):
        if qtype != d.A:
            return []
        _turned[label] = _turned.get(label, 0) + 1
        return [rr(d.A, addr(V4 if _turned[label] == 1 else IN4), 1)]
    if label == "toinside":
        return chain(qtype, ["inside." + ZONE], IN4, IN6)
    if label == "mapped":                # inet_pton keeps ::ffff: as it is
        return [rr(d.AAAA, addr("::ffff:" + IN4))] if qtype == d.AAAA else []
    if label == "svcb" and qtype == d.HTTPS:
        return [svcb([V4, IN4])]
    if label == "inside" and qtype == d.AAAA:
        return [rr(d.AAAA, addr(IN6))]
    if label in a:
        return [rr(d.A, addr(x)) for x in a[label] if qtype == d.A]
    return None


def answers(label, qtype):
    """(rcode, records) for a name that is answered at all."""
    records = private(label, qtype)
    if records is not None:
        return 0, records
    if label == "nx":
        return d.NXDOMAIN, []
    if label == "servfail":
        return d.SERVFAIL, []
    if label == "alias":
        return 0, chain(qtype, ["www." + ZONE])
    if label == "chain":
        return 0, chain(qtype, [f"c{i}.{ZONE}" for i in range(6)])
    if label == "many":
        return 0, [rr(d.A, addr(f"93.184.217.{i}")) for i in range(20)
                   if qtype == d.A]
    if label in ("mid", "big"):
        size = 1000 if label == "mid" else 3000
        return 0, [rr(d.TXT, text(size))] if qtype == d.TXT else []
    pair = {"v4": (V4, None), "v6": (None, V6), "www": (V4, V6),
            "empty": (None, None), "short": (V4, V6),
            "second": ("93.184.216.35", None),
            "refuse6": (V4, V6), "dead6": (V4, "2606:4700:99::66")}
    v4, v6 = pair.get(label, (V4, None))
    return 0, both(qtype, v4, v6, 1 if label == "short" else 300)


def reply(question, data, name=None, evil=False, limit=65535, ident=None):
    """The answer on the wire.  name: the question's name instead."""
    label = question.name.split(".")[0].lower()
    if not question.name.lower().endswith(ZONE):
        rcode, records = d.NXDOMAIN, []
    elif evil:
        rcode, records = 0, both(question.qtype, EVIL, "2606:4700:77::66")
    else:
        rcode, records = answers(label, question.qtype)
    head = d.pack_name(name or question.name) + struct.pack(
        "!2H", question.qtype, question.qclass)
    opt = b"\0" + struct.pack("!2HIH", d.OPT, 4096,
                              question.opt[1] if question.opt else 0, 0)
    end = opt if question.opt else b""
    authority = [] if records or rcode == d.SERVFAIL else [soa()]
    body = b"".join(records + authority)
    flags = d.QR | d.AA | d.RD | d.RA | rcode
    if 12 + len(head) + len(body) + len(end) > limit:
        flags, records, authority, body = flags | d.TC, [], [], b""
    return struct.pack("!6H", question.ident if ident is None else ident,
                       flags, 1, len(records), len(authority),
                       1 if end else 0) + head + body + end


class Server:
    def __init__(self, where):
        self.log = open(f"{where}/dns.log", "w", 1, encoding="ascii")
        self.select = selectors.DefaultSelector()

    def listen(self, kind, address):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        udp.bind((address, 53))
        tcp = socket.socket(family, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((address, 53))
        tcp.listen(100)
        self.select.register(udp, selectors.EVENT_READ, (self.datagram, kind))
        self.select.register(tcp, selectors.EVENT_READ, (self.accept, kind))

    def note(self, kind, proto, port, q):
        size = q.opt[0] if q.opt else "-"
        do = "DO" if q.opt and q.opt[1] & 0x8000 else "-"
        self.log.write(f"{kind} {proto} {port} {q.ident} {q.name} {q.qtype} "
                       f"{size} {do}\n")

    def silent(self, kind, label):
        return label == "silent" or (label == "failover" and kind == "first")

    def datagram(self, sock, kind):
        data, peer = sock.recvfrom(65535)
        q = d.Message(data)
        self.note(kind, "udp", peer[1], q)
        label = q.name.split(".")[0].lower()
        if self.silent(kind, label):
            return
        limit = q.opt[0] if q.opt else 512
        right = reply(q, data, limit=limit)
        late = 0.3 if label == "slow" else 0
        if label.startswith("wrong"):
            self.lie(sock, peer, q, data, label)
            late = 0.03
        if late:
            threading.Timer(late, sock.sendto, (right, peer)).start()
        else:
            sock.sendto(right, peer)

    def lie(self, sock, peer, q, data, label):
        if label == "wrongid":
            for i in range(1, 4):
                sock.sendto(reply(q, data, evil=True,
                                  ident=q.ident ^ i), peer)
        elif label == "wrongsrc":
            with socket.socket(sock.family, socket.SOCK_DGRAM) as other:
                other.bind((sock.getsockname()[0], 0))
                other.sendto(reply(q, data, evil=True), peer)
            v6 = sock.family == socket.AF_INET6
            with socket.socket(sock.family, socket.SOCK_DGRAM) as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind((V6 if v6 else V4, 53))
                other.sendto(reply(q, data, evil=True), peer)
        elif label == "wrongcase":
            sock.sendto(reply(q, data, evil=True, name=q.name.swapcase()),
                        peer)
        elif label == "wrongname":
            sock.sendto(reply(q, data, evil=True, name="other." + ZONE), peer)

    def accept(self, sock, kind):
        s, peer = sock.accept()
        threading.Thread(target=self.stream, args=(s, peer[1], kind),
                         daemon=True).start()

    def stream(self, s, port, kind):
        buf = b""
        while True:
            got = s.recv(65536)
            if not got:
                s.close()
                return
            buf += got
            while len(buf) >= 2:
                (length,) = struct.unpack_from("!H", buf)
                if len(buf) < 2 + length:
                    break
                data, buf = buf[2:2 + length], buf[2 + length:]
                q = d.Message(data)
                self.note(kind, "tcp", port, q)
                if self.silent(kind, q.name.split(".")[0].lower()):
                    continue
                out = reply(q, data)
                s.sendall(struct.pack("!H", len(out)) + out)

    def run(self):
        while True:
            for key, _ in self.select.select():
                what, kind = key.data
                try:
                    what(key.fileobj, kind)
                except (OSError, ValueError, IndexError, struct.error):
                    pass


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--dir", required=True)
    arg.add_argument("--ready", required=True)
    arg.add_argument("server", nargs="+")
    opt = arg.parse_args()
    server = Server(opt.dir)
    os.chmod(f"{opt.dir}/dns.log", 0o644)
    for kind, address in (s.split("=", 1) for s in opt.server):
        server.listen(kind, address)
    with open(opt.ready, "w", encoding="ascii"):
        pass
    server.run()


main()
