# SPDX-License-Identifier: Apache-2.0
"""A client of the host at a published port: publish_peer.py HOW ADDR PORT

HOW   tcp      send 6 bytes, finish, print what comes
      long     the same with 3 MB, in one go
      udp      one datagram
      reset    be reset by the guest
      refused  be reset because nobody listens in the guest
      later    finish first, then read slowly
      many     100 at once, all answered
"""
import socket
import sys
import time

how, addr, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in addr else socket.AF_INET


def dial():
    s = socket.socket(family, socket.SOCK_STREAM)
    s.settimeout(5)
    s.connect((addr, port))
    return s


def rest(s):
    got = b""
    while True:
        b = s.recv(65536)
        if not b:
            return got
        got += b


def exchange(data):
    s = dial()
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    return rest(s).decode()


try:
    if how == "tcp":
        print(exchange(b"sesame"))
    elif how == "long":
        print(exchange(b"0123456789" * 300000))
    elif how == "udp":
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.settimeout(5)
        s.connect((addr, port))
        s.send(b"sesame")
        print(s.recv(65536).decode())
    elif how == "reset":
        s = dial()
        s.sendall(b"reset")
        print(rest(s))
    elif how == "refused":
        s = dial()
        s.sendall(b"x")
        print(rest(s))
    elif how == "later":
        s = dial()
        s.sendall(b"later")
        s.shutdown(socket.SHUT_WR)
        got = 0
        while True:
            b = s.recv(16384)
            if not b:
                break
            got += len(b)
            time.sleep(0.001)
        print(got)
    elif how == "many":
        all_ = [dial() for _ in range(100)]
        for s in all_:
            s.sendall(b"sesame")
            s.shutdown(socket.SHUT_WR)
        print(sum(rest(s).startswith(b"6 ") for s in all_))
except OSError as e:
    print(type(e).__name__)
