# SPDX-License-Identifier: Apache-2.0
"""The guest's side of published ports: publish_guest.py READY PORT...

On each port TCP and UDP, both families.  A TCP client is answered when it has
finished sending: its length and who it seems to be; one that sends `reset` is
reset, one that sends `later` gets half a megabyte and then the end.  A datagram
is answered with the port, who sent it, and itself.
"""
import selectors
import socket
import struct
import sys
import threading

NOW = struct.pack("ii", 1, 0)


def name(a):
    return "%s" % a[0].replace("::ffff:", "")


def talk(c, peer, port):
    got = b""
    try:
        while True:
            b = c.recv(65536)
            if not b:
                break
            got += b
            if got == b"reset":
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
                return
        if got == b"later":
            c.sendall(b"x" * 500000)
        else:
            c.sendall(b"%d %s %d" % (len(got), name(peer).encode(), port))
    except OSError as e:
        note("%d %s" % (port, e))
    finally:
        c.close()


def note(text):
    with open(sys.argv[1] + ".notes", "a") as f:
        f.write(text + "\n")


ports = [int(p) for p in sys.argv[2:]]
sel = selectors.DefaultSelector()
for p in ports:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        s = socket.socket(socket.AF_INET6, kind)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.bind(("::", p))
        if kind == socket.SOCK_STREAM:
            s.listen(128)
        sel.register(s, selectors.EVENT_READ, (kind, p))
with open(sys.argv[1], "w"):
    pass
while True:
    for key, _ in sel.select():
        kind, p = key.data
        if kind == socket.SOCK_STREAM:
            c, peer = key.fileobj.accept()
            threading.Thread(target=talk, args=(c, peer, p), daemon=True).start()
        else:
            b, peer = key.fileobj.recvfrom(65536)
            key.fileobj.sendto(b"%d %s " % (p, name(peer).encode()) + b, peer)
