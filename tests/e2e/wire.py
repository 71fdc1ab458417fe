# SPDX-License-Identifier: Apache-2.0
"""A guest that is its own stack: frames by hand on a packet socket, for what
no kernel would send.  The card has no address, so the kernel keeps silent."""

import itertools
import os
import random
import select
import socket
import struct
import time

from t import must

GUEST, GATEWAY, DNS = "10.0.2.15", "10.0.2.2", "10.0.2.3"
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
SECONDS = 10                             # until something must have happened
OUTGOING = 4                             # PACKET_OUTGOING
_ports = itertools.count(20000 + os.getpid() % 10000)


def csum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def v4(text):
    return socket.inet_aton(text)


def with_sum(head, at, pseudo, data):
    """head and data, with the checksum of all of it at `at` in the head."""
    value = csum(pseudo + head + data) or 0xFFFF
    return head[:at] + struct.pack("!H", value) + head[at + 2:] + data


class Packet:
    """An IPv4 packet that came."""

    def __init__(self, frame):
        ip = frame[14:]
        self.proto, self.source = ip[9], socket.inet_ntoa(ip[12:16])
        end = struct.unpack_from("!H", ip, 2)[0]
        self.body = ip[(ip[0] & 15) * 4:end]

    def ports(self):
        return struct.unpack_from("!HH", self.body)


class Wire:
    def __init__(self, card="eth0"):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                  socket.htons(3))
        self.sock.bind((card, 0))
        self.mac = self.sock.getsockname()[4]
        self.ident = random.randrange(65536)
        self.sock.send(b"\xff" * 6 + self.mac + b"\x08\x06" +
                       struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + self.mac +
                       v4(GUEST) + bytes(6) + v4(GATEWAY))
        self.gateway = self.frame(lambda f: f[12:14] == b"\x08\x06" and
                                  f[28:32] == v4(GATEWAY))[22:28]

    def frame(self, is_it, seconds=SECONDS):
        """The next frame that is it; what else comes is thrown away."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            must(left > 0 and select.select([self.sock], [], [], left)[0],
                 "no answer")
            frame, where = self.sock.recvfrom(70000)
            if where[2] != OUTGOING and is_it(frame):
                return frame

    def packet(self, is_it, seconds=SECONDS):
        return Packet(self.frame(
            lambda f: f[12:14] == b"\x08\0" and is_it(Packet(f)), seconds))

    def ip(self, to, proto, body, source=GUEST, fragment=0, ident=None,
           options=b""):
        self.ident = (self.ident + 1) % 65536
        words = 5 + len(options) // 4
        head = struct.pack("!BBHHHBBH", 0x40 | words, 0,
                           words * 4 + len(body),
                           self.ident if ident is None else ident, fragment,
                           64, proto, 0) + v4(source) + v4(to) + options
        self.sock.send(self.gateway + self.mac + b"\x08\0" +
                       with_sum(head, 10, b"", b"") + body)

    def datagram(self, to, port, data, sport=4000, source=GUEST):
        """The bytes of a UDP datagram."""
        size = 8 + len(data)
        return with_sum(struct.pack("!4H", sport, port, size, 0), 6,
                        v4(source) + v4(to) + struct.pack("!BBH", 0, 17, size),
                        data)

    def udp(self, to, port, data, sport=4000, **how):
        self.ip(to, 17, self.datagram(to, port, data, sport), **how)

    def parts(self, to, body, cuts, order):
        """A datagram in fragments, cut and sent as it says."""
        edges = [0, *cuts, len(body)]
        ident = random.randrange(65536)
        for i in order:
            more = 0x2000 if edges[i + 1] < len(body) else 0
            self.ip(to, 17, body[edges[i]:edges[i + 1]], ident=ident,
                    fragment=more | edges[i] // 8)

    def echo(self, to, data, kind=8):
        self.ip(to, 1, with_sum(struct.pack("!BBHHH", kind, 0, 0, 7, 1), 2,
                                b"", data))

    def ask(self, packet, server=DNS, seconds=SECONDS):
        """A DNS message; the answer's bytes."""
        port = next(_ports)
        self.udp(server, 53, packet, port)
        return self.packet(lambda p: p.proto == 17 and
                           p.ports() == (53, port), seconds).body[8:]


class Conn:
    """One TCP connection.  Offsets count from the first byte of the guest."""

    def __init__(self, wire, to, port, sport=None, data=b""):
        self.wire, self.to, self.port = wire, to, port
        self.sport = sport or next(_ports)
        self.first = random.randrange(1 << 32)
        self.window, self.next, self.acked = 65535, 0, 0
        self.got, self.end = b"", None
        self.send(-1, data, SYN, ack=0, options=b"\x02\x04\x05\xb4")

    def send(self, at, data=b"", flags=ACK | PSH, ack=None, urgent=0,
             options=b""):
        if ack is None:
            ack = self.next
        words = 5 + len(options) // 4
        head = struct.pack("!HHIIBBHHH", self.sport, self.port,
                           (self.first + 1 + at) % (1 << 32), ack,
                           words << 4, flags, self.window, 0,
                           urgent) + options
        pseudo = v4(GUEST) + v4(self.to) + struct.pack(
            "!BBH", 0, 6, len(head) + len(data))
        self.wire.ip(self.to, 6, with_sum(head, 16, pseudo, data))

    def write(self, at, data):
        """As many segments as it takes."""
        for i in range(0, len(data), 1400):
            self.send(at + i, data[i:i + 1400])

    def turn(self):
        """The next segment, and what it changes; its flags."""
        p = self.wire.packet(lambda p: p.proto == 6 and p.source == self.to
                             and p.ports() == (self.port, self.sport))
        seq, ack, words, flags = struct.unpack_from("!IIBB", p.body, 4)
        data = p.body[(words >> 4) * 4:]
        if flags & RST:
            self.end = "reset"
            return flags
        if flags & ACK:
            self.acked = (ack - self.first - 1) % (1 << 32)
        if flags & SYN:
            self.next = (seq + 1) % (1 << 32)
        elif seq == self.next and (data or flags & FIN):
            self.got += data
            self.next = (seq + len(data) + bool(flags & FIN)) % (1 << 32)
            self.end = "fin" if flags & FIN else self.end
            self.send(self.acked, flags=ACK)
        return flags

    def open(self):
        """True once it is accepted, False if it is refused."""
        while self.end is None:
            if self.turn() & SYN:
                self.send(0, flags=ACK)
                return True
        return False

    def until(self, is_so):
        while self.end is None and not is_so():
            self.turn()


# ---- a ClientHello, as odd as one likes --------------------------------------

def block(size, data):
    """Data behind its length in so many bytes."""
    return len(data).to_bytes(size, "big") + data


def extension(kind, data):
    return kind.to_bytes(2, "big") + block(2, data)


def names(*of):
    """The body of server_name: (type, name) each."""
    return block(2, b"".join(bytes([kind]) + block(2, name)
                             for kind, name in of))


def hello(name=None, *others, server_name=None, version=b"\3\1", piece=16384):
    """name: the host name shown; others: extensions behind; server_name: a
    body of that extension instead; piece: size of the records."""
    out = b""
    if name is not None:
        server_name = names((0, name.encode("latin1")))
    if server_name is not None:
        out += extension(0, server_name)
    out += (extension(10, block(2, b"\0\x1d\0\x17")) +
            extension(43, block(1, b"\3\4\3\3")) +
            extension(13, block(2, b"\4\3\x08\4")) +
            extension(51, block(2, b"\0\x1d" + block(2, b"k" * 32))) +
            b"".join(others))
    body = b"\1" + block(3, b"\3\3" + b"r" * 32 + block(1, b"s" * 32) +
                         block(2, b"\x13\1\xc0\x2f") + b"\1\0" + block(2, out))
    return b"".join(b"\x16" + version + block(2, body[i:i + piece])
                    for i in range(0, len(body), piece))
