#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A guest whose TLS is not right: each row ends its connection and no other.

Each is a line `ok - tls: ...` or `not ok - ...`.
"""

import os
import socket
import ssl
import struct

NAME = "good.test"
REQUEST = b"GET /a HTTP/1.1\r\nHost: good.test\r\n\r\n"
context = ssl.create_default_context()


def connect(version=None):
    c = ssl.create_default_context()
    if version:
        c.maximum_version = version
    s = c.wrap_socket(socket.create_connection((NAME, 443), 10),
                      server_hostname=NAME)
    s.settimeout(10)
    return s


def hello():
    out = ssl.MemoryBIO()
    c = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=NAME)
    try:
        c.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def record(kind, body, version=0x0303):
    return struct.pack(">BHH", kind, version, len(body)) + body


def behind(raw, version=None):
    """These bytes on the wire behind a good handshake and a good request."""
    s = connect(version)
    s.sendall(REQUEST)
    assert b"200" in s.recv(4096)
    os.write(s.fileno(), raw)
    return how_it_ends(s)


def instead(raw, shut=False):
    """These bytes in the place of a handshake."""
    s = socket.create_connection((NAME, 443), 10)
    try:
        s.sendall(raw)
        if shut:
            s.shutdown(socket.SHUT_WR)
    except OSError:
        return "end"
    return how_it_ends(s)


def how_it_ends(s):
    s.settimeout(30)
    try:
        while s.recv(65536):
            pass
        return "end"
    except TimeoutError:
        return "hangs"
    except (OSError, ssl.SSLError):
        return "end"


def alive():
    s = connect()
    s.sendall(REQUEST)
    return b"200" in s.recv(4096)


def same(name, got):
    good = got == "end" and alive()
    print(f"{'ok' if good else 'not ok'} - tls: {name}" +
          ("" if good else f": {got}"))


HELLO = hello()
BODY = HELLO[5:]
same("a record longer than a record may be", behind(record(23, b"x" * 17000)))
same("one that says 65,535 bytes", behind(b"\x17\x03\x03\xff\xff" + b"x" * 100000))
same("one that does not decrypt", behind(record(23, b"x" * 100)))
same("an alert in the clear", behind(record(21, b"\2\x28")))
same("a record of a type that is none", behind(record(99, b"x")))
same("empty records without end", behind(record(23, b"") * 5000))
same("change_cipher_spec without end", behind(record(20, b"\1") * 5000))
same("a ClientHello in the middle", behind(HELLO))
same("the same in TLS 1.2", behind(HELLO, ssl.TLSVersion.TLSv1_2))
same("no TLS behind TLS", behind(b"GET / HTTP/1.1\r\n\r\n"))
same("a cut ClientHello", instead(HELLO[:100], shut=True))
same("one whose length lies", instead(record(22, b"\1\0\0\5" + BODY[4:])))
same("SSL 3.0", instead(record(22, b"\1\0\0\x2b\3\0" + b"r" * 32 + b"\0\0\2\0\x2f\1\0", 0x0300)))
same("an alert first", instead(record(21, b"\1\0"), shut=True))
same("a ClientHello twice", instead(HELLO + HELLO))
same("handshake bytes of nothing", instead(HELLO + record(22, b"\x7f" * 5000)))
pieces = socket.create_connection((NAME, 443), 10)
for i, b in enumerate(HELLO):
    pieces.sendall(bytes([b]))
pieces.settimeout(10)
print(f"{'ok' if pieces.recv(1) == bytes([22]) else 'not ok'} - tls: a ClientHello a byte at a time is one")
