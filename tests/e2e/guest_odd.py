#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Odd and hostile packets, as far as a guest without privileges can make its
kernel send them.  After each case the gateway and an echo still answer."""

import errno
import os
import socket
import subprocess

import t
from t import case, must, same

UDP_SEGMENT, SO_NO_CHECK, IPPROTO_UDPLITE = 103, 11, 136
RECORD_ROUTE = b"\x07\x27\x04" + bytes(36) + b"\0"
TIMESTAMP = b"\x44\x24\x05\x00" + bytes(32)
NOPS = b"\x01" * 40


def alive():
    for host in t.V4, t.V6:
        with t.connect(host, 7, 3) as s:
            s.sendall(b"alive")
            same(t.read_exactly(s, 5), b"alive", "echo")
    out = subprocess.run(["ping", "-nqc", "1", "-W", "2", "10.0.2.2"],
                         capture_output=True, text=True)
    same(out.returncode, 0, "ping: " + out.stdout + out.stderr)


def udp(family=socket.AF_INET, protocol=0):
    s = socket.socket(family, socket.SOCK_DGRAM, protocol)
    s.settimeout(2)
    return s


def try_send(s, data, to):
    """The kernel may refuse what we ask; Weir must not mind either way."""
    try:
        s.sendto(data, to)
    except OSError as e:
        must(e.errno not in (errno.ENETDOWN, errno.ENODEV), str(e))


@case("IP options, over UDP and TCP")
def _():
    for options in RECORD_ROUTE, TIMESTAMP, NOPS, NOPS[:4]:
        with udp() as s:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
            for size in 0, 1, 1400, 3000:
                try_send(s, bytes(size), (t.V4, 7))
        with socket.socket() as s:
            s.settimeout(0.3)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
            try:
                s.connect((t.V4, 7))
            except OSError:
                pass
    alive()


@case("every TTL and type of service")
def _():
    with udp() as s:
        for value in (1, 2, 64, 255):
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, value)
            try_send(s, b"hop", (t.V4, 7))
        for value in range(0, 256, 5):
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, value)
            try_send(s, b"tos", (t.V4, 7))
    with udp(socket.AF_INET6) as s:
        for value in (0, 1, 64, 255):
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, value)
            try_send(s, b"hop", (t.V6, 7))
    alive()


@case("a datagram without a checksum is a datagram")
def _():
    with udp() as s:
        s.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        s.sendto(b"no sum", (t.V4, 7))
        same(s.recv(100), b"no sum", "echo")


@case("protocols nobody relays")
def _():
    for protocol in IPPROTO_UDPLITE,:
        try:
            with udp(protocol=protocol) as s:
                try_send(s, b"lite", (t.V4, 7))
        except OSError:
            pass
    for kind, protocol in (socket.SOCK_SEQPACKET, 132), (6, 33):
        try:
            with socket.socket(socket.AF_INET, kind, protocol) as s:
                s.settimeout(0.2)
                s.connect((t.V4, 7))
        except OSError:
            pass
    alive()


@case("segmented datagrams of one call all arrive")
def _():
    for host in t.V4, t.V6:
        with udp(t.family(host)) as s:
            try:
                s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
            except OSError as e:
                raise t.Skip(f"UDP_SEGMENT: {e}") from None
            s.sendto(b"".join(bytes([i]) * 1000 for i in range(20)) + b"end",
                     (host, 7))
            for i in range(20):
                same(s.recv(2000), bytes([i]) * 1000, f"segment {i}")
            same(s.recv(2000), b"end", "the last")


@case("fragments by the thousand, to somebody and to nobody")
def _():
    for to in (t.V4, 9), ("1.2.3.66", 9), ("10.0.2.2", 9), ("10.0.2.3", 53), \
            (t.V6, 9), ("fd77:6972::3", 53):
        with udp(t.family(to[0])) as s:
            s.setblocking(False)
            for i in range(200):
                try_send(s, os.urandom(100) * (20 + i * 3), to)
    alive()


@case("2,000 datagrams of nonsense to every kind of address")
def _():
    for to in (t.V4, "1.2.3.66", "1.2.3.67", "10.0.2.2", "10.0.2.3",
               "169.254.169.254", "224.0.0.1", "240.0.0.1", "0.1.2.3",
               t.V6, "fd77:6972::2", "fd77:6972::3", "2606:4700:99::66",
               "2606:4700:99::67", "64:ff9b::7f00:1"):
        with udp(t.family(to)) as s:
            s.setblocking(False)
            for port in range(1, 1400, 10):
                try_send(s, os.urandom(port), (to, port))
    alive()


@case("pings of every size to the gateway and to nobody")
def _():
    for size in 0, 1, 8, 1000, 1472, 1473, 4000, 60000, 65507:
        for to in "10.0.2.2", "10.0.2.3", "fd77:6972::2", "1.2.3.66":
            subprocess.run(["ping", "-nqc", "1", "-W", "0.05", "-s", str(size),
                            to], capture_output=True, check=False)
    alive()


@case("1,000 connections opened, half closed and reset at once")
def _():
    for i in range(1000):
        s = socket.socket(socket.AF_INET6 if i % 2 else socket.AF_INET)
        s.setblocking(False)
        s.connect_ex((t.V6 if i % 2 else t.V4, (7, 7001, 7002, 7003)[i % 4]))
        if i % 3 == 0:
            try:
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        if i % 5:
            t.close_reset(s)
        else:
            s.close()
    alive()


t.run()
