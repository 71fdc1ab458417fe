# SPDX-License-Identifier: Apache-2.0
"""As much of the DNS wire format (RFC 1035, 6891) as the tests need."""

import socket
import struct

A, NS, CNAME, SOA, PTR, TXT, AAAA, OPT, HTTPS, ANY = (
    1, 2, 5, 6, 12, 16, 28, 41, 65, 255)
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080


def pack_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def read_name(data, at):
    """(name, offset behind it); compression followed, bounded."""
    labels, behind = [], None
    for _ in range(128):
        length = data[at]
        if length >= 0xC0:
            behind = behind or at + 2
            at = (length & 0x3F) << 8 | data[at + 1]
        elif length:
            labels.append(data[at + 1:at + 1 + length].decode("latin1"))
            at += 1 + length
        else:
            return ".".join(labels), behind or at + 1
    raise ValueError("a name without end")


def query(name, qtype=A, ident=1, qclass=1, edns=1232, flags=RD, do=False,
          questions=1):
    out = struct.pack("!6H", ident, flags, questions, 0, 0,
                      1 if edns else 0)
    out += (pack_name(name) + struct.pack("!2H", qtype, qclass)) * questions
    if edns:
        out += b"\0" + struct.pack("!2HIH", OPT, edns,
                                   0x8000 if do else 0, 0)
    return out


class Message:
    """ident, flags, rcode, name, qtype, qclass; answer: (name, type, ttl,
    data as text or bytes); opt: None or (size, flags)."""

    def __init__(self, data):
        (self.ident, self.flags, qd, an, ns, ar) = struct.unpack_from(
            "!6H", data)
        self.rcode, self.tc = self.flags & 15, bool(self.flags & TC)
        self.questions, self.size = qd, len(data)
        self.name = self.qtype = self.qclass = self.opt = None
        at = 12
        for i in range(qd):
            name, at = read_name(data, at)
            qtype, qclass = struct.unpack_from("!2H", data, at)
            at += 4
            if i == 0:
                self.name, self.qtype, self.qclass = name, qtype, qclass
        self.sections = [[], [], []]
        for section, count in zip(self.sections, (an, ns, ar)):
            for _ in range(count):
                at = self.record(data, at, section)
        self.answer = self.sections[0]
        if at != len(data):
            raise ValueError(f"{len(data) - at} bytes behind the message")

    def record(self, data, at, section):
        name, at = read_name(data, at)
        rtype, rclass, ttl, length = struct.unpack_from("!2HIH", data, at)
        at += 10
        rdata = data[at:at + length]
        if len(rdata) != length:
            raise ValueError("a record cut short")
        if rtype == OPT:
            self.opt = rclass, ttl & 0xFFFF
        elif rtype == A:
            section.append((name, rtype, ttl, socket.inet_ntoa(rdata)))
        elif rtype == AAAA:
            section.append((name, rtype, ttl,
                            socket.inet_ntop(socket.AF_INET6, rdata)))
        elif rtype in (CNAME, PTR, NS):
            section.append((name, rtype, ttl, read_name(data, at)[0]))
        else:
            section.append((name, rtype, ttl, rdata))
        return at + length

    def addresses(self):
        return [r[3] for r in self.answer if r[1] in (A, AAAA)]
