#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TFTP for test_vm.sh, the one UDP client that busybox has (RFC 1350, blksize
of RFC 2348): tftpd.py DIR READY ADDRESS

    get bytes/N     N bytes of the pattern
    put NAME        its length and hash go to DIR/notes/NAME

Answers come from port 69 itself, as behind any filter that goes by ports."""

import hashlib
import os
import re
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import pattern  # noqa: E402

RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)
where, ready, address = sys.argv[1:]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((address, 69))
open(ready, "w", encoding="ascii").close()
peers = {}


class Transfer:
    """One of them: begins with a request, ends with a block that is short."""

    def __init__(self, op, name, options):
        self.op, self.name = op, name
        self.size = min(max(int(options.get("blksize", 512)), 8), 1428)
        self.negotiated = "blksize" in options
        self.total = 0
        if op == RRQ:
            self.total = int(re.fullmatch(r"bytes/(\d{1,7})", name)[1])
        elif not re.fullmatch(r"[\w.-]{1,64}", name):
            raise ValueError(name)
        self.block, self.got, self.hash = 0, 0, hashlib.sha256()

    def first(self):
        if self.negotiated:
            return struct.pack("!H", OACK) + b"blksize\0%d\0" % self.size
        return self.data(1) if self.op == RRQ else struct.pack("!2H", ACK, 0)

    def data(self, block):
        at = (block - 1) * self.size
        if at > self.total:
            return b""
        left = min(self.size, self.total - at)
        return (struct.pack("!2H", DATA, block) +
                bytes(pattern.piece(at, left)) if left else
                struct.pack("!2H", DATA, block))

    def next(self, op, block, body):
        if op == ACK and self.op == RRQ:
            return self.data(block + 1)
        if op != DATA or self.op != WRQ:
            return b""
        if block == self.block + 1:
            self.block = block
            self.got += len(body)
            self.hash.update(body)
            if len(body) < self.size:
                path = f"{where}/notes/{self.name}"
                with open(path + ".new", "w", encoding="ascii") as f:
                    f.write(f"{self.got} {self.hash.hexdigest()}\n")
                os.rename(path + ".new", path)
        return struct.pack("!2H", ACK, block)


while True:
    datagram, peer = sock.recvfrom(65536)
    op, = struct.unpack_from("!H", datagram)
    if op in (RRQ, WRQ):
        words = datagram[2:].decode().split("\0")
        pairs = zip(words[2::2], words[3::2])
        try:
            peers[peer] = Transfer(op, words[0], dict(pairs))
        except (ValueError, TypeError):
            sock.sendto(struct.pack("!2H", ERROR, 1) + b"no\0", peer)
            continue
        answer = peers[peer].first()
    elif peer in peers and op in (DATA, ACK):
        answer = peers[peer].next(op, *struct.unpack_from("!H", datagram, 2),
                                  datagram[4:])
    else:
        continue
    if answer:
        sock.sendto(answer, peer)
