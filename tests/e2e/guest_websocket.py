#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client frame by frame (RFC 6455 5), behind an interception.

The host echoes each frame.  What is right comes back as it was; what is wrong
ends the connection and does not come back.  A line `ok - ...` for each row.
"""

import base64
import os
import socket
import ssl
import struct

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN = 0x80
context = ssl.create_default_context()


def connect():
    s = context.wrap_socket(socket.create_connection(("good.test", 443), 10),
                            server_hostname="good.test")
    s.sendall(b"GET /ws HTTP/1.1\r\nHost: good.test\r\nUpgrade: websocket\r\n"
              b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
              b"Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) + b"\r\n\r\n")
    f = s.makefile("rb")
    assert b" 101 " in f.readline()
    while f.readline() != b"\r\n":
        pass
    return s, f


def frame(first, data=b"", masked=True, length=None):
    """@length: how it is written, b"" for the shortest."""
    n = len(data)
    if length is None:
        length = (bytes([n]) if n < 126 else
                  b"\x7e" + struct.pack(">H", n) if n < 65536 else
                  b"\x7f" + struct.pack(">Q", n))
    if not masked:
        return bytes([first]) + length + data
    key = os.urandom(4)
    return (bytes([first, length[0] | 0x80]) + length[1:] + key +
            bytes(b ^ key[i % 4] for i, b in enumerate(data)))


def heard(f):
    """One frame: its first byte and its data; None at the end."""
    try:
        head = f.read(2)
        if len(head) < 2:
            return None
        n = head[1] & 127
        if n == 126:
            n, = struct.unpack(">H", f.read(2))
        elif n == 127:
            n, = struct.unpack(">Q", f.read(8))
        return head[0], f.read(n)
    except OSError:
        return None


def row(name, good, detail=""):
    print(f"{'ok' if good else 'not ok'} - WebSocket: {name}" + ("" if good else f" {detail}"))


def comes_back(name, *frames, step=0):
    s, f = connect()
    raw = b"".join(frame(first, data) for first, data in frames)
    for i in range(0, len(raw), step or len(raw)):
        s.sendall(raw[i:i + (step or len(raw))])
    got = [heard(f) for _ in frames]
    row(name, got == list(frames), str(got)[:200])


def ends(name, raw, before=()):
    s, f = connect()
    s.sendall(b"".join(frame(first, data) for first, data in before))
    got = [heard(f) for _ in before]
    s.sendall(raw)
    row(name, got == list(before) and heard(f) is None, str(got)[:200])


for n in (0, 1, 125, 126, 127, 128, 65535):
    comes_back(f"{n} bytes of text", (FIN | TEXT, b"x" * n))
    comes_back(f"{n} bytes of anything", (FIN | BINARY, os.urandom(n)))
comes_back("a frame a byte at a time", (FIN | TEXT, b"hello"), (FIN | BINARY, b"y" * 300), step=1)
comes_back("a message in three", (TEXT, b"a"), (CONT, b"b"), (FIN | CONT, b"c"))
comes_back("one of empty fragments", (TEXT, b""), (CONT, b""), (FIN | CONT, b""))
comes_back("a ping within it", (TEXT, b"a"), (FIN | PING, b"p"), (FIN | CONT, b"c"))
comes_back("a ping of 125 bytes", (FIN | PING, b"p" * 125))
comes_back("an empty ping", (FIN | PING, b""))
comes_back("a pong that nobody asked for", (FIN | PONG, b"p"), (FIN | TEXT, b"after"))
comes_back("a hundred messages at once", *[(FIN | TEXT, b"%d" % i) for i in range(100)])
comes_back("a close", (FIN | CLOSE, b""))
for code in (1000, 1001, 1011, 3000, 4999):
    comes_back(f"a close with {code}", (FIN | CLOSE, struct.pack(">H", code) + b"bye"))

FIRST = ((FIN | TEXT, b"first"),)
for bit, what in ((0x40, "RSV1"), (0x20, "RSV2"), (0x10, "RSV3")):
    ends(f"{what} without an extension", frame(FIN | bit | TEXT, b"x"), FIRST)
for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
    ends(f"opcode {code}", frame(FIN | code, b"x"), FIRST)
ends("a frame that is not masked", frame(FIN | TEXT, b"x", masked=False), FIRST)
ends("a ping of 126 bytes", frame(FIN | PING, b"p" * 126), FIRST)
ends("a ping in fragments", frame(PING, b"p"), FIRST)
ends("a close in fragments", frame(CLOSE, b""), FIRST)
ends("a close of one byte", frame(FIN | CLOSE, b"x"), FIRST)
ends("a continuation of nothing", frame(FIN | CONT, b"x"), FIRST)
ends("a message within a message", frame(FIN | TEXT, b"x"), ((TEXT, b"first"),))
ends("a length of 5 in 16 bits", frame(FIN | TEXT, b"hello", length=b"\x7e\0\5"), FIRST)
ends("a length of 5 in 64 bits", frame(FIN | TEXT, b"hello", length=b"\x7f" + b"\0" * 7 + b"\5"), FIRST)
ends("a length above 2^63", frame(FIN | TEXT, b"hello", length=b"\x7f" + b"\xff" * 8), FIRST)
