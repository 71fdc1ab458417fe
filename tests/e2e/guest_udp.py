#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""UDP and echo as a guest sees them.  Port numbers: see servers.py."""

import errno
import select
import socket
import subprocess
import time

import pattern
import t
from t import case, must, same

ADDRESSES = {socket.AF_INET: [t.V4, "93.184.216.35", "1.2.3.4"],
             socket.AF_INET6: [t.V6, "2606:4700:77::35"]}


def opened(host):
    s = socket.socket(t.family(host), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.settimeout(3)
    return s


def echoes(s, host, data):
    # one larger than the path may be lost once, until its MTU is known
    for wait in (0.5, 0.5, 2) if len(data) > 1232 else (3,):
        s.settimeout(wait)
        s.sendto(data, (host, 7))
        try:
            got, peer = s.recvfrom(65535)
            break
        except TimeoutError:
            pass
    else:
        raise AssertionError(f"{len(data)} bytes: no echo")
    must(got == data, f"{len(data)} bytes sent, {len(got)} others back")
    same(peer[:2], (host, 7), "source of the echo")


def largest(host):
    """The most one unfragmented datagram holds here."""
    return min(t.mtu(), 65535) - (48 if ":" in host else 28)


@case("every size in one frame is echoed", both=True)
def _(host):
    top = largest(host)
    with opened(host) as s:
        for size in (0, 1, 2, 3, 7, 8, 100, 511, 512, 1023, 1391, 1392,
                     1451, 1452, 1453, 1471, 1472, 1473, 2000, 8000, 9000,
                     30000, 60000, 65000, top - 1, top):
            if size <= top:
                echoes(s, host, bytes(pattern.piece(size, size)))


@case("a datagram larger than the MTU is echoed", both=True)
def _(host):
    with opened(host) as s:
        for size in 1473, 1600, 3000, 8192, 60000, 65507 - 20 * (":" in host):
            echoes(s, host, bytes(pattern.piece(size, size)))


@case("a small question, a large answer", both=True)
def _(host):
    with opened(host) as s:
        for size in 1, 1000, largest(host):
            s.sendto(b"%d" % size, (host, 7013))
            got = s.recv(65535)
            must(got == bytes(pattern.piece(0, size)), f"{size} bytes")


@case("one port, many destinations: each reply has its own source",
      both=True)
def _(host):
    to = ADDRESSES[t.family(host)]
    with opened(host) as s:
        for a in to:
            s.sendto(a.encode(), (a, 7))
            s.sendto(b"10", (a, 7013))
        waiting = {(a, port) for a in to for port in (7, 7013)}
        while waiting:
            got, peer = s.recvfrom(65535)
            waiting.remove(peer[:2])
            want = peer[0].encode() if peer[1] == 7 else bytes(
                pattern.piece(0, 10))
            same(got, want, "reply")


@case("500 ports at once", both=True)
def _(host):
    sockets = [opened(host) for _ in range(500)]
    for i, s in enumerate(sockets):
        s.sendto(b"%d" % i, (host, 7))
    for i, s in enumerate(sockets):
        same(s.recv(100), b"%d" % i, "echo")
        s.close()


@case("a reply from a stranger's port does not come in", both=True, weir=True)
def _(host):
    with opened(host) as s:
        for _ in range(3):
            s.sendto(b"friend", (host, 7010))
            got, peer = s.recvfrom(100)
            same((got, peer[1]), (b"friend", 7010), "first reply")
        must(not select.select([s], [], [], 0.1)[0], "the stranger came in")


@case("a burst of 200 arrives whole, up and down", both=True)
def _(host):
    with opened(host) as s:
        for i in range(200):
            s.sendto(b"%d" % i, (host, 7016))
        had = 0
        while had < 200:
            try:
                had = max(had, int(s.recv(100)))
            except TimeoutError:
                raise AssertionError(f"about {had} of 200 arrived") from None
    with opened(host) as s:
        s.sendto(b"", (host, 7014))
        for i in range(200):
            try:
                same(s.recv(100), b"%d" % i, "in order")
            except TimeoutError:
                raise AssertionError(f"{i} of 200 came down") from None


@case("small datagrams go round without delay", both=True)
def _(host):
    times = []
    with opened(host) as s:
        for i in range(300):
            began = time.perf_counter()
            echoes(s, host, b"%d" % i)
            times.append(time.perf_counter() - began)
    times.sort()
    must(times[150] < 0.005, f"p50 is {times[150] * 1e3:.2f} ms")


@case("a refused port is an error", both=True)
def _(host):
    with opened(host) as s:
        s.connect((host, 4444))
        end = time.monotonic() + 3
        while time.monotonic() < end:
            try:
                s.send(b"anyone?")
                if select.select([s], [], [], 0.2)[0]:
                    s.recv(100)
            except OSError as e:
                same(t.name_of(e.errno), "ECONNREFUSED", "error")
                return
        must(False, "silence")


@case("an error of one destination does not harm another", both=True)
def _(host):
    with opened(host) as s:
        for i in range(20):
            s.sendto(b"lost", (host, 4444))
            echoes(s, host, b"%d" % i)


def ping(*arguments):
    out = subprocess.run(["ping", "-n", "-c", "3", "-i", "0.2", "-W", "2",
                          *arguments], capture_output=True, text=True)
    must(out.returncode == 0 and "3 received" in out.stdout,
         f"exit {out.returncode}: {out.stdout[-200:]} {out.stderr}")


@case("ping: the gateway over IPv4")
def _():
    ping("10.0.2.2")
    ping("-s", "1200", "10.0.2.2")


@case("ping: the gateway over IPv6")
def _():
    ping("-6", "fd77:6972::2")
    ping("-6", "-s", "1200", "fd77:6972::2")


@case("ping: the DNS address", weir=True)
def _():
    ping("10.0.2.3")
    ping("-6", "fd77:6972::3")


@case("ping: a large frame to the gateway", weir=True)
def _():
    ping("-s", str(t.mtu() - 28), "10.0.2.2")


@case("multicast and broadcast go nowhere and harm nothing", weir=True)
def _():
    with opened(t.V4) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for to in ("224.0.0.251", 5353), ("255.255.255.255", 7), \
                ("239.255.255.250", 1900), ("10.0.2.255", 137):
            try:
                s.sendto(b"anyone?", to)
            except OSError as e:
                must(e.errno in (*t.UNREACHABLE, errno.EACCES), str(e))
        echoes(s, t.V4, b"alive")


@case("this kernel found no fault in any frame")
def _():
    same(t.counted(*t.FAULTS), {}, "faults")


t.run()
