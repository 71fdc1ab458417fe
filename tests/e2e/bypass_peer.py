#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes down what reaches it.  --dir DIR --ready FILE ADDRESS...

TCP 80 443 8080, UDP 443 5000.  Each connection, and each datagram, is a line of
JSON in DIR/bypass.log: [proto, address, port, its bytes as latin1], a
connection's when it has ended.  A request for /say/HEX is answered with those
bytes, a datagram with itself; the end of a client ends us."""

import argparse
import json
import selectors
import socket

TCP, UDP = (80, 443, 8080), (443, 5000)


class Peer:
    def __init__(self, log):
        self.log, self.select = log, selectors.DefaultSelector()

    def note(self, sock, proto, data):
        address, port = sock[:2]
        self.log.write(json.dumps([proto, address, port,
                                   data.decode("latin1")]) + "\n")

    def listen(self, kind, address, port):
        s = socket.socket(socket.AF_INET, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, port))
        what = self.datagram
        if kind == socket.SOCK_STREAM:
            s.listen(100)
            what = self.accept
        self.select.register(s, selectors.EVENT_READ, (what, None))

    def accept(self, sock, _):
        s, _peer = sock.accept()
        self.select.register(s, selectors.EVENT_READ,
                             (self.stream, bytearray()))

    def stream(self, s, so_far):
        here = s.getsockname()
        try:
            got = s.recv(65536)
        except ConnectionResetError:
            got = b""
        so_far += got
        if not got:
            self.note(here, "tcp", bytes(so_far))
            self.select.unregister(s)
            s.close()
        elif b"/say/" in got:
            s.send(bytes.fromhex(got.split(b"/say/")[1].split()[0].decode()))

    def datagram(self, sock, _):
        data, peer = sock.recvfrom(65535)
        self.note(sock.getsockname(), "udp", data)
        sock.sendto(data, peer)

    def run(self):
        while True:
            for key, _ in self.select.select():
                what, arg = key.data
                what(key.fileobj, arg)


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--dir", required=True)
    arg.add_argument("--ready", required=True)
    arg.add_argument("address", nargs="+")
    opt = arg.parse_args()
    with open(f"{opt.dir}/bypass.log", "a", 1, encoding="ascii") as log:
        peer = Peer(log)
        for address in opt.address:
            for port in TCP:
                peer.listen(socket.SOCK_STREAM, address, port)
            for port in UDP:
                peer.listen(socket.SOCK_DGRAM, address, port)
        with open(opt.ready, "w", encoding="ascii"):
            pass
        peer.run()


main()
