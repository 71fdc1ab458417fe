#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A resolver by TLS (RFC 7858).  dot_peer.py PKI ADDRESS READY

853   answers all it is asked, in order
854   the same, and closes after each answer
855   shows a certificate of another name
856   says nothing
857   answers two questions in one go, the second first

Every name has the address 1.2.3.4; nx.* is not there; big.* has a TXT
of 3,000 bytes.  The file `count` beside READY has a line for each connection
that has ended, `port questions`.
"""

import os
import socket
import ssl
import struct
import sys
import threading

PKI, ADDRESS, READY = sys.argv[1:]
COUNT = os.path.join(os.path.dirname(READY), "count")
lock = threading.Lock()


def answer(q):
    end = 12
    while q[end]:
        end += q[end] + 1
    question = q[12:end + 5]
    name, kind = q[12:end].lower(), struct.unpack(">H", q[end + 1:end + 3])[0]
    head = q[:2] + b"\x81\x80\0\1"
    if name.startswith(b"\x02nx"):
        return q[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + question
    if name.startswith(b"\x03big") and kind == 16:
        data = (b"\xfa" + b"x" * 250) * 12
    elif kind == 1:
        data = socket.inet_aton("1.2.3.4")
    else:
        return head + b"\0\0\0\0\0\0" + question
    return (head + b"\0\1\0\0\0\0" + question + b"\xc0\x0c" +
            struct.pack(">HHIH", kind, 1, 60, len(data)) + data)


def frame(m):
    return struct.pack(">H", len(m)) + m


def read(f):
    head = f.read(2)
    return f.read(struct.unpack(">H", head)[0]) if len(head) == 2 else None


def serve(port, sock, context):
    n = 0
    try:
        with context.wrap_socket(sock, server_side=True) as s:
            f = s.makefile("rb")
            while (q := read(f)) is not None:
                n += 1
                if port == 856:
                    continue
                if port == 857:
                    other = read(f)
                    if other is None:
                        break
                    n += 1
                    s.sendall(frame(answer(other)))
                s.sendall(frame(answer(q)))
                if port == 854:
                    break
    except (OSError, ssl.SSLError):
        pass
    with lock, open(COUNT, "a", encoding="ascii") as c:
        c.write(f"{port} {n}\n")


def listen(port):
    name = "other" if port == 855 else "good"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{PKI}/{name}.pem", f"{PKI}/{name}.key")
    door = socket.create_server((ADDRESS, port))

    def run():
        while True:
            sock, _ = door.accept()
            threading.Thread(target=serve, args=(port, sock, context),
                             daemon=True).start()

    threading.Thread(target=run, daemon=True).start()


for p in range(853, 858):
    listen(p)
open(READY, "w", encoding="ascii").close()
threading.Event().wait()
