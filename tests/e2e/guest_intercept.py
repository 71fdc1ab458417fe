#!/usr/bin/env python3
"""Clients that end badly, or whose servers do, behind an interception.

  guest_intercept.py WHAT [GATE]

What waits waits for a line from GATE, a FIFO, once it has said "ready".
"""
import collections, socket, ssl, struct, sys

HELLO_FOR = "good.test"
what = sys.argv[1]
context = ssl.create_default_context()


def tls(port=443):
    s = socket.create_connection((HELLO_FOR, port))
    return context.wrap_socket(s, server_hostname=HELLO_FOR)


def hello():
    out = ssl.MemoryBIO()
    c = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=HELLO_FOR)
    try:
        c.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def ask(s, path, host=HELLO_FOR, more="", method="GET"):
    s.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode())


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def ready():
    print("ready", flush=True)
    with open(sys.argv[2]) as f:
        f.readline()


def end_of(s):
    try:
        while s.recv(65536):
            pass
        return "end"
    except OSError as e:
        return type(e).__name__


def cut():
    """How do bodies end that their host broke off?"""
    ends = collections.Counter()
    for _ in range(60):
        with socket.create_connection(("plain.test", 80)) as s:
            ask(s, "/cut", "plain.test")
            ends[end_of(s)] += 1
    print(dict(ends))


def two():
    """A second request for another host, on a connection to an open one."""
    socket.gethostbyname("plain.test")
    with socket.create_connection(("open.test", 80)) as s:
        for host, path in (("open.test", "/1"), ("plain.test", "/secret")):
            ask(s, path, host)
            try:
                # the first answer to its body, the second to its end
                while (got := s.recv(65536)):
                    print(got.decode(), end="")
                    if b"GET /1" in got:
                        break
            except OSError:
                print("reset")


def half():
    """A WebSocket whose host says no more."""
    s = tls()
    ask(s, "/half", more="Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
    assert b" 101 " in s.recv(4096)
    ready()


def slow():
    """Who does not read what has no end."""
    all_ = [tls() for _ in range(5)]
    for s in all_:
        ask(s, "/endless")
    ready()


def gone():
    """Guests that are reset where nothing of theirs is being read."""
    full = []
    for _ in range(20):
        s = tls()
        ask(s, "/stall", more="Content-Length: 1000000000\r\n", method="POST")
        s.settimeout(0.5)
        try:
            while True:
                s.send(b"z" * 16384)
        except OSError:
            full.append(s)
    for s in full:
        reset(s)
    first = hello()
    for _ in range(20):
        s = socket.create_connection((HELLO_FOR, 448))
        s.sendall(first)
        reset(s)
    ready()


def burst():
    """Many begin at once."""
    got = collections.Counter()
    first = hello()
    all_ = [socket.create_connection((HELLO_FOR, 443)) for _ in range(600)]
    for s in all_:
        s.sendall(first)
    for s in all_:
        s.settimeout(30)
        try:
            got["data" if s.recv(100) else "end"] += 1
        except OSError as e:
            got[type(e).__name__] += 1
    print(dict(got))


globals()[what]()
