#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A guest that speaks HTTP/2 frame by frame, and not always right.

What is said is answered as RFC 9113 wants it (the sections stand beside the
rows); nothing that is refused reaches the host; the connection, or the next
one, goes on.  Each row is a line `ok - ...` or `not ok - ...`.
"""

import re
import socket
import ssl
import struct
import sys
import threading

from hpack import Decoder, Encoder

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONT = \
    range(10)
END, ACK, WHOLE, PADDED = 1, 1, 4, 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_ERROR, PROTOCOL, CANCEL = 0, 1, 8


def frame(kind, flags, stream, body=b""):
    return (struct.pack(">I", len(body))[1:] + bytes([kind, flags]) +
            struct.pack(">I", stream) + body)


def u32(n):
    return struct.pack(">I", n)


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *p)
                                          for p in pairs))


def fields(path="/a", method="GET", authority="good.test", scheme="https",
           more=()):
    pseudo = ((":method", method), (":scheme", scheme),
              (":authority", authority), (":path", path))
    return [p for p in pseudo if p[1] is not None] + list(more)


def block(*args, **kw):
    return Encoder().encode(fields(*args, **kw))


class Guest:
    """A connection; `heard` says in words what comes."""

    def __init__(self, preface=PREFACE + settings(), port=443):
        context = ssl.create_default_context()
        context.set_alpn_protocols(["h2"])
        self.tls = context.wrap_socket(
            socket.create_connection(("good.test", port), 10),
            server_hostname="good.test")
        assert self.tls.selected_alpn_protocol() == "h2"
        self.decoder, self.buffer = Decoder(), b""
        self.tls.sendall(preface)

    def say(self, *frames):
        """From a thread of its own: what floods may not be read to its end."""
        def run():
            try:
                self.tls.sendall(b"".join(frames))
            except OSError:
                pass
        t = threading.Thread(target=run, daemon=True)
        t.start()
        t.join(1)

    def exact(self, n):
        while len(self.buffer) < n:
            got = self.tls.recv(65536)
            if not got:
                raise EOFError
            self.buffer += got
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def frame(self):
        head = self.exact(9)
        kind, flags = head[3], head[4]
        stream = int.from_bytes(head[5:9], "big") & 0x7fffffff
        body = self.exact(int.from_bytes(head[:3], "big"))
        if kind == SETTINGS and not flags & ACK:
            self.say(frame(SETTINGS, ACK, 0))
        return kind, flags, stream, body

    def word(self, f):
        kind, flags, stream, body = f
        end = "." if flags & END else ""
        if kind == HEADERS:
            status = dict(self.decoder.decode(body)).get(":status", "trailers")
            return f"{stream}:{status}{end}"
        if kind == DATA:
            return f"{stream}:data{end}"
        if kind == RST:
            return f"{stream}:reset {int.from_bytes(body, 'big')}"
        if kind == GOAWAY:
            return f"goaway {int.from_bytes(body[4:8], 'big')}"
        if kind == PING and flags & ACK:
            return "pong"
        return ""

    def heard(self, upto, seconds=5):
        """Words until one matches, or the end, or time is up."""
        words = []
        self.tls.settimeout(seconds)
        try:
            while not words or not re.search(upto, words[-1]):
                word = self.word(self.frame())
                if word and (not words or words[-1] != word):
                    words.append(word)
        except EOFError:
            words.append("end")
        except OSError as e:
            words.append("timeout" if isinstance(e, TimeoutError) else "end")
        return " ".join(words)


def same(name, want, got):
    good = re.fullmatch(want, got)
    print(f"{'ok' if good else 'not ok'} - raw: {name}" +
          ("" if good else f": '{got}'"))


GOOD = block()
ASK = frame(HEADERS, WHOLE | END, 1, GOOD)           # a whole request
POST = frame(HEADERS, WHOLE, 1, block("/sum", "POST"))  # one with a body
HOLD = frame(HEADERS, WHOLE, 1, block("/hold", "POST"))  # one that is not read
TAIL = Encoder().encode([("x-tail", "1")])

# what is an error of the connection: 5.4.1, GOAWAY and the end
CONNECTION = [
    ("HTTP/1 where HTTP/2 was agreed on (3.4)", None,
     b"GET /a HTTP/1.1\r\nhost: good.test\r\n\r\n"),
    ("no SETTINGS first (3.4)", None, PREFACE + ASK),
    ("SETTINGS of a wrong size (6.5)", None,
     PREFACE + frame(SETTINGS, 0, 0, b"12345")),
    ("SETTINGS with ACK and a body (6.5)", "", frame(SETTINGS, ACK, 0, b"123456")),
    ("SETTINGS on a stream (6.5)", "", frame(SETTINGS, 0, 1)),
    ("a window above 2^31-1 (6.5.2)", "", settings((4, 1 << 31))),
    ("a frame size below 2^14 (6.5.2)", "", settings((5, 100))),
    ("ENABLE_PUSH of 2 (6.5.2)", "", settings((2, 2))),
    ("a frame above 2^14 (4.2)", "", frame(PING, 0, 0, b"x" * 20000)),
    ("DATA on stream 0 (6.1)", "", frame(DATA, 0, 0, b"x")),
    ("DATA on an idle stream (5.1)", "", frame(DATA, 0, 1, b"x")),
    ("padding longer than its frame (6.1)", "", POST + frame(DATA, PADDED, 1, b"\x09abc")),
    ("HEADERS on an even stream (5.1.1)", "", frame(HEADERS, WHOLE | END, 2, GOOD)),
    ("garbage for HPACK (4.3)", "", frame(HEADERS, WHOLE | END, 1, b"\xff" * 6)),
    ("an index that is none (RFC 7541 2.3.3)", "", frame(HEADERS, WHOLE | END, 1, b"\xbf\x01")),
    ("CONTINUATION alone (6.10)", "", frame(CONT, WHOLE, 1, GOOD)),
    ("CONTINUATION of another stream (6.10)", "",
     frame(HEADERS, END, 1, GOOD[:3]) + frame(CONT, WHOLE, 3, GOOD[3:])),
    ("a PING within a head (6.2)", "",
     frame(HEADERS, END, 1, GOOD[:3]) + frame(PING, 0, 0, b"12345678")),
    ("RST_STREAM of an idle stream (6.4)", "", frame(RST, 0, 1, u32(CANCEL))),
    ("RST_STREAM of a wrong size (6.4)", "", ASK + frame(RST, 0, 1, b"1")),
    ("PING of a wrong size (6.7)", "", frame(PING, 0, 0, b"1")),
    ("PING on a stream (6.7)", "", frame(PING, 0, 1, b"12345678")),
    ("GOAWAY of a wrong size (6.8)", "", frame(GOAWAY, 0, 0, b"x")),
    ("a push from a client (8.4)", "", frame(PUSH, WHOLE, 1, u32(2) + GOOD)),
    ("WINDOW_UPDATE of 0 on the connection (6.9)", "", frame(WINDOW, 0, 0, u32(0))),
    ("a window that overflows (6.9.1)", "", frame(WINDOW, 0, 0, u32(0x7fffffff))),
    ("WINDOW_UPDATE of an idle stream (5.1)", "", frame(WINDOW, 0, 5, u32(1))),
    ("more than the window (6.9.1)", "", HOLD + frame(DATA, 0, 1, b"x" * 16384) * 5),
    ("CONTINUATION without end", "", frame(HEADERS, END, 1, GOOD[:3]) + frame(CONT, 0, 1) * 20000),
    ("SETTINGS without end", "", settings((4, 65535)) * 20000),
    ("streams opened and reset without end", "",
     b"".join(frame(HEADERS, WHOLE | END, 2 * i + 1, GOOD) +
              frame(RST, 0, 2 * i + 1, u32(CANCEL)) for i in range(3000))),
]

# what is an error of a stream: 5.4.2, RST_STREAM; another request is answered
STREAM = [
    ("a name in upper case (8.2.1)", ASK, [("X-Up", "1")]),
    ("a line end in a value (8.2.1)", ASK, [("x", "a\r\nhost: b")]),
    ("NUL in a value (8.2.1)", ASK, [("x", "a\0b")]),
    ("Connection (8.2.2)", ASK, [("connection", "close")]),
    ("Transfer-Encoding (8.2.2)", ASK, [("transfer-encoding", "chunked")]),
    ("Upgrade (8.2.2)", ASK, [("upgrade", "h2c")]),
    ("TE that is not trailers (8.2.2)", ASK, [("te", "gzip")]),
    ("a pseudo field that is none (8.3)", ASK, [(":x", "1")]),
    ("one of an answer (8.3)", ASK, [(":status", "200")]),
    ("one behind fields (8.3)", ASK, [("x", "1"), (":path", "/b")]),
    ("two paths (8.3)", ASK, [(":path", "/b")]),
    ("two lengths (8.1.1)", ASK, [("content-length", "0"), ("content-length", "1")]),
    ("a length without a body (8.1.1)", ASK, [("content-length", "5")]),
]

# a head, and the status it gets
HEADS = [
    ("as it should be", "200", {}),
    ("Host alone", "200", {"authority": None, "more": [("host", "good.test")]}),
    ("Host beside it, the same", "200", {"more": [("host", "Good.test")]}),
    ("Host beside it, another", "400", {"more": [("host", "www.good.test")]}),
    ("neither", "400|reset 1", {"authority": None}),
    ("a user in it", "400", {"authority": "x@good.test"}),
    ("another host", "421", {"authority": "www.good.test"}),
    ("another port", "421", {"authority": "good.test:444"}),
    ("this port", "200", {"authority": "good.test:443"}),
    ("the scheme http", "400", {"scheme": "http"}),
    ("an absolute path", "400|reset 1", {"path": "https://good.test/no/x"}),
    ("a path with a space", "400|reset 1", {"path": "/a b"}),
    ("an empty path", "400|reset 1", {"path": ""}),
    ("a denied path", "403", {"path": "/no/x"}),
    ("one disguised by dots", "403", {"path": "/a/../no/x"}),
    ("by an escaped slash", "403", {"path": "/a%2f../no/x"}),
    ("by two slashes", "403", {"path": "//no/x"}),
    ("* for OPTIONS", "403|200", {"path": "*", "method": "OPTIONS"}),
    ("* for GET", "400|reset 1", {"path": "*"}),
    ("a method in lower case", "400", {"method": "get"}),
    ("a method that is a request", "400|reset 1", {"method": "GET /b HTTP/1.1\r\nx:"}),
    ("CONNECT", "501", {"method": "CONNECT", "path": None, "scheme": None}),
    ("a length with an underscore", "400", {"more": [("content_length", "5")]}),
    ("fields without end", "431", {"more": [("x", "y" * 5500)] * 3}),
    ("200 fields", "431", {"more": [(f"x{i}", "y") for i in range(200)]}),
]


def answered(g, stream):
    g.say(frame(HEADERS, WHOLE | END, stream, GOOD))
    return f"{stream}:data." in g.heard(rf"{stream}:data\.|end|timeout")


for name, preface, said in CONNECTION:
    guest = Guest(said) if preface is None else Guest()
    if preface is not None:
        guest.say(said)
    same(name, r".*(goaway [1-9]\d*|end)", guest.heard(r"goaway [1-9]|end|timeout"))

for name, _, more in STREAM:
    guest = Guest()
    guest.say(frame(HEADERS, WHOLE | END, 1, Encoder().encode(fields() + more)))
    got = guest.heard(r"1:|goaway|end|timeout")
    same(name, "1:reset 1 True", f"{got} {answered(guest, 3)}")

for name, want, args in HEADS:
    guest = Guest()
    guest.say(frame(HEADERS, WHOLE | END, 1, block(**args)))
    got = guest.heard(r"1:|goaway|end|timeout")
    same("a head: " + name, rf"1:({want})\.? True", f"{got} {answered(guest, 3)}")

# --- what has a story


def story(name, want, *said, upto=r"1:reset|1:data\.|goaway|end|timeout"):
    g = Guest()
    g.say(*said)
    same(name, want, g.heard(upto))


BODY = frame(DATA, END, 1, b"x" * 100)
story("a body", r"1:200 1:data.*\.", POST, BODY)
story("DATA behind the end (5.1)", r".*(1:reset 5|goaway \d+|end)", POST, BODY,
      frame(DATA, 0, 1, b"x"), upto=r"reset|goaway|end|timeout")
story("trailers", r"1:200 1:data.*\.", POST, frame(DATA, 0, 1, b"x"),
      frame(HEADERS, WHOLE | END, 1, TAIL))
story("trailers without the end (8.1)", r".*(1:reset 1|goaway 1)", POST,
      frame(HEADERS, WHOLE, 1, TAIL))
story("a pseudo field in them (8.1)", r".*1:reset 1", POST,
      frame(HEADERS, WHOLE | END, 1, Encoder().encode([(":path", "/no/x")])))
story("Host in them", r".*1:reset 1", POST,
      frame(HEADERS, WHOLE | END, 1, Encoder().encode([("host", "a.b")])))
story("a longer body than said (8.1.1)", r".*1:reset 1",
      frame(HEADERS, WHOLE, 1, block("/sum", "POST", more=[("content-length", "5")])), BODY)
story("a frame nobody knows (5.5)", r"1:200 1:data\.", frame(77, 255, 9, b"x" * 500), ASK)
story("a PING is answered", r"pong", frame(PING, 0, 0, b"12345678"), upto="pong|end|timeout")
story("400 to HEAD has no body", r"1:400\.",
      frame(HEADERS, WHOLE | END, 1, block(method="HEAD", scheme="http")), upto="1:")
story("a head in nine pieces", r"1:200 1:data\.", frame(HEADERS, END, 1, GOOD[:1]),
      *[frame(CONT, 0, 1, GOOD[i:i + 1]) for i in range(1, 8)],
      frame(CONT, WHOLE, 1, GOOD[8:]))
story("stream numbers that go down are not served (5.1.1)", r"5:200 5:data\. timeout",
      frame(HEADERS, WHOLE | END, 5, GOOD), frame(HEADERS, WHOLE | END, 3, GOOD))

# a bomb: one field of 3,900 bytes, then its index 16,000 times
guest = Guest()
bomb = b"\x40\x01x\x7f" + bytes([0x80 | (3900 - 127 & 127), 3900 - 127 >> 7]) + b"a" * 3900
guest.say(frame(HEADERS, WHOLE | END, 1, GOOD + bomb + b"\xbe" * 12000))
same("HPACK that grows to 47 MB", r".*goaway 11.*|.*end", guest.heard("goaway|end|timeout"))

# a guest's resets are the host's, whatever their code
for code in (CANCEL, NO_ERROR):
    guest = Guest(PREFACE + settings())
    for i in range(130):
        n = 2 * i + 1
        guest.say(frame(HEADERS, WHOLE | END, n, block("/bytes/1000000")))
        guest.heard(rf"{n}:data")
        guest.say(frame(RST, 0, n, u32(code)), frame(WINDOW, 0, 0, u32(1000000)))
    same(f"130 downloads reset with {code}, and another", "True", str(answered(guest, 999)))



def upload(g, windows, stream, most, seconds):
    """As much as may be said in that time; how much it was."""
    sent = 0
    windows.setdefault(stream, 65535)
    g.tls.settimeout(seconds)
    try:
        while sent < most:
            room = min(windows[0], windows[stream], 16375, most - sent)
            if room > 0:
                g.tls.sendall(frame(DATA, 0, stream, b"u" * room))
                sent += room
                windows[0] -= room
                windows[stream] -= room
                continue
            f = g.frame()
            if f[0] == WINDOW:
                windows[f[2]] = windows.get(f[2], 65535) + int.from_bytes(f[3], "big")
    except (TimeoutError, EOFError):
        pass
    return sent


# uploads that the host does not read, given up in the middle
guest, left = Guest(), {0: 65535}
for i in range(60):
    n = 2 * i + 1
    guest.say(frame(HEADERS, WHOLE, n, block("/hold", "POST")))
    upload(guest, left, n, 49000, 0.05)
    guest.say(frame(RST, 0, n, u32(CANCEL)))
same("60 uploads given up, and another request", "True", str(answered(guest, 999)))

# more than is thrown away, and only then the answer may go
guest = Guest(PREFACE + settings((4, 0)))
guest.say(frame(HEADERS, WHOLE, 1, block("/no/x", "POST")))
guest.heard("1:403")
sent = upload(guest, {0: 65535}, 1, 1 << 21, 1)
guest.say(frame(WINDOW, 0, 1, u32(100000)))
same("a denied upload without end is reset behind its answer", r"1:data\. 1:reset 0",
     guest.heard("reset|goaway|end|timeout"))
same("and no more than a little was taken", "True", str(sent < 1300000))
sys.exit(0)
