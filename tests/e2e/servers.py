#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The servers of the world.  --name NAME --dir DIR ADDRESS...

TCP, on every address
    7     echo, thousands of connections in one thread
    7000  does what the first line says (see Script)
    7001  speaks first: a banner, then echo
    7002  resets each connection at once
    7003  closes each connection at once
    7004  sends 1 MiB at once and closes
    7005  its backlog is full and stays so
    7006  resets each connection that sent something
UDP, on every address
    7     echo
    7010  answers from port 7011, then from 7010
    7013  answers with as many bytes of the pattern as the question says
    7014  answers with 200 datagrams, numbered
    7016  says how many datagrams it has had from there

Each accepted connection is a line in DIR/accepts.NAME: address port peer.
DIR/ready/NAME appears when all sockets listen.
"""

import argparse
import hashlib
import json
import os
import resource
import selectors
import socket
import struct
import sys
import threading
import time

import pattern

LINGER_RESET = struct.pack("ii", 1, 0)
FREEBIND = 15


class Script:
    """One connection to port 7000: steps, separated by `;`.

    send N            N bytes of the pattern, from where the last send ended
    trickle N C MS    the same, C bytes every MS milliseconds
    flood             send until the peer goes away
    recv N            read N bytes
    sink              read to the end
    sip C MS          read to the end, at most C bytes every MS milliseconds
    echo              echo to the end
    report            send a line: bytes read, their hash, how it ended
    note KEY          write that as JSON to DIR/notes/KEY
    wait KEY          until DIR/gates/KEY is there
    buf N             SO_RCVBUF and SO_SNDBUF
    shutw             shut down the sending side
    reset             close with RST
    say TEXT          send TEXT and a newline
    """

    def __init__(self, sock, where):
        self.sock, self.where = sock, where
        self.sent = self.count = 0
        self.hash = hashlib.sha256()
        self.end = "open"
        self.rest = b""

    def run(self):
        line = b""
        try:
            while b"\n" not in line:
                got = self.sock.recv(4096)
                if not got:
                    return
                line += got
            line, _, self.rest = line.partition(b"\n")
            for step in line.decode().split(";"):
                word, *args = step.split()
                getattr(self, "do_" + word)(*args)
        finally:
            self.sock.close()

    def read(self, size):
        if self.rest:
            got, self.rest = self.rest[:size], self.rest[size:]
        else:
            try:
                got = self.sock.recv(size)
            except ConnectionResetError:
                self.end = "reset"
                return b""
            except OSError as e:
                self.end = str(e)
                return b""
        if not got and self.end == "open":
            self.end = "eof"
        self.count += len(got)
        self.hash.update(got)
        return got

    def write(self, data):
        try:
            self.sock.sendall(data)
            self.sent += len(data)
            return True
        except ConnectionResetError:
            self.end = "reset"
        except BrokenPipeError:
            if self.end == "open":
                self.end = "broken"
        except OSError as e:
            self.end = str(e)
        return False

    def do_send(self, n):
        left = int(n)
        while left:
            part = pattern.piece(self.sent, left)
            if not self.write(part):
                return
            left -= len(part)

    def do_trickle(self, n, size, ms):
        left = int(n)
        while left and self.write(pattern.piece(self.sent,
                                                min(left, int(size)))):
            left -= min(left, int(size))
            time.sleep(int(ms) / 1000)

    def do_flood(self):
        while self.write(pattern.piece(self.sent, 65536)):
            pass

    def do_recv(self, n):
        left = int(n)
        while left:
            got = self.read(min(left, 262144))
            if not got:
                return
            left -= len(got)

    def do_sink(self):
        while self.read(262144):
            pass

    def do_sip(self, size, ms):
        while self.read(int(size)):
            time.sleep(int(ms) / 1000)

    def do_echo(self):
        while True:
            got = self.read(262144)
            if not got or not self.write(got):
                return

    def result(self):
        return {"count": self.count, "hash": self.hash.hexdigest(),
                "end": self.end, "sent": self.sent}

    def do_report(self):
        r = self.result()
        self.write(f"{r['count']} {r['hash']} {r['end']}\n".encode())

    def do_note(self, key):
        path = f"{self.where}/notes/{key}"
        with open(path + ".tmp", "w", encoding="ascii") as f:
            json.dump(self.result(), f)
        os.rename(path + ".tmp", path)

    def do_wait(self, key):
        end = time.monotonic() + 30
        while not os.path.exists(f"{self.where}/gates/{key}"):
            if time.monotonic() > end:
                return
            time.sleep(0.005)

    def do_buf(self, n):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(n))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, int(n))

    def do_shutw(self):
        self.sock.shutdown(socket.SHUT_WR)

    def do_reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        self.sock.close()

    def do_say(self, *words):
        self.write(" ".join(words).encode() + b"\n")


def banner(sock, _where):
    sock.sendall(b"220 weir world ready\r\n")
    while True:
        got = sock.recv(65536)
        if not got:
            break
        sock.sendall(got)
    sock.close()


def reset(sock, _where):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    sock.close()


def reset_asked(sock, where):
    sock.recv(1)
    reset(sock, where)


def close(sock, _where):
    sock.close()


def source(sock, where):
    s = Script(sock, where)
    s.do_send(1 << 20)
    sock.shutdown(socket.SHUT_WR)
    s.do_sink()
    sock.close()


def script(sock, where):
    Script(sock, where).run()


TCP = {7000: script, 7001: banner, 7002: reset, 7003: close, 7004: source,
       7006: reset_asked}


class Echo:
    """Port 7: all connections in one thread; an idle one costs nothing."""

    def __init__(self, select, sock):
        self.select, self.sock, self.out = select, sock, b""

    def ready(self, events):
        try:
            if events & selectors.EVENT_READ:
                got = self.sock.recv(65536)
                if not got:
                    raise ConnectionError
                self.out += got
            if self.out:
                self.out = self.out[self.sock.send(self.out):]
        except BlockingIOError:
            pass
        except OSError:
            self.select.unregister(self.sock)
            self.sock.close()
            return
        want = selectors.EVENT_READ if len(self.out) < 1 << 20 else 0
        want |= selectors.EVENT_WRITE if self.out else 0
        self.select.modify(self.sock, want, self)


class World:
    def __init__(self, opt):
        self.where = opt.dir
        self.log = open(f"{opt.dir}/accepts.{opt.name}", "w", 1,
                        encoding="ascii")
        self.select = selectors.DefaultSelector()
        self.had = {}
        self.keep = []

    def listen(self, address):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for port in [7, *TCP]:
            s = socket.socket(family, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.setsockopt(socket.IPPROTO_IP, FREEBIND, 1)
            s.bind((address, port))
            s.listen(4096)
            s.setblocking(False)
            self.select.register(s, selectors.EVENT_READ, (self.accept, port))
        self.full(family, address)
        for port in 7, 7010, 7013, 7014, 7016:
            s = socket.socket(family, socket.SOCK_DGRAM)
            s.setsockopt(socket.IPPROTO_IP, FREEBIND, 1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            s.bind((address, port))
            s.setblocking(False)
            self.select.register(s, selectors.EVENT_READ,
                                 (getattr(self, f"udp{port}"), port))

    def full(self, family, address):
        """A listener nobody accepts from, its backlog of one filled."""
        s = socket.socket(family, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.IPPROTO_IP, FREEBIND, 1)
        s.bind((address, 7005))
        s.listen(0)
        self.keep.append(s)
        for _ in range(4):
            c = socket.socket(family, socket.SOCK_STREAM)
            c.setblocking(False)
            c.connect_ex((address, 7005))
            self.keep.append(c)

    def accept(self, sock, port):
        for _ in range(64):
            try:
                s, peer = sock.accept()
            except OSError:
                return
            self.log.write(f"{sock.getsockname()[0]} {port} {peer[0]}\n")
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if port == 7:
                s.setblocking(False)
                self.select.register(s, selectors.EVENT_READ,
                                     Echo(self.select, s))
            else:
                s.setblocking(True)
                threading.Thread(target=self.serve, args=(TCP[port], s),
                                 daemon=True).start()

    def serve(self, what, sock):
        try:
            what(sock, self.where)
        except ConnectionError:
            pass

    def udp7(self, sock, _port):
        for _ in range(256):
            data, peer = sock.recvfrom(65535)
            sock.sendto(data, peer)

    def udp7010(self, sock, _port):
        data, peer = sock.recvfrom(65535)
        with socket.socket(sock.family, socket.SOCK_DGRAM) as other:
            other.bind((sock.getsockname()[0], 7011))
            other.sendto(b"stranger", peer)
        sock.sendto(data, peer)

    def udp7013(self, sock, _port):
        data, peer = sock.recvfrom(65535)
        sock.sendto(pattern.piece(0, int(data)), peer)

    def udp7014(self, sock, _port):
        _, peer = sock.recvfrom(65535)
        for i in range(200):
            sock.sendto(b"%d" % i, peer)

    def udp7016(self, sock, _port):
        for _ in range(1024):
            _, peer = sock.recvfrom(65535)
            self.had[peer] = self.had.get(peer, 0) + 1
            if self.had[peer] % 50 == 0:
                sock.sendto(b"%d" % self.had[peer], peer)

    def run(self):
        while True:
            for key, events in self.select.select():
                if isinstance(key.data, Echo):
                    key.data.ready(events)
                    continue
                what, port = key.data
                try:
                    what(key.fileobj, port)
                except (OSError, ValueError):
                    pass


def main():
    arg = argparse.ArgumentParser()
    arg.add_argument("--name", required=True)
    arg.add_argument("--dir", required=True)
    arg.add_argument("address", nargs="+")
    opt = arg.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    threading.stack_size(256 << 10)
    sys.setswitchinterval(0.001)
    world = World(opt)
    for address in opt.address:
        world.listen(address)
    with open(f"{opt.dir}/ready/{opt.name}", "w", encoding="ascii"):
        pass
    world.run()


main()
