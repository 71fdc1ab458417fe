#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Frames, as a guest that has its card for itself can make them: DHCP, DHCPv6
and discovery as clients speak them, and as none does.

Everything here is written by hand on a packet socket, while the kernel of the
guest's namespace is silent.  That nothing is answered is seen without waiting:
Weir takes frames in order, so what comes before the answer to an echo that was
sent after is all there is.  What Weir must have counted is written to
$WEIR_E2E_DIR/expected, one `reason count` a line.
"""

import os
import random
import socket
import struct
import subprocess
import time

import t
from t import case, must, same

ETH_P_ALL, OUTGOING = 3, 4
ETH4, ETH6, ETH_ARP = 0x0800, 0x86DD, 0x0806
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
EVERYBODY = b"\xff" * 6
GUEST, GATEWAY, DNS = "10.0.2.15", "10.0.2.2", "10.0.2.3"
GUEST6, GATEWAY6, DNS6 = "fd77:6972::15", "fd77:6972::2", "fd77:6972::3"
MAC_OTHER = bytes.fromhex("020000006666")
MTU = int(os.environ.get("WEIR_GUEST_MTU", "65520"))

expected = {}


def count(reason, n=1):
    expected[reason] = expected.get(reason, 0) + n


def n4(a):
    return socket.inet_aton(a)


def n6(a):
    return socket.inet_pton(socket.AF_INET6, a)


def csum(data):
    if len(data) % 2:
        data += b"\0"
    s = sum(struct.unpack(f">{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


# ---- frames ------------------------------------------------------------------

class Card:
    def __init__(self):
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.s.bind(("eth0", ETH_P_ALL))
        self.mac = self.s.getsockname()[4]
        self.marks = 0
        self.gateway = EVERYBODY

    def send(self, frame):
        while True:
            try:
                return self.s.send(frame)
            except OSError as e:
                if e.errno != 105:     # ENOBUFS: the card's queue is full
                    raise

    def get(self, seconds):
        """The next frame from Weir, None when there is none for so long."""
        end = time.monotonic() + seconds
        while True:
            self.s.settimeout(max(end - time.monotonic(), 0.001))
            try:
                frame, (_, _, kind, _, _) = self.s.recvfrom(70000)
            except TimeoutError:
                return None
            if kind != OUTGOING:
                return frame

    def eth(self, kind, payload, dst=None, src=None):
        return (dst or self.gateway) + (src or self.mac) + \
            struct.pack(">H", kind) + payload

    def ip4(self, proto, payload, to=GATEWAY, src=GUEST, dst=None, **o):
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload),
                           o.get("ident", 0), o.get("frag", 0),
                           o.get("ttl", 64), proto, 0, n4(src), n4(to))
        head = head[:10] + struct.pack(">H", csum(head)) + head[12:]
        return self.eth(ETH4, head + payload, dst, o.get("mac"))

    def ip6(self, proto, payload, to=GATEWAY6, src=GUEST6, dst=None, **o):
        head = struct.pack(">IHBB16s16s", 0x60000000, len(payload), proto,
                           o.get("hops", 64), n6(src), n6(to))
        return self.eth(ETH6, head + payload, dst, o.get("mac"))

    def udp4(self, sport, dport, data, to=GATEWAY, src=GUEST, **o):
        pseudo = n4(src) + n4(to) + struct.pack(">HH", UDP, 8 + len(data))
        head = struct.pack(">HHHH", sport, dport, 8 + len(data), 0)
        head = head[:6] + struct.pack(">H", csum(pseudo + head + data)
                                      or 0xFFFF)
        return self.ip4(UDP, head + data, to, src, **o)

    def udp6(self, sport, dport, data, to, src, **o):
        head = struct.pack(">HHHH", sport, dport, 8 + len(data), 0)
        head = head[:6] + struct.pack(
            ">H", csum(pseudo6(to, src, UDP, 8 + len(data)) + head + data)
            or 0xFFFF)
        return self.ip6(UDP, head + data, to, src, **o)

    def nd(self, kind, body, to="ff02::2", src="fe80::66", **o):
        o.setdefault("hops", 255)
        o.setdefault("dst", b"\x33\x33" + n6(to)[12:] if to.startswith("ff")
                     else None)
        return self.ip6(ICMP6, icmp6(kind, body, to, src), to, src, **o)

    # ---- and what comes back

    def ask(self, frame, match, seconds=3):
        """(what match made of the answer, seconds it took)."""
        while self.get(0.0) is not None:
            pass
        begin = time.monotonic()
        self.send(frame)
        while True:
            got = self.get(seconds)
            must(got is not None, "no answer")
            found = match(got)
            if found is not None:
                return found, time.monotonic() - begin

    def until_echo(self, seconds=5):
        """All that comes before the answer to an echo sent now."""
        self.marks += 1
        mark = b"mark%08d" % self.marks
        self.send(self.ip4(ICMP, icmp4(mark)))
        got = []
        while True:
            frame = self.get(seconds)
            must(frame is not None, "the gateway does not answer echo")
            if frame[14 + 20:14 + 21] == b"\0" and frame.endswith(mark):
                return got
            got.append(frame)

    def silent(self, *frames):
        self.until_echo()
        for frame in frames:
            self.send(frame)
        got = self.until_echo()
        must(not got, f"an answer: {got[0][:90].hex() if got else ''}")


def pseudo6(to, src, proto, length):
    return n6(src) + n6(to) + struct.pack(">II", length, proto)


def icmp4(data, kind=8):
    head = struct.pack(">BBHHH", kind, 0, 0, 77, 1)
    return head[:2] + struct.pack(">H", csum(head + data)) + head[4:] + data


def icmp6(kind, body, to, src):
    """body: from the fifth byte on."""
    head = struct.pack(">BBH", kind, 0, 0)
    pseudo = pseudo6(to, src, ICMP6, 4 + len(body))
    return head[:2] + struct.pack(">H", csum(pseudo + head + body)) + body


def echo6(data=b"six"):
    return struct.pack(">HH", 78, 1) + data


def arp(op, mac, ip, to_mac, to):
    return struct.pack(">HHBBH6s4s6s4s", 1, ETH4, 6, 4, op, mac, n4(ip),
                       to_mac, n4(to))


def quiet():
    """The kernel of this namespace is to keep out of it."""
    for name, value in ("disable_ipv6", "1"), ("accept_ra", "0"):
        with open(f"/proc/sys/net/ipv6/conf/eth0/{name}", "w",
                  encoding="ascii") as f:
            f.write(value)
    subprocess.run(["ip", "link", "set", "eth0", "up"], check=True)


quiet()
card = Card()


def find_gateway():
    def match(f):
        if f[12:14] == b"\x08\x06" and f[20:22] == b"\0\2":
            return f[22:28]
        return None
    card.gateway, _ = card.ask(card.eth(
        ETH_ARP, arp(1, card.mac, GUEST, bytes(6), GATEWAY), EVERYBODY), match)


# ---- DHCP --------------------------------------------------------------------

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
MAGIC = b"\x63\x82\x53\x63"


def opt(code, data):
    return bytes((code, len(data))) + data


def dhcp_message(kind, options=b"", **o):
    o.setdefault("xid", random.getrandbits(32))
    return struct.pack(">BBBBIHH4s4s4s4s16s64s128s", o.get("op", 1),
                       o.get("htype", 1), o.get("hlen", 6), 0, o["xid"], 0,
                       o.get("flags", 0), n4(o.get("ciaddr", "0.0.0.0")),
                       bytes(4), bytes(4), n4(o.get("giaddr", "0.0.0.0")),
                       o.get("chaddr", card.mac), b"", b"") + \
        o.get("magic", MAGIC) + opt(53, bytes([kind])) + options + b"\xff"


def dhcp_frame(message, to="255.255.255.255", src="0.0.0.0", **o):
    o.setdefault("dst", EVERYBODY if to == "255.255.255.255" else None)
    return card.udp4(68, 67, message, to, src, **o)


def dhcp_answer(frame):
    """(type, yiaddr, options) of a DHCP answer, else None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != UDP or \
            frame[34:38] != struct.pack(">HH", 67, 68):
        return None
    body, options = frame[42:], {}
    rest = body[240:]
    while rest and rest[0] != 255:
        if rest[0] == 0:
            rest = rest[1:]
            continue
        options[rest[0]] = rest[2:2 + rest[1]]
        rest = rest[2 + rest[1]:]
    same(csum(frame[14:34]), 0, "checksum of the IP header")
    same(csum(frame[26:34] + struct.pack(">HH", UDP, len(frame) - 34) +
              frame[34:]), 0, "checksum of UDP")
    return options[53][0], socket.inet_ntoa(body[16:20]), options


def dhcp(kind, options=b"", **o):
    frame = {k: o.pop(k) for k in ("to", "src", "dst") if k in o}
    return card.ask(dhcp_frame(dhcp_message(kind, options, **o), **frame),
                    dhcp_answer)


def is_prompt(ask):
    """The middle one of 21 takes less than 10 ms; a busy machine is asked
    again."""
    for _ in range(4):
        took = sorted(ask()[1] for _ in range(21))
        if took[10] < 0.01:
            return
    must(False, f"{took[10] * 1000:.1f} ms")


SERVER, WRONG = opt(54, n4(GATEWAY)), opt(54, n4("10.0.2.77"))
MINE, OTHER = opt(50, n4(GUEST)), opt(50, n4("10.0.2.16"))
EVERY_OPTION = opt(55, bytes((1, 3, 6, 12, 15, 26, 51, 54, 119)))


@case("DISCOVER: an offer of all there is")
def _():
    (kind, yours, o), _ = dhcp(DISCOVER, EVERY_OPTION)
    same((kind, yours), (OFFER, GUEST), "offer")
    same(o[1], n4("255.255.255.0"), "mask")
    same(o[3], n4(GATEWAY), "router")
    same(o[6], n4(DNS), "DNS")
    same(struct.unpack(">H", o[26])[0], MTU, "MTU")
    same(o[54], n4(GATEWAY), "server")
    must(struct.unpack(">I", o[51])[0] >= 3600, "lease")
    same(o[119], b"\4corp\7example\0\3lab\7example\0", "search list")
    same(o[15], b"corp.example", "domain")


@case("an answer comes within 10 ms")
def _():
    is_prompt(lambda: dhcp(DISCOVER))
    is_prompt(lambda: dhcp(REQUEST, MINE + SERVER))


@case("Rapid Commit: the ACK at once")
def _():
    (kind, yours, o), _ = dhcp(DISCOVER, opt(80, b"") + EVERY_OPTION)
    same((kind, yours, o.get(80)), (ACK, GUEST, b""), "answer")


@case("REQUEST: of ours ACK, of another NAK, of another server silence")
def _():
    for options, o, want in (
            (MINE + SERVER, {}, ACK), (MINE, {}, ACK),
            (OTHER + SERVER, {}, NAK), (OTHER, {}, NAK),
            (b"", {"ciaddr": GUEST, "src": GUEST, "to": GATEWAY}, ACK),
            (b"", {"ciaddr": GUEST, "src": GUEST}, ACK)):
        (kind, yours, got), _ = dhcp(REQUEST, options, **o)
        same((kind, yours), (want, GUEST if want == ACK else "0.0.0.0"),
             f"{options.hex()} {o}")
        same(got[54], n4(GATEWAY), "server")
    card.silent(dhcp_frame(dhcp_message(REQUEST, MINE + WRONG)),
                dhcp_frame(dhcp_message(REQUEST, OTHER + WRONG)))


@case("INFORM: an ACK without a lease; RELEASE and DECLINE: silence")
def _():
    (kind, yours, o), _ = dhcp(INFORM, EVERY_OPTION, ciaddr=GUEST, src=GUEST)
    same((kind, yours, 51 in o, o[6]), (ACK, "0.0.0.0", False, n4(DNS)),
         "answer")
    card.silent(dhcp_frame(dhcp_message(RELEASE, SERVER, ciaddr=GUEST),
                           GATEWAY, GUEST),
                dhcp_frame(dhcp_message(DECLINE, MINE + SERVER)))
    (kind, yours, _), _ = dhcp(DISCOVER)
    same((kind, yours), (OFFER, GUEST), "after it")


@case("an answer to who can hear broadcasts only is broadcast")
def _():
    def match(f):
        return f[:6] if dhcp_answer(f) else None
    for flags, want in (0x8000, EVERYBODY), (0, card.mac):
        got, _ = card.ask(dhcp_frame(dhcp_message(DISCOVER, flags=flags)),
                          match)
        same(got, want, f"flags {flags:#x}")


@case("DHCP of every wrong kind: silence, and counted")
def _():
    good = dhcp_message(DISCOVER, MINE + EVERY_OPTION)
    bad = [dhcp_message(DISCOVER, magic=b"abcd"), dhcp_message(DISCOVER, op=2),
           dhcp_message(DISCOVER, htype=6), dhcp_message(DISCOVER, hlen=16),
           dhcp_message(DISCOVER, giaddr="10.0.2.99"), dhcp_message(OFFER),
           dhcp_message(ACK), dhcp_message(NAK), dhcp_message(0),
           dhcp_message(200), dhcp_message(REQUEST),
           dhcp_message(INFORM, ciaddr="10.0.2.16"),
           dhcp_message(DISCOVER, bytes((50, 200, 1, 2)))[:-1],
           dhcp_message(DISCOVER, opt(50, b"abc")),
           dhcp_message(DISCOVER, opt(53, b"")),
           dhcp_message(REQUEST, opt(54, b"a") + MINE), b""]
    bad += [good[:n] for n in range(1, 243)]
    card.silent(*map(dhcp_frame, bad))
    count("dhcp", len(bad))
    card.silent(dhcp_frame(dhcp_message(DISCOVER, chaddr=MAC_OTHER)))
    count("spoofed_mac")
    same(dhcp(DISCOVER)[0][0], OFFER, "a good one")


# ---- discovery and DHCPv6 ----------------------------------------------------

LINK = "fe80::66"


def advertised(frame):
    """What a router advertisement says, else None."""
    if frame[12:14] != b"\x86\xdd" or frame[20] != ICMP6 or frame[54] != 134:
        return None
    body, rest, o = frame[54:], frame[70:], {}
    while rest:
        o[rest[0]] = rest[:rest[1] * 8]
        rest = rest[rest[1] * 8:]
    same(frame[21], 255, "hop limit")
    must(frame[22:24] == b"\xfe\x80", "not from a link-local address")
    return {"flags": body[5], "lifetime": struct.unpack(">H", body[6:8])[0],
            "options": o, "to": frame[38:54]}


def solicit(src=LINK, options=None, **o):
    mac = b"\1\1" + card.mac if src != "::" else b""
    return card.nd(133, bytes(4) + (mac if options is None else options),
                   "ff02::2", src, **o)


@case("a router solicitation is answered at once, with all there is")
def _():
    for src in LINK, "::", GUEST6:
        ra, _ = card.ask(solicit(src), advertised)
        same(ra["flags"] & 0xC0, 0xC0, "M and O")
        must(ra["lifetime"] > 0, "no router")
        o = ra["options"]
        same(o[1][2:8], card.gateway, "MAC of the router")
        same(struct.unpack(">I", o[5][4:8])[0], MTU, "MTU")
        same((o[3][2], o[3][3] & 0x40, o[3][16:32]),
             (64, 0x40, n6("fd77:6972::")), "prefix, A")
        same(o[25][8:24], n6(DNS6), "RDNSS")
        same(o[31][8:35], b"\4corp\7example\0\3lab\7example\0",
             "DNSSL")
    is_prompt(lambda: card.ask(solicit(), advertised))


@case("neighbour discovery is answered for Weir's own addresses only")
def _():
    def match(f):
        if f[12:14] == b"\x86\xdd" and f[20] == ICMP6 and f[54] == 136:
            return f[62:78], f[80:86]
        return None

    def ask(target, src=LINK):
        to = socket.inet_ntop(socket.AF_INET6,
                              n6("ff02::1:ff00:0")[:13] + n6(target)[13:])
        return card.nd(135, bytes(4) + n6(target) +
                       (b"\1\1" + card.mac if src != "::" else b""), to, src)
    for target in GATEWAY6, DNS6:
        for src in LINK, GUEST6, "::":
            got, _ = card.ask(ask(target, src), match)
            same(got, (n6(target), card.gateway), target)
    card.silent(*map(ask, (GUEST6, "fd77:6972::99", "fe80::66",
                           "2606:4700::1111")))


def dhcp6(kind, *options, xid=0x123456):
    return struct.pack(">I", kind << 24 | xid) + b"".join(
        struct.pack(">HH", code, len(data)) + data for code, data in options)


def dhcp6_frame(message, src=LINK, to="ff02::1:2", **o):
    o.setdefault("dst", b"\x33\x33" + n6(to)[12:] if to.startswith("ff")
                 else None)
    return card.udp6(546, 547, message, to, src, **o)


def dhcp6_answer(frame):
    if frame[12:14] != b"\x86\xdd" or frame[20] != UDP or \
            frame[54:58] != struct.pack(">HH", 547, 546):
        return None
    rest, o = frame[66:], {}
    while rest:
        code, n = struct.unpack(">HH", rest[:4])
        o[code] = rest[4:4 + n]
        rest = rest[4 + n:]
    return frame[62], o


CLIENT = (1, b"\0\3\0\1" + card.mac)
IA_NA = (3, struct.pack(">III", 7, 0, 0))


@case("DHCPv6: Solicit, Request, Rapid Commit, Information-Request")
def _():
    def ask(*m):
        return card.ask(dhcp6_frame(dhcp6(*m)), dhcp6_answer)[0]
    kind, o = ask(1, CLIENT, IA_NA)
    same((kind, o[1], o[23]), (2, CLIENT[1], n6(DNS6)), "advertise")
    same(o[3][16:32], n6(GUEST6), "address")
    server = (2, o[2])
    kind, o = ask(3, CLIENT, server, (3, o[3]))
    same((kind, o[3][16:32]), (7, n6(GUEST6)), "reply")
    kind, o = ask(1, CLIENT, IA_NA, (14, b""))
    same((kind, o.get(14), o[3][16:32]), (7, b"", n6(GUEST6)), "rapid")
    kind, o = ask(11, CLIENT, (6, b"\0\x17\0\x18"))
    same((kind, 3 in o, o[23], o[24]),
         (7, False, n6(DNS6), b"\4corp\7example\0\3lab\7example\0"), "facts")
    kind, o = ask(8, CLIENT, server, IA_NA)
    same((kind, o[13][:2]), (7, b"\0\0"), "release")
    is_prompt(lambda: card.ask(
        dhcp6_frame(dhcp6(1, CLIENT, IA_NA, (14, b""))), dhcp6_answer))
    card.silent(dhcp6_frame(dhcp6(3, CLIENT, (2, b"\0\3\0\1strang"), IA_NA)))


@case("DHCPv6 of every wrong kind: silence, and counted")
def _():
    good = dhcp6(1, CLIENT, IA_NA)
    bad = [dhcp6(2, CLIENT), dhcp6(7, CLIENT), dhcp6(12, CLIENT),
           dhcp6(13, CLIENT), dhcp6(0), dhcp6(99, CLIENT),
           dhcp6(1, IA_NA),                     # nobody asks
           dhcp6(3, CLIENT, IA_NA),             # of no server
           dhcp6(1, CLIENT, (3, b"short")), dhcp6(1, CLIENT, CLIENT, IA_NA),
           dhcp6(1, (1, b""), IA_NA), dhcp6(1, (1, b"x" * 200), IA_NA), b""]
    whole = {4, 4 + 4 + len(CLIENT[1])}
    bad += [good[:n] for n in range(1, len(good)) if n not in whole]
    card.silent(*map(dhcp6_frame, bad))
    count("dhcp", len(bad))


def prefix_information(prefix):
    return struct.pack(">BBBBIII16s", 3, 4, 64, 0xC0, 9000, 9000, 0,
                       n6(prefix))


@case("a router advertisement of the guest changes nothing")
def _():
    before, _ = card.ask(solicit(), advertised)
    ra = struct.pack(">BBHII", 64, 0xC0, 9000, 0, 0) + b"\1\1" + card.mac + \
        prefix_information("2001:db8::") + \
        struct.pack(">BBHI16s", 25, 3, 0, 9000, n6("2001:db8::53"))
    for src in LINK, GUEST6:
        card.silent(card.nd(134, ra, "ff02::1", src))
        card.silent(card.nd(134, ra, GATEWAY6, src))
    count("nd", 4)
    target = n6("2606:4700:77::34")
    card.silent(card.nd(137, bytes(4) + n6(LINK) + target, GATEWAY6))
    count("nd")
    after, _ = card.ask(solicit(), advertised)
    same(after, before, "what Weir advertises")
    # it claims to be a router at the address of another one
    card.silent(card.nd(134, ra, "ff02::1", GATEWAY6))
    count("spoofed_source")


@case("discovery with bad options: silence, and counted")
def _():
    mine = b"\1\1" + card.mac
    ask = bytes(4) + n6(GATEWAY6)
    to = "ff02::1:ff00:2"
    options = [b"\1\0" + card.mac, b"\1\2" + card.mac, mine[:-1], b"\1",
               mine + b"\0\0", mine + b"\x0e\xff" + bytes(6),
               b"\0" * 8, mine * 3 + b"\5\0" + bytes(6)]
    bad = [card.nd(135, ask + o, to) for o in options]
    bad += [card.nd(133, bytes(4) + o) for o in options]
    bad += [card.nd(135, ask[:n], to) for n in range(20)]
    bad += [card.nd(135, ask + mine, to, hops=254),
            card.nd(135, bytes(4) + n6("ff02::1") + mine, to),
            card.nd(135, ask + mine, to, "::"),
            card.nd(133, bytes(4) + mine, src="::")]
    short = sum(20 - n > 16 for n in range(20))  # without an ICMP header
    broken = card.nd(135, ask + mine, to)
    bad += [broken[:-1] + bytes([broken[-1] ^ 1])]
    card.silent(*bad)
    count("nd", len(bad) - short)
    lie = b"\1\1" + MAC_OTHER
    card.silent(card.nd(135, ask + lie, to), card.nd(133, bytes(4) + lie))
    count("spoofed_mac", 2)


# ---- who the guest may be ----------------------------------------------------

@case("a frame from another address or card gets no answer")
def _():
    frames = [card.ip4(ICMP, icmp4(b"who"), src=a) for a in
              ("10.0.2.16", "8.8.8.8", "127.0.0.1", "0.0.0.0", GATEWAY, DNS,
               "255.255.255.255", "224.0.0.1")]
    frames += [card.ip6(ICMP6, icmp6(128, echo6(), GATEWAY6, a), src=a)
               for a in ("2606:4700::1", "::1", "::", GATEWAY6, DNS6,
                         "fd77:6973::15", "ff02::1", "::ffff:10.0.2.15")]
    frames += [card.udp4(5000, 7, b"who", t.V4, "10.0.2.16")]
    card.silent(*frames)
    count("spoofed_source", len(frames) - 3)  # some are refused before
    frames = [card.ip4(ICMP, icmp4(b"who"), mac=MAC_OTHER),
              card.ip4(ICMP, icmp4(b"who"), mac=card.gateway),
              card.ip6(ICMP6, icmp6(128, echo6(), GATEWAY6, GUEST6),
                       mac=MAC_OTHER),
              dhcp_frame(dhcp_message(DISCOVER), mac=MAC_OTHER),
              card.eth(ETH_ARP, arp(1, MAC_OTHER, GUEST, bytes(6), GATEWAY),
                       EVERYBODY, MAC_OTHER),
              card.eth(ETH_ARP, arp(1, MAC_OTHER, GUEST, bytes(6), GATEWAY),
                       EVERYBODY)]
    card.silent(*frames)
    count("spoofed_mac", len(frames))
    frames = [card.eth(ETH_ARP, arp(op, card.mac, a, bytes(6), to), EVERYBODY)
              for op in (1, 2) for a, to in
              ((GATEWAY, GATEWAY), (DNS, GATEWAY), ("10.0.2.16", GATEWAY))]
    frames += [card.eth(ETH_ARP, arp(1, card.mac, GUEST, bytes(6), a),
                        EVERYBODY) for a in ("10.0.2.16", "8.8.8.8", GUEST)]
    card.silent(*frames)
    count("spoofed_source", len(frames) - 3)


@case("an answer to the spoofed would have been seen")
def _():
    def match(f):
        return f if f[12:14] == b"\x86\xdd" and f[54] == 129 else None
    for src in GUEST6, LINK:
        card.ask(card.ip6(ICMP6, icmp6(128, echo6(), GATEWAY6, src), src=src),
                 match)


@case("16 addresses of its own choice, and not one more")
def _():
    card.until_echo()
    for i in range(40):
        src = f"fd77:6972::a:{i + 1:x}"
        card.send(card.ip6(ICMP6, icmp6(128, echo6(), GATEWAY6, src), src=src))
    got = card.until_echo()
    same(len([f for f in got if f[54] == 129]), 16, "answers")
    count("spoofed_source", 24)


# ---- endless and never whole -------------------------------------------------

def chain(kinds, last=ICMP6, length=0):
    """Extension headers, each with @length × 8 bytes more."""
    out = b""
    for after in list(kinds[1:]) + [last]:
        out += bytes((after, length)) + bytes(6 + length * 8)
    return out


@case("extension headers without end")
def _():
    echo = icmp6(128, echo6(b"deep"), GATEWAY6, GUEST6)

    def match(f):
        return f if f.endswith(b"deep") else None
    card.ask(card.ip6(60, chain([60]) + echo), match)
    frames = [card.ip6(60, chain([60] * n) + echo)
              for n in (20, 60, 180)]
    frames += [card.ip6(0, chain([0] * 20) + echo),
               card.ip6(0, chain([0] + [60, 43] * 30) + echo),
               card.ip6(60, chain([60] * 100, 60)),
               card.ip6(60, chain([60] * 20, 59)),
               card.ip6(60, chain([60], length=30) + echo),
               card.ip6(60, b"\x3c\xff" + bytes(6)),
               card.ip6(60, b"\x3c"), card.ip6(60, b""),
               card.ip6(44, b"\x2c\0\0\1" * 2 * 30)]
    for frame in frames:
        for _ in range(50):
            card.send(frame)
    card.until_echo()
    card.ask(card.ip6(60, chain([60]) + echo), match)


def frag4(payload, at, more, ident, to=GATEWAY, proto=ICMP):
    return card.ip4(proto, payload, to, ident=ident,
                    frag=at // 8 | (0x2000 if more else 0))


def frag6(payload, at, more, ident, to=GATEWAY6):
    return card.ip6(44, struct.pack(">BBHI", ICMP6, 0, at | more, ident) +
                    payload, to)


def whole_fragments():
    """Echo in three fragments, in the wrong order: answered, both families."""
    four = icmp4(b"parts" * 500)
    six = icmp6(128, echo6(b"parts" * 500), GATEWAY6, GUEST6)
    for data, make, at in (four, frag4, 14 + 20), (six, frag6, 14 + 40):
        ident = random.getrandbits(16)
        got = []

        def match(f, at=at, got=got):
            if b"parts" in f:
                got.append(f)
                total = sum(f.count(b"parts") for f in got)
                return True if total >= 490 else None
            return None
        parts = [(0, 1), (1200, 1), (2400, 0)]
        cut = [make(data[n:n + 1200], n, more, ident) for n, more in parts]
        card.send(cut[2])
        card.send(cut[1])
        card.ask(cut[0], match)


@case("fragments that never finish, by the ten thousand", limit=60)
def _():
    whole_fragments()
    part = bytes(1200)
    for i in range(10000):
        card.send(frag4(part, (i * 1200) % 48000, 1, i, GATEWAY
                        if i % 2 else t.V4))
        card.send(frag6(part, (i * 1200) % 48000, 1, i))
        if i % 500 == 0:
            card.until_echo()
    card.until_echo()
    whole_fragments()
    count("fragment_limit", 15000)


@case("fragments that overlap, by the ten thousand", limit=60)
def _():
    part = bytes(1200)
    card.until_echo()
    for i in range(2500):
        card.send(frag4(part, 0, 1, i))
        card.send(frag4(part, (i * 8) % 1200, 0, i))
        card.send(frag6(part, 0, 1, i))
        card.send(frag6(part, (i * 8) % 1200, 0, i))
        if i % 500 == 0:
            card.until_echo()
    card.until_echo()
    whole_fragments()
    count("fragment_overlap", 4000)


@case("fragments that are none")
def _():
    frames = [frag4(b"x", 65528, 1, 1), frag4(b"y" * 1000, 65528, 0, 2),
              frag4(b"", 8, 1, 3), frag4(b"odd" * 3, 0, 1, 4),
              frag4(b"", 0, 1, 5), frag6(b"z" * 1000, 65528, 0, 2),
              frag6(b"", 8, 1, 3), frag6(b"odd" * 3, 0, 1, 4),
              card.ip6(44, b""), card.ip6(44, b"\x3a\0\0\1"),
              frag6(b"", 0, 1, 5)]
    for frame in frames:
        for _ in range(100):
            card.send(frame)
    card.until_echo()
    whole_fragments()


@case("30,000 frames with something wrong in them", limit=90)
def _():
    rnd = random.Random(20)
    good = [dhcp_frame(dhcp_message(DISCOVER, MINE + EVERY_OPTION)),
            dhcp_frame(dhcp_message(REQUEST, MINE + SERVER)),
            dhcp6_frame(dhcp6(1, CLIENT, IA_NA)), solicit(),
            card.nd(135, bytes(4) + n6(GATEWAY6) + b"\1\1" + card.mac,
                    "ff02::1:ff00:2"),
            card.eth(ETH_ARP, arp(1, card.mac, GUEST, bytes(6), GATEWAY),
                     EVERYBODY),
            card.ip4(ICMP, icmp4(b"x" * 40)),
            card.ip6(60, chain([60]) + icmp6(128, echo6(), GATEWAY6, GUEST6)),
            frag4(bytes(400), 800, 1, 9), frag6(bytes(400), 800, 1, 9),
            card.udp4(5000, 53, b"\1\2\1\0\0\1\0\0\0\0\0\0\3one\0\0\1\0\1",
                      DNS)]
    for i in range(30000):
        frame = bytearray(rnd.choice(good))
        for _ in range(rnd.randint(1, 4)):
            frame[rnd.randrange(12, len(frame))] = rnd.getrandbits(8)
        if rnd.random() < 0.2:
            del frame[rnd.randrange(14, len(frame)):]
        card.send(bytes(frame))
        if i % 1000 == 0:
            card.until_echo()
    card.until_echo()
    same(dhcp(DISCOVER)[0][0], OFFER, "a good one")


if __name__ == "__main__":
    find_gateway()
    try:
        t.run()
    finally:
        with open(f"{t.DIR}/expected", "w", encoding="ascii") as f:
            for reason, n in expected.items():
                f.write(f"{reason} {n}\n")
