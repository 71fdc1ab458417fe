#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""UDP in numbers: destinations, ports, sizes of QUIC, segments."""

import os
import select
import socket
import struct
import sys
import time

import t
from t import case, must, same

UDP_SEGMENT, UDP_GRO = 103, 104
ANY = "1.3.0.0"


def opened(buffer=4 << 20):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    s.settimeout(3)
    return s


def place(i):
    return f"1.3.{i >> 8 & 255}.{i & 255}"


def take(s, waiting, seconds):
    """Answers that come in time, each from whom it was asked."""
    while waiting and select.select([s], [], [], seconds)[0]:
        data, peer = s.recvfrom(100)
        same(peer, (place(int(data)), 7777), "source")
        waiting.discard(int(data))


@case("5,000 destinations from one port: all answer")
def _():
    waiting = set(range(5000))
    with opened() as s:
        for _ in range(4):         # a loaded machine may lose a few
            for n, i in enumerate(sorted(waiting)):
                s.sendto(b"%d" % i, (place(i), 7777))
                if n % 50 == 49:
                    take(s, waiting, 0)
            take(s, waiting, 0.5)
            if not waiting:
                return
    must(False, f"{len(waiting)} are silent")


@case("6,000 ports, more than are kept: the last ones answer", weir=True)
def _():
    for i in range(6000):
        with opened(1 << 16) as s:
            s.sendto(b"%d" % i, (place(1), 7777))
            # its kernel may give a port again, to which an answer is due
            while i % 100 == 99 and s.recv(100) != b"%d" % i:
                pass


@case("datagrams of QUIC's sizes, 2,000 each way, none lost or changed")
def _():
    with opened() as s:
        s.connect((place(2), 7777))
        for size in 1200, 1252, 1350, 1392, 1452, 1472:
            for first in range(0, 320, 32):
                sent = {struct.pack("!I", first + i) * (size // 4)
                        for i in range(32)}
                for data in sent:
                    s.send(data)
                for _ in range(32):
                    sent.remove(s.recv(2000))


@case("datagrams that a server sends in one go arrive one by one, in order")
def _():
    with opened() as s:
        for together in 2, 5, 30:
            for size in 400, 1200, 1448:
                s.sendto(b"200 %d %d" % (size, together), (place(3), 7778))
                for i in range(200):
                    got = s.recv(65535)
                    same(len(got), size, "length")
                    same(struct.unpack("!I", got[:4])[0], i, "number")
                    same(got[:4] * (size // 4), got, "bytes")


@case("... and alternating sizes, too")
def _():
    with opened() as s, opened() as other:
        for n, size in (3, 400), (1, 1000), (7, 8), (2, 1448), (1, 0):
            s.sendto(b"%d %d 64" % (n, size), (place(4), 7778))
            other.sendto(b"%d %d 64" % (n, size), (place(4), 7778))
            for one in s, other:
                for _ in range(n):
                    same(len(one.recv(65535)), size, "length")


@case("what a guest sends in one go arrives one by one, in order")
def _():
    with opened() as s:
        s.connect((place(5), 7777))
        for size in 100, 1200, 1448:
            for count in 2, 40:
                last = size // 2
                body = b"".join(struct.pack("!I", i) * (size // 4)
                                for i in range(count)) + b"x" * last
                s.sendmsg([body], [(17, UDP_SEGMENT,
                                    struct.pack("=H", size))])
                for i in range(count):
                    same(s.recv(65535), struct.pack("!I", i) * (size // 4),
                         f"number {i}")
                same(s.recv(65535), b"x" * last, "the last")


@case("datagrams of no bytes between others")
def _():
    with opened() as s:
        s.connect((place(6), 7777))
        for size in 0, 10, 0, 0, 10, 10, 0, 10, 5, 5, 5, 0:
            s.send(bytes(size))
        same([len(s.recv(100)) for _ in range(12)],
             [0, 10, 0, 0, 10, 10, 0, 10, 5, 5, 5, 0], "lengths")


@case("this kernel found no fault in any frame")
def _():
    same(t.counted(*t.FAULTS), {}, "faults")


def gate(name):
    open(f"{t.DIR}/ready/storm.{name[0]}", "w", encoding="ascii").close()
    while not os.path.exists(f"{t.DIR}/gates/storm.{name[1]}"):
        time.sleep(0.01)


def storm():
    """200,000 destinations (address and port) that never answer."""
    with opened() as old, opened() as s:
        old.connect((place(7), 7777))
        old.send(b"first")
        same(old.recv(100), b"first", "echo")
        gate(("begins", "begin"))
        for i in range(200000):
            try:
                s.sendto(b"", (place(i), 1024 + i % 5000))
            except OSError:        # a word of one of them
                pass
            if i % 2000 == 0:
                old.send(b"%d" % i)
                same(old.recv(100), b"%d" % i, "echo")
        gate(("over", "end"))


if "--storm" in sys.argv:
    storm()
else:
    t.run()
