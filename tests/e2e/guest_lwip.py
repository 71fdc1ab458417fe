#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""This kernel as the guest, lwIP as the network at 10.0.2.2: the TCP of two
stacks over the rings.  Steps of port 7000 are those of examples/lwip/talk.h.
--drop: a port to which the network drops each SYN."""

import os
import socket
import struct
import threading
import time

import pattern
import t
from t import case, must, same

V4, V6 = "10.0.2.2", "fd77:6972::2"
N = t.MB * 1000000
DROPPED = t.options(drop=0).drop


def both(name, **kw):
    """A case for each family."""
    def add(f):
        for fam, address in ("v4", V4), ("v6", V6):
            case(f"{name} ({fam})", **kw)(lambda a=address: f(a))
        return f
    return add


def ends(s):
    """The other side's FIN is next."""
    same(s.recv(1), b"", "behind the last byte")


@both("bulk both ways at once is the same bytes", limit=90)
def _(a):
    s = t.connect(a, 7, timeout=60)

    def send():
        t.send_pattern(s, N)
        s.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    began = time.monotonic()
    sender.start()
    t.is_pattern(t.read_all(s), N)
    sender.join()
    print(f"# {N / 1e6 / (time.monotonic() - began):.0f} MB/s each way",
          flush=True)


@both("bulk up", limit=90)
def _(a):
    s = t.script(a, f"recv {N} | say got", timeout=60)
    t.send_pattern(s, N)
    same(t.read_line(s), "got", "the answer")
    ends(s)


@both("bulk down", limit=90)
def _(a):
    s = t.script(a, f"send {N}", timeout=60)
    t.is_pattern(t.read_all(s), N)


@both("we end first, and the rest still comes")
def _(a):
    s = t.script(a, "recv 100000 | eof | send 1000000", timeout=20)
    t.send_pattern(s, 100000)
    s.shutdown(socket.SHUT_WR)
    t.is_pattern(t.read_all(s), 1000000)


@both("they end first, and the rest still goes")
def _(a):
    done = t.script(a, "send 1000 | shutw | recv 1000000 | eof", timeout=20)
    same(len(t.read_exactly(done, 1000)), 1000, "bytes")
    ends(done)
    t.send_pattern(done, 1000000)
    done.shutdown(socket.SHUT_WR)
    # nothing can be said any more: that it went well is in lwIP's output


@both("their RST is a RST")
def _(a):
    s = t.script(a, "recv 5 | reset")
    s.sendall(pattern.piece(0, 5))
    try:
        got = s.recv(1)
        must(False, f"{got!r} came")
    except ConnectionResetError:
        pass


@both("our RST is a RST")
def _(a):
    s = t.script(a, "say here | aborted")
    same(t.read_line(s), "here", "the line")
    t.close_reset(s)


@both("their RST while we send")
def _(a):
    s = t.script(a, "recv 100000 | reset")
    try:
        t.send_pattern(s, 50 << 20)
        must(False, "50 MiB were taken")
    except ConnectionError:
        pass


@both("a refused port is refused at once")
def _(a):
    t.is_refused(a, 4444)


@both("we read nothing for a while: nothing is lost", limit=60)
def _(a):
    s = t.script(a, f"send {N} | stuck", timeout=60, rcvbuf=65536)
    time.sleep(1)  # behind the first probes of a closed window
    t.is_pattern(t.read_all(s), N)


@both("they read nothing for a while: nothing is lost", limit=60)
def _(a):
    s = t.script(a, f"full | pause 1000 | recv {N} | say got", timeout=60)
    t.send_pattern(s, N)
    same(t.read_line(s), "got", "the answer")


@both("100 connections at once")
def _(a):
    some = [t.connect(a, 7, timeout=20) for _ in range(100)]
    for i, s in enumerate(some):
        s.sendall(pattern.piece(i, 10000))
    for i, s in enumerate(some):
        must(t.read_exactly(s, 10000) == bytes(pattern.piece(i, 10000)),
             f"connection {i}: other bytes")
        s.shutdown(socket.SHUT_WR)
        ends(s)


@case("datagrams come back; of those in fragments each is whole")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect((V4, 7))
        for size in 1, 1472, 1473, 14000, 20000, 60000, 65000:
            data = bytes(pattern.piece(size, size))
            s.send(data)
            must(s.recv(65535) == data, f"{size}: other bytes")


@case("datagrams come back (v6)")
def _():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect((V6, 7))
        for size in 1, 1452, 1453, 9000:
            data = bytes(pattern.piece(size, size))
            s.send(data)
            must(s.recv(65535) == data, f"{size}: other bytes")


@case("a name is answered")
def _():
    question = (struct.pack(">6H", 77, 0x0100, 1, 0, 0, 0) +
                b"\3who\4asks\4test\0" + struct.pack(">2H", 1, 1))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect((V4, 53))
        s.send(question)
        got = s.recv(512)
    same(got[:2], question[:2], "the identifier")
    same(got[-4:], socket.inet_aton(V4), "the address")


@case("a SYN to the port of the rule is dropped before lwIP has it")
def _():
    code, _ = t.failed_connect(V4, DROPPED, timeout=1.5)
    same(t.name_of(code), "still pending", "the connection")


@case("a frame too large for a pbuf is lost, and nothing else")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect((V4, 7))
        s.send(bytes(65507))
        s.send(b"after it")
        same(s.recv(65535), b"after it", "the answer")


@case("a thousand pings of 1400 bytes")
def _():
    status = os.system(f"ping -q -f -c 1000 -s 1400 -w 10 {V4} >/dev/null")
    same(status, 0, "ping's status")


def _errors():
    found = t.counted(*t.FAULTS)
    same(found, {}, "what this kernel found wrong")


case("this kernel found nothing wrong in any packet")(_errors)
t.run()
