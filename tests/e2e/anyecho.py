#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""UDP echo on port 7777 of every address of the machine, each answer from the
address that was asked.  Port 7778 answers with what is asked for: `N SIZE GSO`
is N datagrams of SIZE bytes, in messages of GSO datagrams (UDP_SEGMENT)."""

import selectors
import socket
import struct
import sys

IP_PKTINFO, UDP_SEGMENT = 8, 103


def opened(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind(("0.0.0.0", port))
    return s


def asked(s):
    data, control, _, peer = s.recvmsg(65535, 128)
    for level, kind, c in control:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            local = c[8:12]
            back = [(level, kind, struct.pack("=I4s4x", 0, local))]
            return data, back, peer
    return data, [], peer


def give(s, data, back, peer):
    count, size, together = map(int, data.split())
    sent = 0
    while sent < count:
        n = min(together, count - sent)
        body = b"".join(struct.pack("!I", sent + i) * (size // 4)
                        for i in range(n))
        more = [(socket.SOL_UDP if hasattr(socket, "SOL_UDP") else 17,
                 UDP_SEGMENT, struct.pack("=H", size))] if n > 1 else []
        s.sendmsg([body], back + more, 0, peer)
        sent += n


echo, gifts = opened(7777), opened(7778)
wait = selectors.DefaultSelector()
wait.register(echo, selectors.EVENT_READ)
wait.register(gifts, selectors.EVENT_READ)
open(sys.argv[1], "w", encoding="ascii").close()
while True:
    for key, _ in wait.select():
        data, back, peer = asked(key.fileobj)
        if key.fileobj is echo:
            echo.sendmsg([data], back, 0, peer)
        else:
            give(gifts, data, back, peer)
