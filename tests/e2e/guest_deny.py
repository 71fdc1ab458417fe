#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is refused before policy is asked, and what `--net all` opens: the
classes never, host and metadata of a guest's destinations.

--part deny   the default
--part all    with --net all
"""

import errno
import select
import socket
import time

import t
from t import case, must, same

OPT = t.options(part="deny", port=7)

HOST = ["93.184.216.1", "2606:4700:77::1", "10.77.0.1", "fd00:10:77::1",
        "10.0.2.2", "fd77:6972::2", "10.0.2.3", "fd77:6972::3"]
METADATA = ["169.254.169.254", "100.100.100.200", "168.63.129.16",
            "192.0.0.192", "169.254.170.2", "fd00:ec2::254"]
NEVER = ["0.1.2.3", "::7f00:1", "::1.2.3.4"]
EMBEDDED = ["64:ff9b::7f00:1",           # NAT64 of 127.0.0.1
            "64:ff9b::5db8:d801",        # of the host's own address
            "64:ff9b::a9fe:a9fe",        # of the metadata server
            "2002:7f00:1::1",            # 6to4 of 127.0.0.1
            "2002:a9fe:a9fe::1"]


def denied(addresses, port):
    """tcp-09: a reset at once, for each."""
    for address in addresses:
        t.is_refused(address, port, 0.5)


def udp_error(address, port, wait=2):
    """What a datagram gets: an errno's name, or bytes, or silence."""
    with socket.socket(t.family(address), socket.SOCK_DGRAM) as s:
        s.settimeout(wait)
        s.connect((address, port))
        s.send(b"hello")
        try:
            return s.recv(100)
        except TimeoutError:
            return "silence"
        except OSError as e:
            return errno.errorcode[e.errno]


if OPT.part == "deny":
    @case("tcp-09 the host's own addresses are refused at once", weir=True)
    def _():
        denied(HOST, 7)

    @case("tcp-09 metadata addresses are refused at once", weir=True)
    def _():
        denied(METADATA, 7)

    @case("tcp-09 addresses never to be dialled are refused at once",
          weir=True)
    def _():
        denied(NEVER, 7)

    @case("tcp-09 an IPv4 address inside IPv6 is refused like itself",
          weir=True)
    def _():
        denied(EMBEDDED, 7)

    @case("other addresses of the guest's own subnet do not answer",
          weir=True)
    def _():
        pending = {}
        poll = select.poll()
        for address in "10.0.2.77", "10.0.2.1", "fd77:6972::77":
            s = socket.socket(t.family(address), socket.SOCK_STREAM)
            s.setblocking(False)
            s.connect_ex((address, 7))
            pending[s.fileno()] = s
            poll.register(s, select.POLLOUT)
        end = time.monotonic() + 5
        while pending and time.monotonic() < end:
            for fd, _ in poll.poll(200):
                s = pending.pop(fd)
                poll.unregister(fd)
                code = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                must(code in (*t.UNREACHABLE, errno.ECONNREFUSED),
                     t.name_of(code))
                s.close()
        must(not pending, "a neighbour that is not there was not missed")

    @case("datagrams to the host and to metadata get no answer", weir=True)
    def _():
        for address in ("93.184.216.1", "10.0.2.2", "169.254.169.254",
                        "2606:4700:77::1", "fd77:6972::2"):
            got = udp_error(address, 7, 0.5)
            must(isinstance(got, str), f"{address} answered {got!r}")

    @case("a denied datagram is an error, not silence", weir=True)
    def _():
        for address in "93.184.216.1", "2606:4700:77::1":
            got = udp_error(address, 7)
            must(got in ("EHOSTUNREACH", "EACCES"), f"{address}: {got}")

    @case("after the denials the allowed still work", both=True)
    def _(host):
        with t.connect(host, 7) as s:
            s.sendall(b"alive")
            same(t.read_exactly(s, 5), b"alive", "echo")
else:
    @case("--net all: the gateway is the host's loopback")
    def _():
        for address in "10.0.2.2", "fd77:6972::2":
            with t.connect(address, 7) as s:
                s.sendall(b"hello")
                same(t.read_exactly(s, 5), b"hello", address)

    @case("--net all: a loopback port that listens on IPv4 alone is found",
          weir=True)
    def _():
        for address in ["10.0.2.2", "fd77:6972::2"] * 10:
            with t.connect(address, OPT.port) as s:
                same(t.read_exactly(s, 4), b"four", address)
                same(s.recv(1), b"", "then")

    @case("--net all: a refused loopback port is refused")
    def _():
        for address in "10.0.2.2", "fd77:6972::2":
            t.is_refused(address, 4444)

    @case("--net all: the host's own addresses and private ones")
    def _():
        for address in ("93.184.216.1", "2606:4700:77::1", "10.77.0.1",
                        "10.77.0.2", "fd00:10:77::2"):
            with t.connect(address, 7) as s:
                s.sendall(b"hello")
                same(t.read_exactly(s, 5), b"hello", address)

    @case("--net all: the metadata server")
    def _():
        with t.connect("169.254.169.254", 7) as s:
            s.sendall(b"hello")
            same(t.read_exactly(s, 5), b"hello", "echo")

    @case("--net all: what must never be dialled is still refused", weir=True)
    def _():
        denied([*NEVER, "64:ff9b::7f00:1"], 7)

    @case("--net all: datagrams to the gateway reach the host's loopback")
    def _():
        for address in "10.0.2.2", "fd77:6972::2":
            same(udp_error(address, 7), b"hello", address)

t.run()
