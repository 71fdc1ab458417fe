# SPDX-License-Identifier: Apache-2.0
"""Servers and clients for test_linger.sh.

linger_peer.py serve PORT-FILE OUT [MB/s | never]   one connection, then the end:
        writes how many bytes came and whether they were right, or `reset`
linger_peer.py send HOST PORT MB                    writes, closes, exits at once
"""
import os
import socket
import sys
import time

BLOCK = bytes(range(256)) * 256


def serve(port_file, out, rate):
    s = socket.socket(socket.AF_INET6 if rate.endswith("v6") else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    s.bind(("::1" if rate.endswith("v6") else "127.0.0.1", 0))
    s.listen(1)
    with open(port_file + ".new", "w") as f:
        f.write(str(s.getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    c, _ = s.accept()
    got, right, begin = 0, True, time.monotonic()
    what = "whole"
    if rate == "never":
        time.sleep(60)
    rate = float(rate.removesuffix("v6")) * 1e6
    try:
        while True:
            ahead = got / rate - (time.monotonic() - begin)
            if ahead > 0.002:
                time.sleep(ahead)
            b = c.recv(65536)
            if not b:
                break
            at = got % len(BLOCK)
            right = right and (BLOCK + BLOCK)[at:at + len(b)] == b
            got += len(b)
    except OSError as e:
        what = str(e)
    with open(out + ".new", "w") as f:
        f.write("%d %s %s" % (got, "right" if right else "wrong", what))
    os.rename(out + ".new", out)


def send(host, port, megabytes):
    c = socket.create_connection((host, int(port)), timeout=10)
    c.settimeout(None)
    if megabytes == "-":  # as much as the way holds, and no more
        c.setblocking(False)
        total, idle = 0, time.monotonic()
        while time.monotonic() - idle < 0.3:
            try:
                total += c.send(BLOCK)
                idle = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
    else:
        left = int(megabytes) * 1000000
        while left:
            left -= c.send(BLOCK[:min(len(BLOCK), left)])
    os._exit(0)


{"serve": serve, "send": send}[sys.argv[1]](*sys.argv[2:])
