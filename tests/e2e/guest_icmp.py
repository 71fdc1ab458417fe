#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ICMP as a guest sees it: echo, errors, traceroute, mtr, tracepath."""

import errno
import json
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import time

import t
from t import case, must, same

DEEP = {socket.AF_INET: "1.2.4.2", socket.AF_INET6: "2606:4700:aa::2"}
# (of its many addresses the router's kernel chooses the last)
ROUTER = {socket.AF_INET: "93.184.216.254",
          socket.AF_INET6: "2606:4700:77::53"}
GATEWAY = {socket.AF_INET: "10.0.2.2", socket.AF_INET6: "fd77:6972::2"}
NOWHERE = {socket.AF_INET: "1.2.99.1", socket.AF_INET6: "2606:4700:ff::1"}
IP_RECVERR, IPV6_RECVERR, IP_MTU, IPV6_MTU = 11, 25, 14, 24
IP_MTU_DISCOVER, PMTUDISC_PROBE = 10, 3
ORIGIN_ICMP, ORIGIN_ICMP6 = 2, 3


def six(host):
    return ["-6"] if ":" in host else []


def command(name, *arguments):
    if not shutil.which(name):
        raise t.Skip(f"there is no {name}")
    return subprocess.run([name, *arguments], capture_output=True, text=True)


def ping(*arguments, count=3):
    out = command("ping", "-n", "-c", str(count), "-i", "0.2", "-W", "3",
                  *arguments)
    must(f" {count} received" in out.stdout and "DUP" not in out.stdout,
         f"exit {out.returncode}: {out.stdout[-300:]} {out.stderr}")
    return out.stdout


# ---- echo -------------------------------------------------------------------


@case("echo to a host outside", both=True)
def _(host):
    ping(*six(host), host)
    ping(*six(host), DEEP[t.family(host)])


@case("echo of every size comes back whole", both=True)
def _(host):
    for size in 0, 1, 15, 16, 17, 999, 1200, 1400, 1452, 1472:
        out = ping("-s", str(size), *six(host), host, count=1)
        must("wrong data" not in out, out)


@case("echo of 60,000 bytes", both=True)
def _(host):
    ping("-s", "60000", *six(host), host)
    ping("-s", "60000", *six(host), GATEWAY[t.family(host)])


@case("several pings at once keep their own answers", both=True)
def _(host):
    each = [subprocess.Popen(["ping", "-n", "-c", "5", "-i", "0.2",
                              *six(host), to], stdout=subprocess.PIPE,
                             text=True)
            for to in (host, DEEP[t.family(host)]) * 4]
    for p in each:
        out = p.communicate()[0]
        must(" 5 received" in out and "DUP" not in out, out[-300:])


def icmp_socket(host):
    v6 = ":" in host
    try:
        s = socket.socket(t.family(host), socket.SOCK_RAW,
                          socket.IPPROTO_ICMPV6 if v6
                          else socket.IPPROTO_ICMP)
    except PermissionError:
        raise t.Skip("needs raw sockets") from None
    s.settimeout(3)
    return s


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def echo_request(host, ident, seq, body=b"0123456789"):
    kind = 128 if ":" in host else 8
    head = struct.pack("!BBHHH", kind, 0, 0, ident, seq)
    return struct.pack("!BBHHH", kind, 0, checksum(head + body), ident,
                       seq) + body


def replies(s, seconds):
    """(ident, seq, body, from) of the echo replies that come."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if not select.select([s], [], [], left)[0]:
            return
        data, peer = s.recvfrom(65535)
        if s.family == socket.AF_INET:
            data = data[(data[0] & 15) * 4:]
        kind, _, _, ident, seq = struct.unpack("!BBHHH", data[:8])
        if kind in (0, 129):
            yield ident, seq, data[8:], peer[0]


@case("ident, sequence and bytes come back as they went", both=True)
def _(host):
    wanted = {(ident, seq) for ident in (0, 1, 0x1234, 0xffff)
              for seq in (0, 1, 0x8000, 0xffff)}
    with icmp_socket(host) as s:
        for ident, seq in wanted:
            s.sendto(echo_request(host, ident, seq, b"%8d" % seq), (host, 0))
        for ident, seq, body, peer in replies(s, 3):
            same((body, peer), (b"%8d" % seq, host), "reply")
            wanted.remove((ident, seq))
            if not wanted:
                return
    must(False, f"no reply to {wanted}")


@case("a wrong checksum is not passed on", weir=True)
def _():
    with icmp_socket(t.V4) as s:
        bad = bytearray(echo_request(t.V4, 77, 1))
        bad[-1] ^= 1
        s.sendto(bad, (t.V4, 0))
        s.sendto(echo_request(t.V4, 77, 2), (t.V4, 0))
        same([r[:2] for r in replies(s, 0.5)], [(77, 2)], "replies")


# ---- errors -----------------------------------------------------------------


@case("echo to nowhere: unreachable, from the router that knows", both=True)
def _(host):
    fam = t.family(host)
    out = command("ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", *six(host),
                  NOWHERE[fam]).stdout
    must(re.search(f"From {ROUTER[fam]}.*(nreachable|No route)", out), out)


class Probe:
    """A UDP socket that hears what is said about its datagrams."""

    def __init__(self, host, port):
        fam = t.family(host)
        self.s = socket.socket(fam, socket.SOCK_DGRAM)
        self.level = 41 if ":" in host else 0
        self.s.setsockopt(self.level, IPV6_RECVERR if self.level
                          else IP_RECVERR, 1)
        self.to = host, port

    def send(self, data):
        try:
            self.s.sendto(data, self.to)
        except OSError:            # an error that was waiting
            self.s.sendto(data, self.to)

    def error(self, seconds=3):
        """(errno, type, code, info, offender, bytes quoted)"""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                data, control, _, _ = self.s.recvmsg(2000, 512,
                                                     socket.MSG_ERRQUEUE)
            except BlockingIOError:
                time.sleep(0.005)
                continue
            for _, _, c in control:
                err, origin, kind, code, _, info, _ = struct.unpack(
                    "=IBBBBII", c[:16])
                place = c[16:]
                where = ""
                if origin == ORIGIN_ICMP:
                    where = socket.inet_ntop(socket.AF_INET, place[4:8])
                elif origin == ORIGIN_ICMP6:
                    where = socket.inet_ntop(socket.AF_INET6, place[8:24])
                return err, kind, code, info, where, data
        raise AssertionError("no error came")


def heard(host, port, seconds=3):
    p = Probe(host, port)
    p.s.setblocking(False)
    p.send(b"who is there?")
    return p.error(seconds)


@case("a closed port says so itself, and quotes the datagram", both=True)
def _(host):
    for to in host, DEEP[t.family(host)]:
        e = heard(to, 4444)
        kind = (1, 4) if ":" in host else (3, 3)
        same((e[0], e[1:3], e[4], e[5]),
             (errno.ECONNREFUSED, kind, to, b"who is there?"), "error")


@case("a closed port of the gateway is the gateway's", both=True)
def _(host):
    gate = GATEWAY[t.family(host)]
    e = heard(gate, 4444)
    same((e[0], e[4], e[5]), (errno.ECONNREFUSED, gate, b"who is there?"),
         "error")


@case("a datagram to nowhere: from the router that knows", both=True)
def _(host):
    fam = t.family(host)
    for again in range(6):         # a Linux router says it once a second
        try:
            e = heard(NOWHERE[fam], 7, seconds=1)
            break
        except AssertionError:
            must(again < 5, "no error came")
    must(e[0] in t.UNREACHABLE, t.name_of(e[0]))
    same(e[4:], (ROUTER[fam], b"who is there?"), "from")


@case("ports that would leak the neighbourhood are prohibited", both=True,
      weir=True)
def _(host):
    kind = (1, 1) if ":" in host else (3, 13)
    for port in 137, 138, 853, 5353, 5355:
        e = heard(host, port)
        same((port, e[1:3], e[4]), (port, kind, GATEWAY[t.family(host)]),
             "error")


@case("hops: the gateway, the router, the host", both=True)
def _(host):
    fam = t.family(host)
    kind = (3, 0) if ":" in host else (11, 0)
    for hops, who in (1, GATEWAY[fam]), (2, ROUTER[fam]):
        p = Probe(DEEP[fam], 7)
        p.s.setsockopt(p.level, 16 if p.level else socket.IP_TTL, hops)
        p.s.setblocking(False)
        p.send(b"how far?")
        e = p.error()
        same((hops, e[1:3], e[4], e[5]), (hops, kind, who, b"how far?"),
             "error")
    p = Probe(DEEP[fam], 7)
    p.s.setsockopt(p.level, 16 if p.level else socket.IP_TTL, 3)
    p.s.settimeout(3)
    p.send(b"here?")
    same(p.s.recv(100), b"here?", "echo")


# ---- the way's MTU ----------------------------------------------------------


def narrow(host):
    """The datagram that fits the way to `deep`, and the one that does not."""
    headers = 48 if ":" in host else 28
    return 1400 - headers, 1401 - headers


@case("a datagram too big for the way: told, with the MTU", both=True)
def _(host):
    deep = DEEP[t.family(host)]
    fits, big = narrow(host)
    if t.mtu() < 1500:
        raise t.Skip("the card is as narrow as the way")
    p = Probe(deep, 7)
    p.s.setblocking(False)
    p.s.setsockopt(p.level, 23 if p.level else IP_MTU_DISCOVER,
                   PMTUDISC_PROBE)
    p.send(bytes(big))
    e = p.error()
    same((e[0], e[3]), (errno.EMSGSIZE, 1400), "error")
    p.s.settimeout(3)
    p.send(bytes(fits))
    same(len(p.s.recv(3000)), fits, "echo")


@case("a guest that minds nothing loses nothing on a narrow way", both=True)
def _(host):
    deep = DEEP[t.family(host)]
    with socket.socket(t.family(host), socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        for size in 1300, 1352, 1353, 1372, 1373, 1452, 3000, 8000, 60000:
            for _ in range(3):     # a router on the way says it once
                s.sendto(bytes(size), (deep, 7))
                if select.select([s], [], [], 0.5)[0]:
                    break
            same(len(s.recv(65535)), size, "echo")


@case("ping -M do finds the way's MTU", both=True)
def _(host):
    deep = DEEP[t.family(host)]
    fits, big = narrow(host)
    if t.mtu() < 1500:
        raise t.Skip("the card is as narrow as the way")
    ping("-M", "do", "-s", str(fits), *six(host), deep)
    out = command("ping", "-M", "do", "-n", "-c", "3", "-i", "0.2", "-W", "1",
                  "-s", str(big), *six(host), deep)
    must("1400" in out.stdout + out.stderr and " 0 received" in out.stdout,
         out.stdout + out.stderr)


# ---- real tools -------------------------------------------------------------


def hops_of(text, host):
    fam = t.family(host)
    at = [text.find(a) for a in (GATEWAY[fam], ROUTER[fam])]
    at.append(text.rfind(DEEP[fam]))
    must(-1 not in at and at == sorted(at), text)


@case("traceroute, UDP", both=True)
def _(host):
    deep = DEEP[t.family(host)]
    hops_of(command("traceroute", *six(host), "-n", "-q", "2", "-w", "2", "-m",
                    "6", deep).stdout, host)


@case("traceroute -I", both=True)
def _(host):
    deep = DEEP[t.family(host)]
    hops_of(command("traceroute", *six(host), "-I", "-n", "-q", "2", "-w", "2",
                    "-m", "6", deep).stdout, host)


def mtr(host, *more):
    deep = DEEP[t.family(host)]
    icmp_socket(host).close()      # without, mtr does half of it
    out = command("mtr", *six(host), "-n", "-j", "-c", "2", "-i", "0.3", "-G",
                  "1", "-m", "6", *more, deep)
    must(out.returncode == 0, out.stdout + out.stderr)
    hubs = json.loads(out.stdout)["report"]["hubs"]
    fam = t.family(host)
    same([h["host"] for h in hubs], [GATEWAY[fam], ROUTER[fam], deep], "hops")
    same([float(h["Loss%"]) for h in hubs], [0.0] * 3, "loss")


@case("mtr", both=True)
def _(host):
    mtr(host)


@case("mtr --udp", both=True)
def _(host):
    mtr(host, "--udp")


@case("tracepath: the way and its MTU", both=True)
def _(host):
    deep = DEEP[t.family(host)]
    out = command("tracepath", *six(host), "-n", "-m", "6", deep)
    hops_of(out.stdout, host)
    want = min(t.mtu(), 1400)
    must(re.search(f"Resume: pmtu {want} hops", out.stdout), out.stdout)


# ---- hostile ----------------------------------------------------------------


@case("errors that a guest makes up are ignored", both=True, weir=True)
def _(host):
    with socket.socket(t.family(host), socket.SOCK_DGRAM) as u, \
            icmp_socket(host) as s:
        u.settimeout(3)
        u.connect((host, 7))
        for kind in range(0, 20) if u.family == socket.AF_INET else range(1, 5):
            head = struct.pack("!BBHI", kind, 3, 0, 0) + bytes(28)
            s.sendto(struct.pack("!BBHI", kind, 3, checksum(head), 0) +
                     bytes(28), (host, 0))
            u.send(b"%d" % kind)
            same(u.recv(100), b"%d" % kind, "echo")
    ping(*six(host), host, count=1)


@case("this kernel found no fault in any frame")
def _():
    # an error about a socket that is closed already counts as one, too
    faults = [f for f in t.FAULTS
              if f not in ("Icmp.InErrors", "Icmp6InErrors",
                           "Ip6InTooBigErrors")]
    same(t.counted(*faults), {}, "faults")


def many_idents(count):
    """An echo from each ident; then wait; then one more must be answered."""
    with icmp_socket(t.V4) as s:
        for ident in range(count):
            s.sendto(echo_request(t.V4, ident, 1), (t.V4, 0))
            if ident % 50 == 49:
                list(replies(s, 0.01))
        open(f"{t.DIR}/ready/idents", "w", encoding="ascii").close()
        while not os.path.exists(f"{t.DIR}/gates/idents"):
            time.sleep(0.01)
        s.sendto(echo_request(t.V4, 65000, 9), (t.V4, 0))
        for r in replies(s, 3):
            if r[:2] == (65000, 9):
                return
    sys.exit("the last one was not answered")


if "--idents" in sys.argv:
    many_idents(int(sys.argv[-1]))
else:
    t.run()
